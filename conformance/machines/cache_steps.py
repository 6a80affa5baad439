"""What one step on a cache does and checks, whichever rule takes it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from conformance.engine.acts import act
from conformance.engine.session import Raised, Returned
from conformance.engine.suite import NEXT_HISTORY, ConformanceMachine
from conformance.machines.asking import TRIES, answered, opened_again, takes_the_id
from conformance.machines.cache_blame import (
    ABSENT,
    BLOCKED,
    DEEP,
    EMPTY_KEY,
    FRESH,
    REOPENED,
    REPLACED,
    REPLACED_EARLIER,
    SAME_AGAIN,
    TWO_KEYS,
    Entries,
    Found,
    blame_for_put,
    by_id,
    misfit_text,
    same_contents,
)
from conformance.machines.fresh import follow, leftovers_text, next_history_text
from conformance.rules.cache import blame_for_get
from conformance.rules.narration import difference_text, entries_text, found_text, operation_text
from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.model.machine import State, step
from telltale_spec.model.operations import GetOutcome, LoadCache, PutOutcome, Reopen
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import BlockedStatus

__all__ = ["EvidenceCacheSteps"]

_KEPT_BY_A_PUT: Final = ("CACHE-01", "CACHE-02", "CACHE-03", "CACHE-06", "CACHE-07", "WAL-09")


class EvidenceCacheSteps(ConformanceMachine):
    """One cache under test beside the model of it."""

    # A history that ended before it began has an empty model all the same.
    state: State = State()
    # The one deeply nested entry of the history, once it has been put.
    deep_entry: EvidenceOutcomeCacheEntry | None = None
    # The entries of the last load, as they were returned.
    loaded: Any = ()

    # What was there before the first of several histories.
    leftovers: tuple[EvidenceOutcomeCacheEntry, ...] = ()
    put_here: tuple[EvidenceOutcomeCacheEntry, ...] = ()

    @property
    def held(self) -> Entries:
        """The entries that the cache has to have, in the order of their puts."""
        return self.state.cache

    def prepare(self) -> None:
        """Make a fresh cache and check that it loads as empty."""
        self.directory = self.history.directory()
        loaded = self._opened()
        if loaded and self.adopts_leftovers:
            self.leftovers = loaded
            self.state = State(cache=loaded)
        elif loaded:
            follow(self)
        self._check_fresh(loaded, ())

    def _opened(self) -> tuple[EvidenceOutcomeCacheEntry, ...]:
        self.state, self.deep_entry = State(), None
        self.sut = self._make()
        loaded = tuple(self._load("CACHE-06"))
        self.history.reach(FRESH)
        return loaded

    def _check_fresh(self, loaded: Entries, put: Entries) -> None:
        added = list(loaded)
        if self.leftovers:
            # The process has used the store before; what was put here can be told apart.
            added = [entry for entry in loaded if entry in put]
        if added:
            self.history.note(operation_text(LoadCache()), entries_text(loaded), LoadCache())
        self.history.check("CACHE-06", not added, "an empty cache", lambda: leftovers_text(added))

    @act(NEXT_HISTORY)
    def _next_history(self, same_name: bool) -> None:
        self.history.release(self.sut)
        self.history.note(next_history_text(same_name=same_name), "ok")
        self.directory = self.history.next_directory(self.directory, same_name=same_name)
        put, self.put_here = self.put_here, ()
        loaded = self._opened()
        self._check_fresh(loaded, put)
        self.state = State(cache=loaded)

    def _make(self) -> EvidenceOutcomeCache:
        return self.history.start("the evidence cache", lambda: self._factory(self.directory))

    @property
    def _factory(self) -> Callable[[Path], EvidenceOutcomeCache]:
        factory = self.backend.evidence_cache
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a cache")
        return factory

    @act("put_outcome")
    def _put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        operation = PutOutcome(entry)
        before = self.state
        answer = self._asked_to_put(entry)
        if isinstance(answer, Raised) and entry.evidence_id == "":
            # A cache that is busy takes the empty id when it is asked again.
            again = (self._asked_to_put(entry) for _ in range(TRIES - 1))
            answer = next((each for each in again if isinstance(each, Returned)), answer)
        if isinstance(answer, Raised):
            self._check_refusal(entry, answer.message)
            return
        self.put_here = (*self.put_here, entry)
        self.state = step(before, operation)[0].state
        self._note_situations(before, entry)
        if entry is self.deep_entry:
            self.history.reach(DEEP)
        self._check_acceptance(entry)

    def _asked_to_put(self, entry: EvidenceOutcomeCacheEntry) -> Raised | Returned:
        operation = PutOutcome(entry)
        # A copy of its own, so that nothing that it does to it reaches what it is judged by.
        given = copy.deepcopy(entry)
        answer = self.history.call(
            operation_text(operation), lambda: self.sut.put(given), operation=operation
        )
        self.history.check(
            "CACHE-02",
            given == entry,
            lambda: f"the entry left as it was given: {found_text(entry)}",
            lambda: f"the backend changed it: {found_text(given)}",
            goes_on=True,
        )
        return answer

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
            entry.evidence_id != "" or takes_the_id(self.history, ""),
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

    def _check_get(self, evidence_id: str) -> None:
        self._check_gets((evidence_id,))

    @act("get_outcomes")
    def _check_gets(self, evidence_ids: tuple[str, ...]) -> None:
        """Look ids up, and then load once to see that this changed nothing."""
        for evidence_id in evidence_ids:
            expected = by_id(self.state.cache).get(evidence_id)
            if expected is None:
                self.history.reach(ABSENT)
            found = self._get(evidence_id, "CACHE-01")
            self.history.check(
                blame_for_get(evidence_id, found, expected),
                found == expected,
                lambda expected=expected: found_text(expected),  # type: ignore[misc]
                lambda found=found: found_text(found),  # type: ignore[misc]
            )
        self._check_undisturbed("CACHE-06")

    @act("load_cache")
    def _load_and_check(self) -> None:
        self._check_undisturbed("CACHE-06", note=True)
        # Change what was returned, where it can be changed (I-10).
        if isinstance(self.loaded, list):
            self.loaded.clear()

    @act("reopen")
    def _reopen(self) -> None:
        self.history.release(self.sut)
        # A storage without a close gives up what it holds when nothing refers to it.
        del self.sut
        self.sut = opened_again(
            self.history, Reopen(), lambda: self._factory(self.directory), "CACHE-08"
        )
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

    def _check_order(self, loaded: Entries) -> None:
        # Whoever does not keep the order is judged on the rest all the same.
        expected = self.state.cache
        if loaded != expected and not self.history.session.keeps_going_past("CACHE-04"):
            self.history.note(operation_text(LoadCache()), entries_text(loaded), LoadCache())
        self.history.check(
            "CACHE-04",
            loaded == expected,
            lambda: entries_text(expected),
            lambda: difference_text(loaded, expected),
            goes_on=True,
        )

    def _get(self, evidence_id: str, requirement_id: str, *, quiet: bool = False) -> Found:
        operation = GetOutcome(evidence_id)
        answer = answered(self.history, operation, lambda: self.sut.get(evidence_id), quiet=quiet)
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
        answer = answered(self.history, operation, lambda: self.sut.load(), quiet=not note)
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
