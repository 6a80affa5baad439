"""What a campaign is at, on standard error where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from conformance.campaigns.conduct import CampaignHeadway

__all__ = ["headway_text", "shown_campaign"]


@contextmanager
def shown_campaign() -> Iterator[Callable[[CampaignHeadway], None]]:
    """Show one line that is kept up to date, on a terminal alone; yield the function to call."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        yield lambda headway: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda headway: progress.update(task, description=headway_text(headway))


def headway_text(headway: CampaignHeadway) -> str:
    """Return a line such as ``120 units, 14.2 a minute, 2 failures, 88 of 90 situations``."""
    bound = "" if headway.units_max is None else f" of {headway.units_max}"
    rate = 60 * headway.units / headway.seconds if headway.seconds else 0.0
    text = f"{headway.units}{bound} units, {rate:.1f} a minute, {headway.failures} failures"
    if headway.faults:
        text += f", {headway.faults} not judged"
    text += f", {headway.situations_reached} of {headway.situations_count} situations"
    if headway.seconds_left is not None:
        text += f", {headway.seconds_left:.0f} s left"
    return text
