"""Files that are written whole, indexes, checkpoints and segments, each with one wrong step."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path

from tests.zoo.crashes.files import (
    HEAD,
    TakenBackError,
    contents,
    make_file,
    record,
    records,
    replace_file,
    sync_folder,
    whole_records,
    write_at,
)
from tests.zoo.crashes.storages import AppendFile, Storage, WholeFile

COUNT = struct.Struct("<Q")


class EmptiesFirst(WholeFile):
    """Empties the file and writes all of it again."""

    def write(self, data: bytes) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_TRUNC)
        try:
            write_at(file, data, 0)
            os.fsync(file)
        finally:
            os.close(file)


class WritesOverItself(WholeFile):
    """Writes all records over the old ones, with their count in front, in one synced call."""

    def recover(self) -> Sequence[bytes]:
        data = contents(self.path)
        if not data:
            replace_file(self.path, COUNT.pack(0))
            return []
        payloads, _ = whole_records(data[COUNT.size :])
        (count,) = COUNT.unpack_from(data)
        if len(payloads) < count:
            raise OSError(f"{len(payloads)} records instead of {count}")
        return payloads[:count]

    def write(self, data: bytes) -> None:
        file = os.open(self.path, os.O_WRONLY)
        try:
            write_at(file, COUNT.pack(len(self.payloads) + 1) + data, 0)
            os.fsync(file)
        finally:
            os.close(file)


class RenamesWithoutFileSync(WholeFile):
    """Renames a new file that is not synced, and syncs the folder."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        temporary.write_bytes(data)
        temporary.rename(self.path)
        sync_folder(self.directory)


class RenamesWithoutFolderSync(WholeFile):
    """Renames a synced file and does not sync the folder."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        make_file(temporary, data)
        temporary.rename(self.path)


class RenamesWithoutSync(WholeFile):
    """Renames a new file and syncs neither it nor the folder."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        temporary.write_bytes(data)
        temporary.rename(self.path)


class UnlinksBeforeRename(WholeFile):
    """Removes the old file before the new one takes its name."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        make_file(temporary, data)
        self.path.unlink(missing_ok=True)
        temporary.rename(self.path)
        sync_folder(self.directory)


class StumblesOverOldTemporary(WholeFile):
    """Makes the new file only where there is none, and so never again after a death half-way."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.next"
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            write_at(file, data, 0)
            os.fsync(file)
        finally:
            os.close(file)
        temporary.rename(self.path)
        sync_folder(self.directory)


class TakesTemporaryForNewest(WholeFile):
    """Takes a new file that has no name yet for the newest one, torn as it may be."""

    def recover(self) -> Sequence[bytes]:
        temporary = self.directory / "storage.next"
        if temporary.exists():
            temporary.replace(self.path)
        return super().recover()

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.next"
        make_file(temporary, data)
        temporary.rename(self.path)
        sync_folder(self.directory)


class LengthInPlace(AppendFile):
    """Has the length in the head of the file, and syncs it together with the data it counts."""

    def make_file(self) -> None:
        if not contents(self.path):
            replace_file(self.path, COUNT.pack(COUNT.size))

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        (end,) = COUNT.unpack_from(data)
        payloads, offset = [], COUNT.size
        while offset < end:
            _, _, size, _ = HEAD.unpack_from(data.ljust(end + HEAD.size, b"\0"), offset)
            payloads.append(data[offset + HEAD.size : offset + HEAD.size + size])
            offset += HEAD.size + size
        return payloads, end

    def write(self, data: bytes) -> None:
        super().write(data)
        write_at(self.file, COUNT.pack(self.end + len(data)), 0)

    def take_back(self, error: OSError) -> None:
        write_at(self.file, COUNT.pack(self.end), 0)
        super().take_back(error)


class CountBeforeData(AppendFile):
    """Writes and syncs the count in the head before the record that it counts."""

    def make_file(self) -> None:
        if not contents(self.path):
            replace_file(self.path, COUNT.pack(0))

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        (count,) = COUNT.unpack_from(data)
        payloads, end = whole_records(data[COUNT.size :])
        if len(payloads) < count:
            raise OSError(f"{len(payloads)} records instead of {count}")
        return payloads, COUNT.size + end

    def write(self, data: bytes) -> None:
        write_at(self.file, COUNT.pack(len(self.payloads) + 1), 0)
        os.fdatasync(self.file)
        super().write(data)

    def take_back(self, error: OSError) -> None:
        write_at(self.file, COUNT.pack(len(self.payloads)), 0)
        super().take_back(error)


