"""Baselines: what is listed is expected, and everything else about it makes the run fail."""

from __future__ import annotations

import datetime
import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.__main__ import main
from conformance.engine.profiles import profile
from conformance.engine.watch import CallWatch
from conformance.errors import BaselineError
from conformance.machines.registry import QUIRKS
from conformance.records.baseline import (
    BASELINE_FORMAT,
    Baseline,
    FailureEntry,
    QuirkEntry,
    baseline_text,
    read_baseline,
)
from conformance.records.baseline_rules import matched, updated
from conformance.records.replays import KnownFailure, Replay, read_replay
from conformance.records.results import (
    BackendReport,
    Counterexample,
    QuirkResult,
    Report,
    RequirementResult,
    Verdict,
)
from conformance.records.verdicts import ExitStatus, exit_status
from conformance.requirements import FINDINGS
from conformance.run.runner import judge_backend
from conformance.run.shipped import SHIPPED_BACKENDS
from conformance.tests.test_replays import recorded
from tests.zoo.broken_components import CASES

TODAY = datetime.date(2030, 6, 15)
FOUND = Counterexample("WAL-05", "agreement WAL", [], "a", "b", fingerprint="0" * 16)
ENTRY = FailureEntry("b", "WAL-05", "because", "0" * 16, "x.json", "link")
QUIRK = QuirkEntry("b", "F1", "because", "link")
PASS = RequirementResult("WAL-05", "MUST", Verdict.PASS, 1)
FAIL = RequirementResult("WAL-05", "MUST", Verdict.FAIL, 1, "", FOUND)
EXPECTED = replace(FAIL, verdict=Verdict.EXPECTED_FAIL, reason="because", link="link")
OPEN = RequirementResult("WAL-05", "MUST", Verdict.INCONCLUSIVE, 0, "never arose")
SOMETHING = RequirementResult("WAL-01", "MUST", Verdict.PASS, 1)


def report_of(
    *results: RequirementResult, quirks: tuple[QuirkResult, ...] = (), fault: str | None = None
) -> Report:
    backend = BackendReport("b", [], "clean-reject", [*results, SOMETHING], [], [*quirks], fault)
    return Report("f", "1", "s", "quick", 0, [backend])


def shown(finding_id: str, *, is_shown: bool = True) -> QuirkResult:
    return QuirkResult(finding_id, "sentence", is_shown, [])


def problems(report: Report, *entries: FailureEntry | QuirkEntry, **options: Any) -> list[str]:
    failures = tuple(each for each in entries if isinstance(each, FailureEntry))
    quirks = tuple(each for each in entries if isinstance(each, QuirkEntry))
    fitted = matched(report, Baseline(failures, quirks), today=TODAY, **options)
    return [problem.text for problem in fitted.baseline_problems]


def expiring(entry: Any, day: int) -> Any:
    return replace(entry, expires=datetime.date(2030, 6, day))


MATRIX = [
    (report_of(EXPECTED), ENTRY, ""),
    (report_of(EXPECTED), expiring(ENTRY, 15), ""),
    (report_of(EXPECTED), expiring(ENTRY, 14), "expired on 2030-06-14"),
    (report_of(PASS), ENTRY, "is stale"),
    (report_of(PASS), expiring(ENTRY, 14), "is stale"),
    (report_of(FAIL), replace(ENTRY, fingerprint="1" * 16), "fails differently: its"),
    (report_of(OPEN), ENTRY, "matches nothing: inconclusive, never arose"),
    (report_of(), ENTRY, "matches nothing: the requirement was not judged"),
    (report_of(), replace(ENTRY, requirement="NOPE"), "matches nothing"),
    (report_of(EXPECTED), replace(ENTRY, backend="c"), "matches nothing: no backend"),
    (report_of(replace(EXPECTED, counterexample=None)), ENTRY, "matches nothing: expected-fail"),
    # It has failed for that already.
    (report_of(fault="gone"), ENTRY, ""),
    (report_of(quirks=(shown("F1"),)), QUIRK, ""),
    (report_of(quirks=(shown("F1"), shown("F1", is_shown=False))), QUIRK, "is stale"),
    (report_of(quirks=(shown("F1"),)), expiring(QUIRK, 14), "expired on 2030-06-14"),
    (report_of(quirks=(shown("F2"),)), QUIRK, "was not looked for"),
    (report_of(quirks=(shown("F1"),)), replace(QUIRK, backend="c"), "no backend"),
]  # fmt: skip


