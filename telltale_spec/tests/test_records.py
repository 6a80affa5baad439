"""Records: an impossible value cannot exist, and the JSON form is serde's, both ways."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from telltale_spec.errors import DomainError
from telltale_spec.tests.samples import (
    NONE,
    PROVISIONAL,
    TICK_MAX,
    cached,
    escalation,
    evidence,
    finalization,
    gate,
    log,
    produced,
    state,
    sync_request,
)
from telltale_spec.wire.agreement import (
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.codec import encode
from telltale_spec.wire.effects import (
    AcquireResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResponse,
    ReleaseResponse,
    SuccessStatus,
    TopologyEventsResponse,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.record import Record
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.requests import EffectInterfaceMetadata, EffectRequest, WalSyncBody
from telltale_spec.wire.values import (
    VALUE_DEPTH_MAX,
    BoolValue,
    Corrupt,
    CorruptionType,
    Defer,
    Deliver,
    Duration,
    Endpoint,
    EndpointValue,
    NatValue,
    OutputConditionHint,
    Partition,
    ProdValue,
    SendDecision,
    StrValue,
    Timeout,
    UnitValue,
    Value,
)

NOT_A_TICK = [-1, 2**64, True, False, 1.0, "1", None, b"1"]
NOT_A_TEXT = [1, None, b"a", "\ud800", "a\udfffb", ["a"]]


@pytest.mark.requirement("DOM-01")
@pytest.mark.parametrize("value", NOT_A_TICK, ids=repr)
def test_dom_01_a_tick_outside_its_domain_is_refused_by_name_and_value(value: Any) -> None:
    for make in (
        lambda: escalation(tick=value),
        lambda: gate(tick=value),
        lambda: finalization(tick=value),
        lambda: produced(tick=value),
        lambda: sync_request(tick=value),
    ):
        with pytest.raises(DomainError) as caught:
            make()
        assert caught.value.field == "tick"
        assert caught.value.value is value
        assert ".tick: " in str(caught.value)
        assert repr(value) in str(caught.value)


@pytest.mark.requirement("DOM-01", "DOM-02")
@pytest.mark.parametrize("value", [0, 1, 2**63 - 1, 2**63, TICK_MAX])
def test_dom_01_every_tick_inside_its_domain_is_accepted(value: int) -> None:
    assert escalation(tick=value).tick == value
    assert NatValue(value).value == value
    assert evidence(session=value).session == value


@pytest.mark.requirement("DOM-03")
@pytest.mark.parametrize("value", NOT_A_TEXT, ids=repr)
def test_dom_03_what_is_not_scalar_text_is_refused(value: Any) -> None:
    with pytest.raises(DomainError) as caught:
        escalation(value)
    assert str(caught.value).startswith("Escalation.operation_id: expected text")
    with pytest.raises(DomainError):
        StrValue(value)


@pytest.mark.requirement("DOM-03", "WAL-13")
@pytest.mark.parametrize("value", ["", "\0", ":", "-", "a:b", "\U0001f600", "x" * 65_536])
def test_dom_03_every_scalar_text_is_accepted(value: str) -> None:
    assert gate(value, value).operation_id == value


@pytest.mark.requirement("DOM-04", "DOM-05")
def test_dom_04_levels_have_ranks_and_debug_names() -> None:
    assert [(level.rank, level.value, level.debug_name) for level in AgreementLevel] == [
        (0, "none", "None"),
        (1, "provisional", "Provisional"),
        (2, "soft_safe", "SoftSafe"),
        (3, "finalized", "Finalized"),
    ]
    assert AgreementLevel.SOFT_SAFE.at_least(AgreementLevel.SOFT_SAFE)
    assert not AgreementLevel.PROVISIONAL.at_least(AgreementLevel.SOFT_SAFE)


@pytest.mark.requirement("DOM-05")
def test_dom_05_debug_names_of_the_other_enums() -> None:
    assert [item.debug_name for item in FinalizationOutcome] == [
        "Finalized",
        "Aborted",
        "Rejected",
        "TimedOut",
    ]
    assert [item.debug_name for item in AgreementEvidenceKind] == [
        "Witness",
        "Certificate",
        "CommitFact",
        "Publication",
        "Materialization",
    ]
    assert EffectFailureKind.STALE_AUTHORITY.debug_name == "StaleAuthority"


@pytest.mark.requirement("DOM-06")
def test_dom_06_a_duration_has_less_than_a_second_of_nanoseconds() -> None:
    assert Duration(TICK_MAX, 999_999_999).nanos == 999_999_999
    for nanos in (1_000_000_000, 2**32, -1, True):
        with pytest.raises(DomainError, match=r"Duration\.nanos"):
            Duration(0, nanos)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Escalation("o", "none", PROVISIONAL, None, 1),  # type: ignore[arg-type]
        lambda: Escalation("o", NONE, PROVISIONAL, 1, 1),  # type: ignore[arg-type]
        lambda: AgreementWalArtifact((1,)),  # type: ignore[arg-type]
        lambda: AgreementWalArtifact({}),  # type: ignore[arg-type]
        lambda: AgreementWalArtifact((evidence(),)),  # type: ignore[arg-type]
        lambda: BoolValue(1),  # type: ignore[arg-type]
        lambda: EffectOutcome(SuccessStatus),  # type: ignore[arg-type]
        lambda: dataclasses.replace(evidence(), authoritative=1),  # type: ignore[arg-type]
        lambda: dataclasses.replace(state(), evidence_ids="ab"),  # type: ignore[arg-type]
    ],
)
def test_a_value_of_another_type_is_refused(make: Any) -> None:
    with pytest.raises(DomainError):
        make()


def test_a_record_is_frozen_and_holds_tuples() -> None:
    entry = gate()
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.tick = 2  # type: ignore[misc]
    entries = [entry]
    artifact = AgreementWalArtifact(entries)  # type: ignore[arg-type]
    entries.clear()
    assert artifact.entries == (entry,)


@pytest.mark.requirement("F23")
def test_f23_a_value_nests_deeper_than_the_reader_goes_but_not_without_bound() -> None:
    value: Value = UnitValue()
    for _ in range(VALUE_DEPTH_MAX):
        value = ProdValue(value, UnitValue())
    assert value.depth == VALUE_DEPTH_MAX
    with pytest.raises(DomainError, match=r"ProdValue\.depth"):
        ProdValue(UnitValue(), value)


JSON_FORMS: list[tuple[Record, type[Record], str]] = [
    (
        escalation("o", tick=TICK_MAX),
        AgreementWalEntry,
        '{"kind": "escalation", "operation_id": "o", "previous_level": "none", '
        '"new_level": "provisional", "evidence_id": null, "tick": 18446744073709551615}',
    ),
    (
        produced("e", session=7),
        AgreementWalEntry,
        '{"kind": "evidence_produced", "evidence": {"evidence_id": "e", "operation_id": "o", '
        '"session": 7, "owner_id": null, "level": "provisional", "kind": "witness", '
        '"reference": "reference", "authoritative": true}, "tick": 1}',
    ),
    (
        finalization(proof_id="p"),
        AgreementWalEntry,
        '{"kind": "finalization", "operation_id": "o", "outcome": "finalized", '
        '"materialization_proof_id": "p", "canonical_handle_id": null, "tick": 1}',
    ),
    (
        gate("é"),
        AgreementWalEntry,
        '{"kind": "visibility_gate_crossing", "operation_id": "é", '
        '"downstream_coroutine_id": "coro:0", "gate_level": "none", "tick": 1}',
    ),
    (ReleaseResponse(), EffectResponse, '{"kind": "release"}'),
    (
        AcquireResponse(ProdValue(NatValue(1), EndpointValue(Endpoint(2, "r")))),
        EffectResponse,
        '{"kind": "acquire", "evidence": '
        '{"Prod": [{"Nat": 1}, {"Endpoint": {"sid": 2, "role": "r"}}]}}',
    ),
    (
        TopologyEventsResponse(
            (
                Partition("a", "b"),
                Corrupt("a", "b", CorruptionType.BIT_FLIP),
                Timeout("s", Duration(1, 2)),
            )
        ),
        EffectResponse,
        '{"kind": "topology_events", "events": [{"Partition": {"from": "a", "to": "b"}}, '
        '{"Corrupt": {"from": "a", "to": "b", "corruption": "BitFlip"}}, '
        '{"Timeout": {"site": "s", "duration": {"secs": 1, "nanos": 2}}}]}',
    ),
    (Defer(), SendDecision, '"Defer"'),
    (Deliver(StrValue("x")), SendDecision, '{"Deliver": {"Str": "x"}}'),
    (
        EffectOutcome.failed(EffectFailure.unavailable("m")),
        EffectOutcome,
        '{"status": {"status": "failure", "failure": {"kind": "unavailable", "message": "m"}}, '
        '"response": null}',
    ),
    (
        OutputConditionHint("p", None),
        OutputConditionHint,
        '{"predicate_ref": "p", "witness_ref": null}',
    ),
]


@pytest.mark.requirement(
    "WIRE-03", "WIRE-04", "WIRE-05", "WIRE-06", "WIRE-07", "WIRE-08", "WIRE-09"
)
@pytest.mark.parametrize(("record", "family", "text"), JSON_FORMS)
def test_the_json_form_is_serdes_in_both_directions(
    record: Record, family: type[Record], text: str
) -> None:
    assert record.to_json() == text
    assert family.from_json(text) == record
    assert family.from_dict(record.to_dict()) == record


@pytest.mark.requirement("WIRE-10", "WIRE-11")
@pytest.mark.parametrize(
    "record",
    [
        DurableRecoveryMetadata(5, 6, 7, ("a",), ("b",), ("c",)),
        sync_request(state(PROVISIONAL), evidence()),
        EffectRequest.wal_sync(1, "o", sync_request()),
        EffectInterfaceMetadata.for_effect_kind("handle_acquire"),
        log(gate(), escalation()),
        EvidenceOutcomeCacheArtifact((cached(),)),
        PersistedDurabilityArtifact.agreement_wal(log(gate())),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_is_read_back_from_its_json_form(record: Record) -> None:
    assert type(record).from_json(record.to_json()) == record
    assert json.loads(record.to_json()) == record.to_dict()


@pytest.mark.requirement("DEC-01", "DEC-02", "DEC-03", "DEC-04")
def test_json_fields_that_are_missing_or_unknown() -> None:
    tree = {
        "operation_id": "o",
        "downstream_coroutine_id": "coro:0",
        "gate_level": "none",
        "tick": 5,
        "unheard_of": [1],
    }
    assert WalSyncRequest.from_dict(tree) == sync_request()
    del tree["tick"]
    with pytest.raises(DomainError, match="tick"):
        WalSyncRequest.from_dict(tree)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"kind": "unheard_of"}', '{"kind": 1}', "{}", "[" * 100_000]
)
def test_json_that_is_no_entry_is_refused_with_our_error(text: str) -> None:
    with pytest.raises(DomainError):
        AgreementWalEntry.from_json(text)


def test_a_variant_reads_only_its_own_form() -> None:
    with pytest.raises(DomainError, match="Escalation"):
        Escalation.from_dict(gate().to_dict())


@pytest.mark.requirement("WIRE-13")
def test_wire_13_golden_sizes() -> None:
    wal = PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact()).to_cbor()
    cache = PersistedDurabilityArtifact.evidence_outcome_cache(EvidenceOutcomeCacheArtifact())
    metadata = PersistedDurabilityArtifact.recovery_metadata(DurableRecoveryMetadata())
    assert (len(wal), len(cache.to_cbor()), len(metadata.to_cbor())) == (94, 103, 219)
    assert wal.hex() == (
        "a26e736368656d615f76657273696f6e781e74656c6c74616c652e6d616368696e652e6475726162696c69"
        "74792e7631677061796c6f6164a2646b696e646d61677265656d656e745f77616c677061796c6f6164a167"
        "656e747269657380"
    )


@pytest.mark.requirement("WIRE-01", "WIRE-03")
def test_wire_01_every_field_is_written_in_declared_order() -> None:
    assert encode(gate("o", "c", tick=24)).hex() == (
        "a5646b696e6478187669736962696c6974795f676174655f63726f7373696e67"
        "6c6f7065726174696f6e5f6964616f"
        "77646f776e73747265616d5f636f726f7574696e655f69646163"
        "6a676174655f6c6576656c646e6f6e65"
        "647469636b1818"
    )


@pytest.mark.requirement("SYNC-14")
def test_sync_14_metadata_of_the_sync_effect() -> None:
    assert EffectRequest.wal_sync(1, "o", sync_request()).metadata.to_dict() == {
        "interface_name": "Wal",
        "operation_name": "sync",
        "authority_class": "authoritative",
        "semantic_class": "authoritative",
        "agreement_use": "required",
        "region_scope": "fragment",
        "admissibility": "internal_only",
        "totality": "may_block",
        "timeout_policy": {"required": {"budget_ticks": None}},
        "retry_shape": {"bounded": {"max_retries": 3}},
        "reentrancy_policy": "reject_same_fragment",
        "handler_domain": "internal",
    }


@pytest.mark.requirement("F30")
def test_f30_envelope_and_payload_of_a_request_may_disagree() -> None:
    request = EffectRequest.wal_sync(1, "o", sync_request(operation_id="p", tick=9))
    assert (request.tick, request.operation_id) == (1, "o")
    assert isinstance(request.body, WalSyncBody)
    assert (request.body.sync.tick, request.body.sync.operation_id) == (9, "p")


class AgreeableText(str):
    """A text of a driver's own class, which takes itself for equal to anything."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@pytest.mark.requirement("DOM-03")
def test_dom_03_of_a_text_of_another_class_the_text_alone_is_kept() -> None:
    given = VisibilityGateCrossing("o", AgreeableText("c\u00e9"), NONE, 1)

    assert type(given.downstream_coroutine_id) is str
    assert given == gate("o", coroutine_id="c\u00e9")
    assert given != gate("o", coroutine_id="d")
    with pytest.raises(DomainError, match="lone surrogates"):
        gate("o", AgreeableText("\ud800"))
