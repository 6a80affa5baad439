"""Calls that overlapped, drawn as text and as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from conformance.records.results import Counterexample, Step, TimedCall
from conformance.report.failure import counterexample_text
from conformance.report.page import html_page
from conformance.report.timeline import lanes, timeline_svg, timeline_text
from conformance.tests.saved_reports import HOSTILE, hostile_report

CALLS = [
    TimedCall(0, "append a", "ok", 3, 40),
    TimedCall(1, "append b", "ok", 17, 90),
    TimedCall(0, "load the log", "nothing", 50, 51, True),
    TimedCall(2, "append c", "never answered", 60),
]


def test_a_client_has_a_line_and_a_call_a_bar() -> None:
    assert timeline_text(CALLS) == [
        "client 0  [1------]   [3!-]",
        "client 1      [2------------------]",
        "client 2                      [4------>",
    ]


def test_calls_of_one_client_that_overlap_are_on_lines_of_their_own() -> None:
    calls = [TimedCall(0, "a", "ok", 0, 2), TimedCall(0, "b", "ok", 1, 3)]

    assert timeline_text(calls) == ["client 0  [1------]", "client 0      [2------]"]
    assert len(lanes(calls)) == 2


@pytest.mark.parametrize(("invoked", "answered"), [(5, 5), (9, 2), (-3, 10**30)])
def test_times_that_make_no_sense_are_drawn_all_the_same(invoked: int, answered: int) -> None:
    call = TimedCall(0, "a", "ok", invoked, answered)

    assert timeline_text([call])[0].startswith("client 0  ")
    assert len(timeline_text([call])[0]) < 30
    ElementTree.fromstring(timeline_svg([call]))  # noqa: S314 - our own


def test_many_calls_do_not_run_into_each_other() -> None:
    calls = [TimedCall(0, "a", "ok", 2 * each, 2 * each + 1) for each in range(120)]
    (line,) = timeline_text(calls)

    assert line.count("[") == line.count("]") == 120
    assert "][" not in line.replace("] [", "")


def test_nothing_is_drawn_of_nothing() -> None:
    assert timeline_text([]) == []
    assert timeline_svg([]) == ""


def test_the_drawing_is_svg_without_an_address() -> None:
    text = timeline_svg([*CALLS, TimedCall(3, HOSTILE, HOSTILE, 70, 71)])
    root = ElementTree.fromstring(text)  # noqa: S314 - our own
    bars = [each for each in root.iter() if each.tag.endswith("}g")]

    assert [each.get("class") for each in bars].count("call culprit") == 1
    assert len(bars) == 5
    assert "href" not in text
    assert "url(" not in text
    assert "style=" not in text
    assert {each.tag.rpartition("}")[2] for each in root.iter()} == {
        "svg",
        "g",
        "path",
        "rect",
        "text",
        "title",
    }


def test_a_counterexample_shows_the_drawing_under_its_steps() -> None:
    steps = [Step(call.text, call.answer) for call in CALLS]
    text = counterexample_text(Counterexample("WAL-01", "s", steps, "e", "a", calls=CALLS))

    assert "    client 1      [2----" in text
    assert text.index("load the log") < text.index("client 0") < text.index("expected:")
    assert "client" not in counterexample_text(Counterexample("WAL-01", "s", steps, "e", "a"))


def test_the_page_shows_the_drawing() -> None:
    assert html_page(hostile_report()).count('<svg xmlns="http://www.w3.org/2000/svg"') == 2
