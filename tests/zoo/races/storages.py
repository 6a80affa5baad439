"""Sequences of payloads that several handles add to, at the same time.

``read`` returns all payloads, and ``add`` adds one where ``check`` allows it after those before.
Both raise ``OSError`` for what cannot be done now.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

Check = Callable[[Sequence[bytes]], None]


class Storage:
    """A file with one payload a line, and another file for locks."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "storage"
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)

    def read(self) -> list[bytes]:
        return [bytes.fromhex(line) for line in self.path.read_text("ascii").split()]

    def add(self, payload: bytes, check: Check) -> None:
        raise NotImplementedError

    def write_behind(self, payload: bytes) -> None:
        os.write(self.file, line(payload))

    def write_anew(self, payloads: Sequence[bytes]) -> None:
        """Write all of it in the place of what is there, with a name of this handle's own."""
        self.replace(payloads, self.path.with_name(f"new-{os.getpid()}"))

    def replace(self, payloads: Sequence[bytes], temporary: Path) -> None:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            for payload in payloads:
                os.write(file, line(payload))
        finally:
            os.close(file)
        temporary.rename(self.path)

    @contextlib.contextmanager
    def lock(self, *, waits: bool = True) -> Iterator[None]:
        """Hold a lock of the operating system for what happens inside."""
        file = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
            yield
        finally:
            os.close(file)

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def line(payload: bytes) -> bytes:
    return f"{payload.hex()}\n".encode()


# Right


class Waits(Storage):
    """Right: holds a lock while it reads, checks and writes."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            check(self.read())
            self.write_behind(payload)


class WaitsAndReplaces(Storage):
    """Right: holds a lock while it reads the file and puts another one in its place."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            payloads = self.read()
            check(payloads)
            self.write_anew([*payloads, payload])


class Refuses(Storage):
    """Right: says that it is busy where another handle has the lock."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock(waits=False):
            check(self.read())
            self.write_behind(payload)


class Numbered(Storage):
    """Right: takes the next number without a lock, and another one where that was taken."""

    def read(self) -> list[bytes]:
        payloads: list[bytes] = []
        with contextlib.suppress(FileNotFoundError):
            while True:
                payloads.append(self.numbered(len(payloads)).read_bytes())
        return payloads

    def numbered(self, number: int) -> Path:
        return self.directory / f"{number:06}"

    def add(self, payload: bytes, check: Check) -> None:
        own = self.directory / f"new-{os.getpid()}-{threading.get_ident()}"
        own.write_bytes(payload)
        try:
            while True:
                payloads = self.read()
                check(payloads)
                with contextlib.suppress(FileExistsError):
                    # Whole or not at all, and for one alone.
                    self.numbered(len(payloads)).hardlink_to(own)
                    return
        finally:
            own.unlink()


class Transactions(Storage):
    """Right: one transaction of SQLite, which takes its lock before it reads."""

    begin = "BEGIN IMMEDIATE"

    def __init__(self, directory: Path) -> None:
        self.database = sqlite3.connect(
            directory / "database", isolation_level=None, check_same_thread=False
        )
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS payloads (number INTEGER PRIMARY KEY, payload BLOB)"
        )

    def read(self) -> list[bytes]:
        try:
            found = self.database.execute("SELECT payload FROM payloads ORDER BY number")
            return [payload for (payload,) in found]
        except sqlite3.OperationalError as error:
            raise OSError(str(error)) from error

    def add(self, payload: bytes, check: Check) -> None:
        try:
            self.database.execute(self.begin)
            try:
                check(self.read())
                self.database.execute("INSERT INTO payloads (payload) VALUES (?)", (payload,))
            except BaseException:
                self.database.execute("ROLLBACK")
                raise
            self.database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise OSError(str(error)) from error

    def close(self) -> None:
        self.database.close()


class TwoFiles(Storage):
    """Right: adds to two files, one after the other, and reads what is in both."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.copy_path = directory / "copy"
        self.copy = os.open(self.copy_path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)

    def read(self) -> list[bytes]:
        return [bytes.fromhex(line) for line in self.copy_path.read_text("ascii").split()]

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            check(self.read())
            self.write_behind(payload)
            os.write(self.copy, line(payload))

    def close(self) -> None:
        super().close()
        if self.copy >= 0:
            os.close(self.copy)
            self.copy = -1


# Wrong


class TwoFilesByTurns(TwoFiles):
    """Adds to two files, one after the other, and reads now the one and now the other."""

    reads = 0

    def read(self) -> list[bytes]:
        self.reads += 1
        return Storage.read(self) if self.reads % 2 else super().read()


class ChecksWithoutLock(Storage):
    """Checks what is there and then adds; somebody else may have added in between."""

    def add(self, payload: bytes, check: Check) -> None:
        check(self.read())
        self.write_behind(payload)


