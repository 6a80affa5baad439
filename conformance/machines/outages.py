"""The time for which a server is away: it is killed, stays away for a while, and is started again.

All of that is done in a thread of its own, so that calls of the backend stay where they belong: in
the thread that made its handles. A client may wait for the server to come back, so an outage ends
by itself.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Self

from conformance.backend import Server, ServerFault

__all__ = ["Outage"]

_AWAY_SECONDS_MAX: Final = 1.0
_STARTS: Final = 2
# The end of a kill and of every start, each with a limit of its own.
_ENDING_SECONDS_MAX: Final = 120.0
_JOINED_SECONDS: Final = 1.0


class Outage:
    """A server that is killed after a delay, and started again when :meth:`end` is called.

    ``held`` stops it at once where it can be stopped: what is sent to it then is under way when it
    dies. Leaving the context brings the server back, whatever happened.
    """

    def __init__(self, server: Server, *, delay_seconds: float = 0.0, held: bool = False) -> None:
        self._server = server
        self._delay_seconds = delay_seconds
        self._problem: BaseException | None = None
        self._over = threading.Event()
        self._returning = threading.Event()
        self.is_down = threading.Event()
        """Set once the server is gone."""

        freeze = getattr(server, "freeze", None)
        if held and callable(freeze):
            freeze()
        self._thread = threading.Thread(target=self._pass, name="outage", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(_ENDING_SECONDS_MAX)

    @property
    def is_away(self) -> bool:
        """Whether the server is gone, and nobody has begun to start it again."""
        return self.is_down.is_set() and not self._returning.is_set()

    def await_down(self) -> None:
        """Wait until the server is gone."""
        self.is_down.wait(_ENDING_SECONDS_MAX)

    def end(self, note_progress: object = None) -> str:
        """Start the server again; return what kept it from starting, or an empty text."""
        self._over.set()
        limit = time.monotonic() + _ENDING_SECONDS_MAX
        while self._thread.is_alive() and time.monotonic() < limit:
            self._thread.join(_JOINED_SECONDS)
            if callable(note_progress):
                note_progress()
        if self._thread.is_alive():
            return f"it is not back within {_ENDING_SECONDS_MAX:g} seconds"
        if isinstance(self._problem, ServerFault):
            return str(self._problem)
        if self._problem is not None:
            raise self._problem
        return ""

    def _pass(self) -> None:
        try:
            time.sleep(self._delay_seconds)
            self._server.kill()
            self.is_down.set()
            self._over.wait(_AWAY_SECONDS_MAX)
            self._returning.set()
            self._start()
        except BaseException as problem:
            # Told by the thread that waits for it.
            self._problem = problem
            self.is_down.set()
            self._returning.set()

    def _start(self) -> None:
        for attempt in range(_STARTS):
            try:
                self._server.start()
            except ServerFault:
                # An address may be given up a little late.
                if attempt == _STARTS - 1:
                    raise
                time.sleep(_JOINED_SECONDS)
            else:
                return
