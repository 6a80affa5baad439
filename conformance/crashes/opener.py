"""Open images with one harness that stays alive, and say what each shows.

An image is opened, loaded, asked for a part of that, added to and closed; then it is opened and
loaded once more. What an opening shows has to be there for the next one, and so has what was added;
what may not be appended behind it has to be refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from conformance.backend import Launch
from conformance.crashes.conduct import Component, Deed, Problem, asked, carry_out
from conformance.crashes.damage import Record, changed_records
from conformance.crashes.disk import Image
from conformance.crashes.histories import ESCALATED, FURTHER_ENTRY, FURTHER_OUTCOME
from conformance.crashes.images import ImageFolder, read_image
from conformance.crashes.recording import LEFT_OUT
from conformance.door.connection import Connection
from conformance.errors import BackendFault
from conformance.rules.narration import entry_text, quoted
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Operation
from telltale_spec.wire.agreement import AgreementLevel, Escalation
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["AtRest", "Opener", "Shown", "View", "further", "unlawful"]

# An outcome as long as this is replaced by a short one.
_LONG_CHARACTERS: Final = 512
_ADD: Final = {Component.LOG: "wal.append", Component.CACHE: "cache.put"}

_GETS_MAX: Final = 8

Entries = tuple[Any, ...]


@dataclass(frozen=True)
class View:
    """One question behind a load, in words, the answer that follows from that, and the one got."""

    question: str
    expected: Any
    found: Any


@dataclass(frozen=True)
class Shown:
    """What an image showed.

    ``first`` is what the first opening loaded, ``added`` the answer to what is :func:`further`
    stored if it was not accepted, and ``second`` what the next opening loaded. ``views`` are what
    was asked behind the first load, and ``offered`` what was appended although no log may take it.
    """

    first: Entries | Problem
    added: Problem | None = None
    second: Entries | Problem = ()
    views: tuple[View, ...] = ()
    offered: Entries = ()
    again: Entries | Problem | None = None
    """What the next opening loaded where the first one did not open, or load."""


@dataclass(frozen=True)
class AtRest:
    """What a history that was carried out and closed has left, and which bytes each deed made."""

    deeds: tuple[Deed, ...]
    image: Image
    records: tuple[Record, ...]


class Opener:
    """A harness that opens one image after the other; one that ends is started again."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._images = ImageFolder()
        self._connection: Connection | None = None

    def end(self) -> None:
        """End the harness and remove the images."""
        try:
            if self._connection is not None:
                self._connection.close()
        finally:
            self._connection = None
            self._images.end()

    def show(self, component: Component, image: Image) -> Shown:
        """Open an image twice and return what it shows.

        A harness that ends or does not answer is a problem of the image. Raises ``BackendFault``
        for one that cannot be started at all.
        """
        connection = self._connected()
        folder = self._images.write(image)
        try:
            return self._shown(connection, component, folder)
        finally:
            self._images.remove(folder)

    def lived(
        self, component: Component, image: Image, operations: Sequence[Operation]
    ) -> tuple[tuple[Deed, ...], Problem | None]:
        """Carry a history out on an image; return its deeds, and what ended it too early, if so.

        Raises ``BackendFault`` for a harness that cannot be started at all.
        """
        connection = self._connected()
        folder = self._images.write(image)
        deeds: list[Deed] = []
        try:
            deeds.extend(carry_out(connection, component, folder, operations, looks=False))
        except BackendFault as fault:
            self._connection = None
            return tuple(deeds), _in_folder(Problem(fault.message, is_answer=False), folder)
        finally:
            self._images.remove(folder)
        return tuple(deeds), None

    def at_rest(self, component: Component, operations: Sequence[Operation]) -> AtRest:
        """Carry a history out up to its closing and return what is on disk then.

        Raises ``BackendFault``.
        """
        connection = self._connected()
        folder = self._images.write(Image())
        deeds: list[Deed] = []
        records: list[Record] = []
        image = Image()
        try:
            for deed in carry_out(connection, component, folder, operations):
                deeds.append(deed)
                before, image = image, read_image(folder)
                records += changed_records(before, image, _kind_of(deed.entry))
        except BackendFault:
            self._connection = None
            raise
        finally:
            self._images.remove(folder)
        return AtRest(tuple(deeds), image.without(tuple(LEFT_OUT)), tuple(records))

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(
                self._launch.command,
                call_seconds_max=self._launch.call_seconds_max,
                starting_seconds_max=self._launch.starting_seconds_max,
                on_process=self._launch.on_process,
            )
        return self._connection

    def _shown(self, connection: Connection, component: Component, folder: Path) -> Shown:
        first: Entries | Problem = Problem("nothing was asked")
        added: Problem | None = None
        try:
            first, number = self._loaded(connection, component, folder)
            if isinstance(first, Problem):
                again, number = self._loaded(connection, component, folder)
                if not isinstance(again, Problem):
                    _close(connection, component, number)
                return Shown(first, again=again)
            views = list(_views(connection, component, number, first))
            problem = _stored(connection, component, number, further(component, first))
            added = None if problem is None else _in_folder(problem, folder)
            offered = unlawful(first) if component is Component.LOG and added is None else ()
            views += [_refusal(connection, number, entry) for entry in offered]
            _close(connection, component, number)
            second, number = self._loaded(connection, component, folder)
            _close(connection, component, number)
            return Shown(first, added, second, tuple(views), offered)
        except BackendFault as fault:
            self._connection = None
            problem = _in_folder(Problem(fault.message, is_answer=False), folder)
            if isinstance(first, Problem):
                return Shown(problem)
            return Shown(first, added or problem, problem)

    def _loaded(
        self, connection: Connection, component: Component, folder: Path
    ) -> tuple[Entries | Problem, int]:
        number = connection.new_number()
        prefix = component.value
        arguments = {"object": number, "directory": str(folder)}
        opened = asked(connection, f"{prefix}.open", arguments)
        if isinstance(opened, Problem):
            return _in_folder(opened, folder), number
        loaded = asked(connection, f"{prefix}.load", {"object": number})
        if isinstance(loaded, Problem):
            _close(connection, component, number)
            return _in_folder(loaded, folder), number
        return tuple(loaded.entries), number


