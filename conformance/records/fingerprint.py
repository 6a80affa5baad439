"""A short text that tells one failure from another of the same requirement."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any, Final

from conformance.records.redaction import hidden_text, secrets_of

__all__ = ["fingerprint_of"]

_DIGITS_COUNT: Final = 16


def fingerprint_of(
    requirement_id: str, suite: str, acts: Sequence[Any], expected: str, actual: str
) -> str:
    """Return the fingerprint of a failure.

    It changes with the requirement, the suite, what was done and the difference,
    and with nothing else: not with the seed, the version or the machine. Secrets
    are left out of it, so that a file without them has the same fingerprint.
    """
    secrets = secrets_of(os.environ)
    shown = [hidden_text(text, secrets) for text in (expected, actual)]
    parts = [requirement_id, suite, list(acts), *shown]
    # ASCII, because a backend's texts may hold what no encoding takes.
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_DIGITS_COUNT]
