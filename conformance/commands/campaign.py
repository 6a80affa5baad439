"""``campaign``: judge backends on many seeds, on many workers, for as long as there is time."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import (
    EXIT_STATUS_TEXT,
    complain,
    natural,
    positive,
    seconds,
)
from conformance.commands.check import jobs_of, replay_command, target_words
from conformance.commands.check_options import (
    add_promises,
    add_target_option,
    promises_problem,
)
from conformance.commands.report_files import add_file_options, files_problem, write_files
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus
from conformance.profile_names import PROFILE_NAMES
from conformance.records.promises import FILE_SYSTEM_NAMES

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.campaigns.executors import UnitExecutor
    from conformance.campaigns.plan import Plan
    from conformance.campaigns.state import Identity
    from conformance.campaigns.store import Store
    from conformance.commands.arguments import CommandParser
    from conformance.records.campaigns import CampaignReport

__all__ = ["NAME", "add", "duration", "run"]

NAME: Final = "campaign"

STORE_FOLDER: Final = ".telltale/campaign"

_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])", re.ASCII)
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# A unit has a few suites, each of which may take the time of the profile.
_SUITES_A_UNIT: Final = 10


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    campaign = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Judge backends on one seed after the other, on all processors or on the "
        "workers of an engine, and keep every failure in a folder; see docs/campaigns.md.",
        epilog=EXIT_STATUS_TEXT,
    )
    campaign.add_argument("target", nargs="*", help="package.module:factory, as in check")
    campaign.add_argument(
        "--command",
        dest="harness",
        action="append",
        default=[],
        metavar="COMMAND",
        help="judge a harness in any language, as in check",
    )
    _add_bounds(campaign)
    campaign.add_argument("--profile", choices=PROFILE_NAMES, default="quick", help="as in check")
    campaign.add_argument(
        "--seed",
        type=natural,
        help="the first seed (default: 0 in a new store, and the next one that was not tried)",
    )
    campaign.add_argument("--tour", action="store_true", help="take the tours of check --tour, too")
    add_file_options(campaign)
    add_promises(campaign)
    add_target_option(campaign)
    campaign.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one call of the backend (default: 10)",
    )
    campaign.add_argument(
        "--starting-timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="longest time from the start of a harness to its handshake (default: 30)",
    )
    campaign.add_argument(
        "--file-system",
        choices=FILE_SYSTEM_NAMES,
        default=FILE_SYSTEM_NAMES[0],
        help="what a loss of power leaves without a sync (default: posix, the weakest)",
    )
    campaign.add_argument("--all", action="store_true", help="show every verdict as a table")
    campaign.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )


def _add_bounds(campaign: CommandParser) -> None:
    """Add what bounds a campaign, who works for it, and where it is kept."""
    campaign.add_argument(
        "--for",
        dest="duration",
        type=duration,
        metavar="TIME",
        help="start units for so long: 30s, 10m, 8h",
    )
    campaign.add_argument(
        "--units", type=positive, metavar="N", help="do so many units, with the same findings"
    )
    campaign.add_argument(
        "--unit-limit",
        type=duration,
        metavar="TIME",
        help="longest time for one unit (default: ten times that of a suite in the profile)",
    )
    campaign.add_argument(
        "--jobs", type=positive, help="processes of this machine (default: one a processor)"
    )
    campaign.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="give the units to this scheduler of Dask instead, as tcp://127.0.0.1:8786",
    )
    campaign.add_argument(
        "--store",
        type=Path,
        default=Path(STORE_FOLDER),
        metavar="FOLDER",
        help=f"keep failures and what is done here (default: {STORE_FOLDER})",
    )
    campaign.add_argument(
        "--anew", action="store_true", help="do not go on with a campaign that was interrupted"
    )


def duration(text: str) -> float:
    """Return a time such as ``30s``, ``10m`` or ``8h`` in seconds."""
    found = _DURATION.fullmatch(text)
    number = float(found[1]) * _UNIT_SECONDS[found[2]] if found else 0.0
    if number <= 0:
        raise argparse.ArgumentTypeError(f"expected a time such as 30s, 10m or 8h, got `{text}`")
    return number


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Conduct a campaign, print its report and return its exit status."""
    from conformance.campaigns.conduct import Bounds, conduct
    from conformance.campaigns.ledger import opened_ledger
    from conformance.campaigns.merging import campaign_report
    from conformance.campaigns.progress import shown_campaign
    from conformance.campaigns.store import Store
    from conformance.engine.profiles import profile

    problem = _problem(parsed)
    if problem is not None:
        return complain(problem)
    plan, identity = _plan(parsed)
    with Store(parsed.store) as store:
        ledger = opened_ledger(store, plan, identity, anew=parsed.anew)
        _say_what_is_gone_on_with(store, ledger.units_done, ledger.state.number)
        bounds = Bounds(parsed.duration, parsed.units)
        executor = _executor(parsed)
        try:
            with shown_campaign() as on_headway:
                conduct(ledger, executor, bounds, on_headway)
        except KeyboardInterrupt:
            text = f"{ledger.units_done} units are kept in {store.folder}"
            complain(f"{text}; the same command goes on with them", ExitStatus.INCONCLUSIVE)
            raise
        campaign = campaign_report(ledger, profile(parsed.profile))
        path = store.write_report(campaign.to_text())
        return _told(parsed, campaign, store, path, console)


