"""The exception tree of the reference implementation.

Two questions decide the class: whose fault is it, and is the text part of the
specification. A :class:`DomainError` is the caller's fault and its text is
ours. A :class:`DurabilityError` is the declared error of the durability
contracts; its text is the specification's, byte for byte, and the fields carry
the same facts for programs.
"""

from __future__ import annotations

import enum
import reprlib
from typing import Any, Final

__all__ = [
    "ArtifactFileError",
    "DecodeError",
    "DecodeErrorCategory",
    "DomainError",
    "DurabilityError",
    "EncodeError",
    "EscalationOrderError",
    "MissingExtraError",
    "NotCanonicalError",
    "PayloadKindError",
    "SyncRefusedError",
    "TelltaleError",
    "UnsupportedSchemaVersionError",
]


class TelltaleError(Exception):
    """Root of every exception that this package raises on purpose.

    An error can be copied and pickled, fields included.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would call the constructor with the text, which is not what it takes.
        return _rebuilt, (type(self), self.args), self.__dict__


class DomainError(TelltaleError, ValueError):
    """Report a value outside the domain of the field it was given to.

    ``type_name`` and ``field`` say where the value was refused, ``value`` is
    the offending value itself, ``expected`` describes the domain in words.
    Source: DOM-01..DOM-06.
    """

    def __init__(self, type_name: str, field: str, value: object, expected: str) -> None:
        self.type_name = type_name
        self.field = field
        self.value = value
        self.expected = expected
        super().__init__(f"{type_name}.{field}: expected {expected}, got {_shown(value)}")


class MissingExtraError(TelltaleError, ImportError):
    """Report a library that a module needs and that is not installed; ``extra`` brings it."""

    def __init__(self, extra: str, library: str) -> None:
        self.extra = extra
        self.library = library
        super().__init__(f"`{library}` is not installed: pip install 'telltale-spec[{extra}]'")


class DurabilityError(TelltaleError):
    """Report that a durable operation was refused or could not be carried out.

    This is the one exception type that the contracts declare: a backend turns
    its own exceptions into it (WAL-09). ``str(error)`` is the error string of
    the specification. Like every text there it is Unicode scalar text: a lone
    surrogate, as in a path that is not UTF-8, is replaced by a question mark.
    """

    def __init__(self, message: str) -> None:
        # Otherwise a failure could not carry the text (DOM-03).
        self.message = message.encode("utf-8", "replace").decode("utf-8")
        super().__init__(self.message)


class EscalationOrderError(DurabilityError):
    """Report the first escalation that breaks the monotonic order of its operation.

    ``last_level`` is ``None`` when the entry regresses by itself, otherwise the
    new level of the operation's previous escalation. ``entry_index`` counts
    entries of the log from zero. Source: ART-WAL-03, ART-WAL-04 (L214-225).
    """

    def __init__(
        self,
        operation_id: str,
        previous_level: str,
        new_level: str,
        last_level: str | None,
        entry_index: int,
    ) -> None:
        self.operation_id = operation_id
        self.previous_level = previous_level
        self.new_level = new_level
        self.last_level = last_level
        self.entry_index = entry_index
        if last_level is None:
            message = (
                f"agreement WAL regression for `{operation_id}`: {previous_level} -> {new_level}"
            )
        else:
            message = (
                f"agreement WAL reordered or regressed for `{operation_id}`: "
                f"last={last_level}, entry={previous_level}->{new_level}"
            )
        super().__init__(message)


class SyncRefusedError(DurabilityError):
    """Report a sync that contradicts the log or itself; only hardened handlers refuse one.

    ``reason`` is a sentence about the operation. Source: F5, F7, F8, F15, F36.
    """

    def __init__(self, operation_id: str, reason: str) -> None:
        self.operation_id = operation_id
        self.reason = reason
        super().__init__(f"sync of `{operation_id}` refused: {reason}")


class DecodeErrorCategory(enum.Enum):
    """Name the phase in which a decode was refused."""

    INPUT_ENDED = "input_ended"
    SYNTAX = "syntax"
    SEMANTIC = "semantic"
    RECURSION_LIMIT = "recursion_limit"
    SIZE_LIMIT = "size_limit"


class DecodeError(DurabilityError):
    """Report bytes that do not decode.

    ``detail`` is the text behind the context prefix, ``offset`` the byte at
    which a syntax error was seen where one is known. Source: DEC-27, DEC-29.
    """

    def __init__(
        self,
        context: str,
        detail: str,
        *,
        category: DecodeErrorCategory,
        offset: int | None = None,
    ) -> None:
        self.context = context
        self.detail = detail
        self.category = category
        self.offset = offset
        super().__init__(f"{context}: {detail}")


class NotCanonicalError(DurabilityError):
    """Report bytes that decode, but are not the one canonical form of their value.

    ``offset`` is the first byte that differs from ``expected``, the canonical
    encoding of the decoded value. Only the strict reader raises this (DEC-32).
    """

    def __init__(self, context: str, offset: int, given: bytes, expected: bytes) -> None:
        self.context = context
        self.offset = offset
        self.given = given
        self.expected = expected
        super().__init__(
            f"{context}: not canonical at byte {offset}: "
            f"found {_hex_at(given, offset)}, the canonical form has {_hex_at(expected, offset)}"
        )


class EncodeError(DurabilityError):
    """Report a value that has no encoding. Source: ARTIFACT-02."""

    def __init__(self, context: str, detail: str) -> None:
        self.context = context
        self.detail = detail
        super().__init__(f"{context}: {detail}")


class UnsupportedSchemaVersionError(DurabilityError):
    """Report an artifact of another schema version. Source: DEC-31 (L982-987)."""

    def __init__(self, schema_version: str) -> None:
        self.schema_version = schema_version
        super().__init__(f"unsupported persisted durability schema version `{schema_version}`")


class PayloadKindError(DurabilityError):
    """Report an artifact that holds another payload than the one asked for.

    ``found`` and ``wanted`` are noun phrases. Source: ARTIFACT-05 (L1049-1091).
    """

    def __init__(self, found: str, wanted: str) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(f"persisted durability artifact contains {found}, not {wanted}")


class ArtifactFileError(DurabilityError):
    """Report a file that could not be read or written.

    ``action`` is ``read`` or ``write``, ``path`` the file, ``os_error`` the
    operating system's own text with its number. Source: ARTIFACT-03, -04.
    """

    def __init__(self, action: str, path: str, os_error: str) -> None:
        self.action = action
        self.path = path
        self.os_error = os_error
        super().__init__(f"{action} persisted durability artifact {path}: {os_error}")


def _rebuilt(error_class: type[TelltaleError], arguments: tuple[object, ...]) -> TelltaleError:
    return error_class.__new__(error_class, *arguments)


# Bounded in work as well as in length: a value under suspicion may be as large
# as the whole input, and Python refuses to print a huge integer at all.
_SHOWN: Final = reprlib.Repr()
_SHOWN.maxlevel = 2
_SHOWN.maxdict = _SHOWN.maxlist = _SHOWN.maxtuple = 4
_SHOWN.maxstring = _SHOWN.maxother = 120

_SHOWN_BITS_MAX: Final = 256


def _shown(value: object) -> str:
    """Render a value for an error text without flooding the terminal."""
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS_MAX:
        return f"an integer of {value.bit_length()} bits"
    try:
        return _SHOWN.repr(value)
    except ValueError:
        # A huge integer further inside.
        return f"a {type(value).__name__}"


def _hex_at(data: bytes, offset: int) -> str:
    window = data[offset : offset + 8]
    return f"0x{window.hex()}" if window else "the end of the input"
