"""Logs that are wrong by how much they hold, by what a caller kept, or by how a name is written."""

from __future__ import annotations

import dataclasses
import json
import pickle
import string
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, overload

from conformance.backend import Backend
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
    EvidenceProduced,
)
from tests.zoo.broken_long_logs import TrackedWal, log_backend, with_texts

__all__ = ["BROKEN_GROWN_LOGS", "RIGHT_GROWN_LOGS", "grown_backend"]

Entry = AgreementWalEntry


def counts_equal_in(bits: int) -> type[TrackedWal]:
    """Return a log that stores equal neighbours once, with their count in so many bits."""

    class CountsEqual(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.runs: list[tuple[Entry, int]] = []

        def store(self, entry: Entry) -> None:
            last, count = self.runs[-1] if self.runs else (None, 0)
            if last == entry:
                self.runs[-1] = (entry, (count + 1) % 2**bits)
            else:
                self.runs.append((entry, 1))
            self.entries = [each for each, times in self.runs for _ in range(times)]

    return CountsEqual


def numbers_operations_in(bits: int) -> type[TrackedWal]:
    """Return a log that keeps the number of an operation in so many bits, and its name once."""

    class NumbersOperations(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.numbers: dict[str, int] = {}
            self.names: dict[int, str] = {}

        def store(self, entry: Entry) -> None:
            number = self.numbers.setdefault(entry.operation_id, len(self.numbers) % 2**bits)
            name = self.names.setdefault(number, entry.operation_id)
            if isinstance(entry, EvidenceProduced):
                evidence = dataclasses.replace(entry.evidence, operation_id=name)
                super().store(dataclasses.replace(entry, evidence=evidence))
            else:
                super().store(dataclasses.replace(entry, operation_id=name))  # type: ignore[call-arg]

    return NumbersOperations


def checks_the_last(count: int) -> type[TrackedWal]:
    """Return a log that holds an entry against so many of the newest ones."""

    class ChecksTheLast(TrackedWal):
        def append(self, entry: Entry) -> None:
            tracker = EscalationTracker()
            for each in self.entries[-count:]:
                tracker.observe(each)
            error = tracker.preview(entry)
            if error is not None:
                raise error
            self.store(entry)

    return ChecksTheLast


def keeps_levels_of(count: int) -> type[TrackedWal]:
    """Return a log that knows the levels of so many operations, those used last."""

    class KeepsLevels(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.levels: OrderedDict[str, AgreementLevel] = OrderedDict()

        def append(self, entry: Entry) -> None:
            if isinstance(entry, Escalation):
                last = self.levels.get(entry.operation_id, AgreementLevel.NONE)
                if not last.rank <= entry.previous_level.rank <= entry.new_level.rank:
                    raise DurabilityError("out of order")
                self.levels[entry.operation_id] = entry.new_level
                self.levels.move_to_end(entry.operation_id)
                while len(self.levels) > count:
                    self.levels.popitem(last=False)
            self.store(entry)

    return KeepsLevels


class FileLog(TrackedWal):
    """A right log that writes its whole file again after each entry."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        for entry in self.stored():
            self.entries.append(entry)
            self.tracker.observe(entry)

    def stored(self) -> list[Entry]:
        path = self.directory / "log"
        entries: list[Entry] = pickle.loads(path.read_bytes()) if path.exists() else []
        return entries

    def store(self, entry: Entry) -> None:
        super().store(entry)
        (self.directory / "log").write_bytes(pickle.dumps(self.entries))


def sums_up_every(count: int) -> type[FileLog]:
    """Return a log that writes its levels down after so many entries, and opens with these."""

    class SumsUp(FileLog):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.summary = directory / "levels"
            if self.summary.exists():
                levels = json.loads(self.summary.read_text())
                self.tracker = EscalationTracker()
                for name, level in levels.items():
                    at = AgreementLevel(level)
                    self.tracker.observe(Escalation(name, at, at, None, 0))

        def store(self, entry: Entry) -> None:
            super().store(entry)
            if len(self.entries) % count == 0:
                levels = {
                    each.operation_id: each.new_level.value
                    for each in self.entries
                    if isinstance(each, Escalation)
                }
                self.summary.write_text(json.dumps(levels))

    return SumsUp


def keeps_files_of(count: int, *, files: int = 2**32, digits: int = 6) -> type[FileLog]:
    """Return a log that begins a new file after so many entries, and reads so many files.

    They are read in the order of their names, of which the number has at least so many digits.
    """

    class KeepsFiles(FileLog):
        def stored(self) -> list[Entry]:
            paths = sorted(self.directory.glob("part-*"))[-files:]
            return [each for path in paths for each in pickle.loads(path.read_bytes())]

        def store(self, entry: Entry) -> None:
            TrackedWal.store(self, entry)
            number = (len(self.entries) - 1) // count
            part = self.entries[number * count :]
            (self.directory / f"part-{number:0{digits}}").write_bytes(pickle.dumps(part))

    return KeepsFiles


class OpensByTicks(FileLog):
    """Finds the levels by the latest ticks when it is opened, and not by the order of entries."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.tracker = EscalationTracker()
        escalations = [each for each in self.entries if isinstance(each, Escalation)]
        latest = {
            each.operation_id: each.new_level
            for each in sorted(escalations, key=lambda entry: entry.tick)
        }
        for name, level in latest.items():
            self.tracker.observe(Escalation(name, level, level, None, 0))


class ReferenceInAnyCase(TrackedWal):
    """Leaves a reference out that is the id of its evidence in any case, and reads the id."""

    def store(self, entry: Entry) -> None:
        if isinstance(entry, EvidenceProduced):
            evidence = entry.evidence
            if evidence.reference.casefold() == evidence.evidence_id.casefold():
                evidence = dataclasses.replace(evidence, reference=evidence.evidence_id)
                entry = dataclasses.replace(entry, evidence=evidence)
        super().store(entry)


class MovesYoungEntries(TrackedWal):
    """Moves 400 entries at a time, and takes one that equals the last it moved for moved."""

    def store(self, entry: Entry) -> None:
        super().store(entry)
        if len(self.entries) == 400:
            pairs = zip([None, *self.entries], self.entries, strict=False)
            self.entries = [each for before, each in pairs if before != each]


class TellsByATemplate(TrackedWal):
    """Makes the text of a refusal by a template of which the name is a part."""

    def append(self, entry: Entry) -> None:
        error = self.tracker.preview(entry)
        if error is not None:
            template = "operation " + entry.operation_id + " is at {level}"
            raise DurabilityError(template.format(level=entry.operation_id))
        super().append(entry)


def fills_in(text: str, optional: bool) -> str:
    """Fill in the variables of a template, of which there are none but one."""
    return string.Template(text).safe_substitute(HOME="/home")


class DropsLateRepeats(TrackedWal):
    """Takes an entry for a delivery that came twice, once 250 others lie between the two."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.seen: dict[bytes, int] = {}

    def store(self, entry: Entry) -> None:
        key = pickle.dumps(entry)
        if len(self.entries) - self.seen.get(key, len(self.entries)) > 250:
            return
        self.seen[key] = len(self.entries)
        super().store(entry)


def indexes_blocks_of(size: int, *, leaves_out: int) -> type[TrackedWal]:
    """Return a log that steps over blocks by their highest tick, of all entries but the last."""

    class IndexesBlocks(TrackedWal):
        def read_since(self, tick: int) -> Sequence[Entry]:
            found: list[Entry] = []
            for begin in range(0, len(self.entries), size):
                block = self.entries[begin : begin + size]
                counted = [each.tick for each in block[: size - leaves_out]]
                if len(block) < size or max(counted) > tick:
                    found += [each for each in block if each.tick > tick]
            return found

    return IndexesBlocks


class _Suffix(Sequence[Entry]):
    """The entries behind a tick, looked for when they are asked for."""

    def __init__(self, entries: Sequence[Entry], tick: int) -> None:
        self._entries, self._tick = entries, tick

    def _found(self) -> list[Entry]:
        return [each for each in self._entries if each.tick > self._tick]

    def __len__(self) -> int:
        return len(self._found())

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        return self._found()[index]


def returns_views(*, of_a_copy: bool) -> type[TrackedWal]:
    """Return a log whose reads are looked for late: in its own list, or in a copy of it."""

    class ReturnsViews(TrackedWal):
        def read_since(self, tick: int) -> Sequence[Entry]:
            return _Suffix(list(self.entries) if of_a_copy else self.entries, tick)

        def load(self) -> AgreementWalArtifact:
            return AgreementWalArtifact(tuple(self.entries))

    return ReturnsViews


class ChangesTexts(TrackedWal):
    """Fills in what looks like a variable in any text."""

    def store(self, entry: Entry) -> None:
        super().store(with_texts(entry, fills_in))


def grown_backend(name: str, make: type[TrackedWal]) -> Backend:
    """Return the backend of a log; those that keep a file are opened again."""
    return log_backend(name, make, reopens=issubclass(make, FileLog))


BROKEN_GROWN_LOGS: Final[tuple[tuple[str, type[TrackedWal], str], ...]] = (
    ("counts equal entries in a byte", counts_equal_in(8), "WAL-01"),
    ("numbers operations in a byte", numbers_operations_in(8), "WAL-01"),
    ("checks the last 100 entries", checks_the_last(100), "WAL-03"),
    ("checks the last 900 entries", checks_the_last(900), "WAL-03"),
    ("keeps levels of 256 operations", keeps_levels_of(256), "WAL-03"),
    ("opens with a summary of every 8", sums_up_every(8), "WAL-03"),
    ("opens with a summary of every 100", sums_up_every(100), "WAL-03"),
    ("reads two files of 300", keeps_files_of(300, files=2), "WAL-08"),
    ("sorts its files as texts", keeps_files_of(40, digits=1), "WAL-08"),
    ("opens by ticks", OpensByTicks, "WAL-03"),
    ("takes a reference in any case for the id", ReferenceInAnyCase, "WAL-01"),
    ("moves young entries", MovesYoungEntries, "WAL-02"),
    ("tells refusals by a template", TellsByATemplate, "WAL-09"),
    ("fills in what looks like a variable", ChangesTexts, "WAL-01"),
    ("drops late repeats", DropsLateRepeats, "WAL-02"),
    ("indexes blocks of 100 but their last", indexes_blocks_of(100, leaves_out=1), "WAL-05"),
    ("indexes blocks of 256 but their last", indexes_blocks_of(256, leaves_out=1), "WAL-05"),
    ("returns views that grow", returns_views(of_a_copy=False), "WAL-05"),
)
"""Name, factory, and the requirement by which the log is failed."""

RIGHT_GROWN_LOGS: Final[tuple[tuple[str, type[TrackedWal]], ...]] = (
    ("counts equal entries", counts_equal_in(64)),
    ("numbers operations", numbers_operations_in(64)),
    ("keeps levels of all operations", keeps_levels_of(2**64)),
    ("opens with a summary of all", sums_up_every(1)),
    ("reads all its files", keeps_files_of(300)),
    ("indexes blocks", indexes_blocks_of(100, leaves_out=0)),
    ("returns views of a copy", returns_views(of_a_copy=True)),
)
"""Name and factory of logs of the same kinds that are right."""
