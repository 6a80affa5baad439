"""What is going on, while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from conformance.run.terminal_text import visible

__all__ = ["shown_progress"]


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[str, str, int], None]]:
    """Show one line a backend on a terminal, and one line a suite elsewhere.

    Yields the function to call with backend, suite and number of histories.
    """
    if console.is_terminal:
        with _live(console) as on_progress:
            yield on_progress
        return
    seen: set[tuple[str, str]] = set()

    def say_once(backend: str, suite: str, histories: int) -> None:
        if (backend, suite) not in seen:
            seen.add((backend, suite))
            text = f"judging {visible(backend)}: {suite}"
            console.print(text, highlight=False, markup=False, soft_wrap=True)

    yield say_once


@contextmanager
def _live(console: Console) -> Iterator[Callable[[str, str, int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def update(backend: str, suite: str, histories: int) -> None:
            if backend not in tasks:
                tasks[backend] = progress.add_task("", total=None)
            description = f"{visible(backend)}: {suite}, history {histories}"
            progress.update(tasks[backend], description=description)

        yield update
