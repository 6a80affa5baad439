"""How long a process waited for a processor that the machine gave to others.

Linux counts it. Taken from the time by the clock it leaves what the process would have needed by
itself: its work, and what it slept and waited for on purpose. Elsewhere nothing is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["waited_seconds"]

_NANOSECONDS: Final = 1_000_000_000


def waited_seconds(process_id: int) -> float:
    """Return the seconds that the main thread of a process was ready to run and did not."""
    try:
        counts = Path(f"/proc/{process_id}/schedstat").read_text(encoding="ascii").split()
    except OSError:
        # No such count on this system, or the process has just ended.
        return 0.0
    return int(counts[1]) / _NANOSECONDS if len(counts) > 1 else 0.0
