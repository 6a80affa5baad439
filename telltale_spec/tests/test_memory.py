"""The backends in memory."""

from __future__ import annotations

import copy

import pytest

from telltale_spec.backends.contract import AgreementWal, EvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryAgreementWal, InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DomainError, EscalationOrderError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.tests.samples import (
    NONE,
    SOFT_SAFE,
    TICK_MAX,
    cache,
    cached,
    escalation,
    gate,
    log,
)
from telltale_spec.wire.agreement import AgreementWalEntry, EscalationTracker

REGRESSION = escalation("o", SOFT_SAFE, NONE, tick=2)


def wedged() -> InMemoryAgreementWal:
    wal = InMemoryAgreementWal()
    wal.append(escalation(new_level=SOFT_SAFE))
    with pytest.raises(EscalationOrderError):
        wal.append(REGRESSION)
    return wal


@pytest.mark.requirement("WAL-01", "WAL-02", "WAL-05", "WAL-06", "WAL-07", "WAL-13")
def test_wal_01_appends_are_kept_in_order_with_copies() -> None:
    wal = InMemoryAgreementWal()
    assert isinstance(wal, AgreementWal)
    assert wal.load() == log()
    entries = [gate("", tick=TICK_MAX), gate("a:b", tick=0), gate("a:b", tick=0), escalation()]
    for count, entry in enumerate(entries, start=1):
        wal.append(entry)
        assert wal.load() == wal.load() == log(*entries[:count])
    assert wal.read_since(0) == (entries[0], entries[3])


@pytest.mark.requirement("WAL-03", "WAL-10", "F1")
def test_f1_a_rejected_entry_stays_and_wedges_the_log() -> None:
    wal = wedged()
    assert wal.load().entries[1:] == (REGRESSION,)
    later = [gate("unrelated"), escalation("p", SOFT_SAFE, NONE), gate("unrelated")]
    for entry in later:
        with pytest.raises(EscalationOrderError) as caught:
            wal.append(entry)
        assert str(caught.value) == "agreement WAL regression for `o`: SoftSafe -> None"
        assert caught.value.entry_index == 1
    assert wal.load().entries[2:] == tuple(later)
    with pytest.raises(EscalationOrderError, match="regression for `o`"):
        DurableRecoveryPlan.from_checkpoint(0, None, wal.load(), cache())


@pytest.mark.requirement("WAL-10", "F1")
def test_each_rejection_is_an_error_object_of_its_own() -> None:
    wal = wedged()
    with pytest.raises(EscalationOrderError) as one:
        wal.append(gate())
    with pytest.raises(EscalationOrderError) as other:
        wal.append(gate())
    assert one.value is not other.value
    assert vars(one.value) == vars(other.value)


@pytest.mark.requirement("WAL-10")
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_wal_10_a_copy_has_contents_of_its_own(duplicate: object) -> None:
    assert callable(duplicate)
    wal = InMemoryAgreementWal()
    wal.append(escalation(new_level=SOFT_SAFE))
    twin = duplicate(wal)
    twin.append(gate())
    twin.append(escalation("p", NONE, SOFT_SAFE))
    assert len(wal.load().entries) == 1
    # Neither the levels of the original nor those of the copy leak into the other.
    wal.append(escalation("p"))
    with pytest.raises(EscalationOrderError):
        twin.append(escalation("p"))
    wal.append(gate())
    with pytest.raises(EscalationOrderError):
        duplicate(twin).append(gate())


@pytest.mark.requirement("F19")
def test_an_append_looks_at_one_entry_however_long_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    observed: list[AgreementWalEntry] = []
    observe = EscalationTracker.observe

    def counting(
        tracker: EscalationTracker, entry: AgreementWalEntry
    ) -> EscalationOrderError | None:
        observed.append(entry)
        return observe(tracker, entry)

    monkeypatch.setattr(EscalationTracker, "observe", counting)
    wal = InMemoryAgreementWal()
    entries = [escalation(f"o{index}") for index in range(50)]
    for entry in entries:
        wal.append(entry)
    assert observed == entries


def test_what_is_no_entry_is_refused_and_not_stored() -> None:
    wal = InMemoryAgreementWal()
    with pytest.raises(DomainError, match=r"InMemoryAgreementWal\.entry"):
        wal.append("gate")  # type: ignore[arg-type]
    assert wal.load() == log()
    with pytest.raises(DomainError):
        InMemoryEvidenceOutcomeCache().put("entry")  # type: ignore[arg-type]


@pytest.mark.requirement("WAL-06")
def test_a_loaded_log_does_not_change_afterwards() -> None:
    wal = InMemoryAgreementWal()
    before = wal.load()
    wal.append(gate())
    assert before == log()


@pytest.mark.requirement("CACHE-01", "CACHE-02", "CACHE-03", "CACHE-04", "CACHE-06")
def test_cache_04_put_replaces_and_moves_to_the_end() -> None:
    outcomes = InMemoryEvidenceOutcomeCache()
    assert isinstance(outcomes, EvidenceOutcomeCache)
    assert outcomes.load() == cache()
    again = cached("a", operation_name="again")
    for entry in (cached("a"), cached(""), again):
        outcomes.put(entry)
        assert outcomes.get(entry.evidence_id) == entry
    assert outcomes.load().entries == (cached(""), again)
    assert outcomes.get("A") is None


@pytest.mark.requirement("CACHE-06")
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copied_cache_has_contents_of_its_own(duplicate: object) -> None:
    assert callable(duplicate)
    outcomes = InMemoryEvidenceOutcomeCache()
    outcomes.put(cached("a"))
    twin = duplicate(outcomes)
    twin.put(cached("b"))
    outcomes.put(cached("c"))
    assert outcomes.load() == cache("a", "c")
    assert twin.load() == cache("a", "b")
