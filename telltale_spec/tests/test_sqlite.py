"""The SQLite backends."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from telltale_spec.backends.contract import AgreementWal, EvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.backends.sqlite import SQLiteAgreementWal, SQLiteEvidenceOutcomeCache
from telltale_spec.errors import DomainError, DurabilityError, EscalationOrderError
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    TICK_MAX,
    cache,
    cached,
    escalation,
    finalization,
    gate,
    log,
    produced,
)
from telltale_spec.wire.agreement import AgreementWalEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import ProdValue, UnitValue, Value

AWKWARD_TEXTS = [
    "",
    "\0",
    "a\0b",
    "a",
    ":",
    "-",
    "é",
    "e\u0301",
    "\uffff",
    "\U0001f600",
    "x" * 65_536,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "durable.sqlite"


@pytest.fixture
def wal(path: Path) -> Iterator[SQLiteAgreementWal]:
    with SQLiteAgreementWal(path) as opened:
        yield opened


@pytest.fixture
def outcomes(path: Path) -> Iterator[SQLiteEvidenceOutcomeCache]:
    with SQLiteEvidenceOutcomeCache(path) as opened:
        yield opened


@pytest.mark.requirement("WAL-01", "WAL-02", "WAL-06", "WAL-07", "WAL-13")
def test_wal_01_every_entry_is_kept_as_it_is(wal: SQLiteAgreementWal) -> None:
    assert isinstance(wal, AgreementWal)
    assert wal.load() == log()
    entries: list[AgreementWalEntry] = [gate(text, text) for text in AWKWARD_TEXTS]
    entries += [escalation(text, evidence_id=text) for text in AWKWARD_TEXTS]
    entries += [gate(tick=tick) for tick in (TICK_MAX, 0, 2**63, 2**63 - 1, 0)]
    entries += [produced(session=TICK_MAX), finalization(proof_id="p", handle_id="h")]
    for entry in entries:
        wal.append(entry)
    assert wal.load() == wal.load() == log(*entries)


@pytest.mark.requirement("WAL-05", "DOM-01")
@pytest.mark.parametrize("tick", [0, 1, 255, 256, 2**63 - 1, 2**63, TICK_MAX - 1, TICK_MAX])
def test_wal_05_ticks_are_compared_as_unsigned_numbers(wal: SQLiteAgreementWal, tick: int) -> None:
    for entry_tick in (TICK_MAX, 0, 256, 2**63, 1, 2**63 - 1, 255, 256):
        wal.append(gate(tick=entry_tick))
    assert wal.read_since(tick) == wal.load().read_since(tick)


def test_wal_05_a_suffix_is_found_by_its_ticks(wal: SQLiteAgreementWal) -> None:
    statements: list[str] = []
    wal._connection.set_trace_callback(statements.append)
    wal.read_since(5)
    (statement,) = statements
    plan = wal._connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    assert any("USING INDEX agreement_wal_tick" in row[3] for row in plan)


@pytest.mark.parametrize("tick", [-1, True, 2**64])
def test_read_since_refuses_what_is_no_tick(wal: SQLiteAgreementWal, tick: int) -> None:
    with pytest.raises(DomainError, match=r"read_since\.tick"):
        wal.read_since(tick)


@pytest.mark.requirement("WAL-03", "WAL-04", "F1")
def test_wal_04_a_rejected_entry_is_not_stored_and_does_no_harm(wal: SQLiteAgreementWal) -> None:
    reference = InMemoryAgreementWal()
    for log_ in (wal, reference):
        log_.append(escalation(new_level=SOFT_SAFE))
    for bad in (escalation("o", SOFT_SAFE, NONE), escalation("o", NONE, FINALIZED)):
        with pytest.raises(EscalationOrderError) as caught:
            wal.append(bad)
        assert caught.value.entry_index == 1
    assert str(caught.value) == (
        "agreement WAL reordered or regressed for `o`: last=SoftSafe, entry=None->Finalized"
    )
    for entry in (gate(), escalation("p"), escalation("o", SOFT_SAFE, FINALIZED)):
        wal.append(entry)
    assert len(wal.load().entries) == 4
    wal.load().validate_monotonic_escalations()


@pytest.mark.requirement("WAL-03", "WAL-08")
def test_wal_08_entries_and_levels_survive_reopening(path: Path) -> None:
    with SQLiteAgreementWal(path) as first:
        first.append(escalation(new_level=SOFT_SAFE))
    with SQLiteAgreementWal(str(path)) as second:
        assert second.load() == log(escalation(new_level=SOFT_SAFE))
        with pytest.raises(EscalationOrderError, match="last=SoftSafe"):
            second.append(escalation(new_level=PROVISIONAL))


KILLED_AFTER_ACKNOWLEDGEMENT = """
import os, signal, sys
from telltale_spec.backends.sqlite import SQLiteAgreementWal
from telltale_spec.tests.samples import gate
wal = SQLiteAgreementWal(sys.argv[1])
for tick in range(3):
    wal.append(gate(tick=tick))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.requirement("WAL-08")
