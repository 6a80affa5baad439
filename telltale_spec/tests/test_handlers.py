"""Effect handlers: the defaults, the two durability wrappers and the recorder."""

from __future__ import annotations

import threading
from collections.abc import MutableSequence, Sequence
from dataclasses import replace

import pytest

from telltale_spec.backends.contract import AgreementWal, EffectHandler, SendDecisionInput
from telltale_spec.backends.faulty import NthAppendFailingAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal, InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DomainError, DurabilityError
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.handlers.recording import RecordingEffectHandler
from telltale_spec.model.recovery import recovery_decisions
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    SOFT_SAFE,
    cache,
    cached,
    escalation,
    evidence,
    finalization,
    gate,
    log,
    produced,
    state,
    sync_request,
)
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    FinalizationOutcome,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    Blocked,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResponse,
    EffectResult,
    Failure,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    Success,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.recovery import DurableRecoveryAction
from telltale_spec.wire.requests import (
    AcquireBody,
    ChooseBody,
    EffectAgreementUse,
    EffectInterfaceMetadata,
    EffectRequest,
    EffectRequestBody,
    EffectSemanticClass,
    InvokeStepBody,
    OutputConditionHintBody,
    ReceiveBody,
    ReleaseBody,
    SendDecisionBody,
    TopologyEventsBody,
)
from telltale_spec.wire.values import (
    Crash,
    Defer,
    Deliver,
    NatValue,
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    UnitValue,
    Value,
)

DENIED = EffectFailure(EffectFailureKind.DENIED, "no")
HINT = OutputConditionHint("p", None)
SEND_INPUT = SendDecisionInput(1, "r", "p", "l", (), None)


