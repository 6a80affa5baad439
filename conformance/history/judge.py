"""A verdict for each requirement from a recorded history, and the line that decides it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from conformance.history.lines import Header
from conformance.records.results import (
    BackendReport,
    Counterexample,
    RequirementResult,
    Step,
    Verdict,
)
from conformance.records.verdicts import level_of
from conformance.requirements import requirement
from conformance.rules.cache import CacheJudge
from conformance.rules.events import FAULT, Event
from conformance.rules.findings import Findings
from conformance.rules.narration import operation_text
from conformance.rules.wal import LogJudge
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)

__all__ = ["HISTORY_SUITE", "judge_history"]

HISTORY_SUITE: Final = "recorded history"

_LOG: Final = (
    *(f"WAL-{number:02}" for number in range(1, 4)),
    "WAL-03.text",
    *(f"WAL-{number:02}" for number in range(4, 11)),
    "WAL-13",
    "WAL-13.accept",
)
_CACHE: Final = ("CACHE-01", "CACHE-02", "CACHE-03", "CACHE-04", "CACHE-06", "CACHE-07", "CACHE-08")
_SYNC: Final = ("SYNC-04", "SYNC-05", "SYNC-06", "SYNC-07", "SYNC-08")
_NEVER: Final = "its situation never arose in this history"


def judge_history(header: Header, events: Iterable[Event]) -> BackendReport:
    """Return the verdicts on a history, whose events are looked at once and not kept.

    A requirement fails by its first offending line, passes where it was put to
    the test, and is inconclusive where its situation never arose.
    """
    judge = _Judge(header)
    for event in events:
        judge.take(event)
    return judge.report()


class _Judge:
    """The parts of a backend that a history shows, each with its own judge."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.findings = Findings()
        reopens = "reopen" in header.capabilities
        self.log = LogJudge(
            self.findings,
            header.rejection_mode,
            begins_empty=header.begins_empty,
            reopens=reopens,
        )
        self.cache = CacheJudge(self.findings, begins_empty=header.begins_empty, reopens=reopens)
        self.has_log = self.has_cache = self.has_syncs = False

    def take(self, event: Event) -> None:
        """Judge one event."""
        self.findings.at(event.line, partial(operation_text, event.operation))
        if event.answer == FAULT:
            self.findings.check_declared(event.message)
        match event.operation:
            case Append(entry):
                self.has_log = True
                self.log.append(event, entry)
            case ReadSince(tick):
                self.has_log = True
                self.log.read_since(event, tick)
            case LoadLog():
                self.has_log = True
                self.log.load(event)
            case SyncWal(request):
                self.has_log = self.has_syncs = True
                self.log.sync(event, request)
            case PutOutcome(entry):
                self.has_cache = True
                self.cache.put(event, entry)
            case GetOutcome(evidence_id):
                self.has_cache = True
                self.cache.get(event, evidence_id)
            case LoadCache():
                self.has_cache = True
                self.cache.load(event)
            case Reopen():
                self.log.reopen(event)
                self.cache.reopen(event)

    def report(self) -> BackendReport:
        """Return what was found."""
        self.log.settle()
        self.cache.settle()
        return BackendReport(
            self.header.backend,
            sorted(self.header.capabilities),
            self.header.rejection_mode.value,
            [self._result(each) for each in (*_LOG, *_CACHE, *_SYNC)],
            [],
            [],
        )

    def _result(self, requirement_id: str) -> RequirementResult:
        judged = requirement(requirement_id)
        level = level_of(judged, self.header.capabilities)
        excluded = self._excluded(requirement_id)
        if excluded:
            return RequirementResult(requirement_id, level, Verdict.NOT_APPLICABLE, 0, excluded)
        checks = self.findings.checks[requirement_id]
        difference = self.findings.differences.get(requirement_id)
        if difference is not None:
            text = f"line {difference.line}: {difference.text}"
            found = Counterexample(
                requirement_id,
                HISTORY_SUITE,
                [Step(text, "ok")],
                difference.expected,
                difference.actual,
            )
            return RequirementResult(requirement_id, level, Verdict.FAIL, checks, "", found)
        doubt = self.log.doubt if requirement_id in (*_LOG, *_SYNC) else ""
        if doubt or not checks:
            reason = doubt or _NEVER
            return RequirementResult(requirement_id, level, Verdict.INCONCLUSIVE, checks, reason)
        return RequirementResult(requirement_id, level, Verdict.PASS, checks)

    def _excluded(self, requirement_id: str) -> str:
        """Return why the history says nothing of a requirement, or an empty text."""
        keeps = self.header.rejection_mode is RejectionMode.KEEPS_REJECTED
        missing = (
            (not self.has_log, _LOG, "the history has no operation of a log"),
            (not self.has_cache, _CACHE, "the history has no operation of a cache"),
            (not self.has_syncs, _SYNC, "the history has no sync"),
            (keeps, ("WAL-04",), "keeps-rejected is declared"),
            (not keeps, ("WAL-10",), "keeps-rejected is not declared"),
            (
                "reopen" not in self.header.capabilities,
                ("WAL-08", "CACHE-08"),
                "reopen is not declared",
            ),
        )
        if requirement_id == "WAL-09" and self.has_cache:
            # An error of a cache is one too.
            return ""
        reasons = (reason for holds, ids, reason in missing if holds and requirement_id in ids)
        return next(reasons, "")
