"""A crash as data, as replay files hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from conformance.crashes.persistence import FileSystem, Part
from conformance.crashes.states import CrashClass, CrashState
from conformance.engine.acts import ActForm
from conformance.engine.session import History
from telltale_spec.model.operations import Operation

__all__ = ["CRASH_FORM", "Crash", "SecondCrash"]


@dataclass(frozen=True)
class SecondCrash:
    """A crash of the opening after a crash, as data."""

    crash_class: CrashClass
    point: int
    lost: tuple[int, ...]
    parts: tuple[Part, ...]

    @property
    def state(self) -> CrashState:
        """The state alone."""
        return CrashState(self.crash_class, self.point, self.lost, self.parts)


@dataclass(frozen=True)
class Crash:
    """One crash as data: the operations, where it came, and what survived."""

    operations: tuple[Operation, ...]
    crash_class: CrashClass
    file_system: FileSystem
    point: int
    lost: tuple[int, ...]
    parts: tuple[Part, ...]
    again: SecondCrash | None = None

    @property
    def state(self) -> CrashState:
        """The state alone."""
        return CrashState(self.crash_class, self.point, self.lost, self.parts)


def _crash(history: History, crash: Crash) -> None:
    """Stand for the act of a crash; a suite carries it out."""
    raise NotImplementedError


CRASH_FORM: Final = ActForm("crash", _crash)
