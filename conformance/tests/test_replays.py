"""Every failure can be written down, read back and carried out again, on any backend."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance import check_replay
from conformance.backend import Backend
from conformance.engine.acts import ActForm, act, act_forms
from conformance.engine.session import Budget, Session
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.errors import ActError, ReplayError
from conformance.machines.handles import CACHE_HANDLES_SUITE, WAL_HANDLES_SUITE
from conformance.machines.kills import WAL_KILL_SUITE
from conformance.machines.registry import SUITES
from conformance.machines.wal_sync import WalSyncMachine
from conformance.records.fingerprint import fingerprint_of
from conformance.records.replays import (
    Outcome,
    Replay,
    ReplayResult,
    component_of,
    read_replay,
    replay_of,
)
from conformance.records.results import Verdict
from conformance.report.replay_text import pytest_text
from conformance.run.replaying import check_acts, replayed_result
from conformance.run.runner import fault_report
from conformance.tests.test_kills_and_handles import served
from telltale_spec.model.machine import RejectionMode
from tests.zoo import door_targets
from tests.zoo.broken_caches import BROKEN_CACHES
from tests.zoo.broken_components import CASES, Case
from tests.zoo.broken_wals import ListWal
from tests.zoo.judging import judged

each_case = pytest.mark.parametrize(
    "case",
    # The largest input takes a while to be read again and again, so it is read by night.
    [
        pytest.param(each, marks=pytest.mark.nightly) if each.requirement_id == "DEC-27" else each
        for each in CASES
    ],
    ids=lambda case: f"{case.suite.name}-{case.requirement_id}",
)
ROOT = Path(__file__).resolve().parents[2]


@cache
def recorded(case: Case) -> Replay:
    """Return the replay of what the suite finds, as it is read back from its file."""
    report = judged(case.broken, (case.suite,), only=(case.requirement_id,))
    result = report.result(case.requirement_id)
    assert result is not None
    assert result.counterexample is not None
    written = replay_of(report, result.counterexample)
    text = written.to_text()
    read = read_replay(text, "file")
    assert read == written
    assert read.to_text() == text
    return read


def replayed(replay: Replay, backend: Backend) -> ReplayResult:
    with CallWatch() as watch:
        result = replayed_result(backend, replay, watch)
    return ReplayResult.of(replay, replace(fault_report(backend, None), results=[result]))


def broken_log() -> Replay:
    return recorded(CASES[0])


@each_case
def test_a_failure_is_found_again_with_the_same_fingerprint(case: Case) -> None:
    replay = recorded(case)
    result = replayed(replay, case.broken)

    assert result.outcome is Outcome.STILL_FAILING
    assert result.counterexample is not None
    assert result.counterexample.expected == replay.expected
    assert result.counterexample.actual == replay.actual
    assert result.counterexample.acts == replay.acts
    assert replay.component == case.suite.component


@each_case
def test_a_failure_that_is_mended_is_fixed(case: Case) -> None:
    assert replayed(recorded(case), case.good) == ReplayResult(Outcome.FIXED)


@each_case
def test_a_backend_that_is_broken_in_another_way_says_how(case: Case) -> None:
    result = replayed(recorded(case), case.other)

    assert result.outcome is Outcome.FAILS_DIFFERENTLY
    assert result.reason
    assert result.counterexample is not None
    assert result.counterexample.fingerprint != recorded(case).fingerprint


@each_case
def test_a_backend_without_the_component_cannot_run(case: Case) -> None:
    result = replayed(recorded(case), case.without)

    assert result == ReplayResult(Outcome.CANNOT_RUN, f"the backend has no {case.suite.name}")


@each_case
def test_no_act_of_a_counterexample_is_needless(case: Case) -> None:
    replay = recorded(case)

    for index in range(len(replay.acts)):
        acts = [act for number, act in enumerate(replay.acts) if number != index]
        shorter = replayed(replace(replay, acts=acts), case.broken)
        found = shorter.counterexample
        again = found is not None and found.requirement_id == case.requirement_id
        # Fewer acts may only be worse to read: never the same failure in as few steps.
        assert not again or len(found.steps) > len(replay.steps)  # type: ignore[union-attr]


def test_a_fault_is_written_with_the_call_it_struck() -> None:
    (replay,) = [recorded(each) for each in CASES if each.requirement_id == "SYNC-09"]
    (fault,) = [act["fault"] for act in replay.acts if "fault" in act]

    assert set(fault) == {"call", "index", "stored", "message"}
    assert fault["call"] in ("append", "load")


@pytest.mark.parametrize(("tries", "checks"), [(3, 3), (10, 10), (40, 10)])
def test_what_always_failed_is_tried_no_more_often_without_it(tries: int, checks: int) -> None:
    replay = replace(broken_log(), tries=tries, failures=tries)
    with CallWatch() as watch:
        result = replayed_result(CASES[0].good, replay, watch, (CASES[0].suite,))

    assert (result.verdict, result.checks) == (Verdict.PASS, checks)


@pytest.mark.nightly
def test_a_law_that_walks_a_table_records_the_one_case() -> None:
    replay = recorded(next(each for each in CASES if each.requirement_id == "DEC-27"))

    assert replay.acts == [{"act": "the largest input", "surplus": replay.acts[0]["surplus"]}]


# What only another process can show


def found_by(suite: Suite, backend: Backend, requirement_id: str) -> Replay:
    report = judged(backend, (suite,), only=(requirement_id,), profile_name="quick")
    result = report.result(requirement_id)
    assert result is not None
    assert result.counterexample is not None
    return read_replay(replay_of(report, result.counterexample).to_text(), "file")


def test_handles_on_one_storage_are_replayed() -> None:
    for suite, requirement_id in (
        (WAL_HANDLES_SUITE, "WAL-01.handles"),
        (CACHE_HANDLES_SUITE, "CACHE-02.handles"),
    ):
        replay = found_by(suite, door_targets.REMEMBERS, requirement_id)

        assert replayed(replay, door_targets.REMEMBERS).outcome is Outcome.STILL_FAILING
        assert replayed(replay, door_targets.SQLITE).outcome is Outcome.FIXED
        undeclared = replace(door_targets.SQLITE, capabilities=frozenset())
        assert replayed(replay, undeclared) == ReplayResult(
            Outcome.CANNOT_RUN, "the backend does not declare concurrent-handles"
        )


@pytest.mark.nightly
def test_a_kill_is_replayed_on_a_process_of_its_own() -> None:
    with served("WRITES_ON_CLOSE") as backend:
        replay = found_by(WAL_KILL_SUITE, backend, "WAL-08.kill")
        assert replayed(replay, backend).outcome is Outcome.STILL_FAILING
    with served("SQLITE") as backend:
        assert replayed(replay, backend).outcome is Outcome.FIXED

    result = replayed(replay, door_targets.WRITES_ON_CLOSE)
    assert result.outcome is Outcome.CANNOT_RUN
    assert "telltale-conformance serve TARGET" in result.reason


# What cannot be compared


def test_the_rejection_mode_must_be_that_of_the_failure() -> None:
    declared = replace(CASES[0].good, rejection_mode=RejectionMode.UNKNOWN_OUTCOME)
    result = replayed(broken_log(), declared)

    assert result.outcome is Outcome.CANNOT_RUN
    assert (
        result.reason == "the backend declares unknown-outcome, the failure is one of clean-reject"
    )


def test_what_was_mended_must_be_mended() -> None:
    """Another rule would judge a handler; a log is judged by one rule alone."""
    handler = next(case for case in CASES if "handler" in case.suite.name)
    mending = replace(handler.good, mends=frozenset({"F11", "F12"}))
    replay = recorded(handler)
    kept = read_replay(replace(replay, mends=["F12"]).to_text(), "text")

    assert replay.mends is None
    assert replayed(replay, mending).reason == (
        "the backend mends F11, F12, the failure is of one that mends no finding"
    )
    assert replayed(kept, handler.good).reason == (
        "the backend mends no finding, the failure is of one that mends F12"
    )
    assert replayed(broken_log(), replace(CASES[0].good, mends=frozenset({"F11"}))).outcome in (
        Outcome.FIXED,
        Outcome.NOT_SEEN,
    )


@pytest.mark.parametrize("changes", [{"acts": [{"act": "reopen"}]}, {"requirement_id": "WAL-08"}])
def test_what_needs_a_promise_cannot_run_without_it(changes: dict[str, Any]) -> None:
    replay = replace(broken_log(), capabilities=["reopen"], **changes)
    result = replayed(replay, CASES[0].good)

    assert result == ReplayResult(Outcome.CANNOT_RUN, "the backend does not declare reopen")


def test_a_failure_of_chance_gets_several_chances() -> None:
    made: list[int] = []

    class SometimesInclusive(ListWal):
        def __init__(self) -> None:
            super().__init__()
            made.append(1)

        def append(self, entry: Any) -> None:
            if len(made) == 19:
                raise KeyError("the nineteenth log")
            super().append(entry)

    backend = Backend("b", agreement_wal=lambda directory: SometimesInclusive())

    assert replayed(broken_log(), backend).outcome is Outcome.FIXED
    assert len(made) == 10
    unsure = replace(broken_log(), reproduced=False, tries=100, failures=3)
    assert replayed(unsure, backend).outcome is Outcome.FAILS_DIFFERENTLY
    assert len(made) == 110


def test_a_history_that_ends_early_is_never_fixed() -> None:
    class LosesItsLog(ListWal):
        def append(self, entry: Any) -> None:
            raise OSError("gone")

    replay = recorded(next(each for each in CASES if each.requirement_id == "SYNC-09"))
    acts = [{"act": "append_foreign", "entry": broken_log().acts[0]["entry"]}, *replay.acts]
    good = next(each.good for each in CASES if each.requirement_id == "SYNC-09")
    backend = replace(good, agreement_wal=lambda directory: LosesItsLog())
    result = replayed(replace(replay, acts=acts), backend)

    assert result.outcome is Outcome.CANNOT_RUN
    assert "ended before its last act" in result.reason


# Files that cannot be used


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "format `list`: expected telltale-conformance.replay.v1"),
        ({"format": "v9"}, "format `v9`: expected telltale-conformance.replay.v1"),
        ({"suite": None}, "`suite` is missing or no text"),
        ({"acts": {}}, "`acts` is missing or no list"),
        ({"steps": [1]}, "`steps` is no list"),
        ({"actual": "something else"}, "was it changed by hand?"),
    ],
)
def test_a_file_that_is_no_replay_says_why(changes: Any, expected: str) -> None:
    text = changes
    if isinstance(changes, dict):
        text = json.dumps({**json.loads(broken_log().to_text()), **changes})
    with pytest.raises(ReplayError) as caught:
        read_replay(text, "some.json")

    assert str(caught.value).startswith("replay `some.json`: ")
    assert expected in str(caught.value)


GATE = {"kind": "visibility_gate_crossing", "operation_id": "a", "tick": 1}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"suite": "flight"}, "there is no suite `flight`"),
        ({"requirement_id": "WAL-99"}, "there is no requirement `WAL-99`"),
        ({"acts": [{"act": "fly"}]}, "act `fly`: expected one of append, load_log"),
        ({"acts": ["append"]}, "act `None`: expected one of"),
        ({"acts": [{"act": "append"}]}, "its argument `entry` is missing"),
        ({"acts": [{"act": "append", "entry": GATE}]}, "act `append`, argument `entry`: "),
        ({"acts": [{"act": "append", "entry": 3}]}, "act `append`, argument `entry`: "),
        ({"acts": [{"act": "read_since", "tick": "1"}]}, "a JSON int"),
        ({"acts": [{"act": "load_log", "speed": 1}]}, "it has no argument `speed`"),
    ],
)
def test_an_act_that_nobody_knows_is_told(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ActError) as caught:
        check_acts(replace(broken_log(), **changes))

    assert expected in str(caught.value)


def test_the_acts_of_a_machine_are_known_by_their_names() -> None:
    assert {"sync", "sync_and_retry", "append_foreign"} <= act_forms(WalSyncMachine).keys()


def test_an_act_keeps_every_kind_of_argument() -> None:
    def done(
        subject: object, flag: bool, number: int, items: tuple[str, ...], none: str | None = None
    ) -> None:
        """Take arguments of several kinds."""

    form = ActForm("done", done)
    arguments = {"flag": True, "number": 2**64 - 1, "items": ("a", ""), "none": "x"}

    assert form.from_data(json.loads(json.dumps(form.to_data(arguments)))) == arguments
    without = {**arguments, "none": None}
    assert "none" not in form.to_data(without)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_each_suite_judges_a_component_of_a_backend(suite: Suite) -> None:
    assert component_of(suite.name) in Backend.__dataclass_fields__


def test_a_fingerprint_tells_failures_apart_and_stays_the_same() -> None:
    parts: tuple[Any, ...] = ("WAL-01", "agreement WAL", [{"act": "append"}], "one", "two \ud800")

    assert fingerprint_of(*parts) == "a294440bfce9d0dd"
    for index in range(len(parts)):
        others: list[Any] = list(parts)
        others[index] = [] if index == 2 else "other"
        assert fingerprint_of(*others) != fingerprint_of(*parts)


# In the repository of a backend

BACKENDS = """
from tests.zoo.broken_wals import Deduplicates, ListWal

