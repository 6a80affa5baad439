"""Which effects may be carried out again, and which of them may have happened."""

from __future__ import annotations

from typing import Final

from telltale_spec.wire.effects import EffectFailureKind, EffectOutcome, FailureStatus
from telltale_spec.wire.requests import (
    AcquireBody,
    EffectRequest,
    OutputConditionHintBody,
    ReleaseBody,
    TopologyEventsBody,
)

__all__ = ["is_repeatable", "may_have_happened"]

_HAPPENED_TO_NOBODY: Final = frozenset(
    {
        EffectFailureKind.DENIED,
        EffectFailureKind.STALE_AUTHORITY,
        EffectFailureKind.INVALID_EVIDENCE,
        EffectFailureKind.INVALID_INPUT,
        EffectFailureKind.DETERMINISM,
        EffectFailureKind.CONTRACT_VIOLATION,
    }
)


def is_repeatable(request: EffectRequest) -> bool:
    """Say whether an effect may be carried out again: guards, topology and hints may."""
    return isinstance(
        request.body, AcquireBody | ReleaseBody | TopologyEventsBody | OutputConditionHintBody
    )


def may_have_happened(outcome: EffectOutcome) -> bool:
    """Say whether an effect with this outcome can have happened.

    A blocked one has not, and neither has one that was refused; of a timeout, a
    cancellation or an unavailable service nobody knows.
    """
    status = outcome.status
    if isinstance(status, FailureStatus):
        return status.failure.kind not in _HAPPENED_TO_NOBODY
    return status.is_success
