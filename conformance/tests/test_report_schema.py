"""The published schema describes the reports that are really written, field by field."""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
import typing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.records import results
from conformance.records.results import Report, Verdict
from conformance.report.reading import schema_text
from conformance.tests.saved_reports import hostile_report, real_report

SCHEMA = json.loads(schema_text())
RECORDS: list[Any] = [
    record
    for record in vars(results).values()
    if dataclasses.is_dataclass(record) and record.__module__ == results.__name__
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "report.md"


def schema_of(record: Any) -> dict[str, Any]:
    found = SCHEMA if record is Report else SCHEMA["$defs"][record.__name__]
    assert isinstance(found, dict)
    return found


def problems(tree: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(tree)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$id"] == "urn:telltale-conformance:report:v1"
    assert SCHEMA["properties"]["format"]["const"] == results.REPORT_FORMAT


@pytest.mark.parametrize("make", [real_report, hostile_report])
def test_every_report_is_valid(make: Any) -> None:
    """Good, broken and dead backends, and texts of every kind."""
    assert problems(json.loads(make().to_text())) == []


@pytest.mark.parametrize("place", [[], ["backends", 0], ["backends", 0, "results", 0]])
def test_a_field_too_many_or_too_few_is_noticed(place: list[Any]) -> None:
    """The first field of each record is one without which it is none."""
    trees = [json.loads(real_report().to_text()) for _ in range(2)]
    more, less = (functools.reduce(operator.getitem, place, tree) for tree in trees)
    more["surprise"] = 1
    del less[next(iter(less))]

    assert [len(problems(tree)) for tree in trees] == [1, 1]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_schema_has_the_fields_of_the_records(record: Any) -> None:
    """Names, order, kinds, defaults and what is required: so they cannot drift apart."""
    schema = schema_of(record)
    fields = dataclasses.fields(record)
    hints = typing.get_type_hints(record)

    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == [field.name for field in fields]
    assert schema["required"] == [field.name for field in fields if not has_default(field)]
    for field in fields:
        described = schema["properties"][field.name]
        assert described["description"].endswith("."), field.name
        assert kind_of(described) == kind_of_hint(hints[field.name]), field.name
        if has_default(field):
            assert described["default"] == default_of(field), field.name


def test_no_record_is_left_out() -> None:
    assert set(SCHEMA["$defs"]) == {record.__name__ for record in RECORDS} - {"Report"}
    assert len(RECORDS) == 12


def test_every_verdict_is_in_the_schema() -> None:
    described = SCHEMA["$defs"]["RequirementResult"]["properties"]["verdict"]

    assert described["enum"] == [verdict.value for verdict in Verdict]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_document_tells_every_field_as_the_schema_does(record: Any) -> None:
    chapter = PAGE.read_text(encoding="utf-8").split(f"\n### {record.__name__}\n")[1]
    rows = [line for line in chapter.split("\n### ")[0].splitlines() if line.startswith("| `")]
    told = [(row.split("`")[1], row.rpartition(" | ")[2].removesuffix(" |")) for row in rows]

    assert told == [
        (name, described["description"])
        for name, described in schema_of(record)["properties"].items()
    ]


def has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def kind_of(described: dict[str, Any]) -> str:
    """Return the kind of a property as its type hint is written."""
    if "anyOf" in described:
        return " | ".join(kind_of(each) for each in described["anyOf"])
    if "$ref" in described:
        return str(described["$ref"]).removeprefix("#/$defs/")
    if "enum" in described:
        return "Verdict" if described["enum"][0] == "pass" else "str"
    if described.get("type") == "array":
        return f"list[{kind_of(described['items']) if 'items' in described else 'Any'}]"
    kinds = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    if "const" in described:
        return "str"
    return {**kinds, "null": "None"}.get(described.get("type", ""), "Any")


def kind_of_hint(hint: Any) -> str:
    text = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
    return text.replace("conformance.records.results.", "").replace("typing.", "")
