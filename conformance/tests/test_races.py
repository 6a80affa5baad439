"""Handles that write at the same time: what is lost is found, and what is lawful is passed."""

from __future__ import annotations

import pytest

from conformance.backend import Backend
from conformance.machines.handles import CACHE_HANDLES_SUITE, WAL_HANDLES_SUITE
from conformance.rules.concurrent import Call, cache_fault, log_fault
from conformance.tests import broken_handles
from conformance.tests.zoo import failed, judged
from telltale_spec.wire.agreement import AgreementLevel, Escalation, VisibilityGateCrossing
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

HANDLES = (WAL_HANDLES_SUITE, CACHE_HANDLES_SUITE)
FIRST = VisibilityGateCrossing("o", "first", AgreementLevel.NONE, 1)
SECOND = VisibilityGateCrossing("o", "second", AgreementLevel.NONE, 1)


@pytest.mark.requirement("WAL-01", "CACHE-02")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("backend", "requirement_id"),
    [
        (broken_handles.UNLOCKED_LOG, "WAL-01.handles"),
        (broken_handles.REWRITTEN_CACHE, "CACHE-02.handles"),
    ],
    ids=["log", "cache"],
)
def test_a_write_without_a_lock_is_caught(backend: Backend, requirement_id: str, seed: int) -> None:
    report = judged(backend, HANDLES, profile_name="quick", seed=seed)

    assert failed(report) == [requirement_id]


@pytest.mark.requirement("WAL-01")
@pytest.mark.parametrize("backend", [broken_handles.LOCKED_LOG, broken_handles.BUSY_LOG])
def test_a_lock_that_waits_and_one_that_refuses_are_right(backend: Backend) -> None:
    assert failed(judged(backend, HANDLES, profile_name="quick")) == []


def test_a_log_keeps_what_was_acknowledged_as_often_and_in_the_order_of_time() -> None:
    calls = [Call(0, FIRST, 0, 1, True), Call(1, SECOND, 2, 3, True)]

    assert log_fault(calls, (FIRST, SECOND)) is None
    assert "comes after it" in str(log_fault(calls, (SECOND, FIRST)))
    assert "in the log 0 times" in str(log_fault(calls, (FIRST,)))
    assert "in the log 2 times" in str(log_fault(calls, (FIRST, FIRST, SECOND)))
    overlapping = [Call(0, FIRST, 0, 2, True), Call(1, SECOND, 1, 3, True)]
    assert log_fault(overlapping, (SECOND, FIRST)) is None


def test_two_acknowledged_escalations_in_a_falling_order_are_a_fault() -> None:
    high = Escalation("o", AgreementLevel.NONE, AgreementLevel.FINALIZED, None, 1)
    low = Escalation("o", AgreementLevel.NONE, AgreementLevel.PROVISIONAL, None, 1)
    calls = [Call(0, high, 0, 2, True), Call(1, low, 1, 3, True)]

    assert "lawful order" in str(log_fault(calls, (high, low)))
    # Whoever refused one of them is right, and need not have kept it.
    assert log_fault([calls[0], Call(1, low, 1, 3, False)], (high,)) is None


def test_a_cache_holds_a_last_put_of_each_key() -> None:
    old, new = (EvidenceOutcomeCacheEntry("k", "i", name, EffectOutcome.blocked()) for name in "on")
    calls = [Call(0, old, 0, 1, True), Call(1, new, 2, 3, True)]

    assert cache_fault(calls, (new,)) is None
    assert "replaced" in str(cache_fault(calls, (old,)))
    assert "not in the cache" in str(cache_fault(calls, ()))
    assert cache_fault([Call(0, old, 0, 2, True), Call(1, new, 1, 3, True)], (old,)) is None
