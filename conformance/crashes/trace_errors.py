"""What can be wrong with a trace, each with a text of its own."""

from __future__ import annotations

from conformance.errors import ConformanceError

__all__ = [
    "CutOffTraceError",
    "MalformedTraceError",
    "TraceError",
    "UnknownCallError",
    "UnseenStorageError",
]

_SHOWN_CHARACTERS_MAX = 160


def _shown(line: str) -> str:
    if len(line) <= _SHOWN_CHARACTERS_MAX:
        return line
    return f"{line[:_SHOWN_CHARACTERS_MAX]}... ({len(line)} characters)"


class TraceError(ConformanceError):
    """Report a trace from which nothing can be concluded."""


class CutOffTraceError(TraceError):
    """Report a trace that ends before the traced processes do."""

    def __init__(self, last_line: str) -> None:
        self.last_line = last_line
        super().__init__(
            f"the trace is cut off after `{_shown(last_line)}`; "
            "was strace killed, or the disk full?"
        )


class MalformedTraceError(TraceError):
    """Report a line that is none of strace."""

    def __init__(self, line: str, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"a line of the trace cannot be read ({reason}): `{_shown(line)}`")


class UnknownCallError(TraceError):
    """Report a system call, or a form of one, whose effect on files is not known here."""

    def __init__(self, call: str, reason: str) -> None:
        self.call = call
        self.reason = reason
        super().__init__(f"the effect of a system call is not known ({reason}): `{_shown(call)}`")


class UnseenStorageError(TraceError):
    """Report storage that is changed in a way that no trace of system calls shows."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"what is written cannot be seen: {what}")
