"""Effects: failures, outcomes, responses and the results that helper methods return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar

from telltale_spec.errors import DomainError
from telltale_spec.wire.agreement import DebugNamedEnum
from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.shapes import (
    TEXT,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    Tree,
    UnitEnumShape,
    wire,
)
from telltale_spec.wire.values import (
    SEND_DECISION,
    TOPOLOGY_PERTURBATION,
    VALUE,
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    Value,
)

__all__ = [
    "EFFECT_OUTCOME_STATUS",
    "EFFECT_RESPONSE",
    "AcquireResponse",
    "Blocked",
    "BlockedStatus",
    "ChooseResponse",
    "EffectFailure",
    "EffectFailureKind",
    "EffectOutcome",
    "EffectOutcomeStatus",
    "EffectResponse",
    "EffectResult",
    "Failure",
    "FailureStatus",
    "InvokeStepResponse",
    "OutputConditionHintResponse",
    "ReceiveResponse",
    "ReleaseResponse",
    "SendDecisionResponse",
    "Success",
    "SuccessStatus",
    "TopologyEventsResponse",
    "WalSyncResponse",
    "effect_result_from_dict",
]


class EffectFailureKind(DebugNamedEnum):
    """Why an effect failed. Source: WIRE-06."""

    DENIED = "denied"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    STALE_AUTHORITY = "stale_authority"
    INVALID_EVIDENCE = "invalid_evidence"
    UNAVAILABLE = "unavailable"
    INVALID_INPUT = "invalid_input"
    DETERMINISM = "determinism"
    TOPOLOGY_DISRUPTION = "topology_disruption"
    CONTRACT_VIOLATION = "contract_violation"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EffectFailure(Record):
    """A typed failure with its message. Source: WIRE-06, OUT-02."""

    kind: EffectFailureKind = field(metadata=wire(UnitEnumShape(EffectFailureKind)))
    message: str = field(metadata=wire(TEXT))

    @classmethod
    def unavailable(cls, message: str) -> EffectFailure:
        """Return a failure of a backend that cannot be used now."""
        return cls(EffectFailureKind.UNAVAILABLE, message)

    @classmethod
    def contract_violation(cls, message: str) -> EffectFailure:
        """Return a failure of a caller or handler that broke the effect contract."""
        return cls(EffectFailureKind.CONTRACT_VIOLATION, message)

    def __str__(self) -> str:
        return f"{self.kind.debug_name}: {self.message}"


EFFECT_OUTCOME_STATUS: Final[InternallyTaggedShape[EffectOutcomeStatus]] = InternallyTaggedShape(
    "EffectOutcomeStatus", "status"
)
EFFECT_RESPONSE: Final[InternallyTaggedShape[EffectResponse]] = InternallyTaggedShape(
    "EffectResponse", "kind"
)


@dataclass(frozen=True, slots=True)
class EffectOutcomeStatus(Variant):
    """How an effect ended; one of the three variants below. Source: WIRE-06."""

    union: ClassVar[InternallyTaggedShape[EffectOutcomeStatus]] = EFFECT_OUTCOME_STATUS

    @property
    def is_success(self) -> bool:
        """Say whether the effect succeeded."""
        return False

    @property
    def is_terminal(self) -> bool:
        """Say whether the effect is over: anything but blocked (OUT-02)."""
        return True


@dataclass(frozen=True, slots=True)
class SuccessStatus(EffectOutcomeStatus):
    """The effect succeeded."""

    variant_name: ClassVar[str] = "success"

    @property
    def is_success(self) -> bool:
        """Say that the effect succeeded."""
        return True


@dataclass(frozen=True, slots=True)
class BlockedStatus(EffectOutcomeStatus):
    """The effect is blocked and may be tried again."""

    variant_name: ClassVar[str] = "blocked"

    @property
    def is_terminal(self) -> bool:
        """Say that a blocked effect is not over."""
        return False


@dataclass(frozen=True, slots=True)
class FailureStatus(EffectOutcomeStatus):
    """The effect failed."""

    variant_name: ClassVar[str] = "failure"

    failure: EffectFailure = field(metadata=wire(RecordShape(EffectFailure)))


EFFECT_OUTCOME_STATUS.define(SuccessStatus, BlockedStatus, FailureStatus)


@dataclass(frozen=True, slots=True)
class EffectResponse(Variant):
    """What a successful effect answers; one of the nine variants below. Source: WIRE-07."""

    union: ClassVar[InternallyTaggedShape[EffectResponse]] = EFFECT_RESPONSE


@dataclass(frozen=True, slots=True)
class SendDecisionResponse(EffectResponse):
    """Answer of ``send_decision``."""

    variant_name: ClassVar[str] = "send_decision"

    decision: SendDecision = field(metadata=wire(SEND_DECISION))


@dataclass(frozen=True, slots=True)
class ReceiveResponse(EffectResponse):
    """Answer of ``handle_recv``: the registers after it."""

    variant_name: ClassVar[str] = "receive"

    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


@dataclass(frozen=True, slots=True)
class ChooseResponse(EffectResponse):
    """Answer of ``handle_choose``."""

    variant_name: ClassVar[str] = "choose"

    label: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class InvokeStepResponse(EffectResponse):
    """Answer of ``step``: the registers after it."""

    variant_name: ClassVar[str] = "invoke_step"

    state: tuple[Value, ...] = field(metadata=wire(ListShape(VALUE)))


@dataclass(frozen=True, slots=True)
class AcquireResponse(EffectResponse):
    """Answer of ``handle_acquire``."""

    variant_name: ClassVar[str] = "acquire"

    evidence: Value = field(metadata=wire(VALUE))


@dataclass(frozen=True, slots=True)
class ReleaseResponse(EffectResponse):
    """Answer of ``handle_release``."""

    variant_name: ClassVar[str] = "release"


@dataclass(frozen=True, slots=True)
class TopologyEventsResponse(EffectResponse):
    """Answer of ``topology_events``."""

    variant_name: ClassVar[str] = "topology_events"

    events: tuple[TopologyPerturbation, ...] = field(
        metadata=wire(ListShape(TOPOLOGY_PERTURBATION))
    )


@dataclass(frozen=True, slots=True)
class WalSyncResponse(EffectResponse):
    """Answer of ``wal_sync``."""

    variant_name: ClassVar[str] = "wal_sync"


@dataclass(frozen=True, slots=True)
class OutputConditionHintResponse(EffectResponse):
    """Answer of ``output_condition_hint``."""

    variant_name: ClassVar[str] = "output_condition_hint"

    hint: OutputConditionHint | None = field(
        metadata=wire(OptionShape(RecordShape(OutputConditionHint)))
    )


EFFECT_RESPONSE.define(
    SendDecisionResponse,
    ReceiveResponse,
    ChooseResponse,
    InvokeStepResponse,
    AcquireResponse,
    ReleaseResponse,
    TopologyEventsResponse,
    WalSyncResponse,
    OutputConditionHintResponse,
)


@dataclass(frozen=True, slots=True)
class EffectOutcome(Record):
    """Status and response of one effect; the two are not cross-checked (DEC-25)."""

    status: EffectOutcomeStatus = field(metadata=wire(EFFECT_OUTCOME_STATUS))
    response: EffectResponse | None = field(
        default=None, metadata=wire(OptionShape(EFFECT_RESPONSE))
    )

    @classmethod
    def success(cls, response: EffectResponse) -> EffectOutcome:
        """Return a successful outcome."""
        return cls(SuccessStatus(), response)

    @classmethod
    def blocked(cls) -> EffectOutcome:
        """Return a blocked outcome."""
        return cls(BlockedStatus(), None)

    @classmethod
    def failed(cls, failure: EffectFailure) -> EffectOutcome:
        """Return a failed outcome."""
        return cls(FailureStatus(failure), None)


ResultType = TypeVar("ResultType", covariant=True)


@dataclass(frozen=True, slots=True)
class Success(Generic[ResultType]):
    """A helper method's success and its value. Source: WIRE-12.

    The value is nothing, a text, a record or a sequence of records.
    """

    value: ResultType

    def to_dict(self) -> Tree:
        """Return serde's JSON form of this result."""
        return {"Success": _value_tree(self.value)}


