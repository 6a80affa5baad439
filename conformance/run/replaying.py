"""Carry a recorded failure out again, with the judge that found it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.levels import binding_level
from conformance.engine.repeats import TRIES_OF_CHANCE, TRIES_SURE, carried_out, other_seeds
from conformance.engine.suite import Replayed, Suite
from conformance.engine.watch import CallWatch
from conformance.errors import ActError
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.registry import SUITES
from conformance.machines.rests import RESTED_LOG_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.records.replays import KnownFailure, Replay, component_of
from conformance.records.results import Counterexample, RequirementResult, Step, Verdict
from conformance.requirements import REQUIREMENTS, requirement

__all__ = ["check_acts", "known_results", "replayed_result"]

# What a refused append leaves decides in these what comes after it.
_JUDGED_BY_MODE: Final = (WAL_SUITE, DIRECTED_LOG_SUITE, LONG_LOG_SUITE, RESTED_LOG_SUITE)
_JUDGED_BY_MENDING: Final = ("agreement_wal_handler", "evidence_handler")
# The tries of a slow backend end after so long, though not before those of a sure failure.
_SECONDS_MAX: Final = 300.0
_CUT_OFF: Final = "the history ended before its last act, and no requirement of the suite says why"


def check_acts(replay: Replay) -> None:
    """Raise :class:`ActError` for a replay that no suite of this version can carry out."""
    if replay.requirement_id not in REQUIREMENTS:
        raise ActError(f"there is no requirement `{replay.requirement_id}`")
    _suite(replay).acts_of(replay.acts)


def replayed_result(
    backend: Backend,
    replay: Replay,
    watch: CallWatch,
    suites: Sequence[Suite] = SUITES,
    *,
    tries_max: int | None = None,
) -> RequirementResult:
    """Return what the requirement is worth now: pass where the failure was not seen.

    The same acts are carried out by the same judge, as often as the way in which they failed asks
    for, or ``tries_max`` times; ``checks`` is how often. The result is that of another requirement
    where only another one is broken, and inconclusive where the backend cannot be put to this test.
    Raises :class:`BackendFault` and :class:`ActError`.
    """
    suite = _suite(replay, suites)
    acts = suite.acts_of(replay.acts)
    reason = _obstacle(backend, suite, replay)
    if reason:
        return _result(backend, replay.requirement_id, Verdict.INCONCLUSIVE, reason)
    tally = _Tally(replay)
    for random_seed in _seeds(replay)[:tries_max]:
        if tally.is_enough:
            break
        overlooked: list[Counterexample] = []
        replayed = carried_out(
            suite, backend, acts, replay.requirement_id, watch, random_seed, overlooked
        )
        tally.add(replayed, overlooked)
    found = tally.found()
    if found is not None:
        data = [act.to_data() for act in found.acts]
        shown = replace(found, acts=data, fingerprint=replay.fingerprint_of(found))
        return _result(backend, found.requirement_id, Verdict.FAIL, "", shown, tally.tries)
    if not tally.complete:
        return _result(backend, replay.requirement_id, Verdict.INCONCLUSIVE, _CUT_OFF)
    return _result(backend, replay.requirement_id, Verdict.PASS, checks=tally.tries)


def _seeds(replay: Replay) -> list[int]:
    """Return the seed of the global generators for each try, as many as there may be."""
    seed = replay.random_seed or 0
    if replay.reproduced and replay.random_seed is not None:
        # With its own seed it may be gone only because other numbers are drawn now.
        return [seed] * TRIES_SURE + other_seeds(seed, TRIES_OF_CHANCE)
    return [seed] * TRIES_OF_CHANCE


class _Tally:
    """What came of the tries of one failure."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.tries = 0
        self.failures = 0
        self.complete = True
        self._same: Counterexample | None = None
        self._other: Counterexample | None = None
        self._began_at = time.monotonic()

    def add(self, replayed: Replayed, overlooked: Sequence[Counterexample]) -> None:
        """Count one try; ``overlooked`` is what else it broke."""
        self.tries += 1
        found = replayed.counterexample
        if found is None:
            # What the replay is about comes first; what else is broken, only without it.
            self._other = self._other or next(iter(overlooked), None)
            self.complete = self.complete and (replayed.complete or bool(overlooked))
            return
        self.failures += 1
        if self._same is None or self.replay.fingerprint_of(found) == self.replay.fingerprint:
            self._same = found

    @property
    def is_enough(self) -> bool:
        """Whether more tries would say nothing more, or there is no time for them."""
        if not self.tries:
            return False
        if self.replay.reproduced and self.failures == self.tries:
            return True
        always = self.replay.always_failed
        if always and (self._other is not None or not self.complete):
            return True
        if self.tries >= TRIES_SURE and time.monotonic() - self._began_at > _SECONDS_MAX:
            return True
        # Once it has come and stayed away, what came every time is a matter of chance too.
        sure = min(TRIES_SURE, self.replay.tries or TRIES_SURE)
        return always and not self.failures and self.tries >= sure

    def found(self) -> Counterexample | None:
        """Return the failure of the replay, or another one, with how often it was seen."""
        if self._same is None:
            return None if self._other is None else self._with_seed_if_needed(self._other)
        always = self.failures == self.tries
        counted = replace(self._same, tries=self.tries, failures=self.failures, reproduced=always)
        return self._with_seed_if_needed(counted)

    def _with_seed_if_needed(self, found: Counterexample) -> Counterexample:
        # Every try has a seed; only what comes by chance, or came with one seed alone, needs it.
        needed = self.replay.random_seed is not None or not found.reproduced
        return found if needed else replace(found, random_seed=None)


