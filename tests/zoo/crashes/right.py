"""Right storages of unusual build: what no crash may be held against."""

from __future__ import annotations

import os
import sqlite3
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from tests.zoo.crashes.files import (
    HEAD,
    TakenBackError,
    contents,
    make_file,
    record,
    record_at,
    records,
    replace_file,
    sync_folder,
    whole_records,
    write_at,
)
from tests.zoo.crashes.storages import AppendFile, Storage, WholeFile

SECTOR = 512


class DataSynced(AppendFile):
    """Opens the file so that each write is synced, and syncs nothing else."""

    flags = os.O_DSYNC

    def sync(self) -> None:
        return


class TextLines(AppendFile):
    """Appends lines of text, each with its checksum, its number and the payload in hexadecimal."""

    def framed(self, number: int, payload: bytes) -> bytes:
        text = f"{number} {payload.hex()}"
        return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = 0
        for line in data.splitlines(keepends=True):
            hexadecimal = line.decode("ascii", "replace").split(" ")[-1]
            try:
                payload = bytes.fromhex(hexadecimal)
            except ValueError:
                break
            if line != self.framed(len(payloads), payload):
                break
            payloads.append(payload)
            end += len(line)
        return payloads, end


class Preallocated(AppendFile):
    """Writes into a file that has its size already, where the number says what is not stale."""

    block = 4 * SECTOR

    def make_file(self) -> None:
        if not whole_records(contents(self.path))[0]:
            replace_file(self.path, bytes(self.block))

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if payloads:
            again = record(len(payloads) - 1, payloads[-1])
            write_at(self.file, again, self.end - len(again))
        # A torn record must not stay where a shorter one will go.
        write_at(self.file, bytes(max(0, len(data) - self.end)), self.end)
        os.fdatasync(self.file)

    def write(self, data: bytes) -> None:
        size = os.fstat(self.file).st_size
        if self.end + len(data) > size:
            grown = self.end + len(data) + self.block
            write_at(self.file, bytes(grown - size), size)
            os.fdatasync(self.file)
        super().write(data)

    def take_back(self, error: OSError) -> None:
        size = os.fstat(self.file).st_size
        write_at(self.file, bytes(max(0, size - self.end)), self.end)
        os.fdatasync(self.file)
        raise TakenBackError(error.errno, error.strerror) from error


class WrittenTwice(AppendFile):
    """Writes each record to a synced file of its own and then behind the others."""

    @property
    def first_copy(self) -> Path:
        return self.directory / "first-copy"

    def recover(self) -> Sequence[bytes]:
        if not contents(self.first_copy):
            replace_file(self.first_copy, b"")
        self.copy_file = self.opened(self.first_copy)
        payloads = [*super().recover()]
        kept = record_at(contents(self.first_copy), 0)
        if kept is not None and kept[0] == len(payloads):
            again = record(*kept)
            write_at(self.file, again, self.end)
            os.fdatasync(self.file)
            self.end += len(again)
            payloads.append(kept[1])
        return payloads

    def write(self, data: bytes) -> None:
        write_at(self.copy_file, data, 0)
        os.fdatasync(self.copy_file)
        super().write(data)

    def take_back(self, error: OSError) -> None:
        os.ftruncate(self.copy_file, 0)
        os.fdatasync(self.copy_file)
        super().take_back(error)


class TwoFilesInTurn(Storage):
    """Writes everything to that of two files which has the older generation."""

    def recover(self) -> Sequence[bytes]:
        for path in self.paths:
            # Again while it is empty, as its name may not be durable.
            if not contents(path):
                replace_file(path, b"")
        found = [record_at(contents(path), 0) for path in self.paths]
        self.generation, data = max((each for each in found if each), default=(0, b""))
        if self.generation:
            # The same bytes again, as a sync of them may have failed.
            self.write(data)
        return whole_records(data)[0]

    @property
    def paths(self) -> tuple[Path, Path]:
        return self.directory / "even", self.directory / "odd"

    def store(self, payload: bytes) -> None:
        self.generation += 1
        try:
            self.write(records([*self.payloads, payload]))
        except TakenBackError:
            self.generation -= 1
            raise

    def write(self, data: bytes) -> None:
        file = os.open(self.paths[self.generation % 2], os.O_WRONLY)
        try:
            self.fill(file, record(self.generation, data))
            os.fsync(file)
        finally:
            os.close(file)

    def fill(self, file: int, data: bytes) -> None:
        try:
            write_at(file, data, 0)
        except OSError as error:
            os.ftruncate(file, 0)
            os.fsync(file)
            raise TakenBackError(error.errno, error.strerror) from error


class FilePerRecord(Storage):
    """Has a file for each record, synced before it gets its name, and the folder after that."""

    def recover(self) -> Sequence[bytes]:
        payloads: list[bytes] = []
        while (found := record_at(contents(self.path_of(len(payloads))), 0)) is not None:
            payloads.append(found[1])
        if payloads:
            # Again, as its name may not be durable.
            number = len(payloads) - 1
            replace_file(self.path_of(number), record(number, payloads[-1]))
        return payloads

    def path_of(self, number: int) -> Path:
        return self.directory / f"record-{number:06d}"

    def store(self, payload: bytes) -> None:
        number = len(self.payloads)
        replace_file(self.path_of(number), record(number, payload))


