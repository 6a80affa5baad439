"""The report of a whole run, made from what was said of each backend.

Nothing that judges is imported here, so that who only collects what other processes say starts
without it.
"""

from __future__ import annotations

from importlib import metadata
from typing import Final

from conformance.engine.profiles import Profile
from conformance.records.results import REPORT_FORMAT, BackendReport, BudgetUsed, Report

__all__ = ["SPECIFICATION", "report_of", "suite_version"]

SPECIFICATION: Final = "telltale 17.0.0 durable.rs (telltale.machine.durability.v1)"


def suite_version() -> str:
    """Return the version of the installed distribution."""
    try:
        return metadata.version("telltale-spec")
    except metadata.PackageNotFoundError:
        return "not installed"


def report_of(reports: list[BackendReport], profile: Profile, seed: int) -> Report:
    """Return the report of a whole run."""
    budget = profile.budget
    used = BudgetUsed(budget.histories, budget.operations, budget.seconds, budget.wall_seconds)
    return Report(REPORT_FORMAT, suite_version(), SPECIFICATION, profile.name, seed, reports, used)
