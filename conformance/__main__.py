"""The command line: arguments to a run, a run to a report, a report to an exit status."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from conformance.terminal_text import visible
from conformance.watch import CALL_SECONDS_MAX
from telltale_spec.errors import TelltaleError

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.results import BackendReport, Report

__all__ = ["main"]

PROGRAM: Final = "telltale-conformance"

_CONFORMING, _USAGE, _OWN_FAULT = 0, 2, 5
# What shells give a command that Ctrl-C ended.
_INTERRUPTED: Final = 130

_EXIT_STATUS_TEXT: Final = (
    "exit status: 0 conforming, 1 violation, 2 usage, 3 inconclusive, "
    "4 the backend could not be judged, 5 a fault of this program"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    with _patient_output():
        parsed = _parser().parse_args(given)
        try:
            return _COMMANDS[parsed.command](parsed, _console())
        except KeyboardInterrupt:
            return _complain("interrupted", _INTERRUPTED)
        except TelltaleError as error:
            from conformance.worker import OwnFaultError

            if isinstance(error, OwnFaultError):
                _complain(f"this is a fault of {PROGRAM} itself", _OWN_FAULT)
                print(error, file=sys.stderr)  # noqa: T201 - the place for it
                return _OWN_FAULT
            return _complain(str(error), _USAGE)


@contextlib.contextmanager
def _patient_output() -> Iterator[None]:
    """Let output neither fail on a character nor on a reader who left, as `head` does."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _console() -> Console:
    from rich.console import Console

    class PatientConsole(Console):
        def on_broken_pipe(self) -> None:
            # The run goes on to its end: its exit status and its files still count.
            self.quiet = True
            _discard_output()

    # What is shown are others' texts; in none of them does a bracket mean a style.
    return PatientConsole(markup=False, emoji=False, highlight=False)


def _complain(message: str, status: int) -> int:
    print(f"{PROGRAM}: {visible(message)}", file=sys.stderr)  # noqa: T201 - the place for it
    return status


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line and shows where help is."""

    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Judge durable agreement backends against the telltale durability spec.",
        epilog=_EXIT_STATUS_TEXT,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    _add_check(commands)
    _add_requirements(commands)
    _add_inspect(commands)
    _add_vectors(commands)
    return parser


def _version() -> str:
    try:
        return metadata.version("telltale-spec")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _add_check(commands: argparse._SubParsersAction[_Parser]) -> None:
    check = commands.add_parser(
        "check",
        help="judge a backend, or the shipped ones",
        description="Judge a backend against every requirement that it can be held to.",
        epilog=_EXIT_STATUS_TEXT,
    )
    check.add_argument(
        "target",
        nargs="*",
        help="package.module:factory; without one the shipped backends are judged",
    )
    check.add_argument(
        "--profile", choices=("quick", "ci", "deep"), default="quick", help="how much to try"
    )
    check.add_argument("--seed", type=_natural, default=0, help="fixes every random choice")
    check.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON too")
    check.add_argument(
        "--only", action="append", default=[], metavar="ID", help="judge one requirement only"
    )
    check.add_argument(
        "--capability",
        action="append",
        metavar="NAME",
        help="declare that the target keeps this promise: reopen, ordered-cache, exact-messages",
    )
    check.add_argument(
        "--rejection-mode",
        metavar="MODE",
        help="what a refused append leaves: clean-reject, unknown-outcome, keeps-rejected",
    )
    check.add_argument(
        "--call-timeout",
        type=_seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one call of the backend (default: 10)",
    )
    check.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )
    check.add_argument(
        "--jobs", type=_positive, default=2, help="backends judged at the same time (default: 2)"
    )


def _add_requirements(commands: argparse._SubParsersAction[_Parser]) -> None:
    requirements = commands.add_parser(
        "requirements", help="list every requirement with its level, source and sentence"
    )
    requirements.add_argument(
        "id", nargs="*", help="show these only; the start of an id shows all that begin with it"
    )


def _add_inspect(commands: argparse._SubParsersAction[_Parser]) -> None:
    inspect = commands.add_parser(
        "inspect", help="print what persisted artifacts hold and what a recovery would decide"
    )
    inspect.add_argument("wal", type=Path, help="file with an agreement WAL")
    inspect.add_argument("cache", type=Path, nargs="?", help="file with an evidence cache")
    inspect.add_argument(
        "--checkpoint",
        type=_natural,
        default=0,
        metavar="N",
        help="tick of the checkpoint to recover from (default: 0)",
    )
    inspect.add_argument("--json", action="store_true", help="print JSON instead of tables")


def _add_vectors(commands: argparse._SubParsersAction[_Parser]) -> None:
    vectors = commands.add_parser("vectors", help="check or write test vectors")
    actions = vectors.add_subparsers(dest="action", required=True, parser_class=_Parser)
    check = actions.add_parser("check", help="check every file of a folder of vectors")
    check.add_argument("folder", type=Path)
    write = actions.add_parser("write", help="write vectors of our own making")
    write.add_argument("folder", type=Path)


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"expected an integer from 0 to 2^64-1, got `{text}`")
    return int(text)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got `{text}`")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got `{text}`")
    return seconds


def _check(parsed: argparse.Namespace, console: Console) -> int:
    from conformance.report.text import print_report
    from conformance.verdicts import exit_status

    problem = _check_problem(parsed)
    if problem is not None:
        return _complain(problem, _USAGE)
    report = _run(parsed, console)
    if not any(backend.results or backend.fault for backend in report.backends):
        return _complain(f"nothing judges {', '.join(parsed.only)}", _USAGE)
    status = int(exit_status(report, strict=parsed.strict))
    if parsed.json is not None:
        try:
            _write_whole(parsed.json, report.to_text())
        except OSError as error:
            status = _complain(f"--json {parsed.json}: {error.strerror}", _USAGE)
    targets = [[target] for target in parsed.target] or [[]] * len(report.backends)
    replays = [_replay_command(parsed, target) for target in targets]
    print_report(report, console, strict=parsed.strict, replays=replays)
    return status


def _check_problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments, before anything is run."""
    from conformance.requirements import UnknownRequirementError, requirement
    from conformance.targets import declaration

    for requirement_id in parsed.only:
        try:
            requirement(requirement_id)
        except UnknownRequirementError as error:
            return str(error)
    if not parsed.target and (parsed.capability or parsed.rejection_mode):
        return "--capability and --rejection-mode need a target"
    # An unknown name raises.
    declaration(parsed.capability or (), parsed.rejection_mode or "clean-reject")
    return None if parsed.json is None else _file_problem(parsed.json)


