"""Recoveries, codecs and identities that are wrong only in what a directed case tries."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import cbor2

from conformance.backend import RecoveryFunction
from telltale_spec.errors import DomainError, DurabilityError
from telltale_spec.model.recovery import DurableRecoveryPlan, recovery_action
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact as Cache
from telltale_spec.wire.effects import SuccessStatus
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryDecision
from tests.zoo.broken_codecs import CorrectCodec
from tests.zoo.broken_recoveries import correct

__all__ = ["BROKEN_DIRECTED_CODECS", "BROKEN_DIRECTED_IDENTITIES", "BROKEN_DIRECTED_RECOVERIES"]

Plan = DurableRecoveryPlan[Any]
Wal = AgreementWalArtifact
Decision = DurableRecoveryDecision


def _with_ids(ids_of: Callable[[Decision, Plan], list[str]]) -> RecoveryFunction:
    """Return a recovery that finds the cached ids of a decision in another way."""

    def recover(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        plan = correct(tick, machine, wal, cache)
        decisions = [
            replace(each, cached_evidence_ids=tuple(ids_of(each, plan))) for each in plan.decisions
        ]
        return replace(plan, decisions=tuple(decisions))

    return recover


def _produced(plan: Plan, operation_id: str | None = None) -> list[str]:
    return [
        entry.evidence.evidence_id
        for entry in plan.wal_suffix
        if isinstance(entry, EvidenceProduced) and operation_id in (None, entry.operation_id)
    ]


def _cached(plan: Plan) -> list[str]:
    return [entry.evidence_id for entry in plan.evidence_cache.entries]


def _in_order_of_the_log(decision: Decision, plan: Plan) -> list[str]:
    cached = _cached(plan)
    produced = dict.fromkeys(_produced(plan, decision.operation_id))
    return [each for each in produced for _ in range(cached.count(each))]


def _of_any_operation(decision: Decision, plan: Plan) -> list[str]:
    own, produced = _produced(plan, decision.operation_id), _produced(plan)
    return [each for each in _cached(plan) if own and each in produced]


def _found_by(key: Callable[[str], Any]) -> RecoveryFunction:
    def ids_of(decision: Decision, plan: Plan) -> list[str]:
        produced = {key(each) for each in _produced(plan, decision.operation_id)}
        return [each for each in _cached(plan) if key(each) in produced]

    return _with_ids(ids_of)


def _first_64(decision: Decision, plan: Plan) -> list[str]:
    return list(decision.cached_evidence_ids[:64])


def _proofs_too(decision: Decision, plan: Plan) -> list[str]:
    proofs = [
        entry.materialization_proof_id
        for entry in plan.wal_suffix
        if isinstance(entry, Finalization) and entry.operation_id == decision.operation_id
    ]
    return [
        each
        for each in _cached(plan)
        if each in proofs or each in _produced(plan, decision.operation_id)
    ]


def _seeing(
    change: Callable[[tuple[AgreementWalEntry, ...]], list[AgreementWalEntry]],
) -> RecoveryFunction:
    """Return a recovery that decides on another log than it answers with."""

    def recover(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        plan = correct(tick, machine, wal, cache)
        seen = correct(tick, machine, Wal(tuple(change(wal.entries))), cache)
        return replace(plan, decisions=seen.decisions)

    return recover


def _plain_evidence_only(entries: tuple[AgreementWalEntry, ...]) -> list[AgreementWalEntry]:
    return [
        replace(entry, evidence=replace(entry.evidence, level=type(entry.evidence.level).NONE))
        if isinstance(entry, EvidenceProduced) and entry.evidence.session is not None
        else entry
        for entry in entries
    ]


def _at_ticks(tick_of: Callable[[int], Any]) -> RecoveryFunction:
    """Return a recovery that compares ticks in another form."""

    def recover(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        wal.validate_monotonic_escalations()
        suffix = [entry for entry in wal.entries if tick_of(entry.tick) > tick_of(tick)]
        # Everything is after the checkpoint of a log that begins one tick later.
        moved: list[Any] = list(suffix)
        moved = [replace(entry, tick=1) for entry in moved]
        plan = correct(0, machine, Wal(tuple(moved)), cache)
        first, last = (suffix[0].tick, suffix[-1].tick) if suffix else (None, None)
        metadata = replace(
            plan.metadata,
            checkpoint_tick=tick,
            wal_tail_start_tick=first,
            highest_recovered_tick=last,
        )
        return replace(plan, wal_suffix=tuple(suffix), metadata=metadata)

    return recover


def _lists_successes_only(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    ids = [
        each.evidence_id for each in cache.entries if isinstance(each.outcome.status, SuccessStatus)
    ]
    return replace(plan, metadata=replace(plan.metadata, cached_evidence_ids=tuple(ids)))


def _lists_256_ids(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    ids = plan.metadata.cached_evidence_ids[:256]
    return replace(plan, metadata=replace(plan.metadata, cached_evidence_ids=ids))


def _validates_what_it_decides_on(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    names = {entry.operation_id for entry in wal.entries if entry.tick > tick}
    kept = tuple([entry for entry in wal.entries if entry.operation_id in names])
    return correct(tick, machine, Wal(kept), cache)


def _cleans_the_error(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    try:
        return correct(tick, machine, wal, cache)
    except DurabilityError as error:
        raise DurabilityError(str(error).replace("\0", "")) from error


def _tells_the_last_offence(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    tracker = EscalationTracker()
    found = [error for entry in wal.entries if (error := tracker.observe(entry)) is not None]
    if found:
        raise found[-1]
    return correct(tick, machine, wal, cache)


def _validates_folded_names(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    tracker = EscalationTracker()
    for entry in wal.entries:
        if isinstance(entry, Escalation):
            error = tracker.observe(replace(entry, operation_id=entry.operation_id.casefold()))
            if error is not None:
                raise error
    return correct(tick, machine, wal, cache)


def _ends_with_the_second_of_three(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    """Take the middle outcome where an operation has three: a vote of the others would do alike."""
    plan = correct(tick, machine, wal, cache)
    decisions = []
    for decision in plan.decisions:
        outcomes: list[FinalizationOutcome] = [
            entry.outcome
            for entry in plan.wal_suffix
            if isinstance(entry, Finalization) and entry.operation_id == decision.operation_id
        ]
        changed = decision
        if len(outcomes) == 3:
            action = recovery_action(decision.level, outcomes[1])
            changed = replace(decision, finalization=outcomes[1], action=action)
        decisions.append(changed)
    return replace(plan, decisions=tuple(decisions))


BROKEN_DIRECTED_RECOVERIES: Final[tuple[tuple[str, RecoveryFunction, str], ...]] = (
    ("ids in the order of the log", _with_ids(_in_order_of_the_log), "RECOV-06"),
    ("ids of any operation", _with_ids(_of_any_operation), "RECOV-06"),
    ("ids in any case", _found_by(str.casefold), "RECOV-06"),
    ("ids stripped", _found_by(str.strip), "RECOV-06"),
    ("ids by 255 characters", _found_by(lambda text: text[:255]), "RECOV-06"),
    ("proofs count as produced", _with_ids(_proofs_too), "RECOV-06"),
    ("evidence of a session does not count", _seeing(_plain_evidence_only), "RECOV-04"),
    ("signed ticks", _at_ticks(lambda tick: (tick + 2**63) % 2**64), "RECOV-02"),
    ("ticks as floats", _at_ticks(float), "RECOV-02"),
    ("ticks of 32 bits", _at_ticks(lambda tick: tick % 2**32), "RECOV-02"),
    ("lists successful outcomes only", _lists_successes_only, "RECOV-07"),
    ("lists 256 ids", _lists_256_ids, "RECOV-07"),
    ("validates what it decides on", _validates_what_it_decides_on, "RECOV-01"),
    ("cleans the text of an error", _cleans_the_error, "RECOV-01"),
    ("decides on 64 ids", _with_ids(_first_64), "RECOV-06"),
    ("tells the last offence", _tells_the_last_offence, "RECOV-01"),
    ("validates folded names", _validates_folded_names, "RECOV-01"),
    ("second outcome of three wins", _ends_with_the_second_of_three, "RECOV-04"),
)
"""Name, recovery, and the requirement that it breaks."""


# Codecs


class _Rewrites(CorrectCodec):
    """Write the right form, changed as bytes."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self._change = change

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        return self._change(super().encode(artifact))


