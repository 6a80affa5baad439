"""What is asked after a call has failed: of answers, of the same handle, and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.backend import Backend, Capability
from conformance.crashes.campaign import Crew
from conformance.crashes.conduct import Component
from conformance.crashes.disk import Image
from conformance.crashes.events import Answered, SyncFailed
from conformance.crashes.faults import FaultedRun, expected_of
from conformance.crashes.levels import level_findings
from conformance.crashes.oracle import Expected, Finding, Stored, differences
from conformance.crashes.persistence import FileSystem, PowerModel
from conformance.crashes.recording import LEFT_OUT
from conformance.crashes.selection import evenly
from conformance.crashes.states import CrashClass, CrashState, states_of
from conformance.rules.narration import difference_text
from telltale_spec.model.machine import RejectionMode

__all__ = ["findings"]

# What a failed sync leaves in doubt shows in these, and in what a kill leaves.
_CLASSES: Final = (CrashClass.POWER_PREFIX, CrashClass.POWER_REORDERED)
_STATES_MAX: Final = 24
_TRIED_FOR_ONE: Final = 10


def findings(
    crew: Crew, part: Component, run: FaultedRun, backend: Backend, file_system: FileSystem
) -> Iterator[Finding]:
    """Yield what is found out about a history in which a call failed.

    Raises ``BackendFault``.
    """
    for deed in run.deeds:
        wanted = "a result or the declared error"
        yield Finding(deed.is_declared, wanted, f"{deed.text}: {deed.answer}")
    for index, deed in enumerate(run.deeds):
        if deed.loaded is not None:
            expected = expected_of(part, run.deeds[:index], shown_stays=True, before=run.before)
            actual = difference_text(deed.loaded, expected.acknowledged)
            yield Finding(expected.allows(deed.loaded), expected.text, actual)
    if part is Component.LOG and backend.rejection_mode is RejectionMode.CLEAN_REJECT:
        yield from level_findings(run.deeds, is_known=not run.before)
    for what, image, expected in _images(part, run, backend, file_system):
        found = differences(expected, crew.show(part, image))
        if not found:
            yield Finding(holds=True)
        for difference in found.values():
            yield Finding(False, difference.expected, f"{what}: {difference.actual}")


def _images(
    part: Component, run: FaultedRun, backend: Backend, file_system: FileSystem
) -> Iterator[tuple[str, Image, Expected]]:
    """Yield what can be there afterwards, in words, as an image, and what it may show."""
    left_out = tuple(LEFT_OUT)
    if run.early is not None and Capability.PROCESS_KILL in backend.capabilities:
        count, image = run.early
        what = "killed right after it and opened again"
        yield what, image.without(left_out), _expected(part, run, count)
    if run.image is not None:
        yield "opened again", run.image.without(left_out), _expected(part, run)
    if run.recording is None:
        return
    events = run.recording.events
    model = PowerModel(run.recording.image, events, file_system)
    image = model.after_kill(len(events)).without(left_out)
    yield "opened again", image, _expected(part, run)
    if Capability.POWER_LOSS not in backend.capabilities:
        return
    failed_at = next(i for i, event in enumerate(events) if isinstance(event, SyncFailed))
    for crash_class in _CLASSES:
        for state, answered in _distinct(model, crash_class, failed_at + 1, run.began_at):
            what = f"after a loss of power ({crash_class.value}) at event {state.point}"
            expected = _expected(part, run, answered)
            yield what, state.image(model).without(left_out), expected


def _distinct(
    model: PowerModel, crash_class: CrashClass, since: int, began_at: int
) -> list[tuple[CrashState, int]]:
    """Return states that lie evenly among those of other images or answers, and those answers."""
    found: dict[tuple[bytes, int], CrashState] = {}
    # To tell states apart takes their contents, or all names where there are many.
    tried = evenly(list(states_of(model, crash_class, 0, since)), _STATES_MAX * _TRIED_FOR_ONE)
    for state in tried:
        answered = sum(
            isinstance(event, Answered) for event in model.events[began_at : state.point]
        )
        found.setdefault((state.digest(model), answered), state)
    pairs = [(state, answered) for (_, answered), state in found.items()]
    return evenly(pairs, _STATES_MAX)


def _expected(part: Component, run: FaultedRun, answered: int | None = None) -> Expected:
    count = len(run.deeds) if answered is None else answered
    done = expected_of(part, run.deeds[:count], before=run.before)
    begun = expected_of(part, run.deeds[count : count + 1])
    doubtful = tuple([Stored(item.entry, is_certain=False) for item in begun.items])
    return Expected(part, (*done.items, *doubtful))
