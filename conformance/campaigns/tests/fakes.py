"""Executors and reports that are made up, so that a campaign can be led anywhere in no time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.campaigns.conduct import Bounds, conduct
from conformance.campaigns.ledger import Ledger, opened_ledger
from conformance.campaigns.merging import campaign_report
from conformance.campaigns.plan import TOUR_GROUP, Plan, groups
from conformance.campaigns.state import Identity
from conformance.campaigns.store import Store
from conformance.campaigns.units import Unit, UnitResult
from conformance.engine.profiles import profile
from conformance.records.campaigns import CampaignReport
from conformance.records.fingerprint import fingerprint_of
from conformance.records.results import (
    BackendReport,
    Counterexample,
    RequirementResult,
    SituationResult,
    Step,
    Verdict,
)
from conformance.run.jobs import Job

Answer = Callable[[Unit], UnitResult]

LOG = "agreement_wal"
FIRST_ROUND = len(groups())


class FakeExecutor:
    """Answers by a function; with a width, answers come late and the latest unit's first."""

    lost_errors: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, answer: Answer, width: int = 1, *, blames_exactly: bool = True) -> None:
        self.answer = answer
        self.width = width
        self.blames_exactly = blames_exactly
        self.units: list[Unit] = []
        self.most_beside_a_suspect = 0
        self.is_stopped = False
        self._held: list[tuple[Future[UnitResult], Unit]] = []

    def capacity(self) -> int:
        return self.width

    def submit(self, unit: Unit) -> Future[UnitResult]:
        future: Future[UnitResult] = Future()
        self.units.append(unit)
        if self.width == 1:
            self._answer(future, unit)
        else:
            self._held.append((future, unit))
            if len(self._held) == 1:
                threading.Thread(target=self._answer_all).start()
        return future

    def _answer_all(self) -> None:
        time.sleep(0.01)
        held, self._held = self._held, []
        for future, unit in reversed(held):
            self._answer(future, unit)

    def _answer(self, future: Future[UnitResult], unit: Unit) -> None:
        try:
            future.set_result(self.answer(unit))
        except BaseException as error:
            future.set_exception(error)

    def abandon(self, future: Future[UnitResult]) -> None:
        raise AssertionError("nothing takes so long here")

    def stop(self) -> None:
        self.is_stopped = True


def counterexample(requirement_id: str, actual: str, **other: Any) -> Counterexample:
    found = Counterexample(
        requirement_id,
        "agreement WAL",
        [Step("load the log", "")],
        "expected",
        actual,
        fingerprint=fingerprint_of(requirement_id, "agreement WAL", [], "expected", actual),
        tries=10,
        failures=10,
    )
    return replace(found, **other)


def passing(unit: Unit, **other: Any) -> BackendReport:
    """The report of a right log: all of its own groups pass, the others do not apply."""
    group = next(each for each in groups(tour=True) if each.name == unit.group)
    own = group.name in (LOG, f"{LOG}, without chance", TOUR_GROUP)
    verdict = Verdict.PASS if own else Verdict.NOT_APPLICABLE
    results = [RequirementResult(each, "MUST", verdict, own) for each in group.requirement_ids]
    situations = [SituationResult("something arose", 1, ["WAL-01"])] if own else []
    report = BackendReport("target", [], "clean-reject", results, situations, [])
    return replace(report, **other)


def failing(unit: Unit, *actuals: str, requirement_id: str = "WAL-01") -> BackendReport:
    """The same with one failure, which is shrunk to what `actual` says."""
    report = passing(unit)
    results = [
        replace(each, verdict=Verdict.FAIL, counterexample=counterexample(requirement_id, actual))
        if each.requirement_id == requirement_id
        else each
        for actual in actuals
        for each in report.results
    ]
    return replace(report, results=results)


def replayed(unit: Unit, actual: str | None) -> BackendReport:
    """The report on a failure that is tried again: it passes, or has this difference."""
    assert unit.job.replay is not None
    requirement_id = unit.job.replay.requirement_id
    result = RequirementResult(requirement_id, "MUST", Verdict.PASS, 10)
    if actual is not None:
        found = counterexample(requirement_id, actual)
        result = replace(result, verdict=Verdict.FAIL, counterexample=found)
    return BackendReport("target", [], "clean-reject", [result], [], [])


def result_of(unit: Unit, report: BackendReport, **other: Any) -> UnitResult:
    return UnitResult(unit.number, report.to_dict(), **other)


def right(unit: Unit) -> UnitResult:
    return result_of(unit, replayed(unit, None) if unit.job.replay else passing(unit))


def plan(first_seed: int = 0, version: str = "1+a", *, tour: bool = False) -> Plan:
    job = Job("target", "m:target", "quick", 0, 10.0, seconds_max=600.0)
    return Plan((job,), first_seed, version, tour)


def identity(seed: int | None = None) -> Identity:
    return Identity(["target"], [], "quick", "posix", False, seed)


def campaign(
    folder: Path,
    answer: Answer,
    units: int | None,
    *,
    executor: FakeExecutor | None = None,
    seconds: float | None = None,
    width: int = 1,
    version: str = "1+a",
    tour: bool = False,
    look: Callable[[Ledger], None] = lambda ledger: None,
    **conducted: Any,
) -> CampaignReport:
    """Conduct a campaign with a made up executor and return its report."""
    executor = executor or FakeExecutor(answer, width)
    with Store(folder) as store:
        ledger = opened_ledger(store, plan(version=version, tour=tour), identity())
        conduct(ledger, executor, Bounds(seconds, units), **conducted)
        look(ledger)
        return campaign_report(ledger, profile("quick"))


def group_lives(group: int) -> bool:
    """Say whether any process of a group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
