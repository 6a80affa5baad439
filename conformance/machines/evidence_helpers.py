"""The methods that an evidence handler forwards, with arguments to call each by (EVID-09)."""

from __future__ import annotations

from typing import Any, Final

from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.wire.values import NatValue, StrValue, UnitValue

__all__ = ["CHANGING", "HELPERS", "STATE", "helper_arguments"]

STATE: Final = (NatValue(1), UnitValue())
"""The state that a method is called with; one that may change it gets a list of its own."""

_DECISION: Final = SendDecisionInput(1, "t", "u", "l", STATE, StrValue("payload"))

HELPERS: Final[dict[str, tuple[Any, ...]]] = {
    "handle_send": ("t", "u", "l", STATE),
    "send_decision": (_DECISION,),
    "handle_recv": ("t", "u", "l", STATE, StrValue("payload")),
    "handle_choose": ("t", "u", ("l", "r"), STATE),
    "step": ("t", STATE),
}
"""The arguments of each method that is forwarded."""

CHANGING: Final = ("handle_recv", "step")
"""The methods that may change the state."""


def helper_arguments(method: str, state: list[Any] | None = None) -> list[Any]:
    """Return the arguments to call a method by, its state a list if it may change it."""
    given = [*STATE] if state is None else state
    changes = method in CHANGING
    return [given if value is STATE and changes else value for value in HELPERS[method]]
