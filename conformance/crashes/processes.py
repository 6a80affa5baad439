"""What processes have open: descriptors, what they share, and the folders that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["OpenFile", "Processes", "Table"]


@dataclass(eq=False)
class OpenFile:
    """One opening of a file or folder, shared by all descriptors that were duplicated from it.

    ``era`` tells files of one recording from those of another.
    """

    node: int
    era: int
    offset: int = 0
    is_append: bool = False
    is_synced: bool = False
    is_writable: bool = False


@dataclass(eq=False)
class Table:
    """The descriptors of a process; threads share one."""

    files: dict[int, OpenFile] = field(default_factory=dict)
    closed_on_execution: set[int] = field(default_factory=set)

    def copy(self) -> Table:
        """Return the table of a child: the same openings under the same numbers."""
        return Table(dict(self.files), set(self.closed_on_execution))

    def put(self, number: int, opened: OpenFile | None, *, closed_on_execution: bool) -> None:
        """Let a number stand for an opening, or for something that is not followed."""
        self.close(number)
        if opened is not None:
            self.files[number] = opened
        if closed_on_execution:
            self.closed_on_execution.add(number)

    def close(self, number: int) -> None:
        """Close a number; one that is not followed is none of ours."""
        self.files.pop(number, None)
        self.closed_on_execution.discard(number)

    def close_range(self, first: int, last: int) -> None:
        """Close all numbers from the first to the last."""
        for number in [each for each in self.files if first <= each <= last]:
            self.close(number)

    def execute(self) -> None:
        """Close what does not outlive the program."""
        for number in list(self.closed_on_execution):
            self.close(number)


class Processes:
    """The tables and the current folders of all processes and threads that were seen."""

    def __init__(self) -> None:
        self._tables: dict[int, Table] = {}
        self._folders: dict[int, str] = {}

    def table(self, process_id: int, forking: Sequence[int] = ()) -> Table:
        """Return a process's table.

        A process that is seen before the call that made it has returned is a child of one that is
        in such a call; its table is a copy of that one's.
        """
        if process_id not in self._tables:
            parents = [each for each in forking if each in self._tables and each != process_id]
            if parents:
                self.fork(parents[0], process_id, shares_files=False)
            else:
                self._tables[process_id] = Table()
        return self._tables[process_id]

    def fork(self, parent: int, child: int, *, shares_files: bool) -> None:
        """Give a new process or thread its table; one that it had already is kept."""
        parent_table = self.table(parent)
        known = self._tables.get(child)
        if shares_files:
            if known is not None and known is not parent_table:
                # What it opened before its maker returned is open for both.
                parent_table.files.update(known.files)
                parent_table.closed_on_execution |= known.closed_on_execution
            self._tables[child] = parent_table
        elif known is None:
            self._tables[child] = parent_table.copy()
        if parent in self._folders:
            self._folders.setdefault(child, self._folders[parent])

    def execute(self, process_id: int) -> None:
        """Begin another program: its table is its own, and what it asked for is closed."""
        table = self.table(process_id).copy()
        table.execute()
        self._tables[process_id] = table

    def end(self, process_id: int) -> None:
        """Forget a process; its descriptors are closed with it."""
        self._tables.pop(process_id, None)
        self._folders.pop(process_id, None)

    def folder(self, process_id: int) -> str:
        """Return the current folder as far as it was seen to change; empty if it was not."""
        return self._folders.get(process_id, "")

    def change_folder(self, process_id: int, path: str) -> None:
        """Note the current folder of a process."""
        self._folders[process_id] = path
