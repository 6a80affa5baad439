"""From a report to one answer: what counts, and the exit status it gives."""

from __future__ import annotations

from collections.abc import Collection

from conformance.exit_status import ExitStatus
from conformance.records.results import BackendReport, Report, RequirementResult, Verdict
from conformance.requirements import Requirement, Scope

__all__ = [
    "ExitStatus",
    "binding_failures",
    "binds",
    "exit_status",
    "level_note",
    "level_of",
]


def exit_status(report: Report, *, strict: bool = False) -> ExitStatus:
    """Return the status of a report.

    A backend that could not be judged outweighs a violation, a violation
    outweighs doubt; a baseline that does not fit is a violation. What is only
    recommended counts with ``strict`` alone. A report in which nothing binding
    passed is inconclusive, never conforming.
    """
    if any(backend.fault is not None for backend in report.backends):
        return ExitStatus.BACKEND_FAULT
    failing = any(binding_failures(backend, strict=strict) for backend in report.backends)
    if failing or report.baseline_problems:
        return ExitStatus.VIOLATION
    if not report.backends or any(_doubtful(backend, strict) for backend in report.backends):
        return ExitStatus.INCONCLUSIVE
    return ExitStatus.CONFORMING


def binding_failures(backend: BackendReport, *, strict: bool = False) -> list[RequirementResult]:
    """Return the failures that make a backend nonconforming."""
    return [
        result
        for result in backend.results
        if result.verdict is Verdict.FAIL and binds(result, strict=strict)
    ]


def _doubtful(backend: BackendReport, strict: bool) -> bool:
    binding = [result for result in backend.results if binds(result, strict=strict)]
    inconclusive = any(result.verdict is Verdict.INCONCLUSIVE for result in binding)
    return inconclusive or not any(result.verdict is Verdict.PASS for result in binding)


def level_of(judged: Requirement, declared: Collection[str]) -> str:
    """Return the level that binds a backend: what it declares, it must keep."""
    if judged.capability in declared or judged.requirement_id == "WAL-04":
        return "MUST"
    return "MUST" if judged.scope is Scope.REFERENCE else judged.level.value


def level_note(judged: Requirement) -> str:
    """Return when the level of a requirement is another than the one by default, or nothing."""
    if judged.requirement_id == "WAL-04":
        return "not applicable in keeps-rejected, where WAL-10 binds"
    by_default = level_of(judged, ())
    capability = judged.capability
    if capability is None or level_of(judged, (capability,)) == by_default:
        return ""
    return f"MUST where {capability} is declared"


def binds(result: RequirementResult, *, strict: bool = False) -> bool:
    """Say whether a verdict counts: what is only recommended does with ``strict`` alone."""
    return result.level == "MUST" or (strict and result.level == "SHOULD")
