"""What the page shows, in the order in which it shows it: plain values for the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.records.replay_names import replay_folders
from conformance.records.results import (
    BackendReport,
    Counterexample,
    Report,
    RequirementResult,
    SampleHistory,
    SituationResult,
    Verdict,
)
from conformance.report.failure import chance_text
from conformance.report.summary import (
    CONCLUSION_WORDS,
    PART_TITLES,
    SCOPE_WORDS,
    UNKNOWN_SENTENCE,
    described,
    finding_order,
    is_judged,
    replay_command,
    requirement_ids_of,
    samples_of,
    situations_of,
    status_of,
    untried_lines,
    verdict_counts,
    web_link,
)
from conformance.report.timeline import timeline_svg
from conformance.requirements import FINDINGS, REQUIREMENTS, Requirement

__all__ = [
    "UNKNOWN_PART",
    "VERDICT_MEANINGS",
    "VERDICT_TITLES",
    "BackendView",
    "Difference",
    "Evidence",
    "Part",
    "QuirkView",
    "Row",
    "address_of",
    "backend_views",
    "difference",
    "page_parts",
    "page_rows",
    "page_samples",
    "quirk_views",
]

UNKNOWN_PART: Final = "Unknown to this version"
# A name in an address bar should be short; what tells two of them apart is added.
_ANCHOR_NAME_LENGTH_MAX: Final = 60

VERDICT_TITLES: Final = {
    Verdict.FAIL: "fail",
    Verdict.INCONCLUSIVE: "open",
    Verdict.EXPECTED_FAIL: "known",
    Verdict.PASS: "pass",
    Verdict.NOT_APPLICABLE: "n/a",
}
"""The words of the page, the ones to look at first in front."""

VERDICT_MEANINGS: Final = {
    Verdict.FAIL: "Broken, and here is the shortest history found that shows it.",
    Verdict.INCONCLUSIVE: "Nothing was found against it, but that is not enough to pass.",
    Verdict.EXPECTED_FAIL: "Broken as declared or as listed, for the reason given.",
    Verdict.PASS: "Put to the test in every situation that it needs, and kept.",
    Verdict.NOT_APPLICABLE: "This backend is not held to it.",
}


@dataclass(frozen=True)
class Difference:
    """Two texts side by side; the middles are what differs."""

    start: str
    expected: str
    actual: str
    end: str


@dataclass(frozen=True)
class Evidence:
    """Everything about one cell of the matrix."""

    anchor: str
    backend: BackendReport
    result: RequirementResult
    judged: Requirement | None
    difference: Difference | None
    chance: str
    replay: str
    link: str
    situations: list[SituationResult]
    samples: list[tuple[str, SampleHistory]]

    @property
    def title(self) -> str:
        """The word for its verdict."""
        return VERDICT_TITLES[self.result.verdict]

    @property
    def meaning(self) -> str:
        """What its verdict means."""
        return VERDICT_MEANINGS[self.result.verdict]

    @property
    def drawing(self) -> str:
        """The calls that overlapped, as an SVG element, or an empty text."""
        found = self.result.counterexample
        return "" if found is None else timeline_svg(found.calls)

    @property
    def scope(self) -> str:
        """Who can be held to its requirement."""
        return SCOPE_WORDS[self.judged.scope] if self.judged is not None else ""


@dataclass(frozen=True)
class Row:
    """One requirement, with the evidence of each backend or ``None`` where there is none."""

    anchor: str
    requirement_id: str
    sentence: str
    source: str
    levels: list[str]
    cells: list[Evidence | None]

    @property
    def verdicts(self) -> list[str]:
        """The words of all its verdicts, each once."""
        return list(dict.fromkeys(cell.title for cell in self.cells if cell is not None))

    @property
    def applies(self) -> bool:
        """Whether any backend was held to it."""
        return any(cell is not None and is_judged(cell.result) for cell in self.cells)


@dataclass(frozen=True)
class Part:
    """The requirements of one part of a system."""

    title: str
    rows: list[Row]


@dataclass(frozen=True)
class BackendView:
    """A backend at the head of the page."""

    report: BackendReport
    status: str
    conclusion: str
    counts: list[tuple[str, int]]

    @property
    def untried(self) -> list[str]:
        """What it declares and the run did not exercise, with the reasons."""
        return untried_lines(self.report)

    @property
    def judged_count(self) -> int:
        """How many requirements it was held to."""
        return sum(count for title, count in self.counts if title != "n/a")


@dataclass(frozen=True)
class QuirkView:
    """A quirk, with the names of the backends that showed it and of those that did not."""

    finding_id: str
    sentence: str
    shown_by: list[str]
    not_shown_by: list[str]


def backend_views(report: Report, *, strict: bool) -> list[BackendView]:
    """Return the heads of all backends."""
    views = []
    for backend in report.backends:
        status = status_of(report, backend, strict=strict)
        counts = verdict_counts(backend)
        figures = [(title, counts[verdict]) for verdict, title in VERDICT_TITLES.items()]
        views.append(BackendView(backend, status.name.lower(), CONCLUSION_WORDS[status], figures))
    return views


def quirk_views(report: Report) -> list[QuirkView]:
    """Return every quirk that was looked for, by its number."""
    found: dict[tuple[str, str], QuirkView] = {}
    for backend in report.backends:
        for quirk in backend.quirks:
            key = (quirk.finding_id, quirk.sentence)
            view = found.setdefault(key, QuirkView(*key, [], []))
            (view.shown_by if quirk.shown else view.not_shown_by).append(backend.name)
    return sorted(found.values(), key=lambda view: finding_order(view.finding_id))


def page_rows(report: Report) -> list[Row]:
    """Return one row for each requirement that any backend has a result for."""
    sample_anchors = _sample_anchors(report)
    folders = replay_folders(report.backends)
    anchors = _Anchors()
    rows = []
    for requirement_id in requirement_ids_of(report.backends):
        judged = described(requirement_id)
        cells = [
            _evidence(backend, requirement_id, folder, anchors, own_sample_anchors)
            for backend, folder, own_sample_anchors in zip(
                report.backends, folders, sample_anchors, strict=True
            )
        ]
        levels = {cell.result.level for cell in cells if cell is not None}
        applying = {cell.result.level for cell in cells if cell and is_judged(cell.result)}
        rows.append(
            Row(
                anchors.new("requirement", requirement_id),
                requirement_id,
                judged.sentence if judged is not None else UNKNOWN_SENTENCE,
                judged.source if judged is not None else "",
                sorted(applying or levels),
                cells,
            )
        )
    return rows


def page_parts(rows: list[Row]) -> list[Part]:
    """Return the rows by part of the system, in their own order."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        judged = described(row.requirement_id)
        title = PART_TITLES[judged.component] if judged is not None else UNKNOWN_PART
        parts.setdefault(title, []).append(row)
    return [Part(title, found) for title, found in parts.items()]


