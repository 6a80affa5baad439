"""Laws of time: what was stored has no age at which it goes, and no order but that of the calls.

A time to live of a day shows after a day, and an order by the time of day when a clock is set
right. So the clocks that a backend reads are set ahead by more than a year, or back by an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.moved_clocks import MovedClocks, moved_clocks
from conformance.engine.session import History, Returned, Violation
from conformance.engine.suite import LawSuite, TableLaw
from conformance.machines.asking import TRIES, event_of, opened_again
from conformance.machines.handle_races import cache_of, log_of
from conformance.machines.one_promise import asked, cache_judge, log_judge, shown
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
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["CACHE_CLOCK_SUITE", "WAL_CLOCK_SUITE"]

_AHEAD_SECONDS: Final = 400 * 86_400
_BACK_SECONDS: Final = -3_600
_MOVES: Final = (_AHEAD_SECONDS, _BACK_SECONDS)

_NONE, _LOW, _HIGH = (
    AgreementLevel.NONE,
    AgreementLevel.PROVISIONAL,
    AgreementLevel.FINALIZED,
)


def _gate(name: str, tick: int) -> AgreementWalEntry:
    return VisibilityGateCrossing("o", name, _NONE, tick)


def _put(evidence_id: str, name: str) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(evidence_id, "interface", name, EffectOutcome.blocked())


# Before the clock is set, behind that, and behind a reopening.
_ENTRIES: Final[Sequence[Sequence[AgreementWalEntry]]] = (
    (_gate("first", 1), Escalation("o", _NONE, _LOW, None, 2)),
    # The second one is refused for the level that the first one gave.
    (Escalation("o", _LOW, _HIGH, None, 3), Escalation("o", _LOW, _LOW, None, 4)),
    (Escalation("o", _LOW, _LOW, None, 5), _gate("last", 6)),
)
_PUTS: Final[Sequence[Sequence[EvidenceOutcomeCacheEntry]]] = (
    (_put("a", "first"), _put("b", "first")),
    (_put("a", "second"),),
    (_put("b", "last"),),
)


def _told(seconds: float) -> str:
    if seconds >= 0:
        return f"the clocks that it reads are set ahead by {seconds / 86_400:g} days"
    return f"the clock that it reads is set back by {-seconds / 3_600:g} hours"


def _judged(history: History, own: str, seconds: float, carry_out: Callable[[float], None]) -> None:
    """Carry out a history with clocks that move; what fails without that too is not theirs."""
    try:
        carry_out(seconds)
    except Violation:
        steps, calls = list(history.steps), list(history.calls)
        history.steps[:] = []
        try:
            carry_out(0)
        except Violation:
            history.session.add_note(f"{own}: not judged by other clocks, as it fails by these")
            return
        history.steps[:], history.calls[:] = steps, calls
        raise


def _move(history: History, clocks: MovedClocks, seconds: float) -> None:
    clocks.move(seconds)
    history.note(_told(seconds), "ok")


def _judge_log(history: History, seconds: int) -> None:
    """Set the clocks of a log, and find everything where it was."""
    _judged(history, "WAL-01", seconds, partial(_carry_out_log, history))


def _carry_out_log(history: History, seconds: float) -> None:
    own, judge = "WAL-01", log_judge(history, "WAL-01")
    make = partial(log_of(history.session.backend), history.directory())
    log = history.start("the agreement WAL", make)
    with moved_clocks(log) as clocks:
        for turn, entries in enumerate(_ENTRIES[: 2 + _reopens(history)]):
            if turn == 1:
                _move(history, clocks, seconds)
            elif turn == 2:
                log = _opened_again(history, log, make, own)
                judge.reopen(event_of(Reopen(), Returned(None)))
            if turn:
                judge.load(shown(history, own, LoadLog(), log, tries=TRIES))
            for entry in entries:
                judge.append(asked(history, own, Append(entry), log), entry)
            judge.load(shown(history, own, LoadLog(), log, tries=TRIES))
            judge.read_since(shown(history, own, ReadSince(0), log, tries=TRIES), 0)
        history.release(log)


def _judge_cache(history: History, seconds: int) -> None:
    """Set the clocks of a cache, and find for each id what was put last."""
    _judged(history, "CACHE-02", seconds, partial(_carry_out_cache, history))


def _carry_out_cache(history: History, seconds: float) -> None:
    own, judge = "CACHE-02", cache_judge(history, "CACHE-02")
    make = partial(cache_of(history.session.backend), history.directory())
    cache = history.start("the evidence cache", make)
    with moved_clocks(cache) as clocks:
        for turn, puts in enumerate(_PUTS[: 2 + _reopens(history)]):
            if turn == 1:
                _move(history, clocks, seconds)
            elif turn == 2:
                cache = _opened_again(history, cache, make, own)
                judge.reopen(event_of(Reopen(), Returned(None)))
            for entry in puts:
                if turn:
                    judge.get(
                        shown(history, own, GetOutcome(entry.evidence_id), cache, tries=TRIES),
                        entry.evidence_id,
                    )
                judge.put(asked(history, own, PutOutcome(entry), cache), entry)
            for evidence_id in ("a", "b"):
                judge.get(
                    shown(history, own, GetOutcome(evidence_id), cache, tries=TRIES), evidence_id
                )
            judge.load(shown(history, own, LoadCache(), cache, tries=TRIES))
            judge.settle()
        history.release(cache)


def _opened_again(history: History, part: Any, make: Callable[[], Any], own: str) -> Any:
    history.release(part)
    del part
    return opened_again(history, Reopen(), make, own)


def _reopens(history: History) -> bool:
    return Capability.REOPEN in history.session.backend.capabilities


def _is_ours(backend: Backend) -> bool:
    """Say whether a backend is an object in our own process, whose modules can be seen."""
    return backend.overtaken is None


WAL_CLOCK_SUITE: Final = LawSuite(
    name="agreement WAL by another clock",
    laws=(TableLaw("log by a clock that is set", lambda histories: _MOVES, _judge_log),),
    requirement_ids=("WAL-01",),
    # Nothing is open for want of it: only an object of our own process can be asked.
    situations={},
    present=lambda backend: backend.agreement_wal is not None and _is_ours(backend),
    absent=lambda backend: "its clocks cannot be set: it is not in the suite's own process",
)

CACHE_CLOCK_SUITE: Final = LawSuite(
    name="evidence cache by another clock",
    laws=(TableLaw("cache by a clock that is set", lambda histories: _MOVES, _judge_cache),),
    requirement_ids=("CACHE-02",),
    situations={},
    present=lambda backend: backend.evidence_cache is not None and _is_ours(backend),
    absent=lambda backend: "its clocks cannot be set: it is not in the suite's own process",
)
