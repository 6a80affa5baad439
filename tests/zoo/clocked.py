"""Stores that read a clock: wrong ones go by it, right ones only look at it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from datetime import datetime as moment
from pathlib import Path
from typing import Any, Final

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry, Escalation
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from tests.zoo.broken_long_caches import MapCache
from tests.zoo.broken_long_logs import TrackedWal
from tests.zoo.broken_rests import LivesForASecond

__all__ = ["BROKEN_CLOCKED_CACHES", "BROKEN_CLOCKED_LOGS", "RIGHT_CLOCKED"]

_DAY_SECONDS: Final = 86_400


class StampedWal(TrackedWal):
    """Keeps beside each entry when it was stored."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.stamps: list[Any] = []

    def now(self) -> Any:
        return time.time_ns()

    def store(self, entry: AgreementWalEntry) -> None:
        super().store(entry)
        self.stamps.append(self.now())


class OrderedByTheDay(StampedWal):
    """Gives its entries in the order of their times of day."""

    def load(self) -> AgreementWalArtifact:
        pairs = sorted(zip(self.stamps, self.entries, strict=True), key=lambda pair: pair[0])
        return AgreementWalArtifact(tuple(entry for _, entry in pairs))


class KeepsForAMonth(StampedWal):
    """Gives no entry that is older than thirty days."""

    def now(self) -> Any:
        return moment.now(datetime.UTC)

    def load(self) -> AgreementWalArtifact:
        begin = moment.now(datetime.UTC) - datetime.timedelta(days=30)
        pairs = zip(self.stamps, self.entries, strict=True)
        return AgreementWalArtifact(tuple(entry for at, entry in pairs if at >= begin))


class NewestLevel(StampedWal):
    """Compares with the level that has the latest time of day."""

    def append(self, entry: AgreementWalEntry) -> None:
        pairs = sorted(zip(self.stamps, self.entries, strict=True), key=lambda pair: pair[0])
        levels = [
            each.new_level
            for _, each in pairs
            if isinstance(each, Escalation) and each.operation_id == entry_operation(entry)
        ]
        if isinstance(entry, Escalation):
            last = levels[-1].rank if levels else 0
            if not last <= entry.previous_level.rank <= entry.new_level.rank:
                raise DurabilityError("out of order")
        self.store(entry)


def entry_operation(entry: AgreementWalEntry) -> str:
    return entry.operation_id if isinstance(entry, Escalation) else ""


class NewestWins(MapCache):
    """Keeps for each id what has the latest time of day."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.put_at: dict[str, float] = {}

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        now = time.time()
        if self.put_at.get(entry.evidence_id, now) <= now:
            self.put_at[entry.evidence_id] = now
            super().put(entry)


class LivesForADay(LivesForASecond):
    """Forgets what was put more than a day ago, by a clock that never goes back."""

    life_seconds = _DAY_SECONDS


class NumberedByTheDay(StampedWal):
    """Right: numbers its entries by the time of day, and by one more where that is not later."""

    def now(self) -> Any:
        return max(time.time_ns(), self.stamps[-1] + 1 if self.stamps else 0)

    def load(self) -> AgreementWalArtifact:
        pairs = sorted(zip(self.stamps, self.entries, strict=True), key=lambda pair: pair[0])
        return AgreementWalArtifact(tuple(entry for _, entry in pairs))


class TellsTheTime(StampedWal):
    """Right: writes down when everything was stored, and reads that again."""

    def now(self) -> Any:
        at = moment.now(datetime.UTC)
        if moment.fromisoformat(at.isoformat()) != at:
            raise RuntimeError("a time is not what it was written as")
        if datetime.date.today() < datetime.date(2020, 1, 1):  # noqa: DTZ011 - as stores do
            raise RuntimeError("the clock of this machine was never set")
        return moment(at.year, at.month, at.day, tzinfo=datetime.UTC)


class RefusesWhatIsEarlier(StampedWal):
    """Right: takes nothing while the time of day is earlier than that of its last entry."""

    def append(self, entry: AgreementWalEntry) -> None:
        if self.stamps and self.now() < self.stamps[-1]:
            raise DurabilityError("the clock was set back")
        super().append(entry)


class ComesBackFirst(MapCache):
    """Right: says once that it was idle for long, and goes on."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked_at = time.monotonic()

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        before, self.asked_at = self.asked_at, time.monotonic()
        if self.asked_at - before > _DAY_SECONDS:
            raise DurabilityError("idle for more than a day; ask again")
        return super().get(evidence_id)


Rows = tuple[tuple[str, Callable[[Path], Any], str], ...]

BROKEN_CLOCKED_LOGS: Final[Rows] = (
    ("ordered by the time of day", OrderedByTheDay, "WAL-01"),
    ("keeps entries for a month", KeepsForAMonth, "WAL-01"),
    ("compares with the level that has the latest time", NewestLevel, "WAL-01"),
)
BROKEN_CLOCKED_CACHES: Final[Rows] = (
    ("the latest time of day wins", NewestWins, "CACHE-02"),
    ("entries live for a day", LivesForADay, "CACHE-02"),
)
RIGHT_CLOCKED: Final = (NumberedByTheDay, TellsTheTime, RefusesWhatIsEarlier, ComesBackFirst)
"""Right ones, logs and a cache."""
