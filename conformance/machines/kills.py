"""Laws of the death of a process: what was acknowledged before is there after (I-08, I-14).

The process that the backend lives in is ended between two calls, when everything that was
acknowledged has to be where the operating system keeps it. Only a backend whose process is not ours
can be judged so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from conformance.backend import Backend, Capability
from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite
from conformance.machines.asking import event_of, opened_again
from conformance.machines.one_promise import asked, cache_judge, log_judge, shown
from strategies.alphabets import COLLIDING
from strategies.values import wal_entries
from telltale_spec.model.operations import (
    Append,
    Kill,
    LoadCache,
    LoadLog,
    PutOutcome,
)
from telltale_spec.wire.agreement import AgreementWalEntry, Escalation
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, ReleaseResponse

__all__ = ["CACHE_KILLED", "CACHE_KILL_SUITE", "WAL_KILLED", "WAL_KILL_SUITE"]

WAL_KILLED: Final = "process killed after acknowledged appends"
CACHE_KILLED: Final = "process killed after acknowledged puts"

# Each history starts a process again more than once, so few are made.
_SHARE: Final = 0.2

_LOG_ROUNDS: Final = st.lists(
    st.lists(
        # An escalation can be refused for its order, which is not the question here.
        wal_entries(alphabet=COLLIDING).filter(lambda entry: not isinstance(entry, Escalation)),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=2,
)
_CACHE_ENTRIES: Final = st.builds(
    EvidenceOutcomeCacheEntry,
    evidence_id=COLLIDING.evidence_ids,
    interface_name=st.just("i"),
    operation_name=st.sampled_from(("o", "p")),
    outcome=st.sampled_from((EffectOutcome.blocked(), EffectOutcome.success(ReleaseResponse()))),
)
_CACHE_ROUNDS: Final = st.lists(
    st.lists(_CACHE_ENTRIES, min_size=1, max_size=3), min_size=1, max_size=2
)


def _mortal(history: History) -> Backend:
    """Return the backend in a process that is not ours."""
    backend = history.session.backend
    if backend.kill is not None or backend.elsewhere is None:
        return backend
    return history.start("a further process", partial(backend.elsewhere, 0))


def _killed_and_made(
    history: History,
    backend: Backend,
    make: Callable[[Path], Any],
    directory: Path,
    requirement_id: str,
) -> Any:
    """End the process, start it again and open the same storage."""
    kill = backend.kill
    if kill is None:
        raise RuntimeError("this suite does not apply to a backend that cannot be killed")
    history.start("the process again", kill)
    return opened_again(history, Kill(), lambda: make(directory), requirement_id)


def _judge_log(history: History, rounds: Sequence[Sequence[AgreementWalEntry]]) -> None:
    """Append, kill, open again, and find every acknowledged entry in its place."""
    backend = _mortal(history)
    make = backend.agreement_wal
    if make is None:
        raise RuntimeError("this suite does not apply to a backend without a log")
    directory = history.directory()
    log = history.start("the agreement WAL", lambda: make(directory))
    judge = log_judge(history, "WAL-08.kill")
    for entries in rounds:
        for entry in entries:
            judge.append(asked(history, "WAL-08.kill", Append(entry), log), entry)
        log = _killed_and_made(history, backend, make, directory, "WAL-08.kill")
        if not judge.is_empty:
            history.reach(WAL_KILLED)
        judge.reopen(event_of(Kill(), Returned(None)))
        judge.load(shown(history, "WAL-08.kill", LoadLog(), log))
    history.release(log)


def _judge_cache(history: History, rounds: Sequence[Sequence[EvidenceOutcomeCacheEntry]]) -> None:
    """Put, kill, open again, and find every acknowledged entry."""
    backend = _mortal(history)
    make = backend.evidence_cache
    if make is None:
        raise RuntimeError("this suite does not apply to a backend without a cache")
    directory = history.directory()
    cache = history.start("the evidence cache", lambda: make(directory))
    judge = cache_judge(history, "CACHE-08.kill")
    for entries in rounds:
        for entry in entries:
            judge.put(asked(history, "CACHE-08.kill", PutOutcome(entry), cache), entry)
        cache = _killed_and_made(history, backend, make, directory, "CACHE-08.kill")
        if judge.entries:
            history.reach(CACHE_KILLED)
        judge.reopen(event_of(Kill(), Returned(None)))
        judge.load(shown(history, "CACHE-08.kill", LoadCache(), cache))
        judge.settle()
    history.release(cache)


def _can_be_killed(backend: Backend) -> bool:
    has_process = backend.kill is not None or backend.elsewhere is not None
    return Capability.PROCESS_KILL in backend.capabilities and has_process


def _why_not(backend: Backend) -> str:
    if Capability.PROCESS_KILL not in backend.capabilities:
        return "the backend does not declare process-kill"
    if backend.kill is None and backend.elsewhere is None:
        return (
            "declared, and not tried: the backend lives in the suite's own process; "
            "judge it with --command 'telltale-conformance serve TARGET'"
        )
    return "the backend does not have what is to survive"


WAL_KILL_SUITE: Final = LawSuite(
    name="agreement WAL whose process can be killed",
    laws=(Law("log after a kill", _LOG_ROUNDS, _judge_log, _SHARE),),
    requirement_ids=("WAL-08.kill",),
    situations={WAL_KILLED: ("WAL-08.kill",)},
    present=lambda backend: backend.agreement_wal is not None and _can_be_killed(backend),
    crash_class=Capability.PROCESS_KILL.value,
    absent=_why_not,
)

CACHE_KILL_SUITE: Final = LawSuite(
    name="evidence cache whose process can be killed",
    laws=(Law("cache after a kill", _CACHE_ROUNDS, _judge_cache, _SHARE),),
    requirement_ids=("CACHE-08.kill",),
    situations={CACHE_KILLED: ("CACHE-08.kill",)},
    present=lambda backend: backend.evidence_cache is not None and _can_be_killed(backend),
    crash_class=Capability.PROCESS_KILL.value,
    absent=_why_not,
)
