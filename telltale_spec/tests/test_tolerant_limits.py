"""The tolerant reader at its limits: depth, size, cut-off and hostile input, golden vectors."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale_spec.errors import DecodeError, DecodeErrorCategory, DurabilityError
from telltale_spec.tests.cbor_pieces import (
    ARRAY,
    BYTES,
    TEXT,
    array,
    cache_of_event,
    cache_of_response,
    cache_of_value,
    chunks,
    head,
    mapping,
    open_array,
    open_mapping,
    plain,
    recovery,
    tag,
    text,
    uint,
    wal,
)
from telltale_spec.tests.samples import cache, escalation, finalization, gate, log, produced
from telltale_spec.wire.limits import MAX_PERSISTED_DURABILITY_BYTES
from telltale_spec.wire.persisted import PersistedDurabilityArtifact, decode_artifact_tolerantly
from telltale_spec.wire.recovery import DurableRecoveryMetadata

GOLDEN: Final = Path(__file__).parents[3] / "shared" / "golden" / "decode.jsonl"

WAL: Final = PersistedDurabilityArtifact.agreement_wal(
    log(
        escalation(evidence_id="e"), produced(session=7), finalization(proof_id="p"), gate(tick=300)
    )
).to_cbor()
CACHE: Final = PersistedDurabilityArtifact.evidence_outcome_cache(cache("e", "é" * 20)).to_cbor()
RECOVERY: Final = PersistedDurabilityArtifact.recovery_metadata(
    DurableRecoveryMetadata(5, 6, None, ("a",), (), ("b", "c"))
).to_cbor()
EVENTS: Final = cache_of_event(
    plain({"Timeout": {"site": "s", "duration": {"secs": 2, "nanos": 3}}})
)
VALUE: Final = cache_of_value(
    plain({"Prod": [{"Prod": ["Unit", {"Nat": 3}]}, {"Endpoint": {"sid": 1, "role": "r"}}]})
)
SAMPLES: Final = (WAL, CACHE, RECOVERY, EVENTS, VALUE)

# Bytes that change the meaning of what comes behind them most.
HEADS: Final = bytes.fromhex("00172038405f607f809fa0a1bfc1c2c3d8f4f6f7f8f9fbff1b5b7b9bbb")


def verdict_of(data: bytes) -> str:
    """Return the verdict, and let nothing pass but our own errors."""
    try:
        artifact = decode_artifact_tolerantly(data)
    except DurabilityError as error:
        return str(error)
    # What was accepted is a value like any other: it can be written and read again.
    assert decode_artifact_tolerantly(artifact.to_cbor()) == artifact
    return "accepted"


def category_of(data: bytes) -> DecodeErrorCategory | None:
    try:
        decode_artifact_tolerantly(data)
    except DecodeError as error:
        return error.category
    return None


def nested(depth: int, wrap: Callable[[bytes], bytes], innermost: bytes) -> bytes:
    for _ in range(depth):
        innermost = wrap(innermost)
    return innermost


def product(inner: bytes) -> bytes:
    return mapping(("Prod", array(inner, text("Unit"))))


def open_product(inner: bytes) -> bytes:
    return open_mapping(("Prod", open_array(text("Unit"), inner)))


@pytest.mark.requirement("DEC-28")
@pytest.mark.parametrize("wrap", [array, open_array, lambda inner: mapping((inner, uint(0)))])
def test_dec_28_unknown_values_may_be_252_and_250_containers_deep(
    wrap: Callable[[bytes], bytes],
) -> None:
    def in_recovery(depth: int) -> bytes:
        return recovery(("unknown", nested(depth, wrap, array())))

    def in_entry(depth: int) -> bytes:
        unknown = ("unknown", nested(depth, wrap, array()))
        return wal(mapping(("kind", text("escalation")), unknown))

    assert category_of(in_recovery(252)) is None
    assert category_of(in_recovery(253)) is DecodeErrorCategory.RECURSION_LIMIT
    # The entry lacks its fields, which is noticed once it has been stepped over.
    assert category_of(in_entry(250)) is DecodeErrorCategory.SEMANTIC
    assert category_of(in_entry(251)) is DecodeErrorCategory.RECURSION_LIMIT


@pytest.mark.requirement("DEC-28", "F23")
@pytest.mark.parametrize("wrap", [product, open_product])
def test_dec_28_products_may_be_124_deep(wrap: Callable[[bytes], bytes]) -> None:
    def in_response(depth: int) -> bytes:
        return cache_of_value(nested(depth, wrap, text("Unit")))

    artifact = decode_artifact_tolerantly(in_response(124))
    assert decode_artifact_tolerantly(artifact.to_cbor()) == artifact
    assert category_of(in_response(125)) is DecodeErrorCategory.RECURSION_LIMIT


@pytest.mark.requirement("DEC-28")
def test_dec_28_what_is_around_and_inside_the_products_counts_too() -> None:
    def in_registers(depth: int, innermost: bytes) -> bytes:
        value = nested(depth, product, innermost)
        return cache_of_response(mapping(("kind", text("receive")), ("state", array(value))))

    assert category_of(in_registers(124, text("Unit"))) is None
    number = plain({"Nat": 1})
    assert category_of(in_registers(123, number)) is None
    assert category_of(in_registers(124, number)) is DecodeErrorCategory.RECURSION_LIMIT


@pytest.mark.requirement("DEC-28", "DEC-12")
def test_dec_28_tags_count_only_where_a_value_is_read_generically() -> None:
    def tagged(depth: int) -> bytes:
        return nested(depth, lambda inner: tag(9, inner), uint(1))

    assert category_of(recovery(("wal_tail_start_tick", b"\xc9" * 100_000 + uint(1)))) is None
    assert category_of(recovery(("unknown", tagged(253)))) is None
    assert category_of(recovery(("unknown", tagged(254)))) is DecodeErrorCategory.RECURSION_LIMIT


@pytest.mark.requirement("DEC-28")
def test_dec_28_depth_needs_no_python_stack() -> None:
    deepest = cache_of_value(nested(124, open_product, text("Unit")))
    wrong_inside = cache_of_value(nested(124, open_product, text("Unknown")))
    here = 1
    while sys._getframe(here).f_back is not None:
        here += 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(here + 60)
    try:
        artifact = decode_artifact_tolerantly(deepest)
        category = category_of(wrong_inside)
    finally:
        sys.setrecursionlimit(limit)
    assert artifact.into_evidence_outcome_cache().entries
    assert category is DecodeErrorCategory.SEMANTIC


@pytest.mark.requirement("DEC-27")
def test_dec_27_the_limit_itself_is_still_read() -> None:
    at_limit = RECOVERY.ljust(MAX_PERSISTED_DURABILITY_BYTES, b"\x00")
    assert decode_artifact_tolerantly(at_limit) == decode_artifact_tolerantly(RECOVERY)
    with pytest.raises(DecodeError) as caught:
        decode_artifact_tolerantly(at_limit + b"\x00")
    assert caught.value.category is DecodeErrorCategory.SIZE_LIMIT
    assert caught.value.detail == "input is 67108865 bytes, max is 67108864"


@pytest.mark.requirement("DEC-30")
@pytest.mark.parametrize("sample", SAMPLES)
def test_dec_30_every_proper_prefix_is_the_end_of_the_input(sample: bytes) -> None:
    categories = {category_of(sample[:length]) for length in range(len(sample))}
    assert categories == {DecodeErrorCategory.INPUT_ENDED}
    assert verdict_of(sample) == "accepted"


@pytest.mark.requirement("DEC-29")
def test_dec_29_the_four_kinds_of_error_have_the_specified_words() -> None:
    prefix = "decode persisted durability artifact: "
    assert verdict_of(b"") == (
        f'{prefix}Io(Error {{ kind: UnexpectedEof, message: "failed to fill whole buffer" }})'
    )
    assert verdict_of(b"\xa1\xdc") == f"{prefix}Syntax(1)"
    # A sentence about a text quotes it, and is itself quoted.
    quoting = wal(text('"\n'))
    assert verdict_of(quoting) == (
        prefix + r'Semantic(None, "invalid type: string \"\\\"\\n\", '
        r'expected internally tagged enum AgreementWalEntry")'
    )
    too_deep = recovery(("unknown", nested(300, array, uint(1))))
    assert verdict_of(too_deep) == f"{prefix}RecursionLimitExceeded"


@pytest.mark.requirement("DEC-29")
@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1e21, "1000000000000000000000.0"),
        (1.5e-7, "0.00000015"),
        (-0.0, "-0.0"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "NaN"),
        # Midway between the two shortest decimals: the one farther from zero, even or not.
        (-0.00138950347900390625, "-0.0013895034790039063"),
        (0.00138950347900390625, "0.0013895034790039063"),
        (2.0**-24, "0.00000005960464477539063"),
        # The nearer one is even, the other would be odd.
        (0.1, "0.1"),
        (5e-324, f"0.{'0' * 323}5"),
    ],
)
def test_dec_29_floats_are_shown_without_an_exponent(number: float, shown: str) -> None:
    assert f"floating point `{shown}`" in verdict_of(wal(plain(number)))


@pytest.mark.requirement("DEC-29")
def test_dec_29_what_extends_a_grapheme_is_shown_by_its_number() -> None:
    """Also the spacing marks and letters among them, whose category does not tell."""
    shown = verdict_of(wal(text("\u0915\u09be\u0903\uff9e\uff76")))
    assert "\u0915\\\\u{9be}\u0903\\\\u{ff9e}\uff76" in shown


@pytest.mark.requirement("DEC-29", "DEC-14")
def test_dec_29_a_pushed_back_text_is_reported_where_its_shortest_head_would_start() -> None:
    name = head(TEXT, 2, 8) + b"\xff\xff"
    assert "Syntax(1)" in verdict_of(b"\xa1" + name)
    assert "Syntax(9)" in verdict_of(b"\xbf" + name)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a sample with a few bytes changed, inserted, cut out or repeated."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    new_bytes = st.one_of(st.sampled_from(HEADS).map(lambda byte: bytes([byte])), st.binary())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        piece = bytes(data[start:end])
        data[start:end] = draw(st.one_of(new_bytes, st.just(piece + piece), st.just(b"")))
    return bytes(data)


@settings(deadline=None, max_examples=300)
@given(mutated())
def test_changed_bytes_give_a_value_or_our_own_error(data: bytes) -> None:
    verdict_of(data)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_changed_byte_gives_a_value_or_our_own_error(sample: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(sample) - 1))
    byte = data.draw(st.one_of(st.sampled_from(HEADS), st.integers(0, 255)))
    verdict_of(sample[:index] + bytes([byte]) + sample[index + 1 :])


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_our_own_error(data: bytes) -> None:
    verdict_of(data)


# Large enough for anything proportional to show, small enough to be traced quickly.
LARGE: Final = 2**17


def unknown_in_entry(value: bytes) -> bytes:
    return wal(mapping(("kind", text("escalation")), ("unknown", value)))


HOSTILE: Final[dict[str, Callable[[], bytes]]] = {
    "zeros": lambda: unknown_in_entry(head(ARRAY, LARGE) + bytes(LARGE)),
    "open map": lambda: unknown_in_entry(b"\xbf" + bytes(LARGE) + b"\xff"),
    "two-byte integers": lambda: unknown_in_entry(
        head(ARRAY, LARGE // 2) + b"\x18\xff" * (LARGE // 2)
    ),
    "empty arrays": lambda: unknown_in_entry(head(ARRAY, LARGE // 4) + b"\x80" * (LARGE // 4)),
    "nested chunks": lambda: unknown_in_entry(b"\x7f" * (LARGE // 4) + b"\xff" * (LARGE // 4)),
    "empty chunks": lambda: recovery(
        ("cached_evidence_ids", array(chunks(TEXT, text("") * (LARGE // 4))))
    ),
    "tags": lambda: recovery(("wal_tail_start_tick", b"\xc9" * (LARGE // 4))),
    "big integer": lambda: recovery(
        ("wal_tail_start_tick", tag(2, head(BYTES, LARGE) + bytes(LARGE)))
    ),
    "long key": lambda: wal(mapping(("k" * LARGE, uint(0)))),
    "text for an integer": lambda: cache_of_response(text("x" * LARGE)),
    "huge count": lambda: recovery(("cached_evidence_ids", head(ARRAY, 2**64 - 1))),
    "huge map": lambda: unknown_in_entry(head(5, 2**64 - 1)),
    "huge text": lambda: unknown_in_entry(head(TEXT, 2**64 - 1) + b"x" * LARGE),
}


@pytest.mark.requirement("F41")
@pytest.mark.parametrize("name", HOSTILE)
def test_f41_hostile_input_takes_a_few_times_its_size_in_memory(name: str) -> None:
    data = HOSTILE[name]()
    tracemalloc.start()
    try:
        verdict_of(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The text of an error that quotes the input is made in a few steps.
    assert peak_bytes < 8 * len(data) + 200_000


def golden_lines() -> list[Any]:
    if not GOLDEN.exists():
        return []
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no golden vectors beside the checkout: {GOLDEN}")
def test_golden_decode_vectors_give_the_same_verdict_value_and_text() -> None:
    for line in golden_lines():
        data = bytes.fromhex(line["cbor"])
        if line["verdict"] == "accept":
            assert decode_artifact_tolerantly(data).to_cbor().hex() == line["reencoded"], line["id"]
        else:
            assert verdict_of(data) == line["error"], line["id"]
