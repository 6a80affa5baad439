"""What one request to an evidence handler should do, given what the cache answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.machines.evidence_probes import unavailable
from conformance.machines.probes import ProbeCache, ProbeCall
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.requests import EffectRequest

__all__ = ["Expectation", "expectation"]


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


def _first(cache: ProbeCache, method: str) -> ProbeCall | None:
    calls = cache.calls_of(method)
    return calls[0] if calls else None
