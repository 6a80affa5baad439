"""A log that fails a requirement live fails the same one by its recorded history."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.backend import Backend, Capability
from conformance.engine.session import Budget, Session
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.errors import HistoryError
from conformance.history.judge import judge_history
from conformance.history.lines import read_history
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.requirements import Level, requirement
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact
from tests.zoo.broken_caches import BROKEN_CACHES
from tests.zoo.broken_wals import BROKEN_WALS, ListWal, broken_wal_backend
from tests.zoo.judging import counterexample_for, failed

Lines = list[dict[str, Any]]
FORMAT = "telltale-conformance.history.v1"
GATE = {
    "kind": "visibility_gate_crossing",
    "operation_id": "a",
    "downstream_coroutine_id": "c",
    "gate_level": "none",
    "tick": 1,
}


class Recorded:
    """A log or a cache whose every call is written down with its answer."""

    def __init__(self, inner: Any, lines: Lines) -> None:
        self.inner, self.lines = inner, lines

    def _call(
        self, line: dict[str, Any], call: Callable[[], Any], shown: Callable[[Any], Any] | None
    ) -> Any:
        try:
            value = call()
        except DurabilityError as error:
            self.lines.append({**line, "answer": "refused", "message": str(error)})
            raise
        except Exception as error:
            self.lines.append({**line, "answer": "fault", "message": repr(error)})
            raise
        result = {} if shown is None else {"result": shown(value)}
        self.lines.append({**line, "answer": "ok", **result})
        return value

    def close(self) -> None:
        close = getattr(self.inner, "close", None)
        if close is not None:
            close()


def listed(entries: Any) -> list[Any]:
    return [entry.to_dict() for entry in entries]


class RecordedLog(Recorded):
    def append(self, entry: Any) -> None:
        line = {"operation": "append", "entry": entry.to_dict()}
        self._call(line, lambda: self.inner.append(entry), None)

    def read_since(self, tick: int) -> Any:
        line = {"operation": "read_since", "tick": tick}
        return self._call(line, lambda: self.inner.read_since(tick), listed)

    def load(self) -> Any:
        return self._call({"operation": "load"}, self.inner.load, lambda log: listed(log.entries))


class RecordedCache(Recorded):
    def put(self, entry: Any) -> None:
        line = {"operation": "put", "entry": entry.to_dict()}
        self._call(line, lambda: self.inner.put(entry), None)

    def get(self, evidence_id: str) -> Any:
        line = {"operation": "get", "evidence_id": evidence_id}
        return self._call(
            line,
            lambda: self.inner.get(evidence_id),
            lambda found: None if found is None else found.to_dict(),
        )

    def load(self) -> Any:
        line = {"operation": "load_cache"}
        return self._call(line, self.inner.load, lambda cache: listed(cache.entries))


def recorded(backend: Backend, histories: dict[Path, Lines]) -> Backend:
    """Return the backend with a record of each history; opening one again is a reopening."""

    def lines_of(directory: Path) -> Lines:
        if directory in histories:
            histories[directory].append({"operation": "reopen", "answer": "ok"})
        return histories.setdefault(directory, [])

    log, cache = backend.agreement_wal, backend.evidence_cache
    if log is not None:
        backend = replace(
            backend,
            agreement_wal=lambda directory: RecordedLog(log(directory), lines_of(directory)),
        )
    if cache is not None:
        backend = replace(
            backend,
            evidence_cache=lambda directory: RecordedCache(cache(directory), lines_of(directory)),
        )
    return backend


def failures_of(lines: Lines, backend: Backend) -> list[str]:
    header = {
        "format": FORMAT,
        "rejection_mode": backend.rejection_mode.value,
        "capabilities": sorted(each.value for each in backend.capabilities),
    }
    text = [json.dumps(each).encode() for each in (header, *lines)]
    return failed(judge_history(*read_history(text, "record")))


def history_of(backend: Backend, suite: Suite, requirement_id: str, *, seed: int = 0) -> Lines:
    """Return the first history in which a requirement fails live, as it was recorded."""
    found = counterexample_for(requirement_id, backend, (suite,), seed=seed, minimise=False)
    assert found is not None
    histories: dict[Path, Lines] = {}
    others = frozenset(suite.requirement_ids) - {requirement_id}
    with CallWatch() as watch:
        session = Session(
            suite.name,
            recorded(backend, histories),
            watch,
            Budget(1, len(found.acts), 1e9),
            muted=others,
        )
        with session:
            again = suite.replay(session, suite.acts_of(found.acts)).counterexample
    assert again is not None
    assert again.requirement_id == requirement_id
    return next(iter(histories.values()))


def only_blamed(failures: list[str], requirement_id: str) -> bool:
    """Say whether nothing else that binds is blamed; a text may be wrong besides."""
    binding = [each for each in failures if requirement(each).level is Level.MUST]
    return requirement_id in failures and binding in ([], [requirement_id])


class LoadsOnePage(ListWal):
    """Give the first three entries of a log, however many there are."""

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(super().load().entries[:3])


LOGS: list[tuple[type[ListWal], str]] = [*BROKEN_WALS, (LoadsOnePage, "WAL-01")]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("wal_class", "requirement_id"), LOGS, ids=[c.__name__ for c, _ in LOGS])
@pytest.mark.by_day(3)
def test_a_recorded_log_fails_what_it_fails_live(
    wal_class: type[ListWal], requirement_id: str, seed: int
) -> None:
    backend = broken_wal_backend(wal_class)
    lines = history_of(backend, WAL_SUITE, requirement_id, seed=seed)

    assert only_blamed(failures_of(lines, backend), requirement_id)


# A refusal in a run that is over can have any reason, so that it shows nothing of the id.
# A lookup between two puts of a recorded run shows the older entry, which is another fault as well.
NOT_SHOWN = ("put of the empty id is refused", "put adds without replacing, get finds the first")
SHOWN_CACHES = [each for each in BROKEN_CACHES if each[0] not in NOT_SHOWN]


@pytest.mark.parametrize(
    ("name", "make", "requirement_id"), SHOWN_CACHES, ids=[name for name, _, _ in SHOWN_CACHES]
)
def test_a_recorded_cache_fails_what_it_fails_live(
    name: str, make: Callable[[Path], Any], requirement_id: str
) -> None:
    promises = {Capability.ORDERED_CACHE}
    if requirement_id == "CACHE-08":
        promises.add(Capability.REOPEN)
    backend = Backend(name, evidence_cache=make, capabilities=frozenset(promises))
    lines = history_of(backend, CACHE_SUITE, requirement_id)

    assert only_blamed(failures_of(lines, backend), requirement_id)


def test_all_broken_caches_but_two_are_recorded() -> None:
    assert len(SHOWN_CACHES) == len(BROKEN_CACHES) - len(NOT_SHOWN)


@pytest.mark.requirement("WAL-06")
def test_an_append_that_comes_late_is_a_read_that_changes() -> None:
    lines: Lines = [
        {"operation": "append", "entry": GATE, "answer": "unknown"},
        {"operation": "load", "answer": "ok", "result": []},
        {"operation": "load", "answer": "ok", "result": [GATE]},
    ]

    assert failures_of(lines, Backend("late")) == ["WAL-06"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (
            b'{"operation": "append", "operation": "load", "answer": "ok", "result": []}',
            "operation",
        ),
        (b'{"operation": "read_since", "tick": 1, "tick": 2, "answer": "unknown"}', "tick"),
        (b'{"operation": "append", "entry": {"kind": "x", "kind": "y"}, "answer": "ok"}', "kind"),
    ],
)
def test_a_key_that_comes_twice_is_an_error_of_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes, key: str
) -> None:
    header = json.dumps({"format": FORMAT}).encode()
    text = f"the key `{key}` is there 2 times in one map"

    _, events = read_history([header, line], "record")
    with pytest.raises(HistoryError, match=text):
        list(events)
    path = tmp_path / "record.jsonl"
    path.write_bytes(header + b"\n" + line + b"\n")
    assert main(["check-history", str(path)]) == 2
    assert "line 2" in capsys.readouterr().err


@pytest.mark.requirement("WAL-09")
def test_a_fault_is_no_declared_error() -> None:
    fault: dict[str, Any] = {
        "operation": "append",
        "entry": GATE,
        "answer": "fault",
        "message": "KeyError('x')",
    }
    stored: dict[str, Any] = {"operation": "load", "answer": "ok", "result": [GATE]}
    not_stored: dict[str, Any] = {"operation": "load", "answer": "ok", "result": []}

    for after in (stored, not_stored):
        assert failures_of([fault, after], Backend("fault")) == ["WAL-09"]


@pytest.mark.requirement("WAL-13")
def test_what_was_refused_and_stored_is_blamed_for_that_alone() -> None:
    refused = {"operation": "append", "entry": GATE, "answer": "refused", "message": "full"}
    stored = {"operation": "load", "answer": "ok", "result": [GATE]}
    not_stored = {"operation": "load", "answer": "ok", "result": []}

    assert failures_of([refused, stored], Backend("stores")) == ["WAL-13"]
    assert failures_of([refused, not_stored], Backend("refuses")) == ["WAL-13.accept"]