def _problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments, before anything is run."""
    from conformance.life_cycle import set_option

    for option in parsed.target_option:
        set_option(option)
    if not parsed.target and not parsed.harness:
        return "give a target, as package.module:factory, or --command"
    if parsed.duration is None and parsed.units is None:
        return "give --for TIME, as in --for 8h, or --units N"
    if parsed.scheduler is not None and parsed.jobs is not None:
        return f"--jobs {parsed.jobs} and --scheduler: give one of them"
    return promises_problem(parsed) or files_problem(parsed)


def _plan(parsed: argparse.Namespace) -> tuple[Plan, Identity]:
    """Return the units of the campaign, and what a campaign has to share to be this one."""
    from conformance.campaigns.plan import Plan
    from conformance.campaigns.state import Identity
    from conformance.campaigns.working import options_of, own_version
    from conformance.engine.profiles import profile
    from conformance.records.redaction import hidden_text, secrets_of

    limit = parsed.unit_limit
    if limit is None:
        limit = _SUITES_A_UNIT * profile(parsed.profile).budget.wall_seconds
    parsed.only, parsed.time_limit = [], None
    first_seed, parsed.seed = parsed.seed, parsed.seed or 0
    jobs = tuple(replace(job, seconds_max=limit) for job in jobs_of(parsed))
    secrets = secrets_of(os.environ)
    identity = Identity(
        _told_apart([hidden_text(job.name, secrets) for job in jobs]),
        [*(parsed.capability or ()), parsed.rejection_mode or "", *(parsed.mends or ())],
        parsed.profile,
        parsed.file_system,
        parsed.tour,
        first_seed,
    )
    options = options_of(os.environ.items())
    return Plan(jobs, first_seed or 0, own_version(), parsed.tour, options), identity


def _told_apart(names: list[str]) -> list[str]:
    """Return names of which no two are alike, as two may be once their secrets are hidden."""
    counts = {name: names.count(name) for name in names}
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} ({seen[name]})")
    return found


def _say_what_is_gone_on_with(store: Store, units_done: int, number: int) -> None:
    if units_done:
        text = f"going on with campaign {number} in {store.folder}, of which {units_done} units"
        complain(f"{text} are done", ExitStatus.CONFORMING)


def _executor(parsed: argparse.Namespace) -> UnitExecutor:
    from conformance.campaigns.executors import LocalExecutor

    if parsed.scheduler is not None:
        from conformance.campaigns.dask_executor import DaskExecutor

        return DaskExecutor(parsed.scheduler)
    return LocalExecutor(parsed.jobs or os.cpu_count() or 1)


def _told(
    parsed: argparse.Namespace,
    campaign: CampaignReport,
    store: Store,
    path: Path,
    console: Console,
) -> int:
    """Write the forms that were asked for, print the report and return the exit status."""
    from conformance.records.verdicts import exit_status
    from conformance.report.campaign_text import campaign_lines
    from conformance.report.text import print_report

    report = campaign.report
    status = exit_status(report, strict=parsed.strict)
    if campaign.own_faults and status in (ExitStatus.CONFORMING, ExitStatus.INCONCLUSIVE):
        status = ExitStatus.OWN_FAULT
    written = write_files(parsed, report)
    commands = [
        {
            result.requirement_id: replay_command(parsed, store.failure_path(name), target)
            for result in backend.results
            if result.counterexample is not None
            for name in store.names_of(result.counterexample.fingerprint)
        }
        for backend, target in zip(report.backends, target_words(parsed, report), strict=True)
    ]
    print_report(report, console, strict=parsed.strict, replays=commands, everything=parsed.all)
    for line in campaign_lines(campaign):
        console.print(line, soft_wrap=True)
    console.print(f"  kept: {path}", soft_wrap=True)
    for text in campaign.own_faults[:1]:
        complain(text, ExitStatus.OWN_FAULT)
    return int(written or status)
