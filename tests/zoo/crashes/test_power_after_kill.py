"""Losses of power after the opening that follows a kill."""

from __future__ import annotations

import pytest

from conformance.crashes.strace import obstacle
from tests.zoo.crashes.kill_table import judged
from tests.zoo.crashes.targets import CASES

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")


@pytest.mark.requirement("WAL-08.shown")
def test_an_opening_that_shows_what_it_does_not_sync_fails_that_alone() -> None:
    """Nothing acknowledged is lost, so that nobody is held to it by more than a recommendation."""
    assert judged(CASES["ShowsBeforeSync_log"], 0).failed == ("WAL-08.shown",)


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08.shown")
def test_an_opening_that_syncs_what_it_shows_passes() -> None:
    """By writing the last record again, since a sync of it may have failed."""
    found = judged(CASES["DataSynced_log"], 0)

    assert found.failed == ()
    assert found.undecided == ()
    assert found.problem == ""
