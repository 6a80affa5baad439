"""The values of the protocol that no artifact holds, as shapes beside those of the wire format."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.errors import DomainError
from telltale_spec.handlers.agreement_wal import (
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.wire.agreement import WAL_ENTRY, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.effects import Blocked, EffectFailure, EffectResult, Failure, Success
from telltale_spec.wire.recovery import DurableRecoveryDecision, DurableRecoveryMetadata
from telltale_spec.wire.shapes import (
    TEXT,
    U64,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    Tree,
    UnitEnumShape,
)
from telltale_spec.wire.values import VALUE, Value

__all__ = [
    "BYTES",
    "MODE",
    "NULL",
    "RECOVERY_PLAN",
    "RESOLVER_FORM",
    "SEND_DECISION_INPUT",
    "ChangedState",
    "ChangedStateShape",
    "EffectResultShape",
    "PlanParts",
    "ResolverForm",
    "StructShape",
    "checked",
]


def checked(shape: Shape[Any], tree: Any, owner: str, field: str) -> Any:
    """Return the value of a tree, its scalars checked too; raises :class:`DomainError`."""
    return shape.check(shape.from_tree(tree), owner, field)


class NullShape(Shape[None]):
    """No value at all; whatever a method returns besides is not looked at."""

    def check(self, value: object, owner: str, field: str) -> None:
        """Accept ``None`` alone."""
        if value is not None:
            raise DomainError(owner, field, value, "null")

    def to_tree(self, value: None) -> Tree:
        """Return null."""
        return None

    def from_tree(self, tree: Any) -> None:
        """Return the tree, to be checked."""
        return tree  # type: ignore[no-any-return]


class BytesShape(Shape[bytes]):
    """Bytes, written as lowercase hexadecimal."""

    expected: Final = "bytes in lowercase hexadecimal"

    def check(self, value: object, owner: str, field: str) -> bytes:
        """Accept bytes alone."""
        if isinstance(value, bytes):
            return value
        raise DomainError(owner, field, value, self.expected)

    def to_tree(self, value: bytes) -> Tree:
        """Return the hexadecimal text."""
        return value.hex()

    def from_tree(self, tree: Any) -> bytes:
        """Return the bytes of a hexadecimal text."""
        try:
            data = bytes.fromhex(tree)
        except (TypeError, ValueError):
            raise DomainError("bytes", "hex", tree, self.expected) from None
        # What `fromhex` forgives: blanks and capitals.
        if len(data) * 2 != len(tree) or tree.lower() != tree:
            raise DomainError("bytes", "hex", tree, self.expected)
        return data


class EffectResultShape(Shape[EffectResult[Any]]):
    """What a handler's method gives: a value, blocked, or a failure."""

    def __init__(self, inner: Shape[Any]) -> None:
        self.inner = inner

    def check(self, value: object, owner: str, field: str) -> EffectResult[Any]:
        """Accept one of the three results, its value checked."""
        if isinstance(value, Success):
            return Success(self.inner.check(value.value, owner, field))
        if isinstance(value, (Blocked, Failure)):
            return value
        raise DomainError(owner, field, value, "an EffectResult (Success, Blocked, Failure)")

    def to_tree(self, value: EffectResult[Any]) -> Tree:
        """Return a map with ``status``."""
        if isinstance(value, Success):
            return {"status": "success", "value": self.inner.to_tree(value.value)}
        if isinstance(value, Failure):
            return {"status": "failure", "failure": value.failure.to_dict()}
        return {"status": "blocked"}

    def from_tree(self, tree: Any) -> EffectResult[Any]:
        """Return the result of a map with ``status``."""
        status = tree.get("status") if isinstance(tree, dict) else None
        if status == "success" and "value" in tree:
            return Success(self.inner.from_tree(tree["value"]))
        if status == "blocked":
            return Blocked()
        if status == "failure" and "failure" in tree:
            return Failure(EffectFailure.from_dict(tree["failure"]))
        expected = 'a map with "status": success and value, blocked, or failure and failure'
        raise DomainError("EffectResult", "status", tree, expected)