@dataclass(frozen=True, slots=True)
class Blocked:
    """A helper method's word that it cannot go on now. Source: WIRE-12."""

    def to_dict(self) -> Tree:
        """Return serde's JSON form of this result."""
        return "Blocked"


@dataclass(frozen=True, slots=True)
class Failure:
    """A helper method's failure. Source: WIRE-12."""

    failure: EffectFailure

    def to_dict(self) -> Tree:
        """Return serde's JSON form of this result."""
        return {"Failure": self.failure.to_dict()}


EffectResult: TypeAlias = Success[ResultType] | Blocked | Failure


def effect_result_from_dict(tree: Any, value_shape: Shape[Any] | None = None) -> EffectResult[Any]:
    """Return the result of a JSON form, or raise :class:`DomainError`.

    ``value_shape`` describes the value of a success; without it a success
    carries nothing.
    """
    if tree == "Blocked":
        return Blocked()
    if isinstance(tree, dict) and len(tree) == 1:
        ((name, content),) = tree.items()
        if name == "Failure":
            return Failure(EffectFailure.from_dict(content))
        if name == "Success" and value_shape is not None:
            return Success(value_shape.from_tree(content))
        if name == "Success" and content is None:
            return Success(None)
    raise DomainError("EffectResult", "variant", tree, "Success, Blocked or Failure")


def _value_tree(value: object) -> Tree:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [_value_tree(item) for item in value]
    raise DomainError("Success", "value", value, "nothing, a text, a record or records")
