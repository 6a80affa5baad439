"""Which level binds a backend to a requirement, and what it is not held to."""

from __future__ import annotations

from conformance.backend import Backend
from conformance.records.results import RequirementResult, Verdict
from conformance.records.verdicts import level_of
from conformance.requirements import Requirement, requirement

__all__ = ["binding_level", "not_applicable"]


def binding_level(judged: Requirement, backend: Backend) -> str:
    """Return the level that binds this backend."""
    return level_of(judged, {capability.value for capability in backend.capabilities})


def not_applicable(requirement_id: str, reason: str) -> RequirementResult:
    """Return the result of a requirement that a backend is not held to."""
    level = requirement(requirement_id).level.value
    return RequirementResult(requirement_id, level, Verdict.NOT_APPLICABLE, 0, reason)
