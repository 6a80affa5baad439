"""The command ``bench``: it measures, keeps, shows and compares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.tests.test_bench_figures import measured, saved_file


def run(*arguments: str | Path) -> int:
    try:
        return main(["bench", *map(str, arguments)])
    except SystemExit as end:
        return int(str(end.code))


def test_figures_are_shown_and_made_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kept file is all that it takes."""
    path = saved_file(tmp_path, measured("decode, ours", 10, 0.5))

    assert run("--from", path, "--html", tmp_path / "page.html") == 0

    assert "| decode, ours | 10 | 500 ms |" in capsys.readouterr().out
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("limit", "status"), [("2.5", 0), ("1.5", 1)])
def test_a_run_that_is_slower_than_allowed_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str, status: int
) -> None:
    """The ratio to the earlier run decides, and is shown."""
    (tmp_path / "old").mkdir()
    before = saved_file(tmp_path / "old", measured("a", 10, 0.5))
    after = saved_file(tmp_path, measured("a", 10, 1.0))

    assert run("--from", after, "--compare", before, "--fail-past", limit) == status

    captured = capsys.readouterr()
    assert "| a | 10 | 500 ms | 1 s | x 2.00 |" in captured.out
    assert ("1 measurements take more than 1.5 times longer" in captured.err) == bool(status)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fail-past", "2"), "--fail-past needs --compare"),
        (("--size", "150"), "expected a multiple of 100, got `150`"),
        (("--compare", "gone.json"), "gone.json: No such file"),
        (("--from", "gone.json"), "gone.json: No such file"),
        (("--also", "gone"), "--also gone: no such folder"),
        (("--html", "gone/page.html"), "there is no such folder"),
        (("no_such_module:x",), "there is no module `no_such_module`"),
    ],
)
def test_mistakes_are_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    """Before anything is measured, so whether the extra is installed does not matter."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert run(*arguments) == 2

    assert words in capsys.readouterr().err


def test_what_measures_is_an_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it the command says how to get it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert run() == 2

    assert "pip install 'telltale-spec[bench]'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the figures of one real run, on a backend of somebody else and a wrong one."""
    pytest.importorskip("pytest_benchmark", reason="the extra `bench` is not installed")
    folder = tmp_path_factory.mktemp("bench")
    (folder / "mine.py").write_text(_MINE, encoding="utf-8")
    words = [sys.executable, "-m", "conformance", "bench", "mine:Right", "mine:Wrong"]
    words += ["--size", "100", "--json", "kept.json", "--only", "test_append or test_load"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "kept.json"


_MINE = """
from telltale_spec import AgreementWalArtifact, InMemoryAgreementWal
from telltale_spec.backends.sqlite import SQLiteAgreementWal

def kept(directory):
    return SQLiteAgreementWal(directory / "log.db")

class Right(InMemoryAgreementWal):
    pass

class Wrong:
    def __init__(self): self.entries = []
    def append(self, entry): self.entries.append(entry)
    def read_since(self, tick): return AgreementWalArtifact(tuple(self.entries)).read_since(tick)
    def load(self): return AgreementWalArtifact(tuple(self.entries))
"""


def test_a_backend_of_somebody_else_is_measured(kept: Path) -> None:
    """Beside the floors, and with what a check said of it."""
    tree = json.loads(kept.read_text(encoding="utf-8"))
    found = {each["group"]: each["extra_info"] for each in tree["benchmarks"]}

    assert {"append, mine:Right", "load, mine:Right", "append, plain file, fsync"} <= found.keys()
    assert found["append, mine:Wrong"]["standing"] == "does not conform"
    assert tree["machine_info"]["flush_seconds"] > 0


@pytest.mark.nightly
def test_a_harness_is_measured_like_any_other(tmp_path: Path) -> None:
    """Under its command, checked first, and with the class that its handshake declares."""
    pytest.importorskip("pytest_benchmark", reason="the extra `bench` is not installed")
    (tmp_path / "mine.py").write_text(_MINE, encoding="utf-8")
    # A log alone, so that the check before is short.
    harness = f"{sys.executable} -m conformance serve mine:kept"
    harness += " --capability reopen --capability process-kill"
    # With a target beside it, so that the shipped backends are not judged here once more.
    words = [sys.executable, "-m", "conformance", "bench", "mine:Right", "--command", harness]
    words += ["--rejection-mode", "keeps-rejected"]
    words += ["--size", "100", "--json", "kept.json", "--only", "test_empty_read"]

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    tree = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))
    found = {each["group"]: each["extra_info"] for each in tree["benchmarks"]}
    labels = found[f"empty read, {harness}"]
    assert (labels["standing"], labels["durability"]) == ("conforming", "process")
    assert found["empty read, mine:Right"]["standing"] == "conforming"


def test_a_harness_that_does_not_start_is_told_in_one_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """And not by the traceback of the run that would have measured it."""
    pytest.importorskip("pytest_benchmark", reason="the extra `bench` is not installed")
    # It has read the first line by then, whoever of the two is quicker.
    harness = f"{sys.executable} -c 'input()'"

    assert run("--no-check", "--size", "100", "--command", harness) != 0

    told = "".join(capfd.readouterr())
    assert "it ended with exit status 0 before it answered" in told
    assert "Traceback" not in told


def test_what_is_said_to_another_pytest_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither that it is a parallel worker, in which nothing is measured, nor its options."""
    pytest.importorskip("pytest_benchmark", reason="the extra `bench` is not installed")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    kept = tmp_path / "kept.json"

    assert run("--no-check", "--size", "100", "--only", "test_empty_read", "--json", kept) == 0

    tree = json.loads(kept.read_text(encoding="utf-8"))
    # Without a target the shipped backends are the ones measured.
    assert "empty read, memory" in {each["group"] for each in tree["benchmarks"]}


def test_a_wrong_answer_is_no_figure(tmp_path: Path) -> None:
    """A log that loses what it is given fails the run, however fast it is."""
    pytest.importorskip("pytest_benchmark", reason="the extra `bench` is not installed")
    (tmp_path / "losing.py").write_text(_MINE + _LOSING, encoding="utf-8")
    words = [sys.executable, "-m", "conformance", "bench", "losing:Losing", "--no-check"]
    words += ["--size", "100", "--only", "test_load"]

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "1 failed" in done.stdout


def test_a_target_that_is_not_there_is_told_without_a_check_too(tmp_path: Path) -> None:
    """One line, and no traceback of pytest."""
    pytest.importorskip("pytest_benchmark", reason="the extra `bench` is not installed")
    words = [sys.executable, "-m", "conformance", "bench", "no_such_module:x", "--no-check"]

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "there is no module `no_such_module`" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


_LOSING = """
class Losing(Wrong):
    def load(self): return AgreementWalArtifact(tuple(self.entries[1:]))
"""
