"""The law of orders: operations are told apart and sorted by the bytes of their ids, and so alone.

A plan that is sorted in another way is right for most ids that anybody would try. The groups here
hold ids that every other order, and every other notion of equality, gets wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import permutations
from typing import Any, Final, TypeAlias

from conformance.engine.session import History
from conformance.rules.oracles import PlainPlan, plain_recovery
from conformance.rules.soundness import Comparison, RecoveryCase, compare_decisions
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["MISTAKABLE", "Compare", "Plan", "judge_order", "order_cases"]

MISTAKABLE: Final = "operations whose ids are easily confused or sorted wrong"

Plan: TypeAlias = Callable[[History, RecoveryCase], DurableRecoveryPlan[Any]]
Compare: TypeAlias = Callable[[History, Iterable[Comparison]], None]

_GROUPS: Final = (
    # Capitals come before small letters, and what stands between them is no letter.
    ("Z", "a"),
    ("A", "_", "a"),
    ("B", "a", "C"),
    # A shorter id is first only where it is a beginning of the other.
    ("a", "ab"),
    ("b", "aa"),
    ("", "a"),
    # Digits are characters.
    ("10", "9"),
    ("a10", "a9", "a09"),
    ("-1", "0", "1"),
    # Beyond the first plane code units have another order than code points.
    ("\ufffd", "\U0001f600"),
    ("\ue000", "\U00010000"),
    ("a\ufffd", "a\U0001f600"),
    # Bytes have no sign, and no letter belongs beside another.
    ("f", "\u00e9"),
    ("z", "\u00e4"),
    ("\x7f", "\u0080"),
    # What looks alike is not the same.
    ("\u00e9", "e\u0301"),
    ("e\u0301", "f"),
    ("\ufb01", "fi"),
    ("\u00df", "ss"),
    ("I", "i", "\u0131", "\u0130"),
    ("K", "\u212a"),
    # Nothing is cut off and nothing is passed over.
    ("a", "a "),
    ("a", "a\x00"),
    ("a\x00b", "a\x00c"),
    ("a-b", "ab", "a_c"),
    ("a", "a\u200b"),
    (" a", "a"),
    ("a/b", "a:b", "a"),
    ("%41", "A"),
)
_MANY: Final = tuple(f"{letter}{number}" for number in (10, 9, 1) for letter in "cBa\u00e9\ufffd")
_ORDERS_MAX: Final = 3


def order_cases(_histories: int) -> Iterator[RecoveryCase]:
    """Yield logs of each group in several orders of appearance, resumed, ended and mixed."""
    for ids in (*_GROUPS, _MANY):
        orders = [ids, ids[::-1]] if len(ids) > _ORDERS_MAX else list(permutations(ids))
        for order in orders:
            yield RecoveryCase(0, tuple(map(_resumed, order)))
            yield RecoveryCase(0, tuple(map(_ended, order)))
        mixed = [_ended(each) if index % 2 else _resumed(each) for index, each in enumerate(ids)]
        yield RecoveryCase(0, tuple(mixed))
        yield _with_evidence(ids)


def _resumed(operation_id: str) -> AgreementWalEntry:
    return Escalation(operation_id, AgreementLevel.NONE, AgreementLevel.SOFT_SAFE, None, 1)


def _ended(operation_id: str) -> AgreementWalEntry:
    return Finalization(operation_id, FinalizationOutcome.FINALIZED, None, None, 1)


def _with_evidence(ids: tuple[str, ...]) -> RecoveryCase:
    """Return a log that produced evidence of the first id only, with all of them cached."""
    kind = AgreementEvidenceKind.WITNESS
    evidence = AgreementEvidence(
        ids[0], ids[0], None, None, AgreementLevel.SOFT_SAFE, kind, "", authoritative=False
    )
    cache = (EvidenceOutcomeCacheEntry(each, "i", "o", EffectOutcome.blocked()) for each in ids)
    return RecoveryCase(0, (EvidenceProduced(evidence, 1),), tuple(cache))


def judge_order(history: History, case: RecoveryCase, plan_of: Plan, compare: Compare) -> None:
    """Compare decisions and both lists with the oracle, each by itself."""
    expected = plain_recovery(case.checkpoint_tick, case.entries, case.cache)
    assert not isinstance(expected, str)  # noqa: S101 - these logs are in order
    history.reach(MISTAKABLE)
    plan = plan_of(history, case)
    for comparisons in _parts(expected, plan):
        part = history.beside()
        part.steps = history.steps
        part.run(lambda part=part, comparisons=comparisons: compare(part, comparisons))  # type: ignore[misc]


def _parts(expected: PlainPlan, plan: DurableRecoveryPlan[Any]) -> Iterator[list[Comparison]]:
    yield list(compare_decisions(expected.decisions, plan.decisions))
    for what, name in (
        ("resumed operations", "resumed_operation_ids"),
        ("terminal operations", "terminal_operation_ids"),
    ):
        wanted, actual = getattr(expected, name), getattr(plan.metadata, name)
        yield [Comparison("RECOV-08", what, wanted, actual)]
