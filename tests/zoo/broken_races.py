"""Stores that only calls under way can tell apart: wrong ones that end right, and odd ones."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Final

from conformance.backend import Backend, Capability
from telltale_spec import AgreementWalArtifact, AgreementWalEntry, DurabilityError, decode, encode
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.broken_handles import LockedLog, RewrittenCache

_HANDLES: Final = frozenset({Capability.REOPEN, Capability.CONCURRENT_HANDLES})


class HalfShownLog(LockedLog):
    """Reads every other entry first and the rest after, so that one can be there before another."""

    def load(self) -> AgreementWalArtifact:
        """Return the entries of two looks, in order."""
        rows = []
        for remainder in (0, 1):
            sql = "SELECT n, b FROM log WHERE n % 2 = ?"
            rows += self._database.execute(sql, (remainder,)).fetchall()
        return AgreementWalArtifact(
            tuple(decode(AgreementWalEntry, data) for _, data in sorted(rows))
        )


class DirtyLog(LockedLog):
    """Keeps what it has not stored yet where every handle sees it."""

    under_way: Final[dict[Path, list[AgreementWalEntry]]] = defaultdict(list)

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._under_way = self.under_way[directory]

    def append(self, entry: AgreementWalEntry) -> None:
        """Show the entry, and then store or refuse it."""
        self._under_way.append(entry)
        try:
            super().append(entry)
        finally:
            self._under_way.remove(entry)

    def load(self) -> AgreementWalArtifact:
        """Return what is stored and what may be soon."""
        stored = super().load()
        if self._database.in_transaction:
            return stored
        return AgreementWalArtifact((*stored.entries, *self._under_way))


class _Locked(RewrittenCache):
    lock: Final = threading.Lock()

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put while nobody else does."""
        with self.lock:
            super().put(entry)


class LockedCache(_Locked):
    """Reads without the lock, of a file that is replaced as a whole."""


class TwoCopies(_Locked):
    """Puts into two copies, one after the other, and reads now the one and now the other."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        (directory / "copy").mkdir(exist_ok=True)
        self._copy = RewrittenCache(directory / "copy")
        self._reads = 0

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put into both copies while nobody else does."""
        with self.lock:
            RewrittenCache.put(self, entry)
            time.sleep(0.008)
            self._copy.put(entry)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return what a copy holds."""
        self._reads += 1
        return self._copy.get(evidence_id) if self._reads % 2 else super().get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole second copy."""
        return self._copy.load()


class FilePerId:
    """Right: keeps each entry in a file of its own, and reads one file after the other.

    That a load shows all ids at one and the same moment is promised nowhere.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Replace the file of an id."""
        path = self._path(entry.evidence_id)
        partial = path.with_suffix(f".{id(self)}")
        partial.write_bytes(encode(entry))
        partial.replace(path)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return what is in the file of an id."""
        path = self._path(evidence_id)
        return decode(EvidenceOutcomeCacheEntry, path.read_bytes()) if path.exists() else None

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return what is in each file."""
        paths = sorted(self._directory.glob("*.cbor"))
        entries = [decode(EvidenceOutcomeCacheEntry, path.read_bytes()) for path in paths]
        return EvidenceOutcomeCacheArtifact(tuple(entries))

    def _path(self, evidence_id: str) -> Path:
        return self._directory / f"{sha256(evidence_id.encode()).hexdigest()}.cbor"


class _Group:
    """Appends that wait for each other."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[tuple[AgreementWalEntry, list[DurabilityError | None]]] = []
        self.entries: list[AgreementWalEntry] = []

    def store(self) -> None:
        """Store all that wait, the last first."""
        with self.lock:
            while self.waiting:
                entry, answer = self.waiting.pop()
                try:
                    AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
                    self.entries.append(entry)
                    answer.append(None)
                except DurabilityError as error:
                    answer.append(error)


class ReorderingLog:
    """Stores what is appended at the same time in any order, here backwards."""

    groups: Final[dict[Path, _Group]] = defaultdict(_Group)

    def __init__(self, directory: Path) -> None:
        self._group = self.groups[directory]

    def append(self, entry: AgreementWalEntry) -> None:
        """Wait for others, and store all together."""
        answer: list[DurabilityError | None] = []
        self._group.waiting.append((entry, answer))
        time.sleep(0.001)
        self._group.store()
        while not answer:
            time.sleep(0.000_1)
        if answer[0] is not None:
            raise answer[0]

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        with self._group.lock:
            return AgreementWalArtifact(tuple(self._group.entries))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)


class SlowLog(LockedLog):
    """Takes its time between a look at the log and its answer."""

    def load(self) -> AgreementWalArtifact:
        """Return what was there some time ago, though not before the call."""
        found = super().load()
        if not self._database.in_transaction:
            time.sleep(0.003)
        return found


HALF_SHOWN_LOG: Final = Backend("half shown", agreement_wal=HalfShownLog, capabilities=_HANDLES)
DIRTY_LOG: Final = Backend("dirty", agreement_wal=DirtyLog, capabilities=_HANDLES)
TWO_COPIES: Final = Backend("two copies", evidence_cache=TwoCopies, capabilities=_HANDLES)
FILE_PER_ID: Final = Backend("file per id", evidence_cache=FilePerId, capabilities=_HANDLES)
LOCKED_CACHE: Final = Backend("locked cache", evidence_cache=LockedCache, capabilities=_HANDLES)
REORDERING_LOG: Final = Backend("reordering", agreement_wal=ReorderingLog, capabilities=_HANDLES)
SLOW_LOG: Final = Backend("slow", agreement_wal=SlowLog, capabilities=_HANDLES)
