"""Texts and numbers that stores take for each other, as data: each is tried in every run.

A group holds texts that one careless conversion makes equal or matches with each other: folding,
trimming, cutting, normalising, quoting, patterns, paths, numbers and hashes.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Final

from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "COLLIDING_PAIRS",
    "CONFUSABLE_GROUPS",
    "LENGTHS",
    "NUMBERS",
    "PAIRED_TEXTS",
    "all_texts",
    "few_texts",
    "longest_texts",
    "text_groups",
    "texts_of_length",
]

CONFUSABLE_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "letter case": ("a", "A", "e", "E", "\u00df", "ss", "SS", "\u1e9e", "\u01c5", "\u01c6"),
    "letter case by language": (
        "i",
        "I",
        "\u0131",
        "\u0130",
        "i\u0307",
        "\u017f",
        "s",
        "\u212a",
        "k",
    ),
    "blanks": (
        "",
        " ",
        "a",
        "a ",
        " a",
        "a  ",
        "a\t",
        "\ta",
        "a\u00a0",
        "a\u200b",
        "\ufeffa",
        "\u3000",
    ),
    "line ends": ("a\n", "a\r", "a\r\n", "\na", "a\nb", "a\r\nb", "a\u2028", "a\x85", "\n"),
    "the character zero": ("a", "a\0", "a\0b", "a\0c", "\0", "\0\0", "\0a", "ab"),
    "normal forms": (
        "\u00e9",
        "e\u0301",
        "e",
        "\u212b",
        "\u00c5",
        "A\u030a",
        "\ufb01",
        "fi",
        "\uff41",
        "a",
    ),
    "combining marks": (
        "\u1ea1\u0307",
        "\u1e61\u0323",
        "s\u0323\u0307",
        "s\u0307\u0323",
        "\uac00",
        "\u1100\u1161",
    ),
    "outside the basic plane": (
        "\U0001f600",
        "\U0001f601",
        "\U00010000",
        "\uffff",
        "\ufffd",
        "\ue000",
        "?",
    ),
    "words for nothing": ("null", "NULL", "None", "nil", "-", "", "undefined", "\\N", "0", "false"),
    "numbers": (
        "1",
        "01",
        "1.0",
        "+1",
        "1e0",
        "0x1",
        "true",
        "True",
        "\u0661",
        "\uff11",
        "-0",
        "0",
    ),
    "large numbers": ("9007199254740992", "9007199254740993", "18446744073709551616", "inf", "nan"),
    "patterns": (
        "ab",
        "a%",
        "a_",
        "a*",
        "a?",
        "[a]b",
        "a.",
        "a",
        "%",
        "_",
        "*",
        "?",
        "^a",
        "a|b",
        "[ab]",
    ),
    "quotes": (
        "'",
        "''",
        '"',
        '""',
        "a'b",
        "a''b",
        'a"b',
        "\\",
        "\\\\",
        "a\\",
        "`",
        "${a}",
        "{}",
        "%s",
    ),
    "paths": ("a/b", "a_b", "a:b", "a\\b", "a.b", "a-b", "a b", "ab", "a//b", "a/./b", "a/", "/a"),
    "folders": (".", "..", "/", "../a", "a/..", "~", "CON", ".a", "a", "a.", "a~", "a;1"),
    "escapes spelled out": (
        "a\\tb",
        "a\\nb",
        "a\tb",
        "a\nb",
        "a\\rb",
        "a\\0b",
        "a\\\\tb",
        "\\x61",
        "\\141",
        "a\\'b",
        'a\\"b',
    ),
    "templates": (
        "{",
        "$$",
        "${HOME}",
        "{0}",
        "$HOME",
        "%HOME%",
        "$",
        "$a",
        "$1",
        "$&",
        "{{",
        "}",
        "{a}",
        "{{a}}",
        "{a!r}",
        "#{a}",
        "%",
        "%%",
        "%d",
        "%(a)s",
        "\\1",
        "\\g<0>",
        "{% a %}",
        "<%= a %>",
    ),
    "words of formats": (
        "a: b",
        "# a",
        "=a",
        "yes",
        "a #b",
        "- a",
        "[a]",
        "{a: b}",
        "no",
        "off",
        "---",
        "!a",
        "&a",
        "*a",
        "@a",
        "a = b",
        "=1+1",
        "1_000",
        "0o17",
        "2026-01-01",
        "12:30:45",
        "1,5",
    ),
    "encodings": (
        "YQ==",
        "a=",
        "=61",
        "+AGE-",
        "61",
        "YQ",
        "=?utf-8?q?a?=",
        "xn--nxa",
        "\\u{61}",
        "&#x61;",
        "&nbsp;",
        "\u00c3\u00a9",
        "b'a'",
    ),
    "commands": (
        "a;--",
        "a/*b*/",
        "a' OR '1'='1",
        "a\nSET b",
        "a)",
        "(a",
        ":a",
        "?1",
        "`a`",
        "$(a)",
    ),
    "markup": ("<", "&lt;", "&amp;lt;", "&#60;", "<!--", "a<b>", "]]>"),
    "escapes": (
        "a%2Fb",
        "a%2fb",
        "a/b",
        "a+b",
        "a b",
        "a&b",
        "a&amp;b",
        "\\u0061",
        "a,b",
        "a;b",
        "a=b",
    ),
}
"""Texts that are easily taken for each other, by what does it."""

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

_LONGEST: Final = 65_536
_BOUNDARIES: Final = (1, 2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, 2**63)

NUMBERS: Final = (
    0,
    *sorted({bound + each for bound in _BOUNDARIES for each in (-1, 0, 1)} - {0}),
    U64_MAX - 1,
    U64_MAX,
)
"""Integers around the ends of what machines, databases and JSON readers keep, ascending."""

# Each pair has one value of a hash that stores make keys of.
_OF_OLD_HASHES: Final = (
    ("Aa", "BB"),  # Java's hashCode
    ("costarring", "liquid"),  # FNV-1a, 32 bits
    ("hetairas", "mentioner"),  # djb2
    ("plumless", "buckeroo"),  # CRC-32
    ("codding", "gnu"),  # CRC-32
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
