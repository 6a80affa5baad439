"""Outcome conversions, and the Debug form that their texts contain."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from telltale_spec.model.outcomes import (
    OutcomeKindError,
    into_label,
    into_output_condition_hint,
    into_send_decision,
    into_topology,
    into_unit,
    into_value,
)
from telltale_spec.tests.samples import escalation, gate, log, sync_request
from telltale_spec.wire.debug_form import debug_value
from telltale_spec.wire.effects import (
    AcquireResponse,
    Blocked,
    BlockedStatus,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResponse,
    Failure,
    FailureStatus,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    Success,
    SuccessStatus,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.record import Record
from telltale_spec.wire.requests import EffectInterfaceMetadata
from telltale_spec.wire.values import (
    VALUE_DEPTH_MAX,
    BoolValue,
    Corrupt,
    CorruptionType,
    Crash,
    Deliver,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    NatValue,
    OutputConditionHint,
    ProdValue,
    StrValue,
    Timeout,
    UnitValue,
    Value,
)

DENIED = EffectFailure(EffectFailureKind.DENIED, "no")
HINT = OutputConditionHint("p", None)

Conversion = Callable[[EffectOutcome], Any]
CONVERSIONS: list[tuple[Conversion, str, EffectResponse, Any]] = [
    (into_send_decision, "send_decision", SendDecisionResponse(Drop()), Drop()),
    (lambda outcome: into_unit(outcome, "wal_sync"), "wal_sync", WalSyncResponse(), None),
    (
        lambda outcome: into_unit(outcome, "invoke_step"),
        "invoke_step",
        InvokeStepResponse(()),
        None,
    ),
    (into_label, "choose label", ChooseResponse("l"), "l"),
    (
        lambda outcome: into_value(outcome, "acquire"),
        "acquire",
        AcquireResponse(UnitValue()),
        UnitValue(),
    ),
    (into_topology, "topology events", TopologyEventsResponse((Crash("s"),)), (Crash("s"),)),
]
IDS = [expected for _, expected, _, _ in CONVERSIONS]


def refusal(convert: Conversion, outcome: EffectOutcome) -> EffectFailure:
    with pytest.raises(OutcomeKindError) as caught:
        convert(outcome)
    assert str(caught.value) == str(caught.value.failure)
    return caught.value.failure


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize(("convert", "expected", "response", "value"), CONVERSIONS, ids=IDS)
def test_out_01_the_answer_that_was_asked_for(
    convert: Conversion, expected: str, response: EffectResponse, value: object
) -> None:
    assert convert(EffectOutcome.success(response)) == Success(value)
    assert convert(EffectOutcome.blocked()) == Blocked()
    assert convert(EffectOutcome.failed(DENIED)) == Failure(DENIED)
    # The response beside a status other than success is not looked at (DEC-25).
    assert convert(EffectOutcome(BlockedStatus(), ChooseResponse("x"))) == Blocked()


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize(("convert", "expected", "response", "value"), CONVERSIONS, ids=IDS)
def test_out_01_another_answer_or_none(
    convert: Conversion, expected: str, response: EffectResponse, value: object
) -> None:
    other = OutputConditionHintResponse(OutputConditionHint("p", "w"))
    assert refusal(convert, EffectOutcome.success(other)) == EffectFailure.contract_violation(
        f"effect outcome kind mismatch: expected {expected}, got OutputConditionHint "
        '{ hint: Some(OutputConditionHint { predicate_ref: "p", witness_ref: Some("w") }) }'
    )
    assert refusal(convert, EffectOutcome(SuccessStatus())) == EffectFailure.contract_violation(
        "successful effect outcome is missing response"
    )


@pytest.mark.requirement("OUT-01", "F31")
@pytest.mark.parametrize("response", [ReleaseResponse(), ReceiveResponse(())])
@pytest.mark.parametrize("kind", ["wal_sync", "invoke_step", "handle_release", "anything"])
def test_f31_a_release_passes_for_a_sync(response: EffectResponse, kind: str) -> None:
    assert into_unit(EffectOutcome.success(response), kind) == Success(None)


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize("response", [InvokeStepResponse(()), WalSyncResponse()])
def test_out_01_step_and_sync_are_accepted_for_their_own_kind_only(
    response: EffectResponse,
) -> None:
    failure = refusal(
        lambda outcome: into_unit(outcome, "handle_recv"), EffectOutcome.success(response)
    )
    assert failure.message.startswith("effect outcome kind mismatch: expected handle_recv, got ")


@pytest.mark.requirement("OUT-01")
def test_out_01_only_acquire_has_a_value() -> None:
    granted = EffectOutcome.success(AcquireResponse(NatValue(1)))
    assert refusal(lambda outcome: into_value(outcome, "release"), granted).message == (
        "effect outcome kind mismatch: expected release, got Acquire { evidence: Nat(1) }"
    )


@pytest.mark.requirement("OUT-01")
def test_out_01_a_hint_may_neither_block_nor_fail() -> None:
    hinted = EffectOutcome.success(OutputConditionHintResponse(HINT))
    assert into_output_condition_hint(hinted) == HINT
    assert (
        into_output_condition_hint(EffectOutcome.success(OutputConditionHintResponse(None))) is None
    )
    blocked = refusal(into_output_condition_hint, EffectOutcome.blocked())
    assert blocked == EffectFailure.contract_violation("output_condition_hint may not block")
    assert refusal(into_output_condition_hint, EffectOutcome.failed(DENIED)) == DENIED
    released = refusal(into_output_condition_hint, EffectOutcome.success(ReleaseResponse()))
    assert released.message == (
        "effect outcome kind mismatch: expected output_condition_hint, got Release"
    )


@pytest.mark.requirement("OUT-02")
def test_out_02_terminal_statuses_and_the_display_of_a_failure() -> None:
    statuses = [SuccessStatus(), BlockedStatus(), FailureStatus(DENIED)]
    assert [status.is_terminal for status in statuses] == [True, False, True]
    assert [status.is_success for status in statuses] == [True, False, False]
    assert str(EffectFailure(EffectFailureKind.STALE_AUTHORITY, "old")) == "StaleAuthority: old"


def test_the_error_can_be_copied_and_pickled() -> None:
    error = OutcomeKindError(DENIED)
    assert copy.copy(error).failure == DENIED
    assert pickle.loads(pickle.dumps(error)).failure == DENIED


@pytest.mark.requirement("OUT-01", "INSPECT-02")
@pytest.mark.parametrize(
    ("record", "text"),
    [
        (UnitValue(), "Unit"),
        (BoolValue(True), "Bool(true)"),
        (StrValue('a"b\\c\n\r\t\0\x7f'), """Str("a\\"b\\\\c\\n\\r\\t\\0\\u{7f}")"""),
        (StrValue("it's é\u200be\u0301"), """Str("it's é\\u{200b}e\\u{301}")"""),
        (
            ProdValue(NatValue(1), EndpointValue(Endpoint(2, "r"))),
            'Prod(Nat(1), Endpoint(Endpoint { sid: 2, role: "r" }))',
        ),
        (Deliver(UnitValue()), "Deliver(Unit)"),
        (SendDecisionResponse(Drop()), "SendDecision { decision: Drop }"),
        (ReceiveResponse((UnitValue(), NatValue(1))), "Receive { state: [Unit, Nat(1)] }"),
        (ReceiveResponse(()), "Receive { state: [] }"),
        (OutputConditionHintResponse(None), "OutputConditionHint { hint: None }"),
        (
            TopologyEventsResponse((Corrupt("a", "b", CorruptionType.PAYLOAD_ERASE),)),
            'TopologyEvents { events: [Corrupt { from: "a", to: "b", corruption: PayloadErase }] }',
        ),
        (
            EffectOutcome.failed(EffectFailure(EffectFailureKind.TIMEOUT, "late")),
            "EffectOutcome { status: Failure { failure: EffectFailure "
            '{ kind: Timeout, message: "late" } }, response: None }',
        ),
        (
            escalation(evidence_id="e"),
            'Escalation { operation_id: "o", previous_level: None, new_level: Provisional, '
            'evidence_id: Some("e"), tick: 1 }',
        ),
        (
            PersistedDurabilityArtifact.agreement_wal(log()),
            'PersistedDurabilityArtifact { schema_version: "telltale.machine.durability.v1", '
            "payload: AgreementWal(AgreementWalArtifact { entries: [] }) }",
        ),
    ],
)
def test_the_debug_form_is_rusts(record: Record, text: str) -> None:
    assert debug_value(record) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (Duration(0, 0), "0ns"),
        (Duration(0, 999), "999ns"),
        (Duration(0, 1_500), "1.5µs"),
        (Duration(0, 1_050_000), "1.05ms"),
        (Duration(0, 999_999_999), "999.999999ms"),
        (Duration(1, 0), "1s"),
        (Duration(1, 1), "1.000000001s"),
        (Duration(2**64 - 1, 999_999_999), "18446744073709551615.999999999s"),
    ],
)
def test_the_debug_form_of_a_duration_takes_the_largest_unit(duration: Duration, text: str) -> None:
    assert debug_value(Timeout("s", duration)) == f'Timeout {{ site: "s", duration: {text} }}'


def test_the_debug_form_of_the_deepest_value_needs_no_deep_stack() -> None:
    value: Value = UnitValue()
    for _ in range(VALUE_DEPTH_MAX):
        value = ProdValue(value, UnitValue())
    assert debug_value(value) == "Prod(" * VALUE_DEPTH_MAX + "Unit" + ", Unit)" * VALUE_DEPTH_MAX


def test_every_kind_of_record_has_a_debug_form() -> None:
    metadata = debug_value(EffectInterfaceMetadata.for_effect_kind("wal_sync"))
    assert "timeout_policy: Required { budget_ticks: None }, " in metadata
    assert "retry_shape: Bounded { max_retries: 3 }, " in metadata
    assert debug_value(sync_request()).startswith('WalSyncRequest { operation_id: "o", ')
    assert debug_value(gate()).startswith("VisibilityGateCrossing { ")
