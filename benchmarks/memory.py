"""Print the peak of memory of one piece of work, in a process of its own.

Usage: python -m benchmarks.memory WORK

For ``entries`` the number is the bytes that an entry of a log in memory keeps. For the others it is
the peak that decoding 60 MiB needs besides the input, as a multiple of the input.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path
from typing import Final

from conformance.bench.workloads import wal_entry
from telltale_spec import AgreementWalArtifact, InMemoryAgreementWal, PersistedDurabilityArtifact
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.codec import encode

SIZE: Final = 60 * 1024 * 1024
ENTRIES: Final = 1_000_000
_EMPTY: Final = PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact()).to_cbor()
_PAGE_BYTES: Final = 4096


def resident_bytes() -> int:
    """Return how much memory this process has at the moment (Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * _PAGE_BYTES


def head(major: int, count: int) -> bytes:
    """Return a head with a length of four bytes."""
    return bytes([major + 26]) + count.to_bytes(4, "big")


def canonical() -> bytes:
    """Return a log that the writer could have written."""
    some = b"".join(encode(wal_entry(index)) for index in range(10_000))
    times = SIZE // len(some)
    return _EMPTY[:-1] + head(0x80, 10_000 * times) + some * times


def nulls() -> bytes:
    """Return a log whose first entry has a list of nulls in the place of a text."""
    count = SIZE - 300
    entry = b"\xa6\x64kind\x6aescalation\x6coperation_id" + head(0x80, count) + b"\xf6" * count
    return _EMPTY[:-1] + b"\x81" + entry


def unknown() -> bytes:
    """Return an empty log behind an unknown field with a long list."""
    count = SIZE - 300
    return b"\xa3\x61x" + head(0x80, count) + bytes(count) + _EMPTY[1:]


def nested() -> bytes:
    """Return lists inside of lists, without end."""
    return _EMPTY[:-1] + b"\x81" * SIZE


INPUTS: Final = {
    "canonical": canonical,
    "cut-off": lambda: canonical()[:-1],
    "nulls": nulls,
    "unknown": unknown,
    "nested": nested,
}


def peak_of_decoding(data: bytes) -> int:
    """Return the highest memory while an input is decoded, above the memory before."""
    before = peak = resident_bytes()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, resident_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        artifact = PersistedDurabilityArtifact.from_slice(data)
        peak = max(peak, resident_bytes())
        del artifact
    except DurabilityError:
        # Refused, which is an answer too.
        peak = max(peak, resident_bytes())
    done.set()
    watcher.join()
    return peak - before


def bytes_an_entry() -> float:
    """Return what a log in memory keeps of each entry, the entry included."""
    wal_entry(0)
    gc.collect()
    before = resident_bytes()
    log = InMemoryAgreementWal()
    for index in range(ENTRIES):
        log.append(wal_entry(index))
    gc.collect()
    return (resident_bytes() - before) / ENTRIES


def main(work: str) -> None:
    """Print the number of one piece of work."""
    if work == "entries":
        number = bytes_an_entry()
    else:
        data = INPUTS[work]()
        # What making the input took is given back first.
        gc.collect()
        time.sleep(0.1)
        number = peak_of_decoding(data) / len(data)
    sys.stdout.write(f"{number}\n")


if __name__ == "__main__":
    main(sys.argv[1])
