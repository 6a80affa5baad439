"""Append the same entries to telltale's own logs and to ours, in one run.

Usage: python -m benchmarks.against_telltale [PROGRAM]

PROGRAM is the harness of the Rust crate, by default where `cargo build --release` leaves it. The
crate is reached over a pipe, so what the pipe itself takes is measured too, by asking for the
identity of every entry, and stands beside the figure. Both logs are compared before anything is
printed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from conformance.bench.figures import shown_seconds
from conformance.bench.workloads import wal
from conformance.door.harness import harness_backend
from telltale_spec import FileAgreementWal, InMemoryAgreementWal
from telltale_spec.wire.agreement import AgreementWalEntry

PROGRAM: Final = Path("examples/harness-rust/target/release/harness-rust")
CALL_SECONDS_MAX: Final = 60.0
CASES: Final = (("memory", 10_000), ("file", 1_000), ("file", 4_000))


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long work takes by the clock; the crate waits in another process."""
    started_at = time.perf_counter()
    work()
    return time.perf_counter() - started_at


def appended(log: Any, entries: Sequence[AgreementWalEntry]) -> float:
    """Append all entries one by one and return how long that took."""
    seconds = seconds_of(lambda: [*map(log.append, entries)])
    assert log.load().entries == tuple(entries)
    return seconds


def our_log(kind: str, folder: Path) -> InMemoryAgreementWal | FileAgreementWal:
    """Return our log of the same kind."""
    return InMemoryAgreementWal() if kind == "memory" else FileAgreementWal(folder / "ours")


def line(program: Path, kind: str, count: int) -> str:
    """Measure one case and return its row of the table."""
    entries = wal(count).entries
    with (
        tempfile.TemporaryDirectory() as folder,
        harness_backend(f"{program} {kind}", call_seconds_max=CALL_SECONDS_MAX) as backend,
    ):
        assert backend.agreement_wal is not None
        theirs = backend.agreement_wal(Path(folder))
        their_seconds = appended(theirs, entries)
        identity = backend.identity
        assert identity is not None
        pipe_seconds = seconds_of(lambda: [*map(identity, entries)])
        our_seconds = appended(our_log(kind, Path(folder)), entries)
    cells = (
        kind,
        f"{count:,}",
        shown_seconds(their_seconds),
        shown_seconds(pipe_seconds),
        shown_seconds(our_seconds),
        f"x {their_seconds / our_seconds:.3g}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    program = Path(sys.argv[1]) if len(sys.argv) > 1 else PROGRAM
    if not program.exists():
        text = "is not there; build it with cargo, see examples/harness-rust/README.md"
        sys.stderr.write(f"{program} {text}\n")
        return 2
    sys.stdout.write("| log | entries | telltale | of it the pipe | ours | telltale / ours |\n")
    sys.stdout.write("|---|---:|---:|---:|---:|---:|\n")
    for kind, count in CASES:
        sys.stdout.write(f"{line(program, kind, count)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