@pytest.mark.parametrize(("report", "entry", "expected"), MATRIX)
def test_everything_but_the_listed_failure_is_a_problem(
    report: Report, entry: Any, expected: str
) -> None:
    found = problems(report, entry)

    assert len(found) == bool(expected)
    assert expected in "".join(found)


def test_a_problem_makes_the_run_fail_and_only_a_fault_outweighs_it() -> None:
    options: dict[str, Any] = {"today": TODAY}
    baseline = Baseline((ENTRY,))

    assert exit_status(matched(report_of(EXPECTED), baseline, **options)) is ExitStatus.CONFORMING
    assert exit_status(matched(report_of(PASS), baseline, **options)) is ExitStatus.VIOLATION
    faulty = matched(report_of(PASS, fault="gone"), baseline, **options)
    assert exit_status(faulty) is ExitStatus.BACKEND_FAULT


def test_a_quirk_must_be_listed_where_all_are_held() -> None:
    report = report_of(quirks=(shown("F1"), shown("F2"), shown("F3", is_shown=False)))

    assert problems(report, QUIRK) == []
    assert problems(report, QUIRK, all_quirks=True) == ["the quirk shows itself and is not listed"]
    assert problems(report, QUIRK, all_quirks=True, only=("WAL-05",)) == []
    listed = matched(report, Baseline((), (QUIRK,)), today=TODAY)
    assert [each.reason for each in listed.backends[0].quirks] == ["because", "", ""]


def test_with_only_some_requirements_the_others_are_left_alone() -> None:
    other = replace(ENTRY, requirement="WAL-02")

    assert problems(report_of(EXPECTED), ENTRY, other, only=("WAL-05",)) == []
    assert problems(report_of(PASS), ENTRY, only=("WAL-05",)) != []


def test_the_shipped_baseline_is_exactly_what_the_shipped_backends_show() -> None:
    file = resources.files("conformance") / "baselines/shipped.toml"
    baseline = read_baseline(file.read_text(encoding="utf-8"), "shipped")
    listed = [(entry.backend, entry.finding) for entry in baseline.quirks]
    applicable = {
        (backend.name, quirk.finding_id)
        for quirk in QUIRKS
        for backend in SHIPPED_BACKENDS
        if quirk.applies(backend)
    }

    # That each of these does show itself is proved with the quirks.
    assert set(listed) == applicable
    assert len(listed) == len(applicable)
    assert all(entry.finding in FINDINGS and entry.link for entry in baseline.quirks)


# Not searched for again


def judged_with(known: KnownFailure) -> RequirementResult:
    backend = CASES[0].broken
    with CallWatch() as watch:
        report = judge_backend(
            backend, profile("quick"), seed=0, watch=watch, suites=(CASES[0].suite,), known=[known]
        )
    result = report.result("WAL-02")
    assert result is not None
    return result


def refingerprinted(replay: Replay) -> Replay:
    """Return a changed replay with the fingerprint of its contents."""
    found = Counterexample(
        replay.requirement_id,
        replay.suite,
        [],
        replay.expected,
        replay.actual,
        acts=replay.acts,
    )
    return replace(replay, fingerprint=replay.fingerprint_of(found))


def test_a_known_failure_is_replayed_and_not_searched_for() -> None:
    shortest = recorded(CASES[0])
    # No search ends with an act that is not needed.
    longer = refingerprinted(replace(shortest, acts=[{"act": "load_log"}, *shortest.acts]))
    result = judged_with(KnownFailure("broken", longer, "because", "link"))

    assert result.verdict is Verdict.EXPECTED_FAIL
    assert (result.reason, result.link) == ("because", "link")
    assert result.counterexample is not None
    assert result.counterexample.acts == longer.acts


def test_a_known_failure_that_is_another_one_now_is_searched_for() -> None:
    other = refingerprinted(replace(recorded(CASES[0]), actual="something else"))
    result = judged_with(KnownFailure("broken", other, "because"))

    assert result.verdict is Verdict.FAIL
    assert result.counterexample is not None
    assert result.counterexample.fingerprint == recorded(CASES[0]).fingerprint


