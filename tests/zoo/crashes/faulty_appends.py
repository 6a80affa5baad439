"""Files that are appended to, each with one wrong step."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path

from tests.zoo.crashes.files import (
    HEAD,
    MAGIC,
    TakenBackError,
    contents,
    record,
    records,
    replace_file,
    sync_folder,
    write_at,
)
from tests.zoo.crashes.storages import AppendFile


class NeverSyncs(AppendFile):
    """Writes and never syncs."""

    def sync(self) -> None:
        return


class SyncsAtClose(AppendFile):
    """Syncs once, when it is closed."""

    def sync(self) -> None:
        return

    def close(self) -> None:
        if self.file >= 0:
            os.fsync(self.file)
        super().close()


class SyncsEverySecond(AppendFile):
    """Acknowledges a first record and syncs it with the second: a group commit that is early."""

    def sync(self) -> None:
        if len(self.payloads) % 2:
            super().sync()


class SyncsBeforeWriting(AppendFile):
    """Syncs and writes then, so that the last record is never synced."""

    def write(self, data: bytes) -> None:
        super().sync()
        super().write(data)

    def sync(self) -> None:
        return


class SyncsAnotherFile(AppendFile):
    """Syncs the folder where the file has to be synced."""

    def sync(self) -> None:
        sync_folder(self.directory)


class SyncsInBackground(AppendFile):
    """Leaves the sync to a thread that starts with the next append, and acknowledges before."""

    syncing: threading.Thread | None = None
    is_due = False

    def write(self, data: bytes) -> None:
        if self.syncing is not None:
            self.syncing.join()
        if self.is_due:
            self.syncing = threading.Thread(target=os.fdatasync, args=(self.file,))
            self.syncing.start()
        super().write(data)

    def sync(self) -> None:
        self.is_due = True

    def close(self) -> None:
        if self.syncing is not None:
            self.syncing.join()
        super().close()


class MakesFileWithoutFolderSync(AppendFile):
    """Syncs the new file and not the folder that has its name."""

    def make_file(self) -> None:
        os.fsync(self.opened(self.path))


class KeepsInBuffer(AppendFile):
    """Keeps records in a buffer until there are eight of them or it is closed."""

    buffer = b""

    def write(self, data: bytes) -> None:
        self.buffer += data
        if len(self.payloads) % 8 == 7:
            self.flush()

    def flush(self) -> None:
        super().write(self.buffer)
        self.end += len(self.buffer)
        self.buffer = b""

    def store(self, payload: bytes) -> None:
        self.write(record(len(self.payloads), payload))
        self.sync()

    def close(self) -> None:
        if self.file >= 0:
            self.flush()
        super().close()


class WritesOneBehind(AppendFile):
    """Writes a record when the next one comes, or when it is closed."""

    waiting = b""

    def store(self, payload: bytes) -> None:
        self.flush()
        self.waiting = record(len(self.payloads), payload)

    def flush(self) -> None:
        self.write(self.waiting)
        self.sync()
        self.end += len(self.waiting)
        self.waiting = b""

    def close(self) -> None:
        if self.file >= 0:
            self.flush()
        super().close()


class WritesHeadApart(AppendFile):
    """Writes head and payload by two calls, and takes a head alone for an error at opening."""

    def write(self, data: bytes) -> None:
        write_at(self.file, data[: HEAD.size], self.end)
        write_at(self.file, data[HEAD.size :], self.end + HEAD.size)

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if len(data) > self.end:
            raise OSError("what is behind the last record is none")
        super().mend(data, payloads)


class KeepsTornTail(AppendFile):
    """Leaves a torn record where it is and writes behind it, where nothing is read any more."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if len(data) == self.end:
            super().mend(data, payloads)
        self.end = len(data)


class RefusesTornTail(AppendFile):
    """Takes a torn record for an error and does not open any more."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if len(data) > self.end:
            raise OSError(f"damaged at byte {self.end}")
        super().mend(data, payloads)


class CutsOneTooMany(AppendFile):
    """Cuts off a torn record together with the whole one in front of it."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        if end < len(data) and payloads:
            last = payloads.pop()
            end -= HEAD.size + len(last)
        return payloads, end


