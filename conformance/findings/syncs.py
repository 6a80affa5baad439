"""Findings about logs, syncs and plans: F14, F16, F28, F30, F31, F35, F36, F37, F45, F46."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

from conformance.checker.worlds.handlers import IdleHandler
from conformance.findings.demonstration import Demonstration
from conformance.findings.parts import REFERENCE_PARTS, Parts
from conformance.findings.samples import cached, evidence, kinds, request, state
from telltale_spec.backends.faulty import FaultInjectingAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.model.faults import (
    AvailabilityWindow,
    DurableFaultProgram,
    DurableFaultSchedule,
    WriteFailure,
)
from telltale_spec.model.inspection import inspect_cache_entry
from telltale_spec.model.outcomes import OutcomeKindError, into_unit
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectOutcome,
    ReleaseResponse,
    Success,
)
from telltale_spec.wire.requests import EffectRequest

__all__ = [
    "envelope_and_payload_disagree",
    "escalation_names_any_evidence",
    "faults_go_by_tick",
    "gaps_count_as_order",
    "label_holds_the_message",
    "lock_cannot_be_taken_twice",
    "old_evidence_is_unlinked",
    "proof_by_substring",
    "silent_fall",
    "wrong_response_counts_as_sync",
]

_SECONDS_MAX: Final = 1.0
_FINAL: Final = state(AgreementLevel.FINALIZED, FinalizationOutcome.FINALIZED)


def _entries(parts: Parts, sync: WalSyncRequest) -> tuple[AgreementWalEntry, ...]:
    """Return what one sync leaves in an empty log."""
    wal = InMemoryAgreementWal()
    parts.wal_handler(IdleHandler(), wal).wal_sync(sync)
    return wal.load().entries


def proof_by_substring(folder: Path, parts: Parts = REFERENCE_PARTS) -> Demonstration:
    """F14."""
    labelled = state(
        AgreementLevel.FINALIZED, FinalizationOutcome.FINALIZED, ("waterproof-label", "x-proof")
    )
    found = [
        entry.materialization_proof_id
        for entry in _entries(parts, request(labelled))
        if isinstance(entry, Finalization)
    ]
    return Demonstration.of(
        found == ["waterproof-label"],
        f"sync a state with the evidence ids waterproof-label and x-proof: proof id {found[0]}",
    )


def gaps_count_as_order(folder: Path) -> Demonstration:
    """F16."""
    none, provisional, soft_safe, finalized = AgreementLevel
    logs = {
        "none to provisional, then soft safe to finalized": (
            (none, provisional),
            (soft_safe, finalized),
        ),
        "soft safe to soft safe, twice": ((soft_safe, soft_safe), (soft_safe, soft_safe)),
        "none to none": ((none, none),),
        "finalized to finalized as the first": ((finalized, finalized),),
    }
    steps, accepted = [], 0
    for text, levels in logs.items():
        wal = InMemoryAgreementWal()
        try:
            for previous, new in levels:
                wal.append(Escalation("o", previous, new, None, 1))
        except DurabilityError as error:
            steps.append(f"append escalations {text}: {error}")
        else:
            accepted += 1
            steps.append(f"append escalations {text}: accepted")
    return Demonstration.of(accepted == len(logs), *steps)


def faults_go_by_tick(folder: Path) -> Demonstration:
    """F28."""
    window = DurableFaultProgram((DurableFaultSchedule(9, AvailabilityWindow(2, 4)),))
    outside = window.fault_at(9) is not None and window.fault_at(5) is None
    once = DurableFaultProgram((DurableFaultSchedule(1, WriteFailure()),))
    wal = FaultInjectingAgreementWal(InMemoryAgreementWal(), once)
    handler = AgreementWalHandler(IdleHandler(), wal)
    answers = [handler.wal_sync(request(_FINAL)) for _ in range(3)]
    stored = wal.load().entries
    failed = sum(not isinstance(each, Success) for each in answers)
    return Demonstration.of(
        outside and failed == 3 and not stored,
        f"ask for a fault at tick 9 of a window from 2 to 4 that is scheduled at 9: "
        f"{'it strikes' if outside else 'none'}",
        f"sync at a tick with one failing write and try again twice: {failed} of 3 fail, "
        f"{kinds(stored)} stored, so no sync ends in its middle",
    )


def envelope_and_payload_disagree(folder: Path, parts: Parts = REFERENCE_PARTS) -> Demonstration:
    """F30."""
    wal = InMemoryAgreementWal()
    level = AgreementLevel.SOFT_SAFE
    sync = WalSyncRequest("p", "coro:0", level, replace(state(level), operation_id="p"), (), 9)
    handler = parts.wal_handler(IdleHandler(), wal)
    outcome = handler.handle_effect(EffectRequest.wal_sync(1, "o", sync))
    gates = [entry for entry in wal.load().entries if isinstance(entry, VisibilityGateCrossing)]
    return Demonstration.of(
        outcome.response is not None
        and [(each.operation_id, each.tick) for each in gates] == [("p", 9)],
        "hand over a request of operation o at tick 1 whose sync names operation p at tick 9",
        "stored: "
        + (
            "; ".join(
                f"a gate of operation {each.operation_id} at tick {each.tick}" for each in gates
            )
            or "nothing"
        ),
    )


def wrong_response_counts_as_sync(folder: Path) -> Demonstration:
    """F31."""
    try:
        accepted = into_unit(EffectOutcome.success(ReleaseResponse()), "wal_sync") == Success(None)
    except OutcomeKindError:
        accepted = False
    return Demonstration.of(
        accepted,
        "take the response of a release for that of a wal_sync: "
        + ("a successful sync" if accepted else "refused"),
    )


def escalation_names_any_evidence(folder: Path, parts: Parts = REFERENCE_PARTS) -> Demonstration:
    """F35."""
    unknown = state(AgreementLevel.SOFT_SAFE, None, ("a", "never-produced"))
    entries = _entries(parts, request(unknown))
    named = [entry.evidence_id for entry in entries if isinstance(entry, Escalation)]
    produced = [entry for entry in entries if isinstance(entry, EvidenceProduced)]
    return Demonstration.of(
        named == ["never-produced"] and not produced,
        f"sync a state with two evidence ids and no evidence: the escalation names {named[0]}, "
        f"the log has {len(produced)} pieces of evidence",
    )


def silent_fall(folder: Path, parts: Parts = REFERENCE_PARTS) -> Demonstration:
    """F36."""
    wal = InMemoryAgreementWal()
    handler = parts.wal_handler(IdleHandler(), wal)
    handler.wal_sync(request(state(AgreementLevel.SOFT_SAFE), 1))
    before = len(wal.load().entries)
    fallen = handler.wal_sync(request(state(AgreementLevel.NONE), 2))
    added = wal.load().entries[before:]
    told = any(isinstance(entry, Escalation | Finalization) for entry in added)
    return Demonstration.of(
        isinstance(fallen, Success) and not told,
        "sync a state at soft_safe, then one at none",
        f"the second sync: {type(fallen).__name__.lower()}, stored: {kinds(added)}",
    )


def old_evidence_is_unlinked(folder: Path, parts: Parts = REFERENCE_PARTS) -> Demonstration:
    """F37."""
    outcome = Finalization("o", FinalizationOutcome.ABORTED, None, None, 2)
    entries: tuple[AgreementWalEntry, ...] = (EvidenceProduced(evidence(), 1), outcome)
    cache = EvidenceOutcomeCacheArtifact((cached("e", EffectOutcome.blocked()),))
    made = parts.recovery(1, None, AgreementWalArtifact(entries), cache)
    own, all_ids = made.decisions[0].cached_evidence_ids, made.metadata.cached_evidence_ids
    return Demonstration.of(
        own == () and all_ids == ("e",),
        "recover from checkpoint 1: evidence e at tick 1, its outcome cached, aborted at tick 2",
        f"cached evidence of the decision: {list(own)}, of the metadata: {list(all_ids)}",
    )


def label_holds_the_message(folder: Path) -> Demonstration:
    """F45."""
    outcome = EffectOutcome.failed(EffectFailure.unavailable('disk "a" is\nfull'))
    label = inspect_cache_entry(cached("e", outcome)).outcome_status
    return Demonstration.of(
        "disk" in label and "\\n" in label, f"inspect a failed outcome: {label}"
    )


def lock_cannot_be_taken_twice(folder: Path, parts: Parts = REFERENCE_PARTS) -> Demonstration:
    """F46: a log that asks its own handler for the log waits for ever."""
    entered = threading.Event()

    class CallsBack(InMemoryAgreementWal):
        def append(self, entry: AgreementWalEntry) -> None:
            entered.set()
            handler.wal_snapshot()

    handler = parts.wal_handler(IdleHandler(), CallsBack())
    # It never comes back, so it may not keep the program from ending.
    thread = threading.Thread(target=lambda: handler.wal_sync(request(_FINAL)), daemon=True)
    thread.start()
    was_entered = entered.wait(_SECONDS_MAX)
    thread.join(_SECONDS_MAX)
    waits = thread.is_alive()
    return Demonstration.of(
        was_entered and waits,
        "sync over a log that asks its handler for a snapshot while it appends",
        f"after {_SECONDS_MAX:g} s the sync "
        + ("still waits for its own lock" if waits else "is over"),
    )
