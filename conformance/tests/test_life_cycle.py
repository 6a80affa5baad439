"""What a factory is told, and what becomes of what it made."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import conformance
from conformance.__main__ import main
from conformance.backend import Backend
from conformance.engine.profiles import Profile
from conformance.engine.session import Budget
from conformance.engine.texts import repeatable_text
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault, UsageError
from conformance.life_cycle import begin_run, history_of, name_of, set_option
from conformance.records.results import Verdict
from conformance.run.runner import judge_backend
from conformance.run.targets import backend_of, declaration
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.backends.sqlite import SQLiteAgreementWal

SHORT = Profile("short", Budget(20, 8, 60.0))


class Server:
    """Stand for a server: what histories made on it, and what they did with it."""

    def __init__(self) -> None:
        self.storages: dict[str, InMemoryAgreementWal] = {}
        self.open = 0
        self.early = 0
        self.names: list[str] = []


SERVER = Server()


class ServedWal(InMemoryAgreementWal):
    """A log on a server, removed from it by ``destroy``."""

    def __init__(self, history: conformance.History) -> None:
        super().__init__()
        self.name = history.name
        SERVER.storages[history.name] = self
        SERVER.names.append(history.name)
        SERVER.open += 1

    def close(self) -> None:
        SERVER.open -= 1

    def destroy(self) -> None:
        SERVER.early += SERVER.open
        del SERVER.storages[self.name]


class LosingServedWal(ServedWal):
    """Lose every entry, so that histories fail in their midst."""

    def append(self, entry: Any) -> None:
        pass


class ManagedWal(InMemoryAgreementWal):
    """A log that is a context manager and has no ``close``."""

    inside = 0

    def __enter__(self) -> ManagedWal:
        ManagedWal.inside += 1
        return self

    def __exit__(self, *exception: object) -> None:
        ManagedWal.inside -= 1


def judged(factory: Any) -> Any:
    # A factory is looked at before it is judged, in a history of the same run.
    begin_run(3)
    with CallWatch() as watch:
        # What the reference in memory promises.
        promised = declaration((), "keeps-rejected")
        backend = backend_of(factory, "tried", watch, promised)
        return judge_backend(backend, SHORT, seed=3, watch=watch)


@pytest.mark.parametrize("factory", [ServedWal, LosingServedWal])
def test_nothing_is_left_on_a_server(factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every history is destroyed after its last close, failed ones too (right and broken log)."""
    monkeypatch.setattr("conformance.tests.test_life_cycle.SERVER", Server())

    report = judged(factory)

    failed = any(each.verdict is Verdict.FAIL for each in report.results)
    assert report.fault is None
    assert failed == (factory is LosingServedWal)
    assert SERVER.names
    assert (SERVER.storages, SERVER.open, SERVER.early) == ({}, 0, 0)
    assert all(re.fullmatch("[a-z0-9_]{1,40}", name) for name in SERVER.names)


class FolderWal(SQLiteAgreementWal):
    """A log on a server that any process can reach: a database in a folder that outlives a run."""

    def __init__(self, history: conformance.History) -> None:
        self.storage = Path(history.options["folder"]) / f"{history.name}.db"
        super().__init__(self.storage)

    def destroy(self) -> None:
        for each in self.storage.parent.glob(f"{self.storage.name}*"):
            each.unlink()


@pytest.mark.by_day(2)
@pytest.mark.parametrize("requirement_id", ["WAL-08.kill", "WAL-01.handles"])
def test_nothing_is_left_by_further_processes(
    requirement_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Histories of processes that were killed, or that had a handle only, end as others do."""
    folder = tmp_path / "server"
    folder.mkdir()
    monkeypatch.setenv("TELLTALE_TARGET_OPTION_FOLDER", str(folder))
    promises = ("reopen", "process-kill", "concurrent-handles")
    words = [word for each in promises for word in ("--capability", each)]
    saved = tmp_path / "report.json"
    target = "conformance.tests.test_life_cycle:FolderWal"

    only = ("--only", requirement_id)
    kept = ("--json", str(saved), "--replays", str(tmp_path / "replays"))

    main(["check", target, *words, *only, *kept])

    [judged_backend] = json.loads(saved.read_text(encoding="utf-8"))["backends"]
    verdicts = {each["requirement_id"]: each["verdict"] for each in judged_backend["results"]}
    assert verdicts[requirement_id] == "pass"
    assert list(folder.iterdir()) == []


def test_a_context_manager_is_entered_and_left() -> None:
    """It is as good as ``close``."""
    report = judged(lambda directory: ManagedWal())

    assert report.fault is None
    assert ManagedWal.inside == 0


def test_a_whole_backend_gets_histories_too() -> None:
    """Its factories are treated like a factory by itself."""
    seen: list[conformance.History] = []

    def log(history: conformance.History) -> InMemoryAgreementWal:
        seen.append(history)
        return InMemoryAgreementWal()

    judged(lambda: Backend("whole", agreement_wal=log))  # type: ignore[arg-type]

    assert {each.seed for each in seen} == {3}
    assert len({each.name for each in seen}) == len({each.directory for each in seen})


def test_a_name_belongs_to_its_directory() -> None:
    """Equal in every process, different everywhere else, and never in a report."""
    directory = Path("/scratch/telltale-conformance-abc/000001")
    names = {
        name_of(directory),
        name_of(directory.with_name("000002")),
        name_of(directory.parent.with_name("other") / directory.name),
        name_of(directory.with_name("A name with; everything" * 9)),
    }

    assert len(names) == 4
    assert all(re.fullmatch("[a-z0-9_]{1,40}", name) for name in names)
    assert history_of(directory).name == name_of(directory)
    text = f'schema "{name_of(directory)}" is locked'
    assert repeatable_text(text, [directory]) == 'schema "<name>" is locked'


def test_options_reach_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the command line or the environment, and not into its printed form."""
    monkeypatch.setenv("TELLTALE_TARGET_OPTION_ADDRESS", "before")
    set_option("address=db.example:5432?a=b")

    history = history_of(Path("/scratch/a"))

    assert history.options["address"] == "db.example:5432?a=b"
    assert "db.example" not in repr(history)


@pytest.mark.parametrize("text", ["", "address", "=value", "1a=b", "a b=c", "a-b=c"])
def test_an_option_of_another_form_is_refused(text: str) -> None:
    """The remedy is told, the value is not."""
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        set_option(text)


def test_a_factory_that_raises_tells_where() -> None:
    """The file and line are the user's; one that takes something else gets a hint."""

    def wants_text(address: str) -> InMemoryAgreementWal:
        address.split(":")
        return InMemoryAgreementWal()

    with CallWatch() as watch, pytest.raises(BackendFault) as caught:
        backend_of(wants_text, "tried", watch)

    assert re.search(r"\(test_life_cycle\.py, line \d+\)", str(caught.value))
    assert "called with a directory" in str(caught.value)
