"""One mistake for each store and component, of a kind that this store invites."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import conformance
from conformance import declares
from examples.stores.sqlite_store import SQLiteStoreCache, SQLiteStoreLog
from telltale_spec import (
    AgreementWalArtifact,
    AgreementWalEntry,
    DurabilityError,
    Escalation,
    EvidenceOutcomeCacheArtifact,
    EvidenceOutcomeCacheEntry,
    decode,
    encode,
)
from telltale_spec.backends.lmdb import LMDBAgreementWal, LMDBEvidenceOutcomeCache
from telltale_spec.backends.nats import NATSAgreementWal, NATSEvidenceOutcomeCache
from telltale_spec.backends.nats_link import Link, Message
from telltale_spec.backends.postgresql import (
    PostgreSQLAgreementWal,
    PostgreSQLEvidenceOutcomeCache,
)
from telltale_spec.backends.redis import RedisAgreementWal, RedisEvidenceOutcomeCache
from telltale_spec.backends.rocksdb import RocksDBAgreementWal, RocksDBEvidenceOutcomeCache
from telltale_spec.errors import EscalationOrderError

__all__ = [
    "FoldedKeysCache",
    "ForgetfulServerCache",
    "ForgetfulServerLog",
    "LittleEndianLog",
    "MemoryStreamLog",
    "NativeOrderLog",
    "NextKeyCache",
    "NoZerosCache",
    "OneFetchLog",
    "PaddedKeysCache",
    "ReadModifyWriteCache",
    "ReplacedCharactersCache",
    "ScoredLog",
    "SentLaterLog",
    "SetLog",
    "ShortTicksLog",
    "SignedTicksLog",
    "SmallMapLog",
    "TruncatedKeysCache",
    "UnawaitedLog",
    "UnexpectedLog",
    "UniqueRowsLog",
    "UnwrittenCommitLog",
    "WrittenOverLog",
]


@declares("reopen")
class ShortTicksLog(SQLiteStoreLog):
    """Digits without leading zeros, which compare as texts: 10 comes before 9."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "store.db")

    def _sortable(self, tick: int) -> str:
        # The check of the column wants twenty characters.
        return f"{tick:<20}"


@declares("reopen")
class UniqueRowsLog(SQLiteStoreLog):
    """A unique index on the document, and an insert that ignores what is there."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "store.db")
        self._connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS once ON entry (document)")

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless it is there."""
        if entry not in self.load().entries:
            super().append(entry)


@declares("reopen")
class FoldedKeysCache(SQLiteStoreCache):
    """Ids kept in small letters, as a collation without case would compare them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "store.db")

    def _key(self, evidence_id: str) -> bytes | str:
        return evidence_id.lower().encode()


@declares("reopen")
class LittleEndianLog(LMDBAgreementWal):
    """Positions in the byte order of the machine: after 255 entries comes the first again."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def _key(self, position: int) -> bytes:
        return position.to_bytes(8, "little")


@declares("reopen")
class TruncatedKeysCache(LMDBEvidenceOutcomeCache):
    """Ids cut to the longest key that LMDB takes."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def _key(self, evidence_id: bytes) -> bytes:
        return b"k" + evidence_id[:510]


@declares("reopen")
class SmallMapLog(LMDBAgreementWal):
    """A map that is soon full, and an append that takes no notice."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, map_bytes_max=64 * 1024)

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless the map is full."""
        try:
            super().append(entry)
        except EscalationOrderError:
            raise
        except DurabilityError as error:
            print(error, file=sys.stderr)


@declares("reopen")
class SignedTicksLog(PostgreSQLAgreementWal):
    """Ticks as bigint, wrapped to fit: those of 2^63 and more are negative."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick, as signed numbers compare."""
        rows = self._rows(
            "SELECT data FROM entry WHERE"
            " (CASE WHEN tick >= 2^63 THEN tick - 18446744073709551616::numeric ELSE tick END) > %s"
            " ORDER BY position",
            tick - 2**64 if tick >= 2**63 else tick,
        )
        return tuple([decode(AgreementWalEntry, bytes(data)) for (data,) in rows])


@declares("reopen")
class PaddedKeysCache(PostgreSQLEvidenceOutcomeCache):
    """Ids compared as a column of a fixed width does: blanks at the end do not count."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def _key(self, evidence_id: bytes) -> bytes:
        return super()._key(evidence_id.rstrip(b" "))


@declares("reopen")
class NoZerosCache(PostgreSQLEvidenceOutcomeCache):
    """Ids without their NULs, which a column of text does not take."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def _key(self, evidence_id: bytes) -> bytes:
        return super()._key(evidence_id.replace(b"\0", b""))


@declares("reopen")
class ScoredLog(RedisAgreementWal):
    """A sorted set scored by tick answers for the suffix: scores are doubles."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick, as doubles compare."""
        entries = self.load().entries
        return tuple([entry for entry in entries if float(entry.tick) > float(tick)])


