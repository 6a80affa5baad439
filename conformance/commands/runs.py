"""What the commands that judge backends share: the shipped ones, and a run with its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.records.results import BackendReport
    from conformance.run.jobs import Job

__all__ = ["run_with_progress", "shipped_names"]


def shipped_names() -> list[str]:
    """Return the names of the backends that are shipped."""
    from conformance.run.shipped import SHIPPED_BACKENDS

    return [backend.name for backend in SHIPPED_BACKENDS]


def run_with_progress(jobs: list[Job], parallel: int) -> list[BackendReport]:
    """Run every job, showing how far it is, and return the reports in order."""
    from conformance.run.progress import shown_progress
    from conformance.run.worker import run_jobs

    with shown_progress() as on_progress:
        return run_jobs(jobs, parallel=parallel, on_progress=on_progress)