def test_wal_08_acknowledged_entries_survive_a_killed_process(path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_ACKNOWLEDGEMENT, str(path)], check=False
    )
    assert killed.returncode == -9
    with SQLiteAgreementWal(path) as wal:
        assert wal.load() == log(*[gate(tick=tick) for tick in range(3)])


def test_every_commit_is_flushed(wal: SQLiteAgreementWal) -> None:
    extra = 3
    assert wal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert wal._connection.execute("PRAGMA synchronous").fetchone() == (extra,)


@pytest.mark.requirement("F19")
def test_an_append_runs_the_same_steps_however_long_the_log(wal: SQLiteAgreementWal) -> None:
    def steps_of(entry: AgreementWalEntry) -> int:
        steps_count = 0

        def count() -> int:
            nonlocal steps_count
            steps_count += 1
            return 0

        # Called for every instruction of SQLite's virtual machine.
        wal._connection.set_progress_handler(count, 1)
        wal.append(entry)
        wal._connection.set_progress_handler(None, 1)
        return steps_count

    wal.append(escalation("first"))
    short = steps_of(escalation("o"))
    for index in range(300):
        wal.append(escalation(f"o{index}"))
    assert steps_of(escalation("o", PROVISIONAL, SOFT_SAFE)) <= short + 10


@pytest.mark.requirement("WAL-01", "WAL-02", "WAL-03")
def test_a_batch_is_stored_as_single_appends_would(path: Path, tmp_path: Path) -> None:
    """Entries, order and levels are the same; nothing tells afterwards how they came."""
    entries = [escalation(tick=1), gate(tick=9), produced(tick=0), escalation("p", NONE, FINALIZED)]
    later = escalation("o", PROVISIONAL, SOFT_SAFE, tick=2)
    with SQLiteAgreementWal(path) as batched, SQLiteAgreementWal(tmp_path / "other") as single:
        batched.append_many(iter(entries))
        batched.append_many([])
        for entry in entries:
            single.append(entry)
        for each in (batched, single):
            each.append(later)
            assert each.load() == log(*entries, later)
            with pytest.raises(EscalationOrderError) as caught:
                each.append(escalation("p", NONE, SOFT_SAFE))
            assert caught.value.entry_index == 5


@pytest.mark.requirement("WAL-03", "WAL-04")
@pytest.mark.parametrize("before", [(), (escalation("z", NONE, FINALIZED),)])
def test_a_batch_is_stored_whole_or_not_at_all(
    wal: SQLiteAgreementWal, before: tuple[AgreementWalEntry, ...]
) -> None:
    """One entry that is out of order, and all are refused; the error has its place in the log."""
    wal.append_many(before)
    regression = escalation("o", NONE, SOFT_SAFE)
    batch = [gate(), escalation("o", NONE, FINALIZED), regression, gate(tick=3)]

    with pytest.raises(EscalationOrderError) as caught:
        wal.append_many(batch)

    assert caught.value.entry_index == len(before) + 2
    assert wal.load() == log(*before)
    # The levels are those from before the batch too.
    wal.append(escalation("q", NONE, SOFT_SAFE))
    wal.append(escalation("o", FINALIZED, FINALIZED))


