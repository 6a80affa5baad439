"""A log and a cache on Redis, keys of their own for each history.

``--target-option address=unix:///...`` or ``redis://...`` says where. Each write is one script,
which Redis carries out with nothing in between; values are bytes, which Redis keeps as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

import conformance
from conformance import declares
from telltale_spec import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    DurabilityError,
    Escalation,
    EvidenceOutcomeCacheArtifact,
    EvidenceOutcomeCacheEntry,
    decode,
    encode,
)
from telltale_spec.wire.agreement import escalation_order_error

__all__ = ["RedisCache", "RedisLog", "RedisStore", "make_cache", "make_log"]

_LEVELS = tuple(AgreementLevel)

# Gives the length of the log before it and the last rank of the operation, or -1 without one.
_APPEND = """
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

_PUT = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[1])
return 1
"""

_LOAD = """
local ids = redis.call('ZRANGE', KEYS[2], 0, -1)
local found = {}
for index, id in ipairs(ids) do found[index] = redis.call('HGET', KEYS[1], id) end
return found
"""


class RedisStore:
    """A connection and the keys of one history, whose errors are the declared one."""

    def __init__(self, history: conformance.History) -> None:
        self._address, self._prefix = history.options["address"], history.name
        self._connection: Any = redis.Redis.from_url(self._address)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def destroy(self) -> None:
        """Remove what the history made."""
        with redis.Redis.from_url(self._address) as connection:
            for key in connection.scan_iter(f"{self._prefix}:*"):
                connection.delete(key)

    def _keys(self, *names: str) -> list[str]:
        return [f"{self._prefix}:{name}" for name in names]

    @contextmanager
    def _declared_errors(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            raise DurabilityError(f"Redis: {type(error).__name__}: {error}") from error

    def _script(self, script: str, keys: list[str], *arguments: Any) -> Any:
        with self._declared_errors():
            return self._connection.eval(script, len(keys), *keys, *arguments)


class RedisLog(RedisStore):
    """An agreement log in one list, and the last level of each operation."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless it breaks the order of its operation."""
        order: tuple[Any, ...] = ("other",)
        if isinstance(entry, Escalation):
            ranks = (entry.previous_level.rank, entry.new_level.rank)
            order = ("escalation", entry.operation_id.encode(), *ranks)
        done, length, last = self._script(
            _APPEND, self._keys("log", "levels"), encode(entry), *order
        )
        if not done and isinstance(entry, Escalation):
            error = escalation_order_error(entry, _LEVELS[last] if last >= 0 else None, length)
            raise error or DurabilityError("Redis: the script refused what is in order")

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        """Return the entries after a tick in stored order."""
        return [entry for entry in self.load().entries if entry.tick > tick]

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        [log] = self._keys("log")
        with self._declared_errors():
            rows = self._connection.lrange(log, 0, -1)
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, row) for row in rows))


class RedisCache(RedisStore):
    """An evidence cache in one hash, with its order beside it."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id."""
        [outcomes] = self._keys("outcomes")
        with self._declared_errors():
            data = self._connection.hget(outcomes, evidence_id.encode())
        return None if data is None else decode(EvidenceOutcomeCacheEntry, data)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id."""
        keys = self._keys("outcomes", "order", "puts")
        self._script(_PUT, keys, entry.evidence_id.encode(), encode(entry))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        rows = self._script(_LOAD, self._keys("outcomes", "order"))
        entries = tuple(decode(EvidenceOutcomeCacheEntry, row) for row in rows)
        return EvidenceOutcomeCacheArtifact(entries)


@declares("reopen", "process-kill", "concurrent-handles", "exact-messages")
def make_log(history: conformance.History) -> RedisLog:
    """Open the log of a history."""
    return RedisLog(history)


@declares("reopen", "process-kill", "concurrent-handles", "ordered-cache")
def make_cache(history: conformance.History) -> RedisCache:
    """Open the cache of a history."""
    return RedisCache(history)
