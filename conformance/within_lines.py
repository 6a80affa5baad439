"""Where one line of code is half done: a call in it has come back, and the line goes on."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType
from typing import Final

__all__ = ["is_half_done"]

# Threads change where a call returns; between other instructions the interpreter goes on.
_CALLS: Final = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
# Behind these alone it makes a difference who came in between.
_TOUCHES: Final = (
    *_CALLS,
    *("LOAD_ATTR", "STORE_ATTR", "DELETE_ATTR"),
    *("BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "BINARY_SLICE", "STORE_SLICE"),
    *("CONTAINS_OP", "STORE_GLOBAL", "STORE_DEREF"),
)


def is_half_done(code: CodeType, offset: int) -> bool:
    """Say whether before an instruction a call has returned to a line that reads or changes more.

    What is on another line is held there.
    """
    return offset in _half_done(code)


@lru_cache(maxsize=4096)
def _half_done(code: CodeType) -> frozenset[int]:
    found: set[int] = set()
    instructions = list(dis.get_instructions(code))
    line_touches: int | None = None
    following = None
    for instruction in reversed(instructions):
        line = None if instruction.positions is None else instruction.positions.lineno
        is_call = instruction.opname in _CALLS
        if is_call and following is not None and line_touches == line:
            found.add(following)
        if line_touches != line:
            line_touches = None
        if instruction.opname in _TOUCHES:
            line_touches = line
        following = instruction.offset
    return frozenset(found)
