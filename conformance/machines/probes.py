"""Instrumented doubles: what a handler under test is wrapped around.

A handler talks to a log or a cache on one side and to an inner handler on the
other. A probe stands in for either: it notes every call, and fails where it is told to.
A handler is judged by what the probe gave it, and never for a log that is wrong itself.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from strategies.faults import BackendCall, CallFault
from telltale_spec.backends.contract import (
    AgreementWal,
    EvidenceOutcomeCache,
    SendDecisionInput,
)
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    EscalationTracker,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResult,
    Failure,
    Success,
)
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import (
    Deliver,
    Heal,
    OutputConditionHint,
    SendDecision,
    StrValue,
    TopologyPerturbation,
    Value,
)

__all__ = [
    "HandlerCall",
    "ListWal",
    "Probe",
    "ProbeCache",
    "ProbeCall",
    "ProbeWal",
    "ScriptedHandler",
]

ResultType = TypeVar("ResultType")


@dataclass(frozen=True)
class ProbeCall:
    """One call that a probe got: its argument, and what it answered or raised."""

    name: str
    argument: Any = None
    answer: Any = None
    error: Exception | None = None
    injected: bool = False


class _InjectedError(DurabilityError):
    """A kind of the declared error, as backends have kinds of their own."""


@dataclass
class _ArmedFault:
    fault: CallFault
    error: Exception
    calls_left: int = field(init=False)

    def __post_init__(self) -> None:
        self.calls_left = self.fault.call_index


class Probe:
    """What the probes of log and cache share: a record of calls, and faults on demand.

    ``before_call`` gets the method's name at the start of every call, to do something else then.
    """

    def __init__(self) -> None:
        self.calls: list[ProbeCall] = []
        self.before_call: Callable[[str], None] | None = None
        self._armed: list[_ArmedFault] = []

    @property
    def call_names(self) -> tuple[str, ...]:
        """The names of the recorded calls, in order."""
        return tuple([call.name for call in self.calls])

    def calls_of(self, name: str) -> tuple[ProbeCall, ...]:
        """Return the recorded calls of one method, in order."""
        return tuple([call for call in self.calls if call.name == name])

    def forget_calls(self) -> None:
        """Begin a new record of calls."""
        self.calls.clear()

    def inject(
        self, fault: CallFault, *, message: str | None = None, error: Exception | None = None
    ) -> None:
        """Make one later call fail, counted from now.

        The fault strikes once. It raises ``DurabilityError`` with ``message``,
        by default the fault's own text, or ``error`` in place of that.
        """
        if error is None:
            error = _InjectedError(fault.message if message is None else message)
        self._armed.append(_ArmedFault(fault, error))

    def forget_faults(self) -> None:
        """Disarm every fault that has not struck yet."""
        self._armed.clear()

    def _call(
        self, call: BackendCall | None, name: str, argument: Any, act: Callable[[], ResultType]
    ) -> ResultType:
        if self.before_call is not None:
            self.before_call(name)
        armed = self._due(call)
        if armed is not None and not armed.fault.stored:
            self._note_error(name, argument, armed.error, injected=True)
            raise armed.error
        try:
            answer = act()
        except Exception as error:
            self._note_error(name, argument, error, injected=False)
            raise
        if armed is not None:
            self._note_error(name, argument, armed.error, injected=True)
            raise armed.error
        self.calls.append(ProbeCall(name, argument, answer))
        return answer

    def _note_error(self, name: str, argument: Any, error: Exception, *, injected: bool) -> None:
        self.calls.append(ProbeCall(name, argument, None, error, injected))

    def _due(self, call: BackendCall | None) -> _ArmedFault | None:
        """Count one call of a method against the armed faults; return the one that strikes."""
        due: _ArmedFault | None = None
        for armed in list(self._armed):
            if armed.fault.call is not call:
                continue
            if armed.calls_left == 0 and due is None:
                due = armed
                self._armed.remove(armed)
            else:
                armed.calls_left = max(armed.calls_left - 1, 0)
        return due


class ListWal:
    """A log that is a list and refuses cleanly: as simple as a right log can be.

    What it is told to keep, or made with, though it has to reject it, is the last that it takes.
    """

    def __init__(self, entries: Sequence[AgreementWalEntry] = ()) -> None:
        self._entries: list[AgreementWalEntry] = []
        self._tracker = EscalationTracker()
        self._kept_for: DurabilityError | None = None
        for entry in entries:
            is_right = self._tracker.preview(entry) is None
            (self.append if is_right else self.keep_rejected)(entry)

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, or raise ``EscalationOrderError`` and store nothing."""
        error = self._kept_for or self._tracker.preview(entry)
        if error is not None:
            raise error
        self._tracker.observe(entry)
        self._entries.append(entry)

    def keep_rejected(self, entry: AgreementWalEntry) -> None:
        """Keep an entry that is rejected, and take no other one from then on (WAL-10)."""
        self._kept_for = self._kept_for or self._tracker.preview(entry)
        self._entries.append(entry)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick``."""
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        return AgreementWalArtifact(tuple(self._entries))


class ProbeWal(Probe):
    """A log that notes every call and fails on demand, around another log or a list."""

    def __init__(self, inner: AgreementWal | None = None) -> None:
        super().__init__()
        self.inner: AgreementWal = ListWal() if inner is None else inner

    @property
    def appended(self) -> tuple[AgreementWalEntry, ...]:
        """The entries of the recorded appends, those that failed included."""
        return tuple([call.argument for call in self.calls_of("append")])

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless a fault is due."""
        self._call(BackendCall.APPEND, "append", entry, lambda: self.inner.append(entry))

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        """Return the entries strictly after ``tick``."""
        return self._call(None, "read_since", tick, lambda: self.inner.read_since(tick))

    def load(self) -> AgreementWalArtifact:
        """Return the whole log, unless a fault is due."""
        return self._call(BackendCall.LOAD, "load", None, self.inner.load)


