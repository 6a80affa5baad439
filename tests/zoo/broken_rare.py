"""Systems that are wrong for one kind of value, length, count or nesting that others never meet.

They are beside the zoo of the kill table: the figures there are of the systems that it names.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias

from conformance.backend import WalHandlerFactory
from telltale_spec.backends.contract import (
    AgreementWal,
    EffectHandler,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.handlers.agreement_wal import WalSyncMode
from telltale_spec.wire.agreement import (
    AgreementState,
    AgreementWalEntry,
    Finalization,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import encode
from telltale_spec.wire.effects import EffectOutcome, EffectResult, TopologyEventsResponse
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import Crash, Heal, TopologyPerturbation
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_long_caches import MapCache
from tests.zoo.broken_long_logs import TrackedWal, with_texts
from tests.zoo.broken_wal_handlers import ChangesFinalizations, OpenHandler

__all__ = [
    "BROKEN_RARE_CACHES",
    "BROKEN_RARE_EVIDENCE_HANDLERS",
    "BROKEN_RARE_LOGS",
    "BROKEN_RARE_WAL_HANDLERS",
]

Entry: TypeAlias = AgreementWalEntry
_BLOCK_BYTES: Final = 4_096


def _texts_changed(change: Callable[[str, bool], str | None]) -> type[TrackedWal]:
    class Changed(TrackedWal):
        def store(self, entry: Entry) -> None:
            super().store(with_texts(entry, change))

    return Changed


def _without_quote(text: str, _may_be_absent: bool) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def _copied(text: str, may_be_absent: bool) -> str | None:
    return None if may_be_absent and text == "\\N" else text


class TakesDecimalsForNumbers(TrackedWal):
    """Keeps ids of digits as numbers, which the language turns into one up to some length only."""

    def store(self, entry: Entry) -> None:
        if entry.operation_id.isascii() and entry.operation_id.isdecimal():
            int(entry.operation_id)
        super().store(entry)


class TakesTicksForTimes(TrackedWal):
    """Keeps what looks like the nanoseconds of our years in microseconds."""

    def store(self, entry: Entry) -> None:
        if 15 * 10**17 < entry.tick < 2 * 10**18:
            changed: Any = dataclasses.replace
            entry = changed(entry, tick=entry.tick // 1_000 * 1_000)
        super().store(entry)


def _remembers_by_generation(bits: int) -> type[TrackedWal]:
    class Remembers(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.known: dict[int, tuple[int, Sequence[Entry]]] = {}

        def read_since(self, tick: int) -> Sequence[Entry]:
            generation = len(self.entries) % 2**bits
            known = self.known.get(tick)
            if known is None or known[0] != generation:
                self.known[tick] = known = (generation, super().read_since(tick))
            return known[1]

    return Remembers


class DropsWhatFillsABlock(TrackedWal):
    """Loses an entry whose bytes end where a block does."""

    def store(self, entry: Entry) -> None:
        if len(encode(entry)) % _BLOCK_BYTES:
            super().store(entry)


class SharesDatabase(TrackedWal):
    """All logs that are open at the same time are one: the database has a name of its own."""

    _open: ClassVar[weakref.WeakSet[Any]] = weakref.WeakSet()

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        for other in self._open:
            self.entries, self.tracker = other.entries, other.tracker
        self._open.add(self)

    def close(self) -> None:
        self._open.discard(self)


BROKEN_RARE_LOGS: Final[tuple[tuple[str, type[TrackedWal], str], ...]] = (
    ("unquotes formulas of sheets", _texts_changed(_without_quote), "WAL-01"),
    ("cuts at the end of a document", _texts_changed(lambda t, _: t.split("\n---\n")[0]), "WAL-01"),
    ("reads the null of a copy", _texts_changed(_copied), "WAL-01"),
    ("takes decimals for numbers", TakesDecimalsForNumbers, "WAL-09"),
    ("takes ticks for times", TakesTicksForTimes, "WAL-01"),
    ("remembers by 4 bits", _remembers_by_generation(4), "WAL-05"),
    ("remembers by 8 bits", _remembers_by_generation(8), "WAL-05"),
    ("drops what fills a block", DropsWhatFillsABlock, "WAL-01"),
    ("shares a database", SharesDatabase, "WAL-07"),
)


def _events_changed(
    change: Callable[[tuple[TopologyPerturbation, ...]], Sequence[TopologyPerturbation]],
) -> type[MapCache]:
    class Changed(MapCache):
        def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
            response = entry.outcome.response
            if isinstance(response, TopologyEventsResponse):
                events = TopologyEventsResponse(tuple(change(response.events)))
                outcome = dataclasses.replace(entry.outcome, response=events)
                entry = dataclasses.replace(entry, outcome=outcome)
            super().put(entry)

    return Changed


def _sorted_ends(events: tuple[TopologyPerturbation, ...]) -> list[TopologyPerturbation]:
    return [
        Heal(*sorted((each.from_, each.to))) if isinstance(each, Heal) else each for each in events
    ]


def _without_loops(events: tuple[TopologyPerturbation, ...]) -> list[TopologyPerturbation]:
    return [each for each in events if not isinstance(each, Heal) or each.from_ != each.to]


def _each_crash_once(events: tuple[TopologyPerturbation, ...]) -> list[TopologyPerturbation]:
    return [
        each
        for index, each in enumerate(events)
        if not isinstance(each, Crash) or each not in events[:index]
    ]


class DropsOutcomesThatFillABlock(MapCache):
    """Loses an entry whose bytes end where a block does."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        if len(encode(entry)) % _BLOCK_BYTES:
            super().put(entry)