# Files


def head(text: str) -> str:
    return f'format = "{BASELINE_FORMAT}"\n{text}'


FAILURE = """
[[failure]]
backend = "b"
requirement = "WAL-05"
reason = "because"
fingerprint = "0000000000000000"
replay = "x.json"
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format = ", "is not TOML: Invalid value (at"),
        ("", "line 1: format `None`: expected format = "),
        (head("[failures]"), "`failures`: expected only [[failure]] and [[quirk]]"),
        (head("[failure]\nbackend = 'b'"), "`failure`: expected [[failure]] before each entry"),
        (head("failure = [1]"), "`failure`: expected [[failure]] before each entry"),
        (head(FAILURE.replace("reason", "reasons")), "line 3, failure 1: `reason`: is missing"),
        (head(FAILURE.replace('"because"', '" "')), "failure 1: `reason`: expected a text"),
        (head(FAILURE.replace('"because"', "3")), "`reason`: expected a text in quotes, got 3"),
        (head(FAILURE.replace('"b"', "3")), "`backend`: expected a name in quotes, or a list"),
        (head(FAILURE.replace('"b"', "[]")), "`backend`: expected a name in quotes, or a list"),
        (head(f"{FAILURE}speed = 1"), "`speed`: expected only requirement, reason, link"),
        (head(f"{FAILURE}expires = 2030-13-01"), "is not TOML"),
        (head(f"{FAILURE}expires = 3"), "`expires`: expected a date such as 2030-12-31"),
        (head(f"{FAILURE}expires = 2030-01-01T00:00:00"), "`expires`: expected a date"),
        (head(FAILURE * 2), "line 10, failure 2: `backend`: WAL-05 of `b` is listed twice"),
        (head("[[quirk]]\nbackend = 'b'\nfinding = 'F1'"), "quirk 1: `reason`: is missing"),
    ],
)
def test_a_baseline_that_cannot_be_used_says_where(text: str, expected: str) -> None:
    with pytest.raises(BaselineError) as caught:
        read_baseline(text, "known.toml")

    assert str(caught.value).startswith("baseline `known.toml`: ")
    assert expected in str(caught.value)


_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: bool(text.strip()))


@given(
    failures=st.lists(
        st.builds(
            FailureEntry,
            *[_TEXTS] * 5,
            link=st.text(st.characters(codec="utf-8")),
            expires=st.none() | st.dates(),
        ),
        unique_by=lambda entry: (entry.backend, entry.requirement),
        max_size=3,
    )
)
def test_a_baseline_is_read_back_equal(failures: list[FailureEntry]) -> None:
    baseline = Baseline(tuple(failures), (QUIRK,))

    assert read_baseline(baseline_text(baseline), "written") == baseline


def test_an_update_keeps_what_stays_and_what_was_not_judged() -> None:
    report = report_of(FAIL, quirks=(shown("F1", is_shown=False), shown("F2")))
    gone = replace(ENTRY, requirement="WAL-02")
    elsewhere = replace(ENTRY, backend="c")
    baseline = Baseline((replace(ENTRY, fingerprint="old"), gone, elsewhere), (QUIRK,))
    paths = [{"WAL-05": "new.json"}]

    new = updated(baseline, report, paths)
    assert new == Baseline((replace(ENTRY, replay="new.json"), elsewhere), ())
    every = updated(Baseline(), report, paths, all_quirks=True)
    assert [each.reason for each in every.failures] == ["to be filled in"]
    assert [each.reason for each in every.quirks] == ["to be filled in"]
    part = updated(baseline, report, paths, only=("WAL-05",))
    assert part.quirks == (QUIRK,)
    assert gone in part.failures


# Through the command line

TARGETS = """
from tests.zoo import broken_wals
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache

def changing():
    return broken_wals.{kind}()

