"""``crash``: list what crashes of a short history can leave, and write one of it to a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain, natural, positive, seconds
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus
from conformance.records.promises import FILE_SYSTEM_NAMES
from conformance.run.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.backend import Launch
    from conformance.commands.arguments import CommandParser
    from conformance.crashes.campaign import CrashSite, Crew
    from conformance.crashes.conduct import Component
    from conformance.crashes.states import CrashState
    from telltale_spec.model.operations import Operation

__all__ = ["NAME", "add", "run"]

NAME: Final = "crash"

_NOT_JUDGED: Final = ExitStatus.BACKEND_FAULT
_CLASSES: Final = (
    "kill-inside",
    "power-prefix",
    "power-torn",
    "power-reordered",
    "power-zero",
    "power-stale",
    "power-entry",
)


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    crash = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Carry a short history out under strace and list the states that a kill or a "
        "loss of power can leave of its files, each with what was lost. With --image one of "
        "them is written to a folder, to be looked at or opened. Nothing is judged here; "
        "`check` does that.",
        epilog="exit status: 0 listed, 2 usage, 4 the backend cannot be crashed here",
    )
    crash.add_argument("target", nargs="?", help="package.module:factory, or a shipped backend")
    crash.add_argument("--command", dest="harness", metavar="COMMAND", help="a harness instead")
    crash.add_argument(
        "--component", choices=("log", "cache"), default="log", help="what is crashed"
    )
    crash.add_argument(
        "--class", dest="crash_class", choices=_CLASSES, default="power-prefix", help="which crash"
    )
    crash.add_argument(
        "--file-system",
        choices=FILE_SYSTEM_NAMES,
        default="posix",
        help="what survives without a sync",
    )
    crash.add_argument(
        "--operations",
        type=positive,
        metavar="NUMBER",
        help="carry out so many operations of the history (default: all); above those, of one "
        "that is long",
    )
    crash.add_argument("--seed", type=natural, default=0, help="fixes the samples of many states")
    crash.add_argument(
        "--state", type=natural, metavar="NUMBER", help="show this one alone, call by call"
    )
    crash.add_argument(
        "--image", type=Path, metavar="FOLDER", help="write the files of --state to a new folder"
    )
    crash.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one request (default: 10)",
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """List states, or show one of them."""
    from conformance.crashes.campaign import crew_of
    from conformance.crashes.conduct import Component
    from conformance.crashes.trace_errors import TraceError
    from conformance.errors import BackendFault
    from conformance.run.ending import termination_interrupts

    problem = _problem(parsed)
    if problem:
        return complain(problem)
    component = Component.LOG if parsed.component == "log" else Component.CACHE
    short, long = _histories(component)
    count = parsed.operations or len(short)
    if count > len(long):
        return complain(f"--operations {count}: the longest history has {len(long)}")
    operations = short if count <= len(short) else long
    launch = _launch(parsed)
    crew = crew_of(launch)
    name = parsed.target or parsed.harness
    with termination_interrupts():
        try:
            obstacle = crew.problem(component, short)
            if obstacle:
                return complain(f"{name}: {obstacle}", _NOT_JUDGED)
            return _show(parsed, console, crew, component, operations[:count])
        except (BackendFault, TraceError) as error:
            return complain(str(error), _NOT_JUDGED)
        finally:
            crew.end()


def _problem(parsed: argparse.Namespace) -> str:
    """Return what is wrong with the arguments, before anything is started."""
    if (parsed.target is None) == (parsed.harness is None):
        return "name one backend: package.module:factory, or --command COMMAND"
    if parsed.image is not None and parsed.state is None:
        return "--image needs --state: the number of the state to be written"
    folder: Path | None = parsed.image
    if folder is None:
        return ""
    if folder.is_symlink() or folder.exists():
        return f"--image {folder}: it is there already; name a folder that is absent"
    if not folder.absolute().parent.is_dir():
        return f"--image {folder}: there is no folder {folder.absolute().parent}"
    return ""


def _histories(component: Component) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Return the short history and the long one; see the suites of crashes."""
    from conformance.crashes.conduct import Component
    from conformance.crashes.histories import cache_histories, log_histories
    from conformance.crashes.rare import long_history

    histories = log_histories if component is Component.LOG else cache_histories
    return next(histories(0, 0)), long_history(component, 0)


def _launch(parsed: argparse.Namespace) -> Launch:
    from conformance.backend import Launch
    from conformance.door.harness import command_words
    from conformance.run.launching import launch_of
    from conformance.run.shipped import SHIPPED_BACKENDS
    from conformance.run.targets import find_target

    if parsed.harness is not None:
        return Launch(tuple(command_words(parsed.harness)), parsed.call_timeout)
    if all(parsed.target != backend.name for backend in SHIPPED_BACKENDS):
        # A target that is not there is told before anything is started.
        find_target(parsed.target)
    return launch_of(parsed.target, parsed.call_timeout)


def _show(
    parsed: argparse.Namespace,
    console: Console,
    crew: Crew,
    component: Component,
    operations: tuple[Operation, ...],
) -> int:
    from conformance.crashes.persistence import FileSystem
    from conformance.crashes.selection import chosen_states
    from conformance.crashes.states import CrashClass

    site = crew.site(component, operations, FileSystem(parsed.file_system))
    chosen = chosen_states(site, CrashClass(parsed.crash_class), parsed.seed, sys.maxsize)
    states = chosen.states
    if parsed.state is not None:
        if parsed.state >= len(states):
            last = f"the last one is {len(states) - 1}" if states else "there is none"
            return complain(f"--state {parsed.state}: {last}")
        return _show_one(parsed, console, site, states[parsed.state])
    for number, state in enumerate(states):
        _print(console, f"{number:5}: {_state_text(site, state)}")
    kind = f"{parsed.crash_class} on {parsed.file_system}"
    _print(
        console,
        f"{kind}: {chosen.made} states, {len(states)} distinct, of {len(operations)} operations",
    )
    return ExitStatus.CONFORMING


def _show_one(
    parsed: argparse.Namespace, console: Console, site: CrashSite, state: CrashState
) -> int:
    from conformance.crashes.images import write_image
    from conformance.crashes.telling import crash_steps

    for step in crash_steps(site, state):
        _print(console, f"{step.text}{f' -> {step.answer}' if step.answer else ''}")
    if parsed.image is not None:
        try:
            parsed.image.mkdir()
            write_image(site.image(state), parsed.image)
        except OSError as error:
            return complain(f"--image {parsed.image}: {error.strerror or error}")
        _print(console, f"written to {parsed.image}")
    return ExitStatus.CONFORMING


def _state_text(site: CrashSite, state: CrashState) -> str:
    """Return a state in one line: where it crashes, and what becomes of what is not stable."""
    answered = site.conducted.answered(state.point)
    place = f"after event {state.point} of {len(site.model.events)}, {answered} answers"
    lost = f", lost: {' '.join(map(str, state.lost))}" if state.lost else ""
    parts = "".join(
        f", of {part.event} bytes {part.begin} to {part.end}"
        + ("" if part.fill.value == "nothing" else f" and {part.fill.value} bytes around them")
        for part in state.parts
    )
    return f"{place}{lost}{parts}"


def _print(console: Console, text: str) -> None:
    from rich.text import Text

    console.print(Text(visible(text)), soft_wrap=True)
