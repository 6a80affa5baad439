"""What is only recommended is judged like what binds, and never in its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine import draws
from conformance.engine.profiles import profile
from conformance.engine.search import Search
from conformance.engine.session import History
from conformance.engine.suite import LawSuite, TableLaw
from conformance.engine.watch import CallWatch
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.records.results import BackendReport, Verdict
from conformance.run.shipped import ReferenceCodec
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from tests.zoo.judging import failed, judged, unproved

SEEDS = range(5)


class OwnWords:
    """Refuse in words of its own, and store nothing then."""

    def __init__(self) -> None:
        self.entries: tuple[AgreementWalEntry, ...] = ()

    def append(self, entry: AgreementWalEntry) -> None:
        self._validate(entry)
        self.entries = (*self.entries, entry)

    def _validate(self, entry: AgreementWalEntry) -> None:
        try:
            AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        except DurabilityError:
            self._refused(entry)
            raise DurabilityError("escalation goes backwards") from None

    def _refused(self, entry: AgreementWalEntry) -> None:
        """Do what a refusal does beside being one."""

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(self.entries)


class StoresWhatItRefused(OwnWords):
    def _refused(self, entry: AgreementWalEntry) -> None:
        self.entries = (*self.entries, entry)


class WedgedByARefusal(OwnWords):
    wedged = False

    def append(self, entry: AgreementWalEntry) -> None:
        if self.wedged:
            raise DurabilityError("the log is closed")
        super().append(entry)

    def _refused(self, entry: AgreementWalEntry) -> None:
        self.wedged = True


class SignedTicks(OwnWords):
    """Refuse cleanly what a signed column cannot keep."""

    def append(self, entry: AgreementWalEntry) -> None:
        if entry.tick >= 2**63:
            raise DurabilityError("the tick does not fit")
        super().append(entry)


class TicksFromOne(OwnWords):
    """Refuse cleanly a tick that stands for none."""

    def append(self, entry: AgreementWalEntry) -> None:
        if entry.tick == 0:
            raise DurabilityError("ticks begin at 1")
        super().append(entry)


class NoNul(OwnWords):
    """Refuse cleanly what a text column cannot keep."""

    def append(self, entry: AgreementWalEntry) -> None:
        if "\0" in repr(entry.to_dict()) or "\\x00" in repr(entry.to_dict()):
            raise DurabilityError("a NUL")
        super().append(entry)


class BusyNowAndThen(OwnWords):
    """Refuse every seventh append of an object, whatever it is, and take it when asked again."""

    asked = 0

    def append(self, entry: AgreementWalEntry) -> None:
        self.asked += 1
        if self.asked % 7 == 0:
            raise DurabilityError("busy")
        super().append(entry)


class StoresWhatItCannotTake(SignedTicks):
    def append(self, entry: AgreementWalEntry) -> None:
        if entry.tick >= 2**63:
            self.entries = (*self.entries, entry)
        super().append(entry)


class LosesEscalationsAfterARefusal(OwnWords):
    refused = False

    def append(self, entry: AgreementWalEntry) -> None:
        before = self.entries
        super().append(entry)
        if self.refused and isinstance(entry, Escalation):
            self.entries = before

    def _refused(self, entry: AgreementWalEntry) -> None:
        self.refused = True


def of_log(make: Any) -> Backend:
    return Backend("log", agreement_wal=lambda directory: make())


def quick(backend: Backend, seed: int) -> BackendReport:
    return judged(backend, (WAL_SUITE, CACHE_SUITE), seed=seed, profile_name="quick")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", [OwnWords, SignedTicks, TicksFromOne, NoNul, BusyNowAndThen])
@pytest.mark.requirement("WAL-03.text", "WAL-13.accept", "WAL-04")
def test_a_right_log_with_words_of_its_own_conforms_with_nothing_open(make: Any, seed: int) -> None:
    report = quick(of_log(make), seed)
    must = [each for each in report.results if each.level == "MUST"]

    assert unproved(report) == [each for each in failed(report) if each.startswith("WAL")]
    assert set(failed(report)) <= {"WAL-03.text", "WAL-13.accept"}
    assert not [each for each in must if each.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "requirement_id"),
    [
        (StoresWhatItRefused, "WAL-04"),
        (WedgedByARefusal, "WAL-04"),
        (StoresWhatItCannotTake, "WAL-13"),
        (LosesEscalationsAfterARefusal, "WAL-01"),
    ],
)
def test_what_a_refusal_hides_is_found_behind_words_of_its_own(
    make: Any, requirement_id: str, seed: int
) -> None:
    assert requirement_id in failed(quick(of_log(make), seed))


class Shuffled:
    """Keep everything, in the order of the ids."""

    def __init__(self, directory: Path) -> None:
        self.inner = InMemoryEvidenceOutcomeCache()
        self.get, self.put = self.inner.get, self.inner.put

    def load(self) -> EvidenceOutcomeCacheArtifact:
        entries = sorted(self.inner.load().entries, key=lambda each: each.evidence_id)
        return EvidenceOutcomeCacheArtifact(tuple(entries))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.requirement("CACHE-04")
def test_a_cache_with_an_order_of_its_own_has_no_must_open(seed: int) -> None:
    report = quick(Backend("cache", evidence_cache=Shuffled), seed)

    assert failed(report) == ["CACHE-04"]
    assert unproved(report) == ["CACHE-04"]


def test_the_counterexample_of_a_recommendation_is_as_short_as_any() -> None:
    result = quick(of_log(OwnWords), 0).result("WAL-03.text")

    assert result is not None
    assert result.counterexample is not None
    assert len(result.counterexample.steps) <= 2


def test_an_engine_that_cannot_be_kept_from_other_draws_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert draws.engine_notes() == []
    monkeypatch.delattr("hypothesis.internal.conjecture.providers._get_local_constants")
    (note,) = draws.engine_notes()
    monkeypatch.undo()

    assert "equal seeds may give other reports" in note


def test_a_note_on_the_engine_stands_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.run.runner.engine_notes", lambda: ["a note"])

    assert quick(of_log(OwnWords), 0).notes[0] == "a note"


def test_a_recommendation_is_looked_for_again_where_it_was_broken_and_nowhere_else() -> None:
    """A codec that breaks a dozen was asked eight times as much as one that breaks none."""
    asked: list[str] = []

    def judge_third(history: History, value: int) -> None:
        asked.append(f"third {value}")
        history.check("WIRE-05", value != 3, "kept", "broken")

    def judge_other(history: History, value: int) -> None:
        asked.append(f"other {value}")
        history.check("WIRE-01", True, "", "")

    suite = LawSuite(
        name="codec",
        laws=(
            TableLaw("other", lambda _: range(9), judge_other),
            TableLaw("third", lambda _: range(9), judge_third),
        ),
        requirement_ids=("WIRE-01", "WIRE-05"),
        situations={},
        present=lambda backend: True,
    )
    backend = Backend("one that breaks it", codec=ReferenceCodec())
    with CallWatch() as watch:
        search = Search(
            suite, suite.requirement_ids, backend, profile("quick"), 0, watch, lambda *_: None
        )
        search.recommended = frozenset({"WIRE-05"})
        search.run()

    assert list(search.failures) == ["WIRE-05"]
    assert asked[:18] == [
        *(f"other {each}" for each in range(9)),
        *(f"third {each}" for each in range(9)),
    ]
    assert set(asked[18:]) == {"third 3"}
