"""Vectors of the byte form: a value and its canonical encoding, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from conformance.vectors.kinds.line import (
    JsonObject,
    Line,
    LineOutcome,
    LineShapeError,
    VectorKind,
    compare,
)
from conformance.vectors.kinds.outcome_source import draw_outcome
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementState,
    AgreementWalArtifact,
    AgreementWalEntry,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectOutcome,
    EffectOutcomeStatus,
    EffectResponse,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.record import Record
from telltale_spec.wire.recovery import DurableRecoveryDecision, DurableRecoveryMetadata
from telltale_spec.wire.requests import EffectInterfaceMetadata, EffectRequest
from telltale_spec.wire.values import (
    Duration,
    Endpoint,
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    Value,
)

__all__ = ["WIRE"]

_RECORD_CLASSES: Final[Mapping[str, type[Record]]] = {
    "artifact": PersistedDurabilityArtifact,
    "agreement_evidence": AgreementEvidence,
    "agreement_state": AgreementState,
    "agreement_wal": AgreementWalArtifact,
    "cache_entry": EvidenceOutcomeCacheEntry,
    "decision": DurableRecoveryDecision,
    "duration": Duration,
    "effect_failure": EffectFailure,
    "effect_interface_metadata": EffectInterfaceMetadata,
    "effect_outcome": EffectOutcome,
    "effect_outcome_status": EffectOutcomeStatus,
    "effect_request": EffectRequest,
    "effect_response": EffectResponse,
    "endpoint": Endpoint,
    "evidence_outcome_cache": EvidenceOutcomeCacheArtifact,
    "output_condition_hint": OutputConditionHint,
    "recovery_metadata": DurableRecoveryMetadata,
    "send_decision": SendDecision,
    "topology_perturbation": TopologyPerturbation,
    "value": Value,
    "wal_entry": AgreementWalEntry,
    "wal_sync_request": WalSyncRequest,
}

_DRAWS: Final[Mapping[str, Callable[[ValueSource], Record]]] = {
    "agreement_evidence": lambda source: source.evidence(),
    "agreement_state": lambda source: source.state(source.operation_id()),
    "cache_entry": lambda source: source.cache_entry(),
    "decision": lambda source: source.decision(),
    "effect_outcome": draw_outcome,
    "effect_request": lambda source: EffectRequest.wal_sync(
        source.tick(), source.operation_id(), source.request()
    ),
    "recovery_metadata": lambda source: source.recovery_metadata(),
    "wal_entry": lambda source: source.entry(),
    "wal_sync_request": lambda source: source.request(),
}


def _check(line: Line) -> LineOutcome:
    type_name, value = line.text("type"), line.anything("value")
    data = line.octets("cbor")
    record_class = _RECORD_CLASSES.get(type_name)
    if record_class is None:
        raise LineShapeError(f"type `{type_name}` is unknown")
    written = encode(record_class.from_dict(value)).hex()
    difference = compare("the encoding of the value", data.hex(), written)
    if difference is None:
        difference = compare("the decoded bytes", value, _decoded(record_class, data))
    return LineOutcome(difference)


def _decoded(record_class: type[Record], data: bytes) -> Any:
    """Return the JSON form of bytes, or a text that says why they have none."""
    if record_class is PersistedDurabilityArtifact:
        try:
            return PersistedDurabilityArtifact.from_slice(data, strict=True).to_dict()
        except DurabilityError as error:
            return f"an error: {error}"
    record = decode_canonical(record_class, data)
    return "bytes that are not canonical" if record is None else record.to_dict()


def _make(source: ValueSource) -> JsonObject:
    type_name = "artifact" if source.chance(40) else source.take_turns(sorted(_DRAWS))
    record = source.artifact() if type_name == "artifact" else _DRAWS[type_name](source)
    return {"type": type_name, "value": record.to_dict(), "cbor": encode(record).hex()}


WIRE: Final = VectorKind("wire", _check, _make)
