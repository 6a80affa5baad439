"""What a judge finds in a history that is still going on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from conformance.engine.session import History
from conformance.rules.findings import Findings, Place
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import Operation

__all__ = ["LiveFindings", "OneRequirement"]


class LiveFindings(Findings):
    """Checks of a history, the first of which that fails ends it.

    ``goes_on`` are the requirements behind whose violation the history goes on, where they are
    known to be broken: its judge then follows what the backend really holds.
    """

    def __init__(self, history: History, goes_on: Collection[str]) -> None:
        super().__init__()
        self._history = history
        self._goes_on = goes_on
        self._look: Callable[[], str] | None = None

    @property
    def place(self) -> Place:
        """The step that was made last, or the quiet look behind it that is judged now."""
        return len(self._history.steps), self._look or str

    @contextmanager
    def looking(self, operation: Operation, answer: Callable[[], str]) -> Iterator[None]:
        """Judge what a quiet look showed, which is noted if something is wrong with it."""

        def note() -> str:
            text = operation_text(operation)
            self._history.note(text, answer(), operation)
            return text

        self._look = note
        try:
            yield
        finally:
            self._look = None

    def hold(self, requirement_id: str) -> None:
        """Count one check that holds."""
        self._history.check(requirement_id, True, "", "")

    def blame(
        self,
        requirement_id: str,
        expected: Callable[[], str],
        actual: Callable[[], str],
        *,
        at: Place | None = None,
    ) -> None:
        """Fail a check, at the end of the history or at an earlier step of it."""
        shown, look = at or self.place
        goes_on = requirement_id in self._goes_on
        if not (goes_on and self._history.session.keeps_going_past(requirement_id)):
            # Only what ends a history has to be shown in it; the text of no look is empty.
            shown += bool(look())
        self._history.check(
            requirement_id,
            False,
            expected,
            actual,
            goes_on=goes_on,
            steps_shown=shown,
        )


class OneRequirement(LiveFindings):
    """Checks of one requirement: it is broken by whatever else a judge finds to be broken.

    ``others`` are what its judge can find that is no matter of it.
    """

    def __init__(self, history: History, requirement_id: str, others: Collection[str]) -> None:
        super().__init__(history, ())
        self._requirement_id = requirement_id
        self._others = others

    def hold(self, requirement_id: str) -> None:
        """Count one check of the requirement that holds."""
        if requirement_id not in self._others:
            super().hold(self._requirement_id)

    def blame(
        self,
        requirement_id: str,
        expected: Callable[[], str],
        actual: Callable[[], str],
        *,
        at: Place | None = None,
    ) -> None:
        """Fail a check of the requirement."""
        if requirement_id not in self._others:
            super().blame(self._requirement_id, expected, actual, at=at)
