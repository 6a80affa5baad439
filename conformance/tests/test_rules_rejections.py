"""The judge of a log: what a refusal may leave behind, and what it tells of the log."""

from __future__ import annotations

import pytest

from conformance.rules.findings import Findings
from conformance.rules.wal import LogJudge
from conformance.tests.rules_drivers import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    Asked,
    append,
    broken,
    driven,
    gate,
    load,
    proven,
    refused,
    rise,
    unsure,
)
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import AgreementWalEntry

CLEAN = RejectionMode.CLEAN_REJECT
UNSURE = RejectionMode.UNKNOWN_OUTCOME
KEEPS = RejectionMode.KEEPS_REJECTED
ONE, TWO = gate(1), gate(2)
UP, DOWN = rise(NONE, FINALIZED), rise(PROVISIONAL, NONE)
ERROR = "agreement WAL regression for `a`: Provisional -> None"


def judge_of(mode: RejectionMode = CLEAN) -> LogJudge:
    return LogJudge(Findings(), mode, begins_empty=True, reopens=True)


@pytest.mark.requirement("WAL-03", "WAL-13")
@pytest.mark.parametrize(
    ("message", "after"),
    [
        ("disk full", []),
        ("disk full", [UP]),
        (None, []),
        (None, [UP]),
        (
            "agreement WAL reordered or regressed for `a`: last=Finalized, entry=None->SoftSafe",
            [UP],
        ),
    ],
)
def test_a_refusal_that_may_have_been_lawful_tells_nothing_of_the_log_before(
    message: str | None, after: list[AgreementWalEntry]
) -> None:
    asked = [unsure(UP), refused(rise(NONE, SOFT_SAFE), message), load(*after)]

    assert broken(driven(judge_of(), asked)) == {}


@pytest.mark.requirement("WAL-03")
def test_the_text_of_a_refusal_tells_which_log_it_was() -> None:
    message = "agreement WAL reordered or regressed for `a`: last=Finalized, entry=None->SoftSafe"
    asked = [unsure(UP), refused(rise(NONE, SOFT_SAFE), message)]

    assert proven(driven(judge_of(), asked)) == {"WAL-03", "WAL-03.text", "WAL-09"}
    assert broken(driven(judge_of(), [*asked, load()])) == {"WAL-01": 3}


@pytest.mark.requirement("WAL-04")
def test_a_lawful_refusal_of_an_unknown_outcome_may_have_stored_it() -> None:
    entry = rise(NONE, SOFT_SAFE)
    for found in ([], [UP], [entry], [UP, entry]):
        asked = [unsure(UP), refused(entry, "full"), load(*found)]
        assert broken(driven(judge_of(UNSURE), asked)) == {}
    assert broken(driven(judge_of(), [unsure(UP), refused(entry, "full"), load(entry)])) != {}


@pytest.mark.parametrize(
    ("mode", "asked", "expected"),
    [
        (UNSURE, [refused(DOWN), load(DOWN)], {}),
        (UNSURE, [refused(DOWN), load()], {}),
        (UNSURE, [refused(ONE), load(ONE)], {"WAL-13.accept": 1}),
        (UNSURE, [refused(ONE), load(TWO)], {"WAL-13.accept": 1, "WAL-01": 2}),
        (UNSURE, [refused(ONE), load(), load(ONE)], {"WAL-13.accept": 1, "WAL-06": 3}),
        (KEEPS, [refused(DOWN, ERROR), load(DOWN)], {}),
        (KEEPS, [refused(DOWN, ERROR), load()], {"WAL-10": 2}),
        (KEEPS, [refused(DOWN, ERROR), refused(ONE, ERROR), load(DOWN, ONE)], {}),
        (KEEPS, [refused(DOWN, ERROR), append(ONE)], {"WAL-03": 2}),
        (KEEPS, [refused(DOWN, ERROR), refused(ONE, "full"), load(DOWN, ONE)], {"WAL-03.text": 2}),
        (KEEPS, [refused(ONE), load()], {"WAL-13.accept": 1}),
    ],
)
def test_a_mode_decides_what_a_refusal_may_leave(
    mode: RejectionMode, asked: list[Asked], expected: dict[str, int]
) -> None:
    assert broken(driven(judge_of(mode), asked)) == expected


@pytest.mark.requirement("WAL-10")
def test_a_kept_rejection_is_proven_by_the_load_that_shows_it() -> None:
    findings = driven(judge_of(KEEPS), [refused(DOWN), load(DOWN)])

    assert proven(findings) == {"WAL-03", "WAL-10"}
