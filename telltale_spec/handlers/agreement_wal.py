"""The handler wrapper that owns an agreement WAL and serves ``wal_sync``."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeAlias

from telltale_spec.backends.contract import AgreementWal, EffectHandler
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.base import ForwardingEffectHandler
from telltale_spec.model.wal_sync import SyncIndex
from telltale_spec.wire.agreement import AgreementWalArtifact, WalSyncRequest
from telltale_spec.wire.effects import Blocked, EffectFailure, EffectResult, Failure, Success
from telltale_spec.wire.shapes import TEXT

__all__ = [
    "AgreementWalHandler",
    "BlockedSync",
    "FailureSync",
    "ImmediateSync",
    "WalSyncMode",
]


@dataclass(frozen=True, slots=True)
class ImmediateSync:
    """Store the entries and report success at once. Source: SYNC-02 (L622-624)."""


@dataclass(frozen=True, slots=True)
class BlockedSync:
    """Block at the gate and store nothing. Source: SYNC-02 (L625-626)."""


@dataclass(frozen=True, slots=True)
class FailureSync:
    """Fail at the gate with ``message`` and store nothing. Source: SYNC-02 (L627-631)."""

    message: str

    def __post_init__(self) -> None:
        TEXT.check(self.message, type(self).__name__, "message")


WalSyncMode: TypeAlias = ImmediateSync | BlockedSync | FailureSync
"""What ``wal_sync`` does. Source: L619-632."""


class AgreementWalHandler(ForwardingEffectHandler):
    """Serve ``wal_sync`` with a log, around an inner handler.

    One lock is held from the load to the last append of a sync, so syncs
    through one wrapper follow each other (SYNC-03); it is not re-entrant, so a
    log that calls back into its wrapper waits for ever (F46). A
    ``DurabilityError`` of the log becomes a failure; any other exception is a
    fault of the log, passes through, and leaves the lock released (WAL-09).
    Source: SYNC-01..SYNC-13 (L634-851).
    """

    def __init__(
        self,
        inner: EffectHandler,
        wal: AgreementWal,
        sync_mode: WalSyncMode = ImmediateSync(),
    ) -> None:
        super().__init__(inner)
        self._wal = wal
        self._sync_mode = sync_mode
        self._lock = threading.Lock()
        self._index = SyncIndex()

    @classmethod
    def with_sync_mode(
        cls, inner: EffectHandler, wal: AgreementWal, sync_mode: WalSyncMode
    ) -> AgreementWalHandler:
        """Return a wrapper with an explicit sync mode (L661-667)."""
        return cls(inner, wal, sync_mode)

    def wal_snapshot(self) -> AgreementWalArtifact:
        """Return the log; raises the bare ``DurabilityError`` of the backend (SYNC-11, L674)."""
        with self._lock:
            return self._wal.load()

    def handler_identity(self) -> str:
        """Return the inner handler's name inside ``agreement_wal<..>`` (SYNC-01)."""
        return f"agreement_wal<{self._inner.handler_identity()}>"

    def supports_wal_sync(self) -> bool:
        """Say that ``wal_sync`` is served, in every mode (SYNC-01)."""
        return True

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Append what the request adds to the log.

        The first append that fails ends the sync; what was appended before it
        stays (F20). Both kinds of backend error become an ``unavailable``
        failure. Source: SYNC-02, SYNC-03, SYNC-09 (L776-803).
        """
        if isinstance(self._sync_mode, BlockedSync):
            return Blocked()
        if isinstance(self._sync_mode, FailureSync):
            return Failure(EffectFailure.unavailable(self._sync_mode.message))
        with self._lock:
            try:
                existing = self._wal.load().entries
            except DurabilityError as error:
                return _unavailable("load", sync, error)
            for entry in self._index.build_entries(existing, sync):
                try:
                    self._wal.append(entry)
                except DurabilityError as error:
                    return _unavailable("persist", sync, error)
        return Success(None)


def _unavailable(action: str, sync: WalSyncRequest, error: DurabilityError) -> Failure:
    message = f"{action} agreement WAL for `{sync.operation_id}`: {error}"
    return Failure(EffectFailure.unavailable(message))
