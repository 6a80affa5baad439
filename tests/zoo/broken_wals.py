"""Logs that are wrong on purpose, each in one way, with the requirement that must catch it.

They share a correct base, so that each class shows nothing but its fault.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from conformance.backend import Backend, Capability
from telltale_spec.errors import DurabilityError, EscalationOrderError
from telltale_spec.model.machine import RejectionMode, order_error
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
    EvidenceProduced,
    VisibilityGateCrossing,
)

__all__ = ["BROKEN_WALS", "CORRECT_WALS", "ListWal", "PickledWal", "broken_wal_backend"]


class OrderOfList:
    """The order of the escalations in a list that grows: what is as it was is not read again."""

    def __init__(self) -> None:
        self._begin_again()

    def _begin_again(self) -> None:
        self._read: list[AgreementWalEntry] = []
        self._levels = EscalationTracker()
        self._first_error: EscalationOrderError | None = None

    def error(
        self, entries: list[AgreementWalEntry], *more: AgreementWalEntry
    ) -> EscalationOrderError | None:
        """Return the first error of the entries with one more behind them, or ``None``."""
        if entries[: len(self._read)] != self._read:
            self._begin_again()
        for each in entries[len(self._read) :]:
            self._first_error = self._first_error or self._levels.observe(each)
            self._read.append(each)
        errors = (self._first_error, *map(self._levels.preview, more))
        return next((each for each in errors if each is not None), None)


class ListWal:
    """A correct log in a list: a refused entry is not stored."""

    def __init__(self) -> None:
        self.entries: list[AgreementWalEntry] = []
        self._order = OrderOfList()

    def append(self, entry: AgreementWalEntry) -> None:
        error = self.order_error(entry)
        if error is not None:
            raise DurabilityError(error.message)
        self.store(entry)

    def order_error(self, *more: AgreementWalEntry) -> EscalationOrderError | None:
        """Return what is wrong with the order of what is stored, with an entry behind it."""
        return self._order.error(self.entries, *more)

    def store(self, entry: AgreementWalEntry) -> None:
        self.entries.append(entry)

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return [entry for entry in self.entries if entry.tick > tick]

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


class PickledWal(ListWal):
    """A correct log that survives in a file."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.path = directory / "log.pickle"
        if self.path.exists():
            self.entries = [pickle.loads(each) for each in pickle.loads(self.path.read_bytes())]
        # An entry takes long to pickle, and each append writes all of them.
        self.pickles: dict[int, bytes] = {}

    def store(self, entry: AgreementWalEntry) -> None:
        super().store(entry)
        self.save(self.entries)

    def save(self, entries: list[AgreementWalEntry]) -> None:
        self.path.write_bytes(pickle.dumps([self.pickle_of(entry) for entry in entries]))

    def pickle_of(self, entry: AgreementWalEntry) -> bytes:
        if id(entry) not in self.pickles:
            self.pickles[id(entry)] = pickle.dumps(entry)
        return self.pickles[id(entry)]


class UnknownOutcomeWal(ListWal):
    """A correct log that stores every second refused entry, as it may with that declaration."""

    refusals = 0

    def append(self, entry: AgreementWalEntry) -> None:
        error = self.order_error(entry)
        if error is None:
            self.store(entry)
            return
        self.refusals += 1
        if self.refusals % 2 == 0 and self.order_error() is None:
            self.store(entry)
        raise DurabilityError(error.message)


