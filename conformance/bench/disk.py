"""How long the disk takes to say that something is on it."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Final

__all__ = ["IMPLAUSIBLE_FLUSH_SECONDS", "flush_seconds"]

IMPLAUSIBLE_FLUSH_SECONDS: Final = 100e-6
"""A flush that is faster than this was hardly waited for by any disk."""

_FLUSHES: Final = 50
_BYTES: Final = b"x" * 160


def flush_seconds(folder: Path) -> float:
    """Return the median time of an append of a few bytes with fsync, in seconds."""
    path = folder / "flush"
    seconds = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(_FLUSHES):
            started_at = time.perf_counter()
            file.write(_BYTES)
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - started_at)
    path.unlink()
    return statistics.median(seconds)
