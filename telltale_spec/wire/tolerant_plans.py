"""What the tolerant reader has to know of a record beyond its shapes.

A plan is made once for each record class. It answers which field a key means,
by name or by index, and it holds the few facts of the specification's own
declarations that matter to odd input only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from telltale_spec.wire.agreement import AgreementEvidence, Escalation, Finalization
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.rust_debug import debug_name
from telltale_spec.wire.shapes import (
    U64_MAX,
    ExternallyTaggedShape,
    IntegerShape,
    OptionShape,
    RecordShape,
    Shape,
    TaggedShape,
    WireField,
    wire_fields,
)
from telltale_spec.wire.tolerant_errors import duplicate_field, missing_field
from telltale_spec.wire.values import Endpoint

__all__ = [
    "FieldCollector",
    "RecordPlan",
    "elements_in_words",
    "expected_text",
    "integer_name",
    "record_plan",
    "variant_phrase",
]

RecordType = TypeVar("RecordType")

# Declared with serde(default) in the specification, besides the lists that our
# shapes mark themselves. In a map every option may be missing anyway; in an
# array only these may be missing at the end (DEC-01, DEC-07).
_OPTIONS_WITH_DEFAULT: Final[Mapping[type[Any], frozenset[str]]] = {
    Escalation: frozenset({"evidence_id"}),
    Finalization: frozenset({"materialization_proof_id", "canonical_handle_id"}),
    EffectOutcome: frozenset({"response"}),
    DurableRecoveryMetadata: frozenset({"wal_tail_start_tick", "highest_recovered_tick"}),
}

# Machine words in the specification (DOM-02): read like any 64-bit integer,
# but error texts call them by their own type name.
_MACHINE_WORDS: Final = frozenset({(AgreementEvidence, "session"), (Endpoint, "sid")})
_MACHINE_WORD: Final = IntegerShape(U64_MAX, "a machine word")


class RecordPlan(Generic[RecordType]):
    """How to read one record class.

    ``phrase`` names the record in error texts, as in ``struct Endpoint``.
    """

    def __init__(self, record_class: type[RecordType]) -> None:
        self.record_class = record_class
        self.fields: tuple[WireField, ...] = wire_fields(record_class)
        self.names = tuple(field.name for field in self.fields)
        self.shapes: tuple[Shape[Any], ...] = tuple(
            _specified_shape(record_class, field) for field in self.fields
        )
        self.phrase = f"struct {record_class.__name__}"
        self._options_with_default = _OPTIONS_WITH_DEFAULT.get(record_class, frozenset())
        self._index_by_key: dict[str | bytes, int] = {}
        for index, name in enumerate(self.names):
            self._index_by_key[name] = index
            self._index_by_key[name.encode()] = index

    def index_of(self, key: str | bytes | int) -> int | None:
        """Return the index of the field that ``key`` means, or ``None`` for an unknown one.

        A byte string is a name as well, an integer the index itself (DEC-08, DEC-09).
        """
        if isinstance(key, int):
            return key if key < len(self.fields) else None
        return self._index_by_key.get(key)

    def may_miss_at_end(self, index: int) -> bool:
        """Say whether a field may be missing at the end of an array."""
        field = self.fields[index]
        return field.has_default or field.name in self._options_with_default

    def make(self, values: Mapping[int, Any]) -> RecordType:
        """Return the record of field values by index; missing options are ``None``.

        Raises the missing-field error for anything else that is not there
        (DEC-01..DEC-03).
        """
        arguments: dict[str, Any] = {}
        for index, field in enumerate(self.fields):
            if index in values:
                arguments[field.attribute] = values[index]
            elif isinstance(field.shape, OptionShape):
                arguments[field.attribute] = None
            elif field.has_default:
                arguments[field.attribute] = ()
            else:
                raise missing_field(field.name)
        return self.record_class(**arguments)


class FieldCollector(Generic[RecordType]):
    """The fields of one record that have been read so far."""

    __slots__ = ("_plan", "_values")

    def __init__(self, plan: RecordPlan[RecordType]) -> None:
        self._plan = plan
        self._values: dict[int, Any] = {}

    def require_new(self, index: int) -> Shape[Any]:
        """Return the shape of a field about to be read; raises if it was read before (DEC-05)."""
        if index in self._values:
            raise duplicate_field(self._plan.names[index])
        return self._plan.shapes[index]

    def add(self, index: int, value: Any) -> None:
        """Keep the value of a field."""
        self._values[index] = value

    def finish(self) -> RecordType:
        """Return the record; see :meth:`RecordPlan.make`."""
        return self._plan.make(self._values)


_PLANS: Final[dict[type[Any], RecordPlan[Any]]] = {}


def record_plan(record_class: type[RecordType]) -> RecordPlan[RecordType]:
    """Return the one plan of a record class."""
    plan = _PLANS.get(record_class)
    if plan is None:
        plan = _PLANS[record_class] = RecordPlan(record_class)
    return plan


def integer_name(shape: IntegerShape) -> str:
    """Return the specification's name of an integer type, as error texts use it."""
    if shape is _MACHINE_WORD:
        return "usize"
    return "u64" if shape.maximum == U64_MAX else "u32"


def variant_phrase(shape: TaggedShape[Any], variant: Any) -> str:
    """Return how error texts call a variant, as in ``struct variant Value::Nat``."""
    style = "unit" if not wire_fields(variant) else variant.variant_style
    return f"{style} variant {shape.name}::{debug_name(variant.variant_name)}"


def elements_in_words(count: int) -> str:
    """Return a number of elements in words."""
    return "1 element" if count == 1 else f"{count} elements"


def expected_text(shape: Shape[Any]) -> str:
    """Return what error texts say was expected where a byte stands for a list element."""
    if isinstance(shape, RecordShape):
        return f"struct {shape.record_class.__name__}"
    if isinstance(shape, TaggedShape) and not isinstance(shape, ExternallyTaggedShape):
        return f"internally tagged enum {shape.name}"
    return "a string"


def _specified_shape(record_class: type[Any], field: WireField) -> Shape[Any]:
    """Return the shape of a field, machine words told apart from other integers."""
    if (record_class, field.name) not in _MACHINE_WORDS:
        return field.shape
    return OptionShape(_MACHINE_WORD) if isinstance(field.shape, OptionShape) else _MACHINE_WORD
