"""One campaign from its first unit to its last: units go out, and their results come in."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from typing import Final

from conformance.campaigns.executors import UnitExecutor
from conformance.campaigns.ledger import Ledger
from conformance.campaigns.units import Unit, UnitResult
from conformance.campaigns.working import unit_seconds_max
from conformance.errors import CampaignError
from conformance.run.ending import termination_interrupts

__all__ = ["Bounds", "CampaignHeadway", "conduct"]

_BEAT_SECONDS: Final = 0.5
# So long a campaign waits for its first worker, or for one after the last was lost.
_WORKERLESS_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True)
class Bounds:
    """How much a campaign does, its earlier sittings included.

    No unit is started after ``seconds`` by the clock, and none with a number of ``units`` or more.
    """

    seconds: float | None = None
    units: int | None = None


@dataclass(frozen=True)
class CampaignHeadway:
    """How far a campaign is."""

    units: int
    under_way: int
    seconds: float
    seconds_left: float | None
    units_max: int | None
    failures: int
    faults: int
    situations_reached: int
    situations_count: int


def conduct(
    ledger: Ledger,
    executor: UnitExecutor,
    bounds: Bounds,
    on_headway: Callable[[CampaignHeadway], None] = lambda headway: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Carry units out until the bounds are reached or there are none left, and end the campaign.

    What is done is in the store after each unit. A unit whose worker is lost is given out again.
    Raises :class:`CampaignError` where no worker can go on, and ``KeyboardInterrupt`` for Ctrl-C
    and SIGTERM; the campaign can be gone on with then. The workers are ended in any case.
    """
    running = _Running(ledger, executor, bounds, clock)
    try:
        with termination_interrupts():
            while running.advance():
                on_headway(running.headway())
        ledger.end()
    finally:
        executor.stop()


@dataclass
class _UnderWay:
    unit: Unit
    began_at: float
    is_abandoned: bool = False


class _Running:
    """A campaign that is going on."""

    def __init__(
        self,
        ledger: Ledger,
        executor: UnitExecutor,
        bounds: Bounds,
        clock: Callable[[], float],
    ) -> None:
        self.ledger = ledger
        self.executor = executor
        self.bounds = bounds
        self.clock = clock
        self.under_way: dict[Future[UnitResult], _UnderWay] = {}
        self.first = deque(ledger.retries())
        # Units whose worker was lost; where blame is not exact, each is alone the next time.
        self.suspects: deque[Unit] = deque()
        self._looked_at = self._had_workers_at = clock()

    def advance(self) -> bool:
        """Give out what can be, take in what has come; say whether the campaign goes on."""
        self._fill()
        if not self.under_way:
            if not self._waits_for_workers():
                return False
            time.sleep(_BEAT_SECONDS)
            self._tick()
            return True
        done, _ = wait(list(self.under_way), _BEAT_SECONDS, FIRST_COMPLETED)
        self._tick()
        for future in sorted(done, key=lambda each: self.under_way[each].unit.number):
            self._take(future)
        self._abandon_overdue()
        return True

    def _tick(self) -> None:
        now = self.clock()
        self.ledger.add_seconds(now - self._looked_at)
        self._looked_at = now

    def _fill(self) -> None:
        capacity = self.executor.capacity()
        if capacity:
            self._had_workers_at = self.clock()
        while len(self.under_way) < capacity and self._has_time():
            unit = self._next()
            if unit is None:
                return
            future = self.executor.submit(unit)
            self.under_way[future] = _UnderWay(unit, self.clock())
            if not self.executor.blames_exactly and self.ledger.was_lost(unit):
                return

    def _next(self) -> Unit | None:
        if self.executor.blames_exactly:
            if self.suspects:
                return self.suspects.popleft()
        elif any(self.ledger.was_lost(each.unit) for each in self.under_way.values()):
            return None
        elif self.suspects:
            return None if self.under_way else self.suspects.popleft()
        if self.first:
            return self.first.popleft()
        return self.ledger.next_unit(self.bounds.units)

    def _has_time(self) -> bool:
        return self.bounds.seconds is None or self.ledger.state.seconds < self.bounds.seconds

    def _waits_for_workers(self) -> bool:
        """Say whether there is something left to do, and nobody yet to do it."""
        if self.executor.capacity() or not self._has_time():
            return False
        waited = self.clock() - self._had_workers_at
        if waited > _WORKERLESS_SECONDS_MAX:
            raise CampaignError(
                "no worker", f"there was none for {waited:.0f} seconds; start one and go on"
            )
        return True

    def _take(self, future: Future[UnitResult]) -> None:
        under_way = self.under_way.pop(future)
        unit = under_way.unit
        try:
            result = future.result()
        except self.executor.lost_errors as error:
            reason = f"{type(error).__name__}: {error}"
            if under_way.is_abandoned:
                reason = f"it did not end within {unit_seconds_max(unit):.0f} seconds"
            self._lost(unit, reason)
        except CancelledError:
            self._lost(unit, "it was cancelled")
        except (ImportError, AttributeError) as error:
            # The one way in which a worker fails before it can say which version it has.
            raise CampaignError(
                "a worker was refused",
                f"it has no campaigns of this version ({error}); install {unit.version} there",
            ) from error
        else:
            if result.lost:
                self._lost(unit, result.lost)
            else:
                self.ledger.take(unit, result)

    def _lost(self, unit: Unit, reason: str) -> None:
        if not self.ledger.lose(unit, reason):
            self.suspects.append(unit)

    def _abandon_overdue(self) -> None:
        now = self.clock()
        for future, under_way in self.under_way.items():
            seconds = now - under_way.began_at
            if not under_way.is_abandoned and seconds > 2 * unit_seconds_max(under_way.unit):
                under_way.is_abandoned = True
                self.executor.abandon(future)

    def headway(self) -> CampaignHeadway:
        """Return how far the campaign is."""
        state, bounds = self.ledger.state, self.bounds
        left = None if bounds.seconds is None else max(0.0, bounds.seconds - state.seconds)
        return CampaignHeadway(
            self.ledger.units_done,
            len(self.under_way),
            state.seconds,
            left,
            bounds.units,
            len(state.sightings),
            len(state.faults),
            sum(each.reached > 0 for each in state.situations.values()),
            len(state.situations),
        )
