"""Baselines: what is known to fail, why, and until when.

A failure that is listed does not make a run fail. Everything else does: one
that is not there any more, that is another one than was listed, whose time is
over, or that no backend of the run has.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tomli_w

from conformance.errors import BaselineError

__all__ = [
    "BASELINE_FORMAT",
    "TO_BE_FILLED_IN",
    "Baseline",
    "FailureEntry",
    "QuirkEntry",
    "baseline_text",
    "read_baseline",
]

BASELINE_FORMAT: Final = "telltale-conformance.baseline.v1"
TO_BE_FILLED_IN: Final = "to be filled in"

_FAILURE_KEYS: Final = (
    "backend",
    "requirement",
    "reason",
    "link",
    "expires",
    "fingerprint",
    "replay",
)
_QUIRK_KEYS: Final = ("backend", "finding", "reason", "link", "expires")


@dataclass(frozen=True)
class FailureEntry:
    """One known failure of one requirement of one backend.

    ``replay`` is the path of its replay file, relative to the baseline's folder.
    """

    backend: str
    requirement: str
    reason: str
    fingerprint: str
    replay: str
    link: str = ""
    expires: datetime.date | None = None

    @property
    def identifier(self) -> str:
        """What is known to fail."""
        return self.requirement


@dataclass(frozen=True)
class QuirkEntry:
    """One known quirk of the specification in one backend, by its finding."""

    backend: str
    finding: str
    reason: str
    link: str = ""
    expires: datetime.date | None = None

    @property
    def identifier(self) -> str:
        """What is known to show itself."""
        return self.finding


@dataclass(frozen=True)
class Baseline:
    """All that is known, in the order of the file."""

    failures: tuple[FailureEntry, ...] = ()
    quirks: tuple[QuirkEntry, ...] = ()


def read_baseline(text: str, name: str) -> Baseline:
    """Return the baseline of a file's text.

    Raises :class:`BaselineError` naming the line and the field of anything that
    cannot be used.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BaselineError(name, f"is not TOML: {error}") from None
    if tree.get("format") != BASELINE_FORMAT:
        found = tree.get("format")
        raise BaselineError(
            name, f'line 1: format `{found}`: expected format = "{BASELINE_FORMAT}"'
        )
    for key in tree:
        if key not in ("format", "failure", "quirk"):
            raise BaselineError(name, f"`{key}`: expected only [[failure]] and [[quirk]]")
    reader = _Reader(text, name)
    failures = reader.entries(tree, "failure", _failures)
    quirks = reader.entries(tree, "quirk", _quirks)
    return Baseline(tuple(failures), tuple(quirks))


class _Reader:
    """Reads the entries of one kind and knows the lines that they begin on."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name

    def entries(
        self, tree: Mapping[str, Any], kind: str, read: Callable[[_Fields], list[Any]]
    ) -> list[Any]:
        """Return the entries of a kind; no two may name the same thing."""
        rows = tree.get(kind, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BaselineError(self.name, f"`{kind}`: expected [[{kind}]] before each entry")
        found: list[Any] = []
        for index, row in enumerate(rows):
            fields = _Fields(row, lambda reason, index=index: self._error(kind, index, reason))  # type: ignore[misc]
            for entry in read(fields):
                if any(_same(entry, other) for other in found):
                    fields.fail(
                        "backend", f"{entry.identifier} of `{entry.backend}` is listed twice"
                    )
                found.append(entry)
            fields.refuse_others()
        return found

    def _error(self, kind: str, index: int, reason: str) -> BaselineError:
        heads = [
            number
            for number, line in enumerate(self.text.splitlines(), start=1)
            if re.match(rf"\s*\[\[\s*{kind}\s*\]\]", line)
        ]
        line = heads[index] if index < len(heads) else 1
        return BaselineError(self.name, f"line {line}, {kind} {index + 1}: {reason}")


@dataclass
class _Fields:
    """The fields of one entry, each taken once."""

    row: Mapping[str, Any]
    error: Callable[[str], BaselineError]
    taken: tuple[str, ...] = ()

    def fail(self, key: str, reason: str) -> None:
        """Raise the error of one field."""
        raise self.error(f"`{key}`: {reason}")

    def text(self, key: str, *, optional: bool = False) -> str:
        """Return a text, which must not be empty where it is needed."""
        self.taken += (key,)
        value = self.row.get(key, "" if optional else None)
        if not isinstance(value, str) or not (value.strip() or optional):
            self.fail(key, f"expected a text in quotes, got {value!r}" if value else "is missing")
        return str(value)

    def backends(self) -> list[str]:
        """Return the backend, or each of several."""
        self.taken += ("backend",)
        value = self.row.get("backend")
        names: list[Any] = value if isinstance(value, list) else [value]
        if not names or not all(isinstance(each, str) and each for each in names):
            self.fail("backend", "expected a name in quotes, or a list of names")
        return names

    def date(self, key: str) -> datetime.date | None:
        """Return a date, if there is one."""
        self.taken += (key,)
        value = self.row.get(key)
        if value is None or type(value) is datetime.date:
            return value
        try:
            return datetime.date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.error(f"`{key}`: expected a date such as 2030-12-31") from None

    def refuse_others(self) -> None:
        """Raise the error of a field that nobody knows."""
        for key in self.row:
            if key not in self.taken:
                self.fail(key, f"expected only {', '.join(self.taken)}")


def _failures(fields: _Fields) -> list[FailureEntry]:
    requirement, reason = fields.text("requirement"), fields.text("reason")
    link, expires = fields.text("link", optional=True), fields.date("expires")
    fingerprint, replay = fields.text("fingerprint"), fields.text("replay")
    return [
        FailureEntry(backend, requirement, reason, fingerprint, replay, link, expires)
        for backend in fields.backends()
    ]


def _quirks(fields: _Fields) -> list[QuirkEntry]:
    finding, reason = fields.text("finding"), fields.text("reason")
    link, expires = fields.text("link", optional=True), fields.date("expires")
    return [QuirkEntry(each, finding, reason, link, expires) for each in fields.backends()]


def _same(entry: Any, other: Any) -> bool:
    return bool(entry.backend == other.backend and entry.identifier == other.identifier)


# Writing


def baseline_text(baseline: Baseline) -> str:
    """Return the file of a baseline. Equal baselines give equal files."""
    failures = [_tree(each, _FAILURE_KEYS) for each in baseline.failures]
    quirks = [_tree(each, _QUIRK_KEYS) for each in baseline.quirks]
    tables = {"failure": failures, "quirk": quirks}
    return tomli_w.dumps({"format": BASELINE_FORMAT} | {k: v for k, v in tables.items() if v})


def _tree(entry: Any, keys: Sequence[str]) -> dict[str, Any]:
    values = {key: getattr(entry, key) for key in keys}
    return {key: _writable(value) for key, value in values.items() if value}


def _writable(value: Any) -> Any:
    """Return a value that a file can hold: no encoding of text has lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
