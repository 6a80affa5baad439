"""A few losses of power, well chosen, find what thousands find, and cry no wolf."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator

import pytest

from conformance.backend import Launch
from conformance.crashes.conduct import Component
from conformance.crashes.disk import Image
from conformance.crashes.histories import log_histories
from conformance.crashes.losses import JudgedLoss, power_losses
from conformance.crashes.oracle import Aspect
from conformance.crashes.persistence import FileSystem
from conformance.crashes.strace import obstacle
from conformance.crashes.tests import crash_logs
from telltale_spec.model.operations import Append, LoadLog, Operation

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

APPENDS = [each for each in next(log_histories(0, 0)) if isinstance(each, Append)][:2]


def losses(
    name: str, operations: list[Operation], image: Image, file_system: FileSystem
) -> Generator[JudgedLoss]:
    """Return the losses of power of a log of the zoo."""
    target = f"{crash_logs.__name__}:{name}"
    launch = Launch((sys.executable, "-m", "conformance", "serve", target))
    return power_losses(
        launch, Component.LOG, operations, image=image, file_system=file_system, states_max=6
    )


def test_a_right_log_keeps_what_it_acknowledged() -> None:
    """WAL-08.power: in every class, at most as many as were wanted, also in a folder of others."""
    image = Image((("of others", b"bytes"),))
    found = list(losses("right", [*APPENDS], image, FileSystem.POSIX))

    assert [loss for loss in found if loss.differences] == []
    counts = Counter(loss.state.crash_class.value for loss in found)
    assert {"power-prefix", "power-torn", "power-reordered", "power-zero"} <= set(counts)
    assert max(counts.values()) <= 6


@pytest.mark.parametrize(
    ("name", "file_system", "aspect"),
    [
        ("no_sync", FileSystem.ORDERED, Aspect.CONTENTS),
        ("tail_stays", FileSystem.POSIX, Aspect.PROGRESS),
        ("refuses_torn_tail", FileSystem.POSIX, Aspect.RECOVERY),
    ],
)
def test_a_mistake_breaks_its_promise(name: str, file_system: FileSystem, aspect: Aspect) -> None:
    """WAL-08.power, WAL-08.progress and WAL-08.recovery, each by the log that breaks it."""
    broken = [set(loss.differences) for loss in losses(name, [*APPENDS], Image(), file_system)]

    assert aspect in set().union(*broken)


def test_equal_arguments_give_equal_losses() -> None:
    first, second = (
        [loss.state for loss in losses("right", [*APPENDS], Image(), FileSystem.POSIX)]
        for _ in range(2)
    )

    assert first == second


def test_a_history_that_stores_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="add an Append"):
        next(losses("right", [LoadLog()], Image(), FileSystem.POSIX))
