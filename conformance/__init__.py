"""Conformance checks for durable agreement backends.

``check_agreement_wal(factory)`` and ``check_evidence_cache(factory)`` judge a
backend inside its own test suite, ``check_harness(command)`` one in any language,
and ``check_replay(replay, target)`` repeats one failure; ``Backend`` describes one
with several components; ``declares`` marks what a factory promises. Requirements
are in :mod:`conformance.requirements`, results in :mod:`conformance.records.results`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from conformance.backend import Backend, Capability
    from conformance.checks import (
        check_agreement_wal,
        check_backend,
        check_evidence_cache,
        check_harness,
        check_replay,
    )
    from conformance.life_cycle import History
    from conformance.run.targets import declares

__all__ = [
    "Backend",
    "Capability",
    "History",
    "check_agreement_wal",
    "check_backend",
    "check_evidence_cache",
    "check_harness",
    "check_replay",
    "declares",
]

_HOMES: Final = {
    "Backend": "conformance.backend",
    "Capability": "conformance.backend",
    "History": "conformance.life_cycle",
    "check_agreement_wal": "conformance.checks",
    "check_backend": "conformance.checks",
    "check_evidence_cache": "conformance.checks",
    "check_harness": "conformance.checks",
    "check_replay": "conformance.checks",
    "declares": "conformance.run.targets",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: pytest loads this package's plugin in every run, and
    # a run that judges nothing should not pay for the engine.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
