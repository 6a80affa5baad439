"""Our search beside others: who differs is told, and so is what was not compared."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.checker.comparing import checkers as known
from conformance.checker.comparing.arbitrary import arbitrary_model
from conformance.checker.comparing.cases import (
    BOUNDS,
    Case,
    arbitrary_cases,
    mistaken_cases,
    shipped_cases,
)
from conformance.checker.comparing.checkers import CHECKERS, Job, OtherChecker, Said
from conformance.checker.comparing.comparison import Agreement, Row, compare
from conformance.checker.comparing.mistakes import MISTAKES, Mistake, model_with
from conformance.checker.comparing.programs import run_program
from conformance.checker.engines import check_model, is_installed
from conformance.checker.models.registry import MODELS, build
from conformance.checker.results import Budget, Judgement
from conformance.checker.tables import tabulate
from conformance.errors import OtherCheckerError

# What the model of one handle has: a search that says this agrees.
_STATES, _TRANSITIONS, _DEPTH = 8, 9, 5
_RIGHT = (
    "Finished computing initial states: 1 distinct state generated\n"
    f"{_TRANSITIONS + 1} states generated, {_STATES} distinct states found, 0 left\n"
    f"The depth of the complete state graph search is {_DEPTH + 1}.\n"
)
_COMPARE = ["model", "compare", "handles", "--bound", "1"]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts a Java in the place of all programs, whose TLC does what a script says."""
    place = tmp_path / "bin"
    place.mkdir()
    archive = tmp_path / "tla2tools.jar"
    archive.touch()
    monkeypatch.setattr(known, "_tlc_archive", lambda: archive)
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()

    def put(script: str) -> None:
        java = place / "java"
        java.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        java.chmod(0o755)

    return put


def _printing(text: str) -> str:
    return f"cat <<'END'\n{text}END"


