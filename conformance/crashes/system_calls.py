"""Lines of strace as system calls: who called what with which arguments, and what came back.

The lines are those of ``strace -f -yy -xx -o FILE``: every text is hexadecimal, so that neither a
quote nor a comma of the traced program can be taken for one of strace. A call that others
interrupt has two lines, ``<unfinished ...>`` and ``<... resumed>``, which are put together here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.crashes.trace_errors import CutOffTraceError, MalformedTraceError, UnknownCallError

__all__ = [
    "Descriptor",
    "ProcessEnd",
    "SystemCall",
    "TraceReader",
    "descriptor_of",
    "flags_of",
    "number_of",
    "text_of",
    "texts_of_vector",
]


@dataclass(frozen=True, slots=True)
class SystemCall:
    """One call that has ended.

    ``result`` is ``None`` where it never returned. ``error`` is the name of the error, as
    ``ENOENT``, or empty. ``began_at`` is how many calls had ended when this one began.
    """

    process_id: int
    name: str
    arguments: tuple[str, ...]
    result: int | None
    error: str
    began_at: int
    returned: str = ""
    """What the result is a descriptor of, in the form of an argument; empty if it is none."""

    is_injected: bool = False

    @property
    def text(self) -> str:
        """The call in the words of strace."""
        shown = "?" if self.result is None else f"{self.result}"
        return f"{self.name}({', '.join(self.arguments)}) = {shown} {self.error}".rstrip()


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """A process or thread has ended."""

    process_id: int


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor as strace shows it: its number, what it is of, and whether that has a name."""

    number: int
    path: str
    is_deleted: bool = False


_LINE: Final = re.compile(r"(\d+) +(.*)", re.DOTALL)
_BEGUN: Final = re.compile(r"(\w+)\(")
_RESUMED: Final = re.compile(r"<\.\.\. (\w+|\?+) resumed>(.*)", re.DOTALL)
_UNFINISHED: Final = "<unfinished ...>"
# A thread that was killed as it entered a call has no registers to read. The kernel leaves such
# a call out, so nothing was done by it; what ends the line, or resumes it, depends on the moment.
_KILLED_AT_ENTRY: Final = re.compile(r"\?{3,}\(.*", re.DOTALL)
_RETURNED: Final = re.compile(
    r"(\w+)\((.*)\)\s+= (0x[0-9a-f]+|-?\d+|\?)(<.*>(?:\(deleted\))?)?(?: (\w+))?([^\n]*)",
    re.DOTALL,
)
_DESCRIPTOR: Final = re.compile(r"(-?\d+|AT_FDCWD)(?:<(.*)>(\(deleted\))?)?")
# Behind the name of a device its numbers follow, and what is no file has no name.
_NAME: Final = re.compile(r"(?:\\x[0-9a-f]{2})*")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_BASE: Final = re.compile(r"iov_base=(\"(?:\\x[0-9a-f]{2})*\"(?:\.\.\.)?)")
_OPENING: Final = "([{"
_CLOSING: Final = ")]}"


