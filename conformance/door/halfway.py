"""Calls of several threads that are served here meet each other half-way, and not by luck alone."""

from __future__ import annotations

import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from types import FrameType
from typing import Any, Final, TypeVar

from conformance.backend_code import is_of_backend
from conformance.pauses import SWITCH_SECONDS
from conformance.within_lines import is_half_done

__all__ = ["HalfwayCalls"]

Answer = TypeVar("Answer")

_EAGERNESS: Final = 4
_OTHERS: Final = 3
_SECONDS_MAX: Final = 0.004

Place = tuple[str, str, int, int]
"""An operation, and a line that it comes to: its file, its number and how far it is done."""

_AT_ITS_BEGINNING: Final = -1


class HalfwayCalls:
    """Holds one call at a time before a step of the backend until others have ended.

    That is done to calls on a storage of which two were under way at once. Each is held once at
    most, by chance before any of its lines or inside it, and the less likely the more often one was
    held there: at a place that is new for sure, and likelier at one that few calls come to than at
    the first ones, which every call comes to. Who waits for a lock that the held one has is not
    waited for long.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = threading.Lock()
        self._storages: dict[int, Hashable] = {}
        self._under_way: Counter[Hashable] = Counter()
        self._met: set[Hashable] = set()
        self._ended = 0
        self._holds: Counter[Place] = Counter()
        self._random = random.Random(0)  # noqa: S311 - a schedule, not a secret
        # Threads of one interpreter have to interrupt each other as often as processes do.
        sys.setswitchinterval(SWITCH_SECONDS)

    def opened(self, number: int, storage: Hashable) -> None:
        """Note of which storage an object is a handle."""
        self._storages[number] = storage

    def forget(self, number: int) -> None:
        """Note that an object is none any more; nothing is kept of a storage without one."""
        with self._changed:
            storage = self._storages.pop(number, None)
            if storage not in self._storages.values():
                self._met.discard(storage)

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
            if not self._under_way[storage]:
                del self._under_way[storage]
            self._ended += 1
            self._changed.notify_all()

    def run(self, number: int, name: str, call: Callable[[], Answer]) -> Answer:
        """Make a call of an operation on an object, and return what it returns."""
        if self._storages.get(number) not in self._met:
            return call()

        def enter(frame: FrameType, event: str, argument: Any) -> Any:
            if not is_of_backend(frame.f_code.co_filename):
                return None
            frame.f_trace_opcodes = True
            return step

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            half_done = event == "opcode" and is_half_done(frame.f_code, frame.f_lasti)
            if event != "line" and not half_done:
                return step
            done = frame.f_lasti if half_done else _AT_ITS_BEGINNING
            if not self._is_to_be_held((name, frame.f_code.co_filename, frame.f_lineno, done)):
                return step
            sys.settrace(before)
            try:
                self._wait_for_others()
            finally:
                self._held.release()
            return None

        before = sys.gettrace()
        sys.settrace(enter)
        try:
            return call()
        finally:
            sys.settrace(before)

    def _is_to_be_held(self, place: Place) -> bool:
        chance = _EAGERNESS / (_EAGERNESS + self._holds[place])
        if self._random.random() >= chance or not self._held.acquire(blocking=False):
            return False
        self._holds[place] += 1
        return True

    def _wait_for_others(self) -> None:
        with self._changed:
            end = self._ended + _OTHERS
            self._changed.wait_for(lambda: self._ended >= end, _SECONDS_MAX)
