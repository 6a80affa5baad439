"""Every finding is shown by running something, or there is a reason why it is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.engine.watch import CallWatch
from conformance.findings.demonstration import Shown
from conformance.findings.page import page_lines
from conformance.findings.registry import (
    DEMONSTRATIONS,
    HARDENED_BACKEND,
    HARDENED_DEMONSTRATIONS,
    MENDED,
    NOT_EXECUTABLE,
    NOT_SHOWN,
    demonstrate,
    demonstrate_hardened,
    demonstrate_on,
)
from conformance.findings.sources import SOURCES
from conformance.machines.registry import QUIRKS
from conformance.requirements import FINDINGS
from conformance.requirements.mending import MENDABLE
from conformance.run.shipped import SHIPPED_BACKENDS
from telltale_spec.hardened.agreement_wal import MENDED_BY_SYNC, HardenedAgreementWalHandler
from telltale_spec.hardened.evidence import MENDED_BY_EVIDENCE, HardenedEvidencePersistenceHandler
from telltale_spec.hardened.recovery import MENDED_BY_RECOVERY, HardenedRecoveryPlan


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


@pytest.mark.parametrize("finding_id", sorted(MENDED))
def test_a_mended_finding_does_not_show_on_the_hardened_component(
    finding_id: str, tmp_path: Path
) -> None:
    """What the reference shows (above) is tried on the hardened component, and does not show."""
    with CallWatch() as watch:
        found = demonstrate_hardened(finding_id, tmp_path / "place", watch)

    assert found.shown is Shown.NOT_SHOWN, found.steps
    assert found.steps


def test_every_finding_that_a_component_names_is_tried_on_it() -> None:
    quirks = {quirk.finding_id for quirk in QUIRKS if quirk.applies(HARDENED_BACKEND)}

    assert quirks | HARDENED_DEMONSTRATIONS.keys() == MENDED
    assert not MENDED & (NOT_EXECUTABLE.keys() | NOT_SHOWN)
    for component in (
        HardenedAgreementWalHandler,
        HardenedEvidencePersistenceHandler,
        HardenedRecoveryPlan,
    ):
        mended = {
            HardenedAgreementWalHandler: MENDED_BY_SYNC,
            HardenedEvidencePersistenceHandler: MENDED_BY_EVIDENCE,
            HardenedRecoveryPlan: MENDED_BY_RECOVERY,
        }[component]
        named = set(re.findall(r"F\d+", component.__doc__ or ""))
        assert mended <= named


def test_what_no_component_mends_is_not_tried() -> None:
    with CallWatch() as watch:
        found = demonstrate_hardened("F28", Path("nowhere"), watch)
    assert found.shown is Shown.NOT_EXECUTABLE


def test_every_finding_has_one_way_to_show_it() -> None:
    quirks = {quirk.finding_id for quirk in QUIRKS}

    assert quirks | DEMONSTRATIONS.keys() | NOT_EXECUTABLE.keys() == FINDINGS.keys()
    assert not quirks & DEMONSTRATIONS.keys()
    assert SOURCES.keys() == FINDINGS.keys()
    assert not (quirks | DEMONSTRATIONS.keys()) & NOT_EXECUTABLE.keys()


def test_a_backend_shows_only_what_has_a_history() -> None:
    memory, sqlite = [each for each in SHIPPED_BACKENDS if each.name in ("memory", "sqlite")]
    with CallWatch() as watch:
        assert demonstrate_on("F4", memory, watch).shown is Shown.SHOWN
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


def test_the_page_has_the_rule_of_every_mended_finding() -> None:
    page = (Path(__file__).parents[3] / "docs" / "findings.md").read_text(encoding="utf-8")

    for finding_id, mending in MENDABLE.items():
        row = f"| {finding_id} | {', '.join(mending.requirement_ids)} | {mending.rule} |"
        assert row in page.splitlines()