Cache = InMemoryEvidenceOutcomeCache
"""

ONLY = ("--only", "WAL-02", "--only", "WAL-01")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    becomes(tmp_path, "Deduplicates")
    yield tmp_path
    sys.modules.pop("baseline_targets", None)
    sys.path[:] = path


def becomes(folder: Path, kind: str) -> None:
    (folder / "baseline_targets.py").write_text(TARGETS.format(kind=kind))
    # Two writes in one second look alike to the cache of compiled modules.
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def status_of(*arguments: str) -> int:
    try:
        return main([*arguments])
    except SystemExit as ended:
        return int(str(ended.code))


def check(*arguments: str, target: str = "changing") -> int:
    name = f"baseline_targets:{target}"
    return status_of("check", name, *arguments, "--baseline", "known.toml", *ONLY)


def written(folder: Path, **changes: Any) -> None:
    """Write the baseline of the broken log, whose entry is changed."""
    replay = recorded(CASES[0])
    (folder / "kept.json").write_text(replay.to_text())
    name = "baseline_targets:changing"
    entry = FailureEntry(name, "WAL-02", "because", replay.fingerprint, "kept.json", "link")
    text = baseline_text(Baseline((replace(entry, **changes),)))
    (folder / "known.toml").write_text(text)


def test_a_run_with_its_baseline_is_green_for_the_stated_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder)
    assert check("--json", "report.json") == 0
    output = capsys.readouterr().out
    assert "WAL-02 known failure (MUST)" in output
    assert "known:    because link" in output
    report = Report.from_json((folder / "report.json").read_text())
    result = report.backends[0].result("WAL-02")
    assert result is not None
    assert (result.verdict, result.reason, result.link) == (
        Verdict.EXPECTED_FAIL,
        "because",
        "link",
    )
    assert report.baseline_problems == []


CHANGED = [
    ("ListWal", {}, (), 1, "WAL-02: is stale"),
    ("KeepsRejected", {"backend": "other"}, (), 1, "other: baseline, WAL-02: matches nothing"),
    ("Deduplicates", {"requirement": "WAL-05"}, (), 2, "is of another failure than the entry"),
    ("Deduplicates", {"fingerprint": "1" * 16}, (), 2, "is of another failure than the entry"),
    ("Deduplicates", {"replay": "missing.json"}, (), 2, "cannot be read: No such file"),
    ("Deduplicates", {"expires": TODAY}, ("--today", "2030-06-15"), 0, "known failure"),
    ("Deduplicates", {"expires": TODAY}, ("--today", "2030-06-16"), 1, "expired on 2030-06-15"),
    ("StoresAtFront", {}, (), 1, "fails differently: its fingerprint is"),
]


@pytest.mark.by_day(8)
@pytest.mark.parametrize(("kind", "changes", "arguments", "status", "expected"), CHANGED)
def test_what_does_not_fit_ends_the_run_with_its_status(
    folder: Path,
    kind: str,
    changes: dict[str, Any],
    arguments: tuple[str, ...],
    status: int,
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(folder, **changes)
    becomes(folder, kind)

    assert check(*arguments) == status
    captured = capsys.readouterr()
    assert expected in captured.out + captured.err


def test_a_requirement_that_is_not_judged_matches_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder, backend="baseline_targets:Cache")

    assert check("--only", "CACHE-01", target="Cache") == 1
    assert "matches nothing: not-applicable, the backend has no" in capsys.readouterr().out


@pytest.mark.nightly
def test_what_is_known_of_one_backend_excuses_no_other(folder: Path) -> None:
    written(folder)
    (folder / "others.py").write_text(TARGETS.format(kind="Deduplicates"))

    report_path = folder / "report.json"
    assert check("others:changing", "--json", str(report_path)) == 1
    report = Report.from_json(report_path.read_text())
    results = [backend.result("WAL-02") for backend in report.backends]
    verdicts = [None if each is None else each.verdict for each in results]
    assert verdicts == [Verdict.EXPECTED_FAIL, Verdict.FAIL]


def test_an_update_makes_the_next_run_green(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("--update-baseline") == 0
    text = (folder / "known.toml").read_text()
    (replay,) = (folder / "known.replays").rglob("*.json")
    assert "to be filled in" in text
    assert replay.exists()
    assert check() == 0


@pytest.mark.nightly
def test_an_update_keeps_what_stays_and_takes_away_what_is_gone(folder: Path) -> None:
    """What was written by hand stays; what is gone goes with its file."""
    assert check("--update-baseline") == 0
    text = (folder / "known.toml").read_text()
    (replay,) = (folder / "known.replays").rglob("*.json")
    (folder / "known.toml").write_text(text.replace("to be filled in", "until spring"))
    assert check("--update-baseline") == 0
    assert "until spring" in (folder / "known.toml").read_text()
    becomes(folder, "ListWal")
    assert check() == 1
    assert check("--update-baseline") == 0
    assert "failure" not in (folder / "known.toml").read_text()
    assert not replay.exists()
    assert check() == 0


def test_an_update_replaces_the_file_whole_or_not_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder)
    before = (folder / "known.toml").read_text()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
        assert check("--update-baseline") == 2
    assert "--baseline known.toml: no space" in capsys.readouterr().err
    assert (folder / "known.toml").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", "a:b", "--baseline", "missing.toml"], "cannot be read: No such file"),
        (["check", "a:b", "--update-baseline"], "--update-baseline needs --baseline FILE"),
        (["check", "a:b", "--baseline", "no/b.toml", "--update-baseline"], "no such folder"),
        (["check", "a:b", "--baseline", "bad.toml"], "is not TOML"),
        (["check", "a:b", "--baseline", "bytes.toml"], "is no text in UTF-8"),
        (["check", "a:b", "--today", "tomorrow"], "expected a date such as 2030-12-31"),
    ],
)
def test_wrong_arguments_are_a_usage_error(
    folder: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.toml").write_text("a = ")
    (folder / "bytes.toml").write_bytes(b"\xff")

    assert status_of(*arguments) == 2
    captured = capsys.readouterr()
    assert expected in captured.err
    assert captured.out == ""


def test_a_replay_of_an_unknown_act_is_told_with_its_entry(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder)
    replay = refingerprinted(replace(recorded(CASES[0]), acts=[{"act": "fly"}]))
    (folder / "kept.json").write_text(replay.to_text())
    assert read_replay(replay.to_text(), "kept") == replay
    text = (folder / "known.toml").read_text()
    (folder / "known.toml").write_text(
        text.replace(recorded(CASES[0]).fingerprint, replay.fingerprint)
    )

    assert check() == 2
    assert "act `fly`: expected one of" in capsys.readouterr().err


def test_the_shipped_backends_are_held_to_the_shipped_baseline(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reports(finding_ids: tuple[str, ...]) -> list[BackendReport]:
        return [
            BackendReport(
                backend.name,
                [],
                "clean-reject",
                [SOMETHING],
                [],
                [
                    shown(quirk.finding_id, is_shown=quirk.finding_id in finding_ids)
                    for quirk in QUIRKS
                    if quirk.applies(backend)
                ],
            )
            for backend in SHIPPED_BACKENDS
        ]

    every = tuple(quirk.finding_id for quirk in QUIRKS)
    for finding_ids, status, expected in (
        (every, 0, "functions: conforming"),
        (tuple(each for each in every if each != "F38"), 1, "functions: baseline, F38: is stale"),
    ):
        made = reports(finding_ids)
        monkeypatch.setattr("conformance.run.worker.run_jobs", lambda jobs, made=made, **rest: made)
        assert status_of("check", "--all", "--json", "report.json") == status
        output = capsys.readouterr().out
        assert expected in output
        assert "Why: The" in output
    report = json.loads((folder / "report.json").read_text())
    assert report["baseline_problems"][0]["identifier"] == "F38"


@pytest.mark.parametrize(
    ("module", "constant", "name"),
    [
        ("conformance.records.baseline", "BASELINE_FORMAT", "baseline"),
        ("conformance.records.results", "REPORT_FORMAT", "report"),
        ("conformance.records.replays", "REPLAY_FORMAT", "replay"),
        ("conformance.history.lines", "HISTORY_FORMAT", "history"),
        ("conformance.report.tracing", "TRACE_FORMAT", "trace"),
        ("conformance.differential.run", "STATE_FORMAT", "differential"),
        ("conformance.door.protocol", "PROTOCOL", "harness"),
    ],
)
def test_the_names_of_formats_are_in_files_of_users_and_stay(
    module: str, constant: str, name: str
) -> None:
    """A name that changed, with the module that holds it or otherwise, would refuse their files."""
    assert getattr(importlib.import_module(module), constant) == f"telltale-conformance.{name}.v1"
