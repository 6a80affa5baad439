"""Two wrappers of one kind, each around parts of its own, used by turns.

A wrapper that keeps a part, a mode or a lock for all of its kind serves one caller with what
belongs to another. Made one after the other, each used before the next, they never show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.backend import AgreementWalHandlerLike, EvidencePersistenceHandlerLike
from conformance.engine.session import History, Raised, Returned
from conformance.machines.evidence_probes import (
    Resolver,
    TracedHandler,
    answer_text,
    make_handler,
    put_text,
)
from conformance.machines.evidence_subject import OUTCOME, REQUEST
from conformance.machines.probes import ListWal, ProbeCache, ProbeWal, ScriptedHandler
from conformance.machines.wal_sync_lock import new_handler, request_of
from conformance.machines.wal_sync_text import result_text
from conformance.rules.narration import entries_text
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)

__all__ = ["EFFECTS_BESIDE", "MODES_BESIDE", "SYNCS_BESIDE", "judge_effects", "judge_syncs"]

SYNCS_BESIDE: Final = "sync through each of two wrappers that were made before"
EFFECTS_BESIDE: Final = "request through each of two wrappers that were made before"

_MODES: Final = (ImmediateSync(), BlockedSync(), FailureSync("closed"), FailureSync("busy"))
MODES_BESIDE: Final = tuple([(first, second) for first in _MODES for second in _MODES])
"""The modes of the two wrappers."""

_NAMES: Final = ("the wrapper that was made first", "the wrapper that was made last")


def judge_syncs(history: History, modes: tuple[WalSyncMode, WalSyncMode]) -> None:
    """Sync through two wrappers by turns: mode and log are each one's own (SYNC-02, SYNC-04)."""
    history.reach(SYNCS_BESIDE)
    logs = [ProbeWal() for _ in modes]
    handlers = [
        new_handler(history, ScriptedHandler(), log, mode)
        for log, mode in zip(logs, modes, strict=True)
    ]
    for place in (0, 1, 0):
        for log in logs:
            log.forget_calls()
        _judge_sync(history, place, handlers[place], modes[place], logs)


def _judge_sync(
    history: History,
    place: int,
    handler: AgreementWalHandlerLike,
    mode: WalSyncMode,
    logs: Sequence[ProbeWal],
) -> None:
    """Sync through one wrapper and hold it against the reference on a log with equal entries."""
    request = request_of(f"o{place}", 2)
    own, other = logs[place], logs[1 - place]
    twin = ProbeWal(ListWal(own.inner.load().entries))
    expected = AgreementWalHandler(ScriptedHandler(), twin, mode).wal_sync(request)
    text = f"sync through {_NAMES[place]}"
    answer = history.call(text, lambda: handler.wal_sync(request), undeclared="SYNC-02")
    found: Any = answer.value if isinstance(answer, Returned) else answer
    history.answer(result_text(found))
    history.check(
        "SYNC-02", found == expected, lambda: result_text(expected), lambda: result_text(found)
    )
    history.check(
        "SYNC-04",
        own.appended == twin.appended and not other.calls,
        lambda: f"in its own log: {entries_text(twin.appended)}",
        lambda: f"{entries_text(own.appended)}; of the other log it asked {other.call_names}",
    )


@dataclass
class _Parts:
    """What stands around one evidence handler."""

    evidence_id: str
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = ProbeCache()
        self.inner = TracedHandler(self.trace)
        self.inner.script("handle_effect", OUTCOME)
        self.resolver = Resolver(self.trace, self.evidence_id)


def judge_effects(history: History, _number: int) -> None:
    """Handle requests through two wrappers by turns: every part is each one's own (EVID-02)."""
    history.reach(EFFECTS_BESIDE)
    parts = (_Parts("first"), _Parts("last"))
    handlers = [make_handler(history, each.inner, each.cache, each.resolver) for each in parts]
    for place, handler in enumerate(handlers):
        _judge_effect(history, _NAMES[place], handler, parts[place], parts[1 - place])


def _judge_effect(
    history: History,
    name: str,
    handler: EvidencePersistenceHandlerLike,
    own: _Parts,
    other: _Parts,
) -> None:
    known = (len(other.trace), len(other.cache.calls))
    text = f"handle a request through {name}"
    answer = history.call(text, lambda: handler.handle_effect(REQUEST))
    _check_effect(history, own, answer)
    history.check(
        "EVID-02",
        (len(other.trace), len(other.cache.calls)) == known,
        "nothing asked of the parts of the other wrapper",
        lambda: f"asked of them: {other.trace}, {other.cache.call_names}",
    )


def _check_effect(history: History, own: _Parts, answer: Returned | Raised) -> None:
    history.check(
        "EVID-02",
        own.trace[:1] == ["resolver"],
        "its own resolver asked first",
        lambda: f"asked: {own.trace}",
    )
    history.check(
        "EVID-05", answer == Returned(OUTCOME), "the outcome", lambda: answer_text(answer)
    )
    puts = [call.argument for call in own.cache.calls_of("put")]
    # Under which id, and how often, may be another where a finding is mended.
    history.check(
        "EVID-05",
        own.trace == ["resolver", "inner"] and bool(puts),
        "its own inner handler asked once, and the outcome put into its own cache",
        lambda: f"asked: {own.trace}; put: {', '.join(map(put_text, puts)) or 'nothing'}",
    )
