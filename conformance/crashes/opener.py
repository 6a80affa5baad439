"""Open images with one harness that stays alive, and say what each shows.

An image is opened, loaded, added to and closed; then it is opened and loaded once more. What an
opening shows has to be there for the next one, and so has what was added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from conformance.backend import Launch
from conformance.crashes.conduct import Component, Deed, Problem, asked, carry_out
from conformance.crashes.damage import Record, changed_records
from conformance.crashes.disk import Image
from conformance.crashes.histories import FURTHER_ENTRY, FURTHER_OUTCOME
from conformance.crashes.images import ImageFolder, read_image
from conformance.crashes.recording import LEFT_OUT
from conformance.door.connection import Connection
from conformance.errors import BackendFault
from telltale_spec.model.operations import Operation

__all__ = ["FURTHER", "AtRest", "Opener", "Shown"]

FURTHER: Final[dict[Component, Any]] = {
    Component.LOG: FURTHER_ENTRY,
    Component.CACHE: FURTHER_OUTCOME,
}
"""What is added to each kind of storage after a crash."""

_ADD: Final = {Component.LOG: "wal.append", Component.CACHE: "cache.put"}

Entries = tuple[Any, ...]


@dataclass(frozen=True)
class Shown:
    """What an image showed.

    ``first`` is what the first opening loaded, ``added`` the answer to one more entry if it was
    not accepted, and ``second`` what the next opening loaded.
    """

    first: Entries | Problem
    added: Problem | None = None
    second: Entries | Problem = ()


@dataclass(frozen=True)
class AtRest:
    """What a history that was carried out and closed has left, and which bytes each deed made."""

    deeds: tuple[Deed, ...]
    image: Image
    records: tuple[Record, ...]


class Opener:
    """A harness that opens one image after the other; one that ends is started again."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._images = ImageFolder()
        self._connection: Connection | None = None

    def end(self) -> None:
        """End the harness and remove the images."""
        try:
            if self._connection is not None:
                self._connection.close()
        finally:
            self._connection = None
            self._images.end()

    def show(self, component: Component, image: Image) -> Shown:
        """Open an image twice and return what it shows.

        A harness that ends or does not answer is a problem of the image. Raises ``BackendFault``
        for one that cannot be started at all.
        """
        connection = self._connected()
        folder = self._images.write(image)
        try:
            return self._shown(connection, component, folder)
        finally:
            self._images.remove(folder)

    def at_rest(self, component: Component, operations: Sequence[Operation]) -> AtRest:
        """Carry a history out up to its closing and return what is on disk then.

        Raises ``BackendFault``.
        """
        connection = self._connected()
        folder = self._images.write(Image())
        deeds: list[Deed] = []
        records: list[Record] = []
        image = Image()
        try:
            for deed in carry_out(connection, component, folder, operations):
                deeds.append(deed)
                before, image = image, read_image(folder)
                records += changed_records(before, image)
        except BackendFault:
            self._connection = None
            raise
        finally:
            self._images.remove(folder)
        return AtRest(tuple(deeds), image.without(tuple(LEFT_OUT)), tuple(records))

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(
                self._launch.command,
                call_seconds_max=self._launch.call_seconds_max,
                starting_seconds_max=self._launch.starting_seconds_max,
                on_process=self._launch.on_process,
            )
        return self._connection

    def _shown(self, connection: Connection, component: Component, folder: Path) -> Shown:
        first: Entries | Problem = Problem("nothing was asked")
        added: Problem | None = None
        try:
            first, number = self._loaded(connection, component, folder)
            if isinstance(first, Problem):
                return Shown(first)
            entry = FURTHER[component]
            answer = asked(connection, _ADD[component], {"object": number, "entry": entry})
            added = _in_folder(answer, folder) if isinstance(answer, Problem) else None
            _close(connection, component, number)
            second, number = self._loaded(connection, component, folder)
            _close(connection, component, number)
            return Shown(first, added, second)
        except BackendFault as fault:
            self._connection = None
            problem = _in_folder(Problem(fault.message, is_answer=False), folder)
            if isinstance(first, Problem):
                return Shown(problem)
            return Shown(first, added or problem, problem)

    def _loaded(
        self, connection: Connection, component: Component, folder: Path
    ) -> tuple[Entries | Problem, int]:
        number = connection.new_number()
        prefix = component.value
        arguments = {"object": number, "directory": str(folder)}
        opened = asked(connection, f"{prefix}.open", arguments)
        if isinstance(opened, Problem):
            return _in_folder(opened, folder), number
        loaded = asked(connection, f"{prefix}.load", {"object": number})
        if isinstance(loaded, Problem):
            _close(connection, component, number)
            return _in_folder(loaded, folder), number
        return tuple(loaded.entries), number


def _close(connection: Connection, component: Component, number: int) -> None:
    # How a close ends is judged elsewhere; here the next opening tells.
    asked(connection, f"{component.value}.close", {"object": number})


def _in_folder(problem: Problem, folder: Path) -> Problem:
    return replace(problem, text=problem.text.replace(str(folder), "<directory>"))
