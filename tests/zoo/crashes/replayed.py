"""Logs that gather entries in memory, with a journal beside them, and store them as tables."""

from __future__ import annotations

import os
from pathlib import Path

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    EscalationTracker,
)
from telltale_spec.wire.codec import decode, encode
from tests.zoo.crashes.files import record, records, sync_folder, whole_records
from tests.zoo.crashes.places import replaced

_GATHERED_MAX = 32


class TablesLog:
    """Right: a table of each 32 entries, and a journal of those that are in no table yet.

    The number of the first entry in the journal is its name, so that an old one stands for nothing.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.entries: list[AgreementWalEntry] = []
        self.levels = EscalationTracker()
        self.gathered: list[bytes] = []
        while (table := directory / f"table-{len(self.entries)}").exists():
            for payload in whole_records(table.read_bytes())[0]:
                self.take(payload)
        self.begin_journal()
        self.replay(self.file_payloads)

    def begin_journal(self) -> None:
        """Open the journal of what comes now, without what a crash has torn in it."""
        path = self.directory / f"journal-{len(self.entries)}"
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        data = os.pread(self.file, 1 << 24, 0)
        self.file_payloads, self.end = whole_records(data)
        self.was_torn = self.end < len(data)
        os.ftruncate(self.file, self.end)
        os.fsync(self.file)
        sync_folder(self.directory)

    def replay(self, payloads: list[bytes]) -> None:
        """Take what the journal has: for what is shown, and for the next table."""
        for payload in payloads:
            self.take(payload)
        self.gathered = [*payloads]

    def take(self, payload: bytes) -> None:
        entry = decode(AgreementWalEntry, payload)
        self.levels.observe(entry)
        self.entries.append(entry)

    def append(self, entry: AgreementWalEntry) -> None:
        error = self.levels.preview(entry)
        if error is not None:
            raise DurabilityError(error.message)
        if len(self.gathered) >= _GATHERED_MAX:
            self.store_table()
        payload = encode(entry)
        whole = record(self.number, payload)
        os.pwrite(self.file, whole, self.end)
        os.fsync(self.file)
        self.end += len(whole)
        self.gathered.append(payload)
        self.take(payload)

    @property
    def number(self) -> int:
        """The number of the next record in the journal."""
        return len(self.gathered)

    def store_table(self) -> None:
        first = len(self.entries) - self.number
        replaced(self.directory / f"table-{first}", records(self.gathered))
        os.close(self.file)
        self.gathered = []
        self.begin_journal()
        (self.directory / f"journal-{first}").unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self.file)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return tuple([entry for entry in self.entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


class ReplaysForShowLog(TablesLog):
    """Shows what a crash has left before a torn end, and leaves it out of the next table."""

    replayed = 0

    def replay(self, payloads: list[bytes]) -> None:
        super().replay(payloads)
        if self.was_torn:
            self.gathered, self.replayed = [], len(payloads)

    @property
    def number(self) -> int:
        return self.replayed + len(self.gathered)

    def store_table(self) -> None:
        super().store_table()
        self.replayed = 0
