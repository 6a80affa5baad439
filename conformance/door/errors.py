"""What can happen to a message, besides that it is answered."""

from __future__ import annotations

import re
from typing import Any, Final

from telltale_spec.errors import TelltaleError

__all__ = [
    "ForeignFault",
    "MessageError",
    "Misfit",
    "MisfitError",
    "UnsupportedError",
    "foreign_fault",
    "misfit",
    "shown_misfit",
]

_ADDRESS: Final = re.compile(r"\bat 0x[0-9a-fA-F]+")


class MessageError(TelltaleError):
    """Report a line that is not a message of the protocol, or not one that may come now."""


class UnsupportedError(TelltaleError):
    """Report an operation that the other side does not know or cannot serve."""

    def __init__(self, operation: str, why: str) -> None:
        self.operation = operation
        self.why = why
        super().__init__(f"`{operation}` is unsupported: {why}" if why else f"`{operation}`")


class ForeignFault(Exception):  # noqa: N818 - what the other side raised need not be an error
    """Carry something undeclared that the other side raised; its class has the name it had there.

    ``call`` is the number of the call whose answer was the fault, where there is one.
    """

    call: int | None = None


def foreign_fault(kind: str, text: str, call: int | None = None) -> ForeignFault:
    """Return the exception of a fault on the other side, with its kind as the name of its class."""
    name = kind.replace("\0", "") or ForeignFault.__name__
    fault: ForeignFault = type(name, (ForeignFault,), {})(text)
    fault.call = call
    return fault


class MisfitError(TelltaleError):
    """Report that an object of this side returned what the contract does not know as a value."""

    def __init__(self, value: Any) -> None:
        self.value = value
        super().__init__(shown_misfit(value))


class Misfit:
    """Stand for what the other side returned and no message can hold.

    Its class has the name it had there, and it is shown as it was shown there, so
    that it is judged as it would be on this side.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def misfit(kind: str, text: str) -> Misfit:
    """Return what stands for a value of another kind on the other side."""
    made: Misfit = type(kind.replace("\0", "") or Misfit.__name__, (Misfit,), {})(text)
    return made


def shown_misfit(value: Any) -> str:
    """Return a value as text without the address of any object."""
    try:
        return _ADDRESS.sub("at 0x...", repr(value))
    except Exception as error:
        return f"(its text raised {type(error).__name__})"
