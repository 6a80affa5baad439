"""Every strategy of records yields valid values of every variant."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import strategies
from strategies.tests.sampling import SETTINGS, examples
from telltale_spec.errors import DomainError
from telltale_spec.wire.agreement import WAL_ENTRY, AgreementLevel
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.effects import EFFECT_OUTCOME_STATUS, EFFECT_RESPONSE, EffectFailureKind
from telltale_spec.wire.record import Record
from telltale_spec.wire.requests import EFFECT_REQUEST_BODY, RETRY_SHAPE, TIMEOUT_POLICY
from telltale_spec.wire.shapes import U64_MAX, TaggedShape
from telltale_spec.wire.values import SEND_DECISION, TOPOLOGY_PERTURBATION, VALUE

RECORD_STRATEGIES = [
    strategies.agreement_evidence,
    strategies.agreement_states,
    strategies.cache_artifacts,
    strategies.cache_entries,
    strategies.durations,
    strategies.effect_failures,
    strategies.effect_interface_metadata,
    strategies.effect_outcome_statuses,
    strategies.effect_outcomes,
    strategies.effect_request_bodies,
    strategies.effect_requests,
    strategies.effect_responses,
    strategies.endpoints,
    strategies.escalations,
    strategies.evidence_produced,
    strategies.finalizations,
    strategies.invalid_wal_artifacts,
    strategies.output_condition_hints,
    strategies.persisted_artifacts,
    strategies.recovery_decisions,
    strategies.recovery_metadata,
    strategies.send_decisions,
    strategies.topology_perturbations,
    strategies.unknown_version_artifacts,
    strategies.values,
    strategies.visibility_gate_crossings,
    strategies.wal_artifacts,
    strategies.wal_entries,
    strategies.wal_sync_requests,
]


@pytest.mark.requirement("WIRE-01", "ARTIFACT-06")
@pytest.mark.parametrize("alphabet", ["COLLIDING", "FULL_RANGE"])
@pytest.mark.parametrize("strategy", RECORD_STRATEGIES, ids=lambda strategy: strategy.__name__)
def test_round_trip(strategy: Any, alphabet: str) -> None:
    for record in examples(strategy(alphabet=getattr(strategies, alphabet)), count=5):
        assert isinstance(record, Record)
        assert record == decode_canonical(type(record), encode(record))
        assert record == type(record).from_json(record.to_json())


@pytest.mark.requirement("WIRE-03", "WIRE-06", "WIRE-07", "WIRE-08", "WIRE-11")
@pytest.mark.parametrize(
    ("union", "strategy"),
    [
        (WAL_ENTRY, strategies.wal_entries()),
        (VALUE, strategies.values()),
        (SEND_DECISION, strategies.send_decisions()),
        (TOPOLOGY_PERTURBATION, strategies.topology_perturbations()),
        (EFFECT_OUTCOME_STATUS, strategies.effect_outcome_statuses()),
        (EFFECT_RESPONSE, strategies.effect_responses()),
        (EFFECT_REQUEST_BODY, strategies.effect_request_bodies()),
        (TIMEOUT_POLICY, strategies.effect_timeout_policies()),
        (RETRY_SHAPE, strategies.effect_retry_shapes()),
    ],
    ids=lambda parameter: parameter.name if isinstance(parameter, TaggedShape) else "",
)
def test_every_variant_is_reached(union: TaggedShape[Any], strategy: SearchStrategy[Any]) -> None:
    assert set(union.variants) == {type(value) for value in examples(strategy, count=80)}


@pytest.mark.requirement("WIRE-06")
def test_every_failure_kind_is_reached() -> None:
    found = examples(strategies.effect_failures(), count=200)

    assert set(EffectFailureKind) == {failure.kind for failure in found}


@pytest.mark.requirement("ART-WAL-03")
def test_escalations_without_regression_never_fall() -> None:
    pairs = {
        (entry.previous_level, entry.new_level)
        for entry in examples(strategies.escalations(allow_regression=False), count=200)
    }

    assert len(pairs) == 10
    assert all(new.at_least(previous) for previous, new in pairs)


@pytest.mark.requirement("DEC-28")
@pytest.mark.parametrize("depth", [0, 1, 124, 125, 256])
def test_values_have_the_depth_that_was_asked_for(depth: int) -> None:
    for value in examples(strategies.values(min_depth=depth, max_depth=depth), count=5):
        assert depth == value.depth


@pytest.mark.requirement("DOM-01")
@hypothesis.settings(SETTINGS)
@hypothesis.given(strategies.values(max_depth=2))
def test_values_stay_within_the_depth_bound(value: Any) -> None:
    assert value.depth <= 2


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [
        ({"max_depth": -1}, "values.max_depth: expected an integer of at least 0, got -1"),
        ({"min_depth": 4}, "values.max_depth: expected an integer of at least 4, got 3"),
        ({"max_depth": 257}, "values.max_depth: expected at most 256, got 257"),
    ],
)
def test_impossible_depths_are_refused_when_drawn(bounds: dict[str, int], shown: str) -> None:
    impossible = strategies.values(
        min_depth=bounds.get("min_depth", 0), max_depth=bounds.get("max_depth", 3)
    )

    with pytest.raises(DomainError, match=f"^{shown.replace('.', '[.]')}$"):
        examples(impossible)


@pytest.mark.requirement("DOM-03")
def test_full_range_texts_hold_more_than_ascii() -> None:
    texts = "".join(examples(strategies.FULL_RANGE.texts, count=300))

    assert "\x00" in texts
    assert any(ord(character) > 0xFFFF for character in texts)
    assert not any(unicodedata.category(character) == "Cs" for character in texts)
    assert max(map(len, examples(strategies.FULL_RANGE.texts, count=300))) > 1_000


@pytest.mark.requirement("DOM-01")
def test_both_alphabets_reach_the_last_tick() -> None:
    assert U64_MAX in examples(strategies.COLLIDING.ticks)
    assert max(examples(strategies.FULL_RANGE.ticks)) > 2**63


def test_an_alphabet_can_be_narrowed() -> None:
    alphabet = replace(strategies.COLLIDING, ticks=st.just(7))

    assert {7} == {entry.tick for entry in examples(strategies.wal_entries(alphabet=alphabet))}


def test_an_alphabet_of_plain_values_is_refused() -> None:
    with pytest.raises(DomainError, match=r"^Alphabet\.ticks: expected a strategy, got 7$"):
        replace(strategies.COLLIDING, ticks=7)  # type: ignore[arg-type]


@pytest.mark.requirement("DEC-25")
def test_consistency_decides_which_responses_are_there() -> None:
    kinds = strategies.OutcomeConsistency
    consistent = examples(strategies.effect_outcomes(consistency=kinds.CONSISTENT))
    contradictory = examples(strategies.effect_outcomes(consistency=kinds.INCONSISTENT))
    both = examples(strategies.effect_outcomes(consistency=kinds.ANY))

    assert {True} == {item.status.is_success == (item.response is not None) for item in consistent}
    assert {False} == {
        item.status.is_success == (item.response is not None) for item in contradictory
    }
    assert len({item.status.is_success == (item.response is not None) for item in both}) == 2


def test_levels_come_lowest_first() -> None:
    assert set(AgreementLevel) == set(examples(strategies.agreement_levels()))
