"""A campaign as text, made from its report alone."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.records.campaigns import CampaignReport, Unseen
from conformance.run.terminal_text import visible

__all__ = ["campaign_lines"]

_SHOWN_MAX = 20


def campaign_lines(campaign: CampaignReport) -> Iterator[str]:
    """Yield the lines on a campaign: how far it came, what was found when, what may be unseen."""
    seeds = f"seeds {campaign.first_seed} to {campaign.last_seed}"
    yield f"campaign {campaign.number}: {campaign.units} units on {seeds}"
    if not campaign.is_complete:
        yield "  it ended before each target was judged once by all suites: give it more time"
    yield from _retried_lines(campaign)
    yield from _failure_lines(campaign)
    for fault in campaign.faults[:_SHOWN_MAX]:
        place = f"{visible(fault.backend)}, {fault.group}, seed {fault.seed}"
        yield f"  could not be judged in unit {fault.unit} ({place}): {visible(fault.reason)}"
    for aside in campaign.set_aside[:_SHOWN_MAX]:
        place = f"{visible(aside.backend)}, {aside.group}, seed {aside.seed}"
        yield f"  set aside: unit {aside.unit} ({place}): {visible(aside.reason)}"
    if campaign.own_faults:
        yield f"  {len(campaign.own_faults)} units met a fault of this program"
    reached, count = campaign.situations_reached, campaign.situations_count
    yield f"  situations: {reached} of {count} arose"
    curve = ", ".join(
        f"{each.failures} after {each.units}" for each in campaign.curve[-_SHOWN_MAX:]
    )
    yield f"  distinct failures by unit: {curve}"
    yield f"  {unseen_line(campaign.unseen)}"


def _retried_lines(campaign: CampaignReport) -> Iterator[str]:
    for retried in campaign.retried:
        what = f"{retried.requirement_id or 'a fault'} of {visible(retried.backend)}"
        reason = f": {visible(retried.reason)}" if retried.reason else ""
        yield f"  tried again: {what}: {retried.outcome}{reason}"


def _failure_lines(campaign: CampaignReport) -> Iterator[str]:
    for failure in campaign.failures[:_SHOWN_MAX]:
        flaky = ", flaky" if failure.is_flaky else ""
        yield (
            f"  {failure.requirement_id} ({failure.level}) of {visible(failure.backend)}, "
            f"{failure.fingerprint}: in {failure.units} units{flaky}, first in unit "
            f"{failure.first_unit} on seed {failure.seed}"
        )
    more = len(campaign.failures) - _SHOWN_MAX
    if more > 0:
        yield f"  and {more} more distinct failures"


def unseen_line(unseen: Unseen) -> str:
    """Return the estimate of what was not seen, in one sentence."""
    if not unseen.samples:
        return "unseen: no unit that chance has a part in was done, so nothing can be said"
    return (
        f"unseen (Good-Turing, {unseen.samples} units by chance): the next unit meets a failure "
        f"that none has met with probability {unseen.probability:.2g}, at most "
        f"{unseen.probability_max:.2g} (95 %); at least {unseen.failures_min:.1f} more failures"
    )
