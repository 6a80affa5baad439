"""Stores that lose what they are left alone with for a second, and right ones that only look so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.broken_long_caches import MapCache
from tests.zoo.broken_long_logs import TrackedWal

__all__ = [
    "BROKEN_RESTED_CACHES",
    "BROKEN_RESTED_LOGS",
    "RIGHT_RESTED_CACHES",
    "RIGHT_RESTED_LOGS",
    "LivesForASecond",
]

_SECONDS: Final = 1.0


class RetainsByAge(TrackedWal):
    """A stream whose entries have a greatest age."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.stored_at: list[float] = []

    def store(self, entry: AgreementWalEntry) -> None:
        super().store(entry)
        self.stored_at.append(time.monotonic())

    def load(self) -> AgreementWalArtifact:
        begin = time.monotonic() - _SECONDS
        pairs = zip(self.entries, self.stored_at, strict=True)
        return AgreementWalArtifact(tuple(entry for entry, at in pairs if at >= begin))

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return self.load().read_since(tick)


class PrunesAtOpening(TrackedWal):
    """Drops what is old when it is opened, as housekeeping does."""

    stores: ClassVar[dict[Path, list[tuple[float, AgreementWalEntry]]]] = {}

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        begin = time.monotonic() - _SECONDS
        rows = self.stores.setdefault(directory, [])
        rows[:] = [row for row in rows if row[0] >= begin]
        for _, entry in rows:
            self.tracker.observe(entry)
        self.entries = [entry for _, entry in rows]

    def store(self, entry: AgreementWalEntry) -> None:
        super().store(entry)
        self.stores[self.directory].append((time.monotonic(), entry))


class ConnectsAnew(TrackedWal):
    """Its session on the server ends when it is idle, and its temporary table with it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked_at = time.monotonic()

    def load(self) -> AgreementWalArtifact:
        if time.monotonic() - self.asked_at > _SECONDS:
            self.entries = []
        self.asked_at = time.monotonic()
        return super().load()


class ToldOfTheEnd(TrackedWal):
    """Right: refuses one call after it was idle, and connects for the next one."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked_at = time.monotonic()

    def _connect(self) -> None:
        idle_seconds, self.asked_at = time.monotonic() - self.asked_at, time.monotonic()
        if idle_seconds > _SECONDS:
            raise DurabilityError("the server closed the connection")

    def append(self, entry: AgreementWalEntry) -> None:
        self._connect()
        super().append(entry)

    def load(self) -> AgreementWalArtifact:
        self._connect()
        return super().load()


class LivesForASecond(MapCache):
    """Entries with a time to live."""

    life_seconds: float = _SECONDS

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.put_at: dict[str, float] = {}

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().put(entry)
        self.put_at[entry.evidence_id] = time.monotonic()

    def _expire(self) -> None:
        begin = time.monotonic() - self.life_seconds
        for evidence_id in [each for each in self.entries if self.put_at[each] < begin]:
            del self.entries[evidence_id]

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        self._expire()
        return super().get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        self._expire()
        return super().load()


class LoadsWhatIsWarm(LivesForASecond):
    """Finds every entry by its id, and loads those alone that were put a moment ago."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.entries.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        begin = time.monotonic() - _SECONDS
        warm = (e for e in self.entries.values() if self.put_at[e.evidence_id] >= begin)
        return EvidenceOutcomeCacheArtifact(tuple(warm))


class RefetchesWhatIsCold(MapCache):
    """Right: what was not asked for in a second is read from a slower place."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.cold: dict[str, EvidenceOutcomeCacheEntry] = {}
        self.asked_at = time.monotonic()

    def _settle(self) -> None:
        if time.monotonic() - self.asked_at > _SECONDS:
            self.cold, self.entries = {**self.cold, **self.entries}, {}
        self.asked_at = time.monotonic()
        self.entries = {**self.cold, **self.entries}

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        self._settle()
        return super().get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        self._settle()
        return super().load()


BROKEN_RESTED_LOGS: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("retains by age", RetainsByAge, "WAL-01"),
    ("connects anew to an empty table", ConnectsAnew, "WAL-01"),
    ("prunes by age when it is opened", PrunesAtOpening, "WAL-08"),
)
BROKEN_RESTED_CACHES: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("entries live for a second", LivesForASecond, "CACHE-02"),
    ("loads what is warm", LoadsWhatIsWarm, "CACHE-06"),
)
RIGHT_RESTED_LOGS: Final = (("told of the end of a connection", ToldOfTheEnd),)
RIGHT_RESTED_CACHES: Final = (("what is cold is fetched again", RefetchesWhatIsCold),)
