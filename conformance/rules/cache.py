"""What the answers of a cache say of its requirements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from conformance.rules.events import OK, REFUSED, Event
from conformance.rules.findings import Findings, Place
from conformance.rules.narration import cache_entry_text, entries_text
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["CacheJudge"]

Found: TypeAlias = EvidenceOutcomeCacheEntry | None

_OPTIONS_MAX: Final = 64


@dataclass(frozen=True)
class _Doubted:
    """What a load showed of one id, what it should have, and where."""

    options: list[Found]
    found: Found
    place: Place


class CacheJudge:
    """One cache, seen through its answers.

    Of each id every entry is kept that it may have. An id without a row has
    nothing, or nobody knows what.
    """

    def __init__(self, findings: Findings, *, begins_empty: bool, reopens: bool) -> None:
        self.findings = findings
        self.reopens = reopens
        self._reopened = self._put_since = False
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
            self._put_since = True
            self._options[evidence_id] = [entry]
            if self._order is not None:
                self._order.pop(evidence_id, None)
                self._order[evidence_id] = None
            return
        if event.answer == REFUSED:
            self.findings.check_text(event.message)
        self._order = None
        before = self._options.get(evidence_id, [None] if self._known else [])
        if before and entry not in before:
            before = [*before, entry]
        # Too many to tell apart: whatever comes is taken as it is.
        self._options[evidence_id] = before if len(before) <= _OPTIONS_MAX else []

    def get(self, event: Event, evidence_id: str) -> None:
        """Judge one lookup."""
        if event.answer != OK:
            return
        found: Found = event.result
        doubted = self._doubted.pop(evidence_id, None)
        if doubted is not None:
            # The load showed something else; the lookup tells which of the two is wrong.
            harmed = found not in doubted.options
            self._blame(doubted, "CACHE-03" if harmed else "CACHE-06")
            self._options[evidence_id] = [found]
            return
        options = self._options.get(evidence_id, [None] if self._known else [])
        if options:
            self.findings.check(
                self._blamed(evidence_id, found, options),
                found in options,
                lambda: " or ".join(map(_found_text, options)),
                lambda: _found_text(found),
            )
        # After a wrong answer the next load says what there is.
        self._options[evidence_id] = [found] if found in options or not options else []

    def _blamed(self, evidence_id: str, found: Found, options: list[Found]) -> str:
        if found is not None and found.evidence_id != evidence_id:
            return "CACHE-01"
        if len(options) > 1:
            return "CACHE-07"
        if self._reopened:
            return "CACHE-08"
        return "CACHE-01" if options == [None] else "CACHE-02"

    def load(self, event: Event) -> None:
        """Judge the whole cache, which tells what every id has."""
        self.settle()
        if event.answer != OK:
            return
        loaded: tuple[EvidenceOutcomeCacheEntry, ...] = event.result
        given = {entry.evidence_id: entry for entry in loaded}
        self.findings.check(
            "CACHE-03",
            len(given) == len(loaded),
            lambda: "every id once",
            lambda: entries_text(loaded),
        )
        for evidence_id in {**self._options, **given}:
            self._check_loaded(evidence_id, given.get(evidence_id))
        if not self._options and not given and self._known:
            self.findings.check("CACHE-06", True, str, str)
        self._check_order(loaded)
        self._options = {evidence_id: [entry] for evidence_id, entry in given.items()}
        self._order = dict.fromkeys(given)
        self._known, self._reopened, self._put_since = True, False, False

    def settle(self) -> None:
        """Blame the loads that no lookup has contradicted (CACHE-06)."""
        for doubted in self._doubted.values():
            self._blame(doubted, "CACHE-06")
        self._doubted.clear()

    def _blame(self, doubted: _Doubted, requirement_id: str) -> None:
        self.findings.check(
            requirement_id,
            False,
            lambda: " or ".join(map(_found_text, doubted.options)),
            lambda: _found_text(doubted.found),
            at=doubted.place,
        )

    def _check_loaded(self, evidence_id: str, found: Found) -> None:
        options = self._options.get(evidence_id, [None] if self._known else [])
        if not options:
            return
        requirement_id = "CACHE-06"
        if len(options) > 1:
            requirement_id = "CACHE-07"
        elif self._reopened:
            requirement_id = "CACHE-08"
        elif self._put_since and found not in options:
            self._doubted[evidence_id] = _Doubted(options, found, self.findings.place)
            return
        self.findings.check(
            requirement_id,
            found in options,
            lambda: " or ".join(map(_found_text, options)),
            lambda: _found_text(found),
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
            return
        self._options, self._known, self._order = {}, False, None


def _found_text(found: Found) -> str:
    return "nothing" if found is None else cache_entry_text(found)
