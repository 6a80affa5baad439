"""Histories of a log and of a cache, as paths through the bounded ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from conformance.checker.models.tours import CACHE_KEYS, CacheLetter, LogLetter
from conformance.machines.paths import Path
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import SuccessStatus

__all__ = ["CachePath", "LogPath"]

_RANKS: Final = {level: rank for rank, level in enumerate(AgreementLevel)}


class LogPath(Path):
    """A log, of which one operation is escalated."""

    def _begin(self) -> None:
        super()._begin()
        self._operation_id: str | None = None
        self._count = 0
        self._is_append = False

    def _letters(self, name: str, given: Mapping[str, Any]) -> Sequence[str] | None:
        self._is_append = name == "append"
        if name == "load_log":
            return ()
        if name == "reopen":
            return (LogLetter("reopen").name,)
        if name == "read_since":
            return [LogLetter(name, tick).name for tick in given.values() if tick in (0, 1)]
        if name != "append":
            return None
        letter = self._appended(given["entry"])
        return None if letter is None else (letter.name,)

    def _appended(self, entry: AgreementWalEntry) -> LogLetter | None:
        if isinstance(entry, EvidenceProduced):
            return LogLetter("evidence", entry.tick)
        if isinstance(entry, Finalization):
            return LogLetter("finalization", entry.tick)
        if not isinstance(entry, Escalation):
            return LogLetter("gate", entry.tick)
        if self._operation_id not in (None, entry.operation_id):
            return None
        self._operation_id = entry.operation_id
        return LogLetter(
            "escalation", entry.tick, _RANKS[entry.previous_level], _RANKS[entry.new_level]
        )

    def _is_held(self, subject: Any) -> bool:
        self._count += self._is_append and self._state.last == "an append"
        return len(subject.held) == self._count


class CachePath(Path):
    """A cache of the empty key, of one before and of one behind the letter f."""

    def _begin(self) -> None:
        super()._begin()
        self._names: dict[str, str] = {"": ""}

    def _letters(self, name: str, given: Mapping[str, Any]) -> Sequence[str] | None:
        if name == "load_cache":
            return ()
        if name == "reopen":
            return (CacheLetter("reopen").name,)
        arguments = tuple(given.values())
        if name == "put_outcome":
            return self._put(arguments[0])
        if name == "get_outcome":
            return self._looked_up(arguments)
        return self._looked_up(arguments[0]) if name == "get_outcomes" else None

    def _put(self, entry: EvidenceOutcomeCacheEntry) -> Sequence[str] | None:
        role = _role(entry.evidence_id)
        if self._names.setdefault(role, entry.evidence_id) != entry.evidence_id:
            return None
        return (CacheLetter("put", role, _outcome_number(entry)).name,)

    def _looked_up(self, evidence_ids: Iterable[str]) -> Sequence[str]:
        return [
            CacheLetter("get", _role(each)).name
            for each in evidence_ids
            if self._names.get(_role(each), each) == each
        ]

    def _is_held(self, subject: Any) -> bool:
        held = tuple((_role(each.evidence_id), _outcome_number(each)) for each in subject.held)
        return bool(held == self._state.entries)


def _role(evidence_id: str) -> str:
    """Return the key of the model that an id stands for; the order of keys is kept."""
    empty, lower, higher = CACHE_KEYS
    if not evidence_id:
        return empty
    return lower if evidence_id < higher else higher


def _outcome_number(entry: EvidenceOutcomeCacheEntry) -> int:
    return 1 if isinstance(entry.outcome.status, SuccessStatus) else 2
