"""Logs that fail on purpose, around any other log.

:class:`FaultInjectingAgreementWal` follows a fault program of the
specification. It strikes by tick and so can never fail in the middle of a sync
(F28); :class:`NthAppendFailingAgreementWal` can.
"""

from __future__ import annotations

from collections.abc import Sequence

from telltale_spec.backends.contract import AgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.model.faults import (
    AvailabilityWindow,
    DelayedOutcome,
    DurableFaultKind,
    DurableFaultOutcome,
    DurableFaultProgram,
    DurableFaultRecord,
    FailedOutcome,
    Latency,
    PartialWrite,
    UnavailableOutcome,
)
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry

__all__ = ["FaultInjectingAgreementWal", "NthAppendFailingAgreementWal"]


class FaultInjectingAgreementWal:
    """A log whose appends fail as a fault program says. Source: FAULT-01..03.

    Reads are never struck, faults never expire, and a struck entry is not
    stored unless the fault is a latency, which only leaves a record.
    """

    def __init__(self, inner: AgreementWal, program: DurableFaultProgram) -> None:
        self._inner = inner
        self._program = program
        self._history: list[DurableFaultRecord] = []

    @property
    def history(self) -> tuple[DurableFaultRecord, ...]:
        """The faults that struck so far, in order."""
        return tuple(self._history)

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry unless a fault strikes it; raises ``DurabilityError`` (FAULT-02)."""
        fault = self._program.fault_at(entry.tick)
        if fault is not None:
            self._strike(fault, entry)
        self._inner.append(entry)

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        """Return the inner log's entries strictly after ``tick`` (FAULT-03)."""
        return self._inner.read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Return the whole inner log (FAULT-03)."""
        return self._inner.load()

    def _strike(self, fault: DurableFaultKind, entry: AgreementWalEntry) -> None:
        if isinstance(fault, Latency):
            # The record stays even if the inner append fails afterwards (FAULT-02).
            self._record(fault, entry, DelayedOutcome(fault.ticks))
            return
        if isinstance(fault, AvailabilityWindow):
            self._record(fault, entry, UnavailableOutcome())
            raise DurabilityError(
                f"simulated WAL backend unavailable for append at tick {entry.tick}"
            )
        self._record(fault, entry, FailedOutcome())
        what = "partial write" if isinstance(fault, PartialWrite) else "write failure"
        raise DurabilityError(f"simulated WAL {what} at tick {entry.tick}")

    def _record(
        self, fault: DurableFaultKind, entry: AgreementWalEntry, outcome: DurableFaultOutcome
    ) -> None:
        self._history.append(DurableFaultRecord(entry.tick, entry.operation_id, fault, outcome))


class NthAppendFailingAgreementWal:
    """A log one of whose appends fails, counted from zero (F20, F28).

    With ``store_on_fail`` the failing append stores its entry before it raises,
    which is what a caller sees when an acknowledgement is lost.
    """

    def __init__(
        self, inner: AgreementWal, fail_at: int | None, *, store_on_fail: bool = False
    ) -> None:
        self._inner = inner
        self._fail_at = fail_at
        self._store_on_fail = store_on_fail
        self._appends_count = 0

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry; raises ``DurabilityError`` at the chosen call."""
        failing = self._appends_count == self._fail_at
        self._appends_count += 1
        if not failing or self._store_on_fail:
            self._inner.append(entry)
        if failing:
            raise DurabilityError("injected append failure")

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        """Return the inner log's entries strictly after ``tick``."""
        return self._inner.read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Return the whole inner log."""
        return self._inner.load()
