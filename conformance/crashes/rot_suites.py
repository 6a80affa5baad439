"""The suites in which the files of a log or a cache at rest are damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conformance.backend import Capability
from conformance.crashes.campaign import Crew
from conformance.crashes.conduct import Component, Problem
from conformance.crashes.crew_suite import HISTORIES, CrewSuite
from conformance.crashes.damage import Damage, damages
from conformance.crashes.opener import AtRest, Shown
from conformance.crashes.oracle import Difference, difference_at_rest, expected_after
from conformance.crashes.telling import damage_steps
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import History, Session, Violation
from conformance.engine.suite import Replayed
from conformance.records.results import Counterexample
from telltale_spec.model.operations import Operation

__all__ = ["BIT_ROT", "ROT_SUITES", "Rot", "RotSuite"]

_HISTORIES_A_SEEDED_ONE: Final = 50
_DAMAGES_A_HISTORY: Final = 8
_SHORTER_MAX: Final = 40

BIT_ROT: Final = "bit-rot"
"""The class of damage to files at rest."""


@dataclass(frozen=True)
class Rot:
    """One damage as data: the operations that came before it, and what was damaged."""

    operations: tuple[Operation, ...]
    damage: Damage


def _rot(history: History, rot: Rot) -> None:
    """Stand for the act of a damage; a suite carries it out."""
    raise NotImplementedError


_FORM: Final = ActForm("rot", _rot)


@dataclass(frozen=True)
class _Found:
    """A damage that is shown as something else than what was acknowledged."""

    operations: tuple[Operation, ...]
    rest: AtRest
    damage: Damage
    difference: Difference


@dataclass(frozen=True)
class RotSuite(CrewSuite):
    """Files of one component that were closed in order, each with one damage."""

    requirement_id: str

    @property
    def requirement_ids(self) -> tuple[str, ...]:  # type: ignore[override]
        """All that the suite can judge."""
        return (self.requirement_id,)

    @property
    def promise(self) -> Capability:
        """The capability that a backend is held to."""
        return Capability.BIT_ROT

    @property
    def what_arises(self) -> str:
        """One damaged file at least was opened."""
        return f"damaged {self.noun} opened"

    @property
    def fate(self) -> str:
        """What a component has to do here."""
        return "be damaged"

    def problem(self, crew: Crew, operations: tuple[Operation, ...]) -> str:
        """Return why nothing can be damaged, or an empty text."""
        return crew.problem_at_rest(self.part, operations)

    def crash_classes_of(self, reached: Mapping[str, int]) -> list[str]:
        """Return the class of damage, if there was any."""
        return [BIT_ROT] if reached[self.what_arises] else []

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Damage what every history of the plan leaves; stop at the first violation."""
        crew = self.crew(session)
        counts: Counter[str] = Counter()
        seeded_count = session.budget.histories // _HISTORIES_A_SEEDED_ONE
        try:
            for operations in self._plan(seed, seeded_count):
                rest = crew.at_rest(self.part, operations)
                chosen = self._damages(session, rest, seed)
                counts["made"] += len(chosen)
                self._judge(session, crew, operations, rest, chosen, counts)
        except Violation as violation:
            return violation.counterexample
        session.notes.append(
            f"{self.name}: damages made/opened: {BIT_ROT} {counts['made']}/{counts['opened']}, "
            f"{counts['refused']} of them refused"
        )
        return None

    def _plan(self, seed: int, seeded_count: int) -> Iterator[tuple[Operation, ...]]:
        """Yield the histories of crashes, and before them one whose files have a sector at most."""
        for number, operations in enumerate(HISTORIES[self.part](seed, seeded_count)):
            if number == 0:
                yield operations[:1]
            yield operations

    def _damages(self, session: Session, rest: AtRest, seed: int) -> list[Damage]:
        count_max = max(1, session.budget.histories * _DAMAGES_A_HISTORY)
        return damages(rest.image, rest.records, seed, count_max)

    def _judge(
        self,
        session: Session,
        crew: Crew,
        operations: tuple[Operation, ...],
        rest: AtRest,
        chosen: Sequence[Damage],
        counts: Counter[str],
    ) -> None:
        """Judge damages one by one; raises ``Violation``."""
        for damage in chosen:
            history = session.new_history()
            if history.ended:
                return
            counts["opened"] += 1
            history.reach(self.what_arises)
            shown = crew.show(self.part, damage.apply(rest.image))
            counts["refused"] += isinstance(shown.first, Problem)
            difference = self._difference(rest, shown)
            if difference is None:
                history.check(self.requirement_id, True, "", "")
            else:
                found = _Found(operations, rest, damage, difference)
                self._report(session, crew, history, found)
            history.close()

    def _difference(self, rest: AtRest, shown: Shown) -> Difference | None:
        expected = expected_after(self.part, rest.deeds, len(rest.deeds))
        return difference_at_rest(expected, shown)

    def _report(self, session: Session, crew: Crew, history: History, found: _Found) -> None:
        """Check a failure; one that is looked for is made smaller first."""
        looked_for = not session.keeps_going_past(self.requirement_id)
        if looked_for and session.budget.minimise:
            found = self._smallest(session, crew, found)
        try:
            self._check(history, found)
        except Violation as violation:
            shown = crew.show_again(self.part, found.damage.apply(found.rest.image))
            reproduced = self._difference(found.rest, shown) is not None
            raise Violation(replace(violation.counterexample, reproduced=reproduced)) from None

    def _check(self, history: History, found: _Found) -> None:
        history.steps[:] = damage_steps(found.rest, found.damage)
        history.acts[:] = [Act(_FORM, (Rot(found.operations, found.damage),))]
        difference = found.difference
        history.check(
            self.requirement_id, False, difference.expected, difference.actual, goes_on=True
        )

    def _smallest(self, session: Session, crew: Crew, found: _Found) -> _Found:
        """Return the failure of a shorter history, as far as there is time."""

        def failure(operations: tuple[Operation, ...]) -> _Found | None:
            rest = crew.at_rest(self.part, operations)
            for damage in self._damages(session, rest, 0):
                if session.is_out_of_time():
                    return None
                shown = crew.show(self.part, damage.apply(rest.image))
                difference = self._difference(rest, shown)
                if difference is not None:
                    return _Found(operations, rest, damage, difference)
            return None

        return _shortened(found, failure)

    # Replaying

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {_FORM.name: _FORM}

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Do the same damage again; where files are others by now, all that can be done to them."""
        crew = self.crew(session)
        counts: Counter[str] = Counter()
        for act in acts:
            (rot,) = act.form.bound(act.arguments, act.named).values()
            rest = crew.at_rest(self.part, rot.operations)
            fits = rot.damage.fits(rest.image)
            chosen = [rot.damage] if fits else self._damages(session, rest, 0)
            unshortened = replace(session.budget, minimise=False)
            session.budget, before = unshortened, session.budget
            try:
                self._judge(session, crew, rot.operations, rest, chosen, counts)
            except Violation as violation:
                return Replayed(violation.counterexample, complete=False)
            finally:
                session.budget = before
        return Replayed(None, complete=True)


def _shortened(found: _Found, failure: Callable[[tuple[Operation, ...]], _Found | None]) -> _Found:
    """Try the first operations alone, one, two, and so on; and then without each one."""
    operations = found.operations
    tried = 0
    for count in range(1, len(operations)):
        tried += 1
        shorter = failure(operations[:count])
        if shorter is not None:
            found = shorter
            break
    candidates = _without_one(found.operations)
    while tried < _SHORTER_MAX and (following := next(candidates, None)) is not None:
        tried += 1
        shorter = failure(following)
        if shorter is not None:
            found = shorter
            candidates = _without_one(found.operations)
    return found


def _without_one(operations: tuple[Operation, ...]) -> Iterator[tuple[Operation, ...]]:
    for index in reversed(range(len(operations))):
        yield (*operations[:index], *operations[index + 1 :])


ROT_SUITES: Final = (
    RotSuite("agreement WAL whose files rot", Component.LOG, f"WAL-15.{BIT_ROT}"),
    RotSuite("evidence cache whose files rot", Component.CACHE, f"CACHE-15.{BIT_ROT}"),
)
"""Every suite of damage to files at rest."""