def broken():
    return Deduplicates()

def good():
    return ListWal()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "backends.py").write_text(BACKENDS)
    return tmp_path


@pytest.mark.parametrize(("target", "passes"), [("broken", False), ("good", True)])
def test_the_printed_test_fails_on_the_broken_backend_alone(
    folder: Path, target: str, passes: bool
) -> None:
    (folder / "test_printed.py").write_text(pytest_text(broken_log(), f"backends:{target}"))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_printed.py"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == (0 if passes else 1), done.stdout
    assert ("1 passed" if passes else "1 failed") in done.stdout
    assert ("still failing" in done.stdout) is not passes
    assert ("(1 entry instead of 2" in done.stdout) is not passes


def text_of(check: Callable[[], None]) -> str:
    with pytest.raises(AssertionError) as caught:
        check()
    return str(caught.value)


def test_a_failure_is_asserted_on_a_factory_or_a_backend() -> None:
    replay = broken_log()
    check_replay(replay, ListWal)
    check_replay(replay.to_text(), CASES[0].good)

    assert text_of(lambda: check_replay(replay, CASES[0].broken)).startswith(
        "still failing\nWAL-02"
    )
    assert text_of(lambda: check_replay(replay, CASES[0].other)).startswith("fails differently: ")
    assert text_of(lambda: check_replay(replay, CASES[2].good)).startswith("cannot run: ")
    assert "cannot run: " in text_of(lambda: check_replay(replay, lambda: 1 / 0))
    with pytest.raises(ReplayError):
        check_replay("{", ListWal)


