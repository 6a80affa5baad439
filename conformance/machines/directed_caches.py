"""Directed cases for a cache: ids and outcomes that are easily confused, in every run.

Each id of a script is looked up before it is put, while the others are there already; so an id that
matches another one is found at once. Nothing here depends on a seed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from conformance.backend import Backend, Capability
from conformance.checker.models.tours import cache_letters
from conformance.engine.acts import Act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptSuite
from conformance.machines.bounded import cache_walks, outcome_entry_of
from conformance.machines.confusable_groups import CONFUSABLE_GROUPS
from conformance.machines.confusable_texts import (
    COLLIDING_PAIRS,
    LENGTHS,
    PAIRED_TEXTS,
    all_texts,
    confusable_pairs,
    few_texts,
    longest_texts,
    texts_of_length,
)
from conformance.machines.long_caches import cache_groups, plain_puts
from conformance.machines.outcome_material import (
    acquired,
    confusable_values,
    deep_outcomes,
    nearly_equal_entries,
    numeric_outcomes,
    outcomes_of_every_kind,
    outcomes_with_large_texts,
    outcomes_with_lists,
    outcomes_with_values_in_every_place,
    succeeded,
)
from conformance.machines.scripted_cache import (
    LOAD,
    REOPEN,
    SCRIPTED_CACHE_IDS,
    ScriptedCache,
    get_act,
    put_act,
    put_beside_act,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    InvokeStepResponse,
    OutputConditionHintResponse,
    TopologyEventsResponse,
)
from telltale_spec.wire.values import (
    Crash,
    Endpoint,
    EndpointValue,
    NatValue,
    OutputConditionHint,
    Partition,
    ProdValue,
    StrValue,
    UnitValue,
)

__all__ = ["DIRECTED_CACHE_SUITE"]

IDS: Final = "ids that are easily confused side by side"
LENGTHS_APART: Final = "ids side by side that differ in their last character"
WALK: Final = "walk of the bounded cache"
OUTCOMES: Final = "outcomes that are easily confused side by side"
BESIDE: Final = "another cache open beside it"
UNREAD: Final = "cache reopened after puts with nothing read between"
FIELDS: Final = "confusable texts in every field of an outcome"

_UNIT: Final = UnitValue()
_REPLACED: Final = 9
# One more than a block of a store that writes 32 at once, and some.
_RUNS_MAX: Final = 36
# Each kind of outcome is replaced by so many others, which lie so far behind it.
_SHIFTS: Final = (1, 7, 23)
_PAIRS_A_PART: Final = 90
# A pattern that is stored matches them, a prefix is theirs, or they fold to what is stored.
_NEVER_PUT: Final = ("abz", "azb", "a/b/c", "AB", "\u00e9 ", "x" * 14, "11", "a\0d")


def _side_by_side(name: str, situation: str, ids: Sequence[str], end: Sequence[str]) -> Script:
    """Look each id up before it is put, all from the last to the first afterwards, and load.

    In the end some are replaced, which must leave their neighbours alone.
    """
    acts = []
    for index, each in enumerate(ids):
        entry = EvidenceOutcomeCacheEntry(each, "i", f"put {index}", acquired(NatValue(index)))
        acts += [get_act(each), put_act(entry)]
    ending = [*map(get_act, reversed(ids)), *map(get_act, _NEVER_PUT), LOAD]
    for index, each in enumerate(ids[::_REPLACED]):
        entry = EvidenceOutcomeCacheEntry(each, "i", f"put again {index}", EffectOutcome.blocked())
        ending.append(put_act(entry))
    ending += [*map(get_act, ids[::_REPLACED]), *map(get_act, ids[1::_REPLACED]), LOAD]
    return Script(name, situation, tuple(acts), (*ending, *_after_all(ids, end)))


def _after_all(ids: Sequence[str], end: Sequence[str]) -> Iterator[Act]:
    if end:
        yield REOPEN
        yield from map(get_act, ids[:4])
        yield LOAD


def _ids(end: Sequence[str]) -> Iterator[Script]:
    texts = tuple(dict.fromkeys(itertools.chain.from_iterable(CONFUSABLE_GROUPS.values())))
    yield _side_by_side("confusable ids", IDS, texts, end)
    pairs = [text for pair in COLLIDING_PAIRS for text in pair]
    yield _side_by_side("ids of equal hashes", IDS, pairs, ())
    long = [text for length in LENGTHS for text in texts_of_length(length)]
    long += ["prefix/" * 20 + last for last in ("a", "b", "", "A")]
    yield _side_by_side("long ids", LENGTHS_APART, [*long, *longest_texts()], end)


def _outcomes_of_text(text: str) -> EffectOutcome:
    """Return an outcome in which one text stands wherever a text can."""
    hint = ProdValue(StrValue(text), EndpointValue(Endpoint(1, text)))
    return succeeded(InvokeStepResponse((hint,)))


def _fields() -> Iterator[EvidenceOutcomeCacheEntry]:
    # One id for each place of a text, so that the texts of a place are neighbours.
    for index, text in enumerate((*few_texts(), *texts_of_length(256), *longest_texts())):
        responses = (
            ChooseResponse(text),
            OutputConditionHintResponse(OutputConditionHint(text, text)),
        )
        outcome = (
            _outcomes_of_text(text),
            EffectOutcome.failed(EffectFailure(EffectFailureKind.UNKNOWN, text)),
            succeeded(responses[0]),
            succeeded(responses[1]),
            succeeded(TopologyEventsResponse((Partition(text, text), Crash(text)))),
        )[index % 5]
        yield EvidenceOutcomeCacheEntry(f"text {index}", text, text, outcome)


def _kept(
    name: str, situation: str, entries: Iterable[EvidenceOutcomeCacheEntry], end: Sequence[str]
) -> Script:
    """Put entries, look all of them up, and load."""
    listed = list(entries)
    acts = [put_act(entry) for entry in listed]
    ids = [entry.evidence_id for entry in listed]
    ending = (*map(get_act, ids), LOAD, LOAD, *_after_all(ids, end))
    return Script(name, situation, tuple(acts), ending)


def _numbered(name: str, outcomes: Iterable[EffectOutcome], end: Sequence[str]) -> Script:
    entries = (
        EvidenceOutcomeCacheEntry(f"{name} {index}", "i", "o", outcome)
        for index, outcome in enumerate(outcomes)
    )
    return _kept(name, OUTCOMES, entries, end)


def _beside(end: Sequence[str]) -> Script:
    """Put into two caches by turns; what one of them holds is nothing to the other."""
    acts: list[Act] = []
    for number, evidence_id in enumerate(("e", "f", "", "g")):
        entry = EvidenceOutcomeCacheEntry(evidence_id, "i", "o", acquired(NatValue(number)))
        other = replace(entry, outcome=EffectOutcome.blocked())
        acts += [put_act(entry), put_beside_act(other), get_act(evidence_id)]
    ids = ("e", "f", "", "g")
    return Script("two caches by turns", BESIDE, tuple(acts), (LOAD, *_after_all(ids, end)))


def _joined(place: str) -> Script:
    """Put ids that make one text together with the name beside them; each is an id of its own."""
    acts: list[Act] = []
    for first, second in itertools.pairwise(PAIRED_TEXTS):
        if first[0] == second[0]:
            continue
        for evidence_id, name in (first, second):
            names = (name, "o") if place == "interface" else ("i", name)
            acts.append(
                put_act(EvidenceOutcomeCacheEntry(evidence_id, *names, EffectOutcome.blocked()))
            )
        acts += [get_act(first[0]), get_act(second[0])]
    return Script(f"ids put together with the {place}", IDS, tuple(acts), (LOAD,))


def _of_two_texts(end: Sequence[str]) -> Script:
    """Put entries in which any two names are confusable with each other."""
    entries = [
        EvidenceOutcomeCacheEntry(f"{a} {number}", *names, acquired(StrValue(a)))
        for a, b in confusable_pairs()
        for number, names in enumerate(((a, b), (b, a)))
    ]
    entries += [
        EvidenceOutcomeCacheEntry(a, b, b, acquired(StrValue(b))) for a, b in confusable_pairs()
    ]
    return _kept("confusable names of one entry", FIELDS, entries, end)


def _unread() -> Iterator[Script]:
    """Put some ids and reopen the cache before it was read, for a few counts of ids."""
    for count in (1, 2, 3, 7, 12):
        ids = [f"e{index}" for index in range(count)]
        acts = [
            put_act(EvidenceOutcomeCacheEntry(each, "i", "o", acquired(NatValue(index))))
            for index, each in enumerate(ids)
        ]
        ending = (REOPEN, get_act(ids[-1]), LOAD)
        yield Script(f"{count} ids reopened unread", UNREAD, tuple(acts), ending)
    runs: list[Act] = []
    for count in range(1, _RUNS_MAX):
        runs += [
            put_act(EvidenceOutcomeCacheEntry(f"e{count} {index}", "i", "o", acquired(_UNIT)))
            for index in range(count)
        ]
        runs += [REOPEN, get_act(f"e{count} {count - 1}"), get_act(f"e{count} 0")]
    yield Script("runs of every length reopened", UNREAD, tuple(runs), (LOAD,), is_spare=True)
    # An outcome that the id had before, which a store may think it has kept already.
    puts = [
        put_act(EvidenceOutcomeCacheEntry("e", "i", "o", acquired(NatValue(number))))
        for number in (1, 2, 1)
    ]
    ending = (REOPEN, get_act("e"), LOAD)
    yield Script("an outcome put back and reopened unread", UNREAD, tuple(puts), ending)


def _replaced_texts() -> Script:
    """Put every confusable text under one id, in each place of an outcome that has room for one."""
    lengths = [text for length in LENGTHS for text in texts_of_length(length)]
    acts: list[Act] = []
    for text in (*all_texts(), *lengths, *longest_texts()):
        outcomes = (
            succeeded(ChooseResponse(text)),
            EffectOutcome.failed(EffectFailure(EffectFailureKind.UNKNOWN, text)),
            succeeded(OutputConditionHintResponse(OutputConditionHint(text, text))),
        )
        for outcome in outcomes:
            acts += [put_act(EvidenceOutcomeCacheEntry("one", text, text, outcome)), get_act("one")]
    values = tuple(map(StrValue, all_texts()))
    events = tuple(Partition(text, text) for text in all_texts())
    for outcome in (
        succeeded(InvokeStepResponse(values)),
        succeeded(TopologyEventsResponse(events)),
    ):
        acts += [put_act(EvidenceOutcomeCacheEntry("one", "i", "o", outcome)), get_act("one")]
    return Script("texts under one id", FIELDS, tuple(acts), (LOAD,))


def _side_by_side_a_little() -> Script:
    """Put entries that differ in one place under ids of their own, and then under one."""
    pairs = list(nearly_equal_entries())
    acts: list[Act] = []
    for first, second in pairs:
        other = replace(second, evidence_id=f"{first.evidence_id} too")
        acts += [put_act(first), put_act(other), get_act(other.evidence_id)]
        acts += [put_act(second), get_act(first.evidence_id)]
    return Script("different in one place", OUTCOMES, tuple(acts), (LOAD,))


def _changed_a_little() -> Iterator[Script]:
    """Replace entries by ones that differ in one place or in kind, and reopen before any look.

    A store that writes down what has changed may look at too little of it, or leave too much. Each
    pair stands by itself, and a cache that rewrites all of itself pays for the square of their
    number, so that they come in parts.
    """
    pairs = list(nearly_equal_entries())
    outcomes = list(outcomes_of_every_kind())
    for shift in _SHIFTS:
        for number, first in enumerate(outcomes):
            before = EvidenceOutcomeCacheEntry(f"{shift} {number}", "i", "o", first)
            after = outcomes[(number + shift) % len(outcomes)]
            pairs.append((before, replace(before, outcome=after)))
    for part, begin in enumerate(range(0, len(pairs), _PAIRS_A_PART)):
        yield _changed(f"changed in one place {part}", pairs[begin : begin + _PAIRS_A_PART])


def _changed(
    name: str, pairs: Sequence[tuple[EvidenceOutcomeCacheEntry, EvidenceOutcomeCacheEntry]]
) -> Script:
    puts = [put_act(first) for first, _ in pairs]
    # Written down for sure, as far as the store knows.
    puts += [REOPEN, *(put_act(second) for _, second in pairs)]
    looks = [get_act(first.evidence_id) for first, _ in pairs]
    return Script(name, UNREAD, tuple(puts), (REOPEN, *looks, LOAD))


def _replaced(name: str, outcomes: Iterable[EffectOutcome]) -> Script:
    """Put confusable outcomes under one id: each replaces one that it is easily taken for."""
    acts: list[Act] = []
    for outcome in outcomes:
        acts += [put_act(EvidenceOutcomeCacheEntry("one", "i", "o", outcome)), get_act("one")]
    return Script(f"{name} under one id", OUTCOMES, tuple(acts), (LOAD,))


def _scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    end = ("reopen",) if Capability.REOPEN in backend.capabilities else ()
    yield from _ids(end)
    yield _beside(end)
    yield _numbered("outcomes of every kind", outcomes_of_every_kind(), end)
    yield _numbered("numbers of every size", numeric_outcomes(), end)
    yield _numbered("deep outcomes", deep_outcomes(), end)
    yield _replaced("outcomes", map(acquired, confusable_values()))
    yield _side_by_side_a_little()
    yield _of_two_texts(end)
    yield from map(_joined, ("interface", "operation"))
    yield _replaced_texts()
    if end:
        yield from _unread()
        yield from _changed_a_little()
    yield _replaced("lists", outcomes_with_lists())
    yield _replaced("values in every place", outcomes_with_values_in_every_place())
    yield _kept("texts of outcomes", FIELDS, _fields(), end)
    large = _numbered("large texts", outcomes_with_large_texts(), end)
    yield replace(large, is_spare=True)
    yield from _walks(backend, budget)


def _walks(backend: Backend, budget: Budget) -> Iterator[Script]:
    """Yield walks that take the transitions of the bounded cache."""
    acts = {
        letter.name: REOPEN
        if letter.kind == "reopen"
        else get_act(letter.key)
        if letter.kind == "get"
        else put_act(outcome_entry_of(letter))
        for letter in cache_letters(can_reopen=True)
    }
    for number, walk in enumerate(cache_walks(backend)[: budget.histories]):
        steps = tuple(acts[name] for name in walk)
        yield Script(f"walk {number}", WALK, steps, (LOAD,), is_spare=True)


DIRECTED_CACHE_SUITE: Final = ScriptSuite(
    name="evidence cache, directed cases",
    part=ScriptedCache,
    scripts=_scripts,
    requirement_ids=SCRIPTED_CACHE_IDS,
    situations={
        IDS: ("CACHE-01", "CACHE-02", "CACHE-03"),
        LENGTHS_APART: ("CACHE-01", "CACHE-02"),
        OUTCOMES: ("CACHE-02", "CACHE-06"),
        FIELDS: ("CACHE-02", "CACHE-06"),
        UNREAD: ("CACHE-08",),
        BESIDE: ("CACHE-06",),
    },
    present=lambda backend: backend.evidence_cache is not None,
    plainer=plain_puts,
    group_of=cache_groups,
)
