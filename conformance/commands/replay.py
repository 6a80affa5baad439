"""``replay``: carry recorded failures out again, without any search."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import EXIT_STATUS_TEXT, complain, positive, seconds
from conformance.commands.check_options import add_server_options, add_target_option
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.records.replays import Outcome, Replay
    from conformance.run.jobs import Job

__all__ = ["NAME", "add", "run"]

NAME: Final = "replay"

_VIOLATION: Final = ExitStatus.VIOLATION
_INCONCLUSIVE: Final = ExitStatus.INCONCLUSIVE
_BACKEND_FAULT: Final = ExitStatus.BACKEND_FAULT
_FROM_BEST: Final = (ExitStatus.CONFORMING, _INCONCLUSIVE, _VIOLATION, _BACKEND_FAULT)


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    replay = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        usage="%(prog)s [options] FILE... [TARGET]",
        description="Say of each recorded failure: fixed, still failing, fails differently, "
        "not seen, or cannot run.",
        epilog=EXIT_STATUS_TEXT,
    )
    add_target_option(replay)
    add_server_options(replay)
    replay.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="replay files, and last the backend as package.module:factory; without it the "
        "shipped backend that a file names",
    )
    replay.add_argument(
        "--capability", action="append", metavar="NAME", help="declare this promise, as in check"
    )
    replay.add_argument(
        "--rejection-mode", metavar="MODE", help="what a refused append leaves, as in check"
    )
    replay.add_argument(
        "--mends", action="append", metavar="FINDING", help="declared as mended, as in check"
    )
    replay.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one call of the backend (default: 10)",
    )
    replay.add_argument(
        "--command",
        dest="harness",
        metavar="COMMAND",
        help="replay on a harness in any language, as in check",
    )
    replay.add_argument(
        "--starting-timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="longest time from the start of a harness to its handshake (default: 30)",
    )
    replay.add_argument(
        "--print",
        choices=("pytest", "lines"),
        dest="printed",
        help="print a file's failure instead: as a pytest file for the backend's repository, or as "
        "the lines that go to the standard input of a harness",
    )
    replay.add_argument(
        "--jobs", type=positive, default=2, help="files replayed at the same time (default: 2)"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Replay each file and say what came of it."""
    from conformance.commands.replay_files import load_replay
    from conformance.life_cycle import set_option
    from conformance.run.replaying import check_acts
    from conformance.run.targets import declaration, mended
    from conformance.servers.process import set_server

    for option in parsed.target_option:
        set_option(option)
    set_server(parsed.server, parsed.server_ready)
    # An unknown name raises.
    declaration(parsed.capability or (), parsed.rejection_mode or "clean-reject")
    mended(parsed.mends or ())
    paths, target = _files_and_target(parsed.files)
    problem = _option_problem(parsed, paths, target)
    if problem is not None:
        return complain(problem)
    replays = [load_replay(path) for path in paths]
    for replay in replays:
        check_acts(replay)
    if parsed.printed is not None:
        return _print(parsed, replays, target, console)
    if target is None and parsed.harness is None:
        problem = _backend_problem(paths, replays)
        if problem is not None:
            return complain(problem)
    return _replay(parsed, paths, replays, target, console)


def _files_and_target(given: list[str]) -> tuple[list[Path], str | None]:
    """Tell the files from the target, which comes last and is no file."""
    last = given[-1]
    if ":" in last and not Path(last).exists():
        return [Path(each) for each in given[:-1]], last
    return [Path(each) for each in given], None


def _option_problem(
    parsed: argparse.Namespace, paths: list[Path], target: str | None
) -> str | None:
    from conformance.door.harness import command_words

    if not paths:
        return f"`{target}`: give a replay file before the target"
    if parsed.harness is None:
        return None
    # An unusable one raises.
    command_words(parsed.harness)
    if target is not None:
        return f"`{target}` and --command: give one of them"
    if parsed.capability or parsed.rejection_mode or parsed.mends:
        return (
            "--capability, --rejection-mode and --mends are for targets; a harness declares its own"
        )
    return None


def _backend_problem(paths: list[Path], replays: list[Replay]) -> str | None:
    """Return what is wrong with files that should be of shipped backends."""
    from conformance.run.shipped import SHIPPED_BACKENDS

    names = [backend.name for backend in SHIPPED_BACKENDS]
    for path, replay in zip(paths, replays, strict=True):
        if replay.backend not in names:
            return f"{path} is of `{replay.backend}`: give its package.module:factory or --command"
    return None


def _job(parsed: argparse.Namespace, replay: Replay, target: str | None) -> Job:
    """Return the process that one replay runs in."""
    from conformance.run.jobs import Job

    return Job(
        name=target or parsed.harness or replay.backend,
        target=target,
        command=parsed.harness,
        starting_seconds_max=parsed.starting_timeout,
        profile="quick",
        seed=0,
        call_seconds_max=parsed.call_timeout,
        capabilities=None if parsed.capability is None else tuple(parsed.capability),
        rejection_mode=parsed.rejection_mode,
        mends=None if parsed.mends is None else tuple(parsed.mends),
        replay=replay,
    )


def _replay(
    parsed: argparse.Namespace,
    paths: list[Path],
    replays: list[Replay],
    target: str | None,
    console: Console,
) -> int:
    from rich.text import Text

    from conformance.records.replays import ReplayResult
    from conformance.report.replay_text import shown
    from conformance.run.progress import shown_progress
    from conformance.run.terminal_text import visible
    from conformance.run.worker import run_jobs

    jobs = [_job(parsed, replay, target) for replay in replays]
    with shown_progress() as on_progress:
        reports = run_jobs(jobs, parallel=parsed.jobs, on_progress=on_progress)
    results = [ReplayResult.of(*each) for each in zip(replays, reports, strict=True)]
    for path, replay, result in zip(paths, replays, results, strict=True):
        head = f"{visible(str(path))}: {replay.requirement_id} of {visible(replay.backend)}: "
        console.print(Text(f"{head}{shown(replay, result)}"), soft_wrap=True)
    # As in a whole run: a violation outweighs doubt.
    return max((_status(result.outcome) for result in results), key=_FROM_BEST.index)


def _status(outcome: Outcome) -> int:
    from conformance.records.replays import Outcome

    if outcome is Outcome.CANNOT_RUN:
        return _BACKEND_FAULT
    if outcome is Outcome.NOT_SEEN:
        return _INCONCLUSIVE
    return ExitStatus.CONFORMING if outcome is Outcome.FIXED else _VIOLATION


def _print(
    parsed: argparse.Namespace, replays: list[Replay], target: str | None, console: Console
) -> int:
    if len(replays) != 1:
        return complain("--print needs one file")
    broken = ""
    if parsed.printed == "lines":
        if parsed.harness is None:
            return complain("--print lines needs --command")
        from conformance.commands.replay_lines import harness_lines

        text, broken = harness_lines(parsed, replays[0])
    else:
        if target is None:
            return complain("--print pytest needs the backend as package.module:factory")
        from conformance.report.replay_text import pytest_text

        text = pytest_text(replays[0], target)
    if text:
        console.out(text.rstrip("\n"), highlight=False)
    return complain(broken, _BACKEND_FAULT) if broken else ExitStatus.CONFORMING
