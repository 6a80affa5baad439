"""Suites that carry out fixed scripts of acts: long histories and directed cases.

A script is known before the backend is: what it does depends on the seed and the size of the
budget alone. So it can be long, and a case in it is met in every run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from conformance.backend import Backend
from conformance.engine.acts import Act, ActForm, act_forms
from conformance.engine.session import Budget, History, Session, Violation
from conformance.engine.shrinking import shortened
from conformance.engine.suite import Replayed, Suite
from conformance.records.results import Counterexample

__all__ = ["ActMaker", "Script", "ScriptSuite", "ScriptedPart", "scripted"]

# A slow backend is asked for the time after so many acts.
_ACTS_BETWEEN_LOOKS: Final = 8

# A smaller part of a script's plan is no judgement.
_PLAN_ENOUGH: Final = 0.25

# The first script may use so much of the time, and each further one its part of the rest.
_FIRST_SHARE: Final = 0.25

# One script that is spare is ended, and judged by what was done, when it has used so much of the
# time for all that is.
_SPARE_EACH: Final = 0.2

# Of what is offered, so much has to be taken before a script has shown its situation; a store that
# is full after so many entries has shown it too.
_TAKEN_ENOUGH: Final = 0.5
_TAKEN_MANY: Final = 32


@dataclass(frozen=True)
class Script:
    """Acts in their order, and the situation that is reached where most of them are taken.

    ``ending`` is what judges the whole; it is carried out even where the time runs out before. A
    script that ``stands_in`` is carried out only where those before it did not reach its situation,
    as by a store that declines what they are made of. One that ``is_spare`` is carried out while
    there is time to spare: it can find something, and nothing is open for want of it.
    """

    name: str
    situation: str
    acts: tuple[Act, ...]
    ending: tuple[Act, ...] = ()
    stands_in: bool = False
    is_spare: bool = False


class ScriptedPart(ABC):
    """One part of a backend on which scripts are carried out: its methods are acts.

    ``offered`` and ``taken`` count what was to be stored and what was; ``first_refusal`` is the
    text of the first refusal of something legal that did not come to be stored.
    """

    offered: int = 0
    taken: int = 0
    first_refusal: str = ""

    def __init__(self, history: History) -> None:
        self.history = history
        self.backend = history.session.backend

    @abstractmethod
    def prepare(self) -> None:
        """Make the part, on a directory of its own; nothing is asked of it yet."""

    @abstractmethod
    def close(self) -> None:
        """Close what was made."""


def scripted(part: type[ScriptedPart], name: str, *arguments: object) -> Act:
    """Return an act of a part by its name."""
    return Act(act_forms(part)[name], arguments)


@dataclass(frozen=True)
class ScriptSuite(Suite):
    """A suite that carries out scripts, each on a part that is new.

    ``scripts`` gets the backend, the budget and the seed. ``plainer`` offers acts that do the same
    with less to read, for a counterexample; ``group_of`` names what an act has in common with
    others, so that all of them can be left out together. Where the scripts are many and short,
    ``shares_time`` is off: each may take what is left.
    """

    judges_alike: ClassVar[bool] = False
    records_acts: ClassVar[bool] = True

    name: str
    part: type[ScriptedPart]
    scripts: Callable[[Backend, Budget, int], Iterable[Script]]
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    present: Callable[[Backend], bool]
    plainer: Callable[[Sequence[Act]], Iterable[Sequence[Act]]] = lambda acts: ()
    group_of: Callable[[Act], Sequence[str]] = lambda act: (act.form.name,)
    absent: Callable[[Backend], str] | None = None
    shares_time: bool = True
    further_ids: tuple[str, ...] = ()

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""
        return self.present(backend)

    def absence(self, backend: Backend) -> str:
        """Return why the suite does not apply to a backend."""
        return super().absence(backend) if self.absent is None else self.absent(backend)

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Carry out every script, up to the first violation, and make that one short.

        A script that was kept by an earlier search of the backend is not carried out again: each
        search holds it to less than the one before.
        """
        scripts = list(self.scripts(session.backend, session.budget, seed))
        needed = [len(each.acts) for each in scripts if not each.is_spare]
        for number, script in enumerate(scripts, 1):
            if script.is_spare and session.is_out_of_time(session.budget.spare_share):
                continue
            is_kept = bool(session.kept_values[script.name])
            if is_kept or (script.stands_in and session.situations[script.situation]):
                session.acts_carried_out += 0 if script.is_spare else len(script.acts)
                continue
            # None of the long ones may take the time of those after it, and a machine that stands
            # still for a moment must not end one of the first.
            part = min(1.0, number / len(needed))
            share = _FIRST_SHARE + (1 - _FIRST_SHARE) * part if self.shares_time else 1.0
            if script.is_spare:
                share = min(share, session.used_share + _SPARE_EACH * session.budget.spare_share)
            found = self._tried(session, script, share)
            if found is not None:
                return self._shortest(session, found)
            session.kept_values[script.name] = 1
        session.carried_out_share = min(1.0, session.acts_carried_out / max(1, sum(needed)))
        return None

    def _tried(self, session: Session, script: Script, share: float = 1.0) -> Counterexample | None:
        """Carry out one script and note what it came to."""
        history = session.new_history()
        part = self.part(history)
        try:
            history.run(part.prepare)
            done = _carried_out_in_time(part, script.acts, share)
            _carry_out(part, script.ending)
        except Violation as violation:
            return violation.counterexample
        finally:
            part.close()
            history.close()
        if history.ended or script.is_spare:
            return None
        planned = len(script.acts)
        session.acts_carried_out += done
        if done < planned:
            session.add_note(f"{script.name}: {done} of {planned} acts in the time of the profile")
        if done < _PLAN_ENOUGH * planned:
            session.budget_ran_out = True
        elif _shows(part, session):
            history.reach(script.situation)
        if part.first_refusal:
            refused = part.offered - part.taken
            session.add_note(
                f"{script.name}: {refused} of {part.offered} legal entries were refused and so not "
                f"judged, the first with: {part.first_refusal}"
            )
        return None

    def _shortest(self, session: Session, found: Counterexample) -> Counterexample:
        """Return the shortest history that still breaks the same requirement."""
        acts: list[Act] = list(found.acts)

        def again(shorter: Sequence[Act]) -> Counterexample | None:
            met = self.replay(session, shorter).counterexample
            return met if met is not None and met.requirement_id == found.requirement_id else None

        repeated = again(acts)
        if repeated is None:
            return replace(found, reproduced=session.budget_ran_out)
        if not session.budget.minimise:
            return repeated
        return shortened(repeated, again, group_of=self.group_of, plainer=self.plainer)

    def _act_forms(self) -> Mapping[str, ActForm]:
        return act_forms(self.part)

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Carry out acts again on a new part, up to the first violation."""
        history = session.new_history()
        part = self.part(history)
        try:
            history.run(part.prepare)
            _carry_out(part, acts)
        except Violation as violation:
            return Replayed(violation.counterexample, complete=False)
        finally:
            part.close()
            history.close()
        return Replayed(None, complete=not history.ended)


def _shows(part: ScriptedPart, session: Session) -> bool:
    """Say whether a script that was carried out has shown its situation."""
    if part.taken:
        return part.taken >= min(_TAKEN_MANY, _TAKEN_ENOUGH * part.offered)
    # A store that takes other things, and nothing at all of this kind, keeps nothing of it wrongly.
    return bool(part.offered) and any(session.situations.values())


def _carry_out(part: ScriptedPart, acts: Iterable[Act]) -> None:
    for act in acts:
        # By its name, so that it is recorded.
        method = getattr(part, act.form.function.__name__)
        part.history.run(lambda: method(*act.arguments, **act.named))  # noqa: B023 - run at once


def _carried_out_in_time(part: ScriptedPart, acts: Sequence[Act], share: float) -> int:
    """Carry out acts while there is time, of which they have this share; return how many."""
    for start in range(0, len(acts), _ACTS_BETWEEN_LOOKS):
        if part.history.ended or part.history.session.is_out_of_time(share):
            return start
        _carry_out(part, acts[start : start + _ACTS_BETWEEN_LOOKS])
    return len(acts)


@dataclass(frozen=True)
class ActMaker:
    """Makes acts of the part that scripts are for, by their names."""

    part: type[ScriptedPart]

    def __call__(self, name: str, *arguments: object, **named: object) -> Act:
        """Return the act of that name."""
        return Act(scripted(self.part, name).form, arguments, named)
