"""A tour takes every transition, and what misbehaves at one of them only cannot hide from it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from conformance.backend import Backend, Capability
from conformance.checker.models.tours import (
    LogLetter,
    TourLog,
    is_refused,
    log_after,
    log_letters,
    tour_cache,
    tour_log,
)
from conformance.checker.tours import HISTORY_MAX, Tour
from conformance.engine.session import Session
from conformance.engine.watch import CallWatch
from conformance.machines.tours import TOUR_PROFILE, entry_of, tour_suites
from conformance.records.results import Verdict
from conformance.run.runner import tour_backend
from conformance.run.shipped import SHIPPED_BACKENDS
from telltale_spec.model.machine import order_error
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry

_LETTERS = log_letters(can_reopen=True)
_BY_ENTRY = {
    entry_of(letter): letter for letter in _LETTERS if letter.kind not in ("read_since", "reopen")
}
_PHANTOM = entry_of(LogLetter("gate", 2))


def _transitions() -> list[tuple[TourLog, LogLetter]]:
    states, found = [TourLog()], []
    for state in states:
        for letter in _LETTERS:
            found.append((state, letter))
            after = log_after(state, letter)
            if after not in states:
                states.append(after)
    return found


class OneWrongTransition:
    """A right log in every state and at every operation but one."""

    stored: dict[Path, tuple[tuple[AgreementWalEntry, ...], TourLog]]

    def __init__(self, directory: Path, wrong: tuple[TourLog, LogLetter]) -> None:
        self.directory = directory
        self.wrong = wrong
        if directory not in type(self).stored:
            self.entries: tuple[AgreementWalEntry, ...] = ()
            self.state = TourLog()
            self._keep()
            return
        self.entries, self.state = type(self).stored[directory]
        if self._goes_wrong(LogLetter("reopen")):
            self.entries = (*self.entries, _PHANTOM)
        self.state = log_after(self.state, LogLetter("reopen"))
        self._keep()

    def _keep(self) -> None:
        type(self).stored[self.directory] = self.entries, self.state

    def _goes_wrong(self, letter: LogLetter) -> bool:
        return (self.state, letter) == self.wrong

    def append(self, entry: AgreementWalEntry) -> None:
        letter = _BY_ENTRY[entry]
        refused = is_refused(self.state, letter)
        # Wrong is to take what has to be refused, and to forget what has to be taken.
        stores = refused if self._goes_wrong(letter) else not refused
        error = order_error((*self.entries, entry)) if refused and not stores else None
        self.state = log_after(self.state, letter)
        if stores:
            self.entries = (*self.entries, entry)
        self._keep()
        if error is not None:
            raise error

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        found = tuple(entry for entry in self.entries if entry.tick > tick)
        return (*found, _PHANTOM) if self._goes_wrong(LogLetter("read_since", tick)) else found

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(self.entries)


def _backend(wrong: tuple[TourLog, LogLetter] | None) -> Backend:
    kind = type("Log", (OneWrongTransition,), {"stored": {}})
    never = (TourLog(9), LogLetter("reopen"))
    return Backend(
        "one wrong transition",
        agreement_wal=lambda directory: kind(directory, wrong or never),
        capabilities=frozenset({Capability.REOPEN, Capability.EXACT_MESSAGES}),
    )


def test_the_tour_is_whole_and_short() -> None:
    """Every transition of the bounded log is taken, in few operations more than there are."""
    tour = Tour(tour_log(can_reopen=True, goes_on_after_refusal=True))
    assert tour.transitions_count == len(_transitions())
    operations = 0
    while tour.way(tour.start, HISTORY_MAX):
        state, length = tour.start, 0
        while way := tour.way(state, HISTORY_MAX - length):
            for name in way:
                state = tour.take(state, name)
            length += len(way)
        assert 0 < length <= HISTORY_MAX
        operations += length

    assert tour.covered_count == tour.transitions_count
    assert operations < 2 * tour.transitions_count


def test_without_opening_anew_there_is_less_to_take() -> None:
    whole = Tour(tour_cache(can_reopen=True))
    less = Tour(tour_cache(can_reopen=False))

    assert less.transitions_count < whole.transitions_count


def test_a_right_log_passes_the_whole_tour() -> None:
    with CallWatch() as watch:
        report = tour_backend(_backend(None), watch=watch)

    count = len(_transitions())
    assert any(f"{count} of {count} transitions taken" in note for note in report.notes)
    verdicts = {result.requirement_id: result.verdict for result in report.results}
    assert verdicts["WAL-01"] is verdicts["WAL-08"] is Verdict.PASS
    assert Verdict.FAIL not in verdicts.values()


@pytest.mark.parametrize("backend", SHIPPED_BACKENDS[:1], ids=lambda backend: backend.name)
def test_the_reference_passes_the_whole_tour(backend: Backend) -> None:
    with CallWatch() as watch:
        report = tour_backend(backend, watch=watch)

    assert Verdict.FAIL not in {result.verdict for result in report.results}
    assert sum("transitions taken" in note for note in report.notes) == 4


@pytest.mark.requirement("WAL-07")
def test_a_log_that_is_never_fresh_ends_the_tour() -> None:
    """Where not even the beginning is right there is nothing to take, and all else is open."""

    class NeverFresh(OneWrongTransition):
        stored = {}  # noqa: RUF012 - filled by the logs of this test

        def load(self) -> AgreementWalArtifact:
            return AgreementWalArtifact((_PHANTOM, *self.entries))

    wrong = (TourLog(9), LogLetter("reopen"))
    backend = Backend("never fresh", agreement_wal=lambda directory: NeverFresh(directory, wrong))
    with CallWatch() as watch:
        report = tour_backend(backend, watch=watch)

    verdicts = {result.requirement_id: result.verdict for result in report.results}
    assert verdicts["WAL-07"] is Verdict.FAIL
    assert Verdict.PASS not in verdicts.values()
    assert any(": 0 of " in note for note in report.notes)


@pytest.mark.parametrize("seed", range(20))
def test_one_wrong_transition_is_caught_and_named(seed: int) -> None:
    state, letter = random.Random(seed).choice(_transitions())  # noqa: S311 - no secret
    suite = tour_suites()[0]
    backend = _backend((state, letter))
    with CallWatch() as watch:
        session = Session(suite.name, backend, watch, TOUR_PROFILE.budget)
        with session:
            found = suite.search(session, 0)

    assert found is not None
    assert found.actual.endswith(f"(in {state}, at `{letter.name}`)")
