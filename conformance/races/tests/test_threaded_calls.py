"""Whether a thread waits: where it is, and whether it is woken there."""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import cast

import pytest

from conformance.races import threaded_calls
from conformance.races.threaded_calls import ThreadedCall


@pytest.mark.parametrize("is_enabled", [True, False])
def test_no_garbage_is_collected_while_it_is_asked_where_threads_are(
    is_enabled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait for ever there; afterwards it is as it was before."""
    seen: list[bool] = []
    ask = sys._current_frames

    def asked() -> dict[int, FrameType]:
        seen.append(gc.isenabled())
        return ask()

    monkeypatch.setattr(sys, "_current_frames", asked)
    was_enabled = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        frames = threaded_calls._frames()
        after = gc.isenabled()
    finally:
        (gc.enable if was_enabled else gc.disable)()

    assert seen == [False]
    assert after is is_enabled
    assert threading.get_ident() in frames


class Waited:
    """Ends when it has been waited for long enough, by a clock of its own."""

    def __init__(self, ends_after_seconds: float) -> None:
        self.ends_at = ends_after_seconds
        self.now = 0.0

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.is_set()

    def is_set(self) -> bool:
        return self.now > self.ends_at


@pytest.mark.parametrize(
    ("sleeps", "usual_seconds", "has_ended"),
    [
        (itertools.repeat("as before"), 0.0, False),
        (itertools.count(1), 0.0, True),
        (itertools.cycle([None, "as before"]), 0.0, True),
        (itertools.repeat("as before"), 1.0, True),
    ],
    ids=["asleep", "woken each time", "awake in between", "asleep no longer than usually"],
)
def test_who_is_woken_is_waited_for_though_it_stays_where_it_is(
    sleeps: Iterator[object],
    usual_seconds: float,
    has_ended: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a busy machine it may be asleep for want of a turn, whenever it is looked at."""
    monkeypatch.setattr(threaded_calls, "_sleep_of", lambda _thread: next(sleeps))
    turn = threading.Event()
    parked = threading.Thread(target=turn.wait, daemon=True)
    parked.start()
    ended = Waited(0.012)
    monkeypatch.setattr(threaded_calls, "time", SimpleNamespace(monotonic=lambda: ended.now))
    other = SimpleNamespace(ended=ended, ident=parked.ident, native_id=parked.native_id)
    found = threaded_calls.has_ended(cast(ThreadedCall, other), usual_seconds)
    turn.set()

    assert found is has_ended


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says whether a thread sleeps")
def test_a_sleep_is_told_from_the_next() -> None:
    turn = threading.Semaphore(0)
    slept: list[str | None] = []
    thread = threading.Thread(target=lambda: [turn.acquire() for _ in range(2)], daemon=True)
    thread.start()
    for _ in range(2):
        while not (sleep := threaded_calls._sleep_of(thread.native_id)) or sleep in slept:
            time.sleep(0.001)
        slept += [sleep, threaded_calls._sleep_of(thread.native_id)]
        turn.release()
    thread.join()

    assert slept[0] == slept[1]
    assert slept[2] == slept[3]
    assert threaded_calls._sleep_of(threading.get_native_id()) is None


def test_what_a_thread_waits_for_a_processor_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "schedstat").write_text("7 2500000000 3\n", encoding="utf-8")
    monkeypatch.setattr(threaded_calls, "time", SimpleNamespace(monotonic=lambda: 10.0))
    # One thread is told of there, and no other one.
    monkeypatch.setattr(
        threaded_calls, "Path", lambda name: tmp_path / ("schedstat" if "/1/" in name else "none")
    )

    assert threaded_calls._seconds_of(1) == 7.5
    assert threaded_calls._seconds_of(2) == 10.0
