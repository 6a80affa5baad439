"""Replays through the command line: what is written, what is printed, and the exit status."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.__main__ import main
from conformance.commands.replay_files import write_replays
from conformance.engine.suite import Suite
from conformance.machines.registry import SUITES
from conformance.records.replay_names import safe_name
from conformance.records.results import BackendReport, Counterexample, RequirementResult, Verdict
from conformance.report.junit import junit_xml
from conformance.report.markdown import markdown_summary
from conformance.report.page import html_page
from conformance.tests.saved_reports import report_with

ROOT = Path(__file__).resolve().parents[2]

TARGETS = """
import os, time
from conformance import declares
from tests.zoo.broken_wals import Deduplicates, KeepsRejected, ListWal
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache

Broken = Deduplicates
Good = ListWal
Keeps = KeepsRejected

class Raises(ListWal):
    def append(self, entry):
        raise KeyError("lost")

class Hangs(ListWal):
    def append(self, entry):
        time.sleep(1000)

def Told(history):
    return Deduplicates() if history.options.get("mode") == "broken" else ListWal()

def ends():
    os._exit(3)

Cache = InMemoryEvidenceOutcomeCache
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "replay_targets.py").write_text(TARGETS)
    monkeypatch.chdir(tmp_path)
    # A harness is another process, which looks for the zoo too.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = list(sys.path)
    yield tmp_path
    sys.modules.pop("replay_targets", None)
    sys.path[:] = path


def status_of(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as ended:
        return int(str(ended.code))


_TEXTS: list[str] = []


def written(folder: Path) -> Path:
    """Judge the broken log, which writes its replay; do so once for all tests."""
    path = folder / ".telltale/replays/replay_targets_Broken/WAL-02.json"
    if not _TEXTS:
        assert status_of("check", "replay_targets:Broken", "--only", "WAL-02") == 1
        _TEXTS.append(path.read_text())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_TEXTS[0])
    return path


def test_the_printed_command_repeats_what_the_backend_was_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TELLTALE_TARGET_OPTION_MODE", "right")
    monkeypatch.setenv("TELLTALE_TARGET_OPTION_PASSWORD", "")
    told = ("--target-option", "mode=broken", "--target-option", "password=hunter2")

    assert status_of("check", "replay_targets:Told", *told, "--only", "WAL-02") == 1

    shown = capsys.readouterr().out
    (command,) = re.findall("replay:   telltale-conformance (.*)", shown)
    assert command.endswith(" --target-option mode=broken --target-option password=***")
    monkeypatch.setenv("TELLTALE_TARGET_OPTION_MODE", "right")
    assert status_of(*shlex.split(command)) == 1
    assert "still failing" in capsys.readouterr().out
    (path,) = [word for word in shlex.split(command) if word.endswith(".json")]
    assert status_of("replay", path, "replay_targets:Told", "--target-option", "x") == 2
    assert "--target-option `x`: expected NAME=VALUE" in capsys.readouterr().err


def test_a_failure_is_written_and_replayed_on_every_kind_of_backend(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _TEXTS.clear()
    path = written(folder)
    shown = capsys.readouterr().out
    name = ".telltale/replays/replay_targets_Broken/WAL-02.json"
    assert f"replay:   telltale-conformance replay {name} replay_targets:Broken" in shown
    expected = {
        "Broken": (1, "still failing\nWAL-02 ("),
        "Good": (0, "WAL-02 of replay_targets:Broken: fixed\n"),
        "Raises": (1, "fails differently: what it breaks now is WAL-09\nWAL-09 ("),
        "Cache": (4, "cannot run: the backend has no agreement WAL\n"),
        "ends": (4, "cannot run: its process ended by itself with status 3"),
        "Hangs": (4, "cannot run: no answer within 1 seconds from: append"),
    }
    for target, (status, text) in expected.items():
        arguments = ("replay", name, f"replay_targets:{target}", "--call-timeout", "1")
        assert (target, status_of(*arguments)) == (target, status)
        assert text in capsys.readouterr().out
    schema = json.loads(
        (resources.files("conformance") / "schemas/replay.v1.schema.json").read_text()
    )
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text()))


def test_a_different_failure_shows_what_was_recorded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(folder))
    capsys.readouterr()
    status_of("replay", path, "replay_targets:Raises")
    output = capsys.readouterr().out

    assert "  actual:   raised KeyError: 'lost'" in output
    assert "  recorded actual:   [gate" in output


def test_the_worst_of_several_files_counts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(folder)
    copy = folder / "copy.json"
    copy.write_bytes(path.read_bytes())
    capsys.readouterr()

    assert status_of("replay", str(path), str(copy), "replay_targets:Broken") == 1
    assert capsys.readouterr().out.count("still failing") == 2


def test_the_promises_of_the_check_are_in_the_printed_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promises = ("--capability", "exact-messages", "--rejection-mode", "keeps-rejected")
    assert status_of("check", "replay_targets:Good", "--only", "WAL-10", *promises) == 1
    output = capsys.readouterr().out
    (line,) = [line for line in output.splitlines() if line.startswith("  replay:")]
    words = line.partition("telltale-conformance ")[2].split()

    assert words[-4:] == [*promises]
    assert status_of(*words) == 1
    assert status_of(*words[:-2]) == 4
    assert "the failure is one of keeps-rejected" in capsys.readouterr().out


