"""A fault as data, as replay files hold it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from conformance.engine.acts import ActForm
from conformance.engine.session import History
from telltale_spec.model.operations import Operation

__all__ = ["FAULT_FORM", "Fault", "FaultClass", "Killed"]


class FaultClass(enum.Enum):
    """Which calls fail."""

    FSYNC_ERROR = "fsync-error"
    """One sync fails with EIO."""

    DISK_FULL = "disk-full"
    """One write finds no space."""

    SHORT_WRITE = "short-write"
    """One write takes a part of what it is given; the next one the rest, or it finds no space."""

    IO_ERROR = "io-error"
    """One call fails: an opening, a making, a renaming, a removal, or a write in another way."""


@dataclass(frozen=True)
class Killed:
    """A process that was killed, as data: what it was asked to do, and after how many events."""

    operations: tuple[Operation, ...]
    point: int


@dataclass(frozen=True)
class Fault:
    """One fault as data: the operations, and which call of which kind fails.

    ``retries`` says whether the store that failed is asked for again at once, ``looks`` whether
    else it is looked for behind a refusal. With ``behind`` the storage holds at first what that
    process has left.
    """

    operations: tuple[Operation, ...]
    fault_class: FaultClass
    number: int
    retries: bool = False
    behind: Killed | None = None
    looks: bool = True


def _fault(history: History, fault: Fault) -> None:
    """Stand for the act of a fault; a suite carries it out."""
    raise NotImplementedError


FAULT_FORM: Final = ActForm("fault", _fault)
