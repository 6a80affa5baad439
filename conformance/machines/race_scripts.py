"""What handles call at the same time, and how fast: the rounds of a race."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import StrValue

__all__ = ["CACHE_ROUNDS", "HANDLES", "LOG_ROUNDS", "Pace", "Round", "RoundScript"]

HANDLES: Final = 3

_LEVELS: Final = (AgreementLevel.FINALIZED, AgreementLevel.PROVISIONAL, AgreementLevel.SOFT_SAFE)
_MANY: Final = 12
_FEW: Final = 4


@dataclass(frozen=True)
class Pace:
    """How a caller takes its time: with what chance it pauses inside a call, and how long.

    The chance is that of each step of a call which runs in our own process, up to a number of
    pauses for each call; ``between_seconds`` are taken after every call.
    """

    chance: float
    pause_seconds: float = 0.0
    between_seconds: float = 0.0


BUSY: Final = Pace(0.25, 5e-4)
SLOW: Final = Pace(0.5, 1e-3, 3e-3)
QUICK: Final = Pace(0.0, 0.0, 4e-4)
PATIENT: Final = Pace(0.0, 0.0, 4e-3)


@dataclass(frozen=True)
class RoundScript:
    """What one handle calls, in order."""

    operations: Sequence[Operation]
    pace: Pace


Round = Sequence[RoundScript]
"""What the handles call at the same time, each its own script."""


def _gate(name: str, tick: int) -> Operation:
    return Append(VisibilityGateCrossing("o", name, AgreementLevel.NONE, tick))


def _escalation(name: str, index: int) -> Operation:
    return Append(Escalation(name, AgreementLevel.NONE, _LEVELS[index], None, 1))


def _all_kinds(index: int) -> RoundScript:
    """Return appends of all kinds; those that escalate contend for the levels of two operations."""
    level, kind = AgreementLevel.SOFT_SAFE, next(iter(AgreementEvidenceKind))
    evidence = AgreementEvidence(f"e{index}", "o", None, None, level, kind, "r", True)
    finalized = Finalization("o", FinalizationOutcome.FINALIZED, f"p{index}", None, 2)
    operations = [
        _escalation("o", index),
        Append(EvidenceProduced(evidence, 2)),
        LoadLog(),
        _gate("shared", 1),
        ReadSince(1),
        _escalation("p", index),
        Append(finalized),
        ReadSince(1),
    ]
    return RoundScript(operations, BUSY)


def _gates(index: int, count: int, pace: Pace) -> RoundScript:
    return RoundScript([_gate(f"c{index}.{each}", each) for each in range(count)], pace)


def _put(key: str, name: str) -> Operation:
    # Whatever was put before under its id differs in each field, so that no mixture is either.
    outcome = EffectOutcome.success(AcquireResponse(StrValue(name)))
    return PutOutcome(EvidenceOutcomeCacheEntry(key, f"interface {name}", name, outcome))


def _several_ids(index: int) -> RoundScript:
    """Return puts under one id of all handles and under ids of its own."""
    shared, name = _put("shared", f"o{index}"), f"o{index}"
    operations = [
        shared,
        _put(f"k{index}", name),
        LoadCache(),
        GetOutcome("shared"),
        _put(f"l{index}", name),
        shared,
        LoadCache(),
    ]
    return RoundScript(operations, BUSY)


def _one_id(index: int, count: int, pace: Pace) -> RoundScript:
    return RoundScript([_put("shared", f"o{index}.{each}") for each in range(count)], pace)


_READS: Final = [LoadLog(), ReadSince(1)] * (_MANY // 2)
_LOOKUPS: Final = [GetOutcome("shared")] * (_MANY - 1) + [LoadCache()]

_LOG_WRITES: Final = [_all_kinds(index) for index in range(HANDLES)]
_CACHE_WRITES: Final = [_several_ids(index) for index in range(HANDLES)]

LOG_ROUNDS: Final[Sequence[Round]] = (
    *[_LOG_WRITES] * 4,
    # One that takes its time to read, while others append one after the other.
    [_gates(0, _MANY, QUICK), _gates(1, _MANY, QUICK), RoundScript([LoadLog()] * _FEW, SLOW)],
    # Two that read all the while one takes its time to append.
    [_gates(0, _FEW, SLOW), RoundScript(_READS, PATIENT), RoundScript(_READS, PATIENT)],
)
"""What is called on a log, round by round; in most of them all handles write."""

CACHE_ROUNDS: Final[Sequence[Round]] = (
    *[_CACHE_WRITES] * 4,
    [_one_id(0, _MANY, QUICK), _one_id(1, _MANY, QUICK), RoundScript(_LOOKUPS[-_FEW:], SLOW)],
    [_one_id(0, _FEW, SLOW), RoundScript(_LOOKUPS, PATIENT), RoundScript(_LOOKUPS, PATIENT)],
)
"""The same for a cache."""
