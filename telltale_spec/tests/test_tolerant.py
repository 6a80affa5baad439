"""The tolerant reader, row by row of the acceptance table: verdict and value."""

from __future__ import annotations

import pytest

from telltale_spec.errors import DecodeError, UnsupportedSchemaVersionError
from telltale_spec.tests.cbor_pieces import (
    BREAK,
    BYTES,
    EMPTY_MAP,
    FALSE,
    NULL,
    PREFIX,
    TEXT,
    TRUE,
    UNDEFINED,
    UNKNOWN_SIMPLE,
    array,
    artifact,
    artifact_content_first,
    big,
    cache_of_event,
    cache_of_outcome,
    cache_of_response,
    cache_of_value,
    chunks,
    envelope,
    head,
    mapping,
    octets,
    open_array,
    open_mapping,
    plain,
    recovery,
    tag,
    text,
    uint,
    wal,
)
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalEntry, VisibilityGateCrossing
from telltale_spec.wire.effects import (
    AcquireResponse,
    BlockedStatus,
    EffectOutcome,
    EffectResponse,
    FailureStatus,
    ReleaseResponse,
    SuccessStatus,
    TopologyEventsResponse,
)
from telltale_spec.wire.persisted import decode_artifact_tolerantly
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.values import (
    BoolValue,
    Corrupt,
    CorruptionType,
    Duration,
    NatValue,
    Timeout,
    TopologyPerturbation,
    UnitValue,
    Value,
)

GATE = VisibilityGateCrossing("o", "c", AgreementLevel.PROVISIONAL, 3)
KIND = ("kind", text("visibility_gate_crossing"))
FIELDS = (
    ("operation_id", text("o")),
    ("downstream_coroutine_id", text("c")),
    ("gate_level", text("provisional")),
    ("tick", uint(3)),
)
VALUES = tuple([value for _, value in FIELDS])
GATE_BYTES = mapping(KIND, *FIELDS)

UNTAGGED = "untagged and internally tagged enums do not support enum input"


def gate_with(**replaced: bytes) -> bytes:
    """Return the gate's map with some values replaced."""
    return mapping(KIND, *[(name, replaced.get(name, value)) for name, value in FIELDS])


def entry_of(entry: bytes) -> AgreementWalEntry:
    wal_artifact = decode_artifact_tolerantly(wal(entry)).into_agreement_wal()
    (found,) = wal_artifact.entries
    return found


def metadata_of(data: bytes) -> DurableRecoveryMetadata:
    payload = decode_artifact_tolerantly(data).payload
    metadata = getattr(payload, "metadata", None)
    assert isinstance(metadata, DurableRecoveryMetadata)
    return metadata


def outcome_of(data: bytes) -> EffectOutcome:
    (entry,) = decode_artifact_tolerantly(data).into_evidence_outcome_cache().entries
    return entry.outcome


def response_of(response: bytes) -> EffectResponse | None:
    return outcome_of(cache_of_response(response)).response


def value_of(value: bytes) -> Value:
    response = response_of(mapping(("kind", text("acquire")), ("evidence", value)))
    assert isinstance(response, AcquireResponse)
    return response.evidence


def event_of(event: bytes) -> TopologyPerturbation:
    response = outcome_of(cache_of_event(event)).response
    assert isinstance(response, TopologyEventsResponse)
    return response.events[0]


