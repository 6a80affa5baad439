"""One search: what is counted, what is muted, and what is never taken for a pass."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis.internal.conjecture import providers

from conformance.backend import Backend
from conformance.engine.headway import Headway
from conformance.engine.profiles import PROFILES, Profile
from conformance.engine.session import (
    Budget,
    History,
    HistoryEnded,
    Raised,
    Returned,
    Session,
    Violation,
)
from conformance.engine.texts import exception_text, repeatable_text
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.machines.wal import WAL_SUITE
from conformance.records.results import BackendReport, Verdict
from conformance.records.verdicts import ExitStatus, exit_status
from conformance.run.runner import judge_backend, run_check
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from tests.zoo.broken_wals import ListWal

BUDGET = Budget(10, 10, 60.0)


@pytest.fixture
def session() -> Iterator[Session]:
    with CallWatch(0.5) as watch, Session("suite", Backend("b"), watch, BUDGET) as entered:
        yield entered


@pytest.fixture
def history(session: Session) -> History:
    return session.new_history()


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> None:
        raise error

    return act


# Calls


def test_an_answer_is_a_value_or_a_declared_error(history: History) -> None:
    assert history.call("read", lambda: 7) == Returned(7)
    assert history.call("append", raising(DurabilityError("full"))) == Raised("full")
    assert [(step.text, step.answer) for step in history.steps] == [
        ("read", "ok"),
        ("append", "refused: full"),
    ]


def test_a_quiet_call_is_noted_only_if_something_is_wrong(history: History) -> None:
    history.call("load", lambda: 7, quiet=True)
    assert history.steps == []

    history.call("load", raising(DurabilityError("full")), quiet=True)
    assert len(history.steps) == 1


@pytest.mark.parametrize(
    "error", [KeyError("x"), SystemExit(1), GeneratorExit(), AssertionError(), MemoryError()]
)
def test_any_other_exception_breaks_the_named_requirement(
    history: History, error: BaseException
) -> None:
    with pytest.raises(Violation) as caught:
        history.call("append", raising(error), undeclared="CACHE-07")

    assert caught.value.counterexample.requirement_id == "CACHE-07"
    assert type(error).__name__ in caught.value.counterexample.actual


def test_an_error_without_a_text_is_a_violation(history: History) -> None:
    with pytest.raises(Violation):
        history.call("append", raising(DurabilityError("")))


def test_ctrl_c_is_nobodys_violation(history: History) -> None:
    with pytest.raises(KeyboardInterrupt):
        history.call("append", raising(KeyboardInterrupt()))


def test_a_call_that_does_not_end_is_a_fault_that_names_it(history: History) -> None:
    history.call("append a", lambda: None)
    with pytest.raises(BackendFault) as caught:
        history.call("append b", lambda: time.sleep(60))

    assert caught.value.message == (
        "no answer within 0.5 seconds from: append b (after 1 operations, the last: append a)"
    )


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(1), DurabilityError("no")])
def test_making_and_closing_may_not_raise(history: History, error: BaseException) -> None:
    class Closable:
        close = staticmethod(raising(error))

    with pytest.raises(BackendFault, match=r"making the log raised"):
        history.start("the log", raising(error))
    with pytest.raises(BackendFault, match=r"closing a Closable raised"):
        history.release(Closable())
    history.release(object())


# Checks


def test_a_check_counts_and_a_broken_one_carries_the_history(
    history: History, session: Session
) -> None:
    history.note("append", "ok")
    history.check("WAL-01", True, "", "")
    with pytest.raises(Violation) as caught:
        history.check("WAL-01", False, lambda: "[a]", "[]")
    found = caught.value.counterexample

    assert session.checks == {"WAL-01": 2}
    assert (found.suite, found.expected, found.actual) == ("suite", "[a]", "[]")
    assert [step.text for step in found.steps] == ["append"]
    assert found.reproduced
    assert session.smallest is found


def test_the_shortest_counterexample_is_kept(session: Session) -> None:
    for length in (3, 1, 2):
        history = session.new_history()
        for number in range(length):
            history.note(str(number), "ok")
        with pytest.raises(Violation):
            history.check("WAL-01", False, "", "")

    assert session.smallest is not None
    assert len(session.smallest.steps) == 1


def test_a_muted_violation_ends_the_history_and_nothing_else(session: Session) -> None:
    session.muted = frozenset({"WAL-01"})
    history = session.new_history()
    acts = []
    history.run(lambda: history.check("WAL-01", False, "", ""))
    history.run(lambda: acts.append("more"))

    assert acts == []
    assert history.ended
    assert session.smallest is None
    other = session.new_history()
    with pytest.raises(Violation):
        other.run(lambda: other.check("WAL-02", False, "", ""))


def test_the_end_of_a_history_is_an_exception_inside_it(session: Session) -> None:
    session.muted = frozenset({"WAL-01"})
    with pytest.raises(HistoryEnded):
        session.new_history().check("WAL-01", False, "", "")


def test_no_history_begins_after_the_budget(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not session.new_history().ended
    later = time.process_time() + 1_000_000.0
    monkeypatch.setattr(time, "process_time", lambda: later)

    assert session.new_history().ended
    assert session.budget_ran_out
    assert session.histories == 2


# Texts


def test_texts_do_not_tell_runs_apart(history: History) -> None:
    directory = history.directory()
    history.note("append", f"refused: {directory}/a.log by {object()!r}")
    with pytest.raises(Violation) as caught:
        history.check("WAL-01", False, f"{directory}", lambda: f"{object()!r}")

    assert history.steps[0].answer == "refused: <directory>/a.log by <object object at 0x...>"
    assert caught.value.counterexample.expected == "<directory>"
    assert caught.value.counterexample.actual == "<object object at 0x...>"
    assert repeatable_text("at 0xfoo, 0x12") == "at 0x...oo, 0x12"


def test_the_answer_of_the_model_is_compared_before_it_is_made_repeatable(
    history: History,
) -> None:
    answer = history.call("append", raising(DurabilityError("entry at 0x12 is late")))

    assert answer == Raised("entry at 0x12 is late")


def test_long_answers_are_shortened(history: History) -> None:
    history.note("load", "x" * 10_000)
    with pytest.raises(Violation) as caught:
        history.check("WAL-01", False, "x" * 10_000, "y")

    assert history.steps[0].answer == "x" * 400 + "... (10000 characters)"
    assert len(caught.value.counterexample.expected) < 2_100


def test_an_exception_may_be_unable_to_tell_its_text() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert exception_text(MuteError()) == "MuteError: (its text raised ValueError)"
    assert exception_text(KeyError()) == "KeyError"


def test_nothing_is_left_on_disk(session: Session) -> None:
    history = session.new_history()
    directory = history.directory()
    (directory / "log").write_text("x")
    history.close()

    assert not directory.exists()


def test_a_session_is_entered_before_it_is_used() -> None:
    with pytest.raises(RuntimeError, match="enter it first"):
        Session("suite", Backend("b"), CallWatch(), BUDGET).new_history().directory()


# Whole searches


def judged(
    make: Callable[[Path], Any], *, profile: Profile = PROFILES["quick"], only: tuple[str, ...] = ()
) -> BackendReport:
    backend = Backend("b", agreement_wal=make)
    with CallWatch() as watch:
        return judge_backend(backend, profile, seed=0, watch=watch, suites=(WAL_SUITE,), only=only)


def verdicts(report: BackendReport) -> dict[str, Verdict]:
    return {result.requirement_id: result.verdict for result in report.results}


class Idle:
    """Does nothing and says so politely."""

    def append(self, entry: AgreementWalEntry) -> None:
        pass

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return ()

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(())


def test_a_backend_that_does_nothing_passes_nothing_that_asks_for_something() -> None:
    found = verdicts(judged(lambda directory: Idle()))

    assert found["WAL-01"] is Verdict.FAIL
    for requirement_id in ("WAL-02", "WAL-03", "WAL-04", "WAL-05", "WAL-08", "WAL-10"):
        assert found[requirement_id] is not Verdict.PASS, requirement_id


def test_a_spent_budget_is_never_a_pass() -> None:
    profile = Profile("none", Budget(histories=5, operations=5, seconds=-1.0))
    report = judged(lambda directory: ListWal(), profile=profile)

    assert Verdict.PASS not in verdicts(report).values()
    assert Verdict.INCONCLUSIVE in verdicts(report).values()


def test_a_budget_that_runs_out_on_the_way_is_never_a_pass() -> None:
    """The engine sees histories change under its hands then; that is no fault of ours."""

    class Slow(ListWal):
        def append(self, entry: AgreementWalEntry) -> None:
            time.sleep(0.005)
            super().append(entry)

    # A quarter of the plan would be enough for a judgement, so there is no time for that.
    profile = Profile("short", Budget(2_000, 20, seconds=0.4, wall_seconds=5.0))
    report = judged(lambda directory: Slow(), profile=profile)
    reasons = {result.reason for result in report.results}

    assert Verdict.PASS not in verdicts(report).values()
    assert Verdict.FAIL not in verdicts(report).values()
    assert any(each.startswith("the time of the profile ran out") for each in reasons)


def test_a_violation_that_does_not_repeat_is_a_violation() -> None:
    calls = itertools.count()

    class Once(ListWal):
        def load(self) -> AgreementWalArtifact:
            if next(calls) == 50:
                raise KeyError("once")
            return super().load()

    report = judged(lambda directory: Once(), only=("WAL-09",))
    (result,) = report.results

    assert result.verdict is Verdict.FAIL
    assert result.counterexample is not None
    assert not result.counterexample.reproduced
    assert "KeyError: 'once'" in result.counterexample.actual


def test_answers_that_change_break_what_they_break_and_nothing_else() -> None:
    calls = itertools.count()

    class Moody(ListWal):
        """Refuses every seventh legal entry, whatever the history."""

        def store(self, entry: AgreementWalEntry) -> None:
            if next(calls) % 7 == 0:
                raise DurabilityError("busy")
            super().store(entry)

    report = judged(lambda directory: Moody())

    found = verdicts(report)

    assert report.fault is None
    assert found.pop("WAL-13.accept") is Verdict.FAIL
    # The text of a refusal may be that of a busy log, where it should be refused for its order.
    found.pop("WAL-03.text")
    assert set(found.values()) <= {Verdict.PASS, Verdict.NOT_APPLICABLE}


def test_one_requirement_alone_gets_the_verdict_and_history_that_it_gets_among_all() -> None:
    class Broken(ListWal):
        def read_since(self, tick: int) -> list[AgreementWalEntry]:
            return [entry for entry in self.entries if entry.tick >= tick]

        def load(self) -> AgreementWalArtifact:
            if len(self.entries) > 2:
                raise OSError("too many")
            return super().load()

    profile = Profile("short", Budget(histories=60, operations=10, seconds=60.0))
    whole = judged(lambda directory: Broken(), profile=profile)
    failed = [result for result in whole.results if result.verdict is Verdict.FAIL]

    assert {"WAL-05", "WAL-09"} <= {result.requirement_id for result in failed}
    # The one that was found last, after the others had been muted.
    result = max(failed, key=lambda each: each.checks)
    alone = judged(lambda directory: Broken(), profile=profile, only=(result.requirement_id,))
    assert alone.results == [replace(result, checks=alone.results[0].checks)]


def test_a_search_that_gives_up_leaves_nothing_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.engine.search._BINDING_FAILURES_MAX", 1)
    report = judged(lambda directory: Idle())
    found = verdicts(report)

    assert list(found.values()).count(Verdict.FAIL) == 1
    assert Verdict.PASS not in found.values()
    assert "the search ended after 1 failures" in {result.reason for result in report.results}


def test_objects_that_raise_where_they_are_looked_at_are_the_backends_fault() -> None:
    # What is defined in this package would count as ours.
    outside: dict[str, Any] = {"__name__": "outside"}
    exec("def __iter__(self):\n    raise KeyError('lazy')\n", outside)  # noqa: S102
    lazy_list = type("LazyList", (list,), {"__iter__": outside["__iter__"]})

    class LazyWal(ListWal):
        def read_since(self, tick: int) -> Any:
            return lazy_list()

    with pytest.raises(BackendFault, match="raised KeyError: 'lazy' outside of any call"):
        judged(lambda directory: LazyWal())


def test_a_mistake_of_ours_is_not_blamed_on_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.engine.session.Session.new_history", None)

    with pytest.raises(TypeError):
        judged(lambda directory: ListWal())


def test_a_fault_stops_one_backend_and_not_the_others() -> None:
    def fails(directory: Path) -> Any:
        raise KeyError("gone")

    backends = [
        Backend("first", agreement_wal=fails),
        Backend("second", agreement_wal=lambda directory: ListWal()),
    ]
    report = run_check(backends, Profile("short", Budget(3, 3, 60.0)))

    assert report.backends[0].fault == "making the agreement WAL raised KeyError: 'gone'"
    assert report.backends[1].fault is None
    assert exit_status(report) is ExitStatus.BACKEND_FAULT


def test_other_modules_do_not_change_what_is_drawn() -> None:
    """The engine would mix literals of every imported module into its values."""
    private: Any = providers
    literals = []

    class Looking(ListWal):
        def load(self) -> AgreementWalArtifact:
            literals.append(len(private._get_local_constants()))
            return super().load()

    before = len(private._get_local_constants())
    judged(lambda directory: Looking(), profile=Profile("short", Budget(3, 3, 60.0)))

    assert set(literals) == {0}
    # Other tests of the same process get them back.
    assert len(private._get_local_constants()) >= before > 0


def test_headway_counts_the_calls_made_before(session: Session) -> None:
    """Whoever waits sees how many histories were begun, and how many calls were made in them."""
    seen: list[Headway] = []
    session.on_history = seen.append
    history = session.new_history()
    for _ in range(3):
        history.call("load the log", lambda: None)
    session.new_history()

    assert [(each.histories, each.operations) for each in seen] == [(1, 0), (2, 3)]
