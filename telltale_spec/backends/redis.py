"""A log and a cache on Redis or Valkey, below a prefix of your choice.

Each write is one script, which the server carries out with nothing in between; values are bytes,
which it keeps as they are. A write is acknowledged once it is on disk: the server has to have
``appendonly yes`` and ``appendfsync always``, and one that has not is refused. With ``everysec``,
its default, a loss of power takes up to two seconds of what was acknowledged.

Handles are safe to use from several threads, and any number of handles and processes may use one
prefix. Needs the extra ``redis``.
"""

from __future__ import annotations

from typing import Any, Final

from telltale_spec.backends.database_handle import DatabaseHandle
from telltale_spec.backends.stored_records import (
    checked_entry,
    checked_id,
    checked_outcome,
    checked_tick,
    stored_record,
)
from telltale_spec.errors import MissingExtraError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    escalation_order_error,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

try:
    import redis
except ImportError as error:
    raise MissingExtraError("redis", "redis") from error

__all__ = ["RedisAgreementWal", "RedisEvidenceOutcomeCache"]

_LEVELS: Final = tuple(AgreementLevel)
_DURABLE: Final = {"appendonly": "yes", "appendfsync": "always"}

# Gives whether it was stored, the length of the log before, and the last rank of the operation.
_APPEND: Final = """
local length = redis.call('LLEN', KEYS[1])
local last = -1
if ARGV[2] == 'escalation' then
    last = tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or -1)
    local previous, new = tonumber(ARGV[4]), tonumber(ARGV[5])
    if new < previous or previous < last or new < last then return {0, length, last} end
    redis.call('HSET', KEYS[2], ARGV[3], new)
end
redis.call('RPUSH', KEYS[1], ARGV[1])
return {1, length, last}
"""

_PUT: Final = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[1])
return 1
"""

_LOAD: Final = """
local ids = redis.call('ZRANGE', KEYS[2], 0, -1)
local found = {}
for index, id in ipairs(ids) do found[index] = redis.call('HGET', KEYS[1], id) end
return found
"""


class _RedisBackend(DatabaseHandle):
    """A connection and the keys below one prefix, whose errors are the declared one."""

    noun = "Redis keys"
    library_errors = (redis.RedisError,)

    def __init__(
        self, address: str, prefix: str = "telltale", *, must_be_durable: bool = True
    ) -> None:
        super().__init__(prefix)
        self._address = address
        with self._declared_errors("open"):
            self._connection: Any = redis.Redis.from_url(address)
            if must_be_durable:
                self._check_durability()

    def _check_durability(self) -> None:
        settings = self._connection.config_get(*_DURABLE)
        for name, wanted in _DURABLE.items():
            if settings.get(name) != wanted:
                raise self._error(
                    "open",
                    f"the server has `{name} {settings.get(name)}`, so that a crash loses what was "
                    f"acknowledged; set `{name} {wanted}`, or say must_be_durable=False",
                )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def destroy(self) -> None:
        """Remove every key below the prefix, by a connection of its own."""
        with self._declared_errors("destroy"), redis.Redis.from_url(self._address) as connection:
            for key in list(connection.scan_iter(f"{_escaped(self.place)}:*")):
                connection.delete(key)

    def _keys(self, *names: str) -> list[str]:
        # All in one slot, as a script on a cluster must not touch several.
        return [f"{self.place}:{{{self.place}}}:{name}" for name in names]

    def _script(self, action: str, script: str, keys: list[str], *arguments: Any) -> Any:
        with self._declared_errors(action):
            return self._connection.eval(script, len(keys), *keys, *arguments)


class RedisAgreementWal(_RedisBackend):
    """An agreement WAL in one list, with the last level of each operation beside it.

    ``address`` is a URL, such as ``redis://host:6379`` or ``unix:///path``. Making one asks the
    server whether it keeps what it acknowledges, and raises ``DurabilityError`` if it does not;
    ``must_be_durable=False`` takes it as it is. Source: WAL-01..WAL-09, WAL-13, mode
    ``clean-reject`` of WAL-04.
    """

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry, unless it breaks the order of its operation (WAL-01, WAL-03)."""
        data = checked_entry(entry, type(self).__name__)
        order: tuple[Any, ...] = ("other",)
        if isinstance(entry, Escalation):
            ranks = (entry.previous_level.rank, entry.new_level.rank)
            order = ("escalation", entry.operation_id.encode(), *ranks)
        keys = self._keys("log", "levels")
        stored, length, last = self._script("write", _APPEND, keys, data, *order)
        if not stored and isinstance(entry, Escalation):
            error = escalation_order_error(entry, _LEVELS[last] if last >= 0 else None, length)
            raise error or self._error("write", "the script refused what is in order")

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        checked_tick(tick)
        return tuple([entry for entry in self.load().entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log (WAL-06, WAL-07)."""
        [log] = self._keys("log")
        with self._declared_errors("read"):
            rows = self._connection.lrange(log, 0, -1)
        name = type(self).__name__
        return AgreementWalArtifact(
            tuple(stored_record(AgreementWalEntry, row, name) for row in rows)
        )


class RedisEvidenceOutcomeCache(_RedisBackend):
    """An evidence-outcome cache in one hash, with its order beside it (CACHE-04).

    Opens and fails as :class:`RedisAgreementWal` does. Source: CACHE-01..08.
    """

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        key = checked_id(evidence_id)
        [outcomes] = self._keys("outcomes")
        with self._declared_errors("read"):
            data = self._connection.hget(outcomes, key)
        return None if data is None else self._outcome(data)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04)."""
        data = checked_outcome(entry, type(self).__name__)
        keys = self._keys("outcomes", "order", "puts")
        self._script("write", _PUT, keys, entry.evidence_id.encode(), data)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        rows = self._script("read", _LOAD, self._keys("outcomes", "order"))
        return EvidenceOutcomeCacheArtifact(tuple([self._outcome(row) for row in rows]))

    def _outcome(self, data: bytes) -> EvidenceOutcomeCacheEntry:
        return stored_record(EvidenceOutcomeCacheEntry, data, type(self).__name__)


def _escaped(text: str) -> str:
    """Return a text as a pattern of the server that matches nothing else."""
    return "".join(f"\\{each}" if each in "*?[]^-\\" else each for each in text)