def assert_rejected(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_artifact_tolerantly(data)
    assert str(caught.value).startswith(PREFIX)
    assert reason in caught.value.detail.replace('\\"', '"')


@pytest.mark.requirement("DEC-00")
def test_dec_00_content_before_its_kind_is_read_in_the_buffered_regime() -> None:
    content = array(uint(5))
    assert_rejected(artifact("recovery_metadata", content), "sequence, expected map")
    found = metadata_of(artifact_content_first("recovery_metadata", content))
    assert found == DurableRecoveryMetadata(5)
    tagged = mapping(("checkpoint_tick", tag(1, uint(5))))
    assert metadata_of(artifact("recovery_metadata", tagged)) == found
    assert_rejected(artifact_content_first("recovery_metadata", tagged), UNTAGGED)


@pytest.mark.requirement("DEC-01")
def test_dec_01_a_missing_option_is_null() -> None:
    assert metadata_of(recovery()).highest_recovered_tick is None
    assert outcome_of(cache_of_outcome(plain({"status": {"status": "blocked"}}))) == EffectOutcome(
        BlockedStatus(), None
    )
    hint = {"kind": "output_condition_hint", "hint": {"predicate_ref": "p"}}
    assert response_of(plain(hint)) == response_of(
        plain({**hint, "hint": {"predicate_ref": "p", "witness_ref": None}})
    )


@pytest.mark.requirement("DEC-02")
def test_dec_02_a_missing_list_with_a_default_is_empty() -> None:
    assert metadata_of(recovery()).cached_evidence_ids == ()
    assert_rejected(artifact("agreement_wal", EMPTY_MAP), "missing field `entries`")


@pytest.mark.requirement("DEC-03")
def test_dec_03_any_other_missing_field_is_an_error() -> None:
    assert_rejected(envelope(mapping(("kind", text("agreement_wal")))), "missing field `payload`")
    assert_rejected(envelope(EMPTY_MAP), "missing field `kind`")
    assert_rejected(EMPTY_MAP, "missing field `schema_version`")
    assert_rejected(wal(mapping(KIND, *FIELDS[1:])), "missing field `operation_id`")
    assert_rejected(wal(mapping(*FIELDS)), "missing field `kind`")
    assert_rejected(wal(array()), "missing field `kind`")


@pytest.mark.requirement("DEC-04")
@pytest.mark.parametrize(
    "value",
    [
        plain([{}, -5, 1.5, "x", b"y", None, True]),
        UNDEFINED,
        open_array(open_mapping((uint(1), array())), chunks(TEXT, text("a"))),
        uint(2**64 - 1),
        head(1, 2**63 - 1),
    ],
)
def test_dec_04_an_unknown_field_is_ignored_even_repeated(value: bytes) -> None:
    unknown = ("unknown", value)
    assert metadata_of(recovery(unknown, unknown)) == DurableRecoveryMetadata(5)
    assert entry_of(mapping(unknown, KIND, *FIELDS, unknown)) == GATE


@pytest.mark.requirement("DEC-04", "DEC-12", "DEC-13")
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (tag(1, uint(0)), UNTAGGED),
        (tag(2, octets(bytes(17))), UNTAGGED),
        (big(b"\x05"), "integer `5` as u128, expected any value"),
        (big(b"\x05", negative=True), "integer `-6` as i128, expected any value"),
        (head(1, 2**64 - 1), "integer `-18446744073709551616` as i128"),
    ],
)
def test_dec_04_what_has_no_place_in_a_buffer_is_ignored_directly_only(
    value: bytes, reason: str
) -> None:
    assert metadata_of(recovery(("unknown", array(value)))) == DurableRecoveryMetadata(5)
    assert_rejected(wal(mapping(KIND, *FIELDS, ("unknown", array(value)))), reason)


@pytest.mark.requirement("DEC-04")
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (UNKNOWN_SIMPLE, "simple, expected known simple value"),
        (head(TEXT, 1) + b"\xff", "Syntax("),
        (array(BREAK), "break, expected non-break"),
        (b"\xbf\x00\xff", "break, expected non-break"),
        (big(b"\xff" * 16, negative=True), "integer too large"),
    ],
)
def test_dec_04_what_is_not_even_ignorable_is_rejected(value: bytes, reason: str) -> None:
    assert_rejected(recovery(("unknown", value)), reason)
    assert_rejected(wal(mapping(KIND, *FIELDS, ("unknown", value))), reason)


@pytest.mark.requirement("DEC-05")
def test_dec_05_a_repeated_field_is_an_error_across_spellings() -> None:
    assert_rejected(
        recovery((octets(b"checkpoint_tick"), uint(5))), "duplicate field `checkpoint_tick`"
    )
    for again in ("tick", octets(b"tick"), uint(3)):
        entry = mapping(KIND, *FIELDS, (again, uint(3)))
        assert_rejected(wal(entry), "duplicate field `tick`")
    assert_rejected(wal(mapping(KIND, KIND, *FIELDS)), "duplicate field `kind`")
    payload = ("payload", EMPTY_MAP)
    assert_rejected(envelope(mapping(payload, payload)), "duplicate field `payload`")


@pytest.mark.requirement("DEC-06")
def test_dec_06_fields_come_in_any_order_and_the_tag_anywhere() -> None:
    assert entry_of(mapping(*reversed(FIELDS), KIND)) == GATE
    assert entry_of(mapping(*FIELDS[:2], KIND, *FIELDS[2:])) == GATE
    metadata = mapping(("highest_recovered_tick", uint(9)), ("checkpoint_tick", uint(5)))
    assert metadata_of(artifact("recovery_metadata", metadata)).checkpoint_tick == 5