def test_nothing_is_written_where_nothing_fails(folder: Path) -> None:
    assert status_of("check", "replay_targets:Good", "--only", "WAL-02") == 0
    assert not (folder / ".telltale").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["replay"], "required"),
        (["replay", "replay_targets:Good"], "give a replay file before the target"),
        (["replay", "missing.json", "replay_targets:Good"], "cannot be read: No such file"),
        (["replay", "replay_targets.py", "replay_targets:Good"], "is not JSON"),
        (["replay", "FILE"], "is of `replay_targets:Broken`: give its package.module:factory"),
        (["replay", "FILE", "replay_targets:missing"], "has no `missing`"),
        (["replay", "FILE", "replay_targets:Good", "--command", "x"], "give one of them"),
        (["replay", "FILE", "--command", "'"], "No closing quotation"),
        (["replay", "FILE", "--command", "x", "--capability", "reopen"], "are for targets"),
        (["replay", "FILE", "a:b", "--capability", "flight"], "capability `flight`"),
        (["replay", "FILE", "--print", "pytest"], "--print pytest needs the backend"),
        (["replay", "FILE", "a:b", "--print", "lines"], "--print lines needs --command"),
        (["replay", "FILE", "FILE", "a:b", "--print", "pytest"], "--print needs one file"),
        (["replay", "FILE", "a:b", "--print", "verse"], "pytest"),
        (["check", "replay_targets:Good", "--replays", "replay_targets.py"], "that is no folder"),
    ],
)
def test_wrong_arguments_are_a_usage_error(
    folder: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(folder))
    capsys.readouterr()
    status = status_of(*(path if each == "FILE" else each for each in arguments))
    captured = capsys.readouterr()

    assert status == 2
    assert expected in captured.err
    assert captured.out == ""


def test_the_printed_test_is_a_whole_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(written(folder))
    capsys.readouterr()
    assert status_of("replay", path, "replay_targets:Broken", "--print", "pytest") == 0
    (folder / "test_printed.py").write_text(capsys.readouterr().out)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_printed.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 1, done.stdout
    assert "AssertionError: still failing\n" in done.stdout


def test_a_harness_is_replayed_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(written(folder))
    capsys.readouterr()
    program = f"{sys.executable} -m conformance serve"
    expected = {"Broken": (1, "still failing"), "Good": (0, "fixed"), "Cache": (4, "cannot run")}
    for target, (status, text) in expected.items():
        command = f"{program} replay_targets:{target}"
        assert status_of("replay", path, "--command", command) == status
        assert text in capsys.readouterr().out


def test_the_lines_for_a_harness_are_what_it_is_told(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = str(written(folder))
    command = f"{sys.executable} -m conformance serve replay_targets:Broken"
    capfd.readouterr()
    assert status_of("replay", path, "--command", command, "--print", "lines") == 0
    lines = capfd.readouterr().out.splitlines()
    messages = [json.loads(line) for line in lines]
    (first, *_), (last, *_) = messages, reversed(messages)

    assert (first["operation"], last["operation"]) == ("hello", "shutdown")
    appended = [each["entry"] for each in messages if each.get("operation") == "wal.append"]
    acts = json.loads(Path(path).read_text())["acts"]
    assert appended[-2:] == [act["entry"] for act in acts]
    # Told the same again, a harness comes as far by itself.
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "serve", "replay_targets:Broken"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[-1]["id"] == last["id"]


def test_the_lines_of_a_harness_that_breaks_are_told_up_to_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(folder))
    capsys.readouterr()
    status = status_of("replay", path, "--command", "no-such-program", "--print", "lines")

    captured = capsys.readouterr()

    assert status == 4
    assert "`no-such-program` cannot be started" in captured.err
    assert captured.out == ""


# Files


def failing(name: str, *requirement_ids: str) -> BackendReport:
    results = [
        RequirementResult(
            each, "MUST", Verdict.FAIL, 1, "", Counterexample(each, "agreement WAL", [], "a", "b")
        )
        for each in requirement_ids
    ]
    return BackendReport(name, [], "clean-reject", results, [], [])


def test_each_backend_has_a_folder_of_its_own(tmp_path: Path) -> None:
    names = ["a:b", "a_b", "A:B", "../../x", "", "\udc80", "e" * 300, "nothing"]
    reports = [
        failing(name, *(["WAL-01", "WAL-03.text"] if name != "nothing" else [])) for name in names
    ]
    paths = [path for files in write_replays(reports, tmp_path) for path in files.values()]

    # There are file systems to which names that differ in case alone are one name.
    assert len({str(path).casefold() for path in paths}) == 2 * (len(names) - 1)
    assert all(path.is_file() and path.parent.parent == tmp_path for path in paths)
    assert not (tmp_path / "nothing").exists()
    assert write_replays(reports, tmp_path)[0]["WAL-03.text"] == tmp_path / "a_b/WAL-03.text.json"


@pytest.mark.parametrize("form", [junit_xml, markdown_summary, html_page])
def test_reports_name_the_files_that_are_written(tmp_path: Path, form: Any) -> None:
    """Whatever the backends are called, and although some of them did not fail."""
    names = ["./my-harness", "a:b", "nothing", "a_b", "A:B", "\u65e5\u672c", "e" * 300]
    reports = [failing(name, *(["WAL-01"] if name != "nothing" else [])) for name in names]
    text = form(report_with(*reports))

    for files in write_replays(reports, tmp_path):
        for path in files.values():
            assert f" REPLAYS/{path.relative_to(tmp_path).as_posix()} TARGET" in text


def test_a_safe_name_is_always_the_same() -> None:
    assert safe_name("my.package:Make-1") == "my.package_Make-1"
    assert safe_name("\u65e5\u672c") == safe_name("\u65e5\u672c") != safe_name("\u65e5")


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_the_page_names_every_act(suite: Suite) -> None:
    page = (ROOT / "docs/replay.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {suite.name} |")]
    forms: Any = suite
    names = forms._act_forms()

    assert sorted(row.partition("| `")[2].rstrip("` |").split("`, `")) == sorted(names)
