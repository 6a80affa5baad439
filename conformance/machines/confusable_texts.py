"""Texts and numbers that stores take for each other: confusable, of equal hashes, long, large."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Final

from conformance.machines.confusable_groups import CONFUSABLE_GROUPS
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "COLLIDING_PAIRS",
    "LARGE_LENGTHS",
    "LENGTHS",
    "MANY_NUMBERS",
    "NUMBERS",
    "PAIRED_TEXTS",
    "all_texts",
    "confusable_pairs",
    "few_texts",
    "longest_texts",
    "odd_messages",
    "text_groups",
    "texts_of_length",
    "wide_texts",
]

PAIRED_TEXTS: Final = (
    ("a", "b:c"),
    ("a:b", "c"),
    ("a:", "b:c"),
    ("a", ":b:c"),
    ("", "a:b:c"),
    ("a:b:c", ""),
    ("a/b", "c"),
    ("a", "b/c"),
    ("ab", "c"),
    ("a", "bc"),
    ("a\0b", "c"),
    ("a", "b\0c"),
    ("a|b", "c"),
    ("a", "b|c"),
    ("a,b", "c"),
    ("a", "b,c"),
    ("a-b", "c"),
    ("a", "b-c"),
    ("a_b", "c"),
    ("a", "b_c"),
)
"""Pairs whose halves make the same text once they are put together carelessly."""

LENGTHS: Final = (15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 1_024)
"""Lengths at which stores cut texts; so is the one below."""

LARGE_LENGTHS: Final = (
    *(2_048, 4_095, 4_096, 4_097, 8_192, 16_384, 32_768, 65_535, 65_537, 70_000),
    # Beyond what readers of rows of text take for a field at most.
    140_000,
)
"""Lengths at which stores begin another page, or another way of keeping a text."""

_LONGEST: Final = 65_536
_WIDE_LIMITS: Final = (64, 128, 256, 4_096, _LONGEST)
_BOUNDARIES: Final = (1, 2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, 2**63)

NUMBERS: Final = (
    0,
    *sorted({bound + each for bound in _BOUNDARIES for each in (-1, 0, 1)} - {0}),
    U64_MAX - 1,
    U64_MAX,
)
"""Integers around the ends of what machines, databases and JSON readers keep, ascending."""

_DECIMALS: Final = tuple(10**digits for digits in range(1, 20))
# Days, and the beginnings of other eras, in seconds and in finer parts of them.
_TIMES: Final = (
    86_400,
    631_152_000,
    946_684_800,
    978_307_200,
    1_700_000_000,
    2_208_988_800,
    11_644_473_600,
    1_700_000_000_000,
    1_700_000_000_000_000,
    1_700_000_000_000_000_000,
    # Of which the last digits count too.
    1_700_000_000_123,
    1_700_000_000_123_457,
    1_700_000_000_123_456_789,
    1_950_000_000_987_654_321,
)

MANY_NUMBERS: Final = tuple(
    sorted(
        {each for bits in range(64) for each in (2**bits - 1, 2**bits, 2**bits + 1)}
        | {each for number in _DECIMALS for each in (number - 1, number)}
        | {*_TIMES, *NUMBERS}
    )
)
"""The same, around every power of two and of ten, and what is easily taken for a time."""

# Each pair has one value of a hash that stores make keys of.
_OF_OLD_HASHES: Final = (
    ("Aa", "BB"),  # Java's hashCode
    ("costarring", "liquid"),  # FNV-1a, 32 bits
    ("hetairas", "mentioner"),  # djb2
    ("plumless", "buckeroo"),  # CRC-32
    ("codding", "gnu"),  # CRC-32
    ("aca", "bab"),  # Adler-32
    ("ab", "bA"),  # djb2
    ("abc", "cba"),  # sums and xors of characters
    ("ab", "ba"),
    ("az", "by"),
)
_CUT_TO_BYTES: Final = 2
_HASHES: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda data: hashlib.sha256(data).digest()[:_CUT_TO_BYTES],
    lambda data: hashlib.sha256(data).digest()[-_CUT_TO_BYTES:],
    lambda data: hashlib.sha1(data, usedforsecurity=False).digest()[:_CUT_TO_BYTES],
    lambda data: hashlib.sha1(data, usedforsecurity=False).digest()[-_CUT_TO_BYTES:],
    lambda data: hashlib.md5(data, usedforsecurity=False).digest()[:_CUT_TO_BYTES],
    lambda data: hashlib.md5(data, usedforsecurity=False).digest()[-_CUT_TO_BYTES:],
    lambda data: hashlib.sha512(data).digest()[:_CUT_TO_BYTES],
    lambda data: hashlib.blake2b(data).digest()[:_CUT_TO_BYTES],
)


def _first_pair(hash_of: Callable[[bytes], bytes]) -> tuple[str, str]:
    """Return the first two numbered names that have one cut hash."""
    seen: dict[bytes, str] = {}
    for number in itertools.count():
        name = f"id-{number}"
        other = seen.setdefault(hash_of(name.encode()), name)
        if other != name:
            return other, name
    raise AssertionError("unreachable: names do not run out")


COLLIDING_PAIRS: Final = (*_OF_OLD_HASHES, *map(_first_pair, _HASHES))
"""Pairs of texts with equal values of common hashes, or of the first 16 bits of long ones."""


def all_texts() -> tuple[str, ...]:
    """Return every text of every group once."""
    texts = [*itertools.chain.from_iterable(CONFUSABLE_GROUPS.values())]
    return tuple(dict.fromkeys([*texts, *itertools.chain.from_iterable(COLLIDING_PAIRS)]))


def few_texts() -> tuple[str, ...]:
    """Return the first texts of each group: at least one pair of those that are confused."""
    first = [text for group in CONFUSABLE_GROUPS.values() for text in group[:4]]
    return tuple(dict.fromkeys(first))


def odd_messages() -> tuple[str, ...]:
    """Return texts that are odd in the middle of another one: the same, and every template."""
    groups = (CONFUSABLE_GROUPS["templates"], CONFUSABLE_GROUPS["quotes"])
    return tuple(dict.fromkeys([*few_texts(), *itertools.chain.from_iterable(groups)]))


def confusable_pairs() -> tuple[tuple[str, str], ...]:
    """Return two texts of each group, as those of a pair meet in one record."""
    pairs = [(group[0], group[1]) for group in CONFUSABLE_GROUPS.values()]
    return tuple(dict.fromkeys(pairs))


def text_groups() -> dict[str, tuple[str, ...]]:
    """Return the groups, one of texts with equal hashes, and one of texts with unequal ends."""
    long = [*itertools.chain.from_iterable(map(texts_of_length, LENGTHS)), *longest_texts()]
    prefix = "prefix/" * 40
    return {
        **CONFUSABLE_GROUPS,
        "equal hashes": tuple(dict.fromkeys(itertools.chain.from_iterable(COLLIDING_PAIRS))),
        "long texts": (*long, *(prefix + end for end in ("a", "b", "", "A"))),
    }


def texts_of_length(length: int) -> tuple[str, str]:
    """Return two texts that differ in their last character only."""
    return "x" * (length - 1) + "y", "x" * (length - 1) + "z"


def longest_texts() -> tuple[str, str]:
    """Return two texts longer than a 16-bit length can say; they differ at their ends only."""
    return texts_of_length(_LONGEST)


def wide_texts() -> tuple[str, ...]:
    """Return pairs of texts that are shorter than a limit in characters and longer in bytes."""
    return tuple("\u00e9" * (limit * 3 // 4) + end for limit in _WIDE_LIMITS for end in ("y", "z"))
