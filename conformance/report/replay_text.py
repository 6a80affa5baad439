"""A replayed failure as text, and as a test for the repository of a backend."""

from __future__ import annotations

import json
import re
from typing import Final

from conformance.records.replays import Outcome, Replay, ReplayResult
from conformance.report.text import counterexample_text
from conformance.run.terminal_text import visible

__all__ = ["pytest_text", "replay_text", "shown"]

_PYTEST_FILE: Final = '''"""{requirement_id} was broken by {backend}: the same acts again."""

from conformance import check_replay

REPLAY = r"""
{replay}
"""


def test_{name}() -> None:
    check_replay(
        REPLAY,
        {target},
        capabilities={capabilities!r},
        rejection_mode={rejection_mode},{mends}
    )
'''


def replay_text(result: ReplayResult) -> str:
    """Return the outcome, and the failure in its fixed order where there is one."""
    text = result.outcome.value
    if result.reason:
        # How often is part of the sentence; why comes after a colon.
        joint = " " if result.reason.startswith("in ") else ": "
        text += f"{joint}{visible(result.reason)}"
    if result.counterexample is None:
        return text
    return f"{text}\n{counterexample_text(result.counterexample)}"


def _recorded_text(replay: Replay) -> str:
    """Return the difference that the file holds, for one who sees another."""
    return (
        f"  recorded expected: {visible(replay.expected)}\n"
        f"  recorded actual:   {visible(replay.actual)}"
    )


def pytest_text(replay: Replay, target: str) -> str:
    """Return a test file that needs nothing but this package and the backend."""
    # In ASCII, where nothing can end the text but what is written here.
    text = json.dumps(replay.to_dict(), ensure_ascii=True, indent=2)
    return _PYTEST_FILE.format(
        requirement_id=replay.requirement_id,
        backend=re.sub(r"[^ -\[\]-~]", "?", replay.backend).replace('"', "'"),
        replay=text,
        name=f"{re.sub(r'[^a-z0-9]+', '_', replay.requirement_id.lower())}_is_kept",
        target=json.dumps(target),
        capabilities=tuple(replay.capabilities),
        rejection_mode=json.dumps(replay.rejection_mode),
        mends=f"\n        mends={tuple(replay.mends)!r}," if replay.mends else "",
    )


def shown(replay: Replay, result: ReplayResult) -> str:
    """Return what became of a file's failure, for the terminal."""
    text = replay_text(result)
    if result.outcome is Outcome.FAILS_DIFFERENTLY:
        text = f"{text}\n\n{_recorded_text(replay)}"
    return text
