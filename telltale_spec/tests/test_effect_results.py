"""EffectResult has serde's externally tagged JSON form, both ways (WIRE-12)."""

from __future__ import annotations

from typing import Any

import pytest

from telltale_spec import (
    Blocked,
    DomainError,
    EffectFailure,
    Failure,
    NatValue,
    Success,
    effect_result_from_dict,
)
from telltale_spec.wire.shapes import TEXT, ListShape
from telltale_spec.wire.values import VALUE

FAILURE = {"kind": "unavailable", "message": "no"}


@pytest.mark.requirement("WIRE-12")
@pytest.mark.parametrize(
    ("result", "tree", "value_shape"),
    [
        (Success(None), {"Success": None}, None),
        (Success("left"), {"Success": "left"}, TEXT),
        (Success(NatValue(1)), {"Success": {"Nat": 1}}, VALUE),
        (Success((NatValue(1),)), {"Success": [{"Nat": 1}]}, ListShape(VALUE)),
        (Blocked(), "Blocked", None),
        (Failure(EffectFailure.unavailable("no")), {"Failure": FAILURE}, None),
    ],
    ids=["unit", "label", "value", "values", "blocked", "failure"],
)
def test_json_form_both_ways(result: Any, tree: Any, value_shape: Any) -> None:
    assert result.to_dict() == tree
    assert effect_result_from_dict(tree, value_shape) == result


@pytest.mark.requirement("WIRE-12")
@pytest.mark.parametrize("tree", ["blocked", {}, {"Success": 1}, {"Success": None, "x": 1}, None])
def test_other_forms_are_refused_with_the_offending_value(tree: Any) -> None:
    with pytest.raises(DomainError, match="EffectResult"):
        effect_result_from_dict(tree)