def test_a_part_of_an_act_that_is_not_needed_is_dropped() -> None:
    """Ids that nearly collide are looked up together; one that is found by mistake is enough."""
    make = next(made for name, made, _ in BROKEN_CACHES if name == "get folds case")
    suite = next(suite for suite in SUITES if suite.name == "evidence cache")
    backend = Backend("folds", evidence_cache=make)
    for seed in range(3):
        report = judged(backend, (suite,), only=("CACHE-01",), profile_name="quick", seed=seed)
        result = report.result("CACHE-01")
        assert result is not None
        assert result.counterexample is not None
        looked_up = [act for act in result.counterexample.acts if act["act"] == "get_outcomes"]
        assert [len(act["evidence_ids"]) for act in looked_up] == [1]


class Doer:
    """Do one act that is made of another one."""

    def __init__(self) -> None:
        with CallWatch() as watch:
            self.history = Session("s", Backend("b"), watch, Budget(1, 1, 60.0)).new_history()

    @act("whole")
    def whole(self, number: int) -> int:
        return self.part(number) + self.part(number)

    @act("part")
    def part(self, number: int) -> int:
        return number


def test_only_the_outermost_act_is_recorded() -> None:
    doer = Doer()

    assert doer.whole(2) == 4
    assert doer.part(number=3) == 3
    assert [each.to_data() for each in doer.history.acts] == [
        {"act": "whole", "number": 2},
        {"act": "part", "number": 3},
    ]
    assert act_forms(Doer).keys() == {"whole", "part"}
