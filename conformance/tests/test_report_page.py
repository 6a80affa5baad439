"""The page: every cell has its evidence, nothing is loaded, nothing of others is run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from conformance.records.replay_names import replay_folders
from conformance.records.results import Counterexample, Report, SampleHistory, Verdict
from conformance.report.page import html_page
from conformance.report.page_view import difference, page_rows
from conformance.report.summary import (
    PART_TITLES,
    SCOPE_WORDS,
    headline,
    headline_details,
    replay_command,
    web_link,
)
from conformance.requirements import FINDINGS, REQUIREMENTS, Component, Scope, requirement
from conformance.tests.saved_reports import (
    HOSTILE,
    backend_of,
    hostile_report,
    real_report,
    report_with,
    result,
)

VOID = {"meta", "link", "input", "br", "wbr", "img", "hr"}
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background", "ping"}


@dataclass
class Element:
    """One element with what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        own = [self] if self.tag == tag and wanted.items() <= self.attributes.items() else []
        return own + [found for each in self.children for found in each.all(tag, **attributes)]

    def text(self) -> str:
        """Return all text in the element, as its parser met it."""
        return "".join(self.texts)

    def every(self) -> list[Element]:
        return [self, *(found for each in self.children for found in each.every())]


class Tree(HTMLParser):
    """Builds elements, and notes every tag that is not closed where it has to be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("root", {})
        self.open = [self.root]
        self.problems: list[str] = []
        self.feed(text)
        self.close()
        self.problems += [f"{element.tag} is not closed" for element in self.open[1:]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            self.problems.append(f"</{tag}> closes {self.open[-1].tag}")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.texts.append(data)


def page(report: Report) -> Element:
    tree = Tree(html_page(report))
    assert tree.problems == []
    return tree.root


each_report = pytest.mark.parametrize(
    "make", [real_report, hostile_report, report_with], ids=["real", "hostile", "empty"]
)


@each_report
def test_every_cell_has_its_evidence(make: Any) -> None:
    report = make()
    root = page(report)
    rows = root.all("tr", class_="requirement")
    articles = {each.attributes["id"]: each for each in root.all("article")}
    ids = [each.attributes["id"] for each in root.every() if "id" in each.attributes]
    cells = 0
    for row, judged in zip(rows, page_rows(report), strict=True):
        assert len(row.all("td")) == len(report.backends)
        for cell, evidence in zip(row.all("td"), judged.cells, strict=True):
            links = cell.all("a")
            assert len(links) == (evidence is not None)
            for link in links:
                article = articles[link.attributes["href"].removeprefix("#")]
                assert evidence is not None
                marks = [each.attributes.get("class", "") for each in article.all("h3")[0].every()]
                kind = evidence.title.replace("/", "")
                assert f"mark {kind}" in marks
                assert evidence.title in article.all("h3")[0].text()
                cells += 1
    assert cells == sum(len(backend.results) for backend in report.backends)
    assert len(ids) == len(set(ids))


def test_evidence_tells_everything_about_a_failure() -> None:
    (article,) = page(real_report()).all("article", id="evidence--broken--WAL-05")
    found = real_report().backends[1].result("WAL-05")
    assert found is not None
    assert found.counterexample is not None
    text = article.text()

    for part in (
        requirement("WAL-05").sentence.replace("`", ""),
        requirement("WAL-05").source,
        "every backend",
        *(step.text for step in found.counterexample.steps),
        *(step.answer for step in found.counterexample.steps if step.answer != "ok"),
        replay_command("broken", "WAL-05"),
    ):
        assert part in text
    sides = [side.text() for side in article.all("pre")]
    assert sides == [found.counterexample.expected, found.counterexample.actual]
    assert len(article.all("ol")[0].all("li")) == len(found.counterexample.steps)


def test_evidence_tells_what_a_pass_rests_on() -> None:
    steps = hostile_report().backends[0].samples[0].steps
    sample = SampleHistory("agreement WAL", steps, ["WAL-01"])
    other = SampleHistory("codec", [], ["DEC-01"])
    good = real_report().backends[0]
    sampled = backend_of("good", *good.results, samples=[sample, other])
    root = page(report_with(sampled))
    (article,) = root.all("article", id="evidence--good--WAL-01")
    (link,) = article.all("a")

    assert f"checks{good.results[0].checks}" in re.sub(r"\s", "", article.text())
    assert root.all("article", id=link.attributes["href"].removeprefix("#"))
    assert "agreement WAL: 3 operations" in link.text()
    assert good.samples[0].suite == "agreement WAL"
    situated = page(real_report()).all("article", id="evidence--good--WAL-01")[0]
    for situation in good.situations:
        if "WAL-01" in situation.requirement_ids:
            assert situation.name in situated.text()
            assert f"{situation.reached} time" in situated.text()


def test_evidence_tells_reason_and_link_of_a_known_failure() -> None:
    root = page(hostile_report())
    links = [link.attributes for link in root.all("a") if "rel" in link.attributes]

    assert {link["href"] for link in links} == {"https://example.org/7?a=b&c"}
    assert all("noopener" in link["rel"] for link in links)
    # An address that is none of the web's is shown and leads nowhere.
    assert "javascript:alert(1)" in root.text()


def test_the_claim_stands_on_top() -> None:
    root = page(real_report())
    head = root.all("header")[0].text()
    cards = root.all("ul", class_="cards")[0].text()

    for part in ("1 of 3 backends conforms", "telltale 17", "quick", "40 histories of 20", "seed"):
        assert part in head
    for part in ("good", "clean-reject", "volatile", "none", "no server in <directory>"):
        assert part in cards


def test_a_promise_that_no_crash_has_tried_says_so() -> None:
    for durability_class, crash_classes, expected in (
        ("volatile", [], False),
        ("restart", [], False),
        ("process", [], True),
        ("power", [], True),
        ("process", ["process kill"], False),
    ):
        backend = backend_of("one", durability_class=durability_class, crash_classes=crash_classes)
        card = page(report_with(backend)).all("ul", class_="cards")[0].text()
        assert ("none: not tried here" in card) is expected, durability_class
        assert all(name in card for name in crash_classes)


@each_report
def test_nothing_is_loaded_from_anywhere(make: Any) -> None:
    """Links lead to places in the page or are followed by a person; nothing else has an address."""
    for element in page(make()).every():
        assert not LOADING.intersection(element.attributes), element
        if element.tag not in ("a", "meta"):
            address = element.attributes.get("href", "#")
            assert address.startswith(("#", "data:")), element
        assert not [name for name in element.attributes if name.startswith("on")], element
        assert "style" not in element.attributes, element
    style = page(make()).all("style")[0].text()
    assert "url(" not in style
    assert "@import" not in style


@each_report
def test_the_policy_allows_our_own_script_and_style_alone(make: Any) -> None:
    root = page(make())
    (policy,) = (
        each.attributes["content"]
        for each in root.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    own = [each for each in root.all("script") if "type" not in each.attributes]
    digests = [
        base64.b64encode(hashlib.sha256(each.text().encode()).digest()).decode()
        for each in (*root.all("style"), *own)
    ]

    assert len(own) == 1
    assert policy.startswith("default-src 'none'; ")
    assert re.findall(r"'sha256-([^']*)'", policy) == digests
    assert "unsafe" not in policy


@each_report
def test_the_report_in_the_page_is_the_report(make: Any) -> None:
    (element,) = page(make()).all("script", type="application/json")

    assert Report.from_dict(json.loads(element.text())) == make()
    assert not set("<>&").intersection(element.text())


def test_texts_of_others_stay_texts() -> None:
    text = html_page(hostile_report())
    root = page(hostile_report())

    assert text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800-\udfff]", text)
    assert "window.hacked" in root.text()
    assert not root.all("img")
    assert len(root.all("script")) == 2
    assert "49" not in re.findall(r"\{\{ (.*?) \}\}", text)
    assert "{{ 7*7 }}" in root.text()


@each_report
def test_the_page_can_be_read_aloud_and_by_keyboard(make: Any) -> None:
    root = page(make())
    ids = {each.attributes["id"] for each in root.every() if "id" in each.attributes}

    assert root.all("html")[0].attributes["lang"] == "en"
    assert len(root.all("h1")) == 1
    assert root.all("a")[0].attributes["href"] == "#requirements"
    for element in root.every():
        if "aria-labelledby" in element.attributes:
            assert element.attributes["aria-labelledby"] in ids
        if element.tag == "th":
            assert element.attributes["scope"] in ("col", "row", "rowgroup")
        if element.tag in ("input", "select"):
            assert element.attributes["name"]
        if element.tag == "button":
            assert element.text().strip() or element.attributes["aria-label"]
        if element.attributes.get("href", "").startswith("#") and element.tag == "a":
            assert element.attributes["href"].removeprefix("#") in ids
    for label in root.all("label"):
        assert label.all("input") + label.all("select")
        assert label.text().strip()


def test_filters_know_parts_levels_and_verdicts() -> None:
    root = page(hostile_report())
    options = [[each.text() for each in found.all("option")] for found in root.all("select")]
    bodies = [each.attributes["data-part"] for each in root.all("tbody")]
    rows = [each.attributes for each in root.all("tr") if "data-levels" in each.attributes]

    assert options[0] == ["all", "fail", "open", "known", "pass", "n/a"]
    assert options[1] == ["all", "MUST", "SHOULD", "MAY"]
    assert options[2] == ["all", *bodies] == ["all", "Agreement log", "Unknown to this version"]
    assert [row["data-verdicts"] for row in rows][:3] == ["fail", "known", "known"]
    assert {row["data-levels"] for row in rows} == {"MUST", "SHOULD"}
    assert [row["data-applies"] for row in rows].count("no") == 1


# Where ids lead


def test_an_id_is_the_address_of_its_sentence_where_no_site_is_named() -> None:
    root = page(hostile_report())
    for row in root.all("tr", class_="requirement"):
        head = row.all("th")[0]
        (link,) = head.all("a")
        assert link.attributes["href"] == f"#{head.attributes['id']}"
        assert head.all("span", class_="sentence")
    assert "/requirements/" not in html_page(hostile_report())


def test_ids_lead_to_the_site_that_is_named_and_unknown_ones_do_not() -> None:
    root = Tree(html_page(hostile_report(), documentation="https://docs.example.org/a/")).root
    links = {
        each.text(): each.attributes["href"]
        for each in root.all("a", class_="id")
        if not each.attributes["href"].startswith("#")
    }
    rows = root.all("tr", class_="requirement")
    known = [row for row in rows if "does not know" not in row.text()]

    assert links["WAL-01"] == "https://docs.example.org/a/requirements/WAL-01.html"
    assert len(known) < len(rows)
    assert {link for link in links if link in REQUIREMENTS} == {
        row.all("a", class_="id")[0].text() for row in known
    }
    assert set(links) <= {*REQUIREMENTS, *FINDINGS}


# What the page is made of


def test_a_difference_is_parted_from_what_is_equal() -> None:
    for expected, actual, parts in (
        ("[a; b]", "[a]", ("[a", "; b", "", "]")),
        ("abc", "abc", ("abc", "", "", "")),
        ("aa", "aaa", ("aa", "", "a", "")),
        ("", "x", ("", "", "x", "")),
        ("xay", "xby", ("x", "a", "b", "y")),
    ):
        found = difference(Counterexample("WAL-01", "s", [], expected, actual))
        assert (found.start, found.expected, found.actual, found.end) == parts


def test_every_part_and_scope_has_words() -> None:
    assert set(PART_TITLES) == set(Component)
    assert set(SCOPE_WORDS) == set(Scope)


def test_the_headline_counts_backends() -> None:
    good = backend_of("good", result("WAL-01", Verdict.PASS))
    bad = backend_of("bad", result("WAL-01", Verdict.FAIL))
    open_ = backend_of("open", result("WAL-01", Verdict.INCONCLUSIVE))
    dead = backend_of("dead", fault="x")

    for backends, head, details in (
        ([], "No backend was judged", ""),
        ([good], "The backend conforms", ""),
        ([bad], "The backend does not conform", ""),
        ([good, good], "All 2 backends conform", ""),
        ([good, bad], "1 of 2 backends conforms", "1 not conforming"),
        ([bad, open_], "None of 2 backends conform", "1 not conforming, 1 inconclusive"),
        ([good, good, dead], "2 of 3 backends conform", "1 could not be judged"),
    ):
        report = report_with(*backends)
        assert (headline(report), headline_details(report)) == (head, details)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "http://",
        "http://[",
        "https://a b",
        "https://a\u202e",
        HOSTILE,
    ],
)
def test_only_web_addresses_become_links(text: str) -> None:
    assert web_link(text) == ""
    assert web_link("https://example.org/a?b=c") == "https://example.org/a?b=c"


def test_the_replay_command_can_be_pasted() -> None:
    (folder,) = replay_folders([backend_of("a b:c'$x`")])
    assert replay_command(folder, "WAL-03.text") == (
        "telltale-conformance replay REPLAYS/a_b_c_x/WAL-03.text.json TARGET"
    )