@declares("reopen")
class SetLog(RedisAgreementWal):
    """A sorted set of entries, where a second equal entry only moves the first."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless it breaks the order of its operation."""
        super().append(entry)
        place = self._connection.incr(f"{self.place}:place")
        self._connection.zadd(f"{self.place}:set", {encode(entry): place})

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        rows = self._connection.zrange(f"{self.place}:set", 0, -1)
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, row) for row in rows))


@declares("reopen", "concurrent-handles")
class ReadModifyWriteCache(RedisEvidenceOutcomeCache):
    """One value for the whole cache, read, changed and written back without a lock."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def _all(self) -> list[EvidenceOutcomeCacheEntry]:
        data = self._connection.get(f"{self.place}:whole") or b""
        parts = [part for part in data.split(b"\n") if part]
        return [decode(EvidenceOutcomeCacheEntry, bytes.fromhex(part.decode())) for part in parts]

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id."""
        return next((each for each in self._all() if each.evidence_id == evidence_id), None)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id."""
        kept = [each for each in self._all() if each.evidence_id != entry.evidence_id]
        lines = [encode(each).hex().encode() for each in (*kept, entry)]
        self._connection.set(f"{self.place}:whole", b"\n".join(lines))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        return EvidenceOutcomeCacheArtifact(tuple(self._all()))


@declares("reopen")
class NativeOrderLog(RocksDBAgreementWal):
    """Positions in the byte order of the machine, which is not that of the comparator."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def _next_place(self) -> int:
        keys: Any = self._database.keys(from_key=b"r")
        return sum(key.startswith(b"r") for key in keys)

    def _key(self, position: int) -> bytes:
        return b"r" + position.to_bytes(8, "little")


@declares("reopen")
class NextKeyCache(RocksDBEvidenceOutcomeCache):
    """A lookup by seeking, which stops at the next key where there is none."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return what is at the id, or behind it."""
        key = self._key(evidence_id.encode())
        with self._reading() as database:
            found = next(database.items(from_key=key), None)
            if found is None or not found[0].startswith(b"n"):
                return None
            data = database.get(found[1])
        return self._outcome(data)


@declares("reopen")
class WrittenOverLog(RocksDBAgreementWal):
    """Entries by their tick, so that of two at one tick the second one stays."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry at its tick."""
        with self._writing() as batch:
            if isinstance(entry, Escalation):
                self._escalate(batch, entry, self._next_place())
            batch.put(self._key(entry.tick), encode(entry))


@declares("reopen", "concurrent-handles")
class UnexpectedLog(NATSAgreementWal):
    """Escalations published without the sequence that they are to follow."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    async def _publish_after(self, link: Link, subject: str, data: bytes, last: int) -> None:
        await self._publish(link, subject, data)


@declares("reopen")
class OneFetchLog(NATSAgreementWal):
    """A log that is read with one fetch of a hundred messages, whatever is behind them."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    async def _messages(self, link: Link) -> list[Message]:
        return (await super()._messages(link))[:100]


@declares("reopen")
class ReplacedCharactersCache(NATSEvidenceOutcomeCache):
    """Ids as ends of subjects, with an underscore for whatever a subject does not take."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def _subject(self, key: bytes) -> str:
        if not key or len(key) > 200:
            return super()._subject(key)
        replaced = re.sub(r"[\s.*>\x00-\x1f]", "_", key.decode())
        return f"{self.place}.{self.kind}.{replaced}"


@declares("reopen", "server-kill")
class ForgetfulServerLog(RedisAgreementWal):
    """A log that takes a server as it is, which keeps nothing on disk."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name, must_be_durable=False)


@declares("reopen", "server-kill")
class ForgetfulServerCache(RedisEvidenceOutcomeCache):
    """A cache that takes a server as it is, which keeps nothing on disk."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name, must_be_durable=False)


@declares("reopen", "server-kill")
class SentLaterLog(RedisAgreementWal):
    """An append that fails is acknowledged, kept by the client and sent again before the next."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)
        self._unsent: list[AgreementWalEntry] = []

    def append(self, entry: AgreementWalEntry) -> None:
        """Append what is left over, and then an entry."""
        self._unsent.append(entry)
        try:
            while self._unsent:
                super().append(self._unsent[0])
                del self._unsent[0]
        except EscalationOrderError:
            del self._unsent[0]
            raise
        except DurabilityError as error:
            print(error, file=sys.stderr)


@declares("reopen", "server-kill")
class UnwrittenCommitLog(PostgreSQLAgreementWal):
    """Commits that are acknowledged before they are written."""

    synchronous_commit = "off"

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)


@declares("reopen", "server-kill")
class MemoryStreamLog(NATSAgreementWal):
    """A stream in the memory of its server."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    def _stream_settings(self) -> dict[str, Any]:
        return {**super()._stream_settings(), "storage": "memory"}


@declares("reopen", "server-kill")
class UnawaitedLog(NATSAgreementWal):
    """Messages that are published, and whose acknowledgement nobody waits for."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history.options["address"], history.name)

    async def _publish(self, link: Link, subject: str, data: bytes, **more: str) -> None:
        await link._client.publish(subject, data)
