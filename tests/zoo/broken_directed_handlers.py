"""Handlers that are wrong only in what a directed case tries: odd texts, ticks, orders, numbers."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.backend import EvidenceHandlerFactory, WalHandlerFactory
from telltale_spec.errors import DurabilityError
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    EffectFailureKind,
    EffectOutcome,
    EffectResult,
    FailureStatus,
    Success,
)
from telltale_spec.wire.requests import EffectRequest, WalSyncBody
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_wal_handlers import OpenHandler

__all__ = ["BROKEN_DIRECTED_EVIDENCE_HANDLERS", "BROKEN_DIRECTED_WAL_HANDLERS"]

Entries = Sequence[AgreementWalEntry]


def _own_escalations(existing: Entries, sync: WalSyncRequest) -> list[AgreementWalEntry]:
    return [
        entry
        for entry in existing
        if isinstance(entry, Escalation) and entry.operation_id == sync.operation_id
    ]


def _keyed_by(key: Callable[[AgreementWalEntry], Any]) -> type[OpenHandler]:
    """Return a handler that tells entries apart by something else than their identities."""

    class Keyed(OpenHandler):
        def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
            proposed = build_entries(_own_escalations(existing, sync), sync)
            stored = {key(entry) for entry in existing}
            return [entry for entry in proposed if key(entry) not in stored]

    return Keyed


def _by_text(key: Callable[[str], Any]) -> type[OpenHandler]:
    return _keyed_by(lambda entry: key(entry.stable_identity()))


def _at_tick(tick_of: Callable[[int], Any]) -> type[OpenHandler]:
    def key(entry: AgreementWalEntry) -> Any:
        return entry.stable_identity().rpartition(":")[0], tick_of(entry.tick)

    return _keyed_by(key)


def _signed_32(tick: int) -> int:
    return (tick + 2**31) % 2**32 - 2**31


def _seeing(change: Callable[[Entries, WalSyncRequest], Entries]) -> type[OpenHandler]:
    """Return a handler that sees another log than it loaded."""

    class Seeing(OpenHandler):
        def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
            return build_entries(change(existing, sync), sync)

    return Seeing


def _asked(change: Callable[[WalSyncRequest], WalSyncRequest]) -> type[OpenHandler]:
    """Return a handler that stores what another request asks for."""

    class Asked(OpenHandler):
        def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
            return build_entries(existing, change(sync))

    return Asked


def _finalizations_as_levels(existing: Entries, sync: WalSyncRequest) -> Entries:
    found = [
        Escalation(entry.operation_id, AgreementLevel.NONE, AgreementLevel.FINALIZED, None, 0)
        for entry in existing
        if isinstance(entry, Finalization) and entry.outcome is FinalizationOutcome.FINALIZED
    ]
    return [*existing, *found]


def _gates_as_levels(existing: Entries, sync: WalSyncRequest) -> Entries:
    found = [
        Escalation(entry.operation_id, AgreementLevel.NONE, entry.gate_level, None, 0)
        for entry in existing
        if isinstance(entry, VisibilityGateCrossing)
    ]
    return [*existing, *found]


def _levels_until_now(existing: Entries, sync: WalSyncRequest) -> Entries:
    return [
        entry for entry in existing if not isinstance(entry, Escalation) or entry.tick <= sync.tick
    ]


class FinalizesOnce(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        ended = any(
            isinstance(entry, Finalization) and entry.operation_id == sync.operation_id
            for entry in existing
        )
        entries = build_entries(existing, sync)
        return [entry for entry in entries if not (ended and isinstance(entry, Finalization))]


class ProofInOneLine(OpenHandler):
    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        state = sync.agreement_state
        ids = () if state is None else state.evidence_ids
        proof = next((each for each in ids if re.match(".*proof", each)), None)
        return [
            replace(entry, materialization_proof_id=proof)
            if isinstance(entry, Finalization)
            else entry
            for entry in build_entries(existing, sync)
        ]


def _first_ids_only(sync: WalSyncRequest) -> WalSyncRequest:
    state = sync.agreement_state
    if state is None:
        return sync
    return replace(sync, agreement_state=replace(state, evidence_ids=state.evidence_ids[:256]))


def _sorted_evidence(sync: WalSyncRequest) -> WalSyncRequest:
    pieces = sync.agreement_evidence
    if len(pieces) > 4:
        pieces = tuple(sorted(pieces, key=lambda each: each.evidence_id))
    return replace(sync, agreement_evidence=pieces)


def _of_its_session(sync: WalSyncRequest) -> WalSyncRequest:
    state = sync.agreement_state
    if state is None or state.session is None:
        return sync
    kept = [each for each in sync.agreement_evidence if each.session in (None, state.session)]
    return replace(sync, agreement_evidence=tuple(kept))


def _not_stale(sync: WalSyncRequest) -> WalSyncRequest:
    state = sync.agreement_state
    stale = state is not None and state.reason == "stale"
    return replace(sync, agreement_state=None) if stale else sync


def _worded(word: Callable[[str], str]) -> type[OpenHandler]:
    """Return a handler that changes the texts in its errors."""

    class Worded(OpenHandler):
        def failed(
            self, action: str, sync: WalSyncRequest, error: DurabilityError
        ) -> EffectResult[None]:
            named = replace(sync, operation_id=word(sync.operation_id))
            return super().failed(action, named, DurabilityError(word(str(error)) or "-"))

    return Worded


class StripsItsMessage(OpenHandler):
    def failing(self, sync: WalSyncRequest, message: str) -> EffectResult[None]:
        return super().failing(sync, message.strip())


class CatchesOneTypeOnly(OpenHandler):
    """Let errors through that are a kind of the declared one."""

    def failed(
        self, action: str, sync: WalSyncRequest, error: DurabilityError
    ) -> EffectResult[None]:
        if type(error) is not DurabilityError:
            raise error
        return super().failed(action, sync, error)


class NamesTheInnermost(OpenHandler):
    def handler_identity(self) -> str:
        return f"agreement_wal<{self._inner.handler_identity().partition('<')[0]}>"


class NamesWhatItWrapped(OpenHandler):
    """Asks the inner handler for its name once, when it is made."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._name = super().handler_identity()

    def handler_identity(self) -> str:
        return self._name


