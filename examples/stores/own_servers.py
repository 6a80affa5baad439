"""Logs whose server runs on the directory of their history, for as long as a handle is open.

So what the server writes is what the backend writes, and a loss of power is made of it as of any
other: the server's settings are judged, and no server that others use is touched. Each opening
starts a server, which costs what a start costs.

The first start of a server makes its files, and few take care that a loss of power in the middle
of it leaves something that can be started: as an installation would, this is done in a folder of
another name, which is synced and renamed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import redis

from conformance.servers import trees
from examples.stores.servers import (
    FROM_REDIS,
    answers,
    is_quiet,
    make_postgresql_cluster,
    nats_command,
    own_postgresql,
    program,
    redis_command,
)
from telltale_spec import DurabilityError
from telltale_spec.backends.nats import NATSAgreementWal
from telltale_spec.backends.postgresql import PostgreSQLAgreementWal
from telltale_spec.backends.redis import RedisAgreementWal

__all__ = [
    "NATSAlwaysLog",
    "NATSTwoMinutesLog",
    "PostgreSQLLateCommitLog",
    "PostgreSQLLog",
    "PostgreSQLUnsyncedLog",
    "RedisAlwaysLog",
    "RedisEverySecondLog",
    "RedisUnmendedLog",
    "make_postgresql_files",
]

_STARTING_SECONDS_MAX = 20.0
_ENDING_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.005


class OwnServer:
    """A server on files of ours, and a folder for its socket, where nothing is recorded."""

    def __init__(self) -> None:
        # Sockets have short names.
        self.beside = Path(tempfile.mkdtemp(prefix="tt-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, words: Sequence[str], ready: Callable[[], bool]) -> None:
        """Start it and return once it serves; raises ``DurabilityError``."""
        # Whoever judges may kill this process, and the server must not stay.
        alone = ["setpriv", "--pdeathsig", "KILL", *words]
        process = self._process = subprocess.Popen(  # noqa: S603 - programs that we looked up
            alone, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        limit = time.monotonic() + _STARTING_SECONDS_MAX
        while not ready():
            status = process.poll()
            if status is not None or time.monotonic() > limit:
                self.kill()
                raise DurabilityError(f"the server does not start: status {status}")
            time.sleep(_POLL_SECONDS)

    def end(self) -> None:
        """End it in order: it may write what it likes."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_ENDING_SECONDS_MAX)
            self._process = None

    def kill(self) -> None:
        """Kill it with all that it has started, so that none writes a farewell."""
        if self._process is not None:
            trees.kill(self._process.pid)
            self._process.wait(_ENDING_SECONDS_MAX)
            self._process = None

    def remove(self) -> None:
        """Kill it and remove its socket."""
        self.kill()
        shutil.rmtree(self.beside, ignore_errors=True)


def made_whole(directory: Path, make: Callable[[Path], None]) -> Path:
    """Return the folder of a server's data, which ``make`` fills unless it is there already."""
    data, unfinished = directory / "data", directory / "unfinished"
    if not data.exists():
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        make(unfinished)
        _sync_tree(unfinished)
        unfinished.rename(data)
        _sync(directory)
    return data


