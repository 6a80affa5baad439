"""Losses of power of one history, judged one by one: for whom an opening is dear, as with a server.

The suites open thousands of images; where each opening starts a server, a few well chosen ones have
to do. What the storage is before the history, such as the files of a database that somebody has
installed, is given as an image, so that neither is its making traced nor can it be lost.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.backend import Launch
from conformance.crashes.campaign import CrashSite
from conformance.crashes.conduct import Component, Conducted, conducted
from conformance.crashes.disk import Image
from conformance.crashes.events import Answered
from conformance.crashes.images import write_image
from conformance.crashes.opener import Opener
from conformance.crashes.oracle import Aspect, Difference
from conformance.crashes.persistence import FileSystem, PowerModel
from conformance.crashes.recording import LEFT_OUT
from conformance.crashes.selection import evenly
from conformance.crashes.states import POWER_CLASSES, CrashClass, CrashState, states_of
from conformance.crashes.strace import TracedHarness
from conformance.engine.scratch import ScratchFolder
from telltale_spec.model.operations import Operation

__all__ = ["JudgedLoss", "power_losses"]

_STATES_MAX: Final = 8
_COMPARED_A_STATE: Final = 4


@dataclass(frozen=True)
class JudgedLoss:
    """One loss of power: what was lost, and which promises what is left breaks, and how."""

    state: CrashState
    differences: dict[Aspect, Difference]


def power_losses(
    launch: Launch,
    component: Component,
    operations: Sequence[Operation],
    *,
    image: Image = Image(),  # noqa: B008 - it never changes
    file_system: FileSystem = FileSystem.POSIX,
    classes: Sequence[CrashClass] = POWER_CLASSES,
    states_max: int = _STATES_MAX,
    seed: int = 0,
) -> Generator[JudgedLoss]:
    """Carry a history out under trace, and yield what becomes of losses of power after it began.

    ``image`` is what the directory holds at first: a storage without entries, all of it on disk.
    Only losses after the first acknowledged entry are made, at most ``states_max`` of each class,
    which lie evenly; not all of them are compared with each other, as that takes long where there
    are many files. Equal arguments give equal losses where the backend does the same. Raises
    ``BackendFault``, :class:`TraceError`, and ``ValueError`` for a history that stores nothing.
    Source: WAL-08.power, CACHE-08.power.
    """
    history = tuple(operations)
    done = _carried_out(launch, component, history, image)
    left_out = tuple(LEFT_OUT) if done.recording.left_out else ()
    model = PowerModel(image, done.recording.events, file_system, left_out)
    site = CrashSite(component, history, done, model)
    since = _first_acknowledgement(done)
    opener = Opener(launch)
    try:
        for crash_class in classes:
            made = list(states_of(model, crash_class, seed, since))
            for state in _chosen(site, made, states_max):
                shown = opener.show(component, site.image(state))
                yield JudgedLoss(state, site.differences(state, shown))
    finally:
        opener.end()


def _chosen(site: CrashSite, made: Sequence[CrashState], states_max: int) -> list[CrashState]:
    """Return at most so many states that differ in their image, or in what has to be there."""
    distinct: dict[tuple[int, bytes], CrashState] = {}
    for state in evenly(made, states_max * _COMPARED_A_STATE):
        distinct.setdefault((site.conducted.answered(state.point), site.digest(state)), state)
    return evenly(list(distinct.values()), states_max)


def _carried_out(
    launch: Launch, component: Component, history: tuple[Operation, ...], image: Image
) -> Conducted:
    with ScratchFolder() as scratch:
        directory = scratch.path / "history"
        directory.mkdir(mode=0o700)
        write_image(image, directory)
        harness = TracedHarness(launch)
        try:
            return conducted(harness, component, directory, history, image)
        finally:
            harness.end()


def _first_acknowledgement(done: Conducted) -> int:
    """Return how many events there are up to the first answer that something is stored."""
    answers = [i for i, event in enumerate(done.recording.events) if isinstance(event, Answered)]
    stored = [each.entry is not None and each.accepted for each in done.deeds]
    if True not in stored:
        raise ValueError("a history that stores nothing has nothing to lose: add an Append")
    return answers[stored.index(True)] + 1
