"""What counts as worse, what as better, and when a comparison is weak."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.records.results import BackendReport, BudgetUsed, RequirementResult, Verdict
from conformance.report.comparison import ChangeKind, comparison, is_regression, weaknesses
from conformance.tests.saved_reports import backend_of, report_with, result

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
KNOWN, EXEMPT = Verdict.EXPECTED_FAIL, Verdict.NOT_APPLICABLE

WORSE = ChangeKind.REGRESSION
BETTER = ChangeKind.IMPROVEMENT
OTHER = ChangeKind.OTHER


def changes(
    before: list[BackendReport], after: list[BackendReport], *, strict: bool = False
) -> list[tuple[ChangeKind, str, str, str]]:
    found = comparison(report_with(*before), report_with(*after), strict=strict)
    return [(each.kind, each.backend, each.requirement_id, each.text) for each in found]


def judged(verdict: Verdict | None, level: str = "MUST") -> list[RequirementResult]:
    return [] if verdict is None else [result("WAL-01", verdict, level)]


@pytest.mark.parametrize(
    ("old", "new", "kind", "text"),
    [
        (PASS, FAIL, WORSE, "pass -> FAIL"),
        (PASS, OPEN, WORSE, "pass -> open"),
        (PASS, None, WORSE, "pass -> not in the report"),
        (PASS, EXEMPT, WORSE, "pass -> not applicable"),
        (PASS, KNOWN, WORSE, "pass -> known failure"),
        (OPEN, FAIL, WORSE, "open -> FAIL"),
        (EXEMPT, FAIL, WORSE, "not applicable -> FAIL"),
        (KNOWN, FAIL, WORSE, "known failure -> FAIL"),
        (None, FAIL, WORSE, "not in the report -> FAIL"),
        (FAIL, PASS, BETTER, "FAIL -> pass"),
        (OPEN, PASS, BETTER, "open -> pass"),
        (KNOWN, PASS, BETTER, "known failure -> pass"),
        (None, PASS, BETTER, "not in the report -> pass"),
        (FAIL, OPEN, OTHER, "FAIL -> open"),
        (FAIL, KNOWN, OTHER, "FAIL -> known failure"),
        (OPEN, EXEMPT, OTHER, "open -> not applicable"),
    ],
)
def test_each_change_of_a_verdict_has_its_meaning(
    old: Verdict | None, new: Verdict | None, kind: ChangeKind, text: str
) -> None:
    found = changes([backend_of("one", *judged(old))], [backend_of("one", *judged(new))])

    assert found == [(kind, "one", "WAL-01", text)]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_equal_verdict_is_no_change(verdict: Verdict) -> None:
    one = [backend_of("one", *judged(verdict))]

    assert changes(one, one) == []


def test_what_is_only_recommended_counts_with_strict_alone() -> None:
    before = [backend_of("one", *judged(PASS, "SHOULD"))]
    after = [backend_of("one", *judged(FAIL, "SHOULD"))]
    reports = report_with(*before), report_with(*after)

    assert changes(before, after)[0][0] is ChangeKind.RECOMMENDED
    assert not is_regression(comparison(*reports))
    assert changes(before, after, strict=True)[0][0] is WORSE
    assert is_regression(comparison(*reports, strict=True))


def test_a_requirement_that_stopped_binding_still_counts() -> None:
    before = [backend_of("one", *judged(PASS, "MUST"))]
    after = [backend_of("one", *judged(FAIL, "SHOULD"))]

    assert changes(before, after)[0][0] is WORSE


def test_a_failure_that_looks_different_is_told_and_is_no_regression() -> None:
    before, after, none = (
        [backend_of("one", result("WAL-01", FAIL, fingerprint=each))] for each in ("a", "b", "")
    )
    found = comparison(report_with(*before), report_with(*after))

    assert [change.kind for change in found] == [ChangeKind.OTHER_FAILURE]
    assert not is_regression(found)
    # Without a fingerprint nothing is known.
    assert changes(before, none) == changes(none, after) == []


def test_a_lost_promise_is_a_regression_and_a_new_one_is_not() -> None:
    before = backend_of("one", capabilities=["ordered-cache", "reopen"], crash_classes=["kill"])
    after = backend_of("one", capabilities=["exact-messages", "reopen"], version="2")
    found = comparison(report_with(before), report_with(after))

    assert [(change.kind, change.text) for change in found] == [
        (ChangeKind.LOST_PROMISE, "does not declare ordered-cache any more"),
        (OTHER, "declares exact-messages now"),
        (OTHER, "no crash of class kill was made this time"),
        (OTHER, "version (none) -> 2"),
    ]
    assert is_regression(found)
    assert not is_regression([change for change in found if change.kind is OTHER])


def test_backends_that_come_and_go() -> None:
    good, bad = backend_of("one", *judged(PASS)), backend_of("one", *judged(FAIL))
    dead = backend_of("one", fault="no server")

    assert changes([good], []) == [(WORSE, "one", "", "is not in the second report")]
    assert changes([], [good]) == [(OTHER, "one", "", "is not in the first report")]
    assert changes([], [bad]) == [(WORSE, "one", "", "is new, with failures that count: 1")]
    assert changes([], [dead]) == [(WORSE, "one", "", "is new and could not be judged: no server")]
    assert changes([good], [dead]) == [
        (WORSE, "one", "", "could be judged and cannot any more: no server")
    ]
    assert changes([dead], [bad]) == [
        (BETTER, "one", "", "could not be judged and can be now; failures that count: 1")
    ]
    assert changes([dead], [dead]) == []
    assert changes([dead], [replace(dead, fault="no disk")]) == [
        (OTHER, "one", "", "still cannot be judged: no disk")
    ]


def test_backends_of_one_name_are_compared_in_their_order() -> None:
    good, bad = backend_of("one", *judged(PASS)), backend_of("one", *judged(FAIL))

    assert changes([good, bad], [good, bad]) == []
    assert changes([good, good], [good, bad])[0][1] == "one (number 2)"


def test_a_weak_comparison_says_why() -> None:
    report = report_with(budget=BudgetUsed(40, 20, 30.0))
    other = replace(report, specification="b", suite_version="2", profile="ci", seed=1)

    assert weaknesses(report, report) == []
    assert weaknesses(report, other) == [
        "the specifications differ: the specification and b",
        "the versions of the suite differ: 1 and 2",
        "the profiles differ: quick and ci",
        "the seeds differ: 0 and 1",
    ]
    assert weaknesses(report, replace(report, budget=BudgetUsed(41, 20, 30.0))) == [
        "the budgets differ, although the profile is called the same"
    ]
