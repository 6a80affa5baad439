"""Every finding is shown by running something, or there is a reason why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.watch import CallWatch
from conformance.findings.demonstration import Shown
from conformance.findings.page import page_lines
from conformance.findings.registry import (
    DEMONSTRATIONS,
    NOT_EXECUTABLE,
    NOT_SHOWN,
    demonstrate,
    demonstrate_on,
)
from conformance.findings.sources import SOURCES
from conformance.machines.registry import QUIRKS
from conformance.requirements import FINDINGS
from conformance.run.shipped import SHIPPED_BACKENDS


@pytest.mark.parametrize("finding_id", list(FINDINGS))
def test_a_finding_shows_on_the_reference(finding_id: str, tmp_path: Path) -> None:
    with CallWatch() as watch:
        found = demonstrate(finding_id, SHIPPED_BACKENDS, tmp_path / "place", watch)

    wanted = (
        Shown.NOT_EXECUTABLE
        if finding_id in NOT_EXECUTABLE
        else Shown.NOT_SHOWN
        if finding_id in NOT_SHOWN
        else Shown.SHOWN
    )
    assert found.shown is wanted, found.steps
    assert found.steps


def test_every_finding_has_one_way_to_show_it() -> None:
    quirks = {quirk.finding_id for quirk in QUIRKS}

    assert quirks | DEMONSTRATIONS.keys() | NOT_EXECUTABLE.keys() == FINDINGS.keys()
    assert not quirks & DEMONSTRATIONS.keys()
    assert SOURCES.keys() == FINDINGS.keys()
    assert not (quirks | DEMONSTRATIONS.keys()) & NOT_EXECUTABLE.keys()


def test_a_backend_shows_only_what_has_a_history() -> None:
    (sqlite,) = [each for each in SHIPPED_BACKENDS if each.name == "sqlite"]
    with CallWatch() as watch:
        assert demonstrate_on("F4", sqlite, watch).shown is Shown.SHOWN
        # A log that rejects cleanly is not asked for the wedge.
        assert demonstrate_on("F1", sqlite, watch).shown is Shown.NOT_EXECUTABLE
        assert demonstrate_on("F17", sqlite, watch).shown is Shown.NOT_EXECUTABLE


def test_the_page_is_of_this_version() -> None:
    """The page in docs has every finding, its sentence and whether it shows."""
    page = (Path(__file__).parents[3] / "docs" / "findings.md").read_text(encoding="utf-8")

    for finding_id, finding in FINDINGS.items():
        word = (
            Shown.NOT_EXECUTABLE
            if finding_id in NOT_EXECUTABLE
            else Shown.NOT_SHOWN
            if finding_id in NOT_SHOWN
            else Shown.SHOWN
        )
        assert f"## {finding_id}: {word.value}\n" in page
        assert finding.sentence in page


def test_the_page_shows_text_as_it_is() -> None:
    from conformance.findings.demonstration import Demonstration

    row = (FINDINGS["F1"], Demonstration.of(True, "a `b` <c> *d*"))
    lines = list(page_lines([row], "the reference"))

    assert lines[-1] == "1. a \\`b\\` \\<c\\> \\*d\\*"
    assert "1 shown" in lines[2]
