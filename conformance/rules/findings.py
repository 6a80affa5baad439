"""What a history shows of each requirement: how often it was tried, and where it first broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Difference", "Findings", "Place"]

Place: TypeAlias = tuple[int, Callable[[], str]]
"""A line, and what gives its text."""


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
        if holds:
            self.hold(requirement_id)
        else:
            self.blame(requirement_id, expected, actual)
        return holds

    def hold(self, requirement_id: str) -> None:
        """Count one check that holds."""
        self.checks[requirement_id] += 1

    def blame(
        self,
        requirement_id: str,
        expected: Callable[[], str],
        actual: Callable[[], str],
        *,
        at: Place | None = None,
    ) -> None:
        """Count one check that does not hold, and keep the first difference.

        ``at`` is the place of an earlier line that is only judged now.
        """
        self.checks[requirement_id] += 1
        if requirement_id not in self.differences:
            line, text = at or self.place
            self.differences[requirement_id] = Difference(line, text(), expected(), actual())

    @property
    def place(self) -> Place:
        """The line that is judged now, and how it reads."""
        return self.line, self.text

    def check_text(self, message: str | None) -> None:
        """Check that a refusal that was recorded with its text has one (WAL-09).

        Blanks tell a caller as little as nothing does.
        """
        if message is None:
            return
        self.check(
            "WAL-09",
            bool(message.strip()),
            lambda: "an error with a text",
            lambda: "blanks alone" if message else "no text",
        )

    def check_declared(self, message: str | None) -> None:
        """Blame an error that is not the declared one (WAL-09)."""
        self.blame(
            "WAL-09",
            lambda: "a result or the declared error",
            lambda: f"raised {message or 'another error'}",
        )