def test_a_long_batch_keeps_its_order(wal: SQLiteAgreementWal) -> None:
    """However many rows go to the database at a time, before and after entries that are there."""
    entries = [gate(tick=index % 7, operation_id=f"o{index}") for index in range(1_001)]

    wal.append(gate("first"))
    wal.append_many(entries)
    wal.append(gate("last"))

    assert wal.load() == log(gate("first"), *entries, gate("last"))


def test_a_batch_with_something_else_in_it_is_refused(wal: SQLiteAgreementWal) -> None:
    """What is no entry stores nothing."""
    with pytest.raises(DomainError):
        wal.append_many([gate(), "not an entry"])  # type: ignore[list-item]

    assert wal.load() == log()


@pytest.mark.requirement("F27")
def test_f27_two_handles_keep_every_acknowledged_entry(path: Path) -> None:
    with SQLiteAgreementWal(path) as one, SQLiteAgreementWal(path) as other:
        one.append(escalation(new_level=SOFT_SAFE))
        other.append(gate("b"))
        with pytest.raises(EscalationOrderError):
            other.append(escalation(new_level=PROVISIONAL))
        one.append(gate("c"))
        assert one.load() == other.load()
        assert len(one.load().entries) == 3


@pytest.mark.requirement("F27")
def test_f27_many_threads_open_and_append_at_once(path: Path) -> None:
    start = threading.Barrier(6)
    failures: list[BaseException] = []

    def work(operation_id: str) -> None:
        start.wait()
        try:
            with SQLiteAgreementWal(path) as handle:
                for tick in range(5):
                    handle.append(gate(operation_id, tick=tick))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(str(index),)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with SQLiteAgreementWal(path) as wal:
        for index in range(6):
            ticks = [item.tick for item in wal.load().entries if item.operation_id == str(index)]
            assert ticks == list(range(5))


def test_one_handle_serves_several_threads(wal: SQLiteAgreementWal) -> None:
    def work() -> None:
        for _ in range(10):
            wal.append(gate())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wal.load().entries) == 40


@pytest.mark.requirement("WAL-09")
def test_wal_09_a_locked_database_is_a_declared_error_after_a_bounded_wait(path: Path) -> None:
    with SQLiteAgreementWal(path, busy_timeout_seconds=0.01) as wal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DurabilityError) as caught:
            wal.append(gate())
        other.execute("ROLLBACK")
        other.close()
        assert str(caught.value) == f"write SQLite agreement WAL {path}: database is locked"
        wal.append(gate())
        assert wal.load() == log(gate())


@pytest.mark.requirement("WAL-09")
def test_wal_09_a_closed_handle_refuses_with_the_declared_error(path: Path) -> None:
    wal = SQLiteAgreementWal(path)
    wal.close()
    wal.close()
    for operation in (wal.load, lambda: wal.append(gate()), lambda: wal.read_since(0)):
        with pytest.raises(DurabilityError, match="SQLite agreement WAL"):
            operation()


def test_a_handle_that_nobody_closed_leaves_no_warning(path: Path) -> None:
    SQLiteAgreementWal(path).append(gate())
    gc.collect()
    assert [item.name for item in path.parent.iterdir()] == [path.name]


@pytest.mark.requirement("WAL-09")
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to have a header" * 10)
    before = path.read_bytes()
    with pytest.raises(DurabilityError) as caught:
        SQLiteAgreementWal(path)
    assert str(caught.value) == f"open SQLite agreement WAL {path}: file is not a database"
    assert path.read_bytes() == before


@pytest.mark.requirement("WAL-09")
def test_a_database_of_another_application_is_refused_and_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE agreement_wal (position)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(DurabilityError, match="file is a database of another application"):
        SQLiteEvidenceOutcomeCache(path)
    assert path.read_bytes() == before


