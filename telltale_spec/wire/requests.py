"""Effect requests: interface metadata, request bodies and exchange records."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import ClassVar, Final

from telltale_spec.wire.agreement import WalSyncRequest
from telltale_spec.wire.effects import EffectFailure, EffectOutcome
from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.shapes import (
    TEXT,
    U64,
    ExternallyTaggedShape,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    UnitEnumShape,
    wire,
)
from telltale_spec.wire.values import VALUE, Value

__all__ = [
    "EFFECT_REQUEST_BODY",
    "AcquireBody",
    "BoundedRetry",
    "ChooseBody",
    "EffectAdmissibility",
    "EffectAgreementUse",
    "EffectAuthorityClass",
    "EffectExchangeRecord",
    "EffectHandlerDomain",
    "EffectInterfaceMetadata",
    "EffectReentrancyPolicy",
    "EffectRegionScope",
    "EffectRequest",
    "EffectRequestBody",
    "EffectRetryShape",
    "EffectSemanticClass",
    "EffectTimeoutPolicy",
    "EffectTotality",
    "ForbiddenRetry",
    "InheritOperationBudget",
    "InvokeStepBody",
    "NoTimeout",
    "OutputConditionHintBody",
    "ReceiveBody",
    "ReleaseBody",
    "RequiredTimeout",
    "SendDecisionBody",
    "TopologyEventsBody",
    "UntilTimeoutRetry",
    "WalSyncBody",
]


class EffectAuthorityClass(enum.Enum):
    """Whether an effect may justify semantic truth."""

    AUTHORITATIVE = "authoritative"
    COMMAND = "command"
    OBSERVE = "observe"


class EffectSemanticClass(enum.Enum):
    """What an effect's outcome means."""

    AUTHORITATIVE = "authoritative"
    OBSERVATIONAL = "observational"
    BEST_EFFORT = "best_effort"


class EffectAgreementUse(enum.Enum):
    """Whether an effect belongs beneath an agreement."""

    NONE = "none"
    REQUIRED = "required"
    FORBIDDEN = "forbidden"


class EffectAdmissibility(enum.Enum):
    """When an effect is admitted."""

    ALWAYS = "always"
    DECLARED_USE_ONLY = "declared_use_only"
    INTERNAL_ONLY = "internal_only"


class EffectTotality(enum.Enum):
    """Whether an effect may block."""

    IMMEDIATE = "immediate"
    MAY_BLOCK = "may_block"


class EffectReentrancyPolicy(enum.Enum):
    """Which second live request is refused."""

    ALLOW = "allow"
    REJECT_SAME_OPERATION = "reject_same_operation"
    REJECT_SAME_FRAGMENT = "reject_same_fragment"


