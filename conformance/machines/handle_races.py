"""Several handles that write one storage at the same time (WAL-01.handles, CACHE-02.handles, F27).

Only the schedule is left to luck: what is written is fixed by the attempt, and the judge
(``rules.concurrent``) passes whatever some order of the calls explains. So a right backend cannot
fail however its threads or processes are scheduled.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from conformance.backend import Backend
from conformance.engine.session import History, Returned
from conformance.rules.concurrent import Call, cache_fault, log_fault
from conformance.rules.narration import cache_entry_text, entries_text, entry_text
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

__all__ = [
    "HANDLES",
    "cache_of",
    "judge_cache_race",
    "judge_log_race",
    "log_of",
    "opened_handles",
    "release_handles",
]

HANDLES: Final = 3

# What goes wrong between processes does not between threads, and the other way round.
TOGETHER_AND_APART: Final = (0, 1, 0)
_APART: Final = (0, 1, 2)
_ROUNDS: Final = (_APART, (0, 0, 0), _APART, TOGETHER_AND_APART)
_END_SECONDS: Final = 8.0
_SWITCH_SECONDS: Final = 1e-5
_PAUSE_SECONDS: Final = 5e-4
_PAUSES_MAX: Final = 12
_LEVELS: Final = (AgreementLevel.FINALIZED, AgreementLevel.PROVISIONAL, AgreementLevel.SOFT_SAFE)


def opened_handles(
    history: History,
    part: Callable[[Backend], Any],
    what: str,
    places: Sequence[int] = TOGETHER_AND_APART,
) -> list[Any]:
    """Open one storage several times, each handle in the process of its number; 0 is the first."""
    backend = history.session.backend
    elsewhere = backend.elsewhere
    directory = history.directory()
    handles = []
    for number in places:
        place = backend
        if number and elsewhere is not None:
            place = history.start("a further process", partial(elsewhere, number))
        make = part(place)
        if make is None:
            raise RuntimeError(f"this suite does not apply to a backend without {what}")
        handles.append(history.start(what, partial(make, directory)))
    return handles


def _rounds(backend: Backend) -> Sequence[Sequence[int]]:
    """Return where the handles of each round are: together or apart, as far as that can be."""
    return _ROUNDS if backend.concurrent_calls else (_APART,) * len(_ROUNDS)


def log_of(backend: Backend) -> Any:
    """Return the factory of the log."""
    return backend.agreement_wal


def cache_of(backend: Backend) -> Any:
    """Return the factory of the cache."""
    return backend.evidence_cache


def release_handles(history: History, handles: Sequence[Any]) -> None:
    """Close every handle."""
    for handle in handles:
        history.release(handle)


class _Writer(threading.Thread):
    """Writes a script through a handle of its own and keeps when each call began and ended."""

    def __init__(
        self,
        index: int,
        write: Callable[[Any], None],
        script: Sequence[Any],
        start: threading.Barrier,
        clock: Iterator[int],
        seed: str,
    ) -> None:
        super().__init__(name=f"handle-{index}", daemon=True)
        self.calls: list[Call[Any]] = []
        self._index = index
        self._write = write
        self._script = script
        self._start_together = start
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        self._pauses_left = 0

    def run(self) -> None:
        """Write the script in order; whatever is refused or raises is not acknowledged."""
        self._start_together.wait(_END_SECONDS)
        for entry in self._script:
            self._pauses_left = _PAUSES_MAX
            invoked = next(self._clock)
            sys.setprofile(self._pause)
            try:
                self._write(entry)
                acknowledged = True
            except Exception:
                # What a write may raise is judged elsewhere; this one is not acknowledged.
                acknowledged = False
            finally:
                sys.setprofile(None)
            returned = next(self._clock)
            self.calls.append(Call(self._index, entry, invoked, returned, acknowledged))

    def _pause(self, _frame: Any, event: str, _argument: Any) -> None:
        # Between two steps of a write, others get their turn, as they would on a busy machine.
        if event == "c_call" and self._pauses_left and self._random.random() < 0.25:
            self._pauses_left -= 1
            time.sleep(_PAUSE_SECONDS)


@contextmanager
def _fine_grained_threads() -> Iterator[None]:
    """Let threads of one interpreter interrupt each other as often as processes do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _race(
    history: History,
    requirement_id: str,
    writes: Sequence[Callable[[Any], None]],
    scripts: Sequence[Sequence[Any]],
    seed: str,
) -> list[Call[Any]]:
    """Write the scripts at the same time and return the calls in the order of their invocation."""
    together = threading.Barrier(HANDLES)
    clock = itertools.count()
    writers = [
        _Writer(index, write, script, together, clock, f"{seed}/{index}")
        for index, (write, script) in enumerate(zip(writes, scripts, strict=True))
    ]
    with _fine_grained_threads():
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(_END_SECONDS)
    ended = not any(writer.is_alive() for writer in writers)
    history.check(requirement_id, ended, "an answer to every write", "one waits for ever")
    calls = [call for writer in writers for call in writer.calls]
    return sorted(calls, key=lambda call: call.invoked)


