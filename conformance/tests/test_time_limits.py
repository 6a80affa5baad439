"""A slow backend is judged in bounded time, and its user sees how far the run is."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.backend import Backend
from conformance.engine.budget import Budget
from conformance.engine.headway import Headway
from conformance.engine.profiles import profile
from conformance.engine.scripts import Script
from conformance.engine.session import Session
from conformance.engine.watch import CallWatch
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.scripted_log import LOAD
from conformance.run.progress import shown_progress
from conformance.tests.usage import usage_error
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from tests.zoo.broken_wals import ListWal


class SlowLog(ListWal):
    """A right log that waits a while in every call, as one behind a network does."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Append after a wait."""
        time.sleep(0.05)
        super().append(entry)

    def load(self) -> AgreementWalArtifact:
        """Load after a wait."""
        time.sleep(0.05)
        return super().load()


SLOW = "conformance.tests.test_time_limits:SlowLog"


def test_a_slow_log_gets_as_many_histories_as_there_is_time_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What there was no time for is open with its reason and its figures, and never passed."""
    saved = tmp_path / "report.json"
    arguments = ["check", SLOW, "--time-limit", "1", "--json", str(saved)]

    status = main([*arguments, "--replays", str(tmp_path / "replays")])

    assert status == 3
    report = json.loads(saved.read_text())
    assert report["budget"]["wall_seconds"] == 1.0
    [judged] = report["backends"]
    assert any("of 40 histories in the time of the profile" in note for note in judged["notes"])
    assert {each["verdict"] for each in judged["results"]} <= {
        "pass",
        "inconclusive",
        "not-applicable",
    }
    told = capsys.readouterr()
    assert "judging" in told.err
    # Not that nothing arose: the user has to know what to do about it.
    advice = r"open, the time of the profile ran out \(--time-limit (\d+) may do\); never arose: "
    found = re.search(advice, " ".join(told.out.split()))
    assert found is not None
    # One second was too short by far, and the plan is no matter of hours either.
    assert 30 <= int(found[1]) <= 6_000


@pytest.mark.parametrize("seconds", [120.0, 600.0])
def test_more_patience_leaves_what_is_tried_in_spare_time_as_it_is(seconds: float) -> None:
    """A log that rewrites itself took six minutes of ten for histories that nobody waits for."""
    own, patient = profile("quick").budget, profile("quick", seconds).budget

    assert patient.wall_seconds == seconds
    assert patient.spare_share * seconds == pytest.approx(own.spare_share * own.wall_seconds)


def test_who_works_all_the_time_has_it_all_in_quick() -> None:
    """A backend that rewrites itself works for the whole of what it is given by the clock."""
    budget = profile("quick").budget

    assert budget.seconds == budget.wall_seconds


def test_less_time_leaves_as_large_a_share_to_spare() -> None:
    """Half of it, as of the profile's own."""
    assert profile("quick", 10.0).budget.spare_share == profile("quick").budget.spare_share


@pytest.mark.parametrize(("kept", "share"), [((), 0.0), (("first",), 0.5), (("spare",), 0.0)])
def test_what_an_earlier_search_kept_counts_as_carried_out(
    kept: tuple[str, ...], share: float
) -> None:
    """Else a search for the next failure would ask for more time than there is need for."""
    acts = (LOAD, LOAD)
    scripts = (
        Script("first", "s", acts),
        Script("second", "s", acts),
        Script("spare", "s", acts, is_spare=True),
    )
    suite = replace(DIRECTED_LOG_SUITE, scripts=lambda backend, budget, seed: scripts)
    backend = Backend("b", agreement_wal=lambda directory: ListWal())
    spent = Budget(4, 4, 0.0, wall_seconds=0.0)

    with CallWatch() as watch:
        session = Session(suite.name, backend, watch, spent, kept_values=Counter(kept))
        with session:
            assert suite.search(session, 0) is None

    assert session.carried_out_share == share


def test_a_script_that_is_spare_ends_before_it_has_used_the_time_of_others() -> None:
    """A fifth of half of four seconds is twenty loads of 20 ms, and not two hundred."""
    loads = 0

    class Slow(ListWal):
        def load(self) -> AgreementWalArtifact:
            nonlocal loads
            loads += 1
            time.sleep(0.02)
            return super().load()

    scripts = (Script("first", "s", ()), Script("spare", "s", (LOAD,) * 400, is_spare=True))
    suite = replace(DIRECTED_LOG_SUITE, scripts=lambda backend, budget, seed: scripts)
    backend = Backend("b", agreement_wal=lambda directory: Slow())

    with CallWatch() as watch:
        session = Session(suite.name, backend, watch, Budget(4, 4, 4.0, wall_seconds=4.0))
        with session:
            assert suite.search(session, 0) is None

    assert 0 < loads < 100


def test_a_time_limit_is_the_users_in_place_of_the_profiles() -> None:
    """A longer limit gives more time of work too; without one, the profile stays as it is."""
    quick = profile("quick")
    assert profile("quick", None) == quick
    shorter, longer = profile("quick", 5.0), profile("quick", 600.0)
    assert (shorter.budget.wall_seconds, shorter.budget.seconds) == (5.0, quick.budget.seconds)
    assert (longer.budget.wall_seconds, longer.budget.seconds) == (600.0, 600.0)
    assert longer.budget.histories == quick.budget.histories


@pytest.mark.parametrize("text", ["0", "-1", "a minute", "nan", "inf", "86400"])
def test_a_time_limit_that_is_none_is_a_wrong_use(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The complaint shows the value."""
    assert f"`{text}`" in usage_error(["check", f"--time-limit={text}"], capsys)


def test_progress_tells_component_histories_calls_and_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal shows one line a backend; what is no terminal gets one line a suite."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with shown_progress() as on_progress:
        on_progress("mine", Headway("agreement WAL", 12, 240, 54.6))
    assert "mine: agreement WAL, 12 histories, 240 calls, 55 s left at most" in _plain(capsys)

    monkeypatch.delenv("FORCE_COLOR")
    with shown_progress() as on_progress:
        for count in (1, 2):
            on_progress("mine", Headway("agreement WAL", count, count, 1.0))
    assert capsys.readouterr() == ("", "judging mine: agreement WAL\n")


def _plain(capsys: pytest.CaptureFixture[str]) -> str:
    from rich.text import Text

    captured = capsys.readouterr()
    assert captured.out == ""
    return Text.from_ansi(captured.err).plain