def _long_heads_of_lists(data: bytes) -> bytes:
    return data.replace(b"entries\x98", b"entries\x99\x00")


def _normalised(data: bytes) -> bytes:
    """Normalise texts that take as many bytes afterwards, as nothing else would stay readable."""
    return data.replace("\u212b".encode(), "\ufb01".encode())


class _Forgives(CorrectCodec):
    """Read what is refused once more, with a change of its maps."""

    def __init__(self, change: Callable[[dict[Any, Any]], dict[Any, Any]]) -> None:
        self._change = change

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        try:
            return super().decode(data)
        except DurabilityError:
            if b"\xd8\x1c" in data:
                # A value that holds itself cannot be walked through.
                raise
            try:
                tree = self._walked(cbor2.loads(data))
                artifact = PersistedDurabilityArtifact.from_dict(tree)
            except (cbor2.CBORDecodeError, DomainError, RecursionError, KeyError, ValueError):
                artifact = None
            except (TypeError, AttributeError, MemoryError, OverflowError):
                # Trees of another kind altogether.
                artifact = None
            if artifact is None or not artifact.schema_version.endswith("durability.v1"):
                raise
            return artifact

    def _walked(self, node: Any) -> Any:
        if isinstance(node, dict):
            return self._change({key: self._walked(value) for key, value in node.items()})
        return [self._walked(item) for item in node] if isinstance(node, list) else node


