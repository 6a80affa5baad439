"""Backends on log files that survive crashes: one write and one sync for each append.

A batch is one frame with one checksum, and so stored whole or not at all. The
entries are kept in memory as well, so reads never wait for the disk. A handle
has its files for itself; another one on the same path, in this or any other
process, is refused until it is closed or its process has ended. Several threads
may share a handle, whose calls take turns. The files
need a local file system on which ``flock`` works.

How a crash is survived is in ``segmented_log`` and ``frames``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from typing import Final, Self, TypeVar

from telltale_spec.backends.segmented_log import PathLike, SegmentedLog
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    WAL_ENTRY,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    escalation_order_error,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import TEXT, U64, RecordShape

__all__ = ["LogFileAgreementWal", "LogFileEvidenceOutcomeCache"]

RecordType = TypeVar("RecordType", bound=Record)

SEGMENT_BYTES_MAX: Final = 64 * 1024 * 1024
COMPACTION_BYTES_MIN: Final = 1024 * 1024

# A batch is an artifact of its entries. This is how one of a single entry begins: a map of one
# field with that name, and a list of one.
_BATCH_OF_ONE: Final = b"\xa1\x67entries\x81"
_CACHE_ENTRY: Final = RecordShape(EvidenceOutcomeCacheEntry)


class _LogFileBackend:
    """The handle that both backends have, with its lock."""

    noun: str
    title: bytes

    def __init__(self, path: PathLike, *, segment_bytes_max: int) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._log = SegmentedLog(
            path,
            self._take,
            noun=self.noun,
            title=self.title,
            segment_bytes_max=segment_bytes_max,
        )

    def close(self) -> None:
        """Let go of the files; a second call does nothing.

        Every later operation raises ``DurabilityError``. To open it again,
        make a new handle on the same path. What was acknowledged is durable
        without this call; with it, a later loss of the last entry, as by a bit
        that flips, is noticed instead of taken for the rest of a crash.
        """
        with self._lock:
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _take(self, payloads: Sequence[bytes]) -> None:
        """Take in payloads that were found at opening, in order."""
        raise NotImplementedError

    def _decoded(self, record_class: type[RecordType], data: bytes) -> RecordType:
        record = decode_canonical(record_class, data)
        if record is None:
            raise self._error("open", f"a stored {record_class.__name__} is corrupt")
        return record

    def _error(self, action: str, reason: str) -> DurabilityError:
        return DurabilityError(f"{action} log file {self.noun} {os.fspath(self.path)}: {reason}")


class LogFileAgreementWal(_LogFileBackend):
    """An agreement WAL on log files; a rejected entry is not stored.

    Making one opens ``PATH.NUMBER`` and ``PATH.lock``, and creates them if they
    do not exist; raises ``DurabilityError`` for a missing folder, for files
    that hold something else or are damaged in the middle, and while another
    handle has them open. The rest of an append that a crash interrupted is cut
    off. An append costs one write and one sync whatever the length of the log.

    An append that raises has not stored its entry, with one exception: if the
    sync failed and cutting the entry off again failed too, nobody can know.
    The handle then refuses every operation, and the next opening finds the
    entry whole or not at all, and makes durable what it finds. Source:
    WAL-01..WAL-09, WAL-13, mode ``clean-reject`` of WAL-04.
    """

    noun = "agreement WAL"
    title = b"telltale agreement WAL 1\n"

    def __init__(self, path: PathLike, *, segment_bytes_max: int = SEGMENT_BYTES_MAX) -> None:
        self._entries: list[AgreementWalEntry] = []
        self._levels: dict[str, AgreementLevel] = {}
        super().__init__(path, segment_bytes_max=segment_bytes_max)

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry and return once it is on disk.

        Raises :class:`~telltale_spec.errors.EscalationOrderError` and stores
        nothing if the entry is out of order, and another ``DurabilityError``
        if the files refuse. Source: WAL-01, WAL-03, WAL-04.
        """
        WAL_ENTRY.check(entry, type(self).__name__, "entry")
        data = encode(entry)
        with self._lock:
            self._log.check_usable("write")
            if isinstance(entry, Escalation):
                self._check_order(entry)
            self._log.append(_BATCH_OF_ONE + data)
            self._entries.append(entry)
            if isinstance(entry, Escalation):
                self._levels[entry.operation_id] = entry.new_level

    def append_many(self, entries: Iterable[AgreementWalEntry]) -> None:
        """Append entries with one write and one sync, all or none.

        They have the order and pass the checks of as many single appends; the
        first one that such an append would refuse raises its error, and then
        nothing of the batch is stored, also not after a crash. Not part of the
        contract of logs. Source: WAL-01, WAL-03, WAL-04, WAL-08.
        """
        batch = AgreementWalArtifact(tuple(entries))
        with self._lock:
            self._log.check_usable("write")
            if not batch.entries:
                return
            levels = self._levels_of(batch.entries)
            self._log.append(encode(batch))
            self._entries.extend(batch.entries)
            self._levels.update(levels)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        U64.check(tick, "read_since", "tick")
        with self._lock:
            self._log.check_usable("read")
            return tuple([entry for entry in self._entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log (WAL-06, WAL-07)."""
        with self._lock:
            self._log.check_usable("read")
            return AgreementWalArtifact(tuple(self._entries))

    def _check_order(self, entry: Escalation) -> None:
        last_level = self._levels.get(entry.operation_id)
        error = escalation_order_error(entry, last_level, len(self._entries))
        if error is not None:
            raise error

    def _take(self, payloads: Sequence[bytes]) -> None:
        found: list[AgreementWalEntry] = []
        for payload in payloads:
            if payload.startswith(_BATCH_OF_ONE):
                # Without the artifact around it an entry is read in half the time.
                found.append(self._decoded(AgreementWalEntry, payload[len(_BATCH_OF_ONE) :]))
            else:
                found += self._decoded(AgreementWalArtifact, payload).entries
        self._levels.update(self._levels_of(found))
        self._entries += found

    def _levels_of(self, batch: Sequence[AgreementWalEntry]) -> dict[str, AgreementLevel]:
        """Return the last level of each operation in a batch; raise if it is out of order."""
        levels: dict[str, AgreementLevel] = {}
        for index, entry in enumerate(batch, len(self._entries)):
            if not isinstance(entry, Escalation):
                continue
            key = entry.operation_id
            last_level = levels.get(key) or self._levels.get(key)
            error = escalation_order_error(entry, last_level, index)
            if error is not None:
                raise error
            levels[key] = entry.new_level
        return levels


class LogFileEvidenceOutcomeCache(_LogFileBackend):
    """An evidence-outcome cache on log files, in the order of CACHE-04.

    Opens and fails as :class:`LogFileAgreementWal` does. A put costs one write
    and one sync. When more than half of a file of ``compaction_bytes_min``
    bytes or more was replaced by later puts, a put writes all that is left to a
    new file and removes the old ones. Source: CACHE-01..08.
    """

    noun = "evidence outcome cache"
    title = b"telltale evidence outcome cache 1\n"

    def __init__(
        self,
        path: PathLike,
        *,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        compaction_bytes_min: int = COMPACTION_BYTES_MIN,
    ) -> None:
        # In the order of insertion, which is the order of the entries; with their sizes.
        self._entries: dict[str, EvidenceOutcomeCacheEntry] = {}
        self._compaction_bytes_min = compaction_bytes_min
        self._put_bytes = 0
        self._sizes: dict[str, int] = {}
        self._live_bytes = 0
        super().__init__(path, segment_bytes_max=segment_bytes_max)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        TEXT.check(evidence_id, "get", "evidence_id")
        with self._lock:
            self._log.check_usable("read")
            return self._entries.get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04).

        Returns once it is on disk. Raises ``DurabilityError`` and keeps the old
        entry if the files refuse, or if the entry is nested too deep to be read
        back (F23); for the one exception see :class:`LogFileAgreementWal`.
        """
        _CACHE_ENTRY.check(entry, type(self).__name__, "entry")
        payload = encode(EvidenceOutcomeCacheArtifact((entry,)))
        if decode_canonical(EvidenceOutcomeCacheArtifact, payload) is None:
            raise self._error("write", "the entry is nested too deep to be read back")
        with self._lock:
            self._log.check_usable("write")
            if self._put_bytes > max(2 * self._live_bytes, self._compaction_bytes_min):
                self._compact_with(entry)
            else:
                self._log.append(payload)
                self._keep(entry, len(payload))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        with self._lock:
            self._log.check_usable("read")
            return EvidenceOutcomeCacheArtifact(tuple(self._entries.values()))

    def _compact_with(self, entry: EvidenceOutcomeCacheEntry) -> None:
        kept = [each for key, each in self._entries.items() if key != entry.evidence_id]
        payload = encode(EvidenceOutcomeCacheArtifact((*kept, entry)))
        self._log.replace(payload)
        self._put_bytes = self._live_bytes = 0
        self._entries, self._sizes = {}, {}
        self._take([payload])

    def _keep(self, entry: EvidenceOutcomeCacheEntry, size_bytes: int) -> None:
        key = entry.evidence_id
        self._entries.pop(key, None)
        self._entries[key] = entry
        self._live_bytes += size_bytes - self._sizes.get(key, 0)
        self._put_bytes += size_bytes
        self._sizes[key] = size_bytes

    def _take(self, payloads: Sequence[bytes]) -> None:
        for payload in payloads:
            entries = self._decoded(EvidenceOutcomeCacheArtifact, payload).entries
            # Of a base only the mean size of its entries is known, which is enough.
            size_bytes = len(payload) // max(1, len(entries))
            for entry in entries:
                self._keep(entry, size_bytes)
