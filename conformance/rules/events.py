"""What every driver of a backend gives to the judges: one operation with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from telltale_spec.model.operations import Operation

__all__ = ["FAULT", "OK", "REFUSED", "UNKNOWN", "Event"]

OK: Final = "ok"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"
FAULT: Final = "fault"


@dataclass(frozen=True)
class Event:
    """One operation with its answer.

    It is ``ok`` with a result, ``refused`` or ``fault`` with a text, or ``unknown``; a
    fault is what the contract does not declare.
    """

    line: int
    operation: Operation
    answer: str
    result: Any = None
    message: str | None = None
