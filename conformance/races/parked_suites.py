"""The suites in which one handle is stopped inside of a call while another one is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from conformance.backend import Backend, Capability
from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall, Judgement, Order
from conformance.concurrency.logs import judge_log
from conformance.crashes.conduct import Component
from conformance.crashes.selection import evenly
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import History, HistoryEnded, Session, Violation
from conformance.engine.suite import Replayed, Suite
from conformance.machines.overlapping import check_order
from conformance.races.company import Company
from conformance.races.meetings import STUCK, Meet, Meeting
from conformance.races.parked_launches import known_of
from conformance.races.plans import CACHE_PAIRS, LOG_PAIRS, Pair
from conformance.races.telling import contents_text, found_text, meeting_steps
from conformance.races.tracing import HoldingError
from conformance.records.results import Counterexample
from telltale_spec.model.operations import Operation

__all__ = ["PARKED_SUITES", "Parked", "ParkedSuite"]

# A short run has time for the pairs that come first, at about so many places in all.
_SHORT_HISTORIES: Final = 100
_SHORT_PAIRS: Final = 10
_HELD_FEWEST: Final = 4
_PATIENT_EVERY: Final = 3
_PATIENT_UP_TO: Final = 12

_PAIRS: Final[Mapping[Component, Sequence[Pair]]] = {
    Component.LOG: LOG_PAIRS,
    Component.CACHE: CACHE_PAIRS,
}
_JUDGES: Final[Mapping[Component, Callable[[Sequence[ConcurrentCall]], Judgement]]] = {
    Component.LOG: judge_log,
    Component.CACHE: judge_cache,
}


@dataclass(frozen=True)
class Parked:
    """One meeting as data: what came before, which calls met, and where the first was held.

    ``number`` counts the system calls of the held one that others can notice, from 1 on, and 0
    where it was not held; ``system_call`` is that call in words.
    """

    before: tuple[Operation, ...]
    held: Operation
    other: Operation
    number: int
    system_call: str
    after: tuple[Operation, ...] = ()
    is_patient: bool = False
    """Whether it was held for a while, also where the other was seen to wait."""

    then: tuple[Operation, ...] = ()

    @property
    def pair(self) -> Pair:
        """The two calls, with what comes before and behind them."""
        return Pair(self.before, self.held, self.other, self.after, self.then)


def _parked(history: History, parked: Parked) -> None:
    """Stand for the act of a meeting; a suite carries it out."""
    raise NotImplementedError


_FORM: Final = ActForm("parked", _parked)


@dataclass(frozen=True)
class ParkedSuite(Suite):
    """Every pair of calls on one component, the first one held at each of its system calls.

    ``how`` they meet, ``form`` names that in a replay file, and ``promised`` is what a backend has
    to declare for it; about ``meetings_a_history`` are made for each history of a run.
    """

    records_acts: ClassVar[bool] = True
    how: ClassVar[type[Meet]] = Meet
    form: ClassVar[ActForm] = _FORM
    promised: ClassVar[tuple[Capability, ...]] = (Capability.CONCURRENT_HANDLES,)
    meetings_a_history: ClassVar[float] = 5

    name: str
    part: Component
    requirement_id: str

    @property
    def requirement_ids(self) -> tuple[str, ...]:  # type: ignore[override]
        """All that the suite can judge."""
        return (self.requirement_id,)

    @property
    def noun(self) -> str:
        """What is called, in words."""
        return "log" if self.part is Component.LOG else "cache"

    @property
    def pairs(self) -> Sequence[Pair]:
        """All that can meet, what shows most first."""
        return _PAIRS[self.part]

    @property
    def what_arises(self) -> str:
        """One call at least came while another one was held."""
        return f"{self.noun} called while another handle was inside of a call"

    @property
    def situations(self) -> Mapping[str, tuple[str, ...]]:  # type: ignore[override]
        """What has to arise, and what is open where it did not."""
        return {self.what_arises: self.requirement_ids}

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend promises this and can be put to it here."""
        return not self.absence(backend)

    def absence(self, backend: Backend) -> str:
        """Return why the suite does not apply to a backend."""
        present = backend.agreement_wal if self.part is Component.LOG else backend.evidence_cache
        for capability in self.promised:
            if capability not in backend.capabilities:
                return f"the backend does not declare {capability.value}"
        if present is None:
            return "the backend does not have what several handles could be on"
        if backend.launch is None:
            return (
                "declared, and not tried: the backend cannot be started as a process of its own; "
                "judge it by its name as package.module:factory, or with --command"
            )
        problem = known_of(backend.launch).problem(self.part)
        return f"declared, and not tried: {problem}" if problem else ""

    def end(self, backend: Backend) -> None:
        """End the processes that were used."""
        if backend.launch is not None:
            known_of(backend.launch).company.end()

    # Searching

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Let each pair meet at each place of the plan; stop at the first violation.

        Nothing of it depends on the seed.
        """
        company = self._company(session)
        counts: Counter[str] = Counter()
        pairs = self._pairs(session)
        try:
            for pair in pairs:
                self._judge_pair(session, company, pair, counts)
                if session.budget_ran_out or session.cut_short:
                    return None
        except HoldingError as error:
            session.cut_short = str(error)
            return None
        except HistoryEnded:
            return None
        except Violation as violation:
            return violation.counterexample
        session.notes.append(f"{self.name}: {self._figures(counts, len(pairs))}")
        return None

    def _figures(self, counts: Counter[str], pairs_count: int) -> str:
        return (
            f"a call held at {counts['held']} of {counts['calls']} system calls, "
            f"in {pairs_count} of {len(self.pairs)} pairs; "
            f"the other one waited in {counts['waited']}"
        )

    def _judge_pair(
        self, session: Session, company: Company, pair: Pair, counts: Counter[str]
    ) -> None:
        """Judge the meetings of one pair; raises ``Violation`` and ``HoldingError``.

        Where the other one waited, both go on at the same time, and what comes of that is chance:
        the pair is tried to its end for a failure that always comes.
        """
        by_chance: Violation | None = None
        calls = self._judge(session, company, pair, 0, counts)
        places = self._places(calls)
        counts["calls"] += len(places)
        for number in evenly(places, self._places_max(session)):
            waited = counts["waited"]
            try:
                self._judge_fewest(session, company, pair, number, counts)
            except Violation as violation:
                if counts["waited"] == waited or violation.counterexample.actual.endswith(STUCK):
                    raise
                by_chance = by_chance or violation
            if session.budget_ran_out:
                break
        if by_chance is not None:
            raise by_chance

    def _judge_fewest(
        self, session: Session, company: Company, pair: Pair, number: int, counts: Counter[str]
    ) -> None:
        """Judge one meeting; what fails is tried with as few calls that follow as are needed."""
        is_patient = _is_patient(counts["waited"])
        try:
            self._judge(session, company, pair, number, counts, is_patient=is_patient)
        except Violation:
            for count in range(len(pair.then)):
                fewer = replace(pair, then=pair.then[:count])
                self._judge(session, company, fewer, number, counts, is_patient=is_patient)
            raise

    def _pairs(self, session: Session) -> Sequence[Pair]:
        pairs = self.pairs
        return pairs[:_SHORT_PAIRS] if session.budget.histories < _SHORT_HISTORIES else pairs

    def _places(self, calls: Sequence[str]) -> Sequence[int]:
        """Return the system calls before which something can come of a meeting, from 1 on: all."""
        return range(1, len(calls) + 1)

    def _places_max(self, session: Session) -> int:
        """Return at how many system calls of a pair they meet; those that are taken lie evenly."""
        meetings_count = session.budget.histories * self.meetings_a_history
        return max(_HELD_FEWEST, int(meetings_count / len(self._pairs(session))))

    def _judge(
        self,
        session: Session,
        company: Company,
        pair: Pair,
        number: int,
        counts: Counter[str],
        *,
        is_patient: bool = False,
    ) -> Sequence[str]:
        """Judge one meeting and return the shared system calls that were seen.

        Raises ``Violation`` and ``HoldingError``.
        """
        session.watch.note_progress()
        history = session.new_history()
        if history.ended:
            return ()
        try:
            meeting = self._met(history, company, pair, number, is_patient=is_patient)
            if meeting.obstacle:
                session.cut_short = meeting.obstacle
                return ()
            session.operations += len(meeting.calls)
            if meeting.held_at:
                history.reach(self.what_arises)
                counts["held"] += 1
                counts["waited"] += meeting.has_waited
                counts["waited for"] += meeting.is_waited_for
            self._check(history, meeting)
        finally:
            history.close()
        return meeting.shared_calls

    def _met(
        self, history: History, company: Company, pair: Pair, number: int, *, is_patient: bool
    ) -> Meeting:
        """Let two calls meet; what goes wrong in forked processes is tried again."""
        place = (pair, number, self.how)
        meeting = company.meet(self.part, history.directory(), *place, is_patient=is_patient)
        if self._is_good(meeting) or not company.stop_forking():
            return meeting
        return company.meet(self.part, history.directory(), *place, is_patient=is_patient)

    def _is_good(self, meeting: Meeting) -> bool:
        """Say whether two calls have met and some order explains what came of it."""
        if meeting.problem or meeting.obstacle:
            return False
        made = sorted(meeting.calls, key=lambda call: call.invoked)
        return _JUDGES[self.part](made).order is Order.FOUND

    def _check(self, history: History, meeting: Meeting) -> None:
        pair = meeting.pair
        place = (meeting.stop_at, meeting.held_at)
        calls = (pair.before, pair.held, pair.other)
        parked = Parked(*calls, *place, pair.after, meeting.is_patient, pair.then)
        history.acts[:] = [Act(self.form, (parked,))]
        made = sorted(meeting.calls, key=lambda call: call.invoked)
        judgement = None if meeting.problem else _JUDGES[self.part](made)
        needed = made if judgement is None else [made[index] for index in judgement.shown]
        history.steps[:] = meeting_steps(meeting, needed)
        if judgement is None:
            expected = "an answer to every call, and a load once all have ended"
            history.check(self.requirement_id, False, expected, meeting.problem)
            return
        check_order(
            history,
            self.requirement_id,
            made,
            judgement,
            expected=lambda: self._lawful(meeting),
            found=lambda: found_text(meeting),
        )

    def _lawful(self, meeting: Meeting) -> str:
        """Return what a storage may hold in the end, in words."""
        return contents_text(meeting.pair)

    @staticmethod
    def _company(session: Session) -> Company:
        launch = session.backend.launch
        if launch is None:
            raise RuntimeError("this suite does not apply to a backend without a launch")
        return known_of(launch).company

    # Replaying

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {self.form.name: self.form}

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Let the same two calls meet at the same place.

        Where a backend makes other system calls by now, they meet at all of them.
        """
        company, counts = self._company(session), Counter[str]()
        # Whether something is mended is for programs of their own to say.
        company.stop_forking()
        try:
            for act in acts:
                (parked,) = act.form.bound(act.arguments, act.named).values()
                numbers = self._numbers_again(session, company, parked)
                for number in numbers:
                    # At all places in turn, it is as patient as a search is, and not at each.
                    is_patient = parked.is_patient and (
                        len(numbers) == 1 or _is_patient(counts["waited"])
                    )
                    self._judge(
                        session, company, parked.pair, number, counts, is_patient=is_patient
                    )
        except HistoryEnded:
            return Replayed(None, complete=False)
        except Violation as violation:
            return Replayed(violation.counterexample, complete=False)
        return Replayed(None, complete=not session.budget_ran_out and not session.cut_short)

    def _numbers_again(self, session: Session, company: Company, parked: Parked) -> Sequence[int]:
        directory = session.new_directory()
        alone = company.meet(self.part, directory, parked.pair, 0, self.how)
        session.take_back(directory)
        calls = alone.shared_calls
        if parked.number == 0 or calls[parked.number - 1 : parked.number] == (parked.system_call,):
            return (parked.number,)
        return [0, *self._places(calls)]


def _is_patient(contended_count: int) -> bool:
    """Say whether the held one stays held for a while if the other should wait for it.

    That takes its time, so it is done a few times, at places that lie apart.
    """
    return contended_count < _PATIENT_UP_TO and contended_count % _PATIENT_EVERY == 0


PARKED_SUITES: Final = (
    ParkedSuite("agreement WAL with a handle held inside a call", Component.LOG, "WAL-01.parked"),
    ParkedSuite(
        "evidence cache with a handle held inside a call", Component.CACHE, "CACHE-02.parked"
    ),
)
"""Every suite of calls that meet."""
