"""Every broken and every unusual system under a name by which a child process can serve it.

``tests.zoo.served:broken_0`` is the first system of the zoo, ``unusual_0`` the first right one.
"""

from __future__ import annotations

from typing import Final

from conformance.backend import Backend
from tests.zoo.kill_table import ZOO
from tests.zoo.unusual_handlers import UNUSUAL_HANDLERS
from tests.zoo.unusual_stores import UNUSUAL_CACHES, UNUSUAL_LOGS

__all__ = ["BROKEN", "UNUSUAL"]

BROKEN: Final = {f"broken_{index}": system for index, system in enumerate(ZOO)}
UNUSUAL: Final = {
    f"unusual_{index}": backend
    for index, backend in enumerate((*UNUSUAL_LOGS, *UNUSUAL_CACHES, *UNUSUAL_HANDLERS))
}


def __getattr__(name: str) -> Backend:
    if name in UNUSUAL:
        return UNUSUAL[name]
    if name in BROKEN:
        return BROKEN[name].backend
    raise AttributeError(f"there is no system `{name}` in the zoo")
