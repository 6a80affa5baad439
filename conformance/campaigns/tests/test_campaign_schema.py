"""The published schema describes the campaigns that are really written, field by field."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from conformance.__main__ import main
from conformance.records import campaigns
from conformance.records.campaigns import CAMPAIGN_FORMAT, CampaignReport
from conformance.report.reading import schema_text
from conformance.tests.saved_reports import real_report

SCHEMA = json.loads(schema_text(CAMPAIGN_FORMAT))
RECORDS: list[Any] = [
    record
    for record in vars(campaigns).values()
    if dataclasses.is_dataclass(record) and record.__module__ == campaigns.__name__
]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "campaigns.md"


def problems(tree: Any) -> list[str]:
    """Return what is wrong with a campaign, and with the report in it."""
    others: Registry[Any] = Registry().with_resources(
        [("urn:telltale-conformance:report:v1", Resource.from_contents(json.loads(schema_text())))]
    )
    validator = jsonschema.Draft202012Validator(SCHEMA, registry=others)
    return [error.message for error in validator.iter_errors(tree)]


def schema_of(record: Any) -> dict[str, Any]:
    found = SCHEMA if record is CampaignReport else SCHEMA["$defs"][record.__name__]
    assert isinstance(found, dict)
    return found


def campaign(**changes: Any) -> dict[str, Any]:
    """Return a campaign that has one of everything."""
    failure = campaigns.DistinctFailure(
        "b", "WAL-01", "MUST", "agreement WAL", "f", 2, 0, 7, False, "failures/b.json"
    )
    made = CampaignReport(
        CAMPAIGN_FORMAT,
        *(1, 3, 7, 9, True),
        [campaigns.CurvePoint(1, 1), campaigns.CurvePoint(3, 1)],
        campaigns.Unseen(3, 0, 1, 0.0, 0.95, 0.0),
        real_report(),
        [failure],
        [campaigns.RetriedFailure("b", "WAL-02", "fixed", "", "failures/c.json")],
        [campaigns.SetAside("b", "log", 8, 1, "it ended its worker three times")],
        [campaigns.CampaignFault("b", "log", 9, 2, "no server")],
        ["unit 2: a fault of ours"],
        *(9, 8),
    )
    return {**json.loads(made.to_text()), **changes}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["properties"]["format"]["const"] == CAMPAIGN_FORMAT
    assert problems(campaign()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"number": 0},
        {"units": None},
        {"curve": [{"units": 1}]},
        {"report": {}},
        {"format": "telltale-conformance.report.v1"},
        {"unseen": {}},
    ],
    ids=str,
)
def test_what_is_none_is_noticed(changes: dict[str, Any]) -> None:
    assert problems(campaign(**changes))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_schema_and_the_document_have_the_fields_of_the_records(record: Any) -> None:
    """Names, order, defaults and what is required: so they cannot drift apart."""
    schema, fields = schema_of(record), dataclasses.fields(record)
    chapter = PAGE.read_text(encoding="utf-8").split(f"\n### {record.__name__}\n")[1]
    rows = [line for line in chapter.split("\n### ")[0].splitlines() if line.startswith("| `")]
    missing = dataclasses.MISSING

    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == [each.name for each in fields]
    assert schema["required"] == [
        each.name for each in fields if each.default is missing and each.default_factory is missing
    ]
    assert rows == [
        f"| `{name}` | {described['description']} |"
        for name, described in schema["properties"].items()
    ]


def test_no_record_is_left_out() -> None:
    assert set(SCHEMA["$defs"]) == {each.__name__ for each in RECORDS} - {"CampaignReport"}


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema", "campaign"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


@pytest.mark.parametrize("form", ["report", "replay", "history", "harness"])
def test_the_command_prints_every_other_one(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema", form]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
