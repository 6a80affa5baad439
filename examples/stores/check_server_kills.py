"""Kill real servers: right stores keep what they acknowledged, and a mistake in each is found.

Not part of the plain test run, which needs no server: `tox run -e stores` runs it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.stores.conftest import missing
from examples.stores.servers import (
    ServerMissingError,
    nats_command,
    postgresql_command,
    redis_command,
    server_folder,
)

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """How a server is run, how one asks whether it serves, and where it is."""

    command: str
    ready: str | None
    address: str

    @property
    def environment(self) -> dict[str, str]:
        """Return what tells every door of it."""
        named = {"TELLTALE_SERVER": self.command, "TELLTALE_TARGET_OPTION_ADDRESS": self.address}
        ready = {} if self.ready is None else {"TELLTALE_SERVER_READY": self.ready}
        return {**os.environ, "PYTHONPATH": str(ROOT), **named, **ready}


@pytest.fixture
def served(store: str) -> Iterator[Served]:
    """Give the command of a server that nobody has started yet."""
    try:
        with server_folder(store) as folder:
            if store == "postgresql":
                yield Served(*postgresql_command(folder))
            elif store == "nats":
                words, address = nats_command(folder)
                yield Served(shlex.join(words), None, address)
            else:
                appended = "no" if store == "redis without a file" else "yes"
                words = redis_command(folder, appendonly=appended)
                yield Served(shlex.join(words), None, f"unix://{folder}/redis.sock")
    except ServerMissingError as error:
        missing(error)


def verdicts(served: Served, words: list[str], folder: Path) -> dict[str, str]:
    """Return the verdicts on what a kill of the server asks of a backend."""
    saved = folder / "report.json"
    command = [sys.executable, "-m", "conformance", "check", *words, "--json", str(saved)]
    for chapter in ("WAL", "CACHE"):
        command += ["--only", f"{chapter}-08.server-kill"]
    # A busy machine must not leave a verdict open.
    command += ["--time-limit", "500"]
    done = subprocess.run(  # noqa: S603 - ourselves
        command,
        cwd=folder,
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert saved.exists(), done.stdout + done.stderr
    [backend] = json.loads(saved.read_text())["backends"]
    found: dict[str, Any] = {
        each["requirement_id"]: each["verdict"]
        for each in backend["results"]
        if each["verdict"] != "not-applicable"
    }
    assert backend["fault"] is None, backend["fault"]
    return found


@pytest.mark.parametrize("component", ["log", "cache"])
@pytest.mark.parametrize("store", ["postgresql", "redis", "nats"])
def test_a_right_store_keeps_what_it_acknowledged(
    store: str, component: str, served: Served, tmp_path: Path
) -> None:
    found = verdicts(served, [f"examples.stores.{store}_store:make_{component}"], tmp_path)

    chapter = "WAL" if component == "log" else "CACHE"
    assert found == {f"{chapter}-08.server-kill": "pass"}


@pytest.mark.parametrize(
    ("store", "name", "requirement_id"),
    [
        ("redis without a file", "ForgetfulServerLog", "WAL-08.server-kill"),
        ("redis without a file", "ForgetfulServerCache", "CACHE-08.server-kill"),
        ("redis", "SentLaterLog", "WAL-08.server-kill"),
        ("postgresql", "UnwrittenCommitLog", "WAL-08.server-kill"),
        ("nats", "MemoryStreamLog", "WAL-08.server-kill"),
        ("nats", "UnawaitedLog", "WAL-08.server-kill"),
    ],
)
def test_what_acknowledges_too_early_is_found(
    store: str, name: str, requirement_id: str, served: Served, tmp_path: Path
) -> None:
    found = verdicts(served, [f"examples.stores.planted:{name}"], tmp_path)

    assert found == {requirement_id: "fail"}


@pytest.mark.parametrize("store", ["redis"])
def test_a_harness_is_judged_alike(store: str, served: Served, tmp_path: Path) -> None:
    """The server is no part of the backend: the child knows nothing of its death."""
    target = "examples.stores.redis_store:make_log"
    serve = shlex.join([sys.executable, "-m", "conformance", "serve", target])

    assert verdicts(served, ["--command", serve], tmp_path) == {"WAL-08.server-kill": "pass"}


@pytest.mark.parametrize("store", ["redis without a file"])
def test_pytest_finds_it_too(store: str, served: Served, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "server-kill"]
    done = subprocess.run(  # noqa: S603 - ourselves
        [
            *words,
            "--telltale-backend",
            "examples.stores.planted:ForgetfulServerLog",
            "--telltale-profile",
            "quick",
        ],
        cwd=tmp_path,
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "WAL-08.server-kill" in done.stdout
