"""Lines of strace, written in plain text and turned into the form that is read."""

from __future__ import annotations

import re

__all__ = ["OUTPUT", "ROOT", "line"]

ROOT = "/store"
OUTPUT = "pipe:[7]"


def _hexadecimal(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def line(text: str, process_id: int = 1) -> str:
    """Return a line of strace; texts in quotes and names behind numbers become hexadecimal."""
    text = re.sub(r'"([^"]*)"', lambda found: f'"{_hexadecimal(found[1])}"', text)
    text = re.sub(
        r"(\d|AT_FDCWD)<(/[^>]*|pipe:\[\d+\])>",
        lambda found: f"{found[1]}<{_hexadecimal(found[2])}>",
        text,
    )
    return f"{process_id}  {text}"
