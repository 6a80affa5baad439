"""What can happen to a message, besides that it is answered."""

from __future__ import annotations

from telltale_spec.errors import TelltaleError

__all__ = ["ForeignFault", "MessageError", "UnsupportedError", "foreign_fault"]


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
