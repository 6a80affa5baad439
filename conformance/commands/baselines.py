"""The baseline of a run: its file, the replay files beside it, and the options for it."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conformance.commands.arguments import write_whole
from conformance.errors import BaselineError, ReplayError

if TYPE_CHECKING:
    from conformance.records.baseline import Baseline
    from conformance.records.replays import KnownFailure
    from conformance.records.results import Report

__all__ = ["RunBaseline", "add_options", "baseline_problem", "load_baseline", "new_baseline"]

_SHIPPED: Final = "the shipped baseline"


def add_options(check: argparse.ArgumentParser) -> None:
    """Add the options of a baseline."""
    check.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="TOML with the failures that are known; see docs/baselines.md (default for the "
        "shipped backends: the quirks of the specification)",
    )
    check.add_argument(
        "--update-baseline",
        action="store_true",
        help="rewrite the baseline, and its replay files, so that it fits this run",
    )
    check.add_argument(
        "--today",
        type=_date,
        metavar="YYYY-MM-DD",
        help="the day that expiry dates are held against (default: today)",
    )


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        message = f"expected a date such as 2030-12-31, got `{text}`"
        raise argparse.ArgumentTypeError(message) from None


def baseline_problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the options of a baseline."""
    if not parsed.update_baseline:
        return None
    if parsed.baseline is None:
        return "--update-baseline needs --baseline FILE"
    folder = parsed.baseline.absolute().parent
    return None if folder.is_dir() else f"--baseline {parsed.baseline}: there is no such folder"


@dataclass(frozen=True)
class RunBaseline:
    """What a run is held against; ``path`` is ``None`` for the shipped one."""

    path: Path | None
    baseline: Baseline
    known: tuple[KnownFailure, ...]
    options: dict[str, Any]
    today: datetime.date

    def matched(self, report: Report) -> Report:
        """Return the report with what does not fit."""
        from conformance.records.baseline_rules import matched

        return matched(report, self.baseline, today=self.today, **self.options)


def load_baseline(parsed: argparse.Namespace) -> RunBaseline | None:
    """Return the baseline of a run, if it has one; raises :class:`BaselineError`."""
    from conformance.records.baseline import Baseline, read_baseline

    shipped = not parsed.target and not parsed.harness
    options = {"only": tuple(parsed.only), "all_quirks": shipped}
    # The one place where the clock has a say, and only if nobody names the day.
    today = parsed.today or datetime.datetime.now(tz=datetime.UTC).date()
    path: Path | None = parsed.baseline
    if path is None:
        if not shipped:
            return None
        file = resources.files("conformance") / "baselines/shipped.toml"
        baseline = read_baseline(file.read_text(encoding="utf-8"), _SHIPPED)
        return RunBaseline(None, baseline, (), options, today)
    if parsed.update_baseline and not path.exists():
        return RunBaseline(path, Baseline(), (), options, today)
    try:
        baseline = read_baseline(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise BaselineError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BaselineError(str(path), "is no text in UTF-8") from None
    return RunBaseline(path, baseline, _known(path, baseline), options, today)


def _known(path: Path, baseline: Baseline) -> tuple[KnownFailure, ...]:
    """Return the listed failures with their replays."""
    from conformance.commands.replay_files import load_replay
    from conformance.records.replays import KnownFailure
    from conformance.run.replaying import check_acts

    known = []
    for entry in baseline.failures:
        what = f"{entry.requirement} of `{entry.backend}`"
        replay = load_replay(path.parent / entry.replay)
        if replay.fingerprint != entry.fingerprint or replay.requirement_id != entry.requirement:
            reason = f"{what}: `{entry.replay}` is of another failure than the entry"
            raise BaselineError(str(path), f"{reason}; give the file and its fingerprint")
        try:
            check_acts(replay)
        except ReplayError as error:
            raise BaselineError(str(path), f"{what}: {error}") from error
        known.append(KnownFailure(entry.backend, replay, entry.reason, entry.link))
    return tuple(known)


def new_baseline(run: RunBaseline, report: Report) -> tuple[RunBaseline, Report]:
    """Rewrite a baseline so that it fits a run; return both as the next run will find them."""
    from dataclasses import replace

    from conformance.commands.replay_files import write_replays
    from conformance.records.baseline import baseline_text
    from conformance.records.baseline_rules import expected, updated

    if run.path is None:
        raise ValueError("the shipped baseline is not rewritten by a run")
    folder = run.path.parent / f"{run.path.stem}.replays"
    written = write_replays(report.backends, folder)
    relative = [
        {each: path.relative_to(run.path.parent).as_posix() for each, path in paths.items()}
        for paths in written
    ]
    baseline = updated(run.baseline, report, relative, **run.options)
    # The replays come first: a baseline never names a file that is not there.
    write_whole(run.path, baseline_text(baseline))
    for path in _left_behind(run.baseline, baseline):
        if (run.path.parent / path).is_relative_to(folder):
            (run.path.parent / path).unlink(missing_ok=True)
    fitting = replace(run, baseline=baseline)
    return fitting, fitting.matched(expected(report, baseline))


def _left_behind(before: Baseline, after: Baseline) -> list[str]:
    kept = {entry.replay for entry in after.failures}
    return sorted({entry.replay for entry in before.failures} - kept)
