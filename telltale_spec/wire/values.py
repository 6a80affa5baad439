"""Runtime values and the small unions built from them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import ClassVar, Final

from telltale_spec.errors import DomainError
from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.shapes import (
    BOOL,
    TEXT,
    U32,
    U64,
    ExternallyTaggedShape,
    OptionShape,
    RecordShape,
    UnitEnumShape,
    wire,
)

__all__ = [
    "NANOSECONDS_MAX",
    "SEND_DECISION",
    "TOPOLOGY_PERTURBATION",
    "VALUE",
    "VALUE_DEPTH_MAX",
    "BoolValue",
    "Corrupt",
    "CorruptionType",
    "Crash",
    "Defer",
    "Deliver",
    "Drop",
    "Duration",
    "Endpoint",
    "EndpointValue",
    "Heal",
    "NatValue",
    "OutputConditionHint",
    "Partition",
    "ProdValue",
    "SendDecision",
    "StrValue",
    "Timeout",
    "TopologyPerturbation",
    "UnitValue",
    "Value",
]

# The specification has no limit here and writes what it cannot read back: its
# reader stops at 124 products in a cached response (DEC-28, F23). This bound
# keeps plain recursion over a value within Python's limit and is twice that.
VALUE_DEPTH_MAX: Final = 256

NANOSECONDS_MAX: Final = 999_999_999

VALUE: Final[ExternallyTaggedShape[Value]] = ExternallyTaggedShape("Value")
SEND_DECISION: Final[ExternallyTaggedShape[SendDecision]] = ExternallyTaggedShape("SendDecision")
TOPOLOGY_PERTURBATION: Final[ExternallyTaggedShape[TopologyPerturbation]] = ExternallyTaggedShape(
    "TopologyPerturbation"
)


@dataclass(frozen=True, slots=True)
class Endpoint(Record):
    """A role in a session. Source: WIRE-08 (instr.rs 31-36)."""

    sid: int = field(metadata=wire(U64))
    role: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class Value(Variant):
    """A runtime value; one of the six variants below. Source: WIRE-08 (coroutine.rs 52-67)."""

    union: ClassVar[ExternallyTaggedShape[Value]] = VALUE

    @property
    def depth(self) -> int:
        """Number of products around the innermost value."""
        return 0


@dataclass(frozen=True, slots=True)
class UnitValue(Value):
    """No value."""

    variant_name: ClassVar[str] = "Unit"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class NatValue(Value):
    """A natural number."""

    variant_name: ClassVar[str] = "Nat"
    variant_style: ClassVar[str] = "newtype"

    value: int = field(metadata=wire(U64))


@dataclass(frozen=True, slots=True)
class BoolValue(Value):
    """A truth value."""

    variant_name: ClassVar[str] = "Bool"
    variant_style: ClassVar[str] = "newtype"

    value: bool = field(metadata=wire(BOOL))


@dataclass(frozen=True, slots=True)
class StrValue(Value):
    """A text."""

    variant_name: ClassVar[str] = "Str"
    variant_style: ClassVar[str] = "newtype"

    value: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class ProdValue(Value):
    """A pair of values, nested at most :data:`VALUE_DEPTH_MAX` deep."""

    variant_name: ClassVar[str] = "Prod"
    variant_style: ClassVar[str] = "tuple"

    left: Value = field(metadata=wire(VALUE))
    right: Value = field(metadata=wire(VALUE))
    # Kept, not worked out, so that building a deep value stays linear.
    _depth: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        depth = 1 + max(self.left.depth, self.right.depth)
        if depth > VALUE_DEPTH_MAX:
            raise DomainError("ProdValue", "depth", depth, f"at most {VALUE_DEPTH_MAX}")
        object.__setattr__(self, "_depth", depth)

    @property
    def depth(self) -> int:
        """Number of products around the innermost value, this one included."""
        return self._depth


@dataclass(frozen=True, slots=True)
class EndpointValue(Value):
    """A reference to an endpoint."""

    variant_name: ClassVar[str] = "Endpoint"
    variant_style: ClassVar[str] = "newtype"

    endpoint: Endpoint = field(metadata=wire(RecordShape(Endpoint)))


VALUE.define(UnitValue, NatValue, BoolValue, StrValue, ProdValue, EndpointValue)


@dataclass(frozen=True, slots=True)
class SendDecision(Variant):
    """What becomes of a message; one of the three variants below. Source: WIRE-08."""

    union: ClassVar[ExternallyTaggedShape[SendDecision]] = SEND_DECISION


@dataclass(frozen=True, slots=True)
class Deliver(SendDecision):
    """Deliver the payload at once."""

    variant_name: ClassVar[str] = "Deliver"
    variant_style: ClassVar[str] = "newtype"

    payload: Value = field(metadata=wire(VALUE))


@dataclass(frozen=True, slots=True)
class Drop(SendDecision):
    """Drop the message; the sender goes on."""

    variant_name: ClassVar[str] = "Drop"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class Defer(SendDecision):
    """Leave the message to middleware."""

    variant_name: ClassVar[str] = "Defer"
    variant_style: ClassVar[str] = "unit"


SEND_DECISION.define(Deliver, Drop, Defer)


class CorruptionType(enum.Enum):
    """How a message is corrupted. Source: WIRE-08."""

    BIT_FLIP = "BitFlip"
    TRUNCATION = "Truncation"
    PAYLOAD_ERASE = "PayloadErase"


@dataclass(frozen=True, slots=True)
class Duration(Record):
    """A length of time in whole seconds and nanoseconds. Source: DOM-06, WIRE-09."""

    secs: int = field(metadata=wire(U64))
    nanos: int = field(metadata=wire(U32))

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.nanos > NANOSECONDS_MAX:
            raise DomainError("Duration", "nanos", self.nanos, f"0 to {NANOSECONDS_MAX}")


@dataclass(frozen=True, slots=True)
class TopologyPerturbation(Variant):
    """A change of the network; one of the five variants below. Source: WIRE-08."""

    union: ClassVar[ExternallyTaggedShape[TopologyPerturbation]] = TOPOLOGY_PERTURBATION


@dataclass(frozen=True, slots=True)
class Crash(TopologyPerturbation):
    """One site crashed."""

    variant_name: ClassVar[str] = "Crash"

    site: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class Partition(TopologyPerturbation):
    """Two sites were cut off from each other; ``from_`` is ``from`` on the wire."""

    variant_name: ClassVar[str] = "Partition"

    from_: str = field(metadata=wire(TEXT, name="from"))
    to: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class Heal(TopologyPerturbation):
    """Two sites reach each other again; ``from_`` is ``from`` on the wire."""

    variant_name: ClassVar[str] = "Heal"

    from_: str = field(metadata=wire(TEXT, name="from"))
    to: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class Corrupt(TopologyPerturbation):
    """One directed link corrupts messages; ``from_`` is ``from`` on the wire."""

    variant_name: ClassVar[str] = "Corrupt"

    from_: str = field(metadata=wire(TEXT, name="from"))
    to: str = field(metadata=wire(TEXT))
    corruption: CorruptionType = field(metadata=wire(UnitEnumShape(CorruptionType)))


@dataclass(frozen=True, slots=True)
class Timeout(TopologyPerturbation):
    """One site timed out."""

    variant_name: ClassVar[str] = "Timeout"

    site: str = field(metadata=wire(TEXT))
    duration: Duration = field(metadata=wire(RecordShape(Duration)))


TOPOLOGY_PERTURBATION.define(Crash, Partition, Heal, Corrupt, Timeout)


@dataclass(frozen=True, slots=True)
class OutputConditionHint(Record):
    """Metadata for gating an output. Source: WIRE-09 (output_condition.rs 43-48)."""

    predicate_ref: str = field(metadata=wire(TEXT))
    witness_ref: str | None = field(metadata=wire(OptionShape(TEXT)))
