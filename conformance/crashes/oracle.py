"""What an image may show: everything acknowledged, and at most what was under way, whole.

Pure: deeds and answers in, at most one difference out. A log that lost something, one that does not
open and one that takes nothing more break different requirements, since people mend them
differently.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from typing import Any

from conformance.crashes.conduct import Component, Deed, Problem
from conformance.crashes.opener import Shown, further
from conformance.rules.narration import difference_text, entries_text

__all__ = [
    "Aspect",
    "Difference",
    "Expected",
    "Finding",
    "Stored",
    "difference_at_rest",
    "differences",
    "expected_after",
    "stored",
]

Entries = tuple[Any, ...]


class Aspect(enum.Enum):
    """Which promise a difference breaks."""

    CONTENTS = "contents"
    """What was acknowledged is not there, or something else is."""

    RECOVERY = "recovery"
    """Opening answers an error, or a second opening shows something else than the first."""

    PROGRESS = "progress"
    """Nothing more can be stored, or it is not there afterwards."""

    SHOWN = "shown"
    """What an opening has shown, acknowledged or not, is not what a later one shows."""


@dataclass(frozen=True)
class Stored:
    """An entry that has to be there, or may be there as it was never acknowledged."""

    entry: Any
    is_certain: bool = True


@dataclass(frozen=True)
class Expected:
    """Everything that may be stored, in the order in which it was asked for."""

    component: Component
    items: tuple[Stored, ...]

    @classmethod
    def exactly(cls, component: Component, entries: Entries) -> Expected:
        """Return that these entries and no others are there."""
        return cls(component, tuple([Stored(entry) for entry in entries]))

    @property
    def acknowledged(self) -> Entries:
        """What has to be there if nothing else is."""
        found: Entries = ()
        for item in self.items:
            if item.is_certain:
                found = stored(self.component, found, item.entry)
        return found

    @property
    def at_most(self) -> Entries:
        """What is there if everything is."""
        found: Entries = ()
        for item in self.items:
            found = stored(self.component, found, item.entry)
        return found

    @property
    def text(self) -> str:
        """What may be shown, in words."""
        text = f"what was acknowledged: {entries_text(self.acknowledged)}"
        doubtful = [item.entry for item in self.items if not item.is_certain]
        if not doubtful:
            return text
        return f"{text}, with or without what was under way: {entries_text(doubtful)}"

    def allows(self, found: Entries) -> bool:
        """Say whether this may be shown; the order of a cache is another requirement."""
        if self.component is Component.CACHE:
            return self._allows_in_cache(found)
        certain = self._certain_at_first
        if found[: len(certain)] != certain:
            return False
        # How many entries of what was found the items so far can stand for.
        matched = {len(certain)}
        for item in self.items[len(certain) :]:
            longer = {count + 1 for count in matched if found[count : count + 1] == (item.entry,)}
            matched = longer if item.is_certain else matched | longer
        return len(found) in matched

    @cached_property
    def _certain_at_first(self) -> Entries:
        """The entries before the first that is in doubt, which have to be there as they are."""
        certain = itertools.takewhile(lambda item: item.is_certain, self.items)
        return tuple([item.entry for item in certain])

    def _allows_in_cache(self, found: Entries) -> bool:
        possible: dict[str, list[Any]] = {}
        for item in self.items:
            before = [] if item.is_certain else possible.get(item.entry.evidence_id, [None])
            possible[item.entry.evidence_id] = [*before, item.entry]
        by_id = {each.evidence_id: each for each in found}
        return (
            len(by_id) == len(found)
            and by_id.keys() <= possible.keys()
            and all(by_id.get(key) in values for key, values in possible.items())
        )


@dataclass(frozen=True)
class Finding:
    """One question that was asked after a fault, and whether its answer is a right one."""

    holds: bool
    expected: str = ""
    actual: str = ""


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
    begun = [each for each in deeds[: answered + 1] if each.entry is not None and each.accepted]
    count = sum(each.entry is not None and each.accepted for each in deeds[:answered])
    items = [Stored(each.entry, index < count) for index, each in enumerate(begun)]
    return Expected(component, tuple(items))


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
    if not expected.allows(first):
        actual = difference_text(first, _nearest(first, expected))
        return {Aspect.CONTENTS: Difference(expected.text, actual)}
    return _differences_after(expected.component, first, shown)


def _differences_after(
    component: Component, first: Entries, shown: Shown
) -> dict[Aspect, Difference]:
    """Return the differences that come after a first opening in which all was well."""
    for view in shown.views:
        if view.found != view.expected:
            question = f"{view.question}, behind a load of {entries_text(first)}"
            return {
                Aspect.CONTENTS: Difference(
                    f"{question}: {_view_text(view.expected)}", _view_text(view.found)
                )
            }
    more = further(component, first)
    if shown.added is not None:
        text = f"what is stored next is accepted: {entries_text(more)}"
        return {Aspect.PROGRESS: Difference(text, shown.added.text)}
    wanted = reduce(partial(stored, component), more, first)
    text = f"the next opening shows the same and what was stored since: {entries_text(wanted)}"
    if isinstance(shown.second, Problem):
        return {Aspect.RECOVERY: Difference(text, f"opening it again: {shown.second.text}")}
    exactly = Expected.exactly(component, wanted)
    if replace(exactly, items=(*exactly.items, *_kept(shown))).allows(shown.second):
        return {}
    lost = Expected.exactly(component, first).allows(shown.second)
    actual = difference_text(shown.second, wanted)
    return {Aspect.PROGRESS if lost else Aspect.RECOVERY: Difference(text, actual)}


def _view_text(answer: Any) -> str:
    """Return an answer in words: entries, one outcome or none, a word, or a problem."""
    if isinstance(answer, Problem):
        return answer.text
    if isinstance(answer, str):
        return answer
    entries = answer if isinstance(answer, tuple) else (answer,)
    return "nothing" if answer is None else entries_text(entries)


def _kept(shown: Shown) -> tuple[Stored, ...]:
    """Return what a log that keeps what it refuses may have as well."""
    return tuple([Stored(entry, is_certain=False) for entry in shown.offered])


def difference_at_rest(expected: Expected, shown: Shown) -> Difference | None:
    """Return how what damaged files show is neither an error nor what was acknowledged.

    ``expected`` is exactly that. An error of any kind is one, at opening or at loading; a harness
    that ends or does not answer reports none.
    """
    text = f"an error, or exactly {expected.text}"
    if isinstance(shown.first, Problem):
        return _without_answer(text, shown.first) or _told_once(expected, shown.again, text)
    if not expected.allows(shown.first):
        return Difference(text, difference_text(shown.first, expected.acknowledged))
    for view in shown.views:
        if view.found == view.expected or _is_told(view.found):
            continue
        wanted = f"{text}; {view.question}: {_view_text(view.expected)}"
        return Difference(wanted, f"{view.question}: {_view_text(view.found)}")
    if isinstance(shown.second, Problem):
        return _without_answer(text, shown.second)
    # What was refused may be stored for all that; that it is refused at all is no harm here.
    more = [
        Stored(entry, is_certain=shown.added is None)
        for entry in further(expected.component, shown.first)
    ]
    after = Expected(expected.component, (*expected.items, *more, *_kept(shown)))
    if after.allows(shown.second):
        return None
    actual = difference_text(shown.second, after.at_most)
    return Difference(f"{text}; and at the next opening as well, with one more entry", actual)


def _told_once(expected: Expected, again: Entries | Problem | None, text: str) -> Difference | None:
    """Return how the opening after one that told an error shows something else than it has to."""
    if again is None:
        return None
    text = f"{text}; and so once more"
    if isinstance(again, Problem):
        return _without_answer(text, again)
    if expected.allows(again):
        return None
    return Difference(text, f"an error at first, and {difference_text(again, expected.at_most)}")


def _is_told(answer: Any) -> bool:
    return isinstance(answer, Problem) and answer.is_answer


def _without_answer(expected: str, problem: Problem) -> Difference | None:
    return None if problem.is_answer else Difference(expected, problem.text)


def _nearest(found: Entries, expected: Expected) -> Entries:
    """Return what is compared with: with what was under way where as much is there."""
    longest = expected.at_most
    return longest if len(found) >= len(longest) else expected.acknowledged
