"""The plain tree of an artifact: each value of the wire with the requirement that spells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.rules.plain_trees import plain_tree, tree_difference
from conformance.tests.rules_drivers import FINALIZED, NONE, SOFT_SAFE
from strategies.exemplars import BOUNDARIES, EXEMPLARS
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResponse,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.persisted import (
    PersistedDurabilityArtifact,
)
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.values import (
    BoolValue,
    Corrupt,
    CorruptionType,
    Crash,
    Defer,
    Deliver,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    Heal,
    NatValue,
    OutputConditionHint,
    Partition,
    ProdValue,
    StrValue,
    Timeout,
    UnitValue,
)

EVIDENCE = AgreementEvidence(
    "e", "a", 7, "w", SOFT_SAFE, AgreementEvidenceKind.COMMIT_FACT, "r", authoritative=True
)


def log_of(*entries: AgreementWalEntry) -> PersistedDurabilityArtifact:
    return PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact(entries))


def cache_of(*outcomes: EffectOutcome) -> PersistedDurabilityArtifact:
    entries = tuple([EvidenceOutcomeCacheEntry("e", "t", "u", each) for each in outcomes])
    return PersistedDurabilityArtifact.evidence_outcome_cache(EvidenceOutcomeCacheArtifact(entries))


def payload_of(artifact: PersistedDurabilityArtifact) -> Any:
    tree: Any = plain_tree(artifact)
    return tree["payload"]["payload"]


def spelled(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each table and name with its requirement."""
    rule = getattr(tree, "requirement_id", None)
    if rule is not None:
        yield path, rule
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from spelled(value, f"{path}.{key}")
    if isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from spelled(value, f"{path}[{index}]")


ENTRIES: list[tuple[AgreementWalEntry, dict[str, str]]] = [
    (
        Escalation("a", NONE, FINALIZED, "e", 1),
        {"": "WIRE-03", ".kind": "WIRE-03", ".previous_level": "WIRE-04", ".new_level": "WIRE-04"},
    ),
    (
        EvidenceProduced(EVIDENCE, 1),
        {
            "": "WIRE-03",
            ".kind": "WIRE-03",
            ".evidence": "WIRE-04",
            ".evidence.level": "WIRE-04",
            ".evidence.kind": "WIRE-04",
        },
    ),
    (
        Finalization("a", FinalizationOutcome.TIMED_OUT, "p", "h", 1),
        {"": "WIRE-03", ".kind": "WIRE-03", ".outcome": "WIRE-04"},
    ),
    (
        VisibilityGateCrossing("a", "c", SOFT_SAFE, 1),
        {"": "WIRE-03", ".kind": "WIRE-03", ".gate_level": "WIRE-04"},
    ),
]


@pytest.mark.requirement("WIRE-02", "WIRE-03", "WIRE-04")
@pytest.mark.parametrize(("entry", "rules"), ENTRIES)
def test_each_value_of_an_entry_has_its_requirement(
    entry: AgreementWalEntry, rules: dict[str, str]
) -> None:
    found = dict(spelled(plain_tree(log_of(entry))))
    around = {"": "WIRE-02", ".payload": "WIRE-02", ".payload.kind": "WIRE-02"}
    own = {f".payload.payload.entries[0]{path}": rule for path, rule in rules.items()}

    assert found == {**around, ".payload.payload": "WIRE-03", **own}


