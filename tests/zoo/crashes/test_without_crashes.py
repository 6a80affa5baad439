"""Without a crash every storage of the zoo is right, so that only a crash shows its fault."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from telltale_spec.errors import DurabilityError
from telltale_spec.model.cache import put_entry
from telltale_spec.tests.samples import (
    FINALIZED,
    PROVISIONAL,
    SOFT_SAFE,
    cached,
    escalation,
    finalization,
    gate,
    log,
    produced,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.crashes import table
from tests.zoo.crashes.storages import CacheOn, LogOn
from tests.zoo.crashes.table import BROKEN, CACHE, LOG, RIGHT, Broken, Right

ENTRIES = (
    escalation(),
    gate("a"),
    produced(),
    escalation("o", PROVISIONAL, SOFT_SAFE),
    gate("a"),
    finalization("x" * 700),
    gate(tick=0),
)
PUTS = tuple(
    cached(key, operation_name=f"put-{index}") for index, key in enumerate("abcabaabdcaab")
)


def of(component: str) -> list[Broken | Right]:
    return [case for case in (*BROKEN, *RIGHT) if case.component == component]


def names(case: Broken | Right) -> str:
    return case.name


@contextmanager
def log_on(case: Broken | Right, directory: Path) -> Iterator[LogOn]:
    opened = LogOn(case.storage, directory)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def cache_on(case: Broken | Right, directory: Path) -> Iterator[CacheOn]:
    opened = CacheOn(case.storage, directory)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("case", of(LOG), ids=names)
@pytest.mark.requirement("WAL-01", "WAL-03", "WAL-05", "WAL-08")
def test_a_log_conforms_without_crashes(case: Broken | Right, tmp_path: Path) -> None:
    """Appends, refusals and loads, with reopenings at every place between them."""
    stored = log()
    for entry in (*ENTRIES, *ENTRIES[4:]):
        for reopens in (False, True):
            with log_on(case, tmp_path) as opened:
                assert opened.load() == stored
                if not reopens:
                    opened.append(entry)
                    stored = log(*stored.entries, entry)
                    with pytest.raises(DurabilityError):
                        opened.append(escalation("o", FINALIZED, PROVISIONAL))
                    opened.append(gate("behind"))
                    stored = log(*stored.entries, gate("behind"))
                    assert opened.load() == stored
                    assert tuple(opened.read_since(0)) == stored.read_since(0)


@pytest.mark.parametrize("case", of(LOG), ids=names)
@pytest.mark.requirement("WAL-01", "WAL-08")
def test_a_long_log_conforms_without_crashes(case: Broken | Right, tmp_path: Path) -> None:
    entries = [gate(f"o{tick}", tick=tick) for tick in range(40)]
    with log_on(case, tmp_path) as opened:
        for entry in entries:
            opened.append(entry)
        assert opened.load() == log(*entries)
    for _ in range(2):
        with log_on(case, tmp_path) as opened:
            assert opened.load() == log(*entries)


@pytest.mark.parametrize("case", of(CACHE), ids=names)
@pytest.mark.requirement("CACHE-02", "CACHE-03", "CACHE-06", "CACHE-08")
@pytest.mark.parametrize("at_a_time", [1, 3, len(PUTS)])
def test_a_cache_conforms_without_crashes(
    case: Broken | Right, tmp_path: Path, at_a_time: int
) -> None:
    stored: tuple[EvidenceOutcomeCacheEntry, ...] = ()
    for start in range(0, len(PUTS), at_a_time):
        with cache_on(case, tmp_path) as opened:
            assert opened.load() == EvidenceOutcomeCacheArtifact(stored)
            for entry in PUTS[start : start + at_a_time]:
                opened.put(entry)
                stored = put_entry(stored, entry)
                assert opened.load() == EvidenceOutcomeCacheArtifact(stored)
                assert opened.get(entry.evidence_id) == entry
    for _ in range(2):
        with cache_on(case, tmp_path) as opened:
            assert opened.load() == EvidenceOutcomeCacheArtifact(stored)


def test_the_table_says_of_each_what_must_catch_it() -> None:
    """At least so many of both kinds, every class of crash among them, and no name twice."""
    assert len(BROKEN) >= 40
    assert len(RIGHT) >= 10
    all_names = [case.name for case in (*BROKEN, *RIGHT)]
    assert len(set(all_names)) == len(all_names)
    assert {case.crash_class for case in BROKEN} == {*table.CRASH_CLASSES}
    for case in BROKEN:
        assert {*case.file_systems} <= {*table.FILE_SYSTEMS}
        assert case.file_systems
        assert case.requirement.startswith(f"{table.PREFIX_OF[case.component]}-")


@pytest.mark.parametrize("case", [*BROKEN, *RIGHT], ids=names)
def test_each_storage_says_its_fault_or_its_build_in_a_line(case: Broken | Right) -> None:
    text = inspect.getdoc(case.storage)
    assert text
    assert len(text.splitlines()[0]) <= 100
    # One that inherits the text of another says nothing of itself.
    assert "__doc__" in vars(case.storage)
    assert text.startswith("Right: ") or isinstance(case, Broken) or "right" in str(case.storage)
