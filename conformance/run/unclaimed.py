"""Promises that a backend keeps without having made them: notes for its author.

Nothing here can turn a verdict. Each promise that was not declared is tried on a few histories, as
if it were; where all goes well the report says that it could be declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from conformance.backend import Backend, Capability
from conformance.engine.profiles import Profile
from conformance.engine.search import Search
from conformance.engine.session import Budget
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.records.results import BackendReport, Verdict
from telltale_spec.model.machine import RejectionMode

__all__ = ["unclaimed_notes"]

_FEW: Final = Profile(
    "few",
    Budget(12, 12, seconds=5.0, wall_seconds=5.0, minimise=False, long_operations=24),
)

# What shows a promise: looked at in every backend, or only in those that make it.
_LOOKED_AT: Final = {
    Capability.ORDERED_CACHE: "CACHE-04",
    Capability.EXACT_MESSAGES: "WAL-03.text",
}
# What depends on how threads are scheduled is not tried: that it held once says nothing.
_TO_BE_TRIED: Final = {Capability.REOPEN: ("WAL-08", "CACHE-08")}


def unclaimed_notes(
    backend: Backend,
    report: BackendReport,
    suites: Sequence[Suite],
    *,
    seed: int,
    watch: CallWatch,
) -> list[str]:
    """Return a note for each promise that is kept although it was not made."""
    return list(_notes(backend, report, suites, seed, watch))


def _notes(
    backend: Backend, report: BackendReport, suites: Sequence[Suite], seed: int, watch: CallWatch
) -> Iterator[str]:
    for capability, requirement_id in _LOOKED_AT.items():
        result = report.result(requirement_id)
        passed = result is not None and result.verdict is Verdict.PASS
        if passed and capability not in backend.capabilities:
            yield _note(capability.value)
    for capability, requirement_ids in _TO_BE_TRIED.items():
        if capability in backend.capabilities:
            continue
        claiming = replace(backend, capabilities=backend.capabilities | {capability})
        if _keeps(claiming, requirement_ids, suites, seed, watch):
            yield _note(capability.value)
    if backend.rejection_mode is not RejectionMode.CLEAN_REJECT:
        claiming = replace(backend, rejection_mode=RejectionMode.CLEAN_REJECT)
        if _keeps(claiming, ("WAL-04",), suites, seed, watch):
            yield _note(RejectionMode.CLEAN_REJECT.value)


def _note(name: str) -> str:
    return f"{name} is not declared, and held in every history that tried it: it could be"


def _keeps(
    backend: Backend,
    requirement_ids: Sequence[str],
    suites: Sequence[Suite],
    seed: int,
    watch: CallWatch,
) -> bool:
    """Say whether the requirements that apply all pass, and at least one does."""
    passed = False
    for suite in suites:
        judged = [each for each in suite.requirement_ids if each in requirement_ids]
        if not judged or not suite.applies(backend):
            continue
        search = Search(suite, judged, backend, _FEW, seed, watch, lambda *progress: None)
        try:
            search.run()
        except BackendFault:
            # It was not promised, so this is nobody's fault.
            return False
        if any(result.verdict is not Verdict.PASS for result in search.results()):
            return False
        passed = True
    return passed
