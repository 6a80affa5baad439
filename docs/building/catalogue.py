"""A page for each requirement and each finding, and the lists of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from conformance.findings.sources import SOURCES
from conformance.records.verdicts import level_note, level_of
from conformance.report.summary import PART_TITLES, SCOPE_WORDS
from conformance.requirements import (
    EXCLUSIONS,
    FINDINGS,
    LAWS,
    REQUIREMENTS,
    Component,
    Finding,
    Requirement,
)
from conformance.requirements.mending import MENDABLE
from docs.building.drawings import ways_of
from docs.building.knowledge import (
    broken_systems_of,
    finding_section,
    findings_of,
    proving_tests_of,
    requirements_of,
    suites_of,
)

__all__ = ["catalogue_pages", "check_command", "page_of_id"]

# A plausible name for what is judged; a log and a cache are targets by themselves.
_TARGETS: Final = {
    Component.AGREEMENT_WAL: "my_package.storage:MyWal",
    Component.EVIDENCE_CACHE: "my_package.storage:MyCache",
}
_WHOLE_BACKEND: Final = "my_package.storage:backend"
_SYSTEMS_SHOWN_MAX: Final = 12


def page_of_id(identifier: str) -> str | None:
    """Return the source of the page of a requirement or a finding, ``None`` for other words."""
    if identifier in REQUIREMENTS:
        return f"requirements/{identifier}.md"
    return f"findings/{identifier}.md" if identifier in FINDINGS else None


def catalogue_pages() -> dict[str, str]:
    """Return every page of the catalogue by its source, as Markdown."""
    pages = {
        "requirements/index.md": _text(_requirements_list()),
        "requirements/laws.md": _text(_laws_list()),
    }
    neighbours = list(REQUIREMENTS)
    for index, (identifier, row) in enumerate(REQUIREMENTS.items()):
        before = neighbours[index - 1] if index else None
        after = neighbours[index + 1] if index + 1 < len(neighbours) else None
        pages[f"requirements/{identifier}.md"] = _text(_requirement_page(row, before, after))
    for identifier, finding in FINDINGS.items():
        pages[f"findings/{identifier}.md"] = _text(_finding_page(finding))
    return pages


def check_command(row: Requirement) -> str:
    """Return the command that judges a requirement alone, on a backend of a plausible name."""
    words = ["telltale-conformance", "check", _TARGETS.get(row.component, _WHOLE_BACKEND)]
    words += ["--only", row.requirement_id]
    if row.capability == "keeps-rejected":
        words += ["--rejection-mode", row.capability]
    elif row.capability is not None:
        words += ["--capability", row.capability]
    if row.capability == "server-kill":
        words += ["--server", "my-server --data folder"]
    return shlex.join(words)


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _head(title: str, description: str) -> Iterator[str]:
    """Yield what a browser and a search show of a page; JSON texts are YAML texts as well."""
    plain = description.replace("`", "").replace("\\", "\\\\").replace('"', '\\"')
    yield "---"
    yield f'title: "{title}"'
    yield f'description: "{plain}"'
    yield "---"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _requirements_list() -> Iterator[str]:
    yield "# Requirements"
    yield ""
    yield (
        f"All {len(REQUIREMENTS)} requirements of the specification, part by part. "
        f"{len(EXCLUSIONS)} of them no run can put to a backend; their pages say why, and what "
        "proves them instead. `telltale-conformance requirements` prints the same list. "
        "[Laws](laws.md) are relations between several runs, judged on the way."
    )
    for component, title in PART_TITLES.items():
        rows = [row for row in REQUIREMENTS.values() if row.component is component]
        yield ""
        yield f"## {title}"
        yield ""
        yield "| requirement | level | sentence |"
        yield "|---|---|---|"
        for row in rows:
            identifier = row.requirement_id
            link = f"[{identifier}]({identifier}.md)"
            yield f"| {link} | {level_of(row, ())} | {_cell(row.sentence)} |"


def _laws_list() -> Iterator[str]:
    yield "# Laws"
    yield ""
    yield "Relations between runs that hold whatever the single results are. A break of one is"
    yield "reported under the requirement that it contradicts."
    yield ""
    yield "| law | sentence |"
    yield "|---|---|"
    for law in LAWS.values():
        yield f"| {law.law_id} | {_cell(law.sentence)} |"


def _requirement_page(row: Requirement, before: str | None, after: str | None) -> Iterator[str]:
    identifier = row.requirement_id
    yield from _head(identifier, row.sentence)
    yield f"# {identifier}"
    yield ""
    yield f'<p class="sentence" markdown="1">{row.sentence}</p>'
    yield ""
    note = level_note(row)
    yield "Level"
    yield f":   {level_of(row, ())}{f' ({note})' if note else ''}"
    yield ""
    yield "Component"
    yield f":   {PART_TITLES[row.component]}"
    yield ""
    yield "Holds for"
    yield f":   {SCOPE_WORDS[row.scope]}"
    if row.capability is not None:
        yield ""
        yield "Declaration"
        yield f":   `{row.capability}`"
    yield ""
    yield "Source"
    yield f":   {row.source}"
    yield ""
    yield from _judging(row)
    yield from _touching(identifier)
    yield from _systems(identifier)
    yield from _proofs(identifier)
    yield '<nav class="neighbours" aria-label="Requirements" markdown="1">'
    yield ""
    links = [f"[Before: {before}]({before}.md)"] if before else []
    links += ["[All requirements](index.md)"]
    links += [f"[Next: {after}]({after}.md)"] if after else []
    yield " ".join(links)
    yield ""
    yield "</nav>"


def _judging(row: Requirement) -> Iterator[str]:
    """Yield how a requirement is judged alone and by which suites, or why it is not."""
    exclusion = EXCLUSIONS.get(row.requirement_id)
    if exclusion is not None:
        yield "## Not put to a backend"
        yield ""
        yield f"No run judges it: {exclusion.reason.rstrip('.')}."
        yield ""
        if exclusion.proved_by:
            yield "What proves it in this repository instead:"
            yield ""
            yield from (f"- `{path}`" for path in exclusion.proved_by)
            yield ""
        return
    yield "## Judge it alone"
    yield ""
    yield "```sh"
    yield check_command(row)
    yield "```"
    yield ""
    yield "## What tests it"
    yield ""
    yield "A pass needs that each of these situations arose; otherwise the verdict is open."
    yield ""
    yield "| suite | situations that it needs |"
    yield "|---|---|"
    for suite, situations in suites_of(row.requirement_id):
        yield f"| {_cell(suite.name)} | {_cell('; '.join(situations)) or 'none'} |"
    yield ""


def _touching(requirement_id: str) -> Iterator[str]:
    touching = findings_of(requirement_id)
    if not touching:
        return
    yield "## Findings that touch it"
    yield ""
    yield "They are about the same lines of the sources, or change the rule where they are mended."
    yield ""
    for finding_id in touching:
        yield f"- [{finding_id}](../findings/{finding_id}.md): {FINDINGS[finding_id].sentence}"
        mending = MENDABLE.get(finding_id)
        if mending is not None and requirement_id in mending.requirement_ids:
            yield f"  Mended, with `--mends {finding_id}`: {mending.rule}"
    yield ""


def _systems(requirement_id: str) -> Iterator[str]:
    systems = broken_systems_of(requirement_id)
    if not systems:
        return
    shown = systems[:_SYSTEMS_SHOWN_MAX]
    count = "One system" if len(systems) == 1 else f"{len(systems)} systems"
    yield "## How it is known to bite"
    yield ""
    yield (
        f"{count} of the [kill table](../kill-table.md), broken on purpose, must be failed by it"
        f"{', among them' if len(shown) < len(systems) else ''}:"
    )
    yield ""
    yield from (f"- {kind}: {name}" for kind, name in shown)
    yield ""


def _proofs(requirement_id: str) -> Iterator[str]:
    tests = proving_tests_of(requirement_id)
    if not tests:
        return
    yield "## Tests that are marked with it"
    yield ""
    yield from (f"- `{path}`" for path in tests)
    yield ""


def _finding_page(finding: Finding) -> Iterator[str]:
    identifier = finding.finding_id
    yield from _head(identifier, finding.sentence)
    yield f"# {identifier}"
    yield ""
    yield f'<p class="sentence" markdown="1">{finding.sentence}</p>'
    yield ""
    yield "Severity"
    yield f":   {finding.severity.name.lower()}"
    yield ""
    yield "Source"
    yield f":   {SOURCES[identifier]}"
    yield ""
    shown, _, steps = finding_section(identifier).partition("\n\n")
    yield f"## On the reference: {shown}"
    yield ""
    yield steps
    yield ""
    yield "## Show it again"
    yield ""
    yield "```sh"
    yield f"telltale-conformance findings {identifier}"
    yield "```"
    yield ""
    yield from _drawn_ways(identifier)
    mending = MENDABLE.get(identifier)
    if mending is not None:
        yield "## The rule when it is mended"
        yield ""
        bound = [f"[{each}](../requirements/{each}.md)" for each in mending.requirement_ids]
        yield f"{mending.rule} A backend declares that with `--mends {identifier}`; it binds"
        yield f"{', '.join(bound)}."
        yield ""
    touched = requirements_of(identifier)
    if touched:
        yield "## Requirements that it touches"
        yield ""
        for each in touched:
            yield f"- [{each}](../requirements/{each}.md): {REQUIREMENTS[each].sentence}"
        yield ""
    yield "[All findings](../findings.md)"


def _drawn_ways(finding_id: str) -> Iterator[str]:
    """Yield the shortest ways through the models on which a finding shows."""
    ways = ways_of(finding_id)
    if not ways:
        return
    yield "## In a model"
    yield ""
    yield "Every state of a small model was searched. A row is a state, with the step that leads to"
    yield "it; what a step has changed is filled, and fields that never change are left out."
    for way in ways:
        yield ""
        yield f"Broken is: {way.sentence} ({way.length})."
        yield ""
        yield f'<figure class="way" tabindex="0">{way.svg}</figure>'
        yield ""
        yield "```sh"
        yield way.command
        yield "```"
    yield ""
