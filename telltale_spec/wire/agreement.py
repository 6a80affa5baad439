"""The vocabulary of agreements: levels, outcomes, evidence, states, log entries."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from telltale_spec.errors import EscalationOrderError
from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.rust_debug import debug_name
from telltale_spec.wire.shapes import (
    BOOL,
    TEXT,
    U64,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    UnitEnumShape,
    wire,
)

__all__ = [
    "AGREEMENT_LEVEL",
    "FINALIZATION_OUTCOME",
    "WAL_ENTRY",
    "AgreementEvidence",
    "AgreementEvidenceKind",
    "AgreementLevel",
    "AgreementState",
    "AgreementWalArtifact",
    "AgreementWalEntry",
    "DebugNamedEnum",
    "Escalation",
    "EvidenceProduced",
    "Finalization",
    "FinalizationOutcome",
    "VisibilityGateCrossing",
    "WalSyncRequest",
]


class DebugNamedEnum(enum.Enum):
    """An enum whose values are wire names and which has Rust's Debug name besides.

    Source: DOM-05, WIRE-04.
    """

    debug_name: str

    def __init__(self, wire_name: str) -> None:
        self.debug_name = debug_name(wire_name)

    def to_dict(self) -> str:
        """Return the wire name."""
        return str(self.value)


class AgreementLevel(DebugNamedEnum):
    """How far an agreement has come. Source: DOM-04 (semantic_objects.rs 223-238)."""

    NONE = "none"
    PROVISIONAL = "provisional"
    SOFT_SAFE = "soft_safe"
    FINALIZED = "finalized"

    rank: int

    def __init__(self, wire_name: str) -> None:
        super().__init__(wire_name)
        self.rank = len(type(self).__members__)

    def at_least(self, required: AgreementLevel) -> bool:
        """Say whether this level's rank is the required one's or higher."""
        return self.rank >= required.rank


class FinalizationOutcome(DebugNamedEnum):
    """How an operation ended. Source: WIRE-04."""

    FINALIZED = "finalized"
    ABORTED = "aborted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"


class AgreementEvidenceKind(DebugNamedEnum):
    """What an evidence is made of. Source: WIRE-04."""

    WITNESS = "witness"
    CERTIFICATE = "certificate"
    COMMIT_FACT = "commit_fact"
    PUBLICATION = "publication"
    MATERIALIZATION = "materialization"


AGREEMENT_LEVEL: Final = UnitEnumShape(AgreementLevel)
FINALIZATION_OUTCOME: Final = UnitEnumShape(FinalizationOutcome)
EVIDENCE_KIND: Final = UnitEnumShape(AgreementEvidenceKind)
OPTIONAL_TEXT: Final = OptionShape(TEXT)
OPTIONAL_U64: Final = OptionShape(U64)


@dataclass(frozen=True, slots=True)
class AgreementEvidence(Record):
    """One piece of evidence for an agreement. Source: WIRE-04."""

    evidence_id: str = field(metadata=wire(TEXT))
    operation_id: str = field(metadata=wire(TEXT))
    session: int | None = field(metadata=wire(OPTIONAL_U64))
    owner_id: str | None = field(metadata=wire(OPTIONAL_TEXT))
    level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    kind: AgreementEvidenceKind = field(metadata=wire(EVIDENCE_KIND))
    reference: str = field(metadata=wire(TEXT))
    authoritative: bool = field(metadata=wire(BOOL))


@dataclass(frozen=True, slots=True)
class AgreementState(Record):
    """The agreement state of one operation, as a sync request carries it. Source: WIRE-11."""

    operation_id: str = field(metadata=wire(TEXT))
    session: int | None = field(metadata=wire(OPTIONAL_U64))
    owner_id: str | None = field(metadata=wire(OPTIONAL_TEXT))
    contract_name: str = field(metadata=wire(TEXT))
    level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    finalization: FinalizationOutcome | None = field(
        metadata=wire(OptionShape(FINALIZATION_OUTCOME))
    )
    evidence_ids: tuple[str, ...] = field(metadata=wire(ListShape(TEXT)))
    last_updated_tick: int | None = field(metadata=wire(OPTIONAL_U64))
    reason: str | None = field(metadata=wire(OPTIONAL_TEXT))


WAL_ENTRY: Final[InternallyTaggedShape[AgreementWalEntry]] = InternallyTaggedShape(
    "AgreementWalEntry", "kind"
)


@dataclass(frozen=True, slots=True)
class AgreementWalEntry(Variant):
    """One append-only agreement WAL entry; one of the four variants below.

    Equality is structural over all fields (ENT-03). Source: L45-95.
    """

    union: ClassVar[InternallyTaggedShape[AgreementWalEntry]] = WAL_ENTRY

    if TYPE_CHECKING:
        # Every variant has these: as fields, or worked out from what it holds (ENT-01).
        @property
        def tick(self) -> int:
            """Tick at which the entry was observed."""

        @property
        def operation_id(self) -> str:
            """Operation the entry belongs to."""

    def stable_identity(self) -> str:
        """Return the identity string of the entry, unescaped (ENT-02, L148-182)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Escalation(AgreementWalEntry):
    """The agreement level of one operation advanced. Source: L49-61."""

    variant_name: ClassVar[str] = "escalation"

    operation_id: str = field(metadata=wire(TEXT))
    previous_level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    new_level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    evidence_id: str | None = field(metadata=wire(OPTIONAL_TEXT))
    tick: int = field(metadata=wire(U64))

    def stable_identity(self) -> str:
        """Return the identity string of the entry, unescaped (ENT-02, L150-159)."""
        return (
            f"escalation:{self.operation_id}:{self.previous_level.debug_name}:"
            f"{self.new_level.debug_name}:{or_dash(self.evidence_id)}:{self.tick}"
        )


