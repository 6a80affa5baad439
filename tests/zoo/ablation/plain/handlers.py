"""Properties of handlers: a list of calls, made of the handler under test and of the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableSequence, Sequence
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from conformance.backend import Backend
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, EffectResult, Success
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import StrValue, UnitValue, Value
from tests.zoo.ablation.plain.properties import Length, PlainTest
from tests.zoo.ablation.plain.stores import ListedLog
from tests.zoo.ablation.plain.values import (
    effect_requests,
    numbers,
    optional_texts,
    outcomes,
    registers,
    runtime_values,
    syncs,
    texts,
)

__all__ = ["handler_properties"]

Call = tuple[str, tuple[Any, ...]]

_CALLS: Final[st.SearchStrategy[Call]] = st.one_of(
    st.tuples(st.just("handle_send"), st.tuples(texts, texts, texts, registers)),
    st.tuples(
        st.just("send_decision"),
        st.tuples(
            st.builds(
                SendDecisionInput,
                numbers,
                texts,
                texts,
                texts,
                registers,
                st.none() | runtime_values,
            )
        ),
    ),
    st.tuples(
        st.just("handle_recv"),
        st.tuples(texts, texts, texts, registers.map(list), runtime_values),
    ),
    st.tuples(
        st.just("handle_choose"),
        st.tuples(texts, texts, st.lists(texts, min_size=1, max_size=3).map(tuple), registers),
    ),
    st.tuples(st.just("step"), st.tuples(texts, registers.map(list))),
    st.tuples(st.just("handle_acquire"), st.tuples(numbers, texts, texts, registers)),
    st.tuples(
        st.just("handle_release"), st.tuples(numbers, texts, texts, runtime_values, registers)
    ),
    st.tuples(st.just("topology_events"), st.tuples(numbers)),
    st.tuples(st.just("output_condition_hint"), st.tuples(numbers, texts, registers)),
)
_QUESTIONS: Final[tuple[Call, ...]] = (("handler_identity", ()), ("supports_wal_sync", ()))
_HELPERS: Final = st.lists(_CALLS, min_size=1, max_size=20)
_AGAIN: Final[st.SearchStrategy[Call]] = st.tuples(st.just("again"), st.tuples(st.integers(0, 20)))
_SYNCS: Final[st.SearchStrategy[list[Call]]] = st.lists(
    st.one_of(
        st.tuples(st.just("wal_sync"), st.tuples(syncs)),
        st.tuples(st.just("handle_effect"), st.tuples(effect_requests)),
        st.tuples(st.just("wal_snapshot"), st.just(())),
        _AGAIN,
    ),
    min_size=1,
    max_size=20,
)
_EFFECTS: Final[st.SearchStrategy[list[Call]]] = st.lists(
    st.one_of(
        st.tuples(st.just("effect"), st.tuples(effect_requests, optional_texts, outcomes)),
        st.tuples(st.just("cached_outcome"), st.tuples(texts)),
        st.tuples(st.just("cache_snapshot"), st.just(())),
        _AGAIN,
    ),
    min_size=1,
    max_size=20,
)
_MODES: Final[st.SearchStrategy[WalSyncMode]] = st.one_of(
    st.builds(ImmediateSync), st.builds(BlockedSync), st.builds(FailureSync, texts)
)


_FAILURES: Final = st.none() | st.integers(0, 9)
"""Which call of the log or the cache fails, if one does."""


class _Failing:
    """Counts the calls of a store, and fails one of them."""

    def __init__(self, fails_at: int | None) -> None:
        self.calls = 0
        self.fails_at = fails_at

    def count(self) -> None:
        self.calls += 1
        if self.calls - 1 == self.fails_at:
            raise DurabilityError("disk full")


class _Log(ListedLog):
    """A log that fails once."""

    def __init__(self, fails_at: int | None) -> None:
        super().__init__()
        self.failing = _Failing(fails_at)

    def append(self, entry: AgreementWalEntry) -> None:
        self.failing.count()
        super().append(entry)

    def load(self) -> AgreementWalArtifact:
        self.failing.count()
        return super().load()


class _Cache(InMemoryEvidenceOutcomeCache):
    """A cache that fails once."""

    def __init__(self, fails_at: int | None) -> None:
        super().__init__()
        self.failing = _Failing(fails_at)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        self.failing.count()
        return super().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.failing.count()
        super().put(entry)


class _Inner(BaseEffectHandler):
    """An inner handler that notes what it is asked and answers something of its own."""

    def __init__(self, outcome: Callable[[], EffectOutcome] | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.outcome = outcome

    def handler_identity(self) -> str:
        return "inner"

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.asked.append(("handle_effect", request))
        return super().handle_effect(request) if self.outcome is None else self.outcome()

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        self.asked.append(("handle_send", role, partner, label, tuple(state)))
        return Success(StrValue("sent"))

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        self.asked.append(("handle_recv", role, partner, label, tuple(state), payload))
        state.append(payload)
        return Success(None)

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        self.asked.append(("handle_choose", role, partner, tuple(labels), tuple(state)))
        return Success(labels[-1])

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        self.asked.append(("step", role, tuple(state)))
        state.append(UnitValue())
        return Success(None)

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        self.asked.append(("handle_acquire", sid, role, layer, tuple(state)))
        return Success(StrValue("acquired"))


def handler_properties(backend: Backend, length: Length) -> Iterator[PlainTest]:
    """Yield the properties of the handlers that a backend has: effects first, then the helpers."""
    for calls in (_SYNCS, _HELPERS):
        if backend.agreement_wal_handler is not None:
            yield _syncs_as_the_reference(backend.agreement_wal_handler, calls, length)
    for calls in (_EFFECTS, _HELPERS):
        if backend.evidence_handler is not None:
            yield _caches_as_the_reference(backend.evidence_handler, calls, length)


def _syncs_as_the_reference(
    factory: Any, lists: st.SearchStrategy[list[Call]], length: Length
) -> PlainTest:
    @given(_MODES, lists, _FAILURES)
    def test(mode: WalSyncMode, calls: list[Call], fails_at: int | None) -> None:
        length.items = max(1, len(calls))
        inner, expected_inner = _Inner(), _Inner()
        log, expected_log = _Log(fails_at), _Log(fails_at)
        handler = factory(inner, log, mode)
        expected = AgreementWalHandler(expected_inner, expected_log, mode)
        for name, arguments in (*_QUESTIONS, *_resolved(calls)):
            assert _answer(handler, name, arguments) == _answer(expected, name, arguments)
            assert inner.asked == expected_inner.asked
            assert log.entries == expected_log.entries

    return test


class _Side:
    """One evidence handler with the cache, the inner handler and the resolver around it."""

    def __init__(self, factory: Any, fails_at: int | None) -> None:
        self.evidence_id: str | None = None
        self.outcome = EffectOutcome.blocked()
        self.inner = _Inner(lambda: self.outcome)
        self.cache = _Cache(fails_at)
        self.handler = factory(self.inner, self.cache, lambda request: self.evidence_id)

    def answer(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name != "effect":
            return _answer(self.handler, name, arguments)
        request, self.evidence_id, self.outcome = arguments
        return _answer(self.handler, "handle_effect", (request,))


def _caches_as_the_reference(
    factory: Any, lists: st.SearchStrategy[list[Call]], length: Length
) -> PlainTest:
    @given(lists, _FAILURES)
    def test(calls: list[Call], fails_at: int | None) -> None:
        length.items = max(1, len(calls))
        actual = _Side(factory, fails_at)
        expected = _Side(EvidencePersistenceHandler, fails_at)
        for name, arguments in (*_QUESTIONS, *_resolved(calls)):
            assert actual.answer(name, arguments) == expected.answer(name, arguments)
            assert actual.inner.asked == expected.inner.asked
            assert actual.cache.load() == expected.cache.load()

    return test


def _resolved(calls: list[Call]) -> Iterator[Call]:
    """Yield calls, with one that was made before in the place of each "again"."""
    made: list[Call] = []
    for name, arguments in calls:
        if name != "again":
            made.append((name, arguments))
        elif made:
            name, arguments = made[arguments[0] % len(made)]
        else:
            continue
        yield name, arguments


def _answer(handler: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    """Return what a method answers, and what it left in the lists that it was given."""
    given_to_it = [list(each) if isinstance(each, list) else each for each in arguments]
    try:
        answer = getattr(handler, name)(*given_to_it)
    except DurabilityError as error:
        return f"refused: {error}"
    return answer, [each for each in given_to_it if isinstance(each, list)]
