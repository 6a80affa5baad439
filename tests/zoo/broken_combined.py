"""Logs, caches, handlers and functions that are wrong where two things meet, or at one size."""

from __future__ import annotations

import re
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cbor2

from conformance.backend import EvidenceHandlerFactory, RecoveryFunction, WalHandlerFactory
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    EffectFailure,
    EffectOutcome,
    EffectResult,
    Failure,
    FailureStatus,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import NatValue, ProdValue, StrValue, UnitValue, Value
from tests.zoo.broken_codecs import CorrectCodec
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_long_caches import MapCache
from tests.zoo.broken_long_logs import TrackedWal
from tests.zoo.broken_recoveries import correct
from tests.zoo.broken_wal_handlers import OpenHandler

__all__ = [
    "BROKEN_COMBINED_CACHES",
    "BROKEN_COMBINED_CODECS",
    "BROKEN_COMBINED_EVIDENCE_HANDLERS",
    "BROKEN_COMBINED_LOGS",
    "BROKEN_COMBINED_RECOVERIES",
    "BROKEN_COMBINED_WAL_HANDLERS",
]

Entry = AgreementWalEntry
CacheEntry = EvidenceOutcomeCacheEntry
_LEVELS: Final = tuple(AgreementLevel)


# Logs


def stores(change: Callable[[Any], Any]) -> type[TrackedWal]:
    """Return a log that stores another entry than it was given."""

    class Stores(TrackedWal):
        def store(self, entry: Entry) -> None:
            super().store(change(entry))

    return Stores


def forgets_levels(forgets: Callable[[Sequence[Entry]], str | None]) -> type[TrackedWal]:
    """Return a log that forgets the level of an operation, which what it holds tells it."""

    class ForgetsLevels(TrackedWal):
        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.levels: dict[str, AgreementLevel] = {}

        def append(self, entry: Entry) -> None:
            if isinstance(entry, Escalation):
                last = self.levels.get(entry.operation_id, AgreementLevel.NONE)
                if not last.rank <= entry.previous_level.rank <= entry.new_level.rank:
                    raise DurabilityError("out of order")
                self.levels[entry.operation_id] = entry.new_level
            self.store(entry)
            forgotten = forgets(self.entries)
            if forgotten is not None:
                self.levels.pop(forgotten, None)

    return ForgetsLevels


def _ended_behind_a_gate(entries: Sequence[Entry]) -> str | None:
    gate, end = (*entries[-2:-1], None)[0], entries[-1]
    is_pair = isinstance(gate, VisibilityGateCrossing) and isinstance(end, Finalization)
    return end.operation_id if is_pair and gate.gate_level.rank > 1 else None  # type: ignore[union-attr]


def _named_elsewhere(entries: Sequence[Entry]) -> str | None:
    last = entries[-1]
    return last.canonical_handle_id if isinstance(last, Finalization) else None


def _risen_often(entries: Sequence[Entry]) -> str | None:
    name = entries[-1].operation_id
    count = sum(isinstance(each, Escalation) and each.operation_id == name for each in entries)
    return name if count > 200 else None


class TakesWhatEvidenceBears(TrackedWal):
    """An escalation to the level of evidence that it names is taken whatever came before."""

    def append(self, entry: Entry) -> None:
        if isinstance(entry, Escalation) and entry.new_level.rank >= entry.previous_level.rank:
            borne = {
                each.evidence.level
                for each in self.entries
                if isinstance(each, EvidenceProduced)
                and each.evidence.evidence_id == entry.evidence_id
            }
            if entry.new_level in borne:
                self.store(entry)
                return
        super().append(entry)


class KeepsOneArtifact(TrackedWal):
    """Every load gives the same artifact, which later ones change."""

    artifact: AgreementWalArtifact | None = None

    def load(self) -> AgreementWalArtifact:
        if self.artifact is None:
            self.artifact = super().load()
        object.__setattr__(self.artifact, "entries", tuple(self.entries))
        return self.artifact


class KeepsTheSuffixOfALoad(TrackedWal):
    """A suffix that is read right behind a load is kept until the next load."""

    is_loaded = False
    suffix: tuple[int, tuple[Entry, ...]] | None = None

    def load(self) -> AgreementWalArtifact:
        self.is_loaded, self.suffix = True, None
        return super().load()

    def store(self, entry: Entry) -> None:
        super().store(entry)
        self.is_loaded = False
        if not isinstance(entry, Finalization):
            self.suffix = None

    def read_since(self, tick: int) -> Sequence[Entry]:
        if self.suffix is not None and self.suffix[0] == tick:
            return self.suffix[1]
        found = tuple(super().read_since(tick))
        if self.is_loaded:
            self.suffix = (tick, found)
        return found


