"""Histories that faults disturb: from nothing, or from what a killed process has left."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.conduct import Component
from conformance.crashes.disk import Image
from conformance.crashes.fault_acts import Killed
from conformance.crashes.faults import FaultedRun
from conformance.crashes.openings import unlike
from conformance.crashes.oracle import Expected
from conformance.crashes.persistence import FileSystem
from conformance.crashes.selection import distinct_states, evenly, of_each_place
from conformance.crashes.states import CrashClass, CrashState
from conformance.crashes.survivors import continued
from conformance.crashes.undertaking import Undertaking
from telltale_spec.model.operations import Operation

__all__ = ["FaultTrial", "Leftover", "calls_of_opening", "leftovers"]

# So many openings are looked at for what they do, of which few are disturbed.
_SCREENED_MAX: Final = 16
# The calls that open a storage behind a kill, by their labels.
_OF_OPENING: Final = re.compile(r"(?:open|load), new, |call \d+ of its opening, ")


@dataclass(frozen=True)
class Leftover:
    """What a killed process has left: the history that it carried out, and where it was killed."""

    site: CrashSite
    state: CrashState

    @property
    def image(self) -> Image:
        """What the storage holds."""
        return self.site.image(self.state)

    @property
    def data(self) -> Killed:
        """The same as data."""
        return Killed(self.site.operations, self.state.point)

    def before(self, run: FaultedRun) -> FaultedRun:
        """Return a run with what the killed process did before it, which is not all stable."""
        run = replace(run, before=self.site.expected(self.state).items)
        if run.recording is None:
            return run
        model = self.site.model
        made = model.events[: self.state.point]
        events = continued(model.image, made, self.image, run.recording.events)
        recording = replace(run.recording, image=model.image, events=list(events))
        return replace(run, recording=recording, began_at=len(made))


@dataclass(frozen=True)
class FaultTrial:
    """A history in which calls are to fail, and what it begins with, if that is not nothing."""

    operations: tuple[Operation, ...]
    leftover: Leftover | None = None
    insists: bool = True
    """Whether an opening that is refused is tried once more."""
    looks: bool = True
    """Whether what is refused is looked for at once."""

    @property
    def image(self) -> Image:
        """What the storage holds at first."""
        return Image() if self.leftover is None else self.leftover.image

    def undertaking(self, crew: Crew, part: Component, *, retries: bool = False) -> Undertaking:
        """Return what is carried out while one of its calls fails."""
        return Undertaking(
            crew.launch,
            part,
            self.operations,
            retries,
            self.insists,
            self.looks,
            self.image,
            crew.fork_server(),
        )

    def whole(self, run: FaultedRun) -> FaultedRun:
        """Return a run with what came before it."""
        return run if self.leftover is None else self.leftover.before(run)


def leftovers(
    crew: Crew, site: CrashSite, count_max: int, is_over: Callable[[], bool]
) -> list[Leftover]:
    """Return what kills leave that opens well, the rarest kinds of openings first.

    Where nothing has to be mended, an opening is like any other. Raises ``BackendFault`` and
    :class:`TraceError`.
    """
    opened = [
        (state, crew.reopening(site.component, site.image(state), *_alone(site, state)))
        for state in _worth_a_look(site)
        if not is_over()
        and not site.differences(state, crew.show(site.component, site.image(state)))
    ]
    return [Leftover(site, state) for state, _ in unlike(opened, count_max)]


def _worth_a_look(site: CrashSite) -> list[CrashState]:
    """Return a kill at each place of each kind of request, once there is something to lose."""
    states = distinct_states(site, CrashClass.KILL_INSIDE, 0)
    at_stake = (state for state in states if site.expected(state).acknowledged)
    return evenly(of_each_place(site, at_stake), _SCREENED_MAX)


def _alone(site: CrashSite, state: CrashState) -> tuple[FileSystem, Expected]:
    return site.model.file_system, site.expected(state)


def calls_of_opening(labels: Sequence[str], count_max: int) -> list[int]:
    """Return which calls of the opening of what was left, and its first load, are to fail.

    From 1 on; of each kind of call there is one, as far as so many are wanted.
    """
    kinds: dict[str, list[int]] = {}
    for number, label in enumerate(labels, 1):
        if _OF_OPENING.match(label):
            kinds.setdefault(label.rpartition(", ")[2], []).append(number)
    turns = itertools.zip_longest(*kinds.values())
    return [each for turn in turns for each in turn if each is not None][:count_max]
