"""Several handles that take turns for long: what one wrote, the others see without a load before.

A handle that keeps answers of its own goes on giving them after another one wrote. Here suffixes
and ids are read through one handle after writes through another, again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import Act, act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptedPart, ScriptSuite, scripted
from conformance.engine.session import History
from conformance.machines.asking import TRIES
from conformance.machines.handle_races import (
    HANDLES,
    cache_of,
    log_of,
    opened_handles,
    release_handles,
)
from conformance.machines.one_promise import asked, cache_judge, log_judge, shown
from conformance.machines.outcome_material import acquired
from conformance.rules.events import OK, Event
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.values import NatValue

__all__ = ["LONG_CACHE_HANDLES_SUITE", "LONG_LOG_HANDLES_SUITE"]

LOG_TURNS: Final = "suffixes read through another handle than wrote"
CACHE_TURNS: Final = "ids looked up through another handle than put"

_ROUNDS: Final = 8
_MANY: Final = 105


class _Handles(ScriptedPart):
    """Several handles on one storage, each called by its number, and the judge of their answers."""

    requirement_id: str

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self.handles: list[Any] = []

    def open(self, part: Callable[[Backend], Any], what: str) -> None:
        """Open the handles."""
        self.handles = opened_handles(self.history, part, what)

    def close(self) -> None:
        """Close the handles."""
        release_handles(self.history, self.handles)

    def write(self, number: int, operation: Operation, follow: Callable[[Event], None]) -> None:
        """Write through a handle; what is refused is offered again."""
        self.offered += 1
        refusal = ""
        for _ in range(TRIES):
            handle = self.handles[number]
            event = asked(self.history, self.requirement_id, operation, handle, number)
            follow(event)
            if event.answer == OK:
                self.taken += 1
                return
            refusal = event.message or ""
        self.first_refusal = self.first_refusal or refusal

    def read(self, number: int, operation: Operation) -> Event:
        """Read through a handle; a refusal is asked again."""
        handle, own = self.handles[number], self.requirement_id
        return shown(self.history, own, operation, handle, number, tries=TRIES)


class LogHandles(_Handles):
    """Several handles on one log."""

    requirement_id = "WAL-01.handles"

    def prepare(self) -> None:
        """Open one log several times."""
        self._judge = log_judge(self.history, self.requirement_id)
        self.open(log_of, "the agreement WAL")

    @act("append_through")
    def append_through(self, handle: int, entry: AgreementWalEntry) -> None:
        """Append an entry through a handle."""
        self.write(handle, Append(entry), lambda event: self._judge.append(event, entry))

    @act("read_through")
    def read_through(self, handle: int, tick: int) -> None:
        """Read a suffix through a handle."""
        self._judge.read_since(self.read(handle, ReadSince(tick)), tick)

    @act("load_through")
    def load_through(self, handle: int) -> None:
        """Load the log through a handle."""
        self._judge.load(self.read(handle, LoadLog()))


class CacheHandles(_Handles):
    """Several handles on one cache."""

    requirement_id = "CACHE-02.handles"

    def prepare(self) -> None:
        """Open one cache several times."""
        self._judge = cache_judge(self.history, self.requirement_id)
        self.open(cache_of, "the evidence cache")

    @act("put_through")
    def put_through(self, handle: int, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry through a handle."""
        self.write(handle, PutOutcome(entry), lambda event: self._judge.put(event, entry))

    @act("get_through")
    def get_through(self, handle: int, evidence_id: str) -> None:
        """Look an id up through a handle."""
        self._judge.get(self.read(handle, GetOutcome(evidence_id)), evidence_id)

    @act("load_through")
    def load_through(self, handle: int) -> None:
        """Load the cache through a handle."""
        self._judge.load(self.read(handle, LoadCache()))
        self._judge.settle()


def _gate(number: int) -> AgreementWalEntry:
    return VisibilityGateCrossing(f"o{number % 5}", f"c{number}", AgreementLevel.NONE, number)


def _log_scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    acts: list[Act] = []
    for number in range(HANDLES * _ROUNDS):
        writer, other = number % HANDLES, (number + 1) % HANDLES
        acts += [
            scripted(LogHandles, "read_through", other, number // 2),
            scripted(LogHandles, "append_through", writer, _gate(number + 1)),
            scripted(LogHandles, "read_through", other, number // 2),
        ]
    loads = tuple(scripted(LogHandles, "load_through", handle) for handle in range(HANDLES))
    yield Script("handles in turns", LOG_TURNS, tuple(acts), loads)
    acts = [loads[1]]
    acts += [scripted(LogHandles, "append_through", 0, _gate(each + 1)) for each in range(_MANY)]
    since = [scripted(LogHandles, "read_through", each, 0) for each in (1, 2)]
    yield Script("one handle writes many", LOG_TURNS, tuple(acts), (*since, *loads))


def _put(handle: int, evidence_id: str, number: int) -> Act:
    entry = EvidenceOutcomeCacheEntry(
        evidence_id, f"i{number}", f"o{number}", acquired(NatValue(number))
    )
    return scripted(CacheHandles, "put_through", handle, entry)


def _cache_scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    acts: list[Act] = []
    for number in range(HANDLES * _ROUNDS):
        writer, other = number % HANDLES, (number + 1) % HANDLES
        name = f"e{number}" if number % 2 else "again"
        looked_up = scripted(CacheHandles, "get_through", other, name)
        acts += [looked_up, _put(writer, name, number), looked_up]
    loads = tuple(scripted(CacheHandles, "load_through", handle) for handle in range(HANDLES))
    yield Script("handles in turns", CACHE_TURNS, tuple(acts), loads)
    acts = [loads[1], *(_put(0, f"e{number}", number) for number in range(_MANY))]
    found = [
        scripted(CacheHandles, "get_through", handle, name)
        for handle, name in ((1, "e0"), (1, f"e{_MANY - 1}"), (2, "e1"))
    ]
    yield Script("one handle writes many", CACHE_TURNS, tuple(acts), (*found, *loads))


def _declares_handles(backend: Backend) -> bool:
    return Capability.CONCURRENT_HANDLES in backend.capabilities


def _why_not(backend: Backend) -> str:
    if not _declares_handles(backend):
        return "the backend does not declare concurrent-handles"
    return "the backend does not have what several handles could be on"


LONG_LOG_HANDLES_SUITE: Final = ScriptSuite(
    name="agreement WAL with several handles, long histories",
    part=LogHandles,
    scripts=_log_scripts,
    requirement_ids=("WAL-01.handles",),
    situations={LOG_TURNS: ("WAL-01.handles",)},
    present=lambda backend: backend.agreement_wal is not None and _declares_handles(backend),
    absent=_why_not,
)

LONG_CACHE_HANDLES_SUITE: Final = ScriptSuite(
    name="evidence cache with several handles, long histories",
    part=CacheHandles,
    scripts=_cache_scripts,
    requirement_ids=("CACHE-02.handles",),
    situations={CACHE_TURNS: ("CACHE-02.handles",)},
    present=lambda backend: backend.evidence_cache is not None and _declares_handles(backend),
    absent=_why_not,
)