PAIR = ProdValue(NatValue(1), EndpointValue(Endpoint(1, "r")))
HINT = OutputConditionHint("p", "w")
RESPONSES: list[tuple[EffectResponse, dict[str, str]]] = [
    (SendDecisionResponse(Drop()), {".decision": "WIRE-08"}),
    (SendDecisionResponse(Defer()), {".decision": "WIRE-08"}),
    (
        SendDecisionResponse(Deliver(UnitValue())),
        {".decision": "WIRE-08", ".decision.Deliver": "WIRE-08"},
    ),
    (
        SendDecisionResponse(Deliver(NatValue(4))),
        {".decision": "WIRE-08", ".decision.Deliver": "WIRE-08"},
    ),
    (
        ReceiveResponse((PAIR,)),
        dict.fromkeys(
            [
                ".state[0]",
                ".state[0].Prod[0]",
                ".state[0].Prod[1]",
                ".state[0].Prod[1].Endpoint",
            ],
            "WIRE-08",
        ),
    ),
    (ChooseResponse("l"), {}),
    (
        InvokeStepResponse((BoolValue(True), StrValue("s"))),
        dict.fromkeys([".state[0]", ".state[1]"], "WIRE-08"),
    ),
    (AcquireResponse(UnitValue()), {".evidence": "WIRE-08"}),
    (ReleaseResponse(), {}),
    (
        TopologyEventsResponse((Crash("s"), Partition("f", "t"), Heal("f", "t"))),
        dict.fromkeys(
            [
                *(f".events[{index}]" for index in range(3)),
                ".events[0].Crash",
                ".events[1].Partition",
                ".events[2].Heal",
            ],
            "WIRE-08",
        ),
    ),
    (
        TopologyEventsResponse(
            (Corrupt("f", "t", CorruptionType.PAYLOAD_ERASE), Timeout("s", Duration(1, 2)))
        ),
        {
            **dict.fromkeys(
                [
                    ".events[0]",
                    ".events[0].Corrupt",
                    ".events[0].Corrupt.corruption",
                    ".events[1]",
                    ".events[1].Timeout",
                ],
                "WIRE-08",
            ),
            ".events[1].Timeout.duration": "WIRE-09",
        },
    ),
    (WalSyncResponse(), {}),
    (OutputConditionHintResponse(None), {}),
    (OutputConditionHintResponse(HINT), {".hint": "WIRE-09"}),
]


@pytest.mark.requirement("WIRE-05", "WIRE-07", "WIRE-08", "WIRE-09")
@pytest.mark.parametrize(("response", "rules"), RESPONSES)
def test_each_value_of_a_response_has_its_requirement(
    response: EffectResponse, rules: dict[str, str]
) -> None:
    found = dict(spelled(payload_of(cache_of(EffectOutcome.success(response)))))
    outcome = ".entries[0].outcome"
    own = {f"{outcome}.response{path}": rule for path, rule in rules.items()}

    assert found == {
        "": "WIRE-05",
        ".entries[0]": "WIRE-05",
        outcome: "WIRE-05",
        f"{outcome}.status": "WIRE-06",
        f"{outcome}.status.status": "WIRE-06",
        f"{outcome}.response": "WIRE-07",
        f"{outcome}.response.kind": "WIRE-07",
        **own,
    }


@pytest.mark.requirement("WIRE-06")
def test_each_value_of_a_failure_has_its_requirement() -> None:
    failure = EffectFailure(EffectFailureKind.STALE_AUTHORITY, "m")
    tree = payload_of(cache_of(EffectOutcome.failed(failure), EffectOutcome.blocked()))
    entries = tree["entries"]

    assert dict(spelled(entries[0]["outcome"]["status"])) == {
        "": "WIRE-06",
        ".status": "WIRE-06",
        ".failure": "WIRE-06",
        ".failure.kind": "WIRE-06",
    }
    assert dict(spelled(entries[1]["outcome"]["status"])) == {"": "WIRE-06", ".status": "WIRE-06"}


@pytest.mark.requirement("WIRE-10")
def test_metadata_of_recovery_are_one_record() -> None:
    metadata = DurableRecoveryMetadata(1, 2, 3, ("a",), ("b",), ("e",))
    artifact = PersistedDurabilityArtifact.recovery_metadata(metadata)

    assert dict(spelled(payload_of(artifact))) == {"": "WIRE-10"}


FAILURES = [EffectOutcome.failed(EffectFailure(kind, "m")) for kind in EffectFailureKind]
ARTIFACTS = [
    *EXEMPLARS,
    *BOUNDARIES,
    *(log_of(entry) for entry, _ in ENTRIES),
    cache_of(*(EffectOutcome.success(each) for each, _ in RESPONSES), *FAILURES),
    cache_of(EffectOutcome.blocked()),
    PersistedDurabilityArtifact.recovery_metadata(
        DurableRecoveryMetadata(1, 2, 3, ("a",), ("b",), ("e",))
    ),
]


@pytest.mark.requirement("WIRE-01")
@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_a_tree_is_what_is_written_in_the_order_of_its_keys(
    artifact: PersistedDurabilityArtifact,
) -> None:
    tree = plain_tree(artifact)

    assert json.dumps(tree) == json.dumps(artifact.to_dict())
    assert tree_difference(tree, artifact.to_dict()) is None
