"""Which tests a run takes: those of the day, or with them those that are long, for the night."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that asks for the tests of the night."""
    parser.addoption(
        "--nightly",
        action="store_true",
        help="also run what is marked as nightly, and tests that have a seed on all their seeds",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Say which tests are taken."""
    if config.getoption("--nightly"):
        return "tests: all, on every seed"
    return "tests: those of the day, on seed 0 (--nightly: all, on every seed)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the night, where that is not asked for.

    It is counted as deselected, so that the summary says how many there are.
    """
    if config.getoption("--nightly"):
        return
    seen: Counter[str] = Counter()
    nightly = {item for item in items if _is_nightly(item) or not _has_its_day(item, seen)}
    config.hook.pytest_deselected(items=[item for item in items if item in nightly])
    items[:] = [item for item in items if item not in nightly]


def _has_its_day(item: pytest.Item, seen: Counter[str]) -> bool:
    """Say whether a test is the first of so many that differ in their parameters alone."""
    mark = item.get_closest_marker("by_day")
    if mark is None:
        return True
    name = item.nodeid.partition("[")[0]
    seen[name] += 1
    return seen[name] % int(mark.args[0]) == 1


def _is_nightly(item: pytest.Item) -> bool:
    """Say whether a test is marked so, or has another seed than the first."""
    return item.get_closest_marker("nightly") is not None or _seed_of(item) not in (None, 0)


def _seed_of(item: pytest.Item) -> object:
    call = getattr(item, "callspec", None)
    return None if call is None else call.params.get("seed")
