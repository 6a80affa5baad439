"""What the shipped logs and caches on databases do beside their contract.

Not part of the plain test run, which needs no server: `tox run -e stores` runs it.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from psycopg_pool import ConnectionPool

from conformance.servers.process import ServerProcess
from examples.stores.conftest import missing
from examples.stores.servers import (
    ServerMissingError,
    nats_command,
    postgresql_server,
    redis_server,
    server_folder,
)
from telltale_spec import (
    AgreementLevel,
    DurabilityError,
    VisibilityGateCrossing,
)
from telltale_spec.backends.lmdb import LMDBAgreementWal, LMDBEvidenceOutcomeCache
from telltale_spec.backends.nats import NATSAgreementWal, NATSEvidenceOutcomeCache
from telltale_spec.backends.postgresql import PostgreSQLAgreementWal
from telltale_spec.backends.redis import RedisAgreementWal
from telltale_spec.backends.rocksdb import RocksDBAgreementWal, RocksDBEvidenceOutcomeCache

MakeLog = Callable[[], Any]


class _CacheOnLog(NATSEvidenceOutcomeCache):
    """A cache on the stream of a log, which keeps every message of a subject."""

    kind = "log"


def gate(tick: int) -> VisibilityGateCrossing:
    """Return a small entry."""
    return VisibilityGateCrossing("a", "c", AgreementLevel.NONE, tick)


@pytest.fixture(params=["lmdb", "rocksdb", "postgresql", "redis", "nats"])
def make_log(request: pytest.FixtureRequest, tmp_path: Path) -> MakeLog:
    """Give what opens one and the same log of a store."""
    if request.param == "lmdb":
        return lambda: LMDBAgreementWal(tmp_path)
    if request.param == "rocksdb":
        return lambda: RocksDBAgreementWal(tmp_path)
    address = str(request.getfixturevalue(request.param))
    if request.param == "nats":
        name = tmp_path.name.replace("[", "_").replace("]", "_")
        return lambda: NATSAgreementWal(address, name)
    # A name that would end an identifier, or match more than itself.
    name = f'odd "name"; {tmp_path.name}*'
    if request.param == "redis":
        return lambda: RedisAgreementWal(address, name)
    return lambda: PostgreSQLAgreementWal(address, name)


def test_a_log_is_there_again_until_it_is_destroyed(make_log: MakeLog) -> None:
    """WAL-08, and nothing is left of it afterwards."""
    with make_log() as log:
        log.append(gate(2**64 - 1))
    with make_log() as log:
        assert log.load().entries == (gate(2**64 - 1),)
    if not hasattr(log, "destroy"):
        return
    log.destroy()
    with make_log() as log:
        assert log.load().entries == ()
    log.destroy()


def test_threads_may_share_one_handle(make_log: MakeLog) -> None:
    """WAL-01: nothing is lost and nothing comes twice."""
    with make_log() as log:

        def append_nine(start: int) -> None:
            for number in range(9):
                log.append(gate(start + number))

        threads = [threading.Thread(target=append_nine, args=(start,)) for start in (0, 100, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        ticks = sorted(entry.tick for entry in log.load().entries)
        if hasattr(log, "destroy"):
            log.destroy()

    assert ticks == [start + n for start in (0, 100, 200) for n in range(9)]


def test_values_of_another_type_are_refused(make_log: MakeLog) -> None:
    """DOM-01: with the value, and before the store sees it."""
    with make_log() as log:
        with pytest.raises(ValueError, match="expected"):
            log.append("entry")
        with pytest.raises(ValueError, match="expected"):
            log.read_since(-1)
        assert log.load().entries == ()
        if hasattr(log, "destroy"):
            log.destroy()


def test_after_its_end_a_handle_says_so(tmp_path: Path, postgresql: str, nats: str) -> None:
    """Each error of a library is a declared one."""
    logs: list[Any] = [
        RocksDBAgreementWal(tmp_path / "rocksdb"),
        PostgreSQLAgreementWal(postgresql, "ended"),
        NATSAgreementWal(nats, "ended"),
    ]
    for log in logs:
        log.close()
        with pytest.raises(DurabilityError, match=r"read (RocksDB fold|PostgreSQL schem|NATS str)"):
            log.load()
    # It may be closed again.
    logs[2].close()
    for log in logs[1:]:
        log.destroy()


def test_handles_on_a_pool_share_its_connections_and_leave_them_as_they_were(
    postgresql: str,
) -> None:
    """WAL-01 for appends of several threads; what a handle sets holds for its transaction alone."""
    with ConnectionPool(postgresql, min_size=1, max_size=3, open=True) as pool:
        log = PostgreSQLAgreementWal(pool, "pooled")
        with ThreadPoolExecutor(max_workers=4) as threads:
            list(threads.map(log.append, map(gate, range(40))))
        assert sorted(each.tick for each in log.load().entries) == [*range(40)]
        with pool.connection() as connection:
            ((path,),) = connection.execute("SHOW search_path").fetchall()
            assert "pooled" not in path
        log.close()
        with pytest.raises(DurabilityError, match="the handle is closed"):
            log.load()
        with PostgreSQLAgreementWal(pool, "pooled") as again:
            assert len(again.load().entries) == 40
            again.destroy()
    with pytest.raises(DurabilityError, match="open PostgreSQL schema pooled: PoolClosed"):
        PostgreSQLAgreementWal(pool, "pooled")


def test_a_mistake_of_our_own_is_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library did not raise is let through, though it raises plain exceptions itself."""

    def mistaken(log: object) -> int:
        raise TypeError("ours")

    monkeypatch.setattr(RocksDBAgreementWal, "_next_place", mistaken)
    with RocksDBAgreementWal(tmp_path) as log, pytest.raises(TypeError, match="ours"):
        log.append(gate(1))


