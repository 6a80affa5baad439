"""Histories carried out and images opened, each once, however often they are asked for.

A campaign is data alone and lasts as long as the backend's launch; a crew has the child processes
and lasts as long as one search. What a search has found out, the next one need not.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from conformance.backend import Launch
from conformance.crashes.conduct import Component, Conducted, Problem, conducted
from conformance.crashes.disk import Image
from conformance.crashes.opener import Opener, Shown
from conformance.crashes.oracle import Difference, expected_after, judged
from conformance.crashes.persistence import CHANGES, FileSystem, PowerModel
from conformance.crashes.recording import LEFT_OUT
from conformance.crashes.states import CrashState
from conformance.crashes.strace import TracedHarness, obstacle
from conformance.crashes.trace_errors import TraceError
from conformance.engine.scratch import ScratchFolder
from conformance.errors import BackendFault
from telltale_spec.model.operations import Operation

__all__ = ["Campaign", "CrashSite", "Crew", "campaign_of", "trial_problem"]


@dataclass
class Campaign:
    """What is known of the crashes of one component of one backend."""

    conducted: dict[tuple[Operation, ...], Conducted] = field(default_factory=dict)
    shown: dict[bytes, Shown] = field(default_factory=dict)
    problem: str | None = None
    """Why it cannot be crashed, an empty text if it can, or nothing while that is not known."""


_CAMPAIGNS: Final[weakref.WeakKeyDictionary[Launch, dict[Component, Campaign]]] = (
    weakref.WeakKeyDictionary()
)


def campaign_of(launch: Launch, component: Component) -> Campaign:
    """Return the campaign of a component; it is kept for as long as the launch is."""
    return _CAMPAIGNS.setdefault(launch, {}).setdefault(component, Campaign())


@dataclass(frozen=True)
class CrashSite:
    """A history that was carried out, with what its events can leave on one file system."""

    component: Component
    operations: tuple[Operation, ...]
    conducted: Conducted
    model: PowerModel

    def image(self, state: CrashState) -> Image:
        """Return what a crash leaves, without what a backend makes again."""
        image = state.image(self.model)
        if not self.conducted.recording.left_out:
            return image
        return image.without(tuple(LEFT_OUT))

    def difference(self, state: CrashState, shown: Shown) -> Difference | None:
        """Return how what was shown differs from what may be shown."""
        answered = self.conducted.answered(state.point)
        return judged(expected_after(self.component, self.conducted.deeds, answered), shown)


class Crew:
    """The child processes of a search, started when they are needed."""

    def __init__(
        self,
        launch: Launch,
        component: Component,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self.component = component
        self.campaign = campaign_of(launch, component)
        self._launch = launch
        self._on_step = on_step
        self._traced: TracedHarness | None = None
        self._opener: Opener | None = None
        self._scratch: ScratchFolder | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in (self._traced, self._opener):
            if each is not None:
                each.__exit__(exception_type, exception, traceback)
        if self._scratch is not None:
            self._scratch.cleanup()
        self._traced = self._opener = self._scratch = None

    def site(
        self, operations: Sequence[Operation], file_system: FileSystem = FileSystem.POSIX
    ) -> CrashSite:
        """Return a history that was carried out, now or before.

        Raises ``BackendFault`` and :class:`TraceError`.
        """
        known = tuple(operations)
        if known not in self.campaign.conducted:
            self._on_step()
            self.campaign.conducted[known] = self._conducted(known)
        found = self.campaign.conducted[known]
        model = PowerModel(found.recording.image, found.recording.events, file_system)
        return CrashSite(self.component, known, found, model)

    def _conducted(self, operations: tuple[Operation, ...]) -> Conducted:
        if self._traced is None:
            self._traced = TracedHarness(self._launch)
        if self._scratch is None:
            self._scratch = ScratchFolder()
        self._count += 1
        directory = self._scratch.path / f"{self._count:06}"
        directory.mkdir(mode=0o700)
        return conducted(self._traced, self.component, directory, operations)

    def show(self, image: Image) -> Shown:
        """Return what an image shows; raises ``BackendFault``."""
        known = self.campaign.shown.get(image.digest)
        if known is None:
            known = self.campaign.shown[image.digest] = self.show_again(image)
        return known

    def show_again(self, image: Image) -> Shown:
        """Return what an image shows when it is opened now."""
        self._on_step()
        if self._opener is None:
            self._opener = Opener(self._launch, self.component)
        return self._opener.show(image)


def trial_problem(launch: Launch, component: Component, operations: Sequence[Operation]) -> str:
    """Return why a component cannot be crashed, or an empty text; found out once.

    What can be crashed keeps its data in the directory that it is given, writes it by system
    calls, and opens a copy of the directory that no crash has touched.
    """
    if obstacle():
        return obstacle()
    campaign = campaign_of(launch, component)
    if campaign.problem is None:
        campaign.problem = _problem(launch, component, operations)
    return campaign.problem


def _problem(launch: Launch, component: Component, operations: Sequence[Operation]) -> str:
    try:
        with Crew(launch, component) as crew:
            site = crew.site(operations)
            if not any(isinstance(event, CHANGES) for event in site.model.events):
                return "it stores nothing in the directory that it is given"
            image = Image.of_events(site.model.image, site.model.events)
            if site.conducted.recording.left_out:
                image = image.without(tuple(LEFT_OUT))
            return _copy_problem(site, crew.show(image))
    except TraceError as error:
        return str(error)
    except BackendFault as fault:
        return f"it does not run under strace: {fault.message}"


def _copy_problem(site: CrashSite, shown: Shown) -> str:
    expected = expected_after(site.component, site.conducted.deeds, len(site.conducted.deeds))
    difference = judged(expected, shown)
    if difference is None:
        return ""
    if isinstance(shown.first, Problem):
        return f"a copy of its directory does not open: {shown.first.text}"
    return f"a copy of its directory is not what it was: {difference.actual}"
