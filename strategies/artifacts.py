"""Whole logs, caches and persisted artifacts, valid and invalid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies._arguments import require_at_least
from strategies._lists import sparse_lists
from strategies.alphabets import COLLIDING, Alphabet
from strategies.outcomes import OutcomeConsistency, cache_entries
from strategies.values import escalations, recovery_metadata, wal_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.limits import PERSISTED_DURABILITY_SCHEMA_VERSION
from telltale_spec.wire.persisted import PersistedDurabilityArtifact, PersistedDurabilityPayload
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "InvalidWal",
    "cache_artifacts",
    "checkpoints",
    "invalid_wal_artifacts",
    "invalid_wals",
    "persisted_artifacts",
    "unknown_version_artifacts",
    "valid_entries",
    "wal_artifacts",
]

_ENTRIES_MAX = 12

_OTHER_VERSIONS: Final = (
    "telltale.machine.durability.v2",
    "",
    "v1",
    f"{PERSISTED_DURABILITY_SCHEMA_VERSION} ",
    PERSISTED_DURABILITY_SCHEMA_VERSION.upper(),
)

_LEVELS: Final = tuple(AgreementLevel)
_REGRESSIONS: Final = tuple(
    (previous, new) for previous in _LEVELS for new in _LEVELS if new.rank < previous.rank
)
# Last level of the operation, then an escalation that is in order by itself but
# starts below that level.
_REORDERINGS: Final = tuple(
    (last, previous, new)
    for last in _LEVELS
    for previous in _LEVELS
    for new in _LEVELS
    if previous.rank < last.rank and new.rank >= previous.rank
)


@dataclass(frozen=True, slots=True)
class InvalidWal:
    """Hold a log that breaks the escalation order, and the index of its first offence."""

    wal: AgreementWalArtifact
    entry_index: int


def valid_entries(entries: Iterable[AgreementWalEntry]) -> tuple[AgreementWalEntry, ...]:
    """Return the entries with the levels of escalations raised until the order holds.

    An escalation that is valid where it stands is kept as it is. Source:
    ART-WAL-02..05.
    """
    last_levels: dict[str, AgreementLevel] = {}
    valid: list[AgreementWalEntry] = []
    for entry in entries:
        kept = entry
        if isinstance(entry, Escalation):
            last_level = last_levels.get(entry.operation_id, AgreementLevel.NONE)
            kept = _raised(entry, last_level)
            last_levels[kept.operation_id] = kept.new_level
        valid.append(kept)
    return tuple(valid)


def wal_artifacts(
    *, alphabet: Alphabet = COLLIDING, max_size: int = _ENTRIES_MAX
) -> SearchStrategy[AgreementWalArtifact]:
    """Describe logs whose escalations are in order, of at most ``max_size`` entries.

    Ticks come in any order. Raises :class:`~telltale_spec.errors.DomainError`
    for a negative ``max_size``. Source: ART-WAL-02..06, C3.
    """
    return _entry_lists("wal_artifacts", alphabet, max_size).map(_valid_wal)


def invalid_wals(
    *, alphabet: Alphabet = COLLIDING, max_size: int = _ENTRIES_MAX
) -> SearchStrategy[InvalidWal]:
    """Describe logs with an escalation out of order, and say where the first one is.

    The offending escalation regresses by itself or starts below the level its
    operation had; anything may follow it. ``max_size`` is at least 2. Raises
    :class:`~telltale_spec.errors.DomainError` for less. Source: ART-WAL-03..05.
    """

    def definition() -> SearchStrategy[InvalidWal]:
        require_at_least("invalid_wals", "max_size", max_size, 2)
        # Two places are kept for the offence; what is around it shares the rest.
        around = sparse_lists(wal_entries(alphabet=alphabet), max_size=(max_size - 2) // 2)
        level_runs: list[tuple[AgreementLevel, ...]] = [*_REGRESSIONS, *_REORDERINGS]
        return st.builds(
            _invalid_wal,
            before=around,
            escalation=escalations(alphabet=alphabet),
            levels=st.sampled_from(level_runs),
            after=around,
        )

    return st.deferred(definition)


def invalid_wal_artifacts(
    *, alphabet: Alphabet = COLLIDING, max_size: int = _ENTRIES_MAX
) -> SearchStrategy[AgreementWalArtifact]:
    """Describe logs with an escalation out of order; see :func:`invalid_wals`."""
    return invalid_wals(alphabet=alphabet, max_size=max_size).map(_wal_of)


def cache_artifacts(
    *,
    alphabet: Alphabet = COLLIDING,
    max_size: int = 5,
    allow_duplicate_ids: bool = False,
    consistency: OutcomeConsistency = OutcomeConsistency.CONSISTENT,
) -> SearchStrategy[EvidenceOutcomeCacheArtifact]:
    """Describe caches of at most ``max_size`` entries, by default with each id once.

    Raises :class:`~telltale_spec.errors.DomainError` for a negative
    ``max_size``. Source: CACHE-03, CACHE-05, F18.
    """

    def definition() -> SearchStrategy[EvidenceOutcomeCacheArtifact]:
        require_at_least("cache_artifacts", "max_size", max_size, 0)
        entry = cache_entries(alphabet=alphabet, consistency=consistency)
        entries = sparse_lists(entry, max_size=max_size)
        if not allow_duplicate_ids:
            entries = entries.map(_with_unique_ids)
        return st.builds(EvidenceOutcomeCacheArtifact, entries)

    return st.deferred(definition)


def persisted_artifacts(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[PersistedDurabilityArtifact]:
    """Describe persisted artifacts of all three payloads, of the known version.

    Nothing but the domain is kept: logs may be out of order, cache ids may
    repeat and outcomes may contradict themselves. Source: ARTIFACT-01,
    ARTIFACT-06, F18.
    """
    entries = sparse_lists(wal_entries(alphabet=alphabet), max_size=_ENTRIES_MAX)
    caches = cache_artifacts(
        alphabet=alphabet, allow_duplicate_ids=True, consistency=OutcomeConsistency.ANY
    )
    artifact = PersistedDurabilityArtifact
    return st.one_of(
        st.builds(AgreementWalArtifact, entries).map(artifact.agreement_wal),
        caches.map(artifact.evidence_outcome_cache),
        recovery_metadata(alphabet=alphabet).map(artifact.recovery_metadata),
    )


def unknown_version_artifacts(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[PersistedDurabilityArtifact]:
    """Describe artifacts that are well formed and of a version nobody knows. Source: DEC-31."""
    return st.builds(
        PersistedDurabilityArtifact,
        schema_version=st.sampled_from(_OTHER_VERSIONS),
        payload=persisted_artifacts(alphabet=alphabet).map(_payload_of),
    )


def checkpoints(entries: Sequence[AgreementWalEntry]) -> SearchStrategy[int]:
    """Describe the checkpoint ticks that matter to a log, lowest first.

    These are 0, 2^64-1 and, for each entry, its tick and the ticks beside it.
    Source: I-05, ART-WAL-01.
    """
    ticks = {0, U64_MAX}
    for entry in entries:
        beside = (entry.tick - 1, entry.tick, entry.tick + 1)
        ticks.update(tick for tick in beside if 0 <= tick <= U64_MAX)
    return st.sampled_from(sorted(ticks))


def _raised(entry: Escalation, last_level: AgreementLevel) -> Escalation:
    previous = max(entry.previous_level, last_level, key=_rank)
    new = max(entry.new_level, previous, key=_rank)
    if previous is entry.previous_level and new is entry.new_level:
        return entry
    return replace(entry, previous_level=previous, new_level=new)


def _rank(level: AgreementLevel) -> int:
    return level.rank


def _entry_lists(
    strategy: str, alphabet: Alphabet, max_size: int
) -> SearchStrategy[list[AgreementWalEntry]]:
    def definition() -> SearchStrategy[list[AgreementWalEntry]]:
        require_at_least(strategy, "max_size", max_size, 0)
        entries = wal_entries(alphabet=alphabet, allow_regression=False)
        return sparse_lists(entries, max_size=max_size)

    return st.deferred(definition)


def _valid_wal(entries: list[AgreementWalEntry]) -> AgreementWalArtifact:
    return AgreementWalArtifact(valid_entries(entries))


def _invalid_wal(
    before: list[AgreementWalEntry],
    escalation: Escalation,
    levels: tuple[AgreementLevel, ...],
    after: list[AgreementWalEntry],
) -> InvalidWal:
    """Return a log whose first offence carries the last two of ``levels``."""
    *last_level, previous, new = levels
    for level in last_level:
        before = [*before, replace(escalation, previous_level=level, new_level=level)]
    valid = valid_entries(before)
    offending = replace(escalation, previous_level=previous, new_level=new)
    return InvalidWal(AgreementWalArtifact((*valid, offending, *after)), len(valid))


def _payload_of(artifact: PersistedDurabilityArtifact) -> PersistedDurabilityPayload:
    return artifact.payload


def _wal_of(invalid: InvalidWal) -> AgreementWalArtifact:
    return invalid.wal


def _with_unique_ids(
    entries: list[EvidenceOutcomeCacheEntry],
) -> list[EvidenceOutcomeCacheEntry]:
    first_by_id: dict[str, EvidenceOutcomeCacheEntry] = {}
    for entry in entries:
        first_by_id.setdefault(entry.evidence_id, entry)
    return list(first_by_id.values())
