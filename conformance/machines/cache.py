"""The evidence cache machine: put, get, load and reopen, against the pure model.

After every put its id is looked up and the cache is loaded, and both must be
what the model says (I-11, I-12, I-13). Contents are compared as a mapping; the
order of entries is a promise of its own (CACHE-04). Which requirement a
difference breaks is decided in one place, ``cache_blame``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.backend import Capability
from conformance.machines.cache_blame import (
    Entries,
    Found,
    blame_for_get,
    blame_for_put,
    by_id,
    found_text,
    misfit_text,
    same_contents,
)
from conformance.machines.cache_values import deep_outcomes, near_misses
from conformance.narration import (
    difference_text,
    entries_text,
    operation_text,
)
from conformance.session import Raised
from conformance.suite import ConformanceMachine, MachineSuite
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.outcomes import OutcomeConsistency, cache_entries, effect_outcomes
from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.model.machine import State, step
from telltale_spec.model.operations import GetOutcome, LoadCache, PutOutcome, Reopen
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, BlockedStatus, EffectOutcome
from telltale_spec.wire.values import UnitValue

__all__ = ["CACHE_SUITE", "EvidenceCacheMachine"]

FRESH: Final = "fresh cache loaded"
REPLACED: Final = "stored id put with another entry"
REPLACED_EARLIER: Final = "id that was not the last one put again"
SAME_AGAIN: Final = "stored entry put again unchanged"
TWO_KEYS: Final = "two ids stored"
EMPTY_KEY: Final = "entry with the empty id stored"
ABSENT: Final = "absent id looked up"
NEAR_MISS: Final = "id that almost equals a stored one looked up"
DEEP: Final = "deeply nested value stored"
BLOCKED: Final = "blocked outcome stored"
REOPENED: Final = "cache with entries reopened"

_ANY: Final = OutcomeConsistency.ANY

_KEPT_BY_A_PUT: Final = ("CACHE-01", "CACHE-02", "CACHE-03", "CACHE-06", "CACHE-07", "WAL-09")

_PICKS: Final = st.integers(0, 7)


class EvidenceCacheMachine(ConformanceMachine):
    """One cache under test beside the model of it."""

    # A history that ended before it began has an empty model all the same.
    state: State = State()
    deep_was_put: bool = False
    # The entries of the last load, as they were returned.
    loaded: Any = ()

    def prepare(self) -> None:
        """Make a fresh cache and check that it loads as empty."""
        self.directory = self.history.directory()
        self.sut = self._make()
        loaded = self._load("CACHE-06")
        self.history.reach(FRESH)
        self.history.check("CACHE-06", loaded == (), "an empty cache", lambda: entries_text(loaded))

    def _make(self) -> EvidenceOutcomeCache:
        factory = self.backend.evidence_cache
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a cache")
        return self.history.start("the evidence cache", lambda: factory(self.directory))

    def _stored(self, pick: int) -> EvidenceOutcomeCacheEntry:
        return self.state.cache[pick % len(self.state.cache)]

    # Puts

    @rule(entry=cache_entries(alphabet=COLLIDING, consistency=_ANY))
    def put_any(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry without regard to what is stored."""
        self.history.run(lambda: self._put(entry))

    @rule(entry=cache_entries(alphabet=FULL_RANGE, consistency=_ANY))
    def put_unusual(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry of unusual text and numbers."""
        self.history.run(lambda: self._put(entry))

    @precondition(lambda self: bool(self.state.cache))
    @rule(pick=_PICKS, name=COLLIDING.texts, outcome=effect_outcomes(consistency=_ANY))
    def put_over(self, pick: int, name: str, outcome: EffectOutcome) -> None:
        """Put another entry under a stored id."""

        def act() -> None:
            evidence_id = self._stored(pick).evidence_id
            self._put(EvidenceOutcomeCacheEntry(evidence_id, name, name, outcome))

        self.history.run(act)

    @precondition(lambda self: bool(self.state.cache))
    @rule(pick=_PICKS)
    def put_again(self, pick: int) -> None:
        """Put an entry that is stored already."""
        self.history.run(lambda: self._put(self._stored(pick)))

    @precondition(lambda self: bool(self.state.cache))
    @rule(pick=_PICKS, near=near_misses())
    def put_near_miss(self, pick: int, near: Callable[[str], str]) -> None:
        """Put an entry under an id that almost equals a stored one."""

        def act() -> None:
            evidence_id = near(self._stored(pick).evidence_id)
            outcome = EffectOutcome.success(AcquireResponse(UnitValue()))
            self._put(EvidenceOutcomeCacheEntry(evidence_id, "t", "t", outcome))

        self.history.run(act)

    # Once in a history: it makes every load of a cache on a file many times slower.
    @precondition(lambda self: not self.deep_was_put)
    @rule(evidence_id=COLLIDING.evidence_ids, outcome=deep_outcomes())
    def put_deep(self, evidence_id: str, outcome: EffectOutcome) -> None:
        """Put an outcome that is nested as deep as can be read back, or nearly so."""
        self.deep_was_put = True
        entry = EvidenceOutcomeCacheEntry(evidence_id, "t", "t", outcome)
        self.history.run(lambda: self._put(entry, deep=True))

    def _put(self, entry: EvidenceOutcomeCacheEntry, *, deep: bool = False) -> None:
        operation = PutOutcome(entry)
        before = self.state
        answer = self.history.call(
            operation_text(operation), lambda: self.sut.put(entry), operation=operation
        )
        if isinstance(answer, Raised):
            self._check_refusal(entry, answer.message)
            return
        self.state = step(before, operation)[0].state
        self._note_situations(before, entry)
        if deep:
            self.history.reach(DEEP)
        self._check_acceptance(entry)

    def _note_situations(self, before: State, entry: EvidenceOutcomeCacheEntry) -> None:
        reach = self.history.reach
        old = by_id(before.cache).get(entry.evidence_id)
        if old is not None:
            reach(SAME_AGAIN if old == entry else REPLACED)
            if before.cache[-1] is not old:
                reach(REPLACED_EARLIER)
        if len(self.state.cache) > 1:
            reach(TWO_KEYS)
        if entry.evidence_id == "":
            reach(EMPTY_KEY)
        if isinstance(entry.outcome.status, BlockedStatus):
            reach(BLOCKED)

    def _check_acceptance(self, entry: EvidenceOutcomeCacheEntry) -> None:
        expected = self.state.cache
        found = self._get(entry.evidence_id, "CACHE-02", quiet=True)
        loaded = self._load("CACHE-06")
        blamed = blame_for_put(entry, found, loaded, expected, self._looked_up(loaded, entry))
        if blamed in ("CACHE-01", "CACHE-02"):
            operation = GetOutcome(entry.evidence_id)
            self.history.note(operation_text(operation), found_text(found), operation)
            self.history.check(blamed, False, found_text(entry), found_text(found))
        if blamed is not None:
            self.history.note(operation_text(LoadCache()), entries_text(loaded), LoadCache())
            self.history.check(
                blamed, False, entries_text(expected), difference_text(loaded, expected)
            )
        # What is right puts every promise to the test that the put could have
        # broken; a put that is acknowledged leaves no doubt about its failure.
        for requirement_id in _KEPT_BY_A_PUT:
            self.history.check(requirement_id, True, "", "")
        self._check_order(loaded)

    def _looked_up(self, loaded: Entries, entry: EvidenceOutcomeCacheEntry) -> Mapping[str, Found]:
        """Look up every other id that the model and a load do not agree on."""
        expected, given = by_id(self.state.cache), by_id(loaded)
        return {
            evidence_id: self._get(evidence_id, "CACHE-03", quiet=True)
            for evidence_id in {**expected, **given}
            if expected.get(evidence_id) != given.get(evidence_id)
            and evidence_id != entry.evidence_id
        }

    def _check_refusal(self, entry: EvidenceOutcomeCacheEntry, message: str) -> None:
        """Check that a refused put left its id old or new, and every other id alone."""
        self.history.check(
            "CACHE-01",
            entry.evidence_id != "",
            "accepted: the empty id is a legal one",
            f"refused: {message}",
        )
        old = self.state
        new = step(old, PutOutcome(entry))[0].state
        loaded = self._load("CACHE-07")
        found = self._get(entry.evidence_id, "CACHE-07", quiet=True)
        matching = [
            state
            for state in (old, new)
            if same_contents(loaded, state.cache)
            and found == by_id(state.cache).get(entry.evidence_id)
        ]
        if not matching:
            self.history.note(operation_text(LoadCache()), entries_text(loaded), LoadCache())
        self.history.check(
            "CACHE-07",
            bool(matching),
            lambda: f"{entries_text(old.cache)} or {entries_text(new.cache)}",
            lambda: f"{entries_text(loaded)}, and its id gives {found_text(found)}",
        )
        self.state = matching[0]

    # Reads

    @precondition(lambda self: bool(self.state.cache))
    @rule(pick=_PICKS)
    def get_stored(self, pick: int) -> None:
        """Look a stored id up."""
        self.history.run(lambda: self._check_get(self._stored(pick).evidence_id))

    @precondition(lambda self: bool(self.state.cache))
    @rule(pick=_PICKS, near=near_misses())
    def get_near_miss(self, pick: int, near: Callable[[str], str]) -> None:
        """Look an id up that almost equals a stored one."""

        def act() -> None:
            stored = self._stored(pick).evidence_id
            if near(stored) not in by_id(self.state.cache):
                self.history.reach(NEAR_MISS)
            self._check_get(near(stored))

        self.history.run(act)

    @rule(evidence_id=COLLIDING.evidence_ids)
    def get_any(self, evidence_id: str) -> None:
        """Look an id up that may be stored or not."""
        self.history.run(lambda: self._check_get(evidence_id))

    def _check_get(self, evidence_id: str) -> None:
        expected = by_id(self.state.cache).get(evidence_id)
        if expected is None:
            self.history.reach(ABSENT)
        found = self._get(evidence_id, "CACHE-01")
        self.history.check(
            blame_for_get(evidence_id, found, expected),
            found == expected,
            lambda: found_text(expected),
            lambda: found_text(found),
        )
        self._check_undisturbed("CACHE-06")

    @rule()
    def load_twice(self) -> None:
        """Load twice, and change what was loaded where it can be changed."""

        def act() -> None:
            for _ in range(2):
                self._check_undisturbed("CACHE-06", note=True)
                self._disturb()

        self.history.run(act)

    @precondition(lambda self: Capability.REOPEN in self.backend.capabilities)
    @rule(times=st.integers(1, 2))
    def reopen(self, times: int) -> None:
        """Open the cache again on the same directory, once or twice."""

        def act() -> None:
            for _ in range(times):
                self._reopen()

        self.history.run(act)

    def _reopen(self) -> None:
        self.history.release(self.sut)
        self.history.note(operation_text(Reopen()), "ok", Reopen())
        self.sut = self._make()
        if self.state.cache:
            self.history.reach(REOPENED)
        self._check_undisturbed("CACHE-08", note=True)
        for entry in self.state.cache:
            found = self._get(entry.evidence_id, "CACHE-08", quiet=True)
            if found != entry:
                operation = GetOutcome(entry.evidence_id)
                self.history.note(operation_text(operation), found_text(found), operation)
            self.history.check(
                "CACHE-08",
                found == entry,
                lambda entry=entry: found_text(entry),  # type: ignore[misc]
                lambda found=found: found_text(found),  # type: ignore[misc]
            )

    # Looking

    def _check_undisturbed(self, requirement_id: str, *, note: bool = False) -> None:
        expected = self.state.cache
        loaded = self._load(requirement_id, note=note)
        self.history.check(
            requirement_id,
            same_contents(loaded, expected),
            lambda: entries_text(expected),
            lambda: difference_text(loaded, expected),
        )
        self._check_order(loaded)

    def _disturb(self) -> None:
        if isinstance(self.loaded, list):
            self.loaded.clear()

    def _check_order(self, loaded: Entries) -> None:
        # Whoever does not keep the order is to be judged on the rest all the
        # same, so once that is known no history ends here any more.
        if "CACHE-04" in self.history.session.muted:
            return
        expected = self.state.cache
        if loaded != expected:
            self.history.note(operation_text(LoadCache()), entries_text(loaded), LoadCache())
        self.history.check(
            "CACHE-04",
            loaded == expected,
            lambda: entries_text(expected),
            lambda: difference_text(loaded, expected),
        )

    def _get(self, evidence_id: str, requirement_id: str, *, quiet: bool = False) -> Found:
        operation = GetOutcome(evidence_id)
        answer = self.history.call(
            operation_text(operation),
            lambda: self.sut.get(evidence_id),
            operation=operation,
            quiet=quiet,
        )
        found = answer.message if isinstance(answer, Raised) else answer.value
        if not isinstance(answer, Raised) and isinstance(found, EvidenceOutcomeCacheEntry | None):
            if not quiet:
                self.history.answer(found_text(found))
            return found
        actual = misfit_text(answer)
        self.history.check(requirement_id, False, "an EvidenceOutcomeCacheEntry or None", actual)
        raise AssertionError("unreachable: a failed check does not return")

    def _load(self, requirement_id: str, *, note: bool = False) -> Entries:
        operation = LoadCache()
        answer = self.history.call(
            operation_text(operation),
            lambda: self.sut.load(),
            operation=operation,
            quiet=not note,
        )
        artifact = None if isinstance(answer, Raised) else answer.value
        if isinstance(artifact, EvidenceOutcomeCacheArtifact):
            self.loaded = artifact.entries
            return tuple(artifact.entries)
        actual = misfit_text(answer)
        self.history.check(requirement_id, False, "an EvidenceOutcomeCacheArtifact", actual)
        raise AssertionError("unreachable: a failed check does not return")

    def teardown(self) -> None:
        """Close the cache and remove its directory."""
        self.history.release(getattr(self, "sut", None))
        super().teardown()


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
)