@pytest.mark.requirement("DEC-07")
def test_dec_07_a_record_as_an_array_is_buffered_only() -> None:
    assert_rejected(array(text("v"), EMPTY_MAP), "sequence, expected map")
    assert_rejected(artifact("agreement_wal", array(array())), "sequence, expected map")
    assert entry_of(array(KIND[1], *VALUES)) == GATE
    assert entry_of(open_array(KIND[1], *VALUES)) == GATE
    assert response_of(array(text("release"))) == ReleaseResponse()


@pytest.mark.requirement("DEC-07")
def test_dec_07_the_array_has_exactly_one_element_for_each_field() -> None:
    expected = "struct variant AgreementWalEntry::VisibilityGateCrossing with 4 elements"
    assert_rejected(wal(array(KIND[1], *VALUES[:3])), f"invalid length 3, expected {expected}")
    surplus = open_array(KIND[1], *VALUES, NULL, NULL)
    assert_rejected(wal(surplus), "invalid length 6, expected 4 elements in sequence")
    response = array(text("release"), NULL)
    assert_rejected(
        cache_of_response(response), "invalid length 1, expected 0 elements in sequence"
    )


@pytest.mark.requirement("DEC-07", "DEC-01")
def test_dec_07_fields_with_a_default_may_be_missing_at_the_end_of_the_array() -> None:
    entry = array(text("e"), text("i"), text("o"), array(array(text("blocked"))))
    data = artifact_content_first("evidence_outcome_cache", array(array(entry)))
    assert outcome_of(data) == EffectOutcome(BlockedStatus(), None)
    hint = mapping(("kind", text("output_condition_hint")), ("hint", array(text("p"))))
    # An option without that attribute has to be there.
    assert_rejected(cache_of_response(hint), "struct OutputConditionHint with 2 elements")


@pytest.mark.requirement("DEC-08")
def test_dec_08_keys_may_be_byte_strings() -> None:
    fields = [(octets(name.encode()), value) for name, value in (KIND, *FIELDS)]
    assert entry_of(mapping(*fields)) == GATE
    metadata = mapping((octets(b"checkpoint_tick"), uint(5)))
    assert metadata_of(artifact("recovery_metadata", metadata)).checkpoint_tick == 5


@pytest.mark.requirement("DEC-09")
def test_dec_09_integer_keys_are_field_indexes_in_a_buffer_only() -> None:
    assert_rejected(recovery((uint(1), uint(6))), "integer `1`, expected str or bytes")
    fields = [(uint(index), value) for index, value in enumerate(VALUES)]
    assert entry_of(mapping(KIND, *fields, (uint(4), NULL), (uint(99), NULL))) == GATE
    entry = mapping(KIND, *FIELDS, (head(1, 0), NULL))
    assert_rejected(wal(entry), "integer `-1`, expected field identifier")


@pytest.mark.requirement("DEC-04", "DEC-09")
def test_dec_09_a_unit_variant_looks_at_no_key_at_all() -> None:
    odd_keys = [(head(1, 0), NULL), (NULL, NULL), (array(), uint(0))]
    assert response_of(mapping(("kind", text("release")), *odd_keys)) == ReleaseResponse()
    assert_rejected(
        wal(mapping(KIND, *FIELDS, odd_keys[1])), "Option value, expected field identifier"
    )


@pytest.mark.requirement("DEC-10")
def test_dec_10_long_and_indefinite_keys_are_buffered_only() -> None:
    for key in (text("k" * 4097), chunks(TEXT, text("checkpoint_tick"))):
        assert_rejected(recovery((key, NULL)), "string, expected str or bytes")
        assert entry_of(mapping((key, NULL), KIND, *FIELDS)) == GATE
    assert metadata_of(recovery(("k" * 4096, NULL))) == DurableRecoveryMetadata(5)
    kind = chunks(TEXT, text("ki"), text("nd"))
    assert entry_of(mapping((kind, KIND[1]), *FIELDS)) == GATE


@pytest.mark.requirement("DEC-11")
def test_dec_11_bytes_stand_for_a_text_in_a_buffer_only() -> None:
    assert entry_of(gate_with(operation_id=octets(b"o"))) == GATE
    assert_rejected(wal(gate_with(operation_id=octets(b"\xff"))), "byte array, expected a string")
    ids = ("resumed_operation_ids", array(octets(b"o")))
    assert_rejected(recovery(ids), "bytes, expected string")


