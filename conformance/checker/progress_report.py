"""Promises as JSON and as text; plain functions of results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checker.model import Model, Progress
from conformance.checker.promises import Lasso, ProgressResult, ProgressSearch
from conformance.checker.report import trace_json, trace_lines
from conformance.checker.results import Trace

__all__ = ["lasso_lines", "progress_json", "progress_lines"]


def progress_json(search: ProgressSearch, model: Model) -> dict[str, Any]:
    """Return a search as plain data, with ids, sentences and assumptions of the model."""
    return {
        "model": search.model,
        "variant": search.variant,
        "slots": search.slots_count,
        "judgement": search.judgement.value,
        "stopped_because": search.stopped_because,
        "states": search.states_count,
        "seconds": round(search.seconds, 3),
        "promises": [_promise_json(each, model) for each in search.promises],
    }


def _promise_json(result: ProgressResult, model: Model) -> dict[str, Any]:
    promise = _promise_of(result, model)
    return {
        "name": promise.name,
        "ids": list(promise.ids),
        "sentence": promise.sentence,
        "weakly_fair": list(promise.weakly_fair),
        "strongly_fair": list(promise.strongly_fair),
        "finite": list(promise.finite),
        "judgement": result.judgement.value,
        "owed": result.owed_count,
        "lasso": None if result.lasso is None else _lasso_json(result.lasso),
    }


def _lasso_json(lasso: Lasso) -> dict[str, Any]:
    cycle = trace_json(Trace(lasso.stem.end, lasso.cycle))
    return {"stem": trace_json(lasso.stem), "cycle": cycle["steps"]}


def _promise_of(result: ProgressResult, model: Model) -> Progress:
    return next(each for each in model.promises if each.name == result.name)


def progress_lines(search: ProgressSearch, model: Model) -> Iterator[str]:
    """Yield what a reader has to know of a search, a line each."""
    yield f"{model.title}, {search.slots_count} slots: {search.states_count:,} states"
    if search.stopped_because is not None:
        yield f"  INCONCLUSIVE: {search.stopped_because}; no promise was judged"
    for each in search.promises:
        promise = _promise_of(each, model)
        yield (
            f"  {each.judgement.value.upper():12} {each.name}: {promise.sentence} "
            f"({', '.join(promise.ids)}; owed in {each.owed_count:,} states)"
        )
        yield from (f"    {line}" for line in _assumption_lines(promise))
        if each.lasso is not None:
            yield from (f"    {line}" for line in lasso_lines(each.lasso))


def _assumption_lines(promise: Progress) -> Iterator[str]:
    for what, names in (
        ("taken at last where it stays possible", promise.weakly_fair),
        ("taken at last where it is possible again and again", promise.strongly_fair),
        ("taken so many times and no more", promise.finite),
    ):
        if names:
            yield f"assumed: {what}: {', '.join(names)}"


def lasso_lines(lasso: Lasso) -> Iterator[str]:
    """Yield a way that never ends: the steps to where it begins again, then those that repeat."""
    yield from trace_lines(lasso.stem)
    if not lasso.cycle:
        yield "and nothing happens any more"
        return
    yield "and then again and again:"
    yield from (f"  {line}" for line in trace_lines(Trace(lasso.stem.end, lasso.cycle)))
