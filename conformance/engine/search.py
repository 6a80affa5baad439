"""All searches of one suite on one backend, and the verdicts that follow from them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from hypothesis.errors import Flaky

from conformance.backend import Backend, Capability
from conformance.engine.blame import blamed_on
from conformance.engine.draws import equal_draws
from conformance.engine.following import Follower
from conformance.engine.headway import Headway
from conformance.engine.hunting import seen_in
from conformance.engine.levels import binding_level, not_applicable
from conformance.engine.profiles import Profile
from conformance.engine.repeats import carried_out, repeated_or_not
from conformance.engine.session import Session
from conformance.engine.shortage import share_done, shortage_text
from conformance.engine.suite import Replayed, Suite, begins_again
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.records.fingerprint import fingerprint_of
from conformance.records.results import (
    Counterexample,
    RequirementResult,
    SampleHistory,
    SituationResult,
    Step,
    Verdict,
)
from conformance.requirements import Requirement, requirement
from telltale_spec.model.machine import RejectionMode

__all__ = [
    "Progress",
    "Search",
]

# Each failing requirement costs another search, with that requirement muted, to
# find what else is broken. More than this many binding failures say enough about
# a backend; what is only recommended must not use the number up.
_BINDING_FAILURES_MAX: Final = 8

# A small profile can miss a rare situation by chance. So many further searches are
# made with seeds of their own, far from those that users count through.
_SEARCHES_MORE_MAX: Final = 2

# So many whole histories of a machine, and no smaller part of the plan, are a judgement where a
# slow backend leaves no time for all.
_HISTORIES_ENOUGH: Final = 10
_PLAN_ENOUGH: Final = 0.25
_SEED_STRIDE: Final = 1_000_003

# What part of its time by the clock a suite may spend on trying its failures again.
_REPEATING_SHARE: Final = 0.25

# Where equal histories go different ways, the engine gives up. So often the search goes on with
# others, which is enough for all that were planned.
_ENGINE_RESTARTS_MAX: Final = 40
_RESTART_STRIDE: Final = 7_000_003

# What only calls side by side can show.
_NEED_CONCURRENT_CALLS: Final = frozenset({"SYNC-03", "EVID-08"})

Progress: TypeAlias = Callable[[str, Headway], None]
"""Gets the name of a backend, and how far the search of a suite on it is."""


class Search:
    """All searches of one suite on one backend.

    A violated requirement is muted and the search begins again, so that every
    failure on the report has a counterexample of its own. What is known to fail is
    muted from the start and not looked for. What is only recommended is set aside
    until all that binds has been searched: it is judged on the way, and gets the
    time that is left.
    """

    def __init__(
        self,
        suite: Suite,
        judged: Sequence[str],
        backend: Backend,
        profile: Profile,
        seed: int,
        watch: CallWatch,
        on_progress: Progress,
        known: Mapping[str, RequirementResult] | None = None,
        follower: Follower | None = None,
    ) -> None:
        self.suite = suite
        self.known = known or {}
        self.follower = follower
        self.judged = judged
        self.backend = backend
        self.profile = profile
        self.seed = seed
        self.watch = watch
        self.on_progress = on_progress
        self.checks: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()
        self.failures: dict[str, Counterexample] = {}
        # How many values of each table no search has to try again.
        self.kept_values: Counter[str] = Counter()
        self.sample: list[Step] = []
        self.budget_ran_out = False
        # How much of the plan was carried out by the search that came least far.
        self._carried_out_share = 1.0
        self.cut_short = ""
        self.notes: list[str] = []
        self.recommended = frozenset(
            each
            for each in suite.failing_ids
            if binding_level(requirement(each), backend) != "MUST"
        )
        self._repeating_seconds = _REPEATING_SHARE * profile.budget.wall_seconds
        self._set_aside: dict[str, Counterexample] = {}
        self._began_at = time.monotonic()
        # What earlier searches of the suite tried already.
        self._tried = (0, 0)

    def run(self) -> None:
        """Search for all that binds, and then for what is only recommended."""
        self._search_for_what_binds()
        wanted = {*self.judged, *self.suite.further_ids}
        for requirement_id in [each for each in self._set_aside if each in wanted]:
            self._search_for_recommended(requirement_id)

    def _search_for_what_binds(self) -> None:
        """Search until nothing new is found, or all that is judged has failed.

        Where chance alone kept a situation from arising, the search goes on
        with other histories.
        """
        searches_more = 0
        while not self.failures.keys() | self.known.keys() >= set(self.judged):
            if self._binding_failures() == _BINDING_FAILURES_MAX:
                self.cut_short = f"the search ended after {_BINDING_FAILURES_MAX} failures"
                return
            found = self._search_once(
                self.seed + searches_more * _SEED_STRIDE, self.recommended, self.kept_values
            )
            if found is None:
                if searches_more == _SEARCHES_MORE_MAX or not self._misses_by_chance():
                    return
                searches_more += 1
                continue
            self._keep_failure(found)

    def _keep_failure(self, found: Counterexample) -> None:
        if found.requirement_id not in self.suite.failing_ids:
            text = f"suite {self.suite.name} does not list {found.requirement_id}"
            raise RuntimeError(text)
        self.failures[found.requirement_id] = found

    def _search_for_recommended(self, requirement_id: str) -> None:
        """Look for the shortest violation of a recommendation that was seen to be violated."""
        found = None
        if self.profile.budget.minimise and self._seconds_left() > 0:
            others = self.recommended - {requirement_id}
            muted = frozenset(self.failures)
            ran_out, cut_short = self.budget_ran_out, self.cut_short
            suite = self.suite.narrowed_to(self._set_aside[requirement_id])
            found = self._search_once(self.seed, others, Counter(), muted, suite)
            self.budget_ran_out, self.cut_short = ran_out, cut_short
        # What was seen is a counterexample already: where it is not found again, it stands.
        self._keep_failure(found or self._settled(self._set_aside[requirement_id]))

    def _seconds_left(self) -> float:
        return self.profile.budget.wall_seconds - (time.monotonic() - self._began_at)

    def _binding_failures(self) -> int:
        return len([each for each in self.failures if each not in self.recommended])

    def _misses_by_chance(self) -> bool:
        if self.failures or self.budget_ran_out or self.cut_short:
            return False
        return any(not situation.reached for situation in self.situations())

    def _search_once(
        self,
        seed: int,
        aside: frozenset[str],
        kept_values: Counter[str],
        muted: frozenset[str] | None = None,
        suite: Suite | None = None,
    ) -> Counterexample | None:
        budget = self.profile.budget
        session = Session(
            self.suite.name,
            self.backend,
            self.watch,
            replace(budget, wall_seconds=max(0.0, self._seconds_left())),
            seed=seed,
            muted=(frozenset(self.failures) if muted is None else muted) | self.known.keys(),
            aside=aside - self.known.keys(),
            on_history=self._report_headway,
            follower=self.follower,
            kept_values=kept_values,
        )
        with session, equal_draws():
            found = self._found_or_first(suite or self.suite, session, seed)
        self._tried = (self._tried[0] + session.histories, self._tried[1] + session.operations)
        self.checks.update(session.checks)
        self.reached.update(session.situations)
        self.sample = self.sample or session.sample
        self.notes += [note for note in session.notes if note not in self.notes]
        self.cut_short = self.cut_short or session.cut_short
        for requirement_id, seen in session.set_aside.items():
            self._set_aside.setdefault(requirement_id, seen)
        if session.budget_ran_out and found is None:
            self._note_shortage(session)
        if found is None:
            return None
        if begins_again(found.acts) and not session.found_at_once:
            # What a history left cannot be taken back, so tries would show nothing.
            return _recorded(found)
        return self._settled(found, session.first)

    def _found_or_first(self, suite: Suite, session: Session, seed: int) -> Counterexample | None:
        """Search; where the backend does not go on behind a failure, that is what was found."""
        try:
            return self._found(suite, session, seed)
        except BackendFault as fault:
            # The failure that is known says more than that the backend cannot be judged.
            if session.first is None:
                raise
            self._note(f"{session.first.requirement_id} failed, and then: {fault.message}")
            return session.first

    def _settled(
        self, found: Counterexample, first: Counterexample | None = None
    ) -> Counterexample:
        """Return a failure with how often it comes again, as it goes into the report.

        Where the shortest history that was seen does not fail again, the first one may.
        """
        if not self.suite.records_acts:
            # It was not tried with other seeds, so nothing can be said of this one.
            return _recorded(replace(found, random_seed=None))
        if not self.profile.budget.minimise:
            return _recorded(found)
        settled = self._tried_again(found)
        if not settled.failures and first is not None and first is not found:
            other = self._tried_again(first)
            settled = other if other.failures else settled
        return _recorded(settled)

    def _tried_again(self, found: Counterexample) -> Counterexample:
        began_at = time.monotonic()

        def carry_out(random_seed: int) -> Replayed:
            return carried_out(
                self.suite, self.backend, found.acts, found.requirement_id, self.watch, random_seed
            )

        try:
            return repeated_or_not(found, carry_out, self._repeating_seconds, self._note)
        finally:
            self._repeating_seconds -= time.monotonic() - began_at

    def _note(self, note: str) -> None:
        self.notes += [] if note in self.notes else [note]

    def _report_headway(self, headway: Headway) -> None:
        histories, operations = self._tried
        whole = replace(
            headway,
            histories=headway.histories + histories,
            operations=headway.operations + operations,
        )
        self.on_progress(self.backend.name, whole)

    def _note_shortage(self, session: Session) -> None:
        """Say how much was tried in the time there was, and whether that is enough to judge by."""
        done, planned = session.histories_done, session.budget.histories
        enough = self.suite.judges_alike and done >= max(_HISTORIES_ENOUGH, _PLAN_ENOUGH * planned)
        self.budget_ran_out = self.budget_ran_out or not enough
        self._carried_out_share = min(self._carried_out_share, share_done(session))
        self._note(f"{self.suite.name}: {done} of {planned} histories in the time of the profile")

    def _found(self, suite: Suite, session: Session, seed: int) -> Counterexample | None:
        """Search; go on with other histories where equal ones did not go the same way.

        A backend may refuse at times, which is its right; the engine cannot follow it there.
        """
        for restart in range(_ENGINE_RESTARTS_MAX):
            try:
                with blamed_on(self.backend):
                    return suite.search(session, seed + restart * _RESTART_STRIDE)
            except Flaky as flaky:
                with blamed_on(self.backend):
                    seen_in(session, flaky)
                # Our own doing, where the time ran out on the way.
                if session.budget_ran_out:
                    return None
            if session.histories_done >= session.budget.histories:
                return None
        self.cut_short = "equal histories went different ways, so the search ended early"
        return None

    def results(self) -> list[RequirementResult]:
        """Return one result for each requirement that is judged, and for others that failed."""
        found = [*self.judged, *(each for each in self.suite.further_ids if each in self.failures)]
        return [self._result(requirement(each)) for each in found]

    def samples(self) -> list[SampleHistory]:
        """Return a history that went well, if there is one to show."""
        if not self.sample:
            return []
        return [SampleHistory(self.suite.name, self.sample, list(self.judged))]

    @property
    def crash_classes(self) -> list[str]:
        """The crashes that were really made."""
        return self.suite.crash_classes_of(self.reached)

    def situations(self) -> list[SituationResult]:
        """Return how often each situation arose that matters to this backend."""
        found = []
        for name, requirement_ids in self.suite.situations.items():
            held = [each for each in requirement_ids if self._excluded(requirement(each)) is None]
            if held:
                found.append(SituationResult(name, self.reached[name], held))
        return found

    def _result(self, judged: Requirement) -> RequirementResult:
        requirement_id = judged.requirement_id
        checks = self.checks[requirement_id]
        level = binding_level(judged, self.backend)
        if requirement_id == "WAL-04" and self._keeps_rejected:
            reason = "declared: the log keeps refused entries, as in finding F1; see WAL-10"
            return RequirementResult(requirement_id, level, Verdict.EXPECTED_FAIL, 0, reason)
        excluded = self._excluded(judged)
        if excluded is not None:
            return not_applicable(requirement_id, excluded)
        if requirement_id in self.known:
            return self.known[requirement_id]
        failure = self.failures.get(requirement_id)
        if failure is not None:
            reason = "" if failure.reproduced else _flaky_text(failure)
            return RequirementResult(requirement_id, level, Verdict.FAIL, checks, reason, failure)
        doubt = self._doubt(requirement_id)
        if doubt:
            return RequirementResult(requirement_id, level, Verdict.INCONCLUSIVE, checks, doubt)
        return RequirementResult(requirement_id, level, Verdict.PASS, checks)

    @property
    def _keeps_rejected(self) -> bool:
        return self.backend.rejection_mode is RejectionMode.KEEPS_REJECTED

    def _doubt(self, requirement_id: str) -> str:
        """Return why a requirement without a failure has not passed, or an empty text."""
        missing = [
            name
            for name, requirement_ids in self.suite.situations.items()
            if requirement_id in requirement_ids and not self.reached[name]
        ]
        doubt = "" if self.checks[requirement_id] else "never put to the test"
        doubt = f"never arose: {'; '.join(missing)}" if missing else doubt
        if self.budget_ran_out:
            return shortage_text(self.profile.budget, self._carried_out_share, doubt)
        return doubt or self.cut_short

    def _excluded(self, judged: Requirement) -> str | None:
        """Return why the backend is not held to a requirement, or ``None``."""
        if judged.requirement_id == "WAL-10" and not self._keeps_rejected:
            return "the backend does not declare keeps-rejected"
        if judged.requirement_id == "WAL-04" and self._keeps_rejected:
            return "the backend declares keeps-rejected"
        if judged.requirement_id in self.failures:
            # What was found needed nothing that the backend does not have.
            return None
        declared = {capability.value for capability in self.backend.capabilities}
        if judged.requirement_id in _NEED_CONCURRENT_CALLS and not self.backend.concurrent_calls:
            return "the harness serves one call at a time"
        # A recommended text or order is looked at in every backend; only what
        # cannot even be tried without a promise is left out.
        if judged.capability == Capability.REOPEN.value and judged.capability not in declared:
            return f"the backend does not declare {judged.capability}"
        return None


def _flaky_text(failure: Counterexample) -> str:
    return f"flaky: {failure.failures} of {failure.tries} more tries failed"


def _recorded(found: Counterexample) -> Counterexample:
    """Return a counterexample with its acts as data, and with its fingerprint."""
    acts = [act.to_data() for act in found.acts]
    parts = (found.requirement_id, found.suite, acts, found.expected, found.actual)
    return replace(found, acts=acts, fingerprint=fingerprint_of(*parts))
