"""Logs and caches that are wrong only in what a directed case puts side by side, or in an order."""

from __future__ import annotations

import dataclasses
import html
import pickle
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from telltale_spec.wire.effects import ChooseResponse, EffectOutcome, FailureStatus, ReceiveResponse
from telltale_spec.wire.values import Endpoint, EndpointValue, Value
from tests.zoo.broken_long_caches import MapCache
from tests.zoo.broken_long_logs import TrackedWal, with_texts

__all__ = ["BROKEN_DIRECTED_CACHES", "BROKEN_DIRECTED_LOGS"]

Entry = AgreementWalEntry
Outcome = EvidenceOutcomeCacheEntry


class LevelsByPattern(TrackedWal):
    """Looks the last level up with the name for a pattern, as LIKE does without regard to case."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.levels: list[tuple[str, AgreementLevel]] = []

    def append(self, entry: Entry) -> None:
        if isinstance(entry, Escalation):
            pattern = re.escape(entry.operation_id).replace("%", ".*").replace("_", ".")
            matching = [
                level
                for name, level in self.levels
                if re.fullmatch(pattern, name, re.IGNORECASE | re.DOTALL)
            ]
            last = matching[-1].rank if matching else 0
            if not last <= entry.previous_level.rank <= entry.new_level.rank:
                raise DurabilityError("out of order")
            self.levels.append((entry.operation_id, entry.new_level))
        self.store(entry)


def levels_by(slot_of: Callable[[str], Any]) -> type[TrackedWal]:
    """Return a log that keeps one level for each slot, with whose it is: the newest stays."""

    class LevelsBySlots(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.levels: dict[Any, tuple[str, AgreementLevel]] = {}

        def append(self, entry: Entry) -> None:
            if isinstance(entry, Escalation):
                name, slot = entry.operation_id, slot_of(entry.operation_id)
                owner, level = self.levels.get(slot, (name, AgreementLevel.NONE))
                last = level.rank if owner == name else 0
                if not last <= entry.previous_level.rank <= entry.new_level.rank:
                    raise DurabilityError("out of order")
                self.levels[slot] = (name, entry.new_level)
            self.store(entry)

    return LevelsBySlots


class CountsHandlesInTwoBytes(TrackedWal):
    """Keeps the length of a canonical handle in two bytes, so that one of 65,536 is empty."""

    def store(self, entry: Entry) -> None:
        if isinstance(entry, Finalization) and entry.canonical_handle_id is not None:
            handle = entry.canonical_handle_id
            cut = handle.encode()[: len(handle.encode()) & 0xFFFF].decode("utf-8", "ignore")
            entry = dataclasses.replace(entry, canonical_handle_id=cut)
        super().store(entry)


def forgets_levels(kind: type[Entry]) -> type[TrackedWal]:
    """Return a log that takes an operation for a new one behind an entry of some kind."""

    class ForgetsLevels(TrackedWal):
        def store(self, entry: Entry) -> None:
            super().store(entry)
            if isinstance(entry, kind):
                operation_id = getattr(entry, "operation_id", None)
                tracker = EscalationTracker()
                for each in self.entries:
                    if getattr(each, "operation_id", None) != operation_id:
                        tracker.observe(each)
                self.tracker = tracker

    return ForgetsLevels


class DropsTheSameObject(TrackedWal):
    """Takes a record that it was given a moment ago for a call that came twice."""

    def store(self, entry: Entry) -> None:
        if not self.entries or self.entries[-1] is not entry:
            super().store(entry)


def changes_texts(change: Callable[[str], str]) -> type[TrackedWal]:
    """Return a log that changes every text that it stores."""

    class ChangesTexts(TrackedWal):
        def store(self, entry: Entry) -> None:
            super().store(with_texts(entry, lambda text, optional: change(text)))

    return ChangesTexts


class NumbersItsTexts(TrackedWal):
    """Keeps a table of texts, of which a byte holds the number."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.texts: list[str] = []

    def number(self, text: str, optional: bool) -> str:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts[self.texts.index(text) % 256]

    def store(self, entry: Entry) -> None:
        super().store(with_texts(entry, self.number))


class OrderedByThreeDigits(TrackedWal):
    """Gives entries in the order of their numbers as texts of three digits."""

    def load(self) -> AgreementWalArtifact:
        numbers = sorted(range(len(self.entries)), key=lambda number: f"{number:03}")
        return AgreementWalArtifact(tuple(self.entries[number] for number in numbers))


