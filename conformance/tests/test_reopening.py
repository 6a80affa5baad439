"""A storage that cannot be opened again has lost what it acknowledged; a late lock has not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conformance.backend import Backend, Capability
from conformance.engine.profiles import profile
from conformance.errors import BackendFault
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.scripted_cache import REOPEN
from conformance.machines.wal import WAL_SUITE
from conformance.records.results import Verdict
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.broken_wals import ListWal
from tests.zoo.judging import failed, judged, unproved

LOG_SUITES = (WAL_SUITE, DIRECTED_LOG_SUITE)
CACHE_SUITES = (CACHE_SUITE, DIRECTED_CACHE_SUITE)

Opening = Callable[[int, int], None]
"""Gets how many entries there are and how often the storage was opened; may raise."""


def wrong_magic(entries: int, openings: int) -> None:
    if entries > 1:
        raise ValueError("wrong magic number")


def corrupt(entries: int, openings: int) -> None:
    if entries > 1:
        raise DurabilityError("corrupt")


def late_lock(entries: int, openings: int) -> None:
    """Refuse every second opening: who was there before gives its lock up a little late."""
    if openings % 2 and openings > 1:
        raise DurabilityError("locked")


def opened(make: Callable[[], Any], opening: Opening) -> Callable[[Path], Any]:
    """Return a factory that finds in a directory what was there, once it is opened."""
    kept: dict[Path, Any] = {}
    openings: dict[Path, int] = {}

    def factory(directory: Path) -> Any:
        openings[directory] = openings.get(directory, 0) + 1
        storage = kept.setdefault(directory, make())
        opening(len(storage.load().entries), openings[directory])
        return storage

    return factory


def of_log(opening: Opening) -> Backend:
    factory = opened(ListWal, opening)
    return Backend("log", agreement_wal=factory, capabilities=frozenset({Capability.REOPEN}))


def of_cache(opening: Opening) -> Backend:
    factory = opened(InMemoryEvidenceOutcomeCache, opening)
    return Backend("cache", evidence_cache=factory, capabilities=frozenset({Capability.REOPEN}))


@pytest.mark.by_day(6)
@pytest.mark.parametrize("opening", [wrong_magic, corrupt])
@pytest.mark.parametrize("suite", LOG_SUITES, ids=lambda suite: suite.name)
@pytest.mark.requirement("WAL-08")
def test_a_log_that_does_not_open_again_fails(opening: Opening, suite: Any) -> None:
    report = judged(of_log(opening), (suite,), profile_name="quick")

    assert failed(report) == ["WAL-08"]


@pytest.mark.by_day(6)
@pytest.mark.parametrize("opening", [wrong_magic, corrupt])
@pytest.mark.parametrize("suite", CACHE_SUITES, ids=lambda suite: suite.name)
@pytest.mark.requirement("CACHE-08")
def test_a_cache_that_does_not_open_again_fails(opening: Opening, suite: Any) -> None:
    report = judged(of_cache(opening), (suite,), profile_name="quick")

    assert failed(report) == ["CACHE-08"]


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08", "CACHE-08")
def test_who_gives_a_lock_up_late_is_right() -> None:
    log = judged(of_log(late_lock), LOG_SUITES, profile_name="quick")
    cache = judged(of_cache(late_lock), CACHE_SUITES, profile_name="quick")

    assert [unproved(log), unproved(cache)] == [[], []]


class Exclusive(ListWal):
    """A log without a close, whose lock is given up with the object."""

    held: ClassVar[set[Path]] = set()
    kept: ClassVar[dict[Path, tuple[AgreementWalEntry, ...]]] = {}

    def __init__(self, directory: Path) -> None:
        if directory in self.held:
            raise DurabilityError("locked")
        super().__init__()
        self.held.add(directory)
        self.directory = directory
        for entry in self.kept.get(directory, ()):
            super().append(entry)

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        self.kept[self.directory] = tuple(self.load().entries)

    def __del__(self) -> None:
        self.held.discard(getattr(self, "directory", Path()))


class HeldByItsError(Exclusive):
    """The same, and it remembers what it refused last, whose frames refer to it in turn."""

    def append(self, entry: AgreementWalEntry) -> None:
        try:
            super().append(entry)
        except DurabilityError as error:
            self.refused = error
            raise


@pytest.mark.parametrize("make", [Exclusive, HeldByItsError])
@pytest.mark.requirement("WAL-08")
def test_a_lock_that_ends_with_its_object_is_right(make: Callable[[Path], Any]) -> None:
    backend = Backend("log", agreement_wal=make, capabilities=frozenset({Capability.REOPEN}))

    assert failed(judged(backend, LOG_SUITES, profile_name="quick")) == []


class DropsAll(ListWal):
    def append(self, entry: AgreementWalEntry) -> None:
        """Acknowledge, and keep nothing."""


def no_handler(*parts: Any) -> Any:
    raise OSError("no connection")


def test_a_failure_that_was_found_outlives_a_backend_that_ends_later() -> None:
    broken = Backend(
        "broken", agreement_wal=lambda directory: DropsAll(), evidence_handler=no_handler
    )

    report = judged(broken, (WAL_SUITE, EVIDENCE_SUITE), profile_name="quick")

    assert "WAL-01" in failed(report)
    assert report.fault is None
    assert any("no connection" in note for note in report.notes)
    verdicts = {each.requirement_id: each.verdict for each in report.results}
    assert verdicts["EVID-01"] is Verdict.INCONCLUSIVE


def test_where_nothing_was_found_the_end_of_a_backend_is_all_there_is_to_say() -> None:
    right = Backend(
        "right",
        agreement_wal=lambda directory: ListWal(),
        evidence_handler=no_handler,
    )

    with pytest.raises(BackendFault, match="no connection"):
        judged(right, (WAL_SUITE, EVIDENCE_SUITE), profile_name="quick")


class SeesNoChange:
    """Writes down what has changed since the last opening, and does not see the change to one."""

    written: ClassVar[dict[Path, dict[str, EvidenceOutcomeCacheEntry]]] = {}
    unseen: ClassVar[EvidenceOutcomeCacheEntry | None] = None

    def __init__(self, directory: Path) -> None:
        self.on_disk = self.written.setdefault(directory, {})
        self.entries = {**self.on_disk}

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        for entries in (self.entries, self.on_disk):
            if entries is self.entries or entry != self.unseen:
                entries.pop(entry.evidence_id, None)
                entries[entry.evidence_id] = entry

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.entries.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries.values()))


def replaced_in_one_place(backend: Backend) -> list[EvidenceOutcomeCacheEntry]:
    """Return what is put in place of something that is nearly equal, in order."""
    scripts = DIRECTED_CACHE_SUITE.scripts(backend, profile("quick").budget, 0)
    acts = [script.acts for script in scripts if script.name.startswith("changed in one place")]
    return [act.arguments[0] for each in acts for act in each[each.index(REOPEN) + 1 :]]


@pytest.mark.requirement("CACHE-08")
@pytest.mark.parametrize("place", [0, 100, -1, None])
def test_a_change_in_one_place_is_written_down_whichever_it_is(
    place: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    capabilities = frozenset({Capability.REOPEN, Capability.ORDERED_CACHE})
    backend = Backend("sees", evidence_cache=SeesNoChange, capabilities=capabilities)
    changes = replaced_in_one_place(backend)
    unseen = None if place is None else changes[place]
    monkeypatch.setattr(SeesNoChange, "unseen", unseen)

    report = judged(backend, (DIRECTED_CACHE_SUITE,), profile_name="quick", minimise=False)

    assert failed(report) == ([] if place is None else ["CACHE-08"])
