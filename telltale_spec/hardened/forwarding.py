"""A wrapper that forwards everything that it does not do itself."""

from __future__ import annotations

from collections.abc import Sequence

from telltale_spec.handlers.base import ForwardingEffectHandler
from telltale_spec.wire.agreement import WalSyncRequest
from telltale_spec.wire.effects import EffectOutcome, EffectResult
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import OutputConditionHint, TopologyPerturbation, Value

__all__ = ["WhollyForwardingEffectHandler"]


class WhollyForwardingEffectHandler(ForwardingEffectHandler):
    """Forward every method to an inner handler, so that wrappers can be nested in any order.

    Mends F13: denials, releases, topology events, hints and syncs of the inner
    handler are kept, and a request reaches the wrapper inside as a request.
    """

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Forward to the inner handler."""
        return self._inner.handle_effect(request)

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Forward to the inner handler."""
        return self._inner.handle_acquire(sid, role, layer, state)

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        """Forward to the inner handler."""
        return self._inner.handle_release(sid, role, layer, evidence, state)

    def supports_wal_sync(self) -> bool:
        """Ask the inner handler."""
        return self._inner.supports_wal_sync()

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Forward to the inner handler."""
        return self._inner.wal_sync(sync)

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        """Forward to the inner handler."""
        return self._inner.topology_events(tick)

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        """Forward to the inner handler."""
        return self._inner.output_condition_hint(sid, role, state)
