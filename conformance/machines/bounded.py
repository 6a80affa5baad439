"""The bounded log and the bounded cache of a backend, and the entries that their letters store."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Final

from conformance.backend import Backend, Capability
from conformance.checker.model import Model
from conformance.checker.models.tours import CacheLetter, LogLetter, tour_cache, tour_log
from conformance.checker.tours import HISTORY_MAX, Tour
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, ReleaseResponse

__all__ = [
    "bounded_cache",
    "bounded_log",
    "cache_walks",
    "entry_of",
    "log_walks",
    "outcome_entry_of",
    "walks_of",
]

_LEVELS: Final = tuple(AgreementLevel)
_OUTCOMES: Final = {
    1: EffectOutcome.success(ReleaseResponse()),
    2: EffectOutcome.blocked(),
}


def entry_of(letter: LogLetter) -> AgreementWalEntry:
    """Return the entry that a letter appends."""
    if letter.kind == "escalation":
        return Escalation("a", _LEVELS[letter.previous], _LEVELS[letter.new], None, letter.tick)
    if letter.kind == "evidence":
        evidence = AgreementEvidence(
            "e", "a", None, None, _LEVELS[1], AgreementEvidenceKind.WITNESS, "", True
        )
        return EvidenceProduced(evidence, letter.tick)
    if letter.kind == "finalization":
        return Finalization("a", FinalizationOutcome.ABORTED, None, None, letter.tick)
    return VisibilityGateCrossing("b", "c", _LEVELS[1], letter.tick)


def outcome_entry_of(letter: CacheLetter) -> EvidenceOutcomeCacheEntry:
    """Return the entry that a letter puts."""
    return EvidenceOutcomeCacheEntry(
        letter.key, "Interface", "operation", _OUTCOMES[letter.outcome]
    )


def _can_reopen(backend: Backend) -> bool:
    return Capability.REOPEN in backend.capabilities


def _goes_on(backend: Backend) -> bool:
    return backend.rejection_mode is RejectionMode.CLEAN_REJECT


def bounded_log(backend: Backend) -> Model:
    """Return the bounded log, as far as it can be followed on a backend."""
    return tour_log(can_reopen=_can_reopen(backend), goes_on_after_refusal=_goes_on(backend))


def bounded_cache(backend: Backend) -> Model:
    """Return the bounded cache, as far as it can be followed on a backend."""
    return tour_cache(can_reopen=_can_reopen(backend))


def log_walks(backend: Backend) -> tuple[tuple[str, ...], ...]:
    """Return the histories of a whole tour of the bounded log, by the names of their letters."""
    return _log_walks(_can_reopen(backend), _goes_on(backend))


def cache_walks(backend: Backend) -> tuple[tuple[str, ...], ...]:
    """Return the histories of a whole tour of the bounded cache, by the names of their letters."""
    return _cache_walks(_can_reopen(backend))


@functools.cache
def _log_walks(can_reopen: bool, goes_on: bool) -> tuple[tuple[str, ...], ...]:
    return tuple(walks_of(tour_log(can_reopen=can_reopen, goes_on_after_refusal=goes_on)))


@functools.cache
def _cache_walks(can_reopen: bool) -> tuple[tuple[str, ...], ...]:
    return tuple(walks_of(tour_cache(can_reopen=can_reopen)))


def walks_of(model: Model, acts_count: float = math.inf) -> Iterator[tuple[str, ...]]:
    """Yield the histories of a tour of a model, by the names of their letters.

    Where ``acts_count`` acts are not enough for all of it, the first ones that have so many.
    """
    tour = Tour(model)
    acts_done = 0
    while acts_done < acts_count and tour.way(tour.start, HISTORY_MAX):
        state, walk = tour.start, list[str]()
        while way := tour.way(state, HISTORY_MAX - len(walk)):
            for name in way:
                state = tour.take(state, name)
            walk += way
        acts_done += len(walk)
        yield tuple(walk)
