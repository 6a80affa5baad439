"""Crash images of a long history of the shipped log files: made, told apart, and judged.

The events are recorded once by ``strace``, and nothing is simulated. In memory an image is read as
the log files are read: by the frames of its segments.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from conformance.backend import Launch
from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.conduct import Component, carry_out
from conformance.crashes.histories import log_histories
from conformance.crashes.opener import Opener
from conformance.crashes.selection import distinct_states
from conformance.crashes.states import POWER_CLASSES, CrashState
from conformance.door.connection import Connection
from telltale_spec.backends.frames import CONTENT, scan
from telltale_spec.model.operations import Operation
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.codec import decode_canonical

__all__ = [
    "LAUNCH",
    "entries_in",
    "judged_in_memory",
    "judged_through_files",
    "long_history",
    "recorded_seconds",
    "recording",
    "states_in",
    "unrecorded_seconds",
]

LAUNCH: Final = Launch(
    (sys.executable, "-m", "conformance", "serve", "log-file", "--capability", "reopen")
)


def long_history(histories: int = 4) -> tuple[Operation, ...]:
    """Return the fixed history and some of a seed, one after the other."""
    return tuple([operation for each in log_histories(0, histories - 1) for operation in each])


def recording(operations: tuple[Operation, ...]) -> CrashSite:
    """Return what a log on the shipped files did in a history, as strace has seen it."""
    crew = Crew(LAUNCH)
    try:
        return crew.site(Component.LOG, operations)
    finally:
        crew.end()


def states_in(site: CrashSite) -> Iterator[CrashState]:
    """Yield the distinct states of all losses of power, class by class."""
    for crash_class in POWER_CLASSES:
        yield from distinct_states(site, crash_class, 0)


@functools.lru_cache(maxsize=10_000)
def _decoded(payload: bytes) -> tuple[Any, ...]:
    artifact = decode_canonical(AgreementWalArtifact, payload)
    assert artifact is not None
    return artifact.entries


def entries_in(files: Mapping[str, bytes]) -> tuple[Any, ...]:
    """Return the entries of a log whose files are in memory, read by its frames."""
    segments = [files[name] for name in sorted(files) if not name.endswith((".lock", ".new"))]
    frames = [frame for data in segments for frame in scan(data).frames]
    return tuple([each for one in frames if one.kind == CONTENT for each in _decoded(one.payload)])


def judged_in_memory(site: CrashSite) -> int:
    """Make, tell apart and judge all images of a history in memory; return how many there are."""
    count = 0
    expected: dict[int, Any] = {}
    for state in states_in(site):
        count += 1
        answered = site.conducted.answered(state.point)
        if answered not in expected:
            expected[answered] = site.expected(state)
        found = entries_in(dict(site.image(state).files))
        assert expected[answered].allows(found), state
    return count


def judged_through_files(site: CrashSite, count_max: int) -> tuple[int, float]:
    """Judge the first images by a harness that stays alive; return how many, and the seconds."""
    images = [
        site.image(state) for state, _ in zip(states_in(site), range(count_max), strict=False)
    ]
    opener = Opener(LAUNCH)
    try:
        opener.show(Component.LOG, images[0])
        began_at = time.perf_counter()
        for image in images:
            opener.show(Component.LOG, image)
        return len(images), time.perf_counter() - began_at
    finally:
        opener.end()


def unrecorded_seconds(operations: tuple[Operation, ...], folder: Path, rounds: int) -> float:
    """Return the seconds of histories on a harness that nobody traces, its start left out."""
    connection = Connection(LAUNCH.command, call_seconds_max=60.0)
    try:
        began_at = time.perf_counter()
        for number in range(rounds):
            directory = folder / f"plain-{number}"
            directory.mkdir()
            assert list(carry_out(connection, Component.LOG, directory, operations))
        return time.perf_counter() - began_at
    finally:
        connection.close()


def recorded_seconds(operations: tuple[Operation, ...], rounds: int) -> float:
    """Return the seconds of the same under trace, its events read, its start left out."""
    crew = Crew(LAUNCH)
    try:
        crew.site(Component.LOG, operations[:1])
        began_at = time.perf_counter()
        for number in range(rounds):
            # One operation less each time, as what is known is not recorded again.
            crew.site(Component.LOG, operations[: len(operations) - number])
        return time.perf_counter() - began_at
    finally:
        crew.end()
