"""Transactions of a handle on PostgreSQL: on a connection of its own, or on those of a pool.

Each finds its schema first and commits to disk, whatever the settings of the server. On a pooled
connection this holds for the transaction alone, as the next one to borrow it is somebody else.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

__all__ = ["OwnConnection", "PooledConnections", "Sessions"]

_CLOSED: Final = "the handle is closed"


class Sessions(ABC):
    """Where the transactions of one handle come from."""

    def __init__(self, schema: str, synchronous_commit: str) -> None:
        self.schema = sql.Identifier(schema)
        self.synchronous_commit = sql.Literal(synchronous_commit)

    @abstractmethod
    def transaction(self) -> Any:
        """Return a context with a connection, which commits unless something is raised."""

    @abstractmethod
    def outside(self) -> Any:
        """Return a context with a connection that is tied to no schema."""

    @abstractmethod
    def close(self) -> None:
        """End the handle; a transaction after it raises ``psycopg.Error``."""

    def _settle(self, connection: Any, *, local: bool) -> None:
        scope = sql.SQL("LOCAL") if local else sql.SQL("SESSION")
        for setting in (
            sql.SQL("SET {} synchronous_commit = {}").format(scope, self.synchronous_commit),
            sql.SQL("SET {} search_path = {}").format(scope, self.schema),
        ):
            connection.execute(setting)


class OwnConnection(Sessions):
    """One connection, used by one thread at a time."""

    def __init__(self, address: str, schema: str, synchronous_commit: str = "on") -> None:
        super().__init__(schema, synchronous_commit)
        self._address = address
        self._lock = threading.Lock()
        self._connection = psycopg.connect(address, autocommit=True)
        try:
            self._settle(self._connection, local=False)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Give the connection to one thread."""
        with self._lock, self._connection.transaction():
            yield self._connection

    def outside(self) -> Any:
        """Return a connection of its own, as this one may be closed by now."""
        return psycopg.connect(self._address, autocommit=True)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()


class PooledConnections(Sessions):
    """Connections that a ``psycopg_pool.ConnectionPool`` lends, which stays open for others."""

    def __init__(self, pool: Any, schema: str, synchronous_commit: str = "on") -> None:
        super().__init__(schema, synchronous_commit)
        self._pool = pool
        self._is_closed = False

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Borrow a connection for one transaction; several threads have one each."""
        if self._is_closed:
            raise psycopg.OperationalError(_CLOSED)
        with self._pool.connection() as connection, connection.transaction():
            self._settle(connection, local=True)
            yield connection

    def outside(self) -> Any:
        """Return a connection of the pool."""
        return self._pool.connection()

    def close(self) -> None:
        """End the handle; the pool is its owner's."""
        self._is_closed = True
