"""The crash-safe log files: agreement WAL and evidence cache."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from telltale_spec.backends.contract import AgreementWal, EvidenceOutcomeCache
from telltale_spec.backends.frames import HEADER_BYTES
from telltale_spec.backends.log_file import LogFileAgreementWal, LogFileEvidenceOutcomeCache
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
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.codec import encode
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import ProdValue, UnitValue, Value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agreement.log"


@pytest.fixture
def wal(path: Path) -> Iterator[LogFileAgreementWal]:
    with LogFileAgreementWal(path) as opened:
        yield opened


def segments(path: Path) -> list[Path]:
    return sorted(
        item for item in path.parent.iterdir() if item.name.removeprefix(f"{path.name}.").isdigit()
    )


def abandon(handle: LogFileAgreementWal | LogFileEvidenceOutcomeCache) -> None:
    """Let go of the files as a process does that dies."""
    handle._log._close()


def loaded(path: Path) -> AgreementWalArtifact:
    with LogFileAgreementWal(path) as reopened:
        return reopened.load()


class FailingCalls:
    """Stands in for a function of ``os`` and raises at chosen calls, counted from zero."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
        self.function: Callable[..., Any] = getattr(os, name)
        self.number = number
        self.count = 0
        self.failing: dict[int, Callable[..., Any]] = {}
        monkeypatch.setattr(os, name, self)

    def at(self, *calls: int) -> None:
        for call in calls:
            self.failing[self.count + call] = self.refuse

    def refuse(self, *arguments: Any) -> Any:
        raise OSError(self.number, os.strerror(self.number))

    def short(self, descriptor: int, data: bytes, offset: int) -> int:
        return int(self.function(descriptor, data[: len(data) // 2], offset))

    def __call__(self, *arguments: Any) -> Any:
        call, self.count = self.count, self.count + 1
        return self.failing.get(call, self.function)(*arguments)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> FailingCalls:
    return FailingCalls(monkeypatch, "pwrite", errno.ENOSPC)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> FailingCalls:
    return FailingCalls(monkeypatch, "fdatasync", errno.EIO)


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> FailingCalls:
    return FailingCalls(monkeypatch, "ftruncate", errno.EIO)


@pytest.mark.requirement("WAL-01", "WAL-02", "WAL-05", "WAL-07", "WAL-08", "WAL-13")
def test_wal_08_everything_is_there_after_a_reopening(path: Path) -> None:
    entries = [escalation(), gate(tick=0), produced(tick=TICK_MAX), finalization("")]
    with LogFileAgreementWal(path) as opened:
        assert isinstance(opened, AgreementWal)
        assert opened.load() == log()
        for entry in entries:
            opened.append(entry)
        assert opened.load() == log(*entries)
        assert opened.read_since(0) == log(*entries).read_since(0)
    for _ in range(3):
        assert loaded(path) == log(*entries)


@pytest.mark.requirement("WAL-03", "WAL-04")
def test_wal_04_a_refused_entry_leaves_no_trace(path: Path, wal: LogFileAgreementWal) -> None:
    wal.append(escalation(new_level=SOFT_SAFE))
    (segment,) = segments(path)
    before = segment.read_bytes()
    with pytest.raises(EscalationOrderError) as caught:
        wal.append(escalation(new_level=PROVISIONAL))
    assert caught.value.entry_index == 1
    assert segment.read_bytes() == before
    wal.append(escalation("o", SOFT_SAFE, FINALIZED))


@pytest.mark.requirement("WAL-03", "WAL-04")
def test_the_levels_are_those_of_the_stored_log_after_a_reopening(path: Path) -> None:
    with LogFileAgreementWal(path) as opened:
        opened.append_many([escalation(), escalation("o", PROVISIONAL, FINALIZED)])
    with LogFileAgreementWal(path) as opened, pytest.raises(EscalationOrderError) as caught:
        opened.append(escalation("o", NONE, SOFT_SAFE))
    assert (caught.value.last_level, caught.value.entry_index) == ("Finalized", 2)


@pytest.mark.requirement("WAL-01", "WAL-03", "WAL-04")
def test_a_batch_is_stored_whole_or_not_at_all(path: Path, wal: LogFileAgreementWal) -> None:
    wal.append(gate("z"))
    with pytest.raises(EscalationOrderError) as caught:
        wal.append_many([gate(), escalation("o", NONE, FINALIZED), escalation("o")])
    assert caught.value.entry_index == 3
    with pytest.raises(DomainError):
        wal.append_many([gate(), "no entry"])  # type: ignore[list-item]
    wal.append_many([])
    batch = [escalation(), escalation("o", PROVISIONAL, SOFT_SAFE), gate(tick=0)]
    wal.append_many(iter(batch))
    assert wal.load() == log(gate("z"), *batch)
    abandon(wal)
    assert loaded(path) == log(gate("z"), *batch)


def test_a_batch_of_one_is_an_append(tmp_path: Path) -> None:
    with (
        LogFileAgreementWal(tmp_path / "one") as one,
        LogFileAgreementWal(tmp_path / "other") as other,
    ):
        one.append(gate())
        other.append_many([gate()])
    (one_segment,), (other_segment,) = segments(tmp_path / "one"), segments(tmp_path / "other")
    assert one_segment.read_bytes() == other_segment.read_bytes()


@pytest.mark.requirement("WAL-08")
def test_wal_08_a_tail_torn_at_any_byte_is_cut_off(path: Path) -> None:
    """One entry and a batch; the cut is durable, and the next append follows it."""
    for last in ([gate("last")], [gate("last"), escalation(), gate("very last")]):
        with LogFileAgreementWal(path) as opened:
            before = opened.load().entries
            opened.append(gate("kept"))
            kept = opened._log.size_bytes
            opened.append_many(last)
            abandon(opened)
        segment = segments(path)[-1]
        data = segment.read_bytes()
        for size in range(kept, len(data)):
            segment.write_bytes(data[:size])
            assert loaded(path).entries == (*before, gate("kept"))
            assert loaded(path).entries == (*before, gate("kept"))
        segment.write_bytes(data[: kept + 3])
        with LogFileAgreementWal(path) as opened:
            opened.append(gate("next"))
            abandon(opened)
        assert loaded(path).entries == (*before, gate("kept"), gate("next"))


@pytest.mark.requirement("WAL-08")
@pytest.mark.parametrize("hole", [range(HEADER_BYTES), range(HEADER_BYTES, 400), range(400)])
def test_wal_08_a_hole_of_zeros_at_the_end_is_cut_off(path: Path, hole: range) -> None:
    with LogFileAgreementWal(path) as opened:
        opened.append(gate("kept"))
        kept = opened._log.size_bytes
        opened.append(gate("x" * 600))
        abandon(opened)
    (segment,) = segments(path)
    data = bytearray(segment.read_bytes())
    for index in hole:
        data[kept + index] = 0
    segment.write_bytes(data)
    assert loaded(path) == log(gate("kept"))


@pytest.mark.requirement("WAL-08", "WAL-09")
def test_a_changed_bit_at_rest_is_an_error_or_changes_nothing(path: Path) -> None:
    """In every byte of a log that was closed; and an error leaves the files as they are."""
    with LogFileAgreementWal(path) as opened:
        opened.append(escalation())
        opened.append(gate())
    (segment,) = segments(path)
    data = segment.read_bytes()
    errors = 0
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        segment.write_bytes(changed)
        try:
            found = loaded(path)
        except DurabilityError:
            errors += 1
            assert segment.read_bytes() == changed
        else:
            assert found == log(escalation(), gate())
    assert errors == len(data) - HEADER_BYTES


@pytest.mark.requirement("WAL-08", "WAL-09")
@pytest.mark.parametrize("block", [512, 4096])
@pytest.mark.parametrize("size", [1, 300, 900])
def test_a_block_that_reads_as_zeros_at_rest_is_an_error_or_changes_nothing(
    path: Path, block: int, size: int
) -> None:
    """Also the last one, where it takes the last entry and what says that there was one."""
    with LogFileAgreementWal(path) as opened:
        opened.append(gate("x" * size))
        opened.append(gate("last"))
    stored = log(gate("x" * size), gate("last"))
    for file in (*segments(path), path.with_name(f"{path.name}.lock")):
        data = file.read_bytes()
        for start in range(0, len(data), block):
            zeroed = bytes(min(block, len(data) - start))
            file.write_bytes(data[:start] + zeroed + data[start + block :])
            try:
                assert loaded(path) == stored
            except DurabilityError:
                assert file.name != f"{path.name}.lock"
        file.write_bytes(data)
    assert loaded(path) == stored


@pytest.mark.requirement("WAL-08", "WAL-09")
def test_a_log_that_ends_before_its_note_is_refused_and_left_alone(path: Path) -> None:
    """Whatever took the end away; without the note it is the rest of a crash."""
    for tick in range(3):
        with LogFileAgreementWal(path, segment_bytes_max=200) as opened:
            opened.append(gate("x" * 100, tick=tick))
    last = segments(path)[-1]
    data = last.read_bytes()
    for left in (b"", data[: len(data) // 2], None):
        last.unlink() if left is None else last.write_bytes(left)
        before = {item: item.read_bytes() for item in path.parent.iterdir()}
        with pytest.raises(DurabilityError):
            LogFileAgreementWal(path)
        assert {item: item.read_bytes() for item in path.parent.iterdir()} == before
    with pytest.raises(DurabilityError, match=r"it ends with frame \d, .*; to go on without it"):
        LogFileAgreementWal(path)
    path.with_name(f"{path.name}.lock").unlink()
    assert loaded(path).entries == tuple(gate("x" * 100, tick=tick) for tick in range(2))
    for item in segments(path):
        item.unlink()
    with pytest.raises(DurabilityError, match="no segment is there"):
        LogFileAgreementWal(path)


@pytest.mark.requirement("WAL-08")
def test_a_note_of_an_earlier_closing_stops_nothing(path: Path) -> None:
    """The log has grown since, and its process has died with an append under way."""
    with LogFileAgreementWal(path) as opened:
        opened.append(gate("a"))
    with LogFileAgreementWal(path) as opened:
        opened.append(gate("b"))
        kept = opened._log.size_bytes
        opened.append(gate("torn"))
        abandon(opened)
    (segment,) = segments(path)
    segment.write_bytes(segment.read_bytes()[: kept + 40])
    assert loaded(path) == log(gate("a"), gate("b"))


@pytest.mark.requirement("WAL-08")
def test_an_opening_may_be_cut_off_at_any_byte_too(path: Path) -> None:
    with LogFileAgreementWal(path) as opened:
        opened.append(gate())
        abandon(opened)
    (segment,) = segments(path)
    before = segment.stat().st_size
    for _ in range(3):
        abandon(LogFileAgreementWal(path))
        after = segment.read_bytes()
        for size in range(before, len(after)):
            segment.write_bytes(after[:size])
            assert loaded(path) == log(gate())


@pytest.mark.requirement("WAL-08")
def test_opening_an_empty_log_again_and_again_adds_nothing(path: Path) -> None:
    sizes = set()
    for _ in range(4):
        assert loaded(path) == log()
        sizes.add(sum(item.stat().st_size for item in path.parent.iterdir()))
    assert len(sizes) == 1


@pytest.mark.requirement("WAL-08")
def test_segments_follow_each_other(path: Path) -> None:
    entries = [gate(tick=tick) for tick in range(40)]
    with LogFileAgreementWal(path, segment_bytes_max=500) as opened:
        for entry in entries:
            opened.append(entry)
        opened.append(gate("x" * 1_000))
        abandon(opened)
    assert len(segments(path)) > 5
    assert loaded(path) == log(*entries, gate("x" * 1_000))


@pytest.mark.requirement("WAL-08", "WAL-09")
def test_a_missing_segment_is_an_error(path: Path) -> None:
    with LogFileAgreementWal(path, segment_bytes_max=500) as opened:
        opened.append_many([gate(tick=1)])
        for tick in range(20):
            opened.append(gate(tick=tick))
    first, second, *_ = segments(path)
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(DurabilityError, match="is followed by frame"):
        LogFileAgreementWal(path)
    second.write_bytes(kept)
    first.rename(path.parent / "elsewhere")
    with pytest.raises(DurabilityError, match="the beginning is missing"):
        LogFileAgreementWal(path)


@pytest.mark.requirement("WAL-08")
def test_a_segment_that_never_got_its_name_is_nothing(path: Path) -> None:
    with LogFileAgreementWal(path) as opened:
        opened.append(gate())
    path.with_name(f"{path.name}.new").write_bytes(b"half a segm")
    assert loaded(path) == log(gate())


@pytest.mark.requirement("WAL-09")
def test_files_that_hold_something_else_are_refused_and_left_alone(path: Path) -> None:
    segment = path.with_name(f"{path.name}.{0:020d}")
    segment.write_bytes(b"notes of somebody" * 20)
    with pytest.raises(DurabilityError, match="the beginning is missing or damaged"):
        LogFileAgreementWal(path)
    assert segment.read_bytes() == b"notes of somebody" * 20
    segment.unlink()
    LogFileEvidenceOutcomeCache(path).close()
    with pytest.raises(DurabilityError, match="segment 0 holds something else"):
        LogFileAgreementWal(path)


@pytest.mark.requirement("WAL-09")
@pytest.mark.parametrize("name", ["missing/wal", "a\0b", ""])
def test_a_place_where_no_file_can_be_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DurabilityError, match=r"^open log file agreement WAL "):
        LogFileAgreementWal(name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("F27", "WAL-09")
def test_f27_a_second_handle_is_refused_until_the_first_is_closed(path: Path) -> None:
    with LogFileAgreementWal(path) as one:
        one.append(gate())
        # What drops a POSIX record lock: any other descriptor of the file is closed.
        path.with_name(f"{path.name}.lock").read_bytes()
        for _ in range(2):
            with pytest.raises(DurabilityError) as caught:
                LogFileAgreementWal(path)
            assert str(caught.value).endswith("another handle has it open")
        one.append(gate(tick=2))
    assert loaded(path) == log(gate(), gate(tick=2))


APPEND_AND_WAIT = """
import sys, time
from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.tests.samples import gate
wal = LogFileAgreementWal(sys.argv[1])
wal.append(gate())
print("appended", flush=True)
time.sleep(60)
"""


@pytest.mark.requirement("F27", "WAL-08", "WAL-08.kill")
def test_f27_a_lock_holds_across_processes_and_dies_with_its_process(path: Path) -> None:
    words = [sys.executable, "-c", APPEND_AND_WAIT, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"appended\n"
        with pytest.raises(DurabilityError, match="another handle has it open"):
            LogFileAgreementWal(path)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=30)
        assert loaded(path) == log(gate())


FORK = """
import os, sys, time
from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.tests.samples import gate
from telltale_spec.errors import DurabilityError
wal = LogFileAgreementWal(sys.argv[1])
wal.append(gate())
reading, writing = os.pipe()
if not os.fork():
    try:
        wal.append(gate())
    except DurabilityError as error:
        os.write(writing, str(error).encode())
    time.sleep(60)
print(os.read(reading, 1000).decode())
print(os.getpid(), flush=True)
wal.append(gate(tick=2))
print("appended", flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.requirement("F27")
def test_f27_a_forked_child_neither_writes_nor_keeps_the_lock(path: Path) -> None:
    words = [sys.executable, "-c", FORK, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout is not None
        try:
            assert b"was opened by another process" in parent.stdout.readline()
            parent.stdout.readline()
            assert parent.stdout.readline() == b"appended\n"
            parent.wait(timeout=30)
            assert loaded(path) == log(gate(), gate(tick=2))
        finally:
            os.killpg(parent.pid, signal.SIGKILL)


def test_a_lock_file_without_an_owner_stops_nobody(path: Path) -> None:
    path.with_name(f"{path.name}.lock").write_text("12345")
    assert loaded(path) == log()


@pytest.mark.requirement("WAL-04", "WAL-08", "WAL-09")
@pytest.mark.parametrize("is_partly_written", [False, True])
def test_a_full_disk_refuses_an_append_and_the_log_goes_on(
    path: Path, wal: LogFileAgreementWal, writes: FailingCalls, is_partly_written: bool
) -> None:
    wal.append(escalation())
    (segment,) = segments(path)
    before = segment.read_bytes()
    if is_partly_written:
        writes.failing[writes.count] = writes.short
        writes.at(1)
    else:
        writes.at(0)
    with pytest.raises(DurabilityError, match="No space left on device"):
        wal.append(escalation("o", PROVISIONAL, FINALIZED))
    assert segment.read_bytes() == before
    assert wal.load() == log(escalation())
    wal.append(escalation("o", PROVISIONAL, SOFT_SAFE))
    abandon(wal)
    assert loaded(path) == log(escalation(), escalation("o", PROVISIONAL, SOFT_SAFE))


def test_a_short_write_is_gone_on_with(wal: LogFileAgreementWal, writes: FailingCalls) -> None:
    writes.failing[writes.count] = writes.short
    wal.append(gate())
    assert wal.load() == log(gate())
    wal.close()
    assert loaded(Path(wal.path)) == log(gate())


def test_a_write_that_writes_nothing_does_not_go_on_for_ever(
    wal: LogFileAgreementWal, writes: FailingCalls
) -> None:
    for call in range(3):
        writes.failing[writes.count + call] = lambda descriptor, data, offset: 0
    with pytest.raises(DurabilityError, match="a write wrote nothing"):
        wal.append(gate())


def assert_refuses(wal: LogFileAgreementWal) -> None:
    operations: list[Callable[[], object]] = [
        lambda: wal.append(gate()),
        lambda: wal.append_many([]),
        wal.load,
        lambda: wal.read_since(0),
    ]
    for operation in operations:
        with pytest.raises(DurabilityError, match="open it again"):
            operation()


@pytest.mark.requirement("WAL-04", "WAL-08", "WAL-09")
def test_a_failed_sync_refuses_everything_until_the_log_is_opened_again(
    wal: LogFileAgreementWal, syncs: FailingCalls
) -> None:
    wal.append(gate())
    syncs.at(0)
    with pytest.raises(DurabilityError, match="Input/output error"):
        wal.append(gate("doubtful"))
    assert_refuses(wal)
    wal.close()
    assert loaded(Path(wal.path)) == log(gate())


@pytest.mark.requirement("WAL-08", "WAL-09")
@pytest.mark.parametrize("failing", ["cut", "sync of the cut"])
def test_what_cannot_be_cut_off_is_made_durable_at_the_next_opening(
    path: Path,
    wal: LogFileAgreementWal,
    syncs: FailingCalls,
    cuts: FailingCalls,
    writes: FailingCalls,
    failing: str,
) -> None:
    """It is there or not from then on, and its bytes are written again for a sync to reach."""
    wal.append(gate())
    if failing == "cut":
        syncs.at(0)
        cuts.at(0)
        expected = log(gate(), gate("doubtful"))
    else:
        syncs.at(0, 1)
        expected = log(gate())
    with pytest.raises(DurabilityError):
        wal.append(gate("doubtful"))
    assert_refuses(wal)
    wal.close()
    written = writes.count
    for _ in range(2):
        with LogFileAgreementWal(path) as reopened:
            assert reopened.load() == expected
            abandon(reopened)
    # Twice what was last, and an opening behind it.
    assert writes.count == written + 4


@pytest.mark.requirement("WAL-08", "WAL-09")
def test_an_opening_that_fails_can_be_tried_again(
    path: Path, syncs: FailingCalls, writes: FailingCalls, cuts: FailingCalls
) -> None:
    with LogFileAgreementWal(path) as opened:
        opened.append(gate())
        abandon(opened)
    for calls in (syncs, writes, cuts):
        for number in range(2 if calls is not cuts else 1):
            calls.at(number)
            with pytest.raises(DurabilityError, match=r"^(open|write|sync) log file"):
                LogFileAgreementWal(path)
            calls.failing.clear()
            assert loaded(path) == log(gate())


@pytest.mark.requirement("WAL-08", "WAL-09")
@pytest.mark.parametrize(
    ("name", "number", "goes_on"),
    [
        ("open", errno.ENOSPC, True),
        ("pwrite", errno.ENOSPC, True),
        ("fsync", errno.EIO, True),
        ("rename", errno.ENOSPC, True),
        ("rename", errno.EIO, False),
    ],
)
def test_a_segment_that_cannot_be_begun_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int, goes_on: bool
) -> None:
    """Before it has its name the log can go on without it; after that nobody knows."""
    with LogFileAgreementWal(path, segment_bytes_max=200) as opened:
        opened.append(gate("x" * 200))
        calls = FailingCalls(monkeypatch, name, number)
        calls.at(0)
        with pytest.raises(DurabilityError, match=os.strerror(number)):
            opened.append(gate("next"))
        if goes_on:
            opened.append(gate("next"))
        else:
            assert_refuses(opened)
    expected = [gate("x" * 200), *([gate("next")] if goes_on else [])]
    assert loaded(path) == log(*expected)


@pytest.mark.requirement("WAL-08", "WAL-09")
def test_a_segment_whose_name_is_in_doubt_is_made_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LogFileAgreementWal(path, segment_bytes_max=200) as opened:
        opened.append(gate("x" * 200))
        calls = FailingCalls(monkeypatch, "fsync", errno.EIO)
        # The second one is that of the folder.
        calls.at(1)
        with pytest.raises(DurabilityError, match="Input/output error"):
            opened.append(gate("next"))
        assert_refuses(opened)
    last = segments(path)[-1]
    before = last.stat().st_ino
    assert loaded(path) == log(gate("x" * 200))
    assert last.stat().st_ino != before


def test_an_interrupted_write_refuses(wal: LogFileAgreementWal, writes: FailingCalls) -> None:
    def interrupt(*arguments: Any) -> int:
        raise KeyboardInterrupt

    writes.failing[writes.count] = interrupt
    with pytest.raises(KeyboardInterrupt):
        wal.append(gate())
    assert_refuses(wal)


@pytest.mark.requirement("WAL-09")
def test_wal_09_a_closed_handle_refuses_with_the_declared_error(path: Path) -> None:
    wal = LogFileAgreementWal(path)
    wal.close()
    wal.close()
    operations: list[Callable[[], object]] = [
        wal.load,
        lambda: wal.append(gate()),
        lambda: wal.read_since(0),
    ]
    for operation in operations:
        with pytest.raises(DurabilityError, match="the handle is closed"):
            operation()


def test_a_handle_that_nobody_closed_lets_go(path: Path) -> None:
    LogFileAgreementWal(path).append(gate())
    gc.collect()
    assert loaded(path) == log(gate())


def test_one_handle_serves_several_threads(wal: LogFileAgreementWal) -> None:
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
def test_a_stored_batch_that_is_none_is_refused_and_left_alone(path: Path) -> None:
    with LogFileAgreementWal(path) as opened:
        opened._log.append(b"no batch")
        abandon(opened)
    (segment,) = segments(path)
    before = segment.read_bytes()
    with pytest.raises(DurabilityError, match="a stored AgreementWalArtifact is corrupt"):
        LogFileAgreementWal(path)
    assert segment.read_bytes() == before


def test_what_is_no_entry_is_refused(wal: LogFileAgreementWal, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"LogFileAgreementWal\.entry"):
        wal.append("gate")  # type: ignore[arg-type]
    with (
        LogFileEvidenceOutcomeCache(tmp_path / "cache") as outcomes,
        pytest.raises(DomainError, match=r"LogFileEvidenceOutcomeCache\.entry"),
    ):
        outcomes.put("entry")  # type: ignore[arg-type]


@pytest.mark.requirement("CACHE-01", "CACHE-02", "CACHE-03", "CACHE-04", "CACHE-06", "CACHE-08")
def test_cache_04_put_replaces_and_moves_to_the_end(path: Path) -> None:
    with LogFileEvidenceOutcomeCache(path) as outcomes:
        assert isinstance(outcomes, EvidenceOutcomeCache)
        assert outcomes.load() == cache()
        assert outcomes.get("a") is None
        for text in ("a", "", "a\0b", "\U0001f600"):
            outcomes.put(cached(text))
        again = cached("a", operation_name="again")
        outcomes.put(again)
        assert outcomes.get("a") == again
        expected = outcomes.load()
        assert [entry.evidence_id for entry in expected.entries] == ["", "a\0b", "\U0001f600", "a"]
    with LogFileEvidenceOutcomeCache(path) as reopened:
        assert reopened.load() == expected


@pytest.mark.requirement("F23", "CACHE-07")
def test_f23_an_entry_that_could_not_be_read_back_is_refused(path: Path) -> None:
    value: Value = UnitValue()
    for _ in range(200):
        value = ProdValue(value, UnitValue())
    with LogFileEvidenceOutcomeCache(path) as outcomes:
        outcomes.put(cached("deep"))
        with pytest.raises(DurabilityError, match="nested too deep"):
            outcomes.put(cached("deep", EffectOutcome.success(AcquireResponse(value))))
        assert outcomes.get("deep") == cached("deep")


@pytest.mark.requirement("CACHE-04", "CACHE-08")
def test_cache_08_what_was_replaced_is_left_out_in_the_end(path: Path) -> None:
    with LogFileEvidenceOutcomeCache(path, compaction_bytes_min=2_000) as outcomes:
        sizes = []
        for number in range(300):
            outcomes.put(cached(f"e{number % 3}", operation_name=str(number)))
            sizes.append(sum(item.stat().st_size for item in segments(path)))
        expected = outcomes.load()
        assert [entry.operation_name for entry in expected.entries] == ["297", "298", "299"]
        assert max(sizes) < 8_000
        assert len(segments(path)) == 1
        abandon(outcomes)
    with LogFileEvidenceOutcomeCache(path) as reopened:
        assert reopened.load() == expected


@pytest.mark.requirement("CACHE-08")
def test_cache_08_files_that_a_compaction_left_are_removed_at_the_next_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LogFileEvidenceOutcomeCache(path, compaction_bytes_min=0) as outcomes:
        outcomes.put(cached("a"))
        outcomes.put(cached("b"))
        with monkeypatch.context() as patched:
            calls = FailingCalls(patched, "unlink", errno.EIO)
            calls.at(0, 1, 2)
            for name in ("again", "and again", "at last", "and again"):
                outcomes.put(cached("a", operation_name=name))
        assert len(segments(path)) > 1
        expected = outcomes.load()
        abandon(outcomes)
    with LogFileEvidenceOutcomeCache(path) as reopened:
        assert reopened.load() == expected
        assert len(segments(path)) == 1


@pytest.mark.requirement("CACHE-07", "CACHE-08")
@pytest.mark.parametrize("name", ["pwrite", "fsync", "rename"])
def test_cache_07_a_compaction_that_fails_keeps_the_old_entries(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with LogFileEvidenceOutcomeCache(path, compaction_bytes_min=0) as outcomes:
        for operation_name in ("one", "two", "two", "two"):
            outcomes.put(cached(operation_name=operation_name))
            if outcomes._put_bytes > 2 * outcomes._live_bytes:
                break
        with monkeypatch.context() as patched:
            FailingCalls(patched, name, errno.ENOSPC).at(0)
            with pytest.raises(DurabilityError, match="No space left on device"):
                outcomes.put(cached(operation_name="three"))
        abandon(outcomes)
    with LogFileEvidenceOutcomeCache(path, compaction_bytes_min=0) as reopened:
        assert reopened.get("e") == cached(operation_name="two")
        reopened.put(cached(operation_name="four"))
        assert reopened.get("e") == cached(operation_name="four")


def test_a_log_and_a_cache_share_one_folder(path: Path, wal: LogFileAgreementWal) -> None:
    with LogFileEvidenceOutcomeCache(path.with_name("evidence.log")) as outcomes:
        wal.append(gate())
        outcomes.put(cached())
        assert (wal.load(), outcomes.load()) == (log(gate()), cache("e"))


def test_a_batch_of_one_begins_as_its_artifact_does() -> None:
    artifact = encode(log(gate()))
    assert artifact.endswith(encode(gate()))
    assert len(encode(EvidenceOutcomeCacheArtifact())) == len(artifact) - len(encode(gate()))
