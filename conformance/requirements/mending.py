"""Findings that a backend may declare as mended, and what it is then held to instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["MENDABLE", "Mending", "unknown_mending"]


@dataclass(frozen=True, slots=True)
class Mending:
    """The requirements that a mended finding changes, and the rule that takes their place."""

    requirement_ids: tuple[str, ...]
    rule: str


MENDABLE: Final[dict[str, Mending]] = {
    "F11": Mending(
        ("EVID-05", "EVID-03"),
        "Only a success is answered from the cache; after a blocked or failed outcome the inner "
        "handler is asked again.",
    ),
    "F12": Mending(
        ("EVID-08",),
        "Equal requests at the same time run the effect once, and all see its outcome.",
    ),
    "F13": Mending(
        ("EVID-09", "SYNC-13"),
        "Every method that the wrapper does not serve itself is answered by the inner handler.",
    ),
    "F21": Mending(
        ("EVID-03",),
        "A cached outcome answers requests of the same interface and operation only; another one "
        "under its id runs by itself.",
    ),
    "F22": Mending(
        ("EVID-05",),
        "A sync is carried out by the inner handler every time, and neither stored nor answered "
        "from the cache.",
    ),
    "F29": Mending(
        ("EVID-06",),
        "An effect whose outcome could not be stored does not run again; who asks is told of a "
        "failure. Guards, topology and hints may run again.",
    ),
}
"""What can be declared as mended, by finding; the first requirement is blamed where it shows."""


def unknown_mending(finding_ids: Iterable[str]) -> str | None:
    """Return what is wrong with a declaration, or ``None``."""
    for each in sorted(finding_ids, key=str):
        if each not in MENDABLE:
            known = ", ".join(MENDABLE)
            return f"mends `{each}`: there is no rule for that; there are {known}"
    return None
