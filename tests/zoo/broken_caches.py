"""Evidence caches with one fault each, and the requirement that each of them breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.backends.file import FileEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import ReleaseResponse
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["BROKEN_CACHES", "ListCache"]

Entry = EvidenceOutcomeCacheEntry


class ListCache:
    """A right cache that is a list, written to be broken in one place at a time."""

    def __init__(self, directory: Path) -> None:
        self.entries: list[Entry] = []

    def get(self, evidence_id: str) -> Entry | None:
        return next((each for each in self.entries if self.matches(each, evidence_id)), None)

    def matches(self, entry: Entry, evidence_id: str) -> bool:
        return entry.evidence_id == evidence_id

    def put(self, entry: Entry) -> None:
        self.remove(entry.evidence_id)
        self.entries.append(entry)

    def remove(self, evidence_id: str) -> None:
        self.entries = [each for each in self.entries if not self.matches(each, evidence_id)]

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries))


class FoldsCase(ListCache):
    def get(self, evidence_id: str) -> Entry | None:
        folded = evidence_id.casefold()
        exact = super().get(evidence_id)
        return exact or next((e for e in self.entries if e.evidence_id.casefold() == folded), None)


class CutsAtNul(ListCache):
    def get(self, evidence_id: str) -> Entry | None:
        return super().get(evidence_id) or super().get(evidence_id.partition("\x00")[0])


class KeysFoldCase(ListCache):
    def matches(self, entry: Entry, evidence_id: str) -> bool:
        return entry.evidence_id.casefold() == evidence_id.casefold()


class IgnoresTheEmptyId(ListCache):
    def put(self, entry: Entry) -> None:
        if entry.evidence_id:
            super().put(entry)


class RefusesTheEmptyId(ListCache):
    def put(self, entry: Entry) -> None:
        if not entry.evidence_id:
            raise DurabilityError("an id must not be empty")
        super().put(entry)


class KeepsTheFirst(ListCache):
    def put(self, entry: Entry) -> None:
        if self.get(entry.evidence_id) is None:
            super().put(entry)


class AppendsOnly(ListCache):
    def put(self, entry: Entry) -> None:
        self.entries.append(entry)


class AppendsAndFindsTheLast(ListCache):
    def put(self, entry: Entry) -> None:
        self.entries.append(entry)

    def get(self, evidence_id: str) -> Entry | None:
        return next((e for e in reversed(self.entries) if e.evidence_id == evidence_id), None)


class DropsOtherIds(ListCache):
    def put(self, entry: Entry) -> None:
        self.entries = [entry] if len(self.entries) > 2 else [*self.entries]
        super().put(entry)


class KeepsPositions(ListCache):
    def put(self, entry: Entry) -> None:
        ids = [each.evidence_id for each in self.entries]
        if entry.evidence_id in ids:
            self.entries[ids.index(entry.evidence_id)] = entry
        else:
            self.entries.append(entry)


class StoresSuccessOnly(ListCache):
    def put(self, entry: Entry) -> None:
        self.remove(entry.evidence_id)
        if entry.outcome.status.is_success:
            self.entries.append(entry)


class LosesTheResponse(ListCache):
    def put(self, entry: Entry) -> None:
        outcome = entry.outcome
        if isinstance(outcome.response, ReleaseResponse):
            outcome = replace(outcome, response=None)
        super().put(replace(entry, outcome=outcome))


class LosesTheNames(ListCache):
    def put(self, entry: Entry) -> None:
        super().put(replace(entry, interface_name=entry.operation_name))


class AnswersFromItsFirstLookup(ListCache):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.seen: dict[str, Entry | None] = {}

    def get(self, evidence_id: str) -> Entry | None:
        return self.seen.setdefault(evidence_id, super().get(evidence_id))


class LoadForgets(ListCache):
    def load(self) -> EvidenceOutcomeCacheArtifact:
        artifact = super().load()
        if len(self.entries) > 1:
            self.entries = self.entries[1:]
        return artifact


class LoadHidesTheLast(ListCache):
    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries[:3]))


class GetTakesOut(ListCache):
    def get(self, evidence_id: str) -> Entry | None:
        found = super().get(evidence_id)
        self.remove(evidence_id)
        return found


class LendsItsList(ListCache):
    def load(self) -> EvidenceOutcomeCacheArtifact:
        artifact = super().load()
        object.__setattr__(artifact, "entries", self.entries)
        return artifact


class ShowsAnEntryTwice(ListCache):
    def load(self) -> EvidenceOutcomeCacheArtifact:
        copies = tuple([replace(each, evidence_id="copy") for each in self.entries[:1]])
        return EvidenceOutcomeCacheArtifact((*copies, *self.entries))


class LeaksExceptions(ListCache):
    def put(self, entry: Entry) -> None:
        if not entry.interface_name.isascii():
            raise UnicodeEncodeError("ascii", entry.interface_name, 0, 1, "not ASCII")
        super().put(entry)


class FailsHalfway(ListCache):
    def put(self, entry: Entry) -> None:
        if self.get(entry.evidence_id) is not None and entry.outcome.response is None:
            self.remove(entry.evidence_id)
            raise DurabilityError("the write broke off")
        super().put(entry)


class DropsTheLastOnReopening(FileEvidenceOutcomeCache):
    def __init__(self, directory: Path) -> None:
        path = directory / "cache.cbor"
        super().__init__(path)
        if path.exists():
            kept = EvidenceOutcomeCacheArtifact(self.load().entries[:-1])
            PersistedDurabilityArtifact.evidence_outcome_cache(kept).write_to_path(path)


BROKEN_CACHES: Final[tuple[tuple[str, Callable[[Path], EvidenceOutcomeCache], str], ...]] = (
    ("get folds case", FoldsCase, "CACHE-01"),
    ("get cuts the id at a NUL", CutsAtNul, "CACHE-01"),
    ("put of the empty id does nothing", IgnoresTheEmptyId, "CACHE-02"),
    ("put of the empty id is refused", RefusesTheEmptyId, "CACHE-01"),
    ("put keeps the first entry of an id", KeepsTheFirst, "CACHE-02"),
    ("only successes are stored", StoresSuccessOnly, "CACHE-02"),
    ("a response without fields is lost", LosesTheResponse, "CACHE-02"),
    ("the interface name is lost", LosesTheNames, "CACHE-02"),
    ("get answers what it answered first", AnswersFromItsFirstLookup, "CACHE-02"),
    ("put adds without replacing, get finds the first", AppendsOnly, "CACHE-03"),
    ("put adds without replacing, get finds the last", AppendsAndFindsTheLast, "CACHE-03"),
    ("put drops other ids", DropsOtherIds, "CACHE-03"),
    ("ids are equal when they fold alike", KeysFoldCase, "CACHE-01"),
    ("put keeps the old position", KeepsPositions, "CACHE-04"),
    ("load forgets an entry", LoadForgets, "CACHE-06"),
    ("load hides the last entry", LoadHidesTheLast, "CACHE-06"),
    ("load shows an entry that was never put", ShowsAnEntryTwice, "CACHE-06"),
    ("get takes the entry out", GetTakesOut, "CACHE-06"),
    ("load lends its own list", LendsItsList, "CACHE-06"),
    ("a failed put loses the old entry", FailsHalfway, "CACHE-07"),
    ("reopening drops the last entry", DropsTheLastOnReopening, "CACHE-08"),
    ("an undeclared exception comes out", LeaksExceptions, "WAL-09"),
)
"""Name, factory, and the requirement by which the cache is failed."""
