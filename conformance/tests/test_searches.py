"""How a suite is searched: again by other seeds where chance alone left a situation out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine.profiles import profile
from conformance.engine.search import Search
from conformance.engine.session import History, Session
from conformance.engine.suite import ConformanceMachine, LawSuite, Suite, TableLaw
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.records.results import Counterexample, RequirementResult, Verdict
from telltale_spec import ProdValue, UnitValue, Value
from tests.zoo.broken_wals import Deduplicates, broken_wal_backend
from tests.zoo.judging import failed, judged


class RareSuite(Suite):
    """Reach its one situation by every seed but zero."""

    name = "rare"
    requirement_ids: tuple[str, ...] = ("WAL-01",)
    situations: Mapping[str, tuple[str, ...]] = {"rare situation": ("WAL-01",)}

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def applies(self, backend: Backend) -> bool:
        return True

    def search(self, session: Session, seed: int) -> Counterexample | None:
        self.seeds.append(seed)
        session.checks["WAL-01"] += 1
        session.situations["rare situation"] += seed != 0
        return None


def test_a_situation_missed_by_chance_is_looked_for_again() -> None:
    suite = RareSuite()
    report = judged(Backend("any"), (suite,))

    assert [result.verdict for result in report.results] == [Verdict.PASS]
    assert len(suite.seeds) == 2


def test_a_situation_that_was_reached_is_not_looked_for_again() -> None:
    suite = RareSuite()
    judged(Backend("any"), (suite,), seed=1)

    assert suite.seeds == [1]


def test_a_situation_that_never_arises_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.engine.search._SEED_STRIDE", 0)
    suite = RareSuite()
    report = judged(Backend("any"), (suite,))

    assert [result.verdict for result in report.results] == [Verdict.INCONCLUSIVE]
    assert report.results[0].reason == "never arose: rare situation"
    assert suite.seeds == [0, 0, 0]


def searched(suite: Suite, known: RequirementResult) -> Search:
    with CallWatch() as watch:
        search = Search(
            suite,
            suite.requirement_ids,
            Backend("any"),
            profile("quick"),
            0,
            watch,
            lambda *progress: None,
            {known.requirement_id: known},
        )
        search.run()
    return search


class MutingSuite(RareSuite):
    """Note what a search is not to look for."""

    requirement_ids: tuple[str, ...] = ("WAL-01", "WAL-02")
    situations: Mapping[str, tuple[str, ...]] = {}

    def search(self, session: Session, seed: int) -> Counterexample | None:
        self.muted = session.muted
        return super().search(session, seed)


def test_a_known_failure_is_muted_from_the_start_and_keeps_its_verdict() -> None:
    suite = MutingSuite()
    known = RequirementResult("WAL-02", "MUST", Verdict.EXPECTED_FAIL, 1, "because")
    search = searched(suite, known)

    assert suite.muted == {"WAL-02"}
    assert [result.verdict for result in search.results()] == [Verdict.PASS, Verdict.EXPECTED_FAIL]


def test_a_search_for_what_is_known_alone_is_not_made() -> None:
    suite = RareSuite()
    known = RequirementResult("WAL-01", "MUST", Verdict.EXPECTED_FAIL, 1, "because")
    search = searched(suite, known)

    assert suite.seeds == []
    assert search.results() == [known]


class FailingSuite(RareSuite):
    """Judge the same requirement and fail it."""

    name = "failing"
    situations: Mapping[str, tuple[str, ...]] = {}

    def search(self, session: Session, seed: int) -> Counterexample | None:
        return Counterexample("WAL-01", self.name, [], "one thing", "another")


@pytest.mark.parametrize("suites", [(RareSuite, FailingSuite), (FailingSuite, RareSuite)])
def test_a_requirement_is_as_good_as_the_worse_of_two_verdicts(
    suites: tuple[type[RareSuite], ...],
) -> None:
    report = judged(Backend("any"), tuple(suite() for suite in suites), seed=1)

    assert [result.verdict for result in report.results] == [Verdict.FAIL]


def test_a_value_of_a_table_is_kept_once_for_all_searches() -> None:
    """Prove it where two requirements fail, so that two searches are made."""
    tried: list[str] = []

    def judge(history: History, value: str) -> None:
        tried.append(value)
        for requirement_id in ("WAL-01", "WAL-02"):
            history.check(requirement_id, value != requirement_id, "one thing", "another")

    suite = LawSuite(
        name="laws",
        laws=(TableLaw("table", lambda histories: ("before", "WAL-01", "WAL-02"), judge),),
        requirement_ids=("WAL-01", "WAL-02"),
        situations={},
        present=lambda backend: True,
    )
    report = judged(Backend("any"), (suite,), minimise=False)

    assert [result.verdict for result in report.results] == [Verdict.FAIL, Verdict.FAIL]
    # Each violation is looked at twice, and its value again by the next search.
    assert tried == ["before", "WAL-01", "WAL-01", "WAL-01", "WAL-02", "WAL-02"]


def test_a_deep_value_is_not_written_down_by_the_engine() -> None:
    """It would take a time exponential in the depth, and the failure be lost to the limit."""
    value: Value = ProdValue(UnitValue(), UnitValue())
    for _ in range(60):
        value = ProdValue(value, UnitValue())
    machine: Any = object.__new__(ConformanceMachine)

    assert machine._pretty_print(value) == "ProdValue"


def test_what_has_failed_is_searched_for_no_further() -> None:
    """WAL-02: the suites after the one that found it could not make its verdict worse."""
    backend = broken_wal_backend(Deduplicates)
    suites = (WAL_SUITE, LONG_LOG_SUITE)

    alone = judged(backend, suites, profile_name="quick", only=("WAL-02",), minimise=False)
    among = judged(backend, suites, profile_name="quick", minimise=False)

    assert failed(alone) == ["WAL-02"]
    assert not {each.name for each in alone.situations} & set(LONG_LOG_SUITE.situations)
    # Others are still open after it.
    assert {each.name for each in among.situations} & set(LONG_LOG_SUITE.situations)


def test_a_failure_stands_whatever_becomes_of_the_backend_behind_it() -> None:
    """A lock that is never free again fails, though its process answers nothing any more."""
    seen: list[int] = []

    def judge(history: History, value: int) -> None:
        if seen:
            raise BackendFault("any", "it does not answer any more")
        seen.append(value)
        history.note("take a snapshot", "no answer")
        history.check("SYNC-03", False, "the lock is free again", "the call waits for ever")

    suite = LawSuite(
        name="lock",
        laws=(TableLaw("free again", lambda histories: (1,), judge),),
        requirement_ids=("SYNC-03", "SYNC-13"),
        situations={},
        present=lambda backend: True,
    )
    # What is asked of it in turn only is judged by what that shows.
    report = judged(Backend("any", concurrent_calls=False), (suite,))

    assert report.fault is None
    assert failed(report) == ["SYNC-03"]
    assert report.notes[0] == "SYNC-03 failed, and then: it does not answer any more"
    (failure,) = [each for each in report.results if each.verdict is Verdict.FAIL]
    assert failure.counterexample is not None
    assert failure.counterexample.tries == 0
    assert failure.counterexample.random_seed is None
