"""What became better and what became worse between two reports."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.records.results import BackendReport, Report, RequirementResult, Verdict
from conformance.records.verdicts import binding_failures, binds
from conformance.report.summary import requirement_ids_of

__all__ = ["Change", "ChangeKind", "comparison", "is_regression", "weaknesses"]


class ChangeKind(enum.Enum):
    """What a change between two reports means; the values are the headings of the comparison."""

    REGRESSION = "regressions"
    RECOMMENDED = "regressions of what is only recommended"
    LOST_PROMISE = "promises that are no longer made"
    OTHER_FAILURE = "failures that look different now"
    IMPROVEMENT = "improvements"
    OTHER = "other changes"


@dataclass(frozen=True)
class Change:
    """One difference: what, in which backend, and from what to what.

    ``requirement_id`` is empty where the whole backend is meant.
    """

    kind: ChangeKind
    backend: str
    requirement_id: str
    text: str


_WORDS: Final = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "FAIL",
    Verdict.INCONCLUSIVE: "open",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.EXPECTED_FAIL: "known failure",
}
_BROKEN: Final = (Verdict.FAIL, Verdict.EXPECTED_FAIL)


def is_regression(changes: list[Change]) -> bool:
    """Say whether anything became worse that counts."""
    worse = (ChangeKind.REGRESSION, ChangeKind.LOST_PROMISE)
    return any(change.kind in worse for change in changes)


def weaknesses(before: Report, after: Report) -> list[str]:
    """Return why two reports cannot be compared well: what they were not judged alike by."""
    pairs = (
        ("specifications", before.specification, after.specification),
        ("versions of the suite", before.suite_version, after.suite_version),
        ("profiles", before.profile, after.profile),
        ("seeds", before.seed, after.seed),
    )
    found = [f"the {what} differ: {old} and {new}" for what, old, new in pairs if old != new]
    if before.profile == after.profile and before.budget != after.budget:
        found.append("the budgets differ, although the profile is called the same")
    return found


def comparison(before: Report, after: Report, *, strict: bool = False) -> list[Change]:
    """Return every change from one report to another, backend by backend.

    Backends are told apart by their names. A requirement that passed and does
    not any more, in whatever way, is a regression, and so is a failure that was
    not there and a backend that is gone. What is only recommended is listed by
    itself, unless ``strict`` is given.
    """
    old, new = _by_name(before), _by_name(after)
    changes: list[Change] = []
    for name in {**old, **new}:
        changes += _backend_changes(name, old.get(name), new.get(name), strict)
    return changes


def _by_name(report: Report) -> dict[str, BackendReport]:
    """Return the backends by name; one that has the name of another gets a number."""
    seen: Counter[str] = Counter()
    found = {}
    for backend in report.backends:
        seen[backend.name] += 1
        number = seen[backend.name]
        found[backend.name if number == 1 else f"{backend.name} (number {number})"] = backend
    return found


def _backend_changes(
    name: str, before: BackendReport | None, after: BackendReport | None, strict: bool
) -> Iterator[Change]:
    if after is None:
        yield Change(ChangeKind.REGRESSION, name, "", "is not in the second report")
    elif before is None:
        yield _arrival(name, after, strict)
    elif after.fault is not None:
        if before.fault is None:
            text = f"could be judged and cannot any more: {after.fault}"
            yield Change(ChangeKind.REGRESSION, name, "", text)
        elif before.fault != after.fault:
            yield Change(ChangeKind.OTHER, name, "", f"still cannot be judged: {after.fault}")
    elif before.fault is not None:
        failures = len(binding_failures(after, strict=strict))
        text = f"could not be judged and can be now; failures that count: {failures}"
        yield Change(ChangeKind.IMPROVEMENT, name, "", text)
    else:
        yield from _promise_changes(name, before, after)
        for requirement_id in requirement_ids_of([before, after]):
            old, new = before.result(requirement_id), after.result(requirement_id)
            yield from _result_changes(name, requirement_id, old, new, strict)


def _arrival(name: str, after: BackendReport, strict: bool) -> Change:
    if after.fault is not None:
        text = f"is new and could not be judged: {after.fault}"
        return Change(ChangeKind.REGRESSION, name, "", text)
    failures = len(binding_failures(after, strict=strict))
    if failures:
        text = f"is new, with failures that count: {failures}"
        return Change(ChangeKind.REGRESSION, name, "", text)
    return Change(ChangeKind.OTHER, name, "", "is not in the first report")


def _promise_changes(name: str, before: BackendReport, after: BackendReport) -> Iterator[Change]:
    for capability in before.capabilities:
        if capability not in after.capabilities:
            yield Change(
                ChangeKind.LOST_PROMISE, name, "", f"does not declare {capability} any more"
            )
    for capability in after.capabilities:
        if capability not in before.capabilities:
            yield Change(ChangeKind.OTHER, name, "", f"declares {capability} now")
    for crash in before.crash_classes:
        if crash not in after.crash_classes:
            yield Change(
                ChangeKind.OTHER, name, "", f"no crash of class {crash} was made this time"
            )
    for what, old, new in (
        ("rejection mode", before.rejection_mode, after.rejection_mode),
        ("durability class", before.durability_class, after.durability_class),
        ("mended findings", ", ".join(before.mends), ", ".join(after.mends)),
        ("version", before.version, after.version),
    ):
        if old != new:
            text = f"{what} {old or '(none)'} -> {new or '(none)'}"
            yield Change(ChangeKind.OTHER, name, "", text)


def _result_changes(
    name: str,
    requirement_id: str,
    before: RequirementResult | None,
    after: RequirementResult | None,
    strict: bool,
) -> Iterator[Change]:
    old = before.verdict if before is not None else None
    new = after.verdict if after is not None else None
    if old is not new:
        text = f"{_word(old)} -> {_word(new)}"
        counts = any(each is not None and binds(each, strict=strict) for each in (before, after))
        yield Change(_kind(old, new, counts), name, requirement_id, text)
    if old in _BROKEN and new in _BROKEN and _fails_otherwise(before, after):
        text = "the fingerprint of the failure is another one"
        yield Change(ChangeKind.OTHER_FAILURE, name, requirement_id, text)


def _word(verdict: Verdict | None) -> str:
    return "not in the report" if verdict is None else _WORDS[verdict]


def _kind(old: Verdict | None, new: Verdict | None, counts: bool) -> ChangeKind:
    if old is Verdict.PASS or new is Verdict.FAIL:
        return ChangeKind.REGRESSION if counts else ChangeKind.RECOMMENDED
    return ChangeKind.IMPROVEMENT if new is Verdict.PASS else ChangeKind.OTHER


def _fails_otherwise(before: RequirementResult | None, after: RequirementResult | None) -> bool:
    """Say whether a failure is known to be another; without fingerprints nothing is known."""
    prints = [
        each.counterexample.fingerprint
        for each in (before, after)
        if each is not None and each.counterexample is not None
    ]
    return len(prints) == 2 and all(prints) and prints[0] != prints[1]
