"""The two right storages that most others are made from, and a log and a cache on any storage.

A storage keeps payloads in order. ``recover`` returns those that it finds, and ``store`` adds one;
both raise ``OSError`` for what cannot be done. After any such error but ``TakenBackError`` the log
or cache refuses everything until it is opened again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from telltale_spec.errors import DurabilityError
from telltale_spec.model.cache import put_entry
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from tests.zoo.crashes.files import (
    TakenBackError,
    contents,
    lock,
    record,
    records,
    replace_file,
    whole_records,
    write_at,
)

Answer = TypeVar("Answer")


class Storage:
    """Payloads in a folder, for one handle at a time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "storage"
        self.payloads: list[bytes] = []
        self.open_files: list[int] = []
        self.take_lock()

    def take_lock(self) -> None:
        self.open_files.append(lock(self.directory / "lock"))

    def opened(self, path: Path, flags: int = 0) -> int:
        """Open a file for reading and writing until the storage is closed."""
        self.open_files.append(os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666))
        return self.open_files[-1]

    def recover(self) -> Sequence[bytes]:
        raise NotImplementedError

    def store(self, payload: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        while self.open_files:
            os.close(self.open_files.pop())


class AppendFile(Storage):
    """Right: records behind each other, each synced before it is acknowledged."""

    flags = 0
    file = -1
    # How many payloads are somewhere else, in front of those in the file.
    first = 0

    def recover(self) -> Sequence[bytes]:
        self.make_file()
        self.file = self.opened(self.path, self.flags)
        data = self.path.read_bytes()
        payloads, self.end = self.parse(data)
        self.mend(data, payloads)
        return payloads

    def make_file(self) -> None:
        """Make the file, also when it is there and empty: its name may not be durable."""
        if not contents(self.path):
            replace_file(self.path, b"")

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        return whole_records(data)

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        """Cut off what is torn; write the last record again, as a sync of it may have failed."""
        os.ftruncate(self.file, self.end)
        if payloads[self.first :]:
            again = self.framed(len(payloads) - 1 - self.first, payloads[-1])
            write_at(self.file, again, self.end - len(again))
        os.fdatasync(self.file)

    def framed(self, number: int, payload: bytes) -> bytes:
        return record(number, payload)

    def store(self, payload: bytes) -> None:
        data = self.framed(len(self.payloads) - self.first, payload)
        try:
            self.write(data)
        except OSError as error:
            self.take_back(error)
        self.sync()
        self.end += len(data)

    def write(self, data: bytes) -> None:
        write_at(self.file, data, self.end)

    def take_back(self, error: OSError) -> None:
        os.ftruncate(self.file, self.end)
        os.fdatasync(self.file)
        raise TakenBackError(error.errno, error.strerror) from error

    def sync(self) -> None:
        os.fdatasync(self.file)

    def close(self) -> None:
        super().close()
        self.file = -1


class WholeFile(Storage):
    """Right: all records in a new file, which takes the place of the old one."""

    def recover(self) -> Sequence[bytes]:
        payloads, _ = whole_records(contents(self.path))
        # Again, as the name that is seen may not be durable.
        replace_file(self.path, records(payloads))
        return payloads

    def store(self, payload: bytes) -> None:
        self.write(records([*self.payloads, payload]))

    def write(self, data: bytes) -> None:
        replace_file(self.path, data)


class _OnStorage:
    def __init__(self, storage: type[Storage], directory: Path) -> None:
        self.refusal: str | None = None
        try:
            self.storage = storage(directory)
        except OSError as error:
            raise DurabilityError(f"open: {error}") from error
        try:
            self.storage.payloads = list(self.storage.recover())
        except OSError as error:
            self.storage.close()
            raise DurabilityError(f"open: {error}") from error
        except DurabilityError:
            self.storage.close()
            raise

    def close(self) -> None:
        try:
            self.storage.close()
        except OSError as error:
            raise DurabilityError(f"close: {error}") from error
        finally:
            self.refusal = "the handle is closed"

    def usable(self, then: Callable[[], Answer]) -> Answer:
        if self.refusal is not None:
            raise DurabilityError(f"{self.refusal}; open it again")
        return then()

    def store(self, payload: bytes) -> None:
        try:
            self.storage.store(payload)
        except TakenBackError as error:
            raise DurabilityError(f"write: {error}") from error
        except OSError as error:
            self.refusal = f"an earlier write failed: {error}"
            raise DurabilityError(f"write: {error}") from error
        self.storage.payloads.append(payload)


class LogOn(_OnStorage):
    """An agreement WAL on a storage."""

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        self.store(encode(entry))

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        return self.usable(self._artifact)

    def _artifact(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(
            tuple(decode(AgreementWalEntry, payload) for payload in self.storage.payloads)
        )


class CacheOn(_OnStorage):
    """An evidence-outcome cache on a storage, which has every put."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.load().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        # A cache that cannot be read back is no cache: the depth of a value is limited (F23).
        decode(EvidenceOutcomeCacheEntry, encode(entry))
        self.usable(lambda: self.store(encode(entry)))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return self.usable(self._artifact)

    def _artifact(self) -> EvidenceOutcomeCacheArtifact:
        entries: tuple[EvidenceOutcomeCacheEntry, ...] = ()
        for payload in self.storage.payloads:
            entries = put_entry(entries, decode(EvidenceOutcomeCacheEntry, payload))
        return EvidenceOutcomeCacheArtifact(entries)
