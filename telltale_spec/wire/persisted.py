"""The persisted artifact: a schema version around one of three payloads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeAlias

from telltale_spec.errors import (
    ArtifactFileError,
    NotCanonicalError,
    PayloadKindError,
    UnsupportedSchemaVersionError,
)
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.limits import (
    DECODE_CONTEXT,
    MAX_PERSISTED_DURABILITY_BYTES,
    PERSISTED_DURABILITY_SCHEMA_VERSION,
    size_limit_error,
)
from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.shapes import TEXT, AdjacentlyTaggedShape, RecordShape, wire
from telltale_spec.wire.tolerant import decode_tolerant

__all__ = [
    "PAYLOAD",
    "AgreementWalPayload",
    "EvidenceOutcomeCachePayload",
    "PersistedDurabilityArtifact",
    "PersistedDurabilityPayload",
    "RecoveryMetadataPayload",
    "decode_artifact",
    "decode_artifact_tolerantly",
]

PathLike: TypeAlias = str | os.PathLike[str]

PAYLOAD: Final[AdjacentlyTaggedShape[PersistedDurabilityPayload]] = AdjacentlyTaggedShape(
    "PersistedDurabilityPayload", "kind", "payload"
)


@dataclass(frozen=True, slots=True)
class PersistedDurabilityPayload(Variant):
    """What an artifact holds; one of the three variants below. Source: L925-935, WIRE-02.

    ``noun`` names the payload in error texts.
    """

    union: ClassVar[AdjacentlyTaggedShape[PersistedDurabilityPayload]] = PAYLOAD
    noun: ClassVar[str]


@dataclass(frozen=True, slots=True)
class AgreementWalPayload(PersistedDurabilityPayload):
    """An agreement WAL."""

    variant_name: ClassVar[str] = "agreement_wal"
    noun: ClassVar[str] = "an agreement WAL payload"

    wal: AgreementWalArtifact = field(metadata=wire(RecordShape(AgreementWalArtifact)))


@dataclass(frozen=True, slots=True)
class EvidenceOutcomeCachePayload(PersistedDurabilityPayload):
    """An evidence-outcome cache."""

    variant_name: ClassVar[str] = "evidence_outcome_cache"
    noun: ClassVar[str] = "an evidence outcome cache payload"

    cache: EvidenceOutcomeCacheArtifact = field(
        metadata=wire(RecordShape(EvidenceOutcomeCacheArtifact))
    )


@dataclass(frozen=True, slots=True)
class RecoveryMetadataPayload(PersistedDurabilityPayload):
    """Recovery metadata."""

    variant_name: ClassVar[str] = "recovery_metadata"
    noun: ClassVar[str] = "recovery metadata"

    metadata: DurableRecoveryMetadata = field(metadata=wire(RecordShape(DurableRecoveryMetadata)))


PAYLOAD.define(AgreementWalPayload, EvidenceOutcomeCachePayload, RecoveryMetadataPayload)


@dataclass(frozen=True, slots=True)
class PersistedDurabilityArtifact(Record):
    """One persisted artifact. Source: L937-944, WIRE-02.

    An artifact of any schema version can be built and written, but only
    :data:`PERSISTED_DURABILITY_SCHEMA_VERSION` is read back (ARTIFACT-01).
    """

    schema_version: str = field(metadata=wire(TEXT))
    payload: PersistedDurabilityPayload = field(metadata=wire(PAYLOAD))

    @classmethod
    def agreement_wal(cls, wal: AgreementWalArtifact) -> PersistedDurabilityArtifact:
        """Wrap an agreement WAL (L949-954)."""
        return cls(PERSISTED_DURABILITY_SCHEMA_VERSION, AgreementWalPayload(wal))

    @classmethod
    def evidence_outcome_cache(
        cls, cache: EvidenceOutcomeCacheArtifact
    ) -> PersistedDurabilityArtifact:
        """Wrap an evidence-outcome cache (L958-963)."""
        return cls(PERSISTED_DURABILITY_SCHEMA_VERSION, EvidenceOutcomeCachePayload(cache))

    @classmethod
    def recovery_metadata(cls, metadata: DurableRecoveryMetadata) -> PersistedDurabilityArtifact:
        """Wrap recovery metadata (L967-972)."""
        return cls(PERSISTED_DURABILITY_SCHEMA_VERSION, RecoveryMetadataPayload(metadata))

    @classmethod
    def from_slice(cls, data: bytes, *, strict: bool = False) -> PersistedDurabilityArtifact:
        """Decode an artifact from CBOR bytes (L980-989).

        Accepts what the specification accepts, canonical or not; with
        ``strict`` only the one canonical form of a value (DEC-32). Raises
        :class:`~telltale_spec.errors.DecodeError`,
        :class:`~telltale_spec.errors.UnsupportedSchemaVersionError` or, with
        ``strict``, :class:`~telltale_spec.errors.NotCanonicalError`.
        """
        return decode_artifact(data, strict=strict)

    @classmethod
    def from_path(cls, path: PathLike, *, strict: bool = False) -> PersistedDurabilityArtifact:
        """Decode an artifact from a file (ARTIFACT-03, L997-1006).

        A file over the size limit is refused by its length, before it is read.
        Raises :class:`~telltale_spec.errors.ArtifactFileError` when the file
        cannot be read, and whatever :meth:`from_slice` raises.
        """
        try:
            with open(path, "rb") as file:
                # One byte past the limit shows that the input is too long; the
                # size is then asked of the file, so that the text can name it.
                data = file.read(MAX_PERSISTED_DURABILITY_BYTES + 1)
                if len(data) > MAX_PERSISTED_DURABILITY_BYTES:
                    size_bytes = max(os.fstat(file.fileno()).st_size, len(data))
                    raise size_limit_error(size_bytes)
        except (OSError, ValueError) as error:
            raise ArtifactFileError("read", _shown_path(path), _os_error_text(error)) from error
        return cls.from_slice(data, strict=strict)

    def to_cbor(self) -> bytes:
        """Encode the artifact in its one canonical form (ARTIFACT-02, WIRE-01, L1013-1015)."""
        return encode(self)

    def write_to_path(self, path: PathLike) -> None:
        """Encode, then truncate and write the file (ARTIFACT-04, L1022-1031).

        Faithful to the specification and therefore not crash-safe: no
        temporary file, no rename, no fsync (F10). Raises
        :class:`~telltale_spec.errors.ArtifactFileError` when writing fails.
        """
        data = self.to_cbor()
        try:
            with open(path, "wb") as file:
                file.write(data)
        except (OSError, ValueError) as error:
            raise ArtifactFileError("write", _shown_path(path), _os_error_text(error)) from error

    def agreement_wal_artifact(self) -> AgreementWalArtifact | None:
        """Return the agreement WAL when this artifact holds one (L1035-1041)."""
        payload = self.payload
        return payload.wal if isinstance(payload, AgreementWalPayload) else None

    def into_agreement_wal(self) -> AgreementWalArtifact:
        """Return the agreement WAL, or raise ``PayloadKindError`` (ARTIFACT-05, L1049-1061)."""
        if isinstance(self.payload, AgreementWalPayload):
            return self.payload.wal
        raise PayloadKindError(self.payload.noun, "an agreement WAL")

    def evidence_outcome_cache_artifact(self) -> EvidenceOutcomeCacheArtifact | None:
        """Return the cache when this artifact holds one (L1065-1071)."""
        payload = self.payload
        return payload.cache if isinstance(payload, EvidenceOutcomeCachePayload) else None

    def into_evidence_outcome_cache(self) -> EvidenceOutcomeCacheArtifact:
        """Return the cache, or raise ``PayloadKindError`` (ARTIFACT-05, L1079-1091)."""
        if isinstance(self.payload, EvidenceOutcomeCachePayload):
            return self.payload.cache
        raise PayloadKindError(self.payload.noun, "an evidence outcome cache")


def decode_artifact(data: bytes, *, strict: bool = False) -> PersistedDurabilityArtifact:
    """Decode a persisted artifact; see :meth:`PersistedDurabilityArtifact.from_slice`."""
    if len(data) > MAX_PERSISTED_DURABILITY_BYTES:
        raise size_limit_error(len(data))
    artifact = decode_canonical(PersistedDurabilityArtifact, data)
    if artifact is not None:
        return _of_our_schema(artifact)
    artifact = decode_tolerant(PersistedDurabilityArtifact, data)
    if strict:
        _require_canonical(data, artifact)
    return _of_our_schema(artifact)


def decode_artifact_tolerantly(data: bytes) -> PersistedDurabilityArtifact:
    """Decode a persisted artifact with the tolerant reader alone, which accepts the same."""
    return _of_our_schema(decode_tolerant(PersistedDurabilityArtifact, data))


def _of_our_schema(artifact: PersistedDurabilityArtifact) -> PersistedDurabilityArtifact:
    if artifact.schema_version != PERSISTED_DURABILITY_SCHEMA_VERSION:
        raise UnsupportedSchemaVersionError(artifact.schema_version)
    return artifact


def _require_canonical(data: bytes, artifact: PersistedDurabilityArtifact) -> None:
    expected = encode(artifact)
    if data == expected:
        return
    shared = min(len(data), len(expected))
    offset = next((i for i in range(shared) if data[i] != expected[i]), shared)
    raise NotCanonicalError(DECODE_CONTEXT, offset, data, expected)


def _shown_path(path: PathLike) -> str:
    return os.fspath(path)


def _os_error_text(error: OSError | ValueError) -> str:
    """Render an operating system error as Rust does, number included.

    Python raises ``ValueError`` for a path that no file can have, one with a
    NUL in it.
    """
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    return f"{os.strerror(error.errno)} (os error {error.errno})"
