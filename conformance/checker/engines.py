"""Which engine searches: on tables where NumPy is installed, compiled if asked, else plainly."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from conformance.checker.model import Model
from conformance.checker.plain import PLAIN
from conformance.checker.plain import search as plain_search
from conformance.checker.results import Budget, SearchResult
from conformance.errors import ModelError, UsageError

__all__ = ["COMPILED", "ENGINES", "available_engine", "check_model", "is_installed"]

VECTOR: Final = "numpy"
COMPILED: Final = "compiled"

ENGINES: Final = (PLAIN, VECTOR, COMPILED)
"""The names of all engines."""

_NEEDED: Final = {
    VECTOR: ("numpy", "engine `numpy` needs NumPy: pip install 'telltale-spec[checker]'"),
    COMPILED: (
        "numba",
        "engine `compiled` needs Numba: pip install 'telltale-spec[checker-fast]', "
        "or take `--engine numpy`",
    ),
}


def available_engine() -> str:
    """Return the name of the engine that searches where none is asked for.

    The compiled one has to be asked for: compiling takes longer than most searches.
    """
    return VECTOR if is_installed(VECTOR) else PLAIN


def is_installed(engine: str) -> bool:
    """Say whether an engine can search here."""
    return engine == PLAIN or importlib.util.find_spec(_NEEDED[engine][0]) is not None


def check_model(
    model: Model,
    slots_count: int | None = None,
    *,
    engine: str | None = None,
    budget: Budget | None = None,
    symmetry: bool = False,
    checkpoint: Path | None = None,
    resume: bool = False,
    spill: Path | None = None,
) -> SearchResult:
    """Search every reachable state of a model.

    ``slots_count`` is the bound, the model's own if ``None``. ``symmetry``
    counts states that differ in the order of their slots once. Raises
    :class:`~conformance.errors.ModelError` for a model that says less than it
    seems to or has no symmetry, and ``UsageError`` for an engine that is not
    there. A search that ends early keeps what it has in the folder ``checkpoint``
    and goes on there with ``resume``; see ``checkpoints`` for what that raises. With a
    folder ``spill`` it does not end where the bytes of the budget are too few, but goes on
    with the visited states on disk; they are taken away at its end.
    """
    count = model.slots_default if slots_count is None else slots_count
    if symmetry and not model.symmetric:
        raise ModelError(model.title, "its slots differ, so that their order matters")
    chosen = available_engine() if engine is None else engine
    used = Budget() if budget is None else budget
    if resume and checkpoint is None:
        raise UsageError("to resume needs the folder of a checkpoint (--checkpoint)")
    if chosen == PLAIN and checkpoint is not None:
        raise UsageError("the engine `plain` keeps no checkpoint; take `numpy` or `compiled`")
    if chosen == PLAIN and spill is not None:
        raise UsageError("the engine `plain` has no states on disk; take `numpy` or `compiled`")
    if chosen == PLAIN:
        return plain_search(model, count, used, symmetry=symmetry)
    if chosen not in ENGINES:
        raise UsageError(f"engine `{chosen}`: expected one of {', '.join(ENGINES)}")
    if not is_installed(chosen):
        raise UsageError(_NEEDED[chosen][1])
    from conformance.checker.vector import Search
    from conformance.checker.vector import search as vector_search

    keeper = None
    if checkpoint is not None:
        from conformance.checker.checkpoints import Keeper

        keeper = Keeper(checkpoint, resume=resume)
    kind = Search
    if chosen == COMPILED:
        from conformance.checker.compiled import CompiledSearch

        kind = CompiledSearch
    return vector_search(
        model, count, used, symmetry=symmetry, kind=kind, keeper=keeper, spill=spill
    )
