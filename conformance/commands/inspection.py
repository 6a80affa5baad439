"""Show what durable artifacts hold: entries, the order of the log, and what a restart would do.

Everything that is printed is worked out first and exists as plain data, so
that the JSON form and the tables say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.errors import UsageError
from conformance.exit_status import ExitStatus
from conformance.run.terminal_text import visible
from telltale_spec.errors import (
    ArtifactFileError,
    DomainError,
    DurabilityError,
    EscalationOrderError,
)
from telltale_spec.model.inspection import DurabilityInspectionReport, inspect_durability
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryDecision, DurableRecoveryMetadata
from telltale_spec.wire.shapes import Tree

__all__ = [
    "Inspection",
    "UnreadableArtifactError",
    "inspect_artifacts",
    "inspect_command",
]

ArtifactType = TypeVar("ArtifactType")

EXIT_VALID: Final = ExitStatus.CONFORMING
EXIT_OUT_OF_ORDER: Final = ExitStatus.VIOLATION
EXIT_UNREADABLE: Final = ExitStatus.USAGE


class UnreadableArtifactError(UsageError):
    """Report a file that does not hold the artifact that it should; exit status 2."""

    def __init__(self, path: Path, error: DurabilityError) -> None:
        self.path = path
        # Errors of the file system name the file themselves.
        names_path = isinstance(error, ArtifactFileError)
        super().__init__(str(error) if names_path else f"{path}: {error}")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known about a log and a cache after reading them.

    ``plan`` is absent exactly when ``order_error`` says why the log has none
    (RECOV-01).
    """

    report: DurabilityInspectionReport
    order_error: str | None
    plan: DurableRecoveryPlan[None] | None

    def to_dict(self) -> dict[str, Tree]:
        """Return the JSON form: the report's rows, the verdict, the plan or null."""
        return {
            "wal_entries": [row.to_dict() for row in self.report.wal_entries],
            "evidence_cache_entries": [row.to_dict() for row in self.report.evidence_cache_entries],
            "valid": self.order_error is None,
            "error": self.order_error,
            "recovery": None if self.plan is None else self.plan.to_dict(),
        }


def inspect_artifacts(
    wal_path: Path, cache_path: Path | None, checkpoint_tick: int | None
) -> Inspection:
    """Read a log and a cache and work out what a restart at a checkpoint would do.

    Without a cache an empty one is taken, without a checkpoint tick 0. Raises
    :class:`UnreadableArtifactError` for a file that cannot be read, does not
    decode or holds another kind of artifact, and ``DomainError`` for an
    impossible tick.
    """
    wal = _read(wal_path, PersistedDurabilityArtifact.into_agreement_wal)
    cache = EvidenceOutcomeCacheArtifact()
    if cache_path is not None:
        cache = _read(cache_path, PersistedDurabilityArtifact.into_evidence_outcome_cache)
    plan, order_error = _plan_or_error(checkpoint_tick or 0, wal, cache)
    return Inspection(inspect_durability(wal, cache, plan), order_error, plan)


def _read(
    path: Path, unwrap: Callable[[PersistedDurabilityArtifact], ArtifactType]
) -> ArtifactType:
    try:
        return unwrap(PersistedDurabilityArtifact.from_path(path))
    except DurabilityError as error:
        raise UnreadableArtifactError(path, error) from error


def _plan_or_error(
    checkpoint_tick: int, wal: AgreementWalArtifact, cache: EvidenceOutcomeCacheArtifact
) -> tuple[DurableRecoveryPlan[None] | None, str | None]:
    try:
        return DurableRecoveryPlan.from_checkpoint(checkpoint_tick, None, wal, cache), None
    except EscalationOrderError as error:
        return None, str(error)


