"""What the answers of a cache say of its requirements."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, TypeAlias

from conformance.rules.events import OK, REFUSED, Event
from conformance.rules.findings import Findings, Place
from conformance.rules.narration import entries_text, found_text
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["CacheJudge", "blame_for_get"]

Found: TypeAlias = EvidenceOutcomeCacheEntry | None

_OPTIONS_MAX: Final = 64


def blame_for_get(evidence_id: str, found: Found, expected: Found) -> str:
    """Return the requirement that a lookup puts to the test.

    An entry of another id, or any entry where there is none, is found by a
    wrong comparison of ids; anything else is an entry that was not kept.
    """
    other = found is not None and found.evidence_id != evidence_id
    return "CACHE-01" if expected is None or other else "CACHE-02"


@dataclass(frozen=True)
class _Doubted:
    """What a load showed of one id, what it should have, and where."""

    expected: Found
    found: Found
    place: Place
    was_put: bool


class CacheJudge:
    """One cache, seen through its answers.

    Of each id every entry is kept that it may have. An id without a row has
    nothing, or nobody knows what.
    """

    def __init__(self, findings: Findings, *, begins_empty: bool, reopens: bool) -> None:
        self.findings = findings
        self.reopens = reopens
        # The ids that were put since the last load, and the ids of which something came to be known
        # since the cache was opened again, if it was.
        self._put_since: set[str] = set()
        self._reopened = False
        self._known_since_opening: set[str] = set()
        # Whether anything is stored for certain, and whether something was put beside or over it.
        self._stores = self._put_over = False
        # What a load shows and a put did not: either can be wrong until the id is looked up.
        self._doubted: dict[str, _Doubted] = {}
        self._options: dict[str, list[Found]] = {}
        self._known = begins_empty
        # The ids in the order of their last puts, as long as every put is known.
        self._order: dict[str, None] | None = {} if begins_empty else None

    def put(self, event: Event, entry: EvidenceOutcomeCacheEntry) -> None:
        """Follow what a put may have stored."""
        self.settle()
        evidence_id = entry.evidence_id
        if event.answer == OK:
            self._put_since.add(evidence_id)
            self._known_since_opening.add(evidence_id)
            self._put_over = self._stores
            self._stores = True
            self._options[evidence_id] = [entry]
            if self._order is not None:
                self._order.pop(evidence_id, None)
                self._order[evidence_id] = None
            return
        if event.answer == REFUSED:
            self.findings.check_text(event.message)
        self._order = None
        self._known_since_opening.add(evidence_id)
        before = self._options_of(evidence_id)
        if before and entry not in before:
            before = [*before, entry]
        # Too many to tell apart: whatever comes is taken as it is.
        self._options[evidence_id] = before if len(before) <= _OPTIONS_MAX else []

    def _options_of(self, evidence_id: str) -> list[Found]:
        """Return what an id may have; nothing where nobody knows."""
        return self._options.get(evidence_id, [None] if self._known else [])

    def get(self, event: Event, evidence_id: str) -> None:
        """Judge one lookup."""
        if event.answer != OK:
            return
        found: Found = event.result
        is_other = found is not None and found.evidence_id != evidence_id
        doubted = self._doubted.pop(evidence_id, None)
        if doubted is not None:
            # The load showed something else; the lookup tells which of the two is wrong.
            requirement_id = "CACHE-06"
            if found != doubted.expected:
                requirement_id = "CACHE-03"
                if doubted.was_put:
                    requirement_id = blame_for_get(evidence_id, found, doubted.expected)
            self._blame(doubted, requirement_id)
            self._options[evidence_id] = [] if is_other else [found]
            return
        options = self._options_of(evidence_id)
        if options or is_other:
            self.findings.check(
                self._blamed(evidence_id, found, options or [None]),
                found in options,
                lambda: " or ".join(map(found_text, options)) or "nothing, or an entry of that id",
                lambda: found_text(found),
            )
        self._known_since_opening.add(evidence_id)
        # After a wrong answer the next load says what there is.
        is_right = found in options or not (options or is_other)
        self._options[evidence_id] = [found] if is_right else []

    def _blamed(self, evidence_id: str, found: Found, options: list[Found]) -> str:
        if found is not None and found.evidence_id != evidence_id:
            return "CACHE-01"
        if len(options) > 1:
            return "CACHE-07"
        if self._was_kept(evidence_id, found, options):
            return "CACHE-08"
        return blame_for_get(evidence_id, found, options[0])

    def _was_kept(self, evidence_id: str, found: Found, options: list[Found]) -> bool:
        """Say whether only reopening can have changed an id, and there was something to change."""
        untouched = self._reopened and evidence_id not in self._known_since_opening
        return untouched and not (found is None and options == [None])

    def load(self, event: Event) -> None:
        """Judge the whole cache, which tells what every id has."""
        self.settle()
        if event.answer != OK:
            return
        loaded: tuple[EvidenceOutcomeCacheEntry, ...] = event.result
        given = {entry.evidence_id: entry for entry in loaded}
        counts = Counter(entry.evidence_id for entry in loaded)
        twice = {each for each, count in counts.items() if count > 1}
        # What storage held twice before is its own affair until the id is put (CACHE-05).
        unknown = [each for each in twice if not self._options_of(each)]
        if len(unknown) < len(twice):
            self.findings.blame("CACHE-03", lambda: "every id once", lambda: entries_text(loaded))
        others = [each for each in {**self._options, **given} if each not in twice]
        fitting = [self._check_loaded(each, given.get(each)) for each in others]
        if self._put_over and len(unknown) == len(twice) and all(fitting):
            self.findings.hold("CACHE-03")
        if not self._options and not given and self._known:
            self.findings.hold("CACHE-06")
        self._check_order(loaded)
        self._options = {evidence_id: [entry] for evidence_id, entry in given.items()}
        self._options.update({evidence_id: [] for evidence_id in unknown})
        self._order = dict.fromkeys(given)
        self._known, self._stores = True, bool(given)
        self._reopened = self._put_over = False
        self._put_since.clear()

    def settle(self) -> None:
        """Blame the loads that no lookup has contradicted (CACHE-06)."""
        for doubted in self._doubted.values():
            self._blame(doubted, "CACHE-06")
        self._doubted.clear()

    def _blame(self, doubted: _Doubted, requirement_id: str) -> None:
        self.findings.blame(
            requirement_id,
            lambda: found_text(doubted.expected),
            lambda: found_text(doubted.found),
            at=doubted.place,
        )

    def _check_loaded(self, evidence_id: str, found: Found) -> bool:
        """Judge what a load shows of one id; return whether it may be so."""
        options = self._options_of(evidence_id)
        if not options:
            return True
        requirement_id = "CACHE-06"
        if len(options) > 1:
            requirement_id = "CACHE-07"
        elif self._was_kept(evidence_id, found, options):
            requirement_id = "CACHE-08"
        elif self._put_since and found not in options:
            was_put = evidence_id in self._put_since
            self._doubted[evidence_id] = _Doubted(options[0], found, self.findings.place, was_put)
            return False
        return self.findings.check(
            requirement_id,
            found in options,
            lambda: " or ".join(map(found_text, options)),
            lambda: found_text(found),
        )

    def _check_order(self, loaded: tuple[EvidenceOutcomeCacheEntry, ...]) -> None:
        given = [entry.evidence_id for entry in loaded]
        if self._order is None or len(given) < 2 or sorted(given) != sorted(self._order):
            return
        expected = list(self._order)
        self.findings.check(
            "CACHE-04",
            given == expected,
            lambda: f"the ids in the order {expected}",
            lambda: f"the ids in the order {given}",
        )

    def reopen(self, event: Event) -> None:
        """Expect the same cache again, where that is promised."""
        self.settle()
        if self.reopens:
            self._reopened = True
            self._known_since_opening.clear()
            return
        self._options, self._known, self._order = {}, False, None
        self._stores = self._put_over = False
