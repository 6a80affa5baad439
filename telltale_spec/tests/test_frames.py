"""Frames: what is whole, what a crash left, and what is damaged otherwise."""

from __future__ import annotations

import zlib

import pytest

from telltale_spec.backends.frames import (
    BASE,
    CLOSING,
    CONTENT,
    HEADER_BYTES,
    OPENING,
    frame_bytes,
    scan,
)

HEAD = frame_bytes(BASE, 1, 0, b"title\n")
ONE = frame_bytes(CONTENT, 1, 1, b"one entry, long enough to be torn")
TWO = frame_bytes(CONTENT, 1, 2, b"another")


def test_whole_frames_are_read_back() -> None:
    found = scan(HEAD + ONE + TWO)

    assert [frame.payload for frame in found.frames[1:]] == [ONE[HEADER_BYTES:], b"another"]
    assert [frame.number for frame in found.frames] == [0, 1, 2]
    assert (found.end, found.damage) == (len(HEAD + ONE + TWO), None)


@pytest.mark.requirement("WAL-08")
def test_a_last_frame_cut_at_any_byte_is_the_rest_of_a_crash() -> None:
    for size in range(len(TWO)):
        found = scan(HEAD + ONE + TWO[:size])
        assert (len(found.frames), found.end, found.damage) == (2, len(HEAD + ONE), None)


@pytest.mark.requirement("WAL-08")
@pytest.mark.parametrize("size", [1, HEADER_BYTES, 512, 10_000])
def test_a_hole_of_zeros_is_no_frame(size: int) -> None:
    found = scan(HEAD + ONE + bytes(size))

    assert (len(found.frames), found.end, found.damage) == (2, len(HEAD + ONE), None)


def test_zeros_have_a_checksum_that_fits_them_without_the_magic() -> None:
    """Why the magic is there: length zero and CRC zero is a record to a plainer format."""
    assert zlib.crc32(b"") == int.from_bytes(bytes(4), "little")


@pytest.mark.requirement("WAL-08")
def test_a_changed_bit_in_front_of_a_whole_frame_is_damage() -> None:
    """Any bit of any frame but the last; and in the last one the frame is not read."""
    data = HEAD + ONE + TWO
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        found = scan(bytes(changed))
        assert len(found.frames) < 3
        assert (found.damage is not None) == (position < len(HEAD + ONE) * 8), position


@pytest.mark.requirement("WAL-08")
def test_a_frame_that_lies_behind_a_gap_is_damage() -> None:
    found = scan(HEAD + TWO)

    assert found.damage == f"what is at byte {len(HEAD)} is damaged, and frame 2 behind it is not"


@pytest.mark.requirement("WAL-08")
@pytest.mark.parametrize(
    "remnant",
    [frame_bytes(CONTENT, 1, 3, b"of an earlier epoch"), frame_bytes(CONTENT, 2, 1, b"old number")],
)
def test_a_whole_frame_that_the_disk_gave_back_is_no_entry(remnant: bytes) -> None:
    """Blocks that are used again can hold what an earlier life of the file has written."""
    opening = frame_bytes(OPENING, 2, 2, b"")
    data = HEAD + ONE + opening
    for between in (b"", b"torn", TWO[:-1]):
        found = scan(data + between + remnant + remnant)
        assert (len(found.frames), found.end, found.damage) == (3, len(data), None)


def test_nothing_whole_at_all_has_no_frames() -> None:
    assert scan(b"").frames == scan(b"something else" * 9).frames == ()
    assert scan(frame_bytes(9, 1, 0, b"no such kind")).frames == ()


def test_a_text_cannot_pass_for_a_frame() -> None:
    """The magic is no UTF-8, so no text that is stored can hold a frame."""
    with pytest.raises(UnicodeDecodeError):
        frame_bytes(CLOSING, 1, 1, b"").decode()
