"""Logs and caches as what the death of a server is judged on: what is stored, and what is left."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from conformance.backend import Backend
from conformance.rules.narration import entries_text
from conformance.rules.outages import is_possible_cache, is_possible_log
from telltale_spec.model.operations import Append, LoadCache, LoadLog, Operation, PutOutcome
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["CACHE_PART", "LOG_PART", "Part"]

_IDS: Final = ("a", "b", "c")


class Part(ABC):
    """One kind of storage."""

    requirement_id: ClassVar[str]
    what: ClassVar[str]
    loading: ClassVar[Operation]
    stored_before: ClassVar[int] = 4
    """How many values are stored before the server dies."""

    @abstractmethod
    def factory(self, backend: Backend) -> Any:
        """Return what makes it, or ``None``."""

    def made(self, backend: Backend, directory: Path) -> Any:
        """Open the storage of a directory."""
        return self.factory(backend)(directory)

    @abstractmethod
    def values(self) -> Iterator[Any]:
        """Yield values to be stored, no two of them equal, without end."""

    @abstractmethod
    def storing(self, value: Any) -> Operation:
        """Return what stores a value, as an operation."""

    @abstractmethod
    def store(self, handle: Any, value: Any) -> None:
        """Store a value."""

    @abstractmethod
    def is_possible(self, found: Any, calls: Sequence[tuple[Any, bool]]) -> bool:
        """Say whether calls, with whether each was acknowledged, can have left this."""

    def expected_text(self, calls: Sequence[tuple[Any, bool]]) -> str:
        """Return what has to be there, and what may be."""
        kept = self.lasting([value for value, acknowledged in calls if acknowledged])
        failed = tuple(value for value, acknowledged in calls if not acknowledged)
        text = f"what was acknowledged: {entries_text(kept)}"
        return f"{text}; perhaps also what failed: {entries_text(failed)}" if failed else text

    def lasting(self, stored: Sequence[Any]) -> tuple[Any, ...]:
        """Return which of the stored values are still to be there after the last one."""
        return tuple(stored)

    def found_text(self, found: Any) -> str:
        """Return what is there."""
        return entries_text(tuple(found))


class _LogPart(Part):
    requirement_id = "WAL-08.server-kill"
    what = "the agreement WAL"
    loading = LoadLog()

    def factory(self, backend: Backend) -> Any:
        return backend.agreement_wal

    def values(self) -> Iterator[Any]:
        # No escalation: one can be refused for its order, which is not the question here.
        for tick in itertools.count(1):
            yield VisibilityGateCrossing("a", "c", AgreementLevel.NONE, tick)

    def storing(self, value: Any) -> Operation:
        return Append(value)

    def store(self, handle: Any, value: Any) -> None:
        handle.append(value)

    def is_possible(self, found: Any, calls: Sequence[tuple[Any, bool]]) -> bool:
        return is_possible_log(tuple(found), calls)


class _CachePart(Part):
    requirement_id = "CACHE-08.server-kill"
    what = "the evidence cache"
    loading = LoadCache()

    def factory(self, backend: Backend) -> Any:
        return backend.evidence_cache

    def values(self) -> Iterator[Any]:
        for number, evidence_id in enumerate(itertools.cycle(_IDS)):
            yield EvidenceOutcomeCacheEntry(evidence_id, "i", str(number), EffectOutcome.blocked())

    def storing(self, value: Any) -> Operation:
        return PutOutcome(value)

    def store(self, handle: Any, value: Any) -> None:
        handle.put(value)

    def lasting(self, stored: Sequence[Any]) -> tuple[Any, ...]:
        return tuple({entry.evidence_id: entry for entry in stored}.values())

    def is_possible(self, found: Any, calls: Sequence[tuple[Any, bool]]) -> bool:
        by_id: dict[str, list[tuple[Any, bool]]] = {}
        for entry, acknowledged in calls:
            by_id.setdefault(entry.evidence_id, []).append((entry, acknowledged))
        held = {entry.evidence_id: entry for entry in found}
        return len(held) == len(found) and is_possible_cache(held, by_id)


LOG_PART: Final = _LogPart()
CACHE_PART: Final = _CachePart()