def _log_script(index: int) -> list[AgreementWalEntry]:
    """Return entries of all kinds; the first of each handle contends for one operation's level."""
    evidence = AgreementEvidence(
        f"e{index}",
        "o",
        None,
        None,
        AgreementLevel.SOFT_SAFE,
        next(iter(AgreementEvidenceKind)),
        "r",
        True,
    )
    return [
        Escalation("o", AgreementLevel.NONE, _LEVELS[index], None, 1),
        EvidenceProduced(evidence, 1),
        VisibilityGateCrossing("o", "shared", AgreementLevel.NONE, 1),
        Finalization("o", FinalizationOutcome.FINALIZED, f"p{index}", None, 1),
    ]


def judge_log_race(history: History, attempt: int) -> None:
    """Append through all handles at the same time; some order explains the log (F27)."""
    for number, places in enumerate(_rounds(history.session.backend)):
        handles = opened_handles(history, log_of, "the agreement WAL", places)
        scripts = [_log_script(index) for index in range(HANDLES)]
        writes = [handle.append for handle in handles]
        calls = _race(history, "WAL-01.handles", writes, scripts, f"{attempt}/{number}")
        _judge(history, "WAL-01.handles", handles[0], calls, log_fault, "append", entry_text)
        release_handles(history, handles)


def judge_cache_race(history: History, attempt: int) -> None:
    """Put through all handles at the same time, under one key and under several (F27)."""
    for number, places in enumerate(_rounds(history.session.backend)):
        handles = opened_handles(history, cache_of, "the evidence cache", places)
        scripts = [
            [
                EvidenceOutcomeCacheEntry(key, "i", f"o{index}", EffectOutcome.blocked())
                for key in ("shared", f"k{index}", f"l{index}", "shared")
            ]
            for index in range(HANDLES)
        ]
        writes = [handle.put for handle in handles]
        calls = _race(history, "CACHE-02.handles", writes, scripts, f"{attempt}/{number}")
        _judge(history, "CACHE-02.handles", handles[0], calls, cache_fault, "put", cache_entry_text)
        release_handles(history, handles)


def _judge(
    history: History,
    requirement_id: str,
    handle: Any,
    calls: Sequence[Call[Any]],
    fault_of: Callable[[Sequence[Call[Any]], Sequence[Any]], str | None],
    verb: str,
    text_of: Callable[[Any], str],
) -> None:
    answer = history.call("load", handle.load, undeclared=requirement_id, quiet=True)
    entries = answer.value.entries if isinstance(answer, Returned) else None
    fault = "the load was refused" if entries is None else fault_of(calls, entries)
    if fault is not None:
        for call in calls:
            history.note(
                f"at {call.invoked} to {call.returned}, through handle {call.handle}: "
                f"{verb} {text_of(call.entry)}",
                "ok" if call.acknowledged else "refused",
            )
        history.note("load", entries_text(entries or ()))
    history.check(
        requirement_id, fault is None, "what some order of the calls explains", str(fault)
    )