@pytest.mark.requirement("DEC-12")
def test_dec_12_cbor_tags_are_passed_over_directly_only() -> None:
    tagged = tag(9, tag(55799, uint(7)))
    assert metadata_of(recovery(("wal_tail_start_tick", tagged))).wal_tail_start_tick == 7
    assert decode_artifact_tolerantly(tag(55799, wal(GATE_BYTES))).into_agreement_wal().entries == (
        GATE,
    )
    assert_rejected(recovery(("wal_tail_start_tick", tag(9, NULL))), "null, expected integer")
    assert_rejected(wal(gate_with(tick=tag(9, uint(3)))), UNTAGGED)
    assert_rejected(wal(tag(9, GATE_BYTES)), "enum, expected internally tagged enum")
    assert entry_of(mapping(("kind", tag(9, KIND[1])), *FIELDS)) == GATE


@pytest.mark.requirement("DEC-13")
@pytest.mark.parametrize(
    ("magnitude", "verdict"),
    [
        (b"\x07", 7),
        (bytes(40) + b"\x07", 7),
        (b"", 0),
        (b"\xff" * 8, 2**64 - 1),
        (b"\x01" + bytes(8), "integer too large"),
        (b"\xff" * 17, "bigint too large"),
    ],
)
def test_dec_13_a_big_integer_is_accepted_directly_if_it_fits(
    magnitude: bytes, verdict: int | str
) -> None:
    halves = chunks(BYTES, octets(magnitude[:5]), octets(magnitude[5:]))
    for integer in (big(magnitude), tag(2, halves), tag(4, big(magnitude))):
        data = recovery(("wal_tail_start_tick", integer))
        if isinstance(verdict, int):
            assert metadata_of(data).wal_tail_start_tick == verdict
        else:
            assert_rejected(data, verdict)
    assert_rejected(wal(gate_with(tick=big(b"\x03"))), "integer `3` as u128, expected any value")


@pytest.mark.requirement("DEC-14")
@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_dec_14_heads_need_not_be_shortest(size: int) -> None:
    long_id = head(TEXT, 1, size) + b"o"
    assert entry_of(gate_with(tick=uint(3, size), operation_id=long_id)) == GATE
    ids = ("resumed_operation_ids", head(4, 1, size) + long_id)
    assert metadata_of(recovery(ids)).resumed_operation_ids == ("o",)


@pytest.mark.requirement("DEC-15")
def test_dec_15_negative_integers_are_rejected() -> None:
    assert_rejected(recovery(("wal_tail_start_tick", head(1, 0))), "unexpected negative integer")
    assert_rejected(wal(gate_with(tick=head(1, 0))), "invalid value: integer `-1`, expected u64")


@pytest.mark.requirement("DEC-16")
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (plain(1.0), "floating point `1.0`"),
        (text("x"), "string"),
        (TRUE, "boolean `true`"),
        (array(), "sequence"),
    ],
)
def test_dec_16_nothing_else_is_an_integer(value: bytes, found: str) -> None:
    assert_rejected(recovery(("wal_tail_start_tick", value)), f"type: {found}, expected integer")
    assert_rejected(wal(gate_with(tick=value)), f"invalid type: {found}")
    assert_rejected(wal(gate_with(tick=NULL)), "Option value, expected u64")


@pytest.mark.requirement("DEC-17")
def test_dec_17_undefined_is_null_for_an_option_only() -> None:
    metadata = metadata_of(recovery(("wal_tail_start_tick", UNDEFINED)))
    assert metadata.wal_tail_start_tick is None
    assert outcome_of(cache_of_response(UNDEFINED)).response is None
    assert_rejected(wal(gate_with(tick=UNDEFINED)), "Option value, expected u64")


@pytest.mark.requirement("DEC-18")
def test_dec_18_maps_arrays_and_texts_may_have_indefinite_length() -> None:
    nested = chunks(TEXT, chunks(TEXT, text("o")), text(""))
    assert entry_of(open_mapping(KIND, ("operation_id", nested), *FIELDS[1:])) == GATE
    ids = ("resumed_operation_ids", open_array(nested))
    metadata = open_mapping(("checkpoint_tick", uint(5)), ids)
    assert metadata_of(artifact("recovery_metadata", metadata)).resumed_operation_ids == ("o",)


