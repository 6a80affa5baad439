"""What a part of a backend has to be before it can be judged: callable, and by plain calls.

A factory that gives nothing, or methods that are coroutines, are mistakes of who wrote the adapter.
Judged as they are, they would look like a storage that breaks one requirement after the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Final

from conformance.backend import Backend

__all__ = ["CACHE_METHODS", "WAL_METHODS", "has_methods", "part_problem", "pure_problem"]

WAL_METHODS: Final = ("append", "read_since", "load")
"""The methods of an agreement WAL."""

CACHE_METHODS: Final = ("get", "put", "load")
"""The methods of an evidence cache."""

_CODEC_METHODS: Final = ("encode", "decode")


def has_methods(made: Any, names: Sequence[str]) -> bool:
    """Say whether an object has methods of these names."""
    return all(callable(getattr(made, name, None)) for name in names)


def part_problem(made: Any, what: str, names: Sequence[str]) -> str:
    """Return why an object is not what a part has to be, or an empty text."""
    missing = ", ".join(each for each in names if not has_methods(made, (each,)))
    if missing:
        return f"{what} is {_article(made)}, which lacks {missing}"
    coroutines = ", ".join(
        each for each in names if inspect.iscoroutinefunction(getattr(made, each))
    )
    if coroutines:
        return (
            f"{what} is {_article(made)}, whose {coroutines} must be awaited; the suite "
            "calls plain methods: wrap each, as with asyncio.run"
        )
    return ""


def pure_problem(backend: Backend) -> str:
    """Return why a codec, a recovery or an identity cannot be called, or an empty text."""
    if backend.codec is not None:
        problem = part_problem(backend.codec, "the codec", _CODEC_METHODS)
        if problem:
            return problem
    functions: dict[str, object] = {"recovery": backend.recovery, "identity": backend.identity}
    for what, function in functions.items():
        if function is not None and not callable(function):
            return f"the {what} is {_article(function)}, which is no function"
    return ""


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
