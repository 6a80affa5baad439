"""Concurrent histories: written out, drawn, and judged by trying every order."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from conformance.concurrency.calls import ConcurrentCall
from conformance.rules.events import OK, REFUSED, UNKNOWN
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = [
    "called",
    "drawn_history",
    "explains_cache",
    "explains_log",
    "gate",
    "outcome",
    "rise",
    "simulated",
]

_FEW = ("a", "b", "c")


def gate(name: str, tick: int = 1) -> AgreementWalEntry:
    """Return an entry that every log takes."""
    return VisibilityGateCrossing("o", name, AgreementLevel.NONE, tick)


def rise(level: AgreementLevel, tick: int = 1) -> Escalation:
    """Return an escalation of the one operation from nothing."""
    return Escalation("o", AgreementLevel.NONE, level, None, tick)


def outcome(key: str, name: str) -> EvidenceOutcomeCacheEntry:
    """Return an entry of a cache."""
    return EvidenceOutcomeCacheEntry(key, "i", name, EffectOutcome.blocked())


def called(
    client: int, operation: Operation, invoked: int, answered: int | None, result: Any = None
) -> ConcurrentCall:
    """Return an acknowledged call, or one that is pending for ever."""
    answer = UNKNOWN if answered is None else OK
    return ConcurrentCall(client, operation, invoked, answered, answer, result)


def _orders(calls: Sequence[ConcurrentCall]) -> Iterator[tuple[ConcurrentCall, ...]]:
    """Yield every order of every choice of calls that time allows."""
    certain = [call for call in calls if call.is_acknowledged]
    doubtful = [call for call in calls if not call.is_acknowledged and call.entry is not None]
    for count in range(len(doubtful) + 1):
        for chosen in itertools.combinations(doubtful, count):
            yield from _in_time((), [*certain, *chosen])


def _in_time(
    done: tuple[ConcurrentCall, ...], left: list[ConcurrentCall]
) -> Iterator[tuple[ConcurrentCall, ...]]:
    if not left:
        yield done
    for index, call in enumerate(left):
        others = left[:index] + left[index + 1 :]
        if not any(other.last < call.invoked for other in others):
            yield from _in_time((*done, call), others)


def explains_log(calls: Sequence[ConcurrentCall]) -> bool:
    """Try every order of a history of a log, refusals for the order being unexplained."""
    return any(_log_fits(order) for order in _orders(calls))


def _log_fits(order: Sequence[ConcurrentCall]) -> bool:
    log: tuple[AgreementWalEntry, ...] = ()
    for call in order:
        match call.operation:
            case Append(entry):
                log = (*log, entry)
                if order_error(log) is not None:
                    return False
            case LoadLog():
                if call.result != log:
                    return False
            case ReadSince(tick):
                if call.result != AgreementWalArtifact(log).read_since(tick):
                    return False
    return True


def explains_cache(calls: Sequence[ConcurrentCall], key: str) -> bool:
    """Try every order of the calls on one id of a cache."""
    found = []
    for call in calls:
        match call.operation:
            case PutOutcome(entry) if entry.evidence_id == key:
                found.append(call)
            case GetOutcome(evidence_id) if evidence_id == key:
                found.append(call)
            case LoadCache():
                shown = {entry.evidence_id: entry for entry in call.result or ()}
                found.append(replace(call, operation=GetOutcome(key), result=shown.get(key)))
    return any(_key_fits(order) for order in _orders(found))


def _key_fits(order: Sequence[ConcurrentCall]) -> bool:
    held = None
    for call in order:
        if isinstance(call.operation, PutOutcome):
            held = call.operation.entry
        elif call.result != held:
            return False
    return True


def drawn_history(
    seed: int, is_log: bool, clients: int = 3, calls_count: int = 7
) -> list[ConcurrentCall]:
    """Return a history that some order explains, or the same, spoilt in one place."""
    chance = random.Random(seed)  # noqa: S311 - a history, not a secret
    # Every third history has many equal entries.
    names = _FEW if seed % 3 else _FEW[:1]
    calls = simulated(chance, is_log, clients, calls_count, names=names, deaths=0.1)
    if is_log and chance.random() < 0.3:
        # A last load that took long does not settle what was acknowledged while it did.
        calls[-1] = replace(calls[-1], invoked=chance.randrange(calls[-1].invoked))
    if chance.random() < 0.6:
        _spoil(chance, calls, is_log)
    return calls


def _spoil(chance: random.Random, calls: list[ConcurrentCall], is_log: bool) -> None:
    index = chance.randrange(len(calls))
    call = calls[index]
    if call.entry is not None or call.answered is None:
        move = chance.choice((-6, -3, 3, 6))
        until = None if call.answered is None else max(0, call.answered + move)
        begin = max(0, call.invoked + move)
        calls[index] = replace(call, invoked=begin, answered=until)
        return
    others = [
        other.result
        for other in calls
        if type(other.operation) is type(call.operation) and other.answered is not None
    ]
    result = chance.choice(others)
    if is_log and isinstance(call.operation, LoadLog) and result and chance.random() < 0.3:
        result = result[1:]
    calls[index] = replace(call, result=result)


def simulated(
    chance: random.Random,
    is_log: bool,
    clients: int,
    calls_count: int,
    keys: Sequence[str] = ("k", "l"),
    names: Sequence[str] = _FEW,
    deaths: float = 0.02,
) -> list[ConcurrentCall]:
    """Return what a store that is right answers to clients whose calls overlap by chance.

    A history of a log without a load at its end would be open, so there is one.
    """
    log: list[AgreementWalEntry] = []
    cache: dict[str, EvidenceOutcomeCacheEntry] = {}
    open_calls: dict[int, dict[str, Any]] = {}
    done: list[ConcurrentCall] = []
    position = 0
    dead: set[int] = set()
    started = 0
    while started < calls_count or open_calls:
        position += 1
        alive = [each for each in range(clients) if each not in dead]
        if not alive:
            break
        client = chance.choice(alive)
        under_way = open_calls.get(client)
        if under_way is None:
            if started < calls_count:
                started += 1
                operation = _drawn(chance, is_log, keys, names, started)
                open_calls[client] = {"operation": operation, "invoked": position, "done": None}
        elif under_way["done"] is None:
            under_way["done"] = _carried_out(under_way["operation"], log, cache)
            if len(alive) > 1 and chance.random() < deaths:
                dead.add(client)
                del open_calls[client]
                operation = under_way["operation"]
                done.append(called(client, operation, under_way["invoked"], None))
        else:
            del open_calls[client]
            answer, result = under_way["done"]
            operation, invoked = under_way["operation"], under_way["invoked"]
            done.append(ConcurrentCall(client, operation, invoked, position, answer, result))
    if is_log:
        done.append(called(0, LoadLog(), position + 1, position + 2, tuple(log)))
    return sorted(done, key=lambda call: call.invoked)


def _drawn(
    chance: random.Random, is_log: bool, keys: Sequence[str], names: Sequence[str], number: int
) -> Operation:
    name = chance.choice(names) if names else f"n{number}"
    if is_log:
        kind = chance.random()
        if kind < 0.1:
            return Append(rise(chance.choice(list(AgreementLevel))))
        if kind < 0.6:
            return Append(gate(name, chance.randrange(3) if names else number))
        if kind < 0.8:
            return LoadLog()
        return ReadSince(chance.randrange(2) if names else chance.randrange(number, number + 50))
    kind = chance.random()
    if kind < 0.5:
        return PutOutcome(outcome(chance.choice(keys), name))
    return GetOutcome(chance.choice(keys)) if kind < 0.9 else LoadCache()


def _carried_out(
    operation: Operation,
    log: list[AgreementWalEntry],
    cache: dict[str, EvidenceOutcomeCacheEntry],
) -> tuple[str, Any]:
    match operation:
        case Append(entry):
            if isinstance(entry, Escalation) and order_error((*log, entry)) is not None:
                return REFUSED, None
            log.append(entry)
        case LoadLog():
            return OK, tuple(log)
        case ReadSince(tick):
            return OK, AgreementWalArtifact(tuple(log)).read_since(tick)
        case PutOutcome(entry):
            cache.pop(entry.evidence_id, None)
            cache[entry.evidence_id] = entry
        case GetOutcome(evidence_id):
            return OK, cache.get(evidence_id)
        case LoadCache():
            return OK, tuple(cache.values())
    return OK, None
