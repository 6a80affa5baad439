"""A search by Hypothesis: how it is set up, and what is kept of how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.errors import Flaky

from conformance.engine.answers import SearchEnded
from conformance.engine.budget import Budget
from conformance.engine.session import Session, Violation
from conformance.records.results import Counterexample

__all__ = ["engine_settings", "hunted", "seen_in"]


def hunted(session: Session, run: Callable[[], None]) -> Counterexample | None:
    """Run a search to its end and return its counterexample.

    A violation that was seen once is never lost: not where it did not come again, and not where
    the backend swallowed the exception that carries it.
    """
    try:
        run()
    except Violation as violation:
        return violation.counterexample
    except SearchEnded:
        # There was no time for more, not even to see again what was seen last.
        return _seen_once(session)
    except (Flaky, BaseExceptionGroup):
        # The same history failed once and not again: by chance, or because the budget
        # ran out while shrinking.
        if session.smallest is None:
            raise
    return _seen_once(session)


def _seen_once(session: Session) -> Counterexample | None:
    return None if session.smallest is None else replace(session.smallest, reproduced=False)


def seen_in(session: Session, flaky: Flaky) -> None:
    """Raise what a search saw once and not again; nothing if the histories only went other ways."""
    if session.fault is not None:
        raise session.fault from flaky
    if isinstance(flaky, BaseExceptionGroup):
        for error in flaky.exceptions:
            if not isinstance(error, Flaky):
                raise error


def engine_settings(budget: Budget, *, shrinks: bool) -> settings:
    """Return the settings of a search within a budget; what shrinks makes what it finds smaller."""
    return settings(
        max_examples=budget.histories,
        # The first step of a machine begins the history and does nothing to it.
        stateful_step_count=budget.operations + 1,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
