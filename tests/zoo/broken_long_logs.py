"""Logs that are wrong only when they grow long, or when what is easily confused meets in them."""

from __future__ import annotations

import bisect
import dataclasses
import pickle
import unicodedata
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from conformance.backend import Backend, Capability
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["BROKEN_LONG_LOGS", "TrackedWal", "log_backend", "with_texts"]

Entry = AgreementWalEntry
RecordType = TypeVar("RecordType")


class TrackedWal:
    """A right log in a list, whose appends cost the same however long it is."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.entries: list[Entry] = []
        self.tracker = EscalationTracker()

    def append(self, entry: Entry) -> None:
        error = self.tracker.preview(entry)
        if error is not None:
            raise error
        self.tracker.observe(entry)
        self.store(entry)

    def store(self, entry: Entry) -> None:
        self.entries.append(entry)

    def read_since(self, tick: int) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.tick > tick]

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


def with_texts(record: RecordType, change: Callable[[str, bool], str | None]) -> RecordType:
    """Return a record with every text changed; ``change`` hears whether it may be absent."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, str):
            changes[field.name] = change(value, "None" in str(field.type))
        elif isinstance(value, AgreementEvidence):
            changes[field.name] = with_texts(value, change)
    return dataclasses.replace(record, **changes)  # type: ignore[type-var]


