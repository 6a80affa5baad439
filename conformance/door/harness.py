"""From a running harness to a backend that can be judged like any other."""

from __future__ import annotations

import shlex
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.backend import Backend, Capability, Launch
from conformance.door.connection import Connection, OnProcess
from conformance.door.peers import RemoteCache, RemoteHandler, RemoteWal
from conformance.door.probes import probe_operations
from conformance.door.protocol import STARTING_SECONDS_MAX
from conformance.door.values import PlanParts, ResolverForm
from conformance.errors import UsageError
from telltale_spec.backends.contract import (
    AgreementWal,
    EffectHandler,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.handlers.agreement_wal import WalSyncMode
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["command_words", "harness_backend", "harness_of"]


def command_words(command: str) -> list[str]:
    """Return the words of a command line, as a shell splits them; there is no shell.

    Raises :class:`UsageError` for one that is empty or has a quote too few.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"command `{command}`: {error}") from error
    if not words:
        raise UsageError("the command is empty; expected a program and its arguments")
    return words


@contextmanager
def harness_backend(
    command: str,
    *,
    call_seconds_max: float,
    starting_seconds_max: float = STARTING_SECONDS_MAX,
    on_process: OnProcess = lambda process_id, started: None,
    on_end_note: Callable[[str], None] = lambda note: None,
) -> Iterator[Backend]:
    """Start a harness, yield the backend behind it, and shut it down again.

    ``on_end_note`` gets what is odd about its end, which no verdict depends on.
    Raises :class:`UsageError` for an unusable command line and ``BackendFault`` for a harness
    that does not start or breaks the protocol.
    """
    words = command_words(command)
    launch = Launch(tuple(words), call_seconds_max, starting_seconds_max, on_process)
    connection = Connection(
        words,
        call_seconds_max=call_seconds_max,
        starting_seconds_max=starting_seconds_max,
        on_process=on_process,
    )
    try:
        yield replace(harness_of(connection), launch=launch)
    finally:
        connection.close()
        for note in connection.notes:
            on_end_note(note)


def harness_of(connection: Connection) -> Backend:
    """Return the backend of a connection: every component whose operations are all supported."""
    with tempfile.TemporaryDirectory(prefix="telltale-conformance-") as directory:
        probes = probe_operations(connection, Path(directory).resolve())
    missing: dict[str, list[str]] = {}
    for probe in probes:
        if not probe.supported:
            missing.setdefault(probe.component, []).append(probe.operation)
    served = {probe.component for probe in probes if probe.supported}
    # What is missing altogether is said by the results; what is missing in part is a surprise.
    notes = tuple(
        _missing_note(component, names)
        for component, names in missing.items()
        if component in served
    )
    return _backend(connection, missing.keys(), notes)


def _backend(
    connection: Connection, missing: Collection[str], notes: tuple[str, ...] = ()
) -> Backend:
    components = _Components(connection)
    handshake = connection.handshake
    # What a new process finds is asked for by either.
    deadly = {Capability.PROCESS_KILL, Capability.SERVER_KILL}
    killable = not deadly.isdisjoint(handshake.capabilities)
    return Backend(
        handshake.name,
        agreement_wal=None if "agreement WAL" in missing else components.open_wal,
        evidence_cache=None if "evidence cache" in missing else components.open_cache,
        agreement_wal_handler=(
            None if "agreement WAL handler" in missing else components.make_wal_handler
        ),
        evidence_handler=(
            None if "evidence handler" in missing else components.make_evidence_handler
        ),
        recovery=None if "recovery" in missing else components.plan,
        codec=None if "codec" in missing else _RemoteCodec(connection),
        identity=None if "identities" in missing else components.identity,
        capabilities=handshake.capabilities,
        rejection_mode=handshake.rejection_mode,
        version=handshake.version,
        kill=connection.restart if killable else None,
        concurrent_calls=handshake.concurrent_calls,
        overtaken=lambda: connection.overtaken_count,
        elsewhere=lambda number: _backend(connection.peer(number), missing),
        notes=notes,
        mends=handshake.mends,
    )


def _missing_note(component: str, names: Sequence[str]) -> str:
    return f"the harness does not support {', '.join(names)}, so its {component} is not judged"


class _ClosingWal(RemoteWal):
    def close(self) -> None:
        """Close the log there."""
        self._ask("wal.close", {"object": self.number})


class _ClosingCache(RemoteCache):
    def close(self) -> None:
        """Close the cache there."""
        self._ask("cache.close", {"object": self.number})


class _Components:
    """Makes the parts of a backend over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Numbers of handlers that nothing refers to any more, with what was lent to them.
        self._dropped: list[tuple[int, tuple[int, ...]]] = []

    def open_wal(self, directory: Path) -> AgreementWal:
        """Open the log of a directory."""
        number = self._open("wal.open", directory)
        return _ClosingWal(self._connection.ask, number)

    def open_cache(self, directory: Path) -> EvidenceOutcomeCache:
        """Open the cache of a directory."""
        number = self._open("cache.open", directory)
        return _ClosingCache(self._connection.ask, number)

    def _open(self, operation: str, directory: Path) -> int:
        number = self._connection.new_number()
        self._connection.ask(operation, {"object": number, "directory": str(directory)})
        return number

    def make_wal_handler(
        self, inner: EffectHandler, wal: AgreementWal, mode: WalSyncMode
    ) -> RemoteHandler:
        """Make a handler there, around objects of ours."""
        lent = (self._connection.lend(inner), self._connection.lend(wal))
        return self._make(
            "wal_handler.make", {"inner": lent[0], "wal": lent[1], "mode": mode}, lent
        )

    def make_evidence_handler(
        self,
        inner: EffectHandler,
        cache: EvidenceOutcomeCache,
        resolver: EvidenceIdResolverLike,
    ) -> RemoteHandler:
        """Make a handler there, around objects of ours."""
        lent = tuple([self._connection.lend(each) for each in (inner, cache, resolver)])
        has_method = hasattr(resolver, "evidence_id_for_request")
        values = {
            "inner": lent[0],
            "cache": lent[1],
            "resolver": lent[2],
            "resolver_form": ResolverForm.OBJECT if has_method else ResolverForm.CALLABLE,
        }
        return self._make("evidence_handler.make", values, lent)

    def _make(self, operation: str, values: dict[str, Any], lent: tuple[int, ...]) -> RemoteHandler:
        connection = self._connection
        self._drop()
        number = connection.new_number()
        connection.ask(operation, {"object": number, **values})
        handler = RemoteHandler(connection.ask, number)
        weakref.finalize(handler, self._dropped.append, (number, lent)).atexit = False
        return handler

    def _drop(self) -> None:
        """Tell the harness which handlers are not needed any more.

        Never from a finalizer itself: that may run in the middle of another message.
        """
        dropped, self._dropped[:] = list(self._dropped), []
        if dropped:
            numbers = tuple([number for number, _ in dropped])
            self._connection.ask("handler.drop", {"objects": numbers})
            for _, lent in dropped:
                self._connection.forget(lent)

    def plan(
        self,
        checkpoint_tick: int,
        machine: Any,
        wal: AgreementWalArtifact,
        evidence_cache: EvidenceOutcomeCacheArtifact,
    ) -> DurableRecoveryPlan[Any]:
        """Have a recovery planned; the machine stays here."""
        values = {"checkpoint_tick": checkpoint_tick, "wal": wal, "cache": evidence_cache}
        parts: Any = self._connection.ask("recovery.plan", values)
        if not isinstance(parts, PlanParts):
            # What is no plan is for the judge to see.
            return parts  # type: ignore[no-any-return]
        return DurableRecoveryPlan(
            machine, parts.metadata, parts.wal_suffix, parts.evidence_cache, parts.decisions
        )

    def identity(self, entry: AgreementWalEntry) -> str:
        """Have the identity of an entry worked out."""
        identity: str = self._connection.ask("entry.identity", {"entry": entry})
        return identity


class _RemoteCodec:
    """The reader and the writer of a harness."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        """Have an artifact written."""
        data: bytes = self._connection.ask("artifact.encode", {"artifact": artifact})
        return data

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        """Have an artifact read."""
        artifact: PersistedDurabilityArtifact = self._connection.ask(
            "artifact.decode", {"bytes": data}
        )
        return artifact
