# ruff: noqa: S311 - the global generators are what this is about
"""What comes by chance, by count, or from another history: every such failure is one (WAL-01..07).

A broken log is caught on every seed of the smallest profile, and a right one that draws random
numbers conforms on each.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis.errors import Flaky

from conformance import check_replay
from conformance.backend import Backend
from conformance.engine.hunting import hunted
from conformance.engine.repeats import TRIES_OF_CHANCE, TRIES_SURE, repeated
from conformance.engine.session import Budget, Session
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault, ReplayError
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.records.replays import Outcome, Replay, ReplayResult, read_replay, replay_of
from conformance.records.results import (
    BackendReport,
    Counterexample,
    Report,
    RequirementResult,
    Verdict,
)
from conformance.records.verdicts import binding_failures
from conformance.report.failure import result_text
from conformance.report.junit import junit_xml
from conformance.report.markdown import markdown_summary
from conformance.report.page import html_page
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report
from conformance.tests.saved_reports import report_with
from tests.zoo.broken_luck import (
    LUCKY_WALS,
    RIGHT_WALS,
    LosesAtRandom,
    LosesByTheClock,
    LosesByTheSystem,
    OpensBadly,
    shared_caches,
    shared_wals,
)
from tests.zoo.broken_wals import Deduplicates, FreshIsNotEmpty, ListWal
from tests.zoo.judging import failed, judged

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(5)
QUESTION = "the first load gave 1 entry: is the store shared between histories?"


def of(wal_class: type[ListWal]) -> Backend:
    return Backend(wal_class.__name__, agreement_wal=lambda directory: wal_class())


def found_in(report: BackendReport, requirement_id: str) -> Counterexample:
    result = report.result(requirement_id)
    assert result is not None
    assert result.counterexample is not None
    return result.counterexample


def replayed(replay: Replay, backend: Backend) -> ReplayResult:
    with CallWatch() as watch:
        result = replayed_result(backend, replay, watch)
    return ReplayResult.of(replay, replace(fault_report(backend, None), results=[result]))


def recorded(report: BackendReport, requirement_id: str) -> Replay:
    written = replay_of(report, found_in(report, requirement_id))
    return read_replay(written.to_text(), "file")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wal_class", LUCKY_WALS, ids=lambda each: each.__name__)
def test_what_goes_wrong_by_chance_is_caught(wal_class: type[ListWal], seed: int) -> None:
    """WAL-01 or WAL-02: an acknowledged entry is lost or moved, whatever the seed."""
    only = ("WAL-01", "WAL-02")
    report = judged(
        of(wal_class), (WAL_SUITE,), seed=seed, profile_name="quick", only=only, minimise=False
    )

    assert set(failed(report)) & set(only)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wal_class", RIGHT_WALS, ids=lambda each: each.__name__)
def test_a_right_log_that_draws_random_numbers_conforms(
    wal_class: type[ListWal], seed: int
) -> None:
    report = judged(of(wal_class), (WAL_SUITE,), seed=seed, profile_name="quick", minimise=False)
    binding = [each for each in report.results if each.level == "MUST"]

    assert {each.requirement_id for each in binding if each.verdict is not Verdict.PASS} <= {
        "WAL-08",
        "WAL-10",
    }
    assert binding_failures(report) == []


# The global generators


def test_histories_differ_and_equal_seeds_give_equal_reports() -> None:
    drawn: list[list[float]] = []

    class Draws(ListWal):
        def __init__(self) -> None:
            super().__init__()
            drawn[-1].append(random.random())
            drawn[-1].append(float(np.random.random()))

    for seed in (0, 0, 1):
        drawn.append([])
        judged(of(Draws), (WAL_SUITE,), seed=seed, profile_name="quick", only=("WAL-07",))

    first, again, other = drawn
    # Some histories are others with a few changes, and keep the seed.
    assert len(set(first)) > len(first) // 4
    assert first == again
    assert set(first) != set(other)


def test_whoever_else_draws_gets_the_same_numbers_as_before() -> None:
    random.seed(3)
    np.random.seed(3)
    expected = [random.random() for _ in range(2)], [np.random.random() for _ in range(2)]
    random.seed(3)
    np.random.seed(3)
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(2):
        found[0].append(random.random())
        found[1].append(np.random.random())
        judged(of(Deduplicates), (WAL_SUITE,), profile_name="quick", only=("WAL-07",))

    assert found == expected


def test_a_failure_that_needs_its_seed_says_so_and_is_replayed_with_it() -> None:
    report = judged(of(OpensBadly), (WAL_SUITE,), profile_name="quick", only=("WAL-01",))
    found = found_in(report, "WAL-01")
    replay = recorded(report, "WAL-01")

    assert found.reproduced
    assert found.random_seed is not None
    assert replay.random_seed == found.random_seed
    assert f"random numbers is seeded with {found.random_seed}" in text_of(report)
    assert replayed(replay, of(OpensBadly)).outcome is Outcome.STILL_FAILING
    result = replayed(replay, of(ListWal))
    assert result.outcome is Outcome.NOT_SEEN
    assert result.reason.startswith(f"in {TRIES_SURE + TRIES_OF_CHANCE} tries; it depends on")


def test_a_failure_that_needs_no_seed_has_none() -> None:
    report = judged(of(Deduplicates), (WAL_SUITE,), profile_name="quick", only=("WAL-02",))
    found = found_in(report, "WAL-02")

    assert (found.random_seed, found.tries, found.failures) == (None, TRIES_SURE, TRIES_SURE)
    assert "seeded" not in text_of(report)
    assert "random_seed" not in json.loads(recorded(report, "WAL-02").to_text())


def test_a_replay_names_no_seed_that_the_failure_does_not_need() -> None:
    """WAL-02: each try has a seed of its own, which says nothing of what fails with every one."""
    report = judged(of(Deduplicates), (WAL_SUITE,), profile_name="quick", only=("WAL-02",))
    with CallWatch() as watch:
        result = replayed_result(of(Deduplicates), recorded(report, "WAL-02"), watch)

    assert result.counterexample is not None
    assert result.counterexample.random_seed is None
    assert "seeded" not in result_text(result, "folder")


def test_a_log_that_draws_other_numbers_now_is_not_fixed() -> None:
    """What the seed brought about may be gone only because one number more is drawn."""

    class DrawsOneMore(OpensBadly):
        def __init__(self) -> None:
            random.random()
            super().__init__()

    report = judged(of(OpensBadly), (WAL_SUITE,), profile_name="quick", only=("WAL-01",))
    replay = recorded(report, "WAL-01")

    assert replayed(replay, of(DrawsOneMore)).outcome is Outcome.STILL_FAILING


def text_of(report: BackendReport) -> str:
    return "\n".join(result_text(each, "folder") for each in report.results)


# Flaky


def attempts(*outcomes: bool) -> Callable[[int], bool]:
    """Return a try that comes out so and so, and then as it did the last time."""
    rest = itertools.chain(outcomes, itertools.repeat(outcomes[-1]))
    return lambda seed: next(rest)


FOUND = Counterexample("WAL-01", "agreement WAL", [], "a", "b", random_seed=0)


@pytest.mark.parametrize(
    ("outcomes", "tries", "failures"),
    [
        ((True,), TRIES_SURE, TRIES_SURE),
        ((False,), TRIES_OF_CHANCE, 0),
        ((True, False), TRIES_OF_CHANCE, 1),
        ((False, True), TRIES_OF_CHANCE, TRIES_OF_CHANCE - 1),
        ((*[True] * (TRIES_SURE - 1), False, True), TRIES_OF_CHANCE, TRIES_OF_CHANCE - 1),
    ],
)
def test_what_does_not_repeat_at_once_is_tried_a_hundred_times(
    outcomes: tuple[bool, ...], tries: int, failures: int
) -> None:
    found = repeated(FOUND, attempts(*outcomes), seconds=60.0)

    assert (found.tries, found.failures) == (tries, failures)
    assert found.reproduced is (tries == failures)


def test_tries_have_a_limit_and_a_few_are_always_made() -> None:
    assert repeated(FOUND, attempts(False), seconds=0.0).tries == 3


def test_a_failure_by_chance_is_a_failure_in_every_form() -> None:
    report = judged(of(LosesByTheSystem), (WAL_SUITE,), profile_name="quick", only=("WAL-01",))
    (result,) = report.results
    found = found_in(report, "WAL-01")
    whole = report_with(report)

    assert result.verdict is Verdict.FAIL
    assert not found.reproduced
    assert found.tries == TRIES_OF_CHANCE > found.failures
    often = f"flaky: {found.failures} of {found.tries} more tries"
    assert result.reason.startswith(often)
    for form in (junit_xml, markdown_summary, html_page, Report.to_text):
        assert often in form(whole), form
    assert often in text_of(report)


def test_a_failure_by_chance_is_never_fixed() -> None:
    report = judged(of(LosesByTheSystem), (WAL_SUITE,), profile_name="quick", only=("WAL-01",))
    replay = replace(recorded(report, "WAL-01"), tries=100, failures=5)
    schema = json.loads(
        (resources.files("conformance") / "schemas/replay.v1.schema.json").read_text()
    )
    jsonschema.Draft202012Validator(schema).validate(json.loads(replay.to_text()))

    broken, right = replayed(replay, of(LosesByTheSystem)), replayed(replay, of(ListWal))
    assert broken.outcome in (Outcome.STILL_FAILING, Outcome.NOT_SEEN)
    assert right.outcome is Outcome.NOT_SEEN
    assert right.reason == (
        "in 100 tries; it was flaky: 5 of 100 tries when it was found, so this does not show it "
        "fixed"
    )
    with pytest.raises(AssertionError, match="not seen in 100 tries"):
        check_replay(replay, ListWal)


def test_a_failure_by_count_says_how_often_it_is_seen() -> None:
    """Every try appends one entry, and one of twenty-three is lost."""
    replay = replace(sure(), reproduced=False, tries=100, failures=4)
    appends = [each for each in replay.acts if each["act"] == "append"]
    result = replayed(
        replace(replay, requirement_id="WAL-01", acts=appends[:1]), of(LosesByTheClock)
    )

    assert result.outcome is Outcome.STILL_FAILING
    assert result.reason in ("in 4 of 100 tries", "in 5 of 100 tries")


def sure() -> Replay:
    report = judged(of(Deduplicates), (WAL_SUITE,), profile_name="quick", only=("WAL-02",))
    return recorded(report, "WAL-02")


def test_only_what_always_came_is_fixed() -> None:
    replay = sure()
    assert replay.always_failed
    assert replayed(replay, of(ListWal)) == ReplayResult(Outcome.FIXED)

    old = replace(replay, tries=None, failures=None)
    result = replayed(old, of(ListWal))
    assert result.outcome is Outcome.NOT_SEEN
    assert "the file does not say how often it failed when it was found" in result.reason
    assert replayed(old, of(Deduplicates)).outcome is Outcome.STILL_FAILING


def test_what_always_came_and_comes_at_times_now_is_still_failing() -> None:
    loads = itertools.count()

    class DeduplicatesAtTimes(Deduplicates):
        def store(self, entry: Any) -> None:
            if next(loads) % 12 == 11:
                super().store(entry)
            else:
                self.entries.append(entry)

    result = replayed(sure(), of(DeduplicatesAtTimes))

    assert result.outcome is Outcome.STILL_FAILING
    assert result.reason.endswith(" of 100 tries")


@pytest.mark.parametrize("changes", [{"tries": -1}, {"failures": "5"}, {"random_seed": 2**32}])
def test_a_file_with_a_wrong_count_is_refused(changes: dict[str, Any]) -> None:
    text = json.dumps({**json.loads(sure().to_text()), **changes})

    with pytest.raises(ReplayError, match="is no whole number of 0 to 2\\^32-1"):
        read_replay(text, "file")


# Nothing that was seen is lost


def test_a_fault_that_is_seen_once_is_a_fault() -> None:
    made = itertools.count()

    def make(directory: Path) -> ListWal:
        if next(made) == 17:
            raise KeyError("once")
        return ListWal()

    with pytest.raises(BackendFault, match="making the agreement WAL raised KeyError: 'once'"):
        judged(Backend("b", agreement_wal=make), (WAL_SUITE,), profile_name="quick")


def test_a_violation_that_a_backend_swallows_is_one() -> None:
    with CallWatch() as watch, Session("s", Backend("b"), watch, Budget(1, 1, 60.0)) as session:

        def run() -> None:
            history = session.new_history()
            try:
                history.check("WAL-01", False, "one thing", "another")
            except Exception:
                history.close()

        found = hunted(session, run)

    assert found is not None
    assert found.requirement_id == "WAL-01"


class GoesOtherWays(Suite):
    """A suite whose engine gives up each time, after one history more."""

    name = "agreement WAL"
    requirement_ids = ("WAL-01",)
    situations: Mapping[str, tuple[str, ...]] = {}

    def applies(self, backend: Backend) -> bool:
        return True

    def search(self, session: Session, seed: int) -> Counterexample | None:
        session.checks["WAL-01"] += 1
        for _ in range(self.each):
            session.new_history().close()
        raise Flaky("equal histories went different ways")

    def __init__(self, each: int) -> None:
        self.each = each


def test_as_many_histories_as_were_planned_are_a_judgement() -> None:
    (enough,) = judged(Backend("b"), (GoesOtherWays(1),), profile_name="quick").results
    (none,) = judged(Backend("b"), (GoesOtherWays(0),), profile_name="quick").results

    assert enough.verdict is Verdict.PASS
    assert none.verdict is Verdict.INCONCLUSIVE
    assert none.reason == "equal histories went different ways, so the search ended early"


# A store that histories share


def shared_backends() -> list[tuple[str, Backend, Suite, str]]:
    rows: list[tuple[str, Backend, Suite, str]] = []
    for name, make in shared_wals().items():
        rows.append((name, Backend(name, agreement_wal=make), WAL_SUITE, "WAL-07"))
    for name, make_cache in shared_caches().items():
        rows.append((name, Backend(name, evidence_cache=make_cache), CACHE_SUITE, "CACHE-06"))
    return rows


@pytest.mark.parametrize(
    ("name", "backend", "suite", "requirement_id"),
    shared_backends(),
    ids=[f"{requirement_id}-{name}" for name, _, _, requirement_id in shared_backends()],
)
def test_a_store_that_histories_share_is_told_as_one(
    name: str, backend: Backend, suite: Suite, requirement_id: str
) -> None:
    """WAL-07 and CACHE-06, also where the process has used the store before."""
    for seed in (0, 1):
        report = judged(backend, (suite,), seed=seed, profile_name="quick", only=(requirement_id,))
        found = found_in(report, requirement_id)
        text = text_of(report)

        assert failed(report) == [requirement_id]
        assert found.actual.startswith(QUESTION)
        assert found.reproduced
        assert "deterministic" not in text
        assert "flaky" not in text
        assert "no operation at all" not in text
        assert [each["act"] for each in found.acts][1:] == ["next_history"]
        assert replayed(recorded(report, requirement_id), backend).outcome is Outcome.STILL_FAILING


@pytest.mark.parametrize("requirement_id", ["WAL-07", "CACHE-06"])
def test_a_store_of_its_own_for_each_history_is_fixed(requirement_id: str) -> None:
    (broken, suite) = next(
        (backend, suite) for _, backend, suite, each in shared_backends() if each == requirement_id
    )
    report = judged(broken, (suite,), profile_name="quick", only=(requirement_id,))
    own = Backend(
        "own",
        agreement_wal=lambda directory: shared_wals()["no_key"](directory),
        evidence_cache=lambda directory: shared_caches()["no_key"](directory),
    )
    assert replayed(recorded(report, requirement_id), own) == ReplayResult(Outcome.FIXED)


def test_what_is_there_from_the_start_shows_its_load() -> None:
    report = judged(of(FreshIsNotEmpty), (WAL_SUITE,), profile_name="quick", only=("WAL-07",))
    found = found_in(report, "WAL-07")

    assert found.acts == []
    assert [step.text for step in found.steps] == ["load the log"]
    assert replayed(recorded(report, "WAL-07"), of(FreshIsNotEmpty)).outcome is (
        Outcome.STILL_FAILING
    )


def test_what_only_some_histories_leave_is_told_with_the_history_before() -> None:
    """A log that leaves more than two entries to the next one."""
    stores: list[list[Any]] = [[]]

    class Leaves(ListWal):
        def __init__(self) -> None:
            super().__init__()
            self.entries = list(stores[-1]) if len(stores[-1]) > 2 else []
            stores.append(self.entries)

    report = judged(of(Leaves), (WAL_SUITE,), profile_name="quick", only=("WAL-07",))
    found = found_in(report, "WAL-07")

    assert "is the store shared between histories?" in found.actual
    assert [each["act"] for each in found.acts].count("next_history") == 1
    assert len(found.acts) > 3
    # It was found where the process had used the store before.
    assert replayed(recorded(report, "WAL-07"), of(ListWal)).outcome is Outcome.NOT_SEEN


# Through every door

TARGETS = """
from telltale_spec import AgreementWalArtifact
_entries = []

