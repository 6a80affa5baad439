"""Every storage of the table as a backend: ``tests.zoo.crashes.targets:NAME``."""

from __future__ import annotations

from functools import partial

from conformance.backend import Backend, Capability
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from tests.zoo.crashes.storages import CacheOn, LogOn
from tests.zoo.crashes.table import BROKEN, LOG, RIGHT, Broken, Right

PROMISES = frozenset(
    {
        Capability.REOPEN,
        Capability.PROCESS_KILL,
        Capability.POWER_LOSS,
        Capability.EXACT_MESSAGES,
    }
)
CASES: dict[str, Broken | Right] = {case.name: case for case in (*BROKEN, *RIGHT)}


def backend_of(case: Broken | Right) -> Backend:
    """Return the log or the cache of a case, which promises to survive every crash."""
    if case.component == LOG:
        return Backend(
            case.name,
            agreement_wal=partial(LogOn, case.storage),
            agreement_wal_handler=AgreementWalHandler,
            capabilities=PROMISES,
        )
    return Backend(
        case.name,
        evidence_cache=partial(CacheOn, case.storage),
        evidence_handler=EvidencePersistenceHandler,
        capabilities=PROMISES - {Capability.EXACT_MESSAGES},
    )


def __getattr__(name: str) -> Backend:
    try:
        return backend_of(CASES[name])
    except KeyError:
        raise AttributeError(name) from None
