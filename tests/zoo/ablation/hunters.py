"""How one system is hunted by one configuration: whether it is killed, and how briefly shown."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from conformance.backend import Backend, Capability, Launch
from conformance.engine.profiles import Profile, profile
from conformance.engine.session import Session
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.machines.tours import TOUR_PROFILE
from conformance.records.results import BackendReport, Counterexample, Verdict
from conformance.requirements import REQUIREMENTS
from conformance.run.runner import judge_backend
from tests.zoo.ablation.configurations import Configuration
from tests.zoo.ablation.lengths import length_of
from tests.zoo.ablation.plain.hunting import plain_failure
from tests.zoo.ablation.suites import (
    CRASHING_SUITES,
    ordinary_suites,
    suites_without_crashes,
)
from tests.zoo.ablation.systems import System
from tests.zoo.crashes.kill_table import judged_ids, promises
from tests.zoo.crashes.table import Broken
from tests.zoo.crashes.targets import backend_of
from tests.zoo.kill_table import BrokenSystem

__all__ = ["Found", "Hunter", "first_only", "hunter_of"]

# A storage is not slow for a machine that has much else to do.
_CALL_SECONDS_MAX: Final = 120.0


@dataclass(frozen=True)
class Found:
    """What came of a hunt: the length of the counterexample, if any, and what kept it from one."""

    length: int | None = None
    problem: str = ""


class Hunter(Protocol):
    """Hunts one system from a seed; what is found is made short or left as it is."""

    def __call__(self, seed: int, *, minimise: bool) -> Found:
        """Search, up to the first failure that counts."""


def hunter_of(
    system: System,
    configuration: Configuration,
    on_process: Callable[[int, bool], None] = lambda process_id, started: None,
) -> Hunter:
    """Return the hunter of a system; ``on_process`` gets the groups of processes that it starts."""
    if isinstance(system.broken, BrokenSystem):
        if configuration is Configuration.PLAIN:
            return _Plain(system.broken.backend, system.requirement_id)
        return _Ordinary(system, configuration)
    backend = replace(backend_of(system.broken), agreement_wal_handler=None, evidence_handler=None)
    in_process = replace(backend, capabilities=frozenset({Capability.REOPEN}))
    if configuration is Configuration.PLAIN:
        return _Plain(in_process, system.requirement_id)
    if configuration is Configuration.WITHOUT_CRASHES:
        return _AnyFailure(in_process, suites_without_crashes(), profile("quick"))
    return _crash_hunter(system.broken, backend, on_process)


@dataclass(frozen=True)
class _Plain:
    """The plain tests; whatever fails counts."""

    backend: Backend
    requirement_id: str

    def __call__(self, seed: int, *, minimise: bool) -> Found:
        return Found(plain_failure(self.backend, self.requirement_id, seed, shrinks=minimise))


@dataclass(frozen=True)
class _Ordinary:
    """The suites of an ordinary system; only a failure of the requirement that it breaks counts."""

    system: System
    configuration: Configuration

    def __call__(self, seed: int, *, minimise: bool) -> Found:
        suites = ordinary_suites(self.system, self.configuration)
        broken = self.system.broken
        assert isinstance(broken, BrokenSystem)
        is_tour = self.configuration is Configuration.TOURS_ONLY
        chosen = TOUR_PROFILE if is_tour else profile("quick")
        only = (self.system.requirement_id,)
        return _found(_judged(broken.backend, suites, chosen, seed, minimise, only), suites)


@dataclass(frozen=True)
class _AnyFailure:
    """Some suites of one backend; the first failure of any requirement counts and ends the hunt."""

    backend: Backend
    suites: tuple[Suite, ...]
    profile: Profile
    only: Sequence[str] = ()

    def __call__(self, seed: int, *, minimise: bool) -> Found:
        suites = first_only(self.suites)
        report = _judged(self.backend, suites, self.profile, seed, minimise, self.only)
        return _found(report, suites)


def _crash_hunter(
    broken: Broken, backend: Backend, on_process: Callable[[int, bool], None]
) -> _AnyFailure:
    """Return the hunter that crashes a storage of the zoo, as its own kill table does."""
    target = f"tests.zoo.crashes.targets:{broken.name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    crashed = replace(
        backend,
        capabilities=frozenset(map(Capability, promises(broken))),
        launch=Launch(command, call_seconds_max=_CALL_SECONDS_MAX, on_process=on_process),
    )
    quick = profile("quick")
    # How much is tried follows from the profile and the seed; the limit of the run is elsewhere.
    unbounded = replace(quick.budget, seconds=math.inf, wall_seconds=math.inf)
    return _AnyFailure(
        crashed, CRASHING_SUITES, replace(quick, budget=unbounded), judged_ids(broken)
    )


def first_only(suites: Sequence[Suite]) -> tuple[Suite, ...]:
    """Return the same suites, none of which searches any more once one of them found something."""
    found: list[Counterexample] = []

    def bound(suite: Suite) -> Suite:
        searched = type(suite).search

        def search(self: Any, session: Session, seed: int) -> Counterexample | None:
            if found:
                return None
            counterexample = searched(self, session, seed)
            if counterexample is not None:
                found.append(counterexample)
            return counterexample

        hunted = type(type(suite).__name__, (type(suite),), {"search": search})
        other: Suite = object.__new__(hunted)
        other.__dict__.update(suite.__dict__)
        return other

    return tuple(map(bound, suites))


def _judged(
    backend: Backend,
    suites: tuple[Suite, ...],
    chosen: Profile,
    seed: int,
    minimise: bool,
    only: Sequence[str],
) -> BackendReport | str:
    """Judge a backend; return why it cannot be judged, where that is so."""
    budget = replace(chosen.budget, minimise=minimise)
    try:
        with CallWatch() as watch:
            return judge_backend(
                backend,
                replace(chosen, budget=budget),
                seed=seed,
                watch=watch,
                suites=suites,
                only=only or tuple(REQUIREMENTS),
            )
    except BackendFault as fault:
        # That is not what it has to be told.
        return fault.message


def _found(report: BackendReport | str, suites: tuple[Suite, ...]) -> Found:
    if isinstance(report, str):
        return Found(problem=report)
    failed = [result for result in report.results if result.verdict is Verdict.FAIL]
    lengths = [
        length_of(result.counterexample, suites) for result in failed if result.counterexample
    ]
    if failed and not lengths:
        raise RuntimeError(f"{failed[0].requirement_id} failed without a counterexample")
    return Found(min(lengths, default=None), problem=report.fault or "")
