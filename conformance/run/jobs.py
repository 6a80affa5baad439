"""What a process of its own is told to judge."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.door.protocol import HARNESS_GRACE_SECONDS
from conformance.records.replays import KnownFailure, Replay

__all__ = ["Job", "watched_seconds_max"]


@dataclass(frozen=True)
class Job:
    """What one process judges: a shipped backend by name, a target, or a command.

    A command is the program of a harness; it has ``starting_seconds_max`` for its handshake.
    """

    name: str
    target: str | None
    profile: str
    seed: int
    call_seconds_max: float
    capabilities: tuple[str, ...] | None = None
    rejection_mode: str | None = None
    mends: tuple[str, ...] | None = None
    only: tuple[str, ...] = ()
    command: str | None = None
    starting_seconds_max: float = 0.0
    time_limit_seconds: float | None = None
    """The longest time by the clock for each suite, where it is not the profile's own."""

    replay: Replay | None = None
    """A failure to carry out again, in place of every search."""

    tour: bool = False
    file_system: str = "posix"
    """What losses of power leave, by the name of a file system."""

    known: tuple[KnownFailure, ...] = ()
    """Failures that are expected where they come again."""

    suites: tuple[str, ...] = ()
    """The names of the suites that judge; all of them where none is named."""

    seconds_max: float | None = None
    """The longest time by the clock for the whole job, where it has one."""


def watched_seconds_max(job: Job) -> float:
    """Return the limit on one call; a harness has its own on each request, which says more."""
    return job.call_seconds_max + (0.0 if job.command is None else HARNESS_GRACE_SECONDS)