def _sync_tree(folder: Path) -> None:
    for above, _, names in os.walk(folder):
        for name in names:
            _sync(Path(above, name))
        _sync(Path(above))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _OwnRedisLog(RedisAgreementWal):
    """A log on a Redis of its own, whose file is mended before each start, as its manual says."""

    appendfsync = "always"
    is_mended = True

    def __init__(self, directory: Path) -> None:
        self._server = OwnServer()
        super().__init__(f"unix://{self._server.beside}/redis.sock", must_be_durable=False)
        try:
            data = made_whole(directory, self._make)
            if self.is_mended:
                _mend(data)
            self._run(data)
        except BaseException:
            self.close()
            raise

    def _make(self, folder: Path) -> None:
        self._run(folder)
        self._server.end()
        self._connection.close()

    def _run(self, folder: Path) -> None:
        settings = {"dir": str(folder), "appendfsync": self.appendfsync}
        self._server.start(redis_command(self._server.beside, **settings), self._serves)

    def _serves(self) -> bool:
        try:
            return bool(self._connection.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Close the connection and kill the server."""
        super().close()
        self._server.remove()

    def destroy(self) -> None:
        """Leave it to whoever removes the directory."""


def _mend(folder: Path) -> None:
    """Cut a file of Redis where it is torn.

    The server does not start on zeros within a torn write. Of a transaction that is torn it keeps
    the beginning (7.0.15), and what is appended behind that is lost at the next start.
    """
    manifest = folder / "appendonlydir" / "appendonly.aof.manifest"
    subprocess.run(  # noqa: S603 - a program that we looked up
        [program("redis-check-aof", FROM_REDIS), "--fix", str(manifest)],
        input=b"y\n",
        capture_output=True,
        timeout=_STARTING_SECONDS_MAX,
        check=False,
    )


class RedisAlwaysLog(_OwnRedisLog):
    """Each write is synced before it is acknowledged."""


class RedisUnmendedLog(_OwnRedisLog):
    """The same, and a torn file is left to the server."""

    is_mended = False


class RedisEverySecondLog(_OwnRedisLog):
    """What was acknowledged is synced once a second."""

    appendfsync = "everysec"


class _OwnNATSLog(NATSAgreementWal):
    """A log on a NATS of its own."""

    sync_interval = "always"

    def __init__(self, directory: Path) -> None:
        self._server = OwnServer()
        try:
            self._run(made_whole(directory, self._make))
        except BaseException:
            self._server.remove()
            raise

    def _make(self, folder: Path) -> None:
        # The stream is made as well, since the server syncs no folder for it.
        self._run(folder)
        super().close()
        self._server.end()

    def _run(self, folder: Path) -> None:
        place = self._server.beside
        words, address = nats_command(place, self.sync_interval, data=folder)
        self._server.start(words, lambda: answers(address))
        super().__init__(address)

    def close(self) -> None:
        """Close the connection and kill the server."""
        super().close()
        self._server.remove()

    def destroy(self) -> None:
        """Leave it to whoever removes the directory."""


class NATSAlwaysLog(_OwnNATSLog):
    """Each message is synced before it is acknowledged."""


class NATSTwoMinutesLog(_OwnNATSLog):
    """Messages are synced every two minutes, which is the default."""

    sync_interval = "2m"


class _OwnPostgreSQLLog(PostgreSQLAgreementWal):
    """A log on a PostgreSQL of its own, whose files are made beforehand.

    In an empty directory it has no server and no use: somebody tries whether one can be made.
    """

    settings: tuple[str, ...] = ()

    def __init__(self, directory: Path) -> None:
        data = directory / "data"
        self._server: OwnServer | None = None
        if not data.exists():
            return
        self._server = OwnServer()
        try:
            # A server that has died by a crash leaves it, and what has its number may be another.
            (data / "postmaster.pid").unlink(missing_ok=True)
            words, asked, address = own_postgresql(data, self._server.beside, self.settings)
            self._server.start(words, lambda: is_quiet(asked))
            super().__init__(address)
        except BaseException:
            self._server.remove()
            raise

    def _check_server(self, connection: Any) -> None:
        """Take it as it is, which is what is judged."""

    def close(self, *, in_order: bool = False) -> None:
        """Close the connection and kill the server, or let it write everything to its files."""
        if self._server is not None:
            super().close()
            if in_order:
                self._server.end()
            self._server.remove()

    def destroy(self) -> None:
        """Leave it to whoever removes the directory."""


class PostgreSQLLog(_OwnPostgreSQLLog):
    """Each commit is synced before it is acknowledged, which is the default."""


class PostgreSQLUnsyncedLog(_OwnPostgreSQLLog):
    """Nothing is ever synced."""

    settings = ("fsync=off",)


class PostgreSQLLateCommitLog(_OwnPostgreSQLLog):
    """Commits are acknowledged before they are written."""

    synchronous_commit = "off"


def make_postgresql_files(directory: Path) -> None:
    """Make the files of a cluster with the tables of an empty log."""
    make_postgresql_cluster(directory / "data")
    PostgreSQLLog(directory).close(in_order=True)
