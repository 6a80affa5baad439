"""The broken systems that are hunted, of both zoos, under names that are unique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.zoo.ablation.configurations import CRASHES, GROUPS, ORDINARY
from tests.zoo.broken_forwarding import BROKEN_FORWARDING_EVIDENCE_HANDLERS
from tests.zoo.crashes.table import BROKEN, Broken
from tests.zoo.kill_table import ZOO, BrokenSystem

__all__ = ["System", "chosen_systems", "system_names", "systems"]

# What shows between two handles shows in no crash, and the zoo of crashes does not try it either.
_OUT_OF_REACH = ("race",)


@dataclass(frozen=True)
class System:
    """One broken system: its group, its kind and name, the requirement that it breaks, itself."""

    group: str
    kind: str
    name: str
    requirement_id: str
    broken: BrokenSystem | Broken

    @property
    def label(self) -> str:
        """The name in commands, which two systems of the same backend may share."""
        return f"{self.kind}/{self.name}"

    @property
    def key(self) -> str:
        """The name in results, which no other system has."""
        return f"{self.label}/{self.requirement_id}"


# They came after the figures that are kept were measured, and are in none of them. Whoever
# measures again takes them in by making this empty.
_AFTER_THE_MEASUREMENT: Final = frozenset(
    {
        *("SqliteTruncateFull_log", "ForgetsBeforeItIsUndone_log", "FindsItThere_log"),
        *("RemembersWhatFailed_cache", "SkipsWhatIsThere_cache", "MarkNotChecked_log"),
        *("TakesUnreadableForEmpty_log", "TakesUnreadableForEmpty_cache", "RenamesInVain_log"),
        *("RenamesInVain_cache", "WritesAgainBehindIt_log", "StepsAside_log"),
        *("keeps endpoints as texts", "reads 131,072 characters at most"),
        "ShowsWhatItRefused_cache",
        *("IgnoresFullDiskAtRandom_log", "TakesAPartAtRandom_log"),
        *(name for name, _, _ in BROKEN_FORWARDING_EVIDENCE_HANDLERS),
    }
)


@cache
def systems() -> Mapping[str, System]:
    """Return every system by its key, the ordinary ones first, each zoo in its own order."""
    ordinary = [
        System(ORDINARY, each.kind, each.name, each.requirement_id, each)
        for each in ZOO
        if each.name not in _AFTER_THE_MEASUREMENT
    ]
    crashes = [
        System(CRASHES, each.crash_class, each.name, each.requirement, each)
        for each in BROKEN
        if each.crash_class not in _OUT_OF_REACH and each.name not in _AFTER_THE_MEASUREMENT
    ]
    found = {each.key: each for each in (*ordinary, *crashes)}
    if len(found) != len(ordinary) + len(crashes):
        raise ValueError("two systems of the zoo have the same kind, name and requirement")
    return found


def chosen_systems(labels: Sequence[str]) -> list[System]:
    """Return the systems of some labels, or all; raises :class:`ValueError` for an unknown one."""
    every = list(systems().values())
    unknown = sorted(set(labels) - {each.label for each in every})
    if unknown:
        raise ValueError(f"no system is named {', '.join(unknown)}; names are KIND/NAME")
    return [each for each in every if not labels or each.label in labels]


def system_names() -> dict[str, list[tuple[str, str, str]]]:
    """Return kind, name and requirement of every system, by group."""
    return {
        group: [
            (each.kind, each.name, each.requirement_id)
            for each in systems().values()
            if each.group == group
        ]
        for group in GROUPS
    }
