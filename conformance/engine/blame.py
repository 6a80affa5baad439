"""Whose fault it is when something raises where nothing should."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from hypothesis.errors import Flaky

from conformance.backend import Backend
from conformance.engine.texts import exception_text
from conformance.errors import BackendFault

__all__ = ["blamed_on"]


@contextmanager
def blamed_on(backend: Backend) -> Iterator[None]:
    """Raise what a backend's objects raise outside of any call as :class:`BackendFault`."""
    try:
        yield
    except (Flaky, BackendFault, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not _is_from_outside(error.__traceback__):
            raise
        text = f"what it made or returned raised {exception_text(error)} outside of any call"
        raise BackendFault(backend.name, text) from error


_OWN_PACKAGES: Final = frozenset({"conformance", "hypothesis", "strategies", "telltale_spec"})


def _is_from_outside(traceback: TracebackType | None) -> bool:
    """Say whether code that is neither ours nor the engine's took part in an exception.

    A backend's objects can raise wherever they are touched: closed, compared,
    iterated over or shown.
    """
    known = _OWN_PACKAGES | sys.stdlib_module_names
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0]
        # The engine also makes modules of its own as it runs.
        if package not in known and not package.startswith("hypothesis_temporary_module_"):
            return True
        traceback = traceback.tb_next
    return False
