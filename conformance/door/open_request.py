"""A request that is not answered yet, and what has come of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from conformance.door.messages import shown_line

__all__ = ["OpenRequest", "unknown_number_text"]


@dataclass
class OpenRequest:
    """One request of the runner; ``line`` is what was sent, ``received`` what came last for it."""

    number: int
    operation: str
    line: bytes
    given: dict[str, Any] | None = None
    received: bytes = b""
    messages: deque[dict[str, Any]] = field(default_factory=deque)
    unanswered_call: int | None = None
    place: int | None = None
    """Which one it was of all that were sent, as the harness reads them; nothing until then."""

    raised: dict[int, BaseException] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.operation

    def has_overtaken(self, others: Iterable[OpenRequest]) -> bool:
        """Say whether it was sent after another one that is still open."""
        places = [each.place for each in others if each.place is not None]
        return self.place is not None and any(place < self.place for place in places)

    @property
    def early_text(self) -> str:
        """What is wrong with an answer that came while a call of this request was open."""
        return (
            f"request {self.number} is answered before the answer to its call "
            f"{self.unanswered_call} was read"
        )

    @property
    def asked_text(self) -> str:
        """The line that was sent, for an error text."""
        return shown_line(self.line.rstrip(b"\n"))

    @property
    def exchange_text(self) -> str:
        """Both lines, as they end an error text."""
        received = shown_line(self.received)
        return f"\n  received: {received}\n  while waiting for the answer to {self.asked_text}"


def unknown_number_text(number: int, asked_count: int) -> str:
    """Return what is wrong with an answer to a request that is not open."""
    if 0 <= number < asked_count:
        return f"request {number} was answered already"
    return f"there is no request {number}; the last one was {asked_count - 1}"