class DoNothing(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        return


class DropsEveryThird(ListWal):
    appended = 0

    def store(self, entry: AgreementWalEntry) -> None:
        self.appended += 1
        if self.appended % 3:
            super().store(entry)


class StoresTwice(ListWal):
    def store(self, entry: AgreementWalEntry) -> None:
        self.entries += [entry, entry]


class StoresAtFront(ListWal):
    def store(self, entry: AgreementWalEntry) -> None:
        self.entries.insert(0, entry)


class LosesAuthority(ListWal):
    """Stores the fields of the stable identity only, as if the rest did not matter."""

    def store(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, EvidenceProduced):
            evidence = replace(entry.evidence, authoritative=False, session=None)
            entry = EvidenceProduced(evidence, entry.tick)
        super().store(entry)


class Deduplicates(ListWal):
    def store(self, entry: AgreementWalEntry) -> None:
        if entry not in self.entries:
            super().store(entry)


class DeduplicatesByIdentity(ListWal):
    def store(self, entry: AgreementWalEntry) -> None:
        if entry.stable_identity() not in {each.stable_identity() for each in self.entries}:
            super().store(entry)


class SortsByTick(ListWal):
    def store(self, entry: AgreementWalEntry) -> None:
        super().store(entry)
        self.entries.sort(key=lambda each: each.tick)


class CompactsGates(ListWal):
    """Keeps only the last gate of each operation."""

    def store(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, VisibilityGateCrossing):
            self.entries = [
                each
                for each in self.entries
                if not isinstance(each, VisibilityGateCrossing)
                or each.operation_id != entry.operation_id
            ]
        super().store(entry)


class SkipsValidation(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        self.store(entry)


class ChecksOwnRegressionOnly(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, Escalation) and entry.new_level.rank < entry.previous_level.rank:
            raise DurabilityError("regression")
        self.store(entry)


class ChecksLastEntryOnly(ListWal):
    """Compares with the last escalation of any operation, not of the entry's own."""

    def append(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, Escalation):
            own = [e for e in self.entries[-1:] if isinstance(e, Escalation)]
            same = [e for e in own if e.operation_id == entry.operation_id]
            error = order_error((*same, entry))
            if error is not None:
                raise DurabilityError(error.message)
        self.store(entry)


class WrongText(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        if self.order_error(entry) is not None:
            raise DurabilityError("no")
        self.store(entry)


class EmptyText(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        if self.order_error(entry) is not None:
            raise DurabilityError("")
        self.store(entry)


class BlankText(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        if self.order_error(entry) is not None:
            raise DurabilityError(" ")
        self.store(entry)


class RaisesUndeclared(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        if self.order_error(entry) is not None:
            raise ValueError("not monotonic")
        self.store(entry)


class KeepsRejected(ListWal):
    """Pushes before it validates, so that one bad entry wedges the log (finding F1)."""

    def append(self, entry: AgreementWalEntry) -> None:
        self.store(entry)
        error = self.order_error()
        if error is not None:
            raise DurabilityError(error.message)


class StoresRejectedSilently(ListWal):
    """Stores a refused entry, yet goes on accepting others."""

    def append(self, entry: AgreementWalEntry) -> None:
        error = self.order_error(entry)
        self.store(entry)
        if error is not None:
            raise DurabilityError(error.message)


class WedgesAfterRefusal(ListWal):
    """Stores nothing of a refused entry, but refuses everything from then on."""

    wedged = ""

    def append(self, entry: AgreementWalEntry) -> None:
        error = self.order_error(entry)
        if error is not None:
            self.wedged = self.wedged or error.message
        if self.wedged:
            raise DurabilityError(self.wedged)
        self.store(entry)


class OnlyClaimsToKeep(ListWal):
    """Declares that it keeps refused entries, and drops them."""


class DropsTailOnRefusal(ListWal):
    """Rolls back one entry too many."""

    def append(self, entry: AgreementWalEntry) -> None:
        try:
            super().append(entry)
        except DurabilityError:
            self.entries[-1:] = []
            raise


class ReadIncludesTick(ListWal):
    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return [entry for entry in self.entries if entry.tick >= tick]


class ReadSorts(ListWal):
    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return sorted(super().read_since(tick), key=lambda entry: entry.tick)


class ReadStopsEarly(ListWal):
    """Takes the log for sorted and cuts it at the first entry past the tick."""

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        for index, entry in enumerate(self.entries):
            if entry.tick > tick:
                return self.entries[index:]
        return []


class ReadIsStale(ListWal):
    """Answers a read from what it knew at the read before."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[AgreementWalEntry] = []

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        known, self.known = self.known, list(self.entries)
        return [entry for entry in known if entry.tick > tick]


class ReadSignedTicks(ListWal):
    """Compares ticks as signed 64-bit numbers."""

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        def signed(number: int) -> int:
            return number - 2**64 if number >= 2**63 else number

        return [entry for entry in self.entries if signed(entry.tick) > signed(tick)]


class ReadDrains(ListWal):
    """Forgets what it has handed out, like a queue."""

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        found = list(super().read_since(tick))
        self.entries = [entry for entry in self.entries if entry.tick <= tick]
        return found


class LeaksItsList(ListWal):
    """Hands out the very list it works on."""

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        found = list(super().read_since(tick))
        return self.entries if found == self.entries else found


class LoadForgetsLast(ListWal):
    """Loses the last entry when it is loaded a second time."""

    loaded = False

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        self.loaded = False

    def load(self) -> AgreementWalArtifact:
        if self.loaded:
            del self.entries[-1:]
        self.loaded = True
        return super().load()


class FreshIsNotEmpty(ListWal):
    def __init__(self) -> None:
        super().__init__()
        self.entries.append(VisibilityGateCrossing("", "", AgreementLevel.NONE, 1))


class FreshFails(ListWal):
    def load(self) -> AgreementWalArtifact:
        if not self.entries:
            raise DurabilityError("no such log")
        return super().load()


class LosesLastOnReopen(PickledWal):
    def save(self, entries: list[AgreementWalEntry]) -> None:
        super().save(entries[:-1])


class ReopensSorted(PickledWal):
    def save(self, entries: list[AgreementWalEntry]) -> None:
        super().save(sorted(entries, key=lambda entry: entry.tick))


class NeverWrites(PickledWal):
    def save(self, entries: list[AgreementWalEntry]) -> None:
        return


class RefusesHugeTicks(ListWal):
    """Refuses ticks past the signed 64-bit range, but stores the entry first."""

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        if entry.tick >= 2**63:
            raise DurabilityError("tick out of range")


class RefusesEmptyIds(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        if not entry.operation_id:
            raise DurabilityError("an operation id must not be empty")
        super().append(entry)


def broken_wal_backend(wal_class: type[ListWal]) -> Backend:
    """Return the backend of a class, with the promise to survive where it keeps a file."""
    if issubclass(wal_class, PickledWal):
        return Backend(
            wal_class.__name__, agreement_wal=wal_class, capabilities=frozenset({Capability.REOPEN})
        )
    backend = Backend(wal_class.__name__, agreement_wal=lambda directory: wal_class())
    if wal_class is OnlyClaimsToKeep:
        return replace(backend, rejection_mode=RejectionMode.KEEPS_REJECTED)
    if wal_class is UnknownOutcomeWal:
        return replace(backend, rejection_mode=RejectionMode.UNKNOWN_OUTCOME)
    return backend


CORRECT_WALS: Final = (ListWal, PickledWal, UnknownOutcomeWal)

BROKEN_WALS: Final[tuple[tuple[type[ListWal], str], ...]] = (
    (DoNothing, "WAL-01"),
    (DropsEveryThird, "WAL-01"),
    (LosesAuthority, "WAL-01"),
    (StoresTwice, "WAL-01"),
    (StoresAtFront, "WAL-02"),
    (Deduplicates, "WAL-02"),
    (DeduplicatesByIdentity, "WAL-01"),
    (SortsByTick, "WAL-02"),
    (CompactsGates, "WAL-02"),
    (SkipsValidation, "WAL-03"),
    (ChecksOwnRegressionOnly, "WAL-03"),
    (ChecksLastEntryOnly, "WAL-03"),
    (WrongText, "WAL-03.text"),
    (KeepsRejected, "WAL-04"),
    (StoresRejectedSilently, "WAL-04"),
    (WedgesAfterRefusal, "WAL-04"),
    (DropsTailOnRefusal, "WAL-04"),
    (ReadIncludesTick, "WAL-05"),
    (ReadSorts, "WAL-05"),
    (ReadStopsEarly, "WAL-05"),
    (ReadIsStale, "WAL-05"),
    (ReadSignedTicks, "WAL-05"),
    (ReadDrains, "WAL-06"),
    (LeaksItsList, "WAL-06"),
    (LoadForgetsLast, "WAL-06"),
    (FreshIsNotEmpty, "WAL-07"),
    (FreshFails, "WAL-07"),
    (LosesLastOnReopen, "WAL-08"),
    (ReopensSorted, "WAL-08"),
    (NeverWrites, "WAL-08"),
    (EmptyText, "WAL-09"),
    (BlankText, "WAL-09"),
    (RaisesUndeclared, "WAL-09"),
    (OnlyClaimsToKeep, "WAL-10"),
    (RefusesHugeTicks, "WAL-13"),
    (RefusesEmptyIds, "WAL-13.accept"),
)
"""Each broken log with the requirement that has to fail it."""
