"""A request that is not answered yet, and what has come of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from conformance.door.messages import shown_line

__all__ = ["OpenRequest"]


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
    raised: dict[int, BaseException] = field(default_factory=dict)

    @property
    def asked_text(self) -> str:
        """The line that was sent, for an error text."""
        return shown_line(self.line.rstrip(b"\n"))

    @property
    def exchange_text(self) -> str:
        """Both lines, as they end an error text."""
        received = shown_line(self.received)
        return f"\n  received: {received}\n  while waiting for the answer to {self.asked_text}"
