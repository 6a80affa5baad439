"""How a broken system under test is hunted: one search for the one requirement it breaks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from conformance.backend import Backend
from conformance.engine.profiles import Profile, profile
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.records.results import BackendReport, Counterexample, Verdict
from conformance.run.runner import judge_backend

__all__ = ["counterexample_for", "failed", "judged", "unhurried", "unproved"]

# A machine that stands still for a minute must not turn a test.
_PATIENCE: Final = 5


def unhurried(profile_name: str = "quick") -> Profile:
    """Return a profile that no clock cuts short, however busy a machine is."""
    named = profile(profile_name)
    return replace(named, budget=replace(named.budget, seconds=math.inf, wall_seconds=math.inf))


def judged(
    backend: Backend,
    suites: tuple[Suite, ...],
    *,
    seed: int = 0,
    profile_name: str = "ci",
    only: tuple[str, ...] = (),
    minimise: bool = True,
    patience: int = _PATIENCE,
) -> BackendReport:
    """Judge a backend by some suites, in as many times the profile's time as there is patience."""
    named = profile(profile_name)
    budget = replace(
        named.budget,
        seconds=patience * named.budget.seconds,
        wall_seconds=patience * named.budget.wall_seconds,
        minimise=minimise,
    )
    tried = replace(named, budget=budget)
    with CallWatch() as watch:
        return judge_backend(backend, tried, seed=seed, watch=watch, suites=suites, only=only)


def counterexample_for(
    requirement_id: str,
    backend: Backend,
    suites: tuple[Suite, ...],
    *,
    seed: int = 0,
    minimise: bool = True,
) -> Counterexample | None:
    """Return how the requirement fails a backend in the ``ci`` profile, or ``None``."""
    tried = unhurried("ci")
    tried = replace(tried, budget=replace(tried.budget, minimise=minimise))
    with CallWatch() as watch:
        report = judge_backend(
            backend, tried, seed=seed, watch=watch, suites=suites, only=(requirement_id,)
        )
    result = report.result(requirement_id)
    return None if result is None else result.counterexample


def failed(report: BackendReport) -> list[str]:
    """Return the ids of the failed requirements."""
    return [r.requirement_id for r in report.results if r.verdict is Verdict.FAIL]


def unproved(report: BackendReport) -> list[str]:
    """Return the ids of the requirements that neither passed nor were declared otherwise."""
    settled = (Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.EXPECTED_FAIL)
    return [r.requirement_id for r in report.results if r.verdict not in settled]
