"""A handler without its methods, or with answers of no type, is the fault of who wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.machines.registry import SUITES
from tests.zoo.judging import failed, judged


class Bare:
    """Has one method of an agreement WAL handler and nothing else."""

    def __init__(self, *parts: object) -> None:
        """Take whatever the parts are."""

    def wal_sync(self, request: object) -> None:
        """Answer with nothing."""


class AnswersNothing:
    """Has one method of an evidence handler, which gives no outcome."""

    def __init__(self, *parts: object) -> None:
        """Take whatever the parts are."""

    def handle_effect(self, request: object) -> None:
        """Answer with nothing."""


def _nothing(*parts: object) -> Any:
    return None


def _log_handler(make: Callable[..., Any]) -> Backend:
    return Backend("bare", agreement_wal_handler=make)


def _evidence_handler(make: Callable[..., Any]) -> Backend:
    return Backend("bare", evidence_handler=make)


@pytest.mark.by_day(4)
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(_log_handler(Bare), id="log handler without methods"),
        pytest.param(_evidence_handler(AnswersNothing), id="evidence handler without outcomes"),
        pytest.param(_log_handler(_nothing), id="no log handler"),
        pytest.param(_evidence_handler(_nothing), id="no evidence handler"),
    ],
)
@pytest.mark.requirement("SYNC-01", "EVID-02")
def test_what_is_no_handler_fails_and_ends_nothing(backend: Backend) -> None:
    """It was told as a fault of ours, with a traceback and without a report."""
    report = judged(backend, SUITES, profile_name="quick", minimise=False)

    assert report.fault is None
    assert failed(report)