def keeps_newest(count: int) -> type[TrackedWal]:
    """Return a log that keeps so many of its newest entries."""

    class KeepsNewest(TrackedWal):
        def store(self, entry: Entry) -> None:
            super().store(entry)
            if len(self.entries) > count:
                del self.entries[0]

    return KeepsNewest


class ChangesItsEntries(TrackedWal):
    """References are stripped in the record that was given, which is the caller's."""

    def store(self, entry: Entry) -> None:
        if isinstance(entry, EvidenceProduced):
            object.__setattr__(entry.evidence, "reference", entry.evidence.reference.strip())
        super().store(entry)


class WornByLooks(TrackedWal):
    """Its last entry is gone once it was looked at 200 times in a row."""

    looks = 0

    def store(self, entry: Entry) -> None:
        super().store(entry)
        self.looks = 0

    def load(self) -> AgreementWalArtifact:
        self.looks += 1
        if self.looks == 200:
            self.entries = self.entries[:-1]
        return super().load()


def _no_handle_of_its_own(entry: Any) -> Any:
    same = isinstance(entry, Finalization) and (
        entry.canonical_handle_id == entry.materialization_proof_id
    )
    return replace(entry, canonical_handle_id=None) if same else entry


def _without_joiners(entry: Any) -> Any:
    if not isinstance(entry, EvidenceProduced):
        return entry
    reference = entry.evidence.reference.replace("\u200d", "").replace("\u2060", "")
    return replace(entry, evidence=replace(entry.evidence, reference=reference))


def _small_hexadecimals(entry: Any) -> Any:
    if not isinstance(entry, EvidenceProduced):
        return entry
    reference = entry.evidence.reference
    if re.fullmatch(r"[0-9A-Fa-f-]{32,36}", reference):
        reference = reference.lower()
    return replace(entry, evidence=replace(entry.evidence, reference=reference))


BROKEN_COMBINED_LOGS: Final[tuple[tuple[str, type[TrackedWal], str], ...]] = (
    ("forgets levels at an end behind a gate", forgets_levels(_ended_behind_a_gate), "WAL-03"),
    ("forgets levels of handles", forgets_levels(_named_elsewhere), "WAL-03"),
    ("forgets levels risen 200 times", forgets_levels(_risen_often), "WAL-03"),
    ("takes what evidence bears", TakesWhatEvidenceBears, "WAL-03"),
    ("keeps one artifact", KeepsOneArtifact, "WAL-06"),
    ("keeps the suffix of a load", KeepsTheSuffixOfALoad, "WAL-05"),
    ("keeps 4,096", keeps_newest(4_096), "WAL-02"),
    ("changes its entries", ChangesItsEntries, "WAL-01"),
    ("worn by looks", WornByLooks, "WAL-06"),
    ("no handle of its own", stores(_no_handle_of_its_own), "WAL-01"),
    ("no joiners", stores(_without_joiners), "WAL-01"),
    ("small hexadecimals", stores(_small_hexadecimals), "WAL-01"),
    (
        "a tick of 2^35 is none",
        stores(lambda entry: replace(entry, tick=entry.tick % 2**35 or entry.tick % 2**34)),
        "WAL-01",
    ),
    (
        "days of another era",
        stores(
            lambda entry: replace(entry, tick=0) if entry.tick == 946_684_800 else entry,
        ),
        "WAL-01",
    ),
)
"""Name, factory, and the requirement by which the log is failed."""


# Caches


def keeps_values(change: Callable[[Value], Value]) -> type[MapCache]:
    """Return a cache that keeps another value of an acquisition than it was given."""

    class KeepsValues(MapCache):
        def put(self, entry: CacheEntry) -> None:
            response = entry.outcome.response
            if isinstance(response, AcquireResponse):
                changed = AcquireResponse(change(response.evidence))
                entry = replace(entry, outcome=replace(entry.outcome, response=changed))
            super().put(entry)

    return KeepsValues


def _sorted_pairs(value: Value) -> Value:
    match value:
        case ProdValue(NatValue(left), NatValue(right)) if left > right:
            return ProdValue(NatValue(right), NatValue(left))
        case _:
            return value


def _shallow(value: Value, depth: int = 40) -> Value:
    if not isinstance(value, ProdValue):
        return value
    return ProdValue(value.left, _shallow(value.right, depth - 1)) if depth else UnitValue()


