"""The known quirks of ``wal_sync``, each shown by a short fixed history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.session import History, Returned
from conformance.machines.probes import ProbeWal, ScriptedHandler
from conformance.machines.wal_sync_text import result_text
from conformance.rules.narration import entries_text, operation_text
from strategies.faults import BackendCall, CallFault
from telltale_spec.handlers.agreement_wal import ImmediateSync
from telltale_spec.model.operations import Append, SyncWal
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.effects import Failure, Success
from telltale_spec.wire.values import UnitValue

__all__ = ["WAL_SYNC_QUIRKS"]

_TICK: Final = 5


class _Scene:
    """One handler over a fresh log, in which a quirk is shown."""

    def __init__(self, history: History) -> None:
        factory = history.session.backend.agreement_wal_handler
        if factory is None:
            raise RuntimeError("a quirk of a WAL handler is shown on a WAL handler")
        self.history = history
        self.probe = ProbeWal()
        self.inner = ScriptedHandler("inner")
        self.handler = history.start(
            "the agreement WAL handler", lambda: factory(self.inner, self.probe, ImmediateSync())
        )

    @property
    def entries(self) -> tuple[AgreementWalEntry, ...]:
        """The entries of the log."""
        return self.probe.inner.load().entries

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry without the handler."""
        self.probe.inner.append(entry)
        self.history.note(operation_text(Append(entry)), "ok", Append(entry))

    def sync(self, request: WalSyncRequest) -> Any:
        """Sync one request; the step tells the answer and what was appended."""
        before = len(self.entries)
        operation = SyncWal(request)
        answer = self.history.call(
            operation_text(operation), lambda: self.handler.wal_sync(request), operation=operation
        )
        if not isinstance(answer, Returned):
            return None
        appended = entries_text(self.entries[before:])
        self.history.answer(f"{result_text(answer.value)}, appended {appended}")
        return answer.value


def _state(
    level: AgreementLevel, outcome: FinalizationOutcome | None = None, operation_id: str = "o"
) -> AgreementState:
    return AgreementState(operation_id, None, None, "", level, outcome, (), None, None)


def _evidence(*, authoritative: bool = True) -> AgreementEvidence:
    kind = AgreementEvidenceKind.WITNESS
    level = AgreementLevel.PROVISIONAL
    return AgreementEvidence("e", "o", None, None, level, kind, "", authoritative)


def _request(
    state: AgreementState | None = None,
    evidence: Sequence[AgreementEvidence] = (),
    *,
    operation_id: str = "o",
    tick: int = _TICK,
) -> WalSyncRequest:
    level = AgreementLevel.FINALIZED
    return WalSyncRequest(operation_id, "coro:0", level, state, tuple(evidence), tick)


_SETTLED: Final = _state(AgreementLevel.FINALIZED, FinalizationOutcome.FINALIZED)


def _gate_is_swallowed(history: History) -> bool:
    scene = _Scene(history)
    gate = VisibilityGateCrossing("a", "b:coro:0", AgreementLevel.FINALIZED, _TICK)
    scene.append(gate)
    answer = scene.sync(_request(operation_id="a:b"))
    return answer == Success(None) and scene.entries == (gate,)


def _copies_are_stored(history: History) -> bool:
    scene = _Scene(history)
    request = _request(None, (_evidence(), _evidence()))
    scene.sync(request)
    copies = [entry for entry in scene.entries if isinstance(entry, EvidenceProduced)]
    stored = scene.entries
    scene.sync(request)
    return len(copies) == 2 and scene.entries == stored


def _settled_grows(history: History) -> bool:
    scene = _Scene(history)
    for tick in (_TICK, _TICK, _TICK + 1):
        scene.sync(_request(_SETTLED, (_evidence(),), tick=tick))
    again = [entry for entry in scene.entries if entry.tick == _TICK + 1]
    kinds = [type(entry) for entry in again]
    return kinds == [EvidenceProduced, Finalization, VisibilityGateCrossing]


def _gate_without_a_state(history: History) -> bool:
    scene = _Scene(history)
    answer = scene.sync(_request())
    gate = VisibilityGateCrossing("o", "coro:0", AgreementLevel.FINALIZED, _TICK)
    return answer == Success(None) and scene.entries == (gate,)


def _denials_are_lost(history: History) -> bool:
    scene = _Scene(history)
    denied = history.call(
        "acquire a guard that the inner handler denies",
        lambda: scene.inner.handle_acquire(1, "role", "layer", ()),
    )
    granted = history.call(
        "acquire it through the WAL handler",
        lambda: scene.handler.handle_acquire(1, "role", "layer", ()),
    )
    if not isinstance(granted, Returned) or not isinstance(denied, Returned):
        return False
    history.answer(result_text(granted.value))
    return isinstance(denied.value, Failure) and granted.value == Success(UnitValue())


def _foreign_state_counts(history: History) -> bool:
    scene = _Scene(history)
    foreign = _state(AgreementLevel.FINALIZED, FinalizationOutcome.FINALIZED, "other")
    scene.sync(_request(foreign))
    kinds = [type(entry).__name__ for entry in scene.entries]
    own = all(entry.operation_id == "o" for entry in scene.entries)
    return own and kinds == ["Escalation", "Finalization", "VisibilityGateCrossing"]


def _half_a_sync_stays(history: History) -> bool:
    scene = _Scene(history)
    history.note("let the third append fail", "ok")
    scene.probe.inject(CallFault(BackendCall.APPEND, 2))
    request = _request(_SETTLED, (_evidence(),))
    answer = scene.sync(request)
    half = [type(entry).__name__ for entry in scene.entries]
    scene.sync(_request(_SETTLED, (_evidence(),), tick=_TICK + 1))
    evidence = [entry for entry in scene.entries if isinstance(entry, EvidenceProduced)]
    left_half = isinstance(answer, Failure) and half == ["EvidenceProduced", "Escalation"]
    return left_half and len(evidence) == 2


def _applies(backend: Backend) -> bool:
    return backend.agreement_wal_handler is not None


WAL_SYNC_QUIRKS: Final[tuple[Quirk, ...]] = (
    Quirk(
        "F2",
        "A gate is taken for stored because the gate of another operation reads the same once "
        "its names are joined with colons; the sync reports success all the same.",
        _applies,
        _gate_is_swallowed,
    ),
    Quirk(
        "F3",
        "Evidence that one request names twice is stored twice, while the same request sent "
        "again stores nothing.",
        _applies,
        _copies_are_stored,
    ),
    Quirk(
        "F4",
        "An operation that is over is written down again, escalation aside, whenever it is "
        "synced at a new tick.",
        _applies,
        _settled_grows,
    ),
    Quirk(
        "F5",
        "A gate of the highest level is stored although nothing is known of the state of its "
        "operation.",
        _applies,
        _gate_without_a_state,
    ),
    Quirk(
        "F13",
        "A guard that the inner handler denies is granted through the wrapper, which never asks "
        "the inner handler.",
        _applies,
        _denials_are_lost,
    ),
    Quirk(
        "F15",
        "Level and outcome of another operation's state are stored for the operation that is "
        "synced.",
        _applies,
        _foreign_state_counts,
    ),
    Quirk(
        "F20",
        "A sync that fails halfway leaves its first entries in the log, and trying again at a "
        "later tick stores them a second time.",
        _applies,
        _half_a_sync_stays,
    ),
)
