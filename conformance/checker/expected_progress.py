"""Which promises every model is known to keep, and how short the ways are on which it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from conformance.checker.expected import row_of
from conformance.checker.model import FAITHFUL, HARDENED
from conformance.checker.models.write_ahead import MACHINE_LIKE
from conformance.checker.promises import ProgressSearch

__all__ = ["EXPECTED_PROGRESS", "ExpectedProgress", "progress_differences"]


@dataclass(frozen=True, slots=True)
class ExpectedProgress:
    """One model, variant and bound: its states, and the promises that it does not keep.

    ``broken`` has the length of the way to where it goes on for ever, and that of what is
    repeated there; every other promise is kept.
    """

    model: str
    variant: str
    slots_count: int
    states_count: int
    broken: Mapping[str, tuple[int, int]]


EXPECTED_PROGRESS: Final = (
    ExpectedProgress("effects", FAITHFUL, 1, 357, {"a retry ends": (5, 2)}),
    ExpectedProgress("effects", FAITHFUL, 2, 32_829, {"a retry ends": (5, 2)}),
    ExpectedProgress("effects", HARDENED, 1, 170, {}),
    ExpectedProgress("effects", HARDENED, 2, 4_216, {}),
    ExpectedProgress("effects", HARDENED, 3, 95_716, {}),
    ExpectedProgress("handles", FAITHFUL, 2, 212, {}),
    ExpectedProgress("handles", FAITHFUL, 3, 11_879, {}),
    ExpectedProgress("handles", HARDENED, 2, 60, {}),
    ExpectedProgress("handles", HARDENED, 3, 432, {}),
    ExpectedProgress("handles", "compare-and-swap", 2, 92, {}),
    ExpectedProgress("handles", "compare-and-swap", 3, 1_718, {}),
    ExpectedProgress("handles", "single-append", 2, 36, {}),
    ExpectedProgress("handles", "single-append", 3, 216, {}),
    ExpectedProgress("write-ahead", FAITHFUL, 1, 32_824, {}),
    ExpectedProgress("write-ahead", MACHINE_LIKE, 1, 6_270, {}),
    ExpectedProgress("write-ahead", HARDENED, 1, 264, {}),
    ExpectedProgress("write-ahead", HARDENED, 2, 36_306, {}),
)
"""The table of known results; what the specification itself does not keep is among them."""


def progress_differences(search: ProgressSearch) -> Iterator[str]:
    """Yield what differs between a search and the table, one sentence each."""
    title = f"{search.model} ({search.variant}), {search.slots_count} slots"
    row = row_of(EXPECTED_PROGRESS, search)
    if row is None:
        yield f"{title}: the table of known promises has no row for it"
        return
    yield from (f"{title}: {text}" for text in _differences(row, search))


def _differences(expected: ExpectedProgress, search: ProgressSearch) -> Iterator[str]:
    if search.stopped_because is not None:
        yield f"not searched to the end: {search.stopped_because}"
        return
    if search.states_count != expected.states_count:
        yield f"{search.states_count} states instead of {expected.states_count}"
    found = {
        each.name: (len(each.lasso.stem.steps), len(each.lasso.cycle))
        for each in search.promises
        if each.lasso is not None
    }
    for name in sorted(expected.broken.keys() | found.keys()):
        if expected.broken.get(name) != found.get(name):
            yield f"{name}: {_text(found.get(name))} instead of {_text(expected.broken.get(name))}"


def _text(lengths: tuple[int, int] | None) -> str:
    if lengths is None:
        return "kept"
    return f"not kept, in {lengths[0]} steps and {lengths[1]} again and again"
