"""A run beside its baseline: what does not fit, and what the baseline should say."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from conformance.records.baseline import TO_BE_FILLED_IN, Baseline, FailureEntry, QuirkEntry
from conformance.records.results import (
    BackendReport,
    BaselineProblem,
    Report,
    RequirementResult,
    Verdict,
)

__all__ = ["expected", "matched", "updated"]


def matched(
    report: Report,
    baseline: Baseline,
    *,
    today: datetime.date,
    only: Collection[str] = (),
    all_quirks: bool = False,
) -> Report:
    """Return the report with everything that does not fit its baseline.

    With ``only``, the rest of the baseline is left alone. With ``all_quirks`` a
    quirk that is shown and not listed does not fit either.
    """
    problems: list[BaselineProblem] = []
    for entry in baseline.failures:
        if not only or entry.requirement in only:
            problem = _problem(report, entry, today, partial(_failure_problem, entry))
            problems += _problems(entry, problem)
    if not only:
        for quirk in baseline.quirks:
            problem = _problem(report, quirk, today, partial(_quirk_problem, quirk))
            problems += _problems(quirk, problem)
        if all_quirks:
            problems += _unlisted(report, baseline)
    backends = [_with_reasons(backend, baseline) for backend in report.backends]
    return replace(report, backends=backends, baseline_problems=problems)


def _problems(entry: FailureEntry | QuirkEntry, text: str) -> list[BaselineProblem]:
    return [BaselineProblem(entry.backend, entry.identifier, text)] if text else []


def _problem(
    report: Report,
    entry: FailureEntry | QuirkEntry,
    today: datetime.date,
    of_backend: Callable[[BackendReport], str],
) -> str:
    """Return what is wrong with an entry, or an empty text."""
    backends = [each for each in report.backends if each.name == entry.backend]
    if not backends:
        return "matches nothing: no backend of this run has that name"
    if any(backend.fault is not None for backend in backends):
        # The run has failed for that already.
        return ""
    texts = [text for text in map(of_backend, backends) if text]
    return texts[0] if texts else _expired(entry, today)


def _failure_problem(entry: FailureEntry, backend: BackendReport) -> str:
    result = backend.result(entry.requirement)
    if result is None:
        return "matches nothing: the requirement was not judged in this run"
    found = result.counterexample
    match result.verdict:
        case Verdict.EXPECTED_FAIL if found is not None:
            return ""
        case Verdict.PASS:
            return "is stale: the requirement passes now; take the entry out"
        case Verdict.FAIL if found is not None:
            return (
                f"fails differently: its fingerprint is {found.fingerprint}, "
                f"the listed one {entry.fingerprint}"
            )
        case _:
            return f"matches nothing: {result.verdict.value}, {result.reason}"


def _quirk_problem(entry: QuirkEntry, backend: BackendReport) -> str:
    shown = [each.shown for each in backend.quirks if each.finding_id == entry.finding]
    if not shown:
        return "matches nothing: the quirk was not looked for in this run"
    if not all(shown):
        return "is stale: the quirk does not show itself any more; take the entry out"
    return ""


def _expired(entry: FailureEntry | QuirkEntry, today: datetime.date) -> str:
    if entry.expires is None or today <= entry.expires:
        return ""
    return f"expired on {entry.expires.isoformat()}: mend it, or give it a new date and a reason"


def _unlisted(report: Report, baseline: Baseline) -> Iterator[BaselineProblem]:
    listed = {(entry.backend, entry.finding) for entry in baseline.quirks}
    for backend in report.backends:
        shown = {quirk.finding_id for quirk in backend.quirks if quirk.shown}
        for finding_id in sorted(shown, key=lambda each: int(each[1:])):
            if (backend.name, finding_id) not in listed:
                text = "the quirk shows itself and is not listed"
                yield BaselineProblem(backend.name, finding_id, text)


def _with_reasons(backend: BackendReport, baseline: Baseline) -> BackendReport:
    """Return the report with the reason and the link of each quirk that is listed."""
    listed = {entry.finding: entry for entry in baseline.quirks if entry.backend == backend.name}
    quirks = [
        replace(quirk, reason=listed[quirk.finding_id].reason, link=listed[quirk.finding_id].link)
        if quirk.finding_id in listed
        else quirk
        for quirk in backend.quirks
    ]
    return replace(backend, quirks=quirks)


# A new baseline


def updated(
    baseline: Baseline,
    report: Report,
    replays: Sequence[Mapping[str, str]],
    *,
    only: Collection[str] = (),
    all_quirks: bool = False,
) -> Baseline:
    """Return the baseline that fits a run.

    ``replays`` are the paths of the replay files, relative to the baseline, by
    backend and requirement. Reasons, links and dates of what stays are kept; what
    the run did not judge is left as it is.
    """
    judged = {backend.name for backend in report.backends if backend.fault is None}
    failures = [each for each in baseline.failures if not _is_judged(each, judged, only)]
    known = {(each.backend, each.requirement): each for each in baseline.failures}
    for backend, paths in zip(report.backends, replays, strict=True):
        for result in backend.results:
            if result.requirement_id in paths and result.counterexample is not None:
                new = FailureEntry(backend.name, result.requirement_id, TO_BE_FILLED_IN, "", "")
                entry = known.get((backend.name, result.requirement_id), new)
                path = paths[result.requirement_id]
                fingerprint = result.counterexample.fingerprint
                failures.append(replace(entry, fingerprint=fingerprint, replay=path))
    failures.sort(key=lambda each: (each.backend, each.requirement))
    quirks = baseline.quirks if only else _updated_quirks(baseline, report, judged, all_quirks)
    return Baseline(tuple(failures), tuple(quirks))


def _is_judged(entry: FailureEntry, judged: Collection[str], only: Collection[str]) -> bool:
    return entry.backend in judged and (not only or entry.requirement in only)


def _updated_quirks(
    baseline: Baseline, report: Report, judged: Collection[str], all_quirks: bool
) -> list[QuirkEntry]:
    shown = {
        (backend.name, quirk.finding_id)
        for backend in report.backends
        for quirk in backend.quirks
        if quirk.shown
    }
    kept = [
        entry
        for entry in baseline.quirks
        if entry.backend not in judged or (entry.backend, entry.finding) in shown
    ]
    if all_quirks:
        listed = {(entry.backend, entry.finding) for entry in kept}
        kept += [QuirkEntry(*each, TO_BE_FILLED_IN) for each in sorted(shown - listed)]
    return kept


def expected(report: Report, baseline: Baseline) -> Report:
    """Return the report with each listed failure expected, as the next run will find it."""
    known = {(each.backend, each.requirement): each for each in baseline.failures}
    backends = []
    for backend in report.backends:
        results = [
            _expected(result, known.get((backend.name, result.requirement_id)))
            for result in backend.results
        ]
        backends.append(replace(backend, results=results))
    return replace(report, backends=backends)


def _expected(result: RequirementResult, entry: FailureEntry | None) -> RequirementResult:
    if entry is None or result.verdict is not Verdict.FAIL:
        return result
    return replace(result, verdict=Verdict.EXPECTED_FAIL, reason=entry.reason, link=entry.link)
