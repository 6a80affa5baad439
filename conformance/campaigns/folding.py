"""The report of one unit, added to what all units before and after it have said."""

from __future__ import annotations

from conformance.campaigns.state import (
    CampaignState,
    Cell,
    First,
    Sighting,
    SituationTally,
    TargetFacts,
)
from conformance.campaigns.units import Unit
from conformance.records.results import BackendReport, RequirementResult, Verdict

__all__ = ["fold", "sighting_key"]


def fold(
    state: CampaignState, unit: Unit, report: BackendReport, *, by_chance: bool
) -> list[RequirementResult]:
    """Add the report of a unit to a state; return the results that are failures.

    The order of units is of no effect. ``by_chance`` says that the unit is a sample of what units
    of other seeds would meet.
    """
    if report.fault is not None:
        return []
    _add_facts(state, unit, report)
    failing = []
    for result in report.results:
        key = f"{unit.target}|{unit.group}|{result.requirement_id}"
        cell = state.cells.setdefault(key, Cell(unit.target, unit.group, result.requirement_id))
        first = First(unit.number, result.level, result.reason)
        cell.add(unit.number, result.verdict, first, result.checks)
        if result.verdict is Verdict.FAIL and result.counterexample is not None:
            _add_sighting(state, unit, result, by_chance)
            failing.append(result)
    for situation in report.situations:
        key = f"{unit.target}|{situation.name}"
        tally = SituationTally(unit.target, situation.name, situation.requirement_ids)
        state.situations.setdefault(key, tally).reached += situation.reached
    return failing


def sighting_key(target: int, requirement_id: str, fingerprint: str) -> str:
    """Return what a failure is told from others by."""
    return f"{target}|{requirement_id}|{fingerprint}"


def _add_sighting(
    state: CampaignState, unit: Unit, result: RequirementResult, by_chance: bool
) -> None:
    found = result.counterexample
    if found is None:
        raise ValueError(f"{result.requirement_id} fails without a counterexample")
    key = sighting_key(unit.target, found.requirement_id, found.fingerprint)
    sighting = state.sightings.setdefault(
        key,
        Sighting(
            unit.target,
            found.requirement_id,
            result.level,
            found.suite,
            found.fingerprint,
            not found.reproduced,
            unit.number,
            unit.seed,
        ),
    )
    sighting.units += 1
    sighting.chance_units += by_chance
    sighting.is_flaky = sighting.is_flaky or not found.reproduced
    if unit.number < sighting.first:
        sighting.first, sighting.seed = unit.number, unit.seed


def _add_facts(state: CampaignState, unit: Unit, report: BackendReport) -> None:
    key = str(unit.target)
    facts = state.facts.get(key)
    if facts is None or unit.number < facts.number:
        state.facts[key] = TargetFacts(
            unit.number,
            report.capabilities,
            report.rejection_mode,
            report.durability_class,
            report.mends,
            facts.versions if facts else [],
            facts.crash_classes if facts else [],
            facts.notes if facts else {},
        )
        facts = state.facts[key]
    facts.versions = sorted({*facts.versions, report.version})
    facts.crash_classes = sorted({*facts.crash_classes, *report.crash_classes})
    if unit.seed == state.first_seed and unit.number >= 0:
        # What further seeds have to say would be the same, or about their time.
        facts.notes[unit.group] = report.notes
