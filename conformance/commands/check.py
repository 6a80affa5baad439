"""``check``: judge a backend, or the shipped ones."""

from __future__ import annotations

import argparse
import itertools
import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import (
    EXIT_STATUS_TEXT,
    PROGRAM,
    REPLAYS_FOLDER,
    complain,
)
from conformance.commands.baselines import (
    baseline_problem,
    load_baseline,
    new_baseline,
)
from conformance.commands.check_options import add_check_options, promises_problem
from conformance.commands.report_files import (
    append_step_summary,
    files_problem,
    write_files,
)
from conformance.commands.runs import run_with_progress, shipped_names
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus
from conformance.records.promises import FILE_SYSTEM_NAMES

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.commands.baselines import RunBaseline
    from conformance.engine.profiles import Profile
    from conformance.records.results import BackendReport, Report
    from conformance.run.jobs import Job

__all__ = ["NAME", "add", "jobs_of", "replay_command", "run", "target_words"]

NAME: Final = "check"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    check = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Judge a backend against every requirement that it can be held to.",
        epilog=EXIT_STATUS_TEXT,
    )
    add_check_options(check)


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Judge, print the report and return its exit status."""
    from conformance.records.verdicts import exit_status
    from conformance.report.text import print_report

    problem = _check_problem(parsed)
    if problem is not None:
        return complain(problem)
    # A tour looks for no quirk, so the list of those that are shipped has no place here.
    baseline = None if parsed.tour else load_baseline(parsed)
    report = _run(parsed, console, baseline)
    if not any(backend.results or backend.fault for backend in report.backends):
        return complain(f"nothing judges {', '.join(parsed.only)}")
    if baseline is not None:
        try:
            report = _matched(parsed, report, baseline)
        except OSError as error:
            return complain(f"--baseline {parsed.baseline}: {error.strerror}")
    status = int(exit_status(report, strict=parsed.strict))
    status = write_files(parsed, report) or status
    append_step_summary(report, strict=parsed.strict)
    replays = _written_replays(parsed, report)
    if replays is None:
        status = ExitStatus.USAGE if parsed.replays is not None else status
        targets = target_words(parsed, report)
        replays = list(map(_search_commands, itertools.repeat(parsed), report.backends, targets))
    print_report(report, console, strict=parsed.strict, replays=replays, everything=parsed.all)
    if parsed.tour or parsed.file_system != FILE_SYSTEM_NAMES[0]:
        _print_notes(report, console)
    return status


def _print_notes(report: Report, console: Console) -> None:
    """Say how much of the tours was taken, or which file system; a verdict is on no more."""
    for backend in report.backends:
        for note in backend.notes:
            console.print(f"{backend.name}: {note}", soft_wrap=True)


def _matched(parsed: argparse.Namespace, report: Report, baseline: RunBaseline) -> Report:
    """Return the report beside its baseline, which is rewritten first if that was asked for."""
    if not parsed.update_baseline:
        return baseline.matched(report)
    before = len(baseline.baseline.failures)
    baseline, report = new_baseline(baseline, report)
    count = len(baseline.baseline.failures)
    complain(
        f"{parsed.baseline} rewritten: {count} known failures (before: {before})",
        ExitStatus.CONFORMING,
    )
    return report


def _written_replays(parsed: argparse.Namespace, report: Report) -> list[dict[str, str]] | None:
    """Write the replay files; return the command of each failure, or ``None`` if that failed."""
    from conformance.commands.replay_files import write_replays

    folder = Path(REPLAYS_FOLDER) if parsed.replays is None else parsed.replays
    try:
        written = write_replays(report.backends, folder)
    except OSError as error:
        complain(f"--replays {folder}: {error.strerror}")
        return None
    return [
        {each: replay_command(parsed, path, target) for each, path in paths.items()}
        for target, paths in zip(target_words(parsed, report), written, strict=True)
    ]


def target_words(parsed: argparse.Namespace, report: Report) -> list[list[str]]:
    """Return what names each backend of the report on a command line, if anything has to."""
    targets = [[target] for target in parsed.target]
    targets += [["--command", command] for command in parsed.harness]
    return targets or [[]] * len(report.backends)


def _check_problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments, before anything is run."""
    from conformance.life_cycle import set_option
    from conformance.requirements import UnknownRequirementError, requirement
    from conformance.servers.process import set_server

    for option in parsed.target_option:
        set_option(option)
    set_server(parsed.server, parsed.server_ready)
    problem = baseline_problem(parsed) or _name_problem(parsed)
    if problem is not None:
        return problem
    for requirement_id in parsed.only:
        try:
            requirement(requirement_id)
        except UnknownRequirementError as error:
            return str(error)
    if parsed.tour and (parsed.only or parsed.baseline is not None):
        return "--tour takes the whole tour, so --only and --baseline do not go with it"
    problem = promises_problem(parsed)
    if problem is not None:
        return problem
    if parsed.replays is not None and parsed.replays.exists() and not parsed.replays.is_dir():
        return f"--replays {parsed.replays}: that is no folder"
    return files_problem(parsed)


