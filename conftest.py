"""Which tests a run takes: those on one seed, or on every seed, which is for the night."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that asks for every seed."""
    parser.addoption(
        "--every-seed",
        action="store_true",
        help="run tests that have a seed on all their seeds, not on the first one alone",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Say which seeds are tested."""
    every = config.getoption("--every-seed")
    return "seeds: all" if every else "seeds: 0 only (--every-seed: all)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is tested on another seed than the first, where not every seed is asked for.

    It is counted as deselected, so that the summary says how many there are.
    """
    if config.getoption("--every-seed"):
        return
    others = [item for item in items if _seed_of(item) not in (None, 0)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _seed_of(item) in (None, 0)]


def _seed_of(item: pytest.Item) -> object:
    call = getattr(item, "callspec", None)
    return None if call is None else call.params.get("seed")
