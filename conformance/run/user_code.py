"""Where in a user's own code something went wrong."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Final

__all__ = ["user_line"]

_OURS: Final = str(Path(__file__).resolve().parents[1]) + os.sep
_TESTS: Final = _OURS + "tests" + os.sep


def user_line(error: BaseException, *, hints: bool) -> str:
    """Return the file and line of the last frame outside this package, and a hint if one fits."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_OURS) or frame.filename.startswith(_TESTS)
    ]
    hint = ""
    if hints and isinstance(error, (TypeError, AttributeError)):
        hint = (
            "; the factory is called with a directory (pathlib.Path), or with a "
            "conformance.History where its parameter is named `history`, see docs/life-cycle.md"
        )
    if not frames:
        return hint
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}){hint}"
