"""One search of one suite on one backend: what it counts and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from conformance.backend import Backend
from conformance.engine.acts import Act
from conformance.engine.answers import HistoryEnded, Raised, Returned, Violation
from conformance.engine.breadcrumbs import Breadcrumbs
from conformance.engine.budget import Budget
from conformance.engine.clock import SearchClock
from conformance.engine.following import Follower
from conformance.engine.headway import Headway
from conformance.engine.randomness import (
    global_random_kept,
    random_seed_of,
    seed_global_random,
)
from conformance.engine.texts import exception_text, repeatable_text, shortened
from conformance.engine.watch import CallLimitExceeded, CallWatch
from conformance.engine.workspace import Workspace
from conformance.errors import BackendFault
from conformance.life_cycle import closing_of, ending_of
from conformance.records.results import Counterexample, Step, TimedCall
from telltale_spec.errors import DurabilityError

__all__ = [
    "Budget",
    "History",
    "HistoryEnded",
    "Raised",
    "Returned",
    "Session",
    "Violation",
]

ResultType = TypeVar("ResultType")


# Which histories can become the sample, and how long one may be.
_SAMPLE_HISTORIES: Final = 25
_SAMPLE_STEPS_MAX: Final = 20


@dataclass
class Session:
    """What one search of one suite shares between its histories."""

    suite: str
    backend: Backend
    watch: CallWatch
    budget: Budget
    # The seed of the search, from which histories get theirs.
    seed: int = 0
    # The seed of the global generators in every history, once one is settled.
    random_seed: int | None = None
    muted: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()
    """What is judged here and not searched for: it neither ends a search nor takes its time."""

    follower: Follower | None = None
    """Who looks on at the histories, if anybody does; no verdict depends on it."""

    on_history: Callable[[Headway], None] = lambda headway: None
    kept_values: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    situations: Counter[str] = field(default_factory=Counter)
    smallest: Counterexample | None = None
    first: Counterexample | None = None
    # What the history before the present one did.
    previous: tuple[list[Act], list[Step]] | None = None
    # What the backend may not do at all, in case it does not do it again.
    fault: BackendFault | None = None
    sample: list[Step] = field(default_factory=list)
    set_aside: dict[str, Counterexample] = field(default_factory=dict)
    """The shortest violation seen of each requirement that is only judged."""

    notes: list[str] = field(default_factory=list)
    """What a suite has to say of how much it tried; no verdict depends on it."""

    cut_short: str = ""
    """Why a suite ended before it had tried everything, if it did."""

    overlooked: list[Counterexample] | None = None
    """Where violations of muted requirements are kept, if anybody asks for them."""

    # Whether what was found came before any random history.
    found_at_once: bool = False
    histories: int = 0
    histories_done: int = 0
    operations: int = 0
    budget_ran_out: bool = False
    # How often in a row a storage was refused though all that nobody holds was given up.
    given_up_in_vain: int = 0
    # How much of its plan a suite has carried out, where its histories do not tell.
    carried_out_share: float | None = None
    acts_carried_out: int = 0
    _workspace: Workspace = field(default_factory=Workspace)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._clock = SearchClock(self.budget)

    def __enter__(self) -> Self:
        self._stack.enter_context(global_random_kept())
        self._stack.enter_context(self._workspace)
        self._clock = SearchClock(self.budget)
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def new_history(self) -> History:
        """Return a history with a directory of its own; one past the budget is ended at once."""
        self.histories += 1
        seconds_left = self._clock.seconds_left
        self.on_history(Headway(self.suite, self.histories, self.operations, seconds_left))
        self.budget_ran_out = self.budget_ran_out or self.is_out_of_time()
        return History(self, ended=self.budget_ran_out)

    def next_random_seed(self) -> int:
        """Return the seed of the next history: of its own, or that of the one that failed."""
        if self.random_seed is not None:
            return self.random_seed
        return random_seed_of(self.seed, self.histories)

    def is_out_of_time(self, share: float = 1.0) -> bool:
        """Say whether the time of the budget is used up, or this share of it."""
        return self._clock.is_out_of_time(share)

    @property
    def used_share(self) -> float:
        """How much of the time of the budget is used; 1 is all of it."""
        return self._clock.used_share

    def shorten_further(self) -> None:
        """Let a counterexample be made shorter after the engine, in the time kept for that."""
        self._clock.shorten_further()
        self.budget_ran_out = False

    def new_directory(self, name: str | None = None) -> Path:
        """Return an empty directory inside the session's workspace; see :class:`Workspace`."""
        return self._workspace.new_directory(name)

    def take_back(self, directory: Path) -> None:
        """Remove what a history left in a directory."""
        self._workspace.take_back(directory)

    def add_note(self, note: str) -> None:
        """Keep a note for the report, once."""
        self.notes += [] if note in self.notes else [note]

    def offer_sample(self, steps: list[Step]) -> None:
        """Keep the longest of the first histories that went well, to be looked at."""
        early = self.histories <= _SAMPLE_HISTORIES
        if early and len(self.sample) < len(steps) <= _SAMPLE_STEPS_MAX:
            self.sample = steps

    def keeps_going_past(self, requirement_id: str) -> bool:
        """Say whether a violation of this requirement is none that this search is after."""
        return requirement_id in self.aside or requirement_id in self.muted

    def overlook(self, counterexample: Counterexample) -> None:
        """Keep a violation that the search is not after, where anybody asks for it."""
        requirement_id = counterexample.requirement_id
        if requirement_id in self.aside:
            known = self.set_aside.get(requirement_id)
            if known is None or len(counterexample.steps) < len(known.steps):
                self.set_aside[requirement_id] = counterexample
        elif self.overlooked is not None:
            self.overlooked.append(counterexample)

    def consider(self, counterexample: Counterexample) -> None:
        """Remember the shortest counterexample, in case it cannot be found again."""
        self._clock.note_violation()
        if self.first is None:
            self.first = counterexample
            # What is tried from now on is to be the same history, made shorter.
            self.random_seed = counterexample.random_seed
        if self.smallest is None or len(counterexample.steps) < len(self.smallest.steps):
            self.smallest = counterexample


