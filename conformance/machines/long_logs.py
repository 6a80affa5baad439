"""Long histories of a log with few loads: what only many entries bring to light.

Some logs keep the last 256 entries, lose one of every hundred, answer by pages, or go on serving
what they read once. A load after every append costs ever more and makes a stale copy fresh again,
so these histories load at a few sizes and read suffixes without loading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import Act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptSuite
from conformance.machines.levels_of_many import OPERATIONS, levels_of_many, levels_of_very_many
from conformance.machines.log_sizes import blocks, lengths
from conformance.machines.scripted_log import (
    LOAD,
    REOPEN,
    SCRIPTED_LOG_IDS,
    ScriptedLog,
    append_act,
    read_act,
)
from conformance.machines.scripted_numbers import Numbers
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["LONG_LOG_SUITE", "log_groups", "plain_appends"]

MANY: Final = "many entries appended and then loaded"
BETWEEN: Final = "suffixes read between many appends, with no load"
SIZES: Final = "log loaded and reopened at many sizes"

_LEVELS: Final = tuple(AgreementLevel)
_KINDS: Final = tuple(AgreementEvidenceKind)
_OUTCOMES: Final = tuple(FinalizationOutcome)
_REREAD: Final = 16
_SIZES: Final = (1, 2, 15, 16, 17, 30, 31, 50, 51, 64, 65, 100, 101, 128, 129, 255, 256, 257, 300)
_LARGE_SIZES: Final = (512, 513, 997, 998, 1_000, 1_001, 1_024, 1_025, 1_500, 2_000)
# A history with loads at many sizes is that long and no longer.
_SIZES_MAX: Final = 1_040
_QUICK: Final = 300
# Cheap as it is, it goes beyond the round numbers at which stores turn a page.
_MANY_MIN: Final = 1_040
_QUICK_SIZES_MAX: Final = 131
_MORE_THAN_A_BYTE: Final = 260
# More than a power of two that is beyond what other histories have.
_FULL: Final = 4_200
_BLOCKS: Final = (
    8,
    10,
    16,
    20,
    25,
    32,
    50,
    64,
    100,
    128,
    200,
    250,
    256,
    300,
    500,
    512,
    1_000,
    1_024,
)

_TWICE: Final = (LOAD, LOAD)


_LATE: Final = 1_000_000_000
_SOON: Final = append_act(VisibilityGateCrossing("soon", "c", AgreementLevel.NONE, 0))
_FIRST: Final = append_act(VisibilityGateCrossing("late", "c", AgreementLevel.NONE, _LATE))


class _Entries:
    """A stream of legal entries of all kinds, drawn from a seed.

    Half of them are gates and half belong to one operation, so that limits for each kind and each
    operation are met as well.
    """

    def __init__(self, seed: int) -> None:
        self._numbers = Numbers(seed)
        self._ranks: dict[str, int] = {}
        self._candidates = 0
        self.tick = 0

    def next(self) -> AgreementWalEntry:
        """Return the next entry; its tick is mostly a little later, sometimes equal or earlier."""
        below = self._numbers.below
        self.tick = max(0, self.tick + (1, 1, 1, 2, 0, -1)[below(6)])
        operation_id = "main" if below(2) else f"o{below(12)}"
        match below(6):
            case 0:
                return self._escalation(operation_id)
            case 1:
                return self._evidence(operation_id)
            case 2:
                proof = None if below(2) else f"p{below(50)}"
                handle = None if below(2) else f"h{below(50)}"
                outcome = _OUTCOMES[below(len(_OUTCOMES))]
                return Finalization(operation_id, outcome, proof, handle, self.tick)
            case _:
                level = _LEVELS[below(4)]
                # A candidate of its own for each: some stores number the texts that they have seen.
                self._candidates += 1
                candidate_id = f"c{self._candidates}"
                return VisibilityGateCrossing(operation_id, candidate_id, level, self.tick)

    def _escalation(self, operation_id: str) -> AgreementWalEntry:
        below = self._numbers.below
        last = self._ranks.get(operation_id, 0)
        new = min(3, last + (below(8) == 0))
        self._ranks[operation_id] = new
        evidence_id = None if below(2) else f"e{below(50)}"
        return Escalation(operation_id, _LEVELS[last], _LEVELS[new], evidence_id, self.tick)

    def _evidence(self, operation_id: str) -> AgreementWalEntry:
        below = self._numbers.below
        evidence = AgreementEvidence(
            f"e{below(200)}",
            operation_id,
            None if below(3) == 0 else below(5),
            None if below(3) == 0 else f"w{below(5)}",
            _LEVELS[below(4)],
            _KINDS[below(len(_KINDS))],
            f"r{below(9)}",
            bool(below(2)),
        )
        return EvidenceProduced(evidence, self.tick)


def _many(count: int, seed: int, mode: RejectionMode, *, reopens: bool) -> Script:
    """Append, and only then look: by a suffix first, then by a load.

    The first entry is later than all others: a suffix that is searched for from the end of the log
    has to go on behind any number of early entries. The first operations are finalized, and nobody
    may lower them behind any number of others.
    """
    entries = _Entries(seed)
    acts = [_FIRST, _SOON, *_raised("early", 2)]
    for index in range(count):
        if index % 3 == 0:
            # An operation of its own now and then: more of them than a byte can number.
            acts += _raised(f"once-{index}", 1)
            continue
        entry = entries.next()
        # And now and then an entry comes twice, which an escalation may not.
        comes_twice = index % 20 == 7 and not isinstance(entry, Escalation)
        acts += [append_act(entry)] * (2 if comes_twice else 1)
    # Long after the first of each, an equal entry is another one still.
    acts += [_FIRST, _SOON]
    middle = entries.tick // 2
    names = ("early-0", "once-0-0", f"once-{count // 2 // 3 * 3}-0", "early-1")
    lowering = [_lowered(name) for name in names] if mode is RejectionMode.CLEAN_REJECT else []
    ending = (
        *lowering,
        read_act(0),
        read_act(middle),
        read_act(_LATE - 1),
        *_TWICE,
        read_act(entries.tick - 1),
        read_act(0),
        *((REOPEN, read_act(0), LOAD) if reopens else ()),
        # What is refused may stay there, so it is the last that is tried.
        *([] if lowering else [_lowered("early-0")]),
    )
    return Script("many appends", MANY, tuple(acts), ending)


def _between(count: int, seed: int) -> Script:
    """Read suffixes while the log grows: some anew, some at a tick that was read before."""
    entries = _Entries(seed + 1)
    every = max(7, count // 200)
    acts = [_FIRST]
    for index in range(count):
        acts.append(append_act(entries.next()))
        if index % every == every - 1:
            reread = 0 if index // every % 2 else _REREAD
            acts += [read_act(reread), read_act(_LATE - 1), read_act(entries.tick - 2)]
    ending = (read_act(0), read_act(_REREAD), read_act(U64_MAX), *_TWICE)
    return Script("suffixes between appends", BETWEEN, tuple(acts), ending)


def _rising(count: int) -> Iterator[Script]:
    """Append plain entries, no two alike and each later than the one before.

    A log that declines ticks out of order or entries that it has, which WAL-13 allows, takes these.
    """
    appends = [
        append_act(VisibilityGateCrossing("o", f"c{tick}", AgreementLevel.NONE, tick))
        for tick in range(1, count + 1)
    ]
    ending = (read_act(0), read_act(count // 2), *_TWICE)
    yield Script("many plain appends", MANY, tuple(appends), ending, stands_in=True)
    acts: list[Act] = []
    for tick, append in enumerate(appends, 1):
        acts += [append, *([read_act(0), read_act(tick - 2)] if tick % _REREAD == 0 else ())]
    yield Script("suffixes between plain appends", BETWEEN, tuple(acts), ending, stands_in=True)


def _raised(name: str, count: int) -> list[Act]:
    """Return acts that finalize new operations."""
    none, final = AgreementLevel.NONE, AgreementLevel.FINALIZED
    return [
        append_act(Escalation(f"{name}-{index}", none, final, None, 1)) for index in range(count)
    ]


def _lowered(operation_id: str) -> Act:
    """Return the act that offers to lower an operation that is finalized."""
    return append_act(
        Escalation(operation_id, AgreementLevel.NONE, AgreementLevel.PROVISIONAL, None, 2)
    )


def _equal(count: int) -> Script:
    """Append one entry more often than a byte can count; each time it is another entry."""
    same = append_act(VisibilityGateCrossing("o", "c", AgreementLevel.NONE, 1))
    other = append_act(VisibilityGateCrossing("o", "d", AgreementLevel.NONE, 1))
    acts = (other, *[same] * count, other)
    return Script("many equal entries", MANY, acts, (read_act(0), LOAD), is_spare=True)


def _full(count: int) -> Script:
    """Append very many plain entries: a log that keeps the newest has to have room for all."""
    appends = [
        append_act(VisibilityGateCrossing("o", "c", AgreementLevel.NONE, tick))
        for tick in range(1, count + 1)
    ]
    # What a load has shown is there, and is lost later.
    acts = (*appends[: count // 2], LOAD, *appends[count // 2 :])
    ending = (read_act(0), read_act(count - 2), LOAD)
    return Script("very many entries", MANY, acts, ending, is_spare=True)


def _names(count: int) -> Script:
    """Append entries in which every text and session is its own, for stores that number them.

    Each is later than all before it, so that a read behind any of them can begin at any place: the
    ends of what a store takes for a page or a block are among them.
    """
    acts: list[Act] = []
    for index in range(count):
        tick = 3 * index + 1
        name = f"operation-{index}"
        evidence = AgreementEvidence(
            f"evidence-{index}",
            name,
            index,
            f"witness-{index}",
            AgreementLevel.SOFT_SAFE,
            _KINDS[index % len(_KINDS)],
            f"reference-{index}",
            index % 2 == 0,
        )
        proof, handle = f"proof-{index}", f"handle-{index}"
        outcome = _OUTCOMES[index % len(_OUTCOMES)]
        acts += [
            append_act(EvidenceProduced(evidence, tick)),
            append_act(Finalization(name, outcome, proof, handle, tick + 1)),
            append_act(Escalation(name, _LEVELS[0], _LEVELS[1], f"evidence-{index}", tick + 2)),
        ]
    # The last block of each size that is full, as the answers are short there.
    edges = sorted({len(acts) // size * size for size in _BLOCKS if size <= len(acts)})
    reads = [read_act(tick) for edge in edges for tick in (edge - 1, edge)]
    return Script("many names", MANY, tuple(acts), (*reads, read_act(0), LOAD), is_spare=True)


def _at_sizes(count: int, seed: int, mode: RejectionMode, *, reopens: bool) -> Script:
    """Load at the sizes at which stores change pages, and read what came after the last load."""
    entries = _Entries(seed + 2)
    sizes = {*_SIZES, *_LARGE_SIZES}
    acts = []
    for size in range(1, count + 1):
        acts.append(append_act(entries.next()))
        if size not in sizes:
            continue
        # First what came since the last load, which is what a copy of that would not have.
        acts += [read_act(entries.tick - 2), LOAD, read_act(entries.tick - 1)]
        if reopens and size % 2:
            # The level of an operation is remembered as well as the log is.
            raised = f"raised-{size}"
            may_lower = mode is RejectionMode.CLEAN_REJECT
            acts += [*_raised(raised, 1), REOPEN]
            acts += [_lowered(f"{raised}-0"), LOAD] if may_lower else [LOAD]
    ending = [*_TWICE, read_act(0)]
    if reopens:
        ending += [REOPEN, read_act(0), LOAD]
    return Script("loads at many sizes", SIZES, tuple(acts), tuple(ending))


def _scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    count = budget.long_operations
    reopens = Capability.REOPEN in backend.capabilities
    # Beside the long one the others are short: a log that rewrites itself pays for their squares.
    some = max(12, min(count // 3, 1_100))
    sizes = min(count, _SIZES_MAX if count > _QUICK else _QUICK_SIZES_MAX)
    yield _between(some, seed)
    yield _at_sizes(sizes, seed, backend.rejection_mode, reopens=reopens)
    yield levels_of_many(max(8, some * 2 // 3), backend.rejection_mode)
    # Which a backend that is slow may leave before its end.
    many = max(count + count // 20, _MANY_MIN)
    yield _many(many, seed, backend.rejection_mode, reopens=reopens)
    yield from _rising(some)
    yield _equal(max(_MORE_THAN_A_BYTE, some))
    yield _names(max(_MORE_THAN_A_BYTE, some))
    yield _full(max(count, _FULL))
    yield levels_of_very_many(count // 2, backend.rejection_mode)
    yield blocks(BETWEEN)
    yield lengths(MANY)


def plain_appends(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Offer one plain gate in place of all entries, and then one at the tick of each."""
    for keeps_ticks in (False, True):
        yield [
            append_act(
                VisibilityGateCrossing(
                    "a", "c", AgreementLevel.NONE, entry.tick if keeps_ticks else 1
                )
            )
            if isinstance(
                entry := (*act.arguments, *act.named.values(), None)[0], AgreementWalEntry
            )
            else act
            for act in acts
        ]


def log_groups(act: Act) -> tuple[str, ...]:
    """Return what a log's act has in common with others: its name, kind and operation."""
    entry = act.arguments[0] if act.arguments else None
    if isinstance(entry, AgreementWalEntry):
        return (type(entry).__name__, f"operation {entry.operation_id}")
    return (act.form.name,)


LONG_LOG_SUITE: Final = ScriptSuite(
    name="agreement WAL, long histories",
    part=ScriptedLog,
    scripts=_scripts,
    requirement_ids=SCRIPTED_LOG_IDS,
    situations={
        MANY: ("WAL-01", "WAL-02", "WAL-05"),
        BETWEEN: ("WAL-05",),
        SIZES: ("WAL-01", "WAL-02", "WAL-08"),
        OPERATIONS: ("WAL-03",),
    },
    present=lambda backend: backend.agreement_wal is not None,
    plainer=plain_appends,
    group_of=log_groups,
)
