"""Vectors of acceptance: bytes that are not quite canonical, and what a reader makes of them."""

from __future__ import annotations

from typing import Final

from conformance.vectors.kinds.line import (
    Difference,
    JsonObject,
    Line,
    LineOutcome,
    LineShapeError,
    TextPair,
    VectorKind,
    compare,
)
from conformance.vectors.kinds.mutations import mutate
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.limits import DECODE_CONTEXT
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["DECODE", "normative_prefix"]

_ACCEPT: Final = "accept"
_REJECT: Final = "reject"


def normative_prefix(error: str) -> str:
    """Return the part of an error text that has to agree (DEC-29, DEC-31)."""
    if error.startswith(f"{DECODE_CONTEXT}: "):
        return f"{DECODE_CONTEXT}: "
    return error.partition("`")[0]


def _check(line: Line) -> LineOutcome:
    verdict, data = line.text("verdict"), line.octets("cbor")
    if verdict not in (_ACCEPT, _REJECT):
        raise LineShapeError(f"verdict `{verdict}` is neither accept nor reject")
    reencoded, error = line.optional_octets("reencoded"), line.optional_text("error")
    if (reencoded is None) == (verdict == _ACCEPT) or (error is None) == (verdict == _REJECT):
        raise LineShapeError("an accepted line has `reencoded`, a rejected one has `error`")
    actual = _answer(data)
    if verdict != actual["verdict"]:
        shown = actual["verdict"] if actual["error"] is None else f"reject ({actual['error']})"
        return LineOutcome(Difference("the verdict", verdict, shown))
    if reencoded is not None:
        return LineOutcome(compare("the value re-encoded", reencoded.hex(), actual["reencoded"]))
    return _compare_errors(str(error), str(actual["error"]))


def _compare_errors(expected: str, actual: str) -> LineOutcome:
    prefix = normative_prefix(expected)
    difference = None
    if not actual.startswith(prefix):
        difference = Difference("the start of the error", repr(prefix), repr(actual))
    return LineOutcome(difference, TextPair(expected, actual))


def _answer(data: bytes) -> JsonObject:
    try:
        artifact = PersistedDurabilityArtifact.from_slice(data)
    except DurabilityError as error:
        return {"verdict": _REJECT, "reencoded": None, "error": str(error)}
    return {"verdict": _ACCEPT, "reencoded": artifact.to_cbor().hex(), "error": None}


def _make(source: ValueSource) -> JsonObject:
    mutation, data = mutate(source, source.artifact())
    return {"mutation": mutation, "cbor": data.hex(), **_answer(data)}


DECODE: Final = VectorKind("decode", _check, _make)
