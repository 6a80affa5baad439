"""What an image may show: everything acknowledged, and at most what was under way, whole.

Pure: deeds and answers in, at most one difference out. A log that lost something, one that does not
open and one that takes nothing more break different requirements, since people mend them
differently.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.crashes.conduct import Component, Deed, Problem
from conformance.crashes.opener import FURTHER, Shown
from conformance.rules.narration import cache_entry_text, difference_text, entries_text
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["Aspect", "Difference", "Expected", "differences", "expected_after"]

Entries = tuple[Any, ...]


class Aspect(enum.Enum):
    """Which promise a difference breaks."""

    CONTENTS = "contents"
    """What was acknowledged is not there, or something else is."""

    RECOVERY = "recovery"
    """Opening answers an error, or a second opening shows something else than the first."""

    PROGRESS = "progress"
    """Nothing more can be stored, or it is not there afterwards."""


@dataclass(frozen=True)
class Expected:
    """What was acknowledged, and what was under way, if anything was."""

    component: Component
    acknowledged: Entries
    under_way: Any = None

    @property
    def allowed(self) -> tuple[Entries, ...]:
        """Everything that an opening may show."""
        if self.under_way is None:
            return (self.acknowledged,)
        return (self.acknowledged, stored(self.component, self.acknowledged, self.under_way))

    @property
    def text(self) -> str:
        """What may be shown, in words."""
        text = f"what was acknowledged: {entries_text(self.acknowledged)}"
        if self.under_way is None:
            return text
        return f"{text}, with or without what was under way: {entries_text((self.under_way,))}"


@dataclass(frozen=True)
class Difference:
    """A difference between what is allowed and what was shown, in words."""

    expected: str
    actual: str


def stored(component: Component, entries: Entries, entry: Any) -> Entries:
    """Return what is stored after one more entry."""
    if component is Component.LOG:
        return (*entries, entry)
    kept = [each for each in entries if each.evidence_id != entry.evidence_id]
    return (*kept, entry)


def expected_after(component: Component, deeds: Sequence[Deed], answered: int) -> Expected:
    """Return what may be shown after a crash when so many deeds were answered.

    What is refused in the end is not under way: it must not be there.
    """
    entries: Entries = ()
    for deed in deeds[:answered]:
        if deed.entry is not None and deed.accepted:
            entries = stored(component, entries, deed.entry)
    if answered < len(deeds) and deeds[answered].entry is not None and deeds[answered].accepted:
        return Expected(component, entries, deeds[answered].entry)
    return Expected(component, entries)


def differences(expected: Expected, shown: Shown) -> dict[Aspect, Difference]:
    """Return the differences by the promises that they break; none where all is well.

    What does not open does not hold what was acknowledged either.
    """
    first = shown.first
    if isinstance(first, Problem):
        found = {Aspect.RECOVERY: Difference(expected.text, f"opening it: {first.text}")}
        if expected.acknowledged:
            text = f"nothing, since it does not open: {first.text}"
            found[Aspect.CONTENTS] = Difference(expected.text, text)
        return found
    if not any(_same(expected.component, first, each) for each in expected.allowed):
        actual = difference_text(first, _nearest(first, expected))
        return {Aspect.CONTENTS: Difference(expected.text, actual)}
    return _differences_after(expected.component, first, shown)


def _differences_after(
    component: Component, first: Entries, shown: Shown
) -> dict[Aspect, Difference]:
    """Return the differences that come after a first opening in which all was well."""
    further = FURTHER[component]
    if shown.added is not None:
        text = f"one more entry is accepted: {entries_text((further,))}"
        return {Aspect.PROGRESS: Difference(text, shown.added.text)}
    wanted = stored(component, first, further)
    text = f"the next opening shows the same and the entry added since: {entries_text(wanted)}"
    if isinstance(shown.second, Problem):
        return {Aspect.RECOVERY: Difference(text, f"opening it again: {shown.second.text}")}
    if _same(component, shown.second, wanted):
        return {}
    lost = _same(component, shown.second, first)
    actual = difference_text(shown.second, wanted)
    return {Aspect.PROGRESS if lost else Aspect.RECOVERY: Difference(text, actual)}


def _same(component: Component, one: Entries, other: Entries) -> bool:
    return _comparable(component, one) == _comparable(component, other)


def _comparable(component: Component, entries: Entries) -> Entries:
    """Return entries so that equal means right: the order of a cache is another requirement."""
    if component is Component.LOG:
        return entries
    return tuple(sorted(entries, key=_key))


def _key(entry: Any) -> str:
    return cache_entry_text(entry) if isinstance(entry, EvidenceOutcomeCacheEntry) else repr(entry)


def _nearest(found: Entries, expected: Expected) -> Entries:
    """Return what is compared with: with what was under way where as much is there."""
    longest = expected.allowed[-1]
    return longest if len(found) >= len(longest) else expected.acknowledged
