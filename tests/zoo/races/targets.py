"""Every storage as a backend for several handles: ``tests.zoo.races.targets:Waits_log``."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

from conformance.backend import Backend, Capability, Launch
from tests.zoo.races import mortal, storages
from tests.zoo.races.components import CacheOn, LogOn

HANDLES = frozenset({Capability.REOPEN, Capability.CONCURRENT_HANDLES})
KILLED = HANDLES | {Capability.PROCESS_KILL}
LOG = "log"
CACHE = "cache"


def backend_of(name: str) -> Backend:
    """Return the backend of a name such as ``Waits_log``."""
    storage_name, _, component = name.rpartition("_")
    mortals = {each.__name__: each for each in mortal.MORTAL}
    storage = mortals.get(storage_name) or getattr(storages, storage_name)
    promised = KILLED if storage_name in mortals else HANDLES
    if component == LOG:
        return Backend(name, agreement_wal=partial(LogOn, storage), capabilities=promised)
    return Backend(name, evidence_cache=partial(CacheOn, storage), capabilities=promised)


def launched(name: str, call_seconds_max: float = 10.0) -> Backend:
    """Return the same with the command that serves it in a process of its own."""
    command = (sys.executable, "-m", "conformance", "serve", f"{__name__}:{name}")
    promise = ("--capability", Capability.REOPEN.value)
    return replace(backend_of(name), launch=Launch((*command, *promise), call_seconds_max))


def __getattr__(name: str) -> Backend:
    try:
        return backend_of(name)
    except (AttributeError, TypeError):
        raise AttributeError(name) from None
