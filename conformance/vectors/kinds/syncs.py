"""Vectors of the sync handler, over a log one of whose appends may fail."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from dataclasses import replace
from typing import Final

from conformance.vectors.kinds.entries import entry_trees, log_from_trees
from conformance.vectors.kinds.line import (
    JsonObject,
    Line,
    LineOutcome,
    LineShapeError,
    VectorKind,
    compare,
)
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.backends.faulty import NthAppendFailingAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import EscalationOrderError
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.effects import Blocked, EffectResult
from telltale_spec.wire.values import Value

__all__ = ["SYNC"]

_INITIAL_MAX: Final = 3
_REQUESTS_MAX: Final = 3
_FAIL_AT_MAX: Final = 6


class _IdleHandler(BaseEffectHandler):
    """A handler that does nothing; a sync never reaches it."""

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        return Blocked()

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        return Blocked()

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        return Blocked()

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        return Blocked()


def _sync_mode(line: Line) -> WalSyncMode:
    match line.text("mode"):
        case "immediate":
            return ImmediateSync()
        case "blocked":
            return BlockedSync()
        case "failure":
            return FailureSync(line.text("message"))
        case mode:
            raise LineShapeError(f"mode `{mode}` is unknown")


def _log_holding(entries: AgreementWalArtifact) -> InMemoryAgreementWal:
    """Return a log with exactly these entries, be they in order or not."""
    log = InMemoryAgreementWal()
    for entry in entries.entries:
        try:
            log.append(entry)
        except EscalationOrderError:
            continue  # The log in memory keeps what it refuses (WAL-10).
    return log


def _answer(line: Line) -> JsonObject:
    log = NthAppendFailingAgreementWal(
        _log_holding(log_from_trees(line.items("initial"))),
        line.optional_integer("fail_at"),
        store_on_fail=line.truth("store_on_fail"),
    )
    handler = AgreementWalHandler(_IdleHandler(), log, _sync_mode(line))
    results, lengths = [], []
    for tree in line.items("requests"):
        results.append(handler.wal_sync(WalSyncRequest.from_dict(tree)).to_dict())
        lengths.append(len(log.load().entries))
    return {"results": results, "lengths": lengths, "wal": entry_trees(log.load())}


def _check(line: Line) -> LineOutcome:
    line.optional_text("message")
    expected = {name: line.items(name) for name in ("results", "lengths", "wal")}
    actual = _answer(line)
    for name, value in expected.items():
        difference = compare(name, value, actual[name])
        if difference is not None:
            return LineOutcome(difference)
    return LineOutcome()


def _colliding_request(source: ValueSource, gate: VisibilityGateCrossing) -> WalSyncRequest:
    """Return a request whose gate reads like another operation's (F2)."""
    head, colon, tail = gate.downstream_coroutine_id.partition(":")
    request = replace(source.request(), gate_level=gate.gate_level, tick=gate.tick)
    if not colon:
        return replace(request, operation_id=gate.operation_id)
    return replace(
        request, operation_id=f"{gate.operation_id}:{head}", downstream_coroutine_id=tail
    )


def _requests(
    source: ValueSource, initial: tuple[AgreementWalEntry, ...]
) -> tuple[WalSyncRequest, ...]:
    """Return requests of which some repeat an earlier one, at its tick or another."""
    gates = [entry for entry in initial if isinstance(entry, VisibilityGateCrossing)]
    requests: list[WalSyncRequest] = []
    for _ in range(1 + source.below(_REQUESTS_MAX)):
        if requests and source.chance(35):
            earlier = source.pick(requests)
            requests.append(earlier if source.chance(50) else replace(earlier, tick=source.tick()))
        elif gates and source.chance(40):
            requests.append(_colliding_request(source, source.pick(gates)))
        else:
            requests.append(source.request())
    return tuple(requests)


def _make(source: ValueSource) -> JsonObject:
    mode = source.pick(("blocked", "failure")) if source.chance(20) else "immediate"
    initial = source.log(_INITIAL_MAX)
    question: JsonObject = {
        "mode": mode,
        "message": source.text() if mode == "failure" else None,
        "fail_at": source.below(_FAIL_AT_MAX) if source.chance(50) else None,
        "store_on_fail": source.chance(40),
        "initial": entry_trees(initial),
        "requests": [request.to_dict() for request in _requests(source, initial.entries)],
    }
    return {**question, **_answer(Line(question))}


SYNC: Final = VectorKind("sync", _check, _make)
