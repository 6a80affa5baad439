"""What crashes have to leave of systems that everybody knows, as data with its source.

A row says for each kind of crash what becomes of a log on the system. Where the documentation of a
system says less than this suite can see, the source says why the row is as it is. Each is a target:
``tests.zoo.crashes.known_systems:NAME``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend
from conformance.crashes.persistence import FileSystem
from telltale_spec.backends.file import FileAgreementWal
from telltale_spec.backends.log_file import LogFileAgreementWal
from tests.zoo.crashes.faulty_files import (
    RenamesWithoutFileSync,
    RenamesWithoutFolderSync,
    RenamesWithoutSync,
)
from tests.zoo.crashes.known_storages import (
    DumbStorage,
    ShelveStorage,
    lmdb_storage,
    sqlite_storage,
)
from tests.zoo.crashes.storages import LogOn, Storage, WholeFile
from tests.zoo.crashes.targets import PROMISES

__all__ = ["KILL", "POWER", "SYSTEMS", "Fate", "System", "absence"]


class Fate(enum.Enum):
    """What becomes of a log in the worst of all crashes of a kind."""

    KEEPS = "keeps"
    """Everything acknowledged is there."""

    LOSES = "loses"
    """It opens, and something acknowledged is not there."""

    BREAKS = "breaks"
    """It does not open, or shows something else at the next opening."""

    UNSEEN = "unseen"
    """It cannot be told, as it writes past its system calls."""


KILL: Final = "kill"
POWER: Final = {each: f"power on {each.value}" for each in FileSystem}
_KINDS: Final = (KILL, *POWER.values())


@dataclass(frozen=True)
class System:
    """One system with its settings: a fate for each kind of crash, and where that is from."""

    name: str
    title: str
    make: Any
    fates: dict[str, Fate]
    source: str
    module: str = ""
    """What has to be installed for it."""


def absence(system: System) -> str:
    """Return why a system cannot be tried here, or an empty text."""
    missing = system.module and find_spec(system.module) is None
    return f"{system.module} is not installed" if missing else ""


def _on(storage: type[Storage]) -> Any:
    return partial(LogOn, storage)


def _fates(kill: str, posix: str, ext4: str, ordered: str) -> dict[str, Fate]:
    return dict(zip(_KINDS, map(Fate, (kill, posix, ext4, ordered)), strict=True))


_ALL_KEPT: Final = _fates("keeps", "keeps", "keeps", "keeps")
_PRAGMA: Final = "sqlite.org/pragma.html#pragma_synchronous"


def _sqlite(journal: str, level: str, fates: dict[str, Fate], why: str) -> System:
    mode = {
        "DELETE": "rollback journal",
        "TRUNCATE": "rollback journal that is cut (`TRUNCATE`)",
        "WAL": "write-ahead log",
    }[journal]
    return System(
        f"sqlite_{journal.lower()}_{level.lower()}",
        f"SQLite, {mode}, `synchronous={level}`",
        _on(sqlite_storage(journal, level)),
        fates,
        why if why.startswith("measured") else f"{_PRAGMA}: {why}",
    )


SYSTEMS: Final = (
    _sqlite("DELETE", "EXTRA", _ALL_KEPT, "the folder is synced after a journal is removed"),
    _sqlite(
        "DELETE",
        "FULL",
        _fates("keeps", "loses", "loses", "loses"),
        "unlike EXTRA, the removal of a journal may be lost, and the commit is rolled back",
    ),
    _sqlite(
        "DELETE",
        "NORMAL",
        _fates("keeps", "breaks", "breaks", "loses"),
        "a loss of power at the wrong time may damage the database",
    ),
    _sqlite(
        "DELETE",
        "OFF",
        _fates("keeps", "breaks", "breaks", "loses"),
        "a crash of the application does no harm, a loss of power may damage the database",
    ),
    _sqlite(
        "TRUNCATE",
        "EXTRA",
        _fates("keeps", "breaks", "breaks", "keeps"),
        "measured: where the journal grows again, old bytes may be its head of another transaction",
    ),
    _sqlite("WAL", "EXTRA", _ALL_KEPT, "as FULL"),
    _sqlite("WAL", "FULL", _ALL_KEPT, "the log is synced after each commit"),
    _sqlite(
        "WAL",
        "NORMAL",
        _fates("keeps", "loses", "loses", "loses"),
        "the last transactions may be rolled back, and the database stays whole",
    ),
    _sqlite(
        "WAL",
        "OFF",
        _fates("keeps", "breaks", "breaks", "loses"),
        "a loss of power may damage the database",
    ),
    System(
        "lmdb",
        "LMDB, its environment made under another name",
        _on(lmdb_storage()),
        _ALL_KEPT,
        "lmdb.readthedocs.io: each commit is synced",
        "lmdb",
    ),
    System(
        "lmdb_made_in_place",
        "LMDB, its environment made by the first opening",
        _on(lmdb_storage(is_moved_into_place=False)),
        _fates("keeps", "breaks", "breaks", "keeps"),
        "measured: a new environment is one unsynced write, in a folder that nobody syncs; "
        "half of it is no LMDB file",
        "lmdb",
    ),
    System(
        "lmdb_nosync",
        "LMDB, `sync=False`",
        _on(lmdb_storage(sync=False)),
        _fates("keeps", "breaks", "breaks", "loses"),
        "lmdb.readthedocs.io: a system crash can corrupt the database, or lose the last "
        "transactions if the file system keeps the order of writes",
        "lmdb",
    ),
    System(
        "lmdb_writemap",
        "LMDB, `writemap=True`",
        _on(lmdb_storage(writemap=True)),
        _fates("unseen", "unseen", "unseen", "unseen"),
        "lmdb.readthedocs.io: the database is written through a mapping of its file",
        "lmdb",
    ),
    System(
        "dbm_dumb",
        "Python's `dbm.dumb`, with `sync()`",
        _on(DumbStorage),
        _fates("loses", "breaks", "breaks", "loses"),
        "measured: nothing is ever synced, and the index is written over in place",
    ),
    System(
        "shelve",
        "Python's `shelve` on `dbm.dumb`, with `sync()`",
        _on(ShelveStorage),
        _fates("loses", "breaks", "breaks", "loses"),
        "as `dbm.dumb`, which it is on",
    ),
    System(
        "file",
        "the specification's file log",
        lambda directory: FileAgreementWal(Path(directory) / "agreement.wal"),
        _fates("breaks", "breaks", "breaks", "breaks"),
        "durable.rs L1022-1031: the file is emptied and written again (F10)",
    ),
    System(
        "log_file",
        "our log files",
        lambda directory: LogFileAgreementWal(Path(directory) / "agreement.log"),
        _ALL_KEPT,
        "docs/log-files.md",
    ),
    System(
        "renamed",
        "a new file, synced, renamed, its folder synced",
        _on(WholeFile),
        _ALL_KEPT,
        "rename(2) and fsync(2)",
    ),
    System(
        "renamed_no_file_sync",
        "the same without the sync of the file",
        _on(RenamesWithoutFileSync),
        # Its new file may come back with a hole in it.
        _fates("keeps", "breaks", "keeps", "keeps"),
        "ext4(5), auto_da_alloc: a rename over a file takes the new data along",
    ),
    System(
        "renamed_no_folder_sync",
        "the same without the sync of the folder",
        _on(RenamesWithoutFolderSync),
        _fates("keeps", "loses", "loses", "loses"),
        "fsync(2): the entry of a file needs a sync of its folder",
    ),
    System(
        "renamed_no_sync",
        "the same without either",
        _on(RenamesWithoutSync),
        _fates("keeps", "breaks", "loses", "loses"),
        "fsync(2)",
    ),
)
"""Every system of the table."""

_BY_NAME: Final = {system.name: system for system in SYSTEMS}


def __getattr__(name: str) -> Backend:
    try:
        system = _BY_NAME[name]
    except KeyError:
        raise AttributeError(name) from None
    return Backend(system.title, agreement_wal=system.make, capabilities=PROMISES)
