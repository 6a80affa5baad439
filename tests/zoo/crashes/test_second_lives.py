"""What goes wrong after a first crash, or for one kind of value, is found as a user finds it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.crashes.strace import obstacle
from tests.zoo.crashes.second_lives import BROKEN, RIGHT

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")


def _failed(name: str, ids: list[str], folder: Path) -> list[str]:
    """Check a storage against some requirements and return those that it fails."""
    report = folder / "report.json"
    promises = ("reopen", "process-kill", "power-loss")
    words = [word for each in promises for word in ("--capability", each)]
    words += [word for each in ids for word in ("--only", each)]
    words += ["--json", str(report), "--replays", str(folder / "replays")]

    status = main(["check", f"tests.zoo.crashes.second_lives:{name}", *words])

    (backend,) = json.loads(report.read_text(encoding="utf-8"))["backends"]
    found = {each["requirement_id"]: each["verdict"] for each in backend["results"]}
    assert status == ("fail" in found.values())
    return [each for each in ids if found[each] != "pass"]


@pytest.mark.by_day(8)
@pytest.mark.parametrize("name", BROKEN)
def test_a_second_life_that_goes_wrong_fails_what_it_breaks(name: str, tmp_path: Path) -> None:
    requirement_id = BROKEN[name][2]

    assert _failed(name, [requirement_id], tmp_path) == [requirement_id]


@pytest.mark.by_day(8)
@pytest.mark.parametrize("name", RIGHT)
def test_a_second_life_that_goes_well_fails_nothing(name: str, tmp_path: Path) -> None:
    chapter = "WAL-08" if RIGHT[name][0] == "log" else "CACHE-08"
    ids = [f"{chapter}.{each}" for each in ("kill-inside", "power", "recovery", "progress")]

    assert _failed(name, ids, tmp_path) == []
