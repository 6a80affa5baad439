"""Quirks are shown where they are, and a broken backend cannot break the showing."""

from __future__ import annotations

import pytest

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.watch import CallWatch
from conformance.machines.registry import QUIRKS
from conformance.machines.wal_quirks import WAL_QUIRKS
from conformance.run.shipped import SHIPPED_BACKENDS
from telltale_spec.model.machine import RejectionMode
from tests.zoo.broken_wals import ListWal, RaisesUndeclared

APPLICABLE = [
    (quirk, backend) for quirk in QUIRKS for backend in SHIPPED_BACKENDS if quirk.applies(backend)
]


@pytest.mark.parametrize(
    ("quirk", "backend"), APPLICABLE, ids=[f"{q.finding_id}-{b.name}" for q, b in APPLICABLE]
)
def test_the_reference_shows_every_quirk_of_the_specification(
    quirk: Quirk, backend: Backend
) -> None:
    with CallWatch() as watch:
        result = quirk.show(backend, watch)

    assert result.shown
    assert result.steps


@pytest.mark.requirement("WAL-10")
def test_f1_is_the_wedge_and_a_log_without_it_does_not_show_it() -> None:
    def keeping(name: str, wal_class: type[ListWal]) -> Backend:
        return Backend(
            name,
            agreement_wal=lambda directory: wal_class(),
            rejection_mode=RejectionMode.KEEPS_REJECTED,
        )

    (f1,) = WAL_QUIRKS
    with CallWatch() as watch:
        clean = f1.show(keeping("clean", ListWal), watch)
        raising = f1.show(keeping("raising", RaisesUndeclared), watch)

    assert not clean.shown
    assert not raising.shown
    assert raising.steps[-1].answer == "the backend broke a requirement on the way"