def _file_problem(path: Path) -> str | None:
    """Return why a file cannot be written, before a run is spent on it."""
    if path.is_dir():
        return f"--json {path}: that is a folder"
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"--json {path}: there is no such folder"
    if not os.access(path if _is_special(path) else folder, os.W_OK):
        return f"--json {path}: no permission to write there"
    return None


def _run(parsed: argparse.Namespace, console: Console) -> Report:
    from conformance.progress import shown_progress
    from conformance.results import REPORT_FORMAT, Report
    from conformance.runner import SPECIFICATION
    from conformance.worker import Job, run_jobs

    names = parsed.target or _shipped_names()
    jobs = [
        Job(
            name=name,
            target=name if parsed.target else None,
            profile=parsed.profile,
            seed=parsed.seed,
            call_seconds_max=parsed.call_timeout,
            capabilities=None if parsed.capability is None else tuple(parsed.capability),
            rejection_mode=parsed.rejection_mode,
            only=tuple(parsed.only),
        )
        for name in names
    ]
    with shown_progress(console) as on_progress:
        reports = run_jobs(jobs, parallel=parsed.jobs, on_progress=on_progress)
    if parsed.only and not parsed.target:
        # Nobody asked for the shipped backends that do not have what is judged.
        reports = [report for report in reports if _has_verdicts(report)] or reports
    return Report(REPORT_FORMAT, _version(), SPECIFICATION, parsed.profile, parsed.seed, reports)


def _has_verdicts(report: BackendReport) -> bool:
    from conformance.results import Verdict

    return report.fault is not None or any(
        result.verdict is not Verdict.NOT_APPLICABLE for result in report.results
    )


def _shipped_names() -> list[str]:
    from conformance.shipped import SHIPPED_BACKENDS

    return [backend.name for backend in SHIPPED_BACKENDS]


def _replay_command(parsed: argparse.Namespace, target: list[str]) -> str:
    words = [PROGRAM, "check", *target]
    words += ["--profile", parsed.profile, "--seed", str(parsed.seed)]
    for name in parsed.capability or ():
        words += ["--capability", name]
    if parsed.rejection_mode:
        words += ["--rejection-mode", parsed.rejection_mode]
    if parsed.call_timeout != CALL_SECONDS_MAX:
        words += ["--call-timeout", f"{parsed.call_timeout:g}"]
    return shlex.join(words)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is never half there."""
    if _is_special(path):
        # A device or a pipe is written to; to replace it would remove it.
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _requirements(parsed: argparse.Namespace, console: Console) -> int:
    from rich.table import Table
    from rich.text import Text

    from conformance.requirements import REQUIREMENTS

    wanted = [
        row
        for requirement_id, row in REQUIREMENTS.items()
        if not parsed.id or any(requirement_id.startswith(each) for each in parsed.id)
    ]
    if not wanted:
        return _complain(f"no requirement begins with {' or '.join(parsed.id)}", _USAGE)
    table = Table(expand=False)
    for heading in ("requirement", "level", "scope", "needs", "source", "sentence"):
        table.add_column(heading)
    for row in wanted:
        texts = (row.level.value, row.scope.value, row.capability or "", row.source, row.sentence)
        table.add_row(row.requirement_id, *map(Text, texts))
    console.print(table)
    return _CONFORMING


def _inspect(parsed: argparse.Namespace, console: Console) -> int:
    from conformance.inspection_command import inspect_command

    return inspect_command(
        parsed.wal, parsed.cache, parsed.checkpoint, console, as_json=parsed.json
    )


def _vectors(parsed: argparse.Namespace, console: Console) -> int:
    from conformance.vectors import vectors_check_command, vectors_write_command

    if parsed.action == "check":
        return vectors_check_command(parsed.folder, console)
    return vectors_write_command(parsed.folder, console)


_COMMANDS: Final = {
    "check": _check,
    "requirements": _requirements,
    "inspect": _inspect,
    "vectors": _vectors,
}

if __name__ == "__main__":
    raise SystemExit(main())