class PlainHandler(BaseEffectHandler):
    """Only what has no default; writes down which helper was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        self.calls.append("handle_send")
        return Success(NatValue(len(self.calls)))

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        self.calls.append("handle_recv")
        state.append(payload)
        return Success(None)

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        self.calls.append("handle_choose")
        return Success(labels[-1]) if labels else Blocked()

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        self.calls.append("step")
        state.append(NatValue(len(self.calls)))
        return Success(None)


class OpinionatedHandler(PlainHandler):
    """Differs from every default."""

    def handler_identity(self) -> str:
        return "opinionated"

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        return Success(Defer())

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        return Failure(DENIED)

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        return Failure(DENIED)

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        return Success([Crash("site")])

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        return HINT


class ScriptedHandler(PlainHandler):
    """Answers ``handle_effect`` with given outcomes, one after another."""

    def __init__(self, *outcomes: EffectOutcome) -> None:
        super().__init__()
        self.outcomes = list(outcomes)

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.calls.append("handle_effect")
        return self.outcomes.pop(0)


class BrokenWal(InMemoryAgreementWal):
    """Raises a given exception at the chosen call."""

    def __init__(self, failing: str, error: Exception) -> None:
        super().__init__()
        self.failing = failing
        self.error = error

    def load(self) -> AgreementWalArtifact:
        if self.failing == "load":
            raise self.error
        return super().load()

    def append(self, entry: object) -> None:
        if self.failing == "append":
            raise self.error
        super().append(entry)  # type: ignore[arg-type]


class BrokenCache(InMemoryEvidenceOutcomeCache):
    """Raises a given exception at the chosen call."""

    def __init__(self, failing: str, error: Exception) -> None:
        super().__init__()
        self.failing = failing
        self.error = error

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        if self.failing == "get":
            raise self.error
        return super().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        if self.failing == "put":
            raise self.error
        super().put(entry)


def by_operation(request: EffectRequest) -> str | None:
    return request.operation_id


def request_of(
    body: EffectRequestBody, *, session: int | None = 1, operation_id: str | None = None
) -> EffectRequest:
    return EffectRequest.of(body, session=session, operation_id=operation_id)


STEP = request_of(InvokeStepBody("r", ()), operation_id="o")
# An agreement cannot be required of what only observes.
ILLEGAL_STEP = replace(
    STEP,
    metadata=replace(
        STEP.metadata,
        semantic_class=EffectSemanticClass.OBSERVATIONAL,
        agreement_use=EffectAgreementUse.REQUIRED,
    ),
)
ACQUIRE = request_of(AcquireBody("r", "layer", ()), operation_id="o")


def contract_violation(message: str) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure.contract_violation(message))


def unavailable(message: str) -> EffectFailure:
    return EffectFailure.unavailable(message)


class TestDefaults:
    def test_identity_and_support(self) -> None:
        handler: EffectHandler = PlainHandler()
        assert handler.handler_identity() == "default_handler"
        assert handler.supports_wal_sync() is False

    @pytest.mark.requirement("SYNC-12")
    @pytest.mark.parametrize(
        ("body", "response"),
        [
            (
                SendDecisionBody("r", "p", "l", (), None),
                SendDecisionResponse(Deliver(NatValue(1))),
            ),
            (
                SendDecisionBody("r", "p", "l", (), UnitValue()),
                SendDecisionResponse(Deliver(UnitValue())),
            ),
            (
                ReceiveBody("r", "p", "l", (UnitValue(),), NatValue(9)),
                ReceiveResponse((UnitValue(), NatValue(9))),
            ),
            (ChooseBody("r", "p", ("a", "b"), ()), ChooseResponse("b")),
            (InvokeStepBody("r", ()), InvokeStepResponse((NatValue(1),))),
            (AcquireBody("r", "layer", ()), AcquireResponse(UnitValue())),
            (ReleaseBody("r", "layer", UnitValue(), ()), ReleaseResponse()),
            (TopologyEventsBody(1), TopologyEventsResponse(())),
            (OutputConditionHintBody("r", ()), OutputConditionHintResponse(None)),
        ],
    )
    def test_the_body_decides_which_helper_answers(
        self, body: EffectRequestBody, response: EffectResponse
    ) -> None:
        assert PlainHandler().handle_effect(request_of(body)) == EffectOutcome.success(response)

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (SendDecisionBody("r", "p", "l", (), None), "send_decision"),
            (AcquireBody("r", "layer", ()), "acquire"),
            (ReleaseBody("r", "layer", UnitValue(), ()), "release"),
            (OutputConditionHintBody("r", ()), "output_condition_hint"),
        ],
    )
    def test_a_missing_session(self, body: EffectRequestBody, kind: str) -> None:
        outcome = PlainHandler().handle_effect(request_of(body, session=None))
        assert outcome == contract_violation(f"{kind} request is missing session")

    @pytest.mark.requirement("SYNC-12")
    def test_metadata_is_validated_first(self) -> None:
        handler = PlainHandler()
        assert handler.handle_effect(ILLEGAL_STEP) == contract_violation(
            "effect Runtime.invoke violates the protocol-machine effect algebra"
        )
        assert handler.calls == []

    def test_blocked_and_failed_helpers(self) -> None:
        blocked = PlainHandler().handle_effect(request_of(ChooseBody("r", "p", (), ())))
        assert blocked == EffectOutcome.blocked()
        assert OpinionatedHandler().handle_effect(ACQUIRE) == EffectOutcome.failed(DENIED)

    @pytest.mark.requirement("F13")
    def test_a_plain_handler_knows_no_sync(self) -> None:
        refused = EffectFailure.contract_violation(
            "wal_sync requires an AgreementWalHandler wrapper"
        )
        assert PlainHandler().wal_sync(sync_request()) == Failure(refused)
        request = EffectRequest.wal_sync(1, "o", sync_request())
        assert PlainHandler().handle_effect(request) == EffectOutcome.failed(refused)


def wal_handler(
    wal: AgreementWal | None = None, mode: WalSyncMode | None = None
) -> AgreementWalHandler:
    inner = OpinionatedHandler()
    return AgreementWalHandler.with_sync_mode(
        inner, InMemoryAgreementWal() if wal is None else wal, mode or ImmediateSync()
    )


class TestAgreementWalHandler:
    @pytest.mark.requirement("SYNC-01")
    @pytest.mark.parametrize("mode", [ImmediateSync(), BlockedSync(), FailureSync("m")])
    def test_identity_and_support_in_every_mode(self, mode: WalSyncMode) -> None:
        handler = wal_handler(mode=mode)
        assert handler.handler_identity() == "agreement_wal<opinionated>"
        assert handler.supports_wal_sync() is True

    @pytest.mark.requirement("SYNC-02")
    @pytest.mark.parametrize(
        ("mode", "result"),
        [
            (BlockedSync(), Blocked()),
            (FailureSync("exactly this"), Failure(unavailable("exactly this"))),
        ],
    )
    def test_blocked_and_failing_modes_leave_the_log_alone(
        self, mode: WalSyncMode, result: EffectResult[None]
    ) -> None:
        untouchable = BrokenWal("load", AssertionError("touched"))
        assert wal_handler(untouchable, mode).wal_sync(sync_request()) == result

    @pytest.mark.requirement("SYNC-02", "SYNC-04", "SYNC-11")
    def test_immediate_is_the_default_and_stores(self) -> None:
        handler = AgreementWalHandler(PlainHandler(), InMemoryAgreementWal())
        request = sync_request(state(SOFT_SAFE), evidence())
        assert handler.wal_sync(request) == Success(None)
        stored = log(produced(tick=5), escalation(new_level=SOFT_SAFE, tick=5), gate(tick=5))
        assert handler.wal_snapshot() == stored
        assert handler.wal_sync(request) == Success(None)
        assert handler.wal_snapshot() == stored

    @pytest.mark.requirement("SYNC-12", "F30")
    def test_through_handle_effect_the_payload_counts(self) -> None:
        handler = wal_handler()
        sync = sync_request(operation_id="p", tick=9)
        request = replace(
            EffectRequest.wal_sync(1, "o", sync),
            metadata=EffectInterfaceMetadata.for_effect_kind("invoke_step"),
        )
        assert handler.handle_effect(request) == EffectOutcome.success(WalSyncResponse())
        assert handler.wal_snapshot() == log(gate("p", tick=9))
        blocked = wal_handler(mode=BlockedSync()).handle_effect(request)
        assert blocked == EffectOutcome.blocked()

    @pytest.mark.requirement("SYNC-09")
    @pytest.mark.parametrize(("call", "action"), [("load", "load"), ("append", "persist")])
    def test_backend_errors_become_unavailable(self, call: str, action: str) -> None:
        handler = wal_handler(BrokenWal(call, DurabilityError("disk gone")))
        for _ in range(2):
            assert handler.wal_sync(sync_request(operation_id="o`p")) == Failure(
                unavailable(f"{action} agreement WAL for `o`p`: disk gone")
            )

    @pytest.mark.requirement("SYNC-11")
    def test_a_snapshot_gives_the_bare_error(self) -> None:
        handler = wal_handler(BrokenWal("load", DurabilityError("disk gone")))
        with pytest.raises(DurabilityError, match=r"^disk gone$"):
            handler.wal_snapshot()

    @pytest.mark.requirement("WAL-09")
    @pytest.mark.parametrize("call", ["load", "append"])
    def test_any_other_exception_passes_and_releases_the_lock(self, call: str) -> None:
        wal = BrokenWal(call, RuntimeError("a fault of the backend"))
        handler = wal_handler(wal)
        with pytest.raises(RuntimeError):
            handler.wal_sync(sync_request())
        wal.failing = "nothing"
        assert handler.wal_sync(sync_request()) == Success(None)

    @pytest.mark.requirement("SYNC-03", "F46")
    def test_the_lock_is_held_for_load_and_every_append(self) -> None:
        held: list[bool] = []

        class ObservingWal(InMemoryAgreementWal):
            def load(self) -> AgreementWalArtifact:
                held.append(handler._lock.locked())
                return super().load()

            def append(self, entry: object) -> None:
                held.append(handler._lock.locked())
                super().append(entry)  # type: ignore[arg-type]

        handler = wal_handler(ObservingWal())
        handler.wal_sync(sync_request(state(), evidence()))
        handler.wal_snapshot()
        assert held == [True] * 5
        assert not handler._lock.locked()

    @pytest.mark.requirement("SYNC-03")
    def test_concurrent_syncs_follow_each_other(self) -> None:
        handler = wal_handler()
        request = sync_request(state(), evidence())
        threads = [threading.Thread(target=handler.wal_sync, args=(request,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(handler.wal_snapshot().entries) == 3

    @pytest.mark.requirement("SYNC-09", "SYNC-15", "F20", "F28")
    def test_f20_a_sync_that_fails_in_the_middle_keeps_its_first_entries(self) -> None:
        handler = wal_handler(NthAppendFailingAgreementWal(InMemoryAgreementWal(), 2))
        request = sync_request(state(FINALIZED, FinalizationOutcome.FINALIZED), evidence())
        assert handler.wal_sync(request) == Failure(
            unavailable("persist agreement WAL for `o`: injected append failure")
        )
        partial = handler.wal_snapshot().entries
        assert partial == (produced(tick=5), escalation(new_level=FINALIZED, tick=5))
        (decision,) = recovery_decisions(partial, cache())
        assert decision.action is DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY
        # A retry at the same tick ends in the log of an undisturbed run.
        assert handler.wal_sync(request) == Success(None)
        assert handler.wal_snapshot().entries == (*partial, finalization(tick=5), gate(tick=5))

    @pytest.mark.requirement("F1")
    def test_f1_a_failing_sync_on_a_wedged_log_grows_it(self) -> None:
        wal = InMemoryAgreementWal()
        with pytest.raises(DurabilityError):
            wal.append(escalation("z", FINALIZED, NONE))
        assert wal_handler(wal).wal_sync(sync_request()) == Failure(
            unavailable(
                "persist agreement WAL for `o`: agreement WAL regression for `z`: Finalized -> None"
            )
        )
        assert wal.load().entries[1:] == (gate(tick=5),)

    @pytest.mark.requirement("F2")
    def test_f2_success_without_a_gate_of_the_operation(self) -> None:
        wal = InMemoryAgreementWal()
        wal.append(gate("a", "b:coro:0", tick=5))
        assert wal_handler(wal).wal_sync(sync_request(operation_id="a:b")) == Success(None)
        assert wal.load() == log(gate("a", "b:coro:0", tick=5))

    def test_the_message_of_a_failing_mode_is_text(self) -> None:
        with pytest.raises(DomainError, match=r"FailureSync\.message"):
            FailureSync("\ud800")


def both_wrappers() -> list[BaseEffectHandler]:
    inner = OpinionatedHandler()
    return [
        AgreementWalHandler(inner, InMemoryAgreementWal()),
        EvidencePersistenceHandler(inner, InMemoryEvidenceOutcomeCache(), by_operation),
    ]


class TestForwarding:
    @pytest.mark.requirement("SYNC-13", "EVID-09")
    @pytest.mark.parametrize("handler", both_wrappers(), ids=lambda handler: type(handler).__name__)
    def test_five_helpers_reach_the_inner_handler(self, handler: BaseEffectHandler) -> None:
        registers: list[Value] = []
        assert isinstance(handler.handle_send("r", "p", "l", ()), Success)
        assert handler.send_decision(SEND_INPUT) == Success(Defer())
        assert handler.handle_recv("r", "p", "l", registers, NatValue(7)) == Success(None)
        assert handler.handle_choose("r", "p", ["a"], ()) == Success("a")
        assert handler.step("r", registers) == Success(None)
        assert registers[0] == NatValue(7)
        assert len(registers) == 2

    @pytest.mark.requirement("SYNC-13", "EVID-09", "F13")
    @pytest.mark.parametrize("handler", both_wrappers(), ids=lambda handler: type(handler).__name__)
    def test_f13_guards_topology_and_hints_never_reach_it(self, handler: BaseEffectHandler) -> None:
        assert handler.handle_acquire(1, "r", "layer", ()) == Success(UnitValue())
        assert handler.handle_release(1, "r", "layer", UnitValue(), ()) == Success(None)
        assert handler.topology_events(1) == Success(())
        assert handler.output_condition_hint(1, "r", ()) is None

    @pytest.mark.requirement("F13")
    def test_f13_the_log_outside_grants_what_the_handler_denies_and_skips_the_cache(self) -> None:
        inner = OpinionatedHandler()
        evidence_handler = EvidencePersistenceHandler(
            inner, InMemoryEvidenceOutcomeCache(), by_operation
        )
        handler = AgreementWalHandler(evidence_handler, InMemoryAgreementWal())
        assert handler.handler_identity() == "agreement_wal<evidence_persistence<opinionated>>"
        granted = EffectOutcome.success(AcquireResponse(UnitValue()))
        assert handler.handle_effect(ACQUIRE) == granted
        for _ in range(2):
            handler.handle_effect(STEP)
        assert inner.calls == ["step", "step"]
        assert evidence_handler.cache_snapshot() == cache()

    @pytest.mark.requirement("F13", "EVID-09")
    def test_f13_the_cache_outside_hides_the_sync(self) -> None:
        wal = InMemoryAgreementWal()
        handler = EvidencePersistenceHandler(
            AgreementWalHandler(PlainHandler(), wal), InMemoryEvidenceOutcomeCache(), by_operation
        )
        assert handler.supports_wal_sync() is False
        result = handler.wal_sync(sync_request())
        assert isinstance(result, Failure)
        assert result.failure.message == "wal_sync requires an AgreementWalHandler wrapper"
        assert wal.load() == log()


class TestEvidencePersistenceHandler:
    @pytest.mark.requirement("EVID-01")
    def test_identity(self) -> None:
        assert both_wrappers()[1].handler_identity() == "evidence_persistence<opinionated>"

    @pytest.mark.requirement("EVID-02")
    def test_without_a_key_the_cache_is_not_touched(self) -> None:
        inner = PlainHandler()
        untouchable = BrokenCache("get", AssertionError("touched"))
        asked: list[EffectRequest] = []
        handler = EvidencePersistenceHandler(inner, untouchable, asked.append)
        assert handler.handle_effect(STEP) == EffectOutcome.success(
            InvokeStepResponse((NatValue(1),))
        )
        assert asked == [STEP]
        assert handler.cache_snapshot() == cache()

    @pytest.mark.requirement("EVID-03", "EVID-05", "EVID-07")
    def test_a_miss_runs_and_stores_and_a_hit_does_not_run(self) -> None:
        inner = PlainHandler()
        handler = EvidencePersistenceHandler(inner, InMemoryEvidenceOutcomeCache(), by_operation)
        assert handler.cached_outcome("o") is None
        outcome = handler.handle_effect(STEP)
        assert handler.handle_effect(STEP) == outcome == handler.cached_outcome("o")
        assert inner.calls == ["step"]
        assert handler.cache_snapshot().entries == (
            EvidenceOutcomeCacheEntry("o", "Runtime", "invoke", outcome),
        )

    @pytest.mark.requirement("EVID-03")
    def test_on_a_hit_metadata_is_not_validated(self) -> None:
        outcomes = InMemoryEvidenceOutcomeCache()
        outcomes.put(cached("o"))
        handler = EvidencePersistenceHandler(PlainHandler(), outcomes, by_operation)
        assert handler.handle_effect(ILLEGAL_STEP) == cached("o").outcome

    @pytest.mark.requirement("EVID-04")
    def test_a_cache_that_cannot_be_read(self) -> None:
        inner = PlainHandler()
        broken = BrokenCache("get", DurabilityError("disk gone"))
        handler = EvidencePersistenceHandler(inner, broken, by_operation)
        assert handler.handle_effect(STEP) == EffectOutcome.failed(
            unavailable("load evidence outcome cache `o`: disk gone")
        )
        assert inner.calls == []
        with pytest.raises(DurabilityError, match=r"^disk gone$"):
            handler.cached_outcome("o")

    @pytest.mark.requirement("EVID-06", "F29")
    def test_f29_a_cache_that_cannot_be_written_runs_the_effect_again(self) -> None:
        inner = PlainHandler()
        broken = BrokenCache("put", DurabilityError("disk gone"))
        handler = EvidencePersistenceHandler(inner, broken, by_operation)
        for _ in range(2):
            assert handler.handle_effect(STEP) == EffectOutcome.failed(
                unavailable("persist evidence outcome `o`: disk gone")
            )
        assert inner.calls == ["step", "step"]

    @pytest.mark.requirement("WAL-09", "EVID-08")
    @pytest.mark.parametrize("call", ["get", "put"])
    def test_any_other_exception_passes_and_releases_the_lock(self, call: str) -> None:
        broken = BrokenCache(call, RuntimeError("a fault of the backend"))
        handler = EvidencePersistenceHandler(PlainHandler(), broken, by_operation)
        with pytest.raises(RuntimeError):
            handler.handle_effect(STEP)
        broken.failing = "nothing"
        assert handler.handle_effect(STEP).status.is_success

    @pytest.mark.requirement("EVID-08")
    def test_the_lock_is_held_for_get_and_put_but_not_between(self) -> None:
        held: list[tuple[str, bool]] = []

        class ObservingCache(InMemoryEvidenceOutcomeCache):
            def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
                held.append(("get", handler._lock.locked()))
                return super().get(evidence_id)

            def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
                held.append(("put", handler._lock.locked()))
                super().put(entry)

        class ObservingHandler(PlainHandler):
            def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
                held.append(("step", handler._lock.locked()))
                return super().step(role, state)

        handler = EvidencePersistenceHandler(ObservingHandler(), ObservingCache(), by_operation)
        handler.handle_effect(STEP)
        assert held == [("get", True), ("step", False), ("put", True)]

    @pytest.mark.requirement("EVID-08", "F12")
    def test_f12_concurrent_requests_may_get_different_answers(self) -> None:
        both_missed = threading.Barrier(2)

        class MeetingHandler(PlainHandler):
            def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
                both_missed.wait(timeout=10)
                return super().step(role, state)

        inner = MeetingHandler()
        handler = EvidencePersistenceHandler(inner, InMemoryEvidenceOutcomeCache(), by_operation)
        answers: list[EffectOutcome] = []
        threads = [
            threading.Thread(target=lambda: answers.append(handler.handle_effect(STEP)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert inner.calls == ["step", "step"]
        assert len(answers) == 2
        assert handler.cached_outcome("o") in answers

    @pytest.mark.requirement("EVID-05", "F11")
    @pytest.mark.parametrize(
        "first", [EffectOutcome.blocked(), EffectOutcome.failed(DENIED)], ids=["blocked", "failed"]
    )
    def test_f11_a_blocked_or_failed_outcome_is_returned_for_ever(
        self, first: EffectOutcome
    ) -> None:
        inner = ScriptedHandler(first, EffectOutcome.success(ReleaseResponse()))
        handler = EvidencePersistenceHandler(inner, InMemoryEvidenceOutcomeCache(), by_operation)
        assert [handler.handle_effect(STEP) for _ in range(3)] == [first] * 3
        assert inner.calls == ["handle_effect"]

    @pytest.mark.requirement("EVID-03", "F21")
    def test_f21_another_effect_of_the_operation_gets_the_cached_response(self) -> None:
        handler = RecordingEffectHandler(
            EvidencePersistenceHandler(
                PlainHandler(), InMemoryEvidenceOutcomeCache(), lambda _: "same key"
            )
        )
        handler.handle_effect(STEP)
        assert handler.handle_acquire(1, "r", "layer", ()) == Failure(
            EffectFailure.contract_violation(
                "effect outcome kind mismatch: expected acquire, got InvokeStep { state: [Nat(1)] }"
            )
        )

    @pytest.mark.requirement("F22")
    def test_f22_the_cache_swallows_a_later_sync(self) -> None:
        wal = InMemoryAgreementWal()
        handler = EvidencePersistenceHandler(
            AgreementWalHandler(PlainHandler(), wal), InMemoryEvidenceOutcomeCache(), by_operation
        )
        for tick in (1, 2):
            request = EffectRequest.wal_sync(tick, "o", sync_request(tick=tick))
            assert handler.handle_effect(request) == EffectOutcome.success(WalSyncResponse())
        assert wal.load() == log(gate(tick=1))

    @pytest.mark.requirement("EVID-10")
    def test_evid_10_a_resolver_may_be_an_object(self) -> None:
        class Resolver:
            def evidence_id_for_request(self, request: EffectRequest) -> str | None:
                return f"key of {request.operation_id}"

        handler = EvidencePersistenceHandler(
            PlainHandler(), InMemoryEvidenceOutcomeCache(), Resolver()
        )
        handler.handle_effect(STEP)
        assert handler.cached_outcome("key of o") is not None

    def test_a_key_that_is_no_text_is_refused_before_the_effect_runs(self) -> None:
        inner = PlainHandler()
        handler = EvidencePersistenceHandler(
            inner,
            InMemoryEvidenceOutcomeCache(),
            lambda _: 5,  # type: ignore[arg-type,return-value]
        )
        with pytest.raises(DomainError, match="evidence_id"):
            handler.handle_effect(STEP)
        assert inner.calls == []


class TestRecordingEffectHandler:
    def test_every_helper_becomes_a_recorded_request(self) -> None:
        handler = RecordingEffectHandler(OpinionatedHandler())
        registers: list[Value] = []
        assert handler.handler_identity() == "opinionated"
        assert handler.send_decision(SEND_INPUT) == Success(Defer())
        assert handler.handle_recv("r", "p", "l", registers, NatValue(7)) == Success(None)
        assert handler.handle_choose("r", "p", ["a"], ()) == Success("a")
        assert handler.step("r", registers) == Success(None)
        assert handler.handle_acquire(1, "r", "layer", ()) == Failure(DENIED)
        assert handler.handle_release(1, "r", "layer", UnitValue(), ()) == Failure(DENIED)
        assert handler.topology_events(4) == Success((Crash("site"),))
        assert handler.output_condition_hint(1, "r", ()) == HINT
        assert registers[0] == NatValue(7)
        assert len(registers) == 2
        exchanges = handler.effect_exchanges()
        assert [exchange.request.body.variant_name for exchange in exchanges] == [
            "send_decision",
            "receive",
            "choose",
            "invoke_step",
            "acquire",
            "release",
            "topology_events",
            "output_condition_hint",
        ]
        numbers = list(range(8))
        assert [exchange.effect_id for exchange in exchanges] == numbers
        assert [exchange.ordering_key for exchange in exchanges] == numbers
        assert [exchange.request.effect_id for exchange in exchanges] == numbers
        assert {exchange.handler_identity for exchange in exchanges} == {"opinionated"}
        assert exchanges[6].request.tick == 4

    def test_a_send_goes_through_without_a_record(self) -> None:
        handler = RecordingEffectHandler(PlainHandler())
        assert handler.handle_send("r", "p", "l", ()) == Success(NatValue(1))
        assert handler.effect_exchanges() == ()

    def test_a_sync_is_forwarded_with_its_own_tick_and_operation(self) -> None:
        inner = AgreementWalHandler(PlainHandler(), InMemoryAgreementWal())
        handler = RecordingEffectHandler(inner)
        sync: WalSyncRequest = sync_request(tick=9)
        assert handler.supports_wal_sync() is True
        assert RecordingEffectHandler(PlainHandler()).supports_wal_sync() is False
        assert handler.wal_sync(sync) == Success(None)
        (exchange,) = handler.effect_exchanges()
        assert exchange.request == replace(EffectRequest.wal_sync(9, "o", sync), effect_id=0)
        assert exchange.outcome == EffectOutcome.success(WalSyncResponse())
        assert exchange.handler_identity == "agreement_wal<default_handler>"

    def test_an_outcome_of_another_kind_becomes_a_failure(self) -> None:
        wrong = EffectOutcome.success(ChooseResponse("x"))
        handler = RecordingEffectHandler(ScriptedHandler(*[wrong] * 3))
        registers: list[Value] = []
        result = handler.handle_recv("r", "p", "l", registers, UnitValue())
        assert result == Failure(
            EffectFailure.contract_violation(
                'effect outcome kind mismatch: expected handle_recv, got Choose { label: "x" }'
            )
        )
        assert registers == []
        assert isinstance(handler.step("r", registers), Failure)
        assert handler.output_condition_hint(1, "r", ()) is None
        assert len(handler.effect_exchanges()) == 3

    @pytest.mark.requirement("F31")
    def test_f31_a_release_in_place_of_new_registers_leaves_them_alone(self) -> None:
        released = EffectOutcome.success(ReleaseResponse())
        handler = RecordingEffectHandler(ScriptedHandler(released, released))
        registers: list[Value] = [UnitValue()]
        assert handler.step("r", registers) == Success(None)
        assert registers == [UnitValue()]
        assert handler.wal_sync(sync_request()) == Success(None)
