"""Calls that fail while an opening mends what a kill has left: who looks passes, others fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.crashes.strace import obstacle
from tests.zoo.crashes import disturbed_repairs
from tests.zoo.crashes.disturbed_repairs import BROKEN, RIGHT

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

ALONE = ("reopen", "power-loss", "fault-tolerance")
WITH_KILLS = (*ALONE, "process-kill")


def _words(promises: tuple[str, ...]) -> list[str]:
    return [word for each in promises for word in ("--capability", each)]


def _checked(name: str, ids: list[str], folder: Path, promises: tuple[str, ...]) -> dict[str, Any]:
    """Check a storage against some requirements and return what the report says of it."""
    report = folder / "report.json"
    only = [word for each in ids for word in ("--only", each)]
    files = ["--json", str(report), "--replays", str(folder / "replays")]

    main(["check", f"{disturbed_repairs.__name__}:{name}", *_words(promises), *only, *files])

    (backend,) = json.loads(report.read_text(encoding="utf-8"))["backends"]
    assert isinstance(backend, dict)
    return backend


def _verdicts(backend: dict[str, Any]) -> dict[str, str]:
    return {each["requirement_id"]: each["verdict"] for each in backend["results"]}


@pytest.mark.by_day(10)
@pytest.mark.parametrize("name", BROKEN)
def test_who_does_not_look_at_what_mends_it_fails(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requirement_id = BROKEN[name][2]

    report = _checked(name, [requirement_id], tmp_path, WITH_KILLS)

    assert _verdicts(report) == {requirement_id: "fail"}
    told = capsys.readouterr().out
    assert "crash: the process is killed here (kill-inside)" in told
    assert "fault: " in told
    (recorded,) = (tmp_path / "replays").rglob("*.json")
    target = f"{disturbed_repairs.__name__}:{name}"
    assert main(["replay", str(recorded), target, *_words(WITH_KILLS)]) == 1


@pytest.mark.nightly
@pytest.mark.by_day(10)
@pytest.mark.parametrize("name", RIGHT)
def test_who_reports_it_passes(name: str, tmp_path: Path) -> None:
    chapter = "WAL-08" if RIGHT[name][0] == "log" else "CACHE-08"
    ids = [f"{chapter}.{each}" for each in ("fsync-error", "disk-full", "io-error")]

    report = _checked(name, ids, tmp_path, WITH_KILLS)

    assert _verdicts(report) == dict.fromkeys(ids, "pass")
    assert any("calls of openings behind a kill" in each for each in report["notes"])


@pytest.mark.by_day(1)
@pytest.mark.parametrize("name", ["TakesItForWhole_log", "DoesWithoutTheCopy_cache"])
def test_who_does_not_promise_to_survive_a_kill_is_not_asked(name: str, tmp_path: Path) -> None:
    requirement_id = BROKEN[name][2]

    report = _checked(name, [requirement_id], tmp_path, ALONE)

    assert _verdicts(report) == {requirement_id: "pass"}
