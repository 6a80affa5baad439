"""What a process was about to do, kept where its parent can read it after its death."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.records.results import Step
from telltale_spec.operating_system import write_at

__all__ = ["Breadcrumbs", "last_words"]

_FILE: Final = ".under-way"
_STEPS_SHOWN_MAX: Final = 10


class Breadcrumbs:
    """Write the call under way, and the steps before it, with one system call for each call."""

    file_descriptor: int | None = None

    @classmethod
    def keep_in(cls, folder: Path) -> None:
        """Write into a folder from now on."""
        cls.file_descriptor = os.open(folder / _FILE, os.O_CREAT | os.O_WRONLY, 0o600)

    def __init__(self) -> None:
        self._offset = 0
        self._steps_count = 0

    def before(self, text: str, steps: Sequence[Step], directories: Sequence[Path]) -> None:
        """Note the call that is about to be made."""
        if self.file_descriptor is None:
            return
        done = "".join(f"{_line(step.text)}\n" for step in steps[self._steps_count :]).encode()
        for directory in directories:
            text = text.replace(str(directory), "<directory>")
        # The empty line marks the end: what is behind it is of an earlier history.
        write_at(self.file_descriptor, done + f"{_line(text)}\n\n".encode(), self._offset)
        self._offset += len(done)
        self._steps_count = len(steps)


def _line(text: str) -> str:
    return text.replace("\n", "\\n").encode("utf-8", "backslashreplace").decode() or " "


def last_words(folder: Path) -> str:
    """Return the call under way in a process that kept its notes in a folder, and what was before.

    It is empty where no call was made.
    """
    try:
        text = (folder / _FILE).read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""
    *steps, call = text.split("\n\n", 1)[0].split("\n") if text else [""]
    if not call:
        return ""
    if not steps:
        return f" in the call `{call}`, the first of its history"
    left_out = len(steps) - _STEPS_SHOWN_MAX
    shown = [f"({left_out} more)"] * (left_out > 0) + steps[-_STEPS_SHOWN_MAX:]
    return f" in the call `{call}`, after: {'; '.join(shown)}"