@dataclass(frozen=True, slots=True)
class ChangedState:
    """What a method gave that may change the state, and the state after it."""

    result: EffectResult[None]
    state: tuple[Value, ...]


class StructShape(Shape[Any]):
    """A map with the given fields, held as an object of a plain class."""

    def __init__(self, made_of: type[Any], fields: dict[str, Shape[Any]]) -> None:
        self.made_of = made_of
        self.fields = fields

    def check(self, value: object, owner: str, field: str) -> Any:
        """Accept an object of the class, each field checked."""
        if not isinstance(value, self.made_of):
            raise DomainError(owner, field, value, f"a {self.made_of.__name__}")
        return self.made_of(
            **{
                name: shape.check(getattr(value, name), self.made_of.__name__, name)
                for name, shape in self.fields.items()
            }
        )

    def to_tree(self, value: Any) -> Tree:
        """Return the map of the fields."""
        return {name: shape.to_tree(getattr(value, name)) for name, shape in self.fields.items()}

    def from_tree(self, tree: Any) -> Any:
        """Return the object of a map that has every field."""
        if not isinstance(tree, dict):
            raise DomainError(self.made_of.__name__, "fields", tree, "a map")
        for name in self.fields:
            if name not in tree:
                raise DomainError(self.made_of.__name__, name, tree, f"a field `{name}`")
        return self.made_of(
            **{name: shape.from_tree(tree[name]) for name, shape in self.fields.items()}
        )


class ChangedStateShape(StructShape):
    """A result and the state after it."""

    def __init__(self, result: Shape[Any], state: Shape[Any]) -> None:
        super().__init__(ChangedState, {"result": result, "state": state})


class SyncModeShape(Shape[WalSyncMode]):
    """What ``wal_sync`` does, a map with ``mode``."""

    expected: Final = 'a map with "mode": immediate, blocked, or failure and message'

    def check(self, value: object, owner: str, field: str) -> WalSyncMode:
        """Accept one of the three modes."""
        if isinstance(value, (ImmediateSync, BlockedSync, FailureSync)):
            return value
        raise DomainError(owner, field, value, self.expected)

    def to_tree(self, value: WalSyncMode) -> Tree:
        """Return the map."""
        if isinstance(value, FailureSync):
            return {"mode": "failure", "message": value.message}
        return {"mode": "blocked" if isinstance(value, BlockedSync) else "immediate"}

    def from_tree(self, tree: Any) -> WalSyncMode:
        """Return the mode of a map."""
        match tree:
            case {"mode": "immediate"}:
                return ImmediateSync()
            case {"mode": "blocked"}:
                return BlockedSync()
            case {"mode": "failure", "message": str(message)}:
                return FailureSync(message)
        raise DomainError("WalSyncMode", "mode", tree, self.expected)


class ResolverForm(enum.Enum):
    """How a resolver is handed over: as an object with a method, or as a plain callable."""

    OBJECT = "object"
    CALLABLE = "callable"


@dataclass(frozen=True, slots=True)
class PlanParts:
    """A recovery plan without its machine, which stays where it is."""

    metadata: DurableRecoveryMetadata
    wal_suffix: tuple[AgreementWalEntry, ...]
    evidence_cache: EvidenceOutcomeCacheArtifact
    decisions: tuple[DurableRecoveryDecision, ...]


NULL: Final = NullShape()
BYTES: Final = BytesShape()
MODE: Final = SyncModeShape()
RESOLVER_FORM: Final = UnitEnumShape(ResolverForm)
SEND_DECISION_INPUT: Final = StructShape(
    SendDecisionInput,
    {
        "sid": U64,
        "role": TEXT,
        "partner": TEXT,
        "label": TEXT,
        "state": ListShape(VALUE),
        "payload": OptionShape(VALUE),
    },
)
RECOVERY_PLAN: Final = StructShape(
    PlanParts,
    {
        "metadata": RecordShape(DurableRecoveryMetadata),
        "wal_suffix": ListShape(WAL_ENTRY),
        "evidence_cache": RecordShape(EvidenceOutcomeCacheArtifact),
        "decisions": ListShape(RecordShape(DurableRecoveryDecision)),
    },
)