@dataclass(frozen=True, slots=True)
class EvidenceProduced(AgreementWalEntry):
    """A piece of agreement evidence became durable. Source: L63-68."""

    variant_name: ClassVar[str] = "evidence_produced"

    evidence: AgreementEvidence = field(metadata=wire(RecordShape(AgreementEvidence)))
    tick: int = field(metadata=wire(U64))

    @property
    def operation_id(self) -> str:
        """Operation named inside the evidence object (ENT-01, L142)."""
        return self.evidence.operation_id

    def stable_identity(self) -> str:
        """Return the identity string; most evidence fields are left out (ENT-02, L160-163)."""
        evidence = self.evidence
        return (
            f"evidence:{evidence.operation_id}:{evidence.evidence_id}:"
            f"{evidence.level.debug_name}:{self.tick}"
        )


@dataclass(frozen=True, slots=True)
class Finalization(AgreementWalEntry):
    """The outcome of one operation became durable. Source: L70-83."""

    variant_name: ClassVar[str] = "finalization"

    operation_id: str = field(metadata=wire(TEXT))
    outcome: FinalizationOutcome = field(metadata=wire(FINALIZATION_OUTCOME))
    materialization_proof_id: str | None = field(metadata=wire(OPTIONAL_TEXT))
    canonical_handle_id: str | None = field(metadata=wire(OPTIONAL_TEXT))
    tick: int = field(metadata=wire(U64))

    def stable_identity(self) -> str:
        """Return the identity string; a null and a "-" id look alike (ENT-02, F2, L164-174)."""
        return (
            f"finalization:{self.operation_id}:{self.outcome.debug_name}:"
            f"{or_dash(self.materialization_proof_id)}:"
            f"{or_dash(self.canonical_handle_id)}:{self.tick}"
        )


@dataclass(frozen=True, slots=True)
class VisibilityGateCrossing(AgreementWalEntry):
    """One visibility gate was crossed after durable confirmation. Source: L85-94."""

    variant_name: ClassVar[str] = "visibility_gate_crossing"

    operation_id: str = field(metadata=wire(TEXT))
    downstream_coroutine_id: str = field(metadata=wire(TEXT))
    gate_level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    tick: int = field(metadata=wire(U64))

    def stable_identity(self) -> str:
        """Return the identity string of the entry, unescaped (ENT-02, L175-180)."""
        return (
            f"gate:{self.operation_id}:{self.downstream_coroutine_id}:"
            f"{self.gate_level.debug_name}:{self.tick}"
        )