def _whole_pages(value: Value) -> Value:
    if isinstance(value, StrValue) and len(value.value) > 2**16:
        return StrValue(value.value[: len(value.value) // 2**16 * 2**16])
    return value


class OneCyrillicLetter(MapCache):
    """One letter of another alphabet is taken for ours."""

    def key(self, evidence_id: str) -> str:
        return evidence_id.replace("\u043e", "o")


class KeepsOneCacheArtifact(MapCache):
    """Every load gives the same artifact, which later ones change."""

    artifact: EvidenceOutcomeCacheArtifact | None = None

    def load(self) -> EvidenceOutcomeCacheArtifact:
        if self.artifact is None:
            self.artifact = super().load()
        object.__setattr__(self.artifact, "entries", tuple(self.entries.values()))
        return self.artifact


class ChangesItsOutcomes(MapCache):
    """Messages are stripped in the outcome that was given, which is the caller's."""

    def put(self, entry: CacheEntry) -> None:
        status = entry.outcome.status
        if isinstance(status, FailureStatus):
            object.__setattr__(status.failure, "message", status.failure.message.strip())
        super().put(entry)


BROKEN_COMBINED_CACHES: Final[tuple[tuple[str, type[MapCache], str], ...]] = (
    ("sorts pairs", keeps_values(_sorted_pairs), "CACHE-02"),
    ("no deeper than forty", keeps_values(_shallow), "CACHE-02"),
    ("whole pages of texts", keeps_values(_whole_pages), "CACHE-02"),
    ("one Cyrillic letter", OneCyrillicLetter, "CACHE-01"),
    ("changes its outcomes", ChangesItsOutcomes, "CACHE-02"),
    ("keeps one cache artifact", KeepsOneCacheArtifact, "CACHE-06"),
)
"""Name, factory, and the requirement by which the cache is failed."""


# Handlers of the log


class TakesEvidenceOfOthers(OpenHandler):
    """Evidence belongs to a sync whose operation differs in blanks only."""

    def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
        own = tuple(
            replace(each, operation_id=sync.operation_id)
            if each.operation_id.strip() == sync.operation_id.strip()
            else each
            for each in sync.agreement_evidence
        )
        return super().build(existing, replace(sync, agreement_evidence=own))


def sees(change: Callable[[Sequence[Entry], WalSyncRequest], Sequence[Entry]]) -> Any:
    """Return a handler that sees another log than it loaded."""

    class Sees(OpenHandler):
        def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
            return super().build(change(existing, sync), sync)

    return Sees


def _without_dashes(existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
    return [
        each
        for each in existing
        if not isinstance(each, Finalization) or each.materialization_proof_id != "-"
    ]


def _newest(existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
    old = [each for each in existing[:-512] if not isinstance(each, Escalation)]
    return [*old, *existing[-512:]]


class EndedStays(OpenHandler):
    """An operation that timed out does not rise to the highest level any more."""

    def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
        state = sync.agreement_state
        ended = state is not None and state.finalization is FinalizationOutcome.TIMED_OUT
        return [
            each
            for each in super().build(existing, sync)
            if not (
                ended
                and isinstance(each, Escalation)
                and each.previous_level is AgreementLevel.SOFT_SAFE
            )
        ]


class ChangesItsRequests(OpenHandler):
    """What comes twice in a request is taken out of it, which is the caller's."""

    def build(self, existing: Sequence[Entry], sync: WalSyncRequest) -> Sequence[Entry]:
        once = tuple(dict.fromkeys(sync.agreement_evidence))
        object.__setattr__(sync, "agreement_evidence", once)
        return super().build(existing, sync)


class FillsItsMessage(OpenHandler):
    """The message of the failure mode is a template."""

    def failing(self, sync: WalSyncRequest, message: str) -> EffectResult[None]:
        text = message.replace("{operation_id}", sync.operation_id)
        return Failure(EffectFailure.unavailable(text))


BROKEN_COMBINED_WAL_HANDLERS: Final[tuple[tuple[str, WalHandlerFactory, str], ...]] = (
    ("takes evidence of others", TakesEvidenceOfOthers, "SYNC-04"),
    ("does not see dashes", sees(_without_dashes), "SYNC-05"),
    ("sees the newest escalations", sees(_newest), "SYNC-06"),
    ("ended stays", EndedStays, "SYNC-06"),
    ("changes its requests", ChangesItsRequests, "SYNC-10"),
    ("fills its message", FillsItsMessage, "SYNC-02"),
)
"""Name, factory, and the requirement by which the handler is failed."""


# Handlers of evidence


class HidesTheSession(StepwiseHandler):
    """The session is taken out of the request that was given, which is the caller's."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        object.__setattr__(request, "session", None)
        return super().handle_effect(request)


class MarksWhoIsInside(StepwiseHandler):
    """A thread that is inside with an id is blocked with it, also once it has escaped."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        inside = self.__dict__.setdefault("inside", set())
        mark = (self.resolve(request), threading.get_ident())
        if mark in inside:
            return EffectOutcome.blocked()
        inside.add(mark)
        outcome = super().handle_effect(request)
        inside.discard(mark)
        return outcome


class StartsAnewAtAChoice(StepwiseHandler):
    """What was asked before a choice is asked again behind it."""

    has_chosen = False

    def handle_choose(self, *arguments: Any) -> EffectResult[str]:
        self.has_chosen = True
        return super().handle_choose(*arguments)

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        if self.has_chosen:
            self.has_chosen = False
            return self._inner.handle_effect(request)
        return super().handle_effect(request)


BROKEN_COMBINED_EVIDENCE_HANDLERS: Final[tuple[tuple[str, EvidenceHandlerFactory, str], ...]] = (
    ("takes the session out", HidesTheSession, "EVID-02"),
    ("starts anew at a choice", StartsAnewAtAChoice, "EVID-02"),
    ("marks who is inside", MarksWhoIsInside, "WAL-09"),
)
"""Name, factory, and the requirement by which the handler is failed."""


# Recoveries


def _or_default(tick: int, machine: Any, wal: Any, cache: Any) -> Any:
    return correct(tick, machine or object(), wal, cache)


def _a_page(tick: int, machine: Any, wal: Any, cache: Any) -> Any:
    plan = correct(tick, machine, wal, cache)
    return replace(plan, decisions=plan.decisions[:1_000])


def _first_evidence_only(tick: int, machine: Any, wal: Any, cache: Any) -> Any:
    seen: Counter[str] = Counter()
    kept = []
    for entry in wal.entries:
        seen[entry.operation_id] += isinstance(entry, EvidenceProduced)
        if isinstance(entry, EvidenceProduced) and seen[entry.operation_id] > 64:
            entry = replace(entry, evidence=replace(entry.evidence, level=AgreementLevel.NONE))
        kept.append(entry)
    plan = correct(tick, machine, AgreementWalArtifact(tuple(kept)), cache)
    return replace(correct(tick, machine, wal, cache), decisions=plan.decisions)


def _named_does_not_count(tick: int, machine: Any, wal: Any, cache: Any) -> Any:
    named = {each.evidence_id for each in wal.entries if isinstance(each, Escalation)}
    blind = tuple(
        replace(each, evidence=replace(each.evidence, level=AgreementLevel.NONE))
        if isinstance(each, EvidenceProduced) and each.evidence.evidence_id in named
        else each
        for each in wal.entries
    )
    plan = correct(tick, machine, AgreementWalArtifact(blind), cache)
    return replace(correct(tick, machine, wal, cache), decisions=plan.decisions)


BROKEN_COMBINED_RECOVERIES: Final[tuple[tuple[str, RecoveryFunction, str], ...]] = (
    ("a machine or another", _or_default, "RECOV-09"),
    ("a page of a thousand", _a_page, "RECOV-03"),
    ("the first 64 pieces of evidence", _first_evidence_only, "RECOV-04"),
    ("evidence that was named does not count", _named_does_not_count, "RECOV-04"),
)
"""Name, function, and the requirement by which the recovery is failed."""


# Codecs


class ReadsEqualKeysTwice(CorrectCodec):
    """A key may come twice where both values are equal."""

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        try:
            return super().decode(data)
        except DurabilityError as error:
            if "duplicate field" not in str(error):
                raise
            # Which keeps the last of them.
            return super().decode(cbor2.dumps(cbor2.loads(data)))


class ReadsByChecksum(CorrectCodec):
    """What has a checksum that was read before is what was read then."""

    def __init__(self) -> None:
        self.read: dict[tuple[int, int], PersistedDurabilityArtifact] = {}

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        key = (len(data), zlib.crc32(data))
        if key not in self.read:
            self.read[key] = super().decode(data)
        return self.read[key]


class ReadsDigits(CorrectCodec):
    """A tick may be a text of two digits."""

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        found = re.sub(
            rb"\x64tick\x62([3-9][0-9])", lambda m: b"\x64tick\x18" + bytes([int(m[1])]), data
        )
        return super().decode(found)


class LeavesNoListOfMaps(CorrectCodec):
    """What is unknown cannot be left out where it has a map inside of a list."""

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        if b"\x67unknown\x82\x01\xa1" in data:
            raise DurabilityError("decode persisted durability artifact: cannot leave that out")
        return super().decode(data)


BROKEN_COMBINED_CODECS: Final[tuple[tuple[str, CorrectCodec, str], ...]] = (
    ("reads equal keys twice", ReadsEqualKeysTwice(), "DEC-05"),
    ("reads by checksum", ReadsByChecksum(), "ARTIFACT-06"),
    ("reads digits", ReadsDigits(), "DEC-16"),
    ("leaves no list of maps", LeavesNoListOfMaps(), "DEC-04"),
)
"""Name, codec, and the requirement by which the codec is failed."""
