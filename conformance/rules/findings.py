"""What a history shows of each requirement: how often it was tried, and where it first broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Difference", "Findings"]


@dataclass(frozen=True)
class Difference:
    """The first line at which a requirement is broken."""

    line: int
    text: str
    expected: str
    actual: str


class Findings:
    """Checks and first differences, by requirement."""

    def __init__(self) -> None:
        self.checks: Counter[str] = Counter()
        self.differences: dict[str, Difference] = {}
        self.line = 0
        self.text: Callable[[], str] = str

    def at(self, line: int, text: Callable[[], str]) -> None:
        """Say which line is judged now, and how it reads."""
        self.line, self.text = line, text

    def check(
        self,
        requirement_id: str,
        holds: bool,
        expected: Callable[[], str],
        actual: Callable[[], str],
    ) -> bool:
        """Count one check and keep the first difference; return whether it holds."""
        self.checks[requirement_id] += 1
        if not holds and requirement_id not in self.differences:
            self.differences[requirement_id] = Difference(
                self.line, self.text(), expected(), actual()
            )
        return holds
