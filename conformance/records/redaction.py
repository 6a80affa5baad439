"""What must not be written: passwords and their like, replaced by ``***`` in every text.

A backend's exceptions quote the addresses that they connect to, and the command of a harness may
hold an option with a password. Nothing that is written down needs either. What a search has drawn
(acts and operations as data) is left as it is: it comes from nobody's environment, and a replay
carries it out again.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

__all__ = ["HIDDEN", "hidden_secrets", "hidden_text", "says_secret", "secrets_of"]

HIDDEN: Final = "***"
"""What stands in the place of a secret."""

# A shorter value stands in many texts by chance, and would make them unreadable.
_SECRET_LENGTH_MIN: Final = 4

_WORDS: Final = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "token", "key", "apikey", "credential"}
)
_INSIDE: Final = ("password", "passwd", "secret")
# `KeyError: 'a'` names the kind of an error, and an ordering key is a field of the specification.
_HARMLESS_ENDINGS: Final = ("error", "exception")
_HARMLESS_NAMES: Final = frozenset({"ordering_key"})

# Of a shell these are folders, though `PWD=` in the address of a database is a password.
_FOLDERS: Final = frozenset({"PWD", "OLDPWD"})

_USER_INFORMATION: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#'\"<>]*@")
_ASSIGNMENT: Final = re.compile(
    r"""(?<![\w.-])(?P<dashes>--?)?(?P<name>[A-Za-z_][\w.-]*)
    (?P<between>["']?\s*=\s*|["']\s*:\s*|:\s+|(?(dashes)\s+|(?!)))
    (?P<value>"[^"\n]*"|'[^'\n]*'|[^\s,;)\]}'"]+)""",
    re.VERBOSE,
)
# What a reader or a replay takes as data.
_DATA_FIELDS: Final = frozenset(
    {"acts", "operation", "format", "fingerprint", "suite", "requirement_id", "component"}
)

ValueType = TypeVar("ValueType")


def says_secret(name: str) -> bool:
    """Say whether a name is that of something secret, as ``DB_PASSWORD`` or ``apiKey``."""
    parts = re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", name)
    words = [part.lower().removesuffix("s") for part in parts if part]
    if not words or words[-1].endswith(_HARMLESS_ENDINGS) or name in _HARMLESS_NAMES:
        return False
    return any(word in _WORDS or any(each in word for each in _INSIDE) for word in words)


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment whose names say that they are secret, longest first."""
    values = {
        value for name, value in environment.items() if says_secret(name) and name not in _FOLDERS
    }
    long_enough = [value for value in values if len(value) >= _SECRET_LENGTH_MIN]
    return tuple(sorted(long_enough, key=lambda value: (-len(value), value)))


def hidden_text(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a text without its secrets; one that has none left is returned as it is.

    Hidden are ``secrets``, user information in an address, and what follows a
    name that says so: ``NAME=VALUE``, ``--name VALUE``, ``name: value``.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _USER_INFORMATION.sub(rf"\1{HIDDEN}@", text)
    return _ASSIGNMENT.sub(_hidden_assignment, text)


def _hidden_assignment(found: re.Match[str]) -> str:
    if not says_secret(found["name"]):
        # The value may be a name again: `error: password=a`.
        head = found.group()[: found.start("value") - found.start()]
        return head + _ASSIGNMENT.sub(_hidden_assignment, found["value"])
    value = found["value"]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found['dashes'] or ''}{found['name']}{found['between']}{quote}{HIDDEN}{quote}"


def hidden_secrets(value: ValueType, secrets: tuple[str, ...] = ()) -> ValueType:
    """Return a report, or any record in one, without the secrets in its texts."""
    hidden: Any = _hidden(value, secrets)
    return hidden  # type: ignore[no-any-return]


def _hidden(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return hidden_text(value, secrets)
    if isinstance(value, list):
        return [_hidden(each, secrets) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in dataclasses.fields(value) if each.name not in _DATA_FIELDS]
        changed = {name: _hidden(getattr(value, name), secrets) for name in names}
        return dataclasses.replace(value, **changed)
    return value
