"""Inner handlers of the worlds."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence

from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.wire.effects import EffectResult, Success
from telltale_spec.wire.values import UnitValue, Value

__all__ = ["IdleHandler"]


class IdleHandler(BaseEffectHandler):
    """A handler whose every effect succeeds and does nothing."""

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Send nothing of interest."""
        return Success(UnitValue())

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Take what comes."""
        return Success(None)

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Choose the first label."""
        return Success(labels[0])

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Do nothing."""
        return Success(None)
