"""What can go wrong around a run, apart from the backend being wrong."""

from __future__ import annotations

from telltale_spec.errors import TelltaleError

__all__ = [
    "ActError",
    "BackendFault",
    "BaselineError",
    "CampaignError",
    "CheckpointDamagedError",
    "CheckpointError",
    "ConformanceError",
    "HistoryError",
    "ModelError",
    "OtherCheckerError",
    "ReplayError",
    "ReportError",
    "TargetError",
    "UsageError",
]


class ConformanceError(TelltaleError):
    """Root of the errors of the suite itself."""


class UsageError(ConformanceError):
    """Report an argument that cannot be used; exit status 2."""


class TargetError(UsageError):
    """Report a target that cannot be found or has a wrong form; exit status 2."""

    def __init__(self, target: str, reason: str) -> None:
        self.target = target
        self.reason = reason
        super().__init__(f"target `{target}`: {reason}")


class ActError(UsageError):
    """Report an act that no suite of this version can carry out; exit status 2."""


class BaselineError(UsageError):
    """Report a baseline that cannot be used; exit status 2."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"baseline `{name}`: {reason}")


class CampaignError(UsageError):
    """Report a store or a scheduler that a campaign cannot use; exit status 2.

    What was done until then is in the store.
    """

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}")


class CheckpointError(UsageError):
    """Report a checkpoint that is not one of this search; exit status 2."""

    def __init__(self, folder: str, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(f"checkpoint `{folder}`: {reason}")


class CheckpointDamagedError(ConformanceError):
    """Report a checkpoint that is not what was written; exit status 4."""

    def __init__(self, folder: str, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(
            f"checkpoint `{folder}` is damaged: {reason}; begin anew in another folder"
        )


class ModelError(UsageError):
    """Report a model that cannot be checked as it is; exit status 2."""

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(f"model `{model}`: {reason}")


class OtherCheckerError(ConformanceError):
    """Report another model checker that gave no answer: it failed, or took too long.

    ``program`` is what was started. What it would have said is not known, so that
    nothing is compared with it.
    """

    def __init__(self, program: str, reason: str) -> None:
        self.program = program
        self.reason = reason
        super().__init__(f"{program} {reason}")


class HistoryError(UsageError):
    """Report a line of a history file that cannot be used; exit status 2."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        self.name = name
        self.line = line
        self.reason = reason
        super().__init__(f"history `{name}`, line {line}: {reason}")


class ReplayError(UsageError):
    """Report a replay file that cannot be read; exit status 2."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"replay `{name}`: {reason}")


class ReportError(UsageError):
    """Report a saved report that cannot be used; exit status 2.

    ``place`` leads to the value at fault, as in ``report.backends[0].name``; it
    is empty when the text as a whole is.
    """

    def __init__(self, source: str, reason: str, place: str = "") -> None:
        self.source = source
        self.reason = reason
        self.place = place
        where = f"{place}: " if place else ""
        super().__init__(f"{source}: {where}{reason}")


class BackendFault(BaseException):
    """Report a backend that cannot be judged; exit status 4.

    It does not start, is not a backend, or stopped answering. Like
    ``KeyboardInterrupt`` this is no ``Exception``: Hypothesis would otherwise
    take it for a failing example and call the backend again to shrink it.
    """

    def __init__(self, backend_name: str, message: str) -> None:
        self.backend_name = backend_name
        self.message = message
        super().__init__(f"backend `{backend_name}`: {message}")

    def __reduce__(self) -> tuple[type[BackendFault], tuple[str, str]]:
        # Python would call it with the text alone, which is not what it takes.
        return type(self), (self.backend_name, self.message)
