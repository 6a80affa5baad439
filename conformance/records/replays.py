"""Replay files: one failure as data, to be carried out again by any version, in any language."""

from __future__ import annotations

import enum
import json
import os
from dataclasses import dataclass, field
from typing import Any, Final

from dataclasses_json import DataClassJsonMixin, config

from conformance.errors import ReplayError
from conformance.records.fingerprint import fingerprint_of
from conformance.records.redaction import hidden_secrets, secrets_of
from conformance.records.results import BackendReport, Counterexample, Verdict

__all__ = [
    "REPLAY_FORMAT",
    "KnownFailure",
    "Outcome",
    "Replay",
    "ReplayResult",
    "component_of",
    "read_replay",
    "replay_of",
]

REPLAY_FORMAT: Final = "telltale-conformance.replay.v1"

# By how the name of a suite begins; the longer ones come first.
_COMPONENTS: Final = (
    ("agreement WAL handler", "agreement_wal_handler"),
    ("agreement WAL", "agreement_wal"),
    ("evidence cache", "evidence_cache"),
    ("evidence handler", "evidence_handler"),
    ("recovery", "recovery"),
    ("codec", "codec"),
    ("identities", "identity"),
)
_TEXTS: Final = (
    "backend",
    "component",
    "suite",
    "requirement_id",
    "rejection_mode",
    "expected",
    "actual",
    "fingerprint",
)


@dataclass(frozen=True)
class PlainStep(DataClassJsonMixin):
    """One step in plain words, with the answer it got."""

    text: str
    answer: str


def _is_none(value: Any) -> bool:
    return value is None


def _left_out_if_none() -> Any:
    return field(default=None, metadata=config(exclude=_is_none))


@dataclass(frozen=True)
class Replay(DataClassJsonMixin):
    """One failure: what was done, to which component, and the first difference.

    ``acts`` are carried out in order, each a map with its name under ``act``.
    ``steps`` are the same in plain words, with the answers of the backend.
    When it was found, it was tried ``tries`` times more and failed ``failures``
    times; files of earlier versions do not say. ``reproduced`` is false where it did
    not come every time. ``random_seed`` is the seed of the global generators of
    random numbers, where the failure needs it. ``mends`` are the findings that the backend
    declared to mend, where there were any.
    """

    format: str
    backend: str
    component: str
    suite: str
    requirement_id: str
    capabilities: list[str]
    rejection_mode: str
    acts: list[Any]
    expected: str
    actual: str
    fingerprint: str
    steps: list[PlainStep] = field(default_factory=list)
    reproduced: bool = True
    random_seed: int | None = _left_out_if_none()
    tries: int | None = _left_out_if_none()
    failures: int | None = _left_out_if_none()
    mends: list[str] | None = field(default=None, metadata=config(exclude=_is_none))

    @property
    def always_failed(self) -> bool:
        """Whether the failure came every time, so that once without it says something."""
        always = bool(self.tries) and self.failures == self.tries
        return self.reproduced and always and self.random_seed is None

    @property
    def chance_text(self) -> str:
        """Why a failure that is not seen may come all the same; empty for one that always came."""
        if self.always_failed:
            return ""
        if self.tries is None and self.reproduced:
            return "the file does not say how often it failed when it was found"
        if not self.reproduced:
            return (
                f"it was flaky: {self.failures or 0} of {self.tries or 1} tries when it was found"
            )
        return "it depends on random numbers"

    def to_text(self) -> str:
        """Return the file: indented JSON with a stable order."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"
        # A backend's texts may hold lone surrogates, which no file takes as they are.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    def fingerprint_of(self, found: Counterexample) -> str:
        """Return the fingerprint of a violation that the replay met.

        It is that of the acts in the file, up to the one that met it: the form
        of an act may have grown since.
        """
        acts = self.acts[: len(found.acts)]
        return fingerprint_of(found.requirement_id, found.suite, acts, found.expected, found.actual)


def component_of(suite: str) -> str:
    """Return the component that a suite judges, by its field of a backend."""
    return next(component for name, component in _COMPONENTS if suite.startswith(name))


def replay_of(backend: BackendReport, found: Counterexample) -> Replay:
    """Return the replay of a failure on a report, without the secrets in its texts."""
    replay = Replay(
        REPLAY_FORMAT,
        backend.name,
        component_of(found.suite),
        found.suite,
        found.requirement_id,
        backend.capabilities,
        backend.rejection_mode,
        found.acts,
        found.expected,
        found.actual,
        found.fingerprint,
        [PlainStep(step.text, step.answer) for step in found.steps],
        found.reproduced,
        found.random_seed,
        found.tries or None,
        found.failures if found.tries else None,
        list(backend.mends) or None,
    )
    return hidden_secrets(replay, secrets_of(os.environ))


def read_replay(text: str, name: str) -> Replay:
    """Return the replay of a file's text, or raise :class:`ReplayError` naming ``name``."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReplayError(name, f"is not JSON: {error}") from None
    if not isinstance(tree, dict) or tree.get("format") != REPLAY_FORMAT:
        found = tree.get("format") if isinstance(tree, dict) else type(tree).__name__
        raise ReplayError(name, f"format `{found}`: expected {REPLAY_FORMAT}")
    for key in _TEXTS:
        if not isinstance(tree.get(key), str):
            raise ReplayError(name, f"`{key}` is missing or no text")
    for key in ("acts", "capabilities"):
        if not isinstance(tree.get(key), list):
            raise ReplayError(name, f"`{key}` is missing or no list")
    mends = tree.get("mends", [])
    if not isinstance(mends, list) or not all(isinstance(each, str) for each in mends):
        raise ReplayError(name, "`mends` is no list of findings")
    tree["steps"] = _steps(tree.get("steps", []), name)
    tree["reproduced"] = tree.get("reproduced") is not False
    for key in ("random_seed", "tries", "failures"):
        if not _is_count(tree.get(key, 0)):
            raise ReplayError(name, f"`{key}` is no whole number of 0 to 2^32-1")
    replay = Replay.from_dict(tree)
    parts = (replay.requirement_id, replay.suite, replay.acts, replay.expected, replay.actual)
    fingerprint = fingerprint_of(*parts)
    if replay.fingerprint != fingerprint:
        reason = f"fingerprint `{replay.fingerprint}`: its contents have `{fingerprint}`"
        raise ReplayError(name, f"{reason}; was it changed by hand?")
    return replay


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**32


