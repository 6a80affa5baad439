"""Known quirks of the specification, shown on the backends that declare them.

A quirk is behaviour that the specification has and that nobody should be held
to. Each is shown by a short fixed history, so that a report neither hides it
nor counts it against the backend; one that does not show itself any more is
reported as such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.backend import Backend
from conformance.engine.profiles import PROFILES
from conformance.engine.session import History, HistoryEnded, Session, Violation
from conformance.engine.watch import CallWatch
from conformance.records.results import QuirkResult

__all__ = ["Quirk"]


@dataclass(frozen=True)
class Quirk:
    """One finding with the history that shows it.

    ``shows`` runs the history on a backend and says whether the quirk was seen.
    """

    finding_id: str
    sentence: str
    applies: Callable[[Backend], bool]
    shows: Callable[[History], bool]

    def show(self, backend: Backend, watch: CallWatch) -> QuirkResult:
        """Run the history once."""
        with Session("quirks", backend, watch, PROFILES["quick"].budget) as session:
            history = session.new_history()
            history.begin(0)
            shown = False
            try:
                shown = self.shows(history)
            except (HistoryEnded, Violation):
                # The backend is broken before the quirk could show; the suites
                # say how. Here it only means that the quirk was not seen.
                history.note("end", "the backend broke a requirement on the way")
            finally:
                history.close()
            return QuirkResult(self.finding_id, self.sentence, shown, list(history.steps))
