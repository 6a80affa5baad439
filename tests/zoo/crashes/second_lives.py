"""Storages that are right in their first life and wrong in the next, or for one kind of value.

A first life ends with a kill or a loss of power; what is wrong is what an opening after that does,
or leaves out from then on. They are beside the table of the other storages, as their figures are.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry, Escalation
from telltale_spec.wire.codec import decode, encode
from tests.zoo.crashes.files import contents, records, replace_file, whole_records, write_at
from tests.zoo.crashes.storages import AppendFile, CacheOn, LogOn
from tests.zoo.crashes.table import CACHE, LOG

__all__ = ["BROKEN", "RIGHT", "kept_on"]

_CLEAN: Final = "clean"
_COMMIT: Final = b"commit!!"
_SECTOR_BYTES: Final = 512


class SyncsNothingAfterAKill(AppendFile):
    """Syncs only what it stores after an orderly end, which a mark tells."""

    is_clean = True

    def recover(self) -> Sequence[bytes]:
        mark = self.directory / _CLEAN
        self.is_clean = not contents(self.path) or mark.exists()
        mark.unlink(missing_ok=True)
        return super().recover()

    def sync(self) -> None:
        if self.is_clean:
            super().sync()

    def close(self) -> None:
        if self.file >= 0:
            os.fsync(self.file)
            replace_file(self.directory / _CLEAN, b"")
        super().close()


class LeavesTheFolderToItsMaker(AppendFile):
    """Syncs the folder where it makes the file, and nowhere else."""

    def make_file(self) -> None:
        if not self.path.exists():
            super().make_file()
            return
        # Whoever made it has synced its name, or was killed before that.
        self.opened(self.path)


class DoesNotSyncWhatIsEqual(AppendFile):
    """Leaves out the sync of what is equal to the record before it."""

    def sync(self) -> None:
        if self.payloads[-1:] != [self.latest]:
            super().sync()

    def store(self, payload: bytes) -> None:
        self.latest = payload
        super().store(payload)


class CommitsInTheSameWrite(AppendFile):
    """Writes a mark in a sector behind each record, which has a sum of the first sector alone.

    So the first one and the last one tell whether they are there, and nothing between them does.
    """

    def framed(self, number: int, payload: bytes) -> bytes:
        head = len(payload).to_bytes(8, "big") + payload
        padded = head + bytes(-len(head) % _SECTOR_BYTES)
        return padded + self.mark_of(padded).ljust(_SECTOR_BYTES, b"\0")

    def mark_of(self, data: bytes) -> bytes:
        return _COMMIT + zlib.crc32(data[:_SECTOR_BYTES]).to_bytes(4, "big")

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = 0
        while len(data) - end >= 2 * _SECTOR_BYTES:
            size = int.from_bytes(data[end : end + 8], "big")
            mark = end + (8 + size + _SECTOR_BYTES - 1) // _SECTOR_BYTES * _SECTOR_BYTES
            if not data[mark:].startswith(self.mark_of(data[end:])):
                break
            payloads.append(data[end + 8 : end + 8 + size])
            end = mark + _SECTOR_BYTES
        return payloads, end

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        os.ftruncate(self.file, self.end)
        os.fdatasync(self.file)


class SyncsByCountAfterAnOpening(AppendFile):
    """Acknowledges the first record of an opening unsynced where it is an odd one."""

    opened_at = -1

    def recover(self) -> Sequence[bytes]:
        payloads = super().recover()
        self.opened_at = len(payloads)
        return payloads

    def sync(self) -> None:
        if len(self.payloads) != self.opened_at or self.opened_at % 2 == 0:
            super().sync()


class DoesNotSyncFailures(AppendFile):
    """Leaves out the sync of an outcome that failed."""

    def store(self, payload: bytes) -> None:
        self.is_failure = b"unavailable" in payload
        super().store(payload)

    def sync(self) -> None:
        if not self.is_failure:
            super().sync()


class LogWithAStaleIndex(LogOn):
    """Reads suffixes by an index that is written at an orderly end."""

    def __init__(self, directory: Path) -> None:
        super().__init__(AppendFile, directory)
        self.index = directory / "index"
        text = contents(self.index)
        self.indexed_count = int(text) if text else len(self.storage.payloads)

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return [each for each in self.load().entries[: self.indexed_count] if each.tick > tick]

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        self.indexed_count += 1

    def close(self) -> None:
        if self.refusal is None:
            replace_file(self.index, str(self.indexed_count).encode())
        super().close()


class LogThatForgetsLevels(LogOn):
    """Knows the levels of operations from its own life alone, where the one before was cut off."""

    def __init__(self, directory: Path) -> None:
        super().__init__(AppendFile, directory)
        self.mark = directory / _CLEAN
        self.known_from = 0 if self.mark.exists() else len(self.storage.payloads)
        self.mark.unlink(missing_ok=True)

    def append(self, entry: AgreementWalEntry) -> None:
        known = self.load().entries[self.known_from :]
        AgreementWalArtifact((*known, entry)).validate_monotonic_escalations()
        self.store(encode(entry))

    def close(self) -> None:
        if self.refusal is None:
            replace_file(self.mark, b"")
        super().close()


class LogWithLevelsBeside(LogOn):
    """Right: has the levels of operations in a file, which an opening makes anew from the log."""

    def __init__(self, directory: Path) -> None:
        super().__init__(AppendFile, directory)
        self.levels_path = directory / "levels"
        self.levels = self.found_levels()

    def found_levels(self) -> dict[str, Escalation]:
        entries = self.load().entries
        return {each.operation_id: each for each in entries if isinstance(each, Escalation)}

    def append(self, entry: AgreementWalEntry) -> None:
        known = tuple(self.levels.values())
        AgreementWalArtifact((*known, entry)).validate_monotonic_escalations()
        self.store(encode(entry))
        self.note(entry)

    def note(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, Escalation):
            self.levels[entry.operation_id] = entry
            replace_file(self.levels_path, records([encode(each) for each in self.levels.values()]))


class LogThatTrustsLevels(LogWithLevelsBeside):
    """Takes the levels from their file, which is written behind the entry."""

    def found_levels(self) -> dict[str, Escalation]:
        payloads, _ = whole_records(contents(self.levels_path))
        found = [decode(AgreementWalEntry, payload) for payload in payloads]
        return {each.operation_id: each for each in found if isinstance(each, Escalation)}


class LogThatNotesLevelsFirst(LogThatTrustsLevels):
    """Takes the levels from their file, which is written in front of the entry."""

    def append(self, entry: AgreementWalEntry) -> None:
        known = tuple(self.levels.values())
        AgreementWalArtifact((*known, entry)).validate_monotonic_escalations()
        self.note(entry)
        self.store(encode(entry))


class KeepsWhatIsTorn(AppendFile):
    """Right: an opening puts what is torn aside before it cuts it off, over what is there."""

    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

    def write(self, data: bytes) -> None:
        half = len(data) // 2
        write_at(self.file, data[:half], self.end)
        write_at(self.file, data[half:], self.end + half)

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if self.end < len(data):
            aside = os.open(self.directory / "torn", self.how, 0o666)
            try:
                write_at(aside, data[self.end :], 0)
            finally:
                os.close(aside)
        super().mend(data, payloads)


class KeepsWhatIsTornOnce(KeepsWhatIsTorn):
    """Does not open where the name is taken, as after an opening that was cut off itself."""

    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads)
        (self.directory / "torn").unlink(missing_ok=True)


class WritesTheLastRecordTwice(AppendFile):
    """Right: the last record is written again at every opening, in a write of its own."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads)
        if payloads:
            again = self.framed(len(payloads) - 1, payloads[-1])
            write_at(self.file, again, self.end - len(again))
            os.fsync(self.file)


