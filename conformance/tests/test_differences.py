"""A difference that is there is seen: named by its field, and with nothing invisible in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.records.results import Counterexample, Step
from conformance.report.failure import counterexample_text
from conformance.rules.narration import difference_text, entries_text
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    EvidenceProduced,
)

KIND = next(iter(AgreementEvidenceKind))
EVIDENCE = AgreementEvidence("e", "o", 1, "owner", AgreementLevel.NONE, KIND, "r", True)
ENTRY = EvidenceProduced(EVIDENCE, 1)
OTHERS = [EvidenceProduced(EVIDENCE, tick) for tick in (2, 3)]


def changed(**fields: Any) -> EvidenceProduced:
    return replace(ENTRY, evidence=replace(EVIDENCE, **fields))


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"owner_id": None}, 'entry 0 differs: evidence.owner_id is absent, expected "owner"'),
        ({"session": 2}, "entry 0 differs: evidence.session is 2, expected 1"),
        ({"reference": "r\0"}, 'entry 0 differs: evidence.reference is "r\\x00", expected "r"'),
        (
            {"reference": "r\u200b"},
            'entry 0 differs: evidence.reference is "r\\u200b", expected "r"',
        ),
        ({"reference": "r "}, 'entry 0 differs: evidence.reference is "r\\x20", expected "r"'),
        (
            {"reference": "r\u0301"},
            'entry 0 differs: evidence.reference is "r\\u0301", expected "r"',
        ),
        (
            {"session": None, "reference": ""},
            "entry 0 differs: evidence.session is absent, expected 1; "
            'evidence.reference is "", expected "r"',
        ),
    ],
)
def test_each_field_that_differs_is_named_with_both_values(
    fields: dict[str, Any], note: str
) -> None:
    assert difference_text([changed(**fields)], [ENTRY]).endswith(f"({note})")


@pytest.mark.parametrize(
    ("actual", "expected", "note"),
    [
        ([], [ENTRY], "0 entries instead of 1"),
        ([ENTRY], [], "1 entry instead of 0"),
        ([ENTRY], [ENTRY, OTHERS[0]], "1 entry instead of 2; entry 1 is missing"),
        (OTHERS, [ENTRY, *OTHERS], "2 entries instead of 3; entry 0 is missing"),
        ([ENTRY, *OTHERS], [ENTRY], "3 entries instead of 1; entries 1 to 2 are too much"),
        ([OTHERS[0]], [ENTRY, OTHERS[1]], "1 entry instead of 2"),
    ],
)
def test_what_is_missing_does_not_read_as_different(
    actual: list[Any], expected: list[Any], note: str
) -> None:
    assert difference_text(actual, expected).endswith(f" ({note})")


def test_equal_entries_and_steps_are_told_once() -> None:
    assert entries_text([ENTRY] * 3).startswith("[3 times: evidence")
    steps = [*[Step("read", "[a]")] * 16, Step("load", "ok")]
    text = counterexample_text(Counterexample("WAL-05", "s", steps, "a", "b"))

    assert "    1-16. 16 times: read\n       -> [a]\n    17. load\n" in text
