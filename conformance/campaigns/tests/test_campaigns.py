"""What a campaign does with failures, lost workers, poison, interruptions and its bounds."""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.campaigns.ledger import FAILURES_KEPT_MAX, LOSSES_MAX, Ledger
from conformance.campaigns.plan import SEEDLESS_SUITES, TOUR_GROUP, Plan, groups
from conformance.campaigns.store import Store
from conformance.campaigns.tests.fakes import (
    FIRST_ROUND,
    LOG,
    Answer,
    FakeExecutor,
    campaign,
    counterexample,
    failing,
    passing,
    plan,
    replayed,
    result_of,
    right,
)
from conformance.campaigns.units import Unit, UnitResult
from conformance.errors import CampaignError, UsageError
from conformance.exit_status import ExitStatus
from conformance.machines.registry import SUITES
from conformance.records.campaigns import CampaignReport
from conformance.records.results import Verdict
from conformance.records.verdicts import exit_status

ENOUGH = FIRST_ROUND + 6


def status_of(report: CampaignReport) -> ExitStatus:
    return exit_status(report.report)


def on_seed(seed: int, *actuals: str) -> Answer:
    def answer(unit: Unit) -> UnitResult:
        if unit.job.replay is not None:
            return result_of(unit, replayed(unit, unit.job.replay.actual))
        if unit.group == LOG and unit.seed == seed:
            return result_of(unit, failing(unit, *actuals))
        return right(unit)

    return answer


def test_every_suite_is_in_one_group_and_chance_tells_them_apart() -> None:
    """Nothing is left out, nothing is done twice, and what needs no second seed is by itself."""
    names = [name for group in groups() for name in group.suites]

    assert sorted(names) == sorted(suite.name for suite in SUITES)
    seedless = {name for group in groups() if not group.by_chance for name in group.suites}
    assert seedless == {suite.name for suite in SEEDLESS_SUITES}


def test_a_right_backend_conforms_once_all_was_judged(tmp_path: Path) -> None:
    report = campaign(tmp_path, right, ENOUGH)

    assert report.is_complete
    assert status_of(report) is ExitStatus.CONFORMING
    assert (report.units, report.failures, report.last_seed) == (ENOUGH, [], 6)
    assert report.unseen.seen_once == 0
    assert 0 < report.unseen.probability_max < 1


@pytest.mark.parametrize("units", [1, FIRST_ROUND - 1])
def test_what_no_unit_has_judged_is_open(tmp_path: Path, units: int) -> None:
    """However much has passed: a verdict on a part is none on the whole."""
    report = campaign(tmp_path, right, units)

    assert not report.is_complete
    assert status_of(report) is ExitStatus.INCONCLUSIVE


def test_a_failure_on_a_rare_seed_fails_the_campaign(tmp_path: Path) -> None:
    """It has a replay file, and is told apart by requirement and shape alone."""
    report = campaign(tmp_path, on_seed(3, "lost"), ENOUGH)

    assert status_of(report) is ExitStatus.VIOLATION
    (failure,) = report.failures
    assert (failure.requirement_id, failure.seed, failure.units) == ("WAL-01", 3, 1)
    assert (tmp_path / "failures" / f"{failure.replay}.json").is_file()
    assert [(each.units, each.failures) for each in report.curve] == [
        (failure.first_unit + 1, 1),
        (ENOUGH, 1),
    ]
    assert report.unseen.seen_once == 1


def test_equal_shapes_are_one_failure_and_other_shapes_are_another(tmp_path: Path) -> None:
    def answer(unit: Unit) -> UnitResult:
        shape = "even" if unit.seed % 2 == 0 else "odd"
        return result_of(unit, failing(unit, shape) if unit.group == LOG else passing(unit))

    report = campaign(tmp_path, answer, ENOUGH)

    assert [each.units for each in report.failures] == [4, 3]
    assert len(list((tmp_path / "failures").rglob("*.json"))) == 2


