"""What may be shown after a crash, and which promise a difference breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.crashes.conduct import Component, Deed, Problem
from conformance.crashes.faults import expected_of
from conformance.crashes.histories import FURTHER_ENTRY, FURTHER_OUTCOME
from conformance.crashes.opener import Shown, View, further, unlawful
from conformance.crashes.oracle import Aspect, Expected, Stored, differences, expected_after
from conformance.crashes.selection import evenly
from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.operations import Reopen
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    Escalation,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

A, B, C = (
    VisibilityGateCrossing(name, "c", AgreementLevel.PROVISIONAL, tick)
    for tick, name in enumerate("abc")
)
LOG = Component.LOG
MORE = further(LOG, (A,))


def put(evidence_id: str, name: str) -> EvidenceOutcomeCacheEntry:
    """Return an entry of a cache."""
    return EvidenceOutcomeCacheEntry(evidence_id, "i", name, EffectOutcome.blocked())


def log(*items: tuple[VisibilityGateCrossing, bool]) -> Expected:
    """Return what a log may show, each entry with whether it is certain."""
    return Expected(LOG, tuple(Stored(entry, certain) for entry, certain in items))


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        ((A, B), True),
        ((A, B, C), True),
        ((A,), False),
        ((B, A), False),
        ((A, C), False),
        ((A, B, C, C), False),
        ((A, A, B), False),
        ((), False),
    ],
)
def test_a_log_shows_what_was_acknowledged_and_at_most_what_was_under_way(
    found: tuple[VisibilityGateCrossing, ...], holds: bool
) -> None:
    """In order, whole, and nothing twice."""
    assert log((A, True), (B, True), (C, False)).allows(found) is holds


def test_equal_entries_are_counted() -> None:
    """The same entry appended twice is there twice, and once more if that was under way."""
    twice = log((A, True), (A, True), (A, False))

    assert [twice.allows((A,) * count) for count in range(5)] == [False, False, True, True, False]


def test_a_cache_shows_the_old_or_the_new_entry() -> None:
    """Of the id under way; every other id has its last one, in any order."""
    old, new, other = put("a", "old"), put("a", "new"), put("b", "o")
    cache = Expected(Component.CACHE, (Stored(old), Stored(other), Stored(new, is_certain=False)))

    assert cache.allows((other, old))
    assert cache.allows((new, other))
    assert not cache.allows((other,))
    assert not cache.allows((old, new, other))
    assert not cache.allows((old, other, put("c", "x")))


def test_what_is_refused_in_the_end_is_not_under_way() -> None:
    """An entry that breaks the order must not be there after a crash either."""
    deeds = (Deed("append", "ok", A), Deed("append", "refused", B, accepted=False))

    assert expected_after(LOG, deeds, 1).at_most == (A,)
    assert expected_after(LOG, deeds, 0).acknowledged == ()
    assert expected_after(LOG, deeds, 0).at_most == (A,)


def test_what_a_fault_refused_is_open_until_an_opening_does_not_show_it() -> None:
    """It was never acknowledged, so that it may go; what has gone may not come back."""
    refused = Deed("append", "refused", B, accepted=False)
    before = (Deed("append", "ok", A), refused)
    opened = Deed("open", "ok", operation=Reopen())

    assert expected_of(LOG, before).allows((A,))
    assert expected_of(LOG, before).allows((A, B))
    shown = (*before, opened, Deed("load", "ok", loaded=(A, B)))
    assert expected_of(LOG, shown).allows((A,))
    assert expected_of(LOG, shown).allows((A, B))
    assert not expected_of(LOG, shown).allows((B,))
    gone = (*before, opened, Deed("load", "ok", loaded=(A,)))
    assert not expected_of(LOG, gone).allows((A, B))


GOOD = Shown((A,), None, (A, *MORE))


@pytest.mark.parametrize(
    ("shown", "aspects"),
    [
        (GOOD, set()),
        (Shown(Problem("refused")), {Aspect.RECOVERY, Aspect.CONTENTS}),
        (Shown(()), {Aspect.CONTENTS}),
        (Shown((A,), Problem("refused"), (A,)), {Aspect.PROGRESS}),
        (Shown((A,), None, (A,)), {Aspect.PROGRESS}),
        (Shown((A,), None, (A, B, *MORE)), {Aspect.RECOVERY}),
        (Shown((A,), None, MORE), {Aspect.RECOVERY}),
        (Shown((A,), None, Problem("refused")), {Aspect.RECOVERY}),
    ],
)
def test_each_difference_breaks_its_own_promise(shown: Shown, aspects: set[Aspect]) -> None:
    """Lost, not opening, taking no more, vanished and come back are told apart."""
    assert set(differences(log((A, True)), shown)) == aspects


def _asked(view: View, second: tuple[object, ...], *offered: object) -> Shown:
    return Shown((A,), None, second, (view,), offered)


@pytest.mark.parametrize(
    ("shown", "aspects"),
    [
        (_asked(View("read since tick 0", (A,), (A,)), (A, *MORE)), set()),
        (_asked(View("read since tick 0", (A,), ()), (A, *MORE)), {Aspect.CONTENTS}),
        (_asked(View("read since tick 0", (A,), Problem("no")), (A, *MORE)), {Aspect.CONTENTS}),
        (_asked(View("append B", "refused", "refused"), (A, *MORE), B), set()),
        (_asked(View("append B", "refused", "accepted"), (A, *MORE, B), B), {Aspect.CONTENTS}),
        # A log that keeps what it refuses has it, and nothing more than that.
        (_asked(View("append B", "refused", "refused"), (A, *MORE, B), B), set()),
        (_asked(View("append B", "refused", "refused"), (A, *MORE, *MORE), B), {Aspect.RECOVERY}),
    ],
)
def test_what_is_asked_behind_a_load_has_to_follow_from_it(
    shown: Shown, aspects: set[Aspect]
) -> None:
    """By the other way of reading, and by what may not be appended."""
    assert set(differences(log((A, True)), shown)) == aspects


def test_a_falling_escalation_is_offered_where_one_can_fall() -> None:
    none, low, safe, high = AgreementLevel
    raised = Escalation("o", none, high, None, 3)

    assert unlawful(()) == ()
    assert unlawful((A, Escalation("o", none, none, None, 3))) == ()
    assert unlawful((Escalation("o", none, low, None, 3),)) == (
        Escalation("o", none, none, "fallen", 3),
    )
    assert unlawful((A, raised)) == (Escalation("o", safe, safe, "fallen", 3),)
    # Of three operations, that which was raised last and another one.
    three = (raised, replace(raised, operation_id="p"), replace(raised, operation_id="q"), raised)
    assert [each.operation_id for each in unlawful(three)] == ["o", "p"]
    for fallen in unlawful(three):
        with pytest.raises(EscalationOrderError):
            AgreementWalArtifact((*three, fallen)).validate_monotonic_escalations()


def test_an_empty_log_that_does_not_open_has_lost_nothing() -> None:
    """Nothing was acknowledged, so that only the opening is wrong."""
    assert set(differences(log(), Shown(Problem("refused")))) == {Aspect.RECOVERY}


def test_samples_lie_in_every_stretch_and_not_at_a_fixed_stride() -> None:
    """All of few; of many one of each stretch, whatever the period of what is counted."""
    assert evenly(range(5), 9) == [0, 1, 2, 3, 4]
    found = evenly(range(100), 10)
    assert [each // 10 for each in found] == list(range(10))
    assert len({each % 2 for each in found}) == 2
    assert evenly(range(100), 10) == found


def test_a_log_is_offered_what_its_own_levels_allow() -> None:
    """Who remembers what a crash took away refuses that."""
    low, high = AgreementLevel.PROVISIONAL, AgreementLevel.FINALIZED
    raised = Escalation("a", AgreementLevel.NONE, low, None, 1)
    final = Escalation("b", AgreementLevel.NONE, high, None, 2)
    fallen = replace(raised, previous_level=AgreementLevel.NONE, new_level=AgreementLevel.NONE)

    assert further(LOG, (raised, final)) == (
        FURTHER_ENTRY,
        Escalation("a", low, low, "again", FURTHER_ENTRY.tick),
    )
    assert further(LOG, (raised, fallen)) == (FURTHER_ENTRY,)


def test_the_longest_outcome_of_a_cache_is_replaced_by_a_short_one() -> None:
    """By which a file that is written over is longer than what is written."""
    short, long = put("a", "n"), put("b", "n" * 600)

    assert further(Component.CACHE, (short,)) == (FURTHER_OUTCOME,)
    assert further(Component.CACHE, (long, short)) == (
        replace(FURTHER_OUTCOME, evidence_id="b"),
        FURTHER_OUTCOME,
    )
