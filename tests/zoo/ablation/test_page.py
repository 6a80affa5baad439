"""The page, its plots and the sentence elsewhere are made of the figures that are kept."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.zoo.ablation.configurations import CRASHES, GROUPS, ORDINARY, Configuration
from tests.zoo.ablation.figures import Figures
from tests.zoo.ablation.kept import Run
from tests.zoo.ablation.page import FIGURES, claim, page_text, plots
from tests.zoo.ablation.plot import Curve, plot
from tests.zoo.ablation.systems import system_names

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/ablation.md"
_BYTES_MAX = 300_000
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def kept() -> Figures:
    return Figures.from_path(FIGURES)


def test_the_page_is_that_of_the_kept_figures(kept: Figures) -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(kept)
    drawn = plots(kept)
    assert drawn
    for name, drawing in drawn.items():
        assert (ROOT / "docs/assets" / name).read_text(encoding="utf-8") == drawing


def test_the_kept_figures_are_of_the_zoo_as_it_is(kept: Figures) -> None:
    """A system that is added, or renamed, has to be measured."""
    assert kept.systems == {group: tuple(names) for group, names in system_names().items()}
    assert FIGURES.stat().st_size <= _BYTES_MAX
    assert FIGURES.read_text(encoding="utf-8") == kept.to_text()


def test_the_claim_elsewhere_is_that_of_the_figures(kept: Figures) -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

    assert claim(kept) in readme


def test_what_was_not_measured_is_told() -> None:
    systems = {ORDINARY: [("log", "a", "WAL-01"), ("log", "b", "WAL-01")], CRASHES: []}
    run = Run(Configuration.WHOLE, "log/a/WAL-01", 7, 10.0, False, 10.0, "limit")
    text = page_text(Figures.from_runs([run], systems, 10.0, "a machine"))

    assert "Seeds: 7. Not whole, and so left out of what follows: whole on seed 7 (o" in text
    assert text.count("Not measured yet.") == 2


def test_what_lives_is_told() -> None:
    systems = {ORDINARY: [("log", "a", "WAL-01")], CRASHES: []}
    run = Run(Configuration.WHOLE, "log/a/WAL-01", 7, 10.0, False, 10.0, "limit")
    text = page_text(Figures.from_runs([run], systems, 10.0, "a machine"))

    assert "| whole | 1 | 0 | 0.0 | 1 | - |" in text
    assert "- log: a (WAL-01): seed 7 cut off" in text


def _read(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)  # noqa: S314 - our own text


def test_a_plot_can_be_read_without_seeing_it() -> None:
    drawing = plot("A title", "Words & figures", [Curve("one", [0.001, 0.5, 9.0], 4)], 10.0)
    root = _read(drawing)

    assert root.get("role") == "img"
    names = (root.get("aria-labelledby") or "").split()
    told = {each.get("id"): each.text for each in root}
    assert [told[name] for name in names] == ["A title", "Words & figures"]
    assert "prefers-color-scheme: dark" in drawing


def test_a_curve_ends_at_its_share_and_begins_at_none() -> None:
    drawing = plot("t", "d", [Curve("one", [0.1, 1.0], 2), Curve("none", [], 2)], 10.0)
    curves = [
        each.get("d") or ""
        for each in _read(drawing).iter(f"{_SVG}path")
        if each.get("class") == "curve"
    ]

    assert curves == ["M64 388.0H232.7V204.0H401.3V20.0H570.0", "M64 388.0H570.0"]


def test_no_label_is_on_another() -> None:
    every = [Curve(str(index), [1.0] * 3, 3) for index in range(6)]
    root = _read(plot("t", "d", every, 10.0))
    labels = [each for each in root.iter(f"{_SVG}text") if float(each.get("x", "0")) > 575]
    places = sorted(float(each.get("y", "0")) for each in labels)

    assert len(places) == len(every)
    assert min(b - a for a, b in itertools.pairwise(places)) >= 17


def test_every_group_has_a_plot_of_its_own(kept: Figures) -> None:
    measured = {group for group, _, _ in kept.whole().runs}

    assert len(plots(kept)) == len(measured)
    assert measured <= set(GROUPS)
