"""Which requirements of the specification a run has put to the test."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from dataclasses_json import DataClassJsonMixin, config

from conformance.records.results import Report, RequirementResult, Verdict
from conformance.requirements import EXCLUSIONS, REQUIREMENTS, Exclusion, Level, Requirement

__all__ = ["TRACE_FORMAT", "Trace", "TraceRow", "TraceState", "trace_of"]

TRACE_FORMAT: Final = "telltale-conformance.trace.v1"

_SETTLED: Final = (Verdict.PASS, Verdict.FAIL, Verdict.EXPECTED_FAIL)


class TraceState(enum.Enum):
    """What a run did with a requirement."""

    TESTED = "tested"
    UNTESTED = "untested"
    EXCLUDED = "excluded"
    STALE_EXCLUSION = "stale exclusion"


@dataclass(frozen=True)
class TraceRow(DataClassJsonMixin):
    """What a run did with one requirement, and why not more.

    ``checks`` counts over all backends, ``backends`` are those that it was put
    to, and ``proved_by`` what proves an excluded one instead.
    """

    requirement_id: str
    level: str
    state: TraceState = field(
        metadata=config(encoder=lambda state: state.value, decoder=TraceState)
    )
    checks: int
    backends: list[str]
    reason: str
    proved_by: list[str]


@dataclass(frozen=True)
class Trace(DataClassJsonMixin):
    """Every requirement of the registry, in its order."""

    format: str
    specification: str
    suite_version: str
    profile: str
    seed: int
    rows: list[TraceRow]

    def count(self, state: TraceState) -> int:
        """Return how many requirements are in a state."""
        return sum(row.state is state for row in self.rows)

    def problems(self) -> list[TraceRow]:
        """Return what a strict trace does not allow: untested MUSTs and stale exclusions."""
        return [
            row
            for row in self.rows
            if row.state is TraceState.STALE_EXCLUSION
            or (row.state is TraceState.UNTESTED and row.level == Level.MUST.value)
        ]


def trace_of(
    report: Report,
    requirements: Iterable[Requirement] = tuple(REQUIREMENTS.values()),
    exclusions: Mapping[str, Exclusion] = EXCLUSIONS,
) -> Trace:
    """Return what a run did with each requirement.

    Tested is what at least one backend has a settled verdict on, from at least
    one check: an open verdict settles nothing. An exclusion of what is tested
    is stale, because its reason cannot be true any more.
    """
    rows = [_row(report, judged, exclusions.get(judged.requirement_id)) for judged in requirements]
    return Trace(
        TRACE_FORMAT,
        report.specification,
        report.suite_version,
        report.profile,
        report.seed,
        rows,
    )


def _row(report: Report, judged: Requirement, exclusion: Exclusion | None) -> TraceRow:
    found = [(each.name, each.result(judged.requirement_id)) for each in report.backends]
    results = [(name, result) for name, result in found if result is not None]
    tested = [(name, result) for name, result in results if _is_tested(result)]
    if tested:
        state = TraceState.STALE_EXCLUSION if exclusion is not None else TraceState.TESTED
        reason = "" if exclusion is None else f"tested, although: {exclusion.reason}"
    elif exclusion is not None:
        state, reason = TraceState.EXCLUDED, exclusion.reason
    else:
        state, reason = TraceState.UNTESTED, _untested_reason(report, results)
    return TraceRow(
        judged.requirement_id,
        judged.level.value,
        state,
        sum(result.checks for _, result in tested),
        list(dict.fromkeys(name for name, _ in tested)),
        reason,
        list(exclusion.proved_by) if exclusion is not None else [],
    )


def _is_tested(result: RequirementResult) -> bool:
    return result.verdict in _SETTLED and result.checks > 0


def _untested_reason(report: Report, results: list[tuple[str, RequirementResult]]) -> str:
    """Return why nothing settled a requirement, the reasons of equal backends together."""
    if not results:
        faults = [backend.name for backend in report.backends if backend.fault is not None]
        if faults:
            return f"could not be judged: {', '.join(faults)}"
        return "no backend of this run was asked"
    reasons: dict[str, list[str]] = {}
    for name, result in results:
        text = result.reason or f"{result.verdict.value}, without a check"
        reasons.setdefault(text, []).append(name)
    return "; ".join(
        f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in reasons.items()
    )
