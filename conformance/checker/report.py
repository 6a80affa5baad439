"""Results as JSON and as text; plain functions of results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checker.model import Model
from conformance.checker.results import (
    Judgement,
    PropertyResult,
    SearchResult,
    State,
    Trace,
    fields_of,
)

__all__ = ["changes", "result_json", "result_lines", "trace_json", "trace_lines"]


def result_json(result: SearchResult, model: Model) -> dict[str, Any]:
    """Return a result as plain data, with ids and sentences of the model."""
    return {
        "model": result.model,
        "variant": result.variant,
        "slots": result.slots_count,
        "engine": result.engine,
        "judgement": result.judgement.value,
        "stopped_because": result.stopped_because,
        "states": result.states_count,
        "transitions": result.transitions_count,
        "depth": result.depth,
        "seconds": round(result.seconds, 3),
        "states_per_second": _per_second(result),
        "bytes_per_state": _bytes_per_state(result),
        "actions": [
            {"name": name, "ids": list(step.ids), "enabled": count}
            for (name, count), step in zip(result.enabled_counts, model.steps, strict=True)
        ],
        "properties": [_property_json(each, model) for each in result.properties],
    }


def _property_json(each: PropertyResult, model: Model) -> dict[str, Any]:
    claim = next(claim for claim in model.claims if claim.name == each.name)
    return {
        "name": each.name,
        "ids": list(claim.ids),
        "sentence": claim.sentence,
        "judgement": each.judgement.value,
        "checked": each.checked_count,
        "trace": None if each.trace is None else trace_json(each.trace),
    }


def trace_json(trace: Trace) -> dict[str, Any]:
    """Return a trace as plain data: where it starts, and each step with the state behind it."""
    return {
        "start": _state_json(trace.start),
        "steps": [
            {"action": step.action, "slot": step.slot, "state": _state_json(step.state)}
            for step in trace.steps
        ],
    }


def _state_json(state: State) -> dict[str, Any]:
    return {"shared": _plain(state.shared), "slots": [_plain(slot) for slot in state.slots]}


def _plain(value: Any) -> Any:
    """Return records as objects, and what is in their fields likewise."""
    named = fields_of(value)
    if "" not in named:
        return {name: _plain(each) for name, each in named.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _per_second(result: SearchResult) -> int | None:
    return round(result.states_count / result.seconds) if result.seconds > 0 else None


def _bytes_per_state(result: SearchResult) -> float:
    return round(result.visited_bytes / max(result.states_count, 1), 2)


def result_lines(result: SearchResult, model: Model) -> Iterator[str]:
    """Yield what a reader has to know of a result, a line each."""
    speed = _per_second(result)
    yield (
        f"{model.title}, {result.slots_count} slots: {result.states_count:,} states, "
        f"{result.transitions_count:,} transitions, depth {result.depth}; {result.engine}"
        + (f", {speed:,} states a second" if speed is not None else "")
        + f", {_bytes_per_state(result)} bytes a state"
    )
    if result.stopped_because is not None:
        yield f"  INCONCLUSIVE: {result.stopped_because}; what holds so far is no verdict"
    for each in result.properties:
        claim = next(claim for claim in model.claims if claim.name == each.name)
        steps = "" if each.trace is None else f", in {len(each.trace.steps)} steps"
        yield (
            f"  {each.judgement.value.upper():12} {each.name}: {claim.sentence} "
            f"({', '.join(claim.ids)}; {each.checked_count:,} times{steps})"
        )
        if each.judgement is Judgement.VIOLATED and each.trace is not None:
            yield from (f"    {line}" for line in trace_lines(each.trace))


def trace_lines(trace: Trace) -> Iterator[str]:
    """Yield a trace: each step, and the fields that it changed."""
    before = trace.start
    for number, step in enumerate(trace.steps, 1):
        who = "" if step.slot is None or len(step.state.slots) == 1 else f" [slot {step.slot}]"
        changed = "; ".join(changes(before, step.state)) or "nothing changes"
        yield f"{number}. {step.action}{who}: {changed}"
        before = step.state


def changes(before: State, after: State) -> Iterator[str]:
    """Yield each field that differs between two states, with both values."""
    pairs = [("", before.shared, after.shared)]
    for index, (old, new) in enumerate(zip(before.slots, after.slots, strict=True)):
        prefix = f"slot {index} " if len(after.slots) > 1 else ""
        pairs.append((prefix, old, new))
    for prefix, old, new in pairs:
        if old == new:
            continue
        for name, now in fields_of(new).items():
            then = fields_of(old)[name]
            if then != now:
                yield f"{prefix}{name} {then} -> {now}".strip()
