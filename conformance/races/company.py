"""Three processes of one backend, for one meeting after the other."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from conformance.backend import Launch
from conformance.crashes.conduct import Component
from conformance.door.child import started
from conformance.door.connection import Connection
from conformance.door.forked import ForkServer, begun_fork_server
from conformance.races.meetings import CLIENTS, HELD, Meet, Meeting
from conformance.races.plans import Pair

__all__ = ["Company"]


class Company:
    """Three processes of one backend; started when they are needed, and ended by :meth:`end`.

    Once one is killed in each meeting, those that take its place are children of a fork server,
    until they are seen to do something else than they may.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._connections: dict[int, tuple[Connection, int]] = {}
        self._telling = threading.Lock()
        self._fork_server: ForkServer | None = None
        self._may_fork = True

    def end(self) -> None:
        """End the processes; the next meeting starts them again."""
        with contextlib.ExitStack() as stack:
            if self._fork_server is not None:
                stack.callback(self._fork_server.end)
            for connection, _ in self._connections.values():
                stack.callback(connection.close)
            self._connections = {}
            self._fork_server = None

    def stop_forking(self) -> bool:
        """Let all processes be programs of their own from now on; say whether they were not."""
        self._may_fork = False
        was_forking = self._fork_server is not None
        if was_forking:
            self.end()
        return was_forking

    def _begin_forking(self) -> None:
        if self._may_fork and self._fork_server is None:
            self._fork_server = begun_fork_server(self.launch)
            self._may_fork = self._fork_server is not None

    def _started(self) -> list[tuple[Connection, int]]:
        """Return the processes with their numbers; those that are missing start side by side."""
        missing = [client for client in CLIENTS if client not in self._connections]
        if missing:
            with ThreadPoolExecutor(len(missing)) as pool:
                starting = {client: pool.submit(self._start) for client in missing}
            # All have started by now, so that none is lost where another one did not.
            for client, future in starting.items():
                if future.exception() is None:
                    self._connections[client] = future.result()
            for future in starting.values():
                future.result()
        return [self._connections[client] for client in CLIENTS]

    def _start(self) -> tuple[Connection, int]:
        numbers: list[int] = []

        def note(process_id: int, started: bool) -> None:
            numbers.append(process_id)
            # Whoever is told may take one message at a time.
            with self._telling:
                self.launch.on_process(process_id, started)

        connection = Connection(
            self.launch.command,
            call_seconds_max=self.launch.call_seconds_max,
            starting_seconds_max=self.launch.starting_seconds_max,
            on_process=note,
            start=started if self._fork_server is None else self._fork_server.start,
        )
        return connection, numbers[0]

    def meet(
        self,
        component: Component,
        directory: Path,
        pair: Pair,
        stop_at: int,
        how: type[Meet] = Meet,
        *,
        is_patient: bool = False,
    ) -> Meeting:
        """Let two calls meet on a new storage, the first held before its shared call ``stop_at``.

        With 0 it is not held, and they come one after the other; with ``is_patient`` it is held for
        a while, also where the other one is seen to wait for it. Raises ``BackendFault`` for a
        backend that fails before they meet, and ``HoldingError``.
        """
        meeting = Meeting(pair, stop_at, is_patient)
        is_over = False
        try:
            how(self._started(), component, directory, meeting).run()
            is_over = not meeting.problem and not meeting.obstacle
        finally:
            if not is_over:
                # They do not go on from where they were.
                self.end()
            elif meeting.is_killed:
                connection, _ = self._connections.pop(HELD)
                connection.close()
                self._begin_forking()
        return meeting
