"""The logs that a backend may hold after a history, of which some answers are unknown.

It is the pure model one operation at a time, kept so that an operation costs
the same however long the log is: what all possible logs have in common is held
once, and each of them is a short tail behind it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    WalSyncRequest,
    escalation_order_error,
)

__all__ = ["TAIL_MAX", "WORLDS_MAX", "PossibleLogs", "World"]

WORLDS_MAX: Final = 64
"""So many logs are kept apart; past that nothing is known until the next load."""

TAIL_MAX: Final = 10_000
"""So many entries may follow before it is known which of several logs it is."""

Entries: TypeAlias = tuple[AgreementWalEntry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """The last entry of a tail, and the tail before it."""

    before: _Node | None
    entry: AgreementWalEntry


@dataclass(frozen=True, slots=True)
class _Levels:
    """The last and the highest level that an operation escalated to."""

    last: AgreementLevel
    highest: AgreementLevel


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One possible log: what it has behind the common part, and its first error of order."""

    tail: _Node | None = None
    tail_count: int = 0
    levels: dict[str, _Levels] = field(default_factory=dict)
    error: str | None = None

    def tail_entries(self) -> list[AgreementWalEntry]:
        """Return the entries behind the common part, in order."""
        entries = []
        node = self.tail
        while node is not None:
            entries.append(node.entry)
            node = node.before
        return entries[::-1]


class PossibleLogs:
    """Every log that is possible now; ``worlds`` is empty where nothing is known."""

    def __init__(self, mode: RejectionMode, entries: Entries | None) -> None:
        self.mode = mode
        self.worlds: list[World]
        if entries is None:
            self._forget()
        else:
            self.adopt(entries)

    def _forget(self) -> None:
        self.common: list[AgreementWalEntry] = []
        self._highest_ticks: list[int] = []
        self._levels: dict[str, _Levels] = {}
        self._identities: set[str] | None = None
        self.worlds = []

    def adopt(self, entries: Entries) -> None:
        """Take what was loaded for the only possible log."""
        self._forget()
        world = World()
        for entry in entries:
            world = self.stored(world, entry)
            self._fold(world)
            world = World(error=world.error)
        self.worlds = [world]

    def keep(self, worlds: Sequence[World]) -> bool:
        """Keep these logs; return false, and keep nothing, where they are too many."""
        apart = list({id(world): world for world in worlds}.values())
        long = len(apart) > 1 and any(world.tail_count > TAIL_MAX for world in apart)
        if len(apart) > WORLDS_MAX or long:
            self._forget()
            return False
        if len(apart) == 1:
            self._fold(apart[0])
            apart = [World(error=apart[0].error)]
        self.worlds = apart
        return True

    def _fold(self, world: World) -> None:
        """Make the tail of the only possible log a part of what is common."""
        for entry in world.tail_entries():
            self.common.append(entry)
            highest = self._highest_ticks[-1] if self._highest_ticks else 0
            self._highest_ticks.append(max(highest, entry.tick))
            if self._identities is not None:
                self._identities.add(entry.stable_identity())
        self._levels.update(world.levels)

    # One operation in one possible log

    def stored(self, world: World, entry: AgreementWalEntry) -> World:
        """Return the log with one more entry, legal or not."""
        error = self.append_error(world, entry)
        node, count = _Node(world.tail, entry), world.tail_count + 1
        levels = world.levels
        if isinstance(entry, Escalation):
            before = self._levels_of(world, entry.operation_id)
            highest = entry.new_level
            if before is not None and before.highest.rank > highest.rank:
                highest = before.highest
            levels = {**levels, entry.operation_id: _Levels(entry.new_level, highest)}
        return World(node, count, levels, error)

    def append_error(self, world: World, entry: AgreementWalEntry) -> str | None:
        """Return the text with which an append is refused, or ``None``."""
        if world.error is not None or not isinstance(entry, Escalation):
            return world.error
        levels = self._levels_of(world, entry.operation_id)
        last = None if levels is None else levels.last
        error = escalation_order_error(entry, last, self.count(world))
        return None if error is None else error.message

    def appended(self, world: World, entry: AgreementWalEntry) -> tuple[str | None, list[World]]:
        """Return the error of an append, if it has one, and the logs that it may leave."""
        error = self.append_error(world, entry)
        grown = self.stored(world, entry)
        if error is None:
            return None, [grown]
        match self.mode:
            case RejectionMode.CLEAN_REJECT:
                return error, [world]
            case RejectionMode.UNKNOWN_OUTCOME:
                return error, [world, grown]
            case RejectionMode.KEEPS_REJECTED:
                return error, [grown]

    def synced(self, world: World, request: WalSyncRequest) -> list[World]:
        """Return the logs after each entry of a sync, the one before all of them first."""
        stored = {entry.stable_identity() for entry in world.tail_entries()}
        if self._identities is None:
            self._identities = {entry.stable_identity() for entry in self.common}
        worlds = [world]
        for entry in self.proposed(world, request):
            identity = entry.stable_identity()
            if identity not in stored and identity not in self._identities:
                worlds.append(self.stored(worlds[-1], entry))
        return worlds

    def proposed(self, world: World, request: WalSyncRequest) -> Entries:
        """Return the entries that a sync stores where none of them is in the log yet."""
        # Of what is stored, only the highest level of the operation has a say in this.
        operation_id = request.operation_id
        levels = self._levels_of(world, operation_id)
        existing: Entries = ()
        if levels is not None:
            none = AgreementLevel.NONE
            existing = (Escalation(operation_id, none, levels.highest, None, request.tick),)
        return build_entries(existing, request)

    def _levels_of(self, world: World, operation_id: str) -> _Levels | None:
        return world.levels.get(operation_id) or self._levels.get(operation_id)

    # What a read gives

    def count(self, world: World) -> int:
        """Return how many entries a log has."""
        return len(self.common) + world.tail_count

    def contents(self, world: World) -> Entries:
        """Return the whole log."""
        return (*self.common, *world.tail_entries())

    def holds(self, world: World, entries: Entries) -> bool:
        """Say whether a log is equal to what was loaded."""
        if len(entries) != self.count(world):
            return False
        # The tail differs first, as the rest is common to all.
        count = len(self.common)
        return (
            list(entries[count:]) == world.tail_entries() and list(entries[:count]) == self.common
        )

    def since(self, world: World, tick: int) -> Entries:
        """Return the entries strictly after a tick."""
        # Before this place every tick is too low; where ticks rise, it is the answer.
        start = bisect_right(self._highest_ticks, tick)
        return tuple(entry for entry in self._from(world, start) if entry.tick > tick)

    def _from(self, world: World, start: int) -> Iterator[AgreementWalEntry]:
        for index in range(start, len(self.common)):
            yield self.common[index]
        yield from world.tail_entries()