class SearchesFromTheEnd(TrackedWal):
    """Looks for a suffix from the end, and gives up after many entries that are too early."""

    def read_since(self, tick: int) -> Sequence[Entry]:
        found: list[Entry] = []
        early = 0
        for entry in reversed(self.entries):
            if entry.tick > tick:
                found.append(entry)
                early = 0
            else:
                early += 1
                if early == 40:
                    break
        return found[::-1]


class ReadsOnePageOfAThousand(TrackedWal):
    """Answers with the first thousand entries."""

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries[:1_000]))


class LoadsByRecursion(TrackedWal):
    """Walks from entry to entry by recursion."""

    def _from(self, index: int) -> tuple[Entry, ...]:
        if index == len(self.entries):
            return ()
        return (self.entries[index], *self._from(index + 1))

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(self._from(0))


class SessionOfTheTick(TrackedWal):
    """Leaves a session out that is equal to the tick."""

    def store(self, entry: Entry) -> None:
        if isinstance(entry, EvidenceProduced) and entry.evidence.session == entry.tick:
            evidence = dataclasses.replace(entry.evidence, session=None)
            entry = dataclasses.replace(entry, evidence=evidence)
        super().store(entry)


class EvidenceComesFirst(TrackedWal):
    """Puts evidence in front of the escalation that it is for."""

    def store(self, entry: Entry) -> None:
        super().store(entry)
        behind = len(self.entries) > 1 and isinstance(self.entries[-2], Escalation)
        if behind and isinstance(entry, EvidenceProduced):
            self.entries[-2:] = reversed(self.entries[-2:])


class ClosesAfterAWholeRun(TrackedWal):
    """Drops a gate behind an escalation, evidence and a finalization in this order."""

    def store(self, entry: Entry) -> None:
        run = (Escalation, EvidenceProduced, Finalization, VisibilityGateCrossing)
        last = (*self.entries[-3:], entry)
        if len(last) == len(run) and all(map(isinstance, last, run)):
            return
        super().store(entry)


class SavedByALoad(TrackedWal):
    """Writes its file when it is loaded, and not before."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.path = directory / "log"
        if self.path.exists():
            for entry in pickle.loads(self.path.read_bytes()):
                super().append(entry)

    def load(self) -> AgreementWalArtifact:
        self.path.write_bytes(pickle.dumps(self.entries))
        return super().load()


class JoinsIdAndOperation(MapCache):
    """Keys its entries by id and operation, put together with a colon."""

    def get(self, evidence_id: str) -> Outcome | None:
        found = [each for each in self.entries.values() if each.evidence_id == evidence_id]
        return found[0] if found else None

    def put(self, entry: Outcome) -> None:
        kept = {k: v for k, v in self.entries.items() if v.evidence_id != entry.evidence_id}
        kept.pop(f"{entry.evidence_id}:{entry.operation_name}", None)
        self.entries = {**kept, f"{entry.evidence_id}:{entry.operation_name}": entry}


class SavedByALoadOnly(MapCache):
    """Writes its file when it is loaded, and not before."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.path = directory / "cache"
        if self.path.exists():
            self.entries = pickle.loads(self.path.read_bytes())

    def load(self) -> EvidenceOutcomeCacheArtifact:
        self.path.write_bytes(pickle.dumps(self.entries))
        return super().load()