def _steps(trees: Any, name: str) -> list[Any]:
    well_formed = isinstance(trees, list) and all(
        isinstance(each, dict) and isinstance(each.get("text"), str) for each in trees
    )
    if not well_formed:
        raise ReplayError(name, "`steps` is no list of maps with `text` and `answer`")
    return [{"text": each["text"], "answer": str(each.get("answer", ""))} for each in trees]


@dataclass(frozen=True)
class KnownFailure:
    """A failure that is listed in a baseline, with why and where it is followed up."""

    backend: str
    replay: Replay
    reason: str
    link: str = ""


class Outcome(enum.Enum):
    """What became of a failure that was replayed."""

    FIXED = "fixed"
    STILL_FAILING = "still failing"
    FAILS_DIFFERENTLY = "fails differently"
    NOT_SEEN = "not seen"
    CANNOT_RUN = "cannot run"


@dataclass(frozen=True)
class ReplayResult:
    """The outcome of one replay.

    ``reason`` says how it differs, how often it was seen, or why it cannot run.
    """

    outcome: Outcome
    reason: str = ""
    counterexample: Counterexample | None = None

    @classmethod
    def of(cls, replay: Replay, report: BackendReport) -> ReplayResult:
        """Return the outcome that the report on one replay tells of.

        Only a failure that always came is fixed where it does not come: of any other, one that was
        not seen is all that can be said.
        """
        if report.fault is not None:
            return cls(Outcome.CANNOT_RUN, report.fault)
        (result,) = report.results
        found = result.counterexample
        if found is not None:
            return cls._failing(replay, found)
        if result.verdict is not Verdict.PASS:
            return cls(Outcome.CANNOT_RUN, result.reason)
        if replay.always_failed:
            return cls(Outcome.FIXED)
        reason = f"in {result.checks} tries; {replay.chance_text}, so this does not show it fixed"
        return cls(Outcome.NOT_SEEN, reason)

    @classmethod
    def _failing(cls, replay: Replay, found: Counterexample) -> ReplayResult:
        if found.requirement_id != replay.requirement_id:
            reason = f"what it breaks now is {found.requirement_id}"
            return cls(Outcome.FAILS_DIFFERENTLY, reason, found)
        at_times = f"in {found.failures} of {found.tries} tries" if not found.reproduced else ""
        # What comes by chance need not come in the same way.
        if found.fingerprint == replay.fingerprint or at_times or not replay.reproduced:
            return cls(Outcome.STILL_FAILING, at_times, found)
        if len(found.acts) < len(replay.acts):
            reason = f"the first difference comes at act {len(found.acts)} of {len(replay.acts)}"
        else:
            reason = "the first difference is another one"
        return cls(Outcome.FAILS_DIFFERENTLY, reason, found)
