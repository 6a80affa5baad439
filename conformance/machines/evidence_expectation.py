"""What one request to an evidence handler should do, given what the cache answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from conformance.machines.evidence_probes import unavailable
from conformance.machines.probes import ProbeCache, ProbeCall
from strategies.faults import CallFault
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import BlockedStatus, EffectOutcome, FailureStatus
from telltale_spec.wire.requests import EffectRequest

__all__ = [
    "BLOCKED",
    "FAILED",
    "GET_FAULT",
    "HIT",
    "ILLEGAL_HIT",
    "MISS",
    "NO_ID",
    "OBJECT",
    "OTHER_NAMES",
    "PLAIN",
    "PUT_FAULT",
    "PUT_FAULT_STORED",
    "READ_FAULT",
    "RESTARTED",
    "Expectation",
    "expectation",
    "situations",
]

MISS: Final = "outcome of the inner handler stored"
HIT: Final = "request answered from the cache"
OTHER_NAMES: Final = "request with other names answered from the cache"
ILLEGAL_HIT: Final = "request with illegal metadata answered from the cache"
NO_ID: Final = "request without an evidence id"
BLOCKED: Final = "blocked outcome stored by the handler"
FAILED: Final = "failed outcome stored by the handler"
GET_FAULT: Final = "lookup of the cache failed"
PUT_FAULT: Final = "put failed and stored nothing"
PUT_FAULT_STORED: Final = "put failed and was stored"
READ_FAULT: Final = "reading the cache through the handler failed"
RESTARTED: Final = "second handler answered from the cache of the first"
PLAIN: Final = "resolver that is a plain callable"
OBJECT: Final = "resolver that is an object"


@dataclass(frozen=True)
class Expectation:
    """Who should be asked in which order, what should be answered, and which id says so."""

    requirement_id: str
    trace: tuple[str, ...]
    outcome: EffectOutcome
    entry: EvidenceOutcomeCacheEntry | None = None


def expectation(
    cache: ProbeCache,
    stored: Mapping[str, EvidenceOutcomeCacheEntry],
    request: EffectRequest,
    evidence_id: str | None,
    outcome: EffectOutcome,
) -> Expectation:
    """Return what one request should have done whose inner outcome was ``outcome``.

    ``cache`` has the calls of this request alone. A handler that never looked
    is judged by what it would have found in ``stored``. Source: EVID-02..06.
    """
    if evidence_id is None:
        return Expectation("EVID-02", ("resolver", "inner"), outcome)
    looked_up, put = _first(cache, "get"), _first(cache, "put")
    if looked_up is not None and looked_up.error is not None:
        message = f"load evidence outcome cache `{evidence_id}`: {looked_up.error}"
        return Expectation("EVID-04", ("resolver", "get"), unavailable(message))
    found = stored.get(evidence_id) if looked_up is None else looked_up.answer
    if found is not None:
        return Expectation("EVID-03", ("resolver", "get"), found.outcome)
    names = (request.metadata.interface_name, request.metadata.operation_name)
    entry = EvidenceOutcomeCacheEntry(evidence_id, *names, outcome)
    whole = ("resolver", "get", "inner", "put")
    if put is not None and put.error is not None:
        message = f"persist evidence outcome `{evidence_id}`: {put.error}"
        return Expectation("EVID-06", whole, unavailable(message), entry)
    return Expectation("EVID-05", whole, outcome, entry)


def situations(
    expected: Expectation,
    request: EffectRequest,
    fault: CallFault | None,
    cached: EvidenceOutcomeCacheEntry | None,
) -> tuple[str, ...]:
    """Return the situations that one request was; ``cached`` is what its id had before."""
    match expected.requirement_id:
        case "EVID-02":
            return (NO_ID,)
        case "EVID-03":
            illegal = not request.metadata.architecturally_legal
            other = cached is not None and cached.operation_name != request.metadata.operation_name
            return (HIT, *([ILLEGAL_HIT] if illegal else []), *([OTHER_NAMES] if other else []))
        case "EVID-04":
            return (GET_FAULT,)
        case "EVID-06":
            return (PUT_FAULT_STORED if fault is not None and fault.stored else PUT_FAULT,)
        case _:
            blocked = isinstance(expected.outcome.status, BlockedStatus)
            failed = isinstance(expected.outcome.status, FailureStatus)
            return (MISS, *([BLOCKED] if blocked else []), *([FAILED] if failed else []))


def _first(cache: ProbeCache, method: str) -> ProbeCall | None:
    calls = cache.calls_of(method)
    return calls[0] if calls else None
