"""Sequences of syncs of a WAL handler, in which what came before must have no say, or has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

from conformance.engine.acts import Act
from conformance.engine.scripts import ActMaker, Script
from conformance.machines.confusable_texts import text_groups
from conformance.machines.sync_material import evidence_of, state_of, whole_request
from strategies.faults import BackendCall, CallFault
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)

__all__ = [
    "AGAIN",
    "FAILURES",
    "FOREIGN",
    "GROWN",
    "KEPT",
    "RISEN",
    "SyncActMaker",
    "failures_in_a_row",
    "foreign_evidence",
    "made_again",
    "on_a_grown_log",
    "risen_and_ended",
    "risen_and_kept",
    "risen_levels",
]

AGAIN: Final = "requests made again after others, and at other ticks"
RISEN: Final = "levels of operations that are easily confused"
KEPT: Final = "levels on a log that keeps what it rejects"
FOREIGN: Final = "evidence of operations that are easily confused"
GROWN: Final = "requests that differ in one place, on a log of many entries"
FAILURES: Final = "many failures in a row, and then none"

_LEVELS: Final = tuple(AgreementLevel)
_NONE: Final = AgreementLevel.NONE
_OUTCOMES: Final = tuple(FinalizationOutcome)
_TICK: Final = 5
_GROWN: Final = 1_100
_ACTS_MAX: Final = 24
_NEIGHBOURS: Final = 12
# More than what those who try again, or stop trying, are set to.
_FAILURES: Final = 12


class SyncActMaker(ActMaker):
    """Makes acts of a WAL handler."""

    def sync(self, request: WalSyncRequest) -> Act:
        """Return the act of a sync that nothing fails."""
        return self("sync", request)

    def append(self, entry: AgreementWalEntry) -> Act:
        """Return the act of somebody else who appends."""
        return self("append_foreign", entry)


def risen_levels(act: SyncActMaker) -> Iterator[Script]:
    """Raise confusable operations one after the other, each to another level than its neighbour.

    An operation that is taken for another one goes on from the level of that (SYNC-06).
    """
    levels = (AgreementLevel.FINALIZED, AgreementLevel.PROVISIONAL, AgreementLevel.SOFT_SAFE)
    for name, group in text_groups().items():
        for order, texts in (("", group), (", turned round", group[::-1])):
            acts = []
            for number, text in enumerate(texts):
                state = state_of(text, levels[number % len(levels)])
                acts.append(act.sync(WalSyncRequest(text, "c", _NONE, state, (), _TICK)))
            yield Script(f"levels: {name}{order}", RISEN, tuple(acts))


def risen_and_ended(act: SyncActMaker) -> Iterator[Script]:
    """Sync every level with every outcome, on top of every level (SYNC-06, SYNC-07)."""
    acts: list[Act] = []
    wanted = product((None, *_LEVELS), _LEVELS, (None, *_OUTCOMES))
    for number, (risen, level, outcome) in enumerate(wanted):
        name = f"o{number}"
        if risen is not None:
            acts.append(act.append(Escalation(name, _NONE, risen, None, _TICK - 1)))
        state = state_of(name, level, outcome)
        acts.append(act.sync(WalSyncRequest(name, "c", _NONE, state, (), _TICK)))
    for number, start in enumerate(range(0, len(acts), _ACTS_MAX)):
        yield Script(f"risen and ended {number}", RISEN, tuple(acts[start : start + _ACTS_MAX]))


def risen_and_kept(act: SyncActMaker) -> Iterator[Script]:
    """Sync every level where a log has kept an escalation down that it rejected (SYNC-06).

    The level that has been reached is the highest one, and not the last.
    """
    for number, (high, low, wanted) in enumerate(product(_LEVELS, repeat=3)):
        if not low.rank < high.rank:
            continue
        name = f"o{number}"
        reached, asked = (
            WalSyncRequest(name, "c", _NONE, state_of(name, each), (), _TICK)
            for each in (high, wanted)
        )
        kept = Escalation(name, high, low, None, _TICK)
        acts = (act.sync(reached), act("keep_rejected", kept), act.sync(asked))
        what = f"{high.value}, {low.value} kept, {wanted.value} wanted"
        yield Script(what, KEPT, acts)


def foreign_evidence(act: SyncActMaker) -> Iterator[Script]:
    """Bring evidence of confusable operations along, of which only one is meant (SYNC-04)."""
    for name, group in text_groups().items():
        texts = tuple(dict.fromkeys([*group[:_NEIGHBOURS], *group[-2:]]))
        acts = []
        for text in texts:
            evidence = tuple(evidence_of(f"e{number}", other) for number, other in enumerate(texts))
            acts.append(act.sync(WalSyncRequest(text, "c", _NONE, None, evidence, _TICK)))
        yield Script(f"evidence of others: {name}", FOREIGN, tuple(acts))


def on_a_grown_log(act: SyncActMaker) -> Script:
    """Sync what differs in one place from what is stored, once the log has grown (SYNC-05)."""
    filling = WalSyncRequest(
        "o", "c", _NONE, None, tuple(evidence_of(f"e{index}") for index in range(_GROWN)), _TICK
    )
    first = whole_request("o", "x")
    state = state_of("o", _NONE, FinalizationOutcome.ABORTED, ("proofx",))
    # What is stored before all others is known as well as what is stored last.
    risen = WalSyncRequest("r", "c", _NONE, state_of("r", AgreementLevel.PROVISIONAL), (), _TICK)
    higher = replace(risen, agreement_state=state_of("r", AgreementLevel.SOFT_SAFE), tick=_TICK + 1)
    early = (risen, whole_request("e", "x"))
    requests = (
        first,
        first,
        replace(first, downstream_coroutine_id="y"),
        replace(first, gate_level=AgreementLevel.PROVISIONAL),
        replace(first, agreement_evidence=(evidence_of("y"),)),
        replace(first, agreement_state=replace(state, finalization=FinalizationOutcome.REJECTED)),
        replace(first, agreement_state=replace(state, evidence_ids=("proofy",))),
        replace(first, agreement_state=replace(state, level=AgreementLevel.SOFT_SAFE)),
        replace(first, tick=_TICK + 1),
        whole_request("p", "x"),
        first,
        *early,
        higher,
    )
    return Script("on a grown log", GROWN, tuple(map(act.sync, (*early, filling, *requests))))


def failures_in_a_row(act: SyncActMaker) -> Iterator[Script]:
    """Let one call of the log fail in sync after sync, and then let all be well (SYNC-09)."""
    faults = {
        "load": CallFault(BackendCall.LOAD, 0),
        "append": CallFault(BackendCall.APPEND, 0),
        "append, stored": CallFault(BackendCall.APPEND, 0, True),
    }
    for name, fault in faults.items():
        for is_same in (True, False):
            requests = [
                whole_request("o" if is_same else f"o{number}", "c") for number in range(_FAILURES)
            ]
            failing = [act("sync", request, fault) for request in requests]
            well = [*map(act.sync, (requests[0], requests[-1], whole_request("p", "c")))]
            which = "one request" if is_same else "other requests"
            yield Script(f"failures of {name}, {which}", FAILURES, (*failing, *well))
    snapshots = [act("snapshot_failing", faults["load"])] * _FAILURES
    well = [act("snapshot", blocked=False), act.sync(whole_request("o", "c"))]
    yield Script("failures of snapshots", FAILURES, (*snapshots, *well))


def _kinds_apart(act: SyncActMaker) -> Iterator[Script]:
    """Store an entry, and sync one of another kind that differs from it in nothing else."""
    gate = VisibilityGateCrossing("o", "x", _NONE, _TICK)
    evidence = EvidenceProduced(evidence_of("x"), _TICK)
    end = Finalization("o", _OUTCOMES[0], "proof", None, _TICK)
    request = whole_request("o", "x")
    for number, entry in enumerate((gate, evidence, end)):
        bare = replace(request, agreement_state=None)
        acts = (act.append(entry), act.sync(bare), act.sync(request))
        yield Script(f"kinds apart {number}", AGAIN, acts)


def made_again(act: SyncActMaker) -> Iterator[Script]:
    """Make requests again, among others and at other ticks; what is stored then is there once."""
    state = state_of("o", AgreementLevel.SOFT_SAFE, FinalizationOutcome.TIMED_OUT, ("e", "proof"))
    first = WalSyncRequest("o", "c", _NONE, state, (evidence_of("e"), evidence_of("f")), _TICK)
    more = replace(first, agreement_evidence=(*first.agreement_evidence, evidence_of("g")))
    other_gate = replace(first, downstream_coroutine_id="d")
    lower = replace(first, agreement_state=state_of("o", AgreementLevel.PROVISIONAL))
    higher = replace(first, agreement_state=state_of("o", AgreementLevel.FINALIZED))
    ended = replace(first, agreement_state=replace(state, finalization=_OUTCOMES[0]))
    bare = replace(first, agreement_state=None, agreement_evidence=())
    other = whole_request("p", "c")
    open_gate = replace(bare, gate_level=_LEVELS[1])
    later, earlier = (
        [replace(each, tick=tick) for each in (first, lower, first, ended, bare, higher)]
        for tick in (_TICK + 1, _TICK - 1)
    )
    for number, requests in enumerate(
        (
            (first, first, first),
            (first, more, more, first),
            (first, other, first, other_gate, first, other),
            (first, lower, higher, first, lower),
            (first, ended, first, ended),
            (bare, first, bare, open_gate, bare, open_gate),
            (first, *later, first, *later),
            (first, *earlier, first, *earlier),
        )
    ):
        yield Script(f"made again {number}", AGAIN, tuple(map(act.sync, requests)))
    yield from _kinds_apart(act)
    foreign = [
        EvidenceProduced(evidence_of("h"), _TICK),
        VisibilityGateCrossing("o", "h", _NONE, _TICK),
        Finalization("o", _OUTCOMES[1], "proof-h", None, _TICK),
    ]
    wanted = WalSyncRequest(
        "o",
        "h",
        _NONE,
        state_of("o", _NONE, _OUTCOMES[1], ("proof-h",)),
        (evidence_of("h"),),
        _TICK,
    )
    # What somebody else stored in the meantime is there too.
    acts = [act.sync(other), *map(act.append, foreign), act.sync(wanted), act.sync(wanted)]
    yield Script("stored by another", AGAIN, tuple(acts))