@pytest.mark.parametrize("width", [2, 5])
def test_the_same_units_give_the_same_findings(tmp_path: Path, width: int) -> None:
    """Whatever the number of workers, and in whichever order they answer."""

    def answer(unit: Unit) -> UnitResult:
        if unit.group == LOG and unit.seed % 3:
            return result_of(unit, failing(unit, f"shape {unit.seed % 5}"))
        return right(unit)

    alone = campaign(tmp_path / "alone", answer, 60)
    together = campaign(tmp_path / "together", answer, 60, width=width)

    assert together == alone
    assert len(alone.failures) == 5


def test_so_many_failures_of_a_requirement_are_kept_as_have_room(tmp_path: Path) -> None:
    """The first ones by unit, in any order of answers; the others are counted."""

    def answer(unit: Unit) -> UnitResult:
        return result_of(
            unit, failing(unit, f"{unit.seed}") if unit.group == LOG else passing(unit)
        )

    reports = [
        campaign(tmp_path / str(width), answer, FIRST_ROUND + 40, width=width) for width in (1, 4)
    ]

    assert reports[0] == reports[1]
    assert len(reports[0].failures) == 41
    kept = [each.replay for each in reports[0].failures if each.replay]
    assert kept == [each.replay for each in reports[0].failures[:FAILURES_KEPT_MAX]]


def test_an_interrupted_campaign_goes_on(tmp_path: Path) -> None:
    """Each unit is done once; the report is that of a campaign that nobody interrupted."""
    done: list[int] = []
    answer = on_seed(2, "lost")

    def interrupted(unit: Unit) -> UnitResult:
        if len(done) in (5, FIRST_ROUND + 2):
            done.append(-1)
            raise KeyboardInterrupt
        done.append(unit.number)
        return answer(unit)

    for _ in range(2):
        executor = FakeExecutor(interrupted)
        with pytest.raises(KeyboardInterrupt):
            campaign(tmp_path / "a", interrupted, ENOUGH, executor=executor)
        assert executor.is_stopped
    report = campaign(tmp_path / "a", interrupted, ENOUGH)

    assert sorted(each for each in done if each >= 0) == list(range(ENOUGH))
    assert report == campaign(tmp_path / "b", answer, ENOUGH)


def test_the_next_campaign_tries_failures_first_and_goes_on_with_other_seeds(
    tmp_path: Path,
) -> None:
    campaign(tmp_path, on_seed(3, "lost"), ENOUGH)
    executor = FakeExecutor(on_seed(99, "never"))
    report = campaign(tmp_path, right, FIRST_ROUND, executor=executor)

    assert executor.units[0].job.replay is not None
    assert [unit.number for unit in executor.units] == [-1, *range(FIRST_ROUND)]
    assert {unit.seed for unit in executor.units[1:]} == {7}
    assert (report.number, report.first_seed, report.failures) == (2, 7, [])
    assert [(each.outcome, each.requirement_id) for each in report.retried] == [
        ("still failing", "WAL-01")
    ]
    assert status_of(report) is ExitStatus.VIOLATION


def test_a_failure_that_was_mended_is_fixed_and_not_tried_again(tmp_path: Path) -> None:
    campaign(tmp_path, on_seed(3, "lost"), ENOUGH)

    second = campaign(tmp_path, right, FIRST_ROUND)
    third = campaign(tmp_path, right, FIRST_ROUND)

    assert [each.outcome for each in second.retried] == ["fixed"]
    assert status_of(second) is ExitStatus.CONFORMING
    assert third.retried == []


def test_a_failure_by_chance_that_is_not_seen_leaves_its_requirement_open(tmp_path: Path) -> None:
    """WAL-01 is not shown to be kept by tries without the failure."""

    def flaky(unit: Unit) -> UnitResult:
        report = failing(unit, "at times") if unit.group == LOG else passing(unit)
        found = counterexample("WAL-01", "at times", reproduced=False, failures=1)
        results = [
            replace(each, counterexample=found) if each.counterexample else each
            for each in report.results
        ]
        return result_of(unit, replace(report, results=results))

    campaign(tmp_path, flaky, FIRST_ROUND)
    report = campaign(tmp_path, right, FIRST_ROUND)

    assert [each.outcome for each in report.retried] == ["not seen"]
    result = report.report.backends[0].result("WAL-01")
    assert result is not None
    assert result.verdict is Verdict.INCONCLUSIVE
    assert status_of(report) is ExitStatus.INCONCLUSIVE


