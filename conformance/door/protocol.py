"""The protocol as data: names, limits, and every operation with its arguments and its value.

Both ends and the published JSON Schema are made from these tables, so that they cannot drift
apart. ``docs/protocol.md`` says in words what each operation means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from conformance.door.values import (
    BYTES,
    MODE,
    NULL,
    RECOVERY_PLAN,
    RESOLVER_FORM,
    SEND_DECISION_INPUT,
    ChangedStateShape,
    EffectResultShape,
)
from telltale_spec.wire.agreement import WAL_ENTRY, AgreementWalArtifact, WalSyncRequest
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.shapes import (
    BOOL,
    TEXT,
    U64,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
)
from telltale_spec.wire.values import (
    SEND_DECISION,
    TOPOLOGY_PERTURBATION,
    VALUE,
    OutputConditionHint,
)

__all__ = [
    "CALLS",
    "COMPONENTS",
    "HANDLER_METHODS",
    "HARNESS_GRACE_SECONDS",
    "LINE_BYTES_MAX",
    "OPERATIONS",
    "OWN_METHODS",
    "PROTOCOL",
    "REQUEST_BYTES_A_SECOND",
    "SHUTDOWN_SECONDS_MAX",
    "SPECIFICATION_VERSION",
    "STARTING_SECONDS_MAX",
    "OperationForm",
]

PROTOCOL: Final = "telltale-conformance.harness.v1"
"""Name of this version of the protocol."""

SPECIFICATION_VERSION: Final = "telltale.machine.durability.v1"
"""The version of the specification that is judged."""

LINE_BYTES_MAX: Final = 160 * 1024 * 1024
"""Longest line: the largest artifact in hexadecimal, and room around it."""

STARTING_SECONDS_MAX: Final = 30.0
"""Longest time from the start of a harness to its handshake."""

REQUEST_BYTES_A_SECOND: Final = 4 * 1024 * 1024
"""A long request has one second more for so many bytes of it."""

HARNESS_GRACE_SECONDS: Final = LINE_BYTES_MAX / REQUEST_BYTES_A_SECOND + 2.5
"""By how much a limit around a request has to be higher than the request's own."""

SHUTDOWN_SECONDS_MAX: Final = 5.0
"""Longest time from the request to shut down to the end of the process."""


@dataclass(frozen=True)
class OperationForm:
    """The form of one operation: its arguments by name, and its value.

    ``component`` is what is not judged where the operation is unsupported.
    """

    component: str
    value: Shape[Any]
    arguments: Mapping[str, Shape[Any]] = field(default_factory=dict)


_STATE: Final = ListShape(VALUE)
_ENTRIES: Final = ListShape(WAL_ENTRY)
_WAL: Final = RecordShape(AgreementWalArtifact)
_CACHE: Final = RecordShape(EvidenceOutcomeCacheArtifact)
_CACHE_ENTRY: Final = RecordShape(EvidenceOutcomeCacheEntry)
_OUTCOME: Final = RecordShape(EffectOutcome)
_REQUEST: Final = RecordShape(EffectRequest)
_ARTIFACT: Final = RecordShape(PersistedDurabilityArtifact)
_VALUE_RESULT: Final = EffectResultShape(VALUE)
_NULL_RESULT: Final = EffectResultShape(NULL)
_TALK: Final[dict[str, Shape[Any]]] = {
    "role": TEXT,
    "partner": TEXT,
    "label": TEXT,
    "state": _STATE,
}
_GUARD: Final[dict[str, Shape[Any]]] = {"sid": U64, "role": TEXT, "layer": TEXT}

_HANDLER: Final = "handler"
_WAL_HANDLER: Final = "agreement WAL handler"
_EVIDENCE_HANDLER: Final = "evidence handler"

HANDLER_METHODS: Final[Mapping[str, OperationForm]] = MappingProxyType(
    {
        "handler_identity": OperationForm(_HANDLER, TEXT),
        "handle_effect": OperationForm(_HANDLER, _OUTCOME, {"request": _REQUEST}),
        "handle_send": OperationForm(_HANDLER, _VALUE_RESULT, _TALK),
        "send_decision": OperationForm(
            _HANDLER, EffectResultShape(SEND_DECISION), {"input": SEND_DECISION_INPUT}
        ),
        "handle_recv": OperationForm(
            _HANDLER, ChangedStateShape(_NULL_RESULT, _STATE), {**_TALK, "payload": VALUE}
        ),
        "handle_choose": OperationForm(
            _HANDLER,
            EffectResultShape(TEXT),
            {"role": TEXT, "partner": TEXT, "labels": ListShape(TEXT), "state": _STATE},
        ),
        "step": OperationForm(
            _HANDLER, ChangedStateShape(_NULL_RESULT, _STATE), {"role": TEXT, "state": _STATE}
        ),
        "handle_acquire": OperationForm(_HANDLER, _VALUE_RESULT, {**_GUARD, "state": _STATE}),
        "handle_release": OperationForm(
            _HANDLER, _NULL_RESULT, {**_GUARD, "evidence": VALUE, "state": _STATE}
        ),
        "supports_wal_sync": OperationForm(_HANDLER, BOOL),
        "wal_sync": OperationForm(_HANDLER, _NULL_RESULT, {"sync": RecordShape(WalSyncRequest)}),
        "topology_events": OperationForm(
            _HANDLER, EffectResultShape(ListShape(TOPOLOGY_PERTURBATION)), {"tick": U64}
        ),
        "output_condition_hint": OperationForm(
            _HANDLER,
            OptionShape(RecordShape(OutputConditionHint)),
            {"sid": U64, "role": TEXT, "state": _STATE},
        ),
    }
)
"""The methods of every effect handler, the runner's own included."""

