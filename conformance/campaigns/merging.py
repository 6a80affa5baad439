"""The verdicts of all units together: one report, as if it were of one run.

A group of suites that passed on one seed and left open on another has passed; one that failed on
any has failed. What no unit has judged is open. A requirement of several groups is only as good as
the worst of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.campaigns.discovery import curve_of, unseen_of
from conformance.campaigns.ledger import Ledger, failure_name
from conformance.campaigns.plan import TOUR_GROUP, Group
from conformance.campaigns.state import CampaignState, Cell, Retry, TargetFacts, UnitNote
from conformance.engine.profiles import Profile
from conformance.errors import ReplayError
from conformance.records.campaigns import (
    CAMPAIGN_FORMAT,
    CampaignFault,
    CampaignReport,
    DistinctFailure,
    RetriedFailure,
    SetAside,
)
from conformance.records.replays import Outcome, Replay
from conformance.records.results import (
    BackendReport,
    Counterexample,
    Report,
    RequirementResult,
    SituationResult,
    Step,
    Verdict,
)
from conformance.records.verdicts import level_of
from conformance.requirements import requirement
from conformance.run.reports import report_of

__all__ = ["campaign_report"]

_NEVER: Final = "the campaign ended before it was judged"
_FAULTS_SHOWN_MAX: Final = 20

# From best to worst, as in the report of one run.
_FROM_BEST: Final = (
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.EXPECTED_FAIL,
    Verdict.FAIL,
)
# What the units of one group come to: a failure counts, and then what was seen to be kept.
_OF_A_GROUP: Final = (
    Verdict.FAIL,
    Verdict.EXPECTED_FAIL,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_APPLICABLE,
)
_STILL_FAILING: Final = (Outcome.STILL_FAILING.value, Outcome.FAILS_DIFFERENTLY.value)


def campaign_report(ledger: Ledger, profile: Profile) -> CampaignReport:
    """Return the report of a campaign as far as it has come."""
    state = ledger.state
    sightings = sorted(state.sightings.values(), key=lambda each: (each.first, each.fingerprint))
    chance = {group.name for group in ledger.plan.groups if group.by_chance}
    own = [each for each in sightings if each.units]
    names = state.identity.targets
    return CampaignReport(
        CAMPAIGN_FORMAT,
        state.number,
        ledger.units_done,
        state.first_seed,
        (state.first_seed + max(0, state.seeds_count - 1)) % 2**64,
        ledger.is_complete,
        curve_of([max(0, each.first) for each in own], ledger.units_done),
        unseen_of([each.chance_units for each in own], _samples(ledger, chance)),
        _report(ledger, profile),
        [
            DistinctFailure(
                names[each.target],
                each.requirement_id,
                each.level,
                each.suite,
                each.fingerprint,
                each.units,
                each.first,
                each.seed,
                each.is_flaky,
                _kept_name(ledger, each.target, each.requirement_id, each.fingerprint),
            )
            for each in own
        ],
        [_retried(state, each) for each in state.retries if each.outcome],
        [SetAside(*_noted(state, each)) for each in _unjudged(state)],
        [
            CampaignFault(*_noted(state, each))
            for each in _by_number(state.faults)[:_FAULTS_SHOWN_MAX]
        ],
        [each.reason for each in _by_number(state.own_faults)],
        len(state.situations),
        sum(each.reached > 0 for each in state.situations.values()),
    )


def _samples(ledger: Ledger, chance: set[str]) -> int:
    """Return how many units of groups by chance have given verdicts."""
    seen: dict[tuple[int, str], int] = {}
    for cell in ledger.state.cells.values():
        if cell.group in chance:
            key = (cell.target, cell.group)
            judged = sum(n for verdict, n in cell.counts.items() if verdict != "not-applicable")
            seen[key] = max(seen.get(key, 0), judged)
    return sum(seen.values())


def _kept_name(ledger: Ledger, target: int, requirement_id: str, fingerprint: str) -> str:
    backend = ledger.state.identity.targets[target]
    name = failure_name(backend, requirement_id, fingerprint)
    return name if name in ledger.state.failures else ""


def _by_number(notes: Sequence[UnitNote]) -> list[UnitNote]:
    return sorted(notes, key=lambda each: each.number)


def _unjudged(state: CampaignState) -> list[UnitNote]:
    return _by_number([*state.set_aside, *state.overdue])


def _noted(state: CampaignState, note: UnitNote) -> tuple[str, str, int, int, str]:
    backend = state.identity.targets[note.target]
    return backend, note.group, note.seed, note.number, note.reason


def _retried(state: CampaignState, retry: Retry) -> RetriedFailure:
    kept = state.failures.get(retry.failure)
    requirement_id = kept.requirement_id if kept else ""
    backend = state.identity.targets[retry.target]
    return RetriedFailure(backend, requirement_id, retry.outcome, retry.reason, retry.failure)


def _report(ledger: Ledger, profile: Profile) -> Report:
    backends = [
        _backend_report(ledger, target) for target in range(len(ledger.state.identity.targets))
    ]
    return report_of(backends, profile, ledger.state.first_seed)


def _backend_report(ledger: Ledger, target: int) -> BackendReport:
    state = ledger.state
    facts = state.facts.get(str(target)) or TargetFacts(0, [], "", "", [], [], [])
    results: dict[str, RequirementResult] = {}
    for group in ledger.plan.groups:
        for requirement_id in group.requirement_ids:
            result = _of_group(ledger, target, group, requirement_id, facts.capabilities)
            _add(results, result)
    for result in _of_retries(ledger, target, facts.capabilities):
        _add(results, result)
    faults = [each.reason for each in _by_number(state.faults) if each.target == target]
    return BackendReport(
        state.identity.targets[target],
        facts.capabilities,
        facts.rejection_mode,
        [_of_one_version(each, facts.versions) for each in results.values()],
        _situations(ledger, target),
        [],
        faults[0] if faults else None,
        version=", ".join(each for each in facts.versions if each),
        durability_class=facts.durability_class,
        crash_classes=facts.crash_classes,
        notes=_notes(ledger, facts),
        mends=facts.mends,
    )


def _add(results: dict[str, RequirementResult], result: RequirementResult | None) -> None:
    if result is None:
        return
    known = results.get(result.requirement_id)
    if known is None or _FROM_BEST.index(result.verdict) > _FROM_BEST.index(known.verdict):
        results[result.requirement_id] = result


def _of_group(
    ledger: Ledger, target: int, group: Group, requirement_id: str, declared: Sequence[str]
) -> RequirementResult | None:
    """Return the verdict of one group on one requirement, over all units; a tour only fails."""
    state = ledger.state
    cell = state.cells.get(f"{target}|{group.name}|{requirement_id}")
    if group.name == TOUR_GROUP and (cell is None or Verdict.FAIL.value not in cell.counts):
        return None
    aside = next(
        (
            each.reason
            for each in state.set_aside
            if (each.target, each.group) == (target, group.name)
        ),
        "",
    )
    if cell is None:
        reason = next(
            (
                each.reason
                for each in _unjudged(state)
                if (each.target, each.group) == (target, group.name)
            ),
            _NEVER,
        )
        return _open(requirement_id, declared, reason)
    result = _of_cell(ledger, cell)
    if aside and result.verdict is Verdict.PASS:
        return _open(requirement_id, declared, f"a unit was set aside: {aside}")
    return result


def _of_cell(ledger: Ledger, cell: Cell) -> RequirementResult:
    verdict = next(each for each in _OF_A_GROUP if each.value in cell.counts)
    first = cell.firsts[verdict.value]
    counterexample, reason = None, first.reason
    if verdict is Verdict.FAIL:
        names = [
            failure_name(
                ledger.state.identity.targets[cell.target], cell.requirement_id, each.fingerprint
            )
            for each in ledger.state.sightings.values()
            if (each.target, each.requirement_id) == (cell.target, cell.requirement_id)
        ]
        counterexample, reason = _shown(ledger, names, first.reason)
    return RequirementResult(
        cell.requirement_id, first.level, verdict, cell.checks, reason, counterexample
    )


def _open(requirement_id: str, declared: Sequence[str], reason: str) -> RequirementResult:
    level = level_of(requirement(requirement_id), declared)
    return RequirementResult(requirement_id, level, Verdict.INCONCLUSIVE, 0, reason)


def _of_retries(
    ledger: Ledger, target: int, declared: Sequence[str]
) -> Iterator[RequirementResult]:
    """Yield what the failures of earlier campaigns say: they fail, or are not shown to be fixed."""
    for retry in ledger.state.retries:
        if retry.target != target or not retry.failure or retry.outcome == Outcome.FIXED.value:
            continue
        kept = ledger.state.failures.get(retry.found or retry.failure)
        if kept is None:
            continue
        if retry.outcome in _STILL_FAILING:
            shown, reason = _shown(ledger, [retry.found or retry.failure], "")
            yield RequirementResult(kept.requirement_id, kept.level, Verdict.FAIL, 1, reason, shown)
            continue
        outcome = f"{retry.outcome} {retry.reason}".strip() or "not tried again"
        yield _open(kept.requirement_id, declared, f"it failed in an earlier campaign: {outcome}")


def _shown(
    ledger: Ledger, names: Sequence[str], otherwise: str
) -> tuple[Counterexample | None, str]:
    """Return the shortest of some failures, as far as they are kept, and what there is to say."""
    replays = []
    for name in names:
        try:
            replay = ledger.store.read_failure(name)
        except ReplayError as error:
            otherwise = str(error)
            continue
        if replay is not None:
            replays.append(replay)
    if not replays:
        return None, otherwise
    shortest = min(replays, key=lambda each: (len(each.acts), each.fingerprint))
    tries = f"{shortest.failures} of {shortest.tries} more tries failed"
    return _counterexample(shortest), "" if shortest.reproduced else f"flaky: {tries}"


def _counterexample(replay: Replay) -> Counterexample:
    return Counterexample(
        replay.requirement_id,
        replay.suite,
        [Step(each.text, each.answer) for each in replay.steps],
        replay.expected,
        replay.actual,
        reproduced=replay.reproduced,
        acts=replay.acts,
        fingerprint=replay.fingerprint,
        random_seed=replay.random_seed,
        tries=replay.tries or 0,
        failures=replay.failures or 0,
    )


def _of_one_version(result: RequirementResult, versions: Sequence[str]) -> RequirementResult:
    """Return a result; what passed in parts, by several versions of a backend, has not passed."""
    if len(versions) < 2 or result.verdict is not Verdict.PASS:
        return result
    reason = f"the backend changed its version during the campaign: {', '.join(versions)}"
    return RequirementResult(
        result.requirement_id, result.level, Verdict.INCONCLUSIVE, result.checks, reason
    )


def _situations(ledger: Ledger, target: int) -> list[SituationResult]:
    return [
        SituationResult(each.name, each.reached, each.requirement_ids)
        for _, each in sorted(ledger.state.situations.items())
        if each.target == target
    ]


def _notes(ledger: Ledger, facts: TargetFacts) -> list[str]:
    order = [group.name for group in ledger.plan.groups]
    notes = [note for name in order for note in facts.notes.get(name, [])]
    seeds = max(1, ledger.state.seeds_count)
    last = (ledger.state.first_seed + seeds - 1) % 2**64
    of_seeds = f"seeds {ledger.state.first_seed} to {last}"
    own = f"campaign {ledger.state.number}: {ledger.units_done} units on {of_seeds}"
    return [*dict.fromkeys([*notes, own])]
