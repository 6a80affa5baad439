"""One call of every operation: which of them a harness supports.

The values are the simplest there are. What is answered does not matter here; that it is answered
in the right form does.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance.door.connection import Connection
from conformance.door.errors import ForeignFault, UnsupportedError
from conformance.door.protocol import HANDLER_METHODS, OPERATIONS, OWN_METHODS
from conformance.door.values import ResolverForm
from conformance.errors import BackendFault
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.errors import DomainError, DurabilityError
from telltale_spec.handlers.agreement_wal import ImmediateSync
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, EffectResult, Success
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.requests import EffectRequest, InvokeStepBody
from telltale_spec.wire.values import UnitValue, Value

__all__ = ["OperationProbe", "probe_operations"]


@dataclass(frozen=True)
class OperationProbe:
    """What one operation was answered: supported or not, and in which words."""

    operation: str
    component: str
    supported: bool
    answer: str


class _EmptyStorage:
    """An empty log and cache of the runner, for a handler to be around."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Take an entry and lose it."""

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        """Return nothing."""
        return ()

    def load(self) -> AgreementWalArtifact:
        """Return nothing."""
        return AgreementWalArtifact()


class _EmptyCache:
    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Find nothing."""
        return None

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Take an entry and lose it."""

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return nothing."""
        return EvidenceOutcomeCacheArtifact()


class _PlainHandler(BaseEffectHandler):
    """An inner handler that succeeds at everything."""

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Send a unit."""
        return Success(UnitValue())

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Take it in."""
        return Success(None)

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Choose the first."""
        return Success(labels[0])

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Do nothing."""
        return Success(None)


_GATE: Final = VisibilityGateCrossing("probe", "coroutine", AgreementLevel.NONE, 1)
_CACHED: Final = EvidenceOutcomeCacheEntry("probe", "i", "o", EffectOutcome.blocked())
_STATE: Final = (UnitValue(),)
_VALUES: Final[dict[str, Any]] = {
    "entry": _GATE,
    "tick": 0,
    "evidence_id": "probe",
    "request": EffectRequest.of(InvokeStepBody("r", _STATE), session=1),
    "role": "r",
    "partner": "p",
    "label": "l",
    "labels": ("l",),
    "layer": "g",
    "sid": 1,
    "state": _STATE,
    "payload": UnitValue(),
    "evidence": UnitValue(),
    "input": SendDecisionInput(1, "r", "p", "l", _STATE, None),
    "sync": WalSyncRequest("probe", "coroutine", AgreementLevel.NONE, None, (), 1),
    "checkpoint_tick": 0,
    "wal": AgreementWalArtifact((_GATE,)),
    "cache": EvidenceOutcomeCacheArtifact((_CACHED,)),
    "artifact": PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact()),
    "bytes": PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact()).to_cbor(),
    "mode": ImmediateSync(),
    "resolver_form": ResolverForm.OBJECT,
}


def probe_operations(connection: Connection, directory: Path) -> list[OperationProbe]:
    """Ask for every operation once; ``directory`` is empty and only for this.

    Raises ``BackendFault`` for a harness that breaks the protocol.
    """
    return list(_probes(connection, directory))


def _probes(connection: Connection, directory: Path) -> Iterator[OperationProbe]:
    for kind, calls, special in (
        ("wal", ("append", "read_since", "load"), {}),
        ("cache", ("put", "get", "load"), {"entry": _CACHED}),
    ):
        folder = directory / kind
        folder.mkdir()
        number = connection.new_number()
        values = {**_VALUES, **special, "object": number, "directory": str(folder)}
        yield from _asked_in_turn(connection, kind, ("open", *calls, "close"), values)
    for kind, own in (
        ("wal_handler", ("wal_snapshot",)),
        ("evidence_handler", ("cached_outcome", "cache_snapshot")),
    ):
        yield from _probed_handler(connection, kind, (*HANDLER_METHODS, *own))
    for name in ("recovery.plan", "artifact.encode", "artifact.decode", "entry.identity"):
        yield _asked(connection, name, _VALUES)


def _probed_handler(
    connection: Connection, kind: str, methods: Sequence[str]
) -> Iterator[OperationProbe]:
    below = _EmptyStorage() if kind == "wal_handler" else _EmptyCache()
    lent = [connection.lend(each) for each in (_PlainHandler(), below, lambda request: None)]
    numbers = dict(zip(("inner", "wal", "resolver"), lent, strict=True))
    number = connection.new_number()
    made = _asked(
        connection,
        f"{kind}.make",
        {**_VALUES, **numbers, "cache": lent[1], "object": number},
    )
    yield made
    values = {**_VALUES, "object": number}
    component = made.component
    for method in methods:
        name = f"handler.{method}"
        if made.supported:
            yield _asked(connection, name, values, component)
        elif method in OWN_METHODS:
            yield OperationProbe(name, component, False, "not asked: the handler is unsupported")
    if made.supported:
        yield _asked(connection, "handler.drop", {"objects": (number,)}, component)
    connection.forget(lent)


def _asked_in_turn(
    connection: Connection, kind: str, calls: Sequence[str], values: dict[str, Any]
) -> Iterator[OperationProbe]:
    opened = False
    for call in calls:
        name = f"{kind}.{call}"
        if call != "open" and not opened:
            component = OPERATIONS[name].component
            yield OperationProbe(name, component, False, "not asked: it cannot be opened")
            continue
        probe = _asked(connection, name, values)
        opened = opened or probe.supported
        yield probe


def _asked(
    connection: Connection, name: str, values: dict[str, Any], component: str = ""
) -> OperationProbe:
    form = OPERATIONS[name]
    supported = True
    try:
        connection.ask(name, {key: values[key] for key in form.arguments})
        answer = "ok"
    except UnsupportedError as error:
        supported, answer = False, f"unsupported: {error.why}"
    except DurabilityError as error:
        answer = f"refused: {error}"
    except ForeignFault as error:
        answer = f"fault: {type(error).__name__}: {error}"
    except DomainError as error:
        # Later this is a wrong reader; of the simplest artifact it is a wrong answer.
        raise BackendFault(
            connection.name, f"the value of its answer to `{name}` has another form: {error}"
        ) from error
    if name.endswith((".open", ".make")) and supported and answer != "ok":
        # Nothing can be judged that cannot even be made.
        raise BackendFault(connection.name, f"`{name}` did not go well: {answer}")
    return OperationProbe(name, component or form.component, supported, answer)
