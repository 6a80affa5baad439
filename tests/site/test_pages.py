"""What is wrong with a page is noticed, so that a site without complaints is worth something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site.pages import broken_links, foreign_resources, read_pages, unmade_lists

PAGE = '<html><body><h1 id="top">T</h1><a href="{link}">x</a>{more}</body></html>'


def problems(folder: Path, link: str = "b.html", more: str = "") -> list[str]:
    """Return what is said of a site of two pages, the first of which has a link and more."""
    (folder / "a.html").write_text(PAGE.format(link=link, more=more))
    (folder / "b.html").write_text(PAGE.format(link="a.html#top", more=""))
    pages = read_pages(folder)
    return broken_links(folder, pages)[1] + list(foreign_resources(folder, pages))


@pytest.mark.parametrize(
    "link", ["b.html", "b.html#top", "#top", "https://example.org", "mailto:a"]
)
def test_a_right_link_is_no_problem(tmp_path: Path, link: str) -> None:
    assert problems(tmp_path, link) == []


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("c.html", "a.html: `c.html` leads to no file"),
        ("/b.html", "a.html: `/b.html` leads to no file"),
        ("b.html#no", "a.html: `b.html#no` leads to no place of its page"),
        ("#no", "a.html: `#no` leads to no place of its page"),
    ],
)
def test_a_broken_link_is_told(tmp_path: Path, link: str, text: str) -> None:
    assert problems(tmp_path, link) == [text]


@pytest.mark.parametrize(
    "more",
    [
        '<img src="data:image/png;base64,AA">',
        '<link rel="stylesheet" href="a.css">',
        '<link rel="canonical" href="https://example.org/a.html">',
        '<svg><use href="#top"></use></svg>',
    ],
)
def test_what_is_here_may_be_loaded(tmp_path: Path, more: str) -> None:
    (tmp_path / "a.css").write_text('b { background: url("data:,") } i { mask: url(a.html) }')

    assert problems(tmp_path, more=more) == []


@pytest.mark.parametrize(
    "more",
    [
        '<script src="https://example.org/a.js"></script>',
        '<script src="//example.org/a.js"></script>',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<iframe src="http://example.org"></iframe>',
        '<img srcset="https://example.org/a.png 2x">',
        '<p style="background: url(https://example.org/a.png)"></p>',
        "<style>@import 'https://example.org/a.css';</style>",
        '<img src="/a.png">',
    ],
)
def test_what_comes_from_elsewhere_is_told(tmp_path: Path, more: str) -> None:
    (found,) = problems(tmp_path, more=more)

    assert "from elsewhere" in found


def test_a_style_sheet_that_loads_from_elsewhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url(https://example.org/a.woff2) }")

    assert problems(tmp_path) == ["a.css: loads `https://example.org/a.woff2` from elsewhere"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, more='<img src="c.png">') == [
        "a.html: loads `c.png`, which is not there"
    ]


def test_the_page_for_what_is_not_found_counts_from_the_top(tmp_path: Path) -> None:
    (tmp_path / "404.html").write_text(PAGE.format(link="/b.html", more='<img src="/b.html">'))

    assert problems(tmp_path) == []


def test_a_list_that_did_not_become_one_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>Some:\n- one\n- two</p><p>a - b,\n2.5 more</p>")
    (page,) = read_pages(tmp_path).values()

    assert unmade_lists(page) == ["Some:\n- one\n- two"]
