"""Servers that are killed: what of it is a failure, what is not, and how a server is run."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backend import ServerFault
from conformance.errors import UsageError
from conformance.machines.server_kills import CACHE_SERVER_KILL_SUITE, WAL_SERVER_KILL_SUITE
from conformance.records.results import BackendReport, Verdict
from conformance.report.summary import untried_lines
from conformance.rules.outages import is_possible_cache, is_possible_log
from conformance.servers import trees
from conformance.servers.process import ServerProcess, server_of_environment, set_server
from conformance.tests.toy_server import CACHES, LOGS, Log, ToyServer, toy_backend
from tests.zoo.judging import failed, judged

SUITES = (WAL_SERVER_KILL_SUITE, CACHE_SERVER_KILL_SUITE)
IS_LINUX = Path("/proc/self/stat").exists()
# It listens below a parent of its own, and both would outlive a kill of either.
PROGRAM = """
import os, socket, sys, time
if os.fork() == 0:
    os.setsid()
    held = socket.socket(socket.AF_UNIX); held.bind(sys.argv[1]); held.listen()
while True: time.sleep(60)
"""


def judged_toy(kind: type[Log], server: ToyServer) -> BackendReport:
    return judged(toy_backend(kind, server), SUITES, profile_name="quick")


@pytest.mark.requirement("WAL-08.server-kill")
@pytest.mark.parametrize("name", ["Log", "LostSocketLog", "PatientLog", "UnsureLog"])
def test_a_log_that_answers_for_what_it_acknowledged_passes(name: str) -> None:
    """However it takes the absence of its server: as an error, for good, or by waiting."""
    server = ToyServer()
    report = judged_toy(LOGS[name], server)

    assert report.result("WAL-08.server-kill").verdict is Verdict.PASS, report  # type: ignore[union-attr]
    assert report.crash_classes == ["server-kill"]
    assert server.kills >= 8


@pytest.mark.requirement("WAL-08.server-kill")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("EarlyLog", "tick"),
        ("OpenHeartedLog", "raised ConnectionError"),
        ("RepeatingLog", "tick"),
    ],
)
def test_a_log_that_loses_or_reorders_what_it_acknowledged_fails(name: str, shown: str) -> None:
    report = judged_toy(LOGS[name], ToyServer())

    assert failed(report) == ["WAL-08.server-kill"]
    counterexample = report.results[0].counterexample
    assert counterexample is not None
    assert counterexample.reproduced
    assert shown in counterexample.actual
    assert any("the server is killed" in step.text for step in counterexample.steps)


@pytest.mark.requirement("WAL-08.server-kill", "CACHE-08.server-kill")
@pytest.mark.parametrize("name", ["Log", "RepairingLog", "Cache"])
def test_a_server_that_keeps_nothing_on_disk_fails(name: str) -> None:
    """Whatever its client remembers and would send again."""
    report = judged_toy({**LOGS, **CACHES}[name], ToyServer(syncs=False))

    chapter = "CACHE" if name == "Cache" else "WAL"
    assert failed(report) == [f"{chapter}-08.server-kill"]


@pytest.mark.requirement("CACHE-08.server-kill")
def test_caches_are_told_apart_too() -> None:
    assert failed(judged_toy(CACHES["Cache"], ToyServer())) == []
    assert failed(judged_toy(CACHES["EarlyCache"], ToyServer())) == ["CACHE-08.server-kill"]


@pytest.mark.requirement("WAL-08.server-kill")
def test_a_server_that_does_not_start_on_its_data_fails() -> None:
    report = judged_toy(LOGS["Log"], ToyServer(starts=False))

    counterexample = report.results[0].counterexample
    assert counterexample is not None
    assert "ended with status 1: damaged" in counterexample.actual


@pytest.mark.requirement("WAL-08.server-kill")
def test_a_server_that_nobody_missed_proves_nothing() -> None:
    """The wrong server may have been killed: that is open, and no pass."""
    report = judged_toy(LOGS["UnrelatedLog"], ToyServer())

    # What another process does not see is lost, whoever kept it.
    assert report.result("WAL-08.server-kill").verdict is not Verdict.PASS  # type: ignore[union-attr]
    alone = replace(toy_backend(LOGS["UnrelatedLog"], ToyServer()), elsewhere=None)
    result = judged(alone, SUITES, profile_name="quick").results[0]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "absence of the server" in result.reason


@pytest.mark.requirement("WAL-08.server-kill")
def test_without_a_server_the_promise_is_open_with_a_reason() -> None:
    backend = replace(toy_backend(LOGS["Log"], ToyServer()), server=None)
    report = judged(backend, SUITES, profile_name="quick")

    assert {each.verdict for each in report.results} == {Verdict.NOT_APPLICABLE}
    [line] = untried_lines(report)
    assert line.startswith("declared, not exercised: server-kill (nothing says how its server is")
    undeclared = toy_backend(LOGS["Log"], ToyServer(), declared=False)
    [reason] = {each.reason for each in judged(undeclared, SUITES, profile_name="quick").results}
    assert reason == "the backend does not declare server-kill"


@pytest.mark.parametrize(
    ("found", "possible"),
    [("ac", True), ("abc", True), ("a", False), ("ab", False), ("acb", False), ("abbc", False)],
)
def test_what_failed_may_be_there_in_its_place(found: str, possible: bool) -> None:
    """WAL-08: nothing acknowledged is missing, nothing is moved, nothing comes twice."""
    calls = [("a", True), ("b", False), ("c", True)]

    assert is_possible_log(tuple(found), calls) is possible


def test_an_id_has_its_last_entry_or_one_that_failed_since() -> None:
    calls = {
        "k": [("a", True), ("b", False)],
        "l": [("a", False), ("b", True)],
        "m": [("a", False)],
    }

    assert is_possible_cache({"k": "a", "l": "b"}, calls)
    assert is_possible_cache({"k": "b", "l": "b", "m": "a"}, calls)
    assert not is_possible_cache({"k": "a", "l": "a"}, calls)
    assert not is_possible_cache({"l": "b"}, calls)
    assert not is_possible_cache({"k": "a", "l": "b", "n": "a"}, calls)


@pytest.mark.skipif(not IS_LINUX, reason="a tree of processes is read from /proc")
def test_everything_that_a_server_started_is_killed(tmp_path: Path) -> None:
    """In groups of its own too; and it starts again."""
    number = 0
    seen: list[bool] = []
    for attempt in range(2):
        command = shlex.join([sys.executable, "-c", PROGRAM, str(tmp_path / str(attempt))])
        server = ServerProcess(command, on_process=lambda number, started: seen.append(started))
        server.start()
        [number] = [each for each in trees.members(os.getpid()) if _asks_for(each, tmp_path)][:1]
        below = trees.members(number)
        server.freeze()
        server.kill()
        assert len(below) == 2
        assert not any(Path(f"/proc/{each}/cmdline").exists() for each in below[:1])
        assert not any(_asks_for(each, tmp_path) for each in below)
    assert seen == [True, False] * 2


def _asks_for(process_id: int, path: Path) -> bool:
    try:
        return str(path).encode() in Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_server_that_ends_or_is_not_ready_says_so() -> None:
    ended = shlex.join([sys.executable, "-c", "print('no such data'); raise SystemExit(3)"])
    with pytest.raises(ServerFault, match="ended with status 3: no such data"):
        ServerProcess(ended).start()
    with pytest.raises(ServerFault, match="`/no/such` cannot be started"):
        ServerProcess("/no/such").start()
    sleeping = shlex.join([sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(ServerFault, match=r"did not get ready within 0\.3 seconds"):
        ServerProcess(sleeping, "false", starting_seconds_max=0.3).start()
    ready = ServerProcess(sleeping, "true")
    ready.start()
    ready.kill()


def test_a_server_of_which_nobody_can_tell_whether_it_is_ready_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeping = shlex.join([sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setenv("TELLTALE_SERVER", sleeping)
    monkeypatch.setenv("TELLTALE_SERVER_READY", "/no/such")
    seen: list[tuple[int, bool]] = []
    with (
        pytest.raises(UsageError, match="TELLTALE_SERVER_READY: `/no/such` cannot be started"),
        server_of_environment(lambda number, started: seen.append((number, started))),
    ):
        pass

    assert [started for _, started in seen] == [True, False]


def test_wrong_words_are_a_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELLTALE_SERVER", "TELLTALE_SERVER_READY"):
        # Set first, so that what the test sets is taken back.
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    with server_of_environment() as server:
        assert server is None
    with pytest.raises(UsageError, match="TELLTALE_SERVER `'`"):
        set_server("'", None)
    with pytest.raises(UsageError, match="TELLTALE_SERVER is empty"):
        set_server(" ", None)
    with pytest.raises(UsageError, match="none is given: --server COMMAND"):
        set_server(None, "true")
    set_server("/no/such", None)
    with (
        pytest.raises(UsageError, match=r"--server \(or TELLTALE_SERVER\): `/no/such` cannot"),
        server_of_environment(),
    ):
        pass
