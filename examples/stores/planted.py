"""One mistake for each store and component, of a kind that this store invites."""

from __future__ import annotations

from pathlib import Path

import conformance
from conformance import declares
from examples.stores.lmdb_store import LmdbCache, LmdbLog
from examples.stores.postgresql_store import PostgresqlCache, PostgresqlLog
from examples.stores.redis_store import RedisCache, RedisLog
from examples.stores.sqlite_store import SQLiteStoreCache, SQLiteStoreLog
from telltale_spec import (
    AgreementWalEntry,
    EvidenceOutcomeCacheArtifact,
    EvidenceOutcomeCacheEntry,
    decode,
    encode,
)

__all__ = [
    "FoldedKeysCache",
    "LittleEndianLog",
    "PaddedKeysCache",
    "ReadModifyWriteCache",
    "ScoredLog",
    "ShortTicksLog",
    "SignedTicksLog",
    "TruncatedKeysCache",
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
class FoldedKeysCache(SQLiteStoreCache):
    """Ids kept in small letters, as a collation without case would compare them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "store.db")

    def _key(self, evidence_id: str) -> bytes | str:
        return evidence_id.lower().encode()


@declares("reopen")
class LittleEndianLog(LmdbLog):
    """Positions in the byte order of the machine: after 255 entries comes the first again."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def _key(self, position: int) -> bytes:
        return position.to_bytes(8, "little")


@declares("reopen")
class TruncatedKeysCache(LmdbCache):
    """Ids cut to the longest key that LMDB takes."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def _key(self, evidence_id: str) -> bytes:
        return b"k" + evidence_id.encode()[:510]


@declares("reopen")
class SignedTicksLog(PostgresqlLog):
    """Ticks as bigint, wrapped to fit: those of 2^63 and more are negative."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history)

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        """Return the entries after a tick, as signed numbers compare."""
        rows = self._rows(
            "SELECT data FROM entry WHERE"
            " (CASE WHEN tick >= 2^63 THEN tick - 18446744073709551616::numeric ELSE tick END) > %s"
            " ORDER BY position",
            tick - 2**64 if tick >= 2**63 else tick,
        )
        return [decode(AgreementWalEntry, bytes(data)) for (data,) in rows]


@declares("reopen")
class PaddedKeysCache(PostgresqlCache):
    """Ids compared as a column of a fixed width does: blanks at the end do not count."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history)

    def _key(self, evidence_id: str) -> bytes:
        return super()._key(evidence_id.rstrip(" "))


@declares("reopen")
class ScoredLog(RedisLog):
    """A sorted set scored by tick answers for the suffix: scores are doubles."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history)

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        """Return the entries after a tick, as doubles compare."""
        return [entry for entry in self.load().entries if float(entry.tick) > float(tick)]


@declares("reopen", "concurrent-handles")
class ReadModifyWriteCache(RedisCache):
    """One value for the whole cache, read, changed and written back without a lock."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__(history)

    def _all(self) -> list[EvidenceOutcomeCacheEntry]:
        data = self._connection.get(f"{self._prefix}:whole") or b""
        parts = [part for part in data.split(b"\n") if part]
        return [decode(EvidenceOutcomeCacheEntry, bytes.fromhex(part.decode())) for part in parts]

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id."""
        return next((each for each in self._all() if each.evidence_id == evidence_id), None)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id."""
        kept = [each for each in self._all() if each.evidence_id != entry.evidence_id]
        lines = [encode(each).hex().encode() for each in (*kept, entry)]
        self._connection.set(f"{self._prefix}:whole", b"\n".join(lines))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        return EvidenceOutcomeCacheArtifact(tuple(self._all()))
