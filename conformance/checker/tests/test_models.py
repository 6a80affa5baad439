"""Every shipped model shows what the table of known results says, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.checker.engines import COMPILED, check_model, is_installed
from conformance.checker.expected import EXPECTED, ExpectedResult, differences
from conformance.checker.model import HARDENED
from conformance.checker.models.registry import MODELS, build
from conformance.errors import ModelError
from conformance.requirements import FINDINGS, REQUIREMENTS

pytest.importorskip("numpy", reason="the fast engine needs NumPy")

_BY_HAND = [row for row in EXPECTED if row.states_count <= 3_000]


@pytest.mark.parametrize(
    "expected", EXPECTED, ids=lambda row: f"{row.model}-{row.variant}-{row.slots_count}"
)
@pytest.mark.by_day(2)
def test_models_show_what_is_known(expected: ExpectedResult) -> None:
    result = check_model(build(expected.model, expected.variant), expected.slots_count)

    assert list(differences(result)) == []


@pytest.mark.parametrize(
    "expected", _BY_HAND, ids=lambda row: f"{row.model}-{row.variant}-{row.slots_count}"
)
def test_the_plain_engine_shows_the_same(expected: ExpectedResult) -> None:
    model = build(expected.model, expected.variant)
    result = check_model(model, expected.slots_count, engine="plain")

    assert list(differences(result)) == []


@pytest.mark.skipif(not is_installed(COMPILED), reason="the compiled engine needs Numba")
@pytest.mark.parametrize(
    "expected", EXPECTED, ids=lambda row: f"{row.model}-{row.variant}-{row.slots_count}"
)
def test_the_compiled_engine_shows_the_same(expected: ExpectedResult) -> None:
    model = build(expected.model, expected.variant)
    result = check_model(model, expected.slots_count, engine=COMPILED)

    assert list(differences(result)) == []
    assert result.engine == COMPILED


def test_every_model_has_its_rows_and_every_default_bound_one() -> None:
    rows = {(row.model, row.variant, row.slots_count) for row in EXPECTED}

    assert len(rows) == len(EXPECTED)
    for entry in MODELS.values():
        for variant in entry.variants:
            model = build(entry.name, variant)
            assert (entry.name, variant, model.slots_default) in rows


def test_hardened_models_break_nothing() -> None:
    assert all(not row.violated for row in EXPECTED if row.variant == HARDENED)


def test_every_id_is_one_of_the_specification() -> None:
    for entry in MODELS.values():
        for variant in entry.variants:
            model = build(entry.name, variant)
            ids = {each for part in (*model.steps, *model.claims) for each in part.ids}
            assert ids <= REQUIREMENTS.keys() | FINDINGS.keys(), model.title


def test_a_difference_is_told() -> None:
    row = next(row for row in EXPECTED if row.model == "handles")
    result = check_model(build(row.model, row.variant), row.slots_count)

    told = list(differences(replace(result, states_count=1, properties=())))
    assert told == [
        "handles (faithful), 2 slots: 1 states instead of 212",
        "handles (faithful), 2 slots: acknowledged stays: holds instead of violated in 4 steps",
    ]
    assert "not searched to the end" in next(differences(replace(result, stopped_because="time")))
    assert "has no row" in next(differences(replace(result, slots_count=9)))


def test_unknown_models_and_variants_are_refused() -> None:
    with pytest.raises(ModelError, match="there is no such model; there are recovery"):
        build("recover")
    with pytest.raises(
        ModelError, match="it has no variant `soft`; it has faithful, no-checkpoint, hardened"
    ):
        build("recovery", "soft")
