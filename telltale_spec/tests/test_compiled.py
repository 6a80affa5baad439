"""The code that is written from shapes does what the plain rule says, to the bit."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.artifacts import persisted_artifacts
from strategies.encodings import (
    canonical_encodings,
    corrupt_encodings,
    mutated_encodings,
    non_canonical_encodings,
)
from strategies.outcomes import cache_entries
from strategies.requests import effect_requests, wal_sync_requests
from strategies.values import recovery_decisions, values, wal_entries
from telltale_spec.errors import DomainError
from telltale_spec.tests import samples
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalEntry
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.compiled_checks import check_fields, compiled_check
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.plain_codec import plain_decode_canonical, plain_encode
from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.shapes import U64_MAX, wire_fields
from telltale_spec.wire.values import ProdValue, StrValue, UnitValue, Value

patient = settings(suppress_health_check=list(HealthCheck), deadline=None)

records = st.one_of(
    *(
        strategy
        for alphabet in (COLLIDING, FULL_RANGE)
        for strategy in (
            persisted_artifacts(alphabet=alphabet),
            wal_entries(alphabet=alphabet),
            cache_entries(alphabet=alphabet),
            values(alphabet=alphabet),
            wal_sync_requests(alphabet=alphabet),
            effect_requests(alphabet=alphabet),
            recovery_decisions(alphabet=alphabet),
        )
    )
)

encodings = st.one_of(
    canonical_encodings(),
    canonical_encodings(alphabet=FULL_RANGE),
    non_canonical_encodings(),
    non_canonical_encodings(alphabet=FULL_RANGE),
    corrupt_encodings(),
    mutated_encodings(),
)


def root_of(record: Record) -> type[Record]:
    """Return the class that a record is read as: the base of its union, or its own."""
    is_variant = isinstance(record, Variant)
    return type(record).__mro__[1] if is_variant else type(record)


@patient
@given(records)
def test_the_writer_writes_what_the_rule_writes(record: Record) -> None:
    """Every record and variant has the bytes that its plain tree has."""
    assert encode(record) == plain_encode(record)


@patient
@given(records)
def test_the_reader_reads_what_the_rule_reads(record: Record) -> None:
    """Canonical bytes give the same record, in every field and in the class."""
    data = plain_encode(record)
    expected = plain_decode_canonical(root_of(record), data)

    found = decode_canonical(root_of(record), data)

    assert found == expected
    assert repr(found) == repr(expected)
    assert type(found) is type(expected)
    assert expected is None or (hash(found), encode(expected)) == (hash(record), data)


@patient
@given(encodings)
def test_the_reader_accepts_what_the_rule_accepts(encoding: Any) -> None:
    """Canonical or not, corrupt or mutated: both accept, or both do not, with one value."""
    data = encoding.data

    assert decode_canonical(PersistedDurabilityArtifact, data) == plain_decode_canonical(
        PersistedDurabilityArtifact, data
    )


SMALL = tuple(
    encode(record)
    for record in (
        samples.escalation(),
        samples.escalation(evidence_id="e" * 24, tick=256),
        samples.escalation(operation_id="\u00e9" * 200, tick=U64_MAX),
        samples.produced(session=65_536),
    )
)


@patient
@given(st.sampled_from(SMALL), st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3))
def test_no_small_change_is_taken_for_canonical(
    data: bytes, position: int, inserted: bytes, removed: int
) -> None:
    """Bytes replaced anywhere are accepted only where the rule accepts them."""
    changed = data[:position] + inserted + data[position + removed :]

    assert decode_canonical(AgreementWalEntry, changed) == plain_decode_canonical(
        AgreementWalEntry, changed
    )


@pytest.mark.parametrize("data", SMALL)
def test_every_single_byte_counts(data: bytes) -> None:
    """Every byte is changed to every other one, and cut off; the two readers agree."""
    for position in range(len(data)):
        assert decode_canonical(AgreementWalEntry, data[:position]) is None
        for byte in range(256):
            changed = data[:position] + bytes([byte]) + data[position + 1 :]
            found = decode_canonical(AgreementWalEntry, changed)
            assert found is None or encode(found) == changed
            if byte in (0, 0x17, 0x18, 0x60, 0x78, 0x79, 0xC2, 0xF6, 0xFF):
                assert found == plain_decode_canonical(AgreementWalEntry, changed)


@pytest.mark.parametrize("tick", [0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, U64_MAX])
def test_numbers_have_one_head(tick: int) -> None:
    """Of all widths that hold a number, only the shortest one is canonical."""
    entry = samples.escalation(tick=tick)
    before = encode(entry).removesuffix(cbor2.dumps(tick))
    forms = [
        bytes([23 + width.bit_length()]) + tick.to_bytes(width, "big")
        for width in (1, 2, 4, 8)
        if tick < 1 << 8 * width
    ]

    found = [decode_canonical(AgreementWalEntry, before + form) for form in forms]

    assert decode_canonical(AgreementWalEntry, before + cbor2.dumps(tick)) == entry
    assert [each for each in found if each is not None] == ([entry] if tick > 23 else [])


@pytest.mark.parametrize("length", [0, 23, 24, 255, 256, 65_536])
def test_texts_have_one_head(length: int) -> None:
    """Of all widths that hold a length, only the shortest one is canonical."""
    entry = samples.escalation(operation_id="o" * length)
    data = encode(entry)
    text = cbor2.dumps(entry.operation_id)
    widest = b"\x7b" + length.to_bytes(8, "big") + text[len(text) - length :]

    assert decode_canonical(AgreementWalEntry, data) == entry
    assert decode_canonical(AgreementWalEntry, data.replace(text, widest, 1)) is None


def nested(depth: int, innermost: Value) -> Value:
    value = innermost
    for _ in range(depth):
        value = ProdValue(value, UnitValue())
    return value


@pytest.mark.parametrize("depth", range(120, 132))
@pytest.mark.parametrize("innermost", [UnitValue(), StrValue("")])
def test_nesting_ends_where_the_rule_ends(depth: int, innermost: Value) -> None:
    """The two readers stop at the same number of open containers."""
    data = encode(nested(depth, innermost))

    assert decode_canonical(Value, data) == plain_decode_canonical(Value, data)


def test_nesting_without_end_is_refused() -> None:
    """A million open pairs are no fault of Python's stack."""
    assert decode_canonical(Value, b"\xa1\x64Prod\x82" * 1_000_000) is None


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, U64_MAX + 1),
    st.sampled_from((U64_MAX, U64_MAX + 1, 2**32, 1.5, b"bytes")),
    st.text(st.characters(codec=None), max_size=3),
    st.sampled_from(tuple(AgreementLevel)),
    records,
)
anything = st.one_of(
    scalars, st.lists(scalars, max_size=3), st.lists(scalars, max_size=3).map(tuple)
)


