"""The page of findings, made from one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from conformance.findings.demonstration import Demonstration
from conformance.findings.sources import SOURCES
from conformance.requirements.kinds import Finding
from conformance.requirements.mending import MENDABLE

__all__ = ["page_lines", "text_lines"]


_MENDING: Final = (
    "`telltale_spec/hardened/` has components that mend many of them; `telltale-conformance",
    "findings --hardened` tries each on them. A backend that mends one of the findings below",
    'declares it: `Backend(mends=frozenset({"F11"}))`, `@declares(mends=["F11"])`,',
    "`--mends F11`, or `mends` in the handshake of a harness. It is then held to the rule here",
    "in place of the specified one, and failed by the requirement where it does not keep it.",
    "Without the declaration the specification binds.",
)


def text_lines(finding: Finding, found: Demonstration) -> Iterator[str]:
    """Yield what the terminal shows of one finding."""
    severity = finding.severity.name.lower()
    yield f"{finding.finding_id} ({severity}), {found.shown.value}: {finding.sentence}"
    yield f"    source: {SOURCES[finding.finding_id]}"
    yield from (f"    {step}" for step in found.steps)


def page_lines(rows: Iterable[tuple[Finding, Demonstration]], system: str) -> Iterator[str]:
    """Yield the page as Markdown; ``system`` says what was run."""
    found = list(rows)
    counts = Counter(each.shown.value for _, each in found)
    yield "# Findings"
    yield ""
    yield (
        f"What is surprising, ambiguous or dangerous in the specification, shown by running "
        f"{system}: " + ", ".join(f"{count} {word}" for word, count in counts.items()) + "."
    )
    yield ""
    yield "Made by `telltale-conformance findings --markdown docs/findings.md`; a test holds this"
    yield "page to a run. Nobody is failed by a finding: it is the specification's own behaviour."
    yield ""
    yield "## Mended findings"
    yield ""
    yield from _MENDING
    yield ""
    yield "| finding | requirements | rule when mended |"
    yield "|---|---|---|"
    for finding_id, mending in MENDABLE.items():
        yield f"| {finding_id} | {', '.join(mending.requirement_ids)} | {mending.rule} |"
    for finding, each in found:
        yield ""
        yield f"## {finding.finding_id}: {each.shown.value}"
        yield ""
        source = SOURCES[finding.finding_id]
        yield f"{finding.severity.name.capitalize()}. {finding.sentence} Source: {source}."
        yield ""
        yield from (f"{number}. {_escaped(step)}" for number, step in enumerate(each.steps, 1))


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    for character in "\\`*_<>[]|":
        text = text.replace(character, f"\\{character}")
    return text
