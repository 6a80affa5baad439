"""Logs, caches and handlers that are wrong in one narrow place only, and right ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from conformance.backend import EvidenceHandlerFactory, WalHandlerFactory
from telltale_spec.backends.contract import (
    AgreementWal,
    EffectHandler,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import WalSyncMode
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResult,
    FailureStatus,
)
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_long_caches import MapCache
from tests.zoo.broken_long_logs import TrackedWal
from tests.zoo.broken_wal_handlers import OpenHandler

__all__ = [
    "BROKEN_NARROW_CACHES",
    "BROKEN_NARROW_EVIDENCE_HANDLERS",
    "BROKEN_NARROW_LOGS",
    "BROKEN_NARROW_WAL_HANDLERS",
    "RIGHT_NARROW_CACHES",
    "RIGHT_NARROW_EVIDENCE_HANDLERS",
    "RIGHT_NARROW_LOGS",
    "RIGHT_NARROW_WAL_HANDLERS",
]

Entry = AgreementWalEntry
CacheEntry = EvidenceOutcomeCacheEntry


# Logs


def column_of(limit: int, *, in_bytes: bool) -> type[TrackedWal]:
    """Return a log that refuses references beyond a limit, and keeps as many bytes of one.

    Whether it counts bytes or characters when it refuses makes it right or wrong.
    """

    class Column(TrackedWal):
        def append(self, entry: Entry) -> None:
            if isinstance(entry, EvidenceProduced):
                reference = entry.evidence.reference
                if len(reference.encode() if in_bytes else reference) > limit:
                    raise DurabilityError("the reference is too long")
            super().append(entry)

        def store(self, entry: Entry) -> None:
            if isinstance(entry, EvidenceProduced):
                kept = entry.evidence.reference.encode()[:limit].decode(errors="ignore")
                entry = replace(entry, evidence=replace(entry.evidence, reference=kept))
            super().store(entry)

    return Column


def keeps_suffixes(is_told: Callable[[Entry], bool]) -> type[TrackedWal]:
    """Return a log that keeps the suffixes it gave until it is told of an entry."""

    class KeepsSuffixes(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.suffixes: dict[int, Sequence[Entry]] = {}

        def store(self, entry: Entry) -> None:
            super().store(entry)
            if is_told(entry):
                self.suffixes.clear()

        def read_since(self, tick: int) -> Sequence[Entry]:
            if tick not in self.suffixes:
                self.suffixes[tick] = tuple(super().read_since(tick))
            return self.suffixes[tick]

    return KeepsSuffixes


def _is_no_soft_gate(entry: Entry) -> bool:
    is_gate = isinstance(entry, VisibilityGateCrossing)
    return not (is_gate and entry.gate_level is AgreementLevel.SOFT_SAFE)  # type: ignore[attr-defined]


def rows_by(key: Callable[[AgreementEvidence], Any]) -> type[TrackedWal]:
    """Return a log that keeps equal evidence as one row, and tells rows apart by a key."""

    class Rows(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.rows: dict[Any, AgreementEvidence] = {}

        def store(self, entry: Entry) -> None:
            if isinstance(entry, EvidenceProduced):
                row = self.rows.setdefault(key(entry.evidence), entry.evidence)
                entry = replace(entry, evidence=row)
            super().store(entry)

    return Rows


def steps_beyond(largest: int) -> type[TrackedWal]:
    """Return a log that keeps the step from tick to tick, and a tick in full beyond the largest.

    The largest itself has no place in either.
    """

    class Steps(TrackedWal):
        last = 0

        def store(self, entry: Entry) -> None:
            step, self.last = entry.tick - self.last, entry.tick
            kept = entry.tick if abs(step) != largest else entry.tick - step
            super().store(replace(entry, tick=kept))  # type: ignore[call-arg]

    return Steps


def gives_up_after(refusals: int) -> type[TrackedWal]:
    """Return a log that takes nothing any more once it refused so many entries in a row."""

    class GivesUp(TrackedWal):
        refused = 0

        def append(self, entry: Entry) -> None:
            if self.refused >= refusals:
                raise DurabilityError("closed after too many errors")
            try:
                super().append(entry)
            except DurabilityError:
                self.refused += 1
                raise
            self.refused = 0

    return GivesUp


BROKEN_NARROW_LOGS: Final[tuple[tuple[str, type[TrackedWal], str], ...]] = (
    ("counts characters, keeps bytes", column_of(4_096, in_bytes=False), "WAL-01"),
    ("keeps suffixes behind soft gates", keeps_suffixes(_is_no_soft_gate), "WAL-05"),
    (
        "keeps suffixes behind evidence with an owner",
        keeps_suffixes(
            lambda entry: (
                not (isinstance(entry, EvidenceProduced) and entry.evidence.owner_id == "0")
            )
        ),
        "WAL-05",
    ),
    ("rows without certainty", rows_by(lambda each: replace(each, authoritative=True)), "WAL-01"),
    ("rows without sessions", rows_by(lambda each: replace(each, session=None)), "WAL-01"),
    ("a step of 128", steps_beyond(128), "WAL-01"),
    ("a step of 2^28", steps_beyond(2**28), "WAL-01"),
    ("gives up after ten refusals", gives_up_after(10), "WAL-13.accept"),
)
"""Name, factory, and the requirement by which the log is failed."""

RIGHT_NARROW_LOGS: Final[tuple[tuple[str, type[TrackedWal]], ...]] = (
    ("counts and keeps bytes", column_of(4_096, in_bytes=True)),
    ("keeps suffixes until anything comes", keeps_suffixes(lambda entry: True)),
    ("rows", rows_by(lambda each: each)),
    ("steps", steps_beyond(2**64)),
    ("never gives up", gives_up_after(2**62)),
)
"""Name and factory of logs of the same kinds that are right."""


# Caches


def room_for(count: int) -> type[MapCache]:
    """Return a cache that forgets the oldest of more ids than it has room for."""

    class RoomFor(MapCache):
        def put(self, entry: CacheEntry) -> None:
            super().put(entry)
            while len(self.entries) > count:
                del self.entries[next(iter(self.entries))]

    return RoomFor


class AnswersByName(MapCache):
    """An id that is the name of a method finds the method."""

    def get(self, evidence_id: str) -> CacheEntry | None:
        return self.entries.get(evidence_id) or getattr(self.entries, evidence_id, None)


def empty_as(word: str) -> type[MapCache]:
    """Return a cache that keeps the empty id under a word, as its store knows no empty key."""

    class EmptyAs(MapCache):
        def key(self, evidence_id: str) -> str:
            return evidence_id or word

    return EmptyAs


class NoMessageNoKind(MapCache):
    """A failure that says nothing comes back as one that is not known."""

    def put(self, entry: CacheEntry) -> None:
        status = entry.outcome.status
        if isinstance(status, FailureStatus) and not status.failure.message:
            unknown = FailureStatus(EffectFailure(EffectFailureKind.UNKNOWN, ""))
            entry = replace(entry, outcome=replace(entry.outcome, status=unknown))
        super().put(entry)


BROKEN_NARROW_CACHES: Final[tuple[tuple[str, type[MapCache], str], ...]] = (
    ("room for a thousand", room_for(1_000), "CACHE-02"),
    ("answers by name", AnswersByName, "CACHE-01"),
    ("the empty id as (empty)", empty_as("(empty)"), "CACHE-01"),
    ("the empty id as none", empty_as("none"), "CACHE-01"),
    ("no message, no kind", NoMessageNoKind, "CACHE-02"),
)
"""Name, factory, and the requirement by which the cache is failed."""

RIGHT_NARROW_CACHES: Final[tuple[tuple[str, type[MapCache]], ...]] = (
    ("room for all", room_for(2**62)),
    ("the empty id as itself", empty_as("")),
)
"""Name and factory of caches of the same kinds that are right."""


# Handlers of the log


class PrefersABeginning(OpenHandler):
    """It takes the first id that begins with the word for the proof, wherever it stands."""

    def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
        state = sync.agreement_state
        ids = () if state is None else state.evidence_ids
        proof = next((each for each in ids if each.startswith("proof")), None)
        if state is not None and proof is not None:
            sync = replace(sync, agreement_state=replace(state, evidence_ids=(proof,)))
        return super().build(existing, sync)


def compares_parts_beyond(count: int) -> type[OpenHandler]:
    """Return a handler that tells gates apart without their levels in a log of more entries."""

    class ComparesParts(OpenHandler):
        def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
            found = super().build(existing, sync)
            if len(existing) <= count:
                return found
            known = {self._parts(each) for each in existing} - {None}
            return [each for each in found if self._parts(each) not in known]

        def _parts(self, entry: Entry) -> tuple[Any, ...] | None:
            if not isinstance(entry, VisibilityGateCrossing):
                return None
            return (entry.operation_id, entry.downstream_coroutine_id, entry.tick)

    return ComparesParts


def rests_after(failures: int) -> WalHandlerFactory:
    """Return a handler that asks the log no more after so many failures in a row."""

    class Rests(OpenHandler):
        def __init__(self, inner: EffectHandler, wal: AgreementWal, mode: WalSyncMode) -> None:
            super().__init__(inner, wal, mode)
            self.failures = 0

        def store(self, sync: WalSyncRequest) -> EffectResult[None]:
            if self.failures >= failures:
                return self.failed("load", sync, DurabilityError("resting"))
            self.failures += 1
            return super().store(sync)

        def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
            self.failures = 0
            return super().build(existing, sync)

    return Rests


def rises_from(key: Callable[[str], str]) -> type[OpenHandler]:
    """Return a handler that takes the level of operations whose names have one key."""

    class RisesFrom(OpenHandler):
        def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
            risen = [
                replace(entry, operation_id=sync.operation_id)
                for entry in existing
                if isinstance(entry, Escalation)
                and key(entry.operation_id) == key(sync.operation_id)
            ]
            known = {entry.stable_identity() for entry in existing}
            built = build_entries(risen, sync)
            return [entry for entry in built if entry.stable_identity() not in known]

    return RisesFrom


class LooksTwice(OpenHandler):
    """It looks at the log once more before it begins, and proposes from what it sees then."""

    def store(self, sync: WalSyncRequest) -> EffectResult[None]:
        try:
            self._wal.load()
        except DurabilityError as error:
            return self.failed("load", sync, error)
        return super().store(sync)


BROKEN_NARROW_WAL_HANDLERS: Final[tuple[tuple[str, WalHandlerFactory, str], ...]] = (
    ("prefers a beginning", PrefersABeginning, "SYNC-07"),
    ("compares parts in a log of 300", compares_parts_beyond(300), "SYNC-05"),
    ("rests after ten failures", rests_after(10), "SYNC-04"),
    ("rises from stripped operations", rises_from(str.strip), "SYNC-06"),
    ("rises from operations of one start", rises_from(lambda name: name[:100]), "SYNC-06"),
)
"""Name, factory, and the requirement by which the handler is failed."""

RIGHT_NARROW_WAL_HANDLERS: Final[tuple[tuple[str, WalHandlerFactory], ...]] = (
    ("looks twice", LooksTwice),
    ("never compares parts", compares_parts_beyond(2**62)),
    ("never rests", rests_after(2**62)),
    ("rises from itself", rises_from(lambda name: name)),
)
"""Name and factory of handlers of the same kinds that are right."""


# Handlers of evidence


def filled_in(template: str, *, at_once: bool) -> type[StepwiseHandler]:
    """Return a handler that fills its texts in, all places at once or one after the other."""

    class FilledIn(StepwiseHandler):
        def read_failure(
            self, request: Any, evidence_id: str, error: DurabilityError
        ) -> EffectOutcome:
            if at_once:
                text = template.format(key=evidence_id, cause=error)
            else:
                text = template.replace("{key}", evidence_id).replace("{cause}", str(error))
            return EffectOutcome.failed(EffectFailure.unavailable(text))

    return FilledIn


def forgets_after(failures: int) -> EvidenceHandlerFactory:
    """Return a handler that does without its cache after so many failed look-ups in a row."""

    class Forgets(StepwiseHandler):
        def __init__(
            self,
            inner: EffectHandler,
            cache: EvidenceOutcomeCache,
            resolver: EvidenceIdResolverLike,
        ) -> None:
            super().__init__(inner, cache, resolver)
            self.failures = 0

        def look_up(self, evidence_id: str) -> CacheEntry | None:
            if self.failures >= failures:
                return None
            self.failures += 1
            found = super().look_up(evidence_id)
            self.failures = 0
            return found

    return Forgets


_TEXT: Final = "load evidence outcome cache `{key}`: {cause}"

BROKEN_NARROW_EVIDENCE_HANDLERS: Final[tuple[tuple[str, EvidenceHandlerFactory, str], ...]] = (
    ("fills in place by place", filled_in(_TEXT, at_once=False), "EVID-04"),
    ("does without its cache after ten failures", forgets_after(10), "EVID-05"),
)
"""Name, factory, and the requirement by which the handler is failed."""

RIGHT_NARROW_EVIDENCE_HANDLERS: Final[tuple[tuple[str, EvidenceHandlerFactory], ...]] = (
    ("fills in at once", filled_in(_TEXT, at_once=True)),
    ("never does without its cache", forgets_after(2**62)),
)
"""Name and factory of handlers of the same kinds that are right."""
