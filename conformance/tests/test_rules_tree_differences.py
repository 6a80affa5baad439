"""What is different from a plain tree, and what has no plain tree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.rules.plain_trees import Name, Table, plain_tree, tree_difference
from telltale_spec.wire.effects import EffectOutcome, TopologyEventsResponse
from telltale_spec.wire.persisted import AgreementWalPayload, EvidenceOutcomeCachePayload


def forced(kind: type, **fields: Any) -> Any:
    """Return a record that cannot be made by its constructor."""
    made: Any = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def forced_cache(response: Any) -> Any:
    outcome = SimpleNamespace(status=EffectOutcome.blocked().status, response=response)
    entry = SimpleNamespace(
        evidence_id="e", interface_name="t", operation_name="u", outcome=outcome
    )
    return forced(EvidenceOutcomeCachePayload, cache=SimpleNamespace(entries=[entry]))


UNRULED = SimpleNamespace(tick=1)


@pytest.mark.parametrize(
    "payload",
    [
        UNRULED,
        forced(AgreementWalPayload, wal=SimpleNamespace(entries=[UNRULED])),
        forced_cache(UNRULED),
        forced_cache(forced(TopologyEventsResponse, events=[UNRULED])),
    ],
    ids=["payload", "entry", "response", "event"],
)
def test_what_has_no_rule_is_an_error_that_shows_it(payload: Any) -> None:
    artifact: Any = SimpleNamespace(payload=payload)

    with pytest.raises(AssertionError, match=r"^no rule for namespace\(tick=1\)$"):
        plain_tree(artifact)


EXPECTED = Table(
    "WIRE-03", a=None, b=Table("WIRE-04", c=1, n=Name("WIRE-08", "x")), d=["s", True, 0]
)


@pytest.mark.parametrize(
    ("actual", "broken"),
    [
        ({"b": {"c": 1, "n": "x"}, "d": ["s", True, 0]}, None),
        ({"d": ["s", True, 0], "a": None, "b": {"n": "x", "c": 1}}, None),
        ({"b": {"c": 1, "n": "x"}, "d": ["s", True, 0], "z": None}, "WIRE-03"),
        ({"b": {"c": 1, "n": "x"}}, "WIRE-03"),
        ({"a": 0, "b": {"c": 1, "n": "x"}, "d": ["s", True, 0]}, "WIRE-03"),
        ({"b": {"c": 1}, "d": ["s", True, 0]}, "WIRE-04"),
        ({"b": {"c": 1, "n": "y"}, "d": ["s", True, 0]}, "WIRE-08"),
        ({"b": {"c": 2, "n": "y"}, "d": []}, "WIRE-04"),
        ({"b": {"c": 1, "n": "y"}, "d": []}, "WIRE-08"),
        ({"b": {"c": True, "n": "x"}, "d": ["s", True, 0]}, "WIRE-04"),
        ({"b": ["c"], "d": ["s", True, 0]}, "WIRE-04"),
        ({"b": {"c": 1, "n": "x"}, "d": ["s", True]}, "WIRE-03"),
        ({"b": {"c": 1, "n": "x"}, "d": ["s", True, 0, 0]}, "WIRE-03"),
        ({"b": {"c": 1, "n": "x"}, "d": "s"}, "WIRE-03"),
        ({"b": {"c": 1, "n": "x"}, "d": ["t", True, 0]}, "WIRE-03"),
        ({"b": {"c": 1, "n": "x"}, "d": ["s", 1, 0]}, "WIRE-03"),
        ({"b": {"c": 1, "n": "x"}, "d": ["s", True, False]}, "WIRE-03"),
        (3, "WIRE-03"),
    ],
)
def test_a_difference_is_blamed_on_the_record_or_name_it_is_in(
    actual: Any, broken: str | None
) -> None:
    assert tree_difference(EXPECTED, actual) == broken


@pytest.mark.parametrize(
    ("expected", "actual", "broken"),
    [(1, 1, None), (1, 2, "WIRE-02"), ([1], [1], None), ([1], [2], "WIRE-02"), ([], 0, "WIRE-02")],
)
def test_what_is_in_no_record_is_of_the_envelope(
    expected: Any, actual: Any, broken: str | None
) -> None:
    assert tree_difference(expected, actual) == broken