def test_a_failure_that_fails_differently_is_another_one(tmp_path: Path) -> None:
    campaign(tmp_path, on_seed(3, "lost"), ENOUGH)

    def other(unit: Unit) -> UnitResult:
        return result_of(unit, replayed(unit, "doubled")) if unit.job.replay else right(unit)

    second = campaign(tmp_path, other, FIRST_ROUND)
    third = campaign(tmp_path, other, FIRST_ROUND)

    assert [each.outcome for each in second.retried] == ["fails differently"]
    assert status_of(second) is ExitStatus.VIOLATION
    assert [each.outcome for each in third.retried] == ["still failing"]


def test_a_lost_worker_costs_no_unit(tmp_path: Path) -> None:
    """Its unit is given out again; nothing is lost and nothing is counted twice."""
    tries: Counter[int] = Counter()

    def answer(unit: Unit) -> UnitResult:
        tries[unit.number] += 1
        if unit.number == 4 and tries[4] < LOSSES_MAX:
            raise BrokenExecutor("killed")
        if unit.number == 6 and tries[6] == 1:
            return UnitResult(unit.number, lost="its process ended with status -9")
        return right(unit)

    report = campaign(tmp_path / "a", answer, ENOUGH, width=2)

    assert (tries[4], tries[6], tries[5]) == (LOSSES_MAX, 2, 1)
    assert report == campaign(tmp_path / "b", right, ENOUGH)


def poison(unit: Unit) -> UnitResult:
    if unit.number == FIRST_ROUND:
        raise BrokenExecutor("killed")
    return right(unit)


@pytest.mark.parametrize("width", [1, 3])
def test_a_poisonous_unit_is_set_aside_and_reported(tmp_path: Path, width: int) -> None:
    """The others go on, and what it should have judged does not pass."""
    report = campaign(tmp_path, poison, ENOUGH, width=width)

    (aside,) = report.set_aside
    assert (aside.unit, aside.group, aside.seed) == (FIRST_ROUND, LOG, 1)
    assert "3 times" in aside.reason
    assert report.units == ENOUGH
    assert status_of(report) is ExitStatus.INCONCLUSIVE


def test_where_blame_is_not_exact_a_suspect_is_alone(tmp_path: Path) -> None:
    """Only the poison is set aside, although a dead worker takes others with it."""
    under_way: set[int] = set()
    beside: list[set[int]] = []

    class Crowded(FakeExecutor):
        def submit(self, unit: Unit):  # type: ignore[no-untyped-def]
            future = super().submit(unit)
            under_way.add(unit.number)
            future.add_done_callback(lambda done: under_way.discard(unit.number))
            return future

    def answer(unit: Unit) -> UnitResult:
        if FIRST_ROUND in under_way:
            beside.append(set(under_way))
            raise BrokenExecutor("killed with all that was under way")
        return right(unit)

    executor = Crowded(answer, 3, blames_exactly=False)
    report = campaign(tmp_path, answer, ENOUGH, executor=executor)

    assert [each.unit for each in report.set_aside] == [FIRST_ROUND]
    assert beside[-2:] == [{FIRST_ROUND}] * 2


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    def answer(unit: Unit) -> UnitResult:
        return UnitResult(unit.number, refusal="0.9+b on far-away")

    with pytest.raises(
        CampaignError, match=r"refused: it has version 0.9\+b on far-away, and this"
    ):
        campaign(tmp_path, answer, 3)


def test_a_worker_without_campaigns_is_refused(tmp_path: Path) -> None:
    def answer(unit: Unit) -> UnitResult:
        raise ModuleNotFoundError("No module named 'conformance.campaigns'")

    with pytest.raises(CampaignError, match="it has no campaigns of this version"):
        campaign(tmp_path, answer, 3)


def test_a_target_that_cannot_be_used_ends_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no module"):
        campaign(tmp_path, lambda unit: UnitResult(unit.number, usage="no module"), 3)


