"""One cache under a script: what its answers mean when most puts are followed by no look.

An entry that was found before and is not found later was harmed by what was put since, and one that
was never found was never kept.
"""

from __future__ import annotations

import copy
from typing import Final

from conformance.engine.acts import Act, act
from conformance.engine.scripts import ScriptedPart, scripted
from conformance.engine.session import History, Returned
from conformance.machines.asking import TRIES
from conformance.machines.living_cache import LivingCache
from conformance.machines.neighbours import NeighbourCache
from conformance.rules.cache import Entries
from conformance.rules.narration import found_text, operation_text
from telltale_spec.model.operations import PutOutcome
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = [
    "LOAD",
    "REOPEN",
    "SCRIPTED_CACHE_IDS",
    "ScriptedCache",
    "get_act",
    "put_act",
    "put_beside_act",
]


class ScriptedCache(ScriptedPart):
    """One cache, and the judge of what it acknowledges."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._cache = LivingCache(history, SCRIPTED_CACHE_IDS)
        # That it begins empty is judged by the random histories; here it is taken for granted.
        self._cache.judge.begin_with(())
        self._reopened = False
        self._neighbour: NeighbourCache | None = None

    @property
    def held(self) -> Entries:
        """The entries that the cache acknowledged, in the order of their puts."""
        return self._cache.judge.entries

    def prepare(self) -> None:
        """Make the cache; it is not loaded, which could hide what a first load does."""
        self._cache.open(self.history.directory())

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()
        if self._neighbour is not None:
            self._neighbour.close()

    @act("put_beside")
    def put_beside(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry into another cache, which is opened beside this one if it is not."""
        if self._neighbour is None:
            make = self._cache.another(self.history.directory())
            self._neighbour = NeighbourCache(self.history, make)
        if self._neighbour.exists:
            self._neighbour.put(copy.deepcopy(entry))

    @act("put_outcome")
    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry; one that is refused is offered again."""
        self.offered += 1
        refusal = ""
        for _ in range(TRIES):
            # A copy of its own, so that nothing done to it reaches what it is judged by.
            given = copy.deepcopy(entry)
            answer = self._cache.put(entry, given)
            if given != entry:
                as_given = f"the entry left as it was given: {found_text(entry)}"
                changed = f"the backend changed it: {found_text(given)}"
                self.history.check("CACHE-02", False, as_given, changed)
            if isinstance(answer, Returned):
                self.taken += 1
                return
            refusal = f"{operation_text(PutOutcome(entry))}: refused: {answer.message}"
        self.first_refusal = self.first_refusal or refusal
        self._cache.look_up(entry.evidence_id, "CACHE-07")

    @act("get_outcome")
    def get(self, evidence_id: str) -> None:
        """Look one id up."""
        self._cache.get(evidence_id)

    @act("load_cache")
    def load(self) -> None:
        """Load the cache and hold it against everything acknowledged."""
        self._cache.load("CACHE-08" if self._reopened else "CACHE-06")
        self._reopened = False
        self._cache.settle()

    @act("reopen")
    def reopen(self) -> None:
        """Open the cache again; what is looked up next says what is left."""
        self._cache.reopen()
        self._reopened = True


LOAD: Final = scripted(ScriptedCache, "load_cache")
REOPEN: Final = scripted(ScriptedCache, "reopen")
SCRIPTED_CACHE_IDS: Final = (
    "CACHE-01",
    "CACHE-02",
    "CACHE-03",
    "CACHE-04",
    "CACHE-06",
    "CACHE-07",
    "CACHE-08",
    "WAL-09",
)
"""What a scripted cache can be judged by."""


def put_act(entry: EvidenceOutcomeCacheEntry) -> Act:
    """Return the act of a put."""
    return scripted(ScriptedCache, "put_outcome", entry)


def put_beside_act(entry: EvidenceOutcomeCacheEntry) -> Act:
    """Return the act of a put into another cache that is open beside the first."""
    return scripted(ScriptedCache, "put_beside", entry)


def get_act(evidence_id: str) -> Act:
    """Return the act of a lookup."""
    return scripted(ScriptedCache, "get_outcome", evidence_id)
