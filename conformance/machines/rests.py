"""A while in which nothing is asked: what was stored has no age at which it goes.

A store that was configured for messages, sessions or a cache of pages drops what is old: by a time
to live, by a retention of its streams, by a connection that is closed when it is idle. Nothing that
is looked at right after it was stored shows that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import Act, act, act_forms
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptSuite
from conformance.machines.long_caches import cache_groups, plain_puts
from conformance.machines.long_logs import log_groups, plain_appends
from conformance.machines.scripted_cache import (
    LOAD as LOAD_CACHE,
)
from conformance.machines.scripted_cache import (
    REOPEN as REOPEN_CACHE,
)
from conformance.machines.scripted_cache import (
    SCRIPTED_CACHE_IDS,
    ScriptedCache,
    get_act,
    put_act,
)
from conformance.machines.scripted_log import (
    LOAD,
    REOPEN,
    SCRIPTED_LOG_IDS,
    ScriptedLog,
    append_act,
    read_act,
)
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["RESTED_CACHE_SUITE", "RESTED_LOG_SUITE"]

RESTED_LOG: Final = "log looked at after a while in which nothing was asked of it"
RESTED_CACHE: Final = "cache looked at after a while in which nothing was asked of it"
_NAMES: Final = ("a", "b", "c", "d")
_REFUSALS: Final = ("WAL-03", "WAL-03.text", "WAL-04")
# Who waits for a verdict takes a longer silence for a run that hangs.
_MILLISECONDS_MAX: Final = 50_000


def _rest(milliseconds: int, note: Callable[[str, str], None]) -> None:
    seconds = min(max(milliseconds, 0), _MILLISECONDS_MAX) / 1_000
    time.sleep(seconds)
    note(f"ask nothing for {seconds:g} s", "ok")


class RestedLog(ScriptedLog):
    """A log that is left alone for a while."""

    @act("rest")
    def rest(self, milliseconds: int) -> None:
        """Ask nothing."""
        _rest(milliseconds, self.history.note)


class RestedCache(ScriptedCache):
    """A cache that is left alone for a while."""

    @act("rest")
    def rest(self, milliseconds: int) -> None:
        """Ask nothing."""
        _rest(milliseconds, self.history.note)


_REST_LOG: Final = act_forms(RestedLog)["rest"]
_REST_CACHE: Final = act_forms(RestedCache)["rest"]


def _log_scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    *first, last = [
        VisibilityGateCrossing(name, name, AgreementLevel.NONE, tick)
        for tick, name in enumerate(_NAMES, 1)
    ]
    rest = _REST_LOG.acted(milliseconds=budget.rest_milliseconds)
    # A connection that was idle may be closed, so something is stored after the look too; and a
    # handle may remember what its store does not.
    ending: tuple[Act, ...] = (LOAD, read_act(0), LOAD, append_act(last), LOAD)
    if Capability.REOPEN in backend.capabilities:
        ending += (REOPEN, LOAD)
    yield Script("log at rest", RESTED_LOG, (*map(append_act, first), rest), ending)


def _cache_scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    *first, last = [
        EvidenceOutcomeCacheEntry(name, "i", f"put {index}", EffectOutcome.blocked())
        for index, name in enumerate(_NAMES)
    ]
    rest = _REST_CACHE.acted(milliseconds=budget.rest_milliseconds)
    looks: list[Act] = [*map(get_act, _NAMES), LOAD_CACHE]
    ending = [*looks, put_act(last), *looks]
    if Capability.REOPEN in backend.capabilities:
        ending += [REOPEN_CACHE, *looks]
    yield Script("cache at rest", RESTED_CACHE, (*map(put_act, first), rest), tuple(ending))


RESTED_LOG_SUITE: Final = ScriptSuite(
    name="agreement WAL, left alone",
    part=RestedLog,
    scripts=_log_scripts,
    # Nothing that has to be refused is offered.
    requirement_ids=tuple([each for each in SCRIPTED_LOG_IDS if each not in _REFUSALS]),
    further_ids=_REFUSALS,
    situations={RESTED_LOG: ("WAL-01",)},
    present=lambda backend: backend.agreement_wal is not None,
    plainer=plain_appends,
    group_of=log_groups,
)

RESTED_CACHE_SUITE: Final = ScriptSuite(
    name="evidence cache, left alone",
    part=RestedCache,
    scripts=_cache_scripts,
    requirement_ids=SCRIPTED_CACHE_IDS,
    situations={RESTED_CACHE: ("CACHE-02",)},
    present=lambda backend: backend.evidence_cache is not None,
    plainer=plain_puts,
    group_of=cache_groups,
)