class LocksAfterReading(Storage):
    """Takes its lock only for the writing, with what it has read before."""

    def add(self, payload: bytes, check: Check) -> None:
        payloads = self.read()
        check(payloads)
        with self.lock():
            self.write_anew([*payloads, payload])


class NoLock(Storage):
    """Asks for the end of the file and writes there, whoever else does the same."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        os.close(self.file)
        self.file = os.open(self.path, os.O_RDWR)

    def add(self, payload: bytes, check: Check) -> None:
        check(self.read())
        end = os.lseek(self.file, 0, os.SEEK_END)
        os.pwrite(self.file, line(payload), end)


class LockLetGo(Storage):
    """Loses its POSIX lock where it closes another descriptor of the same file."""

    def add(self, payload: bytes, check: Check) -> None:
        path = self.directory / "lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX)
            path.write_text(f"{os.getpid()}", "ascii")
            payloads = self.read()
            check(payloads)
            self.write_anew([*payloads, payload])
        finally:
            os.close(file)


class ReadsModifiesWrites(Storage):
    """Reads everything and puts it back with one more, without a lock."""

    def add(self, payload: bytes, check: Check) -> None:
        payloads = self.read()
        check(payloads)
        self.write_anew([*payloads, payload])


class KeepsCopy(Waits):
    """Remembers what it has read, and reads again only when it writes."""

    copy: list[bytes] | None = None

    def read(self) -> list[bytes]:
        if self.copy is None:
            self.copy = super().read()
        return list(self.copy)

    def add(self, payload: bytes, check: Check) -> None:
        self.copy = None
        super().add(payload, check)
        self.copy = None


class SharesTemporary(Storage):
    """Has one name for the new file of all processes."""

    def add(self, payload: bytes, check: Check) -> None:
        payloads = self.read()
        check(payloads)
        self.replace([*payloads, payload], self.path.with_name("new"))


class SharesTemporaryBehindLock(Storage):
    """Reads behind a lock, and gives it back before the new file, of a fixed name, is there."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            payloads = self.read()
            check(payloads)
        self.replace([*payloads, payload], self.path.with_name("new"))


class TakesHolderForDead(Storage):
    """Waits a third of a second for the lock, and goes on without it then."""

    @contextlib.contextmanager
    def lock(self, *, waits: bool = True) -> Iterator[None]:
        file = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            for _ in range(30):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.01)
            yield
        finally:
            os.close(file)

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            payloads = self.read()
            check(payloads)
            self.write_anew([*payloads, payload])


class GivesUp(TakesHolderForDead):
    """Right: waits a third of a second for the lock, and says then that it did not get it."""

    @contextlib.contextmanager
    def lock(self, *, waits: bool = True) -> Iterator[None]:
        file = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            for _ in range(30):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(0.01)
            else:
                raise BlockingIOError("another handle writes")
            yield
        finally:
            os.close(file)


class LocksForItsProcess(Storage):
    """Has a lock that belongs to the process, so that it keeps no two handles of one apart."""

    def add(self, payload: bytes, check: Check) -> None:
        file = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX)
            payloads = self.read()
            check(payloads)
            self.write_anew([*payloads, payload])
        finally:
            os.close(file)


class BelongsToItsThread(Waits):
    """Right: may be called by the thread that opened it, and raises what it likes elsewhere."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.owner = threading.get_ident()

    def add(self, payload: bytes, check: Check) -> None:
        if threading.get_ident() != self.owner:
            raise RuntimeError("this handle belongs to another thread")
        super().add(payload, check)


class TransactionTooLate(Transactions):
    """Reads before its transaction begins."""

    def add(self, payload: bytes, check: Check) -> None:
        check(self.read())
        super().add(payload, lambda payloads: None)


class TwoLocks(Storage):
    """Takes two locks in an order that depends on the handle, and waits for the second for ever."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.names = ["one", "two"]
        try:
            os.close(os.open(directory / "opened", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            self.names.reverse()

    def add(self, payload: bytes, check: Check) -> None:
        files = [os.open(self.directory / name, os.O_RDWR | os.O_CREAT) for name in self.names]
        try:
            for file in files:
                fcntl.flock(file, fcntl.LOCK_EX)
            check(self.read())
            self.write_behind(payload)
        finally:
            for file in files:
                os.close(file)


class EndsWhereTwoMeet(Storage):
    """Ends its process where it finds the mark of another handle that is writing."""

    def add(self, payload: bytes, check: Check) -> None:
        mark = self.directory / "writing"
        if mark.exists():
            os._exit(3)
        mark.touch()
        check(self.read())
        self.write_behind(payload)
        mark.unlink()
