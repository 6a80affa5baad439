"""CBOR items of any kind, most of them well-formed, drawn from a seed.

Arguments lie around the places where a head or a type of the specification changes its size.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from conformance.vectors.kinds.draws import Draws

__all__ = ["draw_item", "nested", "spelled_head"]

_ARGUMENTS: Final = (
    *(0, 1, 2, 3, 5, 23, 24, 42, 255, 256, 65_535, 65_536),
    *(10**9 - 1, 10**9, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1),
)
_TAGS: Final = (0, 1, 2, 3, 4, 24, 32, 258, 55_799, 2**32, 2**64 - 1)
_TEXTS: Final = (
    *(b"", b"a", b"kind", b"payload", b"status", b"tick", b"none", b"success", b"Unit", b"Nat"),
    *("å".encode(), "名".encode(), "🂡".encode(), b"two words", b"x" * 23, b"x" * 24, b"x" * 256),
    # Not UTF-8: a lone start, a lone continuation, a surrogate, an overlong form.
    *(b"\xc3", b"\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"ok\xff"),
)
# Around the size of the buffer through which names and ignored texts are read (DEC-10).
_LONG_TEXTS: Final = (
    *(b"x" * 4_096, b"x" * 4_097, b"x" * 9_000),
    *("å".encode() * 2_048, b"x" + "å".encode() * 2_048, b"xx" + "名".encode() * 3_000),
    *(b"x" * 4_096 + b"\xff", b"x" * 4_095 + b"\xc3"),
)
_CODE_POINT_ENDS: Final = (
    0x80,
    0x300,
    0x900,
    0x2100,
    0x3200,
    0xD800,
    0x1_0000,
    0x2_0000,
    0x11_0000,
)
_OCTETS: Final = (b"", b"\x00", b"kind", b"tick", b"a", b"\xff", "å".encode(), b"\x05" * 8)
_FLOATS: Final = (
    *(b"\xf9\x00\x00", b"\xf9\x3c\x00", b"\xf9\x7c\x00", b"\xf9\x7e\x00", b"\xf9\x80\x00"),
    *(b"\xfa\x47\xc3\x50\x00", b"\xfa\x7f\xc0\x00\x00", b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"),
    *(b"\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c", b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
    *(b"\xfb\x43\xe0\x00\x00\x00\x00\x00\x00", b"\xfb\x00\x00\x00\x00\x00\x00\x00\x01"),
)
_FLOAT_SIZES: Final = ((25, 2), (26, 4), (27, 8))
# Bytes that start no well-formed item where they stand.
_BROKEN: Final = (b"\xff", b"\x1c", b"\x3d", b"\x5e", b"\x7c", b"\xfc", b"\xf8\x00", b"\x1f")
_MAGNITUDE_LENGTHS: Final = (0, 1, 7, 8, 9, 15, 16, 17, 24)
_HEAD_MINORS: Final = ((24, 1), (25, 2), (26, 4), (27, 8))
_BREAK: Final = b"\xff"


def spelled_head(draws: Draws, major: int, argument: int) -> bytes:
    """Return a head of a major type and argument, now and then longer than it has to be."""
    fitting = [(minor, size) for minor, size in _HEAD_MINORS if argument < 1 << (8 * size)]
    if argument < 24 and not draws.chance(15):
        return bytes([major << 5 | argument])
    minor, size = draws.pick(fitting) if draws.chance(15) else fitting[0]
    return bytes([major << 5 | minor]) + argument.to_bytes(size, "big")


def draw_item(draws: Draws, depth_max: int = 3) -> bytes:
    """Return the bytes of one item, containers at most ``depth_max`` deep."""
    case = draws.below(20 if depth_max else 13)
    if case < 3:
        return spelled_head(draws, draws.pick((0, 0, 1)), draws.pick(_ARGUMENTS))
    if case < 6:
        return _draw_string(draws, 3)
    if case < 8:
        return _draw_string(draws, 2)
    if case == 8:
        return _draw_float(draws)
    if case == 9:
        return _draw_simple(draws)
    if case == 10:
        return _draw_big_integer(draws)
    if case == 11:
        return draws.pick((b"\xf4", b"\xf5", b"\xf6", b"\xf7"))
    if case == 12:
        return draws.pick(_BROKEN) if draws.chance(30) else b"\xa0"
    if case < 16:
        return _draw_container(draws, 4, depth_max - 1)
    if case < 19:
        return _draw_container(draws, 5, depth_max - 1)
    return spelled_head(draws, 6, draws.pick(_TAGS)) + draw_item(draws, depth_max - 1)


def _draw_float(draws: Draws) -> bytes:
    if draws.chance(40):
        return draws.pick(_FLOATS)
    minor, size = draws.pick(_FLOAT_SIZES)
    return bytes([7 << 5 | minor]) + draws.octets(size)


def _draw_simple(draws: Draws) -> bytes:
    number = draws.below(256)
    if number < 24 and draws.chance(50):
        return bytes([7 << 5 | number])
    return bytes([0xF8, number])


def _draw_big_integer(draws: Draws) -> bytes:
    length = draws.pick(_MAGNITUDE_LENGTHS)
    first = draws.pick((0x00, 0x01, 0x7F, 0x80, 0xFF))
    octets = (bytes([first]) + draws.octets(length))[:length]
    tag = draws.pick((b"\xc2", b"\xc3"))
    if draws.chance(20):
        return tag + b"\x5f" + spelled_head(draws, 2, len(octets)) + octets + _BREAK
    return tag + spelled_head(draws, 2, len(octets)) + octets


def _draw_text(draws: Draws) -> bytes:
    if draws.chance(4):
        return draws.pick(_LONG_TEXTS)
    if draws.chance(75):
        return draws.pick(_TEXTS)
    points = [draws.below(draws.pick(_CODE_POINT_ENDS)) for _ in range(1 + draws.below(4))]
    characters = "".join([each for each in map(chr, points) if _is_old(each)])
    return characters.encode("utf-8", "surrogatepass")


def _is_old(character: str) -> bool:
    """Say whether every Unicode table knows a character.

    An error text shows some characters as they are and some by their number. Which, is in a table
    that each reader has a version of, and that says nothing good about newer characters.
    """
    return unicodedata.ucd_3_2_0.category(character) != "Cn"


def _draw_string(draws: Draws, major: int) -> bytes:
    content = _draw_text(draws) if major == 3 or draws.chance(20) else draws.pick(_OCTETS)
    if not draws.chance(25):
        length = draws.pick(_ARGUMENTS) if draws.chance(3) else len(content)
        return spelled_head(draws, major, length) + content
    chunks: list[bytes] = []
    for _ in range(draws.below(3)):
        part = _draw_text(draws)
        # Chunks inside chunks, and chunks of the other kind, are for the reader to judge.
        kind = major if draws.chance(90) else 5 - major
        chunk = spelled_head(draws, kind, len(part)) + part
        chunks.append(bytes([major << 5 | 31]) + chunk + _BREAK if draws.chance(10) else chunk)
    return bytes([major << 5 | 31]) + b"".join(chunks) + _BREAK


def _draw_container(draws: Draws, major: int, depth_max: int) -> bytes:
    count = draws.below(4)
    parts = [draw_item(draws, depth_max) for _ in range(count * (major - 3))]
    if draws.chance(25):
        surplus = draw_item(draws, 0) if major == 5 and draws.chance(10) else b""
        return bytes([major << 5 | 31]) + b"".join(parts) + surplus + _BREAK
    if draws.chance(95):
        claimed = count
    else:
        claimed = draws.pick((max(0, count - 1), count + 1, draws.pick(_ARGUMENTS)))
    return spelled_head(draws, major, claimed) + b"".join(parts)


def nested(draws: Draws, item: bytes) -> bytes:
    """Return an item inside many containers of one kind, around where readers give up."""
    depth = draws.pick((1, 30, 110, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128))
    if draws.chance(50):
        depth = 2 * depth + draws.below(3)
    before, after = draws.pick(
        (
            (b"\x81", b""),
            (b"\x9f", b"\xff"),
            (b"\xa1\x00", b""),
            (b"\xbf\x00", b"\xff"),
            (b"\xa1\x64Prod\x82\x64Unit", b""),
            (b"\xa1\x64Prod\x9f\x64Unit", b"\xff"),
            (b"\xbf\x64Prod\x82\x64Unit", b"\xff"),
            (b"\xd8\x20", b""),
        )
    )
    return before * depth + item + after * depth
