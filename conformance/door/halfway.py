"""Calls of several threads that are served here meet each other half-way, and not by luck alone."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from types import FrameType
from typing import Any, Final, TypeVar

from conformance.backend_code import is_of_backend
from conformance.pauses import SWITCH_SECONDS

__all__ = ["HalfwayCalls"]

Answer = TypeVar("Answer")

_OTHERS: Final = 3
_SECONDS_MAX: Final = 0.004

Place = tuple[str, int]
"""A line: its file and its number."""


class HalfwayCalls:
    """Holds one call at a time before a line of the backend until others have ended.

    That is done to calls on a storage of which two were under way at once. Each is held once,
    before the first line at which no call of its operation was held yet; where there is none left
    it begins again, so that every line has its turn. Who waits for a lock that the held one has is
    not waited for long.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = threading.Lock()
        self._storages: dict[int, Hashable] = {}
        self._under_way: Counter[Hashable] = Counter()
        self._met: set[Hashable] = set()
        self._ended = 0
        self._tried: dict[str, set[Place]] = {}
        # Threads of one interpreter have to interrupt each other as often as processes do.
        sys.setswitchinterval(SWITCH_SECONDS)

    def opened(self, number: int, storage: Hashable) -> None:
        """Note of which storage an object is a handle."""
        self._storages[number] = storage

    def begin(self, number: int | None) -> Hashable:
        """Note that a call on an object has arrived, and return its storage."""
        with self._changed:
            storage = None if number is None else self._storages.get(number)
            self._under_way[storage] += 1
            if self._under_way[storage] > 1:
                self._met.add(storage)
            return storage

    def end(self, storage: Hashable) -> None:
        """Note that a call on a storage has ended."""
        with self._changed:
            self._under_way[storage] -= 1
            self._ended += 1
            self._changed.notify_all()

    def run(self, number: int, name: str, call: Callable[[], Answer]) -> Answer:
        """Make a call of an operation on an object, and return what it returns."""
        if self._storages.get(number) not in self._met:
            return call()
        tried = self._tried.setdefault(name, set())
        is_complete = True

        def enter(frame: FrameType, event: str, argument: Any) -> Any:
            return line if is_of_backend(frame.f_code.co_filename) else None

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal is_complete
            place = (frame.f_code.co_filename, frame.f_lineno)
            if event != "line" or place in tried:
                return line
            is_complete = False
            if self._held.acquire(blocking=False):
                tried.add(place)
                sys.settrace(before)
                try:
                    self._wait_for_others()
                finally:
                    self._held.release()
                return None
            return line

        before = sys.gettrace()
        sys.settrace(enter)
        try:
            return call()
        finally:
            sys.settrace(before)
            if is_complete:
                tried.clear()

    def _wait_for_others(self) -> None:
        with self._changed:
            end = self._ended + _OTHERS
            self._changed.wait_for(lambda: self._ended >= end, _SECONDS_MAX)
