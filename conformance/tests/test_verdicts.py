"""From verdicts to an exit status: what outweighs what, and what never counts as success."""

from __future__ import annotations

import itertools

import pytest

from conformance.records.results import BackendReport, Report, RequirementResult, Verdict
from conformance.records.verdicts import ExitStatus, binding_failures, exit_status

PASS = RequirementResult("WAL-01", "MUST", Verdict.PASS, 1)
FAIL = RequirementResult("WAL-02", "MUST", Verdict.FAIL, 1)
OPEN = RequirementResult("WAL-03", "MUST", Verdict.INCONCLUSIVE)
EXCLUDED = RequirementResult("WAL-08", "MUST", Verdict.NOT_APPLICABLE)
KNOWN = RequirementResult("WAL-07", "MUST", Verdict.EXPECTED_FAIL, 1)
ADVICE_KEPT = RequirementResult("WAL-13.accept", "SHOULD", Verdict.PASS, 1)
ADVICE_FAILED = RequirementResult("WAL-13.accept", "SHOULD", Verdict.FAIL, 1)
ADVICE_OPEN = RequirementResult("WAL-13.accept", "SHOULD", Verdict.INCONCLUSIVE)


def backend(*results: RequirementResult, fault: str | None = None) -> BackendReport:
    return BackendReport("b", [], "clean-reject", list(results), [], [], fault)


def status(*backends: BackendReport, strict: bool = False) -> ExitStatus:
    return exit_status(Report("f", "1", "s", "quick", 0, list(backends)), strict=strict)


# From what outweighs all to what is outweighed by all.
BY_WEIGHT = (
    (backend(fault="gone"), ExitStatus.BACKEND_FAULT),
    (backend(PASS, FAIL), ExitStatus.VIOLATION),
    (backend(PASS, OPEN), ExitStatus.INCONCLUSIVE),
    (backend(PASS), ExitStatus.CONFORMING),
)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_worst_backend_decides(count: int) -> None:
    for chosen in itertools.combinations(BY_WEIGHT, count):
        for order in itertools.permutations(chosen):
            assert status(*(report for report, _ in order)) is chosen[0][1]


@pytest.mark.parametrize(
    ("results", "expected", "strict"),
    [
        ([FAIL, OPEN], ExitStatus.VIOLATION, ExitStatus.VIOLATION),
        ([PASS, EXCLUDED], ExitStatus.CONFORMING, ExitStatus.CONFORMING),
        ([PASS, KNOWN], ExitStatus.CONFORMING, ExitStatus.CONFORMING),
        ([PASS, ADVICE_FAILED], ExitStatus.CONFORMING, ExitStatus.VIOLATION),
        ([PASS, ADVICE_OPEN], ExitStatus.CONFORMING, ExitStatus.INCONCLUSIVE),
        # Nothing that binds was put to the test.
        ([], ExitStatus.INCONCLUSIVE, ExitStatus.INCONCLUSIVE),
        ([EXCLUDED], ExitStatus.INCONCLUSIVE, ExitStatus.INCONCLUSIVE),
        ([KNOWN], ExitStatus.INCONCLUSIVE, ExitStatus.INCONCLUSIVE),
        ([ADVICE_KEPT], ExitStatus.INCONCLUSIVE, ExitStatus.CONFORMING),
    ],
)
def test_only_what_binds_counts(
    results: list[RequirementResult], expected: ExitStatus, strict: ExitStatus
) -> None:
    assert status(backend(*results)) is expected
    assert status(backend(*results), strict=True) is strict


def test_no_backend_is_no_success() -> None:
    assert status() is ExitStatus.INCONCLUSIVE


def test_the_statuses_are_the_documented_numbers() -> None:
    assert [int(each) for each in ExitStatus] == [0, 1, 2, 3, 4, 5]


def test_binding_failures_leave_out_advice() -> None:
    report = backend(PASS, FAIL, ADVICE_FAILED)

    assert binding_failures(report) == [FAIL]
    assert binding_failures(report, strict=True) == [FAIL, ADVICE_FAILED]
