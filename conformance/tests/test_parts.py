"""A part that cannot be called as what it is said to be is told at once, and not judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.probes import ListWal
from conformance.machines.wal import WAL_SUITE
from conformance.records.results import BackendReport, Verdict
from conformance.report.summary import part_title
from conformance.run.targets import backend_of, check_parts
from telltale_spec import AgreementWalArtifact, InMemoryEvidenceOutcomeCache
from tests.zoo.judging import judged


class Awaited(ListWal):
    async def load(self) -> AgreementWalArtifact:  # type: ignore[override]
        return super().load()


class Both(ListWal):
    def get(self, evidence_id: str) -> None:
        return None

    def put(self, entry: Any) -> None:
        return None


class NoDecode:
    def encode(self, artifact: Any) -> bytes:
        return b""


def of_log(make: Callable[[], Any]) -> Backend:
    return Backend("mine", agreement_wal=lambda directory: make())


def of_cache(make: Callable[[], Any]) -> Backend:
    return Backend("mine", evidence_cache=lambda directory: make())


WRONG: list[tuple[Any, str]] = [
    (of_log(lambda: None), "the agreement WAL is a NoneType, which lacks append, read_since, load"),
    (of_log(InMemoryEvidenceOutcomeCache), "the agreement WAL is an InMemoryEvidenceOutcomeCache"),
    (of_log(Awaited), "the agreement WAL is an Awaited, whose load must be awaited"),
    (of_cache(lambda: 7), "the evidence cache is an int, which lacks get, put, load"),
    (Backend("mine", codec=NoDecode()), "the codec is a NoDecode, which lacks decode"),  # type: ignore[arg-type]
    (Backend("mine", recovery=7), "the recovery is an int, which is no function"),  # type: ignore[arg-type]
    (Backend("mine", identity="id"), "the identity is a str, which is no function"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("backend", "problem"), WRONG, ids=[text for _, text in WRONG])
def test_what_cannot_be_called_is_told_before_anything_is_judged(
    backend: Backend, problem: str
) -> None:
    with CallWatch() as watch, pytest.raises(BackendFault) as raised:
        check_parts(backend, watch)

    assert raised.value.message.startswith(problem)


def test_a_factory_of_awaited_methods_is_told_so_with_what_to_do() -> None:
    with CallWatch() as watch, pytest.raises(BackendFault) as raised:
        backend_of(Awaited, "mine", watch)

    assert "whose load must be awaited" in raised.value.message
    assert "asyncio.run" in raised.value.message


def test_what_raises_while_it_is_opened_is_left_to_be_judged() -> None:
    def refuses(directory: Path) -> Any:
        raise RuntimeError("no database")

    with CallWatch() as watch:
        check_parts(Backend("mine", agreement_wal=refuses), watch)


def test_what_has_the_methods_of_both_is_a_log_and_says_so() -> None:
    with CallWatch() as watch:
        backend = backend_of(Both, "mine", watch)
        alone = backend_of(ListWal, "mine", watch)

    assert backend.agreement_wal is not None
    assert backend.evidence_cache is None
    assert "judged as an agreement WAL alone" in backend.notes[0]
    assert alone.notes == ()


def titles(report: BackendReport) -> set[str]:
    return {
        part_title(report, each.requirement_id, "unknown")
        for each in report.results
        if each.verdict is not Verdict.NOT_APPLICABLE
    }


@pytest.mark.requirement("WAL-09")
def test_what_every_part_is_held_to_stands_under_the_part_that_there_is() -> None:
    cache = Backend("mine", evidence_cache=lambda directory: InMemoryEvidenceOutcomeCache())
    log = Backend("mine", agreement_wal=lambda directory: ListWal())

    assert titles(judged(cache, (CACHE_SUITE,), profile_name="quick")) == {"Evidence cache"}
    assert titles(judged(log, (WAL_SUITE,), profile_name="quick")) == {"Agreement log"}