def ring(size: int) -> type[TrackedWal]:
    class Ring(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.entries = deque(maxlen=size)  # type: ignore[assignment]

    return Ring


def loses_every(number: int) -> type[TrackedWal]:
    class LosesEvery(TrackedWal):
        asked = 0

        def store(self, entry: Entry) -> None:
            self.asked += 1
            if self.asked % number:
                super().store(entry)

    return LosesEvery


def starts_anew_after(size: int) -> type[TrackedWal]:
    class StartsAnew(TrackedWal):
        def store(self, entry: Entry) -> None:
            if len(self.entries) == size:
                self.entries = []
            super().store(entry)

    return StartsAnew


def loads_by_pages_of(size: int) -> type[TrackedWal]:
    class LoadsOnePage(TrackedWal):
        def load(self) -> AgreementWalArtifact:
            return AgreementWalArtifact(tuple(self.entries[:size]))

    return LoadsOnePage


def reads_by_pages_of(size: int) -> type[TrackedWal]:
    class ReadsOnePage(TrackedWal):
        def read_since(self, tick: int) -> Sequence[Entry]:
            return super().read_since(tick)[:size]

    return ReadsOnePage


class RemembersReads(TrackedWal):
    """Forgets to drop what it read once when something is appended."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.read: dict[int, Sequence[Entry]] = {}

    def read_since(self, tick: int) -> Sequence[Entry]:
        return self.read.setdefault(tick, super().read_since(tick))

    def load(self) -> AgreementWalArtifact:
        self.read.clear()
        return super().load()


class ReadsTheLastLoad(TrackedWal):
    loaded: AgreementWalArtifact | None = None

    def read_since(self, tick: int) -> Sequence[Entry]:
        return (self.loaded or super().load()).read_since(tick)

    def load(self) -> AgreementWalArtifact:
        self.loaded = super().load()
        return self.loaded


class LoadsAStaleCopy(TrackedWal):
    """Loads anew only when ten entries have come since."""

    copy = AgreementWalArtifact()

    def load(self) -> AgreementWalArtifact:
        if not self.copy.entries or len(self.entries) - len(self.copy.entries) >= 10:
            self.copy = super().load()
        return self.copy


class IndexMissesAKind(TrackedWal):
    def read_since(self, tick: int) -> Sequence[Entry]:
        found = super().read_since(tick)
        late = [each for each in found if not isinstance(each, Finalization)]
        return late if len(found) > 40 else found


class SearchesByHalves(TrackedWal):
    """Takes the ticks to rise once there are many entries."""

    def read_since(self, tick: int) -> Sequence[Entry]:
        if len(self.entries) < 20:
            return super().read_since(tick)
        return self.entries[bisect.bisect_right([each.tick for each in self.entries], tick) :]


class ReadsHalfTheTick(TrackedWal):
    def read_since(self, tick: int) -> Sequence[Entry]:
        return [each for each in self.entries if each.tick % 2**32 > tick % 2**32]


def keeps_of_each(group_of: Callable[[Entry], object], most: int) -> type[TrackedWal]:
    class KeepsSome(TrackedWal):
        def store(self, entry: Entry) -> None:
            counts = Counter(map(group_of, self.entries))
            if counts[group_of(entry)] < most:
                super().store(entry)

    return KeepsSome


class ForgetsLevels(TrackedWal):
    """Remembers the levels of the last 32 operations only."""

    def append(self, entry: Entry) -> None:
        super().append(entry)
        levels = self.tracker._last_levels
        while len(levels) > 32:
            del levels[next(iter(levels))]


def changes_texts(change: Callable[[str, bool], str | None]) -> type[TrackedWal]:
    class ChangesTexts(TrackedWal):
        def store(self, entry: Entry) -> None:
            super().store(with_texts(entry, change))

    return ChangesTexts


def changes_sessions(change: Callable[[int | None], int | None]) -> type[TrackedWal]:
    class ChangesSessions(TrackedWal):
        def store(self, entry: Entry) -> None:
            if isinstance(entry, EvidenceProduced):
                session = change(entry.evidence.session)
                evidence = dataclasses.replace(entry.evidence, session=session)
                entry = dataclasses.replace(entry, evidence=evidence)
            super().store(entry)

    return ChangesSessions


class TicksAreFloats(TrackedWal):
    def store(self, entry: Entry) -> None:
        tick = min(int(float(entry.tick)), U64_MAX)
        super().store(dataclasses.replace(entry, tick=tick))  # type: ignore[call-arg]


def ignores_equal(key_of: Callable[[str], str]) -> type[TrackedWal]:
    """Return a log with a unique index over texts that it compares in its own way."""

    class IgnoresEqual(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.keys: dict[str, Entry] = {}

        def store(self, entry: Entry) -> None:
            key = repr(with_texts(entry, lambda text, optional: key_of(text)))
            if self.keys.setdefault(key, entry) == entry:
                super().store(entry)

    return IgnoresEqual


class JoinsItsKeys(TrackedWal):
    """Takes two gates for one where their names make the same text together."""

    def store(self, entry: Entry) -> None:
        if isinstance(entry, VisibilityGateCrossing):
            gates = [each for each in self.entries if isinstance(each, VisibilityGateCrossing)]
            if any(_joined(each) == _joined(entry) and each != entry for each in gates):
                return
        super().store(entry)


def _joined(gate: VisibilityGateCrossing) -> tuple[str, int]:
    return f"{gate.operation_id}:{gate.downstream_coroutine_id}", gate.tick


class StoresTwiceLater(TrackedWal):
    """Stores every entry past the two hundredth again, as a retry would that was not needed."""

    def store(self, entry: Entry) -> None:
        super().store(entry)
        if len(self.entries) > 200:
            super().store(entry)


class LevelsFoldCase(TrackedWal):
    """Takes operations for one whose names differ in case."""

    def append(self, entry: Entry) -> None:
        folded = entry
        if isinstance(entry, Escalation):
            folded = dataclasses.replace(entry, operation_id=entry.operation_id.casefold())
        error = self.tracker.preview(folded)
        if error is not None:
            raise DurabilityError(error.message)
        self.tracker.observe(folded)
        self.store(entry)


class SavesNowAndThen(TrackedWal):
    """Writes its file after every 16 entries."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.path = directory / "log"
        if self.path.exists():
            for entry in pickle.loads(self.path.read_bytes()):
                super().append(entry)

    def store(self, entry: Entry) -> None:
        super().store(entry)
        if len(self.entries) % 16 == 0 or len(self.entries) < 16:
            self.path.write_bytes(pickle.dumps(self.entries))


def log_backend(name: str, make: Callable[[Path], Any], *, reopens: bool = False) -> Backend:
    """Return the backend of a log."""
    promises = frozenset({Capability.REOPEN}) if reopens else frozenset()
    return Backend(name, agreement_wal=make, capabilities=promises)


BROKEN_LONG_LOGS: Final[tuple[tuple[str, Callable[[Path], Any], str], ...]] = (
    ("keeps the last 100 entries", ring(100), "WAL-01"),
    ("keeps the last 256 entries", ring(256), "WAL-01"),
    ("starts anew after 128 entries", starts_anew_after(128), "WAL-01"),
    ("loses every 30th entry", loses_every(30), "WAL-01"),
    ("loses every 100th entry", loses_every(100), "WAL-01"),
    ("loses every 300th entry", loses_every(300), "WAL-01"),
    ("loads one page of 100", loads_by_pages_of(100), "WAL-01"),
    ("loads one page of 256", loads_by_pages_of(256), "WAL-01"),
    ("reads one page of 50", reads_by_pages_of(50), "WAL-05"),
    ("reads one page of 255", reads_by_pages_of(255), "WAL-05"),
    ("remembers reads", RemembersReads, "WAL-05"),
    ("reads the last load", ReadsTheLastLoad, "WAL-05"),
    ("loads a stale copy", LoadsAStaleCopy, "WAL-01"),
    ("an index misses a kind", IndexMissesAKind, "WAL-05"),
    ("searches by halves", SearchesByHalves, "WAL-05"),
    ("compares 32 bits of a tick", ReadsHalfTheTick, "WAL-05"),
    ("keeps 64 of a kind", keeps_of_each(type, 64), "WAL-01"),
    ("keeps 100 of an operation", keeps_of_each(lambda each: each.operation_id, 100), "WAL-01"),
    ("forgets levels", ForgetsLevels, "WAL-03"),
    (
        "an empty optional text is absent",
        changes_texts(lambda text, optional: None if optional and not text else text),
        "WAL-01",
    ),
    (
        "the text null is absent",
        changes_texts(lambda text, optional: None if optional and text == "null" else text),
        "WAL-01",
    ),
    ("session 0 is absent", changes_sessions(lambda session: session or None), "WAL-01"),
    (
        "sessions end at 2^63-1",
        changes_sessions(lambda session: None if session is None else min(session, 2**63 - 1)),
        "WAL-01",
    ),
    ("ticks are floats", TicksAreFloats, "WAL-01"),
    ("cuts texts at 255", changes_texts(lambda text, optional: text[:255]), "WAL-01"),
    ("cuts texts at 512", changes_texts(lambda text, optional: text[:512]), "WAL-01"),
    ("cuts texts at 65,535", changes_texts(lambda text, optional: text[:65_535]), "WAL-01"),
    ("cuts texts at a zero", changes_texts(lambda text, optional: text.split("\0")[0]), "WAL-01"),
    (
        "normalises texts",
        changes_texts(lambda text, optional: unicodedata.normalize("NFC", text)),
        "WAL-01",
    ),
    (
        "changes line ends",
        changes_texts(lambda text, optional: text.replace("\r\n", "\n")),
        "WAL-01",
    ),
    (
        "keeps numbers as numbers",
        changes_texts(lambda text, optional: str(int(text)) if text.isdecimal() else text),
        "WAL-01",
    ),
    ("ignores what differs in case", ignores_equal(str.casefold), "WAL-01"),
    ("ignores what differs in blanks", ignores_equal(str.rstrip), "WAL-01"),
    ("joins its keys", JoinsItsKeys, "WAL-01"),
    ("stores twice later", StoresTwiceLater, "WAL-01"),
    ("levels fold case", LevelsFoldCase, "WAL-13.accept"),
    ("saves now and then", SavesNowAndThen, "WAL-08"),
)
"""Name, factory, and the requirement by which the log is failed."""