class SyncsTheInnerToo(OpenHandler):
    """Hands a sync that succeeded on to an inner handler that offers one."""

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        answer = super().wal_sync(sync)
        if isinstance(answer, Success) and self._inner.supports_wal_sync():
            self._inner.wal_sync(sync)
        return answer


class OperationOfTheEnvelope(OpenHandler):
    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        if isinstance(request.body, WalSyncBody) and request.operation_id:
            sync = replace(request.body.sync, operation_id=request.operation_id)
            request = replace(request, body=WalSyncBody(sync))
        return super().handle_effect(request)


class SnapshotUntilTheNextSync(OpenHandler):
    _kept: AgreementWalArtifact | None = None

    def wal_snapshot(self) -> AgreementWalArtifact:
        self._kept = self._kept or super().wal_snapshot()
        return self._kept

    def store(self, sync: WalSyncRequest) -> EffectResult[None]:
        self._kept = None
        return super().store(sync)


def _without_kind(entry: AgreementWalEntry) -> str:
    return entry.stable_identity().partition(":")[2]


BROKEN_DIRECTED_WAL_HANDLERS: Final[tuple[tuple[str, WalHandlerFactory, str], ...]] = (
    ("compares identities in any case", _by_text(str.casefold), "SYNC-05"),
    ("compares identities without blanks", _by_text(lambda t: re.sub(r"\s", "", t)), "SYNC-05"),
    (
        "compares normalised identities",
        _by_text(lambda text: unicodedata.normalize("NFC", text)),
        "SYNC-05",
    ),
    ("compares the first 200 characters", _by_text(lambda text: text[:200]), "SYNC-05"),
    ("compares identities in ASCII", _by_text(lambda t: t.encode("ascii", "replace")), "SYNC-05"),
    ("compares up to the character zero", _by_text(lambda t: t.split("\0")[0]), "SYNC-05"),
    (
        "compares 16 bits of a checksum",
        _by_text(lambda text: zlib.adler32(text.encode()) >> 16),
        "SYNC-05",
    ),
    ("compares identities without their kind", _keyed_by(_without_kind), "SYNC-05"),
    ("compares ticks as floats", _at_tick(float), "SYNC-05"),
    ("compares ticks of 32 bits", _at_tick(_signed_32), "SYNC-05"),
    ("looks at the last 100 entries", _seeing(lambda old, sync: old[-100:]), "SYNC-05"),
    ("finalizes an operation once", FinalizesOnce, "SYNC-05"),
    ("takes a finalization for a level", _seeing(_finalizations_as_levels), "SYNC-06"),
    ("takes a gate for a level", _seeing(_gates_as_levels), "SYNC-06"),
    ("looks at levels until its tick only", _seeing(_levels_until_now), "SYNC-05"),
    ("looks for a proof in the first line", ProofInOneLine, "SYNC-07"),
    ("looks at the first 256 ids", _asked(_first_ids_only), "SYNC-07"),
    ("sorts evidence of more than four", _asked(_sorted_evidence), "SYNC-04"),
    ("takes evidence of the state's session", _asked(_of_its_session), "SYNC-10"),
    ("leaves out a state that is stale", _asked(_not_stale), "SYNC-10"),
    ("escapes the texts in its errors", _worded(lambda text: repr(text)[1:-1]), "SYNC-09"),
    ("strips the texts in its errors", _worded(str.strip), "SYNC-09"),
    ("tells the first line of an error", _worded(lambda t: t.partition("\n")[0]), "SYNC-09"),
    ("tells 200 characters of an error", _worded(lambda text: text[:200]), "SYNC-09"),
    ("formats its errors", _worded(lambda text: text.replace("%", "%%")), "SYNC-09"),
    ("catches no kinds of the declared error", CatchesOneTypeOnly, "SYNC-09"),
    ("strips its failure message", StripsItsMessage, "SYNC-02"),
    ("names the innermost handler only", NamesTheInnermost, "SYNC-01"),
    ("names what it wrapped", NamesWhatItWrapped, "SYNC-01"),
    ("syncs the inner handler too", SyncsTheInnerToo, "SYNC-13"),
    ("takes the operation of the envelope", OperationOfTheEnvelope, "SYNC-10"),
    ("keeps a snapshot until the next sync", SnapshotUntilTheNextSync, "SYNC-11"),
)
"""A name, the handler and the requirement that it breaks."""


