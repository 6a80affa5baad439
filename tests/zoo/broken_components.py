"""One broken backend for each suite, beside a good one and one that is broken in another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from conformance.backend import Backend, Capability
from conformance.engine.suite import Suite
from conformance.machines.registry import SUITES
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.model.recovery import DurableRecoveryPlan
from tests.zoo.broken_caches import BROKEN_CACHES, ListCache
from tests.zoo.broken_codecs import BROKEN_CODECS, CorrectCodec
from tests.zoo.broken_directed_handlers import (
    BROKEN_DIRECTED_EVIDENCE_HANDLERS,
    BROKEN_DIRECTED_WAL_HANDLERS,
)
from tests.zoo.broken_evidence_handlers import BROKEN_EVIDENCE_HANDLERS
from tests.zoo.broken_identities import BROKEN_IDENTITIES
from tests.zoo.broken_recoveries import BROKEN_RECOVERIES
from tests.zoo.broken_wal_handlers import BROKEN_WAL_HANDLERS
from tests.zoo.broken_wals import Deduplicates, DropsEveryThird, ListWal

__all__ = ["CASES", "Case"]


@dataclass(frozen=True, eq=False)
class Case:
    """What a suite finds wrong with one backend, and how others do with the same acts."""

    suite: Suite
    requirement_id: str
    broken: Backend
    good: Backend
    other: Backend

    @property
    def without(self) -> Backend:
        """A backend that does not have the component."""
        return replace(self.good, **{self.suite.component: None})  # type: ignore[arg-type]


def _raising(*arguments: Any) -> NoReturn:
    raise KeyError("broken in another way")


# Of no signature, so that it can stand for every method.
_fails: Any = _raising


class _FailingWalHandler(AgreementWalHandler):
    wal_sync = handle_effect = handle_send = handle_recv = handle_choose = step = _fails


class _FailingEvidenceHandler(EvidencePersistenceHandler):
    handle_effect = handle_send = handle_recv = handle_choose = step = handle_acquire = _fails


class _FailingCodec(CorrectCodec):
    encode = decode = _fails


class _FailingWal(ListWal):
    append = read_since = _fails


class _FailingCache(ListCache):
    put = get = _fails


def _named(rows: Sequence[tuple[str, Any, str]], name: str) -> Any:
    return next(made for known, made, _ in rows if known == name)


def _case(
    suite_name: str, requirement_id: str, broken: Any, good: Any, other: Any, **promises: Any
) -> Case:
    suite = next(suite for suite in SUITES if suite.name == suite_name)

    def backend(name: str, component: Any) -> Backend:
        return Backend(name, **{suite.component: component}, **promises)

    backends = (backend("broken", broken), backend("good", good), backend("other", other))
    return Case(suite, requirement_id, *backends)


def _on_a_directory(kind: Callable[[], Any]) -> Callable[[Any], Any]:
    return lambda directory: kind()


_ORDERED = frozenset({Capability.ORDERED_CACHE})

CASES = (
    _case(
        "agreement WAL",
        "WAL-02",
        _on_a_directory(Deduplicates),
        _on_a_directory(ListWal),
        _on_a_directory(_FailingWal),
    ),
    _case(
        "agreement WAL",
        "WAL-01",
        _on_a_directory(DropsEveryThird),
        _on_a_directory(ListWal),
        _on_a_directory(_FailingWal),
    ),
    _case(
        "evidence cache",
        "CACHE-04",
        _named(BROKEN_CACHES, "put keeps the old position"),
        ListCache,
        _FailingCache,
        capabilities=_ORDERED,
    ),
    _case(
        "agreement WAL handler",
        "SYNC-09",
        _named(BROKEN_WAL_HANDLERS, "goes on after an error"),
        AgreementWalHandler,
        _FailingWalHandler,
    ),
    _case(
        "agreement WAL handler",
        "SYNC-12",
        _named(BROKEN_WAL_HANDLERS, "does not look at metadata"),
        AgreementWalHandler,
        _FailingWalHandler,
    ),
    _case(
        "agreement WAL handler surface",
        "SYNC-13",
        _named(BROKEN_WAL_HANDLERS, "does not forward step"),
        AgreementWalHandler,
        _FailingWalHandler,
    ),
    _case(
        "agreement WAL handler, directed cases",
        "SYNC-05",
        _named(BROKEN_DIRECTED_WAL_HANDLERS, "compares identities in any case"),
        AgreementWalHandler,
        _FailingWalHandler,
    ),
    _case(
        "evidence handler, directed cases",
        "EVID-03",
        _named(BROKEN_DIRECTED_EVIDENCE_HANDLERS, "looks up stripped ids"),
        EvidencePersistenceHandler,
        _FailingEvidenceHandler,
    ),
    _case(
        "evidence handler",
        "EVID-06",
        _named(BROKEN_EVIDENCE_HANDLERS, "hides a failed put"),
        EvidencePersistenceHandler,
        _FailingEvidenceHandler,
    ),
    _case(
        "evidence handler surface",
        "EVID-09",
        _named(BROKEN_EVIDENCE_HANDLERS, "forwards acquire"),
        EvidencePersistenceHandler,
        _FailingEvidenceHandler,
    ),
    _case(
        "recovery",
        "RECOV-04",
        _named(BROKEN_RECOVERIES, "gate ignored"),
        DurableRecoveryPlan.from_checkpoint,
        _fails,
    ),
    _case(
        "codec",
        "WIRE-07",
        _named(BROKEN_CODECS, "release with a field"),
        CorrectCodec(),
        _FailingCodec(),
    ),
    _case(
        "codec",
        "DEC-15",
        _named(BROKEN_CODECS, "accepts negative numbers"),
        CorrectCodec(),
        _FailingCodec(),
    ),
    _case(
        "codec",
        "DEC-27",
        _named(BROKEN_CODECS, "limit off by one"),
        CorrectCodec(),
        _FailingCodec(),
    ),
    _case(
        "identities",
        "ENT-02",
        dict(BROKEN_IDENTITIES)["without the tick"],
        lambda entry: entry.stable_identity(),
        _fails,
    ),
)
