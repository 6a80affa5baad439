"""What every model is known to show, as data: whoever changes a rule sees here what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from conformance.checker.model import FAITHFUL, HARDENED
from conformance.checker.models.recovery import NO_CHECKPOINT
from conformance.checker.models.write_ahead import MACHINE_LIKE
from conformance.checker.results import Judgement, SearchResult

__all__ = ["EXPECTED", "ExpectedResult", "differences", "row_of"]


@dataclass(frozen=True, slots=True)
class ExpectedResult:
    """One model, variant and bound: its states, transitions and depth, and what it breaks.

    ``violated`` has the length of the shortest way to each violation; every
    other property holds.
    """

    model: str
    variant: str
    slots_count: int
    states_count: int
    transitions_count: int
    depth: int
    violated: Mapping[str, int]


EXPECTED: Final = (
    ExpectedResult(
        "recovery",
        FAITHFUL,
        1,
        14_756,
        236_888,
        7,
        {"clause 1": 2, "clause 2": 1, "clause 5": 1, "clause 6": 2, "clause 7": 2, "clause 8": 1},
    ),
    ExpectedResult(
        "recovery",
        NO_CHECKPOINT,
        1,
        1_082,
        8_787,
        6,
        {"clause 2": 1, "clause 5": 1, "clause 7": 2, "clause 8": 1},
    ),
    ExpectedResult(
        "recovery",
        NO_CHECKPOINT,
        2,
        878_043,
        9_507_534,
        11,
        {
            "clause 2": 1,
            "clause 5": 1,
            "clause 7": 2,
            "clause 8": 1,
            "one out of order blocks no other": 2,
        },
    ),
    ExpectedResult("recovery", HARDENED, 1, 1_756, 19_158, 6, {}),
    ExpectedResult("recovery", HARDENED, 2, 2_312_652, 33_641_448, 11, {}),
    ExpectedResult(
        "effects",
        FAITHFUL,
        2,
        32_829,
        158_807,
        21,
        {
            "blocked is asked again": 6,
            "at most once": 6,
            "own response": 6,
            "a sync reaches the log": 6,
            "a sync is served": 2,
            "a guard is asked": 2,
            "one outcome for all": 8,
        },
    ),
    ExpectedResult("effects", HARDENED, 2, 4_216, 19_106, 18, {}),
    ExpectedResult("handles", FAITHFUL, 2, 212, 452, 10, {"acknowledged stays": 4}),
    ExpectedResult("handles", FAITHFUL, 3, 11_879, 40_938, 15, {"acknowledged stays": 4}),
    ExpectedResult("handles", HARDENED, 2, 60, 120, 10, {}),
    ExpectedResult("handles", HARDENED, 3, 432, 1_188, 15, {}),
    ExpectedResult("handles", "compare-and-swap", 2, 92, 224, 10, {}),
    ExpectedResult("handles", "compare-and-swap", 3, 1_718, 6_636, 15, {}),
    ExpectedResult("handles", "single-append", 2, 36, 60, 6, {}),
    ExpectedResult("handles", "single-append", 3, 216, 540, 9, {}),
    ExpectedResult(
        "storage",
        FAITHFUL,
        1,
        180,
        243,
        8,
        {
            "opens after kill": 2,
            "keeps after kill": 5,
            "opens after power, ordered": 3,
            "keeps after power, ordered": 4,
            "opens after power, ext4": 3,
            "keeps after power, ext4": 4,
            "opens after power, posix": 3,
            "keeps after power, posix": 4,
        },
    ),
    ExpectedResult(
        "storage",
        "overwrite-sync",
        1,
        171,
        237,
        10,
        {
            "opens after kill": 2,
            "keeps after kill": 6,
            "opens after power, ordered": 3,
            "keeps after power, ordered": 6,
            "opens after power, ext4": 3,
            "keeps after power, ext4": 6,
            "opens after power, posix": 3,
            "keeps after power, posix": 6,
        },
    ),
    ExpectedResult(
        "storage",
        "rename",
        1,
        588,
        953,
        10,
        {
            "keeps after power, ordered": 4,
            "keeps after power, ext4": 4,
            "opens after power, posix": 4,
            "keeps after power, posix": 4,
        },
    ),
    ExpectedResult(
        "storage",
        "rename-sync",
        1,
        180,
        213,
        10,
        {
            "keeps after power, ordered": 5,
            "keeps after power, ext4": 5,
            "keeps after power, posix": 5,
        },
    ),
    ExpectedResult("storage", "rename-sync-folder", 1, 135, 144, 11, {}),
    ExpectedResult(
        "storage",
        "append",
        1,
        99,
        108,
        6,
        {
            "keeps after power, ordered": 3,
            "keeps after power, ext4": 3,
            "keeps after power, posix": 3,
        },
    ),
    ExpectedResult("storage", HARDENED, 1, 81, 84, 7, {}),
    ExpectedResult(
        "visibility",
        FAITHFUL,
        1,
        32,
        50,
        4,
        {
            "a bare output is accused": 1,
            "a gate without its sync is accused": 2,
            "the honest pass the evidence monitor": 1,
        },
    ),
    ExpectedResult("visibility", HARDENED, 1, 32, 50, 4, {}),
    ExpectedResult(
        "write-ahead",
        FAITHFUL,
        1,
        32_824,
        221_263,
        24,
        {
            "once a tick": 2,
            "settled once": 3,
            "own state only": 1,
            "no silent fall": 1,
            "ended stays ended": 4,
            "clause 1": 4,
            "clause 2": 1,
            "clause 5": 1,
            "clause 6": 4,
            "clause 7": 4,
            "clause 8": 4,
        },
    ),
    ExpectedResult(
        "write-ahead",
        MACHINE_LIKE,
        1,
        6_270,
        44_354,
        23,
        {
            "settled once": 5,
            "no silent fall": 4,
            "ended stays ended": 6,
            "clause 1": 5,
            "clause 5": 1,
            "clause 6": 6,
            "clause 7": 8,
            "clause 8": 4,
        },
    ),
    ExpectedResult("write-ahead", HARDENED, 1, 264, 2_077, 12, {}),
    ExpectedResult("write-ahead", HARDENED, 2, 36_306, 461_928, 21, {}),
    ExpectedResult("write-ahead", HARDENED, 3, 5_177_304, 90_964_647, 30, {}),
    ExpectedResult(
        "effects",
        FAITHFUL,
        3,
        2_533_145,
        16_885_043,
        28,
        {
            "blocked is asked again": 6,
            "at most once": 6,
            "own response": 6,
            "a sync reaches the log": 6,
            "a sync is served": 2,
            "a guard is asked": 2,
            "one outcome for all": 8,
        },
    ),
    ExpectedResult("effects", HARDENED, 3, 95_716, 600_178, 22, {}),
)
"""The table of known results; the specification's own faults are among them."""


