"""What an evidence handler that mends findings is held to, in place of the specified rule.

Such a handler may keep what it likes in the cache besides what has to be there,
and under other keys (F21). So it is judged by what it answers, by when the inner
handler runs, and by the successes that it has to store: never by the order of
its calls of the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from conformance.engine.session import History, Raised, Returned
from conformance.machines.evidence_expectation import (
    BLOCKED,
    FAILED,
    GET_FAULT,
    HIT,
    ILLEGAL_HIT,
    MISS,
    OTHER_NAMES,
    PUT_FAULT,
    PUT_FAULT_STORED,
)
from conformance.machines.evidence_probes import answer_text, shown_outcome, unavailable
from conformance.machines.probes import ProbeCache
from strategies.faults import CallFault
from telltale_spec.model.repetition import is_repeatable, may_have_happened
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    BlockedStatus,
    EffectFailureKind,
    EffectOutcome,
    FailureStatus,
)
from telltale_spec.wire.requests import EffectRequest, WalSyncBody

__all__ = ["MENDED_BY_BEHAVIOUR", "Handled", "Memory", "Ruling", "check_mended", "memory_of"]

MENDED_BY_BEHAVIOUR: Final = frozenset({"F11", "F21", "F22", "F29"})
"""The findings of which one, if declared, makes a handler be judged by this rule."""

_Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Handled:
    """One request and everything that came of it; ``outcome`` is the inner handler's."""

    request: EffectRequest
    evidence_id: str
    outcome: EffectOutcome
    fault: CallFault | None
    inner_count: int
    cache: ProbeCache
    answer: Returned | Raised

    @property
    def answered(self) -> EffectOutcome | None:
        """The answer, if it is an outcome."""
        value = self.answer.value if isinstance(self.answer, Returned) else None
        return value if isinstance(value, EffectOutcome) else None

    @property
    def get_error(self) -> str | None:
        """What the cache said when it could not be read."""
        errors = [str(call.error) for call in self.cache.calls_of("get") if call.error is not None]
        return errors[0] if errors else None

    @property
    def puts(self) -> list[EvidenceOutcomeCacheEntry]:
        """What was put without an error."""
        return [call.argument for call in self.cache.calls_of("put") if call.error is None]

    @property
    def put_failed(self) -> bool:
        """Whether a put failed."""
        return any(call.error is not None for call in self.cache.calls_of("put"))

    @property
    def failure_kind(self) -> EffectFailureKind | None:
        """The kind of failure that was answered."""
        status = None if self.answered is None else self.answered.status
        return status.failure.kind if isinstance(status, FailureStatus) else None


@dataclass(frozen=True)
class Ruling:
    """One check of a request: which requirement it is of, and whether it holds."""

    requirement_id: str
    holds: bool
    expected: str
    actual: str


@dataclass
class Memory:
    """What is known of each effect: an outcome that was stored, or that it may have happened.

    ``open_keys`` are effects of which either may be so, since a put that failed may
    have been stored.
    """

    mends: frozenset[str]
    stored: dict[_Key, EffectOutcome] = field(default_factory=dict)
    doubtful: dict[_Key, EffectOutcome] = field(default_factory=dict)
    open_keys: dict[_Key, EffectOutcome] = field(default_factory=dict)
    variants: dict[_Key, str] = field(default_factory=dict)

    def key_of(self, request: EffectRequest, evidence_id: str) -> _Key:
        """Return what tells one effect from another."""
        if "F21" not in self.mends:
            return (evidence_id,)
        names = request.metadata
        return (evidence_id, names.interface_name, names.operation_name)

    def notes_foreign(self, entry: EvidenceOutcomeCacheEntry) -> bool:
        """Remember what somebody else stored; say whether the handler has to answer with it.

        It need not where it takes no such outcome for the last one. Where it has keys of its own
        (F21), what it has kept of the id may be what is overwritten, and nobody knows any more.
        """
        if "F21" in self.mends:
            known = (*self.stored, *self.doubtful, *self.open_keys)
            return all(key[0] != entry.evidence_id for key in known)
        if "F11" in self.mends and not entry.outcome.status.is_success:
            return False
        key = (entry.evidence_id,)
        self.stored[key] = entry.outcome
        self.doubtful.pop(key, None)
        self.open_keys.pop(key, None)
        return True

    def rule(self, handled: Handled) -> Iterator[Ruling]:
        """Yield the checks of one request, and remember what came of it."""
        request = handled.request
        key = self.key_of(request, handled.evidence_id)
        if "F22" in self.mends and isinstance(request.body, WalSyncBody):
            yield from _sync(handled)
            return
        if handled.get_error is not None:
            message = f"load evidence outcome cache `{handled.evidence_id}`: {handled.get_error}"
            yield _ran("EVID-04", handled, 0)
            yield _answered("EVID-04", handled, unavailable(message))
            return
        found = self.stored.get(key)
        same_body = self.variants.get(key) == request.body.variant_name
        if found is not None and (same_body or "F21" not in self.mends or not handled.inner_count):
            yield _ran("EVID-03", handled, 0)
            yield _answered("EVID-03", handled, found)
            return
        if key in self.doubtful and not is_repeatable(request):
            yield _ran("EVID-06", handled, 0)
            yield _told(handled, self.doubtful[key])
            return
        if key in self.open_keys and not handled.inner_count:
            yield _told(handled, self.open_keys[key])
            return
        yield from self._fresh(handled, key)

    def _fresh(self, handled: Handled, key: _Key) -> Iterator[Ruling]:
        self.open_keys.pop(key, None)
        self.variants[key] = handled.request.body.variant_name
        fault_stored = handled.fault is not None and handled.fault.stored
        if handled.put_failed:
            # Before the effect it is a note that could not be made, behind it the outcome.
            may_run = (0, 1) if "F29" in self.mends else (1,)
            yield Ruling(
                "EVID-06",
                handled.inner_count in may_run
                and handled.failure_kind is EffectFailureKind.UNAVAILABLE,
                "an unavailable failure, since the cache cannot be written",
                f"{answer_text(handled.answer)}, the inner handler asked "
                f"{handled.inner_count} times",
            )
            if "F29" in self.mends and handled.inner_count and may_have_happened(handled.outcome):
                self.doubtful[key] = handled.outcome
            elif fault_stored or "F29" in self.mends:
                self.open_keys[key] = handled.outcome
            return
        # Who answers with what another effect has left is blamed for the look-up.
        others = any(each[0] == key[0] for each in self.stored)
        blamed = "EVID-03" if "F21" in self.mends and others else "EVID-05"
        yield _ran(blamed, handled, 1)
        yield _answered(blamed, handled, handled.outcome)
        if handled.outcome.status.is_success or "F11" not in self.mends:
            yield self._is_stored(handled)
            self.stored[key] = handled.outcome
        elif "F29" in self.mends and may_have_happened(handled.outcome):
            self.open_keys[key] = handled.outcome

    def _is_stored(self, handled: Handled) -> Ruling:
        names = handled.request.metadata
        wanted = EvidenceOutcomeCacheEntry(
            handled.evidence_id, names.interface_name, names.operation_name, handled.outcome
        )
        last = handled.puts[-1] if handled.puts else None
        same = last == wanted or (
            "F21" in self.mends
            and last is not None
            and (last.interface_name, last.operation_name, last.outcome)
            == (wanted.interface_name, wanted.operation_name, wanted.outcome)
        )
        return Ruling(
            "EVID-05",
            same,
            f"the outcome stored with its names: {shown_outcome(handled.outcome)}",
            "nothing stored" if last is None else f"stored: {last!r}",
        )


