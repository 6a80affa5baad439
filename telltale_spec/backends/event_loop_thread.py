"""An asyncio event loop in a thread of its own, for callers that wait for what it does."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

__all__ = ["EventLoopThread"]

ResultType = TypeVar("ResultType")

_ENDING_SECONDS_MAX: Final = 10.0


class EventLoopThread:
    """A running event loop; it ends with :meth:`stop`, or when nobody holds this object any more.

    Any number of threads may wait at once; their coroutines then take turns.
    """

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=(self._loop,), name=name, daemon=True)
        self._thread.start()
        self._end = weakref.finalize(self, _stop, self._loop, self._thread)

    @property
    def is_running(self) -> bool:
        """Say whether work can be given to it: not after its end, and not in a forked process."""
        return self._end.alive and self._thread.is_alive()

    def wait_for(self, work: Coroutine[Any, Any, ResultType]) -> ResultType:
        """Return what the coroutine returns, or raise what it raises; it has to limit itself.

        Raises ``concurrent.futures.CancelledError`` where the loop has ended, or ends meanwhile.
        """
        with self._lock:
            if not self.is_running:
                work.close()
                raise concurrent.futures.CancelledError("its event loop has ended")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # Whoever is interrupted no longer waits, so nothing may go on for it.
            future.cancel()
            raise

    def stop(self) -> None:
        """End all that is under way, then the loop and its thread; more than once is no mistake."""
        with self._lock:
            self._end()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _cancel_all() -> None:
    own = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not own]
    for task in tasks:
        task.cancel()
    await asyncio.wait_for(
        asyncio.gather(*tasks, return_exceptions=True), timeout=_ENDING_SECONDS_MAX / 2
    )


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if not thread.is_alive():
        return

    def end() -> None:
        task = loop.create_task(_cancel_all())
        task.add_done_callback(lambda done: loop.stop())

    loop.call_soon_threadsafe(end)
    # The last reference may go in the thread itself, which then ends by itself.
    if threading.current_thread() is not thread:
        thread.join(_ENDING_SECONDS_MAX)