@pytest.mark.requirement("DEC-19")
def test_dec_19_a_byte_string_is_a_list_of_integers_directly_only() -> None:
    for empty in (octets(b""), chunks(BYTES, octets(b""))):
        ids = ("resumed_operation_ids", empty)
        assert metadata_of(recovery(ids)) == DurableRecoveryMetadata(5)
    reason = "integer `7`, expected a string"
    assert_rejected(recovery(("resumed_operation_ids", octets(b"\x07"))), reason)
    response = mapping(("kind", text("receive")), ("state", octets(b"")))
    assert_rejected(cache_of_response(response), "byte array, expected a sequence")


@pytest.mark.requirement("DEC-20")
def test_dec_20_a_unit_variant_may_be_a_map_with_one_key() -> None:
    for key in ("provisional", octets(b"provisional"), uint(1)):
        for content in (EMPTY_MAP, open_mapping()):
            assert entry_of(gate_with(gate_level=mapping((key, content)))) == GATE
            assert entry_of(gate_with(gate_level=open_mapping((key, content)))) == GATE
    event = {"Corrupt": {"from": "a", "to": "b", "corruption": {"BitFlip": {}}}}
    assert event_of(plain(event)) == Corrupt("a", "b", CorruptionType.BIT_FLIP)


@pytest.mark.requirement("DEC-20")
@pytest.mark.parametrize(
    ("level", "reason"),
    [
        (mapping(("provisional", NULL)), "Option value, expected unit"),
        (uint(1), "integer `1`, expected string or map"),
        (octets(b"provisional"), "byte array, expected string or map"),
        (EMPTY_MAP, "map with a single key"),
        (open_mapping(("no", NULL), ("none", EMPTY_MAP)), "map with a single key"),
        (mapping((uint(4), EMPTY_MAP)), "variant index 0 <= i < 4"),
        (text("Provisional"), "unknown variant `Provisional`, expected one of `none`"),
    ],
)
def test_dec_20_other_forms_of_a_unit_variant_are_rejected(level: bytes, reason: str) -> None:
    assert_rejected(wal(gate_with(gate_level=level)), reason)


@pytest.mark.requirement("DEC-21")
def test_dec_21_a_data_variant_may_be_named_by_index_or_bytes() -> None:
    assert value_of(mapping((uint(1), uint(5)))) == NatValue(5)
    assert value_of(open_mapping((octets(b"Nat"), uint(5)))) == NatValue(5)
    assert value_of(mapping((uint(0), EMPTY_MAP))) == UnitValue()
    two = open_mapping(("Nat", text("not even a number")), ("Nat", uint(5)))
    product = open_mapping(("Prod", array(text("Unit"), two)))
    assert_rejected(cache_of_value(product), "map, expected map with a single key")
    assert_rejected(cache_of_value(text("Nat")), "unit variant, expected newtype variant")
    assert_rejected(cache_of_value(mapping(("Prod", array()))), "invalid length 0, expected tuple")


@pytest.mark.requirement("DEC-21a")
def test_dec_21a_the_tags_value_is_read_directly_unless_all_is_buffered() -> None:
    assert entry_of(mapping(("kind", octets(b"visibility_gate_crossing")), *FIELDS)) == GATE
    index = mapping(("kind", uint(3)), *FIELDS)
    spread = mapping(("kind", chunks(TEXT, KIND[1])), *FIELDS)
    tagged = mapping(("kind", tag(9, KIND[1])), *FIELDS)
    assert_rejected(wal(index), "integer `3`, expected str or bytes")
    assert_rejected(wal(spread), "string, expected str or bytes")
    assert_rejected(wal(mapping(("kind", NULL), *FIELDS)), "null, expected str or bytes")
    for entry in (index, spread):
        content = mapping(("entries", array(entry)))
        data = artifact_content_first("agreement_wal", content)
        assert decode_artifact_tolerantly(data).into_agreement_wal().entries == (GATE,)
    content = mapping(("entries", array(tagged)))
    assert_rejected(artifact_content_first("agreement_wal", content), UNTAGGED)