class CutsEverything(AppendFile):
    """Begins anew when a record is torn."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        return (payloads, end) if end == len(data) else ([], 0)


class CutsWholeSectors(AppendFile):
    """Cuts a torn record off at the sector's edge in front of it, and records with it."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        while end < len(data) and payloads and end % 512:
            end -= HEAD.size + len(payloads.pop())
        return payloads, end


class NoChecksum(AppendFile):
    """Has a length in front of each record and no checksum behind it."""

    size = struct.Struct("<I")

    def framed(self, number: int, payload: bytes) -> bytes:
        return self.size.pack(len(payload)) + payload

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = [], 0
        while len(data) - end >= self.size.size:
            (size,) = self.size.unpack_from(data, end)
            payload = data[end + self.size.size : end + self.size.size + size]
            if len(payload) < size:
                break
            payloads.append(payload)
            end += self.size.size + size
        return payloads, end


class ChecksumOfHead(NoChecksum):
    """Has a sector for the length with a checksum of it, and none of the payload behind it."""

    def framed(self, number: int, payload: bytes) -> bytes:
        size = self.size.pack(len(payload))
        return (self.size.pack(zlib.crc32(size)) + size).ljust(512, b".") + payload

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = [], 0
        while len(data) - end >= 512:
            checksum, size = struct.unpack_from("<II", data, end)
            payload = data[end + 512 : end + 512 + size]
            if len(payload) < size or zlib.crc32(data[end + 4 : end + 8]) != checksum:
                break
            payloads.append(payload)
            end += 512 + size
        return payloads, end


class ChecksumThatZerosPass(NoChecksum):
    """Has length and CRC-32 and no magic: eight zeros are an empty record with its checksum."""

    def framed(self, number: int, payload: bytes) -> bytes:
        return struct.pack("<II", len(payload), zlib.crc32(payload)) + payload

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = [], 0
        while len(data) - end >= 8:
            size, checksum = struct.unpack_from("<II", data, end)
            payload = data[end + 8 : end + 8 + size]
            if len(payload) < size or zlib.crc32(payload) != checksum:
                break
            payloads.append(payload)
            end += 8 + size
        return payloads, end


class NoNumbers(AppendFile):
    """Has checksums and no numbers, and reads on behind what is damaged."""

    def framed(self, number: int, payload: bytes) -> bytes:
        return record(0, payload)

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end, offset = [], 0, 0
        while (offset := data.find(MAGIC, offset)) >= 0:
            _, checksum, size, _ = HEAD.unpack_from(data.ljust(offset + HEAD.size, b"\0"), offset)
            payload = data[offset + HEAD.size : offset + HEAD.size + size]
            if len(payload) == size and zlib.crc32(payload, 0) == checksum:
                payloads.append(payload)
                end = offset + HEAD.size + size
            offset += 1
        return payloads, end


class ShowsBeforeSync(AppendFile):
    """Shows what it finds at opening and does not sync it, though its writer may have died."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if len(data) > self.end:
            super().mend(data, payloads)


class WritesAnewAtOpening(AppendFile):
    """Empties the file at opening and writes back what it has read."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        os.ftruncate(self.file, 0)
        write_at(self.file, records([*payloads]), 0)
        os.fdatasync(self.file)


class SyncErrorIgnored(AppendFile):
    """Takes a failed sync for none of its business."""

    def sync(self) -> None:
        try:
            super().sync()
        except OSError:
            return


class SyncErrorRetried(AppendFile):
    """Syncs again when a sync has failed, and believes the second one."""

    def sync(self) -> None:
        try:
            super().sync()
        except OSError:
            super().sync()


class SyncErrorIgnoredLater(AppendFile):
    """Tells a failed sync only as long as it has opened its file once."""

    def make_file(self) -> None:
        super().make_file()
        self.is_new = not contents(self.path)

    def sync(self) -> None:
        try:
            super().sync()
        except OSError:
            if self.is_new:
                raise


