"""``check --file-system``: what is judged, and what the report says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.crashes.fault_suites import FaultSuite
from conformance.crashes.persistence import FileSystem
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CrashSuite
from conformance.crashes.tests import crash_logs
from conformance.machines.registry import SUITES, suites_on

TARGET = f"{crash_logs.__name__}:no_folder_sync"


@pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")
@pytest.mark.parametrize(("name", "status"), [("posix", 1), ("ext4", 0)])
@pytest.mark.requirement("WAL-08.power")
def test_a_log_is_judged_on_the_file_system_that_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, status: int
) -> None:
    """One that does not sync the folder needs ext4, and the report says that it was that."""
    saved = tmp_path / "report.json"
    words = ["check", TARGET, "--only", "WAL-08.power", "--file-system", name]

    assert main([*words, "--json", str(saved), "--replays", str(tmp_path)]) == status
    [backend] = json.loads(saved.read_text(encoding="utf-8"))["backends"]
    told = "judged on ext4 alone, which loses less than posix"
    assert any(told in note for note in backend["notes"]) == (name == "ext4")
    assert (told in capsys.readouterr().out) == (name == "ext4")


def test_an_unknown_file_system_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", TARGET, "--file-system", "odd"])
    assert ended.value.code == 2
    assert "invalid choice: 'odd'" in capsys.readouterr().err


def test_all_suites_are_there_on_every_file_system() -> None:
    assert suites_on("posix") == SUITES
    for file_system in FileSystem:
        suites = suites_on(file_system.value)
        assert [each.name for each in suites] == [each.name for each in SUITES]
        crashed = [each for each in suites if isinstance(each, CrashSuite | FaultSuite)]
        assert {each.file_system for each in crashed} == {file_system}