class TraceReader:
    """Turns lines into calls; lines may arrive one by one."""

    def __init__(self) -> None:
        self.calls_count = 0
        self._unfinished: dict[int, tuple[str, int]] = {}
        self._killed_at_entry: set[int] = set()
        self._alive: set[int] = set()
        self._last_line = ""

    @property
    def forking(self) -> list[int]:
        """Processes in a call that makes another one, the last to begin it first."""
        forks = [
            (began_at, process_id)
            for process_id, (text, began_at) in self._unfinished.items()
            if text.startswith(("clone", "fork", "vfork"))
        ]
        return [process_id for _, process_id in sorted(forks, reverse=True)]

    def read(self, line: str) -> SystemCall | ProcessEnd | None:
        """Return what a whole line ends, if it ends anything.

        Raises :class:`MalformedTraceError`.
        """
        self._last_line = line
        found = _LINE.fullmatch(line)
        if found is None:
            raise MalformedTraceError(line, "it does not begin with the number of a process")
        process_id, rest = int(found[1]), found[2]
        self._alive.add(process_id)
        if rest.startswith("+++ "):
            self._alive.discard(process_id)
            self._unfinished.pop(process_id, None)
            self._killed_at_entry.discard(process_id)
            return ProcessEnd(process_id)
        if rest.startswith(("--- ", "???? ")) or self._is_killed_at_entry(process_id, rest):
            return None
        return self._call(line, process_id, rest)

    def _is_killed_at_entry(self, process_id: int, rest: str) -> bool:
        if _KILLED_AT_ENTRY.fullmatch(rest) is not None:
            if rest.endswith(_UNFINISHED):
                self._killed_at_entry.add(process_id)
            return True
        if process_id in self._killed_at_entry and _RESUMED.fullmatch(rest) is not None:
            # It is resumed by the name of an earlier call, where strace still has one.
            self._killed_at_entry.discard(process_id)
            return True
        return False

    def _call(self, line: str, process_id: int, rest: str) -> SystemCall | None:
        began_at = self.calls_count
        resumed = _RESUMED.fullmatch(rest)
        if resumed is not None:
            begun = self._unfinished.pop(process_id, None)
            if begun is None or not begun[0].startswith(f"{resumed[1]}("):
                raise MalformedTraceError(line, "it resumes a call that was not begun")
            rest, began_at = begun[0] + resumed[2], begun[1]
        if rest.endswith(_UNFINISHED):
            if _BEGUN.match(rest) is None:
                raise MalformedTraceError(line, "it begins no call")
            self._unfinished[process_id] = (
                rest.removesuffix(_UNFINISHED).rstrip(),
                began_at,
            )
            return None
        return self._ended(line, process_id, rest, began_at)

    def _ended(self, line: str, process_id: int, rest: str, began_at: int) -> SystemCall:
        found = _RETURNED.fullmatch(rest)
        if found is None:
            raise MalformedTraceError(line, "it is no call with a result")
        name, arguments, result, described, error, note = found.groups()
        self.calls_count += 1
        number = None if result == "?" else int(result, 0)
        is_error = error is not None and error.startswith("E") and (number is None or number < 0)
        return SystemCall(
            process_id,
            name,
            tuple(_split(arguments)),
            number,
            error if is_error else "",
            began_at,
            f"{result}{described}" if described else "",
            "(INJECTED)" in f"{note}",
        )

    def check_end(self) -> None:
        """Raise :class:`CutOffTraceError` unless every process that was seen has ended."""
        if self._alive:
            raise CutOffTraceError(self._last_line)


def _split(arguments: str) -> Iterator[str]:
    """Yield the arguments of a call: what is between commas outside of brackets."""
    depth = 0
    start = 0
    position = 0
    while position < len(arguments):
        character = arguments[position]
        if character == '"':
            # A text is hexadecimal, so the next quote ends it.
            position = arguments.index('"', position + 1)
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            yield arguments[start:position].strip()
            start = position + 1
        position += 1
    if arguments[start:].strip():
        yield arguments[start:].strip()


def text_of(argument: str, call: SystemCall) -> bytes:
    """Return the bytes of a text; raises :class:`UnknownCallError` for one that was cut."""
    found = _TEXT.fullmatch(argument)
    if found is None:
        raise UnknownCallError(call.text, f"`{argument[:40]}` is no text")
    if found[2]:
        raise UnknownCallError(call.text, "more bytes in one call than a trace keeps")
    return bytes.fromhex(found[1].replace("\\x", ""))


def texts_of_vector(argument: str, call: SystemCall) -> bytes:
    """Return the bytes of all parts of an ``iovec``, one after the other."""
    if argument.endswith("...]"):
        raise UnknownCallError(call.text, "more parts in one call than a trace keeps")
    return b"".join(text_of(part, call) for part in _BASE.findall(argument))


def number_of(argument: str, call: SystemCall) -> int:
    """Return a number in any of strace's forms, one in brackets (behind a pointer) included."""
    text = argument.partition(" => ")[0].strip("[]")
    try:
        return int(text, 0)
    except ValueError:
        raise UnknownCallError(call.text, f"`{argument[:40]}` is no number") from None


def descriptor_of(argument: str, call: SystemCall) -> Descriptor:
    """Return a descriptor; that of the current folder has the number -100."""
    found = _DESCRIPTOR.fullmatch(argument)
    if found is None:
        # Calls that are shown raw have a number and nothing else.
        return Descriptor(number_of(argument, call), "")
    number = -100 if found[1] == "AT_FDCWD" else int(found[1])
    name = _NAME.match(found[2] or "")
    data = bytes.fromhex(name[0].replace("\\x", "")) if name else b""
    return Descriptor(number, data.decode("utf-8", "surrogateescape"), found[3] is not None)


def flags_of(argument: str) -> frozenset[str]:
    """Return the names of flags that are joined by ``|``."""
    return frozenset(argument.split("|"))
