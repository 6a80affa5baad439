"""The pytest plugin under the questions: which subjects, which sizes, and the meter.

The command line starts pytest with it; see ``conformance.commands.bench``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.bench.disk import flush_seconds
from conformance.bench.meter import Meter, metered
from conformance.bench.subjects import FLOORS, Subject, fill_file
from conformance.door.harness import harness_backend
from conformance.engine.watch import CALL_SECONDS_MAX, CallWatch
from conformance.errors import BackendFault
from conformance.run.shipped import SHIPPED_BACKENDS
from conformance.run.targets import load_target, redeclared
from telltale_spec.errors import TelltaleError

SIZES = (100, 1_000, 10_000, 100_000)
NOT_CHECKED = "not checked"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name what is measured."""
    group = parser.getgroup("telltale benchmarks")
    group.addoption("--bench-target", action="append", default=[], help="package.module:factory")
    group.addoption("--bench-command", action="append", default=[], help="program of a harness")
    group.addoption("--bench-shipped", action="store_true", help="the shipped backends too")
    group.addoption("--bench-capability", action="append", help="declared by the targets")
    group.addoption("--bench-rejection-mode", help="declared by the targets")
    group.addoption("--bench-size", action="append", type=int, default=[], help="entries of a log")
    group.addoption("--bench-standing", action="append", default=[], help="NAME=what a check said")


def pytest_configure(config: pytest.Config) -> None:
    """Find the subjects once; what cannot be found ends the run with one line."""
    config.stash[_SUBJECTS], config.stash[_STACK] = [], ExitStack()
    try:
        config.stash[_SUBJECTS] = list(_subjects(config, config.stash[_STACK]))
    except (BackendFault, TelltaleError) as error:
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """Shut harnesses down."""
    config.stash[_STACK].close()


_SUBJECTS = pytest.StashKey[list[Subject]]()
_STACK = pytest.StashKey[ExitStack]()


def _subjects(config: pytest.Config, stack: ExitStack) -> Iterator[Subject]:
    standings = dict(each.rsplit("=", 1) for each in config.getoption("--bench-standing"))

    def subject(name: str, backend: Backend, **more: Any) -> Subject:
        return Subject(name, backend, standings.get(name, NOT_CHECKED), **more)

    if config.getoption("--bench-shipped"):
        for backend in SHIPPED_BACKENDS:
            if backend.agreement_wal or backend.evidence_cache:
                fill = fill_file if backend.name == "file" else None
                yield subject(backend.name, backend, fill=fill)
    for target in config.getoption("--bench-target"):
        with CallWatch() as watch:
            backend = redeclared(
                load_target(target, watch),
                config.getoption("--bench-capability"),
                config.getoption("--bench-rejection-mode"),
            )
        yield subject(target, backend)
    for command in config.getoption("--bench-command"):
        harness = harness_backend(command, call_seconds_max=CALL_SECONDS_MAX)
        yield subject(command, stack.enter_context(harness))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every question about every subject, every floor and every size that it names."""
    subjects = metafunc.config.stash[_SUBJECTS]
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", subjects, ids=[each.name for each in subjects])
    if "floor" in metafunc.fixturenames:
        metafunc.parametrize("floor", FLOORS, ids=[each.name for each in FLOORS])
    if "length" in metafunc.fixturenames:
        sizes = metafunc.config.getoption("--bench-size") or SIZES
        metafunc.parametrize("length", sizes, ids=[f"{each}-entries" for each in sizes])


@pytest.fixture
def meter(benchmark: Any) -> Iterator[Meter]:
    """Yield the meter of this test's one measurement."""
    yield from metered(benchmark)


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    """Note how fast the disk under the temporary folder says that it is done."""
    with tempfile.TemporaryDirectory() as folder:
        machine_info["flush_seconds"] = flush_seconds(Path(folder))
