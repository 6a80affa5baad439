"""What carries a counterexample of a model out on the reference itself."""

from __future__ import annotations

from typing import Protocol

from conformance.checker.results import State, Trace

__all__ = ["World", "carry_out"]


class World(Protocol):
    """Real records and real components that do what the actions of a model say.

    ``violations`` are the names of the model's properties that the real
    components are seen to break now.
    """

    def perform(self, action: str, slot: int | None) -> None:
        """Do one action."""

    def shared(self) -> object:
        """Return the shared value that the real state maps to."""

    def slots(self) -> tuple[object, ...]:
        """Return the slots that the real state maps to."""

    def violations(self) -> frozenset[str]:
        """Return the properties that are broken now, as the real components show it."""


def carry_out(world: World, trace: Trace) -> frozenset[str]:
    """Carry a trace out and return what is broken at its end.

    Raises ``AssertionError`` where the real state maps to anything but what the
    model says: then the model is at fault, not the reference.
    """
    for index, step in enumerate(trace.steps):
        world.perform(step.action, step.slot)
        found = State(world.shared(), world.slots())
        if found != step.state:
            raise AssertionError(
                f"step {index + 1}, {step.action}: the model says {step.state}, "
                f"the reference {found}"
            )
    return world.violations()