# Evidence


def _named_by(change: Callable[[str], str | None]) -> type[StepwiseHandler]:
    """Return a handler that changes the ids that its resolver names."""

    class Named(StepwiseHandler):
        def resolve(self, request: EffectRequest) -> str | None:
            evidence_id = super().resolve(request)
            return None if evidence_id is None else change(evidence_id)

    return Named


def _shown(change: Callable[[EffectRequest], EffectRequest]) -> type[StepwiseHandler]:
    """Return a handler whose resolver sees another request."""

    class Shown(StepwiseHandler):
        def resolve(self, request: EffectRequest) -> str | None:
            return super().resolve(change(request))

    return Shown


def _not_storing(skips: Callable[[EffectRequest, EffectOutcome], bool]) -> type[StepwiseHandler]:
    class NotStoring(StepwiseHandler):
        def keep(
            self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
        ) -> EffectOutcome:
            if skips(request, outcome):
                return outcome
            return super().keep(request, evidence_id, outcome)

    return NotStoring


def _is_cancelled(request: EffectRequest, outcome: EffectOutcome) -> bool:
    status = outcome.status
    return isinstance(status, FailureStatus) and status.failure.kind is EffectFailureKind.CANCELLED


class LooksUpStripped(StepwiseHandler):
    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return super().look_up(evidence_id.strip())


