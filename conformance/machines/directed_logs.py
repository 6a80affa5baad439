"""Directed cases for a log: what is easily confused is stored side by side, in every run.

Nothing here depends on a seed. Each script puts one kind of boundary into one log, reads it before
it loads it, and holds it against what was acknowledged: every entry distinct, whole and in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from conformance.backend import Backend, Capability
from conformance.checker.models.tours import log_letters
from conformance.engine.acts import Act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptSuite, scripted
from conformance.machines.bounded import entry_of, log_walks
from conformance.machines.confusable_texts import (
    LARGE_LENGTHS,
    LENGTHS,
    MANY_NUMBERS,
    NUMBERS,
    PAIRED_TEXTS,
    all_texts,
    confusable_pairs,
    few_texts,
    longest_texts,
    texts_of_length,
    wide_texts,
)
from conformance.machines.directed_levels import (
    LEVELS_APART,
    LEVELS_KEPT,
    LEVELS_REOPENED,
    levels_apart,
    levels_kept,
    levels_lowered_again_and_again,
    levels_of_all_pairs,
    levels_of_any_tick,
    levels_reopened,
)
from conformance.machines.entry_material import (
    VARIANTS_TICK,
    entries_of_every_variant,
    entries_one_place_apart,
    ticks_in_steps,
)
from conformance.machines.long_logs import log_groups, plain_appends
from conformance.machines.one_text_entries import (
    MAKERS,
    evidence,
    finalization,
    gate,
    level_kept,
)
from conformance.machines.repeated_reads import (
    READ_AGAIN,
    every_order_of_reads,
    every_turn,
    many_looks,
)
from conformance.machines.scripted_log import (
    LOAD,
    REOPEN,
    SCRIPTED_LOG_IDS,
    ScriptedLog,
    append_act,
    append_beside_act,
    read_act,
)
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

__all__ = ["DIRECTED_LOG_SUITE"]

TICKS: Final = "ticks around powers of two side by side"
SESSIONS: Final = "sessions around powers of two side by side"
TEXTS: Final = "texts that are easily confused side by side"
LENGTHS_APART: Final = "texts side by side that differ in their last character"
ORDERS: Final = "every order of four kinds of entries of one operation"
UNREAD: Final = "log reopened after appends with no load between"
SAME_OBJECT: Final = "one record given to the log twice in a row"
WALK: Final = "walk of the bounded log"
VARIANTS: Final = "every level, kind, outcome and absent field side by side"
ONE_APART: Final = "entries that differ in one field side by side"
BESIDE: Final = "another log open beside it"

_NONE: Final = AgreementLevel.NONE
_FINALIZED: Final = AgreementLevel.FINALIZED
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_ABORTED: Final = FinalizationOutcome.ABORTED
# Entries of one script share it, so that nothing but their texts tells them apart.
_TICK: Final = VARIANTS_TICK
# One more than a block of a store that writes 32 at once, and some.
_RUNS_MAX: Final = 36
_TURNS: Final = 90


def _case(
    name: str,
    situation: str,
    entries: Iterable[AgreementWalEntry],
    reads: Iterable[int],
    end: tuple[Act, ...],
) -> Script:
    """Append, read before any load, load twice, and read again."""
    acts = [append_act(entry) for entry in entries]
    reading = [read_act(tick) for tick in reads]
    return Script(name, situation, tuple(acts), (*reading, LOAD, LOAD, *reading[:2], *end))


def _ticks(end: tuple[Act, ...]) -> Iterator[Script]:
    makers = tuple(MAKERS.values())
    rising = [makers[index % 4](f"o{index}", tick) for index, tick in enumerate(NUMBERS)]
    yield _case("rising ticks", TICKS, rising, NUMBERS, end)
    falling = [makers[index % 4](f"o{index}", tick) for index, tick in enumerate(reversed(NUMBERS))]
    yield _case("falling ticks", TICKS, falling, reversed(NUMBERS), end)
    for kind, make in MAKERS.items():
        many = [make(f"o{index}", tick) for index, tick in enumerate(MANY_NUMBERS)]
        yield _case(f"ticks of every size of {kind}", TICKS, many, MANY_NUMBERS[-3:], end)
    steps = [gate(f"o{number}", tick) for number, tick in enumerate(ticks_in_steps())]
    yield _case("ticks in steps", TICKS, steps, NUMBERS[-9:], end)
    # One entry a read: a tick is compared as soon as it is stored.
    acts = [
        act
        for tick in NUMBERS
        for act in (append_act(gate("o", tick)), read_act(max(tick - 1, 0)), read_act(tick))
    ]
    yield Script("ticks read at once", TICKS, tuple(acts), (LOAD, LOAD, read_act(0), *end))


def _sessions(end: tuple[Act, ...]) -> Script:
    # One is that of the tick beside it.
    sessions = (None, *NUMBERS, _TICK, None)
    entries = [
        EvidenceProduced(
            AgreementEvidence("e", "o", session, "w", _NONE, _WITNESS, "r", True), _TICK
        )
        for session in sessions
    ]
    return _case("sessions", SESSIONS, entries, (_TICK - 1, _TICK), end)


def _texts(end: tuple[Act, ...]) -> Iterator[Script]:
    for kind, make in MAKERS.items():
        texts = all_texts() if kind in ("gates", "evidence") else few_texts()
        entries = [make(text, _TICK) for text in texts]
        yield _case(f"confusable texts of {kind}", TEXTS, entries, (_TICK - 1, _TICK), end)
    yield _case("confusable texts in one entry", TEXTS, _of_two_texts(), (_TICK - 1,), end)
    pairs = [VisibilityGateCrossing(*pair, _NONE, _TICK) for pair in PAIRED_TEXTS]
    yield _case("texts that are put together", TEXTS, pairs, (_TICK - 1,), end)


def _of_two_texts() -> Iterator[AgreementWalEntry]:
    """Yield entries in which any two fields have texts that are confusable with each other."""
    for a, b in confusable_pairs():
        for other, owner, reference in ((a, b, b), (b, a, b), (b, b, a)):
            evidence = AgreementEvidence(
                a, other, None, owner, _FINALIZED, _WITNESS, reference, True
            )
            yield EvidenceProduced(evidence, _TICK)
        yield from (Finalization(a, _ABORTED, *pair, _TICK) for pair in ((b, a), (a, b)))
        yield VisibilityGateCrossing(a, b, _FINALIZED, _TICK)
        yield Escalation(a, _FINALIZED, _FINALIZED, b, _TICK)


def _lengths(end: tuple[Act, ...]) -> Script:
    # The kinds take turns: the lengths at which texts are cut are those of a whole database.
    makers = tuple(MAKERS.values())
    entries = [
        makers[index % 4](text, _TICK)
        for index, length in enumerate(LENGTHS)
        for text in texts_of_length(length)
    ]
    common = ["prefix/" * 20 + end_of_it for end_of_it in ("a", "b", "", "A")]
    # Each field of each kind has a column, and a limit, of its own.
    longest = [make(text, _TICK) for make in makers for text in (*longest_texts(), *wide_texts())]
    entries += [*map(gate, common), *longest]
    return _case("long texts", LENGTHS_APART, entries, (_TICK - 1,), end)


def _large_lengths(end: tuple[Act, ...]) -> Iterator[Script]:
    """Append entries in which each text is large, of each length two, to one log a kind.

    One log for all would ask more of what reads in small pieces than users ever do.
    """
    for kind, make in MAKERS.items():
        acts = [
            append_act(make(text, _TICK))
            for length in LARGE_LENGTHS
            for text in texts_of_length(length)
        ]
        name = f"large texts of {kind}"
        yield Script(name, LENGTHS_APART, tuple(acts), (LOAD, *end), is_spare=True)


def _same_object(end: tuple[Act, ...]) -> Script:
    """Give the log one record twice in a row; equal entries are two entries (WAL-02)."""
    acts = [
        scripted(ScriptedLog, "append_twice", make("o", _TICK))
        for make in (gate, evidence, finalization)
    ]
    return Script("one record twice", SAME_OBJECT, tuple(acts), (read_act(0), LOAD, LOAD, *end))


def _beside(end: tuple[Act, ...]) -> Script:
    """Append to two logs by turns; what one of them holds is nothing to the other."""
    high = Escalation("o", _NONE, _FINALIZED, None, _TICK)
    low = Escalation("o", _NONE, AgreementLevel.PROVISIONAL, None, _TICK)
    own = (gate("o"), high, finalization("o"), evidence("o"))
    others = (gate("p"), low, gate("o"), evidence("o"))
    turns = zip(map(append_act, own), map(append_beside_act, others), strict=True)
    acts = [act for turn in turns for act in (*turn, read_act(0))]
    return Script("two logs by turns", BESIDE, tuple(acts), (LOAD, *end))


def _orders(end: tuple[Act, ...]) -> Iterator[Script]:
    """Append entries of one operation so that any four kinds follow each other, at one tick."""
    makers = (level_kept, gate, evidence, finalization)
    kinds = list(cycle_of_windows(len(makers), 4))
    ending = (read_act(0), LOAD, LOAD, *end)
    acts = [append_act(makers[kind]("o", _TICK)) for kind in kinds]
    yield Script("every order of kinds", ORDERS, tuple(acts), ending)
    # A log that declines entries that it has takes these.
    later = [append_act(makers[kind]("o", tick)) for tick, kind in enumerate(kinds, 1)]
    yield Script("every order of kinds, each later", ORDERS, tuple(later), ending, stands_in=True)


def _unread() -> Iterator[Script]:
    """Append some entries and reopen the log before it was read, for a few counts of entries."""
    makers = tuple(MAKERS.values())
    for count in (1, 2, 3, 7, 12):
        acts = [
            append_act(makers[index % len(makers)](f"o{index}", index)) for index in range(count)
        ]
        yield Script(f"{count} entries reopened unread", UNREAD, tuple(acts), (REOPEN, LOAD))
    runs: list[Act] = []
    for count in range(1, _RUNS_MAX):
        runs += [append_act(gate(f"o{count}", index)) for index in range(count)]
        runs += [REOPEN, read_act(count - 2)]
    yield Script("runs of every length reopened", UNREAD, tuple(runs), (LOAD,), is_spare=True)


def _variants(end: tuple[Act, ...]) -> Iterator[Script]:
    entries = list(entries_of_every_variant())
    yield _case("every variant", VARIANTS, entries, (0, _TICK - 1, _TICK, U64_MAX), end)
    # What a suffix is served from may be told of some kinds of entries only.
    for number, start in enumerate(range(0, len(entries), _TURNS)):
        some = entries[start : start + _TURNS]
        acts = [act for entry in some for act in (append_act(entry), read_act(0), read_act(_TICK))]
        again = (read_act(0), *acts)
        yield Script(f"suffix read again {number}", READ_AGAIN, again, (LOAD, *end))


def _apart(end: tuple[Act, ...]) -> Script:
    return _case("one field apart", ONE_APART, entries_one_place_apart(), (_TICK - 1, _TICK), end)


def _scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    end = (REOPEN, LOAD) if Capability.REOPEN in backend.capabilities else ()
    yield from _ticks(end)
    yield _sessions(end)
    yield from _variants(end)
    yield _apart(end)
    yield from _texts(end)
    yield from levels_apart(backend.rejection_mode, end)
    yield from levels_kept(backend.rejection_mode, end)
    yield from levels_of_all_pairs(backend.rejection_mode, end)
    if backend.rejection_mode is RejectionMode.CLEAN_REJECT:
        yield from levels_lowered_again_and_again(end)
    yield from levels_of_any_tick(backend.rejection_mode, end)
    yield _same_object(end)
    yield _beside(end)
    yield from _orders(end)
    yield from every_turn(end)
    yield from every_order_of_reads(end)
    if end:
        yield from _unread()
        yield from levels_reopened(backend.rejection_mode)
    yield _lengths(end)
    yield many_looks(end)
    yield from _large_lengths(end)
    yield from _walks(backend, budget, end)


def _walks(backend: Backend, budget: Budget, end: tuple[Act, ...]) -> Iterator[Script]:
    """Yield walks that take the transitions of the bounded log."""
    acts = {
        letter.name: REOPEN
        if letter.kind == "reopen"
        else read_act(letter.tick)
        if letter.kind == "read_since"
        else append_act(entry_of(letter))
        for letter in log_letters(can_reopen=True)
    }
    for number, walk in enumerate(log_walks(backend)[: budget.histories]):
        steps = tuple(acts[name] for name in walk)
        yield Script(f"walk {number}", WALK, steps, (LOAD, *end), is_spare=True)


DIRECTED_LOG_SUITE: Final = ScriptSuite(
    name="agreement WAL, directed cases",
    part=ScriptedLog,
    scripts=_scripts,
    requirement_ids=(*SCRIPTED_LOG_IDS, "WAL-07"),
    situations={
        TICKS: ("WAL-01", "WAL-05"),
        SESSIONS: ("WAL-01",),
        TEXTS: ("WAL-01", "WAL-02"),
        LENGTHS_APART: ("WAL-01",),
        LEVELS_APART: ("WAL-03",),
        LEVELS_KEPT: ("WAL-03",),
        SAME_OBJECT: ("WAL-02",),
        BESIDE: ("WAL-07",),
        ORDERS: ("WAL-01", "WAL-02"),
        UNREAD: ("WAL-08",),
        LEVELS_REOPENED: ("WAL-08",),
        VARIANTS: ("WAL-01", "WAL-02"),
        ONE_APART: ("WAL-01", "WAL-02"),
        READ_AGAIN: ("WAL-05",),
    },
    present=lambda backend: backend.agreement_wal is not None,
    plainer=plain_appends,
    group_of=log_groups,
)
