"""What is measured: backends under test, and the floors that they stand on."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from conformance.backend import Backend, DurabilityClass
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["FLOORS", "Floor", "NotFeasible", "Subject"]

FILLING_SECONDS_MAX: Final = 20.0


class NotFeasible(Exception):  # noqa: N818 - a reason to leave a point out
    """Say why a point is not measured."""


@dataclass(frozen=True)
class Subject:
    """A backend that is measured, and how it stands: what a check of it said.

    ``fill`` writes a whole log where appending it entry by entry would take too long.
    """

    name: str
    backend: Backend
    standing: str
    fill: Callable[[Path, AgreementWalArtifact], None] | None = None

    @property
    def waits_for_storage(self) -> bool:
        """Say whether its calls do more than compute."""
        return self.backend.durability_class is not DurabilityClass.VOLATILE

    def labels(self) -> dict[str, Any]:
        """Return what is noted beside every figure of this subject."""
        return {
            "subject": self.name,
            "durability": self.backend.durability_class.value,
            "standing": self.standing,
            "waits": self.waits_for_storage,
        }

    def filled(self, directory: Path, artifact: AgreementWalArtifact) -> AgreementWal:
        """Return a log that holds an artifact; raises :class:`NotFeasible` if that takes too long.

        A log that has ``append_many`` is filled with it; any other one entry by entry.
        """
        factory = self.backend.agreement_wal
        if factory is None:
            raise NotFeasible(f"{self.name} has no agreement WAL")
        if self.fill is not None:
            self.fill(directory, artifact)
            return factory(directory)
        log = factory(directory)
        append_many = getattr(log, "append_many", None)
        if callable(append_many):
            append_many(artifact.entries)
        else:
            self._append_all(log, artifact)
        return log

    def _append_all(self, log: AgreementWal, artifact: AgreementWalArtifact) -> None:
        started_at = time.monotonic()
        for entry in artifact.entries:
            log.append(entry)
            if time.monotonic() - started_at > FILLING_SECONDS_MAX:
                close(log)
                raise NotFeasible(
                    f"to fill {self.name} with {len(artifact.entries):,} entries takes more "
                    f"than {FILLING_SECONDS_MAX:g} seconds"
                )


def close(part: object) -> None:
    """Close a part of a backend, if it can be closed."""
    closing = getattr(part, "close", None)
    if callable(closing):
        closing()


def fill_file(directory: Path, artifact: AgreementWalArtifact) -> None:
    """Write the whole log of the shipped file backend, which would take as long as its square."""
    PersistedDurabilityArtifact.agreement_wal(artifact).write_to_path(directory / "agreement.wal")


Append: TypeAlias = Callable[[AgreementWalEntry, bytes], None]


@dataclass(frozen=True)
class Floor:
    """The least that an append can cost: the same bytes, without any of the promises."""

    name: str
    durability: str
    open: Callable[[Path], tuple[Append, Callable[[], None]]]

    def labels(self) -> dict[str, Any]:
        """Return what is noted beside every figure of this floor."""
        return {
            "subject": self.name,
            "durability": self.durability,
            "waits": True,
        }


def _plain_file(*, flushed: bool) -> Callable[[Path], tuple[Append, Callable[[], None]]]:
    def opened(directory: Path) -> tuple[Append, Callable[[], None]]:
        file = open(directory / "plain", "ab", buffering=0)  # noqa: SIM115 - closed by the caller

        def append(_: AgreementWalEntry, data: bytes) -> None:
            file.write(data)
            if flushed:
                os.fsync(file.fileno())

        return append, file.close

    return opened


def plain_table(path: Path, *, flushed: bool) -> sqlite3.Connection:
    """Return a database with the one table and index that a log needs, and our settings."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'EXTRA' if flushed else 'OFF'}")
    connection.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, tick BLOB, entry BLOB)")
    connection.execute("CREATE INDEX log_tick ON log (tick)")
    return connection


def _plain_sqlite(*, flushed: bool) -> Callable[[Path], tuple[Append, Callable[[], None]]]:
    def opened(directory: Path) -> tuple[Append, Callable[[], None]]:
        connection = plain_table(directory / "plain.db", flushed=flushed)

        def append(entry: AgreementWalEntry, data: bytes) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO log (tick, entry) VALUES (?, ?)",
                (entry.tick.to_bytes(8, "big"), data),
            )
            connection.execute("COMMIT")

        return append, connection.close

    return opened


FLOORS: Final = (
    Floor("plain file, fsync", "power", _plain_file(flushed=True)),
    Floor("plain file, no fsync", "process", _plain_file(flushed=False)),
    Floor("plain sqlite3, fsync", "power", _plain_sqlite(flushed=True)),
    Floor("plain sqlite3, no fsync", "process", _plain_sqlite(flushed=False)),
)
"""Appends of the same bytes to a plain file and to a plain table."""
