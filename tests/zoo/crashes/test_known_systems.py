"""Known systems do in crashes what is known of them; all rows are in ``known_table``."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.crashes.persistence import FileSystem
from conformance.crashes.strace import obstacle
from tests.zoo.crashes.known_systems import KILL, POWER, SYSTEMS, Fate, absence
from tests.zoo.crashes.known_table import fates_of, main, table_text

DOCUMENT = Path(__file__).parents[3] / "docs/crashes.md"
BY_NAME = {system.name: system for system in SYSTEMS}
KINDS = {KILL, *POWER.values()}
POSIX, EXT4 = POWER[FileSystem.POSIX], POWER[FileSystem.EXT4]


@pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sqlite_wal_full", POSIX),
        pytest.param("sqlite_wal_normal", POSIX, marks=pytest.mark.nightly),
        ("file", KILL),
        ("lmdb", EXT4),
        ("lmdb_writemap", KILL),
        ("renamed_no_file_sync", POSIX),
        # It keeps everything, by a grace of the file system, so every state is judged.
        pytest.param("renamed_no_file_sync", EXT4, marks=pytest.mark.nightly),
    ],
)
@pytest.mark.requirement("WAL-08.kill-inside", "WAL-08.power")
@pytest.mark.by_day(4)
def test_a_known_system_does_what_is_known_of_it(name: str, kind: str) -> None:
    """One that keeps it, one that loses it, one that breaks, and one that nobody can see."""
    system = BY_NAME[name]
    if absence(system):
        pytest.skip(absence(system))

    assert fates_of(system, [kind]) == {kind: system.fates[kind]}


def test_the_table_is_whole_and_tells_systems_apart() -> None:
    assert len(BY_NAME) == len(SYSTEMS)
    assert all({*system.fates} == KINDS for system in SYSTEMS)
    assert all(system.source and system.title for system in SYSTEMS)
    for kind in KINDS:
        assert {Fate.KEEPS, Fate.LOSES} <= {system.fates[kind] for system in SYSTEMS}


def test_the_document_has_the_table_that_is_expected() -> None:
    """What a run wrote there is what the rows say, whoever could not run all of them."""
    expected = table_text({system.name: system.fates for system in SYSTEMS})

    assert expected in DOCUMENT.read_text(encoding="utf-8")


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nosuch"])
    assert "invalid choice: 'nosuch'" in capsys.readouterr().err
