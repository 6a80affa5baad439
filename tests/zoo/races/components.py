"""A log and a cache on any storage that several handles add to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from telltale_spec.errors import DurabilityError
from telltale_spec.model.cache import put_entry
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from tests.zoo.races.storages import Storage

Answer = TypeVar("Answer")


class _OnStorage:
    def __init__(self, storage: type[Storage], directory: Path) -> None:
        self.storage = self.tried(lambda: storage(directory))

    def tried(self, then: Callable[[], Answer]) -> Answer:
        try:
            return then()
        except OSError as error:
            raise DurabilityError(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        self.tried(self.storage.close)


class LogOn(_OnStorage):
    """An agreement WAL."""

    def append(self, entry: AgreementWalEntry) -> None:
        def check(payloads: Sequence[bytes]) -> None:
            before = self.artifact(payloads).entries
            AgreementWalArtifact((*before, entry)).validate_monotonic_escalations()

        self.tried(lambda: self.storage.add(encode(entry), check))

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        return self.artifact(self.tried(self.storage.read))

    @staticmethod
    def artifact(payloads: Sequence[bytes]) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, each) for each in payloads))


class CacheOn(_OnStorage):
    """An evidence-outcome cache on a storage, which has every put."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.load().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        # A cache that cannot be read back is no cache: the depth of a value is limited (F23).
        decode(EvidenceOutcomeCacheEntry, encode(entry))
        self.tried(lambda: self.storage.add(encode(entry), lambda payloads: None))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        entries: tuple[EvidenceOutcomeCacheEntry, ...] = ()
        for payload in self.tried(self.storage.read):
            entries = put_entry(entries, decode(EvidenceOutcomeCacheEntry, payload))
        return EvidenceOutcomeCacheArtifact(entries)
