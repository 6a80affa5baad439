"""Codecs that are wrong on purpose, each in one way, with the requirement that must catch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import cbor2

from conformance.backend import Backend
from telltale_spec.errors import DecodeError, DomainError, DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.persisted import AgreementWalPayload, PersistedDurabilityArtifact

__all__ = ["BROKEN_CODECS", "CorrectCodec", "broken_codec_backend"]

Artifact = PersistedDurabilityArtifact
_VERSION: Final = "telltale.machine.durability.v1"


class CorrectCodec:
    """The reference."""

    def encode(self, artifact: Artifact) -> bytes:
        return artifact.to_cbor()

    def decode(self, data: bytes) -> Artifact:
        return Artifact.from_slice(data)


class WritesChangedTrees(CorrectCodec):
    """Write another tree than the right one, or the right one in another way."""

    def __init__(self, change: Callable[[Any], Any], **options: Any) -> None:
        self.change = change
        self.options = options

    def encode(self, artifact: Artifact) -> bytes:
        return cbor2.dumps(self.change(artifact.to_dict()), **self.options)


def _everywhere(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return change({key: walk(value) for key, value in node.items()})
        return [walk(item) for item in node] if isinstance(node, list) else node

    return walk


def _sorted(fields: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(fields.items()))


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _camel_case_levels(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: "SoftSafe" if v == "soft_safe" else v for k, v in fields.items()}


def _unit_as_map(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: {"Unit": None} if v == "Unit" else v for k, v in fields.items()}


def _milliseconds(fields: dict[str, Any]) -> dict[str, Any]:
    if fields.keys() != {"secs", "nanos"}:
        return fields
    return {"secs": fields["secs"], "nanos": fields["nanos"] // 10**6 * 10**6}


def _renamed(old: str, new: str) -> Callable[[Any], Any]:
    """Write one key or one name differently, wherever it stands."""

    def rename(fields: dict[str, Any]) -> dict[str, Any]:
        return {
            (new if key == old else key): (new if value == old else value)
            for key, value in fields.items()
        }

    return _everywhere(rename)


def _release_with_a_field(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "value": None} if fields == {"kind": "release"} else fields


class Forgives(CorrectCodec):
    """Take an empty log from an input with a fault of one sort."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DecodeError as error:
            if not any(text in str(error) for text in self.texts):
                raise
            return Artifact.agreement_wal(AgreementWalArtifact())


class RefusesUnknownFields(CorrectCodec):
    """Refuse an input with a field that the format does not have."""

    def decode(self, data: bytes) -> Artifact:
        artifact = super().decode(data)
        if _has_more_keys(cbor2.loads(data), artifact.to_dict()):
            raise DurabilityError("decode persisted durability artifact: unknown field")
        return artifact


def _has_more_keys(given: Any, known: Any) -> bool:
    if isinstance(given, dict) and isinstance(known, dict):
        return bool(given.keys() - known.keys()) or any(
            _has_more_keys(value, known[key]) for key, value in given.items()
        )
    if isinstance(given, list) and isinstance(known, list):
        return any(map(_has_more_keys, given, known))
    return False


class AcceptsTruncated(CorrectCodec):
    """Take what is there of an input that ends early."""

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DecodeError as error:
            if "UnexpectedEof" not in str(error):
                raise
            return Artifact.agreement_wal(AgreementWalArtifact())


class AcceptsDuplicates(CorrectCodec):
    """Let the last of two equal keys win."""

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DecodeError as error:
            if "duplicate field" not in str(error):
                raise
            try:
                return Artifact.from_dict(cbor2.loads(data))
            except DomainError:
                raise error from None


class IgnoresVersion(CorrectCodec):
    """Read an artifact of any version."""

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DurabilityError as error:
            if "schema version" not in str(error):
                raise
            return Artifact.from_dict(cbor2.loads(data))


class ReadsCanonicalOnly(CorrectCodec):
    """Refuse whatever is not as it would write it itself."""

    def decode(self, data: bytes) -> Artifact:
        return Artifact.from_slice(data, strict=True)


class WantsEveryField(CorrectCodec):
    """Refuse an input that is shorter than the canonical form: a field is missing."""

    def decode(self, data: bytes) -> Artifact:
        artifact = super().decode(data)
        if len(data) < len(self.encode(artifact)):
            raise DurabilityError("decode persisted durability artifact: missing field")
        return artifact


class Crashes(CorrectCodec):
    """Let the errors of a library pass."""

    def decode(self, data: bytes) -> Artifact:
        tree = cbor2.loads(data)
        if tree["schema_version"] != _VERSION:
            raise DurabilityError("unsupported persisted durability schema version")
        return Artifact.from_dict(tree)


