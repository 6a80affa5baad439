"""The hardened handler wrapper that owns an agreement WAL and serves ``wal_sync``."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, runtime_checkable

from telltale_spec.backends.contract import AgreementWal, EffectHandler
from telltale_spec.errors import DurabilityError, SyncRefusedError
from telltale_spec.handlers.agreement_wal import (
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.hardened.forwarding import WhollyForwardingEffectHandler
from telltale_spec.hardened.sync_entries import hardened_entries
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.effects import (
    Blocked,
    EffectFailure,
    EffectOutcome,
    EffectResult,
    Failure,
    Success,
    WalSyncResponse,
)
from telltale_spec.wire.requests import EffectRequest, WalSyncBody

__all__ = ["MENDED_BY_SYNC", "BatchAgreementWal", "HardenedAgreementWalHandler"]

MENDED_BY_SYNC: Final = frozenset(
    {"F2", "F3", "F4", "F5", "F7", "F13", "F14", "F15", "F20", "F30", "F35", "F36", "F46"}
)
"""The findings that :class:`HardenedAgreementWalHandler` does not show."""

_IMMEDIATE: Final = ImmediateSync()


@runtime_checkable
class BatchAgreementWal(Protocol):
    """A log that appends several entries, all or none."""

    def append_many(self, entries: Iterable[AgreementWalEntry]) -> None:
        """Append entries in order, or none of them."""


class HardenedAgreementWalHandler(WhollyForwardingEffectHandler):
    """Serve ``wal_sync`` with a log, around an inner handler, and store only what fits together.

    To be used with
    :class:`~telltale_spec.hardened.recovery.HardenedRecoveryPlan`, which relies
    on nothing being written twice (F4). Mended are:

    - F2, F3: entries are compared as records, those of one call too.
    - F4: a settled operation is not stored again.
    - F5, F7, F15, F36: a request without a state, with another operation's, with
      another outcome, with a level below the log's, or with a gate above its
      state is a ``contract_violation`` and stores nothing.
    - F13: whatever is not a sync goes to the inner handler, requests as requests.
    - F14, F35: a proof is materialization evidence of the request, and an
      escalation names evidence that the log has.
    - F20: with a log that has ``append_many`` a sync is stored whole or not at
      all; with any other the entries are ordered so that no part of them says
      what no run could reach, and a retry completes them.
    - F30: a request whose envelope names another operation or tick is refused.
    - F46: a log that calls back into its wrapper gets a failure, not a deadlock.

    One lock is held from the load to the last append. Handles of other
    processes are the log's affair (F27). Source: SYNC-01..15 but for the above.
    """

    def __init__(
        self,
        inner: EffectHandler,
        wal: AgreementWal,
        sync_mode: WalSyncMode = _IMMEDIATE,
    ) -> None:
        super().__init__(inner)
        self._wal = wal
        self._sync_mode = sync_mode
        self._lock = threading.Lock()
        self._holder: int | None = None

    def wal_snapshot(self) -> AgreementWalArtifact:
        """Return the log; raises the bare ``DurabilityError`` of the backend (SYNC-11)."""
        with self._alone():
            return self._wal.load()

    def handler_identity(self) -> str:
        """Return the inner handler's name inside ``agreement_wal<..>`` (SYNC-01)."""
        return f"agreement_wal<{self._inner.handler_identity()}>"

    def supports_wal_sync(self) -> bool:
        """Say that ``wal_sync`` is served, in every mode (SYNC-01)."""
        return True

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Carry a sync out and forward everything else.

        A sync is judged by its metadata first (SYNC-12), and its envelope has
        to name the operation and the tick of its payload (F30).
        """
        body = request.body
        if not isinstance(body, WalSyncBody):
            return self._inner.handle_effect(request)
        failure = request.metadata.validate() or _envelope_failure(request, body.sync)
        if failure is not None:
            return EffectOutcome.failed(failure)
        result = self.wal_sync(body.sync)
        if isinstance(result, Success):
            return EffectOutcome.success(WalSyncResponse())
        if isinstance(result, Blocked):
            return EffectOutcome.blocked()
        return EffectOutcome.failed(result.failure)

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Append what the request adds to the log, or refuse it.

        A request that does not fit is a ``contract_violation``; both kinds of
        backend error become an ``unavailable`` failure (SYNC-09).
        """
        if isinstance(self._sync_mode, BlockedSync):
            return Blocked()
        if isinstance(self._sync_mode, FailureSync):
            return Failure(EffectFailure.unavailable(self._sync_mode.message))
        action = "load"
        try:
            with self._alone():
                existing = self._wal.load().entries
                entries = hardened_entries(existing, sync)
                action = "persist"
                self._append(entries)
        except SyncRefusedError as error:
            return Failure(EffectFailure.contract_violation(str(error)))
        except DurabilityError as error:
            message = f"{action} agreement WAL for `{sync.operation_id}`: {error}"
            return Failure(EffectFailure.unavailable(message))
        return Success(None)

    def _append(self, entries: Sequence[AgreementWalEntry]) -> None:
        if entries and isinstance(self._wal, BatchAgreementWal):
            self._wal.append_many(entries)
            return
        for entry in entries:
            self._wal.append(entry)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        own = threading.get_ident()
        if self._holder == own:
            raise DurabilityError("the log called back into the wrapper that is using it")
        with self._lock:
            self._holder = own
            try:
                yield
            finally:
                self._holder = None


def _envelope_failure(request: EffectRequest, sync: WalSyncRequest) -> EffectFailure | None:
    if (request.tick, request.operation_id) == (sync.tick, sync.operation_id):
        return None
    return EffectFailure.contract_violation(
        f"a request of operation {_quoted(request.operation_id)} at tick {request.tick} "
        f"has the sync of `{sync.operation_id}` at tick {sync.tick}"
    )


def _quoted(operation_id: str | None) -> str:
    return "none" if operation_id is None else f"`{operation_id}`"
