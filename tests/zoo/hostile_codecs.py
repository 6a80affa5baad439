"""Readers that bad bytes bring down, each by one fault, and unusual ones that stand them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

from telltale_spec.errors import DomainError, DurabilityError
from telltale_spec.wire.persisted import PersistedDurabilityArtifact as Artifact
from tests.zoo.broken_codecs import CorrectCodec

__all__ = ["BROKEN_BY_BYTES", "UNUSUAL_AND_RIGHT"]

_PREFIX: Final = "decode persisted durability artifact: "
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _OTHER = range(2, 8)
_INDEFINITE: Final = 31


class Ended(Exception):  # noqa: N818 - control flow, not an error
    """The scan cannot go on; what the input is worth is for the reference to say."""


class Scan:
    """Walk through the items of an input with a stack of its own, changing nothing.

    A subclass puts one fault into one of the steps.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.position = 0
        # How many items each open container still needs; None until its end is met.
        self.open: list[int | None] = []
        self.number_of_items = 0

    def run(self) -> None:
        """Walk to the end of the first item, or to where there is nothing to walk on."""
        try:
            self.item()
            while self.open:
                left = self.open[-1]
                if left == 0:
                    self.open.pop()
                    continue
                if left is not None:
                    self.open[-1] = left - 1
                self.item()
        except Ended:
            return

    def item(self) -> None:
        start = self.position
        first = self.take(1)[0]
        major_type, information = first >> 5, first & 31
        if first == 0xFF:
            self.end_of_indefinite()
        elif information == _INDEFINITE:
            if major_type not in (_BYTES, _TEXT, _ARRAY, _MAP):
                raise Ended
            self.opened(None)
        else:
            self.number_of_items += 1
            argument = self.argument(information, major_type, start)
            self.of_length(major_type, argument, start)

    def end_of_indefinite(self) -> None:
        while self.open and self.open[-1] is not None:
            self.open.pop()
        if not self.open:
            raise Ended
        self.open.pop()

    def argument(self, information: int, major_type: int, start: int) -> int:
        if information < 24:
            return information
        if information > 27:
            raise Ended
        return int.from_bytes(self.take(1 << information - 24))

    def of_length(self, major_type: int, argument: int, start: int) -> None:
        if major_type in (_BYTES, _TEXT):
            self.string(major_type, argument)
        elif major_type == _ARRAY:
            self.opened(argument)
        elif major_type == _MAP:
            self.opened(2 * argument)
        elif major_type == _TAG:
            self.opened(1)
        elif major_type == _OTHER:
            self.simple(argument)

    def string(self, major_type: int, length: int) -> None:
        self.take(length)

    def opened(self, items: int | None) -> None:
        self.open.append(items)

    def simple(self, number: int) -> None:
        """Look at a number that stands for a value of its own."""

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.position:
            raise Ended
        self.position += length
        return bytes(self.data[self.position - length : self.position])


class Scanning(CorrectCodec):
    """Walk through an input first, and let the reference read what the walk left."""

    def __init__(self, scan: type[Scan]) -> None:
        self.scan = scan

    def decode(self, data: bytes) -> Artifact:
        if len(data) > 2**24:
            return super().decode(data)
        walk = self.scan(data)
        walk.run()
        return super().decode(bytes(walk.data))


class ReservesTexts(Scan):
    """Make room for a text before it is there."""

    def string(self, major_type: int, length: int) -> None:
        if major_type == _TEXT:
            self.room = bytearray(min(length, sys.maxsize - 64))
        super().string(major_type, length)


class ReservesBytes(Scan):
    """Make room for a byte string before it is there."""

    def string(self, major_type: int, length: int) -> None:
        if major_type == _BYTES:
            self.room = bytearray(min(length, sys.maxsize - 64))
        super().string(major_type, length)


class ReservesItems(Scan):
    """Make a list of all items before the first one is there, and touch each of them."""

    def opened(self, items: int | None) -> None:
        self.items = [None] * min(items or 0, sys.maxsize >> 4)
        super().opened(items)


