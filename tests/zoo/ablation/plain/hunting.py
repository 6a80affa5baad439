"""The plain tests of a backend, run one after the other until one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from conformance.backend import Backend
from tests.zoo.ablation.plain.handlers import handler_properties
from tests.zoo.ablation.plain.properties import Length, function_properties
from tests.zoo.ablation.plain.stores import PlainCache, PlainLog, PlainStore

__all__ = ["EXAMPLES", "STEPS", "plain_failure"]

EXAMPLES: Final = 40
"""As many as the quick profile of the suite has histories."""

STEPS: Final = 50
"""What Hypothesis takes where nobody asks for another number."""


def plain_failure(backend: Backend, requirement_id: str, seed: int, *, shrinks: bool) -> int | None:
    """Return how long the counterexample is by which a backend fails, or nothing if it passes.

    Where a backend has a log and a cache, the one is tested that the requirement is about.
    """
    for run in _runs(backend, requirement_id, seed, shrinks=shrinks):
        length = run()
        if length is not None:
            return length
    return None


def _runs(
    backend: Backend, requirement_id: str, seed: int, *, shrinks: bool
) -> Iterator[Callable[[], int | None]]:
    chosen = _settings(shrinks=shrinks)
    has_both = backend.agreement_wal is not None and backend.evidence_cache is not None
    if backend.agreement_wal is not None and not (has_both and requirement_id.startswith("CACHE")):
        yield lambda: _machine_failure(PlainLog, backend, seed, chosen)
    if backend.evidence_cache is not None and not (has_both and requirement_id.startswith("WAL")):
        yield lambda: _machine_failure(PlainCache, backend, seed, chosen)
    length = Length()
    for properties in (handler_properties, function_properties):
        for test in properties(backend, length):
            seeded = chosen(hypothesis.seed(seed)(test))
            yield lambda seeded=seeded: length.items if _fails(seeded) else None  # type: ignore[misc]


def _machine_failure(
    machine: type[PlainStore], backend: Backend, seed: int, chosen: settings
) -> int | None:
    bound: type[PlainStore] = type(machine.__name__, (machine,), {"backend": backend})
    seeded = hypothesis.seed(seed)(bound)
    failed = _fails(lambda: run_state_machine_as_test(seeded, settings=chosen))
    return max(1, bound.steps) if failed else None


def _fails(test: Callable[[], None]) -> bool:
    try:
        test()
    except Exception:
        # Whatever a test of this kind ends with, its author looks at it.
        return True
    return False


def _settings(*, shrinks: bool) -> settings:
    """Return Hypothesis' own settings but for examples; what is found is shrunk or left as it is.

    The health checks are off because they would end the test of a slow backend with nothing found.
    """
    phases = (Phase.generate, Phase.target, Phase.shrink) if shrinks else (Phase.generate,)
    return settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
