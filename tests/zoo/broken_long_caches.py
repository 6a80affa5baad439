"""Caches that are wrong only among many ids, or with ids and outcomes that are easily confused."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import pickle
import re
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend, Capability
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import U64_MAX
from telltale_spec.wire.values import BoolValue, NatValue, OutputConditionHint, ProdValue

__all__ = ["BROKEN_LONG_CACHES", "MapCache", "cache_backend"]

Entry = EvidenceOutcomeCacheEntry


class MapCache:
    """A right cache in a map; what it makes a key of can be changed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.entries: dict[Any, Entry] = {}

    def key(self, evidence_id: str) -> Any:
        return evidence_id

    def get(self, evidence_id: str) -> Entry | None:
        return self.entries.get(self.key(evidence_id))

    def put(self, entry: Entry) -> None:
        self.entries.pop(self.key(entry.evidence_id), None)
        self.entries[self.key(entry.evidence_id)] = entry

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries.values()))


def keyed(key_of: Callable[[str], Any]) -> type[MapCache]:
    class Keyed(MapCache):
        def key(self, evidence_id: str) -> Any:
            return key_of(evidence_id)

    return Keyed


def keeps_used_last(size: int) -> type[MapCache]:
    class KeepsUsedLast(MapCache):
        def get(self, evidence_id: str) -> Entry | None:
            found = self.entries.pop(evidence_id, None)
            if found is not None:
                self.entries[evidence_id] = found
            return found

        def put(self, entry: Entry) -> None:
            super().put(entry)
            while len(self.entries) > size:
                del self.entries[next(iter(self.entries))]

    return KeepsUsedLast


class ExpiresAfterCalls(MapCache):
    """Forgets an entry 20 calls after it was put."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.calls = 0
        self.put_at: dict[str, int] = {}

    def get(self, evidence_id: str) -> Entry | None:
        self.calls += 1
        if self.calls - self.put_at.get(evidence_id, self.calls) > 20:
            return None
        return super().get(evidence_id)

    def put(self, entry: Entry) -> None:
        self.calls += 1
        self.put_at[entry.evidence_id] = self.calls
        super().put(entry)


class RemembersAbsence(MapCache):
    """Goes on saying that an id is absent that it was asked for before the others were many."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.absent: set[str] = set()

    def get(self, evidence_id: str) -> Entry | None:
        if evidence_id in self.absent and len(self.entries) > 30:
            return None
        found = super().get(evidence_id)
        if found is None:
            self.absent.add(evidence_id)
        return found


def matches(finds: Callable[[str, str], bool]) -> type[MapCache]:
    """Return a cache that compares the id asked for, and a stored one, in its own way."""

    class Matches(MapCache):
        def get(self, evidence_id: str) -> Entry | None:
            exact = super().get(evidence_id)
            if exact is not None:
                return exact
            return next((e for k, e in self.entries.items() if finds(evidence_id, k)), None)

    return Matches


def _like(pattern: str) -> str:
    parts = {"%": ".*", "_": "."}
    return "".join(parts.get(each, re.escape(each)) for each in pattern)


def _like_matches(pattern: str, text: str) -> bool:
    wild = "%" in pattern or "_" in pattern
    return wild and re.fullmatch(_like(pattern), text, re.DOTALL) is not None


def loses_every(number: int) -> type[MapCache]:
    class LosesEvery(MapCache):
        asked = 0

        def put(self, entry: Entry) -> None:
            self.asked += 1
            if self.asked % number:
                super().put(entry)

    return LosesEvery


class FlushedWhenFull(MapCache):
    def put(self, entry: Entry) -> None:
        if len(self.entries) == 200:
            self.entries.clear()
        super().put(entry)


class LoadsOnePage(MapCache):
    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(super().load().entries[:100])


class LoadsAStaleCopy(MapCache):
    """Loads anew only when the number of its entries is another one."""

    copy = EvidenceOutcomeCacheArtifact()

    def load(self) -> EvidenceOutcomeCacheArtifact:
        if len(self.copy.entries) != len(self.entries):
            self.copy = super().load()
        return self.copy


class GetsFromTheLastLoad(MapCache):
    loaded: EvidenceOutcomeCacheArtifact | None = None

    def get(self, evidence_id: str) -> Entry | None:
        return self.loaded.get(evidence_id) if self.loaded else super().get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        self.loaded = super().load()
        return self.loaded


