"""The components that a finding is shown on: the reference's, or the hardened ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from conformance.backend import AgreementWalHandlerLike
from telltale_spec.backends.contract import AgreementWal, EffectHandler
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.hardened.agreement_wal import HardenedAgreementWalHandler
from telltale_spec.hardened.recovery import HardenedRecoveryPlan
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact

__all__ = ["HARDENED_PARTS", "REFERENCE_PARTS", "Parts"]

_Recovery: TypeAlias = Callable[
    [int, None, AgreementWalArtifact, EvidenceOutcomeCacheArtifact], DurableRecoveryPlan[Any]
]


@dataclass(frozen=True)
class Parts:
    """A handler around a log, and a recovery."""

    wal_handler: Callable[[EffectHandler, AgreementWal], AgreementWalHandlerLike]
    recovery: _Recovery


REFERENCE_PARTS: Final = Parts(AgreementWalHandler, DurableRecoveryPlan.from_checkpoint)
HARDENED_PARTS: Final = Parts(HardenedAgreementWalHandler, HardenedRecoveryPlan.from_checkpoint)
