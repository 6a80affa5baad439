"""What a judge finds in a history that is still going on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from conformance.engine.session import History
from conformance.rules.findings import Findings, Place

__all__ = ["LiveFindings"]


class LiveFindings(Findings):
    """Checks of a history, the first of which that fails ends it.

    ``goes_on`` are the requirements behind whose violation the history goes on, where they are
    known to be broken: its judge then follows what the backend really holds.
    """

    def __init__(self, history: History, goes_on: Collection[str]) -> None:
        super().__init__()
        self._history = history
        self._goes_on = goes_on
        self._look: Callable[[], None] | None = None

    @property
    def place(self) -> Place:
        """The step that was made last."""
        return len(self._history.steps), str

    @contextmanager
    def looking(self, look: Callable[[], None]) -> Iterator[None]:
        """Judge what a quiet look showed; ``look`` notes it, if something is wrong with it."""
        self._look = look
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
        if self._look is not None and at is None:
            look, self._look = self._look, None
            look()
        self._history.check(
            requirement_id,
            False,
            expected,
            actual,
            goes_on=requirement_id in self._goes_on,
            steps_shown=None if at is None else at[0],
        )