@pytest.mark.requirement("DEC-22")
def test_dec_22_the_kind_may_be_a_map_whose_value_is_missing() -> None:
    kind = ("kind", head(5, 1) + text("recovery_metadata"))
    content = ("payload", mapping(("checkpoint_tick", uint(5))))
    assert metadata_of(envelope(mapping(kind, content))).checkpoint_tick == 5
    assert metadata_of(envelope(mapping(content, kind))).checkpoint_tick == 5
    tagged_bytes = ("kind", tag(9, head(5, 1) + tag(9, octets(b"recovery_metadata"))))
    assert metadata_of(envelope(mapping(tagged_bytes, content))).checkpoint_tick == 5
    bare_bytes = ("kind", octets(b"recovery_metadata"))
    assert_rejected(envelope(mapping(bare_bytes, content)), "bytes, expected enum")
    complete = ("kind", mapping(("recovery_metadata", EMPTY_MAP)))
    assert_rejected(envelope(mapping(complete, content)), "map, expected str or bytes")


@pytest.mark.requirement("DEC-23")
def test_dec_23_truth_values_may_take_two_bytes() -> None:
    assert value_of(mapping(("Bool", b"\xf8\x15"))) == value_of(mapping(("Bool", TRUE)))
    assert value_of(mapping(("Bool", b"\xf8\x14"))) == BoolValue(False)
    assert_rejected(cache_of_value(mapping(("Bool", uint(0)))), "integer `0`, expected a boolean")


@pytest.mark.requirement("DEC-24")
@pytest.mark.parametrize(
    ("duration", "verdict"),
    [
        (plain({"nanos": 1, "secs": 2}), Duration(2, 1)),
        (mapping((octets(b"secs"), uint(2)), (octets(b"nanos"), uint(1))), Duration(2, 1)),
        (plain([2, 1]), Duration(2, 1)),
        (plain({"secs": 2, "nanos": 3_000_000_001}), Duration(5, 1)),
        (plain([2**64 - 1, 10**9]), "overflow deserializing Duration"),
        (plain([1, 2**32]), "invalid value: integer `4294967296`, expected u32"),
        (plain([1, 2, 3]), "invalid length 3, expected 2 elements in sequence"),
        (plain([1]), "invalid length 1, expected struct Duration"),
        (plain({"secs": 1}), "missing field `nanos`"),
        (plain({"secs": 1, "nanos": 0, "x": 0}), "unknown field `x`, expected `secs` or `nanos`"),
        (plain({0: 1, 1: 0}), "integer `0`, expected `secs` or `nanos`"),
        (open_mapping(("secs", uint(1)), ("secs", uint(1))), "duplicate field `secs`"),
        (NULL, "Option value, expected struct Duration"),
    ],
)
def test_dec_24_durations_are_stricter_and_carry(duration: bytes, verdict: Duration | str) -> None:
    event = mapping(("Timeout", mapping(("site", text("s")), ("duration", duration))))
    if isinstance(verdict, Duration):
        assert event_of(event) == Timeout("s", verdict)
    else:
        assert_rejected(cache_of_event(event), verdict)


@pytest.mark.requirement("DEC-25")
def test_dec_25_status_and_response_are_not_cross_checked() -> None:
    blocked = {"status": {"status": "blocked"}, "response": {"kind": "release"}}
    assert outcome_of(cache_of_outcome(plain(blocked))) == EffectOutcome(
        BlockedStatus(), ReleaseResponse()
    )
    failure = {"kind": "timeout", "message": "m"}
    failed = {"status": {"status": "failure", "failure": failure}, "response": {"kind": "wal_sync"}}
    found = outcome_of(cache_of_outcome(plain(failed)))
    assert isinstance(found.status, FailureStatus)
    assert found.response is not None
    success = plain({"status": {"status": "success", "failure": failure}})
    assert outcome_of(cache_of_outcome(success)) == EffectOutcome(SuccessStatus(), None)


@pytest.mark.requirement("DEC-26")
def test_dec_26_bytes_behind_the_artifact_are_ignored() -> None:
    data = wal(GATE_BYTES)
    for tail in (b"\x00", BREAK, data, FALSE * 100):
        assert decode_artifact_tolerantly(data + tail) == decode_artifact_tolerantly(data)


@pytest.mark.requirement("DEC-31")
def test_dec_31_the_version_is_looked_at_after_a_complete_decode() -> None:
    payload = plain({"kind": "agreement_wal", "payload": {"entries": []}})
    with pytest.raises(UnsupportedSchemaVersionError) as caught:
        decode_artifact_tolerantly(mapping(("schema_version", text("v9")), ("payload", payload)))
    assert str(caught.value) == "unsupported persisted durability schema version `v9`"
    later = mapping(("schema_version", text("v9")), ("payload", NULL))
    assert_rejected(later, "null, expected map")
