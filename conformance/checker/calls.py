"""Calls of a model's functions, with errors that name the function and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.errors import ModelError

__all__ = ["call", "truth"]


def call(model: str, what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of the model gives.

    Raises :class:`~conformance.errors.ModelError` if it raises anything.
    """
    try:
        return function(*arguments)
    except Exception as error:
        shown = ", ".join(map(repr, arguments))
        raise ModelError(
            model, f"{what} raised {type(error).__name__}: {error}; its arguments were {shown}"
        ) from error


def truth(model: str, what: str, function: Callable[..., Any], *arguments: Any) -> bool:
    """Return a yes or no of the model; raises ``ModelError`` for anything else."""
    value = call(model, what, function, *arguments)
    if value is not True and value is not False:
        shown = ", ".join(map(repr, arguments))
        raise ModelError(
            model, f"{what} gave {value!r} instead of a bool; its arguments were {shown}"
        )
    return bool(value)
