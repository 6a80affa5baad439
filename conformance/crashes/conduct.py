"""Carry a history out on a harness and keep, for each request, what it came to."""

from __future__ import annotations

import bisect
import enum
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from conformance.crashes.disk import Image
from conformance.crashes.events import Answered
from conformance.crashes.recording import Recording
from conformance.crashes.strace import TracedHarness
from conformance.door.connection import Connection
from conformance.door.errors import ForeignFault, UnsupportedError
from conformance.errors import BackendFault
from conformance.rules.narration import operation_text
from telltale_spec.errors import DurabilityError
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
)
from telltale_spec.wire.agreement import AgreementLevel, Escalation
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = [
    "Component",
    "Conducted",
    "Deed",
    "Problem",
    "asked",
    "carry_out",
    "conducted",
    "plain_fault",
]


class Component(enum.Enum):
    """What is crashed; the values begin the names of its requests."""

    LOG = "wal"
    CACHE = "cache"


@dataclass(frozen=True)
class Problem:
    """A request that had no good answer: a declared error, or something undeclared."""

    text: str
    is_declared: bool = True
    is_answer: bool = True
    """Whether it was answered at all, and the harness goes on."""


@dataclass(frozen=True)
class Deed:
    """One request of a history: in words, what it would store, and whether it was accepted."""

    text: str
    answer: str
    entry: Any = None
    accepted: bool = True
    operation: Operation | None = None
    loaded: tuple[Any, ...] | None = None
    """What was loaded, where that was asked."""

    is_declared: bool = True
    """Whether an answer that is no value is the declared error, where one is asked for.

    To open and to close are no operations of the contract, so that they may fail in any words.
    """


@dataclass(frozen=True)
class Conducted:
    """A history that was carried out: its deeds, and what they did to files."""

    deeds: tuple[Deed, ...]
    recording: Recording
    began_at: int = 0
    """How many events came before the first deed, from a process that was killed."""

    def answered(self, point: int) -> int:
        """Return how many deeds were answered among the first events."""
        return bisect.bisect_left(self._answers, point)

    @cached_property
    def _answers(self) -> list[int]:
        """Where the answers to the deeds stand among the events."""
        return [
            index
            for index, event in enumerate(self.recording.events)
            if index >= self.began_at and isinstance(event, Answered)
        ]

    def loaded(self, answered: int) -> tuple[Any, ...] | None:
        """Return what was loaded last among the deeds that were answered first."""
        loads = [deed.loaded for deed in self.deeds[:answered] if deed.loaded is not None]
        return loads[-1] if loads else None


# The end of a sentence, which repeats the request.
_SENT: Final = re.compile(r' (?:to|before it answered) \{"id"[^\n]*')

_Request = tuple[str, str, dict[str, Any], Any, Operation | None]


def _requests(
    component: Component, directory: Path, operations: Sequence[Operation]
) -> Iterator[_Request]:
    """Yield each request: its words, its name, its arguments, what it stores, and as data."""
    opening = (f"{component.value}.open", {"directory": str(directory)})
    yield ("open the storage", *opening, None, None)
    yield from _inner_requests(component, directory, operations)
    yield "close the storage", f"{component.value}.close", {}, None, None


def _inner_requests(
    component: Component, directory: Path, operations: Sequence[Operation]
) -> Iterator[_Request]:
    """Yield each request but the first opening and the last closing."""
    opening = (f"{component.value}.open", {"directory": str(directory)})
    for operation in operations:
        text = operation_text(operation)
        match operation:
            case Append(entry):
                yield text, "wal.append", {"entry": entry}, entry, operation
            case PutOutcome(entry):
                yield text, "cache.put", {"entry": entry}, entry, operation
            case ReadSince(tick):
                yield text, "wal.read_since", {"tick": tick}, None, operation
            case GetOutcome(evidence_id):
                yield text, "cache.get", {"evidence_id": evidence_id}, None, operation
            case LoadLog() | LoadCache():
                yield text, f"{component.value}.load", {}, None, operation
            case Reopen():
                yield "close the storage", f"{component.value}.close", {}, None, None
                yield ("open the storage again", *opening, None, operation)
            case _:
                raise TypeError(f"a history that is crashed has no {type(operation).__name__}")


