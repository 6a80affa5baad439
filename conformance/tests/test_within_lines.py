"""Where a line is half done: behind a call in it, if it goes on to read or change something."""

from __future__ import annotations

import dis
from collections.abc import Callable
from typing import Any

import pytest

from conformance.within_lines import is_half_done


def _reads_and_writes(self: Any, data: bytes) -> None:
    self.path.write_bytes(self.path.read_bytes() + data)


def _puts_a_copy(self: Any, data: bytes) -> None:
    self.found = {**self.found, "data": len(data)}


def _calls_twice(self: Any, data: bytes) -> int:
    return int(self.stored(len(data)))


def _only_calls(self: Any, data: bytes) -> int:
    return self.stored(data)  # type: ignore[no-any-return]


def _keeps_for_itself(self: Any, data: bytes) -> str:
    count = len(data)
    return str(count)


def _goes_on_below(self: Any, data: bytes) -> None:
    self.store(
        len(data),
    )


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (_reads_and_writes, 1),
        (_puts_a_copy, 1),
        (_calls_twice, 2),
        (_only_calls, 0),
        (_keeps_for_itself, 0),
        # A line of its own begins there, before which is held anyhow.
        (_goes_on_below, 0),
    ],
)
def test_a_line_is_half_done_behind_a_call_if_more_follows(
    function: Callable[..., object], count: int
) -> None:
    code = function.__code__
    offsets = [each.offset for each in dis.get_instructions(code)]

    assert sum(is_half_done(code, offset) for offset in offsets) == count