OWN_METHODS: Final[Mapping[str, OperationForm]] = MappingProxyType(
    {
        "wal_snapshot": OperationForm(_WAL_HANDLER, _WAL),
        "cached_outcome": OperationForm(
            _EVIDENCE_HANDLER, OptionShape(_OUTCOME), {"evidence_id": TEXT}
        ),
        "cache_snapshot": OperationForm(_EVIDENCE_HANDLER, _CACHE),
    }
)
"""The methods that only the handlers under test have."""

_WAL_CALLS: Final = {
    "append": OperationForm("agreement WAL", NULL, {"entry": WAL_ENTRY}),
    "read_since": OperationForm("agreement WAL", _ENTRIES, {"tick": U64}),
    "load": OperationForm("agreement WAL", _WAL),
}
_CACHE_CALLS: Final = {
    "get": OperationForm("evidence cache", OptionShape(_CACHE_ENTRY), {"evidence_id": TEXT}),
    "put": OperationForm("evidence cache", NULL, {"entry": _CACHE_ENTRY}),
    "load": OperationForm("evidence cache", _CACHE),
}


def _on_objects(prefix: str, forms: Mapping[str, OperationForm]) -> dict[str, OperationForm]:
    return {
        f"{prefix}.{name}": OperationForm(
            form.component, form.value, {"object": U64, **form.arguments}
        )
        for name, form in forms.items()
    }


def _storage(prefix: str, calls: Mapping[str, OperationForm]) -> dict[str, OperationForm]:
    component = calls["load"].component
    ends = {
        "open": OperationForm(component, NULL, {"directory": TEXT}),
        "close": OperationForm(component, NULL),
    }
    return _on_objects(prefix, {"open": ends["open"], **calls, "close": ends["close"]})


OPERATIONS: Final[Mapping[str, OperationForm]] = MappingProxyType(
    {
        **_storage("wal", _WAL_CALLS),
        **_storage("cache", _CACHE_CALLS),
        "wal_handler.make": OperationForm(
            _WAL_HANDLER, NULL, {"object": U64, "inner": U64, "wal": U64, "mode": MODE}
        ),
        "evidence_handler.make": OperationForm(
            _EVIDENCE_HANDLER,
            NULL,
            {
                "object": U64,
                "inner": U64,
                "cache": U64,
                "resolver": U64,
                "resolver_form": RESOLVER_FORM,
            },
        ),
        "handler.drop": OperationForm(_HANDLER, NULL, {"objects": ListShape(U64)}),
        **_on_objects("handler", {**HANDLER_METHODS, **OWN_METHODS}),
        "recovery.plan": OperationForm(
            "recovery", RECOVERY_PLAN, {"checkpoint_tick": U64, "wal": _WAL, "cache": _CACHE}
        ),
        "artifact.encode": OperationForm("codec", BYTES, {"artifact": _ARTIFACT}),
        "artifact.decode": OperationForm("codec", _ARTIFACT, {"bytes": BYTES}),
        "entry.identity": OperationForm("identities", TEXT, {"entry": WAL_ENTRY}),
    }
)
"""What the runner may ask of a harness between the handshake and the shutdown."""

CALLS: Final[Mapping[str, OperationForm]] = MappingProxyType(
    {
        **_on_objects("wal", _WAL_CALLS),
        **_on_objects("cache", _CACHE_CALLS),
        **_on_objects("handler", HANDLER_METHODS),
        "resolver.evidence_id": OperationForm(
            "resolver", OptionShape(TEXT), {"object": U64, "request": _REQUEST}
        ),
    }
)
"""What a harness may ask of the runner while it serves a request."""

COMPONENTS: Final = (
    "agreement WAL",
    "evidence cache",
    _WAL_HANDLER,
    _EVIDENCE_HANDLER,
    "recovery",
    "codec",
    "identities",
)
"""What a harness can serve, in the order in which it is judged."""