class Global:
    def __init__(self, directory):
        self.entries = _entries
    def append(self, entry):
        AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        self.entries.append(entry)
    def load(self):
        return AgreementWalArtifact(tuple(self.entries))
    def read_since(self, tick):
        return self.load().read_since(tick)

class Own(Global):
    def __init__(self, directory):
        self.entries = []
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.nightly
def test_a_shared_store_is_told_and_replayed_through_every_door(tmp_path: Path) -> None:
    (tmp_path / "shared_targets.py").write_text(TARGETS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "replays").mkdir()
    served = f"{sys.executable} -m conformance serve shared_targets:"
    only = ("--only", "WAL-07", "--replays")
    doors = (
        ("conformance", "check", "shared_targets:Global", *only, "replays/object"),
        ("conformance", "check", "--command", f"{served}Global", *only, "replays/command"),
        (
            *("pytest", "-q", "-p", "no:cacheprovider", "-k", "WAL-07"),
            *("--telltale-profile", "quick", "--telltale-backend", "shared_targets:Global"),
        ),
    )
    for arguments in doors:
        done = run(tmp_path, *arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert QUESTION in done.stdout
        assert "end this history, and begin the next one in an empty directory" in done.stdout
        assert "deterministic" not in done.stdout
    files = [str(path) for path in sorted((tmp_path / "replays").rglob("WAL-07.json"))]
    assert len(files) == 2
    for target, status, text in (("Global", 1, "still failing"), ("Own", 0, "fixed")):
        for where in ((f"shared_targets:{target}",), ("--command", f"{served}{target}")):
            done = run(tmp_path, "conformance", "replay", *files, *where)
            assert done.returncode == status, done.stdout + done.stderr
            assert done.stdout.count(text) == 2


@pytest.mark.nightly
def test_a_violation_among_several_replays_outweighs_doubt(tmp_path: Path) -> None:
    (tmp_path / "chance.py").write_text("from tests.zoo.broken_wals import Deduplicates, ListWal\n")
    replay = sure()
    (tmp_path / "sure.json").write_text(replay.to_text())
    old = replace(replay, tries=None, failures=None)
    (tmp_path / "old.json").write_text(old.to_text())

    both = run(tmp_path, "conformance", "replay", "sure.json", "old.json", "chance:ListWal")
    assert both.returncode == 3, both.stdout + both.stderr
    assert "fixed" in both.stdout
    assert "not seen in 100 tries" in both.stdout
    both = run(tmp_path, "conformance", "replay", "sure.json", "old.json", "chance:Deduplicates")
    assert both.returncode == 1
    assert both.stdout.count("still failing") == 2


def test_a_loss_at_random_is_never_fixed(tmp_path: Path) -> None:
    """WAL-01 by the global generator: a replay sees it, and a search without it says so."""
    report = judged(of(LosesAtRandom), (WAL_SUITE,), profile_name="quick", only=("WAL-01",))
    replay = recorded(report, "WAL-01")

    assert replayed(replay, of(LosesAtRandom)).outcome is Outcome.STILL_FAILING
    assert replayed(replay, of(ListWal)).outcome is Outcome.NOT_SEEN
    assert RequirementResult.from_dict(report.results[0].to_dict()) == report.results[0]
