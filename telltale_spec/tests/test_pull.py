"""The pull parser: heads, offsets, push back, chunks, and bad UTF-8 at buffer borders."""

from __future__ import annotations

import math

import pytest

from telltale_spec.errors import DecodeError, DecodeErrorCategory
from telltale_spec.tests.cbor_pieces import BREAK, BYTES, TEXT, chunks, head, octets, text
from telltale_spec.wire.pull import SCRATCH_BYTES, Header, HeaderKind, PullParser


def _pulled(data: bytes) -> tuple[HeaderKind, int | None]:
    header = PullParser(data).pull()
    assert header.size_bytes == len(data)
    return header.kind, header.argument


def _read_text(data: bytes) -> str:
    parser = PullParser(data)
    return parser.read_text(parser.pull())


@pytest.mark.requirement("DEC-14")
@pytest.mark.parametrize("argument_bytes", [None, 1, 2, 4, 8])
@pytest.mark.parametrize(
    ("major", "kind"),
    [
        (0, HeaderKind.POSITIVE),
        (1, HeaderKind.NEGATIVE),
        (2, HeaderKind.BYTES),
        (3, HeaderKind.TEXT),
        (4, HeaderKind.ARRAY),
        (5, HeaderKind.MAP),
        (6, HeaderKind.TAG),
    ],
)
def test_dec_14_a_head_of_any_size_says_the_same(
    major: int, kind: HeaderKind, argument_bytes: int | None
) -> None:
    assert _pulled(head(major, 7, argument_bytes)) == (kind, 7)


@pytest.mark.requirement("DEC-23")
def test_dec_23_a_simple_value_takes_one_byte_or_two() -> None:
    assert _pulled(b"\xf4") == _pulled(b"\xf8\x14") == (HeaderKind.SIMPLE, 20)
    assert _pulled(b"\xf8\x03") == _pulled(b"\xe3") == (HeaderKind.SIMPLE, 3)


def test_floats_of_all_three_sizes_are_read() -> None:
    assert PullParser(b"\xf9\x3c\x00").pull().number == 1.0
    assert PullParser(b"\xfa\x3f\x80\x00\x00").pull().number == 1.0
    assert math.isnan(PullParser(b"\xfb\x7f\xf8" + bytes(6)).pull().number)


@pytest.mark.requirement("DEC-18")
def test_dec_18_indefinite_lengths_and_the_break_are_headers() -> None:
    for byte, kind in [
        (0x5F, HeaderKind.BYTES),
        (0x7F, HeaderKind.TEXT),
        (0x9F, HeaderKind.ARRAY),
        (0xBF, HeaderKind.MAP),
        (0xFF, HeaderKind.BREAK),
    ]:
        assert _pulled(bytes([byte])) == (kind, None)


@pytest.mark.requirement("DEC-29")
@pytest.mark.parametrize("byte", [0x1C, 0x3D, 0x5E, 0xFC, 0x1F, 0x3F, 0xDF])
def test_dec_29_a_malformed_head_is_a_syntax_error_at_its_first_byte(byte: int) -> None:
    parser = PullParser(bytes([0, byte]))
    parser.pull()
    with pytest.raises(DecodeError) as caught:
        parser.pull()
    assert caught.value.detail == "Syntax(1)"
    assert (caught.value.category, caught.value.offset) == (DecodeErrorCategory.SYNTAX, 1)