def test_who_agrees_is_shown(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    say(_printing(_RIGHT))
    file = tmp_path / "figures.json"

    assert main([*_COMPARE, "--json", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "handles (faithful), 1 slot"
    assert lines[2].split()[:5] == ["ours", "8", "9", "5", "-"]
    assert lines[3].split()[:5] == ["tlc", "8", "9", "5", "-"]
    assert lines[3].endswith("agrees")
    assert lines[4].startswith("tlc: 1 of 1 agree")
    # Neither is in the path, and that is said last.
    assert [line.split(":")[1] for line in lines[5:]] == [
        " spin is not installed",
        " rumur is not installed",
    ]
    (case,) = json.loads(file.read_text())["cases"]
    assert [each["states"] for each in case["checkers"]] == [8, 8]
    assert case["held"] == ["acknowledged stays"]
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("8 distinct states", "7 distinct states", "states: 8 here and 7 there"),
        ("10 states generated", "9 states generated", "transitions: 9 here and 8 there"),
        ("search is 6", "search is 7", "depth: 5 here and 6 there"),
        (
            "10 states",
            "Invariant Claim is violated.\nState 1: \nState 2: \n10 states",
            "is violated",
        ),
    ],
)
def test_a_wrong_number_is_a_disagreement(
    right: str,
    wrong: str,
    told: str,
    say: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    say(_printing(_RIGHT.replace(right, wrong)))

    assert main(_COMPARE) == 1
    said = capsys.readouterr().out
    assert "DIFFERENT: handles (faithful), 1 slot, tlc: " in said
    assert told in said


def test_a_violation_that_only_we_find_is_a_disagreement(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    figures = _RIGHT.replace("10 states", "453 states").replace("8 distinct", "212 distinct")
    say(_printing(figures.replace("search is 6", "search is 11")))

    assert main(["model", "compare", "handles", "--bound", "2", "--with", "tlc"]) == 1
    assert "it finds no violation of `acknowledged stays`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("sleep 600", "did not end within 0.5 seconds"),
        ("sleep 600 & echo begun", "it said nothing of states or of transitions"),
        ("echo out of memory; exit 3", "ended with status 3: out of memory"),
        ("echo nothing of use", "it said nothing of states or of transitions"),
    ],
    ids=["hangs", "leaves a child", "fails", "says nothing"],
)
def test_no_answer_is_told_and_no_agreement(
    script: str,
    told: str,
    say: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    say(script)
    begin = time.monotonic()

    assert main([*_COMPARE, "--seconds-max", "0.5" if "did not end" in told else "60"]) == 3
    said = capsys.readouterr().out
    assert "NO ANSWER" in said
    assert "NOT COMPARED: handles (faithful), 1 slot, tlc: " in said
    assert told in said
    assert time.monotonic() - begin < 60
    assert list((tmp_path / "temporary").iterdir()) == []


def test_nothing_installed_is_told(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_COMPARE) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "NOTHING WAS COMPARED"
    assert [line.split(": ")[1] for line in lines[:-1]] == [
        f"{name} is not installed" for name in ("tlc", "spin", "rumur")
    ]


def test_who_was_asked_for_has_to_be_there(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    say(_printing(_RIGHT))

    assert main([*_COMPARE, "--with", "tlc", "spin"]) == 3
    assert "NOT COMPARED: spin is not installed" in capsys.readouterr().out.splitlines()[-1]
    assert main([*_COMPARE, "--with", "tlc"]) == 0


_SPEED = [*_COMPARE, "--speed", "--with", "tlc"]


def test_speed_says_how_many_times_faster_ours_are(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    say(f"sleep 0.2\n{_printing(_RIGHT)}")
    file = tmp_path / "figures.json"

    assert main([*_SPEED, "--json", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("handles (faithful), 1 slot; processors: ")
    assert lines[2].split()[:3] == ["numpy", "8", "9"]
    assert lines[-1].split()[:3] == ["tlc", "8", "9"]
    *ours, tlc = json.loads(file.read_text())["cases"][0]["checkers"]
    assert [each["times_faster"] for each in ours] == [{} for _ in ours]
    assert set(tlc["times_faster"]) == {each["name"] for each in ours}
    for each in ours:
        ratio = tlc["searching_seconds"] / each["searching_seconds"]
        assert tlc["times_faster"][each["name"]] == pytest.approx(ratio, abs=0.02)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_depth_by_several_workers_is_no_count(
    say: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    say(_printing(_RIGHT.replace("search is 6", "search is 7")))

    assert main(_SPEED) == 0
    assert main(_COMPARE) == 1


def test_speed_gives_another_checker_all_processors(
    say: Callable[[str], None], tmp_path: Path
) -> None:
    said = tmp_path / "arguments"
    say(f'echo "$@" > {said}\n{_printing(_RIGHT)}')

    assert main(_SPEED) == 0
    assert f"-workers {os.cpu_count()}" in said.read_text()
    assert main(_COMPARE) == 0
    assert "-workers 1 " in said.read_text()


@pytest.mark.parametrize(
    ("script", "status", "told"),
    [
        (_printing(_RIGHT.replace("8 distinct", "7 distinct")), 1, "DIFFERS: states: 8 here and 7"),
        ("echo out of memory; exit 3", 3, "ended with status 3: out of memory"),
        ("echo nothing of use", 3, "NO ANSWER: it said nothing of states\n"),
        (
            _printing("Invariant Claim is violated.\nState 1: \nState 2: \n"),
            1,
            "DIFFERS: in 1 steps it finds violated what holds here",
        ),
    ],
    ids=["counts differ", "fails", "says nothing", "violates"],
)
def test_speed_without_the_same_search_is_no_figure(
    script: str,
    status: int,
    told: str,
    say: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    say(script)

    assert main(_SPEED) == status
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--arbitrary", "1"], ["--mistakes"]])
def test_speed_of_what_has_no_name_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "compare", "--speed", *words]) == 2
    assert words[0] in capsys.readouterr().err


def test_speed_of_who_is_not_installed_is_told(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*_COMPARE, "--speed", "--with", "spin"]) == 3
    assert "NOT TIMED: spin is not installed" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_child_and_no_folder(number: signal.Signals, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    spin, temporary = tmp_path / "bin" / "spin", tmp_path / "temporary"
    spin.parent.mkdir()
    temporary.mkdir()
    spin.write_text(
        f"#!/bin/sh\nsleep 600 &\necho $$ $! > {pids}.new\nmv {pids}.new {pids}\nwait\n"
    )
    (spin.parent / "gcc").write_text("#!/bin/sh\n")
    for program in spin.parent.iterdir():
        program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{spin.parent}:{os.environ['PATH']}",
        "TMPDIR": str(temporary),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", *_COMPARE, "--with", "spin"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        limit = time.monotonic() + 60
        while not pids.exists():
            assert time.monotonic() < limit, "the checker did not start"
            time.sleep(0.05)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 130, output
    assert list(temporary.iterdir()) == []
    for pid in map(int, pids.read_text().split()):
        assert _is_gone(pid), f"process {pid} is still there"


def _is_gone(pid: int) -> bool:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(OtherCheckerError, match="nobody cannot be started"):
        run_program(tmp_path, (str(tmp_path / "nobody"),), seconds_max=1.0)


def _fake(said: Said, **limits: int) -> OtherChecker:
    limits = {"size_max": 10**6, "states_max": 10**6, **limits}
    return OtherChecker("fake", "tla", lambda: "", lambda *_: said, **limits)


def _row(checker: OtherChecker, budget: Budget | None = None) -> list[Row]:
    comparison = compare(Case(build("handles"), 1), [checker], budget=budget or Budget())
    return list(comparison.rows)


@pytest.mark.parametrize("limit", ["size_max", "states_max"])
def test_what_takes_too_long_is_left_out_with_its_reason(limit: str) -> None:
    (row,) = _row(_fake(Said(8, 9, 5), **{limit: 7}))

    assert row.agreement is Agreement.LEFT_OUT
    assert "too long, at most 7" in row.reason


def test_a_search_of_ours_that_ends_early_is_compared_with_nothing() -> None:
    assert _row(_fake(Said(8, 9, 5)), Budget(states_max=3)) == []


def test_what_a_checker_does_not_say_is_no_difference() -> None:
    (row,) = _row(_fake(Said(8, 9, None)))

    assert row.agreement is Agreement.AGREES


def test_another_length_is_a_difference() -> None:
    case = Case(build("visibility"), 1)
    # It gives one answer to the whole search and to that for a violation.
    said = iter([Said(32, 50, 4), Said(violation_length=3)])
    checker = dataclasses.replace(_fake(Said()), search=lambda *_: next(said))
    (row,) = compare(case, [checker], budget=Budget()).rows

    assert row.agreement is Agreement.DIFFERS
    assert "in 1 steps here and in 3 there" in row.reason


def test_bounds_are_of_models_that_there_are() -> None:
    assert set(BOUNDS) == set(MODELS)
    assert all(len(bounds) >= 5 for bounds in BOUNDS.values())
    for case in shipped_cases():
        assert case.title.startswith(case.model.title)
    assert [case.slots_count for case in shipped_cases(["effects"], "hardened", [1, 4])] == [1, 4]
    assert [case.slots_count for case in shipped_cases(["storage"], "overwrite-sync")] == [1]
    assert all(case.model.variant == "hardened" for case in shipped_cases((), "hardened"))


@pytest.mark.parametrize(
    ("transitions", "wanted"), [("350362717", 350_362_716), ("3.5036272e+08", None)]
)
def test_a_number_that_spin_rounds_is_none_that_it_says(
    transitions: str, wanted: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"31051988 states, stored\n{transitions} transitions (= stored+matched)\n"
    job = Job(tmp_path, tabulate(build("handles"), 1), 1.0, lambda: 0.0)
    monkeypatch.setattr(job, "run", lambda *_command, **_options: text)

    said = CHECKERS["spin"].search(job)

    assert (said.states_count, said.transitions_count) == (31_051_988, wanted)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.name)
@pytest.mark.by_day(3)
def test_a_mistake_in_a_model_is_found_by_every_engine_in_as_few_steps(mistake: Mistake) -> None:
    model = model_with(mistake)
    right = check_model(build(mistake.model, mistake.variant), mistake.slots_count)
    found = []
    for engine in ("plain", "numpy", "compiled"):
        if is_installed(engine):
            result = check_model(model, mistake.slots_count, engine=engine)
            lengths = {each.name: len(each.trace.steps) for each in result.properties if each.trace}
            found.append((result.states_count, result.transitions_count, lengths))

    assert right.judgement is Judgement.HOLDS
    assert found[0][2]
    assert all(each == found[0] for each in found)


def test_there_are_mistakes_in_every_model() -> None:
    assert {each.model for each in MISTAKES} == set(MODELS)
    assert len(MISTAKES) >= 20
    titles = [case.title for case in mistaken_cases()]
    assert len(set(titles)) == len(MISTAKES)


def test_arbitrary_cases_are_the_same_each_time() -> None:
    names = [case.model.name for case in arbitrary_cases(5)]

    assert names == [case.model.name for case in arbitrary_cases(5)]
    assert len(set(names)) == 5
    assert arbitrary_model(3).actions[0].name == "a0"


@pytest.mark.parametrize("name", sorted(CHECKERS))
def test_who_is_installed_agrees(name: str) -> None:
    """Several beginnings, a violation, and arbitrary tables; about ten seconds each."""
    checker = CHECKERS[name]
    missing = checker.missing()
    if missing:
        pytest.skip(f"not compared: {missing}")
    budget = Budget(seconds_max=120.0, clock=time.monotonic)
    for case in (Case(build("storage", "append"), 1), *arbitrary_cases(1)):
        (row,) = compare(case, [checker], budget=budget).rows
        assert row.agreement is Agreement.AGREES, row.reason
        assert row.said.violation_length is not None
