"""One cache under a script: what its answers mean when most puts are followed by no look.

An entry that was found before and is not found later was harmed by what was put since, and one that
was never found was never kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from conformance.engine.acts import Act, act
from conformance.engine.scripts import ScriptedPart, scripted
from conformance.engine.session import History, Raised, Returned
from conformance.machines.asking import TRIES, answered, opened_again, takes_the_id
from conformance.machines.cache_blame import Entries, Found, by_id, misfit_text
from conformance.rules.cache import blame_for_get
from conformance.rules.long_texts import contents_text, mismatch_text
from conformance.rules.narration import found_text, operation_text
from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.model.operations import GetOutcome, LoadCache, PutOutcome, Reopen
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

__all__ = ["LOAD", "REOPEN", "SCRIPTED_CACHE_IDS", "ScriptedCache", "get_act", "put_act"]

_KEPT_BY_PUTS: Final = ("CACHE-02", "CACHE-03", "CACHE-07", "WAL-09")
# So many ids on which a load and the puts differ are looked up one by one.
_LOOKED_UP_MAX: Final = 8


class ScriptedCache(ScriptedPart):
    """One cache beside the map of what it acknowledged, in the order of the last puts."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self.stored: dict[str, EvidenceOutcomeCacheEntry] = {}
        # The ids whose entries were seen since they were put last, and what happened since a load.
        self._seen: set[str] = set()
        self._put_since_load = False
        self._put_since_opening = False
        self._reopened = False

    @property
    def held(self) -> tuple[EvidenceOutcomeCacheEntry, ...]:
        """The entries that the cache acknowledged, in the order of their puts."""
        return tuple(self.stored.values())

    def prepare(self) -> None:
        """Make the cache; it is not loaded, which could hide what a first load does."""
        self.directory = self.history.directory()
        self.sut = self._make()

    def _make(self) -> EvidenceOutcomeCache:
        return self.history.start("the evidence cache", lambda: self._factory(self.directory))

    @property
    def _factory(self) -> Callable[[Path], EvidenceOutcomeCache]:
        factory = self.backend.evidence_cache
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a cache")
        return factory

    def close(self) -> None:
        """Close the cache."""
        self.history.release(getattr(self, "sut", None))

    @act("put_outcome")
    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry; one that is refused is offered again."""
        self.offered += 1
        operation = PutOutcome(entry)
        text = operation_text(operation)
        answer: Raised | Returned = Raised("never asked")
        for _ in range(TRIES):
            answer = self.history.call(text, lambda: self.sut.put(entry), operation=operation)
            if isinstance(answer, Returned):
                self.taken += 1
                self._keep(entry)
                return
        if isinstance(answer, Raised):
            self.first_refusal = self.first_refusal or f"{text}: refused: {answer.message}"
            self._check_refusal(entry, answer.message)

    def _keep(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.stored.pop(entry.evidence_id, None)
        self.stored[entry.evidence_id] = entry
        self._seen.discard(entry.evidence_id)
        self._put_since_load = self._put_since_opening = True

    def _check_refusal(self, entry: EvidenceOutcomeCacheEntry, message: str) -> None:
        """Check that a put that was refused again and again left its id old or new."""
        self.history.check(
            "CACHE-01",
            entry.evidence_id != "" or takes_the_id(self.history, ""),
            "accepted: the empty id is a legal one",
            f"refused: {message}",
        )
        old = self.stored.get(entry.evidence_id)
        found = self._get(entry.evidence_id, "CACHE-07", quiet=True)
        self.history.check(
            "CACHE-07",
            found in (old, entry),
            lambda: f"{found_text(old)} or {found_text(entry)}",
            lambda: f"its id gives {found_text(found)}",
        )
        if found == entry and old != entry:
            self._keep(entry)

    @act("get_outcome")
    def get(self, evidence_id: str) -> None:
        """Look one id up."""
        expected = self.stored.get(evidence_id)
        found = self._get(evidence_id, "CACHE-01", quiet=False)
        self._check_found(evidence_id, found, expected)

    def _check_found(self, evidence_id: str, found: Found, expected: Found) -> bool:
        """Check what a lookup found; where that is known to be wrong, it is what is judged on."""
        holds = self.history.check(
            self._blame_for_get(evidence_id, found, expected),
            found == expected,
            lambda: found_text(expected),
            lambda: found_text(found),
            goes_on=True,
        )
        if expected is None:
            return holds
        self._seen.add(evidence_id)
        if found is None or found.evidence_id != evidence_id:
            del self.stored[evidence_id]
        else:
            self.stored[evidence_id] = found
        return holds

    def _blame_for_get(self, evidence_id: str, found: Found, expected: Found) -> str:
        requirement_id = blame_for_get(evidence_id, found, expected)
        if requirement_id == "CACHE-01":
            return requirement_id
        if self._reopened and not self._put_since_opening:
            return "CACHE-08"
        if evidence_id not in self._seen:
            return requirement_id
        return "CACHE-03" if self._put_since_load else "CACHE-06"

    @act("load_cache")
    def load(self) -> None:
        """Load the cache and hold it against everything acknowledged."""
        loaded = self._load("CACHE-08" if self._reopened else "CACHE-06")
        expected = tuple(self.stored.values())
        given = by_id(loaded)
        after_opening = self._reopened and not self._put_since_opening
        if len(given) != len(loaded):
            self._check_load("CACHE-03", loaded, expected)
        elif given != self.stored and self._lookups_hold(given):
            self._check_load("CACHE-08" if after_opening else "CACHE-06", loaded, expected)
        elif given == self.stored:
            self._count_what_held(loaded)
            self.history.check(
                "CACHE-04",
                tuple(loaded) == expected,
                lambda: contents_text(expected),
                lambda: mismatch_text(loaded, expected),
                goes_on=True,
            )
        # Where a difference is known already, the cache is judged on by what it really holds.
        if given != self.stored:
            self.stored = dict(given)
        self._seen = set(self.stored)
        self._put_since_load = self._reopened = False

    def _check_load(self, requirement_id: str, loaded: Entries, expected: Entries) -> None:
        self.history.check(
            requirement_id,
            False,
            lambda: contents_text(expected),
            lambda: mismatch_text(loaded, expected),
            goes_on=True,
        )

    def _lookups_hold(self, given: dict[str, EvidenceOutcomeCacheEntry]) -> bool:
        """Find out whether an entry is lost, or only not shown by a load."""
        stored = dict(self.stored)
        ids = [each for each in {**stored, **given} if given.get(each) != stored.get(each)]
        hold = True
        for evidence_id in ids[:_LOOKED_UP_MAX]:
            found = self._get(evidence_id, "CACHE-02", quiet=True)
            expected = stored.get(evidence_id)
            if found != expected:
                operation = GetOutcome(evidence_id)
                self.history.note(operation_text(operation), found_text(found), operation)
            hold = self._check_found(evidence_id, found, expected) and hold
        return hold

    def _count_what_held(self, loaded: Entries) -> None:
        if self.taken:
            self.history.check("CACHE-06", True, "", "")
        if self._put_since_load:
            for requirement_id in _KEPT_BY_PUTS:
                self.history.check(requirement_id, True, "", "")
        if self._reopened and loaded:
            self.history.check("CACHE-08", True, "", "")

    @act("reopen")
    def reopen(self) -> None:
        """Open the cache again; what is looked up next says what is left."""
        self.history.release(self.sut)
        del self.sut
        self.sut = opened_again(
            self.history, Reopen(), lambda: self._factory(self.directory), "CACHE-08"
        )
        self._reopened, self._put_since_opening = True, False

    def _get(self, evidence_id: str, requirement_id: str, *, quiet: bool) -> Found:
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

    def _load(self, requirement_id: str) -> Entries:
        answer = answered(self.history, LoadCache(), lambda: self.sut.load(), quiet=False)
        artifact = None if isinstance(answer, Raised) else answer.value
        if isinstance(artifact, EvidenceOutcomeCacheArtifact):
            return tuple(artifact.entries)
        actual = misfit_text(answer)
        self.history.check(requirement_id, False, "an EvidenceOutcomeCacheArtifact", actual)
        raise AssertionError("unreachable: a failed check does not return")


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


def get_act(evidence_id: str) -> Act:
    """Return the act of a lookup."""
    return scripted(ScriptedCache, "get_outcome", evidence_id)