def _behind_refusal(refused: object) -> Sequence[Operation]:
    """Return what tells of an entry that was refused whether it is there.

    An escalation that is there forbids a lower level. A cache that shows an outcome has it, and so
    it has it too once it is opened again, before another put writes all of it.
    """
    if isinstance(refused, Escalation):
        none = AgreementLevel.NONE
        lower = replace(refused, previous_level=none, new_level=none, evidence_id="lower")
        return (LoadLog(), Append(lower))
    if isinstance(refused, EvidenceOutcomeCacheEntry):
        return (LoadCache(), Reopen(), LoadCache())
    return ()


def asked(connection: Connection, name: str, arguments: dict[str, Any]) -> Any:
    """Return the value of an answer, or a :class:`Problem` for an error or a fault.

    Raises ``BackendFault`` for a harness that does not answer.
    """
    try:
        return connection.ask(name, arguments)
    except DurabilityError as error:
        return Problem(f"refused: {error}")
    except UnsupportedError as error:
        return Problem(f"unsupported: {error.why}")
    except ForeignFault as error:
        return Problem(f"raised {type(error).__name__}: {error}", is_declared=False)


def plain_fault(fault: BackendFault) -> str:
    """Return what a harness did instead of answering, without the line that it was sent."""
    text = fault.message.removeprefix("the harness broke the protocol: ")
    return _SENT.sub(_sent_text, text)


def _sent_text(found: re.Match[str]) -> str:
    return " at the handshake" if '"operation":"hello"' in found[0] else ""


def carry_out(
    connection: Connection,
    component: Component,
    directory: Path,
    operations: Sequence[Operation],
    *,
    retries: bool = False,
    insists: bool = True,
    looks: bool = True,
) -> Iterator[Deed]:
    """Carry out a history, one deed at a time, on the storage of a directory.

    With ``insists`` an opening that is refused is tried once more; a history whose storage does not
    open ends. With ``retries`` the first store that is refused is asked for again at once, as its
    caller would. Without, the first escalation that is refused is followed by a load and by one
    that it forbids, the first put by loads on both sides of a reopening; without ``looks`` too, it
    goes on as if nothing had been.
    """
    number = connection.new_number()
    requests = _requests(component, directory, operations)
    may_look = looks and not retries
    while (request := next(requests, None)) is not None:
        text, name, arguments, entry, operation = request
        may_retry = insists if name.endswith(".open") else retries and entry is not None
        for is_last in (not may_retry, True):
            if name.endswith(".open"):
                number = connection.new_number()
            try:
                answer = asked(connection, name, {"object": number, **arguments})
            except BackendFault as fault:
                told = f"asked to {text}: {plain_fault(fault)}"
                raise BackendFault(
                    fault.backend_name, told.replace(str(directory), "<directory>")
                ) from None
            problem = answer if isinstance(answer, Problem) else None
            yield Deed(
                text,
                problem.text.replace(str(directory), "<directory>") if problem else "ok",
                entry,
                problem is None,
                operation,
                tuple(answer.entries) if name.endswith(".load") and not problem else None,
                problem is None or problem.is_declared or name.endswith((".open", ".close")),
            )
            if problem is None or is_last:
                break
            retries = retries and entry is None
        if problem is not None and name.endswith(".open"):
            return
        behind = _behind_refusal(entry) if problem is not None and may_look else ()
        if behind:
            may_look = False
            requests = itertools.chain(_inner_requests(component, directory, behind), requests)


def conducted(
    harness: TracedHarness,
    component: Component,
    directory: Path,
    operations: Sequence[Operation],
    image: Image = Image(),  # noqa: B008 - it never changes
) -> Conducted:
    """Carry out a history under trace, on a directory that holds ``image``.

    Raises ``BackendFault`` and :class:`TraceError`.
    """
    harness.begin(directory, image)
    deeds = tuple(carry_out(harness.connection, component, directory, operations))
    return Conducted(deeds, harness.recorded())
