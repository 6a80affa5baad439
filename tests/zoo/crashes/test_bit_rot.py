"""Files at rest that are damaged: what notices it passes, and what shows something else fails."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.rot_suites import ROT_SUITES
from conformance.engine.watch import CallWatch
from conformance.records.replays import Outcome, ReplayResult, read_replay, replay_of
from conformance.records.results import Verdict
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report
from tests.zoo.crashes import targets
from tests.zoo.crashes.rotten import GateLevelOutsideOfTheSum, SpendsItsSeal
from tests.zoo.crashes.storages import LogOn
from tests.zoo.crashes.table import BROKEN, RIGHT, Broken, Right
from tests.zoo.judging import failed, judged, unproved

BIT_ROT = "bit-rot"
PROMISES = frozenset({Capability.REOPEN, Capability.BIT_ROT})
UNPROTECTED = [case for case in BROKEN if case.crash_class == BIT_ROT]
PROTECTED = [case for case in RIGHT if BIT_ROT not in case.not_promised]


def launched(case: Broken | Right) -> Backend:
    target = f"{targets.__name__}:{case.name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    return replace(targets.backend_of(case), capabilities=PROMISES, launch=Launch(command))


def names(case: Broken | Right) -> str:
    return case.name


@pytest.mark.parametrize("case", UNPROTECTED, ids=names)
@pytest.mark.requirement("WAL-15.bit-rot", "CACHE-15.bit-rot")
def test_what_does_not_notice_damage_fails(case: Broken) -> None:
    report = judged(launched(case), ROT_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == [case.requirement]


@pytest.mark.parametrize("case", PROTECTED, ids=names)
@pytest.mark.requirement("WAL-15.bit-rot", "CACHE-15.bit-rot")
@pytest.mark.by_day(6)
def test_what_refuses_mends_or_needs_not_pass(case: Right) -> None:
    """A seal, padding that nobody reads, and a second copy, which opens whatever is damaged."""
    report = judged(launched(case), ROT_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == []
    assert unproved(report) == []
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 1
    assert report.crash_classes == [BIT_ROT]
    refused = [note for note in report.notes if note.endswith(" 0 of them refused")]
    assert bool(refused) == ("Mirrored" in case.name)


def gate_levels_log(directory: Path) -> LogOn:
    """Make a log that keeps the levels of gates outside of its checksums."""
    return LogOn(GateLevelOutsideOfTheSum, directory)


@pytest.mark.requirement("WAL-15.bit-rot")
def test_a_mark_that_counts_in_one_kind_of_entry_alone_is_met() -> None:
    target = f"{__name__}:{gate_levels_log.__name__}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = Backend(
        "gate levels", agreement_wal=gate_levels_log, capabilities=PROMISES, launch=Launch(command)
    )

    assert failed(judged(backend, ROT_SUITES, profile_name="quick", minimise=False)) == [
        "WAL-15.bit-rot"
    ]


def spent_seal_log(directory: Path) -> LogOn:
    """Make a log that removes its seal when it opens."""
    return LogOn(SpendsItsSeal, directory)


@pytest.mark.requirement("WAL-15.bit-rot")
def test_what_is_told_once_has_to_be_told_again() -> None:
    """The opening after the refused one takes the damage for a torn end, and shows less."""
    target = f"{__name__}:{spent_seal_log.__name__}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = Backend(
        "spent seal", agreement_wal=spent_seal_log, capabilities=PROMISES, launch=Launch(command)
    )

    report = judged(backend, ROT_SUITES, profile_name="quick", minimise=False)
    result = report.result("WAL-15.bit-rot")

    assert failed(report) == ["WAL-15.bit-rot"]
    assert result is not None
    assert result.counterexample is not None
    assert "an error at first, and " in result.counterexample.actual


@pytest.mark.requirement("WAL-15.bit-rot")
def test_a_failure_is_short_tells_the_bytes_and_can_be_replayed() -> None:
    """The file holds operations and damage; a log that notices it now is told to be mended."""
    cases = {case.name: case for case in (*BROKEN, *RIGHT)}
    broken = launched(cases["ChecksTailAlone_log"])
    report = judged(broken, ROT_SUITES[:1], profile_name="quick")
    result = report.result("WAL-15.bit-rot")
    assert result is not None
    found = result.counterexample
    assert found is not None
    texts = [step.text for step in found.steps]

    assert found.reproduced
    assert sum(text.startswith("append") for text in texts) == 1
    assert sum(text.startswith("damage: ") for text in texts) == 1
    assert any(text.startswith("disk: ") and "| before: " in text for text in texts)
    replay = read_replay(replay_of(report, found).to_text(), "a file")

    def outcome(backend: Backend) -> Outcome:
        with CallWatch() as watch:
            again = replayed_result(backend, replay, watch, ROT_SUITES[:1])
        shown = replace(fault_report(backend, None), results=[again])
        return ReplayResult.of(replay, shown).outcome

    assert outcome(broken) is Outcome.STILL_FAILING
    assert outcome(launched(cases["Sealed_log"])) is Outcome.FIXED


@pytest.mark.requirement("WAL-15.bit-rot")
def test_what_cannot_be_damaged_is_not_exercised() -> None:
    """Each obstacle has its reason, and none is a pass."""
    (case, *_) = PROTECTED

    def reason(backend: Backend) -> str:
        (result, _) = judged(backend, ROT_SUITES, profile_name="quick").results
        assert result.verdict is Verdict.NOT_APPLICABLE
        return result.reason

    declared = launched(case)
    assert "does not declare bit-rot" in reason(replace(declared, capabilities=frozenset()))
    assert "as a process of its own" in reason(replace(declared, launch=None))
    command = (sys.executable, "-m", "conformance", "serve", "memory", "--capability", "reopen")
    assert "it stores nothing" in reason(replace(declared, launch=Launch(command)))
