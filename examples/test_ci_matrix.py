"""The matrix of other systems and Pythons starts what there is, and claims no more than README."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from conformance.engine.profiles import PROFILES

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _commands(job: str) -> list[str]:
    steps: list[dict[str, Any]] = WORKFLOW["jobs"][job]["steps"]
    return [step["run"] for step in steps if "run" in step]


def test_at_night_everything_is_tried_with_every_other_checker() -> None:
    commands = _commands("night")

    assert commands[-1] == "tox run -m night"
    installed = {word for command in commands if "install" in command for word in command.split()}
    assert {"spin", "rumur", "gcc", "default-jre-headless", "strace"} <= installed
    # YAML reads the word `on` as a truth value.
    assert WORKFLOW[True]["schedule"]


def test_every_python_that_readme_names_is_in_the_matrix() -> None:
    pythons = WORKFLOW["jobs"]["anywhere"]["strategy"]["matrix"]["python"]
    systems = WORKFLOW["jobs"]["anywhere"]["strategy"]["matrix"]["os"]

    assert {"3.11", "3.12", "3.13", "3.14"} <= {*pythons}
    assert any(each.endswith("t") for each in pythons)
    assert {each.partition("-")[0] for each in systems} == {"ubuntu", "macos", "windows"}


def test_what_was_never_run_may_fail_and_is_told() -> None:
    job = WORKFLOW["jobs"]["anywhere"]

    assert job["continue-on-error"] is True
    assert "not tried yet" in job["name"]
    assert re.search(r"Never run by us: .*macOS, Windows", README, re.DOTALL)


def test_no_python_is_claimed_that_was_not_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    claimed = {
        each.rpartition(" ")[2] for each in project["classifiers"] if ":: Python :: 3." in each
    }

    assert claimed == {"3.11"}
    assert "with Python 3.11, and nowhere else so far" in README


def test_the_command_that_judges_is_one_that_there_is() -> None:
    (judging,) = [
        each for each in _commands("anywhere") if each.startswith("telltale-conformance check")
    ]

    assert judging.split()[3] in PROFILES


def test_the_folders_and_files_that_are_started_are_there() -> None:
    (whole,) = [each for each in _commands("all") if each.startswith(".ci")]
    assert (ROOT / whole).is_file()
    tested = {
        word
        for command in _commands("anywhere")
        if "pytest -n" in command
        for word in command.partition("pytest ")[2].split()
        if word.isidentifier() and word != "worksteal"
    }
    assert tested == {"telltale_spec", "strategies", "conformance", "examples", "tests"}
    assert all((ROOT / each).is_dir() for each in tested)
