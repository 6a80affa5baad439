"""Storages on systems that everybody knows, each with the settings that its name says."""

from __future__ import annotations

import dbm.dumb
import os
import shelve
import shutil
from collections.abc import Sequence
from typing import Any

from tests.zoo.crashes.files import TakenBackError, sync_folder
from tests.zoo.crashes.right import SqliteStorage
from tests.zoo.crashes.storages import Storage

__all__ = ["DumbStorage", "LmdbStorage", "ShelveStorage", "lmdb_storage", "sqlite_storage"]

_MAP_BYTES = 1 << 24


def sqlite_storage(journal: str, level: str) -> type[SqliteStorage]:
    """Return a storage on SQLite with a journal mode and a level of synchronous."""
    return type("SqliteStorage", (SqliteStorage,), {"journal": journal, "level": level})


class LmdbStorage(Storage):
    """Has an LMDB environment whose settings are the class's."""

    settings: dict[str, bool] = {}  # noqa: RUF012 - each class has its own
    is_moved_into_place = True

    def recover(self) -> Sequence[bytes]:
        # Not everybody has it, and the table says so then.
        import lmdb

        self.error: type[Exception] = lmdb.Error
        try:
            path = self.directory / "environment"
            if self.is_moved_into_place:
                if not path.exists():
                    self.make(lmdb)
                # Also when it is there, as its name may not be durable.
                sync_folder(self.directory)
            self.environment: Any = lmdb.open(str(path), map_size=_MAP_BYTES, **self.settings)
            with self.environment.begin() as transaction:
                found = [bytes(payload) for _, payload in transaction.cursor()]
        except lmdb.Error as error:
            raise OSError(str(error)) from error
        return found

    def make(self, lmdb: Any) -> None:
        """Make an environment under another name, as a crash can leave half of a new one."""
        path = self.directory / "environment.new"
        shutil.rmtree(path, ignore_errors=True)
        lmdb.open(str(path), map_size=_MAP_BYTES, **self.settings).close()
        file = os.open(path / "data.mdb", os.O_RDWR)
        try:
            os.fsync(file)
        finally:
            os.close(file)
        sync_folder(path)
        path.rename(path.with_suffix(""))

    def store(self, payload: bytes) -> None:
        try:
            with self.environment.begin(write=True) as transaction:
                transaction.put(len(self.payloads).to_bytes(8, "big"), payload)
        except self.error as error:
            raise TakenBackError(str(error)) from error

    def close(self) -> None:
        if hasattr(self, "environment"):
            self.environment.close()
        super().close()


def lmdb_storage(*, is_moved_into_place: bool = True, **settings: bool) -> type[LmdbStorage]:
    """Return a storage on LMDB with settings of its environment, and how that is made."""
    chosen = {"settings": settings, "is_moved_into_place": is_moved_into_place}
    return type("LmdbStorage", (LmdbStorage,), chosen)


class DumbStorage(Storage):
    """Has a ``dbm.dumb`` database, which is told to sync after each record."""

    def recover(self) -> Sequence[bytes]:
        try:
            self.database: Any = self.opened_database()
            return [self.payload(number) for number in range(len(self.database))]
        except (KeyError, ValueError, SyntaxError, EOFError) as error:
            raise OSError(f"the database is damaged: {error!r}") from error

    def opened_database(self) -> Any:
        return dbm.dumb.open(str(self.directory / "database"), "c")

    def payload(self, number: int) -> bytes:
        return bytes(self.database[str(number).encode()])

    def store(self, payload: bytes) -> None:
        self.database[str(len(self.payloads)).encode()] = payload
        self.database.sync()

    def close(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
        super().close()


class ShelveStorage(DumbStorage):
    """Has a shelf on ``dbm.dumb``, which is told to sync after each record."""

    def opened_database(self) -> Any:
        return shelve.Shelf(super().opened_database())

    def payload(self, number: int) -> bytes:
        return bytes(self.database[str(number)])

    def store(self, payload: bytes) -> None:
        self.database[str(len(self.payloads))] = payload
        self.database.sync()
