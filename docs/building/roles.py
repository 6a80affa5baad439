"""Roles of docstrings, turned to what Markdown knows: code, with a link where there is a page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

# Griffe loads this file by its path, and so without the packages beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import griffe

from docs.building.reference import paths_of_public_names

__all__ = ["Roles", "without_roles"]

_ROLE: Final = re.compile(r":[a-z]+:`(?P<short>~?)(?P<name>[\w.]+)`")


class Roles(griffe.Extension):
    """Turn the roles in every docstring that is read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Change the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = without_roles(obj.docstring.value)


def without_roles(text: str) -> str:
    """Return a docstring with ``:class:`~a.b.C` `` as code, a link where the name is public."""
    return _ROLE.sub(_turned, text)


def _turned(match: re.Match[str]) -> str:
    name = match["name"]
    shown = name.rpartition(".")[2] if match["short"] else name
    path = paths_of_public_names().get(name.rpartition(".")[2])
    return f"`{shown}`" if path is None else f"[`{shown}`][{path}]"