@pytest.mark.requirement("DEC-29")
@pytest.mark.parametrize("data", [b"", b"\x18", b"\x19\x00", b"\x1b" + bytes(7), b"\xf9\x00"])
def test_dec_29_a_head_that_is_cut_off_is_the_end_of_the_input(data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        PullParser(data).pull()
    assert caught.value.category is DecodeErrorCategory.INPUT_ENDED
    assert caught.value.detail == (
        'Io(Error { kind: UnexpectedEof, message: "failed to fill whole buffer" })'
    )


def test_a_pushed_header_is_pulled_again_and_counts_with_its_shortest_size() -> None:
    parser = PullParser(b"\x00" + head(TEXT, 2, 8) + b"ab")
    parser.pull()
    header = parser.pull()
    assert parser.offset == 10
    parser.push(header)
    assert parser.offset == 9
    assert parser.pull() is header
    assert parser.offset == 10


@pytest.mark.parametrize(
    ("argument", "size_bytes"),
    [(0, 1), (23, 1), (24, 2), (255, 2), (256, 3), (65_536, 5), (2**32, 9), (None, 1)],
)
def test_the_shortest_size_of_a_head_follows_its_argument(
    argument: int | None, size_bytes: int
) -> None:
    assert Header(HeaderKind.TEXT, argument, 9).shortest_size_bytes == size_bytes


def test_rewinding_a_header_makes_it_unread() -> None:
    parser = PullParser(b"\x00\x19\x01\x00")
    parser.pull()
    header = parser.pull()
    parser.push(header)
    parser.rewind(header)
    assert parser.position == parser.offset == 1
    assert parser.pull() == header


@pytest.mark.requirement("DEC-18")
def test_dec_18_chunks_may_be_nested_and_empty() -> None:
    inner = chunks(TEXT, text("b"), chunks(TEXT), text(""))
    data = chunks(TEXT, text("a"), inner, text("c")) + b"\x00"
    parser = PullParser(data)
    assert parser.read_text(parser.pull()) == "abc"
    assert parser.position == len(data) - 1
    assert _read_text(chunks(TEXT)) == ""


@pytest.mark.requirement("DEC-18")
def test_dec_18_every_chunk_has_to_be_valid_by_itself() -> None:
    whole = "ä".encode()
    split = chunks(TEXT, head(TEXT, 1) + whole[:1], head(TEXT, 1) + whole[1:])
    with pytest.raises(DecodeError, match=r"Syntax\(1\)"):
        _read_text(split)


@pytest.mark.requirement("DEC-18")
def test_dec_18_a_chunk_of_another_kind_is_a_syntax_error_at_the_chunk() -> None:
    with pytest.raises(DecodeError, match=r"Syntax\(3\)"):
        _read_text(chunks(TEXT, text("a"), octets(b"b")))


def test_byte_strings_are_joined_and_skipped_like_texts() -> None:
    data = chunks(BYTES, octets(b"\xff"), octets(b"\x00\x01"))
    parser = PullParser(data)
    assert parser.read_bytes(parser.pull()) == b"\xff\x00\x01"
    parser.position = 0
    parser.skip_bytes(parser.pull())
    assert parser.position == len(data)


@pytest.mark.requirement("DOM-03")
@pytest.mark.parametrize("body", [b"\xed\xa0\x80", b"\xc0\x80", b"\xff", b"a\xe2\x82"])
def test_dom_03_bad_utf_8_is_a_syntax_error_at_the_text(body: bytes) -> None:
    with pytest.raises(DecodeError, match=r"Syntax\(0\)"):
        _read_text(head(TEXT, len(body)) + body)


@pytest.mark.requirement("DEC-29")
def test_dec_29_bad_utf_8_in_a_full_buffer_is_seen_before_the_missing_end() -> None:
    cut_off = head(TEXT, 3 * SCRATCH_BYTES)
    bad = b"x" * (SCRATCH_BYTES - 4) + b"\xff" + b"xxx"
    with pytest.raises(DecodeError, match="Syntax"):
        _read_text(cut_off + bad)
    # One byte less, and the buffer was never full.
    with pytest.raises(DecodeError, match="UnexpectedEof"):
        _read_text(cut_off + bad[:-1])
    # Three bytes at the end of a buffer may be a character that goes on.
    with pytest.raises(DecodeError, match="UnexpectedEof"):
        _read_text(cut_off + b"x" * (SCRATCH_BYTES - 3) + b"\xff" + b"xx")


def test_a_character_may_lie_across_buffers_and_a_huge_length_takes_no_memory() -> None:
    content = "x" * (SCRATCH_BYTES - 1) + "€" * 3
    assert _read_text(text(content)) == content
    with pytest.raises(DecodeError, match="UnexpectedEof"):
        _read_text(head(TEXT, 2**64 - 1) + content.encode())


def test_a_break_is_taken_only_if_it_is_next() -> None:
    parser = PullParser(b"\x00" + BREAK)
    assert not parser.take_break()
    parser.pull()
    assert parser.take_break()
    assert not parser.take_break()
