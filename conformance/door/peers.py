"""Objects that live on the other side of the door, and objects that are asked from there.

Both ends of the protocol need both: the runner asks a harness for its log and lets the harness ask
for the runner's. What is sent and what is expected back stands in the tables of ``protocol``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from typing import Any, Final, TypeAlias

from conformance.door.errors import MessageError, MisfitError, foreign_fault, misfit
from conformance.door.protocol import CALLS, OPERATIONS, OperationForm
from conformance.door.values import ChangedState, checked
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.errors import DomainError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, EffectResult
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.shapes import Tree
from telltale_spec.wire.values import OutputConditionHint, SendDecision, TopologyPerturbation, Value

__all__ = [
    "Ask",
    "RemoteCache",
    "RemoteHandler",
    "RemoteResolver",
    "RemoteWal",
    "answered",
    "argument_trees",
    "argument_values",
    "fitted",
    "foreign_answer",
]

Ask: TypeAlias = Callable[[str, dict[str, Any]], Any]
"""Asks the other side for an operation with argument values; returns the value of the answer."""

_CHANGES_STATE: Final = frozenset({"handle_recv", "step"})
_RETURNS_NOTHING: Final = frozenset({"append", "put"})
_GIVEN_RECORDS: Final = frozenset({"wal.append", "cache.put"})


class RemoteWal:
    """A log on the other side."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self.number = number

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry there."""
        self._ask("wal.append", {"object": self.number, "entry": entry})

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick from there."""
        found: tuple[AgreementWalEntry, ...] = self._ask(
            "wal.read_since", {"object": self.number, "tick": tick}
        )
        return found

    def load(self) -> AgreementWalArtifact:
        """Return the whole log from there."""
        artifact: AgreementWalArtifact = self._ask("wal.load", {"object": self.number})
        return artifact


class RemoteCache:
    """A cache on the other side."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self.number = number

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of an id from there."""
        found: EvidenceOutcomeCacheEntry | None = self._ask(
            "cache.get", {"object": self.number, "evidence_id": evidence_id}
        )
        return found

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store one entry there."""
        self._ask("cache.put", {"object": self.number, "entry": entry})

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache from there."""
        artifact: EvidenceOutcomeCacheArtifact = self._ask("cache.load", {"object": self.number})
        return artifact


class RemoteResolver:
    """A resolver on the other side."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self.number = number

    def evidence_id_for_request(self, request: EffectRequest) -> str | None:
        """Return the id that the resolver there names."""
        found: str | None = self._ask(
            "resolver.evidence_id", {"object": self.number, "request": request}
        )
        return found


class RemoteHandler:
    """An effect handler on the other side; also what only handlers under test have."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self.number = number

    def _call(self, method: str, **arguments: Any) -> Any:
        return self._ask(f"handler.{method}", {"object": self.number, **arguments})

    def handler_identity(self) -> str:
        """Ask for the name."""
        return str(self._call("handler_identity"))

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Have one request carried out."""
        outcome: EffectOutcome = self._call("handle_effect", request=request)
        return outcome

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Have a payload worked out."""
        result: EffectResult[Value] = self._call(
            "handle_send", role=role, partner=partner, label=label, state=tuple(state)
        )
        return result

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        """Have it decided what becomes of a message."""
        result: EffectResult[SendDecision] = self._call("send_decision", input=decision_input)
        return result

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Have a value taken in, and the state changed as it was there."""
        changed: ChangedState = self._call(
            "handle_recv",
            role=role,
            partner=partner,
            label=label,
            state=tuple(state),
            payload=payload,
        )
        state[:] = changed.state
        return changed.result

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Have a label chosen."""
        result: EffectResult[str] = self._call(
            "handle_choose", role=role, partner=partner, labels=tuple(labels), state=tuple(state)
        )
        return result

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Have one step run, and the state changed as it was there."""
        changed: ChangedState = self._call("step", role=role, state=tuple(state))
        state[:] = changed.state
        return changed.result

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Have a guard layer acquired."""
        result: EffectResult[Value] = self._call(
            "handle_acquire", sid=sid, role=role, layer=layer, state=tuple(state)
        )
        return result

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        """Have a guard layer released."""
        result: EffectResult[None] = self._call(
            "handle_release",
            sid=sid,
            role=role,
            layer=layer,
            evidence=evidence,
            state=tuple(state),
        )
        return result

    def supports_wal_sync(self) -> bool:
        """Ask whether ``wal_sync`` is served."""
        served: bool = self._call("supports_wal_sync")
        return served

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Have the state of an operation made durable."""
        result: EffectResult[None] = self._call("wal_sync", sync=sync)
        return result

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        """Ask for the changes of the network."""
        result: EffectResult[Sequence[TopologyPerturbation]] = self._call(
            "topology_events", tick=tick
        )
        return result

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        """Ask for the metadata that gates an output."""
        hint: OutputConditionHint | None = self._call(
            "output_condition_hint", sid=sid, role=role, state=tuple(state)
        )
        return hint

    def wal_snapshot(self) -> AgreementWalArtifact:
        """Return the log below a WAL handler."""
        artifact: AgreementWalArtifact = self._call("wal_snapshot")
        return artifact

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        """Return what an evidence handler has cached."""
        outcome: EffectOutcome | None = self._call("cached_outcome", evidence_id=evidence_id)
        return outcome

    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        """Return the cache below an evidence handler."""
        artifact: EvidenceOutcomeCacheArtifact = self._call("cache_snapshot")
        return artifact


# Asked from the other side


def argument_values(form: OperationForm, message: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the argument values of a message, or raise :class:`MessageError`."""
    values = {}
    for key, shape in form.arguments.items():
        if key not in message:
            raise MessageError(f"`{name}` needs the argument `{key}`")
        try:
            values[key] = checked(shape, message[key], name, key)
        except DomainError as error:
            raise MessageError(str(error)) from error
    return values


