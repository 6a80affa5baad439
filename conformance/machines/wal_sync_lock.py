"""The lock of a WAL handler: one sync after the other, and free again whatever happens.

It is tested one-sidedly: a handler that holds the lock can never fail (SYNC-03, SYNC-11).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.backend import AgreementWalHandlerLike
from conformance.engine.session import History
from conformance.errors import BackendFault
from conformance.machines.probes import ProbeWal, ScriptedHandler
from conformance.rules.narration import entries_text, operation_text
from strategies.faults import BackendCall, CallFault
from telltale_spec.backends.contract import EffectHandler
from telltale_spec.handlers.agreement_wal import ImmediateSync, WalSyncMode
from telltale_spec.model.operations import SyncWal
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    WalSyncRequest,
)

__all__ = [
    "ESCAPED",
    "ESCAPES",
    "SECOND_SYNC",
    "judge_escape",
    "judge_serial",
    "judge_snapshot",
    "new_handler",
    "request_of",
]

SECOND_SYNC: Final = "sync begun in the middle of another one"
ESCAPED: Final = "exception of the log that escaped its declared error"

# How long a second sync gets to break into the first. Only a handler that lets
# it in is told apart by it; one that does not is never failed by a slow machine.
_BREAK_IN_SECONDS: Final = 0.05
_JOIN_SECONDS: Final = 5.0
_IMMEDIATE: Final = ImmediateSync()


@dataclass(frozen=True)
class _Escape:
    """Where an exception of the log escapes: from a call of a sync, or from a snapshot."""

    fault: CallFault
    in_snapshot: bool = False


_LOAD: Final = CallFault(BackendCall.LOAD, 0)
ESCAPES: Final = (
    _Escape(_LOAD),
    _Escape(CallFault(BackendCall.APPEND, 0)),
    _Escape(CallFault(BackendCall.APPEND, 1)),
    _Escape(_LOAD, in_snapshot=True),
)


def new_handler(
    history: History, inner: EffectHandler, probe: ProbeWal, mode: WalSyncMode = _IMMEDIATE
) -> AgreementWalHandlerLike:
    """Make the handler of the backend, or raise :class:`BackendFault`."""
    factory = history.session.backend.agreement_wal_handler
    if factory is None:
        raise RuntimeError("this suite does not apply to a backend without a WAL handler")
    return history.start("the agreement WAL handler", lambda: factory(inner, probe, mode))


def request_of(operation_id: str, evidence_count: int) -> WalSyncRequest:
    """Return a request of several entries, so that there are several places to break in."""
    evidence = tuple(
        [
            AgreementEvidence(
                f"e{index}",
                operation_id,
                None,
                None,
                AgreementLevel.PROVISIONAL,
                AgreementEvidenceKind.WITNESS,
                "",
                True,
            )
            for index in range(evidence_count)
        ]
    )
    return WalSyncRequest(operation_id, "c", AgreementLevel.PROVISIONAL, None, evidence, 1)


def _is_over(thread: threading.Thread) -> bool:
    if thread.ident is not None:
        thread.join(_JOIN_SECONDS)
    return not thread.is_alive()


class _SecondSync:
    """A sync in a thread of its own, begun in the middle of another one."""

    def __init__(self, handler: AgreementWalHandlerLike, probe: ProbeWal) -> None:
        self.calls: list[tuple[bool, str]] = []
        self.answer: Any = "no answer"
        self._handler = handler
        self._broke_in = threading.Event()
        self._thread = threading.Thread(target=self._run, name="second-sync", daemon=True)
        probe.before_call = self._before_call

    def _run(self) -> None:
        try:
            self.answer = self._handler.wal_sync(request_of("second", 2))
        except (Exception, BackendFault) as error:
            self.answer = error

    def _before_call(self, name: str) -> None:
        second = threading.current_thread() is self._thread
        self.calls.append((second, name))
        if second:
            self._broke_in.set()
            return
        if name == "load" and not self._thread.ident:
            self._thread.start()
        # Wherever the lock is not held, the second sync gets the time to go on.
        if name == "load" or self.calls.count((False, "append")) == 1:
            self._broke_in.wait(_BREAK_IN_SECONDS)

    def finish(self) -> bool:
        """Wait for the end of the second sync, if it began; say whether it is over."""
        return _is_over(self._thread)


class _MiddleSnapshot:
    """A snapshot in a thread of its own, asked for once a sync has stored its first entry."""

    def __init__(self, handler: AgreementWalHandlerLike, probe: ProbeWal) -> None:
        self.entries: Sequence[AgreementWalEntry] | None = None
        self._error: BaseException | None = None
        self._handler = handler
        self._looked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)
        self._appends = 0
        probe.before_call = self._before_call

    def _run(self) -> None:
        try:
            self.entries = tuple(self._handler.wal_snapshot().entries)
        except (Exception, BackendFault) as error:
            self._error = error
        self._looked.set()

    def _before_call(self, name: str) -> None:
        if name != "append":
            return
        self._appends += 1
        if self._appends == 2:
            self._thread.start()
            # Where the lock is not held, the snapshot gets the time to be taken.
            self._looked.wait(_BREAK_IN_SECONDS)

    @property
    def text(self) -> str:
        """What came of it, in words."""
        return f"raised {self._error}" if self.entries is None else entries_text(self.entries)

    @property
    def was_asked_for(self) -> bool:
        """Whether the sync has come to its second entry."""
        return self._thread.ident is not None

    def finish(self) -> bool:
        """Wait for the end of the snapshot, if it began; say whether it is over."""
        return _is_over(self._thread)


def judge_snapshot(history: History, evidence_count: int) -> None:
    """Ask for a snapshot while a sync has stored some of its entries (SYNC-11, L674-677)."""
    probe = ProbeWal()
    handler = new_handler(history, ScriptedHandler(), probe)
    snapshot = _MiddleSnapshot(handler, probe)
    request = request_of("first", evidence_count)
    history.call(
        f"{operation_text(SyncWal(request))}, while another thread takes a snapshot",
        lambda: handler.wal_sync(request),
        undeclared="SYNC-03",
    )
    ended = snapshot.finish()
    waited = f"the snapshot still waits after {_JOIN_SECONDS:g} seconds"
    history.check("SYNC-11", ended, "the snapshot ends once the sync has", waited)
    if not snapshot.was_asked_for:
        return
    whole = build_entries((), request)
    history.check(
        "SYNC-11",
        snapshot.entries in ((), whole),
        lambda: f"all that the sync stores, or nothing: {entries_text(whole)}",
        lambda: snapshot.text,
    )


def judge_serial(history: History, evidence_count: int) -> None:
    """Begin a second sync inside the load of a first one (SYNC-03, I-24)."""
    probe = ProbeWal()
    handler = new_handler(history, ScriptedHandler(), probe)
    second = _SecondSync(handler, probe)
    request = request_of("first", evidence_count)
    history.call(
        f'{operation_text(SyncWal(request))}, while a second thread syncs "second"',
        lambda: handler.wal_sync(request),
        undeclared="SYNC-03",
    )
    history.check(
        "SYNC-03",
        second.finish(),
        "the second sync ends once the first one has",
        f"the second sync still waits after {_JOIN_SECONDS:g} seconds",
    )
    history.reach(SECOND_SYNC)
    before_second = [is_second for is_second, _ in _up_to_last_append(second.calls)]
    history.check(
        "SYNC-03",
        before_second == sorted(before_second),
        "no call of the second sync between those of the first",
        lambda: f"the calls {', '.join(_named_calls(second.calls))}",
    )
    expected = build_entries((), request)
    expected = (*expected, *build_entries(expected, request_of("second", 2)))
    stored = probe.inner.load().entries
    history.check(
        "SYNC-03",
        stored == expected,
        lambda: f"one sync after the other: {entries_text(expected)}",
        lambda: entries_text(stored),
    )


def _up_to_last_append(calls: list[tuple[bool, str]]) -> list[tuple[bool, str]]:
    """Return calls without the loads of those who look at the log once they have stored all."""
    last = {is_second: index for index, (is_second, name) in enumerate(calls) if name == "append"}
    return [call for index, call in enumerate(calls) if index <= last.get(call[0], index)]


def _named_calls(calls: list[tuple[bool, str]]) -> list[str]:
    return [f"{name} of the {'second' if second else 'first'}" for second, name in calls]


def judge_escape(history: History, escape: _Escape) -> None:
    """Let an undeclared exception escape from the log, then take a snapshot and sync (SYNC-03)."""
    probe = ProbeWal()
    handler = new_handler(history, ScriptedHandler(), probe)
    probe.inject(escape.fault, error=ValueError("a fault of the log itself"))
    acts: dict[bool, Callable[[], object]] = {
        True: lambda: handler.wal_snapshot(),
        False: lambda: handler.wal_sync(request_of("again", 1)),
    }
    broken = acts[escape.in_snapshot]
    history.start("a call that the log breaks", lambda: _swallowing(broken))
    probe.forget_faults()
    what = "take a snapshot" if escape.in_snapshot else "sync"
    history.note(f"{what}, and the log raises ValueError from {escape.fault.call.value}", "ended")
    history.reach(ESCAPED)
    snapshots: list[object] = []
    for text, act in (
        ("take a snapshot", lambda: snapshots.append(handler.wal_snapshot())),
        ("sync again", acts[False]),
    ):
        thread = threading.Thread(target=lambda act=act: _swallowing(act), daemon=True)
        history.note(text, "")
        thread.start()
        thread.join(_JOIN_SECONDS)
        history.answer("no answer" if thread.is_alive() else "it ended")
        ended = not thread.is_alive()
        history.check("SYNC-03", ended, "the lock is free again", "the call waits for ever")
    history.check("SYNC-03", bool(snapshots), "a snapshot, as the lock is free", "an exception")
    entries = tuple(probe.inner.load().entries)
    history.check(
        "SYNC-03",
        entries == build_entries((), request_of("again", 1)),
        "the lock is free again, and the sync stores its entries",
        lambda: entries_text(entries),
    )


def _swallowing(act: Callable[[], object]) -> None:
    try:
        act()
    except (Exception, BackendFault):
        # Whether the handler lets the exception through is its own affair; who does not answer is
        # told to whoever asks next.
        return