@pytest.mark.requirement("WAL-09")
def test_another_version_of_the_layout_is_refused(path: Path) -> None:
    SQLiteAgreementWal(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(DurabilityError, match="the layout has version 2, not 1"):
        SQLiteAgreementWal(path)


@pytest.mark.requirement("WAL-09")
@pytest.mark.parametrize("name", ["missing/wal", "a\0b", ""])
def test_a_place_where_no_file_can_be_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DurabilityError, match=r"^open SQLite agreement WAL "):
        SQLiteAgreementWal(name)
    assert list(tmp_path.iterdir()) == []


def test_no_name_is_special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SQLiteAgreementWal(":memory:") as wal:
        wal.append(gate())
    with SQLiteAgreementWal(":memory:") as wal:
        assert wal.load() == log(gate())


@pytest.mark.requirement("WAL-09")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agreement_wal SET entry = x'ff'",
        "UPDATE agreement_wal SET entry = 'text'",
        "UPDATE evidence_outcome SET entry = x''",
        "UPDATE agreement_level SET level = 'unheard of'",
    ],
)
def test_a_corrupt_row_is_a_declared_error(path: Path, statement: str) -> None:
    with SQLiteAgreementWal(path) as wal, SQLiteEvidenceOutcomeCache(path) as outcomes:
        wal.append(escalation())
        outcomes.put(cached())
        wal._connection.execute(statement)
        operations: list[Callable[[], object]] = [
            wal.load,
            lambda: wal.read_since(0),
            lambda: outcomes.get("e"),
            outcomes.load,
            lambda: wal.append(escalation("o", PROVISIONAL, SOFT_SAFE)),
        ]
        errors = []
        for operation in operations:
            try:
                operation()
            except DurabilityError as error:
                errors.append(str(error))
        assert errors
        assert all("is corrupt" in text for text in errors)


def test_what_is_no_entry_is_refused(
    wal: SQLiteAgreementWal, outcomes: SQLiteEvidenceOutcomeCache
) -> None:
    with pytest.raises(DomainError, match=r"SQLiteAgreementWal\.entry"):
        wal.append("gate")  # type: ignore[arg-type]
    with pytest.raises(DomainError, match=r"SQLiteEvidenceOutcomeCache\.entry"):
        outcomes.put("entry")  # type: ignore[arg-type]


@pytest.mark.requirement("CACHE-01", "CACHE-02", "CACHE-03", "CACHE-04", "CACHE-06", "CACHE-08")
def test_cache_04_put_replaces_and_moves_to_the_end(
    path: Path, outcomes: SQLiteEvidenceOutcomeCache
) -> None:
    assert isinstance(outcomes, EvidenceOutcomeCache)
    assert outcomes.load() == cache()
    assert outcomes.get("a") is None
    for text in AWKWARD_TEXTS:
        outcomes.put(cached(text))
    for text in AWKWARD_TEXTS:
        assert outcomes.get(text) == cached(text)
    again = cached("a", operation_name="again")
    outcomes.put(again)
    outcomes.put(again)
    expected = (*[cached(text) for text in AWKWARD_TEXTS if text != "a"], again)
    with SQLiteEvidenceOutcomeCache(path) as reopened:
        assert reopened.load().entries == outcomes.load().entries == expected


@pytest.mark.requirement("F23", "CACHE-07")
def test_f23_an_entry_that_could_not_be_read_back_is_refused(
    outcomes: SQLiteEvidenceOutcomeCache,
) -> None:
    value: Value = UnitValue()
    for _ in range(200):
        value = ProdValue(value, UnitValue())
    outcomes.put(cached("deep"))
    with pytest.raises(DurabilityError, match="nested too deep"):
        outcomes.put(cached("deep", EffectOutcome.success(AcquireResponse(value))))
    assert outcomes.get("deep") == cached("deep")


def test_a_log_and_a_cache_share_one_database(
    wal: SQLiteAgreementWal, outcomes: SQLiteEvidenceOutcomeCache
) -> None:
    wal.append(gate())
    outcomes.put(cached())
    assert (wal.load(), outcomes.load()) == (log(gate()), cache("e"))
