"""Build the site, and check every page of it.

Not part of the plain test run, which has no MkDocs: `tox run -e site` runs it.
"""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
import yaml

from conformance.commands import check
from conformance.commands.arguments import CommandParser
from conformance.report.page_view import address_of
from conformance.requirements import EXCLUSIONS, FINDINGS, REQUIREMENTS
from docs.building.catalogue import check_command
from docs.building.reference import paths_of_public_names
from tests.site.pages import Page, broken_links, foreign_resources, read_pages, unmade_lists

ROOT = Path(__file__).parents[2]
# A site that has lost most of its pages must not pass because the rest is right.
PAGES_MIN = 300
LINKS_MIN = 15_000


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Read every page once."""
    return read_pages(site)


def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    """Files and places on pages; links to other hosts are not followed."""
    count, problems = broken_links(site, pages)

    assert problems == []
    assert len(pages) >= PAGES_MIN
    assert count >= LINKS_MIN


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    """No font, no script, no picture; what the theme's script would load has no reason to."""
    assert list(foreign_resources(site, pages)) == []
    # Two things only make it ask other hosts: a diagram, and the name of a repository.
    for page in pages.values():
        assert not page.classes & {"mermaid", "md-source"}, page.path


def test_every_page_has_one_heading_and_no_id_twice(pages: dict[Path, Page]) -> None:
    """So that a reader who hears the page, and a link, find their place."""
    assert [page.path for page in pages.values() if len(page.headings) != 1] == []
    doubled = {
        page.path.name: [each for each, count in page.ids.items() if count > 1]
        for page in pages.values()
    }

    assert {name: ids for name, ids in doubled.items() if ids} == {}


def test_the_search_has_a_name(pages: dict[Path, Page]) -> None:
    """A change of the theme must not take it away unseen."""
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert text.count('role="dialog"') == text.count('role="dialog" aria-label="') == 1, path


def test_lists_became_lists(pages: dict[Path, Page]) -> None:
    """On other sites a list needs no empty line before it; here it does."""
    assert [
        (page.path.name, unmade_lists(page)) for page in pages.values() if unmade_lists(page)
    ] == []


def test_every_requirement_and_finding_has_its_page(site: Path, pages: dict[Path, Page]) -> None:
    """With its sentence, at the address to which the page of a report leads."""
    sentences = {identifier: row.sentence for identifier, row in REQUIREMENTS.items()}
    sentences |= {identifier: row.sentence for identifier, row in FINDINGS.items()}
    for identifier, sentence in sentences.items():
        address = address_of("https://docs.example.org", identifier)
        path = site / address.removeprefix("https://docs.example.org/")
        page = pages[path.resolve()]
        plain = sentence.replace("`", "")

        assert page.headings[0].startswith(identifier)
        assert any(" ".join(text.split()) == plain for text in page.paragraphs), identifier


@pytest.mark.parametrize("identifier", sorted(REQUIREMENTS.keys() - EXCLUSIONS.keys()))
def test_the_command_of_a_requirement_is_one(identifier: str) -> None:
    """It names the requirement, and `check` takes all its options."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    check.add(parser.add_subparsers(parser_class=CommandParser))
    program, *words = shlex.split(check_command(REQUIREMENTS[identifier]))
    parsed = parser.parse_args(words)

    assert program == "telltale-conformance"
    assert parsed.only == [identifier]


def test_every_public_name_is_in_the_reference(site: Path, pages: dict[Path, Page]) -> None:
    """Once, on the page of its module."""
    for path in paths_of_public_names().values():
        module = path.rpartition(".")[0]
        page = pages[(site / "reference" / f"{module}.html").resolve()]

        assert page.ids[path] == 1, path


def test_every_document_has_its_place() -> None:
    """In the navigation, by its name."""
    named = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    documents = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert {
        name for name in documents if not re.search(rf": {re.escape(name)}$", named, re.M)
    } == set()


def test_the_files_that_publish_it_can_be_read() -> None:
    """Both build it as strictly as these checks do."""
    text = (ROOT / "docs" / "site.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml title=\"[^\"]*\"\n(.*?)^```", text, re.DOTALL | re.MULTILINE)

    assert len(blocks) == 2
    for block in blocks:
        assert yaml.safe_load(block)
        assert "mkdocs build --strict" in block