class LinkedVersions(Storage):
    """Gives each version of everything a name by a hard link, and removes the older ones then."""

    def recover(self) -> Sequence[bytes]:
        self.version, data = 0, b""
        for path in sorted(self.directory.glob("version-*")):
            self.version, data = int(path.name.partition("-")[2]), path.read_bytes()
        payloads, _ = whole_records(data)
        if self.version:
            # Again, as its name may not be durable.
            self.write(data)
        return payloads

    def store(self, payload: bytes) -> None:
        self.write(records([*self.payloads, payload]))

    def write(self, data: bytes) -> None:
        temporary = self.directory / "next"
        # One that a crash left is the newest version too, and must not be written over.
        temporary.unlink(missing_ok=True)
        make_file(temporary, data)
        try:
            self.path_of(self.version + 1).hardlink_to(temporary)
        except OSError as error:
            raise TakenBackError(error.errno, error.strerror) from error
        sync_folder(self.directory)
        self.version += 1
        temporary.unlink()
        for path in self.directory.glob("version-*"):
            if path != self.path_of(self.version):
                path.unlink()

    def path_of(self, version: int) -> Path:
        return self.directory / f"version-{version:08d}"


class CopiedPages(Storage):
    """Writes pages where nothing is yet, and then one of two roots that lead to them."""

    place = struct.Struct("<QQ")

    def recover(self) -> Sequence[bytes]:
        data = contents(self.path)
        roots = [record_at(data, slot * SECTOR) for slot in (0, 1)]
        if not any(roots):
            # Also when the file is there, as its name may not be durable.
            replace_file(self.path, bytes(2 * SECTOR))
        self.file = self.opened(self.path)
        self.generation, root = max((each for each in roots if each), default=(0, b""))
        self.last, self.end = self.place.unpack(root) if root else (0, 2 * SECTOR)
        payloads = self.pages_from(data, self.last)
        if root:
            page = data[self.last : self.end]
            self.write_page(page, self.last)
            self.write_root()
        return payloads

    def pages_from(self, data: bytes, offset: int) -> list[bytes]:
        payloads: list[bytes] = []
        while offset:
            found = record_at(data, offset)
            if found is None:
                raise OSError(f"the page at byte {offset} is damaged")
            offset, payload = found
            payloads.insert(0, payload)
        return payloads

    def store(self, payload: bytes) -> None:
        page = record(self.last, payload)
        self.write_page(page.ljust(-len(page) % SECTOR + len(page), b"\0"), self.end)
        before = self.last, self.end, self.generation
        self.last, self.end = self.end, self.end + len(page) + -len(page) % SECTOR
        self.generation += 1
        try:
            self.write_root()
        except OSError:
            self.last, self.end, self.generation = before
            raise

    def write_page(self, page: bytes, offset: int) -> None:
        try:
            write_at(self.file, page, offset)
        except OSError as error:
            raise TakenBackError(error.errno, error.strerror) from error
        os.fdatasync(self.file)

    def write_root(self) -> None:
        root = record(self.generation, self.place.pack(self.last, self.end))
        self.write_page(root, self.generation % 2 * SECTOR)


class NewestFirst(WholeFile):
    """Replaces a file that has its records in the reverse order, the newest in front."""

    def recover(self) -> Sequence[bytes]:
        data, payloads, offset = contents(self.path), [], 0
        while (found := record_at(data, offset)) is not None:
            payloads.append(found[1])
            offset += HEAD.size + len(found[1])
        self.write(data)
        return payloads[::-1]

    def store(self, payload: bytes) -> None:
        newest_first = [*self.payloads, payload][::-1]
        self.write(b"".join(record(0, each) for each in newest_first))


class SqliteStorage(Storage):
    """Has a table in an SQLite database, whose journal and level are the class's."""

    journal = "WAL"
    level = "EXTRA"

    def recover(self) -> Sequence[bytes]:
        self.connection = sqlite3.connect(
            self.directory / "storage.db", isolation_level=None, check_same_thread=False
        )
        try:
            self.connection.execute(f"PRAGMA journal_mode = {self.journal}")
            self.connection.execute(f"PRAGMA synchronous = {self.level}")
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS storage (number INTEGER PRIMARY KEY, payload BLOB)"
            )
            rows = self.connection.execute("SELECT payload FROM storage ORDER BY number")
            return [payload for (payload,) in rows.fetchall()]
        except sqlite3.Error as error:
            self.connection.close()
            raise OSError(str(error)) from error

    def store(self, payload: bytes) -> None:
        try:
            self.connection.execute("INSERT INTO storage (payload) VALUES (?)", (payload,))
        except sqlite3.Error as error:
            raise TakenBackError(str(error)) from error

    def close(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()
        super().close()


class SqliteWalExtra(SqliteStorage):
    """Has SQLite's write-ahead log with the level EXTRA."""


class SqliteWalFull(SqliteStorage):
    """Has SQLite's write-ahead log with the level FULL."""

    level = "FULL"


class SqliteRollbackExtra(SqliteStorage):
    """Has SQLite's rollback journal with the level EXTRA."""

    journal = "DELETE"


class SqliteTruncateFull(SqliteStorage):
    """Has SQLite's rollback journal, emptied and synced instead of removed, with the level FULL.

    Right where a file that grows again shows no bytes that it had before.
    """

    journal = "TRUNCATE"
    level = "FULL"
