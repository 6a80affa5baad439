"""The ``wal_sync`` machine: syncs in every mode over one log, against ``build_entries``.

The rules are here; what a step does and how it is judged is in
``wal_sync_steps``, and which requirement a difference breaks in
``wal_sync_blame`` (I-15..I-23).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.engine.suite import ConformanceMachine, MachineSuite
from conformance.machines import wal_sync_situations as situations
from conformance.machines.wal_sync_acts import WAL_SYNC_IDS, SyncActs
from conformance.machines.wal_sync_blame import SyncCase, settles
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.faults import BackendCall, CallFault
from strategies.identities import request_for, syncable_twins
from strategies.metadata import effect_interface_metadata
from strategies.phases import phase_sync_requests
from strategies.requests import wal_sync_requests
from strategies.values import (
    agreement_evidence,
    agreement_levels,
    finalization_outcomes,
    wal_entries,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    EvidenceProduced,
    FinalizationOutcome,
    WalSyncRequest,
)
from telltale_spec.wire.requests import (
    EFFECT_REQUEST_BODY,
    EffectInterfaceMetadata,
    EffectRequest,
    WalSyncBody,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["SYNC_ALPHABET", "WAL_SYNC_SUITE", "WalSyncMachine"]

# An id in capitals tells a search for "proof" from one that does not mind case.
SYNC_ALPHABET: Final = replace(
    COLLIDING,
    evidence_ids=st.sampled_from(("e", "e:f", "x-proof", "waterproof", "PROOF", "-", "")),
)
_REQUESTS: Final = wal_sync_requests(alphabet=SYNC_ALPHABET)
_PHASES: Final = phase_sync_requests(alphabet=SYNC_ALPHABET, max_size=3)
_PICKS: Final = st.integers(0, 7)
_TEXTS: Final = st.sampled_from(("disk full", "a `quoted` text", "caf\u00e9", "two\nlines"))
_OTHER_KINDS: Final = tuple(
    body.effect_kind for body in EFFECT_REQUEST_BODY.variants if body is not WalSyncBody
)


class WalSyncMachine(SyncActs, ConformanceMachine):
    """One log under handlers of every mode, beside the model of what they append."""

    # Syncs that store

    @rule(request=_REQUESTS)
    def sync_any(self, request: WalSyncRequest) -> None:
        """Sync a request without regard to what is stored."""
        self.history.run(lambda: self._sync(request))

    @rule(requests=_PHASES)
    def sync_phases(self, requests: tuple[WalSyncRequest, ...]) -> None:
        """Sync the successive phases of one operation."""

        def acts() -> None:
            for request in requests:
                self._sync(request)

        self.history.run(acts)

    @rule(request=_REQUESTS, evidence=agreement_evidence(alphabet=SYNC_ALPHABET))
    def sync_duplicates(self, request: WalSyncRequest, evidence: AgreementEvidence) -> None:
        """Sync a request that holds one evidence twice."""

        def acts() -> None:
            own = replace(evidence, operation_id=request.operation_id)
            pieces = (own, *request.agreement_evidence, replace(own, authoritative=True))
            self._sync(replace(request, agreement_evidence=pieces))

        self.history.run(acts)

    @rule(
        pick=st.integers(0, 31),
        evidence=agreement_evidence(alphabet=SYNC_ALPHABET),
        coroutine_id=SYNC_ALPHABET.coroutine_ids,
        gate_level=agreement_levels(),
    )
    def sync_near(
        self,
        pick: int,
        evidence: AgreementEvidence,
        coroutine_id: str,
        gate_level: AgreementLevel,
    ) -> None:
        """Sync a request that collides with a stored entry which it does not repeat."""

        def acts() -> None:
            if not syncable_twins(self.entries):
                # Evidence always has a twin, whatever its texts.
                self._append_foreign(EvidenceProduced(evidence, 1))
            twins = syncable_twins(self.entries)
            if twins:
                twin = twins[pick % len(twins)]
                self._sync(request_for(twin, coroutine_id=coroutine_id, gate_level=gate_level))

        self.history.run(acts)

    @precondition(lambda self: bool(self.made))
    @rule(pick=_PICKS)
    def sync_again(self, pick: int) -> None:
        """Sync a request that was made before, at the same tick."""
        self.history.run(lambda: self._sync(self.made[-1 - pick % len(self.made)].request))

    @precondition(lambda self: bool(self.made))
    @rule(pick=_PICKS, ticks_later=st.integers(1, 2), outcome=finalization_outcomes())
    def sync_later(self, pick: int, ticks_later: int, outcome: FinalizationOutcome) -> None:
        """Sync a settled operation again at a later tick; settle one first if none is."""

        def acts() -> None:
            requests = [made.request for made in self.made if settles(made.request)]
            if not requests:
                requests = [_settled(self.made[-1 - pick % len(self.made)].request, outcome)]
                self._sync(requests[0])
            request = requests[pick % len(requests)]
            later = replace(request, tick=min(request.tick + ticks_later, U64_MAX))
            if later != request:
                self.history.reach(situations.LATER_TICK)
            self._sync(later)

        self.history.run(acts)

    @rule(
        request=st.one_of(_REQUESTS, _PHASES.map(lambda requests: requests[-1])),
        pick=st.integers(0, 4),
        stored=st.booleans(),
        message=_TEXTS,
    )
    def sync_with_append_fault(
        self, request: WalSyncRequest, pick: int, stored: bool, message: str
    ) -> None:
        """Sync while one of the appends fails, then try again at the same tick."""

        def acts() -> None:
            appends_count = len(SyncCase(self.entries, request).expected)
            if appends_count:
                fault = CallFault(BackendCall.APPEND, pick % appends_count, stored, message)
                self._sync_and_retry(request, fault)

        self.history.run(acts)

    @rule(request=_REQUESTS, message=_TEXTS)
    def sync_with_load_fault(self, request: WalSyncRequest, message: str) -> None:
        """Sync while the load fails, then try again at the same tick."""
        fault = CallFault(BackendCall.LOAD, 0, text=message)
        self.history.run(lambda: self._sync_and_retry(request, fault))

    # Syncs that do not store

    @rule(request=_REQUESTS)
    def sync_blocked(self, request: WalSyncRequest) -> None:
        """Sync in blocked mode."""
        self.history.run(lambda: self._sync_blocked(request))

    @rule(request=_REQUESTS, message=_TEXTS | st.just(""))
    def sync_failing(self, request: WalSyncRequest, message: str) -> None:
        """Sync in failure mode."""
        self.history.run(lambda: self._sync_failing(request, message))

    # Through handle_effect

    @rule(
        request=_REQUESTS,
        blocked=st.booleans(),
        kind=st.none() | st.sampled_from(_OTHER_KINDS),
        tick=SYNC_ALPHABET.ticks,
        operation_id=st.none() | SYNC_ALPHABET.operation_ids,
    )
    def sync_through_effect(
        self,
        request: WalSyncRequest,
        blocked: bool,
        kind: str | None,
        tick: int,
        operation_id: str | None,
    ) -> None:
        """Sync through ``handle_effect``, with the metadata of this or another kind."""

        def acts() -> None:
            metadata = EffectInterfaceMetadata.for_effect_kind(kind or WalSyncBody.effect_kind)
            body = WalSyncBody(request)
            effect = EffectRequest(None, tick, None, operation_id, metadata, body)
            if kind is not None:
                self.history.reach(situations.WRONG_KIND)
            self._handle(effect, blocked=blocked)

        self.history.run(acts)

    @rule(
        request=_REQUESTS,
        metadata=effect_interface_metadata(alphabet=SYNC_ALPHABET, legal=False),
        blocked=st.booleans(),
    )
    def sync_with_illegal_metadata(
        self, request: WalSyncRequest, metadata: EffectInterfaceMetadata, blocked: bool
    ) -> None:
        """Sync through ``handle_effect`` with metadata that the effect algebra forbids."""

        def acts() -> None:
            self.history.reach(situations.ILLEGAL)
            effect = EffectRequest(None, 0, None, None, metadata, WalSyncBody(request))
            self._handle(effect, blocked=blocked)

        self.history.run(acts)

    # Around the syncs

    @rule(identity=FULL_RANGE.texts, nested=st.booleans())
    def ask_name(self, identity: str, nested: bool) -> None:
        """Ask a handler around an inner one of any name for its own."""
        self.history.run(lambda: self._ask_name(identity, nested=nested))

    @rule(entry=wal_entries(alphabet=SYNC_ALPHABET))
    def append_foreign(self, entry: AgreementWalEntry) -> None:
        """Append an entry to the log without the handler, if the log stays valid."""
        self.history.run(lambda: self._append_foreign(entry))

    @rule(blocked=st.booleans())
    def snapshot(self, blocked: bool) -> None:
        """Take a snapshot, which no mode closes."""
        self.history.run(lambda: self._snapshot(blocked=blocked))

    @rule(message=_TEXTS)
    def snapshot_with_load_fault(self, message: str) -> None:
        """Take a snapshot while the load fails."""
        fault = CallFault(BackendCall.LOAD, 0, text=message)
        self.history.run(lambda: self._snapshot_failing(fault))

    def teardown(self) -> None:
        """Close the log and remove its directory."""
        self.release_log()
        super().teardown()


def _settled(request: WalSyncRequest, outcome: FinalizationOutcome) -> WalSyncRequest:
    """Return a request with an outcome and with several ids that look like its proof."""
    state = AgreementState(
        operation_id=request.operation_id,
        session=None,
        owner_id=None,
        contract_name="",
        level=AgreementLevel.NONE,
        finalization=outcome,
        evidence_ids=("e", "PROOF", "x-proof", "waterproof"),
        last_updated_tick=None,
        reason=None,
    )
    return replace(request, agreement_state=state)


WAL_SYNC_SUITE: Final = MachineSuite(
    name="agreement WAL handler",
    machine=WalSyncMachine,
    requirement_ids=WAL_SYNC_IDS,
    situations={
        situations.IMMEDIATE: ("SYNC-01", "SYNC-04", "SYNC-05", "SYNC-08"),
        situations.BLOCKED: ("SYNC-01", "SYNC-02"),
        situations.FAILURE: ("SYNC-01", "SYNC-02"),
        situations.COLLISION: ("SYNC-05",),
        situations.DUPLICATE: ("SYNC-05",),
        situations.SAME_TICK: ("SYNC-05", "SYNC-15"),
        situations.LATER_TICK: ("SYNC-05", "SYNC-07"),
        situations.NOT_STORED: ("SYNC-09", "SYNC-15"),
        situations.STORED: ("SYNC-09", "SYNC-15"),
        situations.IN_THE_MIDDLE: ("SYNC-09", "SYNC-15"),
        situations.RETRIED: ("SYNC-15",),
        situations.LOAD_FAULT: ("SYNC-09", "SYNC-11"),
        situations.FOREIGN_EVIDENCE: ("SYNC-04",),
        situations.OTHER_STATE: ("SYNC-10",),
        situations.NO_STATE: ("SYNC-08",),
        situations.ESCALATED_BEFORE: ("SYNC-06",),
        situations.SEVERAL_PROOFS: ("SYNC-07",),
        situations.WRONG_KIND: ("SYNC-12",),
        situations.ILLEGAL: ("SYNC-12",),
        situations.SNAPSHOT: ("SYNC-11",),
    },
    present=lambda backend: backend.agreement_wal_handler is not None,
)
