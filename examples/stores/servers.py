"""Servers of one's own on this machine: started in a temporary folder, gone afterwards.

Both listen on a socket in that folder only, so that runs side by side do not meet.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ServerMissingError", "postgresql_server", "redis_server"]

_STARTING_SECONDS_MAX = 30.0
_ENDING_SECONDS_MAX = 30.0


class ServerMissingError(Exception):
    """Say which program is not installed, and how to get it."""


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    # Debian keeps the programs of each PostgreSQL in a folder of its own, off the path.
    for place in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True):
        found = found or str(place)
    if found is None:
        text = f"{name} is not installed: on Debian, `apt-get install {package}`"
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


@contextmanager
def postgresql_server(*settings: str) -> Iterator[str]:
    """Start PostgreSQL and yield its connection string; nothing of it stays.

    ``settings`` are such as ``fsync=off``.
    """
    initdb = _program("initdb", "postgresql")
    postgres = _program("postgres", "postgresql")
    is_ready = _program("pg_isready", "postgresql")
    # It refuses to run as root, who may give it to the user of its package.
    user = "postgres" if os.geteuid() == 0 else None
    with _own_folder(user) as folder:
        data = folder / "data"
        words = [initdb, "--pgdata", str(data), "--username", "tester", "--auth", "trust"]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        subprocess.run(  # noqa: S603 - as above
            [*words, "--encoding", "UTF8", "--no-sync"],
            user=user,
            check=True,
            capture_output=True,
            timeout=120,
            env=environment,
            cwd=folder,
        )
        server = [postgres, "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
        for setting in settings:
            server += ["-c", setting]

        def ready() -> bool:
            asked = [is_ready, "--quiet", "--host", str(folder), "--dbname", "postgres"]
            done = subprocess.run(asked, check=False, timeout=10)  # noqa: S603 - as above
            return done.returncode == 0

        with _running(server, ready, user):
            yield f"host={folder} user=tester dbname=postgres"


@contextmanager
def redis_server(**settings: str) -> Iterator[str]:
    """Start Redis, which syncs each write, and yield its address; nothing of it stays.

    ``settings`` take the place of its own, such as ``appendfsync="everysec"``.
    """
    program = _program("redis-server", "redis-server")
    with _own_folder(None) as folder:
        socket = folder / "redis.sock"
        options = {"--port": "0", "--unixsocket": str(socket), "--dir": str(folder)}
        options |= {"--save": "", "--appendonly": "yes", "--appendfsync": "always"}
        options |= {f"--{name}": value for name, value in settings.items()}
        words = [program, *(word for option in options.items() for word in option)]
        with _running(words, socket.exists, None):
            yield f"unix://{socket}"
