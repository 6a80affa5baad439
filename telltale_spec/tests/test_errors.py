"""The exception tree: texts, fields and what makes an error an error."""

from __future__ import annotations

import copy
import pickle

import pytest

from telltale_spec.errors import (
    ArtifactFileError,
    DecodeError,
    DecodeErrorCategory,
    DomainError,
    DurabilityError,
    EncodeError,
    EscalationOrderError,
    NotCanonicalError,
    PayloadKindError,
    SyncRefusedError,
    TelltaleError,
    UnsupportedSchemaVersionError,
)
from telltale_spec.wire.effects import EffectFailure

EVERY_DURABILITY_ERROR = [
    (
        EscalationOrderError("o", "SoftSafe", "None", None, 3),
        "agreement WAL regression for `o`: SoftSafe -> None",
    ),
    (
        EscalationOrderError("o", "None", "SoftSafe", "Finalized", 3),
        "agreement WAL reordered or regressed for `o`: last=Finalized, entry=None->SoftSafe",
    ),
    (
        DecodeError("decode x", "bad", category=DecodeErrorCategory.SYNTAX, offset=4),
        "decode x: bad",
    ),
    (EncodeError("encode x", "too deep"), "encode x: too deep"),
    (SyncRefusedError("o", "it has no state"), "sync of `o` refused: it has no state"),
    (
        NotCanonicalError("decode x", 1, b"\x00\x01", b"\x00\x02"),
        "decode x: not canonical at byte 1: found 0x01, the canonical form has 0x02",
    ),
    (
        NotCanonicalError("decode x", 1, b"\x00\x01", b"\x00"),
        "decode x: not canonical at byte 1: "
        "found 0x01, the canonical form has the end of the input",
    ),
    (
        UnsupportedSchemaVersionError("v9"),
        "unsupported persisted durability schema version `v9`",
    ),
    (
        PayloadKindError("recovery metadata", "an agreement WAL"),
        "persisted durability artifact contains recovery metadata, not an agreement WAL",
    ),
    (
        ArtifactFileError("read", "/x", "No such file or directory (os error 2)"),
        "read persisted durability artifact /x: No such file or directory (os error 2)",
    ),
]


@pytest.mark.requirement("WAL-09", "ART-WAL-03", "ART-WAL-04", "ARTIFACT-03", "DEC-31")
@pytest.mark.parametrize(
    ("error", "text"), EVERY_DURABILITY_ERROR, ids=lambda value: type(value).__name__
)
def test_the_text_is_the_specifications_and_the_type_is_declared(
    error: DurabilityError, text: str
) -> None:
    assert str(error) == error.message == text
    assert isinstance(error, DurabilityError)
    assert isinstance(error, TelltaleError)


@pytest.mark.parametrize(("error", "text"), EVERY_DURABILITY_ERROR, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_an_error_survives_copying_with_its_fields(
    error: DurabilityError, text: str, duplicate: object
) -> None:
    assert callable(duplicate)
    again = duplicate(error)
    assert type(again) is type(error)
    assert str(again) == text
    assert vars(again) == vars(error)


def test_a_domain_error_names_type_field_value_and_domain() -> None:
    error = DomainError("Escalation", "tick", -1, "an integer from 0 to 2^64-1")
    assert str(error) == "Escalation.tick: expected an integer from 0 to 2^64-1, got -1"
    assert (error.type_name, error.field, error.value) == ("Escalation", "tick", -1)
    assert isinstance(error, ValueError)
    assert not isinstance(error, DurabilityError)


def test_a_domain_error_does_not_flood_the_terminal() -> None:
    assert len(str(DomainError("T", "f", "x" * 100_000, "less"))) < 200


@pytest.mark.requirement("DOM-03", "WAL-09")
def test_the_text_of_a_backend_error_fits_into_a_failure() -> None:
    error = DurabilityError("cannot open \udc80.wal")
    assert str(error) == "cannot open ?.wal"
    assert EffectFailure.unavailable(str(error)).message == "cannot open ?.wal"