class RemembersSomeIds(StepwiseHandler):
    """Ask the cache for every id, and answer from a memory all the same."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.known: dict[str, EvidenceOutcomeCacheEntry] = {}

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        found = super().look_up(evidence_id)
        return None if found is None else self.known.setdefault(evidence_id, found)


class NamesInnermostEvidence(StepwiseHandler):
    def handler_identity(self) -> str:
        return f"evidence_persistence<{self._inner.handler_identity().split('<')[-1].strip('>')}>"


class NamesWhatItWrappedOnce(StepwiseHandler):
    """Asks the inner handler for its name once, when it is made."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._name = super().handler_identity()

    def handler_identity(self) -> str:
        return self._name


class EscapesReadErrors(StepwiseHandler):
    def read_failure(
        self, request: EffectRequest, evidence_id: str, error: DurabilityError
    ) -> EffectOutcome:
        return super().read_failure(request, repr(evidence_id)[1:-1], error)


class HidesFailedPutsOfFailures(StepwiseHandler):
    def keep(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EffectOutcome:
        kept = super().keep(request, evidence_id, outcome)
        return outcome if isinstance(outcome.status, FailureStatus) else kept


class GivesUpWhenLocked(StepwiseHandler):
    """Keep the lock where a put breaks, and refuse whoever comes next."""

    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.lock.__enter__()
        self.cache.put(entry)
        self.lock.__exit__(None, None, None)

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        acquire: Callable[..., bool] = self.lock.acquire  # type: ignore[attr-defined]
        if not acquire(timeout=0.2):
            raise TimeoutError("the lock is held")
        try:
            return self.cache.get(evidence_id)
        finally:
            self.lock.__exit__(None, None, None)


BROKEN_DIRECTED_EVIDENCE_HANDLERS: Final[tuple[tuple[str, EvidenceHandlerFactory, str], ...]] = (
    ("strips ids", _named_by(str.strip), "EVID-05"),
    ("folds ids", _named_by(str.casefold), "EVID-05"),
    ("cuts ids at 255 characters", _named_by(lambda text: text[:255]), "EVID-05"),
    ("takes the empty id for none", _named_by(lambda text: text or None), "EVID-05"),
    (
        "takes words for nothing for none",
        _named_by(lambda t: None if t == "null" else t),
        "EVID-05",
    ),
    ("looks up stripped ids", LooksUpStripped, "EVID-03"),
    ("remembers the first entry of an id", RemembersSomeIds, "EVID-03"),
    ("hides the effect id", _shown(lambda each: replace(each, effect_id=None)), "EVID-02"),
    ("hides the session", _shown(lambda each: replace(each, session=None)), "EVID-02"),
    (
        "shows the metadata of the body",
        _shown(
            lambda each: replace(
                each, metadata=type(each.metadata).for_effect_kind(each.body.effect_kind)
            )
        ),
        "EVID-02",
    ),
    ("does not store what was cancelled", _not_storing(_is_cancelled), "EVID-05"),
    (
        "does not store a success with nothing",
        _not_storing(
            lambda request, outcome: (
                outcome == EffectOutcome(outcome.status, None) and outcome.status.is_success
            )
        ),
        "EVID-05",
    ),
    (
        "does not store syncs",
        _not_storing(lambda request, outcome: isinstance(request.body, WalSyncBody)),
        "EVID-05",
    ),
    ("names the innermost handler only", NamesInnermostEvidence, "EVID-01"),
    ("names what it wrapped", NamesWhatItWrappedOnce, "EVID-01"),
    ("escapes the id in a failed lookup", EscapesReadErrors, "EVID-04"),
    ("hides the failed put of a failure", HidesFailedPutsOfFailures, "EVID-06"),
    ("refuses whoever comes after a broken put", GivesUpWhenLocked, "WAL-09"),
)
"""Name, factory, and the requirement by which the handler is failed."""
