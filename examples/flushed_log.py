"""A log that looks durable and is not: what it has flushed is only in the memory of the system."""

from __future__ import annotations

import os
from pathlib import Path

from conformance import declares
from telltale_spec import AgreementWalArtifact, AgreementWalEntry, decode, encode

__all__ = ["FlushedWal"]


@declares("reopen", "process-kill", "power-loss")
class FlushedWal:
    """Entries as lines of hexadecimal digits, each line whole or not counted."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log"
        self.path.touch()
        folder = os.open(directory, os.O_RDONLY)
        os.fsync(folder)  # the name of the file is durable
        os.close(folder)
        whole, _, torn = self.path.read_bytes().rpartition(b"\n")
        if torn:  # the rest of an append that a crash interrupted
            os.truncate(self.path, len(whole) + bool(whole))

    def append(self, entry: AgreementWalEntry) -> None:
        """Append a line."""
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        with self.path.open("ab") as file:
            file.write(encode(entry).hex().encode() + b"\n")
            file.flush()  # as far as the system's memory, and no further

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Read all lines."""
        lines = self.path.read_text().splitlines()
        return AgreementWalArtifact(
            tuple(decode(AgreementWalEntry, bytes.fromhex(line)) for line in lines)
        )