def _name_problem(parsed: argparse.Namespace) -> str | None:
    if parsed.name is None:
        return None
    count = len(parsed.target) + len(parsed.harness)
    if count != 1:
        return f"--name {parsed.name}: names one backend, and {count or 'none'} are given"
    return None if parsed.name.strip() else f"--name `{parsed.name}`: expected a name"


def _run(parsed: argparse.Namespace, console: Console, baseline: RunBaseline | None) -> Report:
    from conformance.records.redaction import hidden_secrets, secrets_of
    from conformance.run.reports import report_of
    from conformance.servers.process import is_server_given

    known = () if baseline is None else baseline.known
    jobs = [replace(job, known=known) for job in jobs_of(parsed)]
    # One server cannot be killed for one backend while another one is judged on it.
    reports = run_with_progress(jobs, 1 if is_server_given() else parsed.jobs)
    if (parsed.only or parsed.tour) and not (parsed.target or parsed.harness):
        # Nobody asked for the shipped backends that do not have what is judged.
        reports = [report for report in reports if _has_verdicts(report)] or reports
    if parsed.name is not None:
        reports = [replace(report, name=parsed.name) for report in reports]
    # Before anything is written: no form of the report may hold a secret.
    report = report_of(reports, _profile_used(parsed), 0 if parsed.tour else parsed.seed)
    return hidden_secrets(report, secrets_of(os.environ))


def _profile_used(parsed: argparse.Namespace) -> Profile:
    if parsed.tour:
        # Who takes no tour does not wait for what takes them.
        from conformance.machines.tours import TOUR_PROFILE

        return TOUR_PROFILE
    from conformance.engine.profiles import profile

    return profile(parsed.profile, parsed.time_limit)


def jobs_of(parsed: argparse.Namespace) -> Iterator[Job]:
    """Yield a job for each target and each command, or else for each shipped backend."""
    from conformance.door.harness import command_words
    from conformance.run.jobs import Job

    common = Job(
        name="",
        target=None,
        profile=parsed.profile,
        seed=parsed.seed,
        call_seconds_max=parsed.call_timeout,
        only=tuple(parsed.only),
        time_limit_seconds=parsed.time_limit,
        tour=parsed.tour,
        file_system=parsed.file_system,
    )
    for target in parsed.target:
        capabilities = None if parsed.capability is None else tuple(parsed.capability)
        yield replace(
            common,
            name=target,
            target=target,
            capabilities=capabilities,
            rejection_mode=parsed.rejection_mode,
            mends=None if parsed.mends is None else tuple(parsed.mends),
        )
    for command in parsed.harness:
        # An unusable one is told before anything is run.
        command_words(command)
        yield replace(
            common, name=command, command=command, starting_seconds_max=parsed.starting_timeout
        )
    if not parsed.target and not parsed.harness:
        for name in shipped_names():
            yield replace(common, name=name)


def _has_verdicts(report: BackendReport) -> bool:
    from conformance.records.results import Verdict

    return report.fault is not None or any(
        result.verdict is not Verdict.NOT_APPLICABLE for result in report.results
    )


def replay_command(parsed: argparse.Namespace, path: Path, target: list[str]) -> str:
    """Return the command that replays a file on the backend that it is of."""
    return _shown_command([PROGRAM, "replay", str(path), *target, *_declared(parsed)])


def _search_commands(
    parsed: argparse.Namespace, backend: BackendReport, target: list[str]
) -> dict[str, str]:
    """Return, for want of a replay file, the commands that search for the failures again."""
    words = [PROGRAM, "check", *target]
    words += ["--profile", parsed.profile, "--seed", str(parsed.seed), *_declared(parsed)]
    if parsed.file_system != FILE_SYSTEM_NAMES[0]:
        words += ["--file-system", parsed.file_system]
    if parsed.time_limit is not None:
        words += ["--time-limit", f"{parsed.time_limit:g}"]
    return {
        result.requirement_id: _shown_command([*words, "--only", result.requirement_id])
        for result in backend.results
    }


def _shown_command(words: list[str]) -> str:
    """Return a command to be shown; what is secret in it has to be filled in again."""
    from conformance.records.redaction import hidden_text, secrets_of

    return hidden_text(shlex.join(words), secrets_of(os.environ))


def _declared(parsed: argparse.Namespace) -> list[str]:
    """Return the options that say what the backend needs and promises, as they were given."""
    words: list[str] = []
    for option in parsed.target_option:
        words += ["--target-option", option]
    # A campaign runs no server.
    given = vars(parsed)
    for option in ("server", "server_ready"):
        if given.get(option) is not None:
            words += [f"--{option.replace('_', '-')}", given[option]]
    for name in parsed.capability or ():
        words += ["--capability", name]
    if parsed.rejection_mode:
        words += ["--rejection-mode", parsed.rejection_mode]
    for name in parsed.mends or ():
        words += ["--mends", name]
    if parsed.call_timeout != CALL_SECONDS_MAX:
        words += ["--call-timeout", f"{parsed.call_timeout:g}"]
    return words
