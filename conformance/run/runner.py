"""Run suites on backends and collect results; prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from conformance.backend import Backend
from conformance.engine.draws import engine_notes, prepare_engine
from conformance.engine.levels import binding_level, not_applicable
from conformance.engine.profiles import Profile
from conformance.engine.quirks import Quirk
from conformance.engine.search import Progress, Search
from conformance.engine.suite import Suite
from conformance.engine.watch import CALL_SECONDS_MAX, CallWatch
from conformance.errors import BackendFault, UsageError
from conformance.life_cycle import begin_run
from conformance.machines.registry import QUIRKS, SUITES
from conformance.machines.tours import TOUR_PROFILE, tour_suites
from conformance.machines.transitions import Transitions
from conformance.records.replays import KnownFailure
from conformance.records.results import (
    BackendReport,
    QuirkResult,
    Report,
    RequirementResult,
    SampleHistory,
    SituationResult,
    TransitionResult,
    Verdict,
)
from conformance.records.verdicts import binds
from conformance.requirements import requirement
from conformance.requirements.mending import unknown_mending
from conformance.run.mended import mended_quirks, unmended_results
from conformance.run.replaying import known_results
from conformance.run.reports import report_of
from conformance.run.unclaimed import unclaimed_notes

__all__ = [
    "fault_report",
    "judge_backend",
    "run_check",
    "tour_backend",
]

_ENDED: Final = "the judging ended"


def run_check(
    backends: Iterable[Backend],
    profile: Profile,
    *,
    seed: int = 0,
    call_seconds_max: float = CALL_SECONDS_MAX,
    on_progress: Progress = lambda backend, headway: None,
) -> Report:
    """Judge each backend and return one report.

    A backend that cannot be judged does not stop the others: its report says
    why. Equal backends, profile and seed give equal reports.
    """
    reports = []
    with CallWatch(call_seconds_max) as watch:
        for backend in backends:
            reports.append(_report_or_fault(backend, profile, seed, watch, on_progress))
    return report_of(reports, profile, seed)


def _report_or_fault(
    backend: Backend, profile: Profile, seed: int, watch: CallWatch, on_progress: Progress
) -> BackendReport:
    try:
        return judge_backend(backend, profile, seed=seed, watch=watch, on_progress=on_progress)
    except BackendFault as fault:
        return fault_report(backend, fault.message)


def fault_report(backend: Backend, fault: str | None) -> BackendReport:
    """Return the report on a backend of which nothing is known but why."""
    return _backend_report(backend, [], [], [], fault=fault)


def judge_backend(
    backend: Backend,
    profile: Profile,
    *,
    seed: int,
    watch: CallWatch,
    on_progress: Progress = lambda backend, headway: None,
    on_judged: Callable[[BackendReport], None] = lambda report: None,
    suites: Sequence[Suite] = SUITES,
    only: Collection[str] = (),
    known: Sequence[KnownFailure] = (),
    is_part: bool = False,
) -> BackendReport:
    """Run every suite that applies to one backend.

    With ``only``, the same searches are made and the other requirements are
    left out, so that a requirement gets the same verdict alone and among others.
    A ``known`` failure is replayed first; where it comes again it is expected, and
    is not searched for. Where the suites are only ``is_part`` of a judgement, no quirk is shown but
    those that they have to find mended, and no promise is looked for.
    ``on_judged`` gets the report once every verdict is known; after it comes only
    a look at promises that were not made, which a backend need not survive.
    Raises :class:`BackendFault` when the backend does not start or stops answering, and
    :class:`UsageError` where it declares a finding as mended that there is no rule for.
    """
    _check_mendings(backend)
    prepare_engine()
    begin_run(seed)
    quirks = mended_quirks(QUIRKS, backend, suites) if is_part else QUIRKS
    try:
        report = _judged(backend, profile, seed, watch, on_progress, suites, only, known, quirks)
    finally:
        for suite in suites:
            suite.end(backend)
    on_judged(report)
    if only or is_part or _ended_early(report):
        return report
    notes = unclaimed_notes(backend, report, suites, seed=seed, watch=watch)
    return replace(report, notes=[*report.notes, *notes])


def _check_mendings(backend: Backend) -> None:
    """Raise :class:`UsageError` where a finding is declared as mended that there is no rule for."""
    problem = unknown_mending(backend.mends)
    if problem is not None:
        raise UsageError(f"{backend.name} {problem}")


def _ended_early(report: BackendReport) -> bool:
    return any(note.startswith(_ENDED) for note in report.notes)


def tour_backend(
    backend: Backend,
    *,
    watch: CallWatch,
    on_progress: Progress = lambda backend, headway: None,
) -> BackendReport:
    """Take every transition of the bounded models of one backend, without any chance.

    Equal backends give equal reports. Raises :class:`BackendFault` and :class:`UsageError`.
    """
    _check_mendings(backend)
    prepare_engine()
    begin_run(0)
    return _judged(backend, TOUR_PROFILE, 0, watch, on_progress, tour_suites(), (), (), quirks=())


def _judged(
    backend: Backend,
    profile: Profile,
    seed: int,
    watch: CallWatch,
    on_progress: Progress,
    suites: Sequence[Suite],
    only: Collection[str],
    known: Sequence[KnownFailure],
    quirks: Sequence[Quirk] = QUIRKS,
) -> BackendReport:
    results: dict[str, RequirementResult] = {}
    situations: list[SituationResult] = []
    crash_classes: set[str] = set()
    samples: list[SampleHistory] = []
    transitions = Transitions(backend)
    toured: list[TransitionResult] = []
    notes = [*backend.notes, *engine_notes()]
    ended = ""
    # What is known is known to every suite that judges the same requirement.
    expected: dict[str, RequirementResult] = {}
    for suite in suites:
        if suite.applies(backend):
            expected |= known_results(backend, suite, known, watch)
    for suite in suites:
        judged = _to_judge(suite, only, results)
        if not judged:
            continue
        if not suite.applies(backend):
            for requirement_id in judged:
                result = not_applicable(requirement_id, suite.absence(backend))
                results.setdefault(requirement_id, result)
            continue
        if ended:
            for requirement_id in judged:
                results.setdefault(requirement_id, _not_searched(requirement_id, backend, ended))
            continue
        its_own = {each: expected[each] for each in suite.requirement_ids if each in expected}
        search = Search(
            suite,
            judged,
            backend,
            profile,
            seed,
            watch,
            on_progress,
            its_own,
            transitions.follower(suite),
        )
        ended = _run_or_end(search, results.values())
        for result in _asked_for(search.results(), only):
            results[result.requirement_id] = _worse(results.get(result.requirement_id), result)
        situations.extend(search.situations())
        crash_classes.update(search.crash_classes)
        samples.extend(search.samples())
        notes.extend([*search.notes, *suite.notes()])
        led = suite.transitions()
        toured += [] if led is None else [led]
    notes += [ended] if ended else []
    shown = () if only or ended else quirks
    seen = [quirk.show(backend, watch) for quirk in shown if quirk.applies(backend)]
    for result in unmended_results(backend, suites, seen):
        results[result.requirement_id] = _worse(results.get(result.requirement_id), result)
    return replace(
        _backend_report(backend, list(results.values()), situations, seen),
        crash_classes=sorted(crash_classes),
        samples=samples,
        notes=notes,
        transitions=_all_transitions(transitions.results(), toured),
    )


def _all_transitions(
    seen: Sequence[TransitionResult], toured: Sequence[TransitionResult]
) -> list[TransitionResult]:
    """Return the figures of who looked on, and of tours where nobody did."""
    models = {each.model for each in seen}
    return [*seen, *(each for each in toured if each.model not in models)]


def _to_judge(
    suite: Suite, only: Collection[str], results: Mapping[str, RequirementResult]
) -> list[str]:
    """Return what a suite is searched for; nothing where all of it has failed already.

    Whatever was found from there on would not make that worse.
    """
    judged = [each for each in suite.requirement_ids if not only or each in only]
    known = [results[each].verdict for each in judged if each in results]
    return [] if known.count(Verdict.FAIL) == len(judged) else judged


def _asked_for(
    results: Iterable[RequirementResult], only: Collection[str]
) -> list[RequirementResult]:
    """Return what there is to report: all, or of some requirements only."""
    return [each for each in results if not only or each.requirement_id in only]


def _run_or_end(search: Search, known: Iterable[RequirementResult]) -> str:
    """Run a search; return why the judging ends with it, or an empty text.

    A backend that stops answering after it has broken what binds it is a backend with a failure.
    Raises :class:`BackendFault` where nothing was found that could be said instead.
    """
    try:
        search.run()
    except BackendFault as fault:
        search.cut_short = f"{_ENDED} in {search.suite.name}: {fault.message}"
        found = [*known, *search.results()]
        if not any(binds(each) for each in found if each.verdict is Verdict.FAIL):
            raise
        return search.cut_short
    return ""


def _not_searched(requirement_id: str, backend: Backend, reason: str) -> RequirementResult:
    """Return the result of a requirement that there was no search for."""
    level = binding_level(requirement(requirement_id), backend)
    return RequirementResult(requirement_id, level, Verdict.INCONCLUSIVE, 0, reason)


# A requirement that two suites judge is only as good as the worse of its verdicts.
_FROM_BEST: Final = (
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.EXPECTED_FAIL,
    Verdict.FAIL,
)


def _worse(known: RequirementResult | None, other: RequirementResult) -> RequirementResult:
    if known is None:
        return other
    return max(known, other, key=lambda result: _FROM_BEST.index(result.verdict))


def _backend_report(
    backend: Backend,
    results: list[RequirementResult],
    situations: list[SituationResult],
    quirks: list[QuirkResult],
    *,
    fault: str | None = None,
) -> BackendReport:
    return BackendReport(
        backend.name,
        sorted(capability.value for capability in backend.capabilities),
        backend.rejection_mode.value,
        results,
        situations,
        quirks,
        fault,
        version=backend.version,
        durability_class=backend.durability_class.value,
        notes=list(backend.notes),
        mends=sorted(backend.mends),
    )