class SyncErrorForgotten(AppendFile):
    """Refuses the record of a failed sync and writes the next one behind it."""

    def store(self, payload: bytes) -> None:
        number = getattr(self, "number", len(self.payloads))
        data = record(number, payload)
        write_at(self.file, data, self.end)
        self.end += len(data)
        self.number = number + 1
        try:
            self.sync()
        except OSError as error:
            raise TakenBackError(error.errno, error.strerror) from error


class SyncErrorTrustedAtOpening(AppendFile):
    """Refuses after a failed sync, and at the next opening syncs what was not written again."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        os.ftruncate(self.file, self.end)
        os.fdatasync(self.file)


class FullDiskIgnored(AppendFile):
    """Acknowledges what there was no room for."""

    def take_back(self, error: OSError) -> None:
        return


class FullDiskLeavesRest(AppendFile):
    """Refuses what there was no room for and writes on behind the part that went in."""

    def write(self, data: bytes) -> None:
        write_at(self.file, data[: HEAD.size], self.end)
        write_at(self.file, data[HEAD.size :], self.end + HEAD.size)

    def take_back(self, error: OSError) -> None:
        self.end = os.fstat(self.file).st_size
        raise TakenBackError(error.errno, error.strerror)


class FullDiskForEver(AppendFile):
    """Notes that the disk is full in a file of its own, and never looks again."""

    def take_back(self, error: OSError) -> None:
        (self.directory / "full").touch()
        super().take_back(error)

    def make_file(self) -> None:
        if (self.directory / "full").exists():
            raise OSError("the disk is full")
        super().make_file()


class ShortWriteIgnored(AppendFile):
    """Does not look how much of a record was written."""

    def write(self, data: bytes) -> None:
        os.pwrite(self.file, data, self.end)


class ShortWriteFromStart(AppendFile):
    """Goes on after a short write with what is left, at the place where the whole began."""

    def write(self, data: bytes) -> None:
        left = data
        while left:
            left = left[os.pwrite(self.file, left, self.end) :]


class StaleLockFile(AppendFile):
    """Takes a file for its lock, which nobody removes when the process dies."""

    def take_lock(self) -> None:
        self.lock_path: Path | None = None
        path = self.directory / "lock"
        self.open_files.append(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        self.lock_path = path

    def close(self) -> None:
        if self.lock_path is not None:
            self.lock_path.unlink()
            self.lock_path = None
        super().close()


class BeginsAnewAfterDeath(AppendFile):
    """Takes a log that nobody has closed for damaged, and begins a new one."""

    @property
    def note(self) -> Path:
        return self.directory / "closed"

    def make_file(self) -> None:
        if self.path.exists() and not self.note.exists():
            self.path.unlink()
        self.note.unlink(missing_ok=True)
        super().make_file()

    def close(self) -> None:
        if self.file >= 0:
            self.note.touch()
        super().close()


class CutsToNotedLength(AppendFile):
    """Notes the length when it is opened and closed, and cuts to the noted one at opening."""

    @property
    def note(self) -> Path:
        return self.directory / "length"

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        noted = contents(self.note) or str(len(data)).encode()
        payloads, end = super().parse(data[: int(noted)])
        replace_file(self.note, str(end).encode())
        return payloads, end

    def close(self) -> None:
        if self.file >= 0:
            replace_file(self.note, str(os.fstat(self.file).st_size).encode())
        super().close()


class NoLock(AppendFile):
    """Takes no lock, so that two writers write over each other."""

    def take_lock(self) -> None:
        return


class LockLetGo(AppendFile):
    """Takes a POSIX record lock, and loses it when another descriptor of the file is closed."""

    def take_lock(self) -> None:
        import fcntl

        path = self.directory / "lock"
        file = self.opened(path)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Closing this one lets the lock go, whichever descriptor it was taken on.
        path.write_text(str(os.getpid()))
