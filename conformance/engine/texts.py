"""Texts of a backend as they go into a report: the same in equal runs, and not too long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.life_cycle import name_of

__all__ = ["exception_text", "repeatable_text", "shortened"]

_ADDRESS: Final = re.compile(r"\bat 0x[0-9a-fA-F]+")


def repeatable_text(text: str, directories: Sequence[Path] = ()) -> str:
    """Return a text without what differs between equal runs.

    These are addresses of objects and the names of our own directories; a
    backend's texts carry both into the report.
    """
    for directory in directories:
        text = text.replace(str(directory), "<directory>").replace(name_of(directory), "<name>")
    return _ADDRESS.sub("at 0x...", text)


def exception_text(error: BaseException) -> str:
    """Return the type and the text of an exception, even if it cannot tell its text."""
    try:
        text = str(error)
    except Exception as second:
        text = f"(its text raised {type(second).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortened(text: str, characters_max: int) -> str:
    """Return a text with at most so many characters, and their number if it had more."""
    if len(text) <= characters_max:
        return text
    return f"{text[:characters_max]}... ({len(text)} characters)"
