"""Logs and caches that are right and look odd: none of them may be failed by a MUST."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend
from telltale_spec import decode, encode
from telltale_spec.errors import DurabilityError
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    EscalationTracker,
    EvidenceProduced,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.broken_long_caches import MapCache, cache_backend
from tests.zoo.broken_long_logs import TrackedWal, log_backend

__all__ = ["UNUSUAL_CACHES", "UNUSUAL_LOGS"]

Entry = AgreementWalEntry
CacheEntry = EvidenceOutcomeCacheEntry


def _texts(tree: Any) -> list[str]:
    """Return every text of a JSON form, keys left out."""
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, dict):
        return [text for each in tree.values() for text in _texts(each)]
    return [text for each in tree for text in _texts(each)] if isinstance(tree, list) else []


def refuses(why: Callable[[Entry], str | None]) -> type[TrackedWal]:
    """Return a log that refuses cleanly what it cannot keep."""

    class Refuses(TrackedWal):
        def append(self, entry: Entry) -> None:
            reason = why(entry)
            if reason is not None:
                raise DurabilityError(reason)
            super().append(entry)

    return Refuses


def _no_zero(entry: Entry) -> str | None:
    return "a text with a zero" if any("\0" in text for text in _texts(entry.to_dict())) else None


def _signed(entry: Entry) -> str | None:
    session = entry.evidence.session if isinstance(entry, EvidenceProduced) else None
    return "out of range" if max(entry.tick, session or 0) >= 2**63 else None


def _short(entry: Entry) -> str | None:
    return "too long" if any(len(text) > 255 for text in _texts(entry.to_dict())) else None


class OrderlyLog(TrackedWal):
    """Declines a tick before the last one, and an entry that it has."""

    def append(self, entry: Entry) -> None:
        """Append an entry that is later, or as late and another one."""
        if self.entries and entry.tick < self.entries[-1].tick:
            raise DurabilityError("out of time")
        if entry in self.entries:
            raise DurabilityError("it is there")
        super().append(entry)


class RejectsLate(TrackedWal):
    """Declares that a rejected entry may stay, and keeps each second one."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.rejections = 0

    def append(self, entry: Entry) -> None:
        """Append an entry; a rejected one may be written before the order is looked at."""
        try:
            AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        except DurabilityError:
            self.rejections += 1
            if self.rejections % 2 == 0:
                self.entries.append(entry)
            raise
        self.entries.append(entry)


def _no_evidence(entry: Entry) -> str | None:
    return "not of this kind" if isinstance(entry, EvidenceProduced) else None


def _visible(entry: Entry) -> str | None:
    return None if all(text.isprintable() for text in _texts(entry.to_dict())) else "cannot be seen"


class BusyLog(TrackedWal):
    """Is busy at every seventh call that writes."""

    calls = 0

    def append(self, entry: Entry) -> None:
        self.calls += 1
        if self.calls % 7 == 0:
            raise DurabilityError("busy")
        super().append(entry)


class OwnWordsLog(TrackedWal):
    """Says in words of its own that a level falls."""

    def append(self, entry: Entry) -> None:
        if self.tracker.preview(entry) is not None:
            raise DurabilityError("levels do not fall")
        super().append(entry)


class SlowLog(TrackedWal):
    """Takes a moment for each append."""

    def store(self, entry: Entry) -> None:
        time.sleep(0.0005)
        super().store(entry)


