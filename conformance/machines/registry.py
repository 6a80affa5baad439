"""All suites and quirks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from conformance.machines.wal import WAL_SUITE
from conformance.quirks import Quirk
from conformance.suite import Suite

__all__ = ["QUIRKS", "SUITES"]

SUITES: Final[tuple[Suite, ...]] = (WAL_SUITE,)

QUIRKS: Final[tuple[Quirk, ...]] = ()
