"""Long histories of a cache with few looks: what only many ids bring to light.

Some caches keep the 64 ids used last, forget an entry after 20 calls, remember that an id was
absent, or make keys of short hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import Act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptSuite
from conformance.machines.scripted_cache import (
    LOAD,
    REOPEN,
    SCRIPTED_CACHE_IDS,
    ScriptedCache,
    get_act,
    put_act,
)
from conformance.machines.scripted_numbers import NEIGHBOURING_LENGTHS, Numbers
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    InvokeStepResponse,
    ReleaseResponse,
)
from telltale_spec.wire.values import NatValue, StrValue

__all__ = ["LONG_CACHE_SUITE", "cache_groups", "plain_puts"]

MANY: Final = "many ids put and then looked up"
AGAIN: Final = "few ids put and looked up many times"
SIZES: Final = "cache loaded and reopened at many sizes"

_SIZES: Final = (
    1,
    2,
    15,
    16,
    17,
    31,
    32,
    33,
    63,
    64,
    65,
    66,
    99,
    100,
    101,
    127,
    128,
    129,
    255,
    256,
    257,
)
_LARGE_SIZES: Final = (512, 513, 997, 1_000, 1_001, 1_024, 1_025)
_SIZES_MAX: Final = 1_040
_QUICK: Final = 300
# Cheap as it is, it goes beyond the round numbers at which caches are full.
_MANY_MIN: Final = 520
_QUICK_SIZES_MAX: Final = 131
_MORE_THAN_A_BYTE: Final = 260
# More than a power of two that is beyond what other histories have: plain ids are cheap to keep.
_FULL: Final = 4_200
# Two thirds of a power of two, and three quarters of one, with some more.
_TABLE_GROWS: Final = 390
_FAILURES: Final = tuple(EffectFailureKind)


def _outcome(number: int) -> EffectOutcome:
    """Return one of many outcomes; those of numbers near each other differ."""
    match number % 6:
        case 0:
            return EffectOutcome.success(AcquireResponse(NatValue(number)))
        case 1:
            return EffectOutcome.success(ChooseResponse(f"label {number}"))
        case 2:
            return EffectOutcome.success(InvokeStepResponse((StrValue(str(number)),)))
        case 3:
            kind = _FAILURES[number // 6 % len(_FAILURES)]
            return EffectOutcome.failed(EffectFailure(kind, f"message {number}"))
        case 4:
            return EffectOutcome.success(ReleaseResponse())
        case _:
            return EffectOutcome.blocked()


def _entry(evidence_id: str, number: int) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(
        evidence_id, f"interface {number % 7}", f"operation {number}", _outcome(number)
    )


def _ids(count: int, seed: int) -> list[str]:
    """Return ids that look like those of a system: a word, a number, sometimes another part."""
    numbers = Numbers(seed)
    names = [f"evidence-{seed}-{index}" for index in range(count)]
    return [f"{name}/{numbers.below(9)}" if numbers.below(4) == 0 else name for name in names]


def _many(count: int, seed: int, *, reopens: bool) -> Script:
    """Put many ids, look up some from the first to the last, and load; then replace some."""
    ids = _ids(count, seed)
    acts = [put_act(_entry(each, index)) for index, each in enumerate(ids)]
    # Replaced in the middle: what is put aside for the ids that follow is then the newer outcome.
    early = ids[5 : count // 2 : max(1, count // 20)]
    acts[count // 2 : count // 2] = [put_act(_entry(each, 1)) for each in early]
    looked_up = [ids[0], ids[1], *ids[2 :: max(1, count // 12)], ids[-1]]
    replaced = ids[3 :: max(1, count // 9)]
    ending = [get_act(each) for each in (*looked_up, *early)]
    ending += [get_act("evidence"), LOAD, LOAD]
    ending += [put_act(_entry(each, index + 1)) for index, each in enumerate(replaced)]
    ending += [get_act(replaced[0]), get_act(ids[0]), LOAD]
    # An outcome that is put again long after the first time is the newest one then.
    ending += [put_act(_entry(ids[0], 0)), put_act(_entry(replaced[0], 3)), get_act(ids[0])]
    if reopens:
        ending += [REOPEN, get_act(replaced[0]), get_act(ids[-1]), LOAD]
    return Script("many ids", MANY, tuple(acts), tuple(ending))


def _again(count: int, seed: int) -> Script:
    """Look ids up before they are there, right after, and long after; put few ids again and again.

    The first id is put once and looked up now and then until the end.
    """
    numbers = Numbers(seed + 1)
    acts = [put_act(_entry("kept", 0)), get_act("absent")]
    for index in range(count // 5):
        evidence_id = f"e{numbers.below(5)}" if index % 2 else f"f{index}"
        acts += [get_act(evidence_id), put_act(_entry(evidence_id, index)), get_act(evidence_id)]
        if index % 25 == 24:
            acts += [get_act("kept"), get_act("absent")]
    ending = (
        get_act("kept"),
        get_act("absent"),
        put_act(_entry("absent", 1)),
        get_act("absent"),
        LOAD,
    )
    return Script("few ids again and again", AGAIN, tuple(acts), ending)


def _versions(count: int, *, reopens: bool) -> Script:
    """Put one id more often than a byte can count, beside another that is put once."""
    acts = [put_act(_entry("other", 1))]
    for index in range(count):
        acts.append(put_act(_entry("one", index)))
        if index % 37 == 0:
            acts += [get_act("one"), get_act("other")]
    looks = [get_act("one"), get_act("other"), LOAD]
    ending = [*looks, *((REOPEN, *looks) if reopens else ())]
    return Script("many outcomes of one id", AGAIN, tuple(acts), tuple(ending), is_spare=True)


def _names(count: int, *, reopens: bool) -> Script:
    """Put ids of which each has an interface and an operation of its own.

    At every size on the way an older id is replaced: also where a table has just as many as it
    takes before it grows.
    """
    acts: list[Act] = []
    for index in range(count):
        names = (f"interface {index}", f"o{index}")
        acts.append(put_act(EvidenceOutcomeCacheEntry(f"e{index}", *names, _outcome(index))))
        older = f"e{index // 2}"
        entry = EvidenceOutcomeCacheEntry(older, *names, _outcome(index + 1))
        acts += [put_act(entry), get_act(older)]
    ending = [get_act("e0"), get_act(f"e{count - 1}"), LOAD, *((REOPEN, LOAD) if reopens else ())]
    return Script("many names", MANY, tuple(acts), tuple(ending), is_spare=True)


def _at_sizes(count: int, seed: int, *, reopens: bool) -> Script:
    """Load at the sizes at which stores change pages, and look up old and new ids after it."""
    ids = _ids(count, seed + 2)
    sizes = {*_SIZES, *_LARGE_SIZES}
    acts = []
    for index, evidence_id in enumerate(ids):
        acts.append(put_act(_entry(evidence_id, index)))
        if index + 1 not in sizes:
            continue
        # First what came since the last load, which is what a copy of that would not have.
        acts += [get_act(evidence_id), LOAD, get_act(ids[0]), get_act(evidence_id)]
        if reopens and index % 2:
            # Among them one that has replaced another, which who tidies up could mistake.
            replaced = ids[index // 3]
            acts += [put_act(_entry(replaced, index + 1)), REOPEN]
            acts += [get_act(ids[index // 2]), get_act(replaced), LOAD]
    ending = [LOAD, LOAD, *((REOPEN, get_act(ids[0]), LOAD) if reopens else ())]
    return Script("loads at many sizes", SIZES, tuple(acts), tuple(ending))


def _full(count: int, *, reopens: bool) -> Script:
    """Put very many plain ids, and look up the first and the last of them.

    They come at once: a cache that forgets the oldest has to have room for all.
    """
    puts = [
        put_act(EvidenceOutcomeCacheEntry(f"e{index}", "i", "o", EffectOutcome.blocked()))
        for index in range(count)
    ]
    looks = [*(get_act(f"e{index}") for index in (0, 1, count // 2, count - 1)), LOAD]
    ending = [*looks, *((REOPEN, *looks) if reopens else ())]
    return Script("very many ids", MANY, tuple(puts), tuple(ending), is_spare=True)


def _lengths(*, reopens: bool) -> Script:
    """Put entries whose lengths follow each other, so that one fills a block to its end."""
    puts = [
        put_act(EvidenceOutcomeCacheEntry(f"e{length}", "i", "o" * length, EffectOutcome.blocked()))
        for length in NEIGHBOURING_LENGTHS
    ]
    ending = (LOAD, *((REOPEN, LOAD) if reopens else ()))
    return Script("lengths in a row", MANY, tuple(puts), ending, is_spare=True)


def _scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    count = budget.long_operations
    reopens = Capability.REOPEN in backend.capabilities
    sizes = min(count, _SIZES_MAX if count > _QUICK else _QUICK_SIZES_MAX)
    yield _again(min(count, 3 * _SIZES_MAX), seed)
    yield _at_sizes(sizes, seed, reopens=reopens)
    # The last one, which a backend that is slow may leave before its end.
    yield _many(max(count + count // 20, _MANY_MIN), seed, reopens=reopens)
    yield _versions(_MORE_THAN_A_BYTE, reopens=reopens)
    yield _names(_TABLE_GROWS, reopens=reopens)
    yield _full(max(count, _FULL), reopens=reopens)
    yield _lengths(reopens=reopens)


def plain_puts(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Offer plain ids with plain outcomes, and then the same ids with plain outcomes."""
    numbered: dict[str, str] = {}
    for act in acts:
        for subject in act.arguments:
            name = getattr(subject, "evidence_id", subject)
            numbered.setdefault(name, f"e{len(numbered)}")
    for names in (numbered, {name: name for name in numbered}):
        for outcome in (EffectOutcome.blocked(), EffectOutcome.success(ReleaseResponse())):
            yield [_plain_act(act, names, outcome) for act in acts]


