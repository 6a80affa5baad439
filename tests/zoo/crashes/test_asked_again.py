"""What failed or was cut off is asked for again: who takes it for done by then fails."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.conduct import Component, Deed
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.faults import expected_of
from conformance.crashes.strace import obstacle
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.engine.watch import CallWatch
from conformance.records.replays import read_replay, replay_of
from conformance.records.results import BackendReport, Verdict
from conformance.run.replaying import replayed_result
from telltale_spec.model.operations import Append, LoadLog, Reopen
from telltale_spec.tests.samples import gate
from tests.zoo.crashes import lines, targets
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

TOLERANT = frozenset(
    {
        *(Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS),
        Capability.FAULT_TOLERANCE,
    }
)


def launched(name: str) -> Backend:
    target = f"{targets.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = targets.backend_of(targets.CASES[name])
    return replace(backend, capabilities=TOLERANT, launch=Launch(command))


@pytest.mark.by_day(4)
@pytest.mark.parametrize(
    ("name", "requirement_id"),
    [
        ("RemembersWhatFailed_cache", "CACHE-08.disk-full"),
        ("FindsItThere_log", "WAL-08.fsync-error"),
        ("ShowsWhatItRefused_cache", "CACHE-08.disk-full"),
    ],
)
def test_who_takes_for_done_what_failed_is_caught(name: str, requirement_id: str) -> None:
    report = judged(launched(name), FAULT_SUITES, profile_name="quick", minimise=False)

    assert requirement_id in failed(report)


@pytest.mark.requirement("CACHE-08.recovery")
def test_who_skips_what_a_killed_process_never_synced_is_caught() -> None:
    backend = launched("SkipsWhatIsThere_cache")
    report = judged(backend, SURVIVOR_SUITES, profile_name="quick", minimise=False)

    assert "CACHE-08.recovery" in failed(report)


@pytest.mark.by_day(1)
@pytest.mark.parametrize("suites", [FAULT_SUITES, SURVIVOR_SUITES], ids=["faults", "survivors"])
def test_who_writes_it_again_passes(suites: tuple[object, ...]) -> None:
    report = judged(launched("WritesAgain_log"), suites, profile_name="quick", minimise=False)  # type: ignore[arg-type]

    assert failed(report) == []
    assert unproved(report) == []


SYNCS = tuple(each for each in FAULT_SUITES if each.requirement_id == "CACHE-08.fsync-error")


def by_syncs(name: str) -> Backend:
    target = f"{lines.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    return Backend(
        name,
        evidence_cache=getattr(lines, name),
        capabilities=frozenset({Capability.REOPEN, Capability.FAULT_TOLERANCE}),
        launch=Launch(command),
    )


def judged_by_syncs(name: str) -> BackendReport:
    return judged(by_syncs(name), SYNCS, profile_name="quick", minimise=False)


@pytest.mark.requirement("CACHE-08.fsync-error")
def test_who_writes_a_shorter_put_over_a_failed_one_is_caught() -> None:
    """What is left of the long one stands behind it until the cache is opened again."""
    report = judged_by_syncs("WritesOverCache")
    (found,) = [each.counterexample for each in report.results if each.counterexample]

    assert failed(report) == ["CACHE-08.fsync-error"]
    # Told again from its file, nothing looks for it either.
    (act,) = read_replay(replay_of(report, found).to_text(), "a file").acts
    assert act["fault"]["looks"] is False
    with CallWatch() as watch:
        replay = read_replay(replay_of(report, found).to_text(), "a file")
        again = replayed_result(by_syncs("WritesOverCache"), replay, watch, SYNCS, tries_max=1)
    assert again.verdict is Verdict.FAIL


@pytest.mark.requirement("CACHE-08.fsync-error")
def test_who_cuts_a_failed_put_off_passes() -> None:
    report = judged_by_syncs("CutsOffCache")

    assert (failed(report), unproved(report)) == ([], [])


ENTRY = gate("a")
REFUSED = Deed("append", "refused", ENTRY, accepted=False, operation=Append(ENTRY))


def loaded(*entries: object) -> Deed:
    return Deed("load", "ok", operation=LoadLog(), loaded=entries)


@pytest.mark.requirement("WAL-08.disk-full", "WAL-08.io-error")
def test_what_a_handle_shows_it_has_where_nothing_crashed() -> None:
    """A refused entry that is shown, and not there when the log is opened again, was never kept."""
    shown = expected_of(Component.LOG, [REFUSED, loaded(ENTRY)], shown_stays=True)
    hidden = expected_of(Component.LOG, [REFUSED, loaded()], shown_stays=True)
    crashed = expected_of(Component.LOG, [REFUSED, loaded(ENTRY)])

    assert not shown.allows(())
    assert shown.allows((ENTRY,))
    assert hidden.allows(())
    assert hidden.allows((ENTRY,))
    assert crashed.allows(())


@pytest.mark.requirement("WAL-08.disk-full")
def test_which_of_two_equal_entries_is_shown_is_not_known() -> None:
    accepted = replace(REFUSED, answer="ok", accepted=True)
    deeds = [REFUSED, accepted, loaded(ENTRY), Deed("open", "ok", operation=Reopen())]
    expected = expected_of(Component.LOG, deeds, shown_stays=True)

    assert expected.allows((ENTRY,))
    assert expected.allows((ENTRY, ENTRY))
