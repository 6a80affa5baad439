"""Where threads are is asked with no collection of garbage on the way."""

from __future__ import annotations

import gc
import sys
import threading
from types import FrameType

import pytest

from conformance.races import threaded_calls


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
