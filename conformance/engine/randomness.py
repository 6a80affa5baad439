"""The global generators of random numbers, seeded for each history (numbers of NumPy too).

A backend may draw from them: for a pause, for an id, or where it goes wrong. Histories get seeds of
their own, so that they differ, and a replay sets the seed of its history again. What has a
generator of its own, or asks the operating system, cannot be seeded; its failures come by chance.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["RANDOM_SEED_MAX", "global_random_kept", "random_seed_of", "seed_global_random"]

RANDOM_SEED_MAX: Final = 2**32 - 1
"""The largest seed of a history; NumPy takes no larger one."""


def random_seed_of(run_seed: int, history: int) -> int:
    """Return the seed of a history by its number: 0 to :data:`RANDOM_SEED_MAX`."""
    digest = hashlib.blake2b(f"{run_seed}/{history}".encode("ascii"), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def seed_global_random(seed: int) -> None:
    """Seed the global generator, and that of NumPy where somebody has imported it."""
    random.seed(seed)
    numpy_random = _numpy_random()
    if numpy_random is not None:
        numpy_random.seed(seed)


@contextmanager
def global_random_kept() -> Iterator[None]:
    """Give the global generators back as they were, for whoever else draws from them."""
    state = random.getstate()
    numpy_random = _numpy_random()
    numpy_state = None if numpy_random is None else numpy_random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        if numpy_random is not None:
            numpy_random.set_state(numpy_state)


def _numpy_random() -> Any:
    # Asked for by name, because a backend without NumPy should not have to load it.
    return sys.modules.get("numpy.random")
