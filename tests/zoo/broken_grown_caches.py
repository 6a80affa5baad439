"""Caches that are wrong by how often they were written, or by what they find when they open."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Final

from conformance.backend import Backend
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse
from telltale_spec.wire.shapes import U64_MAX
from telltale_spec.wire.values import NatValue, ProdValue, Value
from tests.zoo.broken_long_caches import MapCache, cache_backend

__all__ = ["BROKEN_GROWN_CACHES", "RIGHT_GROWN_CACHES", "grown_cache_backend"]

Entry = EvidenceOutcomeCacheEntry


def counts_versions_in(bits: int) -> type[MapCache]:
    """Return a cache in which the highest version of an id wins, and a version has so many bits."""

    class CountsVersions(MapCache):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.puts: dict[str, int] = {}
            self.versions: dict[str, int] = {}

        def put(self, entry: Entry) -> None:
            evidence_id = entry.evidence_id
            self.puts[evidence_id] = self.puts.get(evidence_id, -1) + 1
            version = self.puts[evidence_id] % 2**bits
            if version >= self.versions.get(evidence_id, 0):
                self.versions[evidence_id] = version
                super().put(entry)

    return CountsVersions


def numbers_interfaces_in(bits: int) -> type[MapCache]:
    """Return a cache that keeps the number of an interface in so many bits, and its name once."""

    class NumbersInterfaces(MapCache):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.numbers: dict[str, int] = {}
            self.names: dict[int, str] = {}

        def put(self, entry: Entry) -> None:
            number = self.numbers.setdefault(entry.interface_name, len(self.numbers) % 2**bits)
            name = self.names.setdefault(number, entry.interface_name)
            super().put(dataclasses.replace(entry, interface_name=name))

    return NumbersInterfaces


def puts_aside_beyond(size: int, *, replaces: bool) -> type[MapCache]:
    """Return a cache that puts the ids used longest ago aside, over or beside what is there."""

    class PutsAside(MapCache):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.aside: dict[str, Entry] = {}

        def put(self, entry: Entry) -> None:
            super().put(entry)
            while len(self.entries) > size:
                evidence_id = next(iter(self.entries))
                entry = self.entries.pop(evidence_id)
                if replaces or evidence_id not in self.aside:
                    self.aside[evidence_id] = entry

        def get(self, evidence_id: str) -> Entry | None:
            return self.entries.get(evidence_id) or self.aside.get(evidence_id)

        def load(self) -> EvidenceOutcomeCacheArtifact:
            return EvidenceOutcomeCacheArtifact(tuple({**self.aside, **self.entries}.values()))

    return PutsAside


class JournaledCache(MapCache):
    """A right cache that writes down every put, and puts them all again when it is opened."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.journal = self.stored()
        for entry in self.journal:
            super().put(entry)

    def stored(self) -> list[Entry]:
        path = self.directory / "journal"
        entries: list[Entry] = pickle.loads(path.read_bytes()) if path.exists() else []
        return entries

    def put(self, entry: Entry) -> None:
        super().put(entry)
        self.journal.append(entry)
        self.journal = self.tidied(self.journal)
        (self.directory / "journal").write_bytes(pickle.dumps(self.journal))

    def tidied(self, journal: list[Entry]) -> list[Entry]:
        """Return a journal that leads to the same cache; this one is as long as ever."""
        return journal


def tidies_up_at(size: int, *, keeps_last: bool) -> type[JournaledCache]:
    """Return a cache that keeps one put of each id once its journal is so long."""

    class TidiesUp(JournaledCache):
        def tidied(self, journal: list[Entry]) -> list[Entry]:
            if len(journal) < size:
                return journal
            kept: dict[str, Entry] = {}
            for each in journal:
                if keeps_last:
                    kept.pop(each.evidence_id, None)
                kept.setdefault(each.evidence_id, each)
            return list(kept.values())

    return TidiesUp


def opens_with_the_last(count: int) -> type[JournaledCache]:
    """Return a cache that reads so many puts of its journal when it is opened."""

    class OpensWithTheLast(JournaledCache):
        def stored(self) -> list[Entry]:
            return super().stored()[-count:]

    return OpensWithTheLast


