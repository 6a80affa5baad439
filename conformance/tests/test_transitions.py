"""Histories are followed on bounded models, and counted while they are within them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.backend import Backend, Capability
from conformance.checker.models.tours import CacheLetter, LogLetter, TourLog
from conformance.engine.acts import Act
from conformance.engine.budget import Budget
from conformance.engine.profiles import Profile, profile
from conformance.engine.session import Session
from conformance.engine.suite import MachineSuite
from conformance.engine.watch import CallWatch
from conformance.machines.bounded import entry_of, log_walks, outcome_entry_of
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.handler_path import HandlerPath
from conformance.machines.kills import WAL_KILL_SUITE
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_path import RecoveryPath
from conformance.machines.sync_path import SyncPath
from conformance.machines.tours import TOUR_PROFILE
from conformance.machines.transitions import Transitions
from conformance.machines.wal import WAL_SUITE
from conformance.machines.wal_sync import WAL_SYNC_SUITE
from conformance.records.results import BackendReport, Counterexample, Report, TransitionResult
from conformance.report.junit import junit_xml
from conformance.report.page import html_page
from conformance.report.summary import transitions_text
from conformance.report.text import print_report
from conformance.run.runner import judge_backend, run_check, tour_backend
from conformance.run.shipped import SHIPPED_BACKENDS
from conformance.tests.test_tours import _BY_ENTRY, OneWrongTransition, _backend, _transitions
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.evidence import MENDED_BY_EVIDENCE, HardenedEvidencePersistenceHandler
from telltale_spec.model.machine import order_error
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalEntry, Escalation

_MEMORY, _FILE = SHIPPED_BACKENDS[:2]
_GATE = LogLetter("gate", 1)
_UP = LogLetter("escalation", 1, 0, 1)


def _acts(suite: MachineSuite, data: Iterable[object]) -> list[Act]:
    return suite.acts_of(list(data))


def _escalation(operation_id: str) -> Escalation:
    entry = entry_of(_UP)
    assert isinstance(entry, Escalation)
    return replace(entry, operation_id=operation_id)


def _appends(*letters: LogLetter) -> list[dict[str, object]]:
    return [{"act": "append", "entry": entry_of(each).to_dict()} for each in letters]


def _taken(backend: Backend, suite: MachineSuite, acts: Sequence[Act]) -> int:
    transitions = Transitions(backend)
    with CallWatch() as watch:
        session = Session(
            suite.name, backend, watch, TOUR_PROFILE.budget, follower=transitions.follower(suite)
        )
        with session:
            assert suite.replay(session, acts).counterexample is None
    (found,) = transitions.results()
    return found.taken


def test_each_transition_counts_once() -> None:
    once = _acts(WAL_SUITE, _appends(_GATE))
    again = _acts(WAL_SUITE, _appends(_GATE, _GATE, _GATE, _GATE))

    assert _taken(_FILE, WAL_SUITE, once) == 1
    # From the empty log, and then from one with a gate at this tick to itself.
    assert _taken(_FILE, WAL_SUITE, again) == 2


def test_reads_count_and_loads_do_not() -> None:
    data = [*_appends(_GATE), {"act": "load_log"}, {"act": "read_since", "tick": 0}]
    data += [{"act": "read_since", "tick": 7}, {"act": "reopen"}]

    assert _taken(_FILE, WAL_SUITE, _acts(WAL_SUITE, data)) == 3


@pytest.mark.parametrize(
    "entry",
    [
        entry_of(LogLetter("gate", 9)),
        _escalation("another"),
    ],
    ids=["another tick", "another operation"],
)
def test_what_leaves_the_model_is_not_counted_and_neither_is_what_follows(
    entry: AgreementWalEntry,
) -> None:
    data = [*_appends(_UP), {"act": "append", "entry": entry.to_dict()}, *_appends(_GATE, _UP)]

    assert _taken(_FILE, WAL_SUITE, _acts(WAL_SUITE, data)) == 1


def test_any_operation_plays_the_one_of_the_model() -> None:
    renamed = _escalation("another").to_dict()
    data = [{"act": "append", "entry": renamed}, *_appends(_GATE)]

    assert _taken(_FILE, WAL_SUITE, _acts(WAL_SUITE, data)) == 2


def test_a_log_that_declines_what_it_may_take_is_not_followed_any_further() -> None:
    class Declining(OneWrongTransition):
        stored = {}  # noqa: RUF012 - filled by the logs of this test

        def append(self, entry: AgreementWalEntry) -> None:
            if self.entries:
                raise DurabilityError("full")
            super().append(entry)

    never = (TourLog(9), LogLetter("reopen"))
    backend = Backend("declining", agreement_wal=lambda directory: Declining(directory, never))
    transitions = Transitions(backend)
    with CallWatch() as watch:
        session = Session(
            WAL_SUITE.name,
            backend,
            watch,
            TOUR_PROFILE.budget,
            aside=frozenset({"WAL-13.accept"}),
            follower=transitions.follower(WAL_SUITE),
        )
        with session:
            gate = LogLetter("gate", 2)
            WAL_SUITE.replay(session, _acts(WAL_SUITE, _appends(_GATE, gate, gate, _UP)))

    (found,) = transitions.results()
    # The second append was made, and what it led to is none of the model's states.
    assert found.taken <= 2


def test_keys_have_roles_in_their_order() -> None:
    puts = [CacheLetter("put", key, 1) for key in ("e", "f", "")]
    data: list[dict[str, object]] = []
    for name, letter in zip(("-", "waterproof", ""), puts, strict=True):
        entry = replace(outcome_entry_of(letter), evidence_id=name)
        data.append({"act": "put_outcome", "entry": entry.to_dict()})
    third = replace(outcome_entry_of(puts[0]), evidence_id="e:f")
    more = [*data, {"act": "put_outcome", "entry": third.to_dict()}, *data]

    assert _taken(_MEMORY, CACHE_SUITE, _acts(CACHE_SUITE, data)) == 3
    assert _taken(_MEMORY, CACHE_SUITE, _acts(CACHE_SUITE, more)) == 3


def test_other_suites_are_not_followed() -> None:
    assert Transitions(_FILE).follower(WAL_KILL_SUITE) is None


def test_the_walks_are_a_whole_tour() -> None:
    transitions = {(state, letter.name) for state, letter in _transitions()}
    backend = _backend(None)
    assert sum(map(len, log_walks(backend))) >= len(transitions)


def test_a_tour_takes_all_by_the_count_of_who_looks_on() -> None:
    """Two counts of one thing: of who chooses the acts, and of who only sees them."""
    with CallWatch() as watch:
        report = tour_backend(_backend(None), watch=watch)

    count = len(_transitions())
    assert report.transitions == [TransitionResult("log", count, count)]


_WHOLE = replace(_MEMORY, recovery=DurableRecoveryPlan.from_checkpoint)
_MODELS = ["log", "cache", "wal_sync", "evidence handler", "recovery"]
_SHORT = Profile("short", Budget(4, 8, 30.0, wall_seconds=60.0, rest_milliseconds=1))


@pytest.fixture(scope="module")
def report() -> Report:
    return run_check([_WHOLE], _SHORT)


@pytest.mark.nightly
def test_a_random_run_says_what_it_covered_of_all_that_there_is(report: Report) -> None:
    (judged,) = report.backends
    assert [each.model for each in judged.transitions] == _MODELS
    for each in judged.transitions:
        assert 0 < each.taken < each.total
    assert [each.total for each in judged.transitions] == [656, 711, 1_660, 6_603, 15_112]


def test_every_form_of_a_report_has_a_figure_for_each_model(report: Report) -> None:
    (judged,) = report.backends
    shown = [f"{each.model}: {each.taken} of {each.total}" for each in judged.transitions]
    text = "; ".join(each.replace(": ", ": transitions covered ") for each in shown)

    assert transitions_text(judged) == text
    assert f"memory: {text}" in _printed(report)
    assert f'value="{text}"' in junit_xml(report)
    page = html_page(report)
    assert [page.count(f">{each}<") for each in shown] == [1] * len(_MODELS)
    tree = json.loads(report.to_text())["backends"][0]["transitions"]
    assert [each["model"] for each in tree] == _MODELS


def _printed(report: Report) -> str:
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=200))
    return stream.getvalue()


def _searched_at_random() -> BackendReport:
    suites = (WAL_SUITE, CACHE_SUITE, WAL_SYNC_SUITE, EVIDENCE_SUITE, RECOVERY_SUITE)
    with CallWatch() as watch:
        return judge_backend(_WHOLE, _SHORT, seed=0, watch=watch, suites=suites, is_part=True)


@pytest.mark.nightly
def test_equal_runs_give_equal_figures_and_no_verdict_depends_on_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = _searched_at_random(), _searched_at_random()
    monkeypatch.setattr(Transitions, "follower", lambda transitions, suite: None)
    unseen = _searched_at_random()

    assert [each.model for each in first.transitions] == _MODELS
    assert second == first
    assert unseen == replace(first, transitions=[])


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (SyncPath, {"agreement_wal_handler": AgreementWalHandler}),
        (HandlerPath, {"evidence_handler": EvidencePersistenceHandler}),
        (RecoveryPath, {"recovery": DurableRecoveryPlan.from_checkpoint}),
    ],
    ids=["wal_sync", "evidence handler", "recovery"],
)
def test_a_fault_of_who_looks_on_is_told(
    path: type[Any], part: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def acted(path: Any, subject: Any, act: Act) -> None:
        raise LookupError("our own fault")

    monkeypatch.setattr(path, "acted", acted)

    with pytest.raises(LookupError, match="our own fault"):
        run_check([Backend("right", **part)], _SHORT)


def test_the_figures_of_a_tour_are_said_once() -> None:
    backend = Backend(
        "handlers",
        agreement_wal_handler=AgreementWalHandler,
        evidence_handler=HardenedEvidencePersistenceHandler,
        mends=MENDED_BY_EVIDENCE,
    )
    with CallWatch() as watch:
        toured = tour_backend(backend, watch=watch)

    assert [each.model for each in toured.transitions] == ["wal_sync", "evidence handler"]
    assert all(each.taken == each.total for each in toured.transitions)


def test_the_form_of_a_report_has_the_figures(report: Report) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked by jsonschema")
    schema = Path(__file__).parents[1] / "schemas" / "report.v1.schema.json"
    tree = json.loads(report.to_text())
    jsonschema.validate(tree, json.loads(schema.read_text(encoding="utf-8")))
    del tree["backends"][0]["transitions"]
    old = BackendReport.from_dict(tree["backends"][0])

    # A report of before is read as one that does not tell.
    assert transitions_text(old) == ""


class OneWrongTransitionOfAny(OneWrongTransition):
    """The same log, which takes all other entries rightly and forgets its states with them."""

    def append(self, entry: AgreementWalEntry) -> None:
        if entry in _BY_ENTRY and self.state.last != "another entry":
            super().append(entry)
            return
        error = order_error((*self.entries, entry))
        if error is not None:
            raise error
        self.entries = (*self.entries, entry)
        self.state = TourLog(last="another entry")
        self._keep()

    def _goes_wrong(self, letter: LogLetter) -> bool:
        return self.state.last != "another entry" and super()._goes_wrong(letter)


def _found_in_directed_cases(wrong: tuple[TourLog, LogLetter]) -> Counterexample | None:
    kind = type("Log", (OneWrongTransitionOfAny,), {"stored": {}})
    backend = Backend(
        "one wrong transition",
        agreement_wal=lambda directory: kind(directory, wrong),
        capabilities=frozenset({Capability.REOPEN, Capability.EXACT_MESSAGES}),
    )
    with CallWatch() as watch:
        session = Session(DIRECTED_LOG_SUITE.name, backend, watch, profile("ci").budget)
        with session:
            return DIRECTED_LOG_SUITE.search(session, 0)


@pytest.mark.requirement("WAL-03")
def test_directed_cases_find_what_goes_wrong_at_one_transition_only() -> None:
    found = _found_in_directed_cases((TourLog(2, 2, "a refusal"), LogLetter("escalation", 1, 1, 3)))

    assert found is not None
    assert found.requirement_id == "WAL-03"


def test_directed_cases_pass_a_log_that_goes_wrong_nowhere() -> None:
    assert _found_in_directed_cases((TourLog(9), LogLetter("reopen"))) is None
