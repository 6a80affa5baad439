"""What one step of the ``wal_sync`` machine does, and how it is judged.

The log under the handler is a probe, so every call of the handler is seen, and
what it should have done follows from what the log gave it. A log that is wrong
itself is judged elsewhere and ends the history here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from conformance.backend import AgreementWalHandlerLike, Backend
from conformance.engine.acts import act
from conformance.engine.session import History, HistoryEnded, Raised, Returned
from conformance.machines.probes import ListWal, ProbeCall, ProbeWal, ScriptedHandler
from conformance.machines.wal_sync_blame import (
    Entries,
    Made,
    SyncCase,
    blame_for_entries,
    put_to_the_test,
    requirement_of_undeclared,
)
from conformance.machines.wal_sync_situations import situations_of
from conformance.machines.wal_sync_text import effect_text, fault_text, outcome_of, result_text
from conformance.rules.narration import difference_text, entries_text, operation_text
from strategies.faults import CallFault
from telltale_spec.backends.contract import AgreementWal, EffectHandler
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import BlockedSync, ImmediateSync, WalSyncMode
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Append, SyncWal
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectOutcome,
    EffectResult,
    Failure,
    Success,
)
from telltale_spec.wire.requests import EffectInterfaceMetadata, EffectRequest, WalSyncBody

__all__ = ["SyncSteps"]

_IDENTITY: Final = "inner"
_SYNC_KIND: Final = EffectInterfaceMetadata.for_effect_kind(WalSyncBody.effect_kind)

ResultType = TypeVar("ResultType")


class SyncSteps:
    """One log under handlers of two modes; others are made when they are needed.

    What carries the steps out, a machine or a script, gives the history and the backend.
    """

    history: History
    backend: Backend
    # A history that ended before it began has an empty log and no requests.
    entries: Entries = ()
    made: tuple[Made, ...] = ()

    def prepare(self) -> None:
        """Make a fresh log and the handlers around it."""
        self.log = self._new_log()
        self.probe = ProbeWal(self.log)
        self.immediate = self._make(ImmediateSync())
        self.blocked = self._make(BlockedSync())
        self._check_name(self.immediate, "immediate")
        self._check_name(self.blocked, "blocked")
        self._refresh()

    def _new_log(self) -> AgreementWal | None:
        """Make the backend's own log, or return ``None`` for the plain one of the probe."""
        factory = self.backend.agreement_wal
        if factory is None:
            return None
        directory = self.history.directory()
        return self.history.start("the agreement WAL", lambda: factory(directory))

    def _make(
        self,
        mode: WalSyncMode,
        probe: ProbeWal | None = None,
        inner: EffectHandler | None = None,
    ) -> AgreementWalHandlerLike:
        factory = self.backend.agreement_wal_handler
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a WAL handler")
        wal = self.probe if probe is None else probe
        inside = ScriptedHandler(_IDENTITY) if inner is None else inner
        return self.history.start("the agreement WAL handler", lambda: factory(inside, wal, mode))

    def _check_name(
        self, handler: AgreementWalHandlerLike, mode: str, identity: str = _IDENTITY
    ) -> None:
        """Check what the handler says of itself (SYNC-01)."""

        def ask(what: str, question: Callable[[], Any], expected: Any) -> None:
            text = f"in {mode} mode: ask for {what}"
            answer = self.history.call(text, question, undeclared="SYNC-01", quiet=True, pure=True)
            self._check_answer("SYNC-01", answer, expected, text)

        # Looked up inside of the question, as what a factory returned may have neither.
        ask("the identity", lambda: handler.handler_identity(), f"agreement_wal<{identity}>")
        ask("support of wal_sync", lambda: handler.supports_wal_sync(), True)

    # Syncs that store

    @act("sync")
    def _sync(self, request: WalSyncRequest, fault: CallFault | None = None) -> None:
        """Sync in immediate mode and judge calls, entries, answer and log."""
        self._sync_open(request, fault)

    def _sync_open(
        self,
        request: WalSyncRequest,
        fault: CallFault | None = None,
        effect: EffectRequest | None = None,
    ) -> bool:
        """Sync and judge it; say whether it appended what it should."""
        case = SyncCase(self.entries, request, any(made.request == request for made in self.made))
        self.probe.forget_calls()
        if fault is not None:
            self.probe.inject(fault)
        text = operation_text(SyncWal(request)) if effect is None else effect_text(effect, request)
        answer = self.history.call(
            f"{text}{fault_text(fault)}",
            lambda: self._guarded(lambda: self._call(request, effect)),
            operation=SyncWal(request),
            undeclared=requirement_of_undeclared(fault, effect),
        )
        self.probe.forget_faults()
        if isinstance(answer, Returned):
            self.history.answer(result_text(answer.value))
        is_right = self._appends_rightly(case, effect)
        if is_right:
            # What is known to be wrong shows nothing of the situations that it is in.
            self._note_situations(case, fault)
        self._check_result(case, answer, through_effect=effect is not None)
        self.made = (*self.made, Made(request, self._failed_call() is None))
        self._refresh()
        if order_error(case.existing) is None:
            error, told = order_error(self.entries), "a valid log"
            self.history.check("SYNC-06", error is None, told, lambda: f"a log with {error}")
        return is_right

    def _call(self, request: WalSyncRequest, effect: EffectRequest | None) -> object:
        # A copy of its own, so that nothing that it does to it reaches what it is judged by.
        if effect is None:
            return self.immediate.wal_sync(copy.deepcopy(request))
        return self.immediate.handle_effect(copy.deepcopy(effect))

    def _failed_call(self) -> ProbeCall | None:
        return next((call for call in self.probe.calls if call.error is not None), None)

    def _appends_rightly(self, case: SyncCase, effect: EffectRequest | None) -> bool:
        """Check which calls the log got (SYNC-04..10, SYNC-15)."""
        names, appended = self.probe.call_names, self.probe.appended
        failed = self._failed_call()
        if failed is not None:
            calls_after = names[self.probe.calls.index(failed) + 1 :]
            self.history.check(
                "SYNC-09",
                not calls_after,
                "no call of the log after the first that failed",
                lambda: f"after it: {', '.join(calls_after)}",
                goes_on=True,
            )
        if failed is not None and failed.name == "load":
            return True
        # What a failure cut off cannot be judged; it counts as right.
        whole = appended if failed is None else (*appended, *case.expected[len(appended) :])
        if whole != case.expected:
            self._blame(case, whole, effect)
            return False
        # Who looks at the log again, before it stores anything or once everything is stored, sees
        # what it has seen, or proposes nothing from it.
        appends = [index for index, name in enumerate(names) if name == "append"] or [0]
        self.history.check(
            "SYNC-04",
            names[:1] == ("load",) and "load" not in names[appends[0] : appends[-1]],
            "a load before every append, and none between them",
            lambda: f"the calls {', '.join(names) or 'none'}",
            goes_on=True,
        )
        for requirement_id in put_to_the_test(case):
            self.history.check(requirement_id, True, "", "")
        return True

    def _blame(self, case: SyncCase, appended: Entries, effect: EffectRequest | None) -> None:
        self.history.check(
            self._blamed(case, appended, effect),
            False,
            lambda: f"appended {entries_text(case.expected)}",
            lambda: f"appended {difference_text(appended, case.expected)}",
            # The next sync is judged by what this one has stored.
            goes_on=True,
        )

    def _blamed(self, case: SyncCase, appended: Entries, effect: EffectRequest | None) -> str:
        if effect is not None and self._goes_well(case):
            # The same sync goes well on its own, so what is around it misled the handler.
            request = case.request
            agreeing = replace(effect, tick=request.tick, operation_id=request.operation_id)
            return "SYNC-10" if self._goes_well(case, agreeing) else "SYNC-12"
        if self._failed_call() is not None:
            # What the failure cut off would say more.
            appended = self._appended_by_another(case)
            if appended == case.expected:
                return "SYNC-09"
        return blame_for_entries(case, appended, self._goes_well)

    def _goes_well(self, case: SyncCase, effect: EffectRequest | None = None) -> bool:
        return self._appended_by_another(case, effect) == case.expected

    def _appended_by_another(self, case: SyncCase, effect: EffectRequest | None = None) -> Entries:
        """Put a case to a handler of its own, on a log of its own."""
        probe = ProbeWal(ListWal(case.existing))
        handler = self._make(ImmediateSync(), probe)

        def attempt() -> None:
            try:
                if effect is None:
                    handler.wal_sync(case.request)
                else:
                    handler.handle_effect(effect)
            except Exception:
                # What it appended says enough; how it ended is judged elsewhere.
                return

        self.history.start("another sync", attempt)
        return probe.appended

    def _check_result(
        self, case: SyncCase, answer: Returned | Raised, *, through_effect: bool
    ) -> None:
        failed = self._failed_call()
        expected: EffectResult[None] = Success(None)
        if failed is not None:
            action = "load" if failed.name == "load" else "persist"
            message = f"{action} agreement WAL for `{case.request.operation_id}`: {failed.error}"
            expected = Failure(EffectFailure.unavailable(message))
        if through_effect:
            self._check_answer("SYNC-12", answer, outcome_of(expected))
        else:
            self._check_answer("SYNC-09", answer, expected)

    def _note_situations(self, case: SyncCase, fault: CallFault | None) -> None:
        struck = self._failed_call()
        if struck is None or not struck.injected:
            fault = None
        done = any(made.request == case.request and made.succeeded for made in self.made)
        for situation in situations_of(case, fault, done=done):
            self.history.reach(situation)

    # Syncs that store nothing

    def _sync_closed(
        self,
        handler: AgreementWalHandlerLike,
        mode: str,
        request: WalSyncRequest,
        expected: EffectResult[None],
    ) -> None:
        """Sync where the mode forbids it."""
        text = f"in {mode} mode: {operation_text(SyncWal(request))}"
        self._call_closed("SYNC-02", text, lambda: handler.wal_sync(request), request, expected)

    def _handle_closed(
        self, handler: AgreementWalHandlerLike, effect: EffectRequest, expected: EffectOutcome
    ) -> None:
        """Sync through ``handle_effect`` where mode or metadata forbid it."""
        if not isinstance(effect.body, WalSyncBody):
            raise TypeError("expected the request of a sync")
        request = effect.body.sync
        mode = "in blocked mode: " if handler is self.blocked else ""
        text = f"{mode}{effect_text(effect, request)}"
        closed = handler is self.blocked and effect.metadata.validate() is None
        self._call_closed(
            "SYNC-12",
            text,
            lambda: handler.handle_effect(effect),
            request,
            expected,
            calls="SYNC-02" if closed else "SYNC-12",
        )

    def _call_closed(
        self,
        requirement_id: str,
        text: str,
        call: Callable[[], Any],
        request: WalSyncRequest,
        expected: Any,
        *,
        calls: str = "",
    ) -> None:
        """Make a call and check it; ``calls`` is the requirement that calls of the log break."""
        self.probe.forget_calls()
        answer = self.history.call(
            text,
            lambda: self._guarded(call),
            operation=SyncWal(request),
            undeclared=requirement_id,
        )
        if isinstance(answer, Returned):
            self.history.answer(result_text(answer.value))
        self._check_answer(requirement_id, answer, expected)
        names = self.probe.call_names
        made = f"the calls {', '.join(names)}"
        check = self.history.check
        if not check(calls or requirement_id, not names, "no call of the log", made, goes_on=True):
            # What follows is judged by the log as it is now.
            self._refresh()

    # Around the syncs

    @act("append_foreign")
    def _append_foreign(self, entry: AgreementWalEntry) -> None:
        """Append an entry behind the handler's back, unless the log would refuse it."""
        if order_error((*self.entries, entry)) is not None:
            return
        self._of_the_log(lambda: self.probe.inner.append(entry))
        self.history.note(
            f"{operation_text(Append(entry))} without the handler", "ok", Append(entry)
        )
        self._refresh()

    def _check_answer(
        self, requirement_id: str, answer: Returned | Raised, expected: Any, quiet: str = ""
    ) -> None:
        """Check one answer; a step that was ``quiet`` so far is noted if it is wrong."""
        holds = isinstance(answer, Returned) and answer.value == expected
        actual = f"raised: {answer.message}" if isinstance(answer, Raised) else ""
        if isinstance(answer, Returned):
            actual = result_text(answer.value)
        if quiet and not holds:
            self.history.note(quiet, actual)
        # The log is looked at by itself, so that a wrong answer hides nothing of what is in it.
        check = self.history.check
        check(requirement_id, holds, lambda: result_text(expected), actual, goes_on=True)

    def _refresh(self) -> None:
        """Read the log past the probe; a sync is expected to follow from this."""
        loaded = self._of_the_log(lambda: self.probe.inner.load())
        if not isinstance(loaded, AgreementWalArtifact):
            raise HistoryEnded
        self.entries = loaded.entries

    def _of_the_log(self, call: Callable[[], ResultType]) -> ResultType:
        """Call the log itself; where it fails, it is not the handler's history to tell."""

        def attempt() -> ResultType | Exception:
            try:
                return call()
            except Exception as error:
                return error

        result = self.history.start("a look at the log under the handler", attempt)
        if isinstance(result, Exception):
            raise HistoryEnded from result
        return result

    def _guarded(self, call: Callable[[], ResultType]) -> ResultType:
        """Call the handler; give up the history if what escapes comes from the log itself."""
        try:
            return call()
        except DurabilityError:
            raise
        except Exception as error:
            escaped = [made.error for made in self.probe.calls if not made.injected]
            if error in escaped:
                raise HistoryEnded from error
            raise

    def release_log(self) -> None:
        """Close the log, if it was made."""
        self.history.release(getattr(self, "log", None))
