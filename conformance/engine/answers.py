"""What a call gave, and how a history ends early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.records.results import Counterexample

__all__ = ["HistoryEnded", "Raised", "Returned", "SearchEnded", "Violation"]


class Violation(Exception):  # noqa: N818 - the field's term for a failed property
    """Carry a counterexample out of the engine."""

    def __init__(self, counterexample: Counterexample) -> None:
        self.counterexample = counterexample
        super().__init__(counterexample.requirement_id)


class SearchEnded(BaseException):
    """End a search whose time is over, through an engine that would begin all other histories.

    What is no ``Exception`` is no failure to the engine.
    """


class HistoryEnded(Exception):  # noqa: N818 - control flow, not an error
    """End a history whose violation is already known, so that others can be looked for."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A call returned this value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """A call raised the declared error with this text, or another one where it may go on."""

    message: str
    declared: bool = True