def _plain_act(act: Act, names: Mapping[str, str], outcome: EffectOutcome) -> Act:
    subject = act.arguments[0] if act.arguments else None
    if isinstance(subject, EvidenceOutcomeCacheEntry):
        name = names[subject.evidence_id]
        return put_act(EvidenceOutcomeCacheEntry(name, "i", "o", outcome))
    return get_act(names[subject]) if isinstance(subject, str) else act


def cache_groups(act: Act) -> tuple[str, ...]:
    """Return what a cache's act has in common with others: its name, and the id if it is one."""
    subject = act.arguments[0] if act.arguments else ""
    evidence_id = getattr(subject, "evidence_id", subject)
    return (act.form.name, f"id {evidence_id}") if act.arguments else (act.form.name,)


LONG_CACHE_SUITE: Final = ScriptSuite(
    name="evidence cache, long histories",
    part=ScriptedCache,
    scripts=_scripts,
    requirement_ids=SCRIPTED_CACHE_IDS,
    situations={
        MANY: ("CACHE-02", "CACHE-03", "CACHE-06"),
        AGAIN: ("CACHE-01", "CACHE-02"),
        SIZES: ("CACHE-06", "CACHE-08"),
    },
    present=lambda backend: backend.evidence_cache is not None,
    plainer=plain_puts,
    group_of=cache_groups,
)
