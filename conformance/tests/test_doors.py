"""The same backend gets the same report through every door."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.zoo.door_targets import BROKEN

ROOT = Path(__file__).resolve().parents[2]
TARGETS = "tests.zoo.door_targets"
# A busy machine must not see less through the slower door.
PATIENT = ("--time-limit", "1000")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=1_500,
        check=False,
    )


def reports(folder: Path, target: str) -> dict[str, dict[str, Any]]:
    """Judge one target through each door; return the reports by the name of the door."""
    served = shlex.join([sys.executable, "-m", "conformance", "serve", target])
    (folder / "test_nothing.py").write_text("def test_nothing():\n    assert True\n")
    doors = {
        "object": ("conformance", "check", target, *PATIENT, "--json", "object.json"),
        "command": (
            "conformance",
            "check",
            "--command",
            served,
            *PATIENT,
            "--json",
            "command.json",
        ),
        "plugin": (
            *("pytest", "-q", "-p", "no:cacheprovider", "--telltale-profile", "quick"),
            *("--telltale-time-limit", "1000"),
            *("--telltale-backend", target, "--telltale-json", "plugin.json"),
        ),
    }
    found = {}
    for door, arguments in doors.items():
        done = run(folder, *arguments)
        path = folder / f"{door}.json"
        assert path.exists(), done.stdout + done.stderr
        found[door] = _without_clocks(json.loads(path.read_text()))
    return found


def _without_clocks(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without the samples that only an object can show: of clocks that are set."""
    for backend in report["backends"]:
        backend["samples"] = [
            each for each in backend["samples"] if not each["suite"].endswith("by another clock")
        ]
    return report


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Return where two reports differ, each place with both values."""
    if type(one) is type(other) and isinstance(one, dict) and one.keys() == other.keys():
        return [line for key in one for line in differences(one[key], other[key], f"{path}/{key}")]
    if type(one) is type(other) and isinstance(one, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, f"{path}/{i}")]
    return [] if one == other else [f"{path}: {one!r} != {other!r}"]


def failed(report: dict[str, Any]) -> list[str]:
    (backend,) = report["backends"]
    return [each["requirement_id"] for each in backend["results"] if each["verdict"] == "fail"]


@pytest.mark.nightly
def test_the_reference_gets_one_report_through_all_doors(tmp_path: Path) -> None:
    found = reports(tmp_path, f"{TARGETS}:REFERENCE")

    assert failed(found["object"]) == []
    passed = [each["verdict"] for each in found["object"]["backends"][0]["results"]]
    assert passed.count("pass") > 90
    assert differences(found["command"], found["object"]) == []
    assert differences(found["plugin"], found["object"]) == []


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "requirement_id"), [pytest.param(*row, id=row[0]) for row in BROKEN.items()]
)
def test_a_broken_backend_gets_one_report_through_all_doors(
    tmp_path: Path, name: str, requirement_id: str
) -> None:
    found = reports(tmp_path, f"{TARGETS}:{name}")

    assert requirement_id in failed(found["object"])
    assert differences(found["command"], found["object"]) == []
    assert differences(found["plugin"], found["object"]) == []
