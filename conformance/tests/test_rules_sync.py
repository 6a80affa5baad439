"""The judge of a log that a handler writes: what a sync proves, and what a wrong one breaks."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.rules.events import FAULT, REFUSED, UNKNOWN
from conformance.rules.findings import Findings
from conformance.rules.wal import LogJudge
from conformance.tests.rules_drivers import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    REOPEN,
    SOFT_SAFE,
    Asked,
    append,
    broken,
    driven,
    gate,
    load,
    proven,
    read_since,
    refused,
    rise,
    sync,
    unsure,
    without_answer,
)
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    WalSyncRequest,
)
from telltale_spec.wire.effects import Blocked, EffectFailure, Failure, Success

EVIDENCE = AgreementEvidence(
    "e", "a", 1, "w", NONE, AgreementEvidenceKind.WITNESS, "r", authoritative=True
)
DONE, BLOCKED = Success(None), Blocked()
FAILED = Failure(EffectFailure.unavailable("disk full"))
GATE, OTHER = gate(1), gate(5, "b")
SHOWN = EvidenceProduced(EVIDENCE, 1)
END = Finalization("a", FinalizationOutcome.ABORTED, None, None, 1)
KEPT = {"WAL-01", "WAL-02", "WAL-13", "WAL-13.accept"}


def state(level: AgreementLevel, outcome: FinalizationOutcome | None = None) -> AgreementState:
    return AgreementState("a", None, None, "", level, outcome, (), None, None)


def asked_for(level: AgreementLevel | None = None, *, tick: int = 1, **rest: Any) -> WalSyncRequest:
    own = None if level is None else state(level, rest.get("outcome"))
    return WalSyncRequest("a", "c", NONE, own, rest.get("evidence", ()), tick)


PLAIN = asked_for()
RISING = asked_for(SOFT_SAFE)
WHOLE = asked_for(SOFT_SAFE, outcome=FinalizationOutcome.ABORTED, evidence=(EVIDENCE,))
STORED = (SHOWN, rise(NONE, SOFT_SAFE, 1), END, GATE)


def judge_of(mode: RejectionMode = RejectionMode.CLEAN_REJECT) -> LogJudge:
    return LogJudge(Findings(), mode, begins_empty=True, reopens=True)


@pytest.mark.requirement("SYNC-04", "SYNC-05", "SYNC-06", "SYNC-07", "SYNC-08")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([sync(PLAIN, DONE)], set()),
        ([sync(PLAIN, DONE), load(GATE)], {"SYNC-08"}),
        ([sync(RISING, DONE), load(*STORED[1::2])], {"SYNC-06", "SYNC-08"}),
        (
            [sync(WHOLE, DONE), load(*STORED)],
            {"SYNC-04", "SYNC-06", "SYNC-07", "SYNC-08"},
        ),
        # A state that is no higher escalates nothing, and what is stored is left out.
        ([sync(RISING, DONE), load(*STORED[1::2]), sync(RISING, DONE), load(*STORED[1::2])],
         {"SYNC-05", "SYNC-06", "SYNC-08"}),
        ([append(GATE), load(GATE), sync(PLAIN, DONE), load(GATE)], {*KEPT, "SYNC-05"}),
        ([append(GATE), sync(PLAIN, DONE), load(GATE)], {*KEPT, "SYNC-05"}),
        ([unsure(GATE), sync(PLAIN, DONE), load(GATE)], set()),
        ([sync(PLAIN, DONE), load(GATE), load(GATE)], {"SYNC-08", "WAL-06"}),
        ([sync(RISING, DONE), sync(asked_for(tick=2), DONE), load(*STORED[1::2], gate(2))],
         {"SYNC-06", "SYNC-08"}),
        ([sync(PLAIN, DONE), sync(PLAIN, BLOCKED), load(GATE)], {"SYNC-08"}),
        ([unsure(OTHER), sync(PLAIN, DONE), load(GATE)], {"SYNC-08"}),
        # What blocks or fails shows nothing of what it would have stored.
        ([sync(PLAIN, BLOCKED), load()], set()),
        ([sync(PLAIN, FAILED), load()], set()),
        ([sync(PLAIN, FAILED), load(GATE)], set()),
        ([sync(WHOLE, FAILED), load(*STORED[:2])], set()),
        ([without_answer(sync(WHOLE, None)), load(*STORED[:3])], set()),
        ([without_answer(sync(PLAIN, None), REFUSED, "no"), load(GATE)], set()),
        ([without_answer(sync(PLAIN, None), FAULT), load(GATE)], set()),
        ([sync(PLAIN, DONE), read_since(0, GATE)], {"WAL-05"}),
        ([sync(PLAIN, DONE), REOPEN, load(GATE)], {"SYNC-08", "WAL-08"}),
        ([REOPEN, sync(PLAIN, DONE), load(GATE)], {"SYNC-08"}),
    ],
)  # fmt: skip
def test_a_sync_proves_what_it_stored_and_what_it_left_out(
    asked: list[Asked], expected: set[str]
) -> None:
    findings = driven(judge_of(), asked)

    assert broken(findings) == {}
    assert proven(findings) == expected


@pytest.mark.requirement("SYNC-04", "SYNC-05", "SYNC-06", "SYNC-07", "SYNC-08")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([sync(PLAIN, DONE), load()], {"SYNC-08": 2}),
        ([sync(RISING, DONE), load(GATE)], {"SYNC-06": 2}),
        ([sync(WHOLE, DONE), load(*STORED[1:])], {"SYNC-04": 2}),
        ([sync(WHOLE, DONE), load(*STORED[:2], GATE)], {"SYNC-07": 2}),
        ([sync(WHOLE, DONE), load(*STORED[:3])], {"SYNC-08": 2}),
        ([sync(WHOLE, DONE), load(*STORED[::-1])], {"SYNC-04": 2}),
        ([sync(PLAIN, DONE), load(GATE, SHOWN)], {"SYNC-04": 2}),
        ([sync(PLAIN, DONE), load(GATE, GATE)], {"SYNC-05": 2}),
        ([append(GATE), load(GATE), sync(PLAIN, DONE), load(GATE, GATE)], {"SYNC-05": 4}),
        ([append(GATE), load(GATE), sync(RISING, DONE), load(GATE, GATE, END)], {"SYNC-06": 4}),
        ([sync(PLAIN, BLOCKED), load(GATE)], {"SYNC-08": 2}),
        ([sync(PLAIN, FAILED), load(OTHER)], {"SYNC-08": 2}),
        ([sync(PLAIN, FAILED), load(SHOWN)], {"SYNC-04": 2}),
        ([without_answer(sync(PLAIN, None)), load(END)], {"SYNC-07": 2}),
        ([sync(PLAIN, DONE), read_since(0)], {"SYNC-08": 2}),
        ([sync(PLAIN, DONE), read_since(1, GATE)], {"WAL-05": 2}),
        # A log that loses, while it is synced, what a load had shown.
        ([append(OTHER), load(OTHER), sync(PLAIN, DONE), load(GATE)], {"WAL-02": 4}),
        ([append(OTHER), load(OTHER), sync(PLAIN, BLOCKED), load()], {"WAL-02": 4}),
        ([append(OTHER), sync(PLAIN, DONE), load(GATE)], {"WAL-01": 3}),
        ([unsure(OTHER), sync(PLAIN, DONE), load(OTHER)], {"WAL-01": 3}),
        ([refused(rise(FINALIZED, NONE)), sync(PLAIN, DONE), load()], {"WAL-01": 3}),
        ([refused(OTHER), sync(PLAIN, DONE), load(OTHER, GATE)], {"WAL-13": 3}),
        ([sync(PLAIN, DONE), REOPEN, load()], {"WAL-08": 3}),
        ([REOPEN, sync(PLAIN, DONE), load()], {"SYNC-08": 3}),
        ([append(OTHER), REOPEN, sync(PLAIN, DONE), load(OTHER)], {"WAL-01": 4}),
    ],
)
def test_a_wrong_sync_is_blamed_by_what_is_missing_or_too_much(
    asked: list[Asked], expected: dict[str, int]
) -> None:
    assert broken(driven(judge_of(), asked)) == expected


@pytest.mark.requirement("SYNC-06")
@pytest.mark.parametrize(
    ("before", "level", "after"),
    [
        ([], PROVISIONAL, [rise(NONE, PROVISIONAL, 3)]),
        ([], NONE, []),
        ([rise(NONE, NONE, 2)], PROVISIONAL, [rise(NONE, PROVISIONAL, 3)]),
        ([rise(NONE, PROVISIONAL, 2)], SOFT_SAFE, [rise(PROVISIONAL, SOFT_SAFE, 3)]),
        ([rise(NONE, SOFT_SAFE, 2)], SOFT_SAFE, []),
        ([rise(NONE, FINALIZED, 2, "b")], SOFT_SAFE, [rise(NONE, SOFT_SAFE, 3)]),
    ],
)
def test_a_sync_escalates_from_the_highest_level_of_its_own_operation(
    before: list[AgreementWalEntry], level: AgreementLevel, after: list[AgreementWalEntry]
) -> None:
    asked = [*map(append, before), sync(asked_for(level, tick=3), DONE)]

    assert broken(driven(judge_of(), [*asked, load(*before, *after, gate(3))])) == {}


@pytest.mark.requirement("WAL-10", "SYNC-06")
def test_a_kept_rejection_does_not_lower_the_level_that_a_sync_begins_with() -> None:
    lowered = rise(FINALIZED, NONE)
    asked = [append(rise(NONE, SOFT_SAFE)), refused(lowered), sync(asked_for(SOFT_SAFE), FAILED)]
    judge = judge_of(RejectionMode.KEEPS_REJECTED)

    assert broken(driven(judge, [*asked, load(rise(NONE, SOFT_SAFE), lowered, GATE)])) == {}


def test_a_log_that_was_synced_is_not_fresh() -> None:
    asked = [sync(PLAIN, BLOCKED), without_answer(load(), REFUSED, "gone")]

    assert "WAL-07" not in driven(judge_of(), asked).checks


def test_syncs_of_a_log_that_nobody_knows_prove_nothing() -> None:
    judge = LogJudge(Findings(), RejectionMode.CLEAN_REJECT, begins_empty=False, reopens=False)

    assert proven(driven(judge, [sync(PLAIN, DONE), load(), load()])) == {"WAL-06"}


@pytest.mark.parametrize("answer", [UNKNOWN, FAULT])
def test_what_one_load_has_told_of_a_sync_is_not_asked_again(answer: str) -> None:
    asked = [sync(PLAIN, DONE), load(GATE), without_answer(load(), answer), load(GATE)]

    assert driven(judge_of(), asked).checks == {"SYNC-08": 1, "WAL-06": 1}