def _lower_keys(fields: dict[Any, Any]) -> dict[Any, Any]:
    return {str(key).lower(): value for key, value in fields.items()}


def _stripped_keys(fields: dict[Any, Any]) -> dict[Any, Any]:
    return {str(key).strip(): value for key, value in fields.items()}


def _whole_floats(fields: dict[Any, Any]) -> dict[Any, Any]:
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in fields.items()
    }


def _false_as_zero(fields: dict[Any, Any]) -> dict[Any, Any]:
    return {
        key: 0 if value is False and key != "authoritative" else value
        for key, value in fields.items()
    }


def _optional_or_nothing(fields: dict[Any, Any]) -> dict[Any, Any]:
    """Take an optional field of another type for an absent one."""
    changed = dict(fields)
    for name, kind in (("session", int), ("owner_id", str), ("evidence_id", str)):
        if name in changed and "level" in changed | {"level": None}:
            value = changed[name]
            wrong = isinstance(value, bool) or not isinstance(value, kind)
            changed[name] = None if wrong else value
    return changed


def _wraps(fields: dict[Any, Any]) -> dict[Any, Any]:
    return {
        key: value % 2**64 if type(value) is int and value < -(2**62) else value
        for key, value in fields.items()
    }


class _ReadsNearVersions(CorrectCodec):
    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        return super().decode(
            data.replace(
                b"\x78\x1ftelltale.machine.durability.v1\x00",
                b"\x78\x1etelltale.machine.durability.v1",
            )
        )


class _ListsOnce(CorrectCodec):
    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        artifact = super().decode(data)
        wal = artifact.agreement_wal_artifact()
        if wal is None:
            return artifact
        once = AgreementWalArtifact(tuple(dict.fromkeys(wal.entries)))
        return PersistedDurabilityArtifact.agreement_wal(once)


BROKEN_DIRECTED_CODECS: Final[tuple[tuple[str, CorrectCodec, str], ...]] = (
    ("two bytes for the length of a list", _Rewrites(_long_heads_of_lists), "WIRE-01"),
    ("changes a letter that looks alike", _Rewrites(_normalised), "WIRE-03"),
    ("reads keys in any case", _Forgives(_lower_keys), "DEC-03"),
    ("reads keys with blanks", _Forgives(_stripped_keys), "DEC-03"),
    ("reads whole floats as numbers", _Forgives(_whole_floats), "DEC-16"),
    ("reads false as zero", _Forgives(_false_as_zero), "DEC-16"),
    ("reads other types as nothing", _Forgives(_optional_or_nothing), "DEC-16"),
    ("reads the lowest numbers as the highest", _Forgives(_wraps), "DEC-15"),
    ("reads a version that ends with zero", _ReadsNearVersions(), "DEC-31"),
    ("reads equal entries once", _ListsOnce(), "ARTIFACT-06"),
)
"""Name, codec, and the requirement that it breaks."""


# Identities


def _of_text(change: Callable[[str], str]) -> Callable[[AgreementWalEntry], str]:
    return lambda entry: change(entry.stable_identity())


def _tick_as_float(entry: AgreementWalEntry) -> str:
    return f"{entry.stable_identity().rpartition(':')[0]}:{int(float(entry.tick))}"


BROKEN_DIRECTED_IDENTITIES: Final[tuple[tuple[str, Callable[[AgreementWalEntry], str]], ...]] = (
    ("normalised", _of_text(lambda text: unicodedata.normalize("NFC", text))),
    ("without zeros", _of_text(lambda text: text.replace("\0", ""))),
    ("cut at 1000 characters", _of_text(lambda text: text[:1_000])),
    ("ticks as floats", _tick_as_float),
)
"""Name and identity; each breaks ENT-02."""
