"""Looks into the strategies of machines and laws, in the process where they are naive ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis.stateful import RULE_MARKER, RuleBasedStateMachine

from conformance.engine.suite import Law, LawSuite

__all__ = ["told"]

# Each is part of an alphabet or pool that is to be gone: of ids, of ticks, of numbers, of bodies.
_OF_POOLS = ("'a:b'", "'waterproof'", "'PROOF'", "65_535", "65535", "(1, 2, 3, 5, 0,", "_nested")


def told(
    machines: Iterable[type[RuleBasedStateMachine]], suites: Iterable[LawSuite]
) -> dict[str, Any]:
    """Return how many strategies there are, and where parts of a pool are still drawn from."""
    found = list(_strategies(machines, suites))
    pools = [name for name, text in found if any(part in text for part in _OF_POOLS)]
    return {"strategies": len(found), "pools": pools}


def _strategies(
    machines: Iterable[type[RuleBasedStateMachine]], suites: Iterable[LawSuite]
) -> Iterator[tuple[str, str]]:
    for machine in machines:
        for attribute in dir(machine):
            rule = getattr(getattr(machine, attribute), RULE_MARKER, None)
            for name, strategy in () if rule is None else rule.arguments.items():
                yield f"{machine.__name__}.{attribute} {name}", _text(strategy)
    for suite in suites:
        for law in suite.laws:
            if isinstance(law, Law):
                yield f"{suite.name}, {law.name}", _text(law.values)


def _text(strategy: Any) -> str:
    """Return what a strategy says of itself, with what it is made of where it is lazy."""
    strategy.validate()
    wrapped = getattr(strategy, "wrapped_strategy", strategy)
    return re.sub(r"\s+", " ", f"{strategy!r} {wrapped!r}")
