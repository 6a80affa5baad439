"""What a judge of a log remembers between two loads, and what it can ask a living one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.rules.findings import Place
from telltale_spec.wire.agreement import AgreementWalEntry

__all__ = ["Probes", "RefusedEntry", "SinceLook"]


@dataclass(frozen=True)
class Probes:
    """What a driver of a living log can find out that no answer of the history says.

    ``kept_without_reopening`` says whether a log that is not opened again holds all that was
    acknowledged. ``is_after_effect`` says of a lawful entry that was refused whether it was because
    of an earlier refusal. Who judges what was recorded has no way to ask.
    """

    kept_without_reopening: Callable[[], bool] = lambda: True
    is_after_effect: Callable[[AgreementWalEntry], bool] = lambda entry: False


@dataclass(frozen=True)
class RefusedEntry:
    """A lawful entry that was refused, and where; whether it was stored, the next load tells."""

    entry: AgreementWalEntry
    message: str | None
    place: Place


@dataclass
class SinceLook:
    """What befell the log since a load last told what it holds."""

    accepted: bool = False
    unsure: bool = False
    synced: bool = False
    proven_by_syncs: set[str] = field(default_factory=set)
    refused: list[RefusedEntry] = field(default_factory=list)
    rejected: list[AgreementWalEntry] = field(default_factory=list)
    reopened: bool = False
    certain: int = 0
    """How many entries were certain when the log was opened again."""

    written_since_opening: bool = False

    @property
    def may_differ(self) -> bool:
        """Whether the log may hold something else than the load showed."""
        written = self.accepted or self.unsure or self.synced
        return written or bool(self.rejected) or self.reopened
