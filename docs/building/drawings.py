"""Ways through the models on which a finding shows, as drawings for its page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from conformance.checker.engines import check_model
from conformance.checker.models.registry import MODELS, build
from conformance.checker.progress import check_progress
from conformance.checker.results import Budget
from conformance.report.models.drawing import lasso_svg, steps_text, trace_svg

__all__ = ["Way", "ways_of"]


@dataclass(frozen=True)
class Way:
    """One way, with what it breaks and the command that finds it again."""

    sentence: str
    length: str
    svg: str
    command: str


def ways_of(finding_id: str) -> list[Way]:
    """Return the ways on which a model of the specification as it is shows a finding."""
    return [way for ids, way in _all_ways() if finding_id in ids]


@cache
def _all_ways() -> tuple[tuple[tuple[str, ...], Way], ...]:
    return (*_broken_properties(), *_broken_promises())


def _broken_properties() -> Iterator[tuple[tuple[str, ...], Way]]:
    for name in MODELS:
        model = build(name)
        result = check_model(model, budget=Budget())
        for claim in model.claims:
            found = next((each for each in result.properties if each.name == claim.name), None)
            if found is None or found.trace is None:
                continue
            command = f"telltale-conformance model trace {name} {shlex.quote(claim.name)}"
            length = f"a shortest way has {steps_text(found.trace.steps)}"
            yield claim.ids, Way(claim.sentence, length, trace_svg(found.trace), command)


def _broken_promises() -> Iterator[tuple[tuple[str, ...], Way]]:
    for name in MODELS:
        model = build(name)
        if not model.promises:
            continue
        search = check_progress(model)
        for promise, found in zip(model.promises, search.promises, strict=True):
            if found.lasso is None:
                continue
            length = f"{steps_text(found.lasso.stem.steps)}, then for ever the same"
            command = f"telltale-conformance model progress {name}"
            yield promise.ids, Way(promise.sentence, length, lasso_svg(found.lasso), command)
