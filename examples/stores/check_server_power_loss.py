"""Losses of power of real servers: what their settings promise is kept, and no more.

Each server runs on the directory of a history, under `strace`. Not part of the plain test run,
which needs no server: `tox run -e stores` runs it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from conformance.backend import Launch
from conformance.crashes.conduct import Component
from conformance.crashes.disk import Image
from conformance.crashes.histories import log_histories
from conformance.crashes.images import read_image
from conformance.crashes.losses import JudgedLoss, power_losses
from conformance.crashes.oracle import Aspect
from conformance.crashes.persistence import FileSystem
from conformance.crashes.strace import obstacle
from examples.stores.conftest import missing
from examples.stores.own_servers import make_postgresql_files
from examples.stores.servers import (
    FROM_NATS,
    FROM_POSTGRESQL,
    FROM_REDIS,
    ServerMissingError,
    program,
    server_folder,
)
from telltale_spec.model.operations import Append

ROOT = Path(__file__).parents[2]
SERVERS = {
    "Redis": ("redis-server", FROM_REDIS),
    "NATS": ("nats-server", FROM_NATS),
    "Postg": ("postgres", FROM_POSTGRESQL),
}
# The first appends of the history that is crashed everywhere.
OPERATIONS = [each for each in next(log_histories(0, 0)) if isinstance(each, Append)][:3]


@pytest.fixture(scope="session")
def postgresql_image() -> Image:
    """Give the files of a cluster with an empty log."""
    with server_folder("postgresql") as folder:
        make_postgresql_files(folder)
        return read_image(folder)


@pytest.fixture
def losses(
    name: str,
    file_system: str,
    states_max: int,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Generator[JudgedLoss]]:
    """Give the losses of power of a log that is known by its name; they are made one by one."""
    try:
        program(*next(found for store, found in SERVERS.items() if name.startswith(store)))
        if obstacle():
            raise ServerMissingError(obstacle())
    except ServerMissingError as error:
        missing(error)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    image = Image()
    if name.startswith("Postg"):
        image = request.getfixturevalue("postgresql_image")
    target = f"examples.stores.own_servers:{name}"
    words = (sys.executable, "-m", "conformance", "serve", target)
    made = power_losses(
        Launch(words, call_seconds_max=60.0),
        Component.LOG,
        OPERATIONS,
        image=image,
        file_system=FileSystem(file_system),
        states_max=states_max,
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "file_system", "states_max", "classes"),
    [
        ("RedisAlwaysLog", "posix", 6, 5),
        ("NATSAlwaysLog", "ordered", 6, 1),
        ("PostgreSQLLog", "posix", 2, 6),
    ],
)
def test_a_server_that_syncs_keeps_what_it_acknowledged(
    losses: Generator[JudgedLoss], classes: int
) -> None:
    """WAL-08.power, with everything that `.recovery` and `.progress` ask of the next openings."""
    judged: Counter[str] = Counter()
    for loss in losses:
        judged[loss.state.crash_class.value] += 1
        assert loss.differences == {}, loss.state

    # Each class that this file system knows, and that this history has a state of.
    assert len(judged) == classes
    assert judged["power-prefix"] > 1


@pytest.mark.parametrize(
    ("name", "file_system", "states_max", "aspect"),
    [
        # Whatever the file system: the last writes were not synced.
        ("RedisEverySecondLog", "ordered", 6, Aspect.CONTENTS),
        ("NATSTwoMinutesLog", "ordered", 6, Aspect.CONTENTS),
        ("PostgreSQLUnsyncedLog", "ordered", 4, Aspect.CONTENTS),
        ("PostgreSQLLateCommitLog", "ordered", 4, Aspect.CONTENTS),
        # A torn transaction is left open, and the next ones are read as parts of it.
        ("RedisUnmendedLog", "posix", 6, Aspect.RECOVERY),
        # The whole stream is gone where zeros are read at the end of its file.
        ("NATSAlwaysLog", "ext4", 6, Aspect.CONTENTS),
    ],
)
def test_a_server_that_loses_is_found(losses: Generator[JudgedLoss], aspect: Aspect) -> None:
    """WAL-08.power and WAL-08.recovery: with less than what was acknowledged, or with more."""
    first = next((loss for loss in losses if loss.differences), None)

    assert first is not None, "no loss of power breaks a promise"
    assert list(first.differences) == [aspect], first