_ANSWER_CHARACTERS_MAX: Final = 400
_DIFFERENCE_CHARACTERS_MAX: Final = 2_000


class History:
    """One history: the steps taken, and the checks made on their answers."""

    def __init__(self, session: Session, *, ended: bool = False) -> None:
        self.session = session
        self.steps: list[Step] = []
        self.acts: list[Act] = []
        self.calls: list[TimedCall] = []  # The steps that overlapped.
        self.acting = False
        self.ended = ended
        self.random_seed = 0
        self.followed = session.follower.new_history() if session.follower else None
        self._directories: list[Path] = []
        self._breadcrumbs = Breadcrumbs()

    def beside(self) -> History:
        """Return a history of the same acts with steps of its own, whose end is not this one's."""
        other = History(self.session, ended=self.ended)
        other.acts = self.acts
        other.random_seed = self.random_seed
        return other

    def begin(self, random_seed: int) -> None:
        """Seed the global generators for what the history does from now on."""
        self.random_seed = random_seed
        if not self.ended:
            seed_global_random(random_seed)

    def directory(self) -> Path:
        """Return a new empty directory, which is removed with the history."""
        directory = self.session.new_directory()
        self._directories.append(directory)
        return directory

    def close(self) -> None:
        """Remove what the history left on disk."""
        if not self.ended:
            self.session.histories_done += 1
            self.session.offer_sample(self.steps)
        if self.acts:
            self.session.previous = (self.acts, self.steps)
        for directory in self._directories:
            self._end(directory)

    def next_directory(self, directory: Path, *, same_name: bool) -> Path:
        """End the storage in a directory as the history's end does; return a new, empty one."""
        self._end(directory)
        following = self.session.new_directory(directory.name if same_name else None)
        self._directories.append(following)
        return following

    def _end(self, directory: Path) -> None:
        for what, step in ending_of(directory):
            self._without_exceptions(what, step)
        self.session.take_back(directory)

    def follow_previous(self, between: Act, step: Step) -> None:
        """Count what the history before this one did to this one: only both can be replayed."""
        if self.session.previous is not None:
            acts, steps = self.session.previous
            self.acts[:0] = [*acts, between]
            self.steps[:0] = [*steps, step]

    def run(self, act: Callable[[], object]) -> None:
        """Carry out one act, unless the history has ended."""
        if self.ended:
            return
        try:
            act()
        except HistoryEnded:
            self.ended = True

    def start(self, what: str, make: Callable[[], ResultType]) -> ResultType:
        """Make a part of the system under test, or raise :class:`BackendFault`."""
        return self._without_exceptions(f"making {what}", make)

    def release(self, part: Any) -> bool:
        """Close a part of the system under test, and say whether it can be closed at all.

        Raises :class:`BackendFault` where closing raises or does not end.
        """
        close = closing_of(part)
        if close is not None:
            self._without_exceptions(f"closing a {type(part).__name__}", close)
        return close is not None

    def _without_exceptions(self, what: str, function: Callable[[], ResultType]) -> ResultType:
        try:
            return self._watched(what, function)
        except (BackendFault, KeyboardInterrupt):
            raise
        except BaseException as error:
            text = self._repeatable(f"{what} raised {exception_text(error)}{self._after_text()}")
            raise self._fault(text) from error

    def call(
        self,
        text: str,
        function: Callable[[], Any],
        *,
        operation: Any = None,
        undeclared: str = "WAL-09",
        quiet: bool = False,
        pure: bool = False,
    ) -> Returned | Raised:
        """Call the system under test and note the step with its answer.

        ``operation`` is the call as data. ``undeclared`` is the requirement
        that an exception of any undeclared type violates. A ``quiet`` call is
        noted only if something is wrong with it: it looks, it does not act. Where
        a ``pure`` one raises what is undeclared, other requirements can be judged.
        """
        try:
            value = self._watched(text, function)
        except DurabilityError as error:
            message = str(error)
            self.note(text, f"refused: {message}", operation)
            self.check(undeclared, bool(message), "an error with a text", "an empty error text")
            return Raised(message)
        except (HistoryEnded, Violation, BackendFault, KeyboardInterrupt):
            raise
        except BaseException as error:
            # sys.exit and its like included: no operation declares them.
            shown = exception_text(error)
            self.note(text, f"raised {shown}", operation)
            expected = "a result or the declared error, telltale_spec.DurabilityError"
            self.check(undeclared, False, expected, f"raised {shown}", goes_on=pure)
            if pure:
                return Raised(shown.partition(": ")[2], declared=False)
            raise HistoryEnded from error
        if not quiet:
            self.note(text, "ok", operation)
        return Returned(value)

    def note(self, text: str, answer: str, operation: Any = None) -> None:
        """Add one step to the history."""
        shown = shortened(self._repeatable(answer), _ANSWER_CHARACTERS_MAX)
        data = operation.to_dict() if hasattr(operation, "to_dict") else operation
        self.steps.append(Step(text, shown, data))

    def answer(self, answer: str) -> None:
        """Replace the answer of the last step by a more telling one."""
        if self.steps:
            shown = shortened(self._repeatable(answer), _ANSWER_CHARACTERS_MAX)
            self.steps[-1] = replace(self.steps[-1], answer=shown)

    def check(
        self,
        requirement_id: str,
        holds: bool,
        expected: str | Callable[[], str],
        actual: str | Callable[[], str],
        *,
        goes_on: bool = False,
        steps_shown: int | None = None,
    ) -> bool:
        """Count one check of a requirement; raise :class:`Violation` where it does not hold.

        A violation that the search is not after ends the history, as what follows
        from it is known. With ``goes_on`` the caller can judge what comes next all
        the same: the history goes on, and the answer is whether the check held. One that
        came to light later is shown by the first ``steps_shown`` steps.
        """
        self.session.checks[requirement_id] += 1
        if holds:
            return True
        counterexample = Counterexample(
            requirement_id,
            self.session.suite,
            self.steps[:steps_shown],
            self._difference_text(expected),
            self._difference_text(actual),
            acts=list(self.acts),
            random_seed=self.random_seed,
            calls=list(self.calls),
        )
        if self.session.keeps_going_past(requirement_id):
            self.session.overlook(counterexample)
            # What is known to be wrong is no transition that was taken.
            self.followed = None if requirement_id in self.session.muted else self.followed
            if goes_on:
                return False
            raise HistoryEnded
        self.session.consider(counterexample)
        self.ended = True
        raise Violation(counterexample)

    def reach(self, situation: str) -> None:
        """Count one occurrence of an interesting situation."""
        self.session.situations[situation] += 1

    def _repeatable(self, text: str) -> str:
        return repeatable_text(text, self._directories)

    def _difference_text(self, text: str | Callable[[], str]) -> str:
        shown = self._repeatable(text if isinstance(text, str) else text())
        return shortened(shown, _DIFFERENCE_CHARACTERS_MAX)

    def _watched(self, text: str, function: Callable[[], ResultType]) -> ResultType:
        watch = self.session.watch
        self.session.operations += 1
        self._breadcrumbs.before(text, self.steps, self._directories)
        try:
            return watch.limit(function)
        except CallLimitExceeded:
            raise self._fault(
                f"no answer within {watch.limit_seconds:g} seconds from: {text}{self._after_text()}"
            ) from None

    def _fault(self, text: str) -> BackendFault:
        self.session.fault = BackendFault(self.session.backend.name, text)
        return self.session.fault

    def _after_text(self) -> str:
        if not self.steps:
            return ""
        return f" (after {len(self.steps)} operations, the last: {self.steps[-1].text})"
