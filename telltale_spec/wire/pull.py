"""A pull parser for CBOR: one header at a time, bounded memory, no opinion on meaning.

It has the manners of the specification's own low-level decoder, because they
show in verdicts and in error offsets:

* A header may be pushed back once. A pushed header counts with the size that
  its shortest form would have, so the offset of a text that was looked at
  first is wrong by the bytes its head could have saved.
* Texts and byte strings of indefinite length may hold chunks of indefinite
  length themselves, to any depth (DEC-18). Every chunk of a text must be valid
  UTF-8 by itself.
* A definite text is read through a buffer of 4096 bytes. So in a text that is
  cut off, bad UTF-8 in a full buffer is noticed before the missing end.

Everything that goes wrong is a :class:`~telltale_spec.errors.DecodeError`.
Source: DEC-14, DEC-18, DEC-23, DEC-29 (ciborium-ll dec.rs, hdr.rs, seg.rs).
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from telltale_spec.wire.tolerant_errors import input_ended, syntax_error

__all__ = [
    "SCRATCH_BYTES",
    "SIMPLE_FALSE",
    "SIMPLE_NULL",
    "SIMPLE_TRUE",
    "SIMPLE_UNDEFINED",
    "Header",
    "HeaderKind",
    "PullParser",
]

SCRATCH_BYTES: Final = 4096
"""Size of the buffer that texts, names and byte strings are read through."""

SIMPLE_FALSE: Final = 20
SIMPLE_TRUE: Final = 21
SIMPLE_NULL: Final = 22
SIMPLE_UNDEFINED: Final = 23

_BREAK_BYTE: Final = 0xFF
_MINOR_INDEFINITE: Final = 31
_FLOAT_FORMATS: Final = {3: ">e", 5: ">f", 9: ">d"}


class HeaderKind(enum.Enum):
    """Say what kind of item a header starts."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    BYTES = "bytes"
    TEXT = "text"
    ARRAY = "array"
    MAP = "map"
    TAG = "tag"
    SIMPLE = "simple"
    FLOAT = "float"
    BREAK = "break"


_KIND_OF_MAJOR: Final = (
    HeaderKind.POSITIVE,
    HeaderKind.NEGATIVE,
    HeaderKind.BYTES,
    HeaderKind.TEXT,
    HeaderKind.ARRAY,
    HeaderKind.MAP,
    HeaderKind.TAG,
)

_KINDS_WITH_INDEFINITE: Final = (
    HeaderKind.BYTES,
    HeaderKind.TEXT,
    HeaderKind.ARRAY,
    HeaderKind.MAP,
)


class Header(NamedTuple):
    """The head of one item.

    ``argument`` is the integer (for a negative number ``-1 - n``), the tag, the
    simple value, or the length in bytes, elements or pairs; ``None`` means an
    indefinite length. ``size_bytes`` is what the head took in the input.
    """

    kind: HeaderKind
    argument: int | None
    size_bytes: int
    number: float = 0.0

    @property
    def shortest_size_bytes(self) -> int:
        """Size of the shortest head that says the same; not meaningful for floats.

        The size of a pushed float shows nowhere: offsets are only reported for
        texts and byte strings.
        """
        argument = self.argument
        if argument is None or argument < 24:
            return 1
        if argument <= 0xFF:
            return 2
        if argument <= 0xFFFF:
            return 3
        return 5 if argument <= 0xFFFF_FFFF else 9


