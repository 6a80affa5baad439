"""Logs that cannot be crashed, each for another reason, as targets for a child process."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import time
from pathlib import Path

from conformance.crashes.tests.crash_logs import FramedLog, Habits, MappedLog
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry

__all__ = [
    "Calling",
    "Dying",
    "DyingAgain",
    "Hanging",
    "HangingAgain",
    "MappedLog",
    "Refusing",
    "Ringing",
]

_RING_SETUP = 425
_LONG_SECONDS = 600


class _Framed(FramedLog):
    def __init__(self, directory: Path) -> None:
        self.is_second = (directory / "log").exists()
        super().__init__(directory, Habits())


class Hanging(_Framed):
    """Never answers an append."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Wait."""
        time.sleep(_LONG_SECONDS)


class HangingAgain(_Framed):
    """Never opens what is there already."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        if self.is_second:
            time.sleep(_LONG_SECONDS)


class Dying(_Framed):
    """Ends its process at an append."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Die."""
        os._exit(7)


class DyingAgain(_Framed):
    """Ends its process when it opens what is there already."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        if self.is_second:
            os._exit(9)


class Refusing:
    """Does not even begin."""

    def __init__(self, directory: Path) -> None:
        raise DurabilityError("there is no storage here")


class Calling:
    """Has its entries somewhere else, which it calls."""

    stores: dict[str, list[AgreementWalEntry]] = {}  # noqa: RUF012 - the place that is called

    def __init__(self, directory: Path) -> None:
        self.entries = self.stores.setdefault(str(directory), [])
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry."""
        AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        self.entries.append(entry)

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        return AgreementWalArtifact(tuple(self.entries))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)


class Ringing(_Framed):
    """Sets up a ring of requests that are no system calls."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        if platform.machine() in ("x86_64", "aarch64"):
            # One that is forbidden here is as telling as one that is there.
            self.ring = ctypes.CDLL(None).syscall(_RING_SETUP, 4, ctypes.create_string_buffer(120))
