"""What one step on a cache does and checks, whichever rule takes it."""

from __future__ import annotations

import copy
from typing import Any, Final

from conformance.engine.acts import act
from conformance.engine.session import Raised, Returned
from conformance.engine.suite import NEXT_HISTORY, ConformanceMachine
from conformance.machines.asking import TRIES
from conformance.machines.cache_situations import (
    ABSENT,
    DEEP,
    FRESH,
    REOPENED,
    situations_of_accepted,
)
from conformance.machines.fresh import follow, leftovers_text, next_history_text
from conformance.machines.living_cache import LivingCache
from conformance.rules.cache import Entries
from conformance.rules.narration import entries_text, found_text, operation_text
from telltale_spec.model.operations import LoadCache
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["EvidenceCacheSteps"]

# Whoever does not keep the order is judged on the rest all the same.
_GOES_ON: Final = frozenset({"CACHE-04"})


class EvidenceCacheSteps(ConformanceMachine):
    """One cache under test, and the judge of its answers."""

    # The one deeply nested entry of the history, once it has been put.
    deep_entry: EvidenceOutcomeCacheEntry | None = None
    # What was there before the first of several histories, and what was put in this one.
    leftovers: Entries = ()
    put_here: Entries = ()

    def __init__(self) -> None:
        super().__init__()
        self._cache = LivingCache(self.history, _GOES_ON)

    @property
    def held(self) -> Entries:
        """The entries that the cache has to have, in the order of their puts."""
        return self._cache.judge.entries

    def prepare(self) -> None:
        """Make a fresh cache and check that it loads as empty."""
        self.directory = self.history.directory()
        loaded = self._opened()
        if loaded and self.adopts_leftovers:
            self.leftovers = loaded
        elif loaded:
            follow(self)
        self._check_fresh(loaded, ())

    def _opened(self) -> Entries:
        self.deep_entry = None
        self._cache = LivingCache(self.history, _GOES_ON)
        self._cache.open(self.directory)
        loaded = tuple(self._cache.loaded("CACHE-06", quiet=True))
        # Whether it may hold anything is judged by itself, as a store may have been used before.
        self._cache.judge.begin_with(loaded)
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
        self._cache.close()
        self.history.note(next_history_text(same_name=same_name), "ok")
        self.directory = self.history.next_directory(self.directory, same_name=same_name)
        put, self.put_here = self.put_here, ()
        self._check_fresh(self._opened(), put)

    @act("put_outcome")
    def _put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        before = self.held
        # A cache that is busy takes the empty id when it is asked again.
        for _ in range(1 if entry.evidence_id else TRIES):
            answer = self._asked_to_put(entry)
            if isinstance(answer, Returned):
                break
        if isinstance(answer, Raised):
            self._look_after_refusal(entry.evidence_id)
            if entry is self.deep_entry:
                # A store may have room for some levels only; what it has is as it was.
                self.history.reach(DEEP)
            return
        self.put_here = (*self.put_here, entry)
        for situation in situations_of_accepted(before, entry):
            self.history.reach(situation)
        if entry is self.deep_entry:
            self.history.reach(DEEP)
        self._look_after_put(entry.evidence_id)

    def _asked_to_put(self, entry: EvidenceOutcomeCacheEntry) -> Raised | Returned:
        # A copy of its own, so that nothing that it does to it reaches what it is judged by.
        given = copy.deepcopy(entry)
        answer = self._cache.put(entry, given)
        self.history.check(
            "CACHE-02",
            given == entry,
            lambda: f"the entry left as it was given: {found_text(entry)}",
            lambda: f"the backend changed it: {found_text(given)}",
            goes_on=True,
        )
        return answer

    def _look_after_put(self, evidence_id: str) -> None:
        # A load can refresh what a lookup answers from, so it comes second. But it is judged first:
        # where it shows an id twice, the lookup finds one or the other.
        found = self._cache.found(evidence_id, "CACHE-02", quiet=True)
        self._cache.judge_loaded(self._cache.loaded("CACHE-06", quiet=True))
        self._cache.judge_found(evidence_id, found)
        self._cache.settle()

    def _look_after_refusal(self, evidence_id: str) -> None:
        # The lookup tells whether the entry was stored, which the load has to bear out.
        self._cache.look_up(evidence_id, "CACHE-07")
        self._look("CACHE-07")

    def _look(self, requirement_id: str) -> None:
        """Load the cache beside the history, and judge what it holds."""
        self._cache.judge_loaded(self._cache.loaded(requirement_id, quiet=True))

    def _check_get(self, evidence_id: str) -> None:
        self._check_gets((evidence_id,))

    @act("get_outcomes")
    def _check_gets(self, evidence_ids: tuple[str, ...]) -> None:
        """Look ids up, and then load once to see that this changed nothing."""
        stored = {entry.evidence_id for entry in self.held}
        for evidence_id in evidence_ids:
            if evidence_id not in stored:
                self.history.reach(ABSENT)
            self._cache.get(evidence_id)
        self._look("CACHE-06")

    @act("load_cache")
    def _load_and_check(self) -> None:
        loaded: Any = self._cache.load("CACHE-06")
        # Change what was returned, where it can be changed (I-10).
        if isinstance(loaded, list):
            self._cache.loads.forget()
            loaded.clear()

    @act("reopen")
    def _reopen(self) -> None:
        self._cache.reopen()
        if self.held:
            self.history.reach(REOPENED)
        self._cache.load("CACHE-08")
        for entry in self.held:
            self._cache.look_up(entry.evidence_id, "CACHE-08")

    def teardown(self) -> None:
        """Close the cache and remove its directory."""
        self._cache.close()
        super().teardown()
