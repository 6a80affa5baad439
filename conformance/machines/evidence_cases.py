"""The directed cases of an evidence handler, as scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from conformance.engine.acts import Act
from conformance.engine.scripts import ActMaker, Script, ScriptedPart
from conformance.machines.confusable_texts import few_texts, odd_messages, text_groups
from conformance.machines.evidence_helpers import HELPERS
from conformance.machines.evidence_material import every_outcome, every_request, outcome_number
from strategies.faults import BackendCall, CallFault
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.requests import EffectRequest, InvokeStepBody

__all__ = [
    "CHANGED",
    "ERRORS",
    "FAILED_PUTS",
    "FAILURES",
    "IDS",
    "MANY",
    "NAMES",
    "OUTCOMES",
    "REQUESTS",
    "scripts",
]

IDS: Final = "ids that are easily confused handled one after the other"
MANY: Final = "more ids than anybody remembers"
OUTCOMES: Final = "every status, response and kind of failure stored and answered again"
FAILED_PUTS: Final = "put that fails for every status, response and kind of failure"
REQUESTS: Final = "every body, envelope and metadata, stored, answered and without an id"
ERRORS: Final = "errors of the cache with odd texts, for odd ids"
FAILURES: Final = "many failures of the cache in a row, and then none"
NAMES: Final = "inner handlers of an evidence handler with odd names"
CHANGED: Final = "cache that changes behind the handler's back"

_REQUEST: Final = EffectRequest.of(InvokeStepBody("t", ()), session=1)
_OTHER: Final = EffectOutcome.blocked()
_MANY: Final = 300
_ERRORS_EACH: Final = 12
# More than what those who try again, or stop trying, are set to.
_FAILURES: Final = 12


class _Acts(ActMaker):
    """Makes acts of an evidence handler."""

    def handle(
        self,
        evidence_id: str | None,
        outcome: EffectOutcome,
        request: EffectRequest = _REQUEST,
        fault: CallFault | None = None,
    ) -> Act:
        return self("handle_effect", request, evidence_id, outcome, fault)


def scripts(part: type[ScriptedPart]) -> Iterator[Script]:
    """Yield every script, as acts of a part that has those of the random machine."""
    act = _Acts(part)
    yield from _outcomes(act)
    yield from _requests(act)
    yield from _ids(act)
    yield from _errors(act)
    yield from _failures(act)
    yield from _helpers(act)
    yield from _names(act)
    yield from _changed(act)
    yield _many(act)


def _ids(act: _Acts) -> Iterator[Script]:
    """Store an outcome of its own for each id, and ask for every one again, by both ways."""
    for name, group in text_groups().items():
        for order, texts in (("", group), (", turned round", group[::-1])):
            acts = [act.handle(text, outcome_number(n)) for n, text in enumerate(texts)]
            acts += [act.handle(text, _OTHER) for text in texts]
            acts += [act("cached_outcome", text) for text in texts]
            yield Script(f"evidence ids: {name}{order}", IDS, (*acts, act("cache_snapshot")))


def _many(act: _Acts) -> Script:
    ids = [f"id-{number}" for number in range(_MANY)]
    acts = [act.handle(each, outcome_number(number)) for number, each in enumerate(ids)]
    again = [act.handle(each, _OTHER) for each in ids]
    return Script("many ids", MANY, (*acts, *again, act("cache_snapshot")))


def _outcomes(act: _Acts) -> Iterator[Script]:
    for number, outcome in enumerate(every_outcome()):
        acts = [
            act.handle("e", outcome),
            act.handle("e", outcome_number(number)),
            act("cached_outcome", "e"),
            act.handle(None, outcome),
            act("restart", plain=number % 2 == 0),
            act.handle("e", outcome_number(number)),
            act("cache_snapshot"),
        ]
        yield Script(f"outcome {number}", OUTCOMES, tuple(acts))
        for stored in (False, True):
            fault = CallFault(BackendCall.PUT, 0, stored)
            failing = act.handle("e", outcome, fault=fault)
            acts = [failing, act("cached_outcome", "e"), act.handle("e", _OTHER), failing]
            kept = " kept" if stored else ""
            yield Script(f"outcome {number} put in vain{kept}", FAILED_PUTS, tuple(acts))


def _requests(act: _Acts) -> Iterator[Script]:
    for number, request in enumerate(every_request()):
        acts = [
            act.handle(None, outcome_number(number), request),
            act.handle("e", outcome_number(number), request),
            act.handle("e", _OTHER, request),
            act.handle("e", _OTHER, _REQUEST),
            act.handle("f", outcome_number(number)),
            act.handle("f", _OTHER, request),
            act.handle("g", _OTHER, request, CallFault(BackendCall.GET, 0)),
            act.handle("g", _OTHER, request, CallFault(BackendCall.PUT, 0)),
        ]
        yield Script(f"request {number}", REQUESTS, tuple(acts))


def _errors(act: _Acts) -> Iterator[Script]:
    acts: list[Act] = []
    for number, text in enumerate((*odd_messages(), "x" * 1_000)):
        for name, message in ((text, "disk full"), (f"e{number}", text), (f"{text}'", text)):
            failed = CallFault(BackendCall.GET, 0, False, message)
            put = CallFault(BackendCall.PUT, 0, number % 2 == 0, message)
            acts += [act.handle(name, _OTHER, fault=failed), act.handle(name, _OTHER, fault=put)]
        # A bare error has to have a text.
        bare = f"<{text}>"
        acts.append(act("cached_outcome", text, CallFault(BackendCall.GET, 0, False, bare)))
        acts.append(act("cache_snapshot", CallFault(BackendCall.LOAD, 0, False, bare)))
    for number, start in enumerate(range(0, len(acts), _ERRORS_EACH)):
        yield Script(f"odd errors {number}", ERRORS, tuple(acts[start : start + _ERRORS_EACH]))


def _failures(act: _Acts) -> Iterator[Script]:
    """Let one call of the cache fail in request after request, and then let all be well."""
    for call in (BackendCall.GET, BackendCall.PUT):
        failing = [
            act.handle(f"e{number}", outcome_number(number), fault=CallFault(call, 0))
            for number in range(_FAILURES)
        ]
        well = [
            act.handle(each, outcome_number(number))
            for number, each in enumerate(("e0", "e0", "f", f"e{_FAILURES - 1}"), _FAILURES)
        ]
        acts = (*failing, *well, act("cached_outcome", "f"), act("cache_snapshot"))
        yield Script(f"failures of {call.value}", FAILURES, acts)
    reads = [act("cached_outcome", "e", CallFault(BackendCall.GET, 0))] * _FAILURES
    loads = [act("cache_snapshot", CallFault(BackendCall.LOAD, 0))] * _FAILURES
    well = [act("cached_outcome", "e"), act("cache_snapshot"), act.handle("e", _OTHER)]
    yield Script("failures of reads", FAILURES, (*reads, *well, *loads, *well))


def _helpers(act: _Acts) -> Iterator[Script]:
    """Call each method that is forwarded between two requests: what is cached stays so."""
    for method in HELPERS:
        acts = (
            act.handle("e", outcome_number(1)),
            act("call_helper", method),
            act.handle("e", outcome_number(2)),
            act.handle("f", outcome_number(3)),
            act("call_helper", method),
            act.handle("f", _OTHER),
            act("cache_snapshot"),
        )
        yield Script(f"{method} between requests", CHANGED, acts)


def _names(act: _Acts) -> Iterator[Script]:
    brackets = ("a<b>", "agreement_wal<a>", "evidence_persistence<a>", "<", ">", "<>", "a>")
    for number, name in enumerate((*few_texts(), *brackets, "x" * 300)):
        restart = act("restart", plain=number % 2 == 0, identity=name)
        yield Script(f"odd name {number}", NAMES, (restart, act.handle("e", _OTHER)))


def _changed(act: _Acts) -> Iterator[Script]:
    """Change what is cached without the handler; what the cache says now is what counts."""
    first, second, third = map(outcome_number, range(3))
    entry = EvidenceOutcomeCacheEntry("e", "i", "o", second)
    foreign = act("put_foreign", entry)
    again = (act.handle("e", third), act("cached_outcome", "e"), act("cache_snapshot"))
    wanted = {
        "put before": (foreign, *again),
        "replaced": (act.handle("e", first), *again, foreign, *again),
        "replaced twice": (
            act.handle("e", first),
            foreign,
            *again,
            act("put_foreign", replace(entry, outcome=_OTHER)),
            *again,
        ),
        "looked up before": (act("cached_outcome", "e"), foreign, *again),
        "loaded before": (act("cache_snapshot"), foreign, *again),
        "blocked before": (act.handle("e", _OTHER), *again, foreign, *again),
        "lookup failed before": (
            act.handle("e", first, fault=CallFault(BackendCall.GET, 0)),
            act.handle("e", second),
            *again,
        ),
        "put failed before": (
            act.handle("e", first, fault=CallFault(BackendCall.PUT, 0)),
            act.handle("e", second),
            *again,
        ),
        "other handler before": (
            act.handle("e", first),
            act("restart", plain=True),
            foreign,
            *again,
        ),
    }
    for name, acts in wanted.items():
        yield Script(f"cache changed: {name}", CHANGED, acts)
