"""How much of the bounded log and the bounded cache histories take, whoever chose their acts.

The models are those that a tour walks. A history is followed from its beginning for as long as it
stays within them; behind the first act that they do not have, nothing of it is counted any more.
Names and contents are of no interest to a model, so a history may use any, in a role each: one
operation that is escalated, and a key before and one behind the letter f.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final

from conformance.backend import Backend
from conformance.checker.model import Model
from conformance.checker.models.tours import (
    CACHE_KEYS,
    CacheLetter,
    LogLetter,
)
from conformance.checker.tables import tabulate
from conformance.engine.acts import Act
from conformance.engine.following import Follower
from conformance.engine.suite import NEXT_HISTORY, Suite
from conformance.machines.bounded import bounded_cache, bounded_log
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.records.results import TransitionResult
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import SuccessStatus

__all__ = ["Transitions"]

_RANKS: Final = {level: rank for rank, level in enumerate(AgreementLevel)}
_LOG_SUITES: Final = frozenset(
    each.name for each in (WAL_SUITE, DIRECTED_LOG_SUITE, LONG_LOG_SUITE)
)
_CACHE_SUITES: Final = frozenset(
    each.name for each in (CACHE_SUITE, DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE)
)


class _Path(ABC):
    """One history: the state of the bounded model that it is in, or ``None`` outside of it."""

    def __init__(self, meter: _Meter) -> None:
        self._meter = meter
        self._begin()

    def _begin(self) -> None:
        self._state: Any = self._meter.start

    def acted(self, subject: Any, act: Act) -> None:
        """Count the transitions of an act, where the history is within the model."""
        if act.form.name == NEXT_HISTORY:
            self._begin()
            return
        if self._state is None:
            return
        arguments = tuple(act.form.bound(act.arguments, act.named).values())
        letters = self._letters(act.form.name, arguments)
        for letter in letters or ():
            self._state = self._meter.take(self._state, letter)
        if letters is None or self._state is None or not self._is_held(subject.held):
            self._state = None

    @abstractmethod
    def _letters(self, name: str, arguments: tuple[Any, ...]) -> Sequence[str] | None:
        """Return the actions of the model that an act is made of; ``None`` for what it lacks."""

    @abstractmethod
    def _is_held(self, stored: Sequence[Any]) -> bool:
        """Say whether what is stored is what is stored in the state of the model."""


class _LogPath(_Path):
    def _begin(self) -> None:
        super()._begin()
        self._operation_id: str | None = None
        self._count = 0
        self._is_append = False

    def _letters(self, name: str, arguments: tuple[Any, ...]) -> Sequence[str] | None:
        self._is_append = name == "append"
        if name == "load_log":
            return ()
        if name == "reopen":
            return (LogLetter("reopen").name,)
        if name == "read_since":
            return [LogLetter(name, tick).name for tick in arguments if tick in (0, 1)]
        if name != "append":
            return None
        letter = self._appended(arguments[0])
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

    def _is_held(self, stored: Sequence[Any]) -> bool:
        self._count += self._is_append and self._state.last == "an append"
        return len(stored) == self._count


class _CachePath(_Path):
    def _begin(self) -> None:
        super()._begin()
        self._names: dict[str, str] = {"": ""}

    def _letters(self, name: str, arguments: tuple[Any, ...]) -> Sequence[str] | None:
        if name == "load_cache":
            return ()
        if name == "reopen":
            return (CacheLetter("reopen").name,)
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

    def _is_held(self, stored: Sequence[Any]) -> bool:
        held = tuple((_role(each.evidence_id), _outcome_number(each)) for each in stored)
        return bool(held == self._state.entries)


def _role(evidence_id: str) -> str:
    """Return the key of the model that an id stands for; the order of keys is kept."""
    empty, lower, higher = CACHE_KEYS
    if not evidence_id:
        return empty
    return lower if evidence_id < higher else higher


def _outcome_number(entry: EvidenceOutcomeCacheEntry) -> int:
    return 1 if isinstance(entry.outcome.status, SuccessStatus) else 2


class _Meter:
    """The transitions of one bounded model, and which of them were taken."""

    def __init__(self, name: str, model: Model, path: type[_Path]) -> None:
        self.name = name
        self._path = path
        tables = tabulate(model, 1)
        self.start: Hashable = tables.slot_values[tables.starts[0][1][0]]
        values = tables.slot_values
        self._moves: dict[tuple[Hashable, str], Hashable] = {
            (values[before], action): values[after]
            for action, moves in tables.moves.items()
            for (_, before), (_, after) in moves.items()
        }
        self._taken: set[tuple[Hashable, str]] = set()

    def new_history(self) -> _Path:
        """Return a history that is at the beginning of the model."""
        return self._path(self)

    def take(self, state: Hashable | None, action: str) -> Hashable | None:
        """Count a transition, once; return where it leads, ``None`` for one that there is not."""
        if state is None or (state, action) not in self._moves:
            return None
        self._taken.add((state, action))
        return self._moves[state, action]

    def result(self) -> TransitionResult:
        """Return how many transitions were taken out of all that there are."""
        return TransitionResult(self.name, len(self._taken), len(self._moves))


_FOLLOWED: Final[dict[str, tuple[Callable[[Backend], Model], type[_Path]]]] = {
    "log": (bounded_log, _LogPath),
    "cache": (bounded_cache, _CachePath),
}


class Transitions:
    """What all histories on one backend take of its bounded models."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._meters: dict[str, _Meter] = {}

    def follower(self, suite: Suite) -> Follower | None:
        """Return who looks on at the histories of a suite, if they are of what a model is of."""
        if suite.name in _LOG_SUITES:
            return self._meter("log")
        return self._meter("cache") if suite.name in _CACHE_SUITES else None

    def _meter(self, name: str) -> _Meter:
        if name not in self._meters:
            model, path = _FOLLOWED[name]
            self._meters[name] = _Meter(name, model(self._backend), path)
        return self._meters[name]

    def results(self) -> list[TransitionResult]:
        """Return the figures of each model, in the order in which they were first followed."""
        return [meter.result() for meter in self._meters.values()]
