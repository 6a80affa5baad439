"""What is carried out while a call fails, and what the storage holds when that begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.backend import Launch
from conformance.crashes.conduct import Component, Deed, carry_out
from conformance.crashes.disk import Image
from conformance.crashes.images import write_image
from conformance.door.connection import Connection
from conformance.door.forked import ForkServer
from telltale_spec.model.operations import Operation

__all__ = ["Undertaking"]


@dataclass(frozen=True)
class Undertaking:
    """A history that a fault disturbs.

    ``retries`` says whether the store that fails is asked for again at once, ``insists`` whether an
    opening that is refused is tried once more, ``looks`` whether a store that is refused, and not
    asked for again, is looked for at once, and ``image`` is what the storage holds at first.
    With a ``fork_server`` its harnesses are children of that, and else programs of their own.
    """

    launch: Launch
    component: Component
    operations: Sequence[Operation]
    retries: bool = False
    insists: bool = True
    looks: bool = True
    image: Image = Image()  # noqa: RUF009 - it never changes
    fork_server: ForkServer | None = None

    def prepare(self, directory: Path) -> None:
        """Write what the storage holds at first into an empty directory; raises ``OSError``."""
        write_image(self.image, directory)

    def carried_out(self, connection: Connection, directory: Path) -> Iterator[Deed]:
        """Carry it out, one deed at a time."""
        return carry_out(
            connection,
            self.component,
            directory,
            self.operations,
            retries=self.retries,
            insists=self.insists,
            looks=self.looks,
        )
