"""Histories carried out and images opened, each once, however often they are asked for.

What one search has found out, the next one need not, and all searches share two child processes:
one that is traced, and one that opens images.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from conformance.backend import Launch
from conformance.crashes.conduct import Component, Conducted, Deed, Problem, conducted, plain_fault
from conformance.crashes.disk import Image
from conformance.crashes.images import write_image
from conformance.crashes.launches import OfLaunch
from conformance.crashes.opener import AtRest, Opener, Shown
from conformance.crashes.oracle import (
    Aspect,
    Difference,
    Expected,
    differences,
    expected_after,
)
from conformance.crashes.persistence import CHANGES, FileSystem, PowerModel
from conformance.crashes.recording import LEFT_OUT, Recording
from conformance.crashes.states import CrashState
from conformance.crashes.strace import TracedHarness, obstacle
from conformance.crashes.survivors import continued
from conformance.crashes.trace_errors import TraceError
from conformance.door.forked import ForkServer, begun_fork_server
from conformance.engine.scratch import ScratchFolder
from conformance.errors import BackendFault
from telltale_spec.model.operations import LoadCache, LoadLog, Operation

__all__ = ["CrashSite", "Crew", "crew_of"]


@dataclass
class Known:
    """What is known of the crashes of one component of one backend."""

    conducted: dict[tuple[Operation, ...], Conducted] = field(default_factory=dict)
    shown: dict[bytes, Shown] = field(default_factory=dict)
    reopened: dict[tuple[bytes, tuple[Operation, ...]], Conducted] = field(default_factory=dict)
    at_rest: dict[tuple[Operation, ...], AtRest] = field(default_factory=dict)
    problem: str | None = None
    """Why it cannot be crashed, an empty text if it can, or nothing while that is not known."""

    problem_at_rest: str | None = None
    """The same of damage to its files."""


@dataclass(frozen=True)
class CrashSite:
    """A history that was carried out, with what its events can leave on one file system."""

    component: Component
    operations: tuple[Operation, ...]
    conducted: Conducted
    model: PowerModel
    before: Expected | None = None
    """What may be shown if none of its operations is carried out; by default nothing."""

    on_step: Callable[[], None] = field(default=lambda: None, compare=False)
    """Told where time goes by in which nobody is asked anything."""

    def image(self, state: CrashState) -> Image:
        """Return what a crash leaves, without what a backend makes again."""
        return state.image(self.model)

    def digest(self, state: CrashState) -> bytes:
        """Return the hash of the image of a state, which is not made for it."""
        self.on_step()
        return state.digest(self.model)

    def has_shown_at(self, point: int) -> bool:
        """Say whether something had been loaded after the first ``point`` events."""
        return self.conducted.loaded(self.conducted.answered(point)) is not None

    def differences(self, state: CrashState, shown: Shown) -> dict[Aspect, Difference]:
        """Return how what was shown differs from what may be shown, by the promises broken."""
        return differences(self.expected(state), shown)

    def expected(self, state: CrashState) -> Expected:
        """Return what may be shown after a crash."""
        answered = self.conducted.answered(state.point)
        if self.before is None:
            return expected_after(self.component, self.conducted.deeds, answered)
        # Until the opening has shown something, all that the crash allowed is allowed.
        loaded = self.conducted.loaded(answered)
        shown = self.before if loaded is None else Expected.exactly(self.component, loaded)
        added = expected_after(self.component, self.conducted.deeds, answered)
        return Expected(self.component, (*shown.items, *added.items))

    def acknowledged(self, state: CrashState) -> Expected | None:
        """Return what may be shown after a crash of an opening, whatever that has shown itself."""
        if self.before is None:
            return None
        answered = self.conducted.answered(state.point)
        added = expected_after(self.component, self.conducted.deeds, answered)
        return Expected(self.component, (*self.before.items, *added.items))

    def under_way(self, state: CrashState) -> Operation | None:
        """Return the store that a crash has cut off, if it was one."""
        deeds = self.conducted.deeds[self.conducted.answered(state.point) :]
        return deeds[0].operation if deeds and deeds[0].entry is not None else None

    def broken_at(self, state: CrashState, aspect: Aspect) -> Aspect:
        """Return what a second crash breaks: the recovery, or what was stored once it was over."""
        return aspect if self.has_stored_at(state.point) else Aspect.RECOVERY

    def has_stored_at(self, point: int) -> bool:
        """Say whether something had been stored after the first ``point`` events."""
        deeds = self.conducted.deeds[: self.conducted.answered(point)]
        return any(deed.entry is not None and deed.accepted for deed in deeds)


class Crew:
    """The child processes that crash one backend, and all that they have found out.

    The processes are started when they are needed and last until :meth:`end`; what is known stays.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.on_step: Callable[[], None] = lambda: None
        self._known: dict[Component, Known] = {each: Known() for each in Component}
        self._traced: TracedHarness | None = None
        self._opener: Opener | None = None
        self._fork_server: ForkServer | None = None
        self._may_fork = True
        self._scratch: ScratchFolder | None = None
        self._count = 0

    def end(self) -> None:
        """End the processes and remove their files; the next question starts them again."""
        with contextlib.ExitStack() as stack:
            for each in (self._fork_server, self._traced, self._opener):
                if each is not None:
                    stack.callback(each.end)
            if self._scratch is not None:
                stack.callback(self._scratch.cleanup)
            self._fork_server = self._traced = self._opener = self._scratch = None

    def fork_server(self) -> ForkServer | None:
        """Return what starts traced harnesses at once, where that can be done.

        A child of it is as good as a program of its own until it is seen to do something else.
        """
        if self._may_fork and self._fork_server is None:
            self._fork_server = _fork_server(self.launch)
            self._may_fork = self._fork_server is not None
        return self._fork_server

    @contextlib.contextmanager
    def without_forking(self) -> Iterator[None]:
        """Let all harnesses that are started inside be programs of their own."""
        found, self._fork_server = self._fork_server, None
        may_fork, self._may_fork = self._may_fork, False
        try:
            yield
        finally:
            self._fork_server, self._may_fork = found, may_fork

    def stop_forking(self) -> bool:
        """Let all harnesses be programs of their own from now on; say whether they were not."""
        self._may_fork = False
        found, self._fork_server = self._fork_server, None
        if found is not None:
            found.end()
        return found is not None

    def site(
        self,
        component: Component,
        operations: Sequence[Operation],
        file_system: FileSystem = FileSystem.POSIX,
    ) -> CrashSite:
        """Return a history that was carried out, now or before.

        Raises ``BackendFault`` and :class:`TraceError`.
        """
        known = self._known[component].conducted
        history = tuple(operations)
        if history not in known:
            self.on_step()
            known[history] = self._conducted(component, history)
        found = known[history]
        model = _model(found.recording, file_system)
        return CrashSite(component, history, found, model, on_step=self.on_step)

    def _conducted(
        self,
        component: Component,
        operations: tuple[Operation, ...],
        image: Image = Image(),  # noqa: B008 - it never changes
    ) -> Conducted:
        if self._scratch is None:
            self._scratch = ScratchFolder()
        if self._traced is None:
            self._traced = TracedHarness(self.launch)
        self._count += 1
        directory = self._scratch.path / f"{self._count:06}"
        directory.mkdir(mode=0o700)
        write_image(image, directory)
        try:
            return conducted(self._traced, component, directory, operations, image)
        except (BackendFault, TraceError):
            # Neither goes on from where it was.
            self._traced.end()
            self._traced = None
            raise

    def reopening(
        self,
        component: Component,
        image: Image,
        file_system: FileSystem,
        before: Expected,
        further: tuple[Operation, ...] = (),
    ) -> CrashSite:
        """Return the opening of what a crash has left, as a history that can be crashed itself.

        ``before`` is what it may show, and ``further`` what is done after that. Raises
        ``BackendFault`` and :class:`TraceError`.
        """
        found = self.conducted_on(component, image, (_LOADS[component], *further))
        model = _model(found.recording, file_system)
        return CrashSite(component, (), found, model, before, self.on_step)

    def conducted_on(
        self, component: Component, image: Image, operations: tuple[Operation, ...]
    ) -> Conducted:
        """Return a history on a storage that holds something, carried out now or before.

        Raises ``BackendFault`` and :class:`TraceError`.
        """
        known = self._known[component].reopened
        key = (image.digest, operations)
        if key not in known:
            self.on_step()
            found = self._conducted(component, operations, image)
            known[key] = replace(found, recording=replace(found.recording, image=image))
        return known[key]

    def opening_after_kill(
        self,
        site: CrashSite,
        state: CrashState,
        before: Expected,
        further: tuple[Operation, ...] = (),
    ) -> CrashSite:
        """Return the opening after a kill behind what the killed process did, as one history.

        What that never synced is still not stable. ``before`` is what the opening may show, and
        ``further`` what is done after that. Raises ``BackendFault`` and :class:`TraceError`.
        """
        opened = site.image(state)
        file_system = site.model.file_system
        alone = self.reopening(site.component, opened, file_system, before, further).conducted
        image, made = site.model.image, site.model.events[: state.point]
        events = continued(image, made, opened, alone.recording.events)
        recording = replace(alone.recording, image=image, events=list(events))
        whole = Conducted(alone.deeds, recording, began_at=len(made))
        return CrashSite(
            site.component, (), whole, _model(recording, file_system), before, self.on_step
        )

    def show(self, component: Component, image: Image) -> Shown:
        """Return what an image shows, now or before; raises ``BackendFault``."""
        known = self._known[component].shown
        if image.digest not in known:
            known[image.digest] = self.show_again(component, image)
        return known[image.digest]

    def show_again(self, component: Component, image: Image) -> Shown:
        """Return what an image shows when it is opened now."""
        self.on_step()
        return self._opening().show(component, image)

    def _opening(self) -> Opener:
        if self._opener is None:
            self._opener = Opener(self.launch)
        return self._opener

    def lived(
        self, component: Component, image: Image, operations: Sequence[Operation]
    ) -> tuple[tuple[Deed, ...], Problem | None]:
        """Return the deeds of a history on an image; raises ``BackendFault``."""
        self.on_step()
        return self._opening().lived(component, image, operations)

    def at_rest(self, component: Component, operations: Sequence[Operation]) -> AtRest:
        """Return what a history leaves when it is closed, now or before; raises ``BackendFault``.

        Nothing is traced for it.
        """
        known = self._known[component].at_rest
        history = tuple(operations)
        if history not in known:
            self.on_step()
            known[history] = self._opening().at_rest(component, history)
        return known[history]

    def problem_at_rest(self, component: Component, operations: Sequence[Operation]) -> str:
        """Return why the files of a component cannot be damaged, or an empty text."""
        known = self._known[component]
        if known.problem_at_rest is None:
            known.problem_at_rest = self._problem_at_rest(component, operations)
        return known.problem_at_rest

    def _problem_at_rest(self, component: Component, operations: Sequence[Operation]) -> str:
        try:
            rest = self.at_rest(component, operations)
            if not any(data for _, data in rest.image.files):
                return _STORES_NOTHING
            return _copy_problem(component, rest.deeds, self.show(component, rest.image))
        except BackendFault as fault:
            return f"{_NO_HISTORY}: {plain_fault(fault)}"

    def problem(self, component: Component, operations: Sequence[Operation]) -> str:
        """Return why a component cannot be crashed, or an empty text; found out once.

        What can be crashed keeps its data in the directory that it is given, writes it by system
        calls, and opens a copy of the directory that no crash has touched.
        """
        if obstacle():
            return obstacle()
        known = self._known[component]
        if known.problem is None:
            known.problem = self._problem(component, operations)
        return known.problem

    def _problem(self, component: Component, operations: Sequence[Operation]) -> str:
        try:
            site = self.site(component, operations)
            if not any(isinstance(event, CHANGES) for event in site.model.events):
                ports = () if self._traced is None else self._traced.peers
                called = f"; it calls port {ports[0]} over the network instead" if ports else ""
                return f"{_STORES_NOTHING}{called}"
            image = Image.of_events(site.model.image, site.model.events)
            if site.conducted.recording.left_out:
                image = image.without(tuple(LEFT_OUT))
            return _copy_problem(component, site.conducted.deeds, self.show(component, image))
        except TraceError as error:
            return str(error)
        except BackendFault as fault:
            return self._fault_text(component, operations, fault)

    def _fault_text(
        self, component: Component, operations: Sequence[Operation], fault: BackendFault
    ) -> str:
        """Return what went wrong under strace, and whether it goes wrong without it too."""
        try:
            self._opening().at_rest(component, operations)
        except BackendFault as alone:
            return f"{_NO_HISTORY}, with strace or without: {plain_fault(alone)}"
        return f"it carries out a short history, but not under strace: {plain_fault(fault)}"


