"""What the answers of a cache say of its requirements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from conformance.rules.events import OK, REFUSED, Event
from conformance.rules.findings import Findings, Place
from conformance.rules.long_texts import contents_text, mismatch_text, possible_text
from conformance.rules.narration import found_instead_text, found_text
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["CacheJudge", "Entries", "Found", "blame_for_get"]

Entries: TypeAlias = tuple[EvidenceOutcomeCacheEntry, ...]
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
class _Difference:
    """What a load should have shown and what it did, in words, and where that was."""

    expected: Callable[[], str]
    actual: Callable[[], str]
    place: Place


@dataclass
class _DoubtedLoad:
    """A load that does not show what was put, until lookups tell which of the two is wrong.

    ``expected`` is what each id should have that was not looked up since. ``harmed`` are those that
    only a put of another id can have changed. ``hides`` says that a lookup found what was put.
    """

    difference: _Difference
    expected: dict[str, Found]
    harmed: Collection[str]
    hides: bool = False


@dataclass
class _SinceLoad:
    """What befell the cache since a load last told what it holds."""

    put: bool = False
    refused: bool = False
    reopened: bool = False
    put_over: bool = False
    """Whether something was put where something was stored already."""


class CacheJudge:
    """One cache, seen through its answers.

    ``takes_the_id`` says of the id of a refused put whether a cache that is new takes it. Who
    judges what was recorded has no way to ask.
    """

    def __init__(
        self,
        findings: Findings,
        *,
        begins_empty: bool,
        reopens: bool,
        takes_the_id: Callable[[str], bool] = lambda evidence_id: True,
    ) -> None:
        self.findings = findings
        self.reopens = reopens
        self._takes_the_id = takes_the_id
        # What it holds, or may hold where that is not certain, in the order of the last puts.
        self._held: dict[str, EvidenceOutcomeCacheEntry] = {}
        # Everything that an id may have of which that is not certain; nothing where nobody knows.
        self._unsure: dict[str, list[Found]] = {}
        # Whether every other id has nothing, and which have nothing where nobody knows that.
        self._known = begins_empty
        self._absent: set[str] = set()
        # The ids whose place in the order is not certain.
        self._unordered: set[str] = set()
        # How many puts there were, in all and when an answer last showed what an id has.
        self._puts = 0
        self._shown_at: dict[str, int] = {}
        self._since = _SinceLoad()
        # The ids that were put or looked up since the cache was opened again, and whether nothing
        # was put since.
        self._touched: set[str] = set()
        self._is_as_opened = False
        # A load and a put that contradict each other.
        self._doubted: _DoubtedLoad | None = None

    @property
    def entries(self) -> Entries:
        """What the cache holds, or may hold where that is not certain."""
        return tuple(self._held.values())

    @property
    def doubted(self) -> tuple[str, ...]:
        """The ids of which only a lookup tells whether the last load or a put was wrong."""
        return () if self._doubted is None else tuple(self._doubted.expected)

    def begin_with(self, entries: Entries) -> None:
        """Take it for known what the cache holds, and judge what comes."""
        self._adopt({entry.evidence_id: entry for entry in entries}, ())

    def put(self, event: Event, entry: EvidenceOutcomeCacheEntry) -> None:
        """Follow what a put may have stored."""
        self.settle()
        evidence_id = entry.evidence_id
        self._touched.add(evidence_id)
        self._is_as_opened = False
        if event.answer == OK:
            self._since.put = True
            self._since.put_over = self._since.put_over or bool(self._held)
            self._puts += 1
            self._shown_at.pop(evidence_id, None)
            self._hold(evidence_id, entry)
            self._unordered.discard(evidence_id)
            return
        if event.answer == REFUSED:
            self._check_refusal(event, evidence_id)
        self._since.refused = True
        self._unordered.add(evidence_id)
        before = self._options_of(evidence_id)
        if before and entry not in before:
            before = [*before, entry]
        # Too many to tell apart: whatever comes is taken as it is.
        self._unsure[evidence_id] = before if len(before) <= _OPTIONS_MAX else []

    def _check_refusal(self, event: Event, evidence_id: str) -> None:
        self.findings.check_text(event.message)
        if not evidence_id and not self._takes_the_id(evidence_id):
            self.findings.blame(
                "CACHE-01",
                lambda: "accepted: the empty id is a legal one",
                lambda: f"refused: {event.message or ''}",
            )

    def _hold(self, evidence_id: str, found: Found) -> None:
        """Take it for certain what an id has; an entry goes to the end."""
        self._unsure.pop(evidence_id, None)
        self._held.pop(evidence_id, None)
        self._unordered.add(evidence_id)
        if found is None:
            self._absent.add(evidence_id)
        else:
            self._held[evidence_id] = found

    def _options_of(self, evidence_id: str) -> list[Found]:
        """Return what an id may have; nothing where nobody knows."""
        if evidence_id in self._unsure:
            return self._unsure[evidence_id]
        held = self._held.get(evidence_id)
        is_certain = held is not None or self._known or evidence_id in self._absent
        return [held] if is_certain else []

    def get(self, event: Event, evidence_id: str) -> None:
        """Judge one lookup."""
        if event.answer != OK:
            return
        found: Found = event.result
        is_other = found is not None and found.evidence_id != evidence_id
        options = self._options_of(evidence_id)
        is_right = found in options or not (options or is_other)
        if self._doubted is not None and evidence_id in self._doubted.expected:
            self._judge_doubted(self._doubted, evidence_id, found)
            is_right = not is_other
        elif options or is_other:
            self.findings.check(
                self._blamed(evidence_id, found, options or [None]),
                is_right,
                lambda: " or ".join(map(found_text, options)) or "nothing, or an entry of that id",
                lambda: found_instead_text(found, options),
            )
        self._touched.add(evidence_id)
        self._shown_at[evidence_id] = self._puts
        if not is_right:
            # After a wrong answer the next load says what there is.
            self._unsure[evidence_id] = []
        elif options != [found] or evidence_id in self._unsure:
            self._hold(evidence_id, found)

    def _blamed(self, evidence_id: str, found: Found, options: list[Found]) -> str:
        if found is not None and found.evidence_id != evidence_id:
            return "CACHE-01"
        if self._unsure.get(evidence_id):
            return "CACHE-07"
        is_as_opened = self._since.reopened or self._is_as_opened
        is_nothing = found is None and options == [None]
        if is_as_opened and evidence_id not in self._touched and not is_nothing:
            # Only reopening can have changed it, and there was something to change.
            return "CACHE-08"
        if self._is_harmed(evidence_id) and found not in options:
            return "CACHE-03"
        return blame_for_get(evidence_id, found, options[0])

    def _is_harmed(self, evidence_id: str) -> bool:
        """Say whether an entry was there before something else was put."""
        return evidence_id in self._held and self._shown_at.get(evidence_id, math.inf) < self._puts

    def _judge_doubted(self, load: _DoubtedLoad, evidence_id: str, found: Found) -> None:
        """Judge by a lookup whether a put was wrong; if not, the load was."""
        expected = load.expected.pop(evidence_id)
        if found == expected:
            # Others may be harmed, which says more than that the load hides this one.
            load.hides = True
            return
        # What one lookup bears out is believed of the others.
        load.expected.clear()
        if evidence_id in load.harmed:
            self._blame("CACHE-03", load.difference)
        else:
            self.findings.blame(
                blame_for_get(evidence_id, found, expected),
                lambda: found_text(expected),
                lambda: found_instead_text(found, [expected]),
            )

    def settle(self) -> None:
        """Blame the load that no lookup has borne out (CACHE-06)."""
        load, self._doubted = self._doubted, None
        if load is not None and (load.hides or load.expected):
            self._blame("CACHE-06", load.difference)

    def _blame(self, requirement_id: str, load: _Difference) -> None:
        self.findings.blame(requirement_id, load.expected, load.actual, at=load.place)

    def load(self, event: Event) -> bool:
        """Judge the whole cache, which tells what every id has; return whether it is as it was put.

        The order is no matter of that.
        """
        self.settle()
        if event.answer != OK:
            return False
        loaded: Entries = event.result
        given = {entry.evidence_id: entry for entry in loaded}
        counts = Counter(entry.evidence_id for entry in loaded)
        twice = [each for each, count in counts.items() if count > 1]
        # What storage held twice before is its own affair until the id is put (CACHE-05).
        unknown = [each for each in twice if not self._options_of(each)]
        blamed = self._blamed_for_load(given, twice)
        if len(unknown) < len(twice):
            blamed = {twice[0]: "CACHE-03", **blamed}
        if blamed:
            self._blame_load(loaded, given, blamed)
        else:
            for requirement_id in self._put_to_the_test():
                self.findings.hold(requirement_id)
            self._check_order(loaded)
        self._adopt(given, [*twice, *self.doubted])
        return not blamed

    def _blamed_for_load(
        self, given: Mapping[str, EvidenceOutcomeCacheEntry], twice: Collection[str]
    ) -> dict[str, str]:
        """Return each id that a load shows wrongly, with the requirement that this breaks.

        Where either the load or a put can be wrong there is no requirement yet.
        """
        blamed = {}
        for evidence_id in {**self._held, **self._unsure, **given}:
            options = self._options_of(evidence_id)
            if options and given.get(evidence_id) not in options and evidence_id not in twice:
                blamed[evidence_id] = self._blamed_for_loaded(evidence_id)
        return blamed

    def _blamed_for_loaded(self, evidence_id: str) -> str:
        if evidence_id in self._unsure:
            return "CACHE-07"
        if self._since.reopened and evidence_id not in self._touched:
            return "CACHE-08"
        if self._since.put:
            return ""
        return "CACHE-07" if self._since.refused else "CACHE-06"

    def _blame_load(
        self,
        loaded: Entries,
        given: Mapping[str, EvidenceOutcomeCacheEntry],
        blamed: Mapping[str, str],
    ) -> None:
        possible, count = self._possible(given)
        difference = _Difference(
            lambda: possible_text(possible, count, what="caches"),
            lambda: mismatch_text(loaded, possible[0]),
            self.findings.place,
        )
        doubted = [each for each, requirement_id in blamed.items() if not requirement_id]
        if doubted:
            expected = {each: self._held.get(each) for each in doubted}
            harmed = [each for each in doubted if each not in self._held or self._is_harmed(each)]
            self._doubted = _DoubtedLoad(difference, expected, harmed)
        for requirement_id in dict.fromkeys(filter(None, blamed.values())):
            self.findings.blame(requirement_id, difference.expected, difference.actual)

    def _possible(
        self, given: Mapping[str, EvidenceOutcomeCacheEntry]
    ) -> tuple[list[Entries], int]:
        """Return one cache that this may be, or two if there are no more, and how many there are.

        Of what nobody knows each has what was given.
        """
        unknown = {each: entry for each, entry in given.items() if not self._options_of(each)}
        held = {each: entry for each, entry in self._held.items() if self._options_of(each)}
        first = {**unknown, **held}
        several = {each: options for each, options in self._unsure.items() if len(options) > 1}
        count = math.prod(map(len, several.values()))
        if count != 2:
            return [tuple(first.values())], count
        ((evidence_id, options),) = several.items()
        others = [entry for each, entry in first.items() if each != evidence_id]
        others += [entry for entry in options[1:] if entry is not None]
        return [tuple(first.values()), tuple(others)], count

    def _put_to_the_test(self) -> list[str]:
        """Return what a right load proves."""
        certain = self._held.keys() - self._unsure.keys()
        kept = certain - self._touched if self._since.reopened else set()
        is_empty = self._known and not self._held and not self._unsure
        tested = {
            "CACHE-03": self._since.put_over,
            "CACHE-06": len(certain) > len(kept) or is_empty,
            "CACHE-07": any(self._unsure.values()),
            "CACHE-08": bool(kept),
        }
        return [requirement_id for requirement_id, is_tested in tested.items() if is_tested]

    def _check_order(self, loaded: Entries) -> None:
        is_certain = self._known and not self._unordered and not self._unsure
        if is_certain and len(loaded) > 1:
            self.findings.check(
                "CACHE-04",
                loaded == self.entries,
                lambda: contents_text(self.entries),
                lambda: mismatch_text(loaded, self.entries),
            )

    def _adopt(self, given: dict[str, EvidenceOutcomeCacheEntry], unknown: Collection[str]) -> None:
        """Begin anew from what there is; what some ids have nobody knows."""
        self._held = given
        self._unsure = {evidence_id: [] for evidence_id in unknown}
        self._known = True
        self._absent.clear()
        self._unordered.clear()
        self._shown_at = dict.fromkeys(given, self._puts)
        self._since = _SinceLoad()

    def reopen(self, event: Event) -> None:
        """Expect the same cache again, where that is promised."""
        self.settle()
        if self.reopens:
            self._since.reopened = self._is_as_opened = True
            self._touched.clear()
        else:
            self._adopt({}, ())
            self._known = False
