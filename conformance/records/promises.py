"""The names of what a backend can declare, for what must start without loading a backend."""

from __future__ import annotations

from typing import Final

__all__ = ["CAPABILITY_NAMES", "FILE_SYSTEM_NAMES"]

CAPABILITY_NAMES: Final = (
    "reopen",
    "ordered-cache",
    "exact-messages",
    "concurrent-handles",
    "process-kill",
    "power-loss",
    "fault-tolerance",
    "bit-rot",
    "threads",
    "server-kill",
)
"""The values of ``conformance.backend.Capability``, in its order; a test holds them together."""

FILE_SYSTEM_NAMES: Final = ("posix", "ext4", "ordered")
"""The values of ``conformance.crashes.persistence.FileSystem``, the weakest first; as above."""
