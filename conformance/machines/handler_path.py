"""Histories of an evidence handler as paths through the bounded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.checker.models.tour_handlers import (
    HANDLER_KEYS,
    IN_DOUBT,
    HandlerLetter,
    Mending,
    TourHandler,
)
from conformance.machines.evidence_mended import Memory
from conformance.machines.paths import Meter, Path
from conformance.machines.probes import ProbeCall
from strategies.faults import BackendCall, CallFault
from telltale_spec.model.repetition import is_repeatable, may_have_happened
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import BlockedStatus, EffectOutcome, FailureStatus, SuccessStatus
from telltale_spec.wire.requests import EffectRequest, WalSyncBody

__all__ = ["HandlerPath"]

_STATUSES: Final = {SuccessStatus: "success", BlockedStatus: "blocked", FailureStatus: "failed"}
_FAULTS: Final = {BackendCall.GET: "get", BackendCall.PUT: "put", BackendCall.LOAD: "load"}
# Whether the inner handler was asked, where the model says what was done last.
_ASKS_INSIDE: Final = {
    "an answer from inside": True,
    "a failed put": True,
    "an answer from the cache": False,
    "a failed read": False,
}


class HandlerPath(Path):
    """A handler that is asked for two ids, whichever these are.

    To a handler as specified a request is nothing but its id. One that mends findings looks at
    more of it, so that all requests have to be one in what such a handler may look at.
    """

    def __init__(self, meter: Meter, mending: Mending) -> None:
        self._mending = mending
        super().__init__(meter)

    def _begin(self) -> None:
        super()._begin()
        self._roles: dict[str, str] = {}
        self._effect: object = None
        self._act = ""
        self._read_key: str | None = None

    def _letters(self, name: str, given: Mapping[str, Any]) -> Sequence[str] | None:
        self._act, self._read_key = name, None
        letter = self._letter(name, given)
        return None if letter is None else (letter.name,)

    def _letter(self, name: str, given: Mapping[str, Any]) -> HandlerLetter | None:
        fault = _fault_name(given.get("fault"))
        if name == "restart":
            resolver = "a plain callable" if given["plain"] else "an object"
            return HandlerLetter("restart", outcome=resolver)
        if fault is None:
            return None
        if name == "cache_snapshot":
            return HandlerLetter("snapshot", fault=fault)
        if name == "put_foreign":
            entry: EvidenceOutcomeCacheEntry = given["entry"]
            key, outcome = self._role(entry.evidence_id), _status(entry.outcome)
            return None if key is None else HandlerLetter("foreign", key, outcome)
        if name not in ("handle_effect", "cached_outcome"):
            return None
        evidence_id = given["evidence_id"]
        key = None if evidence_id is None else self._role(evidence_id)
        if key is None and evidence_id is not None:
            return None
        if name == "cached_outcome":
            self._read_key = key
            return HandlerLetter("look_up", key, fault=fault)
        if not self._is_one_effect(given["request"], given["outcome"]):
            return None
        return HandlerLetter("handle", key, _status(given["outcome"]), fault)

    def _role(self, evidence_id: str) -> str | None:
        """Return the id of the model that an id stands for, ``None`` for a third one.

        One that the model has too stands for itself, so that it need not come first.
        """
        free = [each for each in HANDLER_KEYS if each not in self._roles.values()]
        if evidence_id not in self._roles and free:
            self._roles[evidence_id] = evidence_id if evidence_id in free else free[0]
        return self._roles.get(evidence_id)

    def _is_one_effect(self, request: EffectRequest, outcome: EffectOutcome) -> bool:
        """Say whether a handler that mends findings takes a request for one of the same effect."""
        if not self._mending.is_any:
            return True
        if isinstance(request.body, WalSyncBody) or is_repeatable(request):
            return False
        if isinstance(outcome.status, FailureStatus) and not may_have_happened(outcome):
            return False
        effect = (request.metadata, type(request.body))
        self._effect = self._effect or effect
        return effect == self._effect

    def _is_held(self, subject: Any) -> bool:
        if not self._was_asked_inside(subject.trace):
            return False
        memory: Memory | None = subject.mended
        if memory is None:
            return self._is_cached(subject.stored) and self._was_read(subject.cache.calls)
        return all(
            _is_remembered(memory, evidence_id, self._outcome(key))
            for evidence_id, key in self._roles.items()
        )

    def _outcome(self, key: str) -> str | None:
        state: TourHandler = self._state
        return state.outcome(key)

    def _was_asked_inside(self, trace: Sequence[str]) -> bool:
        """Say whether the inner handler had its part in what the model says was done."""
        if self._act != "handle_effect":
            return True
        if self._mending.notes and self._state.last == "a failed put":
            # It is asked or not, by whether what failed was a note before the effect.
            return True
        return ("inner" in trace) == _ASKS_INSIDE.get(self._state.last, "inner" in trace)

    def _is_cached(self, stored: Mapping[str, object]) -> bool:
        """Say whether the outcomes that were put are those of the model."""
        found = {evidence_id: _cached(entry) for evidence_id, entry in stored.items()}
        wanted = {each: self._outcome(key) for each, key in self._roles.items()}
        return found == {each: outcome for each, outcome in wanted.items() if outcome is not None}

    def _was_read(self, calls: Sequence[ProbeCall]) -> bool:
        """Say whether what was read from the cache is what the model has in it."""
        if self._state.last != "a read" or not calls:
            return True
        answer = calls[-1].answer
        if self._read_key is not None:
            return _cached(answer) == self._outcome(self._read_key)
        if not isinstance(answer, EvidenceOutcomeCacheArtifact):
            return False
        # What a cache gives may say that it is of a kind and hold another.
        found: tuple[object, ...] = answer.entries
        entries = [each for each in found if isinstance(each, EvidenceOutcomeCacheEntry)]
        held = self._is_cached({each.evidence_id: each for each in entries})
        return held and len(entries) == len(found)


def _is_remembered(memory: Memory, evidence_id: str, outcome: str | None) -> bool:
    """Say whether the judge of a handler that mends findings knows of an id what the model does."""
    if outcome == IN_DOUBT:
        # Nothing follows from a doubt in the model, so that the judge may know more.
        return True
    known = [*memory.stored, *memory.doubtful, *memory.open_keys]
    stored = [_status(kept) for key, kept in memory.stored.items() if key[0] == evidence_id]
    if outcome is None:
        return all(key[0] != evidence_id for key in known)
    return stored == [outcome]


def _status(outcome: EffectOutcome) -> str:
    return _STATUSES.get(type(outcome.status), "no status")


def _cached(entry: object) -> str | None:
    """Return the status of what a cache has of an id; a text that the model lacks for no entry."""
    if entry is None:
        return None
    return _status(entry.outcome) if isinstance(entry, EvidenceOutcomeCacheEntry) else "no entry"


def _fault_name(fault: CallFault | None) -> str | None:
    """Return the name that the model has for a fault, ``None`` where it has none."""
    if fault is None:
        return ""
    if fault.call not in _FAULTS or fault.call_index:
        return None
    return f"{_FAULTS[fault.call]}{', stored' if fault.stored else ''}"