@patient
@given(records, st.data())
def test_a_check_refuses_what_the_rule_refuses(valid: Record, data: st.DataObject) -> None:
    """Any value in any field: both checks pass and store the same, or raise the same error."""
    record_class: type[Any] = type(valid)
    fields = [field.attribute for field in wire_fields(record_class)]
    given_values = {attribute: getattr(valid, attribute) for attribute in fields}
    changed = data.draw(st.sets(st.sampled_from(fields), min_size=1)) if fields else set()
    given_values |= {attribute: data.draw(anything) for attribute in fields if attribute in changed}
    outcomes: list[object] = []
    for check in (check_fields, compiled_check(record_class)):
        record = object.__new__(record_class)
        for attribute, value in given_values.items():
            object.__setattr__(record, attribute, value)
        try:
            check(record)
        except DomainError as error:
            outcomes.append((str(error), error.field))
        else:
            outcomes.append(("", [getattr(record, attribute) for attribute in fields]))

    assert repr(outcomes[0]) == repr(outcomes[1])


def test_a_record_that_was_read_is_like_any_other() -> None:
    """It is frozen, and it can be copied and pickled."""
    found: Any = decode_canonical(AgreementWalEntry, SMALL[0])

    with pytest.raises(AttributeError):
        found.tick = 2
    assert copy.copy(found) == copy.deepcopy(found) == pickle.loads(pickle.dumps(found)) == found


def test_input_that_is_no_bytes_object_is_read() -> None:
    """A bytearray has the same answer as bytes."""
    mutable: Any = bytearray(SMALL[0])

    assert decode_canonical(AgreementWalEntry, mutable) == samples.escalation()
