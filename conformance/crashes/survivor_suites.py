"""The suites that let the power go after a kill and the opening that follows it.

A kill makes nothing stable: the next opening may read what was never synced, show it, and lose it
with the power. Nobody may lose what was acknowledged so; that what was only shown stays is a
recommendation, which SQLite does not keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from conformance.backend import Capability
from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.conduct import Component, Problem
from conformance.crashes.opener import Shown
from conformance.crashes.oracle import Aspect, Expected, differences
from conformance.crashes.persistence import ENTRIES
from conformance.crashes.selection import (
    Chosen,
    chosen_states,
    distinct_states,
    evenly,
    foremost,
    of_each_place,
)
from conformance.crashes.shrinking import Failure
from conformance.crashes.states import CrashClass, CrashState
from conformance.crashes.suites import CrashSuite
from conformance.engine.session import Session

__all__ = ["POWER_AFTER_KILL", "SURVIVOR_SUITES", "SurvivorSuite"]

POWER_AFTER_KILL: Final = "power-after-kill"
"""The class of losses of power after the opening that follows a kill."""

_HISTORIES_AN_OPENING: Final = 5
_HISTORIES_A_LOSS: Final = 4
_BEGINNINGS: Final = 4


@dataclass(frozen=True)
class SurvivorSuite(CrashSuite):
    """Losses of power after the opening that follows a kill, for one component."""

    @property
    def what_arises(self) -> str:
        """One state at least was opened."""
        return f"{self.noun} opened after a kill and a loss of power"

    def crash_classes_of(self, reached: Mapping[str, int]) -> list[str]:
        """Return the one class, if any state of it was judged."""
        return [POWER_AFTER_KILL] if reached[self.what_arises] else []

    def _crash_site(
        self,
        session: Session,
        crew: Crew,
        site: CrashSite,
        seed: int,
        counts: Mapping[CrashClass, Counter[str]],
    ) -> None:
        """Crash openings after kills; raises ``Violation``.

        Those come first in which the storage was being made, as who finds it made may not sync its
        names any more, those that left a name without its sync, as who finds it may take it for
        stable, and those that show what nobody had acknowledged, since its sync may be missing.
        """
        count = max(1, session.budget.histories // _HISTORIES_AN_OPENING)
        firsts = list(self._survived(crew, site, seed))
        likely = foremost(firsts, count, lambda state: _shows_more(crew, site, state))
        places = of_each_place(site, [each for each in firsts if _left_a_name(site, each)])
        for first in dict.fromkeys([*firsts[:_BEGINNINGS], *evenly(places, count), *likely]):
            opening = self._opening(crew, site, first)
            for crash_class in self.classes:
                chosen = self._losses(session, opening, crash_class, seed, first.point + 1)
                counts[crash_class]["made"] += chosen.made
                counts[crash_class]["distinct"] += chosen.distinct
                for state in chosen.states:
                    counts[crash_class]["judged"] += 1
                    if not self._judge_loss(session, crew, opening, state, (site, first)):
                        return

    def _crash_further_histories(
        self,
        session: Session,
        crew: Crew,
        seed: int,
        counts: Mapping[CrashClass, Counter[str]],
    ) -> None:
        """Leave them to the losses without a kill."""

    def _losses(
        self, session: Session, opening: CrashSite, crash_class: CrashClass, seed: int, since: int
    ) -> Chosen:
        """Return what is judged: losses after something was shown, or stored, and some of all."""
        count = max(2, session.budget.histories // _HISTORIES_A_LOSS)
        all_points = range(since, len(opening.model.events) + 1)
        shown_at = next(filter(opening.has_shown_at, all_points), len(opening.model.events))
        stored_at = next(filter(opening.has_stored_at, all_points), len(opening.model.events) + 1)
        likely = chosen_states(opening, crash_class, seed, count, shown_at, stored_at).states
        stored = chosen_states(opening, crash_class, seed, count // 2, stored_at).states
        others = chosen_states(opening, crash_class, seed, count // 2, since)
        known = (*likely, *stored)
        more = tuple([state for state in others.states if state not in known])
        return replace(others, states=(*known, *more))

    def _survived(self, crew: Crew, site: CrashSite, seed: int) -> Iterator[CrashState]:
        """Yield the kills after which all is well at first."""
        for state in distinct_states(site, CrashClass.KILL_INSIDE, seed):
            if not site.differences(state, crew.show(self.part, site.image(state))):
                yield state

    def _judge_loss(
        self,
        session: Session,
        crew: Crew,
        opening: CrashSite,
        state: CrashState,
        first: tuple[CrashSite, CrashState],
    ) -> bool:
        """Judge a loss of power; say whether there was time for it. Raises ``Violation``."""
        history = session.new_history()
        if history.ended:
            return False
        history.reach(self.what_arises)
        shown = crew.show(self.part, opening.image(state))
        allowed = opening.acknowledged(state)
        lost = {} if allowed is None else differences(allowed, shown)
        changed = {} if lost else opening.differences(state, shown)
        for aspect, found in ((Aspect.RECOVERY, lost), (Aspect.SHOWN, changed)):
            for difference in found.values():
                failure = Failure(opening, state, aspect, difference)
                self._check(history, failure, self.aspects[aspect], first)
            if not lost and not found:
                history.check(self.aspects[aspect], True, "", "")
        history.close()
        return True

    def _opening(self, crew: Crew, site: CrashSite, state: CrashState) -> CrashSite:
        """Return the opening behind what the killed process did, as one history."""
        return crew.opening_after_kill(
            site, state, site.expected(state), self._further(site, state)
        )

    def _broken_again(
        self, opening: CrashSite, state: CrashState, aspect: Aspect, shown: Shown
    ) -> Aspect:
        """Return whether what was acknowledged is broken, or only what was shown."""
        allowed = opening.acknowledged(state)
        lost = allowed is not None and differences(allowed, shown)
        return Aspect.RECOVERY if lost else Aspect.SHOWN


def _left_a_name(site: CrashSite, state: CrashState) -> bool:
    """Say whether a name was given or taken that no sync had made stable."""
    events = site.model.events
    return any(isinstance(events[each], ENTRIES) for each in site.model.pending(state.point))


def _shows_more(crew: Crew, site: CrashSite, state: CrashState) -> bool:
    """Say whether an opening shows what was under way when the process was killed."""
    certain = Expected.exactly(site.component, site.expected(state).acknowledged)
    shown = crew.show(site.component, site.image(state)).first
    return not isinstance(shown, Problem) and not certain.allows(shown)


def _suites() -> Iterator[SurvivorSuite]:
    for part, noun, chapter in (
        (Component.LOG, "agreement WAL", "WAL-08"),
        (Component.CACHE, "evidence cache", "CACHE-08"),
    ):
        yield SurvivorSuite(
            f"{noun} after a kill and a loss of power",
            part,
            Capability.POWER_LOSS,
            (CrashClass.POWER_PREFIX, CrashClass.POWER_REORDERED, CrashClass.POWER_ENTRY),
            {Aspect.RECOVERY: f"{chapter}.recovery", Aspect.SHOWN: f"{chapter}.shown"},
        )


SURVIVOR_SUITES: Final = tuple(_suites())
"""Every suite of losses of power after a kill."""
