"""Which runs are made, in which order, and what becomes of one that takes too long."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.zoo.ablation import worker
from tests.zoo.ablation.configurations import CRASHES, ORDINARY, Configuration
from tests.zoo.ablation.kept import Run, RunKey, append_run, read_runs
from tests.zoo.ablation.running import Limits, Worker, planned, run_all
from tests.zoo.ablation.sharing import with_shared, without_shared
from tests.zoo.ablation.systems import chosen_systems, systems

WHOLE = Configuration.WHOLE
RUN = Run(WHOLE, "log/DoNothing/WAL-01", 0, 10.0, True, 0.5, "kill", 1)
EASY = "identity/without the tick/ENT-02"
RESTS = "rested cache/loads what is warm/CACHE-06"


def test_a_seed_is_whole_before_the_next_begins() -> None:
    plan = list(planned([("a", ORDINARY), ("b", ORDINARY), ("c", CRASHES)], [4, 2]))

    assert [seed for _, _, seed in plan] == [4] * 15 + [2] * 15
    assert plan[:3] == [(WHOLE, "a", 4), (WHOLE, "b", 4), (Configuration.PLAIN, "a", 4)]
    assert [key for _, key, _ in plan[:15]] == ["a", "b"] * 6 + ["c"] * 3
    assert [key for each, key, _ in plan[:15] if each is Configuration.TOURS_ONLY] == ["a", "b"]
    assert [key for each, key, _ in plan[:15] if each is Configuration.WITHOUT_CRASHES] == ["c"]


def test_what_is_done_is_not_planned_again() -> None:
    done: list[RunKey] = [(WHOLE, "a", 0), (Configuration.PLAIN, "b", 0)]
    plan = list(planned([("a", ORDINARY), ("b", ORDINARY)], [0], done))

    assert not set(done) & set(plan)
    assert len(plan) == 10


def test_runs_are_read_as_they_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    other = Run(WHOLE, EASY, 1, 10.0, False, 10.0, "limit", None, "no answer")
    append_run(path, RUN)
    append_run(path, other)

    assert read_runs(path, 10.0) == {RUN.key: RUN, other.key: other}
    assert read_runs(tmp_path / "none", 10.0) == {}


def test_a_line_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    """And what is added after it stands on a line of its own."""
    path = tmp_path / "runs.jsonl"
    path.write_text(RUN.to_line() + RUN.to_line()[:30])

    assert read_runs(path, 10.0) == {RUN.key: RUN}
    append_run(path, RUN)
    assert path.read_text() == 2 * RUN.to_line()


@pytest.mark.parametrize(
    ("text", "problem"),
    [("nothing\n", "line 1 is no run"), ('{"seed": 1}\n', "line 1 is no run")],
)
def test_a_line_that_is_no_run_is_told(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text(text)

    with pytest.raises(ValueError, match=problem):
        read_runs(path, 10.0)


def test_runs_with_another_limit_are_not_mixed_with_these(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append_run(path, RUN)

    with pytest.raises(ValueError, match="limit of 10 s, not 5 s"):
        read_runs(path, 5.0)


def test_shared_runs_are_not_made_and_not_missing() -> None:
    keys: list[RunKey] = [(each, "codec/sorted keys/WIRE-01", 0) for each in Configuration]
    made = without_shared(keys)
    whole = Run(WHOLE, "codec/sorted keys/WIRE-01", 0, 10.0, True, 0.5, "kill", 1)

    assert Configuration.WITHOUT_LONG not in [each for each, _, _ in made]
    assert (WHOLE, "codec/sorted keys/WIRE-01", 0) in made
    assert [each.configuration for each in with_shared({whole.key: whole})] == [
        WHOLE,
        Configuration.WITHOUT_LONG,
    ]


def test_systems_are_chosen_by_kind_and_name() -> None:
    # Two systems are one backend that breaks two requirements.
    assert len(chosen_systems(["handles/remembers"])) == 2
    assert len(chosen_systems([])) == len(systems())
    with pytest.raises(ValueError, match="no system is named log/Nobody"):
        chosen_systems(["log/Nobody", "log/DoNothing"])


@pytest.mark.nightly
def test_a_run_is_told_with_its_length_and_cut_off_at_its_limit() -> None:
    """The one that rests for a second is over in time, or it is not killed within the limit."""
    patient = Worker(WHOLE, Limits(60.0, 60.0))
    short = Worker(WHOLE, Limits(0.5, 60.0))
    try:
        assert patient.run(EASY, 0).ended == "kill"
        killed = patient.run(RESTS, 0)
        began_at = time.monotonic()
        cut_off = short.run(RESTS, 0)
        took = time.monotonic() - began_at
        after = short.run(EASY, 0)
    finally:
        patient.close()
        short.close()

    assert (killed.killed, killed.length) == (True, 3)
    assert killed.seconds > 1.1
    assert (cut_off.killed, cut_off.ended, cut_off.seconds) == (False, "limit", 0.5)
    # Whatever the machine does besides: importing, and ten times the limit.
    assert took < 100
    assert after.killed, "the next run goes on as if nothing had been"


def test_a_run_that_was_stopped_on_the_way_has_no_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a kill nor a miss: how long it was away is no time of its own."""
    monkeypatch.setattr(worker, "_STOPPED_SECONDS", 0.2)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    sender.send({"killed": True, "seconds": 0.1})
    assert worker._answer(receiver, "killed", 5.0, os.getpid(), set()) is not None

    # A look that takes long stands for the time in which nobody looked.
    monkeypatch.setattr(worker, "_LOOK_SECONDS", 0.4)
    with pytest.raises(RuntimeError, match="made again"):
        worker._answer(receiver, "killed", 5.0, os.getpid(), set())


def test_a_run_that_comes_to_nothing_is_told_and_the_others_go_on() -> None:
    made: list[Run] = []
    unknown, easy = (WHOLE, "log/Nobody/WAL-01", 0), (WHOLE, EASY, 3)
    problems = run_all([unknown, easy], Limits(60.0, 60.0), 1, made.append)

    assert [run.key for run in made] == [easy]
    assert problems == ["whole, log/Nobody/WAL-01, seed 0: no figures came"]


def test_the_command_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    command = [sys.executable, "-m", "tests.zoo.ablation", "--keep", str(path), "--seeds", "0"]
    command += ["--only", "identity/without the tick", "--configurations", "whole"]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, timeout=200, check=True).stdout
        for _ in range(2)
    )

    assert "1 runs to make, 0 are known" in first
    assert "0 runs to make, 1 are known" in second
    assert [run.key for run in read_runs(path, 10.0).values()] == [(WHOLE, EASY, 0)]
