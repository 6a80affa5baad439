"""A plain transcription of the wire format, to judge codecs against.

Nothing here is clever or fast. It follows the requirements word by word and shares no code with the
reference implementation, so that a mistake would have to be made twice to go unseen.
"""

from __future__ import annotations

import enum
from typing import Any

from telltale_spec.wire import effects, persisted, values
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.recovery import DurableRecoveryMetadata

__all__ = ["Name", "PlainTree", "Table", "plain_tree", "tree_difference"]


class Table(dict[str, "PlainTree"]):
    """A map of the wire, keys in order, with the requirement that describes it."""

    def __init__(self, requirement_id: str, **fields: PlainTree) -> None:
        self.requirement_id = requirement_id
        super().__init__(fields)


class Name(str):
    """A name of the wire, with the requirement that spells it."""

    __slots__ = ("requirement_id",)

    requirement_id: str

    def __new__(cls, requirement_id: str, text: str) -> Name:
        """Return the name with its requirement."""
        name = super().__new__(cls, text)
        name.requirement_id = requirement_id
        return name


PlainTree = Table | Name | str | int | bool | list["PlainTree"] | None
"""What is on the wire, as plain values that know their requirements."""


def plain_tree(artifact: persisted.PersistedDurabilityArtifact) -> Table:
    """Return what the wire holds for an artifact (WIRE-02)."""
    payload = artifact.payload
    if isinstance(payload, persisted.AgreementWalPayload):
        kind = "agreement_wal"
        content = Table("WIRE-03", entries=[_entry(entry) for entry in payload.wal.entries])
    elif isinstance(payload, persisted.EvidenceOutcomeCachePayload):
        kind = "evidence_outcome_cache"
        content = Table("WIRE-05", entries=[_cached(entry) for entry in payload.cache.entries])
    elif isinstance(payload, persisted.RecoveryMetadataPayload):
        kind, content = "recovery_metadata", _metadata(payload.metadata)
    else:
        raise AssertionError(f"no rule for {payload!r}")
    inner = Table("WIRE-02", kind=Name("WIRE-02", kind), payload=content)
    return Table("WIRE-02", schema_version=artifact.schema_version, payload=inner)


def _entry(entry: AgreementWalEntry) -> Table:
    """Return one log entry: tagged by ``kind``, which comes first (WIRE-03)."""

    def tagged(kind: str, **fields: PlainTree) -> Table:
        return Table("WIRE-03", kind=Name("WIRE-03", kind), **fields, tick=entry.tick)

    match entry:
        case Escalation(operation_id, previous, new, evidence_id):
            levels = {"previous_level": _name(previous), "new_level": _name(new)}
            own = {"operation_id": operation_id}
            return tagged("escalation", **own, **levels, evidence_id=evidence_id)
        case EvidenceProduced(evidence):
            return tagged("evidence_produced", evidence=_evidence(evidence))
        case Finalization(operation_id, outcome, proof, handle):
            own = {"operation_id": operation_id, "outcome": _name(outcome)}
            ids = {"materialization_proof_id": proof, "canonical_handle_id": handle}
            return tagged("finalization", **own, **ids)
        case VisibilityGateCrossing(operation_id, coroutine_id, level):
            ids = {"operation_id": operation_id, "downstream_coroutine_id": coroutine_id}
            return tagged("visibility_gate_crossing", **ids, gate_level=_name(level))
    raise AssertionError(f"no rule for {entry!r}")


def _name(member: enum.Enum) -> Name:
    """Return a snake_case name, which is the Python name in lower case (WIRE-04)."""
    return Name("WIRE-04", member.name.lower())


def _evidence(evidence: AgreementEvidence) -> Table:
    return Table(
        "WIRE-04",
        evidence_id=evidence.evidence_id,
        operation_id=evidence.operation_id,
        session=evidence.session,
        owner_id=evidence.owner_id,
        level=_name(evidence.level),
        kind=_name(evidence.kind),
        reference=evidence.reference,
        authoritative=evidence.authoritative,
    )


def _cached(entry: EvidenceOutcomeCacheEntry) -> Table:
    response = entry.outcome.response
    return Table(
        "WIRE-05",
        evidence_id=entry.evidence_id,
        interface_name=entry.interface_name,
        operation_name=entry.operation_name,
        outcome=Table(
            "WIRE-05",
            status=_status(entry.outcome.status),
            response=None if response is None else _response(response),
        ),
    )


def _status(status: effects.EffectOutcomeStatus) -> Table:
    if isinstance(status, effects.SuccessStatus):
        return Table("WIRE-06", status=Name("WIRE-06", "success"))
    if isinstance(status, effects.BlockedStatus):
        return Table("WIRE-06", status=Name("WIRE-06", "blocked"))
    assert isinstance(status, effects.FailureStatus)  # noqa: S101
    kind = Name("WIRE-06", status.failure.kind.name.lower())
    failure = Table("WIRE-06", kind=kind, message=status.failure.message)
    return Table("WIRE-06", status=Name("WIRE-06", "failure"), failure=failure)


