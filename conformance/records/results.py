"""What a run found, as plain data with a JSON form.

Everything that is shown anywhere is made from these values alone: no report
asks a machine or a backend for anything.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from typing import Any

from dataclasses_json import DataClassJsonMixin, config

__all__ = [
    "REPORT_FORMAT",
    "BackendReport",
    "BaselineProblem",
    "BudgetUsed",
    "Counterexample",
    "QuirkResult",
    "Report",
    "RequirementResult",
    "SampleHistory",
    "SituationResult",
    "Step",
    "TimedCall",
    "TransitionResult",
    "Verdict",
    "json_text",
]

REPORT_FORMAT = "telltale-conformance.report.v1"


class Verdict(enum.Enum):
    """The judgement on one requirement of one backend."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    EXPECTED_FAIL = "expected-fail"


@dataclass(frozen=True)
class Step(DataClassJsonMixin):
    """One operation of a counterexample in plain words, with its answer.

    ``operation`` is the operation as data where it has a data form.
    """

    text: str
    answer: str
    operation: Any = None


@dataclass(frozen=True)
class TimedCall(DataClassJsonMixin):
    """One of several calls that overlapped: who made it and when it was under way.

    ``invoked`` and ``answered`` are places in one order of what happened, from 0 on; ``answered``
    is ``None`` where no answer came. ``is_culprit`` marks the answer to be looked at first.
    """

    client: int
    text: str
    answer: str
    invoked: int
    answered: int | None = None
    is_culprit: bool = False


@dataclass(frozen=True)
class Counterexample(DataClassJsonMixin):
    """The shortest history found that violates one requirement.

    The last step is the first at which the backend differs; ``expected`` and
    ``actual`` describe that difference. ``acts`` are what a replay carries out, as
    data, and ``fingerprint`` tells this failure from another of the same requirement.
    The acts were carried out ``tries`` times again and broke the same requirement
    ``failures`` times; ``reproduced`` is false where that is not every time.
    ``random_seed`` is that of the global generators where the failure depends on it.
    ``calls`` are the steps with their times, where they overlapped.
    """

    requirement_id: str
    suite: str
    steps: list[Step]
    expected: str
    actual: str
    reproduced: bool = True
    acts: list[Any] = field(default_factory=list)
    fingerprint: str = ""
    random_seed: int | None = None
    tries: int = 0
    failures: int = 0
    calls: list[TimedCall] = field(default_factory=list)


@dataclass(frozen=True)
class RequirementResult(DataClassJsonMixin):
    """The verdict on one requirement; ``checks`` counts the times it was put to the test.

    ``reason`` says why a requirement is open, not applicable or a known failure;
    ``link`` leads to where a known failure is followed up.
    """

    requirement_id: str
    level: str
    verdict: Verdict = field(
        metadata=config(encoder=lambda verdict: verdict.value, decoder=Verdict)
    )
    checks: int = 0
    reason: str = ""
    counterexample: Counterexample | None = None
    link: str = ""


@dataclass(frozen=True)
class SituationResult(DataClassJsonMixin):
    """How often an interesting situation arose; zero makes its requirements inconclusive."""

    name: str
    reached: int
    requirement_ids: list[str]


@dataclass(frozen=True)
class QuirkResult(DataClassJsonMixin):
    """Whether a known quirk of the specification's own behaviour showed itself.

    ``reason`` and ``link`` are those of the baseline that lists it.
    """

    finding_id: str
    sentence: str
    shown: bool
    steps: list[Step]
    reason: str = ""
    link: str = ""


@dataclass(frozen=True)
class SampleHistory(DataClassJsonMixin):
    """One history of a suite that went well, so that a pass can be looked at too.

    ``requirement_ids`` are what the suite judged.
    """

    suite: str
    steps: list[Step]
    requirement_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TransitionResult(DataClassJsonMixin):
    """How many transitions of a bounded model the histories of a run took, out of all.

    ``model`` is ``log``, ``cache``, ``wal_sync``, ``evidence handler`` or ``recovery``: what a tour
    takes whole. No verdict depends on it.
    """

    model: str
    taken: int
    total: int


@dataclass(frozen=True)
class BackendReport(DataClassJsonMixin):
    """Everything found about one backend.

    ``fault`` is set when the backend could not be judged: it did not start,
    returned something else than a backend, or stopped answering.
    ``durability_class`` is what the backend promises to survive and
    ``crash_classes`` are the crashes that the run really made. ``notes`` are
    facts that no verdict depends on, such as a promise that could be made. ``mends`` are
    the findings that it declares as mended, and by whose rules it was judged. ``transitions``
    say how much of each bounded model the histories took.
    """

    name: str
    capabilities: list[str]
    rejection_mode: str
    results: list[RequirementResult]
    situations: list[SituationResult]
    quirks: list[QuirkResult]
    fault: str | None = None
    version: str = ""
    durability_class: str = ""
    crash_classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    samples: list[SampleHistory] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)
    transitions: list[TransitionResult] = field(default_factory=list)

    def result(self, requirement_id: str) -> RequirementResult | None:
        """Return the result of one requirement, or ``None`` when it was not part of the run."""
        for result in self.results:
            if result.requirement_id == requirement_id:
                return result
        return None


@dataclass(frozen=True)
class BaselineProblem(DataClassJsonMixin):
    """What does not fit between a run and its baseline; each makes the run fail.

    ``identifier`` is a requirement, or a finding for a quirk.
    """

    backend: str
    identifier: str
    text: str


@dataclass(frozen=True)
class BudgetUsed(DataClassJsonMixin):
    """The budget of each suite: histories, operations in each, and seconds at most.

    ``seconds`` are of work, for each search; ``wall_seconds`` are by the clock, for all searches
    of a component, or ``None`` in a report that does not tell.
    """

    histories: int
    operations: int
    seconds: float
    wall_seconds: float | None = None


@dataclass(frozen=True)
class Report(DataClassJsonMixin):
    """A whole run. Equal inputs give equal reports: there are no times in it."""

    format: str
    suite_version: str
    specification: str
    profile: str
    seed: int
    backends: list[BackendReport]
    budget: BudgetUsed | None = None
    baseline_problems: list[BaselineProblem] = field(default_factory=list)

    def to_text(self) -> str:
        """Return the report as indented JSON with a stable order."""
        return json_text(self.to_dict())


def json_text(tree: Any) -> str:
    """Return indented JSON that any file takes, whatever texts of others are in it."""
    text = json.dumps(tree, ensure_ascii=False, indent=2) + "\n"
    # A backend's texts may hold lone surrogates, which no file takes as they
    # are; the escape of this codec is also that of JSON.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
