"""Mistakes of kinds that passed once, and unusual answers that failed: one of each, by itself."""

from __future__ import annotations

import bisect
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cbor2
import pytest

from conformance.backend import Backend
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.probes import ListWal
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from telltale_spec import AgreementWalArtifact, AgreementWalEntry, DurabilityError, Escalation
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import AgreementLevel, WalSyncRequest
from telltale_spec.wire.persisted import PersistedDurabilityArtifact, decode_artifact
from tests.zoo.broken_wal_handlers import OpenHandler
from tests.zoo.judging import failed, judged


class RemembersSuffixes(ListWal):
    """Remembers suffixes, and looks for those that are old as if it was asked with rising ticks."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks: list[int] = []
        self.suffixes: list[tuple[AgreementWalEntry, ...]] = []

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        concerned = bisect.bisect_left(self.ticks, entry.tick)
        del self.ticks[:concerned], self.suffixes[:concerned]

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        if tick not in self.ticks:
            self.ticks.append(tick)
            self.suffixes.append(super().read_since(tick))
        return self.suffixes[self.ticks.index(tick)]


class ForgetsQuietOperations:
    """Remembers the levels of the 512 operations that were raised last."""

    def __init__(self) -> None:
        self.entries: list[AgreementWalEntry] = []
        self.levels: OrderedDict[str, Escalation] = OrderedDict()

    def append(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, Escalation):
            last = self.levels.pop(entry.operation_id, None)
            own = [entry] if last is None else [last, entry]
            try:
                AgreementWalArtifact(tuple(own)).validate_monotonic_escalations()
            except DurabilityError:
                if last is not None:
                    self.levels[entry.operation_id] = last
                raise
            self.levels[entry.operation_id] = entry
            if len(self.levels) > 512:
                self.levels.popitem(last=False)
        self.entries.append(entry)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


@pytest.mark.requirement("WAL-05")
def test_a_suffix_is_told_old_by_ticks_asked_for_in_any_order() -> None:
    report = judged(
        Backend("remembers", agreement_wal=lambda _directory: RemembersSuffixes()),
        (DIRECTED_LOG_SUITE,),
        profile_name="quick",
    )

    assert failed(report) == ["WAL-05"]


@pytest.mark.requirement("WAL-03")
def test_a_level_is_remembered_behind_very_many_other_operations() -> None:
    report = judged(
        Backend("forgets", agreement_wal=lambda _directory: ForgetsQuietOperations()),
        (LONG_LOG_SUITE,),
        profile_name="quick",
        minimise=False,
    )

    assert failed(report) == ["WAL-03"]


class TakesTheLastLevel(OpenHandler):
    """Takes the last escalation for the highest one, though a log may keep one that goes down."""

    def build(
        self, existing: Sequence[AgreementWalEntry], sync: WalSyncRequest
    ) -> Sequence[AgreementWalEntry]:
        own = [
            entry
            for entry in existing
            if isinstance(entry, Escalation) and entry.operation_id == sync.operation_id
        ]
        higher = [entry for entry in own if entry.new_level.rank > own[-1].new_level.rank]
        lowered = [
            replace(entry, new_level=own[-1].new_level) if entry in higher else entry
            for entry in existing
        ]
        return build_entries(lowered, sync)


class TakesSnapshotsWithoutItsLock(OpenHandler):
    """Shows half of a sync that is under way."""

    def wal_snapshot(self) -> AgreementWalArtifact:
        return self._wal.load()


@pytest.mark.nightly
@pytest.mark.requirement("SYNC-06")
def test_the_highest_level_counts_where_a_log_keeps_what_it_rejects() -> None:
    assert AgreementLevel.PROVISIONAL.rank < AgreementLevel.FINALIZED.rank
    backend = Backend("the last level", agreement_wal_handler=TakesTheLastLevel)
    report = judged(backend, (DIRECTED_SYNC_SUITE,), profile_name="quick", minimise=False)
    (found,) = [each.counterexample for each in report.results if each.counterexample]

    assert failed(report) == ["SYNC-06"]
    assert [step.answer for step in found.steps].count("refused, and kept") == 1


@pytest.mark.requirement("SYNC-11")
def test_a_snapshot_waits_for_a_sync_that_is_under_way() -> None:
    backend = Backend("no lock", agreement_wal_handler=TakesSnapshotsWithoutItsLock)
    report = judged(backend, (WAL_HANDLER_SURFACE_SUITE,), profile_name="quick")
    right = Backend("a lock", agreement_wal_handler=OpenHandler)

    assert failed(report) == ["SYNC-11"]
    assert failed(judged(right, (WAL_HANDLER_SURFACE_SUITE,), profile_name="quick")) == []


class View(Sequence[Any]):
    """Nothing but a sequence: equal to itself alone."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@pytest.mark.requirement("RECOV-09")
def test_a_plan_may_have_any_sequences() -> None:
    def recovery(*arguments: Any) -> DurableRecoveryPlan[Any]:
        plan: DurableRecoveryPlan[Any] = DurableRecoveryPlan.from_checkpoint(*arguments)
        views: dict[str, Any] = {
            "wal_suffix": View(plan.wal_suffix),
            "decisions": View(plan.decisions),
        }
        return replace(plan, **views)

    report = judged(Backend("views", recovery=recovery), (RECOVERY_SUITE,), profile_name="quick")

    assert failed(report) == []


class RefusesRepeatedKeys:
    """Refuses a key that comes twice, also one that it does not know."""

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        return artifact.to_cbor()

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        artifact = decode_artifact(data)
        try:
            cbor2.loads(data, allow_duplicate_keys=False)
        except cbor2.CBORDecodeError as error:
            if "uplicate" in str(error):
                raise DurabilityError(str(error)) from error
        return artifact


class HasWordsOfItsOwn(RefusesRepeatedKeys):
    """Right: puts words of its own before those of the specification."""

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        try:
            return decode_artifact(data)
        except DurabilityError as error:
            raise DurabilityError(f"unreadable: {error}") from error


@pytest.mark.requirement("DEC-04")
def test_an_unknown_field_may_come_twice() -> None:
    backend = Backend("no repeats", codec=RefusesRepeatedKeys())
    report = judged(backend, (CODEC_SUITE,), profile_name="quick", only=("DEC-04",), minimise=False)

    assert failed(report) == ["DEC-04"]


@pytest.mark.nightly
@pytest.mark.requirement("DEC-27", "DEC-31")
def test_what_is_wrong_with_an_input_may_be_named_in_any_words() -> None:
    backend = Backend("own words", codec=HasWordsOfItsOwn())
    only = ("DEC-27", "DEC-31", "DEC-29.text")
    report = judged(backend, (CODEC_SUITE,), profile_name="quick", only=only, minimise=False)

    # Which words an error begins with is recommended only.
    assert failed(report) == ["DEC-29.text"]
