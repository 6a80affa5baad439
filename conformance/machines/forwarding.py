"""What a wrapper hands on to the handler inside it, one call after the other (SYNC-13, EVID-09).

Each call is handed on as it is, whatever was called before it and whatever was answered: an equal
call is asked again, a payload stays one, and a state is what the inner handler has made of it, also
where that has blocked or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.engine.session import History, Returned, Violation
from conformance.machines.probes import HandlerCall, ScriptedHandler
from conformance.machines.wal_sync_text import result_text
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.wire.effects import Blocked, EffectFailure, EffectResult, Failure, Success
from telltale_spec.wire.values import (
    BoolValue,
    Defer,
    Deliver,
    Drop,
    NatValue,
    StrValue,
    UnitValue,
    Value,
)

__all__ = ["CALLS_IN_A_ROW", "FORWARDED_METHODS", "HandedOn", "judge_calls_in_a_row"]

CALLS_IN_A_ROW: Final = "calls forwarded one after the other by one handler"


@dataclass(frozen=True)
class HandedOn:
    """One call, what the inner handler answers, and what it makes of a state that it may change.

    Without ``registers`` no state may change.
    """

    arguments: tuple[Any, ...]
    answer: EffectResult[Any]
    registers: tuple[Value, ...] | None = None


_STATE: Final = (NatValue(1), UnitValue())
_PAYLOAD: Final = StrValue("payload")
_BLOCKED: Final = Blocked()
_FAILED: Final = Failure(EffectFailure.unavailable("inner"))
_CHANGED: Final = (BoolValue(True),)
_LONGER: Final = (*_STATE, StrValue("more"))


def _decision(session: int, label: str, payload: Value | None) -> tuple[SendDecisionInput]:
    return (SendDecisionInput(session, "t", "u", label, _STATE, payload),)


_SEND: Final = ("t", "u", "l", _STATE)
_CHOICE: Final = ("t", "u", ("r", "l"), _STATE)
_PLAIN: Final = _decision(1, "l", None)
_GIVEN: Final = _decision(1, "l", _PAYLOAD)

_IN_A_ROW: Final[Mapping[str, Sequence[HandedOn]]] = {
    "handle_send": (
        HandedOn(_SEND, Success(StrValue("one"))),
        HandedOn(_SEND, Success(StrValue("other"))),
        HandedOn(_SEND, _BLOCKED),
        HandedOn(_SEND, _FAILED),
        HandedOn(_SEND, Success(UnitValue())),
        HandedOn(("t", "u", "", ()), Success(StrValue(""))),
        HandedOn(("u", "t", "l", _STATE), Success(StrValue("back"))),
    ),
    "send_decision": (
        HandedOn(_PLAIN, Success(Deliver(StrValue("one")))),
        HandedOn(_PLAIN, Success(Deliver(StrValue("other")))),
        HandedOn(_GIVEN, Success(Deliver(StrValue("not what was given")))),
        HandedOn(_GIVEN, Success(Defer())),
        HandedOn(_GIVEN, Success(Drop())),
        HandedOn(_GIVEN, _BLOCKED),
        HandedOn(_GIVEN, _FAILED),
        HandedOn(_decision(2, "l", _PAYLOAD), Success(Deliver(_PAYLOAD))),
        HandedOn(_decision(2, "", UnitValue()), Success(Deliver(UnitValue()))),
        HandedOn(_PLAIN, Success(Defer())),
        HandedOn(_PLAIN, _BLOCKED),
    ),
    "handle_recv": (
        HandedOn((*_SEND, _PAYLOAD), Success(None), _CHANGED),
        HandedOn((*_SEND, _PAYLOAD), _BLOCKED, _LONGER),
        HandedOn((*_SEND, _PAYLOAD), _FAILED, ()),
        HandedOn((*_SEND, UnitValue()), Success(None)),
        HandedOn(("t", "u", "l", (), _PAYLOAD), Success(None), _CHANGED),
        HandedOn((*_SEND, _PAYLOAD), Success(None), _LONGER),
    ),
    "handle_choose": (
        HandedOn(_CHOICE, Success("l")),
        HandedOn(_CHOICE, Success("r")),
        HandedOn(_CHOICE, Success("none of them")),
        HandedOn(_CHOICE, _BLOCKED),
        HandedOn(("t", "u", ("l",), _STATE), Success("another")),
        HandedOn(("t", "u", ("l",), _STATE), _BLOCKED),
        HandedOn(("t", "u", ("l", "l"), _STATE), _FAILED),
        HandedOn(("t", "u", (), ()), Success("")),
    ),
    "step": (
        HandedOn(("t", _STATE), Success(None), _CHANGED),
        HandedOn(("t", _STATE), _BLOCKED, _LONGER),
        HandedOn(("t", _STATE), _FAILED, ()),
        HandedOn(("t", _STATE), _BLOCKED),
        HandedOn(("t", ()), Success(None), _CHANGED),
        HandedOn(("t", _STATE), Success(None), _LONGER),
    ),
}

FORWARDED_METHODS: Final = tuple(_IN_A_ROW)
"""Every method that both wrappers forward."""

_STATES_AT: Final = {"handle_recv": 3, "step": 1}
"""Which argument of a method is a state that it may change."""

_ABOUT_ITSELF: Final = ("handler_identity", "supports_wal_sync", "handle_effect")
"""What an inner handler may be asked at any time, and a request that leads to its method."""


def judge_calls_in_a_row(
    history: History,
    requirement_id: str,
    method: str,
    make: Callable[[ScriptedHandler], Any],
) -> None:
    """Call one method of one handler again and again, and compare with the inner one each time.

    ``make`` gives the handler under test around an inner one. What fails is tried with as few of
    the calls before it as are needed: none, or one. Raises ``Violation``.
    """
    made: list[HandedOn] = []
    try:
        _judge_row(history, requirement_id, method, make, _IN_A_ROW[method], made)
    except Violation:
        *earlier, last = made
        for needed in ([last], *([each, last] for each in earlier)):
            history.steps[:] = []
            _judge_row(history, requirement_id, method, make, needed, [])
        raise
    history.reach(CALLS_IN_A_ROW)


def _judge_row(
    history: History,
    requirement_id: str,
    method: str,
    make: Callable[[ScriptedHandler], Any],
    row: Sequence[HandedOn],
    made: list[HandedOn],
) -> None:
    """Make the calls of a row on one new handler, and note those that were ``made``."""
    inner = ScriptedHandler()
    handler = make(inner)
    for each in row:
        made.append(each)
        inner.registers = each.registers
        inner.script(method, each.answer)
        inner.forget_calls()
        _judge_one(history, requirement_id, method, each, (inner, handler))


def _judge_one(
    history: History,
    requirement_id: str,
    method: str,
    handed_on: HandedOn,
    around: tuple[ScriptedHandler, Any],
) -> None:
    inner, handler = around
    arguments, state, place = list(handed_on.arguments), None, _STATES_AT.get(method)
    if place is not None:
        state = arguments[place] = list(arguments[place])
    shown = ", ".join(map(repr, handed_on.arguments))
    answered = history.call(
        f"call {method}({shown}), "
        f"which the inner handler answers with {result_text(handed_on.answer)}",
        lambda: getattr(handler, method)(*arguments),
        undeclared=requirement_id,
    )
    found = answered.value if isinstance(answered, Returned) else answered
    history.answer(result_text(found))
    asked = [call for call in inner.calls if call.name not in _ABOUT_ITSELF]
    wanted = [HandlerCall(method, handed_on.arguments)]
    history.check(
        requirement_id,
        asked == wanted,
        lambda: f"calls of the inner handler: {wanted!r}",
        lambda: f"calls of the inner handler: {asked!r}",
    )
    history.check(
        requirement_id,
        answered == Returned(handed_on.answer),
        lambda: f"the answer of the inner handler: {result_text(handed_on.answer)}",
        lambda: result_text(found),
    )
    if state is None or place is None:
        return
    left = handed_on.arguments[place] if handed_on.registers is None else handed_on.registers
    history.check(
        requirement_id,
        tuple(state) == left,
        lambda: f"the state as the inner handler left it: {left!r}",
        lambda: f"{tuple(state)!r}",
    )
