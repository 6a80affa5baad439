"""All suites and quirks, in the order in which they run."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conformance.crashes.fault_suites import FAULT_SUITES, FaultSuite
from conformance.crashes.persistence import FileSystem
from conformance.crashes.rot_suites import ROT_SUITES
from conformance.crashes.suites import CRASH_SUITES, CrashSuite
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.engine.quirks import Quirk
from conformance.engine.suite import Suite
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.clocks import CACHE_CLOCK_SUITE, WAL_CLOCK_SUITE
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.evidence_quirks import EVIDENCE_QUIRKS
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.handles import CACHE_HANDLES_SUITE, WAL_HANDLES_SUITE
from conformance.machines.identities import IDENTITY_SUITE
from conformance.machines.kills import CACHE_KILL_SUITE, WAL_KILL_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_handles import (
    LONG_CACHE_HANDLES_SUITE,
    LONG_LOG_HANDLES_SUITE,
)
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_quirks import RECOVERY_QUIRKS
from conformance.machines.restarts import CACHE_RESTART_SUITE, WAL_RESTART_SUITE
from conformance.machines.rests import RESTED_CACHE_SUITE, RESTED_LOG_SUITE
from conformance.machines.server_kills import (
    CACHE_SERVER_KILL_SUITE,
    WAL_SERVER_KILL_SUITE,
)
from conformance.machines.wal import WAL_SUITE
from conformance.machines.wal_quirks import WAL_QUIRKS
from conformance.machines.wal_sync import WAL_SYNC_SUITE
from conformance.machines.wal_sync_quirks import WAL_SYNC_QUIRKS
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from conformance.races.killed_suites import BESIDE_SUITES
from conformance.races.own_handles import OWN_HANDLE_SUITES
from conformance.races.parked_suites import PARKED_SUITES
from conformance.races.threads import THREAD_SUITES

__all__ = ["QUIRKS", "SUITES", "file_system_note", "suites_on"]

SUITES: Final[tuple[Suite, ...]] = (
    WAL_SUITE,
    DIRECTED_LOG_SUITE,
    # A long history takes a while too, and shows what that alone does by many entries.
    RESTED_LOG_SUITE,
    WAL_CLOCK_SUITE,
    LONG_LOG_SUITE,
    CACHE_SUITE,
    DIRECTED_CACHE_SUITE,
    RESTED_CACHE_SUITE,
    CACHE_CLOCK_SUITE,
    LONG_CACHE_SUITE,
    # They call from threads of their own, and so tell a lock that is never free from a backend that
    # hangs: after that nothing more can be judged.
    WAL_HANDLER_SURFACE_SUITE,
    WAL_SYNC_SUITE,
    DIRECTED_SYNC_SUITE,
    EVIDENCE_HANDLER_SURFACE_SUITE,
    EVIDENCE_SUITE,
    DIRECTED_EVIDENCE_SUITE,
    RECOVERY_SUITE,
    CODEC_SUITE,
    IDENTITY_SUITE,
    WAL_HANDLES_SUITE,
    CACHE_HANDLES_SUITE,
    LONG_LOG_HANDLES_SUITE,
    LONG_CACHE_HANDLES_SUITE,
    WAL_RESTART_SUITE,
    CACHE_RESTART_SUITE,
    WAL_KILL_SUITE,
    CACHE_KILL_SUITE,
    *CRASH_SUITES,
    *SURVIVOR_SUITES,
    *FAULT_SUITES,
    *ROT_SUITES,
    *PARKED_SUITES,
    *BESIDE_SUITES,
    *OWN_HANDLE_SUITES,
    *THREAD_SUITES,
    # Last: a client that does not come back to a server that died must not cost other verdicts.
    WAL_SERVER_KILL_SUITE,
    CACHE_SERVER_KILL_SUITE,
)


def suites_on(file_system_name: str) -> tuple[Suite, ...]:
    """Return all suites, with losses of power as they are on one file system."""
    file_system = FileSystem(file_system_name)
    return tuple(
        replace(each, file_system=file_system)
        if isinstance(each, CrashSuite | FaultSuite)
        else each
        for each in SUITES
    )


def file_system_note(file_system_name: str) -> str:
    """Return what a verdict on a file system does not say, or nothing for the weakest one."""
    weakest = FileSystem.POSIX.value
    if file_system_name == weakest:
        return ""
    return (
        f"losses of power were judged on {file_system_name} alone, which loses less than "
        f"{weakest}: that nothing is lost elsewhere was not tried"
    )


QUIRKS: Final[tuple[Quirk, ...]] = (
    *WAL_QUIRKS,
    *WAL_SYNC_QUIRKS,
    *EVIDENCE_QUIRKS,
    *RECOVERY_QUIRKS,
)
"""The specification's own behaviour that nobody should be held to."""
