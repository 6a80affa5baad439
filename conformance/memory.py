"""A ceiling on what one call may allocate, so that a greedy reader ends itself and not the run."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

__all__ = ["memory_ceiling"]

# Where there is no such module, there are no limits of this kind.
_RESOURCE: Final[Any] = importlib.import_module("resource") if os.name == "posix" else None
_SPARE_BYTES: Final = 1 << 30
_BYTES_PER_INPUT_BYTE: Final = 64
_STATM: Final = Path("/proc/self/statm")


@contextmanager
def memory_ceiling(input_bytes: int) -> Iterator[None]:
    """Let this process grow by a gibibyte and by 64 times the input, and no further.

    What would allocate more raises ``MemoryError``, at once and without touching a
    page. Where the system cannot say how large the process is, or cannot limit it,
    there is no ceiling. Source: DEC-29.
    """
    before = _lowered(_SPARE_BYTES + _BYTES_PER_INPUT_BYTE * input_bytes)
    try:
        yield
    finally:
        if before is not None:
            _RESOURCE.setrlimit(_RESOURCE.RLIMIT_AS, before)


def _lowered(growth_bytes: int) -> tuple[int, int] | None:
    """Lower the limit and return the one before, or ``None`` where nothing was changed."""
    size_bytes = _size_bytes()
    if _RESOURCE is None or size_bytes is None:
        return None
    soft, hard = _RESOURCE.getrlimit(_RESOURCE.RLIMIT_AS)
    ceiling_bytes = size_bytes + growth_bytes
    if any(limit != _RESOURCE.RLIM_INFINITY and limit <= ceiling_bytes for limit in (soft, hard)):
        # There is a lower one already.
        return None
    _RESOURCE.setrlimit(_RESOURCE.RLIMIT_AS, (ceiling_bytes, hard))
    return soft, hard


def _size_bytes() -> int | None:
    """Return the size of this process's address space, where the system tells it."""
    try:
        pages_count = int(_STATM.read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    return pages_count * os.sysconf("SC_PAGE_SIZE")
