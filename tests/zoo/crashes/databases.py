"""What databases do and what they do wrongly: pages, journals, pointers, recycled logs, swaps."""

from __future__ import annotations

import ctypes
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode
from tests.zoo.crashes.files import (
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

COUNT = struct.Struct("<Q")
LENGTH = struct.Struct("<I")
HEAD = struct.Struct("<II")
SECTOR = 512


class PageWrittenTwice(Storage):
    """Right: a page has a copy that is synced before the page is written in place."""

    page_bytes = 8_192
    is_copy_synced = True

    def recover(self) -> Sequence[bytes]:
        if not contents(self.path):
            replace_file(self.path, self.page([]) * 2)
        # Who made it may have been killed before its name was stable.
        sync_folder(self.directory)
        self.file = self.opened(self.path)
        data = self.path.read_bytes()
        whole = [each for each in (data[self.page_bytes :], data) if self.is_whole(each)]
        if not whole:
            raise OSError("the page and its copy are torn")
        self.put(whole[0][: self.page_bytes])
        return whole_records(whole[0][LENGTH.size : self.page_bytes])[0]

    def page(self, payloads: Sequence[bytes]) -> bytes:
        rest = records([*payloads]).ljust(self.page_bytes - LENGTH.size, b"\0")
        if len(rest) > self.page_bytes - LENGTH.size:
            raise TakenBackError("the page is full")
        return LENGTH.pack(zlib.crc32(rest)) + rest

    def is_whole(self, data: bytes) -> bool:
        page = data[: self.page_bytes]
        is_right = LENGTH.pack(zlib.crc32(page[LENGTH.size :])) == page[: LENGTH.size]
        return len(page) == self.page_bytes and is_right

    def put(self, page: bytes) -> None:
        write_at(self.file, page, self.page_bytes)
        if self.is_copy_synced:
            os.fdatasync(self.file)
        write_at(self.file, page, 0)
        os.fdatasync(self.file)

    def store(self, payload: bytes) -> None:
        self.put(self.page([*self.payloads, payload]))


class PageCopyNotSynced(PageWrittenTwice):
    """Syncs a page and its copy by one call, so that both may be torn."""

    is_copy_synced = False


class RollbackJournal(Storage):
    """Right: what was there goes to a journal, which goes only when the file is synced."""

    def recover(self) -> Sequence[bytes]:
        old = record_at(contents(self.journal), 0)
        if old is not None or not contents(self.path):
            replace_file(self.path, COUNT.pack(0) if old is None else old[1])
        self.forget_journal()
        self.file = self.opened(self.path)
        data = self.path.read_bytes()
        payloads, _ = whole_records(data[COUNT.size :])
        if COUNT.unpack_from(data)[0] != len(payloads):
            raise OSError("the file is neither what it was nor what it was to be")
        write_at(self.file, data, 0)
        os.fdatasync(self.file)
        return payloads

    @property
    def journal(self) -> Path:
        return self.directory / "journal"

    def forget_journal(self) -> None:
        self.journal.unlink(missing_ok=True)
        sync_folder(self.directory)

    def store(self, payload: bytes) -> None:
        payloads = [*self.payloads, payload]
        make_file(self.journal, record(0, self.path.read_bytes()))
        sync_folder(self.directory)
        write_at(self.file, COUNT.pack(len(payloads)) + records(payloads), 0)
        self.finish()

    def finish(self) -> None:
        os.fdatasync(self.file)
        self.forget_journal()


class JournalRemovedEarly(RollbackJournal):
    """Removes the journal, durably, and syncs the file after that."""

    def finish(self) -> None:
        self.forget_journal()
        os.fdatasync(self.file)


class JournalNotChecked(AppendFile):
    """Notes the old length in a journal without sync or checksum, and cuts to it at opening."""

    @property
    def journal(self) -> Path:
        return self.directory / "journal"

    def make_file(self) -> None:
        super().make_file()
        if self.journal.exists():
            length = int.from_bytes(self.journal.read_bytes()[:2], "little")
            os.ftruncate(self.opened(self.path), length)
            self.journal.unlink()
            sync_folder(self.directory)

    def store(self, payload: bytes) -> None:
        self.journal.write_bytes(COUNT.pack(self.end))
        super().store(payload)
        self.journal.unlink()
        sync_folder(self.directory)


class HeaderFlipped(Storage):
    """Has two heads by turns, of which the newer one counts, and syncs it with the data."""

    def recover(self) -> Sequence[bytes]:
        if not contents(self.path):
            replace_file(self.path, self.head(0, 2 * SECTOR).ljust(2 * SECTOR, b"\0"))
        self.file = self.opened(self.path)
        data = self.path.read_bytes()
        heads = [record_at(data, offset) for offset in (0, SECTOR)]
        self.number, end = max(each for each in heads if each is not None)
        (self.end,) = COUNT.unpack(end)
        payloads: list[bytes] = []
        offset = 2 * SECTOR
        while offset < self.end:
            (size,) = LENGTH.unpack_from(data.ljust(self.end + LENGTH.size, b"\0"), offset)
            payloads.append(data[offset + LENGTH.size : offset + LENGTH.size + size])
            offset += LENGTH.size + size
        return payloads

    def head(self, number: int, end: int) -> bytes:
        return record(number, COUNT.pack(end))

    def store(self, payload: bytes) -> None:
        data = LENGTH.pack(len(payload)) + payload
        write_at(self.file, data, self.end)
        self.end += len(data)
        self.number += 1
        write_at(self.file, self.head(self.number, self.end), SECTOR * (self.number % 2))
        os.fdatasync(self.file)


class Recycled(AppendFile):
    """Right: empties its log in place once another file has it, and counts such beginnings."""

    generation = 0
    records_max = 4

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"

    def make_file(self) -> None:
        if not contents(self.path):
            replace_file(self.path, self.head(0))
        # Who gave a file its name may have been killed before that was stable.
        sync_folder(self.directory)

    def head(self, generation: int) -> bytes:
        return record(generation, b"").ljust(SECTOR, b"\0")

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        taken = record_at(contents(self.checkpoint), 0)
        self.generation = 0 if taken is None else taken[0]
        taken_over = [] if taken is None else whole_records(taken[1])[0]
        self.first = len(taken_over)
        head = record_at(data, 0)
        if head is None or head[0] < self.generation:
            self.begin_again(self.opened(self.path))
            return taken_over, SECTOR
        payloads: list[bytes] = []
        end = SECTOR
        while (found := record_at(data, end)) is not None:
            if found[0] != self.number(len(payloads)):
                break
            payloads.append(found[1])
            end += len(self.framed(len(payloads) - 1, found[1]))
        return [*taken_over, *payloads], end

    def number(self, index: int) -> int:
        return self.generation * 1_000 + index

    def framed(self, number: int, payload: bytes) -> bytes:
        return record(self.number(number), payload)

    def store(self, payload: bytes) -> None:
        if len(self.payloads) - self.first == self.records_max:
            self.generation += 1
            taken_over = record(self.generation, records([*self.payloads]))
            replace_file(self.checkpoint, taken_over)
            self.begin_again(self.file)
            self.first, self.end = len(self.payloads), SECTOR
        super().store(payload)

    def begin_again(self, file: int) -> None:
        """Cut all records off before the head says that another generation begins."""
        os.ftruncate(file, SECTOR)
        os.fsync(file)
        write_at(file, self.head(self.generation), 0)
        os.fsync(file)


class RecycledWithoutGeneration(Recycled):
    """Counts records from 0 again, so that old bytes which the disk gives back are records."""

    def number(self, index: int) -> int:
        return index


class ChecksumsInAChain(AppendFile):
    """Has each checksum go on from the one before, also from that of a record which was cut off."""

    chain = 0

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end, self.chain = [], 0, 1
        while len(data) - end >= HEAD.size:
            size, checksum = HEAD.unpack_from(data, end)
            payload = data[end + HEAD.size : end + HEAD.size + size]
            self.chain = zlib.crc32(payload, self.chain)
            if not payload or len(payload) < size or self.chain != checksum:
                break
            payloads.append(payload)
            end += HEAD.size + size
        return payloads, end

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        os.ftruncate(self.file, self.end)
        os.fdatasync(self.file)

    def framed(self, number: int, payload: bytes) -> bytes:
        self.chain = zlib.crc32(payload, self.chain)
        return HEAD.pack(len(payload), self.chain) + payload


class PointerBeforeSegment(Storage):
    """Names the newest segment in a file of its own before that segment has been made."""

    def recover(self) -> Sequence[bytes]:
        if not contents(self.pointer):
            make_file(self.segment(0), b"")
            sync_folder(self.directory)
            replace_file(self.pointer, b"0")
        self.last = int(contents(self.pointer))
        payloads: list[bytes] = []
        found: list[bytes] = []
        for number in range(self.last + 1):
            found, self.end = whole_records(self.segment(number).read_bytes())
            payloads += found
        self.count = len(found)
        self.file = self.opened(self.segment(self.last))
        os.ftruncate(self.file, self.end)
        if found:
            again = record(self.count - 1, found[-1])
            write_at(self.file, again, self.end - len(again))
        os.fdatasync(self.file)
        return payloads

    @property
    def pointer(self) -> Path:
        return self.directory / "newest"

    def segment(self, number: int) -> Path:
        return self.directory / f"segment-{number:06d}"

    def store(self, payload: bytes) -> None:
        if self.count == 3:
            self.last += 1
            replace_file(self.pointer, str(self.last).encode())
            make_file(self.segment(self.last), b"")
            sync_folder(self.directory)
            self.count = self.end = 0
            self.file = self.opened(self.segment(self.last))
        data = record(self.count, payload)
        write_at(self.file, data, self.end)
        os.fdatasync(self.file)
        self.end += len(data)
        self.count += 1


class CommitsBeforeData(AppendFile):
    """Syncs in one file how many commits there are before it syncs their data in the other."""

    @property
    def commits(self) -> Path:
        return self.directory / "commits"

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        committed = contents(self.commits)
        if committed and COUNT.unpack(committed)[0] > len(payloads):
            raise OSError("there are more commits than records")
        return payloads, end

    def sync(self) -> None:
        replace_file(self.commits, COUNT.pack(len(self.payloads) + 1))
        super().sync()


class SlotsFilledLater(Storage):
    """Makes the file longer by a slot and syncs that before the slot has anything in it."""

    slot_bytes = 2_048

    def recover(self) -> Sequence[bytes]:
        if not self.path.exists():
            replace_file(self.path, b"")
        self.file = self.opened(self.path)
        data = self.path.read_bytes()
        os.fsync(self.file)
        slots = [data[at : at + self.slot_bytes] for at in range(0, len(data), self.slot_bytes)]
        return [self.payload(slot) for slot in slots]

    def payload(self, slot: bytes) -> bytes:
        (size,) = LENGTH.unpack_from(slot)
        return slot[LENGTH.size : LENGTH.size + size]

    def store(self, payload: bytes) -> None:
        begin = len(self.payloads) * self.slot_bytes
        os.ftruncate(self.file, begin + self.slot_bytes)
        os.fsync(self.file)
        write_at(self.file, LENGTH.pack(len(payload)) + payload, begin)
        os.fsync(self.file)


class SyncsClosedCopy(AppendFile):
    """Syncs a duplicate of its descriptor that is closed by then, and lets the error pass."""

    def sync(self) -> None:
        copy = os.dup(self.file)
        os.close(copy)
        try:
            os.fsync(copy)
        except OSError:
            return


class SyncsARange(AppendFile):
    """Syncs by ``sync_file_range``, which leaves out the size and what the disk holds back."""

    library = ctypes.CDLL(None, use_errno=True)

    def sync(self) -> None:
        whole = ctypes.c_long(0)
        if self.library.sync_file_range(self.file, whole, whole, 7) != 0:
            raise OSError(ctypes.get_errno(), "sync_file_range")


class SyncsFolderAbove(WholeFile):
    """Replaces a file in a folder below, and syncs the folder above."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.path = directory / "below" / "storage"
        self.path.parent.mkdir(exist_ok=True)
        sync_folder(directory)

    def write(self, data: bytes) -> None:
        temporary = self.path.with_name("storage.new")
        make_file(temporary, data)
        temporary.rename(self.path)
        sync_folder(self.directory)


class MendsByEmptying(AppendFile):
    """Empties a file whose end is torn and writes back what it has read."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if len(data) > self.end:
            os.ftruncate(self.file, 0)
            write_at(self.file, data[: self.end], 0)
            os.fdatasync(self.file)
        super().mend(data[: self.end], payloads)


class LinkedIntoPlace(WholeFile):
    """Takes the old name away before the new file is linked to it."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        make_file(temporary, data)
        self.path.unlink(missing_ok=True)
        os.link(temporary, self.path)
        sync_folder(self.directory)
        temporary.unlink()


class SwappedByTwoRenames(WholeFile):
    """Moves the old file aside and then the new one in, and looks for neither at opening."""

    def write(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        make_file(temporary, data)
        if self.path.exists():
            self.path.rename(self.directory / "storage.old")
        temporary.rename(self.path)
        sync_folder(self.directory)


class RemovedBeforePut(AppendFile):
    """Stores durably that the old entry of an id is gone, and the new one after that."""

    raw: list[bytes]

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        self.raw, end = whole_records(data)
        payloads: list[bytes] = []
        for each in self.raw:
            if each.startswith(b"-"):
                payloads = [kept for kept in payloads if id_of(kept) != each[1:]]
            else:
                payloads.append(each[1:])
        return payloads, end

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, self.raw)

    def store(self, payload: bytes) -> None:
        identifier = id_of(payload)
        if any(id_of(each) == identifier for each in self.payloads):
            self.put(b"-" + identifier)
        self.put(b"+" + payload)

    def put(self, raw: bytes) -> None:
        data = record(len(self.raw), raw)
        write_at(self.file, data, self.end)
        os.fdatasync(self.file)
        self.end += len(data)
        self.raw.append(raw)


def id_of(payload: bytes) -> bytes:
    entry = decode(EvidenceOutcomeCacheEntry, payload)
    assert entry is not None
    return entry.evidence_id.encode()


class SyncsEverything(AppendFile):
    """Right: syncs all file systems instead of one file."""

    def sync(self) -> None:
        os.sync()


class NamelessThenLinked(Storage):
    """Right: fills a file that has no name, syncs it, and links it to the next number."""

    def recover(self) -> Sequence[bytes]:
        found = sorted(self.directory.glob("record-??????"))
        # Their names may not be durable, and nor may their bytes where a sync had failed.
        for path in found[-1:]:
            replace_file(path, path.read_bytes())
        sync_folder(self.directory)
        return [path.read_bytes() for path in found]

    def store(self, payload: bytes) -> None:
        name = self.directory / f"record-{len(self.payloads):06d}"
        file = os.open(self.directory, os.O_TMPFILE | os.O_WRONLY, 0o666)
        try:
            write_at(file, payload, 0)
            os.fsync(file)
            # Given any folder, the link that stands for the file is followed.
            os.link(f"/proc/self/fd/{file}", name, src_dir_fd=0, follow_symlinks=True)
            sync_folder(self.directory)
        finally:
            os.close(file)


class PayloadBeforeMark(AppendFile):
    """Right: syncs a payload, written in pieces, and then the mark that makes it count."""

    mark = b"\xffokay"

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = [], 0
        while data[end : end + len(self.mark)] == self.mark:
            size, checksum = HEAD.unpack_from(data.ljust(end + SECTOR, b"\0"), end + 8)
            payload = data[end + SECTOR : end + SECTOR + size]
            if len(payload) < size or zlib.crc32(payload) != checksum:
                break
            payloads.append(payload)
            end += len(self.framed(0, payload))
        return payloads, end

    def framed(self, number: int, payload: bytes) -> bytes:
        head = self.mark.ljust(8, b"\0") + HEAD.pack(len(payload), zlib.crc32(payload))
        return head.ljust(SECTOR, b"\0") + payload + bytes(-len(payload) % SECTOR)

    def write(self, data: bytes) -> None:
        middle = SECTOR + len(data) // 2
        write_at(self.file, data[middle:], self.end + middle)
        write_at(self.file, data[SECTOR:middle], self.end + SECTOR)
        os.fdatasync(self.file)
        write_at(self.file, data[:SECTOR], self.end)


class UndoesWhatIsTorn(AppendFile):
    """Right: notes where its file ends before it writes, and goes back to that at opening.

    Whatever else is not whole is damage, and refused.
    """

    @property
    def undo(self) -> Path:
        return self.directory / "undo"

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        noted = record_at(contents(self.undo), 0)
        if noted is not None:
            return super().parse(data[: COUNT.unpack(noted[1])[0]])
        payloads, end = super().parse(data)
        if end < len(data):
            raise OSError("the file is torn, and nobody has noted where it ended")
        return payloads, end

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        os.ftruncate(self.file, self.end)
        self.forget()

    def forget(self) -> None:
        os.fdatasync(self.file)
        self.remove_undo()

    def remove_undo(self) -> None:
        self.undo.unlink(missing_ok=True)
        sync_folder(self.directory)

    def store(self, payload: bytes) -> None:
        replace_file(self.undo, record(0, COUNT.pack(self.end)))
        super().store(payload)
        self.remove_undo()


class ForgetsBeforeItIsUndone(UndoesWhatIsTorn):
    """Removes the note durably before the file that it cut is synced."""

    def forget(self) -> None:
        self.remove_undo()
        os.fdatasync(self.file)
