"""Every operation and every value is told in words that leave nothing out that a verdict needs."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.rules.narration import (
    cache_entry_text,
    entries_text,
    entry_text,
    operation_text,
    outcome_text,
    request_text,
)
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    Kill,
    LoadCache,
    LoadLog,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome, ReleaseResponse

NONE, FINALIZED = AgreementLevel.NONE, AgreementLevel.FINALIZED
GATE = VisibilityGateCrossing("a", "c", NONE, 1)
EVIDENCE = AgreementEvidence(
    "e", "a", 1, "w", NONE, AgreementEvidenceKind.WITNESS, "r", authoritative=False
)
CACHED = EvidenceOutcomeCacheEntry("e", "t", "u", EffectOutcome.blocked())
STATE = AgreementState(
    operation_id="a",
    session=None,
    owner_id=None,
    contract_name="",
    level=FINALIZED,
    finalization=FinalizationOutcome.ABORTED,
    evidence_ids=("e", ""),
    last_updated_tick=None,
    reason=None,
)


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (Append(GATE), 'append gate none of "a" for "c" at tick 1'),
        (ReadSince(2**64 - 1), "read the entries after tick 2^64-1"),
        (LoadLog(), "load the log"),
        (Reopen(), "reopen"),
        (Kill(), "kill the process, start it again and open the storage"),
        (PutOutcome(CACHED), 'put evidence "e" = blocked of "t"."u"'),
        (GetOutcome("E"), 'get evidence "E"'),
        (LoadCache(), "load the cache"),
        (
            SyncWal(WalSyncRequest("a", "c", NONE, None, (), 3)),
            'sync "a" for "c", gate none, tick 3, no state',
        ),
        ("something else", "'something else'"),
    ],
)
def test_an_operation_is_an_imperative_phrase(operation: Any, text: str) -> None:
    assert operation_text(operation) == text


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (
            Escalation("a", NONE, FINALIZED, None, 0),
            'escalation of "a" none -> finalized at tick 0',
        ),
        (
            Escalation("a", NONE, NONE, "", 1),
            'escalation of "a" none -> none by evidence "" at tick 1',
        ),
        (
            EvidenceProduced(EVIDENCE, 1),
            'evidence "e" of "a" none witness (not authoritative) at tick 1',
        ),
        (
            Finalization("a", FinalizationOutcome.ABORTED, "p", "h", 1),
            'finalization of "a" aborted proof "p" handle "h" at tick 1',
        ),
        (
            Finalization("a", FinalizationOutcome.ABORTED, None, None, 1),
            'finalization of "a" aborted at tick 1',
        ),
        (42, "42"),
    ],
)
def test_an_entry_is_a_noun_phrase(entry: Any, text: str) -> None:
    found = entry_text(entry) if not isinstance(entry, int) else entries_text([entry])[1:-1]

    assert found == text


def test_equal_entries_in_a_row_are_told_once() -> None:
    gate = entry_text(GATE)

    assert entries_text(()) == "nothing"
    assert entries_text([GATE, GATE]) == f"[{gate}; {gate}]"
    assert entries_text([GATE] * 16) == f"[16 times: {gate}]"
    assert entries_text([CACHED]) == f"[{cache_entry_text(CACHED)}]"


def test_an_outcome_tells_its_failure_and_its_response() -> None:
    failure = EffectOutcome.failed(EffectFailure.unavailable("gone"))

    assert outcome_text(failure) == "failure (Unavailable: gone)"
    assert outcome_text(EffectOutcome.success(ReleaseResponse())) == "success with release"


def test_a_request_tells_its_state_and_its_evidence() -> None:
    request = WalSyncRequest("a", "c", NONE, STATE, (EVIDENCE,), 3)

    assert request_text(request) == (
        '"a" for "c", gate none, tick 3, state of "a" finalized aborted evidence ["e", ""], '
        'with evidence "e" of "a" none witness (not authoritative)'
    )
