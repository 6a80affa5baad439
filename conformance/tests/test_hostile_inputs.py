"""Hostile inputs: what brings a reader down fails DEC-29, and what stands them does not."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from conformance.engine.suite import LawSuite
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.codec_hostile import HOSTILE
from conformance.memory import memory_ceiling
from conformance.records.results import RequirementResult, Verdict
from strategies.hostile_inputs import hostile_inputs
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from tests.zoo.broken_codecs import CorrectCodec, broken_codec_backend
from tests.zoo.hostile_codecs import BROKEN_BY_BYTES, UNUSUAL_AND_RIGHT
from tests.zoo.judging import judged

SEEDS = range(5)
SUITES = (CODEC_SUITE,)
HOSTILE_INPUTS = hostile_inputs(every_place=True)
needs_ceiling = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells and limits a process's size"
)


assert isinstance(CODEC_SUITE, LawSuite)
CORRUPT_SUITE = replace(
    CODEC_SUITE,
    laws=tuple(law for law in CODEC_SUITE.laws if law.name in (HOSTILE, "mutated bytes")),
)


def quick_failures(
    codec: CorrectCodec, seed: int = 0, suite: LawSuite = CODEC_SUITE, only: tuple[str, ...] = ()
) -> dict[str, RequirementResult]:
    backend = broken_codec_backend("codec", codec)
    report = judged(backend, (suite,), seed=seed, profile_name="quick", only=only, minimise=False)
    return {r.requirement_id: r for r in report.results if r.verdict is Verdict.FAIL}


@pytest.mark.requirement("DEC-29", "DEC-30", "DEC-28", "DEC-04", "DEC-05")
def test_the_reference_stands_every_input() -> None:
    for label, hostile in HOSTILE_INPUTS.items():
        value = read(hostile.make())
        assert isinstance(value, str) or not hostile.refused, label
        assert isinstance(value, str) or hostile.value in (None, value), label


def read(data: bytes) -> PersistedDurabilityArtifact | str:
    try:
        return PersistedDurabilityArtifact.from_slice(data)
    except DurabilityError as error:
        return str(error)


@pytest.mark.requirement("DEC-29")
@pytest.mark.by_day(12)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "codec", "requirement_id"), BROKEN_BY_BYTES, ids=[n for n, _, _ in BROKEN_BY_BYTES]
)
@needs_ceiling
def test_what_bytes_bring_down_fails(
    name: str, codec: CorrectCodec, requirement_id: str, seed: int
) -> None:
    suite = CORRUPT_SUITE if seed else CODEC_SUITE

    assert quick_failures(codec, seed, suite, only=(requirement_id,))


@pytest.mark.requirement("DEC-29")
@pytest.mark.by_day(6)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "codec"), UNUSUAL_AND_RIGHT, ids=[name for name, _ in UNUSUAL_AND_RIGHT]
)
def test_unusual_readers_keep_what_binds(name: str, codec: CorrectCodec, seed: int) -> None:
    # All laws once, and those of corrupt bytes on every seed.
    failures = quick_failures(codec, seed, CORRUPT_SUITE if seed else CODEC_SUITE)

    assert {each for each, result in failures.items() if result.level == "MUST"} == set()


@pytest.mark.nightly
@pytest.mark.requirement("DEC-29.text")
def test_other_words_are_a_recommendation_missed() -> None:
    codec = dict(UNUSUAL_AND_RIGHT)["in its own words"]

    assert set(quick_failures(codec)) == {"DEC-29.text"}


@pytest.mark.requirement("DEC-29")
def test_an_error_type_of_its_own_hides_no_other_verdict() -> None:
    codec = BROKEN_BY_BYTES[0][1]
    report = judged(broken_codec_backend("own", codec), SUITES, profile_name="quick")
    result = report.result("DEC-29")

    assert result is not None
    assert result.counterexample is not None
    assert result.counterexample.expected == (
        "a result or the declared error, telltale_spec.DurabilityError"
    )
    assert result.counterexample.actual.startswith("raised FormatError: ")
    verdicts = {r.requirement_id: r.verdict for r in report.results}
    assert {each for each, verdict in verdicts.items() if verdict is not Verdict.PASS} == {
        "DEC-29",
        "DEC-29.text",
    }


@pytest.mark.requirement("DEC-29")
@needs_ceiling
def test_a_greedy_call_ends_itself_and_nothing_else() -> None:
    with memory_ceiling(0), pytest.raises(MemoryError):
        bytearray(1 << 31)
    assert len(bytearray(1 << 31)) == 1 << 31


def test_a_name_gives_the_input_again() -> None:
    (law,) = [law for law in CODEC_SUITE.laws if law.name == HOSTILE]
    few, all_of_them = hostile_inputs(every_place=False), HOSTILE_INPUTS

    assert few.keys() < all_of_them.keys()
    assert all(few[label].make() == all_of_them[label].make() for label in list(few)[::50])
    assert law.form.from_data(law.form.to_data({"label": "x"})) == {"label": "x"}
