"""Recorded histories: right ones pass, wrong ones name their first line, unknown answers fork."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.__main__ import main
from conformance.errors import HistoryError
from conformance.history.judge import judge_history
from conformance.history.lines import HISTORY_FORMAT, read_history
from conformance.records.results import BackendReport, Verdict
from conformance.rules import worlds as logs_module
from conformance.rules.worlds import PossibleLogs
from strategies.alphabets import COLLIDING
from strategies.outcomes import cache_entries
from strategies.requests import wal_sync_requests
from strategies.values import wal_entries
from telltale_spec.backends.file import FileAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.model.machine import RejectionMode, State, step
from telltale_spec.model.operations import Append
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from tests.zoo.broken_caches import ListCache
from tests.zoo.broken_wals import BROKEN_WALS, ListWal

NONE, PROVISIONAL, SOFT_SAFE, FINALIZED = AgreementLevel
ONE = VisibilityGateCrossing("a", "c", NONE, 1)
TWO = VisibilityGateCrossing("b", "c", NONE, 2)
ILLEGAL = Escalation("a", PROVISIONAL, NONE, None, 3)
ERROR = "agreement WAL regression for `a`: Provisional -> None"
RIGHT = st.sampled_from(tuple(RejectionMode))

Line = dict[str, Any]


def append(entry: AgreementWalEntry, answer: str = "ok", message: str | None = None) -> Line:
    line = {"operation": "append", "entry": entry.to_dict(), "answer": answer}
    return line if message is None else {**line, "message": message}


def load(*entries: AgreementWalEntry) -> Line:
    return {"operation": "load", "answer": "ok", "result": [each.to_dict() for each in entries]}


def read_since(tick: int, *entries: AgreementWalEntry) -> Line:
    return {**load(*entries), "operation": "read_since", "tick": tick}


def put(evidence_id: str, name: str, answer: str = "ok") -> Line:
    return {"operation": "put", "entry": cached(evidence_id, name).to_dict(), "answer": answer}


def get(evidence_id: str, name: str | None) -> Line:
    found = None if name is None else cached(evidence_id, name).to_dict()
    return {"operation": "get", "evidence_id": evidence_id, "answer": "ok", "result": found}


def load_cache(*pairs: tuple[str, str]) -> Line:
    result = [cached(*pair).to_dict() for pair in pairs]
    return {"operation": "load_cache", "answer": "ok", "result": result}


def sync(request: WalSyncRequest, result: Any) -> Line:
    tree = request.to_dict()
    return {"operation": "wal_sync", "request": tree, "answer": "ok", "result": result}


def cached(evidence_id: str, name: str) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(evidence_id, name, name, EffectOutcome.blocked())


REOPEN = {"operation": "reopen", "answer": "ok"}
UNKNOWN_LOAD = {"operation": "load", "answer": "unknown"}


def judged(lines: Sequence[Line], **header: Any) -> BackendReport:
    texts = [{"format": HISTORY_FORMAT, **header}, *lines]
    read, events = read_history([json.dumps(each).encode() for each in texts], "file")
    return judge_history(read, events)


def broken(report: BackendReport) -> dict[str, str]:
    """Return the failed requirements, each with the text of its first line."""
    return {
        result.requirement_id: result.counterexample.steps[0].text.partition(":")[0]
        for result in report.results
        if result.counterexample is not None
    }


def verdict(report: BackendReport, requirement_id: str) -> Verdict:
    result = report.result(requirement_id)
    assert result is not None
    return result.verdict


# One line after another


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([append(ONE), load(ONE), load(ONE)], {}),
        ([load(ONE)], {"WAL-07": "line 2"}),
        ([append(ONE), load()], {"WAL-01": "line 3"}),
        ([append(ONE), append(ONE), load(ONE)], {"WAL-02": "line 4"}),
        ([append(TWO), append(ONE), load(ONE, TWO)], {"WAL-02": "line 4"}),
        ([append(ONE), load(ONE), load()], {"WAL-06": "line 4"}),
        ([append(ILLEGAL)], {"WAL-03": "line 2"}),
        ([append(ILLEGAL, "refused", ERROR), load()], {}),
        ([append(ILLEGAL, "refused", "no"), load()], {"WAL-03.text": "line 2"}),
        ([append(ILLEGAL, "refused", "")], {"WAL-09": "line 2"}),
        ([append(ILLEGAL, "refused"), load(ILLEGAL)], {"WAL-04": "line 3"}),
        ([append(ILLEGAL, "refused"), append(ONE, "refused", ERROR)], {"WAL-04": "line 3"}),
        (
            [append(ILLEGAL, "refused", ERROR), append(ONE, "refused", "disk full")],
            {"WAL-13.accept": "line 3"},
        ),
        ([append(ONE, "refused")], {"WAL-13.accept": "line 2"}),
        ([append(ONE, "refused"), load(ONE)], {"WAL-13": "line 3"}),
        ([append(ONE), read_since(0, ONE), read_since(1)], {}),
        ([append(ONE), read_since(1, ONE)], {"WAL-05": "line 3"}),
        ([append(ONE), load(ONE), read_since(0)], {"WAL-05": "line 4"}),
        ([append(ONE), read_since(0)], {"WAL-01": "line 3"}),
        ([append(ONE), REOPEN, load()], {"WAL-08": "line 4"}),
        ([append(ONE), REOPEN, load(ONE)], {}),
        # What cannot be known is held against nobody.
        ([append(ONE, "unknown"), load()], {}),
        ([append(ONE, "unknown"), load(ONE)], {}),
        ([append(ONE, "unknown"), load(TWO)], {"WAL-01": "line 3"}),
        ([append(ONE, "unknown"), load(), load(ONE)], {"WAL-06": "line 4"}),
        ([append(ONE, "unknown"), read_since(0, ONE), load()], {"WAL-01": "line 4"}),
        ([append(ILLEGAL, "unknown"), load(ILLEGAL)], {"WAL-01": "line 3"}),
        ([UNKNOWN_LOAD, append(ONE), load(ONE)], {}),
        # After a violation the log is judged by what it holds.
        ([append(ONE), load(), append(TWO), load(TWO)], {"WAL-01": "line 3"}),
    ],
)
def test_the_first_offending_line_of_a_log_is_named(
    lines: list[Line], expected: dict[str, str]
) -> None:
    assert broken(judged(lines, capabilities=["reopen"])) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([put("e", "i"), get("e", "i"), get("f", None), load_cache(("e", "i"))], {}),
        ([get("e", "i")], {"CACHE-01": "line 2"}),
        ([put("e", "i"), get("e", None)], {"CACHE-02": "line 3"}),
        ([put("e", "i"), load_cache()], {"CACHE-06": "line 3"}),
        ([load_cache(("e", "i"))], {"CACHE-06": "line 2"}),
        ([put("e", "i"), load_cache(("e", "i"), ("e", "i"))], {"CACHE-03": "line 3"}),
        ([put("e", "i"), put("e", "j", "refused"), get("e", "j"), get("e", "i")],
         {"CACHE-02": "line 5"}),
        ([put("e", "i"), put("e", "j", "unknown"), get("e", "k")], {"CACHE-07": "line 4"}),
        ([put("e", "i", "unknown"), load_cache()], {}),
        ([put("e", "i", "unknown"), load_cache(("e", "i")), load_cache()], {"CACHE-06": "line 4"}),
        ([put("e", "i"), put("f", "i"), put("e", "i"), load_cache(("e", "i"), ("f", "i"))],
         {"CACHE-04": "line 5"}),
        ([put("e", "i"), put("f", "i"), put("e", "i"), load_cache(("f", "i"), ("e", "i"))], {}),
        ([put("e", "i"), REOPEN, load_cache()], {"CACHE-08": "line 4"}),
        ([put("e", "i"), REOPEN, get("e", "i")], {}),
    ],
)  # fmt: skip
def test_the_first_offending_line_of_a_cache_is_named(
    lines: list[Line], expected: dict[str, str]
) -> None:
    assert broken(judged(lines, capabilities=["reopen", "ordered-cache"])) == expected


REQUEST = WalSyncRequest("a", "c", NONE, None, (), 1)
FAILED = {"Failure": {"kind": "unavailable", "message": "disk full"}}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([sync(REQUEST, {"Success": None}), load(ONE)], {}),
        ([sync(REQUEST, {"Success": None}), load()], {"SYNC-08": "line 3"}),
        ([append(ONE), sync(REQUEST, {"Success": None}), load(ONE)], {}),
        ([append(ONE), load(ONE), sync(REQUEST, {"Success": None}), load(ONE, ONE)],
         {"SYNC-05": "line 5"}),
        ([sync(REQUEST, FAILED), load(ONE)], {}),
        ([sync(REQUEST, FAILED), load()], {}),
        ([sync(REQUEST, FAILED), load(TWO)], {"SYNC-08": "line 3"}),
        ([sync(REQUEST, "Blocked"), load(ONE)], {"SYNC-08": "line 3"}),
    ],
)  # fmt: skip
def test_what_a_sync_stored_is_judged_at_the_next_load(
    lines: list[Line], expected: dict[str, str]
) -> None:
    assert broken(judged(lines)) == expected


def test_a_mode_decides_what_a_refusal_may_leave() -> None:
    refused = [append(ILLEGAL, "refused"), load(ILLEGAL)]
    wedged = [append(ILLEGAL, "refused", ERROR), append(ONE, "refused", ERROR), load(ILLEGAL, ONE)]

    assert broken(judged(refused, rejection_mode="unknown-outcome")) == {}
    assert broken(judged(wedged, rejection_mode="keeps-rejected")) == {}
    assert broken(judged([*refused, load()], rejection_mode="unknown-outcome")) == {
        "WAL-06": "line 4"
    }
    full = [append(ONE, "refused", "disk full"), load(ONE)]
    assert broken(judged(full)) == {"WAL-13": "line 3"}
    unknown = judged(full, rejection_mode="unknown-outcome")
    assert broken(unknown) == {"WAL-13.accept": "line 2"}
    clean = [append(ILLEGAL, "refused"), load()]
    assert broken(judged(clean, rejection_mode="keeps-rejected")) == {"WAL-10": "line 3"}


def test_storage_that_held_something_is_known_by_its_first_load() -> None:
    lines = [append(ONE), get("e", "i"), load(TWO, ONE), load(TWO), load_cache(("e", "i"))]

    assert broken(judged(lines, begins="unknown")) == {"WAL-06": "line 5"}


def test_a_restart_without_a_promise_tells_nothing() -> None:
    lines = [append(ONE), put("e", "i"), REOPEN, load(), load_cache(), append(TWO), load(TWO)]
    report = judged(lines)

    assert broken(report) == {}
    assert verdict(report, "WAL-08") is Verdict.NOT_APPLICABLE


def test_what_never_arose_is_open_and_what_has_no_operation_is_not_applicable() -> None:
    report = judged([append(ONE), load(ONE)])

    assert verdict(report, "WAL-01") is Verdict.PASS
    assert verdict(report, "WAL-06") is Verdict.INCONCLUSIVE
    assert verdict(report, "CACHE-01") is Verdict.NOT_APPLICABLE
    assert verdict(report, "SYNC-04") is Verdict.NOT_APPLICABLE


# Many possible logs


def test_too_many_possible_logs_are_given_up_until_the_next_load() -> None:
    gates = [VisibilityGateCrossing("a", "c", NONE, tick) for tick in range(7)]
    lines = [append(gate, "unknown") for gate in gates]
    report = judged([*lines, load(TWO), append(ONE), load(TWO, ONE), load(TWO)])

    assert broken(report) == {"WAL-06": "line 12"}
    result = report.result("WAL-01")
    assert result is not None
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason.startswith("at line 8 more than 64 logs were possible")
    assert broken(judged([*lines[:6], load(*gates[:6:2])])) == {}


def test_long_tails_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_module, "TAIL_MAX", 5)
    report = judged([append(ONE, "unknown"), *[append(TWO)] * 6, load(TWO)])

    assert broken(report) == {}
    assert verdict(report, "WAL-01") is Verdict.INCONCLUSIVE


@settings(max_examples=200, deadline=None)
@given(
    mode=RIGHT,
    entries=st.lists(wal_entries(alphabet=COLLIDING), max_size=6),
    answers=st.lists(st.booleans(), min_size=6, max_size=6),
    tick=COLLIDING.ticks,
)
def test_possible_logs_are_those_of_the_model(
    mode: RejectionMode, entries: list[AgreementWalEntry], answers: list[bool], tick: int
) -> None:
    """Keeping logs apart costs little, and gives what the pure model gives step by step."""
    logs = PossibleLogs(mode, ())
    states = [State(rejection_mode=mode)]
    for entry, known in zip(entries, answers, strict=False):
        transitions = [each for state in states for each in step(state, Append(entry))]
        outcomes = [logs.appended(world, entry) for world in logs.worlds]
        expected = [
            getattr(each.response, "message", None)
            for state in states
            for each in step(state, Append(entry))[:1]
        ]
        assert [error for error, _ in outcomes] == expected
        worlds = [world for _, after in outcomes for world in after]
        reached = [each.state for each in transitions]
        if not known:
            worlds, reached = [*logs.worlds, *worlds], [*states, *reached]
        assert logs.keep(worlds[:8])
        states = reached[:8]
        held = [logs.contents(world) for world in logs.worlds]
        assert set(held) == {state.log for state in states}
        for world in logs.worlds:
            log = logs.contents(world)
            assert logs.holds(world, log)
            assert logs.since(world, tick) == tuple(e for e in log if e.tick > tick)
        # Equal logs are one to the model and may be several here.
        states = [State(log, rejection_mode=mode) for log in held]


@settings(max_examples=200, deadline=None)
@given(
    entries=st.lists(wal_entries(alphabet=COLLIDING), max_size=5),
    request=wal_sync_requests(alphabet=COLLIDING),
)
def test_a_sync_stores_what_the_model_says(
    entries: list[AgreementWalEntry], request: WalSyncRequest
) -> None:
    logs = PossibleLogs(RejectionMode.KEEPS_REJECTED, tuple(entries))
    (world,) = logs.worlds
    after = logs.synced(world, request)[-1]

    assert logs.contents(after) == (*entries, *build_entries(entries, request))


# Whole backends


def recorded_log(wal: Any, entries: Iterable[AgreementWalEntry]) -> Iterator[Line]:
    """Drive a log as a client would, and write down what it answers."""

    def answered(line: Line, call: Callable[[], Any]) -> Line:
        try:
            found = call()
        except DurabilityError as error:
            return {**line, "answer": "refused", "message": str(error)}
        result = list(getattr(found, "entries", found) or ())
        rest = {} if found is None else {"result": [each.to_dict() for each in result]}
        return {**line, "answer": "ok", **rest}

    whole = {"operation": "load"}
    yield answered(whole, wal.load)
    for entry in entries:
        tree = entry.to_dict()
        yield answered({"operation": "append", "entry": tree}, partial(wal.append, entry))
        yield answered(whole, wal.load)
        for tick in {entry.tick, max(entry.tick - 1, 0)}:
            after = {"operation": "read_since", "tick": tick}
            yield answered(after, partial(wal.read_since, tick))
        yield answered(whole, wal.load)


def some_entries() -> list[AgreementWalEntry]:
    levels = (NONE, PROVISIONAL, SOFT_SAFE, FINALIZED)
    escalations = [Escalation("a", low, high, None, 4) for low, high in product(levels, levels)]
    gates = [
        VisibilityGateCrossing(name, "b:c", NONE, tick)
        for name in ("a", "a:b")
        for tick in (5, 0, 2, 2, 2**64 - 1)
    ]
    twins = [VisibilityGateCrossing("a:b", "c", NONE, tick) for tick in (5, 2)]
    return [*gates, *escalations, *twins, *gates, *escalations]


def test_the_reference_breaks_nothing_in_its_own_mode(tmp_path: Path) -> None:
    memory = list(recorded_log(InMemoryAgreementWal(), some_entries()))
    file = list(recorded_log(FileAgreementWal(tmp_path / "log"), some_entries()))

    assert broken(judged(memory, rejection_mode="keeps-rejected")) == {}
    assert broken(judged(file)) == {}
    # The wedge of the one is a broken promise of the other.
    assert "WAL-04" in broken(judged(memory))


def test_a_right_log_breaks_nothing() -> None:
    report = judged(list(recorded_log(ListWal(), some_entries())))
    passed = [each for each in report.results if each.verdict is Verdict.PASS]

    assert broken(report) == {}
    assert len(passed) >= 10


BY_HISTORY = [
    (wal_class, requirement_id)
    for wal_class, requirement_id in BROKEN_WALS
    if requirement_id in ("WAL-01", "WAL-02", "WAL-03", "WAL-03.text", "WAL-04", "WAL-05")
    and wal_class.__name__ not in ("LosesAuthority",)
]


@pytest.mark.parametrize(
    ("wal_class", "requirement_id"), BY_HISTORY, ids=[each.__name__ for each, _ in BY_HISTORY]
)
def test_a_broken_log_gives_itself_away(wal_class: type[ListWal], requirement_id: str) -> None:
    report = judged(list(recorded_log(wal_class(), some_entries())))

    assert requirement_id in broken(report)


@settings(max_examples=60, deadline=None)
@given(entries=st.lists(cache_entries(alphabet=COLLIDING), max_size=8), data=st.data())
def test_a_right_cache_breaks_nothing(
    entries: list[EvidenceOutcomeCacheEntry], data: st.DataObject
) -> None:
    cache = ListCache(Path())
    lines: list[Line] = []
    for entry in entries:
        happens, answer = data.draw(
            st.sampled_from(
                [(True, "ok"), (True, "unknown"), (False, "unknown"), (False, "refused")]
            )
        )
        if happens:
            cache.put(entry)
        lines.append({"operation": "put", "entry": entry.to_dict(), "answer": answer})
        if data.draw(st.booleans()):
            found = cache.get(entry.evidence_id)
            tree = None if found is None else found.to_dict()
            lines.append({**get(entry.evidence_id, None), "result": tree})
        if data.draw(st.booleans()):
            lines.append({**load_cache(), "result": [e.to_dict() for e in cache.load().entries]})

    assert broken(judged(lines, capabilities=["ordered-cache"])) == {}


# Files


@pytest.mark.parametrize(
    ("line", "number", "expected"),
    [
        (None, 1, "expected a header with the format"),
        ({"format": "v9"}, 1, "format `v9`: expected a header"),
        ({"format": HISTORY_FORMAT, "speed": 1}, 1, "`speed`: expected only format, backend"),
        ({"format": HISTORY_FORMAT, "begins": "full"}, 1, "expected one of empty, unknown"),
        ({"format": HISTORY_FORMAT, "rejection_mode": 3}, 1, "expected one of clean-reject"),
        ({"format": HISTORY_FORMAT, "capabilities": ["flight"]}, 1, "expected one of reopen"),
        ({"format": HISTORY_FORMAT, "capabilities": 3}, 1, "`capabilities` is no list"),
        (b"{", 2, "is not JSON in UTF-8"),
        (b"\xff", 2, "is not JSON in UTF-8"),
        (b"[" * 100_000, 2, "is not JSON in UTF-8"),
        ([], 2, "expected a map, got a list"),
        ({"operation": "fly", "answer": "ok"}, 2, "expected one of append, read_since, load"),
        ({"operation": ["append"], "answer": "ok"}, 2, "expected one of append"),
        ({"operation": "load"}, 2, "`answer` is `None`: expected one of ok, refused"),
        ({"operation": "load", "answer": "ok"}, 2, "`result` is missing from `load`"),
        ({"operation": "load", "answer": "ok", "result": 3}, 2, "expected a list of entries"),
        ({"operation": "load", "answer": "ok", "result": [3]}, 2, ""),
        ({"operation": "append", "answer": "ok"}, 2, "`entry` is missing from `append`"),
        ({"operation": "append", "answer": "ok", "entry": {"kind": "x"}}, 2, "x"),
        ({"operation": "read_since", "tick": -1, "answer": "unknown"}, 2, "2^64-1"),
        ({"operation": "get", "evidence_id": 3, "answer": "unknown"}, 2, "text"),
        ({"operation": "load", "answer": "unknown", "result": []}, 2, "`result`: expected only"),
        ({**append(ONE), "message": "no"}, 2, "`message`: expected only"),
        ({**append(ONE, "refused"), "message": 3}, 2, "text"),
        (sync(REQUEST, "Lost"), 2, "Success, Blocked or Failure"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_named(line: Any, number: int, expected: str) -> None:
    header = json.dumps({"format": HISTORY_FORMAT}).encode()
    text = line if isinstance(line, bytes) else json.dumps(line).encode()
    lines = [] if line is None else [text] if number == 1 else [header, text]

    with pytest.raises(HistoryError) as caught:
        judge_history(*read_history(lines, "some.jsonl"))
    assert str(caught.value).startswith(f"history `some.jsonl`, line {number}: ")
    assert expected in str(caught.value)


def test_every_line_is_of_the_published_schema() -> None:
    path = resources.files("conformance") / "schemas/history.v1.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
    header = {"format": HISTORY_FORMAT, "backend": "b", "begins": "empty", "capabilities": []}
    right = [header, append(ONE), append(ONE, "refused", "no"), load(ONE), read_since(1), REOPEN]
    right += [put("e", "i"), get("e", None), get("e", "i"), load_cache(("e", "i")), UNKNOWN_LOAD]
    right += [sync(REQUEST, {"Success": None}), sync(REQUEST, "Blocked"), sync(REQUEST, FAILED)]
    wrong = [{}, {"operation": "load", "answer": "ok"}, {**UNKNOWN_LOAD, "result": []}]
    wrong += [{"operation": "append", "answer": "ok"}, {**REOPEN, "speed": 1}]

    assert [line for line in right if not validator.is_valid(line)] == []
    assert [line for line in wrong if validator.is_valid(line)] == []


def written(folder: Path, *lines: Line, **header: Any) -> str:
    path = folder / "history.jsonl"
    texts = [json.dumps(each) for each in ({"format": HISTORY_FORMAT, **header}, *lines)]
    path.write_text("\n".join(texts) + "\n\n")
    return str(path)


COMPLETE = [
    load(),
    append(ONE),
    load(ONE),
    load(ONE),
    read_since(0, ONE),
    append(ILLEGAL, "refused", ERROR),
    load(ONE),
]


def test_the_command_has_the_exit_statuses_of_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_path = tmp_path / "report.json"
    right = written(tmp_path, *COMPLETE, backend="orders")
    assert main(["check-history", right, "--json", str(json_path)]) == 0
    assert "orders: conforming" in capsys.readouterr().out
    assert json.loads(json_path.read_text())["backends"][0]["name"] == "orders"

    wrong = written(tmp_path, *COMPLETE, load())
    assert main(["check-history", wrong]) == 1
    output = capsys.readouterr().out
    assert "  line 9: load the log\n  expected: [gate" in output
    assert "  actual:   nothing (0 entries instead of 1)" in output

    assert main(["check-history", written(tmp_path, append(ONE), load(ONE))]) == 3
    refused = written(tmp_path, *COMPLETE[:-1], load(ONE, ILLEGAL))
    assert main(["check-history", refused]) == 1
    assert main(["check-history", refused, "--rejection-mode", "unknown-outcome"]) == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.jsonl"], "No such file"),
        (["."], "directory"),
        (["FILE", "--rejection-mode", "never"], "rejection mode `never`"),
        (["FILE", "--json", "no/such/folder.json"], "there is no such folder"),
        ([], "required"),
    ],
)
def test_wrong_arguments_are_a_usage_error(
    tmp_path: Path,
    arguments: list[str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path, *COMPLETE)
    try:
        status = main(["check-history", *(path if each == "FILE" else each for each in arguments)])
    except SystemExit as ended:
        status = int(str(ended.code))
    captured = capsys.readouterr()

    assert status == 2
    assert expected in captured.err
    assert captured.out == ""
