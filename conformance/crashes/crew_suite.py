"""What every suite has in common that judges a backend in processes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from conformance.backend import Backend, Capability
from conformance.crashes.campaign import Crew, crew_of
from conformance.crashes.conduct import Component
from conformance.crashes.histories import cache_histories, log_histories
from conformance.engine.session import Session
from conformance.engine.suite import Suite
from telltale_spec.model.operations import Operation

__all__ = ["HISTORIES", "CrewSuite"]

_Histories: TypeAlias = Callable[[int, int], Iterator[tuple[Operation, ...]]]

HISTORIES: Final[Mapping[Component, _Histories]] = {
    Component.LOG: log_histories,
    Component.CACHE: cache_histories,
}
"""What is done to a component: histories by a seed, and how many of them are drawn from it."""


@dataclass(frozen=True)
class CrewSuite(Suite):
    """A suite that judges one component in the processes of a crew.

    ``promise`` is the capability without which there is nothing to judge, ``what_arises`` the
    situation without which nothing was.
    """

    records_acts: ClassVar[bool] = True

    name: str
    part: Component

    @property
    def promise(self) -> Capability:
        """The capability that a backend is held to."""
        raise NotImplementedError

    @property
    def what_arises(self) -> str:
        """The situation that has to arise at least once."""
        raise NotImplementedError

    @property
    def noun(self) -> str:
        """The component in a word."""
        return "log" if self.part is Component.LOG else "cache"

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
        if self.promise not in backend.capabilities:
            return f"the backend does not declare {self.promise.value}"
        if present is None:
            return f"the backend does not have what is to {self.fate}"
        if backend.launch is None:
            return (
                "declared, and not tried: the backend cannot be started as a process of its own; "
                "judge it by its name as package.module:factory, or with --command"
            )
        first = next(HISTORIES[self.part](0, 0))
        problem = self.problem(crew_of(backend.launch), first)
        return f"declared, and not tried: {problem}" if problem else ""

    @property
    def fate(self) -> str:
        """What a component has to do here."""
        return "survive"

    def problem(self, crew: Crew, operations: tuple[Operation, ...]) -> str:
        """Return why nothing can be tried with these processes, or an empty text."""
        return crew.problem(self.part, operations)

    def end(self, backend: Backend) -> None:
        """End the processes that were used."""
        if backend.launch is not None:
            crew_of(backend.launch).end()

    @staticmethod
    def crew(session: Session) -> Crew:
        """Return the processes of the backend, which show the session that they go on."""
        launch = session.backend.launch
        if launch is None:
            raise RuntimeError("this suite does not apply to a backend without a launch")
        crew = crew_of(launch)
        crew.on_step = session.watch.note_progress
        return crew
