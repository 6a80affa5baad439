"""What is wrong in one narrow place is failed by its own requirement, and what is right is not."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine.suite import Suite
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.recovery import RECOVERY_SUITE
from tests.zoo import broken_combined as combined
from tests.zoo import broken_narrow as narrow
from tests.zoo.broken_long_caches import cache_backend
from tests.zoo.broken_long_logs import log_backend
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.kill_table import tables_of

SUITES: dict[str, tuple[Suite, ...]] = {
    "log": (DIRECTED_LOG_SUITE, LONG_LOG_SUITE),
    "cache": (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE),
    "WAL handler": (DIRECTED_SYNC_SUITE,),
    "evidence handler": (DIRECTED_EVIDENCE_SUITE, tables_of(EVIDENCE_HANDLER_SURFACE_SUITE)),
    "recovery": (tables_of(RECOVERY_SUITE),),
    "codec": (tables_of(CODEC_SUITE),),
}
# What draws or waits is not among the tables, so that nothing of it is settled there.
RIGHT_SUITES = {**SUITES, "evidence handler": (DIRECTED_EVIDENCE_SUITE,)}
BROKEN = [
    *(("log", *row) for row in narrow.BROKEN_NARROW_LOGS),
    *(("cache", *row) for row in narrow.BROKEN_NARROW_CACHES),
    *(("WAL handler", *row) for row in narrow.BROKEN_NARROW_WAL_HANDLERS),
    *(("evidence handler", *row) for row in narrow.BROKEN_NARROW_EVIDENCE_HANDLERS),
    *(("log", *row) for row in combined.BROKEN_COMBINED_LOGS),
    *(("cache", *row) for row in combined.BROKEN_COMBINED_CACHES),
    *(("WAL handler", *row) for row in combined.BROKEN_COMBINED_WAL_HANDLERS),
    *(("evidence handler", *row) for row in combined.BROKEN_COMBINED_EVIDENCE_HANDLERS),
    *(("recovery", *row) for row in combined.BROKEN_COMBINED_RECOVERIES),
    *(("codec", *row) for row in combined.BROKEN_COMBINED_CODECS),
]
RIGHT = [
    *(("log", *row) for row in narrow.RIGHT_NARROW_LOGS),
    *(("cache", *row) for row in narrow.RIGHT_NARROW_CACHES),
    *(("WAL handler", *row) for row in narrow.RIGHT_NARROW_WAL_HANDLERS),
    *(("evidence handler", *row) for row in narrow.RIGHT_NARROW_EVIDENCE_HANDLERS),
]


def backend_of(kind: str, name: str, make: Any) -> Backend:
    """Return a backend that has nothing but what is wrong, or right, in it."""
    match kind:
        case "log":
            return log_backend(name, make)
        case "cache":
            return cache_backend(name, make)
        case "WAL handler":
            return Backend(name, agreement_wal_handler=make)
        case "recovery":
            return Backend(name, recovery=make)
        case "codec":
            return Backend(name, codec=make)
        case _:
            return Backend(name, evidence_handler=make)


@pytest.mark.by_day(6)
@pytest.mark.parametrize(
    ("kind", "name", "make", "requirement_id"), BROKEN, ids=[row[1] for row in BROKEN]
)
def test_what_is_wrong_in_one_place_fails_what_it_breaks(
    kind: str, name: str, make: Any, requirement_id: str
) -> None:
    backend = backend_of(kind, name, make)
    only = (requirement_id,)
    report = judged(backend, SUITES[kind], profile_name="quick", only=only, minimise=False)

    assert failed(report) == [requirement_id]


@pytest.mark.by_day(6)
@pytest.mark.parametrize(("kind", "name", "make"), RIGHT, ids=[row[1] for row in RIGHT])
def test_what_is_right_in_the_same_place_is_failed_by_nothing_that_binds(
    kind: str, name: str, make: Any
) -> None:
    report = judged(backend_of(kind, name, make), RIGHT_SUITES[kind], profile_name="quick")

    assert not {*failed(report), *unproved(report)} - {"WAL-03.text", "WAL-13.accept"}
