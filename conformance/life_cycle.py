"""The life of what a factory makes: named, opened, closed, and taken away after its history.

A history has one directory and one name, however often its storage is opened. Both belong to it
in every process: the name follows from the directory alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from conformance.errors import UsageError

__all__ = [
    "History",
    "begin_run",
    "closing_of",
    "end_all",
    "end_gone",
    "ending_of",
    "history_of",
    "name_of",
    "opened",
    "set_option",
]

_OPTION_PREFIX: Final = "TELLTALE_TARGET_OPTION_"
_PLAIN: Final = re.compile(r"[a-z0-9_]{1,8}")
_OPTION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class History:
    """Tell a factory which history it makes storage for (WAL-08, CACHE-08).

    ``name`` is the same for every handle and every reopening of the history,
    and no other history of this or any parallel run has it. It consists of
    at most 40 characters of ``a-z``, ``0-9`` and ``_``, so it can name a schema, a
    database, a file, or begin a key. ``options`` are those of ``--target-option``,
    their names in small letters; ``seed`` is the run's.
    """

    directory: Path
    name: str
    seed: int
    options: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class _Handle:
    value: Any
    close: Callable[[], None] | None


class _Run:
    """What this process has open, and the seed of its run."""

    def __init__(self) -> None:
        self.seed = 0
        self.open: dict[Path, list[_Handle]] = {}
        self.destroy: dict[Path, Callable[[], None]] = {}


_RUN: Final = _Run()


def begin_run(seed: int) -> None:
    """Give the histories from now on this seed."""
    _RUN.seed = seed


@lru_cache(maxsize=256)
def name_of(directory: Path) -> str:
    """Return the name of the history in a directory, the same in every process."""
    place = f"{socket.gethostname()}:{directory.parent}"
    digest = hashlib.blake2b(place.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    own = directory.name
    if _PLAIN.fullmatch(own) is None:
        encoded = own.encode("utf-8", "surrogateescape")
        own = hashlib.blake2b(encoded, digest_size=4).hexdigest()
    return f"tt_{digest}_{own}"


def history_of(directory: Path) -> History:
    """Return the history in a directory, as a factory is told of it."""
    options = {
        name.removeprefix(_OPTION_PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(_OPTION_PREFIX)
    }
    return History(directory, name_of(directory), _RUN.seed, MappingProxyType(options))


def set_option(text: str) -> None:
    """Set an option from ``NAME=VALUE`` for this process and those that it starts.

    Raises :class:`UsageError` for any other form.
    """
    name, separator, value = text.partition("=")
    if not separator or _OPTION_NAME.fullmatch(name) is None or "\0" in value:
        # The value may be a password, so only what stands for the name is shown.
        raise UsageError(
            f"--target-option `{name}`: expected NAME=VALUE, with a name of letters, digits "
            "and `_`, as in --target-option address=localhost:5432"
        )
    os.environ[f"{_OPTION_PREFIX}{name.upper()}"] = value


def opened(directory: Path, made: Any) -> Any:
    """Note what a factory made, enter it if it is a context manager only, and return the handle."""
    close = getattr(made, "close", None)
    value = made
    if not callable(close):
        close = None
        leave = getattr(made, "__exit__", None)
        if leave is not None and hasattr(made, "__enter__"):
            value = made.__enter__()
            close = _Leaving(leave)
    destroy = getattr(value, "destroy", None) or getattr(made, "destroy", None)
    if close is None and not callable(destroy):
        return value
    _RUN.open.setdefault(directory, []).append(_Handle(value, close))
    if callable(destroy):
        _RUN.destroy[directory] = destroy
    return value


@dataclass(frozen=True)
class _Leaving:
    leave: Callable[..., Any]

    def __call__(self) -> None:
        self.leave(None, None, None)


def closing_of(handle: Any) -> Callable[[], None] | None:
    """Return how to close a handle, which counts as closed from now on; ``None`` for no way."""
    for handles in _RUN.open.values():
        for index, each in enumerate(handles):
            if each.value is handle:
                del handles[index]
                return each.close
    close = getattr(handle, "close", None)
    return close if callable(close) else None


def ending_of(directory: Path) -> list[tuple[str, Callable[[], None]]]:
    """Return what is left to do at the end of a history, in order, and forget the history.

    Handles that a failure left open are closed, then the storage is destroyed.
    """
    handles = _RUN.open.pop(directory, [])
    steps = [
        (f"closing a {type(each.value).__name__}", each.close)
        for each in reversed(handles)
        if each.close is not None
    ]
    destroy = _RUN.destroy.pop(directory, None)
    if destroy is not None:
        steps.append(("destroying what a history left", destroy))
    return steps


def end_all(below: Path | None = None) -> None:
    """End every history of this process, or those in a folder; one that fails hinders no other."""
    for directory in sorted({*_RUN.open, *_RUN.destroy}):
        if below is None or below in directory.parents:
            _end(directory)


def end_gone() -> None:
    """End every history whose directory is gone: the process that made it is done with it."""
    for directory in sorted({*_RUN.open, *_RUN.destroy}):
        if not directory.exists():
            _end(directory)


def _end(directory: Path) -> None:
    for what, step in ending_of(directory):
        try:
            step()
        except Exception as error:
            # Its text may hold an address with a password; the run is over anyway.
            print(f"{what} raised {type(error).__name__}", file=sys.stderr)  # noqa: T201
