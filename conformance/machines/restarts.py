"""Laws of a restart: what one process has stored and closed, another one finds (WAL-08, CACHE-08).

Who opens a storage again in the same process may find it in memory, under its path, or by a hash
that the next process computes in another way. No process dies here: each closes what it opened.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.session import History, Returned
from conformance.engine.suite import LawSuite, TableLaw
from conformance.machines.asking import TRIES, event_of, opened_again
from conformance.machines.handle_races import cache_of, log_of
from conformance.machines.one_promise import asked, cache_judge, log_judge, shown
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    PutOutcome,
    ReadSince,
    Reopen,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["CACHE_RESTART_SUITE", "WAL_RESTART_SUITE"]

_NONE: Final = AgreementLevel.NONE
_FIRST: Final[Sequence[AgreementWalEntry]] = (
    VisibilityGateCrossing("o", "visibility", _NONE, 3),
    Escalation("o", _NONE, AgreementLevel.FINALIZED, None, 2),
    EvidenceProduced(
        AgreementEvidence(
            *("e", "o", 1, "handle", AgreementLevel.SOFT_SAFE),
            AgreementEvidenceKind.WITNESS,
            "reference",
            authoritative=True,
        ),
        2,
    ),
    Finalization("o", FinalizationOutcome.FINALIZED, "e", "handle", 4),
    Escalation("p", _NONE, AgreementLevel.PROVISIONAL, "e", 4),
)
# The first is refused for the level that the log has; the others go on where it ended.
_SECOND: Final[Sequence[AgreementWalEntry]] = (
    Escalation("o", AgreementLevel.PROVISIONAL, AgreementLevel.SOFT_SAFE, None, 5),
    Escalation("p", AgreementLevel.PROVISIONAL, AgreementLevel.SOFT_SAFE, None, 5),
    VisibilityGateCrossing("p", "visibility", AgreementLevel.SOFT_SAFE, 5),
)
# Few first, so that what any number shows is told by few.
_LOG_COUNTS: Final = (1, len(_FIRST))
_CACHE_COUNTS: Final = (1, 4, 24)
# More ids than there are shards, buckets or partitions in small stores.
_IDS: Final = tuple(f"evidence-{number}" for number in range(_CACHE_COUNTS[-1]))


def _put(evidence_id: str, name: str) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(evidence_id, "interface", name, EffectOutcome.blocked())


def _open_in_turn(
    history: History,
    own: str,
    factory_of: Callable[[Backend], Any],
    ask: Callable[[int, Any], None],
) -> None:
    """Open a storage here, in another process and here again, ask each time, and close it.

    Whoever asks keeps no hold of it: what has no way to be closed is given up with the last one.
    """
    backend = history.session.backend
    if backend.elsewhere is None:
        raise RuntimeError("this suite does not apply to a backend without a further process")
    beside = history.start("a further process", partial(backend.elsewhere, 0))
    directory, can_close = history.directory(), True
    for turn, place in enumerate((backend, beside, backend)):
        make = partial(factory_of(place), directory)
        if turn == 1 and not can_close and _is_refused_elsewhere(history, make, own):
            return
        where = ", in another process" if turn == 1 else ", in the first process"
        storage = (
            opened_again(history, Reopen(), make, own, where)
            if turn
            else history.start("the storage", make)
        )
        ask(turn, storage)
        can_close = history.release(storage)
        del storage


def _is_refused_elsewhere(history: History, make: Callable[[], Any], own: str) -> bool:
    """Say whether another process may not open what this one cannot close.

    A storage without a way to close it may be locked for as long as its process lives. So nobody
    can tell what another one would find, and no other suite asks for it.
    """
    text = f"{operation_text(Reopen())}, in another process"
    why = ""
    for _ in range(TRIES):
        answer = history.call(text, make, operation=Reopen(), undeclared=own)
        if isinstance(answer, Returned):
            history.release(answer.value)
            return False
        why = answer.message
        # The frames of an error that was raised in it may hold it.
        gc.collect()
    history.session.add_note(
        f"{own}: another process may not open it while this one lives, as it has no close(): {why}"
    )
    history.check(own, True, "", "")
    return True


def _judge_log(history: History, count: int) -> None:
    """Store here and go on in another process; both times all of it is there, and its levels."""
    own, judge = "WAL-08", log_judge(history, "WAL-08")
    batches = (_FIRST[:count], _SECOND[: count - 1], ())

    def ask(turn: int, log: Any) -> None:
        if turn:
            judge.reopen(event_of(Reopen(), Returned(None)))
            judge.load(shown(history, own, LoadLog(), log))
            judge.read_since(shown(history, own, ReadSince(2), log), 2)
        for entry in batches[turn]:
            judge.append(asked(history, own, Append(entry), log), entry)
        judge.load(shown(history, own, LoadLog(), log))

    _open_in_turn(history, own, log_of, ask)


def _judge_cache(history: History, count: int) -> None:
    """Store here and go on in another process; both times each id has its last entry."""
    own, judge, ids = "CACHE-08", cache_judge(history, "CACHE-08"), _IDS[:count]
    batches = ([_put(each, "first") for each in ids], [_put(each, "second") for each in ids[1::3]])

    def ask(turn: int, cache: Any) -> None:
        if turn:
            judge.reopen(event_of(Reopen(), Returned(None)))
            for evidence_id in ids:
                judge.get(shown(history, own, GetOutcome(evidence_id), cache), evidence_id)
        for entry in batches[turn] if turn < len(batches) else ():
            judge.put(asked(history, own, PutOutcome(entry), cache), entry)
        judge.load(shown(history, own, LoadCache(), cache))
        judge.settle()

    _open_in_turn(history, own, cache_of, ask)


def _lasts(backend: Backend) -> bool:
    return Capability.REOPEN in backend.capabilities and backend.elsewhere is not None


def _why_not(backend: Backend) -> str:
    if Capability.REOPEN not in backend.capabilities:
        return "the backend does not declare reopen"
    if backend.elsewhere is None:
        return "no other process can open what is stored"
    return "the backend does not have what is to be opened again"


WAL_RESTART_SUITE: Final = LawSuite(
    name="agreement WAL opened by another process",
    laws=(TableLaw("log after a restart", lambda histories: _LOG_COUNTS, _judge_log),),
    requirement_ids=("WAL-08",),
    # Whatever is not refused, and then noted, is tried.
    situations={},
    present=lambda backend: backend.agreement_wal is not None and _lasts(backend),
    absent=_why_not,
)

CACHE_RESTART_SUITE: Final = LawSuite(
    name="evidence cache opened by another process",
    laws=(TableLaw("cache after a restart", lambda histories: _CACHE_COUNTS, _judge_cache),),
    requirement_ids=("CACHE-08",),
    situations={},
    present=lambda backend: backend.evidence_cache is not None and _lasts(backend),
    absent=_why_not,
)
