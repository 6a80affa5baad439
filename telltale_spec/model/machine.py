"""The pure model: what a correct backend may do, one operation at a time.

A :class:`State` is what a backend holds. :func:`step` maps a state and an
operation to the transitions that the specification allows: one, except after a
refused append of a backend that declares an unknown outcome, where there are
two. Nothing here does I/O, keeps time or depends on the order of a hash, so a
state machine, an explorer and a test generator can share it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TypeAlias

from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    Kill,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
)
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

__all__ = [
    "Accepted",
    "CacheContents",
    "CacheHit",
    "LogContents",
    "Refused",
    "RejectionMode",
    "Response",
    "State",
    "Transition",
    "order_error",
    "step",
]


class RejectionMode(enum.Enum):
    """What a refused append leaves behind. Source: WAL-04."""

    CLEAN_REJECT = "clean-reject"
    """Nothing: the log is as it was. The default."""

    UNKNOWN_OUTCOME = "unknown-outcome"
    """Nothing or the whole entry at the end; nobody can tell which before loading."""

    KEEPS_REJECTED = "keeps-rejected"
    """The entry, and every later append is refused with the first error too (WAL-10, F1)."""


@dataclass(frozen=True, slots=True)
class State:
    """What a backend holds: the log, the cache, and how it treats refused appends."""

    log: tuple[AgreementWalEntry, ...] = ()
    cache: tuple[EvidenceOutcomeCacheEntry, ...] = ()
    rejection_mode: RejectionMode = RejectionMode.CLEAN_REJECT


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operation was carried out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The operation was refused with the declared error and this text."""

    message: str


@dataclass(frozen=True, slots=True)
class LogContents:
    """Entries of the log, in stored order."""

    entries: tuple[AgreementWalEntry, ...]


@dataclass(frozen=True, slots=True)
class CacheHit:
    """The entry of one evidence id, or ``None``."""

    entry: EvidenceOutcomeCacheEntry | None


@dataclass(frozen=True, slots=True)
class CacheContents:
    """Entries of the cache, in stored order."""

    entries: tuple[EvidenceOutcomeCacheEntry, ...]


Response: TypeAlias = Accepted | Refused | LogContents | CacheHit | CacheContents


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed answer and the state it leads to."""

    response: Response
    state: State


def order_error(entries: tuple[AgreementWalEntry, ...]) -> EscalationOrderError | None:
    """Return the first escalation error of a log, or ``None`` (ART-WAL-02..05)."""
    try:
        AgreementWalArtifact(entries).validate_monotonic_escalations()
    except EscalationOrderError as error:
        # What it was raised in would live as long as it does, with whoever asked.
        return error.with_traceback(None)
    return None


def step(state: State, operation: Operation) -> tuple[Transition, ...]:
    """Return every transition that the specification allows, the preferred one first.

    Raises ``TypeError`` for an operation that is not one of a backend.
    """
    match operation:
        case Append(entry):
            return _append(state, entry)
        case ReadSince(tick):
            entries = AgreementWalArtifact(state.log).read_since(tick)
            return (Transition(LogContents(entries), state),)
        case LoadLog():
            return (Transition(LogContents(state.log), state),)
        case PutOutcome(entry):
            return (Transition(Accepted(), replace(state, cache=_put(state.cache, entry))),)
        case GetOutcome(evidence_id):
            found = EvidenceOutcomeCacheArtifact(state.cache).get(evidence_id)
            return (Transition(CacheHit(found), state),)
        case LoadCache():
            return (Transition(CacheContents(state.cache), state),)
        case Reopen() | Kill():
            return (Transition(Accepted(), state),)
        case _:
            raise TypeError(f"{type(operation).__name__} is not an operation of a backend")


def _append(state: State, entry: AgreementWalEntry) -> tuple[Transition, ...]:
    grown = (*state.log, entry)
    stored = replace(state, log=grown)
    error = order_error(grown)
    if error is None:
        return (Transition(Accepted(), stored),)
    refused = Refused(error.message)
    match state.rejection_mode:
        case RejectionMode.CLEAN_REJECT:
            return (Transition(refused, state),)
        case RejectionMode.UNKNOWN_OUTCOME:
            return (Transition(refused, state), Transition(refused, stored))
        case RejectionMode.KEEPS_REJECTED:
            return (Transition(refused, stored),)


def _put(
    entries: tuple[EvidenceOutcomeCacheEntry, ...], entry: EvidenceOutcomeCacheEntry
) -> tuple[EvidenceOutcomeCacheEntry, ...]:
    kept = tuple([other for other in entries if other.evidence_id != entry.evidence_id])
    return (*kept, entry)