class _Named(Protocol):
    """What a row of a table and a result are told by."""

    @property
    def model(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def slots_count(self) -> int: ...


RowType = TypeVar("RowType", bound=_Named)


def row_of(rows: Iterable[RowType], found: _Named) -> RowType | None:
    """Return the row of a table that is of the model, variant and bound of a result."""
    asked = (found.model, found.variant, found.slots_count)
    same = (each for each in rows if (each.model, each.variant, each.slots_count) == asked)
    return next(same, None)


def differences(result: SearchResult) -> Iterator[str]:
    """Yield what differs between a result and the table, one sentence each."""
    title = f"{result.model} ({result.variant}), {result.slots_count} slots"
    row = row_of(EXPECTED, result)
    if row is None:
        yield f"{title}: the table of known results has no row for it"
        return
    yield from (f"{title}: {text}" for text in _differences(row, result))


def _differences(expected: ExpectedResult, result: SearchResult) -> Iterator[str]:
    if result.stopped_because is not None:
        yield f"not searched to the end: {result.stopped_because}"
        return
    rows = (
        ("states", expected.states_count, result.states_count),
        ("transitions", expected.transitions_count, result.transitions_count),
        ("depth", expected.depth, result.depth),
    )
    for what, wanted, found in rows:
        if wanted != found:
            yield f"{found} {what} instead of {wanted}"
    found_violations = {
        each.name: len(each.trace.steps)
        for each in result.properties
        if each.judgement is Judgement.VIOLATED and each.trace is not None
    }
    for name in sorted(expected.violated.keys() | found_violations.keys()):
        wanted_steps, found_steps = expected.violated.get(name), found_violations.get(name)
        if wanted_steps != found_steps:
            yield f"{name}: {_text(found_steps)} instead of {_text(wanted_steps)}"


def _text(steps: int | None) -> str:
    return "holds" if steps is None else f"violated in {steps} steps"
