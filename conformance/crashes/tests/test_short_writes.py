"""Which writes can be short, whether one was, and the limits that make it so."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.crashes.disk import Image
from conformance.crashes.events import Answered, Event, Linked, Synced, Wrote
from conformance.crashes.recording import Recording
from conformance.crashes.short_writes import Growth, _and_below, _limited, growths_of, is_any_short

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of others are set on Linux only")


@pytest.mark.requirement("WAL-08.disk-full")
def test_what_makes_a_file_longer_can_be_cut_in_the_middle_of_what_is_new() -> None:
    events: list[Event] = [
        Linked(0, "log", 1),
        Wrote(1, 0, b"x" * 100),
        Answered(b"one\n"),
        # All of it is there already, and one byte has no middle.
        Wrote(1, 20, b"y" * 30),
        Wrote(1, 100, b"z"),
        Synced(1, 4),
        Answered(b"two\n"),
        Wrote(1, 91, b"w" * 30),
    ]

    assert growths_of(Recording(Image(), events)) == (Growth(1, 0, 50), Growth(4, 2, 111))


@pytest.mark.parametrize(
    ("line", "is_short"),
    [
        (r'9 pwrite64(3<\x61>, "\x61\x61", 2, 0) = 1', True),
        (r'9 pwrite64(3<\x61>, "\x61\x61", 2, 0) = 2', False),
        (r'9 write(3<\x61>, "\x61\x61", 2) = -1 EFBIG (File too large)', False),
        (r'9 writev(3<\x61>, [{iov_base="\x61\x61", iov_len=2}], 1) = 1', True),
        (r'9 writev(3<\x61>, [{iov_base="\x61\x61", iov_len=2}], 1) = 2', False),
        (r'9 write(3<\x61>, "\x61\x6', False),
    ],
)
def test_a_short_write_is_seen_in_a_trace(line: str, is_short: bool) -> None:
    assert is_any_short([line]) is is_short


def test_a_short_write_in_two_lines_is_seen() -> None:
    begun, resumed = (
        r'9 write(3<\x61>, "\x61\x61", 2 <unfinished ...>',
        "9 <... write resumed>) = 1",
    )

    assert is_any_short([begun, resumed])


@LINUX
def test_a_limit_holds_for_what_a_process_has_started_and_is_lifted(tmp_path: Path) -> None:
    """The writer is the child of a child, and goes on when the limit is reached and lifted."""
    program = (
        "import os, sys, time; sys.stdin.readline();"
        f"f = os.open({str(tmp_path / 'f')!r}, os.O_WRONLY | os.O_CREAT);"
        "n = os.write(f, b'x' * 100); print(n, flush=True);"
        "sys.stdin.readline(); print(os.write(f, b'y' * 100), flush=True); sys.stdin.readline()"
    )
    command = ["sh", "-c", 'trap "" XFSZ; "$0" "$@"; true', sys.executable, "-c", program]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        # The shell itself is the one that is said to trace.
        while not _and_below(child.pid)[1:]:
            assert child.poll() is None
        with _limited(lambda: _and_below(child.pid)[1:], tmp_path, 60, goes_on=True):
            child.stdin.write("go\n")
            child.stdin.flush()
            assert child.stdout.readline() == "60\n"
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == "100\n"
        child.stdin.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before