class CopyingLog(TrackedWal):
    """Keeps bytes and gives new objects each time, in a new list."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.data: list[bytes] = []

    def store(self, entry: Entry) -> None:
        self.data.append(encode(entry))

    def read_since(self, tick: int) -> Sequence[Entry]:
        return [entry for entry in self.load().entries if entry.tick > tick]

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, each) for each in self.data))


class TableLog:
    """Rows in a database, found by an index on the tick as a text of equal length."""

    def __init__(self, directory: Path) -> None:
        self._database = sqlite3.connect(directory / "rows.db", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, tick TEXT, b BLOB)"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS ticks ON rows (tick, n)")
        self._tracker = EscalationTracker()
        for entry in self.load().entries:
            self._tracker.observe(entry)

    def append(self, entry: Entry) -> None:
        """Insert a row."""
        error = self._tracker.preview(entry)
        if error is not None:
            raise error
        row = (f"{entry.tick:020}", encode(entry))
        self._database.execute("INSERT INTO rows (tick, b) VALUES (?, ?)", row)
        self._tracker.observe(entry)

    def read_since(self, tick: int) -> list[Entry]:
        """Return rows by their index, put in the order in which they came."""
        query = "SELECT b FROM rows WHERE tick > ? ORDER BY n"
        return self._entries(query, (f"{tick:020}",))

    def load(self) -> AgreementWalArtifact:
        """Return all rows."""
        return AgreementWalArtifact(tuple(self._entries("SELECT b FROM rows ORDER BY n", ())))

    def _entries(self, query: str, values: tuple[str, ...]) -> list[Entry]:
        rows = self._database.execute(query, values).fetchall()
        return [decode(AgreementWalEntry, data) for (data,) in rows]

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def refuses_ids(why: Callable[[str], str | None]) -> type[MapCache]:
    """Return a cache that refuses cleanly the ids that it cannot keep."""

    class RefusesIds(MapCache):
        def put(self, entry: CacheEntry) -> None:
            reason = why(entry.evidence_id)
            if reason is not None:
                raise DurabilityError(reason)
            super().put(entry)

    return RefusesIds


class BusyCache(MapCache):
    """Is busy at every seventh call that writes."""

    calls = 0

    def put(self, entry: CacheEntry) -> None:
        self.calls += 1
        if self.calls % 7 == 0:
            raise DurabilityError("busy")
        super().put(entry)


class SmallValuesCache(MapCache):
    """Refuses what takes more than some bytes, whatever its id is."""

    def put(self, entry: CacheEntry) -> None:
        """Put a small entry."""
        if len(encode(entry)) > 2_000:
            raise DurabilityError("the value is too large")
        super().put(entry)


class FullCache(MapCache):
    """Takes forty ids and no more."""

    def put(self, entry: CacheEntry) -> None:
        """Put an entry of a known id, or of one for which there is room."""
        if len(self.entries) >= 40 and entry.evidence_id not in self.entries:
            raise DurabilityError("the table is full")
        super().put(entry)


class SortedCache(MapCache):
    """Loads by the order of its keys, which it did not promise not to do."""

    def load(self) -> EvidenceOutcomeCacheArtifact:
        entries = sorted(self.entries.values(), key=lambda entry: entry.evidence_id)
        return EvidenceOutcomeCacheArtifact(tuple(entries))


class TableCache:
    """Keys as bytes in a database."""

    def __init__(self, directory: Path) -> None:
        self._database = sqlite3.connect(directory / "rows.db", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE IF NOT EXISTS rows (id BLOB PRIMARY KEY, b BLOB)")

    def put(self, entry: CacheEntry) -> None:
        """Insert a row, or replace it."""
        row = (entry.evidence_id.encode(), encode(entry))
        self._database.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", row)

    def get(self, evidence_id: str) -> CacheEntry | None:
        """Return the entry of a row."""
        query = "SELECT b FROM rows WHERE id = ?"
        row = self._database.execute(query, (evidence_id.encode(),)).fetchone()
        return None if row is None else decode(CacheEntry, row[0])

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return all rows, in no order."""
        rows = self._database.execute("SELECT b FROM rows").fetchall()
        return EvidenceOutcomeCacheArtifact(tuple(decode(CacheEntry, data) for (data,) in rows))

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class BusyReadingLog(TrackedWal):
    """Refuses every fifth read; whoever asks again is answered."""

    reads = 0

    def _note_read(self) -> None:
        self.reads += 1
        if self.reads % 5 == 0:
            raise DurabilityError("busy")

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        """Read a suffix, if it is not busy."""
        self._note_read()
        return super().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Load, if it is not busy."""
        self._note_read()
        return super().load()


class BusyReadingCache(MapCache):
    """Refuses every fifth read; whoever asks again is answered."""

    reads = 0

    def _note_read(self) -> None:
        self.reads += 1
        if self.reads % 5 == 0:
            raise DurabilityError("busy")

    def get(self, evidence_id: str) -> CacheEntry | None:
        """Look up, if it is not busy."""
        self._note_read()
        return super().get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Load, if it is not busy."""
        self._note_read()
        return super().load()


UNUSUAL_LOGS: Final[tuple[Backend, ...]] = (
    log_backend("refuses a zero", refuses(_no_zero)),
    log_backend("refuses what has a sign bit", refuses(_signed)),
    log_backend("refuses long texts", refuses(_short)),
    log_backend("refuses what cannot be seen", refuses(_visible)),
    log_backend("declines what is late or there", OrderlyLog),
    replace(
        log_backend("may keep what it rejects", RejectsLate),
        rejection_mode=RejectionMode.UNKNOWN_OUTCOME,
    ),
    log_backend("declines evidence", refuses(_no_evidence)),
    log_backend("is busy now and then", BusyLog),
    log_backend("is busy when read", BusyReadingLog),
    log_backend("says it in its own words", OwnWordsLog),
    log_backend("takes a moment", SlowLog),
    log_backend("gives copies in lists", CopyingLog),
    log_backend("keeps rows", TableLog, reopens=True),
)

UNUSUAL_CACHES: Final[tuple[Backend, ...]] = (
    cache_backend("refuses ids with a zero", refuses_ids(lambda t: "zero" if "\0" in t else None)),
    cache_backend("refuses long ids", refuses_ids(lambda t: "long" if len(t) > 255 else None)),
    cache_backend("is busy now and then", BusyCache),
    cache_backend("is busy when read", BusyReadingCache),
    cache_backend("refuses large values", SmallValuesCache),
    cache_backend("takes forty ids", FullCache),
    cache_backend("loads by its keys", SortedCache),
    cache_backend("keeps rows", TableCache, reopens=True),
)
