"""Histories of a WAL handler as paths through the bounded ``wal_sync``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.checker.models.tour_handlers import SyncLetter
from conformance.machines.paths import Path
from strategies.faults import BackendCall, CallFault
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.requests import EffectInterfaceMetadata, EffectRequest, WalSyncBody

__all__ = ["SyncPath"]

_OWN_METADATA: Final = EffectInterfaceMetadata.for_effect_kind(WalSyncBody.effect_kind)
# What the model knows by its ticks alone, in the order of its fields.
_BY_TICK: Final = (EvidenceProduced, Finalization, VisibilityGateCrossing)


class SyncPath(Path):
    """A log of one operation, with one piece of evidence, one outcome and one gate.

    Each of these may have any name and content, which are then the same at every tick.
    """

    def _begin(self) -> None:
        super()._begin()
        self._operation_id: str | None = None
        self._roles: dict[type[AgreementWalEntry], str] = {}

    def _letters(self, name: str, given: Mapping[str, Any]) -> Sequence[str] | None:
        if name == "snapshot":
            return None if given["blocked"] else (SyncLetter("snapshot").name,)
        if name == "snapshot_failing":
            return (SyncLetter("failing snapshot").name,)
        request = _request(name, given)
        letter = None if request is None else self._letter(request)
        if letter is None:
            return None
        failing = _failing(letter, given.get("fault"))
        if failing is None:
            return None
        match name:
            case "sync":
                return (failing.name,)
            case "sync_and_retry":
                return (failing.name, letter.name)
            case "sync_blocked":
                return (letter._replace(kind="sync while blocked,").name,)
            case "sync_failing":
                return (letter._replace(kind="sync while failing,").name,)
        return (letter._replace(kind="sync through handle_effect,").name,)

    def _letter(self, request: WalSyncRequest) -> SyncLetter | None:
        """Return what a request is to the model: nothing, or a state, or all that there is."""
        own = request.operation_id
        state, pieces = request.agreement_state, request.agreement_evidence
        named = [each.operation_id for each in pieces]
        named += [] if state is None else [state.operation_id]
        is_whole = state is not None and state.finalization is not None
        if self._operation_id not in (None, own) or named.count(own) < len(named):
            return None
        if len(pieces) != is_whole or not self._takes_roles(request):
            return None
        self._operation_id = own
        rank = None if state is None else state.level.rank
        return SyncLetter("sync", request.tick, rank, is_whole=is_whole)

    def _takes_roles(self, request: WalSyncRequest) -> bool:
        """Say whether what a request brings is what was brought before, but for its tick."""
        return all(
            isinstance(entry, Escalation)
            or self._roles.setdefault(type(entry), _name(entry)) == _name(entry)
            for entry in build_entries((), request)
        )

    def _is_held(self, subject: Any) -> bool:
        rank = 0
        ticks: dict[type[AgreementWalEntry], list[int]] = {kind: [] for kind in _BY_TICK}
        for entry in subject.entries:
            kind = type(entry)
            if kind is Escalation and entry.operation_id == self._operation_id:
                if entry.previous_level.rank != rank:
                    return False
                rank = entry.new_level.rank
            elif kind in self._roles and self._roles[kind] == _name(entry):
                ticks[kind].append(entry.tick)
            else:
                return False
        held = (rank, *(tuple(sorted(ticks[kind])) for kind in _BY_TICK))
        return bool(held == self._state[: len(held)])


def _name(entry: AgreementWalEntry) -> str:
    """Return what tells an entry from another one at the same tick (SYNC-05)."""
    at_no_tick: AgreementWalEntry = replace(entry, tick=0)  # type: ignore[call-arg] # all have one
    return at_no_tick.stable_identity()


def _request(name: str, given: Mapping[str, Any]) -> WalSyncRequest | None:
    """Return the request of an act, ``None`` for an act that the model does not have."""
    if name in ("sync", "sync_and_retry", "sync_blocked", "sync_failing"):
        request: WalSyncRequest = given["request"]
        return request
    if name != "sync_through_effect" or given["blocked"]:
        return None
    effect: EffectRequest = given["effect"]
    if effect.metadata != _OWN_METADATA or not isinstance(effect.body, WalSyncBody):
        return None
    return effect.body.sync


def _failing(letter: SyncLetter, fault: CallFault | None) -> SyncLetter | None:
    """Return a sync during which a call fails, if the model has such a call."""
    if fault is None:
        return letter
    if fault.call is BackendCall.APPEND:
        return letter._replace(fault=fault.call_index, stores=fault.stored)
    if fault.call is BackendCall.LOAD and fault.call_index == 0:
        return letter._replace(kind="sync while the load fails,")
    return None