def further(component: Component, loaded: Entries) -> Entries:
    """Return what is stored after a crash, behind what was loaded.

    It is one entry more. Before it, of a cache that holds a long outcome, that one is replaced by a
    short one: what a crash has left half done may be longer than what is written over it. Behind
    it, operations of a log are raised to the level that they have: who remembers an escalation that
    the crash took away refuses that.
    """
    if component is Component.LOG:
        return (FURTHER_ENTRY, *_lawful(loaded))
    longest = max(loaded, key=lambda each: len(each.operation_name), default=None)
    if longest is None or len(longest.operation_name) < _LONG_CHARACTERS:
        return (FURTHER_OUTCOME,)
    return (replace(FURTHER_OUTCOME, evidence_id=longest.evidence_id), FURTHER_OUTCOME)


def _lawful(loaded: Entries) -> Entries:
    """Return escalations of operations to the level that they have; none of what has the highest.

    Behind an entry out of order, which a log may have kept, nothing is lawful.
    """
    if order_error(loaded) is not None:
        return ()
    raised = [each for each in loaded if isinstance(each, Escalation)]
    levels = {each.operation_id: each.new_level for each in raised}
    own = {each: levels.get(each, AgreementLevel.NONE) for each in ESCALATED}
    return tuple(
        [
            Escalation(each, level, level, "again", FURTHER_ENTRY.tick)
            for each, level in own.items()
            if level is not AgreementLevel.FINALIZED
        ]
    )


def _stored(
    connection: Connection, component: Component, number: int, entries: Entries
) -> Problem | None:
    """Store entries up to the first that is not accepted; return how that was answered."""
    for entry in entries:
        answer = asked(connection, _ADD[component], {"object": number, "entry": entry})
        if isinstance(answer, Problem):
            return answer
    return None


def _kind_of(stored: Any) -> str:
    """Return what is stored in a word: the kind of an entry, or how the effect of one ended."""
    if isinstance(stored, EvidenceOutcomeCacheEntry):
        return stored.outcome.status.variant_name
    return "" if stored is None else type(stored).__name__


def _views(
    connection: Connection, component: Component, number: int, loaded: Entries
) -> Iterator[View]:
    """Ask for what was loaded in the other way that there is: for all of it, and for its end."""
    if component is Component.CACHE:
        # Of many, those at both ends.
        some = loaded if len(loaded) <= _GETS_MAX else (*loaded[:1], *loaded[1 - _GETS_MAX :])
        for entry in some:
            question = f"get the outcome of {quoted(entry.evidence_id)}"
            arguments = {"object": number, "evidence_id": entry.evidence_id}
            yield View(question, entry, asked(connection, "cache.get", arguments))
        return
    ticks = {0, max(0, loaded[-1].tick - 1)} if loaded else set()
    for tick in sorted(ticks, reverse=True):
        later = tuple([entry for entry in loaded if entry.tick > tick])
        found = asked(connection, "wal.read_since", {"object": number, "tick": tick})
        yield View(
            f"read since tick {tick}", later, found if isinstance(found, Problem) else tuple(found)
        )


def unlawful(entries: Entries) -> Entries:
    """Return escalations that begin one level below what a log has of their operations.

    One is of the operation that was raised last, and one of another, if there is one. Whoever
    remembers another level than the log has takes them: the one before, a lower one, or none.
    """
    last: dict[str, Escalation] = {}
    for each in entries:
        if isinstance(each, Escalation):
            # The latest comes last.
            last.pop(each.operation_id, None)
            last[each.operation_id] = each
    raised = [each for each in last.values() if each.new_level.rank > AgreementLevel.NONE.rank]
    return tuple([_below(each) for each in (*raised[-1:], *raised[:-1][:1])])


def _below(last: Escalation) -> Escalation:
    lower = next(each for each in AgreementLevel if each.rank == last.new_level.rank - 1)
    return replace(last, previous_level=lower, new_level=lower, evidence_id="fallen")


def _refusal(connection: Connection, number: int, offered: Any) -> View:
    answer = asked(connection, _ADD[Component.LOG], {"object": number, "entry": offered})
    found = "refused" if isinstance(answer, Problem) else "accepted"
    return View(f"append {entry_text(offered)}", "refused", found)


def _close(connection: Connection, component: Component, number: int) -> None:
    # How a close ends is judged elsewhere; here the next opening tells.
    asked(connection, f"{component.value}.close", {"object": number})


def _in_folder(problem: Problem, folder: Path) -> Problem:
    return replace(problem, text=problem.text.replace(str(folder), "<directory>"))
