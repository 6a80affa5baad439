"""The files for continuous integration give what the commands take, and judge as they stand."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLES = Path(__file__).parent
ROOT = EXAMPLES.parent


def run(folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a module of this interpreter where a project of a user would be."""
    return subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLES / "own_backend.py", tmp_path)
    return tmp_path


def judging_command(script: str) -> list[str]:
    """Return the arguments of the command that judges, with what a service puts in filled in."""
    quick = {"PROFILE": "quick", "SEED": "0"}
    script = re.sub(r"--profile \$\{\{.*?\}\}", "--profile quick", script)
    script = re.sub(r"--seed \$\{\{.*?\}\}", "--seed 0", script)
    for name, value in quick.items():
        script = script.replace(f"${name}", value)
    program, *words = shlex.split(script)
    assert program == "telltale-conformance"
    assert "$" not in script
    return ["conformance", *words]


def loaded(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / "ci" / name).read_text(encoding="utf-8"))


def commands() -> dict[str, str]:
    steps = loaded("github-workflow.yml")["jobs"]["conformance"]["steps"]
    (github,) = [each["run"] for each in steps if "conformance check" in each.get("run", "")]
    (gitlab,) = loaded("gitlab-ci.yml")["conformance"]["script"]
    return {"github": github, "gitlab": gitlab}


@pytest.mark.nightly
@pytest.mark.parametrize("service", ["github", "gitlab"])
@pytest.mark.by_day(2)
def test_the_command_of_a_service_judges_and_writes_what_is_kept(
    folder: Path, service: str
) -> None:
    # What it writes does not depend on how much it judges.
    done = run(folder, [*judging_command(commands()[service]), "--only", "WAL-07"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert {each.name for each in folder.glob("report.*")} == {
        "report.json",
        "report.xml",
        "report.html",
    }


@pytest.mark.nightly
def test_pytest_judges_by_its_settings_alone(folder: Path) -> None:
    shutil.copy(EXAMPLES / "ci" / "pytest.ini", folder)
    (folder / "test_nothing.py").write_text("def test_nothing():\n    assert True\n")

    done = run(folder, ["pytest", "-q", "-p", "no:cacheprovider"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert (folder / "report.json").exists()


def test_what_fails_ends_a_job(folder: Path) -> None:
    shutil.copy(EXAMPLES / "broken_backend.py", folder)
    command = judging_command(commands()["gitlab"])
    command[command.index("own_backend:make_wal")] = "broken_backend:IdempotentWal"

    assert run(folder, [*command, "--only", "WAL-01"]).returncode == 1