class Ticks32Bits(CorrectCodec):
    """Keep 32 bits of each tick of a log."""

    def decode(self, data: bytes) -> Artifact:
        artifact = super().decode(data)
        if not isinstance(artifact.payload, AgreementWalPayload):
            return artifact
        cut: Any = replace
        entries = (cut(e, tick=e.tick & 0xFFFF_FFFF) for e in artifact.payload.wal.entries)
        return Artifact.agreement_wal(AgreementWalArtifact(tuple(entries)))


class HasNoLimit(CorrectCodec):
    """Read an input of any size."""

    def decode(self, data: bytes) -> Artifact:
        return Artifact.from_dict(cbor2.loads(data)) if len(data) > 2**26 else super().decode(data)


class RefusesTheLimit(CorrectCodec):
    """Be one byte off."""

    def decode(self, data: bytes) -> Artifact:
        if len(data) >= 2**26:
            raise DurabilityError(
                f"decode persisted durability artifact: input is {len(data)} bytes, max is 67108864"
            )
        return super().decode(data)


class NamesNoContext(CorrectCodec):
    """Report errors in words of its own."""

    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DecodeError as error:
            raise DurabilityError(error.detail) from None


class RefusesLargeOutput(CorrectCodec):
    """Write nothing that could not be read back."""

    def encode(self, artifact: Artifact) -> bytes:
        data = super().encode(artifact)
        if len(data) > 2**26:
            raise DurabilityError("too large")
        return data


def _same(tree: Any) -> Any:
    return tree


BROKEN_CODECS: Final[tuple[tuple[str, CorrectCodec, str], ...]] = (
    ("sorted keys", WritesChangedTrees(_everywhere(_sorted)), "WIRE-01"),
    ("null fields left out", WritesChangedTrees(_everywhere(_without_nulls)), "WIRE-01"),
    ("indefinite lengths", WritesChangedTrees(_same, indefinite_containers=True), "WIRE-01"),
    ("content instead of payload", WritesChangedTrees(_renamed("payload", "content")), "WIRE-02"),
    (
        "gate instead of visibility_gate_crossing",
        WritesChangedTrees(_renamed("visibility_gate_crossing", "gate")),
        "WIRE-03",
    ),
    (
        "interface for interface_name",
        WritesChangedTrees(_renamed("interface_name", "i")),
        "WIRE-05",
    ),
    ("failure kinds in CamelCase", WritesChangedTrees(_renamed("timeout", "Timeout")), "WIRE-06"),
    ("release with a field", WritesChangedTrees(_everywhere(_release_with_a_field)), "WIRE-07"),
    (
        "another name for the tail tick",
        WritesChangedTrees(_renamed("wal_tail_start_tick", "wal_tail_tick")),
        "WIRE-10",
    ),
    ("a shorter name for the entries", WritesChangedTrees(_renamed("entries", "log")), "WIRE-13"),
    ("keys in another order", WritesChangedTrees(_everywhere(_sorted)), "DEC-32"),
    ("levels in CamelCase", WritesChangedTrees(_everywhere(_camel_case_levels)), "WIRE-04"),
    ("unit values as maps", WritesChangedTrees(_everywhere(_unit_as_map)), "WIRE-08"),
    ("durations in milliseconds", WritesChangedTrees(_everywhere(_milliseconds)), "WIRE-09"),
    ("writes nothing large", RefusesLargeOutput(), "ARTIFACT-02"),
    ("32-bit ticks", Ticks32Bits(), "ARTIFACT-06"),
    ("accepts truncated input", AcceptsTruncated(), "DEC-30"),
    ("accepts broken text", Forgives("Syntax("), "DOM-03"),
    ("accepts missing fields", Forgives("missing field"), "DEC-03"),
    ("refuses unknown fields", RefusesUnknownFields(), "DEC-04"),
    ("accepts negative numbers", Forgives("negative integer", "integer `-"), "DEC-15"),
    (
        "accepts other types for numbers",
        Forgives("expected integer", "expected u64"),
        "DEC-16",
    ),
    ("accepts duplicate fields", AcceptsDuplicates(), "DEC-05"),
    ("ignores the version", IgnoresVersion(), "DEC-31"),
    ("reads old versions as this one", IgnoresVersion(), "ARTIFACT-01"),
    ("reads the canonical form only", ReadsCanonicalOnly(), "DEC-06"),
    ("refuses missing optional fields", WantsEveryField(), "DEC-01"),
    ("crashes on corrupt input", Crashes(), "DEC-29"),
    ("no limit of size", HasNoLimit(), "DEC-27"),
    ("limit off by one", RefusesTheLimit(), "DEC-27"),
    ("errors without their prefix", NamesNoContext(), "DEC-29.text"),
)
"""Name, codec, and the requirement that it breaks."""


def broken_codec_backend(name: str, codec: CorrectCodec) -> Backend:
    """Return a backend that has nothing but this codec."""
    return Backend(name, codec=codec)
