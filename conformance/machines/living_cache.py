"""One living cache: what it is asked, and the judge of its answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from conformance.engine.session import History, Raised, Returned
from conformance.machines.asking import answered, event_of, opened_again, takes_the_id
from conformance.machines.kept_answers import KeptAnswers
from conformance.machines.live_findings import LiveFindings
from conformance.rules.cache import CacheJudge, Found
from conformance.rules.long_texts import contents_text
from conformance.rules.narration import found_text, operation_text
from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.model.operations import GetOutcome, LoadCache, PutOutcome, Reopen
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

__all__ = ["LivingCache"]

# So many ids on which a load and the puts differ are looked up one by one.
_LOOKED_UP_MAX: Final = 8


class LivingCache:
    """One cache, every answer of which goes to its judge.

    ``goes_on`` are the requirements behind whose violation it can be judged on.
    """

    sut: EvidenceOutcomeCache

    def __init__(self, history: History, goes_on: Collection[str]) -> None:
        self.history = history
        # Whether something was put since the last load that was right, and whether the last one is.
        self._has_acknowledged = self._is_right = False
        self.loads = KeptAnswers(history, "CACHE-06", "artifact", 1)
        self.findings = LiveFindings(history, goes_on)
        self.judge = CacheJudge(
            self.findings,
            begins_empty=False,
            reopens=True,
            takes_the_id=partial(takes_the_id, history),
        )

    def open(self, directory: Path) -> None:
        """Make the cache of a directory, of which nothing is asked yet."""
        self._make = self.another(directory)
        self.sut = self.history.start("the evidence cache", self._make)

    def another(self, directory: Path) -> Callable[[], EvidenceOutcomeCache]:
        """Return what makes the cache of a directory."""
        factory = self.history.session.backend.evidence_cache
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a cache")
        return partial(factory, directory)

    def close(self) -> None:
        """Close the cache, if it is open."""
        self.history.release(getattr(self, "sut", None))

    def reopen(self) -> None:
        """Open the cache again."""
        self.history.release(self.sut)
        # A storage without a close gives up what it holds when nothing refers to it.
        del self.sut
        self.sut = opened_again(self.history, Reopen(), self._make, "CACHE-08")
        self.judge.reopen(event_of(Reopen(), Returned(None)))

    def put(
        self, entry: EvidenceOutcomeCacheEntry, given: EvidenceOutcomeCacheEntry
    ) -> Raised | Returned:
        """Put an entry, or a copy of it, once."""
        operation = PutOutcome(entry)
        answer = self.history.call(
            operation_text(operation), lambda: self.sut.put(given), operation=operation
        )
        self.judge.put(event_of(operation, answer), entry)
        self._has_acknowledged = self._has_acknowledged or isinstance(answer, Returned)
        return answer

    def found(self, evidence_id: str, requirement_id: str, *, quiet: bool = False) -> Found:
        """Look one id up; an answer that is none breaks the requirement."""
        operation = GetOutcome(evidence_id)
        answer = answered(self.history, operation, lambda: self.sut.get(evidence_id), quiet=quiet)
        found = answer.message if isinstance(answer, Raised) else answer.value
        if isinstance(answer, Raised) or not isinstance(found, EvidenceOutcomeCacheEntry | None):
            self._fail(requirement_id, "an EvidenceOutcomeCacheEntry or None", answer)
        if not quiet:
            self.history.answer(found_text(found))
        return found

    def loaded(self, requirement_id: str, *, quiet: bool = False) -> Any:
        """Load the cache and return the entries as they came, which may be a list of its own."""
        answer = answered(self.history, LoadCache(), lambda: self.sut.load(), quiet=quiet)
        artifact = None if isinstance(answer, Raised) else answer.value
        if not isinstance(artifact, EvidenceOutcomeCacheArtifact):
            self._fail(requirement_id, "an EvidenceOutcomeCacheArtifact", answer)
        self.loads.judge()
        self.loads.keep(lambda: artifact.entries)
        return artifact.entries

    def _fail(self, requirement_id: str, expected: str, answer: Raised | Returned) -> NoReturn:
        if isinstance(answer, Raised):
            actual = f"refused: {answer.message}"
        else:
            actual = f"a {type(answer.value).__name__}: {answer.value!r}"
        self.history.check(requirement_id, False, expected, actual)
        raise AssertionError("unreachable: a failed check does not return")

    def get(self, evidence_id: str) -> None:
        """Look one id up and judge what is found."""
        found = self.found(evidence_id, "CACHE-01")
        self.judge.get(event_of(GetOutcome(evidence_id), Returned(found)), evidence_id)

    def load(self, requirement_id: str) -> Any:
        """Load the cache and judge what it shows; return the entries as they came."""
        loaded = self.loaded(requirement_id)
        self._is_right = self.judge.load(event_of(LoadCache(), Returned(tuple(loaded))))
        return loaded

    def judge_found(self, evidence_id: str, found: Found) -> None:
        """Judge what a quiet lookup found, which is noted if it is wrong."""
        operation = GetOutcome(evidence_id)
        with self.findings.looking(operation, lambda: found_text(found)):
            self.judge.get(event_of(operation, Returned(found)), evidence_id)

    def judge_loaded(self, loaded: Sequence[EvidenceOutcomeCacheEntry]) -> None:
        """Judge what a quiet load showed, which is noted if it is wrong."""
        entries = tuple(loaded)
        with self.findings.looking(LoadCache(), lambda: contents_text(entries)):
            self._is_right = self.judge.load(event_of(LoadCache(), Returned(entries)))

    def look_up(self, evidence_id: str, requirement_id: str) -> None:
        """Look one id up beside the history, and judge what is found."""
        self.judge_found(evidence_id, self.found(evidence_id, requirement_id, quiet=True))

    def settle(self) -> None:
        """Look up where the last load and the puts differ, which tells which of them is wrong."""
        for evidence_id in self.judge.doubted[:_LOOKED_UP_MAX]:
            self.look_up(evidence_id, "CACHE-03")
        self.judge.settle()
        if self._is_right and self._has_acknowledged:
            # What is acknowledged and there leaves no doubt about a failure.
            self._has_acknowledged = False
            for requirement_id in ("CACHE-07", "WAL-09"):
                self.findings.hold(requirement_id)
