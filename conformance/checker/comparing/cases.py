"""What is compared: bounds of the shipped models, and models with arbitrary tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.checker.comparing.arbitrary import arbitrary_model
from conformance.checker.comparing.mistakes import MISTAKES, model_with
from conformance.checker.engines import check_model
from conformance.checker.model import FAITHFUL, Model
from conformance.checker.models.registry import MODELS, build
from conformance.checker.plain import PLAIN
from conformance.errors import ModelError

__all__ = ["BOUNDS", "Case", "arbitrary_cases", "mistaken_cases", "shipped_cases"]

BOUNDS: Final = {
    "recovery": (
        ("faithful", 1),
        ("no-checkpoint", 1),
        ("no-checkpoint", 2),
        ("hardened", 1),
        ("hardened", 2),
    ),
    "effects": (
        ("faithful", 1),
        ("faithful", 2),
        ("hardened", 1),
        ("hardened", 2),
        ("hardened", 3),
    ),
    "handles": (
        ("faithful", 2),
        ("faithful", 3),
        ("hardened", 2),
        ("compare-and-swap", 3),
        ("single-append", 3),
    ),
    "storage": (
        ("faithful", 1),
        ("rename", 1),
        ("rename-sync", 2),
        ("rename-sync-folder", 2),
        ("append", 2),
        ("hardened", 2),
    ),
    "visibility": (
        ("faithful", 1),
        ("faithful", 2),
        ("faithful", 3),
        ("hardened", 2),
        ("hardened", 3),
    ),
    "write-ahead": (
        ("faithful", 1),
        ("machine-like", 1),
        ("hardened", 1),
        ("hardened", 2),
        ("hardened", 3),
    ),
}
"""Variants and numbers of slots that are compared where none are asked for, by model."""


@dataclass(frozen=True)
class Case:
    """One model with a bound."""

    model: Model
    slots_count: int

    @property
    def title(self) -> str:
        """What a reader sees."""
        slots = "1 slot" if self.slots_count == 1 else f"{self.slots_count} slots"
        return f"{self.model.title}, {slots}"

    @property
    def family(self) -> str:
        """The name of the model, one for all with arbitrary tables."""
        return self.model.name if self.model.name in MODELS else "the arbitrary models"


def shipped_cases(
    names: Sequence[str] = (), variant: str | None = None, bounds: Sequence[int] = ()
) -> Iterator[Case]:
    """Yield shipped models with their bounds; all of them if no ``names`` are given.

    ``variant`` and ``bounds`` take the place of the table's. Raises
    :class:`~conformance.errors.ModelError` for a name or a variant that there is not.
    """
    for name in names or MODELS:
        if name not in MODELS or (variant is not None and names):
            build(name, variant or FAITHFUL)
        entry = MODELS[name]
        if bounds:
            one = variant or FAITHFUL
            pairs = tuple((one, count) for count in bounds if one in entry.variants)
        else:
            pairs = tuple(pair for pair in BOUNDS[name] if variant in (None, pair[0]))
            if not pairs and variant in entry.variants:
                pairs = ((variant, build(name, variant).slots_default),)
        for one, slots_count in pairs:
            yield Case(build(name, one), slots_count)


def mistaken_cases() -> Iterator[Case]:
    """Yield the shipped models with one mistake each, all of which break something."""
    for mistake in MISTAKES:
        yield Case(model_with(mistake), mistake.slots_count)


def arbitrary_cases(count: int) -> Iterator[Case]:
    """Yield models with arbitrary tables that break something, from seed 0 on."""
    found = seed = 0
    while found < count:
        model = arbitrary_model(seed)
        seed += 1
        try:
            result = check_model(model, 2, engine=PLAIN)
        except ModelError:
            # An action that is never enabled, or a property that is vacuous, is refused.
            continue
        slot_claims = {each.name for each in model.properties}
        if any(each.trace is not None and each.name in slot_claims for each in result.properties):
            found += 1
            yield Case(model, 2)