class WritesEachEntryOnce(MapCache):
    """Writes what it has not written before, and so not what an id had and has again."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.path = directory / "cache"
        self.path.touch()
        self.written = dict.fromkeys(self.path.read_text().split())
        for line in self.written:
            super().put(decode(Outcome, bytes.fromhex(line)))

    def put(self, entry: Outcome) -> None:
        super().put(entry)
        line = encode(entry).hex()
        if line not in self.written:
            self.written[line] = None
            with self.path.open("a") as file:
                file.write(f"{line}\n")


def changes_outcomes(change: Callable[[EffectOutcome], EffectOutcome]) -> type[MapCache]:
    """Return a cache that changes every outcome that it stores."""

    class ChangesOutcomes(MapCache):
        def put(self, entry: Outcome) -> None:
            super().put(dataclasses.replace(entry, outcome=change(entry.outcome)))

    return ChangesOutcomes


def _short_list(outcome: EffectOutcome) -> EffectOutcome:
    if isinstance(outcome.response, ReceiveResponse):
        response = ReceiveResponse(outcome.response.state[:255])
        return dataclasses.replace(outcome, response=response)
    return outcome


def _endpoints_as_texts(outcome: EffectOutcome) -> EffectOutcome:
    """Write each endpoint as a text, and read that up to its first sign for "at"."""
    if not isinstance(outcome.response, ReceiveResponse):
        return outcome
    state = tuple(map(_endpoint_as_text, outcome.response.state))
    return dataclasses.replace(outcome, response=ReceiveResponse(state))


def _endpoint_as_text(value: Value) -> Value:
    if not isinstance(value, EndpointValue):
        return value
    role, _, sid = f"{value.endpoint.role}@{value.endpoint.sid}".partition("@")
    return EndpointValue(Endpoint(int(sid) if sid.isdigit() else 0, role))


def _short_message(outcome: EffectOutcome) -> EffectOutcome:
    if isinstance(outcome.status, FailureStatus):
        failure = outcome.status.failure
        cut = dataclasses.replace(failure, message=failure.message[:512])
        return dataclasses.replace(outcome, status=FailureStatus(cut))
    return outcome


def _without_entities(outcome: EffectOutcome) -> EffectOutcome:
    if isinstance(outcome.response, ChooseResponse):
        response = ChooseResponse(html.unescape(outcome.response.label))
        return dataclasses.replace(outcome, response=response)
    return outcome


class ReadsNoLongerFields(TrackedWal):
    """Writes fields of any length and refuses to read those that its reader takes for a mistake."""

    def load(self) -> AgreementWalArtifact:
        gates = (each for each in self.entries if isinstance(each, VisibilityGateCrossing))
        if any(len(gate.operation_id) > 131_072 for gate in gates):
            raise DurabilityError("field larger than field limit (131072)")
        return super().load()


class FullAt500(MapCache):
    """Forgets what was put first, once it holds 500 entries."""

    def put(self, entry: Outcome) -> None:
        super().put(entry)
        while len(self.entries) > 500:
            del self.entries[next(iter(self.entries))]

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries.values()))


BROKEN_DIRECTED_LOGS: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("looks levels up by a pattern", LevelsByPattern, "WAL-03"),
    ("forgets levels behind finalizations", forgets_levels(Finalization), "WAL-03"),
    ("forgets levels behind gates", forgets_levels(VisibilityGateCrossing), "WAL-03"),
    ("drops the same object", DropsTheSameObject, "WAL-02"),
    (
        "reads escapes as what they stand for",
        changes_texts(lambda t: t.replace("\\t", "\t")),
        "WAL-01",
    ),
    ("resolves entities", changes_texts(html.unescape), "WAL-01"),
    ("reads 131,072 characters at most", ReadsNoLongerFields, "WAL-06"),
    ("numbers its texts in a byte", NumbersItsTexts, "WAL-01"),
    ("orders by three digits", OrderedByThreeDigits, "WAL-02"),
    ("searches suffixes from the end", SearchesFromTheEnd, "WAL-05"),
    ("loads one page of 1,000", ReadsOnePageOfAThousand, "WAL-01"),
    ("loads by recursion", LoadsByRecursion, "WAL-09"),
    ("takes a session for the tick", SessionOfTheTick, "WAL-01"),
    ("puts evidence first", EvidenceComesFirst, "WAL-02"),
    ("drops the end of a run", ClosesAfterAWholeRun, "WAL-01"),
    ("is saved by a load", SavedByALoad, "WAL-08"),
    ("cuts the names of its levels", levels_by(lambda name: name[:20]), "WAL-03"),
    (
        "has 4,096 slots for levels",
        levels_by(lambda name: zlib.crc32(name.encode()) % 4_096),
        "WAL-03",
    ),
    ("counts handles in two bytes", CountsHandlesInTwoBytes, "WAL-01"),
)
"""Name, factory, and the requirement by which the log is failed."""

BROKEN_DIRECTED_CACHES: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("joins id and operation", JoinsIdAndOperation, "CACHE-02"),
    ("cuts lists at 255", changes_outcomes(_short_list), "CACHE-02"),
    ("keeps endpoints as texts", changes_outcomes(_endpoints_as_texts), "CACHE-02"),
    ("cuts messages at 512", changes_outcomes(_short_message), "CACHE-02"),
    ("resolves entities", changes_outcomes(_without_entities), "CACHE-02"),
    ("forgets the first of 501", FullAt500, "CACHE-02"),
    ("is saved by a load", SavedByALoadOnly, "CACHE-08"),
    ("writes each entry once", WritesEachEntryOnce, "CACHE-08"),
)
"""Name, factory, and the requirement by which the cache is failed."""
