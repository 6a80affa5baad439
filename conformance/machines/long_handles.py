"""Several handles that take turns for long: what one wrote, the others see without a load before.

A handle that keeps answers of its own goes on giving them after another one wrote. Here suffixes
and ids are read through one handle after writes through another, again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import Act, act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptedPart, ScriptSuite, scripted
from conformance.engine.session import History, Raised, Returned
from conformance.machines.asking import TRIES
from conformance.machines.handle_races import (
    HANDLES,
    cache_of,
    log_of,
    opened_handles,
    release_handles,
)
from conformance.rules.long_texts import contents_text, mismatch_text
from conformance.rules.narration import cache_entry_text, operation_text
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
    AgreementWalArtifact,
    AgreementWalEntry,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["LONG_CACHE_HANDLES_SUITE", "LONG_LOG_HANDLES_SUITE"]

LOG_TURNS: Final = "suffixes read through another handle than wrote"
CACHE_TURNS: Final = "ids looked up through another handle than put"

_ROUNDS: Final = 8
_MANY: Final = 105


class _Handles(ScriptedPart):
    """Several handles on one storage, each called by its number."""

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

    def asked(self, handle: int, operation: Operation, method: str, *arguments: Any) -> Any:
        """Return the answer of a handle; a refusal is asked again."""
        text = f"through handle {handle}: {operation_text(operation)}"
        answer: Raised | Returned = Raised("never asked")
        for _ in range(TRIES):
            call = partial(getattr(self.handles[handle], method), *arguments)
            answer = self.history.call(text, call, undeclared=self.requirement_id)
            if isinstance(answer, Returned):
                break
        return answer

    def write(self, handle: int, operation: Operation, method: str, entry: Any) -> bool:
        """Write through a handle and say whether that was acknowledged."""
        self.offered += 1
        answer = self.asked(handle, operation, method, entry)
        taken = isinstance(answer, Returned)
        self.taken += taken
        if isinstance(answer, Raised):
            self.first_refusal = self.first_refusal or answer.message
        return taken

    def check_entries(self, answer: Any, found: Any, expected: Sequence[Any]) -> None:
        """Check what a handle read against what was acknowledged."""
        refused = isinstance(answer, Raised) or not isinstance(found, (tuple, list))
        self.history.check(
            self.requirement_id,
            not refused and tuple(found) == tuple(expected),
            lambda: contents_text(expected),
            lambda: f"{answer}" if refused else mismatch_text(found, expected),
        )


class LogHandles(_Handles):
    """Several handles on one log."""

    requirement_id = "WAL-01.handles"

    def prepare(self) -> None:
        """Open one log several times."""
        self.entries: list[AgreementWalEntry] = []
        self.open(log_of, "the agreement WAL")

    @act("append_through")
    def append_through(self, handle: int, entry: AgreementWalEntry) -> None:
        """Append an entry through a handle."""
        if self.write(handle, Append(entry), "append", entry):
            self.entries.append(entry)

    @act("read_through")
    def read_through(self, handle: int, tick: int) -> None:
        """Read a suffix through a handle."""
        answer = self.asked(handle, ReadSince(tick), "read_since", tick)
        found = answer.value if isinstance(answer, Returned) else None
        expected = AgreementWalArtifact(tuple(self.entries)).read_since(tick)
        self.check_entries(answer, found, expected)

    @act("load_through")
    def load_through(self, handle: int) -> None:
        """Load the log through a handle."""
        answer = self.asked(handle, LoadLog(), "load")
        found = getattr(answer.value, "entries", None) if isinstance(answer, Returned) else None
        self.check_entries(answer, found, self.entries)


class CacheHandles(_Handles):
    """Several handles on one cache."""

    requirement_id = "CACHE-02.handles"

    def prepare(self) -> None:
        """Open one cache several times."""
        self.stored: dict[str, EvidenceOutcomeCacheEntry] = {}
        self.open(cache_of, "the evidence cache")

    @act("put_through")
    def put_through(self, handle: int, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry through a handle."""
        if self.write(handle, PutOutcome(entry), "put", entry):
            self.stored.pop(entry.evidence_id, None)
            self.stored[entry.evidence_id] = entry

    @act("get_through")
    def get_through(self, handle: int, evidence_id: str) -> None:
        """Look an id up through a handle."""
        answer = self.asked(handle, GetOutcome(evidence_id), "get", evidence_id)
        expected = self.stored.get(evidence_id)
        found = answer.value if isinstance(answer, Returned) else answer.message
        self.history.check(
            self.requirement_id,
            isinstance(answer, Returned) and found == expected,
            lambda: "nothing" if expected is None else cache_entry_text(expected),
            lambda: (
                cache_entry_text(found)
                if isinstance(found, EvidenceOutcomeCacheEntry)
                else f"nothing ({found})"
            ),
        )

    @act("load_through")
    def load_through(self, handle: int) -> None:
        """Load the cache through a handle; the order is another requirement."""
        answer = self.asked(handle, LoadCache(), "load")
        found = getattr(answer.value, "entries", None) if isinstance(answer, Returned) else None
        if found is not None:
            found = sorted(found, key=cache_entry_text)
        self.check_entries(answer, found, sorted(self.stored.values(), key=cache_entry_text))


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
    entry = EvidenceOutcomeCacheEntry(evidence_id, "i", f"o{number}", EffectOutcome.blocked())
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