def memory_of(mends: frozenset[str]) -> Memory | None:
    """Return an empty memory for a handler that mends what changes how requests are judged."""
    changing = mends & MENDED_BY_BEHAVIOUR
    return Memory(changing) if changing else None


def _situations(
    requirement_id: str, handled: Handled, known: EvidenceOutcomeCacheEntry | None
) -> tuple[str, ...]:
    """Return the situations that one request was; ``known`` is a success stored under its id."""
    metadata = handled.request.metadata
    if known is not None and known.operation_name != metadata.operation_name:
        other: tuple[str, ...] = (OTHER_NAMES,)
    else:
        other = ()
    match requirement_id:
        case "EVID-03" if not handled.inner_count:
            illegal = () if metadata.architecturally_legal else (ILLEGAL_HIT,)
            return (HIT, *illegal, *other)
        case "EVID-04":
            return (GET_FAULT,)
        case "EVID-06":
            stored = handled.fault is not None and handled.fault.stored
            failed = (PUT_FAULT_STORED if stored else PUT_FAULT,) if handled.put_failed else ()
            return (*failed, *other)
        case _:
            status = handled.outcome.status
            blocked = (BLOCKED,) if isinstance(status, BlockedStatus) else ()
            failure = (FAILED,) if isinstance(status, FailureStatus) else ()
            return (MISS, *blocked, *failure, *other)


def check_mended(
    history: History,
    memory: Memory,
    handled: Handled,
    stored: dict[str, EvidenceOutcomeCacheEntry],
) -> str:
    """Judge a request by the rule of a handler that mends findings; return what it was about.

    ``stored`` gets the success that the handler has stored, under the id that was asked for.
    """
    rulings = list(memory.rule(handled))
    about = rulings[0].requirement_id
    for situation in _situations(about, handled, stored.get(handled.evidence_id)):
        history.reach(situation)
    for ruling in rulings:
        history.check(ruling.requirement_id, ruling.holds, ruling.expected, ruling.actual)
    history.check("WAL-09", True, "", "")
    for put in handled.puts:
        # What the handler keeps for itself is no success and none of our ids.
        if put.outcome.status.is_success:
            stored[handled.evidence_id] = put
    return about


def _sync(handled: Handled) -> Iterator[Ruling]:
    if handled.get_error is not None:
        # Who looks in vain may say so; what must not be is a success of nobody.
        yield Ruling(
            "EVID-05",
            handled.inner_count == 1 or handled.failure_kind is not None,
            "the sync carried out, or a failure",
            answer_text(handled.answer),
        )
        return
    yield _ran("EVID-05", handled, 1)
    yield _answered("EVID-05", handled, handled.outcome)
    yield Ruling(
        "EVID-05",
        not handled.cache.calls_of("put"),
        "nothing stored of a sync",
        f"{len(handled.cache.calls_of('put'))} puts",
    )


def _ran(requirement_id: str, handled: Handled, count: int) -> Ruling:
    return Ruling(
        requirement_id,
        handled.inner_count == count,
        f"the inner handler asked {'once' if count else 'not at all'}",
        f"the inner handler asked {handled.inner_count} times",
    )


def _answered(requirement_id: str, handled: Handled, outcome: EffectOutcome) -> Ruling:
    return Ruling(
        requirement_id,
        handled.answered == outcome,
        shown_outcome(outcome),
        answer_text(handled.answer),
    )


def _told(handled: Handled, ran: EffectOutcome) -> Ruling:
    """Of what may have happened, a failure is told, or the outcome of the one run."""
    return Ruling(
        "EVID-06",
        handled.failure_kind is not None or handled.answered == ran,
        f"a failure, as the effect may have happened, or {shown_outcome(ran)}",
        answer_text(handled.answer),
    )
