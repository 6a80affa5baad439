"""What a codec answers: one call of it, and the judgement of one answer."""

from __future__ import annotations

from typing import Any, Final

from conformance.backend import Codec
from conformance.engine.session import History, Raised, Returned
from conformance.memory import memory_ceiling
from conformance.rules.plain_trees import plain_tree
from strategies import cbor_forms, encodings
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = [
    "DECODE_PREFIX",
    "VERSION_PREFIX",
    "accepts",
    "canonical",
    "check_text",
    "decode",
    "encode",
    "judge_labelled",
    "refuses",
    "same_bytes",
    "shown_bytes",
    "writes_in_the_one_form",
]

DECODE_PREFIX: Final = "decode persisted durability artifact: "
VERSION_PREFIX: Final = "unsupported persisted durability schema version `"
_SHOWN_BYTES_MAX: Final = 64
_KEPT_BYTES_MAX: Final = 1 << 16
_Artifact = PersistedDurabilityArtifact


def canonical(artifact: _Artifact) -> bytes:
    """Return the bytes that the oracles give an artifact."""
    tree: Any = plain_tree(artifact)
    return cbor_forms.render(cbor_forms.form_of(tree))


def _codec(history: History) -> Codec:
    codec = history.session.backend.codec
    if codec is None:
        raise RuntimeError("this suite does not apply to a backend without a codec")
    return codec


def encode(history: History, artifact: _Artifact, *, quiet: bool = False) -> bytes:
    """Return the bytes that the codec writes; a ``quiet`` call keeps no artifact."""
    text = f"encode {type(artifact.payload).variant_name} of version {artifact.schema_version}"
    codec = _codec(history)
    shown, rule = None if quiet else artifact, "ARTIFACT-02"
    answer = history.call(text, lambda: codec.encode(artifact), operation=shown, undeclared=rule)
    value = answer.value if isinstance(answer, Returned) else f"refused: {answer.message}"
    history.check(rule, isinstance(value, bytes), "bytes", lambda: repr(value))
    assert isinstance(value, bytes)  # noqa: S101 - a failed check does not return
    return value


def same_bytes(history: History, requirement_id: str, expected: bytes, actual: bytes) -> None:
    """Check that two encodings are equal, and show the first byte that differs."""
    equal = expected == actual
    pairs = enumerate(zip(expected, actual, strict=False))
    shared = min(len(expected), len(actual))
    start = shared if equal else next((i for i, (one, other) in pairs if one != other), shared)
    history.check(
        requirement_id,
        equal,
        lambda: f"{len(expected)} bytes, from byte {start}: {shown_bytes(expected[start:])}",
        lambda: f"{len(actual)} bytes, from byte {start}: {shown_bytes(actual[start:])}",
    )


def shown_bytes(data: bytes) -> str:
    """Return bytes as a reader of a report wants them."""
    more = "..." if len(data) > _SHOWN_BYTES_MAX else ""
    return f"0x{data[:_SHOWN_BYTES_MAX].hex()}{more}"


def decode(history: History, data: bytes, label: str) -> Returned | Raised:
    """Return what the codec makes of bytes; it may not grow without bounds on the way (DEC-29)."""
    codec = _codec(history)

    def bounded() -> Any:
        with memory_ceiling(len(data)):
            return codec.decode(data)

    answer = history.call(
        f"decode {len(data)} bytes ({label}) {shown_bytes(data)}",
        bounded,
        operation={"bytes": data.hex()} if len(data) < _KEPT_BYTES_MAX else None,
        undeclared="DEC-29",
        pure=True,
    )
    if isinstance(answer, Returned):
        formed = isinstance(answer.value, PersistedDurabilityArtifact)
        expected = "an artifact or the declared error, telltale_spec.DurabilityError"
        history.check("DEC-29", formed, expected, lambda: repr(answer.value))
    return answer


def accepts(
    history: History, requirement_id: str, answer: Returned | Raised, value: _Artifact, note: str
) -> None:
    """Check that the answer is this value."""
    actual = answer.value if isinstance(answer, Returned) else f"refused: {answer.message}"
    holds = isinstance(answer, Returned) and answer.value == value
    history.check(requirement_id, holds, lambda: f"{note}: {value!r}", lambda: str(actual))


def refuses(history: History, requirement_id: str, answer: Returned | Raised, why: str) -> None:
    """Check that the answer is a refusal, and its words."""
    shown = "" if isinstance(answer, Raised) else repr(answer.value)
    history.check(requirement_id, isinstance(answer, Raised), f"refused: {why}", shown)
    check_text(history, answer)


def check_text(history: History, answer: Returned | Raised) -> None:
    """Check the words of a declared error; those of any other are nobody's."""
    if isinstance(answer, Raised) and answer.declared:
        holds = answer.message.startswith((DECODE_PREFIX, VERSION_PREFIX))
        expected = f"an error that begins with `{DECODE_PREFIX}`"
        history.check("DEC-29.text", holds, expected, answer.message)


def judge_labelled(history: History, labelled: encodings.LabelledBytes) -> None:
    """Judge what comes of one labelled encoding."""
    history.reach(f"read: {labelled.label}")
    answer = decode(history, labelled.data, labelled.label)
    if labelled.acceptable is False:
        refuses(history, labelled.requirement, answer, labelled.label)
        return
    if labelled.value is not None:
        note = "M-20: the same value" if labelled.requirement == "DEC-04" else "the same value"
        accepts(history, labelled.requirement, answer, labelled.value, note)
    elif isinstance(answer, Raised):
        check_text(history, answer)
        return
    assert isinstance(answer, Returned)  # noqa: S101 - a failed check does not return
    writes_in_the_one_form(history, answer.value)


def writes_in_the_one_form(history: History, artifact: _Artifact) -> None:
    """Check that what was read in any form is written in the one form (M-19)."""
    same_bytes(history, "DEC-32", canonical(artifact), encode(history, artifact))
