"""All models by name, with their variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from conformance.checker.model import FAITHFUL, HARDENED, Model
from conformance.checker.models.effects import effects
from conformance.checker.models.handles import COMPARE_AND_SWAP, SINGLE_APPEND, handles
from conformance.checker.models.recovery import NO_CHECKPOINT, recovery
from conformance.checker.models.storage import STORAGE_VARIANTS, storage
from conformance.checker.models.visibility import visibility
from conformance.checker.models.write_ahead import MACHINE_LIKE, write_ahead
from conformance.errors import ModelError

__all__ = ["MODELS", "ModelEntry", "build"]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model: its variants, and how one of them is built."""

    name: str
    variants: tuple[str, ...]
    build: Callable[[str], Model]


MODELS: Final = {
    entry.name: entry
    for entry in (
        ModelEntry("recovery", (FAITHFUL, NO_CHECKPOINT, HARDENED), recovery),
        ModelEntry("effects", (FAITHFUL, HARDENED), effects),
        ModelEntry("handles", (FAITHFUL, HARDENED, COMPARE_AND_SWAP, SINGLE_APPEND), handles),
        ModelEntry("storage", STORAGE_VARIANTS, storage),
        ModelEntry("visibility", (FAITHFUL, HARDENED), visibility),
        ModelEntry("write-ahead", (FAITHFUL, MACHINE_LIKE, HARDENED), write_ahead),
    )
}
"""The models that are shipped, by name."""


def build(name: str, variant: str = FAITHFUL) -> Model:
    """Return a model; raises ``ModelError`` for a name or a variant that there is not."""
    entry = MODELS.get(name)
    if entry is None:
        raise ModelError(name, f"there is no such model; there are {', '.join(MODELS)}")
    if variant not in entry.variants:
        raise ModelError(name, f"it has no variant `{variant}`; it has {', '.join(entry.variants)}")
    return entry.build(variant)