class PutsTwiceLater(MapCache):
    """Has two rows for an id that is put again among more than a hundred."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.more: list[Entry] = []

    def put(self, entry: Entry) -> None:
        if len(self.entries) > 100 and entry.evidence_id in self.entries:
            self.more.append(self.entries[entry.evidence_id])
        super().put(entry)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact((*super().load().entries, *self.more))


def changes(change: Callable[[Any], Any]) -> type[MapCache]:
    """Return a cache that stores values in a form of its own."""

    class Changes(MapCache):
        def put(self, entry: Entry) -> None:
            super().put(_changed(entry, change))

    return Changes


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, tuple):
        return tuple([_changed(each, change) for each in value])
    if not isinstance(value, Record):
        return value
    fields = [field for field in dataclasses.fields(value) if field.init]
    parts = {field.name: _changed(getattr(value, field.name), change) for field in fields}
    return change(dataclasses.replace(value, **parts))


def _float(value: Any) -> Any:
    if isinstance(value, NatValue):
        return NatValue(min(int(float(value.value)), U64_MAX))
    return value


def _truth_as_number(value: Any) -> Any:
    return NatValue(int(value.value)) if isinstance(value, BoolValue) else value


def _without_empty_witness(value: Any) -> Any:
    if isinstance(value, OutputConditionHint) and value.witness_ref == "":
        return OutputConditionHint(value.predicate_ref, None)
    return value


def _leaning_right(value: Any) -> Any:
    if isinstance(value, ProdValue) and isinstance(value.left, ProdValue):
        return ProdValue(value.left.left, ProdValue(value.left.right, value.right))
    return value


def cuts_names(size: int) -> type[MapCache]:
    class CutsNames(MapCache):
        def put(self, entry: Entry) -> None:
            super().put(dataclasses.replace(entry, interface_name=entry.interface_name[:size]))

    return CutsNames


class SavesNowAndThen(MapCache):
    """Writes its file after every 16 puts."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.puts = 0
        self.path = directory / "cache"
        if self.path.exists():
            self.entries = pickle.loads(self.path.read_bytes())

    def put(self, entry: Entry) -> None:
        super().put(entry)
        self.puts += 1
        if self.puts % 16 == 0 or self.puts < 16:
            self.path.write_bytes(pickle.dumps(self.entries))


def _number_or_text(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _short_hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:2]


def cache_backend(name: str, make: Callable[[Path], Any], *, reopens: bool = False) -> Backend:
    """Return the backend of a cache."""
    promises = frozenset({Capability.REOPEN}) if reopens else frozenset()
    return Backend(name, evidence_cache=make, capabilities=promises)


BROKEN_LONG_CACHES: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("keeps the 16 ids used last", keeps_used_last(16), "CACHE-02"),
    ("keeps the 64 ids used last", keeps_used_last(64), "CACHE-02"),
    ("keeps the 256 ids used last", keeps_used_last(256), "CACHE-02"),
    ("expires after 20 calls", ExpiresAfterCalls, "CACHE-02"),
    ("remembers absence", RemembersAbsence, "CACHE-02"),
    ("loses every 30th put", loses_every(30), "CACHE-02"),
    ("loses every 300th put", loses_every(300), "CACHE-02"),
    ("is flushed when full", FlushedWhenFull, "CACHE-02"),
    ("loads one page of 100", LoadsOnePage, "CACHE-06"),
    ("loads a stale copy", LoadsAStaleCopy, "CACHE-06"),
    ("gets from the last load", GetsFromTheLastLoad, "CACHE-02"),
    ("puts twice later", PutsTwiceLater, "CACHE-03"),
    ("looks up by LIKE", matches(_like_matches), "CACHE-01"),
    ("looks up by GLOB", matches(lambda asked, key: fnmatch.fnmatchcase(key, asked)), "CACHE-01"),
    ("takes stored ids for patterns", matches(lambda a, k: _like_matches(k, a)), "CACHE-01"),
    ("looks up by the beginning", matches(lambda a, k: bool(k) and a.startswith(k)), "CACHE-01"),
    ("keys fold case", keyed(str.casefold), "CACHE-01"),
    ("keys are padded", keyed(lambda text: text.ljust(20)), "CACHE-01"),
    ("keys end at a zero", keyed(lambda text: text.split("\0")[0]), "CACHE-01"),
    ("keys are normalised", keyed(lambda text: unicodedata.normalize("NFC", text)), "CACHE-01"),
    ("keys are file names", keyed(lambda text: text.replace("/", "_")), "CACHE-01"),
    ("keys are numbers", keyed(lambda t: int(t) if t.isdecimal() else t), "CACHE-01"),
    ("keys are floats", keyed(_number_or_text), "CACHE-01"),
    ("keys are 255 long", keyed(lambda text: text[:255]), "CACHE-01"),
    ("keys are short hashes", keyed(_short_hash), "CACHE-01"),
    ("keys are checksums", keyed(lambda text: zlib.crc32(text.encode())), "CACHE-01"),
    ("keys are sums", keyed(lambda text: sum(text.encode())), "CACHE-01"),
    ("naturals are floats", changes(_float), "CACHE-02"),
    ("truth is a number", changes(_truth_as_number), "CACHE-02"),
    ("an empty witness is absent", changes(_without_empty_witness), "CACHE-02"),
    ("products lean to the right", changes(_leaning_right), "CACHE-02"),
    ("cuts names at 255", cuts_names(255), "CACHE-02"),
    ("cuts names at 65,535", cuts_names(65_535), "CACHE-02"),
    ("saves now and then", SavesNowAndThen, "CACHE-08"),
)
"""Name, factory, and the requirement by which the cache is failed."""