class EffectHandlerDomain(enum.Enum):
    """Who serves an effect."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class EffectRegionScope(enum.Enum):
    """How far an effect reaches."""

    SESSION = "session"
    FRAGMENT = "fragment"
    GLOBAL = "global"


TIMEOUT_POLICY: Final[ExternallyTaggedShape[EffectTimeoutPolicy]] = ExternallyTaggedShape(
    "EffectTimeoutPolicy"
)
RETRY_SHAPE: Final[ExternallyTaggedShape[EffectRetryShape]] = ExternallyTaggedShape(
    "EffectRetryShape"
)


@dataclass(frozen=True, slots=True)
class EffectTimeoutPolicy(Variant):
    """Timeout contract of an effect; one of the three variants below. Source: WIRE-11."""

    union: ClassVar[ExternallyTaggedShape[EffectTimeoutPolicy]] = TIMEOUT_POLICY


@dataclass(frozen=True, slots=True)
class NoTimeout(EffectTimeoutPolicy):
    """No timeout of its own."""

    variant_name: ClassVar[str] = "none"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class InheritOperationBudget(EffectTimeoutPolicy):
    """The budget of the enclosing operation."""

    variant_name: ClassVar[str] = "inherit_operation_budget"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class RequiredTimeout(EffectTimeoutPolicy):
    """A timeout of its own, in ticks when known."""

    variant_name: ClassVar[str] = "required"

    budget_ticks: int | None = field(metadata=wire(OptionShape(U64)))


TIMEOUT_POLICY.define(NoTimeout, InheritOperationBudget, RequiredTimeout)


@dataclass(frozen=True, slots=True)
class EffectRetryShape(Variant):
    """Retry contract of an effect; one of the three variants below. Source: WIRE-11."""

    union: ClassVar[ExternallyTaggedShape[EffectRetryShape]] = RETRY_SHAPE


@dataclass(frozen=True, slots=True)
class ForbiddenRetry(EffectRetryShape):
    """No retries."""

    variant_name: ClassVar[str] = "forbidden"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class BoundedRetry(EffectRetryShape):
    """Retries up to a fixed number."""

    variant_name: ClassVar[str] = "bounded"

    max_retries: int = field(metadata=wire(U64))


@dataclass(frozen=True, slots=True)
class UntilTimeoutRetry(EffectRetryShape):
    """Retries until the timeout budget is used up."""

    variant_name: ClassVar[str] = "until_timeout"
    variant_style: ClassVar[str] = "unit"


RETRY_SHAPE.define(ForbiddenRetry, BoundedRetry, UntilTimeoutRetry)


@dataclass(frozen=True, slots=True)
class EffectInterfaceMetadata(Record):
    """The contract of one effect operation. Source: WIRE-11, SYNC-14."""

    interface_name: str = field(metadata=wire(TEXT))
    operation_name: str = field(metadata=wire(TEXT))
    authority_class: EffectAuthorityClass = field(
        metadata=wire(UnitEnumShape(EffectAuthorityClass))
    )
    semantic_class: EffectSemanticClass = field(metadata=wire(UnitEnumShape(EffectSemanticClass)))
    agreement_use: EffectAgreementUse = field(metadata=wire(UnitEnumShape(EffectAgreementUse)))
    region_scope: EffectRegionScope = field(metadata=wire(UnitEnumShape(EffectRegionScope)))
    admissibility: EffectAdmissibility = field(metadata=wire(UnitEnumShape(EffectAdmissibility)))
    totality: EffectTotality = field(metadata=wire(UnitEnumShape(EffectTotality)))
    timeout_policy: EffectTimeoutPolicy = field(metadata=wire(TIMEOUT_POLICY))
    retry_shape: EffectRetryShape = field(metadata=wire(RETRY_SHAPE))
    reentrancy_policy: EffectReentrancyPolicy = field(
        metadata=wire(UnitEnumShape(EffectReentrancyPolicy))
    )
    handler_domain: EffectHandlerDomain = field(metadata=wire(UnitEnumShape(EffectHandlerDomain)))

    @property
    def architecturally_legal(self) -> bool:
        """Say whether the combination of classes is one that the effect algebra allows."""
        authoritative = self.authority_class is EffectAuthorityClass.AUTHORITATIVE
        truth = self.semantic_class is EffectSemanticClass.AUTHORITATIVE
        agreement_required = self.agreement_use is EffectAgreementUse.REQUIRED
        observing = self.authority_class is EffectAuthorityClass.OBSERVE
        observational = self.semantic_class is EffectSemanticClass.OBSERVATIONAL
        timeout_required = isinstance(self.timeout_policy, RequiredTimeout)
        waits = self.totality is EffectTotality.MAY_BLOCK
        retries = not isinstance(self.retry_shape, ForbiddenRetry)
        internal_only = self.admissibility is EffectAdmissibility.INTERNAL_ONLY
        return (
            (truth or not authoritative)
            and not (agreement_required and (observing or observational))
            and (timeout_required or not (waits or retries))
            and (self.handler_domain is EffectHandlerDomain.INTERNAL or not internal_only)
        )

    def validate(self) -> EffectFailure | None:
        """Return the contract violation of an illegal combination, or ``None`` (SYNC-12)."""
        if self.architecturally_legal:
            return None
        return EffectFailure.contract_violation(
            f"effect {self.interface_name}.{self.operation_name} "
            "violates the protocol-machine effect algebra"
        )

    @classmethod
    def for_effect_kind(cls, effect_kind: str) -> EffectInterfaceMetadata:
        """Return the metadata of a built-in effect kind.

        An unknown kind gets the contract of a plain command of interface
        ``Runtime`` whose operation is the kind itself. Source: SYNC-14
        (core_types.rs 506-660).
        """
        builtin = _BUILTIN_METADATA.get(effect_kind)
        return _command("Runtime", effect_kind) if builtin is None else builtin


def _command(
    interface_name: str,
    operation_name: str,
    *,
    region_scope: EffectRegionScope = EffectRegionScope.SESSION,
    timeout_policy: EffectTimeoutPolicy | None = None,
    reentrancy_policy: EffectReentrancyPolicy = EffectReentrancyPolicy.ALLOW,
) -> EffectInterfaceMetadata:
    return EffectInterfaceMetadata(
        interface_name,
        operation_name,
        EffectAuthorityClass.COMMAND,
        EffectSemanticClass.BEST_EFFORT,
        EffectAgreementUse.FORBIDDEN,
        region_scope,
        EffectAdmissibility.DECLARED_USE_ONLY,
        EffectTotality.IMMEDIATE,
        timeout_policy or NoTimeout(),
        ForbiddenRetry(),
        reentrancy_policy,
        EffectHandlerDomain.EXTERNAL,
    )


def _authoritative(
    interface_name: str,
    operation_name: str,
    *,
    internal: bool = False,
    waits: bool = False,
    retry_shape: EffectRetryShape | None = None,
    reentrancy_policy: EffectReentrancyPolicy = EffectReentrancyPolicy.REJECT_SAME_FRAGMENT,
) -> EffectInterfaceMetadata:
    return EffectInterfaceMetadata(
        interface_name,
        operation_name,
        EffectAuthorityClass.AUTHORITATIVE,
        EffectSemanticClass.AUTHORITATIVE,
        EffectAgreementUse.REQUIRED,
        EffectRegionScope.FRAGMENT,
        EffectAdmissibility.INTERNAL_ONLY if internal else EffectAdmissibility.DECLARED_USE_ONLY,
        EffectTotality.MAY_BLOCK if waits else EffectTotality.IMMEDIATE,
        RequiredTimeout(None) if waits else NoTimeout(),
        retry_shape or ForbiddenRetry(),
        reentrancy_policy,
        EffectHandlerDomain.INTERNAL if internal else EffectHandlerDomain.EXTERNAL,
    )


_TOPOLOGY_EVENTS = _authoritative(
    "Runtime",
    "topologyEvents",
    internal=True,
    reentrancy_policy=EffectReentrancyPolicy.ALLOW,
)

_BUILTIN_METADATA: Final = {
    "send_decision": _command("Transport", "sendDecision"),
    "handle_recv": _command("Transport", "handleRecv"),
    "handle_choose": _command("Transport", "handleChoose"),
    "invoke_step": _command(
        "Runtime",
        "invoke",
        region_scope=EffectRegionScope.FRAGMENT,
        timeout_policy=InheritOperationBudget(),
        reentrancy_policy=EffectReentrancyPolicy.REJECT_SAME_OPERATION,
    ),
    "handle_acquire": _authoritative("Guard", "acquire", waits=True),
    "handle_release": _authoritative("Guard", "release"),
    "topology_events": _TOPOLOGY_EVENTS,
    "topology_event": _TOPOLOGY_EVENTS,
    "wal_sync": _authoritative(
        "Wal", "sync", internal=True, waits=True, retry_shape=BoundedRetry(3)
    ),
    "output_condition_hint": _authoritative(
        "Runtime", "outputConditionHint", reentrancy_policy=EffectReentrancyPolicy.ALLOW
    ),
}


EFFECT_REQUEST_BODY: Final[InternallyTaggedShape[EffectRequestBody]] = InternallyTaggedShape(
    "EffectRequestBody", "kind"
)


@dataclass(frozen=True, slots=True)
class EffectRequestBody(Variant):
    """What an effect is asked to do; one of the nine variants below. Source: WIRE-11.

    ``effect_kind`` names the metadata that belongs to a body.
    """

    union: ClassVar[InternallyTaggedShape[EffectRequestBody]] = EFFECT_REQUEST_BODY
    effect_kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class SendDecisionBody(EffectRequestBody):
    """Decide what becomes of a message."""

    variant_name: ClassVar[str] = "send_decision"
    effect_kind: ClassVar[str] = "send_decision"

    role: str = field(metadata=wire(TEXT))
    partner: str = field(metadata=wire(TEXT))
    label: str = field(metadata=wire(TEXT))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))
    payload: Value | None = field(metadata=wire(OptionShape(VALUE)))


@dataclass(frozen=True, slots=True)
class ReceiveBody(EffectRequestBody):
    """Take in a received value."""

    variant_name: ClassVar[str] = "receive"
    effect_kind: ClassVar[str] = "handle_recv"

    role: str = field(metadata=wire(TEXT))
    partner: str = field(metadata=wire(TEXT))
    label: str = field(metadata=wire(TEXT))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))
    payload: Value = field(metadata=wire(VALUE))


@dataclass(frozen=True, slots=True)
class ChooseBody(EffectRequestBody):
    """Choose one of several branches."""

    variant_name: ClassVar[str] = "choose"
    effect_kind: ClassVar[str] = "handle_choose"

    role: str = field(metadata=wire(TEXT))
    partner: str = field(metadata=wire(TEXT))
    labels: tuple[str, ...] = field(metadata=wire(ListShape(TEXT)))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


@dataclass(frozen=True, slots=True)
class InvokeStepBody(EffectRequestBody):
    """Run one integration step."""

    variant_name: ClassVar[str] = "invoke_step"
    effect_kind: ClassVar[str] = "invoke_step"

    role: str = field(metadata=wire(TEXT))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


@dataclass(frozen=True, slots=True)
class AcquireBody(EffectRequestBody):
    """Acquire a guard layer."""

    variant_name: ClassVar[str] = "acquire"
    effect_kind: ClassVar[str] = "handle_acquire"

    role: str = field(metadata=wire(TEXT))
    layer: str = field(metadata=wire(TEXT))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


@dataclass(frozen=True, slots=True)
class ReleaseBody(EffectRequestBody):
    """Release a guard layer."""

    variant_name: ClassVar[str] = "release"
    effect_kind: ClassVar[str] = "handle_release"

    role: str = field(metadata=wire(TEXT))
    layer: str = field(metadata=wire(TEXT))
    evidence: Value = field(metadata=wire(VALUE))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


@dataclass(frozen=True, slots=True)
class TopologyEventsBody(EffectRequestBody):
    """Ask for the changes of the network at one tick."""

    variant_name: ClassVar[str] = "topology_events"
    effect_kind: ClassVar[str] = "topology_events"

    tick: int = field(metadata=wire(U64))


@dataclass(frozen=True, slots=True)
class WalSyncBody(EffectRequestBody):
    """Make the agreement state of an operation durable."""

    variant_name: ClassVar[str] = "wal_sync"
    effect_kind: ClassVar[str] = "wal_sync"

    sync: WalSyncRequest = field(metadata=wire(RecordShape(WalSyncRequest)))


@dataclass(frozen=True, slots=True)
class OutputConditionHintBody(EffectRequestBody):
    """Ask for metadata that gates an output."""

    variant_name: ClassVar[str] = "output_condition_hint"
    effect_kind: ClassVar[str] = "output_condition_hint"

    role: str = field(metadata=wire(TEXT))
    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


EFFECT_REQUEST_BODY.define(
    SendDecisionBody,
    ReceiveBody,
    ChooseBody,
    InvokeStepBody,
    AcquireBody,
    ReleaseBody,
    TopologyEventsBody,
    WalSyncBody,
    OutputConditionHintBody,
)


@dataclass(frozen=True, slots=True)
class EffectRequest(Record):
    """One typed effect request. Source: WIRE-11."""

    effect_id: int | None = field(metadata=wire(OptionShape(U64)))
    tick: int = field(metadata=wire(U64))
    session: int | None = field(metadata=wire(OptionShape(U64)))
    operation_id: str | None = field(metadata=wire(OptionShape(TEXT)))
    metadata: EffectInterfaceMetadata = field(metadata=wire(RecordShape(EffectInterfaceMetadata)))
    body: EffectRequestBody = field(metadata=wire(EFFECT_REQUEST_BODY))

    @classmethod
    def of(
        cls,
        body: EffectRequestBody,
        *,
        tick: int = 0,
        session: int | None = None,
        operation_id: str | None = None,
    ) -> EffectRequest:
        """Return a request for ``body`` with the metadata of its effect kind."""
        metadata = EffectInterfaceMetadata.for_effect_kind(body.effect_kind)
        return cls(None, tick, session, operation_id, metadata, body)

    @classmethod
    def wal_sync(cls, tick: int, operation_id: str, sync: WalSyncRequest) -> EffectRequest:
        """Return a ``wal_sync`` request; envelope and payload may disagree (F30)."""
        return cls.of(WalSyncBody(sync), tick=tick, operation_id=operation_id)


@dataclass(frozen=True, slots=True)
class EffectExchangeRecord(Record):
    """One effect request with its outcome, as recorded. Source: core_types.rs 1178-1190."""

    effect_id: int = field(metadata=wire(U64))
    handler_identity: str = field(metadata=wire(TEXT))
    ordering_key: int = field(metadata=wire(U64))
    request: EffectRequest = field(metadata=wire(RecordShape(EffectRequest)))
    outcome: EffectOutcome = field(metadata=wire(RecordShape(EffectOutcome)))

    @property
    def succeeded(self) -> bool:
        """Say whether the exchange completed successfully."""
        return self.outcome.status.is_success

    @property
    def terminal(self) -> bool:
        """Say whether the exchange is over."""
        return self.outcome.status.is_terminal
