"""What is said of a requirement for which there was no time, and how much may do."""

from __future__ import annotations

import math
from typing import Final

from conformance.engine.budget import Budget
from conformance.engine.session import Session

__all__ = ["share_done", "shortage_text"]

# More time than would have done at the same pace, as the last parts of a plan may be its longest.
_MORE_THAN_ENOUGH: Final = 1.25
_ROUNDED_SECONDS: Final = 30


def share_done(session: Session) -> float:
    """Return how much of its plan a search has carried out: 1 is all of it."""
    if session.carried_out_share is not None:
        return session.carried_out_share
    return session.histories_done / session.budget.histories


def shortage_text(budget: Budget, carried_out_share: float, doubt: str) -> str:
    """Return that there was no time for more, and how much would have been enough.

    ``carried_out_share`` is how much of the plan was carried out, from 0 to 1; ``doubt`` is what
    is open for that, or an empty text.
    """
    limit = budget.wall_seconds
    text = "the time of the profile ran out"
    if 0 < carried_out_share < 1 and math.isfinite(limit):
        wanted = _MORE_THAN_ENOUGH * limit / carried_out_share
        rounded = math.ceil(wanted / _ROUNDED_SECONDS) * _ROUNDED_SECONDS
        text = f"{text} (--time-limit {rounded} may do)"
    return f"{text}; {doubt}" if doubt else text