class EndMarkMoved(AppendFile):
    """Ends the file with a mark that each append writes over, and does not open without one."""

    mark = b"THE END\n"

    def make_file(self) -> None:
        if not contents(self.path):
            replace_file(self.path, self.mark)

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        if data[end:] != self.mark:
            raise OSError("the end is missing")
        return payloads, end

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads)
        self.write(b"")
        os.fdatasync(self.file)

    def write(self, data: bytes) -> None:
        super().write(data + self.mark)

    def take_back(self, error: OSError) -> None:
        write_at(self.file, self.mark, self.end)
        os.ftruncate(self.file, self.end + len(self.mark))
        os.fdatasync(self.file)
        raise error


class IndexBeforeData(AppendFile):
    """Writes where a record ends to a synced index, and the record after that."""

    @property
    def index(self) -> Path:
        return self.directory / "index"

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        entry = contents(self.index)
        if entry and COUNT.unpack(entry)[0] > end:
            raise OSError("the index shows a record that is not there")
        return payloads, end

    def write(self, data: bytes) -> None:
        replace_file(self.index, COUNT.pack(self.end + len(data)))
        super().write(data)

    def take_back(self, error: OSError) -> None:
        replace_file(self.index, COUNT.pack(self.end))
        super().take_back(error)


class IndexNotSynced(AppendFile):
    """Believes an index at opening that it writes after the data and does not sync."""

    @property
    def index(self) -> Path:
        return self.directory / "index"

    def make_file(self) -> None:
        super().make_file()
        if not contents(self.index):
            replace_file(self.index, COUNT.pack(0))

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        return super().parse(data[: COUNT.unpack(contents(self.index))[0]])

    def sync(self) -> None:
        super().sync()
        file = os.open(self.index, os.O_WRONLY)
        try:
            write_at(file, COUNT.pack(os.fstat(self.file).st_size), 0)
        finally:
            os.close(file)


class Checkpointed(AppendFile):
    """Right: every third record a file takes over what the log has, which begins anew.

    The log has in front how many records it follows, so that those in both places count once.
    """

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"

    def make_file(self) -> None:
        found = contents(self.path)
        if len(found) <= COUNT.size:
            replace_file(self.path, found or COUNT.pack(0))

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        self.taken_over, _ = whole_records(contents(self.checkpoint))
        self.first = min(COUNT.unpack_from(data)[0], len(self.taken_over))
        payloads, end = whole_records(data[COUNT.size :])
        return [*self.taken_over[: self.first], *payloads], COUNT.size + end

    def store(self, payload: bytes) -> None:
        super().store(payload)
        if len(self.payloads) % 3 == 2:
            try:
                self.take_over([*self.payloads, payload])
            except TakenBackError:
                # The record is stored, and the next one tries again.
                return

    def take_over(self, payloads: list[bytes]) -> None:
        self.write_checkpoint(payloads)
        self.begin_log(len(payloads))

    def write_checkpoint(self, payloads: list[bytes]) -> None:
        replace_file(self.checkpoint, records(payloads))

    def begin_log(self, start: int) -> None:
        replace_file(self.path, COUNT.pack(start))
        self.open_files.remove(self.file)
        os.close(self.file)
        self.file = self.opened(self.path)
        self.first, self.end = start, COUNT.size


class CheckpointDropsSuffix(Checkpointed):
    """Begins the log anew before the checkpoint is there."""

    def take_over(self, payloads: list[bytes]) -> None:
        self.begin_log(len(payloads))
        self.write_checkpoint(payloads)


class CheckpointNotSynced(Checkpointed):
    """Begins the log anew when the checkpoint has its name and not yet its bytes."""

    def write_checkpoint(self, payloads: list[bytes]) -> None:
        temporary = self.directory / "checkpoint.new"
        temporary.write_bytes(records(payloads))
        temporary.rename(self.checkpoint)


