"""A real outcome cache and real wrappers, each call stopped between its steps: ``effects``.

Every call runs in a thread of its own that waits where the model has a step:
before the look-up, before the effect and behind it. Exactly one runs at a time,
so the order is the model's and not the scheduler's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.checker.models.effects import (
    ACQUIRE,
    ALONE,
    EVIDENCE_INSIDE,
    STEP,
    SYNC,
    Caller,
    Outcome,
    World,
)
from conformance.checker.worlds.handlers import IdleHandler
from telltale_spec.backends.contract import EffectHandler
from telltale_spec.backends.memory import InMemoryAgreementWal, InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalArtifact, WalSyncRequest
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    EffectFailure,
    EffectOutcome,
    InvokeStepResponse,
    Success,
    WalSyncResponse,
)
from telltale_spec.wire.requests import AcquireBody, EffectRequest, InvokeStepBody
from telltale_spec.wire.values import NatValue, UnitValue

__all__ = [
    "ASKED_BY_OPERATION",
    "EVIDENCE_ID",
    "FAILED",
    "SYNC_REQUEST",
    "Call",
    "CountingHandler",
    "EffectsWorld",
    "WatchedWal",
]

_SECONDS_MAX: Final = 20.0
EVIDENCE_ID: Final = "e"
SYNC_REQUEST: Final = WalSyncRequest("o", "coro:0", AgreementLevel.NONE, None, (), 1)
_REQUESTS: Final = {
    STEP: EffectRequest.of(InvokeStepBody("role", ()), operation_id="o"),
    ACQUIRE: EffectRequest.of(AcquireBody("role", "layer", ()), session=1, operation_id="o"),
    SYNC: EffectRequest.wal_sync(1, "o", SYNC_REQUEST),
}
ASKED_BY_OPERATION: Final = {
    request.metadata.operation_name: asked for asked, request in _REQUESTS.items()
}
_ASKED_BY_RESPONSE: Final[dict[type[Any], str]] = {
    InvokeStepResponse: STEP,
    AcquireResponse: ACQUIRE,
    WalSyncResponse: SYNC,
}


class _CrashedError(BaseException):
    """Ends a call whose process is gone."""


@dataclass
class Call:
    """One call on its way: where it waits, what it is to meet next, what it was answered."""

    asked: str
    place: str = "idle"
    result: Outcome | None = None
    was_reached: bool = False
    is_from_cache: bool = False
    next_status: str = "success"
    read_fails: bool = False
    put_fails: bool = False
    is_crashed: bool = False
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stopped: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def stop_at(self, place: str) -> None:
        """Wait until the world goes on with this call."""
        self.place = place
        self.stopped.release()
        if not self.go.acquire(timeout=_SECONDS_MAX) or self.is_crashed:
            raise _CrashedError

    def go_on(self) -> None:
        """Let the call go to its next stop."""
        self.go.release()
        self.wait()

    def wait(self) -> None:
        """Wait until the call has stopped."""
        if not self.stopped.acquire(timeout=_SECONDS_MAX):
            raise TimeoutError(f"a call that asks for {self.asked} does not stop")


class EffectsWorld:
    """Callers of one evidence id, alone around a handler or with another wrapper in between."""

    def __init__(self, slots_count: int, nesting: str) -> None:
        self.nesting = nesting
        self.runs_count = 0
        self._calls: list[Call | None] = [None] * slots_count
        self._current = threading.local()
        self.was_log_asked = False
        self._cache = WatchedCache(self)
        self._inner = CountingHandler(self)
        self._make()

    def _make(self) -> None:
        """Make the wrappers, on the cache that is there."""
        wal = WatchedWal(self)
        self._evidence: EffectHandler = EvidencePersistenceHandler(
            self._inner, self._cache, self._resolve
        )
        self._outer: EffectHandler = AgreementWalHandler(self._evidence, wal)
        self._over_wal: EffectHandler = EvidencePersistenceHandler(
            AgreementWalHandler(IdleHandler(), wal), InMemoryEvidenceOutcomeCache(), self._resolve
        )

    @property
    def call(self) -> Call:
        """The call of this thread."""
        found: Call = self._current.call
        return found

    def _resolve(self, _request: EffectRequest) -> str:
        self.call.stop_at("asking")
        return EVIDENCE_ID

    def close(self) -> None:
        """End every call that is still on its way."""
        for call in self._calls:
            if call is not None and call.place not in ("answered", "idle"):
                call.is_crashed = True
                call.go.release()
        self._calls = [None] * len(self._calls)

    def perform(self, action: str, slot: int | None) -> None:
        """Do one step of one call, or crash."""
        if slot is None:
            self.close()
            return
        call = self._calls[slot]
        if action.startswith("asks for "):
            self._begin(slot, action.removeprefix("asks for "))
        elif action == "has its answer":
            self._calls[slot] = None
        elif call is None:
            raise AssertionError(f"{action} without a call")
        elif action == "asks again":
            self._begin(slot, call.asked)
        elif action == "the outer wrapper answers":
            self._ask_the_outer(call)
        else:
            call.read_fails = action == "cannot read the cache"
            call.put_fails = action == "cannot store the outcome"
            statuses = {"succeeds": "success", "blocks": "blocked", "fails": "failed"}
            call.next_status = statuses.get(action.split()[-1], call.next_status)
            call.go_on()

    def _begin(self, slot: int, asked: str) -> None:
        call = self._calls[slot] = Call(asked)
        if self.nesting != ALONE:
            call.place = "asking"
            return

        def run() -> None:
            self._current.call = call
            try:
                outcome = self._evidence.handle_effect(_REQUESTS[asked])
            except _CrashedError:
                return
            self._answer(call, outcome)
            call.stopped.release()

        threading.Thread(target=run, daemon=True).start()
        call.wait()

    def _answer(self, call: Call, outcome: EffectOutcome) -> None:
        call.place = "answered"
        call.result = self.outcome_of(outcome, call.asked)
        call.is_from_cache = not call.was_reached and call.result.status != "unavailable"
        if call.is_from_cache:
            call.result = self.cached()

    def cached(self) -> Outcome | None:
        """Return what is cached under the one evidence id."""
        return self._cache.outcome_of(EVIDENCE_ID)

    def _ask_the_outer(self, call: Call) -> None:
        if self.nesting == EVIDENCE_INSIDE:
            result: Any = self._outer.handle_acquire(1, "role", "layer", ())
        else:
            result = self._over_wal.wal_sync(SYNC_REQUEST)
        call.place = "answered"
        call.result = Outcome("success" if isinstance(result, Success) else "failed", call.asked)

    def outcome_of(self, outcome: EffectOutcome, asked: str) -> Outcome:
        """Return what a real outcome is in the model; only a success says what it is of."""
        response = outcome.response
        if response is not None:
            number = 0
            if isinstance(response, InvokeStepResponse):
                (value,) = response.state
                number = value.value if isinstance(value, NatValue) else 0
            return Outcome("success", _ASKED_BY_RESPONSE[type(response)], number)
        if outcome == EffectOutcome.blocked():
            return Outcome("blocked", asked)
        failed = outcome == FAILED
        return Outcome("failed" if failed else "unavailable", asked)

    def shared(self) -> World:
        """Return nesting, cache and runs."""
        return World(self.nesting, self.cached(), runs_count=min(self.runs_count, 2))

    def slots(self) -> tuple[Caller, ...]:
        """Return each caller."""
        return tuple(
            Caller()
            if call is None
            else Caller(call.place, call.asked, call.result, call.was_reached, call.is_from_cache)
            for call in self._calls
        )

    def violations(self) -> frozenset[str]:
        """Return what the callers are seen to be told, or to have done, that they should not."""
        broken = {"at most once"} if self.runs_count > 1 else set()
        steps = set()
        for caller in self.slots():
            result = caller.outcome
            if caller.place != "answered" or result is None:
                continue
            if caller.is_from_cache and result.status != "success":
                broken.add("blocked is asked again")
            if result.status == "success" and result.asked != caller.asked:
                broken.add("own response")
            if result.status == "success" and caller.asked == SYNC and not caller.was_reached:
                broken.add("a sync reaches the log")
            if self.nesting not in (ALONE, EVIDENCE_INSIDE) and not caller.was_reached:
                broken.add("a sync is served")
            if self.nesting == EVIDENCE_INSIDE and not caller.was_reached:
                broken.add("a guard is asked")
            if result.status == "success" and caller.asked == result.asked == STEP:
                steps.add(result.number)
        return frozenset(broken | ({"one outcome for all"} if len(steps) > 1 else set()))


class WatchedWal(InMemoryAgreementWal):
    """A log that tells its world when it was asked."""

    def __init__(self, world: EffectsWorld) -> None:
        super().__init__()
        self._world = world

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        self._world.was_log_asked = True
        return super().load()


FAILED: Final = EffectOutcome.failed(EffectFailure.contract_violation("it failed"))


class WatchedCache(InMemoryEvidenceOutcomeCache):
    """A cache that fails where the call that uses it is to meet that."""

    def __init__(self, world: EffectsWorld) -> None:
        super().__init__()
        self._world = world

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        if self._world.call.read_fails:
            raise DurabilityError("injected get failure")
        return super().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        if self._world.call.put_fails:
            raise DurabilityError("injected put failure")
        super().put(entry)

    def outcome_of(self, key: str) -> Outcome | None:
        """Return what is cached under a key."""
        entry = super().get(key)
        if entry is None:
            return None
        return self._world.outcome_of(entry.outcome, ASKED_BY_OPERATION[entry.operation_name])


class CountingHandler(IdleHandler):
    """The inner handler: it does what its call is to meet, and counts the steps done."""

    def __init__(self, world: EffectsWorld) -> None:
        self._world = world

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Carry a request out, stopping before and behind."""
        call = self._world.call
        call.stop_at("missed")
        outcome = self._outcome(call)
        call.was_reached = True
        call.result = self._world.outcome_of(outcome, call.asked)
        call.stop_at("ran")
        return outcome

    def _outcome(self, call: Call) -> EffectOutcome:
        if call.next_status == "blocked":
            return EffectOutcome.blocked()
        if call.next_status == "failed":
            return FAILED
        if call.asked == ACQUIRE:
            return EffectOutcome.success(AcquireResponse(UnitValue()))
        if call.asked == SYNC:
            return EffectOutcome.success(WalSyncResponse())
        self._world.runs_count += 1
        number = min(self._world.runs_count, 2)
        return EffectOutcome.success(InvokeStepResponse((NatValue(number),)))
