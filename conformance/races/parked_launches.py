"""The processes of a launch whose calls are held, and why that cannot be done, if it cannot."""

from __future__ import annotations

from typing import Final

from conformance.backend import Launch
from conformance.crashes.conduct import Component, plain_fault
from conformance.crashes.launches import OfLaunch
from conformance.engine.scratch import ScratchFolder
from conformance.errors import BackendFault
from conformance.races.company import Company
from conformance.races.plans import CACHE_PAIRS, LOG_PAIRS
from conformance.races.ptrace import obstacle_of_system
from conformance.races.tracing import HoldingError

__all__ = ["Known", "known_of"]

_FIRST_PAIRS: Final = {Component.LOG: LOG_PAIRS[0], Component.CACHE: CACHE_PAIRS[0]}


class Known:
    """The processes of a launch, and why it cannot be put to this, as far as that is known."""

    def __init__(self, launch: Launch) -> None:
        self.company = Company(launch)
        self._problems: dict[Component, str] = {}

    def problem(self, part: Component) -> str:
        """Return why no call of a component can be held, or an empty text; found out once."""
        if part not in self._problems:
            self._problems[part] = obstacle_of_system() or self._tried(part)
        return self._problems[part]

    def _tried(self, part: Component) -> str:
        folder = ScratchFolder()
        try:
            directory = folder.path / "storage"
            directory.mkdir(mode=0o700)
            first = self.company.meet(part, directory, _FIRST_PAIRS[part], 0)
        except HoldingError as error:
            return str(error)
        except BackendFault as fault:
            return f"it does not carry out a short history: {plain_fault(fault)}"
        finally:
            folder.cleanup()
        if first.obstacle or first.problem or first.shared_calls:
            # What is wrong with it is found again, and told, by the search.
            return ""
        return (
            "none of its system calls is on a file in the directory that it is given, "
            "or on a connection"
        )


known_of: Final = OfLaunch(Known)
"""Returns what is known of a launch; the same for as long as the launch is there."""
