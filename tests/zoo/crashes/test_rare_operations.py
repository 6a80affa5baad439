"""Crashes of what a storage does once in a long history."""

from __future__ import annotations

import pytest

from conformance.crashes.faults import rare_calls
from conformance.crashes.strace import obstacle
from tests.zoo.crashes.kill_table import judged
from tests.zoo.crashes.table import Broken
from tests.zoo.crashes.targets import CASES

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")


@pytest.mark.requirement("WAL-08.power", "CACHE-08.kill-inside")
@pytest.mark.by_day(4)
@pytest.mark.parametrize(
    "name",
    ["LongSegmentNameNotSynced_log", "ForgetsThatAFileFailed_log", "CompactsLateInPlace_cache"],
)
def test_what_is_wrong_in_a_rare_operation_fails(name: str) -> None:
    case = CASES[name]
    assert isinstance(case, Broken)

    assert case.requirement in judged(case, 0).failed


@pytest.mark.by_day(4)
@pytest.mark.requirement("WAL-08.power", "CACHE-08.kill-inside")
@pytest.mark.parametrize("name", ["LongSegments_log", "CompactsLate_cache"])
def test_a_rare_operation_that_is_right_passes(name: str) -> None:
    found = judged(CASES[name], 0)

    assert found.failed == ()
    assert found.undecided == ()
    assert found.problem == ""


def test_a_call_is_rare_by_its_request_its_file_and_its_place() -> None:
    """A second file of the same numbered name is no other; the first call of each kind is taken."""
    known = ("open, new, part-000000, 0", "append, new, part-000000, 0")
    labels = (
        *known,
        "append, new, part-000040, 0",
        "append, new, new-part, 0",
        "append, new, part-000040, 1",
        "append, new, new-part, 0",
        "append, opened again, part-000040, 0",
    )

    assert rare_calls(labels, known, 9) == [4, 5, 7]
    assert rare_calls(known, known, 9) == []
