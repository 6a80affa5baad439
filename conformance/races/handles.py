"""A storage that one process of a meeting has open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.crashes.conduct import Component
from conformance.door.connection import Connection
from conformance.door.peers import RemoteCache, RemoteWal
from conformance.machines.overlapping import call_of
from telltale_spec.model.operations import Operation, Reopen

__all__ = ["Handle"]


class Handle:
    """A log or a cache, open in a process."""

    def __init__(self, connection: Connection, component: Component, directory: Path) -> None:
        self._connection = connection
        self._component = component
        self._directory = directory
        self._thing: Any = None

    def open(self) -> None:
        """Open the storage; raises ``DurabilityError`` and what else a request can raise."""
        number = self._connection.new_number()
        arguments = {"object": number, "directory": str(self._directory)}
        self._connection.ask(f"{self._component.value}.open", arguments)
        remote = RemoteWal if self._component is Component.LOG else RemoteCache
        self._thing = remote(self._connection.ask, number)

    def close(self) -> None:
        """Close the storage, if it is open."""
        if self._thing is not None:
            number, self._thing = self._thing.number, None
            self._connection.ask(f"{self._component.value}.close", {"object": number})

    def reopen(self) -> None:
        """Close the storage and open it again."""
        self.close()
        self.open()

    def call(self, operation: Operation) -> Callable[[], Any]:
        """Return an operation as a call."""
        return self.reopen if isinstance(operation, Reopen) else call_of(self._thing, operation)

    @property
    def is_open(self) -> bool:
        """Whether there is anything to call."""
        return self._thing is not None
