"""Stores that lose to another handle what was acknowledged, and right ones that look odd."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from conformance.backend import Backend, Capability
from telltale_spec import AgreementWalArtifact, AgreementWalEntry, DurabilityError, decode, encode
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

_HANDLES: Final = frozenset({Capability.REOPEN, Capability.CONCURRENT_HANDLES})


class UnlockedLog:
    """SELECT, validate, INSERT: nothing keeps another handle out in between."""

    begin: str | None = None
    wait_seconds: float = 5.0

    def __init__(self, directory: Path) -> None:
        self._database = sqlite3.connect(
            directory / "log.db",
            timeout=self.wait_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE IF NOT EXISTS log (n INTEGER PRIMARY KEY, b BLOB)")

    def append(self, entry: AgreementWalEntry) -> None:
        """Validate the log with the entry, and insert it."""
        try:
            if self.begin is not None:
                self._database.execute(self.begin)
            AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
            self._database.execute("INSERT INTO log (b) VALUES (?)", (encode(entry),))
            if self.begin is not None:
                self._database.execute("COMMIT")
        except (DurabilityError, sqlite3.OperationalError) as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            if isinstance(error, DurabilityError):
                raise
            raise DurabilityError(f"busy: {error}") from error

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        rows = self._database.execute("SELECT b FROM log ORDER BY n").fetchall()
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, data) for (data,) in rows))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class LockedLog(UnlockedLog):
    """The same with BEGIN IMMEDIATE."""

    begin = "BEGIN IMMEDIATE"


class BusyLog(LockedLog):
    """Refuses while another handle writes, and stores nothing."""

    wait_seconds = 0.0


class RemembersSuffixes(LockedLog):
    """Forgets what it read once only when it appends itself."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._read: dict[int, tuple[AgreementWalEntry, ...]] = {}

    def append(self, entry: AgreementWalEntry) -> None:
        """Append, and forget."""
        self._read.clear()
        super().append(entry)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return what was read first."""
        return self._read.setdefault(tick, super().read_since(tick))


class RewrittenCache:
    """Reads a file, changes it and writes it, without a lock."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _rows(self) -> dict[str, EvidenceOutcomeCacheEntry]:
        path = self._directory / "cache"
        lines = path.read_text().split() if path.exists() else []
        entries = [decode(EvidenceOutcomeCacheEntry, bytes.fromhex(line)) for line in lines]
        return {entry.evidence_id: entry for entry in entries}

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Read all, and write all with the entry."""
        rows = {**self._rows(), entry.evidence_id: entry}
        partial = self._directory / f"cache.{id(self)}"
        partial.write_text("\n".join(encode(row).hex() for row in rows.values()))
        partial.replace(self._directory / "cache")

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of an id."""
        return self._rows().get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        return EvidenceOutcomeCacheArtifact(tuple(self._rows().values()))


class RemembersAbsence(RewrittenCache):
    """Goes on missing an id that it missed once, until it puts that itself."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._absent: set[str] = set()

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put, and know that the id is there."""
        self._absent.discard(entry.evidence_id)
        super().put(entry)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of an id that was not missed."""
        found = None if evidence_id in self._absent else super().get(evidence_id)
        if found is None:
            self._absent.add(evidence_id)
        return found


UNLOCKED_LOG: Final = Backend("unlocked", agreement_wal=UnlockedLog, capabilities=_HANDLES)
LOCKED_LOG: Final = Backend("locked", agreement_wal=LockedLog, capabilities=_HANDLES)
BUSY_LOG: Final = Backend("busy", agreement_wal=BusyLog, capabilities=_HANDLES)
REWRITTEN_CACHE: Final = Backend("rewritten", evidence_cache=RewrittenCache, capabilities=_HANDLES)
REMEMBERS_SUFFIXES: Final = Backend(
    "remembers suffixes", agreement_wal=RemembersSuffixes, capabilities=_HANDLES
)
REMEMBERS_ABSENCE: Final = Backend(
    "remembers absence", evidence_cache=RemembersAbsence, capabilities=_HANDLES
)
