"""The pages that are made: where links are turned to, and which ids lead to pages."""

from __future__ import annotations

import pytest

from conformance.requirements import FINDINGS, REQUIREMENTS
from docs.building.catalogue import catalogue_pages
from docs.building.identifiers import linked
from docs.building.knowledge import findings_of, requirements_of, suites_of
from docs.building.links import BrokenLinkError, linked_paths, rewritten
from docs.building.places import ROOT, page_of
from docs.building.sources import linked_pages

ADDRESSES = {"WAL-01": "w1", "WAL-01.handles": "w1h", "DEC-21a": "d", "F1": "f1"}


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("README.md", "index.md"),
        ("docs/crashes.md", "crashes.md"),
        ("ARCHITECTURE.md", "architecture.md"),
        ("examples/own_backend.py", "source/examples/own_backend.py.md"),
        ("examples/ci", "source/examples/ci/index.md"),
    ],
)
def test_each_file_has_its_place(path: str, page: str) -> None:
    assert page_of(path) == page


def test_links_out_of_the_folder_are_turned_and_others_stay() -> None:
    text = (
        "[a](../ARCHITECTURE.md#three), [b](crashes.md), [c](../examples/ci), "
        "[d](https://example.org/a), [e](#here)\n```\n[f](../ARCHITECTURE.md)\n```\n"
    )

    assert rewritten(text, "docs/stores.md") == (
        "[a](architecture.md#three), [b](crashes.md), [c](source/examples/ci/index.md), "
        "[d](https://example.org/a), [e](#here)\n```\n[f](../ARCHITECTURE.md)\n```\n"
    )


@pytest.mark.parametrize("target", ["nothing.md", "../../outside.md"])
def test_a_link_to_nothing_is_refused(target: str) -> None:
    with pytest.raises(BrokenLinkError, match="links to"):
        linked_paths(f"[a]({target})", "docs/stores.md")


def test_what_is_reached_by_links_has_a_page() -> None:
    pages = linked_pages(["README.md"])

    assert pages["index.md"].startswith("# telltale-spec")
    assert "def make_wal" in pages["source/examples/own_backend.py.md"]
    assert "[harness.go](harness.go.md)" in pages["source/examples/harness-go/index.md"]
    assert "source/examples/harness-go/harness.go.md" in pages
    assert not any(source.startswith("source/docs/") for source in pages)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>WAL-01.</p>", '<p><a href="w1">WAL-01</a>.</p>'),
        (
            "<p>(WAL-01.handles, F1)</p>",
            '<p>(<a href="w1h">WAL-01.handles</a>, <a href="f1">F1</a>)</p>',
        ),
        ("<code>DEC-21a</code>", '<code><a href="d">DEC-21a</a></code>'),
        ("<code>--only WAL-01</code>", "<code>--only WAL-01</code>"),
        ('<a href="x">WAL-01</a>', '<a href="x">WAL-01</a>'),
        ("<pre><code>WAL-01</code></pre>", "<pre><code>WAL-01</code></pre>"),
        ('<h2 id="x">WAL-01</h2>', '<h2 id="x">WAL-01</h2>'),
        (
            '<p title="WAL-01">WAL-011 XWAL-01 WAL-99</p>',
            '<p title="WAL-01">WAL-011 XWAL-01 WAL-99</p>',
        ),
    ],
)
def test_ids_lead_to_their_pages(html: str, expected: str) -> None:
    assert linked(html, ADDRESSES.get) == expected


def test_findings_touch_requirements_by_lines_and_by_mending() -> None:
    assert "F11" in findings_of("EVID-05")
    assert "F1" in findings_of("WAL-01")
    assert "F1" not in findings_of("OUT-01")
    assert "WAL-01" in requirements_of("F1")


def test_suites_of_a_requirement_have_their_situations() -> None:
    found = {suite.name: situations for suite, situations in suites_of("WAL-04")}

    assert found["agreement WAL"]


@pytest.mark.nightly
def test_the_catalogue_has_a_page_for_each_id() -> None:
    pages = catalogue_pages()

    for identifier in REQUIREMENTS:
        assert REQUIREMENTS[identifier].sentence in pages[f"requirements/{identifier}.md"]
    for identifier in FINDINGS:
        assert FINDINGS[identifier].sentence in pages[f"findings/{identifier}.md"]


@pytest.mark.parametrize(
    ("finding_id", "command"),
    [
        # It has the largest model.
        pytest.param(
            "F7",
            "telltale-conformance model trace recovery 'clause 7'",
            marks=pytest.mark.nightly,
        ),
        ("F11", "telltale-conformance model progress effects"),
        ("F27", "telltale-conformance model trace handles 'acknowledged stays'"),
    ],
)
def test_a_finding_that_a_model_shows_is_drawn(finding_id: str, command: str) -> None:
    page = catalogue_pages()[f"findings/{finding_id}.md"]

    assert f"```sh\n{command}\n```" in page
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="way"') == page.count(
        "Broken is: "
    )


def test_no_file_that_is_shown_is_too_long_or_has_no_language() -> None:
    """Each page of a source ends as its file does."""
    pages = linked_pages(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
    page = pages["source/examples/stores/postgresql_store.py.md"]

    assert page.rstrip().removesuffix("```").endswith("history.name)\n")