def test_a_folder_that_is_open_already_is_refused(tmp_path: Path) -> None:
    with (
        RocksDBAgreementWal(tmp_path),
        pytest.raises(DurabilityError, match=r"open RocksDB folder .*[Ll]ock"),
    ):
        RocksDBAgreementWal(tmp_path)


@pytest.mark.parametrize("make", [LMDBEvidenceOutcomeCache, RocksDBEvidenceOutcomeCache])
def test_a_folder_that_cannot_be_made_is_refused(make: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DurabilityError, match=r"open \S+ \S+ .*file"):
        make(tmp_path / "file" / "below")


def test_a_server_that_would_lose_what_it_acknowledges_is_refused() -> None:
    """WAL-08.power: both say which setting it is."""
    try:
        with redis_server(appendfsync="everysec") as address:
            with pytest.raises(DurabilityError, match="has `appendfsync everysec`"):
                RedisAgreementWal(address)
            with RedisAgreementWal(address, must_be_durable=False) as log:
                assert log.load().entries == ()
        with (
            postgresql_server("fsync=off") as address,
            pytest.raises(DurabilityError, match="has fsync = off"),
        ):
            PostgreSQLAgreementWal(address)
    except ServerMissingError as error:
        missing(error)


def test_a_stream_that_drops_messages_is_refused(nats: str) -> None:
    """WAL-01: with the settings that make it so, and no stream is made for a name of none."""
    other = NATSAgreementWal(nats, "other")
    other.close()
    try:
        with pytest.raises(DurabilityError, match="settings of its own: max_msgs_per_subject -1"):
            _CacheOnLog(nats, "other")
    finally:
        other.destroy()
    with pytest.raises(DurabilityError, match="up to 200 letters"):
        NATSAgreementWal(nats, "a b")


def test_an_entry_above_the_limit_of_its_server_is_refused(nats: str) -> None:
    """WAL-01: nothing is stored, and the handle can be used afterwards; up to it all is stored."""
    limit = 2**20
    with NATSAgreementWal(nats, "large") as log:
        for size in (limit, limit - 200, limit - 300):
            entry = VisibilityGateCrossing("o" * size, "c", AgreementLevel.NONE, 1)
            if size == limit:
                with pytest.raises(DurabilityError, match="raise its max_payload"):
                    log.append(entry)
            else:
                log.append(entry)
        assert [len(each.operation_id) for each in log.load().entries] == [limit - 200, limit - 300]
    log.destroy()


def test_a_log_of_several_batches_is_read_to_its_end(nats: str) -> None:
    """WAL-06: also where a batch ends with the log."""
    with NATSAgreementWal(nats, "long") as log:
        for tick in range(2001):
            log.append(gate(tick))
            if tick in (999, 1000, 1999):
                assert len(log.load().entries) == tick + 1
        assert [entry.tick for entry in log.load().entries] == list(range(2001))
    log.destroy()


def test_a_handle_goes_on_when_its_server_is_there_again() -> None:
    """WAL-08.server-kill: what failed is not sent later, and a stream that is gone stays so."""
    try:
        with server_folder("nats") as folder:
            words, address = nats_command(folder)
            server = ServerProcess(shlex.join(words))
            server.start()
            log = NATSAgreementWal(address)
            try:
                log.append(gate(1))
                server.kill()
                with pytest.raises(DurabilityError, match="write NATS stream"):
                    log.append(gate(2))
                server.start()
                log.append(gate(3))
                assert [entry.tick for entry in log.load().entries] == [1, 3]
                server.kill()
                shutil.rmtree(folder / "data")
                server.start()
                with pytest.raises(DurabilityError, match="stream not found"):
                    log.load()
            finally:
                log.close()
                server.kill()
    except ServerMissingError as error:
        missing(error)


def test_a_server_that_is_not_there_is_a_declared_error(tmp_path: Path) -> None:
    """With where it was looked for, and without a password."""
    with pytest.raises(
        DurabilityError, match=r"open NATS stream telltale_log: .*no server"
    ) as caught:
        NATSAgreementWal("nats://user:hidden@127.0.0.1:1")
    assert "hidden" not in str(caught.value)
    with pytest.raises(DurabilityError, match="open PostgreSQL schema telltale: OperationalError"):
        PostgreSQLAgreementWal(f"host={tmp_path} dbname=postgres connect_timeout=5")
    with pytest.raises(
        DurabilityError, match="open Redis keys telltale: ConnectionError"
    ) as caught:
        RedisAgreementWal(f"unix://:hidden@{tmp_path}/no.sock")

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("postgresql", "psycopg"),
        ("redis", "redis"),
        ("nats", "nats"),
        ("lmdb", "lmdb"),
        ("rocksdb", "rocksdict"),
    ],
)
def test_without_its_library_a_store_says_what_to_install(module: str, library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        f"try:\n    import telltale_spec.backends.{module}\n"
        "except ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == (
        f"MissingExtraError `{library}` is not installed: pip install 'telltale-spec[{module}]'\n"
    )
