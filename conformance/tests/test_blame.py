"""One rule says which requirement a log breaks, however its contents came to be known."""

from __future__ import annotations

import pytest

from conformance.rules.blame import Entries, SinceLoad, broken_requirement, entries_without
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing


def gates(*ticks: int) -> Entries:
    return tuple([VisibilityGateCrossing("a", "c", AgreementLevel.NONE, tick) for tick in ticks])


APPENDED = SinceLoad(1, appended=True)
REOPENED = SinceLoad(1, reopened=True)
BOTH = SinceLoad(1, appended=True, reopened=True)
UNTOUCHED = SinceLoad(1)


@pytest.mark.parametrize(
    ("found", "expected", "since", "requirement_id"),
    [
        (gates(1), gates(1, 2), APPENDED, "WAL-01"),
        (gates(1, 3), gates(1, 2), APPENDED, "WAL-01"),
        (gates(1, 2), gates(1, 2, 2), APPENDED, "WAL-02"),
        (gates(1, 2, 2), gates(1, 2, 2, 2), APPENDED, "WAL-01"),
        (gates(1, 3, 2), gates(1, 2, 3), APPENDED, "WAL-02"),
        (gates(9, 2), gates(1, 2), APPENDED, "WAL-02"),
        ((), gates(1), UNTOUCHED, "WAL-06"),
        (gates(1, 2), gates(1), UNTOUCHED, "WAL-06"),
        ((), gates(1), REOPENED, "WAL-08"),
        (gates(1, 1), gates(1), REOPENED, "WAL-08"),
        (gates(1), gates(1, 2), BOTH, "WAL-08"),
        (gates(1, 7), gates(1), SinceLoad(1, refused=gates(7)), "WAL-13"),
        (gates(1, 7), gates(1), SinceLoad(1, rejected=gates(7)), "WAL-04"),
        (gates(1, 7, 2), gates(1, 2), SinceLoad(1, appended=True, rejected=gates(7)), "WAL-04"),
        ((), gates(1), SinceLoad(1, rejected=gates(7)), "WAL-04"),
        ((), gates(1), SinceLoad(1, rejected=gates(7), keeps_rejected=True), "WAL-10"),
    ],
)
def test_what_is_wrong_in_a_log_names_the_requirement(
    found: Entries, expected: Entries, since: SinceLoad, requirement_id: str
) -> None:
    assert broken_requirement(found, expected, since) == requirement_id


def test_who_loses_it_without_reopening_too_is_not_blamed_for_reopening() -> None:
    assert (
        broken_requirement(gates(1), gates(1, 2), BOTH, kept_without_reopening=lambda: False)
        == "WAL-01"
    )


def test_an_entry_takes_one_equal_entry_away() -> None:
    assert entries_without(gates(1, 2, 2, 3), gates(2, 3, 4)) == gates(1, 2)
