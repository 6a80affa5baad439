"""Pauses between the steps of a call, so that calls of other threads meet it half-way."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["SWITCH_SECONDS", "pausing", "switching_each"]

SWITCH_SECONDS: Final = 1e-5
"""A switch interval at which threads of one interpreter interrupt each other like processes do."""

_PAUSES_MAX: Final = 12


@contextmanager
def switching_each(seconds: float) -> Iterator[None]:
    """Let threads of this interpreter ask for their turn after so many seconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def pausing(chance: float, pause_seconds: float, seed: random.Random) -> Iterator[None]:
    """Let this thread pause with a chance before each function it calls that is not Python.

    Others get their turn there, as they would on a busy machine; there are twelve pauses at most.
    Where the chance is 0 the thread is left as it is.
    """
    left = _PAUSES_MAX

    def pause(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal left
        if event == "c_call" and left and seed.random() < chance:
            left -= 1
            time.sleep(pause_seconds)

    if chance:
        sys.setprofile(pause)
    try:
        yield
    finally:
        if chance:
            sys.setprofile(None)
