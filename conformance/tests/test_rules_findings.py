"""What a history shows of each requirement: counts, first differences and their places."""

from __future__ import annotations

import pytest

from conformance.rules.findings import Difference, Findings


def never() -> str:
    raise AssertionError("a text is only made for a difference that is kept")


def findings_at(line: int) -> Findings:
    findings = Findings()
    findings.at(line, lambda: f"operation {line}")
    return findings


def test_a_check_that_holds_is_counted_and_makes_no_text() -> None:
    findings = findings_at(3)

    assert findings.check("WAL-01", True, never, never) is True
    assert findings.checks == {"WAL-01": 1}
    assert findings.differences == {}


def test_the_first_difference_is_kept_with_its_line() -> None:
    findings = findings_at(3)

    assert findings.check("WAL-01", False, lambda: "x", lambda: "y") is False
    findings.at(4, never)
    assert findings.check("WAL-01", False, never, never) is False
    assert findings.checks == {"WAL-01": 2}
    assert findings.differences == {"WAL-01": Difference(3, "operation 3", "x", "y")}


def test_an_earlier_line_that_is_only_judged_now_keeps_its_place() -> None:
    findings = findings_at(3)
    place = findings.place
    findings.at(4, never)
    findings.blame("WAL-01", lambda: "x", lambda: "y", at=place)

    assert findings.differences == {"WAL-01": Difference(3, "operation 3", "x", "y")}


def test_what_holds_and_what_is_blamed_count_alike() -> None:
    findings = findings_at(3)
    findings.hold("WAL-01")
    findings.hold("WAL-01")
    findings.blame("WAL-01", lambda: "x", lambda: "y")
    findings.blame("WAL-01", never, never)

    assert findings.checks == {"WAL-01": 4}
    assert findings.differences == {"WAL-01": Difference(3, "operation 3", "x", "y")}


def test_before_any_line_the_place_is_the_beginning() -> None:
    line, text = Findings().place

    assert (line, text()) == (0, "")


@pytest.mark.requirement("WAL-09")
def test_a_refusal_that_was_recorded_with_its_text_has_one() -> None:
    findings = findings_at(3)
    findings.check_text(None)
    assert findings.checks == {}
    findings.check_text("full")
    assert findings.checks == {"WAL-09": 1}


@pytest.mark.requirement("WAL-09")
@pytest.mark.parametrize(("message", "actual"), [("", "no text"), (" \n", "blanks alone")])
def test_a_text_says_something(message: str, actual: str) -> None:
    findings = findings_at(3)
    findings.check_text(message)
    difference = Difference(3, "operation 3", "an error with a text", actual)
    assert findings.differences == {"WAL-09": difference}


@pytest.mark.requirement("WAL-09")
@pytest.mark.parametrize(
    ("message", "actual"),
    [("KeyError: 3", "raised KeyError: 3"), (None, "raised another error")],
)
def test_an_error_that_is_not_declared_is_blamed(message: str | None, actual: str) -> None:
    findings = findings_at(3)
    findings.check_declared(message)
    expected = "a result or the declared error"

    assert findings.checks == {"WAL-09": 1}
    assert findings.differences == {"WAL-09": Difference(3, "operation 3", expected, actual)}
