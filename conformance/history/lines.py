"""The lines of a history file: a header, then one operation with its answer a line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from conformance.errors import HistoryError
from conformance.records.promises import CAPABILITY_NAMES
from conformance.rules.events import FAULT, OK, REFUSED, UNKNOWN, Event
from telltale_spec.errors import DomainError
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)
from telltale_spec.wire.agreement import AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import effect_result_from_dict
from telltale_spec.wire.shapes import TEXT, U64

__all__ = ["HISTORY_FORMAT", "Header", "read_history"]

HISTORY_FORMAT: Final = "telltale-conformance.history.v1"

_ANSWERS: Final = (OK, REFUSED, UNKNOWN, FAULT)
_WITH_TEXT: Final = (REFUSED, FAULT)
_BEGINNINGS: Final = ("empty", "unknown")
_HEADER_KEYS: Final = ("format", "backend", "rejection_mode", "capabilities", "begins")


@dataclass(frozen=True)
class Header:
    """What the recorded backend promised, and whether it began empty."""

    backend: str = "history"
    rejection_mode: RejectionMode = RejectionMode.CLEAN_REJECT
    capabilities: frozenset[str] = frozenset()
    begins_empty: bool = True


def read_history(lines: Iterable[bytes], name: str) -> tuple[Header, Iterator[Event]]:
    """Return the header of a file and its events, which are read as they are asked for.

    Raises :class:`HistoryError` with the number of the line for anything else.
    """
    numbered = _trees(lines, name)
    first = next(numbered, None)
    if first is None:
        raise HistoryError(name, 1, f"expected a header with the format {HISTORY_FORMAT}")
    header = _located(name, first[0], lambda: _header(first[1]))
    return header, _events(numbered, name)


def _events(numbered: Iterator[tuple[int, dict[str, Any]]], name: str) -> Iterator[Event]:
    for line, tree in numbered:
        yield _located(name, line, partial(_event, line, tree))


def _located(name: str, line: int, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (DomainError, ValueError) as error:
        raise HistoryError(name, line, str(error)) from error
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        # A record's own reader expects trees of the right kind.
        reason = f"{type(error).__name__} in a record: {error}"
        raise HistoryError(name, line, reason) from error


def _trees(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            tree = json.loads(line.decode("utf-8"), object_pairs_hook=_map_of)
        except _RepeatedKey as error:
            raise HistoryError(name, number, str(error)) from None
        except (ValueError, RecursionError) as error:
            raise HistoryError(name, number, f"is not JSON in UTF-8: {error}") from None
        if not isinstance(tree, dict):
            raise HistoryError(name, number, f"expected a map, got a {type(tree).__name__}")
        yield number, tree


class _RepeatedKey(ValueError):  # noqa: N818 - it is shown as the error of its line
    """A map says something twice, and nobody knows which of the two was meant."""


def _map_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        key = next(key for key, count in counts.items() if count > 1)
        raise _RepeatedKey(f"the key `{key}` is there {counts[key]} times in one map")
    return tree


def _header(tree: Mapping[str, Any]) -> Header:
    if tree.get("format") != HISTORY_FORMAT:
        found = tree.get("format")
        raise ValueError(f"format `{found}`: expected a header with the format {HISTORY_FORMAT}")
    _refuse_unknown(tree, _HEADER_KEYS)
    capabilities = tree.get("capabilities", [])
    if not isinstance(capabilities, list):
        raise ValueError("`capabilities` is no list")
    for each in capabilities:
        _one_of("capabilities", each, CAPABILITY_NAMES)
    modes = [mode.value for mode in RejectionMode]
    mode = _one_of("rejection_mode", tree.get("rejection_mode", modes[0]), modes)
    begins = _one_of("begins", tree.get("begins", "empty"), _BEGINNINGS)
    backend = TEXT.check(tree.get("backend", "history"), "Header", "backend")
    return Header(backend, RejectionMode(mode), frozenset(capabilities), begins == "empty")


@dataclass(frozen=True)
class _Form:
    """How one operation is written: its arguments, and its result where it answers ok."""

    arguments: tuple[str, ...]
    operation: Callable[[Mapping[str, Any]], Operation]
    result: Callable[[Any], Any] | None = None


def _entries(tree: Any) -> tuple[AgreementWalEntry, ...]:
    return tuple([AgreementWalEntry.from_dict(each) for each in _list(tree)])


def _cache_entries(tree: Any) -> tuple[EvidenceOutcomeCacheEntry, ...]:
    return tuple([EvidenceOutcomeCacheEntry.from_dict(each) for each in _list(tree)])


def _found(tree: Any) -> EvidenceOutcomeCacheEntry | None:
    return None if tree is None else EvidenceOutcomeCacheEntry.from_dict(tree)


def _list(tree: Any) -> list[Any]:
    if not isinstance(tree, list):
        raise ValueError(f"`result`: expected a list of entries, got a {type(tree).__name__}")
    return tree


def _tick(tree: Mapping[str, Any]) -> int:
    return U64.check(tree["tick"], "read_since", "tick")


_FORMS: Final[Mapping[str, _Form]] = {
    "append": _Form(("entry",), lambda tree: Append(AgreementWalEntry.from_dict(tree["entry"]))),
    "read_since": _Form(("tick",), lambda tree: ReadSince(_tick(tree)), _entries),
    "load": _Form((), lambda tree: LoadLog(), _entries),
    "reopen": _Form((), lambda tree: Reopen()),
    "put": _Form(
        ("entry",), lambda tree: PutOutcome(EvidenceOutcomeCacheEntry.from_dict(tree["entry"]))
    ),
    "get": _Form(("evidence_id",), lambda tree: GetOutcome(tree["evidence_id"]), _found),
    "load_cache": _Form((), lambda tree: LoadCache(), _cache_entries),
    "wal_sync": _Form(
        ("request",),
        lambda tree: SyncWal(WalSyncRequest.from_dict(tree["request"])),
        effect_result_from_dict,
    ),
}


def _event(line: int, tree: Mapping[str, Any]) -> Event:
    form = _FORMS[_one_of("operation", tree.get("operation"), tuple(_FORMS))]
    answer = _one_of("answer", tree.get("answer"), _ANSWERS)
    for key in form.arguments:
        if key not in tree:
            raise ValueError(f"`{key}` is missing from `{tree['operation']}`")
    operation = form.operation(tree)
    known = ("operation", "answer", *form.arguments)
    if answer in _WITH_TEXT:
        _refuse_unknown(tree, (*known, "message"))
        message = tree.get("message")
        checked = None if message is None else TEXT.check(message, "Event", "message")
        return Event(line, operation, answer, None, checked)
    if answer == UNKNOWN or form.result is None:
        _refuse_unknown(tree, known)
        return Event(line, operation, answer)
    if "result" not in tree:
        raise ValueError(f"`result` is missing from `{tree['operation']}` that answered ok")
    _refuse_unknown(tree, (*known, "result"))
    return Event(line, operation, answer, form.result(tree["result"]))


def _one_of(key: str, value: Any, expected: Iterable[str]) -> str:
    names = tuple(expected)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"`{key}` is `{value}`: expected one of {', '.join(names)}")
    return value


def _refuse_unknown(tree: Mapping[str, Any], known: Iterable[str]) -> None:
    names = tuple(known)
    for key in tree:
        if key not in names:
            raise ValueError(f"`{key}`: expected only {', '.join(names)}")
