"""The plugin inside of other people's test runs; each is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOGS = """
from tests.zoo.broken_wals import ListWal

class Good(ListWal):
    pass

class Inclusive(ListWal):
    def read_since(self, tick):
        return [entry for entry in self.entries if entry.tick >= tick]

def exits():
    raise SystemExit(3)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs.py").write_text(LOGS)
    (tmp_path / "test_ordinary.py").write_text("def test_ordinary():\n    assert True\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--telltale-profile", "quick", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_good_backend_passes_beside_ordinary_tests(folder: Path) -> None:
    status, output = run(
        folder, "--telltale-backend", "logs:Good", "-ra", "-v", "-p", "no:cacheprovider"
    )

    assert status == 0
    assert "test_ordinary.py::test_ordinary PASSED" in output
    assert "logs:Good::WAL-02 PASSED" in output
    assert " failed" not in output
    # Why something was left out is said with its requirement.
    assert "WAL-08: the backend does not declare reopen" in output
    assert "WAL-10: the backend does not declare keeps-rejected" in output
    assert not (folder / ".pytest_cache").exists()


def test_a_broken_backend_fails_where_it_is_broken_and_shows_how(folder: Path) -> None:
    status, output = run(folder, "--telltale-backend", "logs:Inclusive")

    assert status == 1
    failed = [line.split()[1] for line in output.splitlines() if line.startswith("FAILED ")]
    assert failed == ["logs:Inclusive::WAL-05"]
    assert "logs:Inclusive: WAL-05 ___" in output
    assert "The shortest history found that breaks it:" in output
    assert "    1. append " in output
    assert "  expected: " in output
    assert "  actual:   [" in output
    for word in ("Traceback", "hypothesis/", "conformance/", "session.py", "Falsifying"):
        assert word not in output.partition("= FAILURES =")[2].partition("short test summary")[0]


@pytest.mark.nightly
def test_tests_are_selected_and_listed_like_others(folder: Path) -> None:
    status, output = run(folder, "--telltale-backend", "logs:Good", "-k", "WAL-02", "-q")
    assert status == 0, output
    assert "1 passed" in output

    status, output = run(folder, "--telltale-backend", "logs:Inclusive", "--collect-only", "-q")
    assert status == 0, output
    assert "test_ordinary.py::test_ordinary" in output
    assert "logs:Inclusive::WAL-05" in output
    assert "passed" not in output


def test_a_time_limit_cuts_a_run_short(folder: Path) -> None:
    limited = ("--telltale-backend", "logs:Good", "--telltale-time-limit")
    status, output = run(folder, *limited, "0")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "expected seconds above 0, got `0`" in output

    status, output = run(folder, *limited, "0.001", "-k", "WAL-02", "-ra")
    assert status == 1, output
    assert "open, which is not a pass: WAL-02" in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--telltale-backend", "logs:missing"), "target `logs:missing`: `logs` has no `missing`"),
        (
            ("--telltale-backend", "logs:exits"),
            "backend `logs:exits`: the factory raised SystemExit: 3 (logs.py, line 12)",
        ),
    ],
)
def test_a_wrong_target_is_a_usage_error_in_one_line(
    folder: Path, arguments: tuple[str, ...], expected: str
) -> None:
    status, output = run(folder, *arguments)

    assert status == pytest.ExitCode.USAGE_ERROR
    assert [line for line in output.splitlines() if "ERROR" in line] == [f"ERROR: {expected}"]
    assert "Traceback" not in output


def test_a_wrong_option_is_a_usage_error(folder: Path) -> None:
    status, output = run(folder, "--telltale-seed=-1")

    assert status == pytest.ExitCode.USAGE_ERROR
    assert (
        "error: argument --telltale-seed: expected an integer from 0 to 2^64-1, got `-1`" in output
    )


def test_the_plugin_costs_nothing_without_its_option(folder: Path) -> None:
    (folder / "test_cost.py").write_text(
        "import sys\n"
        "def test_cost():\n"
        "    assert 'conformance.pytest_plugin' in sys.modules\n"
        "    assert 'conformance.run.runner' not in sys.modules\n"
        "    assert 'hypothesis.stateful' not in sys.modules\n"
        "    assert 'telltale_spec' not in sys.modules\n"
        "    assert 'hypothesis' not in sys.modules\n"
    )
    # The plugin of Hypothesis itself would load it.
    status, output = run(folder, "-q", "-p", "no:hypothesispytest")

    assert status == 0, output
    assert "2 passed" in output


@pytest.mark.nightly
def test_a_harness_is_judged_like_an_object(folder: Path) -> None:
    """``--telltale-command`` starts a program, and the harness is gone when the run is."""
    command = f"{sys.executable} -m conformance serve logs:Inclusive"
    status, output = run(folder, "--telltale-command", command, "--telltale-json", "found.json")

    assert status == 1
    failed = [line for line in output.splitlines() if line.startswith("FAILED ")]
    assert len(failed) == 1
    assert "::WAL-05 - WAL-05 " in failed[0]
    (backend,) = json.loads((folder / "found.json").read_text())["backends"]
    assert backend["name"] == "logs:Inclusive"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--telltale-command", "there-is-no-such-program"), "cannot be started"),
        (("--telltale-command", "'"), "No closing quotation"),
        (
            ("--telltale-command", "x", "--telltale-backend", "logs:Good"),
            "--telltale-backend and --telltale-command exclude each other",
        ),
    ],
)
def test_a_harness_that_cannot_be_judged_is_a_usage_error_in_one_line(
    folder: Path, arguments: tuple[str, ...], expected: str
) -> None:
    status, output = run(folder, *arguments)

    assert status == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in output.splitlines() if "ERROR" in line]
    assert expected in line
    assert "Traceback" not in output