class WritesWhatDiffersInName(JournaledCache):
    """Writes a put down where names, status or kind of response differ from what is there."""

    def put(self, entry: Entry) -> None:
        before = self.get(entry.evidence_id)
        if before is not None and _outside(before) == _outside(entry):
            MapCache.put(self, entry)
        else:
            super().put(entry)


def _outside(entry: Entry) -> tuple[object, ...]:
    outcome = entry.outcome
    return entry.interface_name, entry.operation_name, outcome.status, type(outcome.response)


class KeepsTheOldResponse(JournaledCache):
    """Writes down what a put adds or changes, and so not that there is no response any more."""

    def stored(self) -> list[Entry]:
        kept: dict[str, Entry] = {}
        for each in super().stored():
            before = kept.get(each.evidence_id)
            if before is not None and each.outcome.response is None:
                outcome = dataclasses.replace(each.outcome, response=before.outcome.response)
                each = dataclasses.replace(each, outcome=outcome)
            kept[each.evidence_id] = each
        return list(kept.values())


def rounds_numbers(value: Value, *, is_inside: bool = False) -> Value:
    """Round large numbers inside of pairs, as a format does that has floats only."""
    if isinstance(value, ProdValue):
        left = rounds_numbers(value.left, is_inside=True)
        return ProdValue(left, rounds_numbers(value.right, is_inside=True))
    if is_inside and isinstance(value, NatValue):
        return NatValue(min(int(float(value.value)), U64_MAX))
    return value


class RoundsInside(MapCache):
    """Rounds large numbers inside of pairs."""

    def put(self, entry: Entry) -> None:
        response = entry.outcome.response
        if isinstance(response, AcquireResponse):
            rounded = AcquireResponse(rounds_numbers(response.evidence))
            outcome = dataclasses.replace(entry.outcome, response=rounded)
            entry = dataclasses.replace(entry, outcome=outcome)
        super().put(entry)


class GrowsAtTwoThirds(MapCache):
    """Loses the put that replaces an outcome where its table is about to grow."""

    def put(self, entry: Entry) -> None:
        if not (entry.evidence_id in self.entries and len(self.entries) == 2 * 128 // 3):
            super().put(entry)


def grown_cache_backend(name: str, make: type[MapCache]) -> Backend:
    """Return the backend of a cache; those that keep a file are opened again."""
    return cache_backend(name, make, reopens=issubclass(make, JournaledCache))


BROKEN_GROWN_CACHES: Final[tuple[tuple[str, type[MapCache], str], ...]] = (
    ("counts versions in a byte", counts_versions_in(8), "CACHE-02"),
    ("numbers interfaces in a byte", numbers_interfaces_in(8), "CACHE-02"),
    ("puts the old outcome aside", puts_aside_beyond(50, replaces=False), "CACHE-02"),
    ("puts the old outcome aside late", puts_aside_beyond(200, replaces=False), "CACHE-02"),
    ("tidies up and keeps the first", tidies_up_at(20, keeps_last=False), "CACHE-08"),
    ("tidies up late and keeps the first", tidies_up_at(100, keeps_last=False), "CACHE-08"),
    ("writes what differs in name", WritesWhatDiffersInName, "CACHE-08"),
    ("keeps the old response", KeepsTheOldResponse, "CACHE-08"),
    ("rounds numbers inside of pairs", RoundsInside, "CACHE-02"),
    ("grows at two thirds", GrowsAtTwoThirds, "CACHE-02"),
    ("opens with the last 300 puts", opens_with_the_last(300), "CACHE-08"),
)
"""Name, factory, and the requirement by which the cache is failed."""

RIGHT_GROWN_CACHES: Final[tuple[tuple[str, type[MapCache]], ...]] = (
    ("counts versions", counts_versions_in(64)),
    ("numbers interfaces", numbers_interfaces_in(64)),
    ("tidies up", tidies_up_at(20, keeps_last=True)),
    ("opens with all", opens_with_the_last(2**62)),
)
"""Name and factory of caches of the same kinds that are right."""
