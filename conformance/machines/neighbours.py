"""Another log or cache, in a folder of its own, that is open at the same time.

Whoever keeps something for a whole process, a connection or a name in a database, mixes up what two
folders hold; opened one after the other they would never show it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conformance.engine.session import History, Raised, Returned
from conformance.machines.asking import TRIES
from conformance.rules.long_texts import contents_text
from conformance.rules.narration import operation_text
from telltale_spec.model.cache import put_entry
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
)
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

__all__ = ["NeighbourCache", "NeighbourLog"]

_WHERE: Final = "another one, in a folder of its own and open beside it"


class _Neighbour:
    """What another log or cache was given, and what it shows of it.

    One that cannot be made beside the first, and says so by the declared error, is none. What it
    refuses again and again it need not hold; where that may be held all the same, it is let be.
    """

    def __init__(self, history: History, make: Callable[[], Any], undeclared: str) -> None:
        self._history = history
        self._held: tuple[Any, ...] = ()
        made = history.call(f"{_WHERE}: open it", make, undeclared=undeclared)
        self._sut: Any = made.value if isinstance(made, Returned) else None

    @property
    def exists(self) -> bool:
        """Whether it is open, and known to hold what it took."""
        return self._sut is not None

    def close(self) -> None:
        """Close it, if it is open."""
        sut, self._sut = self._sut, None
        if sut is not None:
            self._history.release(sut)

    def _asked(self, operation: Operation, function: Callable[[], Any]) -> Returned | Raised:
        """Ask for something, and again where it is refused, as by one that is busy."""
        text = f"{_WHERE}: {operation_text(operation)}"
        for is_last in (*[False] * (TRIES - 1), True):
            answer = self._history.call(text, function, operation=operation)
            if isinstance(answer, Returned) or is_last:
                return answer
        raise AssertionError("unreachable: the last try returns")

    def _judge(self, operation: Operation, requirement_id: str) -> None:
        """Load it and hold it against what it was given."""
        answer = self._asked(operation, self._sut.load)
        found = answer.value if isinstance(answer, Returned) else f"refused: {answer.message}"
        shown = found
        if isinstance(found, AgreementWalArtifact | EvidenceOutcomeCacheArtifact):
            shown = contents_text(tuple(found.entries))
        self._history.check(
            requirement_id,
            self._is_held(found),
            lambda: f"{_WHERE}: {contents_text(self._held)}",
            lambda: str(shown),
        )

    def _is_held(self, found: Any) -> bool:
        """Say whether an artifact, if it is one, has what was given."""
        raise NotImplementedError


class NeighbourLog(_Neighbour):
    """A log beside a log."""

    def __init__(self, history: History, make: Callable[[], Any]) -> None:
        super().__init__(history, make, "WAL-07")
        if self.exists:
            self._judge(LoadLog(), "WAL-07")

    def _is_held(self, found: Any) -> bool:
        return isinstance(found, AgreementWalArtifact) and tuple(found.entries) == self._held

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, and load."""
        answer = self._asked(Append(entry), lambda: self._sut.append(entry))
        if isinstance(answer, Returned):
            self._held = (*self._held, entry)
        elif self._history.session.backend.rejection_mode is not RejectionMode.CLEAN_REJECT:
            self.close()
            return
        self._judge(LoadLog(), "WAL-01")


class NeighbourCache(_Neighbour):
    """A cache beside a cache."""

    def __init__(self, history: History, make: Callable[[], Any]) -> None:
        super().__init__(history, make, "CACHE-06")
        if self.exists:
            self._judge(LoadCache(), "CACHE-06")

    def _is_held(self, found: Any) -> bool:
        # In which order is a matter of its own (CACHE-04).
        if not isinstance(found, EvidenceOutcomeCacheArtifact):
            return False
        entries = {entry.evidence_id: entry for entry in found.entries}
        held = {entry.evidence_id: entry for entry in self._held}
        return entries == held and len(found.entries) == len(held)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Look for an id that only the cache beside it can have, put it, and load."""
        found = self._asked(GetOutcome(entry.evidence_id), lambda: self._sut.get(entry.evidence_id))
        value = found.value if isinstance(found, Returned) else found.message
        self._history.check(
            "CACHE-01", value is None, f"{_WHERE}: nothing", lambda: f"found: {value!r}"
        )
        if isinstance(self._asked(PutOutcome(entry), lambda: self._sut.put(entry)), Returned):
            self._held = put_entry(self._held, entry)
            self._judge(LoadCache(), "CACHE-06")
        else:
            # A put that failed may have been made.
            self.close()
