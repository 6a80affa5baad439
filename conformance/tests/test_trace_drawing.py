"""Ways through models, drawn: what a reader sees is what the way says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.checker.promises import Lasso
from conformance.checker.results import State, Step, Trace
from conformance.report.models.drawing import lasso_svg, trace_svg

_SPACE = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Inner:
    status: str = "blocked"
    count: int = 1


@dataclass(frozen=True)
class Fields:
    level: int | None = None
    is_open: bool = False
    kept: Inner | None = None
    always: str = "the same"


BEGIN = State(Fields(), (Fields(), Fields()))
OPENED = State(Fields(), (Fields(), Fields(is_open=True)))
KEPT = State(Fields(kept=Inner()), OPENED.slots)
OPENS, KEEPS, ENDS = Step("opens", 1, OPENED), Step("keeps", None, KEPT), Step("ends", 1, BEGIN)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


def rows(svg: str) -> list[list[str]]:
    """Return the texts of a drawing, line by line from top to bottom."""
    found: dict[str, list[tuple[float, str]]] = {}
    for each in parsed(svg).iter(f"{_SPACE}text"):
        words = "".join(each.itertext())
        found.setdefault(each.attrib["y"], []).append((float(each.attrib["x"]), words))
    return [[text for _, text in sorted(found[y])] for y in sorted(found, key=float)]


def filled(svg: str) -> list[str]:
    """Return the lines on which something is filled, a line as often as it has such fields."""
    return [each.attrib["y"] for each in parsed(svg).iter(f"{_SPACE}rect")]


def test_a_row_is_a_state_and_only_what_changes_has_a_column() -> None:
    svg = trace_svg(Trace(BEGIN, (OPENS, KEEPS)))

    assert rows(svg) == [
        ["slot 1"],
        ["kept", "is_open"],
        ["0", "at first", "-", "no"],
        ["1", "opens [slot 1]", "-", "yes"],
        ["2", "keeps", "blocked, 1", "yes"],
    ]
    assert len(filled(svg)) == 2
    assert svg.count("#b3261e") == 1, "the last state is the wrong one"


def test_numbers_are_not_told_as_the_words_that_they_are_equal_to() -> None:
    steps = [Step("rises", 0, State(Fields(), (Fields(level=level),))) for level in (0, 1)]
    svg = trace_svg(Trace(State(Fields(), (Fields(),)), tuple(steps)))

    assert [row[-1] for row in rows(svg)] == ["level", "-", "0", "1"]


def test_a_way_without_end_leads_back_to_where_it_begins_again() -> None:
    svg = lasso_svg(Lasso(Trace(BEGIN, (OPENS,)), (KEEPS, Step("forgets", None, OPENED))))

    assert [row[0] for row in rows(svg)[2:]] == ["0", "1", "2", "1"]
    back = next(each for each in parsed(svg).iter() if each.attrib.get("class") == "back")
    ends = re.findall(r"^M\d+ (\d+)H\d+V(\d+)H", back.attrib["d"])
    circles = [each.attrib["cy"] for each in parsed(svg).iter(f"{_SPACE}circle")]
    assert ends == [(circles[3], circles[1])]
    assert parsed(svg).attrib["aria-label"] == "1 step, then 2 again and again"


def test_where_nothing_happens_any_more_no_line_leads_back() -> None:
    svg = lasso_svg(Lasso(Trace(BEGIN, (OPENS,)), ()))

    assert 'class="back"' not in svg
    assert svg.count("#b3261e") == 1


def test_texts_are_escaped_and_a_long_one_is_told_whole_in_its_title() -> None:
    name = "<script>&'\"" + "x" * 80
    svg = trace_svg(Trace(BEGIN, (Step(name, None, KEPT),)))

    (title,) = parsed(svg).iter(f"{_SPACE}title")
    assert title.text == name
    assert "<script>" not in svg


def test_everything_is_inside_of_the_drawing() -> None:
    root = parsed(lasso_svg(Lasso(Trace(BEGIN, (OPENS, ENDS)), (OPENS, KEEPS))))
    _, _, width, height = map(float, root.attrib["viewBox"].split())

    for each in root.iter(f"{_SPACE}text"):
        assert float(each.attrib["x"]) + 7.5 * len("".join(each.itertext())) <= width
        assert 0 < float(each.attrib["y"]) <= height


@pytest.mark.parametrize(
    ("words", "status", "has_way", "headline"),
    [
        (["check", "handles"], 1, True, "1 of 1 property broken"),
        (["check", "handles", "--hardened"], 0, False, "2 of 2 properties held within the bounds"),
        (["check", "handles", "--states-max", "2", "--hardened"], 3, False, "2 properties open"),
        (["trace", "storage", "keeps after kill"], 1, True, "1 of 1 property broken"),
        (["trace", "storage", "keeps after kill", "--hardened"], 0, False, "1 of 1 property held"),
        (["progress", "effects"], 1, True, "1 of 1 property broken"),
        (["progress", "handles"], 0, False, "1 of 1 property held within the bounds"),
    ],
    ids=str,
)
def test_a_page_has_the_verdicts_and_the_ways(
    words: list[str], status: int, has_way: bool, headline: str, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"

    assert main(["model", *words, "--html", str(page)]) == status

    text = page.read_text(encoding="utf-8")
    assert headline in text
    assert ('class="way"' in text) == has_way
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


def test_a_way_is_written_as_svg(tmp_path: Path) -> None:
    path = tmp_path / "way.svg"

    assert main(["model", "trace", "handles", "acknowledged stays", "--svg", str(path)]) == 1
    assert parsed(path.read_text(encoding="utf-8")).attrib["class"] == "way"


@pytest.mark.parametrize("option", ["--html", "--svg"])
def test_a_drawing_that_cannot_be_written_is_told_at_once(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["model", "trace", "handles", "acknowledged stays", option, str(tmp_path)]

    assert main(words) == 2

    said = capsys.readouterr()
    assert "that is a folder" in said.err
    assert said.out == ""
