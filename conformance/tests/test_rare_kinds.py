"""What is wrong for one rare kind of value, length, count or nesting alone is failed for it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from conformance.tests.test_narrow import backend_of
from tests.zoo import broken_rare as rare
from tests.zoo.judging import failed, judged

SUITES = {
    "log": (DIRECTED_LOG_SUITE, LONG_LOG_SUITE),
    "cache": (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE),
    "WAL handler": (DIRECTED_SYNC_SUITE, WAL_HANDLER_SURFACE_SUITE),
    "evidence handler": (EVIDENCE_HANDLER_SURFACE_SUITE,),
}
ROWS = [
    *(("log", *row) for row in rare.BROKEN_RARE_LOGS),
    *(("cache", *row) for row in rare.BROKEN_RARE_CACHES),
    *(("WAL handler", *row) for row in rare.BROKEN_RARE_WAL_HANDLERS),
    *(("evidence handler", *row) for row in rare.BROKEN_RARE_EVIDENCE_HANDLERS),
]


@pytest.mark.by_day(10)
@pytest.mark.parametrize(
    ("kind", "name", "make", "requirement_id"), ROWS, ids=[row[1] for row in ROWS]
)
def test_what_is_wrong_for_a_rare_kind_alone_is_failed_for_it(
    kind: str, name: str, make: Any, requirement_id: str
) -> None:
    report = judged(backend_of(kind, name, make), SUITES[kind], profile_name="quick")

    assert failed(report) == [requirement_id]
