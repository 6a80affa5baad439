"""The acts of ``wal_sync``: in every mode, by every way, tried again, and what snapshots show."""

from __future__ import annotations

from typing import Final

from conformance.engine.acts import act
from conformance.engine.session import Raised, Returned
from conformance.errors import ActError
from conformance.machines import wal_sync_situations as situations
from conformance.machines.probes import ScriptedHandler
from conformance.machines.wal_sync_blame import SyncCase
from conformance.machines.wal_sync_steps import SyncSteps
from conformance.rules.narration import difference_text, entries_text, quoted
from strategies.faults import CallFault
from telltale_spec.handlers.agreement_wal import FailureSync, ImmediateSync
from telltale_spec.wire.agreement import AgreementWalArtifact, WalSyncRequest
from telltale_spec.wire.effects import Blocked, EffectFailure, EffectOutcome, Failure
from telltale_spec.wire.requests import EffectRequest, WalSyncBody

__all__ = ["WAL_SYNC_IDS", "SyncActs"]


class SyncActs(SyncSteps):
    """Every act on one log under handlers of every mode."""

    @act("ask_name")
    def _ask_name(self, identity: str, *, nested: bool) -> None:
        """Check the name of a handler around another one, or around two."""
        inner = ScriptedHandler()
        handler = self._make(ImmediateSync(), inner=inner)
        if nested:
            handler = self._make(ImmediateSync(), inner=handler)
        # The inner handler says who it is whenever it is asked, and not when it was wrapped.
        for own in (inner.identity, identity):
            inner.identity = own
            self._check_name(handler, "immediate", f"agreement_wal<{own}>" if nested else own)

    @act("sync_and_retry")
    def _sync_and_retry(self, request: WalSyncRequest, fault: CallFault) -> None:
        before = SyncCase(self.entries, request)
        undisturbed = (*before.existing, *before.expected)
        is_right = self._sync_open(request, fault)
        # Both are judged by themselves, and what either does wrong is not the retry's.
        if not self._sync_open(request) or not is_right or before.has_duplicates:
            return
        self.history.reach(situations.RETRIED)
        self.history.check(
            "SYNC-15",
            self.entries == undisturbed,
            lambda: f"the log as if nothing had failed: {entries_text(undisturbed)}",
            lambda: difference_text(self.entries, undisturbed),
        )

    @act("sync_blocked")
    def _sync_blocked(self, request: WalSyncRequest) -> None:
        self.history.reach(situations.BLOCKED)
        self._sync_closed(self.blocked, "blocked", request, Blocked())

    @act("sync_failing")
    def _sync_failing(self, request: WalSyncRequest, message: str) -> None:
        self.history.reach(situations.FAILURE)
        handler = self._make(FailureSync(message))
        self._check_name(handler, "failure")
        expected = Failure(EffectFailure.unavailable(message))
        self._sync_closed(handler, f"failure ({quoted(message)})", request, expected)

    @act("sync_through_effect")
    def _handle(self, effect: EffectRequest, *, blocked: bool) -> None:
        if not isinstance(effect.body, WalSyncBody):
            raise ActError(f"sync_through_effect: the request is one of {effect.body.variant_name}")
        failure = effect.metadata.validate()
        if failure is not None:
            handler = self.blocked if blocked else self.immediate
            self._handle_closed(handler, effect, EffectOutcome.failed(failure))
        elif blocked:
            self._handle_closed(self.blocked, effect, EffectOutcome.blocked())
        else:
            self._sync_open(effect.body.sync, effect=effect)

    @act("snapshot")
    def _snapshot(self, *, blocked: bool) -> None:
        handler = self.blocked if blocked else self.immediate
        mode = " in blocked mode" if blocked else ""
        self.probe.forget_calls()
        answer = self.history.call(
            f"take a snapshot{mode}",
            lambda: self._guarded(handler.wal_snapshot),
            undeclared="SYNC-11",
        )
        if self.entries:
            self.history.reach(situations.SNAPSHOT)
        artifact = answer.value if isinstance(answer, Returned) else answer
        found = artifact.entries if isinstance(artifact, AgreementWalArtifact) else None
        self.history.check(
            "SYNC-11",
            found == self.entries,
            lambda: f"the log as loaded: {entries_text(self.entries)}",
            lambda: repr(artifact) if found is None else difference_text(found, self.entries),
        )

    @act("snapshot_failing")
    def _snapshot_failing(self, fault: CallFault) -> None:
        self.probe.inject(fault)
        message = fault.message
        answer = self.history.call(
            f"take a snapshot, the load fails with {quoted(message)}",
            lambda: self.immediate.wal_snapshot(),
            undeclared="SYNC-11",
        )
        self.probe.forget_faults()
        self.history.reach(situations.LOAD_FAULT)
        self.history.check(
            "SYNC-11",
            answer == Raised(message),
            f"the error of the log: {message}",
            lambda: answer.message if isinstance(answer, Raised) else "a result",
        )


WAL_SYNC_IDS: Final = (
    "SYNC-01",
    "SYNC-02",
    "SYNC-04",
    "SYNC-05",
    "SYNC-06",
    "SYNC-07",
    "SYNC-08",
    "SYNC-09",
    "SYNC-10",
    "SYNC-11",
    "SYNC-12",
    "SYNC-15",
)
"""What the acts of a WAL handler put to the test."""
