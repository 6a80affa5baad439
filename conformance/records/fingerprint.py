"""A short text that tells one failure from another of the same requirement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["fingerprint_of"]

_DIGITS_COUNT: Final = 16


def fingerprint_of(
    requirement_id: str, suite: str, acts: Sequence[Any], expected: str, actual: str
) -> str:
    """Return the fingerprint of a failure.

    It changes with the requirement, the suite, what was done and the difference,
    and with nothing else: not with the seed, the version or the machine.
    """
    parts = [requirement_id, suite, list(acts), expected, actual]
    # ASCII, because a backend's texts may hold what no encoding takes.
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_DIGITS_COUNT]
