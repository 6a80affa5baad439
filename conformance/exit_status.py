"""What the exit status of a command says, in one place for all of them."""

from __future__ import annotations

import enum

__all__ = ["ExitStatus"]


class ExitStatus(enum.IntEnum):
    """The exit status of every command."""

    CONFORMING = 0
    VIOLATION = 1
    USAGE = 2
    INCONCLUSIVE = 3
    BACKEND_FAULT = 4
    OWN_FAULT = 5

    @property
    def words(self) -> str:
        """What it says in few words."""
        return _WORDS[self]


_WORDS = {
    ExitStatus.CONFORMING: "conforming",
    ExitStatus.VIOLATION: "violation",
    ExitStatus.USAGE: "usage",
    ExitStatus.INCONCLUSIVE: "inconclusive",
    ExitStatus.BACKEND_FAULT: "the backend could not be judged",
    ExitStatus.OWN_FAULT: "a fault of this program",
}
