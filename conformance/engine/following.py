"""Who looks on while histories are made: told of each act that was carried out, never judging."""

from __future__ import annotations

from typing import Protocol

from conformance.engine.acts import FollowedHistory

__all__ = ["Follower"]


class Follower(Protocol):
    """Looks on at all histories of some suites on one backend."""

    def new_history(self) -> FollowedHistory:
        """Return what is told of the acts of a new history."""
