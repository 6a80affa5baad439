# ruff: noqa: S311 - chance is what these are about
"""Logs and caches that go wrong by chance, by count or by what another history left behind.

Each shows its fault at times only. Beside them are right ones that draw random numbers too.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.broken_wals import ListWal

__all__ = ["LUCKY_WALS", "RIGHT_WALS", "shared_caches", "shared_wals"]

_ONE_IN_TWENTY: Final = 0.05


class LosesAtRandom(ListWal):
    """Loses one append in twenty, as the global generator will have it."""

    def store(self, entry: AgreementWalEntry) -> None:
        if random.random() >= _ONE_IN_TWENTY:
            super().store(entry)


class LosesByNumPy(ListWal):
    """Loses one append in twenty, as the global generator of NumPy will have it."""

    def store(self, entry: AgreementWalEntry) -> None:
        if np.random.random() >= _ONE_IN_TWENTY:
            super().store(entry)


class LosesByTheSystem(ListWal):
    """Loses one append in twenty, and nobody can seed it."""

    generator = random.SystemRandom()

    def store(self, entry: AgreementWalEntry) -> None:
        if self.generator.random() >= _ONE_IN_TWENTY:
            super().store(entry)


class LosesByTheClock(ListWal):
    """Loses what is appended in the wrong moment of something that goes on by itself."""

    moments: Iterator[int] = itertools.count()

    def store(self, entry: AgreementWalEntry) -> None:
        if next(self.moments) % 23 != 22:
            super().store(entry)


class TurnsTies(ListWal):
    """Gives the last two of three and more entries in the wrong order, once in twenty loads."""

    generator = random.SystemRandom()

    def load(self) -> AgreementWalArtifact:
        entries = list(self.entries)
        if len(entries) > 2 and self.generator.random() < 0.05:
            entries[-1], entries[-2] = entries[-2], entries[-1]
        return AgreementWalArtifact(tuple(entries))


class OpensBadly(ListWal):
    """Chooses at the start whether it is one of the instances in five that lose everything."""

    def __init__(self) -> None:
        super().__init__()
        self.bad = random.random() < 0.2

    def store(self, entry: AgreementWalEntry) -> None:
        if not self.bad:
            super().store(entry)


LUCKY_WALS: Final[Sequence[type[ListWal]]] = (
    LosesAtRandom,
    LosesByNumPy,
    LosesByTheSystem,
    LosesByTheClock,
    TurnsTies,
    OpensBadly,
)


# Right ones


class Jitters(ListWal):
    """Waits for a moment and gives its entries ids, both by the global generator."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[int] = []

    def store(self, entry: AgreementWalEntry) -> None:
        time.sleep(random.random() * 1e-6)
        self.ids.append(random.getrandbits(64))
        super().store(entry)


class Reseeds(ListWal):
    """Seeds the global generator itself, again and again with the same number."""

    def store(self, entry: AgreementWalEntry) -> None:
        random.seed(7)
        np.random.seed(7)
        super().store(entry)


class SlowAtTimes(ListWal):
    """Is slow in one append of fifty."""

    appends = itertools.count()

    def store(self, entry: AgreementWalEntry) -> None:
        if next(self.appends) % 50 == 49:
            time.sleep(0.02)
        super().store(entry)


class BusyAtRandom(ListWal):
    """Refuses a legal entry at times and takes it when it is asked again (WAL-13)."""

    def append(self, entry: AgreementWalEntry) -> None:
        if random.random() < 0.1:
            raise DurabilityError("busy, try again")
        super().append(entry)


class BusyByTheSystem(ListWal):
    """The same, and nobody can seed it."""

    generator = random.SystemRandom()

    def append(self, entry: AgreementWalEntry) -> None:
        if self.generator.random() < 0.1:
            raise DurabilityError("busy, try again")
        super().append(entry)


RIGHT_WALS: Final[Sequence[type[ListWal]]] = (
    Jitters,
    Reseeds,
    SlowAtTimes,
    BusyAtRandom,
    BusyByTheSystem,
)


# Stores that several histories share


class _KeyedWal(ListWal):
    """A right log but for the key that its entries are kept under for the whole process."""

    def __init__(self, stores: dict[str, list[AgreementWalEntry]], key: str) -> None:
        super().__init__()
        self.entries = stores.setdefault(key, [])


class _KeyedCache:
    """The same as a cache."""

    def __init__(self, stores: dict[str, dict[str, EvidenceOutcomeCacheEntry]], key: str) -> None:
        self.rows = stores.setdefault(key, {})

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.rows.pop(entry.evidence_id, None)
        self.rows[entry.evidence_id] = entry

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.rows.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.rows.values()))


def _no_key(directory: Path) -> str:
    return ""


def _base_name(directory: Path) -> str:
    return directory.name


def _parent(directory: Path) -> str:
    return str(directory.parent)


_KEYS: Final[Sequence[Callable[[Path], str]]] = (_no_key, _base_name, _parent)


def _wal_factory(key_of: Callable[[Path], str]) -> Callable[[Path], ListWal]:
    stores: dict[str, list[AgreementWalEntry]] = {}
    return lambda directory: _KeyedWal(stores, key_of(directory))


def _cache_factory(key_of: Callable[[Path], str]) -> Callable[[Path], _KeyedCache]:
    stores: dict[str, dict[str, EvidenceOutcomeCacheEntry]] = {}
    return lambda directory: _KeyedCache(stores, key_of(directory))


def shared_wals() -> dict[str, Callable[[Path], ListWal]]:
    """Return factories of logs that share their store, by what it is kept under."""
    return {key_of.__name__.strip("_"): _wal_factory(key_of) for key_of in _KEYS}


def shared_caches() -> dict[str, Callable[[Path], _KeyedCache]]:
    """Return factories of caches that share their store, by what it is kept under."""
    return {key_of.__name__.strip("_"): _cache_factory(key_of) for key_of in _KEYS}
