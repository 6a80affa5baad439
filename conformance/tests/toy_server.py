"""A server of a few lines and clients of it, right ones and wrong ones, to be killed in a test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend, Capability, ServerFault
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact

__all__ = ["CACHES", "LOGS", "ToyServer", "toy_backend"]

_WAITING_SECONDS_MAX: Final = 5.0


class ToyServer:
    """Lists by name, kept on a disk of its own as far as it ``syncs``; it can be held still."""

    def __init__(self, *, syncs: bool = True, starts: bool = True) -> None:
        self.syncs = syncs
        self.starts = starts
        self.kills = 0
        self._changed = threading.Condition()
        self._state = "up"
        self._disk: dict[str, list[Any]] = {}
        self._memory: dict[str, list[Any]] = {}

    def freeze(self) -> None:
        """Take nothing more."""
        self._set("held")

    def kill(self) -> None:
        """Lose what is not on disk."""
        self.kills += 1
        self._memory = {}
        self._set("down")

    def start(self) -> None:
        """Serve what is on disk."""
        if not self.starts:
            raise ServerFault("the server ended with status 1: damaged")
        self._memory = {name: list(rows) for name, rows in self._disk.items()}
        self._set("up")

    def _set(self, state: str) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def carry_out(self, name: str, row: Any) -> None:
        """Put a row on disk without an answer, as a server may do before it dies."""
        self._disk.setdefault(name, []).append(row)

    def ask(self, name: str, row: Any = None, *, patiently: bool = False) -> list[Any]:
        """Return the rows of a name, with one more if it is given; raises ``ConnectionError``."""
        waits = ("held", "down") if patiently else ("held",)
        with self._changed:
            self._changed.wait_for(lambda: self._state not in waits, _WAITING_SECONDS_MAX)
            if self._state != "up":
                raise ConnectionError("the server is away")
            rows = self._memory.setdefault(name, [])
            if row is not None:
                rows.append(row)
                if self.syncs:
                    self._disk.setdefault(name, []).append(row)
            return list(rows)


class Log:
    """A right client: what the server did not answer is an error."""

    def __init__(self, server: ToyServer, name: str, remembered: dict[str, list[Any]]) -> None:
        self.server = server
        self.name = name
        self.remembered = remembered

    def append(self, entry: Any) -> None:
        self.send(entry)

    def send(self, row: Any = None) -> list[Any]:
        try:
            return self.server.ask(self.name, row)
        except ConnectionError as error:
            raise DurabilityError(str(error)) from error

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.send()))

    def read_since(self, tick: int) -> tuple[Any, ...]:
        return self.load().read_since(tick)

    # The same as a cache: the last row of an id counts.

    def put(self, entry: Any) -> None:
        self.send(entry)


class EarlyLog(Log):
    """Acknowledges what it has sent, answered or not."""

    def append(self, entry: Any) -> None:
        try:
            super().append(entry)
        except DurabilityError:
            self.remembered.setdefault(self.name, []).append(entry)


class RepairingLog(Log):
    """Remembers everything, and sends again what a server that came back does not have."""

    def append(self, entry: Any) -> None:
        super().append(entry)
        self.remembered.setdefault(self.name, []).append(entry)

    def load(self) -> AgreementWalArtifact:
        held = self.send()
        for entry in self.remembered.get(self.name, [])[len(held) :]:
            self.send(entry)
        return super().load()


class OpenHeartedLog(Log):
    """Lets the exception of its library through."""

    def append(self, entry: Any) -> None:
        self.server.ask(self.name, entry)


class RepeatingLog(Log):
    """Sends what failed once more, later, behind what came after it."""

    def append(self, entry: Any) -> None:
        try:
            super().append(entry)
        except DurabilityError:
            self.remembered.setdefault(self.name, []).append(entry)
            raise
        for late in self.remembered.pop(self.name, []):
            super().append(late)


class LostSocketLog(Log):
    """Right: its connection ends with the server, and it never makes another one."""

    is_lost = False

    def send(self, row: Any = None) -> list[Any]:
        if self.is_lost:
            raise DurabilityError("the connection is closed")
        try:
            return super().send(row)
        except DurabilityError:
            self.is_lost = True
            raise

    def close(self) -> None:
        if self.is_lost:
            raise DurabilityError("the connection is closed")


class PatientLog(Log):
    """Right: waits for the server to come back, and is answered then."""

    def send(self, row: Any = None) -> list[Any]:
        return self.server.ask(self.name, row, patiently=True)


class UnsureLog(Log):
    """Right: what had no answer was carried out all the same, before the server died."""

    def send(self, row: Any = None) -> list[Any]:
        try:
            return super().send(row)
        except DurabilityError:
            if row is not None:
                self.server.carry_out(self.name, row)
            raise


class UnrelatedLog(Log):
    """Is kept somewhere else than on the server that is killed."""

    def send(self, row: Any = None) -> list[Any]:
        rows = self.remembered.setdefault(self.name, [])
        rows.extend([] if row is None else [row])
        return list(rows)


class Cache(Log):
    """A right cache on the same server."""

    def load(self) -> Any:
        held = {entry.evidence_id: entry for entry in self.send()}
        return EvidenceOutcomeCacheArtifact(tuple(held.values()))

    def get(self, evidence_id: str) -> Any:
        return self.load().get(evidence_id)


class EarlyCache(Cache):
    """Acknowledges what it has sent, answered or not."""

    def put(self, entry: Any) -> None:
        try:
            super().put(entry)
        except DurabilityError:
            self.remembered.setdefault(self.name, []).append(entry)


LOGS: Final[dict[str, type[Log]]] = {
    each.__name__: each
    for each in (
        Log,
        EarlyLog,
        RepairingLog,
        OpenHeartedLog,
        RepeatingLog,
        LostSocketLog,
        PatientLog,
        UnsureLog,
        UnrelatedLog,
    )
}
CACHES: Final[dict[str, type[Log]]] = {each.__name__: each for each in (Cache, EarlyCache)}


def toy_backend(kind: type[Log], server: ToyServer, *, declared: bool = True) -> Backend:
    """Return the backend of a client, whose further process remembers nothing."""

    def made_with(remembered: dict[str, list[Any]]) -> Callable[[Path], Any]:
        return lambda directory: kind(server, directory.name, remembered)

    def backend(remembered: dict[str, list[Any]]) -> Backend:
        make = made_with(remembered)
        is_cache = issubclass(kind, Cache)
        promises = {Capability.REOPEN, Capability.SERVER_KILL} if declared else {Capability.REOPEN}
        return Backend(
            kind.__name__,
            agreement_wal=None if is_cache else make,
            evidence_cache=make if is_cache else None,
            capabilities=frozenset(promises),
            elsewhere=lambda number: backend({}),
            server=server,
        )

    return backend({})


RIGHT_LOG: Final = toy_backend(Log, ToyServer())
RIGHT_CACHE: Final = toy_backend(Cache, ToyServer())
"""Targets of a check: what no shipped backend has, as none of them needs a server."""