def _response(response: effects.EffectResponse) -> Table:
    def tagged(kind: str, **fields: PlainTree) -> Table:
        return Table("WIRE-07", kind=Name("WIRE-07", kind), **fields)

    match response:
        case effects.SendDecisionResponse(decision):
            return tagged("send_decision", decision=_send_decision(decision))
        case effects.ReceiveResponse(state):
            return tagged("receive", state=[_value(value) for value in state])
        case effects.ChooseResponse(label):
            return tagged("choose", label=label)
        case effects.InvokeStepResponse(state):
            return tagged("invoke_step", state=[_value(value) for value in state])
        case effects.AcquireResponse(evidence):
            return tagged("acquire", evidence=_value(evidence))
        case effects.ReleaseResponse():
            return tagged("release")
        case effects.TopologyEventsResponse(events):
            return tagged("topology_events", events=[_perturbation(event) for event in events])
        case effects.WalSyncResponse():
            return tagged("wal_sync")
        case effects.OutputConditionHintResponse(None):
            return tagged("output_condition_hint", hint=None)
        case effects.OutputConditionHintResponse(values.OutputConditionHint(predicate, witness)):
            hint = Table("WIRE-09", predicate_ref=predicate, witness_ref=witness)
            return tagged("output_condition_hint", hint=hint)
    raise AssertionError(f"no rule for {response!r}")


def _send_decision(decision: values.SendDecision) -> PlainTree:
    match decision:
        case values.Deliver(payload):
            return Table("WIRE-08", Deliver=_value(payload))
        case values.Drop():
            return Name("WIRE-08", "Drop")
    return Name("WIRE-08", "Defer")


def _value(value: values.Value) -> PlainTree:
    match value:
        case values.NatValue(number):
            return Table("WIRE-08", Nat=number)
        case values.BoolValue(truth):
            return Table("WIRE-08", Bool=truth)
        case values.StrValue(text):
            return Table("WIRE-08", Str=text)
        case values.ProdValue(left, right):
            return Table("WIRE-08", Prod=[_value(left), _value(right)])
        case values.EndpointValue(values.Endpoint(sid, role)):
            return Table("WIRE-08", Endpoint=Table("WIRE-08", sid=sid, role=role))
    return Name("WIRE-08", "Unit")


def _perturbation(event: values.TopologyPerturbation) -> Table:
    match event:
        case values.Crash(site):
            return Table("WIRE-08", Crash=Table("WIRE-08", site=site))
        case values.Partition(from_, to):
            return Table("WIRE-08", Partition=Table("WIRE-08", **{"from": from_}, to=to))
        case values.Heal(from_, to):
            return Table("WIRE-08", Heal=Table("WIRE-08", **{"from": from_}, to=to))
        case values.Corrupt(from_, to, corruption):
            name = Name("WIRE-08", corruption.name.title().replace("_", ""))
            link = Table("WIRE-08", **{"from": from_}, to=to, corruption=name)
            return Table("WIRE-08", Corrupt=link)
        case values.Timeout(site, values.Duration(secs, nanos)):
            duration = Table("WIRE-09", secs=secs, nanos=nanos)
            return Table("WIRE-08", Timeout=Table("WIRE-08", site=site, duration=duration))
    raise AssertionError(f"no rule for {event!r}")


def _metadata(metadata: DurableRecoveryMetadata) -> Table:
    return Table(
        "WIRE-10",
        checkpoint_tick=metadata.checkpoint_tick,
        wal_tail_start_tick=metadata.wal_tail_start_tick,
        highest_recovered_tick=metadata.highest_recovered_tick,
        resumed_operation_ids=list(metadata.resumed_operation_ids),
        terminal_operation_ids=list(metadata.terminal_operation_ids),
        cached_evidence_ids=list(metadata.cached_evidence_ids),
    )


def tree_difference(expected: Any, actual: Any, requirement_id: str = "WIRE-02") -> str | None:
    """Return the requirement of the first place with another content, or ``None``.

    The order of keys and nulls that were left out are not looked at: these
    break the rule for all maps (WIRE-01), not that of one record.
    """
    if isinstance(expected, Table):
        own = expected.requirement_id
        if not isinstance(actual, dict) or actual.keys() - expected.keys():
            return own
        if any(key not in actual and expected[key] is not None for key in expected):
            return own
        pairs: Any = [(expected[key], actual[key]) for key in expected if key in actual]
    elif isinstance(expected, list):
        own = requirement_id
        if not isinstance(actual, list) or len(actual) != len(expected):
            return own
        pairs = zip(expected, actual, strict=True)
    else:
        own = getattr(expected, "requirement_id", requirement_id)
        same = expected == actual and isinstance(expected, bool) is isinstance(actual, bool)
        return None if same else own
    return next(filter(None, (tree_difference(one, other, own) for one, other in pairs)), None)