class ProbeCache(Probe):
    """A cache that notes every call and fails on demand, around another cache."""

    def __init__(self, inner: EvidenceOutcomeCache | None = None) -> None:
        super().__init__()
        self.inner: EvidenceOutcomeCache = _DictCache() if inner is None else inner

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of one id, unless a fault is due."""
        return self._call(BackendCall.GET, "get", evidence_id, lambda: self.inner.get(evidence_id))

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry, unless a fault is due."""
        self._call(BackendCall.PUT, "put", entry, lambda: self.inner.put(entry))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache, unless a fault is due."""
        return self._call(BackendCall.LOAD, "load", None, self.inner.load)


class _DictCache:
    def __init__(self) -> None:
        self._entries: dict[str, EvidenceOutcomeCacheEntry] = {}

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self._entries.get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        # A replaced entry moves to the end (CACHE-04).
        self._entries.pop(entry.evidence_id, None)
        self._entries[entry.evidence_id] = entry

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self._entries.values()))


@dataclass(frozen=True)
class HandlerCall:
    """One call of a handler's method; a state is noted as it was when the call began."""

    name: str
    arguments: tuple[Any, ...] = ()


# None of the answers below is what a handler answers by default, so that an
# answer tells whether the inner handler gave it.
_HINT: Final = OutputConditionHint("inner hint", None)


def _denied(what: str) -> Failure:
    return Failure(EffectFailure(EffectFailureKind.DENIED, f"inner {what}"))


class ScriptedHandler(BaseEffectHandler):
    """An inner handler that notes every call and answers from a script.

    ``handle_effect`` calls the helper methods unless it has a script of its
    own. ``registers``, if set, is what ``handle_recv`` and ``step`` write to
    the state that they may change. Without a script, the guards deny.
    """

    def __init__(self, identity: str = "scripted") -> None:
        self.identity = identity
        self.calls: list[HandlerCall] = []
        self.registers: tuple[Value, ...] | None = None
        self._scripts: dict[str, list[Any]] = {}

    @property
    def call_names(self) -> tuple[str, ...]:
        """The names of the methods called, in order."""
        return tuple([call.name for call in self.calls])

    def calls_of(self, name: str) -> tuple[HandlerCall, ...]:
        """Return the recorded calls of one method, in order."""
        return tuple([call for call in self.calls if call.name == name])

    def forget_calls(self) -> None:
        """Begin a new record of calls."""
        self.calls.clear()

    def script(self, method: str, *answers: Any) -> None:
        """Set the answers of one method, in order; the last one is given again and again.

        An answer that is an exception is raised. No answers at all take the
        method's script away.
        """
        if answers:
            self._scripts[method] = list(answers)
        else:
            self._scripts.pop(method, None)

    def handler_identity(self) -> str:
        """Return the identity of the script."""
        self._note("handler_identity")
        return self.identity

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Answer from the script, or else call the helper method of the body."""
        self._note("handle_effect", request)
        if "handle_effect" in self._scripts:
            return self._next("handle_effect", EffectOutcome.blocked())
        return super().handle_effect(request)

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Answer from the script."""
        self._note("handle_send", role, partner, label, tuple(state))
        return self._next("handle_send", Success(StrValue("inner payload")))

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        """Answer from the script."""
        # Which kind of sequence a state is handed on as, is nowhere promised.
        self._note("send_decision", replace(decision_input, state=tuple(decision_input.state)))
        return self._next("send_decision", Success(Deliver(StrValue("inner decision"))))

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Answer from the script, and change the state if it says so."""
        self._note("handle_recv", role, partner, label, tuple(state), payload)
        self._change(state)
        return self._next("handle_recv", Success(None))

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Answer from the script."""
        self._note("handle_choose", role, partner, tuple(labels), tuple(state))
        return self._next("handle_choose", Success("inner label"))

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Answer from the script, and change the state if it says so."""
        self._note("step", role, tuple(state))
        self._change(state)
        return self._next("step", Success(None))

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Answer from the script."""
        self._note("handle_acquire", sid, role, layer, tuple(state))
        return self._next("handle_acquire", _denied("acquire"))

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        """Answer from the script."""
        self._note("handle_release", sid, role, layer, evidence, tuple(state))
        return self._next("handle_release", _denied("release"))

    def supports_wal_sync(self) -> bool:
        """Answer from the script."""
        self._note("supports_wal_sync")
        return self._next("supports_wal_sync", False)

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Answer from the script."""
        self._note("wal_sync", sync)
        return self._next("wal_sync", _denied("sync"))

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        """Answer from the script."""
        self._note("topology_events", tick)
        return self._next("topology_events", Success((Heal("inner", "site"),)))

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        """Answer from the script."""
        self._note("output_condition_hint", sid, role, tuple(state))
        return self._next("output_condition_hint", _HINT)

    def _change(self, state: MutableSequence[Value]) -> None:
        if self.registers is not None:
            state[:] = self.registers

    def _note(self, method: str, *arguments: Any) -> None:
        self.calls.append(HandlerCall(method, arguments))

    def _next(self, method: str, default: ResultType) -> ResultType:
        script = self._scripts.get(method)
        if script is None:
            return default
        answer: ResultType = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
