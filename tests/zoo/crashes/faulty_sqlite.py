"""SQLite with settings that promise less."""

from __future__ import annotations

from tests.zoo.crashes.right import SqliteStorage


class SqliteWalNormal(SqliteStorage):
    """Has the write-ahead log with the level NORMAL, which does not sync it at a commit."""

    level = "NORMAL"


class SqliteOff(SqliteStorage):
    """Has the rollback journal and syncs nothing at all."""

    journal = "DELETE"
    level = "OFF"


class SqliteRollbackFull(SqliteStorage):
    """Has the rollback journal with the level FULL, which does not sync that it was removed."""

    journal = "DELETE"
    level = "FULL"