def known_results(
    backend: Backend, suite: Suite, known: Sequence[KnownFailure], watch: CallWatch
) -> dict[str, RequirementResult]:
    """Return the known failures of a suite that still are what they were, by requirement.

    One that comes by chance is still known where it was not seen.
    """
    found = {}
    for each in known:
        replay = each.replay
        if replay.suite != suite.name or replay.requirement_id not in suite.failing_ids:
            continue
        result = replayed_result(backend, replay, watch, (suite,))
        if _is_known(result, replay):
            found[replay.requirement_id] = replace(
                result,
                verdict=Verdict.EXPECTED_FAIL,
                reason=each.reason,
                link=each.link,
                counterexample=result.counterexample or _recorded(replay, result.checks),
            )
    return found


def _is_known(result: RequirementResult, replay: Replay) -> bool:
    seen = result.counterexample
    if seen is None:
        return result.verdict is Verdict.PASS and not replay.reproduced
    if seen.requirement_id != replay.requirement_id:
        return False
    return seen.fingerprint == replay.fingerprint or not replay.reproduced


def _recorded(replay: Replay, tries: int) -> Counterexample:
    """Return a failure as it was recorded, which did not come in so many tries."""
    return Counterexample(
        replay.requirement_id,
        replay.suite,
        [Step(step.text, step.answer) for step in replay.steps],
        replay.expected,
        replay.actual,
        reproduced=False,
        acts=replay.acts,
        fingerprint=replay.fingerprint,
        random_seed=replay.random_seed,
        tries=tries,
    )


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
    if suite in _JUDGED_BY_MODE and mode != replay.rejection_mode:
        return f"the backend declares {mode}, the failure is one of {replay.rejection_mode}"
    mends, mended = sorted(backend.mends), sorted(replay.mends or ())
    if component_of(suite.name) in _JUDGED_BY_MENDING and mends != mended:
        # Another rule may have judged it, so its verdict says nothing of this one.
        own, others = (", ".join(each) or "no finding" for each in (mends, mended))
        return f"the backend mends {own}, the failure is of one that mends {others}"
    return ""


def _name_of(act: Any) -> str:
    return str(act["act"])


def _result(
    backend: Backend,
    requirement_id: str,
    verdict: Verdict,
    reason: str = "",
    found: Counterexample | None = None,
    checks: int = 1,
) -> RequirementResult:
    level = binding_level(requirement(requirement_id), backend)
    return RequirementResult(requirement_id, level, verdict, checks, reason, found)
