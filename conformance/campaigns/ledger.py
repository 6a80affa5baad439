"""The book of one campaign: which units are left, what came of the others, and what is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from conformance.campaigns.folding import fold
from conformance.campaigns.plan import Place, Plan
from conformance.campaigns.state import (
    CampaignState,
    Identity,
    KeptFailure,
    Retry,
    UnitNote,
    ranges_of,
)
from conformance.campaigns.store import STORE_FORMAT, Store
from conformance.campaigns.units import Unit, UnitResult
from conformance.campaigns.working import report_of_result
from conformance.errors import CampaignError, UsageError
from conformance.records.replay_names import safe_name
from conformance.records.replays import Outcome, ReplayResult, replay_of
from conformance.records.results import BackendReport, RequirementResult, Verdict
from conformance.run.replaying import check_acts

__all__ = ["FAILURES_KEPT_MAX", "LOSSES_MAX", "Ledger", "failure_name", "opened_ledger"]

LOSSES_MAX: Final = 3
"""So often the worker of a unit may be lost before the unit is set aside."""

FAILURES_KEPT_MAX: Final = 20
"""So many failures of one requirement of one target have a replay file; more are counted."""

_DIGITS_COUNT: Final = 6


def opened_ledger(store: Store, plan: Plan, identity: Identity, *, anew: bool = False) -> Ledger:
    """Return the ledger of the campaign that was interrupted, or else of the next one.

    One that was interrupted goes on where it is of the same targets, promises and version; what
    another version or another plan has judged says nothing of this one.
    """
    old = store.state
    goes_on = (
        old is not None
        and old.is_open
        and not anew
        and old.identity == identity
        and old.version == plan.version
    )
    if old is not None and goes_on:
        return Ledger(store, replace(plan, first_seed=old.first_seed), old)
    number, first_seed = 1, identity.seed or 0
    if old is not None:
        number = old.number + 1
        if identity.seed is None:
            first_seed = (old.first_seed + old.seeds_count) % 2**64
    state = CampaignState(STORE_FORMAT, plan.version, number, identity, first_seed)
    if old is not None:
        state.failures = {
            name: kept for name, kept in old.failures.items() if store.failure_path(name).exists()
        }
        state.retries = list(_retries(store, old, state))
    store.write_state(state)
    return Ledger(store, replace(plan, first_seed=first_seed), state)


def _retries(store: Store, old: CampaignState, state: CampaignState) -> Iterator[Retry]:
    """Yield what an earlier campaign leaves to be tried first: failures, then faults."""
    names = state.identity.targets
    for name, kept in sorted(state.failures.items()):
        if not kept.is_open or kept.backend not in names:
            continue
        retry = Retry(names.index(kept.backend), failure=name)
        try:
            replay = store.read_failure(name)
            if replay is not None:
                check_acts(replay)
        except UsageError as error:
            retry.outcome, retry.reason = Outcome.CANNOT_RUN.value, str(error)
        yield retry
    for fault in old.faults:
        target = old.identity.targets[fault.target]
        if target in names:
            yield Retry(names.index(target), group=fault.group, seed=fault.seed)


class Ledger:
    """What one campaign has done and has to do; each change of it is in the store at once."""

    def __init__(self, store: Store, plan: Plan, state: CampaignState) -> None:
        self.store = store
        self.plan = plan
        self.state = state
        self._done = state.done_numbers()
        self._next = 0
        self._first_round_left = sum(
            number not in self._done for number in range(plan.first_round_count)
        )

    @property
    def units_done(self) -> int:
        """How many units are done, without those that were tried again."""
        return len(self._done)

    @property
    def is_complete(self) -> bool:
        """Whether the first round is over, so that each group has had its unit."""
        return self._first_round_left == 0

    def retries(self) -> Iterator[Unit]:
        """Yield the units that come before all others, as far as they are not done."""
        for index, retry in enumerate(self.state.retries):
            number = -1 - index
            if retry.outcome:
                continue
            if not retry.failure:
                place = Place(retry.target, retry.group, retry.seed)
                yield self.plan.unit(number, place)
                continue
            replay = self.store.read_failure(retry.failure)
            if replay is None:
                retry.outcome, retry.reason = Outcome.CANNOT_RUN.value, "its file was taken away"
                continue
            seed = self.state.failures[retry.failure].seed
            job = replace(self.plan.jobs[retry.target], replay=replay, seed=seed)
            options, version = self.plan.options, self.plan.version
            yield Unit(number, retry.target, "", seed, job, version, options)

    def next_unit(self, numbers_max: int | None = None) -> Unit | None:
        """Return the next unit; ``None`` where there is none, or none yet.

        After the first round it depends on what that has shown; ``numbers_max`` ends the campaign.
        """
        while numbers_max is None or self._next < numbers_max:
            number = self._next
            if number in self._done:
                self._next += 1
                continue
            if number >= self.plan.first_round_count and not self.is_complete:
                return None
            applicable = self._applicable() if self.is_complete else None
            place = self.plan.place(number, applicable)
            if place is None:
                return None
            self._next += 1
            return self.plan.unit(number, place)
        return None

    def _applicable(self) -> list[set[str]]:
        """Return the groups of each target that have something to judge."""
        names: list[set[str]] = [set() for _ in self.plan.jobs]
        for cell in self.state.cells.values():
            if cell.counts.keys() - {Verdict.NOT_APPLICABLE.value}:
                names[cell.target].add(cell.group)
        for note in [*self.state.overdue, *self.state.set_aside, *self.state.own_faults]:
            names[note.target].add(note.group)
        # One that never could be judged will not be by another seed.
        for note in self.state.faults:
            if names[note.target]:
                names[note.target].add(note.group)
        return names

    def take(self, unit: Unit, result: UnitResult) -> None:
        """Note what came of a unit.

        Raises :class:`CampaignError` for a worker of another version, and :class:`UsageError` for a
        target that cannot be used.
        """
        if result.refusal:
            raise CampaignError(
                "a worker was refused",
                f"it has version {result.refusal}, and this is {unit.version}; install the same "
                "on every worker",
            )
        if result.usage:
            raise UsageError(result.usage)
        if result.lost:
            self.lose(unit, result.lost)
            return
        if result.own_fault:
            self.state.own_faults.append(_note(unit, result.own_fault))
            self._settle(unit, Outcome.CANNOT_RUN, "a fault of this program")
        elif result.is_overdue:
            limit = unit.job.seconds_max or 0.0
            self.state.overdue.append(_note(unit, f"it was not done within {limit:.0f} seconds"))
            self._settle(unit, Outcome.CANNOT_RUN, "it was not done in time")
        else:
            self._take_report(unit, report_of_result(result))
        self._write(unit)

    def lose(self, unit: Unit, reason: str) -> bool:
        """Note that the worker of a unit was lost; say whether the unit is set aside for it."""
        key = str(unit.number)
        self.state.lost[key] = self.state.lost.get(key, 0) + 1
        if self.state.lost[key] < LOSSES_MAX:
            self.store.write_state(self.state)
            return False
        reason = f"its worker was lost {LOSSES_MAX} times, at last as {reason}"
        self.state.set_aside.append(_note(unit, reason))
        self._settle(unit, Outcome.CANNOT_RUN, reason)
        self._write(unit)
        return True

    def was_lost(self, unit: Unit) -> bool:
        """Say whether a unit has lost a worker and is not done."""
        return str(unit.number) in self.state.lost

    def add_seconds(self, seconds: float) -> None:
        """Note that the campaign has taken so much more time."""
        self.state.seconds += seconds

    def end(self) -> None:
        """Note that the campaign is over: the next one on the store is another."""
        self.state.is_open = False
        self.store.write_state(self.state)

    def _settle(self, unit: Unit, outcome: Outcome, reason: str) -> None:
        if unit.number < 0:
            retry = self.state.retries[-1 - unit.number]
            retry.outcome, retry.reason = outcome.value, reason

    def _write(self, unit: Unit) -> None:
        if unit.number >= 0 and unit.number not in self._done:
            self._done.add(unit.number)
            self._first_round_left -= unit.number < self.plan.first_round_count
            self.state.done = ranges_of(self._done)
            count = (unit.seed - self.plan.first_seed) % 2**64 + 1
            self.state.seeds_count = max(self.state.seeds_count, count)
        self.store.write_state(self.state)

    def _take_report(self, unit: Unit, report: BackendReport) -> None:
        if unit.job.replay is not None:
            self._take_replay(unit, report)
            return
        if report.fault is not None:
            self.state.faults.append(_note(unit, report.fault))
            self._settle(unit, Outcome.STILL_FAILING, report.fault)
        else:
            self._settle(unit, Outcome.FIXED, "")
        by_chance = any(each.by_chance for each in self.plan.groups if each.name == unit.group)
        for result in fold(self.state, unit, report, by_chance=by_chance and unit.number >= 0):
            self._keep(unit, report, result)

    def _take_replay(self, unit: Unit, report: BackendReport) -> None:
        retry = self.state.retries[-1 - unit.number]
        replay = unit.job.replay
        if replay is None:
            raise ValueError(f"unit {unit.number} has no replay")
        outcome = ReplayResult.of(replay, report)
        self._settle(unit, outcome.outcome, outcome.reason)
        kept = self.state.failures[retry.failure]
        retry.found = retry.failure
        if outcome.outcome is Outcome.FIXED:
            kept.is_open = False
        elif outcome.outcome is Outcome.FAILS_DIFFERENTLY:
            (result,) = report.results
            # The same acts show only the new failure from now on.
            kept.is_open = False
            retry.found = self._keep(unit, report, result)

    def _keep(self, unit: Unit, report: BackendReport, result: RequirementResult) -> str:
        """Keep the replay file of a failure, if there is room for it; return its name."""
        found = result.counterexample
        if found is None:
            raise ValueError(f"{result.requirement_id} fails without a counterexample")
        backend = self.state.identity.targets[unit.target]
        name = failure_name(backend, found.requirement_id, found.fingerprint)
        kept = self.state.failures.get(name)
        if kept is not None:
            kept.is_open = True
            if kept.campaign == self.state.number and unit.number < kept.first:
                kept.first, kept.seed = unit.number, unit.seed
            return name
        if not self._make_room(backend, found.requirement_id, unit.number):
            return ""
        self.store.write_failure(name, replay_of(report, found))
        self.state.failures[name] = KeptFailure(
            backend,
            found.requirement_id,
            result.level,
            found.fingerprint,
            self.state.number,
            unit.number,
            unit.seed,
        )
        return name

    def _make_room(self, backend: str, requirement_id: str, number: int) -> bool:
        """Say whether a failure that a unit has met first gets a file: the earliest units do."""
        rivals = {
            name: kept
            for name, kept in self.state.failures.items()
            if (kept.backend, kept.requirement_id) == (backend, requirement_id) and kept.is_open
        }
        if len(rivals) < FAILURES_KEPT_MAX:
            return True
        new = {name: kept for name, kept in rivals.items() if kept.campaign == self.state.number}
        last = max(new, key=lambda name: new[name].first, default=None)
        if last is None or new[last].first < number:
            return False
        del self.state.failures[last]
        self.store.remove_failure(last)
        return True


def failure_name(backend: str, requirement_id: str, fingerprint: str) -> str:
    """Return the name of a failure in the store: backend, requirement and fingerprint."""
    digest = hashlib.sha256(backend.encode("utf-8", "backslashreplace")).hexdigest()
    folder = f"{safe_name(backend)}-{digest[:_DIGITS_COUNT]}"
    return f"{folder}/{safe_name(requirement_id)}-{fingerprint}"


def _note(unit: Unit, reason: str) -> UnitNote:
    return UnitNote(unit.number, unit.target, unit.group, unit.seed, reason)
