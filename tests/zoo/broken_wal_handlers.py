"""WAL handlers that are wrong on purpose, each with the requirement that it breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from conformance.backend import WalHandlerFactory
from telltale_spec.backends.contract import AgreementWal, EffectHandler
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementState,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.effects import (
    Blocked,
    EffectFailure,
    EffectOutcome,
    EffectResult,
    Failure,
    Success,
)
from telltale_spec.wire.requests import EffectRequest, WalSyncBody
from telltale_spec.wire.values import Value

__all__ = ["BROKEN_WAL_HANDLERS", "ChangesFinalizations", "ComparesWholeEntries"]

Entries = Sequence[AgreementWalEntry]


class OpenHandler(AgreementWalHandler):
    """A right handler in parts that the broken ones replace."""

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        if isinstance(self._sync_mode, BlockedSync):
            return self.blocked(sync)
        if isinstance(self._sync_mode, FailureSync):
            return self.failing(sync, self._sync_mode.message)
        with self._lock:
            return self.store(sync)

    def blocked(self, sync: WalSyncRequest) -> EffectResult[None]:
        return Blocked()

    def failing(self, sync: WalSyncRequest, message: str) -> EffectResult[None]:
        return Failure(EffectFailure.unavailable(message))

    def store(self, sync: WalSyncRequest) -> EffectResult[None]:
        try:
            existing = self._wal.load().entries
        except DurabilityError as error:
            return self.failed("load", sync, error)
        for entry in self.build(existing, sync):
            try:
                self._wal.append(entry)
            except DurabilityError as error:
                return self.failed("persist", sync, error)
        return Success(None)

    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        return build_entries(existing, sync)

    def failed(
        self, action: str, sync: WalSyncRequest, error: DurabilityError
    ) -> EffectResult[None]:
        text = f"{action} agreement WAL for `{sync.operation_id}`: {error}"
        return Failure(EffectFailure.unavailable(text))


class NamesItselfOnly(OpenHandler):
    def handler_identity(self) -> str:
        return "agreement_wal"


class SupportsOnlyImmediate(OpenHandler):
    def supports_wal_sync(self) -> bool:
        return isinstance(self._sync_mode, ImmediateSync)


class AppendsWhenBlocked(OpenHandler):
    def blocked(self, sync: WalSyncRequest) -> EffectResult[None]:
        self.store(sync)
        return Blocked()


class LoadsWhenFailing(OpenHandler):
    def failing(self, sync: WalSyncRequest, message: str) -> EffectResult[None]:
        self._wal.load()
        return super().failing(sync, message)


class FailsWithoutItsMessage(OpenHandler):
    def failing(self, sync: WalSyncRequest, message: str) -> EffectResult[None]:
        return super().failing(sync, message or "wal sync failed")


class NoLock(OpenHandler):
    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        if not isinstance(self._sync_mode, ImmediateSync):
            return super().wal_sync(sync)
        return self.store(sync)


class ReleasesAfterLoad(OpenHandler):
    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        if not isinstance(self._sync_mode, ImmediateSync):
            return super().wal_sync(sync)
        try:
            with self._lock:
                existing = self._wal.load().entries
        except DurabilityError as error:
            return self.failed("load", sync, error)
        for entry in self.build(existing, sync):
            try:
                self._wal.append(entry)
            except DurabilityError as error:
                return self.failed("persist", sync, error)
        return Success(None)


class KeepsTheLockOnEscape(OpenHandler):
    def __init__(self, inner: EffectHandler, wal: AgreementWal, sync_mode: WalSyncMode) -> None:
        super().__init__(inner, wal, sync_mode)
        self._plain_lock = threading.Lock()

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        self._plain_lock.acquire()
        result = super().wal_sync(sync)
        self._plain_lock.release()
        return result


class GateBeforeEvidence(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        entries = build_entries(existing, sync)
        return sorted(entries, key=lambda entry: not isinstance(entry, VisibilityGateCrossing))


class TakesForeignEvidence(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        own = [replace(each, operation_id=sync.operation_id) for each in sync.agreement_evidence]
        return build_entries(existing, replace(sync, agreement_evidence=tuple(own)))


class LoadsForEveryEntry(OpenHandler):
    """It looks at the log again before each entry, and so between two of them."""

    def build(self, existing: Entries, sync: WalSyncRequest) -> Iterator[AgreementWalEntry]:  # type: ignore[override]
        for entry in build_entries(existing, sync):
            self._wal.load()
            yield entry


class IgnoresIdentities(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        own = [
            entry
            for entry in existing
            if isinstance(entry, Escalation) and entry.operation_id == sync.operation_id
        ]
        return build_entries(own, sync)


class ComparesWholeEntries(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        proposed = IgnoresIdentities.build(self, existing, sync)  # type: ignore[arg-type]
        return [entry for entry in proposed if entry not in existing]


class IdentityWithoutTick(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        stored = {entry.stable_identity().rpartition(":")[0] for entry in existing}
        return [
            entry
            for entry in build_entries(existing, sync)
            if entry.stable_identity().rpartition(":")[0] not in stored
        ]


class ComparesCandidates(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        entries = build_entries(existing, sync)
        return list({entry.stable_identity(): entry for entry in reversed(entries)}.values())[::-1]


class EvidenceLevelCounts(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        ranks = [
            entry.evidence.level.rank
            for entry in existing
            if isinstance(entry, EvidenceProduced) and entry.operation_id == sync.operation_id
        ]
        return [
            entry
            for entry in build_entries(existing, sync)
            if not isinstance(entry, Escalation) or entry.new_level.rank > max(ranks, default=0)
        ]


class FirstEvidenceEscalates(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        ids = sync.agreement_state.evidence_ids if sync.agreement_state else ()
        return [
            replace(entry, evidence_id=ids[0] if ids else None)
            if isinstance(entry, Escalation)
            else entry
            for entry in build_entries(existing, sync)
        ]


class AlwaysFromNone(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        return [
            replace(entry, previous_level=AgreementLevel.NONE)
            if isinstance(entry, Escalation)
            else entry
            for entry in build_entries(existing, sync)
        ]


class ChangesFinalizations(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        return [
            self.finalization(entry, sync.agreement_state)
            if isinstance(entry, Finalization) and sync.agreement_state
            else entry
            for entry in build_entries(existing, sync)
        ]

    def finalization(self, entry: Finalization, state: AgreementState) -> Finalization:
        raise NotImplementedError


class ProofInAnyCase(ChangesFinalizations):
    def finalization(self, entry: Finalization, state: AgreementState) -> Finalization:
        proofs = [each for each in state.evidence_ids if "proof" in each.lower()]
        return replace(entry, materialization_proof_id=proofs[0] if proofs else None)


class LastProof(ChangesFinalizations):
    def finalization(self, entry: Finalization, state: AgreementState) -> Finalization:
        proofs = [each for each in state.evidence_ids if "proof" in each]
        return replace(entry, materialization_proof_id=proofs[-1] if proofs else None)


class NamesAHandle(ChangesFinalizations):
    def finalization(self, entry: Finalization, state: AgreementState) -> Finalization:
        return replace(entry, canonical_handle_id=state.operation_id)


class NoGateWithoutState(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        return (
            build_entries(existing, sync)
            if sync.agreement_state
            else [
                entry
                for entry in build_entries(existing, sync)
                if not isinstance(entry, VisibilityGateCrossing)
            ]
        )


class NoGateAboveTheState(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        state = sync.agreement_state
        return [
            entry
            for entry in build_entries(existing, sync)
            if not isinstance(entry, VisibilityGateCrossing)
            or state is None
            or state.level.at_least(sync.gate_level)
        ]


class GoesOnAfterAnError(OpenHandler):
    def store(self, sync: WalSyncRequest) -> EffectResult[None]:
        try:
            existing = self._wal.load().entries
        except DurabilityError as error:
            return self.failed("load", sync, error)
        result: EffectResult[None] = Success(None)
        for entry in self.build(existing, sync):
            try:
                self._wal.append(entry)
            except DurabilityError as error:
                result = self.failed("persist", sync, error)
        return result


class WrongErrorText(OpenHandler):
    def failed(
        self, action: str, sync: WalSyncRequest, error: DurabilityError
    ) -> EffectResult[None]:
        return Failure(EffectFailure.unavailable(f"{action} agreement WAL: {error}"))


class TreatsLoadErrorAsEmpty(OpenHandler):
    def failed(
        self, action: str, sync: WalSyncRequest, error: DurabilityError
    ) -> EffectResult[None]:
        return Success(None) if action == "load" else super().failed(action, sync, error)


class LetsErrorsEscape(OpenHandler):
    def failed(
        self, action: str, sync: WalSyncRequest, error: DurabilityError
    ) -> EffectResult[None]:
        raise error


class OnlyAuthoritative(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        kept = tuple([each for each in sync.agreement_evidence if each.authoritative])
        return build_entries(existing, replace(sync, agreement_evidence=kept))


class OnlyItsOwnState(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        state = sync.agreement_state
        if state is not None and state.operation_id != sync.operation_id:
            sync = replace(sync, agreement_state=None)
        return build_entries(existing, sync)


class TickOfTheState(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        state = sync.agreement_state
        if state is not None and state.last_updated_tick is not None:
            sync = replace(sync, tick=state.last_updated_tick)
        return build_entries(existing, sync)


class TickOfTheEnvelope(OpenHandler):
    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        body = request.body
        if isinstance(body, WalSyncBody):
            sync = replace(body.sync, tick=request.tick)
            request = replace(request, body=WalSyncBody(sync))
        return super().handle_effect(request)


class SnapshotFromMemory(OpenHandler):
    def __init__(self, inner: EffectHandler, wal: AgreementWal, sync_mode: WalSyncMode) -> None:
        super().__init__(inner, wal, sync_mode)
        self._first: AgreementWalArtifact | None = None

    def wal_snapshot(self) -> AgreementWalArtifact:
        self._first = self._first or super().wal_snapshot()
        return self._first


class SkipsMetadata(OpenHandler):
    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        legal = type(request.metadata).for_effect_kind(request.body.effect_kind)
        return super().handle_effect(replace(request, metadata=legal))


class ObeysMetadata(OpenHandler):
    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        expected = type(request.metadata).for_effect_kind(request.body.effect_kind)
        if request.metadata.validate() is None and request.metadata != expected:
            text = f"`{request.metadata.operation_name}` is not `{expected.operation_name}`"
            return EffectOutcome.failed(EffectFailure.contract_violation(text))
        return super().handle_effect(request)


class StepStaysHere(OpenHandler):
    def step(self, role: str, state: object) -> EffectResult[None]:
        return Success(None)


class AsksInnerForGuards(OpenHandler):
    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        return self._inner.handle_acquire(sid, role, layer, state)


class DecidesSendsItself(OpenHandler):
    send_decision = BaseEffectHandler.send_decision


class RetryDuplicates(OpenHandler):
    def __init__(self, inner: EffectHandler, wal: AgreementWal, sync_mode: WalSyncMode) -> None:
        super().__init__(inner, wal, sync_mode)
        self._unfinished: WalSyncRequest | None = None

    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        if sync == self._unfinished:
            return IgnoresIdentities.build(self, existing, sync)  # type: ignore[arg-type]
        return super().build(existing, sync)

    def failed(
        self, action: str, sync: WalSyncRequest, error: DurabilityError
    ) -> EffectResult[None]:
        self._unfinished = sync
        return super().failed(action, sync, error)


BROKEN_WAL_HANDLERS: tuple[tuple[str, WalHandlerFactory, str], ...] = (
    ("names itself without the inner handler", NamesItselfOnly, "SYNC-01"),
    ("supports wal_sync in immediate mode only", SupportsOnlyImmediate, "SYNC-01"),
    ("appends in blocked mode", AppendsWhenBlocked, "SYNC-02"),
    ("loads in failure mode", LoadsWhenFailing, "SYNC-02"),
    ("changes an empty failure message", FailsWithoutItsMessage, "SYNC-02"),
    ("has no lock", NoLock, "SYNC-03"),
    ("releases its lock after the load", ReleasesAfterLoad, "SYNC-03"),
    ("keeps its lock when an exception escapes", KeepsTheLockOnEscape, "SYNC-03"),
    ("puts the gate first", GateBeforeEvidence, "SYNC-04"),
    ("takes evidence of other operations", TakesForeignEvidence, "SYNC-04"),
    ("loads for every entry", LoadsForEveryEntry, "SYNC-04"),
    ("ignores identities", IgnoresIdentities, "SYNC-05"),
    ("compares entries, not identities", ComparesWholeEntries, "SYNC-05"),
    ("leaves the tick out of the identity", IdentityWithoutTick, "SYNC-05"),
    ("compares the candidates of one call", ComparesCandidates, "SYNC-05"),
    ("counts evidence towards the stored level", EvidenceLevelCounts, "SYNC-06"),
    ("escalates by the first evidence", FirstEvidenceEscalates, "SYNC-06"),
    ("escalates from none every time", AlwaysFromNone, "SYNC-06"),
    ("looks for a proof in any case", ProofInAnyCase, "SYNC-07"),
    ("takes the last proof", LastProof, "SYNC-07"),
    ("sets a canonical handle", NamesAHandle, "SYNC-07"),
    ("has no gate without a state", NoGateWithoutState, "SYNC-08"),
    ("goes on after an error", GoesOnAfterAnError, "SYNC-09"),
    ("has another error text", WrongErrorText, "SYNC-09"),
    ("answers a load error with success", TreatsLoadErrorAsEmpty, "SYNC-09"),
    ("lets errors escape", LetsErrorsEscape, "SYNC-09"),
    ("has no gate above the state's level", NoGateAboveTheState, "SYNC-10"),
    ("takes authoritative evidence only", OnlyAuthoritative, "SYNC-10"),
    ("takes the operation's own state only", OnlyItsOwnState, "SYNC-10"),
    ("takes the tick of the state", TickOfTheState, "SYNC-10"),
    ("takes the tick of the envelope", TickOfTheEnvelope, "SYNC-10"),
    ("gives its first snapshot for ever", SnapshotFromMemory, "SYNC-11"),
    ("does not look at metadata", SkipsMetadata, "SYNC-12"),
    ("refuses metadata of another kind", ObeysMetadata, "SYNC-12"),
    ("does not forward step", StepStaysHere, "SYNC-13"),
    ("forwards acquire", AsksInnerForGuards, "SYNC-13"),
    ("does not forward send decisions", DecidesSendsItself, "SYNC-13"),
    ("repeats what it stored when it is tried again", RetryDuplicates, "SYNC-15"),
)
"""A name, the handler and the requirement that it breaks."""
