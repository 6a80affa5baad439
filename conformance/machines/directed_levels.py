"""Directed cases for the levels of a log: what it remembers of an operation, and never lowers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.engine.acts import Act
from conformance.engine.scripts import Script
from conformance.machines.confusable_groups import CONFUSABLE_GROUPS
from conformance.machines.confusable_texts import (
    COLLIDING_PAIRS,
    MANY_NUMBERS,
    all_texts,
    few_texts,
)
from conformance.machines.scripted_log import LOAD, REOPEN, append_act
from conformance.machines.scripted_numbers import cycle_of_windows
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

__all__ = [
    "LEVELS_APART",
    "LEVELS_KEPT",
    "LEVELS_REOPENED",
    "levels_apart",
    "levels_kept",
    "levels_lowered_again_and_again",
    "levels_of_all_pairs",
    "levels_of_any_tick",
    "levels_reopened",
]

LEVELS_APART: Final = "levels of operations with confusable names"
LEVELS_KEPT: Final = "level of an operation remembered behind every kind of entry"
LEVELS_REOPENED: Final = "level of an operation remembered by a log that was reopened"
_NONE: Final = AgreementLevel.NONE
_PROVISIONAL: Final = AgreementLevel.PROVISIONAL
_SOFT_SAFE: Final = AgreementLevel.SOFT_SAFE
_FINALIZED: Final = AgreementLevel.FINALIZED
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_TICK: Final = 5
# Longer than any column that a name is cut to fit.
_LONG_NAME: Final = "operation/" * 120
# More than the round numbers after which stores write down a summary.
_REOPENINGS: Final = 24
_MANY: Final = 300
_MATCHED: Final = ("patterns", "letter case", "blanks", "numbers")
_NEIGHBOURS: Final = 6


def levels_apart(mode: RejectionMode, end: tuple[Act, ...]) -> Iterator[Script]:
    """Give operations of confusable names levels of their own, and try to lower the high ones.

    The low ones come later: a log that takes one name for another finds the wrong last level.
    """
    yield from _levels_of("confusable operations", few_texts(), mode, end)
    # By themselves too: where a name is looked up by a pattern, all that it matches get in its way.
    for group in _MATCHED:
        yield from _levels_of(group, CONFUSABLE_GROUPS[group][:_NEIGHBOURS], mode, end)
    # Cut at the front or at the end, these are one.
    ends = tuple(_LONG_NAME + last for last in "abcd")
    starts = tuple(first + _LONG_NAME for first in "abcd")
    yield from _levels_of("operations with long names", (*ends, *starts), mode, end)
    yield from _every_name_refused(mode, end)
    # As many slots as a table of levels may have, these share one.
    hashed = tuple(itertools.chain.from_iterable(COLLIDING_PAIRS))
    yield from _levels_of("operations of equal hashes", hashed, mode, end)


def _every_name_refused(mode: RejectionMode, end: tuple[Act, ...]) -> Iterator[Script]:
    """Raise operations of every confusable name, and have each refused: their names are told."""
    groups = [all_texts()] if mode is RejectionMode.CLEAN_REJECT else CONFUSABLE_GROUPS.values()
    for number, texts in enumerate(groups):
        acts = [append_act(Escalation(text, _NONE, _FINALIZED, None, _TICK)) for text in texts]
        lowered = [Escalation(text, _PROVISIONAL, _SOFT_SAFE, None, _TICK) for text in texts]
        yield _refused(f"every name refused {number}", LEVELS_APART, acts, lowered, mode, end)


def _levels_of(
    noun: str, texts: Sequence[str], mode: RejectionMode, end: tuple[Act, ...]
) -> Iterator[Script]:
    # Neighbours are confusable, and so are neighbours but one.
    for place, high in ((1, 0), (1, 1), (2, 0), (2, 2)):
        raised = [text for index, text in enumerate(texts) if index & place == high]
        others = [text for index, text in enumerate(texts) if index & place != high]
        acts = [append_act(Escalation(text, _NONE, _FINALIZED, None, _TICK)) for text in raised]
        acts += [append_act(Escalation(text, _NONE, _PROVISIONAL, None, _TICK)) for text in others]
        lowered = [Escalation(text, _PROVISIONAL, _SOFT_SAFE, None, _TICK) for text in raised]
        name = f"levels of {noun} {place}{high}"
        yield _refused(name, LEVELS_APART, acts, lowered, mode, end)


def levels_reopened(mode: RejectionMode) -> Iterator[Script]:
    """Raise operations, reopen the log, and try to lower the last one before anything is read."""
    none_to_final = [
        append_act(Escalation(f"o{index}", _NONE, _FINALIZED, None, _TICK))
        for index in range(_REOPENINGS)
    ]
    lowered = [
        append_act(Escalation(f"o{index}", _PROVISIONAL, _SOFT_SAFE, None, _TICK))
        for index in range(_REOPENINGS)
    ]
    if mode is RejectionMode.CLEAN_REJECT:
        acts = [
            act
            for index, raised in enumerate(none_to_final)
            for act in (raised, REOPEN, lowered[index], lowered[index // 2])
        ]
        yield Script("levels reopened", LEVELS_REOPENED, tuple(acts), (LOAD,))
        return
    look = (LOAD,) if mode is RejectionMode.UNKNOWN_OUTCOME else ()
    for count in (1, 2, 3, 7, 12, _REOPENINGS):
        acts = [*none_to_final[:count], REOPEN]
        ending = (lowered[count - 1], *look)
        yield Script(f"{count} levels reopened", LEVELS_REOPENED, tuple(acts), ending)


def levels_kept(mode: RejectionMode, end: tuple[Act, ...]) -> Iterator[Script]:
    """Raise an operation, store another entry of it, and try to lower it."""
    between: dict[str, tuple[AgreementWalEntry, ...]] = {
        "finalizations": tuple(
            Finalization("o", each, None, None, _TICK) for each in FinalizationOutcome
        ),
        "gates": tuple(VisibilityGateCrossing("o", "c", level, _TICK) for level in AgreementLevel),
        "evidence": tuple(
            EvidenceProduced(
                AgreementEvidence("e", "o", None, None, level, _WITNESS, "r", True), _TICK
            )
            for level in AgreementLevel
        ),
        "equal levels": (Escalation("o", _FINALIZED, _FINALIZED, None, _TICK),),
        "other operations": (Escalation("p", _NONE, _PROVISIONAL, None, _TICK),),
        "a later tick": (Escalation("o", _FINALIZED, _FINALIZED, None, U64_MAX),),
    }
    many = tuple([Escalation("o", _FINALIZED, _FINALIZED, None, _TICK)] * _MANY)
    between["many equal levels"] = many
    lowered = Escalation("o", _PROVISIONAL, _SOFT_SAFE, None, _TICK)
    for kind, entries in between.items():
        acts = [
            append_act(Escalation("o", _NONE, _FINALIZED, None, _TICK)),
            *map(append_act, entries),
        ]
        yield _refused(f"a level behind {kind}", LEVELS_KEPT, acts, [lowered], mode, end)
    yield from _borne_out(mode, end)


def _borne_out(mode: RejectionMode, end: tuple[Act, ...]) -> Iterator[Script]:
    """Try to lower an operation by an id that the log has evidence of, at each level."""
    raised = append_act(Escalation("o", _NONE, _FINALIZED, "e", _TICK))
    for level in AgreementLevel:
        evidence = AgreementEvidence("e", "o", None, None, level, _WITNESS, "r", True)
        acts = [append_act(EvidenceProduced(evidence, _TICK)), raised]
        lowered = [
            Escalation("o", before, level, "e", _TICK)
            for before in tuple(AgreementLevel)[: level.rank + 1]
            if before is not _FINALIZED
        ]
        yield _refused(f"evidence of {level.value}", LEVELS_KEPT, acts, lowered[::-1], mode, end)


def levels_lowered_again_and_again(end: tuple[Act, ...]) -> Iterator[Script]:
    """Try to lower an operation behind every two entries, at every tick, and by every id.

    Only a log that leaves nothing of what it refuses can be asked so often.
    """
    lowered = append_act(Escalation("o", _PROVISIONAL, _SOFT_SAFE, None, _TICK))
    between = _entries_between()
    acts = [append_act(Escalation("o", _NONE, _FINALIZED, None, _TICK))]
    for place in cycle_of_windows(len(between), 2):
        acts += [append_act(between[place]), lowered]
    yield Script("levels behind two entries", LEVELS_KEPT, tuple(acts), (LOAD, *end))
    acts = [append_act(Escalation("o", _NONE, _FINALIZED, None, 1))]
    acts += [append_act(Escalation("o", _NONE, _PROVISIONAL, None, tick)) for tick in MANY_NUMBERS]
    yield Script("levels lowered at every tick", LEVELS_KEPT, tuple(acts), (LOAD, *end))
    ids = (None, "", "a", "b", "o", "10", "9")
    acts = []
    for number, (first, second) in enumerate(itertools.product(ids, repeat=2)):
        name = f"o{number}"
        acts.append(append_act(Escalation(name, _NONE, _SOFT_SAFE, first, _TICK)))
        acts.append(append_act(Escalation(name, _NONE, _PROVISIONAL, second, _TICK)))
    yield Script("levels lowered by every id", LEVELS_KEPT, tuple(acts), (LOAD, *end))
    yield _names_in_turn(end)


def _entries_between() -> tuple[AgreementWalEntry, ...]:
    """Return entries of an operation, and of others that have its name elsewhere."""
    same = AgreementEvidence("o", "p", None, "o", _FINALIZED, _WITNESS, "o", True)
    own = [
        AgreementEvidence("e", "o", None, None, level, _WITNESS, "r", True)
        for level in AgreementLevel
    ]
    return (
        *(VisibilityGateCrossing("o", "c", level, _TICK) for level in AgreementLevel),
        *(Finalization("o", each, None, None, _TICK) for each in FinalizationOutcome),
        *(EvidenceProduced(each, _TICK) for each in (*own, same)),
        Escalation("o", _FINALIZED, _FINALIZED, "e", _TICK),
        Escalation("p", _NONE, _NONE, "o", _TICK),
        VisibilityGateCrossing("p", "o", _FINALIZED, _TICK),
        Finalization("p", FinalizationOutcome.FINALIZED, "o", "o", _TICK),
    )


def _names_in_turn(end: tuple[Act, ...]) -> Script:
    """Let every two names follow each other: one goes on, and the other is to be lowered."""
    names = CONFUSABLE_GROUPS["names inside of names"]
    levels = {name: (_SOFT_SAFE, _FINALIZED)[number % 2] for number, name in enumerate(names)}
    # What is inside of another comes before it: so it is raised by itself.
    acts = [
        append_act(Escalation(each, _NONE, levels[each], None, _TICK)) for each in reversed(names)
    ]
    for one, other in itertools.permutations(names, 2):
        for level in (_NONE, _SOFT_SAFE):
            acts.append(append_act(Escalation(one, levels[one], levels[one], None, _TICK)))
            acts.append(append_act(Escalation(other, level, level, None, _TICK)))
    return Script("names in turn", LEVELS_APART, tuple(acts), (LOAD, *end))


def levels_of_all_pairs(mode: RejectionMode, end: tuple[Act, ...]) -> Iterator[Script]:
    """Offer every pair of levels to operations at every level, beside one that is high or low.

    What is refused may stay in some logs, which get a few of the pairs only.
    """
    levels = tuple(AgreementLevel)
    pairs = list(itertools.product(levels, repeat=2))
    for other, last in itertools.product((None, _NONE, _FINALIZED), levels):
        raised = [] if other is None else [Escalation("other", _NONE, other, None, _TICK)]
        raised += [Escalation(f"o{n}", _NONE, last, None, _TICK) for n in range(len(pairs))]
        offered = [
            Escalation(f"o{n}", before, after, None, _TICK)
            for n, (before, after) in enumerate(pairs)
        ]
        beside = "nothing" if other is None else other.value
        name = f"every pair on {last.value} beside {beside}"
        if mode is RejectionMode.CLEAN_REJECT:
            ending = (*map(append_act, offered), LOAD, *end)
            yield Script(name, LEVELS_KEPT, tuple(map(append_act, raised)), ending)
            continue
        refused = [each for each in offered if not _follows(each, last)]
        acts = [append_act(each) for each in (*raised, *offered) if each not in refused]
        yield _refused(name, LEVELS_KEPT, acts, refused[-1:], mode, end)


def _follows(entry: Escalation, last: AgreementLevel) -> bool:
    """Say whether an escalation goes on from a level (WAL-03)."""
    return last.rank <= entry.previous_level.rank <= entry.new_level.rank


def levels_of_any_tick(mode: RejectionMode, end: tuple[Act, ...]) -> Iterator[Script]:
    """Raise an operation twice, the second time at an earlier tick, an equal one or a later one.

    The level is that of the escalation that was stored last, also for a log that is opened again.
    """
    lowered = Escalation("o", _PROVISIONAL, _SOFT_SAFE, None, _TICK)
    for tick in (0, _TICK - 1, _TICK, U64_MAX):
        acts = [
            append_act(Escalation("o", _NONE, _PROVISIONAL, None, _TICK)),
            append_act(Escalation("p", _NONE, _PROVISIONAL, None, _TICK)),
            append_act(Escalation("o", _PROVISIONAL, _FINALIZED, None, tick)),
        ]
        yield _refused(f"level raised at tick {tick}", LEVELS_KEPT, acts, [lowered], mode, end)
        if end:
            name = f"level raised at tick {tick} and reopened"
            yield _refused(name, LEVELS_KEPT, [*acts, REOPEN], [lowered], mode, end)


def _refused(
    name: str,
    situation: str,
    acts: Sequence[Act],
    illegal: Sequence[AgreementWalEntry],
    mode: RejectionMode,
    end: tuple[Act, ...],
) -> Script:
    """Carry out acts, and then offer entries that have to be refused."""
    if mode is RejectionMode.CLEAN_REJECT:
        again = (*end, append_act(illegal[0])) if end else ()
        return Script(name, situation, tuple(acts), (*map(append_act, illegal), LOAD, LOAD, *again))
    # What is refused may stay there, so it is the last that is tried.
    look = (LOAD,) if mode is RejectionMode.UNKNOWN_OUTCOME else ()
    return Script(name, situation, tuple(acts), (LOAD, append_act(illegal[0]), *look))
