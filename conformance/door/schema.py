"""The JSON Schema of every message, made from the tables of the protocol.

The published file is the text that :func:`schema_text` returns; a test holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from conformance.backend import Capability, DurabilityClass
from conformance.door.protocol import (
    CALLS,
    OPERATIONS,
    PROTOCOL,
    SPECIFICATION_VERSION,
    OperationForm,
)
from conformance.door.values import (
    BytesShape,
    EffectResultShape,
    NullShape,
    StructShape,
    SyncModeShape,
)
from conformance.requirements.mending import MENDABLE
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.effects import EffectFailure
from telltale_spec.wire.shapes import (
    AdjacentlyTaggedShape,
    BoolShape,
    ExternallyTaggedShape,
    IntegerShape,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    TaggedShape,
    TextShape,
    UnitEnumShape,
    wire_fields,
)

__all__ = ["protocol_schema", "schema_text"]

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}
_TEXT: Final[Schema] = {"type": "string"}


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(protocol_schema(), ensure_ascii=False, indent=2) + "\n"


def protocol_schema() -> Schema:
    """Return the schema of one line in either direction.

    A line of the runner is ``$defs/runner_message``, one of a harness is
    ``$defs/harness_message``. The value of an answer depends on the request; it
    is found under ``$defs/values`` by the name of the operation.
    """
    records = _Records()
    requests = [_request(name, form, records) for name, form in OPERATIONS.items()]
    calls = [_call(name, form, records) for name, form in CALLS.items()]
    values = {
        name: records.of(form.value) for name, form in sorted({**CALLS, **OPERATIONS}.items())
    }
    return {
        "$schema": _DIALECT,
        "$id": f"urn:{PROTOCOL}",
        "title": f"One line of the protocol {PROTOCOL}",
        "anyOf": [{"$ref": "#/$defs/runner_message"}, {"$ref": "#/$defs/harness_message"}],
        "$defs": {
            "runner_message": {
                "anyOf": [
                    {"$ref": "#/$defs/hello"},
                    {"$ref": "#/$defs/request"},
                    _struct({"id": _NUMBER, "operation": {"const": "shutdown"}}),
                    {"$ref": "#/$defs/answer_to_call"},
                ]
            },
            "harness_message": {"anyOf": [{"$ref": "#/$defs/answer"}, {"$ref": "#/$defs/call"}]},
            "hello": _hello(),
            "handshake": _handshake(),
            "request": {"anyOf": requests},
            "answer": _answer({"id": _NUMBER}, ("ok", "refused", "fault", "unsupported")),
            "call": {"anyOf": calls},
            "answer_to_call": _answer({"call": _NUMBER}, ("ok", "refused", "fault")),
            "fault": _struct(
                {
                    "kind": _TEXT,
                    "text": _TEXT,
                    "call": _NUMBER,
                    "returned": {"const": True},
                    "changed": {"type": "object"},
                },
                optional=("call", "returned", "changed"),
            ),
            "values": {"$defs": values},
            **records.found,
        },
    }


def _hello() -> Schema:
    return _struct(
        {
            "id": {"const": 0},
            "operation": {"const": "hello"},
            "protocol": {"const": PROTOCOL},
            "specification": {"const": SPECIFICATION_VERSION},
            "runner": _struct({"name": _TEXT, "version": _TEXT}),
        }
    )


def _handshake() -> Schema:
    capabilities = {"type": "array", "items": {"enum": [each.value for each in Capability]}}
    return _struct(
        {
            "protocol": {"const": PROTOCOL},
            "specification": {"const": SPECIFICATION_VERSION},
            "name": {"type": "string", "minLength": 1},
            "version": _TEXT,
            "capabilities": capabilities,
            "rejection_mode": {"enum": [each.value for each in RejectionMode]},
            "durability_class": {"enum": [each.value for each in DurabilityClass]},
            "concurrent_calls": {"type": "boolean"},
            "mends": {"type": "array", "items": {"enum": list(MENDABLE)}},
        },
        optional=("concurrent_calls", "mends"),
    )


def _request(name: str, form: OperationForm, records: _Records) -> Schema:
    return _struct({"id": _NUMBER, "operation": {"const": name}, **_arguments(form, records)})


def _call(name: str, form: OperationForm, records: _Records) -> Schema:
    head = {"call": _NUMBER, "during": _NUMBER, "operation": {"const": name}}
    return _struct({**head, **_arguments(form, records)})


def _arguments(form: OperationForm, records: _Records) -> Schema:
    return {key: records.of(shape) for key, shape in form.arguments.items()}


def _answer(head: Schema, keys: tuple[str, ...]) -> Schema:
    contents: Schema = {
        "ok": True,
        "refused": _TEXT,
        "fault": {"$ref": "#/$defs/fault"},
        "unsupported": _TEXT,
    }
    properties = {**head, **{key: contents[key] for key in keys}}
    return {
        "type": "object",
        "properties": properties,
        "required": list(head),
        "oneOf": [{"required": [key]} for key in keys],
    }


def _struct(properties: Mapping[str, Any], optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
    }


class _Records:
    """The schemas of records and unions, each once, by the names of their classes."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def of(self, shape: Shape[Any]) -> Schema:
        """Return the schema of a shape, or a reference to it."""
        match shape:
            case NullShape():
                return {"type": "null"}
            case BoolShape():
                return {"type": "boolean"}
            case TextShape():
                return _TEXT
            case IntegerShape(maximum=maximum):
                return {**_NUMBER, "maximum": maximum}
            case BytesShape():
                return {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
            case UnitEnumShape(members=members):
                return {"enum": list(members)}
            case OptionShape(inner=inner):
                return {"anyOf": [{"type": "null"}, self.of(inner)]}
            case ListShape(inner=inner):
                return {"type": "array", "items": self.of(inner)}
            case EffectResultShape(inner=inner):
                return self._result(inner)
            case SyncModeShape():
                return _sync_mode()
            case StructShape(fields=fields):
                return _struct({name: self.of(each) for name, each in fields.items()})
            case RecordShape(record_class=record_class):
                return self._named(record_class.__name__, lambda: self._fields(record_class))
            case TaggedShape(name=name):
                return self._named(name, lambda: self._union(shape))
        raise TypeError(f"no schema of a {type(shape).__name__}")

    def _named(self, name: str, make: Any) -> Schema:
        if name not in self.found:
            # Before it is made: a value may hold another one of its kind.
            self.found[name] = {}
            self.found[name].update(make())
        return {"$ref": f"#/$defs/{name}"}

    def _fields(self, record_class: type[Any], head: Schema | None = None) -> Schema:
        fields = {field.name: self.of(field.shape) for field in wire_fields(record_class)}
        return _struct({**(head or {}), **fields})

    def _union(self, shape: TaggedShape[Any]) -> Schema:
        return {"anyOf": [self._variant(shape, variant) for variant in shape.variants]}

    def _variant(self, shape: TaggedShape[Any], variant: Any) -> Schema:
        name = {"const": variant.variant_name}
        contents = [self.of(field.shape) for field in wire_fields(variant)]
        match shape:
            case InternallyTaggedShape(tag=tag):
                return self._fields(variant, {tag: name})
            case AdjacentlyTaggedShape(tag=tag, content=content):
                return _struct({tag: name, content: contents[0]})
            case ExternallyTaggedShape():
                return self._externally_tagged(variant, contents)
        raise TypeError(f"no schema of a {type(shape).__name__}")

    def _externally_tagged(self, variant: Any, contents: list[Schema]) -> Schema:
        match variant.variant_style:
            case "unit":
                return {"const": variant.variant_name}
            case "newtype":
                content = contents[0]
            case "tuple":
                content = {
                    "type": "array",
                    "prefixItems": contents,
                    "minItems": len(contents),
                    "maxItems": len(contents),
                }
            case _:
                content = self._fields(variant)
        return {**_struct({variant.variant_name: content}), "additionalProperties": False}

    def _result(self, inner: Shape[Any]) -> Schema:
        failure = self.of(RecordShape(EffectFailure))
        return {
            "anyOf": [
                _struct({"status": {"const": "success"}, "value": self.of(inner)}),
                _struct({"status": {"const": "blocked"}}),
                _struct({"status": {"const": "failure"}, "failure": failure}),
            ]
        }


def _sync_mode() -> Schema:
    return {
        "anyOf": [
            _struct({"mode": {"enum": ["immediate", "blocked"]}}),
            _struct({"mode": {"const": "failure"}, "message": _TEXT}),
        ]
    }
