"""Judge logs and caches on real stores: right ones conform, a mistake in each is found.

Not part of the plain test run, which needs no server: `tox run -e stores` runs it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STORES = ("sqlite", "lmdb", "rocksdb", "postgresql", "redis", "nats")
# Every other one by day: of each store a log or a cache.
RIGHT = [
    ("postgresql", "log"),
    ("postgresql", "cache"),
    ("redis", "cache"),
    ("redis", "log"),
    ("nats", "log"),
    ("nats", "cache"),
    ("sqlite", "cache"),
    ("sqlite", "log"),
    ("lmdb", "log"),
    ("lmdb", "cache"),
    ("rocksdb", "cache"),
    ("rocksdb", "log"),
]
PLANTED = {
    "sqlite": {
        "ShortTicksLog": "WAL-05",
        "UniqueRowsLog": "WAL-02",
        "FoldedKeysCache": "CACHE-01",
    },
    "lmdb": {
        "LittleEndianLog": "WAL-02",
        "SmallMapLog": "WAL-01",
        "TruncatedKeysCache": "CACHE-01",
    },
    "rocksdb": {"NativeOrderLog": "WAL-02", "WrittenOverLog": "WAL-01", "NextKeyCache": "CACHE-01"},
    "postgresql": {
        "SignedTicksLog": "WAL-05",
        "PaddedKeysCache": "CACHE-01",
        "NoZerosCache": "CACHE-01",
    },
    "redis": {
        "ScoredLog": "WAL-05",
        "SetLog": "WAL-02",
        "ReadModifyWriteCache": "CACHE-02.handles",
    },
    "nats": {
        "UnexpectedLog": "WAL-01.parked",
        "OneFetchLog": "WAL-01",
        "ReplacedCharactersCache": "CACHE-01",
    },
}


@pytest.fixture
def address(store: str, request: pytest.FixtureRequest) -> str | None:
    """Give the address of the server of a store, or nothing for one without a server."""
    if store not in ("postgresql", "redis", "nats"):
        return None
    return str(request.getfixturevalue(store))


def _judged(
    target: str, address: str | None, folder: Path, *more: str
) -> tuple[int, dict[str, Any], str]:
    saved = folder / "report.json"
    words = [sys.executable, "-m", "conformance", "check", target, "--json", str(saved), *more]
    if address is not None:
        words += ["--target-option", f"address={address}"]
    done = subprocess.run(  # noqa: S603 - ourselves
        words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    [backend] = json.loads(saved.read_text())["backends"]
    return done.returncode, backend, done.stdout + done.stderr


def _left_behind(store: str, address: str | None) -> list[Any]:
    """Return what histories left on a server."""
    if store == "postgresql":
        import psycopg

        with psycopg.connect(str(address)) as connection:
            query = r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tt\_%'"
            found: list[Any] = connection.execute(query).fetchall()
            return found
    if store == "redis":
        from redis import Redis

        with Redis.from_url(str(address)) as connection:
            return list(connection.scan_iter("*"))
    if store == "nats":
        return asyncio.run(_streams(str(address)))
    return []


async def _streams(address: str) -> list[str]:
    import nats

    client = await nats.connect(address)
    try:
        streams = await client.jetstream().streams_info()
        return [name for each in streams if (name := str(each.config.name)).startswith("tt_")]
    finally:
        await client.close()


@pytest.mark.by_day(2)
@pytest.mark.parametrize(("store", "component"), RIGHT)
def test_a_right_store_conforms_and_leaves_nothing(
    store: str, component: str, address: str | None, tmp_path: Path
) -> None:
    """Every MUST is judged, none is failed or open, and the server is empty afterwards."""
    target = f"examples.stores.{store}_store:make_{component}"

    # A busy machine must not leave a verdict open.
    status, backend, text = _judged(target, address, tmp_path, "--time-limit", "300")

    assert status == 0, text
    verdicts = {each["requirement_id"]: each["verdict"] for each in backend["results"]}
    assert not {key for key, verdict in verdicts.items() if verdict in ("fail", "inconclusive")}
    assert _left_behind(store, address) == []


@pytest.mark.by_day(3)
@pytest.mark.parametrize(
    ("store", "name", "requirement_id"),
    [(store, *planted) for store in STORES for planted in PLANTED[store].items()],
)
def test_a_mistake_that_the_store_invites_is_found(
    store: str, name: str, requirement_id: str, address: str | None, tmp_path: Path
) -> None:
    """It fails its own requirement, with a counterexample, and leaves nothing either."""
    status, backend, text = _judged(
        f"examples.stores.planted:{name}", address, tmp_path, "--only", requirement_id
    )

    assert status == 1, text
    failed = {
        each["requirement_id"]: each["counterexample"]
        for each in backend["results"]
        if each["verdict"] == "fail"
    }
    assert requirement_id in failed, text
    assert failed[requirement_id]["steps"]
    assert _left_behind(store, address) == []