def page_samples(report: Report) -> Iterator[tuple[str, BackendReport, SampleHistory]]:
    """Yield every sample history with its anchor and its backend."""
    anchors = _sample_anchors(report)
    for own_anchors, backend in zip(anchors, report.backends, strict=True):
        for sample in backend.samples:
            yield own_anchors[id(sample)], backend, sample


def address_of(documentation: str, identifier: str) -> str:
    """Return where the page of a requirement or a finding is on a site, or an empty text.

    ``documentation`` is the address of the site; an empty one has no pages.
    """
    folder = "requirements" if identifier in REQUIREMENTS else "findings"
    if not documentation or identifier not in {**REQUIREMENTS, **FINDINGS}:
        return ""
    return f"{documentation.rstrip('/')}/{folder}/{identifier}.html"


def difference(counterexample: Counterexample) -> Difference:
    """Return what is expected and what came, parted where they begin and end to differ."""
    expected, actual = counterexample.expected, counterexample.actual
    shorter = min(len(expected), len(actual))
    start = 0
    while start < shorter and expected[start] == actual[start]:
        start += 1
    end = 0
    while end < shorter - start and expected[-1 - end] == actual[-1 - end]:
        end += 1
    return Difference(
        expected[:start],
        expected[start : len(expected) - end],
        actual[start : len(actual) - end],
        expected[len(expected) - end :],
    )


class _Anchors:
    """Gives every cell an anchor of its own that stays the same from report to report."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, *names: str) -> str:
        words = (re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-") for name in names)
        readable = "--".join(word[:_ANCHOR_NAME_LENGTH_MAX] for word in words)
        anchor, number = readable, 2
        while anchor in self._taken:
            anchor, number = f"{readable}--{number}", number + 1
        self._taken.add(anchor)
        return anchor


def _evidence(
    backend: BackendReport,
    requirement_id: str,
    replay_folder: str,
    anchors: _Anchors,
    sample_anchors: dict[int, str],
) -> Evidence | None:
    """Return the evidence of one cell; ``sample_anchors`` are those of its backend."""
    result = backend.result(requirement_id)
    if result is None:
        return None
    found = result.counterexample
    is_pass = result.verdict is Verdict.PASS
    samples = samples_of(backend, requirement_id) if is_pass else []
    return Evidence(
        anchor=anchors.new("evidence", backend.name, requirement_id),
        backend=backend,
        result=result,
        judged=described(requirement_id),
        difference=None if found is None else difference(found),
        chance="" if found is None else chance_text(found),
        replay="" if found is None else replay_command(replay_folder, requirement_id),
        link=web_link(result.link),
        situations=situations_of(backend, requirement_id) if is_judged(result) else [],
        samples=[(sample_anchors[id(sample)], sample) for sample in samples],
    )


def _sample_anchors(report: Report) -> list[dict[int, str]]:
    """Return, backend by backend, the anchor of each sample by its identity.

    Neither the names of backends nor their samples need be different ones.
    """
    anchors = _Anchors()
    return [
        {
            id(sample): anchors.new("sample", backend.name, sample.suite)
            for sample in backend.samples
        }
        for backend in report.backends
    ]