class CheckpointAppliedTwice(Checkpointed):
    """Puts the whole log behind the checkpoint, also one that was not begun anew yet."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        return [*self.taken_over, *payloads[self.first :]], end

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads[len(self.taken_over) - self.first :])


class IntentAppliedTwice(AppendFile):
    """Notes each record first, and at opening appends what is noted, be it there already or not."""

    @property
    def intent(self) -> Path:
        return self.directory / "intent"

    def store(self, payload: bytes) -> None:
        replace_file(self.intent, payload)
        super().store(payload)
        self.intent.unlink()
        sync_folder(self.directory)

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads)
        if self.intent.exists():
            self.noted = self.intent.read_bytes()
            again = record(len(payloads), self.noted)
            write_at(self.file, again, self.end)
            os.fdatasync(self.file)
            self.end += len(again)
            self.intent.unlink()
            sync_folder(self.directory)
        else:
            self.noted = b""

    def recover(self) -> Sequence[bytes]:
        payloads = super().recover()
        return [*payloads, self.noted] if self.noted else payloads


class Segmented(Storage):
    """Right: a new file for every third record, whose name is durable before it is used."""

    records_max = 3

    def recover(self) -> Sequence[bytes]:
        payloads: list[bytes] = []
        found: list[bytes] = []
        starts = sorted(int(name.partition("-")[2]) for name in self.part_names())
        for start in starts:
            if start != len(payloads):
                raise OSError(f"part {start} follows record {len(payloads)}")
            data = self.part(start).read_bytes()
            found, end = whole_records(data)
            payloads += found
        if not found:
            self.begin_part(starts[-1] if starts else 0)
        else:
            self.start, self.end = starts[-1], end
            self.file = self.opened(self.part(self.start))
            os.ftruncate(self.file, end)
            again = record(len(found) - 1, found[-1])
            write_at(self.file, again, end - len(again))
            os.fdatasync(self.file)
        return payloads

    def part_names(self) -> list[str]:
        """Return the names of all parts; a folder that cannot be listed is an error."""
        return [path.name for path in self.directory.iterdir() if path.name.startswith("part-")]

    def part(self, start: int) -> Path:
        return self.directory / f"part-{start:06d}"

    def begin_part(self, start: int) -> None:
        self.make_part(start)
        self.file = self.opened(self.part(start))
        self.start, self.end = start, 0

    def make_part(self, start: int) -> None:
        temporary = self.directory / "new-part"
        make_file(temporary, b"")
        try:
            temporary.rename(self.part(start))
        except OSError as error:
            raise TakenBackError(error.errno, error.strerror) from error
        sync_folder(self.directory)

    def store(self, payload: bytes) -> None:
        if len(self.payloads) - self.start == self.records_max:
            self.begin_part(len(self.payloads))
        data = record(len(self.payloads) - self.start, payload)
        try:
            write_at(self.file, data, self.end)
        except OSError as error:
            os.ftruncate(self.file, self.end)
            os.fdatasync(self.file)
            raise TakenBackError(error.errno, error.strerror) from error
        os.fdatasync(self.file)
        self.end += len(data)


class SegmentNameNotSynced(Segmented):
    """Syncs every file and the name of none but the first."""

    def make_part(self, start: int) -> None:
        if start == 0:
            super().make_part(start)
        else:
            make_file(self.part(start), b"")


class LongSegments(Segmented):
    """Right: the same with 40 records in a file."""

    records_max = 40


class ForgetsThatAFileFailed(LongSegments):
    """Goes on as if there were a new file where the making of one has failed."""

    def begin_part(self, start: int) -> None:
        self.start = start
        super().begin_part(start)


class LongSegmentNameNotSynced(SegmentNameNotSynced):
    """Syncs the name of no file but the first, of which a short history needs no other."""

    records_max = 40


class SegmentNameSyncedLate(Segmented):
    """Syncs the name of a new file when the next one is begun."""

    def make_part(self, start: int) -> None:
        if start == 0:
            super().make_part(start)
        else:
            sync_folder(self.directory)
            make_file(self.part(start), b"")
