"""What is going on, while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from conformance.run.terminal_text import visible

__all__ = ["shown_progress"]


class _Headway(Protocol):
    """How far the search of a suite is."""

    @property
    def suite(self) -> str:
        """The suite."""

    @property
    def histories(self) -> int:
        """How many histories it began."""

    @property
    def operations(self) -> int:
        """How many calls it made."""

    @property
    def seconds_left(self) -> float:
        """How long it may go on by the clock."""


@contextmanager
def shown_progress() -> Iterator[Callable[[str, _Headway], None]]:
    """Show on standard error how far each backend is.

    A terminal gets one line a backend that is kept up to date, anything else one line a suite.
    Yields the function to call with a backend's name and its headway.
    """
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if console.is_terminal:
        with _live(console) as on_progress:
            yield on_progress
        return
    seen: set[tuple[str, str]] = set()

    def say_once(backend: str, headway: _Headway) -> None:
        if (backend, headway.suite) not in seen:
            seen.add((backend, headway.suite))
            console.print(f"judging {visible(backend)}: {headway.suite}", soft_wrap=True)

    yield say_once


def _headway_text(backend: str, headway: _Headway) -> str:
    """Return a line such as ``mine: agreement WAL, 12 histories, 240 calls, 55 s left``."""
    return (
        f"{visible(backend)}: {headway.suite}, {headway.histories} histories, "
        f"{headway.operations} calls, {headway.seconds_left:.0f} s left at most"
    )


@contextmanager
def _live(console: Console) -> Iterator[Callable[[str, _Headway], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def update(backend: str, headway: _Headway) -> None:
            if backend not in tasks:
                tasks[backend] = progress.add_task("", total=None)
            progress.update(tasks[backend], description=_headway_text(backend, headway))

        yield update
