"""The codec laws: the reference passes, and every broken codec fails its own requirement."""

from __future__ import annotations

import pytest

from conformance.engine.profiles import profile
from conformance.engine.watch import CallWatch
from conformance.machines.codec import CODEC_SUITE
from conformance.requirements import REQUIREMENTS, Level, requirement
from conformance.rules.plain_trees import Table, plain_tree, tree_difference
from conformance.run.runner import judge_backend
from strategies.exemplars import EXEMPLARS
from tests.zoo.broken_codecs import (
    BROKEN_CODECS,
    CorrectCodec,
    ReadsCanonicalOnly,
    WritesChangedTrees,
    broken_codec_backend,
)
from tests.zoo.judging import counterexample_for, failed, judged, unhurried, unproved

SEEDS = range(5)
QUICK = profile("quick")
SUITES = (CODEC_SUITE,)
REFERENCE = broken_codec_backend("reference", CorrectCodec())

# What a codec in another language is held to, besides canonical input (DEC-32).
HELD_BY_ALL = ["DEC-01", "DEC-03", "DEC-04", "DEC-05", "DEC-06", "DEC-15", "DEC-16", "DEC-27"]
HELD_BY_ALL += ["DEC-30", "DEC-31"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_passes_everything(seed: int) -> None:
    # Time is not judged here, so a busy machine must not cut the search short.
    with CallWatch() as watch:
        report = judge_backend(REFERENCE, unhurried(), seed=seed, watch=watch, suites=SUITES)

    assert unproved(report) == []
    assert all(situation.reached for situation in report.situations)


@pytest.mark.by_day(16)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "codec", "requirement_id"), BROKEN_CODECS, ids=[n for n, _, _ in BROKEN_CODECS]
)
def test_broken_codecs_fail_the_requirement_they_break(
    name: str, codec: CorrectCodec, requirement_id: str, seed: int
) -> None:
    backend = broken_codec_backend(name, codec)

    assert counterexample_for(requirement_id, backend, SUITES, seed=seed, minimise=False)


@pytest.mark.nightly
def test_a_reader_of_the_canonical_form_breaks_first_what_binds_it() -> None:
    report = judged(
        broken_codec_backend("strict", ReadsCanonicalOnly()),
        SUITES,
        profile_name="quick",
        minimise=False,
    )

    assert set(failed(report)) >= {"DEC-01", "DEC-04", "DEC-06"}
    assert all(each.startswith("DEC-") for each in failed(report))


@pytest.mark.parametrize("requirement_id", HELD_BY_ALL)
def test_what_every_codec_is_held_to_binds(requirement_id: str) -> None:
    assert requirement_id in CODEC_SUITE.requirement_ids
    assert requirement(requirement_id).level is Level.MUST


def test_every_requirement_of_suite_and_situations_is_known() -> None:
    named = {each for ids in CODEC_SUITE.situations.values() for each in ids}

    assert named <= set(CODEC_SUITE.requirement_ids) <= set(REQUIREMENTS)


def test_the_plain_tree_is_what_the_specification_says_of_the_wire() -> None:
    for exemplar in EXEMPLARS:
        assert plain_tree(exemplar) == exemplar.to_dict()


@pytest.mark.parametrize(
    ("actual", "broken"),
    [
        ({"a": None, "b": {"c": 1}}, None),
        ({"b": {"c": 1}}, None),
        ({"b": {"c": 2}}, "WIRE-04"),
        ({"b": {"c": True}}, "WIRE-04"),
        ({"b": {"c": 1, "d": 1}}, "WIRE-04"),
        ({"a": None}, "WIRE-03"),
        ([], "WIRE-03"),
    ],
)
def test_a_difference_is_blamed_on_the_record_it_is_in(actual: object, broken: str | None) -> None:
    expected = Table("WIRE-03", a=None, b=Table("WIRE-04", c=1))

    assert tree_difference(expected, actual) == broken


def test_a_counterexample_shows_the_first_byte_that_differs() -> None:
    backend = broken_codec_backend(
        "sorted", WritesChangedTrees(lambda tree: dict(reversed(tree.items())))
    )

    found = counterexample_for("WIRE-01", backend, SUITES)

    assert found is not None
    assert [step.text for step in found.steps] == [
        "encode agreement_wal of version telltale.machine.durability.v1"
    ]
    assert found.expected.startswith("94 bytes, from byte 1: 0x6e736368656d61")
    assert found.actual.startswith("94 bytes, from byte 1: 0x677061796c6f6164")