def inspect_command(
    wal_path: Path,
    cache_path: Path | None,
    checkpoint_tick: int | None,
    console: Console,
    *,
    as_json: bool = False,
) -> int:
    """Print what a log and a cache hold and return the exit status.

    0 for a log in order, 1 for one out of order, which has no recovery, and 2
    when a file cannot be read, does not decode or holds another kind. Control
    characters are shown escaped.
    """
    try:
        inspection = inspect_artifacts(wal_path, cache_path, checkpoint_tick)
    except (DomainError, UnreadableArtifactError) as error:
        console.print(Text(visible(str(error)), style="red"), soft_wrap=True)
        return EXIT_UNREADABLE
    if as_json:
        # Every character outside ASCII is escaped, so no control character gets through.
        console.print(Text(json.dumps(inspection.to_dict(), indent=2)), soft_wrap=True)
    else:
        _print_inspection(inspection, console)
    return EXIT_VALID if inspection.order_error is None else EXIT_OUT_OF_ORDER


def _print_inspection(inspection: Inspection, console: Console) -> None:
    report = inspection.report
    console.print(
        _table(
            "agreement WAL",
            ("tick", "operation", "kind", "detail"),
            [(str(row.tick), row.operation_id, row.kind, row.detail) for row in report.wal_entries],
        )
    )
    console.print(
        _table(
            "evidence-outcome cache",
            ("evidence", "interface", "operation", "status"),
            [
                (row.evidence_id, row.interface_name, row.operation_name, row.outcome_status)
                for row in report.evidence_cache_entries
            ],
        )
    )
    if inspection.plan is None:
        message = f"the log is out of order: {visible(str(inspection.order_error))}"
        console.print(Text(message, style="red"), soft_wrap=True)
        return
    console.print(Text("the log is in order", style="green"))
    _print_plan(inspection.plan, console)


def _print_plan(plan: DurableRecoveryPlan[None], console: Console) -> None:
    console.print(
        _table(
            f"recovery from checkpoint {plan.metadata.checkpoint_tick}",
            ("operation", "level", "outcome", "action", "gate", "cached"),
            [_decision_row(decision) for decision in plan.decisions],
        )
    )
    for name, value in _metadata_rows(plan.metadata):
        console.print(Text(f"{name}: {visible(value)}"), soft_wrap=True)


def _decision_row(decision: DurableRecoveryDecision) -> tuple[str, ...]:
    return (
        decision.operation_id,
        str(decision.level.value),
        "-" if decision.finalization is None else str(decision.finalization.value),
        str(decision.action.value),
        "crossed" if decision.gate_crossed else "-",
        _quoted_list(decision.cached_evidence_ids),
    )


def _metadata_rows(metadata: DurableRecoveryMetadata) -> tuple[tuple[str, str], ...]:
    return (
        ("checkpoint tick", str(metadata.checkpoint_tick)),
        ("first tick of the suffix", _or_dash(metadata.wal_tail_start_tick)),
        ("last tick of the suffix", _or_dash(metadata.highest_recovered_tick)),
        ("resumed operations", _quoted_list(metadata.resumed_operation_ids)),
        ("terminal operations", _quoted_list(metadata.terminal_operation_ids)),
        ("cached evidence", _quoted_list(metadata.cached_evidence_ids)),
    )


_FIXED_NAMES: Final = ("tick", "kind", "level", "outcome", "action", "status")


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        # The names of the specification stay whole; only what users chose is folded.
        table.add_column(heading, overflow="fold", no_wrap=heading in _FIXED_NAMES)
    for row in rows:
        # Text objects are not read as markup, whatever brackets an id holds.
        table.add_row(*[Text(visible(cell)) for cell in row])
    if not table.row_count:
        table.add_row(*[Text("(none)"), *[Text("") for _ in headings[1:]]])
    return table


def _or_dash(tick: int | None) -> str:
    return "-" if tick is None else str(tick)


def _quoted_list(texts: Sequence[str]) -> str:
    """Return texts in quotes, so that an empty one can be seen; a dash if there are none."""
    return ", ".join(f'"{text}"' for text in texts) or "-"
