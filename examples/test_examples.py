"""The examples do what the README says of them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backend import Launch
from conformance.checks import check_agreement_wal
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.engine.watch import CallWatch
from conformance.machines.wal import WAL_SUITE
from conformance.report.text import counterexample_text
from conformance.run.targets import load_target
from examples.own_backend import make_wal
from tests.zoo.judging import failed, judged

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.nightly
def test_own_backend_conforms() -> None:
    check_agreement_wal(make_wal, capabilities=("reopen", "exact-messages"), profile="quick")


def test_the_backend_of_the_readme_conforms_word_for_word(tmp_path: Path) -> None:
    """Both of its blocks run as they are, in files of the names that they give."""
    section = README.read_text(encoding="utf-8").partition("## Test your own backend")[2]
    backend, test = re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[:2]
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package/storage.py").write_text(backend, encoding="utf-8")
    (tmp_path / "test_my_log.py").write_text(test, encoding="utf-8")
    checked = ("conformance", "check", "my_package.storage:MyWal", "--profile", "quick")

    for words in (checked, ("pytest", "-q", "-p", "no:cacheprovider")):
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_own_backend_is_as_short_as_promised() -> None:
    lines = (Path(__file__).parent / "own_backend.py").read_text(encoding="utf-8").splitlines()

    assert len(lines) < 40


def test_broken_backend_fails_as_the_first_screen_shows() -> None:
    with CallWatch() as watch:
        backend = load_target("examples.broken_backend:IdempotentWal", watch)
    report = judged(backend, (WAL_SUITE,), profile_name="quick")
    result = report.result("WAL-01")

    assert failed(report) == ["WAL-01", "WAL-02"]
    assert result is not None
    assert result.counterexample is not None
    assert counterexample_text(result.counterexample) in README.read_text(encoding="utf-8")


@pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")
def test_the_flushed_log_fails_as_the_first_screen_shows() -> None:
    """Line by line, in order; what stands between them is left out there."""
    target = "examples.flushed_log:FlushedWal"
    with CallWatch() as watch:
        backend = load_target(target, watch)
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    launched = replace(backend, launch=Launch(command))
    report = judged(launched, CRASH_SUITES[1:2], profile_name="quick", only=("WAL-08.power",))
    result = report.result("WAL-08.power")

    assert failed(report) == ["WAL-08.power"]
    assert result is not None
    assert result.counterexample is not None
    _, shown = README.read_text(encoding="utf-8").split(f"check {target} --only WAL-08.power\n\n")
    told = iter(counterexample_text(result.counterexample).splitlines())
    for line in shown.partition("```")[0].splitlines():
        assert line.strip() == "..." or line in told, line
