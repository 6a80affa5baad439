"""Laws of time: what was stored has no age at which it goes, and no order but that of the calls.

A time to live of a day shows after a day, and an order by the time of day when a clock is set
right. So the clocks that a backend reads are set ahead by more than a year, or back by an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.moved_clocks import moved_clocks
from conformance.engine.session import History, Returned, Violation
from conformance.engine.suite import LawSuite, TableLaw
from conformance.machines.asking import TRIES, event_of, opened_again
from conformance.machines.handle_races import cache_of, is_ours, log_of
from conformance.machines.one_promise import asked, cache_judge, log_judge, shown
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    PutOutcome,
    ReadSince,
    Reopen,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["CACHE_CLOCK_SUITE", "WAL_CLOCK_SUITE"]

_AHEAD_SECONDS: Final = 400 * 86_400
_BACK_SECONDS: Final = -3_600
_MOVES: Final = (_AHEAD_SECONDS, _BACK_SECONDS)

# The turn at which a storage is asked that was opened again, behind those before the clocks are set
# and behind that.
_OPENED_AGAIN: Final = 2

Ask = Callable[[int, Any], None]
"""Asks a storage at a turn."""

_NONE, _LOW, _HIGH = (
    AgreementLevel.NONE,
    AgreementLevel.PROVISIONAL,
    AgreementLevel.FINALIZED,
)


def _gate(name: str, tick: int) -> AgreementWalEntry:
    return VisibilityGateCrossing("o", name, _NONE, tick)


def _put(evidence_id: str, name: str) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(evidence_id, "interface", name, EffectOutcome.blocked())


# Before the clock is set, behind that, and behind a reopening.
_ENTRIES: Final[Sequence[Sequence[AgreementWalEntry]]] = (
    (_gate("first", 1), Escalation("o", _NONE, _LOW, None, 2)),
    # The second one is refused for the level that the first one gave.
    (Escalation("o", _LOW, _HIGH, None, 3), Escalation("o", _LOW, _LOW, None, 4)),
    (Escalation("o", _LOW, _LOW, None, 5), _gate("last", 6)),
)
_PUTS: Final[Sequence[Sequence[EvidenceOutcomeCacheEntry]]] = (
    (_put("a", "first"), _put("b", "first")),
    (_put("a", "second"),),
    (_put("b", "last"),),
)


def _told(seconds: float) -> str:
    if seconds >= 0:
        return f"the clocks that it reads are set ahead by {seconds / 86_400:g} days"
    return f"the clock that it reads is set back by {-seconds / 3_600:g} hours"


def _judged(
    history: History,
    own: str,
    seconds: float,
    factory_of: Callable[[Backend], Any],
    asker: Callable[[History], Ask],
) -> None:
    """Carry out a history with clocks that move; what fails without that too is not theirs."""
    try:
        _carry_out(history, own, seconds, factory_of, asker(history))
    except Violation:
        steps, calls = list(history.steps), list(history.calls)
        history.steps[:] = []
        try:
            _carry_out(history, own, 0, factory_of, asker(history))
        except Violation:
            history.session.add_note(f"{own}: not judged by other clocks, as it fails by these")
            return
        history.steps[:], history.calls[:] = steps, calls
        raise


def _carry_out(
    history: History, own: str, seconds: float, factory_of: Callable[[Backend], Any], ask: Ask
) -> None:
    """Ask a new storage, again once the clocks are set, and again once it is opened again."""
    make = partial(factory_of(history.session.backend), history.directory())
    storage = history.start("the storage", make)
    with moved_clocks(storage) as clocks:
        ask(0, storage)
        clocks.move(seconds)
        history.note(_told(seconds), "ok")
        ask(1, storage)
        history.release(storage)
        # A storage without a close gives up what it holds when nothing refers to it.
        del storage
        if Capability.REOPEN in history.session.backend.capabilities:
            storage = opened_again(history, Reopen(), make, own)
            ask(2, storage)
            history.release(storage)


def _log_asker(history: History) -> Ask:
    """Return what finds everything in a log where it was, and appends some more."""
    own, judge = "WAL-01", log_judge(history, "WAL-01")

    def ask(turn: int, log: Any) -> None:
        if turn == _OPENED_AGAIN:
            judge.reopen(event_of(Reopen(), Returned(None)))
        if turn:
            judge.load(shown(history, own, LoadLog(), log, tries=TRIES))
        for entry in _ENTRIES[turn]:
            judge.append(asked(history, own, Append(entry), log), entry)
        judge.load(shown(history, own, LoadLog(), log, tries=TRIES))
        judge.read_since(shown(history, own, ReadSince(0), log, tries=TRIES), 0)

    return ask


def _cache_asker(history: History) -> Ask:
    """Return what finds for each id of a cache what was put last, and puts some more."""
    own, judge = "CACHE-02", cache_judge(history, "CACHE-02")

    def look_up(cache: Any) -> None:
        for evidence_id in ("a", "b"):
            operation = GetOutcome(evidence_id)
            judge.get(shown(history, own, operation, cache, tries=TRIES), evidence_id)

    def ask(turn: int, cache: Any) -> None:
        if turn == _OPENED_AGAIN:
            judge.reopen(event_of(Reopen(), Returned(None)))
        if turn:
            look_up(cache)
        for entry in _PUTS[turn]:
            judge.put(asked(history, own, PutOutcome(entry), cache), entry)
        look_up(cache)
        judge.load(shown(history, own, LoadCache(), cache, tries=TRIES))
        judge.settle()

    return ask


def _judge_log(history: History, seconds: int) -> None:
    """Set the clocks of a log, and find everything where it was."""
    _judged(history, "WAL-01", seconds, log_of, _log_asker)


def _judge_cache(history: History, seconds: int) -> None:
    """Set the clocks of a cache, and find for each id what was put last."""
    _judged(history, "CACHE-02", seconds, cache_of, _cache_asker)


WAL_CLOCK_SUITE: Final = LawSuite(
    name="agreement WAL by another clock",
    laws=(TableLaw("log by a clock that is set", lambda histories: _MOVES, _judge_log),),
    requirement_ids=("WAL-01",),
    # Nothing is open for want of it: only an object of our own process can be asked.
    situations={},
    present=lambda backend: backend.agreement_wal is not None and is_ours(backend),
    absent=lambda backend: "its clocks cannot be set: it is not in the suite's own process",
)

CACHE_CLOCK_SUITE: Final = LawSuite(
    name="evidence cache by another clock",
    laws=(TableLaw("cache by a clock that is set", lambda histories: _MOVES, _judge_cache),),
    requirement_ids=("CACHE-02",),
    situations={},
    present=lambda backend: backend.evidence_cache is not None and is_ours(backend),
    absent=lambda backend: "its clocks cannot be set: it is not in the suite's own process",
)
