"""The evidence cache machine: put, get, load and reopen, before the judge of caches.

After every put its id is looked up and the cache is loaded, and both must be
what was put (I-11, I-12, I-13). Contents are compared as a mapping; the
order of entries is a promise of its own (CACHE-04). The rules choose what to
do; the steps behind them do it and check it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.backend import Capability
from conformance.engine.suite import MachineSuite
from conformance.machines.cache_situations import (
    ABSENT,
    BLOCKED,
    DEEP,
    EMPTY_KEY,
    FRESH,
    NEAR_MISS,
    REOPENED,
    REPLACED,
    REPLACED_EARLIER,
    SAME_AGAIN,
    TWO_KEYS,
)
from conformance.machines.cache_steps import EvidenceCacheSteps
from conformance.machines.cache_values import NEAR_MISSES, deep_outcomes
from conformance.machines.fresh import NEXT_HISTORY_OPENINGS
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.outcomes import OutcomeConsistency, cache_entries, effect_outcomes
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import UnitValue

__all__ = ["CACHE_SUITE", "EvidenceCacheMachine"]

_ANY: Final = OutcomeConsistency.ANY
_ENTRY: Final = EvidenceOutcomeCacheEntry("e", "t", "t", EffectOutcome.blocked())
_PICKS: Final = st.integers(0, 7)


class EvidenceCacheMachine(EvidenceCacheSteps):
    """Random histories of one cache."""

    @rule(entry=cache_entries(alphabet=COLLIDING, consistency=_ANY))
    def put_any(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry without regard to what is stored."""
        self.history.run(lambda: self._put(entry))

    @rule(entry=cache_entries(alphabet=FULL_RANGE, consistency=_ANY))
    def put_unusual(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry of unusual text and numbers."""
        self.history.run(lambda: self._put(entry))

    @precondition(lambda self: bool(self.held))
    @rule(pick=_PICKS, name=COLLIDING.texts, outcome=effect_outcomes(consistency=_ANY))
    def put_over(self, pick: int, name: str, outcome: EffectOutcome) -> None:
        """Put another entry under a stored id."""

        def act() -> None:
            evidence_id = self._stored(pick).evidence_id
            self._put(EvidenceOutcomeCacheEntry(evidence_id, name, name, outcome))

        self.history.run(act)

    @precondition(lambda self: bool(self.held))
    @rule(pick=_PICKS)
    def put_again(self, pick: int) -> None:
        """Put an entry that is stored already."""
        self.history.run(lambda: self._put(self._stored(pick)))

    @precondition(lambda self: bool(self.held))
    @rule(pick=_PICKS, near=st.sampled_from(NEAR_MISSES))
    def put_near_miss(self, pick: int, near: Callable[[str], str]) -> None:
        """Put an entry under an id that almost equals a stored one."""

        def act() -> None:
            evidence_id = near(self._stored(pick).evidence_id)
            outcome = EffectOutcome.success(AcquireResponse(UnitValue()))
            self._put(EvidenceOutcomeCacheEntry(evidence_id, "t", "t", outcome))

        self.history.run(act)

    # Once in a history: it makes every load of a cache on a file many times slower.
    @precondition(lambda self: self.deep_entry is None)
    @rule(evidence_id=COLLIDING.evidence_ids, outcome=deep_outcomes())
    def put_deep(self, evidence_id: str, outcome: EffectOutcome) -> None:
        """Put an outcome that is nested as deep as can be read back, or nearly so."""
        self.deep_entry = entry = EvidenceOutcomeCacheEntry(evidence_id, "t", "t", outcome)
        self.history.run(lambda: self._put(entry))

    @precondition(lambda self: bool(self.held))
    @rule(pick=_PICKS)
    def get_stored(self, pick: int) -> None:
        """Look a stored id up."""
        self.history.run(lambda: self._check_get(self._stored(pick).evidence_id))

    @precondition(lambda self: bool(self.held))
    @rule(pick=_PICKS)
    def get_near_misses(self, pick: int) -> None:
        """Look every id up that almost equals a stored one."""

        def act() -> None:
            stored = self._stored(pick).evidence_id
            missed = tuple([near(stored) for near in NEAR_MISSES])
            if not {entry.evidence_id for entry in self.held} >= set(missed):
                self.history.reach(NEAR_MISS)
            self._check_gets(missed)

        self.history.run(act)

    @rule(evidence_id=COLLIDING.evidence_ids)
    def get_any(self, evidence_id: str) -> None:
        """Look an id up that may be stored or not."""
        self.history.run(lambda: self._check_get(evidence_id))

    @rule()
    def load_twice(self) -> None:
        """Load twice, and change what was loaded where it can be changed."""

        def act() -> None:
            for _ in range(2):
                self._load_and_check()

        self.history.run(act)

    @precondition(lambda self: Capability.REOPEN in self.backend.capabilities)
    @rule(times=st.integers(1, 2))
    def reopen(self, times: int) -> None:
        """Open the cache again on the same directory, once or twice."""

        def act() -> None:
            for _ in range(times):
                self._reopen()

        self.history.run(act)

    def _stored(self, pick: int) -> EvidenceOutcomeCacheEntry:
        return self.held[pick % len(self.held)]


CACHE_SUITE: Final = MachineSuite(
    name="evidence cache",
    machine=EvidenceCacheMachine,
    requirement_ids=(
        "CACHE-01",
        "CACHE-02",
        "CACHE-03",
        "CACHE-04",
        "CACHE-06",
        "CACHE-07",
        "CACHE-08",
        "WAL-09",
    ),
    situations={
        FRESH: ("CACHE-06",),
        REPLACED: ("CACHE-02", "CACHE-03"),
        REPLACED_EARLIER: ("CACHE-04",),
        SAME_AGAIN: ("CACHE-03",),
        TWO_KEYS: ("CACHE-03", "CACHE-04", "CACHE-06"),
        EMPTY_KEY: ("CACHE-01",),
        ABSENT: ("CACHE-01",),
        NEAR_MISS: ("CACHE-01",),
        DEEP: ("CACHE-02",),
        BLOCKED: ("CACHE-02",),
        REOPENED: ("CACHE-08",),
    },
    present=lambda backend: backend.evidence_cache is not None,
    openings=tuple(
        ({"act": "put_outcome", "entry": _ENTRY.to_dict()}, following)
        for following in NEXT_HISTORY_OPENINGS
    ),
)
