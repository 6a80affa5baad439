"""What a backend declares as mended and shows all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.suite import Suite
from conformance.records.fingerprint import fingerprint_of
from conformance.records.results import Counterexample, QuirkResult, RequirementResult, Verdict
from conformance.requirements.mending import MENDABLE

__all__ = ["mended_quirks", "unmended_results"]


def mended_quirks(
    quirks: Iterable[Quirk], backend: Backend, suites: Sequence[Suite]
) -> list[Quirk]:
    """Return the quirks that a backend declares as mended and that some of the suites judge."""
    judged = {
        requirement_id
        for suite in suites
        if suite.applies(backend)
        for requirement_id in suite.requirement_ids
    }
    return [
        quirk
        for quirk in quirks
        if quirk.finding_id in backend.mends
        and judged & set(MENDABLE[quirk.finding_id].requirement_ids)
    ]


def unmended_results(
    backend: Backend, suites: Sequence[Suite], seen: Iterable[QuirkResult]
) -> Iterator[RequirementResult]:
    """Yield a failure for each finding that is declared as mended and shows in its own history.

    It is one of the first requirement of the finding that a suite of the
    backend judges. The searches judge by the same rules; this is the one
    history that is sure to meet the finding.
    """
    for quirk in seen:
        if not quirk.shown or quirk.finding_id not in backend.mends:
            continue
        mending = MENDABLE[quirk.finding_id]
        requirement_id, suite = next(
            (requirement_id, suite)
            for requirement_id in mending.requirement_ids
            for suite in suites
            if requirement_id in suite.requirement_ids and suite.applies(backend)
        )
        expected = f"{quirk.finding_id} mended: {mending.rule}"
        actual = f"{quirk.finding_id} shows: {quirk.sentence}"
        fingerprint = fingerprint_of(requirement_id, suite.name, [], expected, actual)
        found = Counterexample(
            requirement_id,
            suite.name,
            quirk.steps,
            expected,
            actual,
            fingerprint=fingerprint,
            tries=1,
            failures=1,
        )
        reason = f"{quirk.finding_id} is declared as mended and shows"
        yield RequirementResult(requirement_id, "MUST", Verdict.FAIL, 1, reason, found)
