"""Real file logs, each append in its two halves: what the faithful model ``handles`` is about."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.checker.models.handles import Handle, Store
from telltale_spec.backends.file import FileAgreementWal
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    VisibilityGateCrossing,
)

__all__ = ["HandlesWorld"]

_LEVEL: Final = AgreementLevel.PROVISIONAL


class _SplitWal(FileAgreementWal):
    """A file log whose append goes on from what was read before."""

    read: AgreementWalArtifact | None = None

    def load(self) -> AgreementWalArtifact:
        return super().load() if self.read is None else self.read


class HandlesWorld:
    """Handles on one file in an empty folder."""

    def __init__(self, slots_count: int, folder: Path) -> None:
        self._path = folder / "log"
        self._wals = [_SplitWal(self._path) for _ in range(slots_count)]
        self._acknowledged_counts = [0] * slots_count
        self._living = [True] * slots_count

    def perform(self, action: str, slot: int | None) -> None:
        """Do one half of an append, or let a handle die."""
        index = slot or 0
        wal = self._wals[index]
        if action == "reads the file":
            wal.read = FileAgreementWal(self._path).load()
        elif action == "writes the file":
            number = self._acknowledged_counts[index]
            wal.append(VisibilityGateCrossing(f"handle:{index}", f"coro:{number}", _LEVEL, 1))
            wal.read = None
            self._acknowledged_counts[index] += 1
        else:
            self._living[index] = False
            wal.read = None

    def shared(self) -> Store:
        """Return what is in the file; there is no lock."""
        return Store(_numbers(FileAgreementWal(self._path).load()))

    def slots(self) -> tuple[Handle, ...]:
        """Return what each handle has read and was told."""
        return tuple(
            Handle(
                index,
                self._acknowledged_counts[index],
                None if wal.read is None else _numbers(wal.read),
                self._living[index],
            )
            for index, wal in enumerate(self._wals)
        )

    def violations(self) -> frozenset[str]:
        """Return whether an acknowledged entry is not in the file."""
        stored = self.shared().entries
        lost = any(
            (index, number) not in stored
            for index, count in enumerate(self._acknowledged_counts)
            for number in range(count)
        )
        return frozenset({"acknowledged stays"} if lost else ())


def _numbers(artifact: AgreementWalArtifact) -> tuple[tuple[int, int], ...]:
    return tuple(
        sorted(
            (
                int(entry.operation_id.removeprefix("handle:")),
                int(entry.downstream_coroutine_id[5:]),
            )
            for entry in artifact.entries
            if isinstance(entry, VisibilityGateCrossing)
        )
    )
