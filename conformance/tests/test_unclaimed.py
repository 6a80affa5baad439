"""A promise that was not made: kept or not, it is a note at most and never turns a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backend import Backend, Capability, WalFactory
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.wal import WAL_SUITE
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.model.machine import RejectionMode
from tests.zoo.broken_caches import ListCache
from tests.zoo.broken_wals import ListWal, LosesLastOnReopen
from tests.zoo.judging import failed, judged

SUITES = (WAL_SUITE, CACHE_SUITE)
KEEPS_ALL = Backend(
    "keeps all",
    agreement_wal=lambda directory: FileAgreementWal(directory / "agreement.wal"),
    evidence_cache=lambda directory: FileEvidenceOutcomeCache(directory / "evidence.cache"),
)


class FailsOnReopen(FileAgreementWal):
    """Cannot be opened twice, which it never said it could."""

    def __init__(self, directory: Path) -> None:
        if (directory / "agreement.wal").exists():
            raise RuntimeError("there is a log already")
        super().__init__(directory / "agreement.wal")


def noted(backend: Backend) -> list[str]:
    """Return the promises that the notes on a backend are about."""
    report = judged(backend, SUITES, profile_name="quick")
    assert failed(report) == []
    rest = " is not declared, and held in every history that tried it: it could be"
    assert all(note.endswith(rest) for note in report.notes)
    return [note.removesuffix(rest) for note in report.notes]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ((), ["ordered-cache", "exact-messages", "reopen"]),
        ((Capability.REOPEN, Capability.EXACT_MESSAGES), ["ordered-cache"]),
        (
            (Capability.REOPEN, Capability.EXACT_MESSAGES, Capability.ORDERED_CACHE),
            [],
        ),
    ],
)
@pytest.mark.by_day(3)
def test_what_is_kept_and_not_declared_is_noted(
    declared: tuple[Capability, ...], expected: list[str]
) -> None:
    assert noted(replace(KEEPS_ALL, capabilities=frozenset(declared))) == expected


@pytest.mark.parametrize("factory", [lambda directory: ListWal(), LosesLastOnReopen, FailsOnReopen])
def test_what_is_not_kept_is_not_noted_and_not_held_against_it(
    factory: WalFactory,
) -> None:
    """Whether it forgets everything, or the last entry, or does not open again at all."""
    assert "reopen" not in noted(Backend("forgets", agreement_wal=factory))


def test_a_promise_kept_by_one_component_alone_is_not_noted() -> None:
    assert "reopen" not in noted(replace(KEEPS_ALL, evidence_cache=ListCache))


@pytest.mark.nightly
def test_a_log_that_refuses_cleanly_could_say_so() -> None:
    loose = replace(KEEPS_ALL, rejection_mode=RejectionMode.UNKNOWN_OUTCOME)
    assert "clean-reject" in noted(loose)

    keeping = Backend(
        "memory",
        agreement_wal=lambda directory: InMemoryAgreementWal(),
        rejection_mode=RejectionMode.KEEPS_REJECTED,
    )
    assert "clean-reject" not in noted(keeping)
