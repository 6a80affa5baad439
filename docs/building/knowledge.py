"""What the catalogue, the suites, the kill table and the tests say of one requirement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from conformance.engine.suite import Suite
from conformance.findings.sources import SOURCES
from conformance.machines.registry import SUITES
from conformance.requirements import FINDINGS, REQUIREMENTS
from conformance.requirements.mending import MENDABLE
from docs.building.places import ROOT

__all__ = [
    "broken_systems_of",
    "finding_section",
    "findings_of",
    "proving_tests_of",
    "requirements_of",
    "suites_of",
]

_SOURCE_FILE: Final = re.compile(r"[\w/]+\.rs")
_LINES: Final = re.compile(r"(\d+)(?:-(\d+))?")
_KILLED: Final = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| \d+/\d+ \|", re.MULTILINE)
_MARKED: Final = re.compile(r"mark\.requirement\(([^)]*)\)")
_QUOTED: Final = re.compile(r'"([^"]+)"')


def suites_of(requirement_id: str) -> list[tuple[Suite, list[str]]]:
    """Return the suites that judge a requirement, with the situations that a pass needs of each."""
    return [
        (suite, [name for name, needing in suite.situations.items() if requirement_id in needing])
        for suite in SUITES
        if requirement_id in suite.requirement_ids
    ]


def findings_of(requirement_id: str) -> list[str]:
    """Return the findings that touch a requirement.

    Those are the ones whose mending changes it, and those about the same
    lines of the specification's sources.
    """
    lines = _lines_of(REQUIREMENTS[requirement_id].source)
    return [
        finding_id
        for finding_id in FINDINGS
        if _mends(finding_id, requirement_id) or _meet(lines, _lines_of(SOURCES[finding_id]))
    ]


def requirements_of(finding_id: str) -> list[str]:
    """Return the requirements that a finding touches, as :func:`findings_of` does."""
    return [each for each in REQUIREMENTS if finding_id in findings_of(each)]


def broken_systems_of(requirement_id: str) -> list[tuple[str, str]]:
    """Return kind and name of each system of the kill table that a requirement has to fail."""
    return [(kind, name) for kind, name, killer in _kill_table() if killer == requirement_id]


def proving_tests_of(requirement_id: str) -> list[str]:
    """Return the test modules that are marked with a requirement, as paths from the root."""
    return _proving_tests().get(requirement_id, [])


def finding_section(finding_id: str) -> str:
    """Return how a finding shows, from the page of findings: a word, and Markdown."""
    text = _document("docs/findings.md")
    found = re.search(rf"^## {finding_id}: (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise LookupError(f"docs/findings.md has no section `{finding_id}`: make it again")
    # The first paragraph repeats the catalogue.
    return f"{found[1]}\n\n{found[2].strip().partition(chr(10))[2].strip()}"


def _mends(finding_id: str, requirement_id: str) -> bool:
    mending = MENDABLE.get(finding_id)
    return mending is not None and requirement_id in mending.requirement_ids


def _lines_of(source: str) -> list[tuple[str, int, int]]:
    """Return file, first and last line of each place that a source names."""
    return [
        (file[0], int(first), int(last or first))
        for piece in source.split(";")
        for file in [_SOURCE_FILE.search(piece)]
        if file is not None
        for first, last in _LINES.findall(piece[file.end() :])
    ]


def _meet(some: list[tuple[str, int, int]], others: list[tuple[str, int, int]]) -> bool:
    return any(
        file == other_file and first <= other_last and other_first <= last
        for file, first, last in some
        for other_file, other_first, other_last in others
    )


@cache
def _document(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def _kill_table() -> tuple[tuple[str, str, str], ...]:
    _, _, rows = _document("docs/kill-table.md").partition("## Every system")
    return tuple((kind, name, killer) for kind, name, killer in _KILLED.findall(rows))


@cache
def _proving_tests() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, requirement_id in sorted(set(_marks())):
        found.setdefault(requirement_id, []).append(path)
    return found


def _marks() -> Iterator[tuple[str, str]]:
    for package in ("telltale_spec", "strategies", "conformance", "tests"):
        for path in (ROOT / package).rglob("test_*.py"):
            for arguments in _MARKED.findall(path.read_text(encoding="utf-8")):
                for requirement_id in _QUOTED.findall(arguments):
                    yield path.relative_to(ROOT).as_posix(), requirement_id
