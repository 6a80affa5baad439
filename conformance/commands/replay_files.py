"""Where replay files are kept: one a failure, in a folder for each backend."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.commands.arguments import write_whole
from conformance.errors import ReplayError
from conformance.replays import Replay, read_replay, replay_of
from conformance.results import BackendReport

__all__ = ["load_replay", "safe_name", "write_replays"]

_NAME_CHARACTERS_MAX: Final = 80
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_DIGITS_COUNT: Final = 8


def write_replays(backends: Sequence[BackendReport], folder: Path) -> list[dict[str, Path]]:
    """Write a replay file for each failure; return the files of each backend by requirement.

    Nothing is made where nothing failed. Raises ``OSError`` where it cannot write.
    """
    taken: set[str] = set()
    written = []
    for backend in backends:
        name = _own_name(safe_name(backend.name), taken)
        paths = {}
        for result in backend.results:
            if result.counterexample is not None:
                path = folder / name / f"{safe_name(result.requirement_id)}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, replay_of(backend, result.counterexample).to_text())
                paths[result.requirement_id] = path
        written.append(paths)
    return written


def load_replay(path: Path) -> Replay:
    """Return the replay in a file, or raise :class:`ReplayError`."""
    try:
        return read_replay(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ReplayError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ReplayError(str(path), "is no text in UTF-8") from None


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
