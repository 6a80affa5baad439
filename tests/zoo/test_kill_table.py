"""The published kill table lists the broken systems that there are, each one killed."""

from __future__ import annotations

from pathlib import Path

from tests.zoo.kill_table import ZOO

ROOT = Path(__file__).resolve().parents[2]


def rows() -> list[list[str]]:
    """Return the rows of the published table, by cells."""
    page = (ROOT / "docs/kill-table.md").read_text(encoding="utf-8")
    lines = page.partition("## Every system")[2].splitlines()
    tables = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return tables[1:]


def test_every_broken_system_is_listed_as_killed() -> None:
    systems = [(each.kind, each.name, each.requirement_id) for each in ZOO]

    assert [tuple(row[:3]) for row in rows()] == systems
    assert [row[3] for row in rows()] == ["5/5" if each.draws else "all" for each in ZOO]


def test_the_claims_count_them_right() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = (ROOT / "docs/kill-table.md").read_text(encoding="utf-8")

    assert f"every one of {len(ZOO)} broken systems" in readme
    assert f"All {len(ZOO)} systems were killed on all 5 seeds." in page
