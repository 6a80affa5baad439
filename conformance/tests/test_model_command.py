"""The commands `model`, `findings` and `check --tour`: what they print, write and return."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.checker.engines import check_model
from conformance.checker.model import HARDENED
from conformance.checker.models.handles import handles
from conformance.errors import UsageError

pytest.importorskip("numpy", reason="the fast engine needs NumPy")


@pytest.mark.parametrize(
    "words",
    [
        ["model", "check", "storage"],
        ["model", "trace", "handles", "acknowledged stays"],
        ["model", "progress", "handles"],
        ["model", "compare", "handles", "--bound", "1"],
        ["model", "compare", "handles", "--bound", "1", "--speed"],
        ["findings", "F11"],
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json", str(tmp_path / "gone" / "x.json")]) == 2

    said = capsys.readouterr()
    assert "x.json: there is no such folder" in said.err
    assert said.out == ""


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert main(["model", "export", "tla", "handles", str(tmp_path / "file")]) == 2
    assert "file`: " in capsys.readouterr().err


def test_list_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "list"]) == 0

    said = capsys.readouterr().out
    for name in ("recovery", "write-ahead", "effects", "handles", "storage", "visibility"):
        assert f"{name} (faithful)" in said
        assert f"{name} (hardened)" in said


@pytest.mark.parametrize("engine", ["plain", "numpy"])
def test_check_shows_a_shortest_way(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "check", "handles", "--engine", engine]) == 1

    said = capsys.readouterr().out
    assert "handles (faithful), 2 slots: 212 states, 452 transitions, depth 10" in said
    assert "VIOLATED" in said
    assert "in 4 steps" in said


def test_without_numba_another_engine_searches_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "numba" else find_spec(name)
    )

    assert main(["model", "check", "handles", "--hardened", "--engine", "compiled"]) == 0
    told = capsys.readouterr()
    assert "engine `compiled` needs Numba" in told.err
    assert "`numpy` searches instead" in told.err
    assert "60 states" in told.out
    with pytest.raises(UsageError, match="checker-fast"):
        check_model(handles(HARDENED), engine="compiled")


def test_check_of_what_holds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "results.json"

    assert main(["model", "check", "handles", "--hardened", "--json", str(file)]) == 0
    (result,) = json.loads(file.read_text())["results"]
    assert result["judgement"] == "holds"
    assert result["states"] == 60
    assert {each["name"] for each in result["properties"]} == {"acknowledged stays", "one writer"}
    assert all(each["enabled"] > 0 for each in result["actions"])


def test_a_budget_that_ran_out_is_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "check", "handles", "--hardened", "--states", "5"]) == 3

    said = capsys.readouterr().out
    assert "INCONCLUSIVE: " in said
    assert "the budget is 5" in said


def test_expected_compares_with_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "check", "handles", "visibility", "--expected"]) == 0
    assert main(["model", "check", "handles", "--expected", "--bound", "1"]) == 1
    assert "the table of known results has no row for it" in capsys.readouterr().out


def test_trace_shows_steps_as_text_and_as_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "trace.json"

    assert main(["model", "trace", "handles", "acknowledged stays", "--json", str(file)]) == 1
    trace = json.loads(file.read_text())
    assert [step["slot"] for step in trace["steps"]] in ([0, 1, 0, 1], [1, 0, 1, 0])
    assert trace["start"]["slots"][0]["acknowledged_count"] == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" [")[0] for line in lines] == [
        "1. reads the file",
        "2. reads the file",
        "3. writes the file",
        "4. writes the file",
    ]


def test_trace_of_what_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "trace", "handles", "one writer", "--hardened"]) == 0
    assert "holds: there is no way to show" in capsys.readouterr().out


@pytest.mark.parametrize("language", ["tla", "promela", "murphi"])
def test_export_writes_files(language: str, tmp_path: Path) -> None:
    assert main(["model", "export", language, "handles", str(tmp_path / "out")]) == 0
    assert any((tmp_path / "out").rglob("*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model", "check", "handle"], "there is no such model"),
        (["model", "check", "handles", "--variant", "odd"], "it has no variant `odd`"),
        (["model", "check", "handles", "--symmetry"], "their order matters"),
        (["model", "check", "handles", "--hardened", "--variant", "x"], "ask for two variants"),
        (["model", "trace", "handles", "nothing"], "has no property `nothing`"),
        (["findings", "F47"], "there is no finding `F47`"),
        (["findings", "a:b", "c:d"], "2 targets"),
        (["check", "--tour", "--only", "WAL-01"], "--tour takes the whole tour"),
    ],
)
def test_wrong_usage_is_told(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_findings_of_the_reference(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, page = tmp_path / "found.json", tmp_path / "found.md"

    status = main(
        ["findings", "F6", "F14", "F39", "F41", "--json", str(file), "--markdown", str(page)]
    )
    assert status == 0
    found = {each["id"]: each for each in json.loads(file.read_text())["findings"]}
    assert [each["shown"] for each in found.values()] == [
        "shown",
        "shown",
        "not executable here",
        "not shown",
    ]
    assert found["F6"]["severity"] == "critical"
    assert found["F6"]["source"].startswith("durable.rs")
    assert "## F14: shown" in page.read_text()
    assert "waterproof-label" in capsys.readouterr().out


def test_findings_of_a_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", "F1", "F17", "tests.zoo.broken_wals:ListWal"]) == 0

    said = capsys.readouterr().out
    assert "F1 (high), not executable here" in said
    assert "see it on the reference" in said


def test_findings_of_a_harness(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"{sys.executable} -m conformance serve tests.zoo.broken_wals:ListWal"

    assert main(["findings", "F4", "--command", command]) == 0
    assert "F4 (medium), not executable here" in capsys.readouterr().out


def test_a_tour_of_a_target(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["check", "--tour", "tests.zoo.broken_wals:ListWal"]) == 0
    said = capsys.readouterr().out
    assert "profile tour" in said
    assert "tour of the bounded log: " in said
    assert main(["check", "--tour", "examples.broken_backend:IdempotentWal"]) == 1
    assert "at `append escalation 0 to 0 at tick 1`" in capsys.readouterr().out