class CountsInMachineWords(Scan):
    """Count items with what takes no number over 2^63-1."""

    def opened(self, items: int | None) -> None:
        super().opened(items)
        itertools.repeat(None, (items or 0) // 2)


class TrustsThatBytesAreThere(Scan):
    """Take the first byte of an item without looking whether there is one."""

    def item(self) -> None:
        self.first = self.data[self.position]
        super().item()


class KnowsFewSimpleValues(Scan):
    """Look every simple value up in a table of those that are known."""

    known: Final = {20: False, 21: True, 22: None, 23: None}

    def argument(self, information: int, major_type: int, start: int) -> int:
        argument = super().argument(information, major_type, start)
        if major_type == _OTHER and information <= 24:
            self.value = self.known[argument]
        return argument


class DecodesEveryText(Scan):
    """Let the error of a text that is none pass, where a field is unknown too."""

    def string(self, major_type: int, length: int) -> None:
        text = self.take(length)
        if major_type == _TEXT:
            text.decode()


class _NarrowLengths(Scan):
    """Keep only so many bits of a length, as a reader with lengths of another type."""

    bits: int

    def argument(self, information: int, major_type: int, start: int) -> int:
        argument = super().argument(information, major_type, start)
        if major_type in (_BYTES, _TEXT, _ARRAY, _MAP) and information >= 24:
            argument &= (1 << self.bits) - 1
            self.data[start + 1 : self.position] = argument.to_bytes(1 << information - 24)
        return argument


class Lengths16Bits(_NarrowLengths):
    bits = 16


class Lengths31Bits(_NarrowLengths):
    bits = 31


class Lengths32Bits(_NarrowLengths):
    bits = 32


class Lengths40Bits(_NarrowLengths):
    bits = 40


class Lengths63Bits(_NarrowLengths):
    bits = 63


class Recursive(CorrectCodec):
    """Go one call deeper with each opening, however many there are."""

    def decode(self, data: bytes) -> Artifact:
        self._deeper(data, 0)
        return super().decode(data)

    def _deeper(self, data: bytes, position: int) -> None:
        if data[position : position + 1] in (b"\x81", b"\x9f", b"\xc1"):
            self._deeper(data, position + 1)


class RecursiveInside(CorrectCodec):
    """Go one call deeper with each array inside a document."""

    def decode(self, data: bytes) -> Artifact:
        nest = data.find(b"\x81\x81\x81")
        if nest >= 0:
            Recursive()._deeper(data, nest)
        return super().decode(data)


class AnswersRefusals(CorrectCodec):
    """Do something else than to raise the declared error."""

    def __init__(self, act: Callable[[DurabilityError], Any]) -> None:
        self.act = act

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DurabilityError as error:
            return self.act(error)  # type: ignore[no-any-return]


class FormatError(ValueError):
    """An error type of a codec's own."""


def _raises(make: Callable[[str], BaseException]) -> Callable[[DurabilityError], NoReturn]:
    def act(error: DurabilityError) -> NoReturn:
        raise make(str(error)) from None

    return act


class LeaksAtTheEnd(CorrectCodec):
    """Raise the library's error where the input ends early, and only there."""

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DurabilityError as error:
            if "UnexpectedEof" in str(error) and len(data) > 150:
                raise EOFError("the input ended") from None
            raise


BROKEN_BY_BYTES: Final[tuple[tuple[str, CorrectCodec, str], ...]] = (
    ("an error type of its own", AnswersRefusals(_raises(FormatError)), "DEC-29"),
    ("ends the program", AnswersRefusals(_raises(SystemExit)), "DEC-29"),
    ("a base error of the package", AnswersRefusals(_raises(lambda _: KeyError("k"))), "DEC-29"),
    ("an error without words", AnswersRefusals(_raises(lambda _: DurabilityError(""))), "DEC-29"),
    ("nothing in place of an error", AnswersRefusals(lambda _: None), "DEC-29"),
    ("the error in place of an artifact", AnswersRefusals(lambda error: error), "DEC-29"),
    ("leaks the end of the input", LeaksAtTheEnd(), "DEC-29"),
    ("reserves texts", Scanning(ReservesTexts), "DEC-29"),
    ("reserves byte strings", Scanning(ReservesBytes), "DEC-29"),
    ("reserves items", Scanning(ReservesItems), "DEC-29"),
    ("counts in machine words", Scanning(CountsInMachineWords), "DEC-29"),
    ("trusts that bytes are there", Scanning(TrustsThatBytesAreThere), "DEC-29"),
    ("knows few simple values", Scanning(KnowsFewSimpleValues), "DEC-29"),
    ("decodes every text", Scanning(DecodesEveryText), "DEC-29"),
    ("recursive", Recursive(), "DEC-29"),
    ("recursive inside a document", RecursiveInside(), "DEC-29"),
    ("lengths of 16 bits", Scanning(Lengths16Bits), "DEC-29"),
    ("lengths of 31 bits", Scanning(Lengths31Bits), "DEC-29"),
    ("lengths of 32 bits", Scanning(Lengths32Bits), "DEC-29"),
    ("lengths of 40 bits", Scanning(Lengths40Bits), "DEC-29"),
    ("lengths of 63 bits", Scanning(Lengths63Bits), "DEC-29"),
)
"""Name, codec, and the requirement that it breaks."""


# Right ones


class StopsAt128(Scan):
    """Refuse what is deeper than 128, which is less than the specification follows."""

    def opened(self, items: int | None) -> None:
        super().opened(items)
        if len(self.open) > 128:
            raise DurabilityError(f"{_PREFIX}deeper than 128")


class StepsOverTags(Scan):
    """Read through a tag in any place; a big number keeps its tag."""

    def item(self) -> None:
        start, numbers = self.position, []
        while self.position < len(self.data) and self.data[self.position] >> 5 == _TAG:
            begin = self.position
            numbers.append(self.argument(self.take(1)[0] & 31, _TAG, begin))
            if numbers[-1] in (2, 3):
                self.position = begin
                break
        # All at once, as each cut moves what is behind it.
        del self.data[start : self.position]
        self.position = start
        super().item()


class InItsOwnWords(AnswersRefusals):
    """Refuse in words of its own; only the texts that bind are as they must be."""

    def __init__(self) -> None:
        super().__init__(self._refuse)

    @staticmethod
    def _refuse(error: DurabilityError) -> NoReturn:
        text = str(error)
        binding = "input is " in text or text.startswith("unsupported")
        raise DurabilityError(text if binding else "cannot read this") from None


class ReadsATreeFirst(CorrectCodec):
    """Build plain values first and the artifact from them, as with another library.

    It knows definite and indefinite items, refuses every tag, simple value and
    odd key that the format does not need, and follows 200 levels.
    """

    def decode(self, data: bytes) -> Artifact:
        if len(data) > 2**20:
            return super().decode(data)
        tree, _ = self._item(data, 0, 0)
        artifact = super().decode(data)
        try:
            same = Artifact.from_dict(tree)
        except (DomainError, DurabilityError) as error:
            raise DurabilityError(f"{_PREFIX}{error}") from None
        if same != artifact:
            raise DurabilityError(f"{_PREFIX}two readings")
        return artifact

    def _fail(self, why: str) -> NoReturn:
        raise DurabilityError(f"{_PREFIX}{why}")

    def _item(self, data: bytes, at: int, depth: int) -> tuple[Any, int]:
        if depth > 200 or at >= len(data):
            self._fail("too deep, or no more bytes")
        major_type, information = data[at] >> 5, data[at] & 31
        number, at = self._number(data, at + 1, information)
        if major_type in (0, 1):
            return (number if major_type == 0 else -1 - number), at
        if major_type in (_BYTES, _TEXT):
            return self._text(data, at, number, major_type)
        if major_type in (_ARRAY, _MAP):
            return self._container(data, at, number, major_type, depth)
        if major_type == _OTHER and number in (20, 21, 22) and information <= 24:
            return (False, True, None)[number - 20], at
        return self._fail("a tag, a float or a simple value")

    def _number(self, data: bytes, at: int, information: int) -> tuple[int, int]:
        if information < 24:
            return information, at
        if information == _INDEFINITE:
            return -1, at
        width = 1 << information - 24
        if information > 27 or at + width > len(data):
            self._fail("a reserved head, or no more bytes")
        return int.from_bytes(data[at : at + width]), at + width

    def _text(self, data: bytes, at: int, length: int, major_type: int) -> tuple[Any, int]:
        if length < 0 or length > len(data) - at:
            self._fail("chunks, or no more bytes")
        content = data[at : at + length]
        try:
            return (content if major_type == _BYTES else content.decode()), at + length
        except UnicodeDecodeError as error:
            return self._fail(str(error))

    def _container(
        self, data: bytes, at: int, count: int, major_type: int, depth: int
    ) -> tuple[Any, int]:
        items: list[Any] = []
        per_item = 1 if major_type == _ARRAY else 2
        while len(items) != count * per_item:
            if count < 0 and data[at : at + 1] == b"\xff":
                at += 1
                break
            value, at = self._item(data, at, depth + 1)
            items.append(value)
        if major_type == _ARRAY:
            return items, at
        keys, values = items[::2], items[1::2]
        if len(keys) != len(values) or not all(isinstance(key, str) for key in keys):
            self._fail("a key that is no text")
        return dict(zip(keys, values, strict=True)), at


UNUSUAL_AND_RIGHT: Final[tuple[tuple[str, CorrectCodec], ...]] = (
    ("stops at a depth of 128", Scanning(StopsAt128)),
    ("steps over every tag", Scanning(StepsOverTags)),
    ("in its own words", InItsOwnWords()),
    ("reads a tree first", ReadsATreeFirst()),
    ("scans before it reads", Scanning(Scan)),
)
"""Codecs that keep every binding requirement, each in an unusual way."""
