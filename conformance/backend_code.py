"""Which lines of a process are a backend's own."""

from __future__ import annotations

import functools
import sysconfig
from pathlib import Path
from typing import Final

import telltale_spec.model
import telltale_spec.wire

__all__ = ["is_of_backend"]

# Lines in which nothing of a backend is changed: the interpreter's own, pure functions, and ours.
_PASSED: Final = tuple(
    str(Path(each).resolve())
    for each in (
        sysconfig.get_path("stdlib"),
        str(Path(str(telltale_spec.wire.__file__)).parent),
        str(Path(str(telltale_spec.model.__file__)).parent),
        str(Path(__file__).parent / "door"),
    )
)
_PACKAGES: Final = ("site-packages", "dist-packages")


@functools.cache
def is_of_backend(file_name: str) -> bool:
    """Say whether the code of a file may change what a backend holds."""
    if file_name.startswith("<"):
        return False
    path = str(Path(file_name).resolve())
    if any(each in path for each in _PACKAGES):
        # A backend may be installed, below the folder of the interpreter's own.
        return "cbor2" not in path
    return not path.startswith(_PASSED)
