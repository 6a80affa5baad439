"""Carry a recorded failure out again, with the judge that found it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import Act
from conformance.engine.search import binding_level, blamed_on
from conformance.engine.session import Budget, Session
from conformance.engine.suite import Replayed, Suite
from conformance.engine.watch import CallWatch
from conformance.errors import ActError
from conformance.machines.registry import SUITES
from conformance.machines.wal import WAL_SUITE
from conformance.records.replays import KnownFailure, Replay
from conformance.records.results import Counterexample, RequirementResult, Verdict
from conformance.requirements import REQUIREMENTS, requirement

__all__ = ["check_acts", "known_results", "replayed_result"]

# A failure that did not come again when it was found gets so many chances to.
_TIMES_OF_CHANCE: Final = 25
_CUT_OFF: Final = "the history ended before its last act, and no requirement of the suite says why"


def check_acts(replay: Replay) -> None:
    """Raise :class:`ActError` for a replay that no suite of this version can carry out."""
    if replay.requirement_id not in REQUIREMENTS:
        raise ActError(f"there is no requirement `{replay.requirement_id}`")
    _suite(replay).acts_of(replay.acts)


def replayed_result(
    backend: Backend, replay: Replay, watch: CallWatch, suites: Sequence[Suite] = SUITES
) -> RequirementResult:
    """Return what the requirement is worth now: pass where the failure is fixed.

    The same acts are carried out by the same judge, without any seed. The result
    is that of another requirement where only another one is broken, and
    inconclusive where the backend cannot be put to this test. Raises
    :class:`BackendFault` and :class:`ActError`.
    """
    suite = _suite(replay, suites)
    acts = suite.acts_of(replay.acts)
    reason = _obstacle(backend, suite, replay)
    if reason:
        return _result(backend, replay.requirement_id, Verdict.INCONCLUSIVE, reason)
    for _ in range(1 if replay.reproduced else _TIMES_OF_CHANCE):
        overlooked: list[Counterexample] = []
        replayed = _carried_out(backend, suite, acts, replay.requirement_id, watch, overlooked)
        # What the replay is about comes first; what else is broken, only without it.
        for found in (replayed.counterexample, *overlooked):
            if found is not None:
                data = [act.to_data() for act in found.acts]
                shown = replace(found, acts=data, fingerprint=replay.fingerprint_of(found))
                return _result(backend, found.requirement_id, Verdict.FAIL, "", shown)
        if not replayed.complete:
            return _result(backend, replay.requirement_id, Verdict.INCONCLUSIVE, _CUT_OFF)
    return _result(backend, replay.requirement_id, Verdict.PASS)


def known_results(
    backend: Backend, suite: Suite, known: Sequence[KnownFailure], watch: CallWatch
) -> dict[str, RequirementResult]:
    """Return the known failures of a suite that still are what they were, by requirement."""
    found = {}
    for each in known:
        replay = each.replay
        if replay.suite != suite.name or replay.requirement_id not in suite.requirement_ids:
            continue
        result = replayed_result(backend, replay, watch, (suite,))
        seen = result.counterexample
        if seen is not None and seen.fingerprint == replay.fingerprint:
            found[replay.requirement_id] = replace(
                result, verdict=Verdict.EXPECTED_FAIL, reason=each.reason, link=each.link
            )
    return found


def _carried_out(
    backend: Backend,
    suite: Suite,
    acts: Sequence[Act],
    requirement_id: str,
    watch: CallWatch,
    overlooked: list[Counterexample],
) -> Replayed:
    others = frozenset(suite.requirement_ids) - {requirement_id}
    budget = Budget(histories=1, operations=len(acts), seconds=math.inf)
    session = Session(suite.name, backend, watch, budget, muted=others, overlooked=overlooked)
    try:
        with session, blamed_on(backend):
            return suite.replay(session, acts)
    finally:
        suite.end(backend)


def _suite(replay: Replay, suites: Sequence[Suite] = SUITES) -> Suite:
    for suite in suites:
        if suite.name == replay.suite:
            return suite
    raise ActError(f"there is no suite `{replay.suite}`")


def _obstacle(backend: Backend, suite: Suite, replay: Replay) -> str:
    """Return why a backend cannot be put to this test, or an empty text."""
    if not suite.applies(backend):
        return suite.absence(backend)
    declared = {capability.value for capability in backend.capabilities}
    needed = {requirement(replay.requirement_id).capability} & set(replay.capabilities)
    if any(_name_of(act) == "reopen" for act in replay.acts):
        needed.add(Capability.REOPEN.value)
    missing = sorted(each for each in needed - declared if each is not None)
    if missing:
        return f"the backend does not declare {missing[0]}"
    mode = backend.rejection_mode.value
    if suite is WAL_SUITE and mode != replay.rejection_mode:
        return f"the backend declares {mode}, the failure is one of {replay.rejection_mode}"
    return ""


def _name_of(act: Any) -> str:
    return str(act["act"])


def _result(
    backend: Backend,
    requirement_id: str,
    verdict: Verdict,
    reason: str = "",
    found: Counterexample | None = None,
) -> RequirementResult:
    level = binding_level(requirement(requirement_id), backend)
    return RequirementResult(requirement_id, level, verdict, 1, reason, found)
