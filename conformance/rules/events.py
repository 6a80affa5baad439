"""What every driver of a backend gives to the judges: one operation with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from telltale_spec.model.operations import Operation

__all__ = ["OK", "REFUSED", "UNKNOWN", "Event"]

OK: Final = "ok"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Event:
    """One operation with its answer: ``ok`` with a result, ``refused`` with a text, ``unknown``."""

    line: int
    operation: Operation
    answer: str
    result: Any = None
    message: str | None = None
