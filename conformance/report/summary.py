"""What every form of a report says in the same words: verdicts, conclusions, claims, commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from conformance.records.replay_names import replay_name
from conformance.records.results import (
    BackendReport,
    Report,
    RequirementResult,
    SampleHistory,
    SituationResult,
    Verdict,
)
from conformance.records.verdicts import ExitStatus, binds, exit_status
from conformance.requirements import REQUIREMENTS, Component, Requirement, Scope

__all__ = [
    "CONCLUSION_WORDS",
    "PART_TITLES",
    "SCOPE_WORDS",
    "UNKNOWN_SENTENCE",
    "VERDICT_WORDS",
    "counts_text",
    "declarations_text",
    "described",
    "finding_order",
    "headline",
    "headline_details",
    "is_judged",
    "is_untried",
    "part_title",
    "replay_command",
    "requirement_ids_of",
    "run_facts",
    "samples_of",
    "situations_of",
    "status_of",
    "transitions_text",
    "untried_lines",
    "untried_promises",
    "verdict_counts",
    "web_link",
]

VERDICT_WORDS: Final = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "FAIL",
    Verdict.INCONCLUSIVE: "open",
    Verdict.NOT_APPLICABLE: "-",
    Verdict.EXPECTED_FAIL: "known",
}
"""The word for a verdict in a matrix."""

CONCLUSION_WORDS: Final = {
    ExitStatus.CONFORMING: "conforming",
    ExitStatus.VIOLATION: "not conforming",
    ExitStatus.INCONCLUSIVE: "inconclusive",
    ExitStatus.BACKEND_FAULT: "could not be judged",
}
"""What the verdicts on a backend, or on all of them, come to."""

_STATUS_SENTENCES: Final = {
    ExitStatus.CONFORMING: "The backend conforms",
    ExitStatus.VIOLATION: "The backend does not conform",
    ExitStatus.INCONCLUSIVE: "The verdict is open",
    ExitStatus.BACKEND_FAULT: "The backend could not be judged",
}

PART_TITLES: Final = {
    Component.VALUES: "Values",
    Component.AGREEMENT_WAL: "Agreement log",
    Component.EVIDENCE_CACHE: "Evidence cache",
    Component.WAL_HANDLER: "Agreement log handler",
    Component.EVIDENCE_HANDLER: "Evidence handler",
    Component.CODEC: "Codec",
    Component.RECOVERY: "Recovery plan",
    Component.FAULTS: "Fault injection",
    Component.INSPECTION: "Inspection",
    Component.MONITORS: "Monitors",
}
"""The title of each part of a system."""

SCOPE_WORDS: Final = {
    Scope.BACKEND: "every backend",
    Scope.HANDLER: "handlers",
    Scope.PURE: "pure functions and values",
    Scope.REFERENCE: "the specification's own backends",
}
"""Who can be held to a requirement, in words."""

_OF_EVERY_PART: Final = "WAL-09"
_POWER_LOSS: Final = "power-loss"
_NOT_TRIED: Final = "not tried"
_DECLARED_NOT_TRIED: Final = f"declared, and {_NOT_TRIED}: "

UNKNOWN_SENTENCE: Final = "This version of the suite does not know the requirement."


def described(requirement_id: str) -> Requirement | None:
    """Return a requirement, or ``None`` for an id that only another version knows."""
    return REQUIREMENTS.get(requirement_id)


def part_title(backend: BackendReport, requirement_id: str, unknown: str) -> str:
    """Return the title of the part of a system under which a requirement stands.

    What every part is held to stands under the first one that was judged.
    """
    judged = described(requirement_id)
    if judged is None:
        return unknown
    component = judged.component
    if requirement_id == _OF_EVERY_PART:
        others = {
            other.component
            for result in backend.results
            if result.verdict is not Verdict.NOT_APPLICABLE
            and result.requirement_id != _OF_EVERY_PART
            and (other := described(result.requirement_id)) is not None
        }
        component = next((each for each in PART_TITLES if each in others), component)
    return PART_TITLES[component]


def status_of(report: Report, backend: BackendReport, *, strict: bool = False) -> ExitStatus:
    """Return what a report says of one of its backends."""
    problems = [each for each in report.baseline_problems if each.backend == backend.name]
    alone = replace(report, backends=[backend], baseline_problems=problems)
    return exit_status(alone, strict=strict)


def headline(report: Report, *, strict: bool = False) -> str:
    """Return the conclusion of a whole report as a sentence of few words."""
    count = len(report.backends)
    if count == 0:
        return "No backend was judged"
    statuses = [status_of(report, backend, strict=strict) for backend in report.backends]
    conforming = statuses.count(ExitStatus.CONFORMING)
    if conforming == count and report.baseline_problems:
        return "The baseline does not fit the run"
    if count == 1:
        return _STATUS_SENTENCES[statuses[0]]
    if conforming == count:
        return f"All {count} backends conform"
    return f"{conforming or 'None'} of {count} backends conform{'s' if conforming == 1 else ''}"


def headline_details(report: Report, *, strict: bool = False) -> str:
    """Return how the backends that do not conform fare; empty for less than two backends."""
    if len(report.backends) < 2:
        return ""
    statuses = [status_of(report, backend, strict=strict) for backend in report.backends]
    figures = [
        f"{statuses.count(status)} {CONCLUSION_WORDS[status]}"
        for status in (ExitStatus.VIOLATION, ExitStatus.INCONCLUSIVE, ExitStatus.BACKEND_FAULT)
        if status in statuses
    ]
    return ", ".join(figures)


def verdict_counts(backend: BackendReport) -> dict[Verdict, int]:
    """Return how many requirements got each verdict, with every verdict as a key."""
    counts = dict.fromkeys(Verdict, 0)
    for result in backend.results:
        counts[result.verdict] += 1
    return counts


def counts_text(backend: BackendReport) -> str:
    """Return the verdicts on a backend as figures."""
    counts = verdict_counts(backend)
    known = counts[Verdict.EXPECTED_FAIL]
    failures = [result for result in backend.results if result.verdict is Verdict.FAIL]
    unlike = sum(not binds(result) for result in failures)
    return (
        f"{counts[Verdict.PASS]} passed, {len(failures) - unlike} failed, "
        + (f"{unlike} not as recommended, " if unlike else "")
        + f"{counts[Verdict.INCONCLUSIVE]} open, "
        + (f"{known} known, " if known else "")
        + f"{counts[Verdict.NOT_APPLICABLE]} not applicable"
    )


def declarations_text(backend: BackendReport) -> str:
    """Return what a backend declares, or an empty text for one that did not start.

    What was not exercised is told apart from what was.
    """
    untried = untried_promises(backend)
    mended = [f"mends {each}" for each in backend.mends]
    declared = [*backend.capabilities, backend.rejection_mode, *mended]
    text = ", ".join(each for each in declared if each and each not in untried)
    return f"{text}; declared, not exercised: {', '.join(untried)}" if untried else text


def untried_promises(backend: BackendReport) -> dict[str, str]:
    """Return what a backend declares and this run did not exercise, each with the reason.

    Such a promise changes no exit status, as it cannot be tried at this door;
    nor may it read as one that was kept.
    """
    found: dict[str, str] = {}
    if not backend.results:
        return found
    for capability in backend.capabilities:
        if capability in backend.crash_classes:
            continue
        results = [
            result for result in backend.results if _capability(result.requirement_id) == capability
        ]
        if capability == _POWER_LOSS and not results:
            # A run of chosen requirements, or a report of a version that made none.
            found[capability] = "none of the requirements that were judged asks for it"
        elif results and not any(map(is_judged, results)):
            found[capability] = _untried_reason(results)
    return found


def _untried_reason(results: Sequence[RequirementResult]) -> str:
    """Return why a promise was not tried; the component that is there has the reason that helps."""
    reasons = [result.reason for result in results]
    return next((each for each in reasons if _NOT_TRIED in each), reasons[0]).removeprefix(
        _DECLARED_NOT_TRIED
    )


def is_untried(backend: BackendReport, result: RequirementResult | None) -> bool:
    """Say whether a verdict is open because the promise behind it could not be exercised."""
    if result is None or is_judged(result):
        return False
    return _capability(result.requirement_id) in untried_promises(backend)


def _capability(requirement_id: str) -> str | None:
    judged = described(requirement_id)
    return None if judged is None else judged.capability


def untried_lines(backend: BackendReport) -> list[str]:
    """Return a line for each promise that was declared and not exercised, wholly or in part."""
    promises = untried_promises(backend)
    lines = [
        f"declared, not exercised: {capability} ({reason})"
        for capability, reason in promises.items()
    ]
    # A promise that was exercised in one way may be one that could not be in another.
    for result in backend.results:
        text = result.reason.removeprefix(_DECLARED_NOT_TRIED)
        if text != result.reason and _capability(result.requirement_id) not in promises:
            lines.append(f"declared, not exercised: {result.requirement_id} ({text})")
    return lines


def run_facts(report: Report) -> list[tuple[str, str]]:
    """Return what the verdicts of a report are worth, as names and values."""
    facts = [
        ("specification", report.specification),
        ("suite", f"telltale-spec {report.suite_version}"),
        ("profile", report.profile),
    ]
    if report.budget is not None:
        budget = report.budget
        text = (
            f"{budget.histories} histories of {budget.operations} operations "
            f"and {budget.seconds:g} s a search"
        )
        if budget.wall_seconds is not None:
            text += f", {budget.wall_seconds:g} s by the clock a suite"
        facts.append(("budget", text))
    return [*facts, ("seed", str(report.seed))]


def requirement_ids_of(backends: Sequence[BackendReport]) -> list[str]:
    """Return the requirements that backends have results for, in the registry's order.

    Ids that the registry does not know come last, in the order of the report.
    """
    found = dict.fromkeys(result.requirement_id for each in backends for result in each.results)
    known = [requirement_id for requirement_id in REQUIREMENTS if requirement_id in found]
    return [*known, *(each for each in found if each not in REQUIREMENTS)]


def is_judged(result: RequirementResult | None) -> bool:
    """Say whether a backend was held to a requirement at all."""
    return result is not None and result.verdict is not Verdict.NOT_APPLICABLE


def situations_of(backend: BackendReport, requirement_id: str) -> list[SituationResult]:
    """Return the situations that a pass of one requirement rests on."""
    return [each for each in backend.situations if requirement_id in each.requirement_ids]


def transitions_text(backend: BackendReport) -> str:
    """Return how much of each bounded model was taken, or an empty text."""
    return "; ".join(
        f"{each.model}: transitions covered {each.taken} of {each.total}"
        for each in backend.transitions
    )


def samples_of(backend: BackendReport, requirement_id: str) -> list[SampleHistory]:
    """Return the histories that went well, of the suites that judged a requirement."""
    return [each for each in backend.samples if requirement_id in each.requirement_ids]


def finding_order(finding_id: str) -> tuple[int, str]:
    """Return what findings are sorted by: their number, those without one last."""
    number = finding_id.removeprefix("F")
    is_number = number.isascii() and number.isdigit()
    return (int(number[:9]) if is_number else 10**9, finding_id)


def replay_command(folder: str, requirement_id: str) -> str:
    """Return the command that replays a failure from the replay files of the run.

    ``folder`` is the backend's among those of :func:`replay_folders`. ``REPLAYS`` stands for
    where these were written to and ``TARGET`` for the backend, as neither is in a report.
    """
    return f"telltale-conformance replay REPLAYS/{folder}/{replay_name(requirement_id)} TARGET"


def web_link(text: str) -> str:
    """Return a link that may be followed from a page, or an empty text.

    The links of a report are texts of others; only web addresses are followed.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    is_web = parts.scheme in ("http", "https") and bool(parts.netloc)
    return text if is_web and text.isprintable() and " " not in text else ""