class SharesMap(MapCache):
    """All caches that are open at the same time are one."""

    _open: ClassVar[weakref.WeakSet[Any]] = weakref.WeakSet()

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        for other in self._open:
            self.entries = other.entries
        self._open.add(self)

    def close(self) -> None:
        self._open.discard(self)


BROKEN_RARE_CACHES: Final[tuple[tuple[str, type[MapCache], str], ...]] = (
    ("sorts the ends of a link", _events_changed(_sorted_ends), "CACHE-02"),
    ("leaves out links to themselves", _events_changed(_without_loops), "CACHE-02"),
    ("has each crash once", _events_changed(_each_crash_once), "CACHE-02"),
    ("drops outcomes that fill a block", DropsOutcomesThatFillABlock, "CACHE-02"),
    ("shares a map", SharesMap, "CACHE-06"),
)


class JoinsIds(ChangesFinalizations):
    """Looks for a proof in all ids as one text."""

    def finalization(self, entry: Finalization, state: AgreementState) -> Finalization:
        ids = state.evidence_ids
        if entry.materialization_proof_id is None and "proof" in "".join(ids):
            return dataclasses.replace(entry, materialization_proof_id=ids[0])
        return entry


class SyncsToTheLastLog(OpenHandler):
    """Keeps the log in the class, so that all wrappers write to that of the last one."""

    _last: ClassVar[Any] = None

    def __init__(self, inner: EffectHandler, wal: AgreementWal, mode: WalSyncMode) -> None:
        super().__init__(inner, wal, mode)
        SyncsToTheLastLog._last = wal

    def store(self, sync: WalSyncRequest) -> EffectResult[None]:
        self._wal = SyncsToTheLastLog._last
        return super().store(sync)


BROKEN_RARE_WAL_HANDLERS: Final[tuple[tuple[str, WalHandlerFactory, str], ...]] = (
    ("syncs to the last log", SyncsToTheLastLog, "SYNC-04"),
    ("joins ids to find a proof", JoinsIds, "SYNC-07"),
)


class HasOneIdAtATime(StepwiseHandler):
    """Keeps the id of the request in itself, so that a request inside of another changes it."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.current = self.resolve(request)
        if self.current is None:
            return self._inner.handle_effect(request)
        found = self.look_up(self.current)
        if found is not None:
            return self.hit(request, found)
        outcome = self._inner.handle_effect(request)
        return self.keep(request, self.current, outcome)


class HasOneRequestAtATime(StepwiseHandler):
    """Keeps the request in itself, whose names go into what is stored."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.request = request
        return super().handle_effect(request)

    def keep(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EffectOutcome:
        return super().keep(self.request, evidence_id, outcome)


class AsksTheLastResolver(StepwiseHandler):
    """Keeps the resolver in the class."""

    _last: ClassVar[Any] = None

    def __init__(
        self, inner: EffectHandler, cache: EvidenceOutcomeCache, resolver: EvidenceIdResolverLike
    ) -> None:
        super().__init__(inner, cache, resolver)
        AsksTheLastResolver._last = resolver

    def resolve(self, request: EffectRequest) -> str | None:
        self.resolver = AsksTheLastResolver._last
        return super().resolve(request)


class PutsIntoTheLastCache(StepwiseHandler):
    """Keeps the cache in the class, for what it stores."""

    _last: ClassVar[Any] = None

    def __init__(
        self, inner: EffectHandler, cache: EvidenceOutcomeCache, resolver: EvidenceIdResolverLike
    ) -> None:
        super().__init__(inner, cache, resolver)
        PutsIntoTheLastCache._last = cache

    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        with self.lock:
            PutsIntoTheLastCache._last.put(entry)


BROKEN_RARE_EVIDENCE_HANDLERS: Final = (
    ("asks the last resolver", AsksTheLastResolver, "EVID-02"),
    ("puts into the last cache", PutsIntoTheLastCache, "EVID-05"),
    ("has one id at a time", HasOneIdAtATime, "EVID-05"),
    ("has one request at a time", HasOneRequestAtATime, "EVID-05"),
)