BROKEN: Final[dict[str, tuple[str, Any, str]]] = {
    f"{storage.__name__}_{component}": (component, storage, requirement_id)
    for component, storage, requirement_id in (
        (LOG, SyncsNothingAfterAKill, "WAL-08.power"),
        (CACHE, SyncsNothingAfterAKill, "CACHE-08.power"),
        (LOG, LeavesTheFolderToItsMaker, "WAL-08.recovery"),
        (LOG, DoesNotSyncWhatIsEqual, "WAL-08.power"),
        (LOG, CommitsInTheSameWrite, "WAL-08.power"),
        (CACHE, CommitsInTheSameWrite, "CACHE-08.power"),
        (LOG, SyncsByCountAfterAnOpening, "WAL-08.power"),
        (CACHE, DoesNotSyncFailures, "CACHE-08.power"),
        (LOG, LogWithAStaleIndex, "WAL-08.kill-inside"),
        (LOG, LogThatForgetsLevels, "WAL-08.kill-inside"),
        (LOG, LogThatTrustsLevels, "WAL-08.kill-inside"),
        (LOG, LogThatNotesLevelsFirst, "WAL-08.progress"),
        (LOG, KeepsWhatIsTornOnce, "WAL-08.recovery"),
        (CACHE, KeepsWhatIsTornOnce, "CACHE-08.recovery"),
    )
}
"""By name: what is kept, by whom, and the requirement that has to fail."""

RIGHT: Final[dict[str, tuple[str, Any]]] = {
    f"{storage.__name__}_{component}": (component, storage)
    for component, storage in (
        (LOG, WritesTheLastRecordTwice),
        (CACHE, WritesTheLastRecordTwice),
        (LOG, LogWithLevelsBeside),
        (LOG, KeepsWhatIsTorn),
        (CACHE, KeepsWhatIsTorn),
    )
}


def kept_on(name: str, component: str, kept: Any) -> Backend:
    """Return the backend of a storage, or of a log that has its own."""
    if component == LOG:
        make = kept if issubclass(kept, LogOn) else partial(LogOn, kept)
        return Backend(name, agreement_wal=make)
    return Backend(name, evidence_cache=partial(CacheOn, kept))


def __getattr__(name: str) -> Backend:
    try:
        component, kept = (BROKEN.get(name) or RIGHT[name])[:2]
    except KeyError:
        raise AttributeError(name) from None
    return kept_on(name, component, kept)
