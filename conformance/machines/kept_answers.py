"""Answers that a caller still has: they are the caller's, so that nothing may change them later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from conformance.engine.session import History
from conformance.rules.long_texts import contents_text, mismatch_text

__all__ = ["KeptAnswers"]

Look: TypeAlias = Callable[[], Sequence[Any]]


class KeptAnswers:
    """The last few answers of one kind, each with what it was when it was given."""

    def __init__(self, history: History, requirement_id: str, noun: str, count_max: int) -> None:
        """Take what a change breaks, the noun of an answer, and how many are kept."""
        self._history = history
        self._requirement_id = requirement_id
        self._noun = noun
        self._count_max = count_max
        self._kept: list[tuple[Look, tuple[Any, ...]]] = []

    def keep(self, look: Look) -> tuple[Any, ...]:
        """Keep an answer, which ``look`` shows whenever it is asked; return what it is now."""
        found = tuple(look())
        self._kept = [*self._kept, (look, found)][-self._count_max :]
        return found

    def forget(self) -> None:
        """Let all answers go: whoever got them changes them."""
        self._kept = []

    def judge(self) -> None:
        """Hold each answer against what it was when it was given."""
        for look, before in self._kept:
            now = tuple(look())
            if now != before:
                as_given = f"the {self._noun} that was returned stays as it was: "
                self._history.check(
                    self._requirement_id,
                    False,
                    f"{as_given}{contents_text(before)}",
                    f"it has changed since: {mismatch_text(now, before)}",
                )