def _fork_server(launch: Launch) -> ForkServer | None:
    """Return a fork server whose children can be traced, or nothing."""
    found = begun_fork_server(launch)
    if found is None:
        return None
    try:
        TracedHarness(launch, fork_server=found).end()
    except BackendFault:
        # Not every system lets strace attach to what runs already.
        found.end()
        return None
    return found


def _model(recording: Recording, file_system: FileSystem) -> PowerModel:
    left_out = tuple(LEFT_OUT) if recording.left_out else ()
    return PowerModel(recording.image, recording.events, file_system, left_out)


_LOADS: Final[dict[Component, Operation]] = {
    Component.LOG: LoadLog(),
    Component.CACHE: LoadCache(),
}

crew_of: Final = OfLaunch(Crew)
"""Returns the crew of a launch; the same one for as long as the launch is there."""

_NO_HISTORY: Final = "it does not carry out a short history"
_STORES_NOTHING: Final = "it stores nothing in the directory that it is given"


def _copy_problem(component: Component, deeds: Sequence[Deed], shown: Shown) -> str:
    expected = expected_after(component, deeds, len(deeds))
    found = differences(expected, shown)
    if not found:
        return ""
    if isinstance(shown.first, Problem):
        return f"a copy of its directory does not open: {shown.first.text}"
    actual = "; ".join(each.actual for each in found.values())
    return f"a copy of its directory is not what it was: {actual}"
