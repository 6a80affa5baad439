"""Requests and stored entries for the directed cases of a WAL handler."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from typing import Final

from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "KINDS_COUNT",
    "evidence_of",
    "order_requests",
    "proof_requests",
    "state_of",
    "state_requests",
    "stored_entries",
    "whole_request",
]

_LEVELS: Final = tuple(AgreementLevel)
_NONE: Final = AgreementLevel.NONE
_OUTCOMES: Final = tuple(FinalizationOutcome)
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_TICK: Final = 5


def evidence_of(
    evidence_id: str, operation_id: str = "o", level: AgreementLevel = _NONE
) -> AgreementEvidence:
    """Return a witness in which nothing else is remarkable."""
    return AgreementEvidence(evidence_id, operation_id, None, None, level, _WITNESS, "", True)


def state_of(
    operation_id: str,
    level: AgreementLevel,
    outcome: FinalizationOutcome | None = None,
    ids: tuple[str, ...] = (),
) -> AgreementState:
    """Return a state in which nothing else is remarkable."""
    return AgreementState(operation_id, None, None, "", level, outcome, ids, None, None)


def state_requests() -> Iterator[WalSyncRequest]:
    """Yield every gate level without a state and with one of every level and outcome."""
    states = [None, *product(_LEVELS, (None, *_OUTCOMES))]
    for number, (gate_level, state) in enumerate(product(_LEVELS, states)):
        name = f"o{number}"
        held = None if state is None else state_of(name, *state)
        yield WalSyncRequest(name, "c", gate_level, held, (), _TICK)


def stored_entries(name: str) -> list[AgreementWalEntry]:
    """Return entries of an operation, or beside it, that are no lower level of it."""
    finalized = AgreementLevel.FINALIZED
    return [
        *(EvidenceProduced(evidence_of("e", name, each), _TICK - 1) for each in _LEVELS),
        *(EvidenceProduced(evidence_of("e", name, each), _TICK) for each in _LEVELS),
        *(Finalization(name, each, None, None, _TICK - 1) for each in _OUTCOMES),
        *(Finalization(name, each, None, None, _TICK) for each in _OUTCOMES),
        Finalization(name, FinalizationOutcome.FINALIZED, "proof", "handle", _TICK),
        # What stands for nothing in an identity is an id as well (F2).
        Finalization(name, _OUTCOMES[0], "-", None, _TICK),
        Finalization(name, _OUTCOMES[0], None, "-", _TICK),
        *(Finalization(name, each, "-", "-", _TICK) for each in _OUTCOMES),
        *(VisibilityGateCrossing(name, "c", each, _TICK - 1) for each in _LEVELS),
        *(VisibilityGateCrossing(name, "c", each, _TICK) for each in _LEVELS),
        VisibilityGateCrossing(name, "other", finalized, _TICK),
        EvidenceProduced(evidence_of(name, "other", finalized), _TICK),
        Finalization("other", FinalizationOutcome.FINALIZED, name, name, _TICK),
        *(Escalation(f"{name}'", _NONE, each, None, _TICK) for each in _LEVELS[1:]),
        # Whenever it was stored, and whatever brought it about.
        Escalation(name, finalized, finalized, "e", 0),
        Escalation(name, finalized, finalized, "e", _TICK),
        Escalation(name, finalized, finalized, "e", U64_MAX),
    ]


KINDS_COUNT: Final = len(stored_entries("o"))


def proof_requests() -> Iterator[WalSyncRequest]:
    """Yield finalizations, each with ids of which some are a proof (SYNC-07), one the last."""
    lists = (
        *((each,) for each in _PROOF_LIKE),
        ("proof-1", "proof-2"),
        ("proof-2", "proof-1"),
        ("b-proof", "a-proof", "proof"),
        ("proof", "x"),
        ("x", "proof"),
        ("x", "PROOF", "waterproof", "proof"),
        ("proof", "proof"),
        *permutations(_PROOFS_APART, 2),
        ("", ""),
        ("x", ""),
        ("", "x"),
        ("handle", "canonical-handle"),
        ("proof", "handle:proof"),
        # No id by itself, only what they are when they are joined.
        ("pro", "of"),
        ("p", "r", "oof"),
        ("pro", "x", "of"),
        *((f"e{number}" for number in range(count)) for count in (2, 3, 12)),
        _LONG_LIST,
        _LONG_LIST,
    )
    for number, ids in enumerate(lists):
        name, outcome = f"o{number}", _OUTCOMES[number % len(_OUTCOMES)]
        # With an escalation and without one, which has an id too.
        level = _LEVELS[number % 2 * 2]
        state = state_of(name, level, outcome, tuple(ids))
        # Evidence of the request is no id of the state.
        evidence = (evidence_of("proof", name), evidence_of("own", name))
        yield WalSyncRequest(name, "c", _NONE, state, evidence, _TICK)


_LONG_LIST: Final = (*(f"e{number}" for number in range(300)), "proof-300", "proof-301", "e302")
_PROOF_LIKE: Final = (
    "proof",
    "proofs",
    "waterproof",
    "proof:1",
    "1:proof",
    "a proof b",
    "line\nproof",
    "proof\n",
    "\0proof",
    "pproofproof",
    "prproof",
    "x" * 300 + "proof",
    "proof" + "x" * 300,
    "\u00e9proof",
    "-",
    "",
    "x",
    "Proof",
    "PROOF",
    "proo",
    "roof",
    "pro-of",
    "pro of",
    "pro\nof",
    "p\u0440oof",
    "\uff50\uff52\uff4f\uff4f\uff46",
    "proo\u0192",
    "pr\u00f6of",
    "foorp",
    "pr\u00adoof",
)


# The first one is taken, wherever the word stands in it.
_PROOFS_APART: Final = ("proof", "proofread", "x-proof", "proof-1", "1-proof-2", "waterproofs")


def order_requests() -> Iterator[WalSyncRequest]:
    """Yield lists of evidence in no order that anybody would sort them in (SYNC-04)."""
    ids = ("m", "b", "z", "a", "B", "10", "9", "", "zz", "m ", "\u00e9", "e")
    levels = [_LEVELS[number % len(_LEVELS)] for number in (2, 3, 0, 1, 3, 0, 2, 1, 0, 3, 1, 2)]
    pieces = [evidence_of(each, "o", level) for each, level in zip(ids, levels, strict=True)]
    foreign = [evidence_of(each, other) for each, other in (("m", "p"), ("q", "o "), ("q", ""))]
    mixed = [*pieces[:3], foreign[0], *pieces[3:6], foreign[1], *pieces[6:], foreign[2]]
    for name, some in {
        "in its order": pieces,
        "turned round": pieces[::-1],
        "twice": [*pieces[:3], *pieces[:3]],
        "one three times": [pieces[1], pieces[0], pieces[1], pieces[1]],
        "twins": [pieces[0], replace(pieces[0], authoritative=False), pieces[0]],
        "levels": [replace(pieces[0], level=level) for level in reversed(_LEVELS)],
        "foreign": mixed,
        "foreign only": foreign,
    }.items():
        own = [
            replace(each, operation_id=name) if each.operation_id == "o" else each for each in some
        ]
        state = state_of(name, AgreementLevel.FINALIZED, FinalizationOutcome.FINALIZED, ("a", "b"))
        yield WalSyncRequest(name, "c", _NONE, state, tuple(own), _TICK)


def whole_request(operation_id: str, text: str, tick: int = _TICK) -> WalSyncRequest:
    """Return a request with an entry of every kind, and a text wherever it may be told by one."""
    state = state_of(operation_id, _NONE, FinalizationOutcome.ABORTED, (f"proof{text}",))
    evidence = (evidence_of(text, operation_id),)
    return WalSyncRequest(operation_id, text, _NONE, state, evidence, tick)
