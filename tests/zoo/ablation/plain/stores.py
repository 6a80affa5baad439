"""State machines of a log and a cache, compared with a list and a dict after each step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from conformance.backend import Backend, Capability
from telltale_spec.backends.contract import AgreementWal, EvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from tests.zoo.ablation.plain.values import cache_entries, entries, numbers, texts

__all__ = ["ListedLog", "PlainCache", "PlainLog", "PlainStore", "refusal_of"]

_PICKS = st.integers(0, 50)
_HANDLES = st.integers(0, 1)


class ListedLog:
    """A right log in a list: what is refused is not stored."""

    def __init__(self) -> None:
        self.entries: list[AgreementWalEntry] = []

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        self.entries.append(entry)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return tuple([entry for entry in self.entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


def refusal_of(act: Any, *arguments: Any) -> str | None:
    """Return the text of the declared error of a call, or nothing if it was carried out."""
    try:
        act(*arguments)
    except DurabilityError as error:
        return str(error)
    return None


class PlainStore(RuleBasedStateMachine):
    """One store under test in a directory of its own, with a second handle where it allows that."""

    backend: ClassVar[Backend]
    steps: ClassVar[int] = 0
    """How many steps the last history took; the last one of all is the shortest that fails."""

    def __init__(self) -> None:
        super().__init__()
        type(self).steps = 0
        self.scratch = tempfile.TemporaryDirectory()
        self.open()

    def open(self) -> None:
        shared = Capability.CONCURRENT_HANDLES in self.backend.capabilities
        self.handles = [self.opened(Path(self.scratch.name)) for _ in range(1 + shared)]

    def opened(self, directory: Path) -> Any:
        raise NotImplementedError

    def handle(self, number: int) -> Any:
        type(self).steps += 1
        return self.handles[number % len(self.handles)]

    @precondition(lambda self: Capability.REOPEN in self.backend.capabilities)
    @rule()
    def reopen(self) -> None:
        type(self).steps += 1
        self.close()
        self.open()

    def close(self) -> None:
        for handle in self.handles:
            close = getattr(handle, "close", None)
            if close is not None:
                close()

    def teardown(self) -> None:
        self.close()
        self.scratch.cleanup()


class PlainLog(PlainStore):
    """A log against a list, which is refused what the list is refused."""

    def __init__(self) -> None:
        keeps = self.backend.rejection_mode is RejectionMode.KEEPS_REJECTED
        self.expected: AgreementWal = InMemoryAgreementWal() if keeps else ListedLog()
        self.used: list[AgreementWalEntry] = []
        super().__init__()

    def opened(self, directory: Path) -> Any:
        assert self.backend.agreement_wal is not None
        return self.backend.agreement_wal(directory)

    def both_append(self, entry: AgreementWalEntry, number: int) -> None:
        expected = refusal_of(self.expected.append, entry)
        actual = refusal_of(self.handle(number).append, entry)
        assert (actual is None) == (expected is None), (expected, actual)
        assert actual != "", "an error without a text"
        if Capability.EXACT_MESSAGES in self.backend.capabilities:
            assert actual == expected
        self.used.append(entry)

    @rule(entry=entries, number=_HANDLES)
    def append(self, entry: AgreementWalEntry, number: int) -> None:
        self.both_append(entry, number)

    @precondition(lambda self: bool(self.used))
    @rule(pick=_PICKS, number=_HANDLES)
    def append_again(self, pick: int, number: int) -> None:
        self.both_append(self.used[pick % len(self.used)], number)

    def both_read(self, tick: int, number: int) -> None:
        actual = tuple(self.handle(number).read_since(tick))
        assert actual == tuple(self.expected.read_since(tick))

    @rule(tick=numbers, number=_HANDLES)
    def read_since(self, tick: int, number: int) -> None:
        self.both_read(tick, number)

    @precondition(lambda self: bool(self.used))
    @rule(pick=_PICKS, number=_HANDLES)
    def read_since_entry(self, pick: int, number: int) -> None:
        self.both_read(self.used[pick % len(self.used)].tick, number)

    @invariant()
    def is_as_expected(self) -> None:
        for handle in self.handles:
            assert handle.load() == self.expected.load()


class PlainCache(PlainStore):
    """A cache against a dict."""

    def __init__(self) -> None:
        self.expected: dict[str, EvidenceOutcomeCacheEntry] = {}
        super().__init__()

    def opened(self, directory: Path) -> EvidenceOutcomeCache:
        assert self.backend.evidence_cache is not None
        return self.backend.evidence_cache(directory)

    def stored_id(self, pick: int) -> str:
        return list(self.expected)[pick % len(self.expected)]

    def both_put(self, entry: EvidenceOutcomeCacheEntry, number: int) -> None:
        self.handle(number).put(entry)
        self.expected.pop(entry.evidence_id, None)
        self.expected[entry.evidence_id] = entry

    @rule(entry=cache_entries, number=_HANDLES)
    def put(self, entry: EvidenceOutcomeCacheEntry, number: int) -> None:
        self.both_put(entry, number)

    @precondition(lambda self: bool(self.expected))
    @rule(pick=_PICKS, entry=cache_entries, number=_HANDLES)
    def put_over(self, pick: int, entry: EvidenceOutcomeCacheEntry, number: int) -> None:
        stored = self.stored_id(pick)
        self.both_put(
            EvidenceOutcomeCacheEntry(
                stored, entry.interface_name, entry.operation_name, entry.outcome
            ),
            number,
        )

    @rule(evidence_id=texts, number=_HANDLES)
    def get(self, evidence_id: str, number: int) -> None:
        assert self.handle(number).get(evidence_id) == self.expected.get(evidence_id)

    @precondition(lambda self: bool(self.expected))
    @rule(pick=_PICKS, number=_HANDLES)
    def get_stored(self, pick: int, number: int) -> None:
        stored = self.stored_id(pick)
        assert self.handle(number).get(stored) == self.expected[stored]

    @invariant()
    def is_as_expected(self) -> None:
        ordered = Capability.ORDERED_CACHE in self.backend.capabilities
        for handle in self.handles:
            loaded = handle.load().entries
            expected = list(self.expected.values())
            if ordered:
                assert list(loaded) == expected
            else:
                assert len(loaded) == len(expected)
                assert {entry.evidence_id: entry for entry in loaded} == self.expected
