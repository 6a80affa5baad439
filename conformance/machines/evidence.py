"""The evidence handler machine: a handler between a scripted handler and a probed cache.

Every request leaves a trace of who was asked in which order: the resolver, the
cache, the inner handler (I-26..I-28, I-31). What is expected is worked out from
what the probe answered, so that a cache which is wrong itself is never held
against the handler.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.engine.suite import ConformanceMachine, MachineSuite
from conformance.machines.evidence_acts import EVIDENCE_IDS, EvidenceActs
from conformance.machines.evidence_expectation import (
    BLOCKED,
    FAILED,
    GET_FAULT,
    HIT,
    ILLEGAL_HIT,
    MISS,
    NO_ID,
    OBJECT,
    OTHER_NAMES,
    PLAIN,
    PUT_FAULT,
    PUT_FAULT_STORED,
    READ_FAULT,
    RESTARTED,
)
from conformance.machines.evidence_values import illegal_requests, inner_outcomes, requests
from strategies.alphabets import COLLIDING
from strategies.faults import BackendCall, CallFault, put_faults
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.requests import EffectRequest

__all__ = ["EVIDENCE_SUITE", "EvidenceHandlerMachine"]

_GET_FAULT: Final = CallFault(BackendCall.GET, 0)
_LOAD_FAULT: Final = CallFault(BackendCall.LOAD, 0)

_ids: Final = COLLIDING.evidence_ids
_outcomes: Final = inner_outcomes()
_requests: Final = requests() | illegal_requests()


class EvidenceHandlerMachine(EvidenceActs, ConformanceMachine):
    """One handler under test, around an inner handler and a cache that note every call."""

    def __init__(self) -> None:
        # Set before anything can end the history.
        self.stored = {}
        super().__init__()

    # Requests

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes)
    def handle_any(self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome) -> None:
        """Handle a request whose id may be cached or not."""
        self.history.run(lambda: self._handle(request, evidence_id, outcome))

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes)
    def handle_new(self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome) -> None:
        """Handle a request whose id is not cached."""
        self.history.run(lambda: self._handle(request, self._unused(evidence_id), outcome))

    @precondition(lambda self: bool(self.stored))
    @rule(pick=st.integers(0, 7), request=_requests, outcome=_outcomes)
    def handle_stored(self, pick: int, request: EffectRequest, outcome: EffectOutcome) -> None:
        """Handle a request whose id is cached."""
        self.history.run(lambda: self._handle(request, self._known(pick), outcome))

    @rule(request=_requests, outcome=_outcomes)
    def handle_without_id(self, request: EffectRequest, outcome: EffectOutcome) -> None:
        """Handle a request that is not to be cached."""
        self.history.run(lambda: self._handle(request, None, outcome))

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes)
    def handle_while_get_fails(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> None:
        """Handle a request while the cache cannot be read."""
        self.history.run(lambda: self._handle(request, evidence_id, outcome, _GET_FAULT))

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes, fault=put_faults(calls_count=1))
    def handle_while_put_fails(
        self,
        request: EffectRequest,
        evidence_id: str,
        outcome: EffectOutcome,
        fault: CallFault,
    ) -> None:
        """Handle a new request while the cache cannot be written."""
        self.history.run(lambda: self._handle(request, self._unused(evidence_id), outcome, fault))

    # Reads, restarts and the name

    @rule(evidence_id=_ids, fails=st.booleans())
    def look_up(self, evidence_id: str, fails: bool) -> None:
        """Ask the handler for a cached outcome, with or without a fault."""
        self.history.run(lambda: self._look_up(evidence_id, _GET_FAULT if fails else None))

    @rule(fails=st.booleans())
    def snapshot(self, fails: bool) -> None:
        """Ask the handler for the whole cache, with or without a fault."""
        self.history.run(lambda: self._snapshot(_LOAD_FAULT if fails else None))

    @rule(plain=st.booleans(), identity=COLLIDING.texts)
    def restart(self, plain: bool, identity: str) -> None:
        """Make another handler on the cache that is there, and ask for its name."""
        self.history.run(lambda: self._restart(plain=plain, identity=identity))

    @precondition(lambda self: bool(self.stored))
    @rule(plain=st.booleans(), pick=st.integers(0, 7), request=_requests, outcome=_outcomes)
    def handle_stored_after_restart(
        self, plain: bool, pick: int, request: EffectRequest, outcome: EffectOutcome
    ) -> None:
        """Ask another handler on the same cache for something that is cached."""

        def acts() -> None:
            self._restart(plain=plain)
            self._handle(request, self._known(pick), outcome)

        self.history.run(acts)

    def teardown(self) -> None:
        """Close the cache and remove its directory."""
        self.release_cache()
        super().teardown()


EVIDENCE_SUITE: Final = MachineSuite(
    name="evidence handler",
    machine=EvidenceHandlerMachine,
    requirement_ids=EVIDENCE_IDS,
    situations={
        NO_ID: ("EVID-02",),
        HIT: ("EVID-03",),
        OTHER_NAMES: ("EVID-03",),
        ILLEGAL_HIT: ("EVID-03",),
        RESTARTED: ("EVID-01", "EVID-03"),
        GET_FAULT: ("EVID-04",),
        MISS: ("EVID-05",),
        BLOCKED: ("EVID-05",),
        FAILED: ("EVID-05",),
        PUT_FAULT: ("EVID-06",),
        PUT_FAULT_STORED: ("EVID-06",),
        READ_FAULT: ("EVID-07",),
        PLAIN: ("EVID-10",),
        OBJECT: ("EVID-10",),
    },
    present=lambda backend: backend.evidence_handler is not None,
)
