"""How replay files are called: one a failure, in a folder for each backend of a run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from conformance.records.results import BackendReport

__all__ = ["replay_folders", "replay_name", "safe_name"]

_NAME_CHARACTERS_MAX: Final = 80
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_DIGITS_COUNT: Final = 8


def replay_folders(backends: Sequence[BackendReport]) -> list[str]:
    """Return the name of each backend's folder, in their order and no two alike.

    All backends of a run are named, failing or not, so that a report of the run gives the same.
    """
    taken: set[str] = set()
    return [_own_name(safe_name(backend.name), taken) for backend in backends]


def replay_name(requirement_id: str) -> str:
    """Return the name of the file of a failed requirement, within the folder of its backend."""
    return f"{safe_name(requirement_id)}.json"


def safe_name(name: str) -> str:
    """Return a name that every file system takes, the same for the same name.

    A name that loses too much to tell it from others gets a part of its hash.
    """
    safe = _UNSAFE.sub("_", name).strip("._") or "_"
    if safe == "_" or len(safe) > _NAME_CHARACTERS_MAX:
        digits = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()
        safe = f"{safe[:_NAME_CHARACTERS_MAX]}-{digits[:_DIGITS_COUNT]}"
    return safe


def _own_name(name: str, taken: set[str]) -> str:
    """Return a name that no other backend of the run has, whatever case counts for."""
    number, own = 1, name
    while own.casefold() in taken:
        number += 1
        own = f"{name}-{number}"
    taken.add(own.casefold())
    return own
