"""The checks as functions, as a suite in a backend's own repository calls them."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import (
    Backend,
    Capability,
    check_agreement_wal,
    check_backend,
    check_evidence_cache,
    check_harness,
    declares,
)
from conformance.checks import failure_text
from conformance.engine.watch import CallWatch
from conformance.errors import TargetError, UsageError
from conformance.records.results import BackendReport, RequirementResult, Verdict
from conformance.records.verdicts import ExitStatus, exit_status
from conformance.run.targets import backend_of
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import AgreementWalEntry
from tests.zoo.broken_wals import ListWal, PickledWal


class InclusiveWal(ListWal):
    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        return [entry for entry in self.entries if entry.tick >= tick]


def failure_of(check: Callable[[], Any]) -> str:
    with pytest.raises(AssertionError) as caught:
        check()
    return str(caught.value)


def test_a_correct_log_passes_and_the_report_comes_back() -> None:
    report = check_agreement_wal(PickledWal, capabilities=("reopen",), profile="quick")

    assert exit_status(report) is ExitStatus.CONFORMING
    assert report.backends[0].name == "PickledWal"
    assert report.backends[0].capabilities == ["reopen"]


def test_a_wrong_log_fails_with_its_counterexample() -> None:
    text = failure_of(lambda: check_agreement_wal(InclusiveWal, profile="quick"))

    assert text.startswith("InclusiveWal: WAL-05 (MUST) failed\nWAL-05 (")
    assert "1. append" in text
    assert "  expected: " in text
    assert "  actual:   [" in text


@pytest.mark.nightly
def test_equal_arguments_give_equal_reports() -> None:
    first, second = (
        check_agreement_wal(ListWal, profile="quick", seed=3).to_text() for _ in range(2)
    )

    assert first == second


def fails() -> Any:
    raise KeyError("no server")


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (fails, "the factory raised KeyError: 'no server'"),
        (lambda: None, "the factory returned a NoneType"),
        (lambda: sys.exit(1), "the factory raised SystemExit: 1"),
        (lambda: time.sleep(60), "the factory did not end within 0.3 seconds"),
    ],
)
def test_a_factory_without_a_backend_is_a_failure(factory: Any, expected: str) -> None:
    assert expected in failure_of(lambda: check_agreement_wal(factory, call_seconds_max=0.3))


def test_a_backend_that_stops_answering_is_a_failure() -> None:
    class Hanging(ListWal):
        def load(self) -> Any:
            time.sleep(60)

    text = failure_of(lambda: check_agreement_wal(Hanging, profile="quick", call_seconds_max=0.3))

    assert "Hanging could not be judged: no answer within 0.3 seconds from: load" in text


def test_arguments_that_cannot_be_used_are_told_from_failures() -> None:
    with pytest.raises(UsageError, match="capability `flight`: expected one of reopen"):
        check_agreement_wal(ListWal, capabilities=("flight",))
    with pytest.raises(UsageError, match="rejection mode `never`"):
        check_agreement_wal(ListWal, rejection_mode="never")
    with pytest.raises(UsageError, match="profile `slow`: expected one of quick"):
        check_agreement_wal(ListWal, profile="slow")
    with pytest.raises(UsageError, match="does not make an agreement WAL"):
        check_agreement_wal(InMemoryEvidenceOutcomeCache)
    with pytest.raises(UsageError, match="does not make an evidence cache"):
        check_evidence_cache(ListWal)
    with pytest.raises(TargetError, match="needs the arguments first, second"):
        check_agreement_wal(lambda first, second: ListWal())


def test_a_backend_in_which_nothing_is_judged_never_passes() -> None:
    text = failure_of(lambda: check_backend(Backend("empty"), profile="quick"))

    assert text == "empty: nothing that binds it was put to the test"


def test_a_failure_text_tells_only_what_keeps_a_backend_from_conforming() -> None:
    results = [
        RequirementResult("WAL-01", "MUST", Verdict.PASS, 1),
        RequirementResult("WAL-02", "MUST", Verdict.INCONCLUSIVE, 0, "never put to the test"),
        RequirementResult("WAL-13.accept", "SHOULD", Verdict.INCONCLUSIVE, 0, "never arose"),
    ]
    report = BackendReport("b", [], "clean-reject", results, [], [])

    assert failure_text(report) == "b: WAL-02 (MUST) is open, never put to the test"


# Declarations


def made(factory: Any) -> Backend:
    with CallWatch() as watch:
        return backend_of(factory, "name", watch)


def test_a_factory_declares_what_its_backends_promise() -> None:
    @declares("reopen", "exact-messages", rejection_mode="keeps-rejected")
    def make(directory: Path) -> ListWal:
        return PickledWal(directory)

    backend = made(make)

    assert backend.capabilities == {Capability.REOPEN, Capability.EXACT_MESSAGES}
    assert backend.rejection_mode is RejectionMode.KEEPS_REJECTED
    assert made(ListWal).capabilities == set()
    assert made(ListWal).rejection_mode is RejectionMode.CLEAN_REJECT


def test_a_default_is_a_setting_unless_it_is_named_as_ours(tmp_path: Path) -> None:
    given: list[object] = []

    def by_name(directory: Path | None = None, size: int = 3) -> ListWal:
        given.append((directory, size))
        return ListWal()

    def by_setting(size: int = 3) -> ListWal:
        given.append(size)
        return ListWal()

    for factory, wanted in ((by_name, (tmp_path, 3)), (by_setting, 3)):
        make = made(factory).agreement_wal
        assert make is not None
        make(tmp_path)
        assert given[-1] == wanted


def test_a_declaration_counts_for_a_factory_of_whole_backends_too() -> None:
    own = Backend("own", agreement_wal=PickledWal, capabilities=frozenset({Capability.REOPEN}))

    # The factory of the log is wrapped, so that a history's storage is closed and destroyed.
    kept = made(lambda: own)
    assert replace(kept, agreement_wal=own.agreement_wal) == own
    assert made(declares("exact-messages")(lambda: own)).capabilities == {Capability.EXACT_MESSAGES}


def test_an_unknown_promise_is_refused_where_it_is_made() -> None:
    with pytest.raises(UsageError, match="capability `flight`"):
        declares("flight")
    with pytest.raises(UsageError, match="rejection mode `never`"):
        declares(rejection_mode="never")


@pytest.mark.nightly
def test_a_promise_that_is_not_kept_is_a_failure() -> None:
    @declares("reopen")
    def make(directory: Path) -> ListWal:
        return ListWal()

    text = failure_of(lambda: check_backend(made(make), profile="quick"))

    assert "WAL-08 (MUST) failed" in text


# The package


def test_the_package_loads_its_names_late() -> None:
    code = (
        "import sys, conformance\n"
        "assert 'hypothesis' not in sys.modules\n"
        "assert all(hasattr(conformance, name) for name in conformance.__all__)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    with pytest.raises(AttributeError, match="attribute check_everything"):
        importlib.import_module("conformance").__getattr__("check_everything")


@pytest.mark.nightly
def test_a_harness_is_checked_like_an_object() -> None:
    """The function gives the report of a conforming harness and raises for one that is not."""
    command = f"{sys.executable} -m conformance serve tests.zoo.door_targets"
    report = check_harness(f"{command}:SQLITE_LOG", profile="quick")
    assert report.backends[0].name == "sqlite log"

    with pytest.raises(AssertionError, match="deduplicates: WAL-02 "):
        check_harness(f"{command}:DEDUPLICATES", profile="quick")
    with pytest.raises(AssertionError, match="cannot be started"):
        check_harness("there-is-no-such-program", profile="quick")