def test_a_fault_is_tried_again_first(tmp_path: Path) -> None:
    """A backend that cannot be judged on one seed outweighs all else, until it can."""

    def hangs(unit: Unit) -> UnitResult:
        if unit.group == LOG and unit.seed == 2:
            return result_of(unit, passing(unit, results=[], fault="it hung"))
        return right(unit)

    report = campaign(tmp_path, hangs, ENOUGH)
    executor = FakeExecutor(right)
    second = campaign(tmp_path, right, FIRST_ROUND, executor=executor)

    assert status_of(report) is ExitStatus.BACKEND_FAULT
    assert [(each.seed, each.reason) for each in report.faults] == [(2, "it hung")]
    assert (executor.units[0].group, executor.units[0].seed) == (LOG, 2)
    assert [each.outcome for each in second.retried] == ["fixed"]
    assert status_of(second) is ExitStatus.CONFORMING


def test_a_unit_that_is_not_done_in_time_is_set_aside(tmp_path: Path) -> None:
    """What only it would have judged is open, and no fault of the backend."""

    def slow(unit: Unit) -> UnitResult:
        if unit.number == 0:
            fault = passing(unit, results=[], fault="it was not done within 600 seconds")
            return result_of(unit, fault, is_overdue=True)
        return right(unit)

    report = campaign(tmp_path, slow, FIRST_ROUND)

    assert [each.reason for each in report.set_aside] == ["it was not done within 600 seconds"]
    assert status_of(report) is ExitStatus.INCONCLUSIVE


def test_time_bounds_the_start_of_units_alone(tmp_path: Path) -> None:
    """What is under way comes to its end; the time of an earlier sitting counts."""
    ticks = itertools.count()
    report = campaign(
        tmp_path, right, None, seconds=40.0, clock=lambda: float(next(ticks)), look=_is_over
    )

    assert 0 < report.units < 40


def _is_over(ledger: Ledger) -> None:
    assert not ledger.state.is_open
    assert ledger.state.seconds >= 40.0


def test_what_passed_by_two_versions_of_a_backend_has_not_passed(tmp_path: Path) -> None:
    def answer(unit: Unit) -> UnitResult:
        return result_of(unit, passing(unit, version=f"{unit.number % 2}"))

    report = campaign(tmp_path, answer, ENOUGH)

    assert status_of(report) is ExitStatus.INCONCLUSIVE


def test_another_version_of_ours_begins_a_campaign_of_its_own(tmp_path: Path) -> None:
    """What another version has judged counts for nothing now."""

    def stops(unit: Unit) -> UnitResult:
        if unit.number == 3:
            raise KeyboardInterrupt
        return right(unit)

    with pytest.raises(KeyboardInterrupt):
        campaign(tmp_path, stops, ENOUGH)

    assert campaign(tmp_path, right, 1, version="2+b").number == 2


def test_a_tour_only_fails(tmp_path: Path) -> None:
    """How much of a tour was taken is no verdict on anything; a failure on it is one."""

    def answer(unit: Unit, actual: str = "") -> UnitResult:
        report = passing(unit)
        if unit.group == TOUR_GROUP:
            results = [replace(each, verdict=Verdict.INCONCLUSIVE) for each in report.results]
            report = failing(unit, actual) if actual else replace(report, results=results)
        return result_of(unit, report)

    units = FIRST_ROUND + 1

    assert status_of(campaign(tmp_path / "a", answer, units, tour=True)) is ExitStatus.CONFORMING
    broken = campaign(tmp_path / "b", lambda unit: answer(unit, "odd"), units, tour=True)
    assert status_of(broken) is ExitStatus.VIOLATION


def test_failures_of_a_taken_away_file_are_forgotten(tmp_path: Path) -> None:
    report = campaign(tmp_path, on_seed(3, "lost"), ENOUGH)
    with Store(tmp_path) as store:
        store.remove_failure(report.failures[0].replay)

    assert campaign(tmp_path, right, FIRST_ROUND).retried == []


def test_seeds_go_round_at_their_end() -> None:
    last = 2**64 - 1
    job = plan().jobs[0]
    place = Plan((job,), last, "v").place(FIRST_ROUND, [{LOG}])

    assert place is not None
    assert place.seed == 0
