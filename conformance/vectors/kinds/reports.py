"""Vectors of recovery plans and inspection reports."""

from __future__ import annotations

from typing import Any, Final

from conformance.vectors.kinds.entries import entry_trees, log_from_trees
from conformance.vectors.kinds.line import JsonObject, Line, LineOutcome, VectorKind, compare
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.inspection import inspect_durability
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

__all__ = ["INSPECT", "RECOVERY"]

_LOG_MAX: Final = 5
_CACHE_MAX: Final = 2


def _cache_from_trees(trees: list[Any]) -> EvidenceOutcomeCacheArtifact:
    entries = [EvidenceOutcomeCacheEntry.from_dict(tree) for tree in trees]
    return EvidenceOutcomeCacheArtifact(tuple(entries))


def _cache_trees(cache: EvidenceOutcomeCacheArtifact) -> list[Any]:
    return [entry.to_dict() for entry in cache.entries]


def _plan(
    checkpoint_tick: int, log: AgreementWalArtifact, cache: EvidenceOutcomeCacheArtifact
) -> JsonObject:
    try:
        plan = DurableRecoveryPlan.from_checkpoint(checkpoint_tick, None, log, cache)
    except EscalationOrderError as error:
        return {"plan": None, "error": str(error)}
    return {"plan": plan.to_dict(), "error": None}


def _check_recovery(line: Line) -> LineOutcome:
    log, cache = log_from_trees(line.items("wal")), _cache_from_trees(line.items("cache"))
    expected_plan, expected_error = line.anything("plan"), line.optional_text("error")
    actual = _plan(line.integer("checkpoint_tick"), log, cache)
    difference = compare("error", expected_error, actual["error"])
    return LineOutcome(difference or compare("plan", expected_plan, actual["plan"]))


def _make_recovery(source: ValueSource) -> JsonObject:
    checkpoint_tick = source.tick() if source.chance(60) else 0
    log, cache = source.log(_LOG_MAX), source.cache(_CACHE_MAX)
    return {
        "checkpoint_tick": checkpoint_tick,
        "wal": entry_trees(log),
        "cache": _cache_trees(cache),
        **_plan(checkpoint_tick, log, cache),
    }


def _report(log: AgreementWalArtifact, cache: EvidenceOutcomeCacheArtifact) -> JsonObject:
    """Return the report's rows; a vector has no plan to pass through (INSPECT-03)."""
    report = inspect_durability(log, cache)
    return {
        "wal_entries": [row.to_dict() for row in report.wal_entries],
        "evidence_cache_entries": [row.to_dict() for row in report.evidence_cache_entries],
    }


def _check_inspect(line: Line) -> LineOutcome:
    log, cache = log_from_trees(line.items("wal")), _cache_from_trees(line.items("cache"))
    return LineOutcome(compare("report", line.anything("report"), _report(log, cache)))


def _make_inspect(source: ValueSource) -> JsonObject:
    log, cache = source.log(_LOG_MAX), source.cache(_CACHE_MAX)
    return {"wal": entry_trees(log), "cache": _cache_trees(cache), "report": _report(log, cache)}


RECOVERY: Final = VectorKind("recovery", _check_recovery, _make_recovery)
INSPECT: Final = VectorKind("inspect", _check_inspect, _make_inspect)