WAL_ENTRY.define(Escalation, EvidenceProduced, Finalization, VisibilityGateCrossing)


@dataclass(frozen=True, slots=True)
class AgreementWalArtifact(Record):
    """A whole agreement WAL. Construction and decoding never validate the order (ART-WAL-06)."""

    entries: tuple[AgreementWalEntry, ...] = field(default=(), metadata=wire(ListShape(WAL_ENTRY)))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (ART-WAL-01, L188-194).

        Nothing is sorted, so entries with tick 0 are returned by no ``tick`` (F8).
        """
        U64.check(tick, "read_since", "tick")
        return tuple([entry for entry in self.entries if entry.tick > tick])

    def validate_monotonic_escalations(self) -> None:
        """Raise :class:`EscalationOrderError` for the first escalation out of order.

        Only escalations are looked at, operation by operation (ART-WAL-02..05,
        L202-229).
        """
        tracker = EscalationTracker()
        for entry in self.entries:
            error = tracker.observe(entry)
            if error is not None:
                raise error


class EscalationTracker:
    """Check the escalation order of a growing log, one entry at a time.

    The state is one level an operation, so the cost of an entry does not
    depend on the length of the log. An entry that is out of order leaves the
    state as it was. Source: ART-WAL-02..05 (L202-229).
    """

    __slots__ = ("_last_levels", "entries_count")

    def __init__(self) -> None:
        self._last_levels: dict[str, AgreementLevel] = {}
        self.entries_count = 0

    def observe(self, entry: AgreementWalEntry) -> EscalationOrderError | None:
        """Take the next entry; return the error it makes, or ``None``."""
        entry_index = self.entries_count
        self.entries_count += 1
        if not isinstance(entry, Escalation):
            return None
        last_level = self._last_levels.get(entry.operation_id)
        error = escalation_order_error(entry, last_level, entry_index)
        if error is None:
            self._last_levels[entry.operation_id] = entry.new_level
        return error

    def preview(self, entry: AgreementWalEntry) -> EscalationOrderError | None:
        """Return the error that ``entry`` would make, without taking it."""
        if not isinstance(entry, Escalation):
            return None
        last_level = self._last_levels.get(entry.operation_id)
        return escalation_order_error(entry, last_level, self.entries_count)


def escalation_order_error(
    entry: Escalation, last_level: AgreementLevel | None, entry_index: int
) -> EscalationOrderError | None:
    """Return the order error of one escalation after ``last_level``, or ``None``.

    The entry's own regression is tested before its place in the log
    (ART-WAL-03, ART-WAL-04, L214-225).
    """
    previous, new = entry.previous_level, entry.new_level
    own_regression = new.rank < previous.rank
    if not own_regression:
        if last_level is None:
            return None
        if previous.rank >= last_level.rank and new.rank >= last_level.rank:
            return None
    return EscalationOrderError(
        entry.operation_id,
        previous.debug_name,
        new.debug_name,
        None if own_regression or last_level is None else last_level.debug_name,
        entry_index,
    )


@dataclass(frozen=True, slots=True)
class WalSyncRequest(Record):
    """The payload of the internal ``wal_sync`` effect. Source: L104-121, WIRE-11."""

    operation_id: str = field(metadata=wire(TEXT))
    downstream_coroutine_id: str = field(metadata=wire(TEXT))
    gate_level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    agreement_state: AgreementState | None = field(
        metadata=wire(OptionShape(RecordShape(AgreementState)))
    )
    agreement_evidence: tuple[AgreementEvidence, ...] = field(
        metadata=wire(ListShape(RecordShape(AgreementEvidence)), has_default=True)
    )
    tick: int = field(metadata=wire(U64))


def or_dash(text: str | None) -> str:
    """Return a text, or the dash that stands for an absent one (ENT-02, INSPECT-01)."""
    return "-" if text is None else text
