"""What searches of models found, as one page of HTML with each way drawn; it loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from conformance.checker.model import Model, Progress
from conformance.checker.progress_report import lasso_lines
from conformance.checker.promises import ProgressResult, ProgressSearch
from conformance.checker.report import trace_lines
from conformance.checker.results import Judgement, PropertyResult, SearchResult
from conformance.exit_status import ExitStatus
from conformance.report.models.drawing import lasso_svg, steps_text, trace_svg
from conformance.report.page.environment import page_environment, part, policy_hash

__all__ = ["ClaimView", "ModelView", "models_page", "progress_view", "search_view"]

_TITLES: Final = {
    Judgement.HOLDS: "pass",
    Judgement.VIOLATED: "fail",
    Judgement.INCONCLUSIVE: "open",
}
_STATUSES: Final = {
    "fail": ExitStatus.VIOLATION,
    "open": ExitStatus.INCONCLUSIVE,
    "pass": ExitStatus.CONFORMING,
}
_MEANINGS: Final = {
    "fail": "Each comes with a way to it through the states of its model.",
    "open": "What was not searched to its end is no verdict.",
    "pass": "There is no way to break one of them within the bounds of the models.",
}


@dataclass(frozen=True)
class ClaimView:
    """One property or promise of a model, with a drawing and lines where it is broken."""

    name: str
    title: str
    sentence: str
    ids: tuple[str, ...]
    facts: list[tuple[str, str]]
    drawing_title: str = ""
    drawing: str = ""
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ModelView:
    """One search of one model."""

    title: str
    sentence: str
    facts: list[tuple[str, str]]
    stopped_because: str | None
    claims: list[ClaimView]


def search_view(result: SearchResult, model: Model, only: str | None = None) -> ModelView:
    """Return what is shown of a search; ``only`` names the one property that is asked about."""
    facts = [
        ("slots", f"{result.slots_count}"),
        ("states", f"{result.states_count:,}"),
        ("transitions", f"{result.transitions_count:,}"),
        ("depth", f"{result.depth}"),
        ("engine", result.engine),
    ]
    wanted = [each for each in result.properties if only in (None, each.name)]
    claims = [_property_view(each, model) for each in wanted]
    return ModelView(model.title, model.sentence, facts, result.stopped_because, claims)


def _property_view(result: PropertyResult, model: Model) -> ClaimView:
    claim = next(each for each in model.claims if each.name == result.name)
    trace = result.trace
    return ClaimView(
        name=result.name,
        title=_TITLES[result.judgement],
        sentence=claim.sentence,
        ids=claim.ids,
        facts=[("put to the test", f"{result.checked_count:,} times")],
        drawing_title="" if trace is None else f"A shortest way, in {steps_text(trace.steps)}",
        drawing="" if trace is None else trace_svg(trace),
        lines=[] if trace is None else list(trace_lines(trace)),
    )


def progress_view(search: ProgressSearch, model: Model) -> ModelView:
    """Return what is shown of a search for promises that are never kept."""
    facts = [("slots", f"{search.slots_count}"), ("states", f"{search.states_count:,}")]
    claims = [_promise_view(each, model) for each in search.promises]
    return ModelView(model.title, model.sentence, facts, search.stopped_because, claims)


def _promise_view(result: ProgressResult, model: Model) -> ClaimView:
    promise = next(each for each in model.promises if each.name == result.name)
    lasso = result.lasso
    facts = [("owed in", f"{result.owed_count:,} states"), *_assumptions(promise)]
    return ClaimView(
        name=result.name,
        title=_TITLES[result.judgement],
        sentence=promise.sentence,
        ids=promise.ids,
        facts=facts,
        drawing_title="" if lasso is None else "A way on which it is never kept",
        drawing="" if lasso is None else lasso_svg(lasso),
        lines=[] if lasso is None else list(lasso_lines(lasso)),
    )


def _assumptions(promise: Progress) -> Iterator[tuple[str, str]]:
    for what, names in (
        ("assumed to be taken where it stays possible", promise.weakly_fair),
        ("assumed to be taken where it is possible again and again", promise.strongly_fair),
        ("assumed to be taken so many times and no more", promise.finite),
    ):
        if names:
            yield what, ", ".join(names)


def models_page(models: Sequence[ModelView], *, version: str) -> str:
    """Return the page; every text is escaped, and a policy in the page lets it load nothing."""
    titles = [claim.title for model in models for claim in model.claims]
    worst = next((each for each in _STATUSES if each in titles), "pass")
    style = part("page.css")
    return (
        page_environment()
        .get_template("models.html")
        .render(
            models=models,
            headline=_headline(worst, titles),
            meaning=_MEANINGS[worst],
            status=_STATUSES[worst].name.lower(),
            version=version,
            style=Markup(style),  # noqa: S704 - a file of ours
            style_hash=policy_hash(style),
        )
    )


def _headline(worst: str, titles: Sequence[str]) -> str:
    what = "property" if len(titles) == 1 else "properties"
    if worst == "pass":
        return f"{len(titles)} of {len(titles)} {what} held within the bounds"
    verb = {"fail": "broken", "open": "open"}[worst]
    return f"{titles.count(worst)} of {len(titles)} {what} {verb}"