def answered(name: str, target: Any, values: dict[str, Any]) -> Tree:
    """Ask an object of this side for an operation, and return the tree of its answer.

    Raises whatever the object raises, and :class:`MisfitError` for a value that
    the contract does not allow.
    """
    form = OPERATIONS.get(name) or CALLS[name]
    arguments = {key: value for key, value in values.items() if key != "object"}
    value = _value(name.partition(".")[2], target, arguments)
    return fitted(name, form, value)


def fitted(name: str, form: OperationForm, value: Any) -> Tree:
    """Return the tree of a value, or raise :class:`MisfitError` for one without."""
    try:
        return form.value.to_tree(form.value.check(value, name, "value"))
    except DomainError as error:
        raise MisfitError(value) from error


def argument_trees(name: str, values: Mapping[str, Any]) -> dict[str, Tree]:
    """Return the records that an operation is given as trees, to see later whether they changed."""
    if name not in _GIVEN_RECORDS:
        return {}
    shape = OPERATIONS[name].arguments["entry"]
    try:
        return {"entry": shape.to_tree(values["entry"])}
    except (AttributeError, TypeError) as error:
        # What it was changed to is not even a record any more.
        raise MisfitError(values["entry"]) from error


def foreign_answer(name: str, values: Mapping[str, Any] | None, fault: Mapping[str, Any]) -> Any:
    """Return what a fault stands for, or raise :class:`ForeignFault` for what was raised.

    It can stand for a value that no message holds, and for records that were
    changed, which are changed here too.
    """
    if fault.get("returned") is True:
        return misfit(fault["kind"], fault["text"])
    changed = fault.get("changed")
    if values is None or not isinstance(changed, dict):
        raise foreign_fault(fault["kind"], fault["text"])
    _overwrite(name, values, changed)
    return None


def _overwrite(name: str, values: Mapping[str, Any], trees: Mapping[str, Tree]) -> None:
    for key, tree in trees.items():
        changed = checked(OPERATIONS[name].arguments[key], tree, name, key)
        for field in dataclasses.fields(changed):
            if hasattr(values[key], field.name):
                # They are frozen, and were changed all the same.
                object.__setattr__(values[key], field.name, getattr(changed, field.name))


def _value(method: str, target: Any, arguments: dict[str, Any]) -> Any:
    if method in _CHANGES_STATE:
        state = list(arguments["state"])
        result = getattr(target, method)(*{**arguments, "state": state}.values())
        return ChangedState(result, tuple(state))
    if method == "evidence_id":
        # A resolver may be a plain callable (EVID-10).
        resolve = getattr(target, "evidence_id_for_request", target)
        return resolve(*arguments.values())
    value = getattr(target, method)(*arguments.values())
    if method in _RETURNS_NOTHING:
        # Whatever these return besides is nobody's business.
        return None
    is_sequence = isinstance(value, Sequence) and not isinstance(value, str)
    return tuple(value) if method == "read_since" and is_sequence else value
