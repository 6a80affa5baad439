"""The directed cases of a WAL handler, as scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Final

from conformance.engine.acts import Act
from conformance.engine.scripts import Script, ScriptedPart
from conformance.machines.confusable_texts import (
    NUMBERS,
    PAIRED_TEXTS,
    few_texts,
    odd_messages,
    text_groups,
)
from conformance.machines.sync_material import (
    KINDS_COUNT,
    evidence_of,
    order_requests,
    proof_requests,
    state_of,
    state_requests,
    stored_entries,
    whole_request,
)
from conformance.machines.sync_sequences import (
    AGAIN,
    FAILURES,
    FOREIGN,
    GROWN,
    KEPT,
    RISEN,
    SyncActMaker,
    failures_in_a_row,
    foreign_evidence,
    made_again,
    on_a_grown_log,
    risen_and_ended,
    risen_and_kept,
    risen_levels,
)
from conformance.machines.sync_variations import odd_effects, odd_requests
from strategies.faults import BackendCall, CallFault
from telltale_spec.errors import EscalationOrderError
from telltale_spec.wire.agreement import (
    AgreementEvidenceKind,
    AgreementLevel,
    Escalation,
    FinalizationOutcome,
    WalSyncRequest,
)

__all__ = [
    "AGAIN",
    "BEFORE",
    "ENVELOPES",
    "FAILURES",
    "FAULTS",
    "FOREIGN",
    "GROWN",
    "IGNORED",
    "KEPT",
    "LEVELS",
    "MANY",
    "MODES",
    "NAMES",
    "ORDERS",
    "PROOFS",
    "RISEN",
    "SNAPSHOTS",
    "TEXTS",
    "TICKS",
    "scripts",
]

TEXTS: Final = "texts that are easily confused synced one after the other"
TICKS: Final = "ticks around powers of two synced one after the other"
MANY: Final = "sync of many entries on a log of many"
LEVELS: Final = "every gate level with every state"
BEFORE: Final = "every kind of entry stored before a sync of its operation"
IGNORED: Final = "every field that a sync must not look at"
PROOFS: Final = "ids that are a proof, and ids that only look like one"
ORDERS: Final = "evidence in an order of its own, some of it twice"
FAULTS: Final = "errors of the log with odd texts, on operations with odd names"
MODES: Final = "closed modes with odd messages"
NAMES: Final = "inner handlers with odd names"
SNAPSHOTS: Final = "snapshots between appends of the handler and of others"
ENVELOPES: Final = "syncs through handle_effect in every kind of envelope"

_LEVELS: Final = tuple(AgreementLevel)
_NONE: Final = AgreementLevel.NONE
_OUTCOMES: Final = tuple(FinalizationOutcome)
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_TICK: Final = 5
# Of so many texts, some nearly always share a hash of 16 bits.
_STORED_MANY: Final = 1_000
_SYNCED_MANY: Final = 500
_ACTS_MAX: Final = 24
# Why a log refuses an append is told as it is, whatever it was.
_REFUSALS: Final = (
    "disk full",
    str(EscalationOrderError("o", "soft_safe", "none", None, 3)),
    str(EscalationOrderError("o", "none", "provisional", "finalized", 3)),
    "duplicate entry",
    "timed out",
    "database is locked",
)


def scripts(part: type[ScriptedPart]) -> Iterator[Script]:
    """Yield every script, as acts of a part that has those of the random machine."""
    act = SyncActMaker(part)
    yield from _scripts("levels and outcomes", LEVELS, map(act.sync, state_requests()))
    yield from _before(act)
    yield from _scripts("fields without a say", IGNORED, map(act.sync, odd_requests()))
    yield from _scripts("proofs", PROOFS, map(act.sync, proof_requests()), 1)
    yield from _scripts("orders", ORDERS, map(act.sync, order_requests()), 1)
    yield from _texts(act)
    yield from _ticks(act)
    yield from _faults(act)
    yield from _closed(act)
    yield _names(act)
    yield _snapshots(act)
    yield from _scripts("envelopes", ENVELOPES, [act(*each, blocked=False) for each in _effects()])
    yield from made_again(act)
    yield from risen_levels(act)
    yield from risen_and_ended(act)
    yield from risen_and_kept(act)
    yield from foreign_evidence(act)
    yield from failures_in_a_row(act)
    yield on_a_grown_log(act)
    yield _many(act)


def _scripts(
    name: str, situation: str, acts: Iterable[Act], acts_max: int = _ACTS_MAX
) -> Iterator[Script]:
    """Yield scripts of a few acts each: what a sync costs grows with its log."""
    every = tuple(acts)
    for number, start in enumerate(range(0, len(every), acts_max), 1):
        yield Script(f"{name} {number}", situation, every[start : start + acts_max])


# What is stored before


def _before(act: SyncActMaker) -> Iterator[Script]:
    """Sync every level and outcome on top of every kind of entry, after each escalation."""
    wanted = [(level, None) for level in _LEVELS] + [(_NONE, each) for each in _OUTCOMES]
    for risen, (level, outcome) in product((None, *_LEVELS[1:]), wanted):
        acts: list[Act] = []
        for number in range(KINDS_COUNT):
            name = f"o{number}"
            if risen is not None:
                acts.append(act.append(Escalation(name, _NONE, risen, None, _TICK - 1)))
            acts.append(act.append(stored_entries(name)[number]))
            state = state_of(name, level, outcome)
            evidence = (evidence_of("e", name),)
            acts.append(act.sync(WalSyncRequest(name, "c", _NONE, state, evidence, _TICK)))
        until = "nothing" if risen is None else risen.value
        what = level.value if outcome is None else f"outcome {outcome.value}"
        yield Script(f"{what} on top of {until}", BEFORE, tuple(acts))


# Texts and ticks


def _texts(act: SyncActMaker) -> Iterator[Script]:
    for name, group in text_groups().items():
        for order, texts in (("", group), (", turned round", group[::-1])):
            yield Script(
                f"operations: {name}{order}",
                TEXTS,
                tuple(act.sync(whole_request(text, "c")) for text in texts),
            )
            yield Script(
                f"ids: {name}{order}",
                TEXTS,
                tuple(act.sync(whole_request("o", text)) for text in texts),
            )
    pairs = [act.sync(whole_request(*pair)) for pair in PAIRED_TEXTS]
    yield Script("texts that are put together", TEXTS, (*pairs, *pairs))


def _ticks(act: SyncActMaker) -> Iterator[Script]:
    for name, ticks in (("rising", NUMBERS), ("falling", NUMBERS[::-1])):
        acts = [act.sync(whole_request("o", "c", tick)) for tick in ticks]
        yield Script(f"{name} ticks of syncs", TICKS, (*acts, *acts[::7]))


def _many(act: SyncActMaker) -> Script:
    old = [evidence_of(f"stored-{number}") for number in range(_STORED_MANY)]
    new = [evidence_of(f"new-{number}") for number in range(_SYNCED_MANY)]
    known = [old[number] for number in (0, 1, 99, 100, 500, _STORED_MANY - 1)]
    ids = tuple(each.evidence_id for each in new)
    level, outcome = AgreementLevel.SOFT_SAFE, FinalizationOutcome.FINALIZED
    state = state_of("o", level, outcome, (*ids, "proof"))
    filling = WalSyncRequest("o", "c", _NONE, None, tuple(old), _TICK)
    request = replace(
        filling, agreement_state=state, agreement_evidence=(*known[:3], *new, *known[3:])
    )
    later = replace(request, tick=_TICK + 1, agreement_evidence=tuple(known))
    return Script("many entries", MANY, tuple(map(act.sync, (filling, request, request, later))))


# Around the syncs


def _faults(act: SyncActMaker) -> Iterator[Script]:
    acts: list[Act] = []
    for number, text in enumerate((*odd_messages(), "x" * 1_000)):
        # The name and the message are odd by turns, and then both.
        refusal = _REFUSALS[number % len(_REFUSALS)]
        for name, message in ((text, refusal), (f"o{number}", text), (f"{text}'", text)):
            request = whole_request(name, "c")
            acts.append(
                act("sync_and_retry", request, CallFault(BackendCall.LOAD, 0, False, message))
            )
            later = replace(request, tick=_TICK + 1)
            index, stored = number % len(("evidence", "finalization", "gate")), number % 2 == 0
            fault = CallFault(BackendCall.APPEND, index, stored, message)
            acts.append(act("sync_and_retry", later, fault))
    yield from _scripts("odd errors", FAULTS, acts)


def _closed(act: SyncActMaker) -> Iterator[Script]:
    acts: list[Act] = []
    for text in (*odd_messages(), "x" * 1_000):
        acts += [
            act("sync_failing", whole_request(text, "c"), "m"),
            act("sync_failing", whole_request("o", "c"), text),
            act("sync_blocked", whole_request("o", text)),
        ]
    yield from _scripts("closed modes", MODES, acts)


def _names(act: SyncActMaker) -> Script:
    wrapped = (
        "a<b>",
        "agreement_wal<a>",
        "evidence_persistence<a>",
        "<",
        ">",
        "<>",
        "a>",
        "x" * 300,
    )
    names = [(name, nested) for name in (*few_texts(), *wrapped) for nested in (False, True)]
    return Script("odd names", NAMES, tuple(act("ask_name", n, nested=each) for n, each in names))


def _snapshots(act: SyncActMaker) -> Script:
    acts: list[Act] = []
    for number, entry in enumerate(stored_entries("o")[:-3]):
        open_one, closed_one = (act("snapshot", blocked=blocked) for blocked in (False, True))
        acts += [act.append(entry), open_one, open_one, closed_one]
        acts += [act.sync(whole_request(f"p{number}", "c")), closed_one, open_one]
        fault = CallFault(BackendCall.LOAD, 0, False, f"<{few_texts()[number]}>")
        acts += [act("snapshot_failing", fault), open_one]
    return Script("snapshots", SNAPSHOTS, tuple(acts))


def _effects() -> Sequence[tuple[Any, ...]]:
    return [("sync_through_effect", effect) for effect in odd_effects()]
