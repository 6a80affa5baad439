"""Outcomes that a cache easily takes for each other or changes: of every kind, size and place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Final

from conformance.machines.confusable_texts import (
    LARGE_LENGTHS,
    MANY_NUMBERS,
    NUMBERS,
    PAIRED_TEXTS,
    texts_of_length,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    BlockedStatus,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResponse,
    FailureStatus,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    SuccessStatus,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.values import (
    NANOSECONDS_MAX,
    BoolValue,
    Corrupt,
    CorruptionType,
    Crash,
    Defer,
    Deliver,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    Heal,
    NatValue,
    OutputConditionHint,
    Partition,
    ProdValue,
    StrValue,
    Timeout,
    TopologyPerturbation,
    UnitValue,
    Value,
)

__all__ = [
    "acquired",
    "confusable_values",
    "deep_outcomes",
    "nearly_equal_entries",
    "numeric_outcomes",
    "outcomes_of_every_kind",
    "outcomes_with_large_texts",
    "outcomes_with_lists",
    "outcomes_with_values_in_every_place",
    "succeeded",
]

_UNIT: Final = UnitValue()
# How many values stand in one outcome: few, so that a reader finds the one that is wrong.
_BATCH: Final = 6
# Names in which what is written between two of them, or between a name and a number, comes up.
_SEPARATED: Final = (
    *("a@b", "a@1", "1@a", "@", "a:1", "1:a", "a/b", "a#1", "a->b", "a,b", "a|b", "a b", "a.b"),
    *("a=b", "a;b", "(a)", "a(1)", "[1]a"),
)
_LONG_TEXTS: Final = (300, 5_000, 20_000)
_DEPTHS: Final = (8, 33, 60)


def succeeded(response: EffectResponse) -> EffectOutcome:
    """Return the outcome of a success with a response."""
    return EffectOutcome.success(response)


def acquired(value: Value) -> EffectOutcome:
    """Return an outcome that holds one value."""
    return succeeded(AcquireResponse(value))


def numeric_outcomes() -> Iterator[EffectOutcome]:
    """Yield outcomes with numbers of every size, one after the other."""
    yield from (acquired(NatValue(number)) for number in MANY_NUMBERS)
    for number in NUMBERS:
        yield acquired(_endpoint(number))
    seconds = (0, 1, *NUMBERS[-3:])
    for secs in seconds:
        for nanos in (0, 1, NANOSECONDS_MAX):
            event = Timeout("s", Duration(secs, nanos))
            yield succeeded(TopologyEventsResponse((event,)))


def confusable_values() -> Iterator[Value]:
    """Yield values that one careless conversion makes equal."""
    yield from (_UNIT, BoolValue(False), BoolValue(True), NatValue(0), NatValue(1))
    yield from (StrValue(text) for text in ("", "0", "1", "true", "false", "null", "Unit", "1.0"))
    yield ProdValue(_UNIT, _UNIT)
    yield from (ProdValue(NatValue(a), NatValue(b)) for a, b in ((1, 2), (2, 1), (1, 1)))
    yield from (ProdValue(StrValue(a), StrValue(b)) for a, b in (("a", "b"), ("b", "a")))
    yield ProdValue(NatValue(1), StrValue("1"))
    yield ProdValue(StrValue("1"), NatValue(1))
    yield ProdValue(ProdValue(_UNIT, NatValue(1)), NatValue(2))
    yield ProdValue(_UNIT, ProdValue(NatValue(1), NatValue(2)))
    yield EndpointValue(Endpoint(0, ""))


def _events() -> Iterator[TopologyPerturbation]:
    yield from (Crash(""), Crash("a"), Partition("a", "b"), Partition("b", "a"), Heal("a", "b"))
    yield from (Heal("b", "a"), Heal("a", "a"), Partition("a", "a"), Heal("", ""), Crash("a"))
    yield from (Corrupt("a", "b", each) for each in CorruptionType)


def _separated_events() -> Iterator[TopologyPerturbation]:
    """Yield events of names that make the same text once they are put together carelessly."""
    for first, second in (*PAIRED_TEXTS, *(("a->b", "c"), ("a", "b->c"), ("a@b", "c"))):
        yield Partition(first, second)
        yield Corrupt(first, second, CorruptionType.BIT_FLIP)


def _responses() -> Iterator[EffectResponse]:
    yield from (ReleaseResponse(), WalSyncResponse(), ChooseResponse(""), ChooseResponse("a"))
    yield from (SendDecisionResponse(each) for each in (Drop(), Defer(), Deliver(_UNIT)))
    yield from map(AcquireResponse, confusable_values())
    several: tuple[tuple[Value, ...], ...] = (
        (),
        (_UNIT,),
        (_UNIT, _UNIT),
        (NatValue(1), NatValue(2)),
        (NatValue(2), NatValue(1)),
        (ProdValue(NatValue(1), NatValue(2)),),
    )
    for state in several:
        yield ReceiveResponse(state)
        yield InvokeStepResponse(state)
    yield TopologyEventsResponse(())
    yield TopologyEventsResponse(tuple(_events()))
    yield TopologyEventsResponse((Crash("s"), Crash("s"), Heal("a", "b"), Crash("s")))
    yield from (TopologyEventsResponse((each,)) for each in _events())
    yield TopologyEventsResponse(tuple(_separated_events()))
    yield OutputConditionHintResponse(None)
    for witness in (None, "", "-", "null"):
        yield OutputConditionHintResponse(OutputConditionHint("p", witness))


def outcomes_of_every_kind() -> Iterator[EffectOutcome]:
    """Yield every status with every response, and what is easily taken for it."""
    for response in (None, ReleaseResponse(), AcquireResponse(_UNIT)):
        yield EffectOutcome(SuccessStatus(), response)
        yield EffectOutcome(BlockedStatus(), response)
        failure = FailureStatus(EffectFailure(EffectFailureKind.DENIED, ""))
        yield EffectOutcome(failure, response)
    for kind in EffectFailureKind:
        yield from (EffectOutcome.failed(EffectFailure(kind, text)) for text in ("m", "", "null"))
    yield from map(succeeded, _responses())


def outcomes_with_lists() -> Iterator[EffectOutcome]:
    """Yield outcomes with lists of lengths at which formats and stores change."""
    for length in (15, 16, 23, 24, 25, 99, 100, 101, 127, 128, 255, 256, 257, 1_024):
        yield succeeded(ReceiveResponse(tuple(map(NatValue, range(length)))))
        yield succeeded(TopologyEventsResponse(tuple(Crash(f"s{each}") for each in range(length))))


def deep_outcomes() -> Iterator[EffectOutcome]:
    """Yield outcomes of pairs inside of pairs, to either side, each level with a number of its own.

    They are no deeper than every reader has to follow (DEC-28).
    """
    for depth in _DEPTHS:
        numbers: list[Value] = [NatValue(number) for number in range(1, depth + 1)]
        yield acquired(reduce(ProdValue, numbers))
        yield acquired(reduce(lambda inner, each: ProdValue(each, inner), numbers))


def outcomes_with_large_texts() -> Iterator[EffectOutcome]:
    """Yield outcomes with texts of lengths at which stores begin another page."""
    for length in LARGE_LENGTHS:
        for text in texts_of_length(length):
            yield acquired(StrValue(text))
            yield succeeded(ChooseResponse(text))
            yield EffectOutcome.failed(EffectFailure(EffectFailureKind.UNKNOWN, text))


def outcomes_with_values_in_every_place() -> Iterator[EffectOutcome]:
    """Yield outcomes with every value in every place that values have, some in each outcome."""
    endpoints = [EndpointValue(Endpoint(sid, role)) for sid in (1, 2) for role in ("a", "b", "")]
    numbers = [value for number in NUMBERS for value in (NatValue(number), _endpoint(number))]
    separated = [EndpointValue(Endpoint(2, role)) for role in _SEPARATED]
    values = [*confusable_values(), *endpoints, *separated, *numbers]
    # Some stores keep long texts elsewhere, and one of an outcome's two may take the other's place.
    long = [tuple(map(StrValue, texts_of_length(length))) for length in _LONG_TEXTS]
    values += [value for pair in long for value in pair]
    for batch in (tuple(values[begin : begin + _BATCH]) for begin in range(0, len(values), _BATCH)):
        yield succeeded(ReceiveResponse(batch))
        yield succeeded(InvokeStepResponse(tuple(ProdValue(_UNIT, each) for each in batch)))
        yield succeeded(ReceiveResponse(tuple(ProdValue(each, _UNIT) for each in batch)))
        pair = reduce(ProdValue, batch)
        yield succeeded(SendDecisionResponse(Deliver(pair)))
        yield succeeded(AcquireResponse(ProdValue(pair, pair)))


def _endpoint(number: int) -> Value:
    return EndpointValue(Endpoint(number, "r"))


def nearly_equal_entries() -> Iterator[tuple[EvidenceOutcomeCacheEntry, EvidenceOutcomeCacheEntry]]:
    """Yield two entries of one id that differ in one place, for each kind of place."""
    a, b = NatValue(1), NatValue(2)
    unit, denied = _UNIT, EffectFailureKind.DENIED
    outcomes = (
        (acquired(a), acquired(b)),
        (acquired(ProdValue(a, unit)), acquired(ProdValue(b, unit))),
        (acquired(StrValue("a")), acquired(StrValue("b"))),
        (acquired(a), acquired(StrValue("1"))),
        (acquired(unit), acquired(ProdValue(a, a))),
        (acquired(a), succeeded(ReceiveResponse((a,)))),
        (acquired(BoolValue(True)), acquired(BoolValue(False))),
        (succeeded(ReceiveResponse((a, a))), succeeded(ReceiveResponse((a, b)))),
        (succeeded(ReceiveResponse((a,))), succeeded(ReceiveResponse((a, a)))),
        (succeeded(ChooseResponse("a")), succeeded(ChooseResponse("b"))),
        (succeeded(SendDecisionResponse(Drop())), succeeded(SendDecisionResponse(Defer()))),
        (succeeded(SendDecisionResponse(Drop())), succeeded(SendDecisionResponse(Deliver(unit)))),
        (
            succeeded(TopologyEventsResponse((Crash("a"),))),
            succeeded(TopologyEventsResponse((Crash("b"),))),
        ),
        (
            succeeded(OutputConditionHintResponse(OutputConditionHint("p", "a"))),
            succeeded(OutputConditionHintResponse(OutputConditionHint("p", None))),
        ),
        (
            EffectOutcome.failed(EffectFailure(denied, "a")),
            EffectOutcome.failed(EffectFailure(denied, "b")),
        ),
        (
            EffectOutcome.failed(EffectFailure(denied, "a")),
            EffectOutcome.failed(EffectFailure(EffectFailureKind.UNKNOWN, "a")),
        ),
        (EffectOutcome.blocked(), succeeded(ReleaseResponse())),
        (EffectOutcome(SuccessStatus(), None), EffectOutcome(SuccessStatus(), ReleaseResponse())),
    )
    # Both ways: what one of them has and the other has not may stay where it was.
    both_ways = [*outcomes, *((second, first) for first, second in outcomes)]
    for number, (first, second) in enumerate(both_ways):
        yield (
            EvidenceOutcomeCacheEntry(f"e{number}", "i", "o", first),
            EvidenceOutcomeCacheEntry(f"e{number}", "i", "o", second),
        )
    same = EffectOutcome.blocked()
    for number, names in enumerate((("j", "o"), ("i", "p"))):
        yield (
            EvidenceOutcomeCacheEntry(f"n{number}", "i", "o", same),
            EvidenceOutcomeCacheEntry(f"n{number}", *names, same),
        )