class PullParser:
    """Read headers and payloads from ``data``, front to back.

    ``position`` is the next byte to read and may be set to any start of an
    item. The parser holds no copy of the input.
    """

    __slots__ = ("_pushed", "_view", "data", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self._view = memoryview(data)
        self._pushed: Header | None = None

    @property
    def offset(self) -> int:
        """Offset that an error about the next item names; see the module's text."""
        if self._pushed is None:
            return self.position
        return self.position - self._pushed.shortest_size_bytes

    def pull(self) -> Header:
        """Return the next header, the pushed one first.

        Raises the input-ended error, or a syntax error for a head that is not
        well-formed.
        """
        pushed = self._pushed
        if pushed is not None:
            self._pushed = None
            return pushed
        return self._pull_from_data()

    def push(self, header: Header) -> None:
        """Put the header that was just pulled back, so that it is pulled again."""
        self._pushed = header

    def rewind(self, header: Header) -> None:
        """Stand before ``header``, the last one pulled or pushed, as if it had not been seen."""
        self._pushed = None
        self.position -= header.size_bytes

    def take_break(self) -> bool:
        """Step over a break if it is the next byte, and say whether it was."""
        position = self.position
        if position < len(self.data) and self.data[position] == _BREAK_BYTE:
            self.position = position + 1
            return True
        return False

    def take(self, length: int) -> memoryview:
        """Return the next ``length`` bytes without copying them."""
        end = self.position + length
        if end > len(self.data):
            raise input_ended()
        taken = self._view[self.position : end]
        self.position = end
        return taken

    def take_text(self, length: int, offset: int) -> str:
        """Return the next ``length`` bytes as text.

        Raises a syntax error at ``offset`` for bad UTF-8, the input-ended error
        for a text that is cut off.
        """
        start = self.position
        end = start + length
        if end > len(self.data):
            self._require_utf8_buffers(start, length, offset)
            raise input_ended()
        self.position = end
        try:
            return str(self._view[start:end], "utf-8")
        except UnicodeDecodeError:
            raise syntax_error(offset) from None

    def read_text(self, header: Header) -> str:
        """Return the whole text that ``header`` starts, chunks joined."""
        if header.argument is not None:
            return self.take_text(header.argument, self.position - header.shortest_size_bytes)
        joined = bytearray()
        for length, offset in self.segments(header):
            joined += self.take_text(length, offset).encode()
        return joined.decode()

    def read_bytes(self, header: Header) -> bytes:
        """Return the whole byte string that ``header`` starts, chunks joined."""
        if header.argument is not None:
            return bytes(self.take(header.argument))
        joined = bytearray()
        for length, _ in self.segments(header):
            joined += self.take(length)
        return bytes(joined)

    def skip_text(self, header: Header) -> None:
        """Step over the text that ``header`` starts; raises what :meth:`read_text` raises."""
        if header.argument is not None:
            self.take_text(header.argument, self.position - header.shortest_size_bytes)
            return
        for length, offset in self.segments(header):
            self.take_text(length, offset)

    def skip_bytes(self, header: Header) -> None:
        """Step over the byte string that ``header`` starts."""
        for length, _ in self.segments(header):
            self.take(length)

    def segments(self, header: Header) -> Iterator[tuple[int, int]]:
        """Yield length and error offset of every chunk of a text or byte string.

        ``header`` was just pulled. The caller takes the bytes of a chunk before
        it asks for the next one.
        """
        if header.argument is not None:
            yield header.argument, self.position - header.shortest_size_bytes
            return
        open_strings_count = 1
        while open_strings_count:
            offset = self.position
            chunk = self._pull_from_data()
            if chunk.kind is HeaderKind.BREAK:
                open_strings_count -= 1
            elif chunk.kind is not header.kind:
                raise syntax_error(offset)
            elif chunk.argument is None:
                open_strings_count += 1
            else:
                yield chunk.argument, offset

    def _pull_from_data(self) -> Header:
        start = self.position
        if start >= len(self.data):
            raise input_ended()
        initial = self.data[start]
        header = _ONE_BYTE_HEADERS.get(initial)
        if header is not None:
            self.position = start + 1
            return header
        minor = initial & 0x1F
        if not 24 <= minor <= 27:
            raise syntax_error(start)
        end = start + 1 + (1 << (minor - 24))
        if end > len(self.data):
            raise input_ended()
        self.position = end
        return _long_header(initial >> 5, self.data[start + 1 : end])

    def _require_utf8_buffers(self, start: int, length: int, offset: int) -> None:
        """Raise a syntax error if a full buffer of a text that is cut off has bad UTF-8."""
        stored = b""
        while True:
            buffer_end = start + min(SCRATCH_BYTES - len(stored), length)
            if buffer_end > len(self.data):
                return
            buffer = stored + self.data[start:buffer_end]
            length -= buffer_end - start
            start = buffer_end
            stored = _cut_off_character(buffer, offset)


def _long_header(major: int, body: bytes) -> Header:
    """Return the header whose argument is in ``body``, the bytes behind the first one."""
    argument = int.from_bytes(body, "big")
    size_bytes = 1 + len(body)
    if major < 7:
        return Header(_KIND_OF_MAJOR[major], argument, size_bytes)
    if size_bytes == 2:
        # A simple value below 24 may take two bytes as well (DEC-23).
        return Header(HeaderKind.SIMPLE, argument, size_bytes)
    (number,) = struct.unpack(_FLOAT_FORMATS[size_bytes], body)
    return Header(HeaderKind.FLOAT, None, size_bytes, number)


def _one_byte_headers() -> dict[int, Header]:
    """Return the headers that take one byte, by that byte."""
    headers = {_BREAK_BYTE: Header(HeaderKind.BREAK, None, 1)}
    for major, kind in enumerate((*_KIND_OF_MAJOR, HeaderKind.SIMPLE)):
        for argument in range(24):
            headers[major << 5 | argument] = Header(kind, argument, 1)
        if kind in _KINDS_WITH_INDEFINITE:
            headers[major << 5 | _MINOR_INDEFINITE] = Header(kind, None, 1)
    return headers


_ONE_BYTE_HEADERS: Final = _one_byte_headers()


def _cut_off_character(buffer: bytes, offset: int) -> bytes:
    """Return the bytes at the end of ``buffer`` that may be the start of a character."""
    try:
        buffer.decode()
    except UnicodeDecodeError as error:
        # Up to three bytes may be a character that goes on in the next buffer.
        if len(buffer) - error.start > 3:
            raise syntax_error(offset) from None
        return buffer[error.start :]
    return b""
