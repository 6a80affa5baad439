"""``effects``: callers of one evidence id, the outcome cache, and an effect that may not succeed.

A slot is a caller that asks for a step, an acquire or a sync, looks into the
cache, has the effect carried out, stores the outcome and answers. The shared
fields are the cached outcome of the id, how often the step was carried out,
and how the wrappers are nested. A crash loses every caller on its way. The
hardened wrapper lets one caller at a time through from the look-up to the
store, notes durably that an effect has begun before it begins it, keys the
cache by what is asked for as well, stores successes only, never stores a sync,
and forwards what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from conformance.checker.model import (
    HARDENED,
    Action,
    GlobalAction,
    Model,
    PairProperty,
    Progress,
    Property,
)

__all__ = [
    "ACQUIRE",
    "ALONE",
    "EVIDENCE_INSIDE",
    "STEP",
    "SYNC",
    "Caller",
    "Outcome",
    "World",
    "effects",
]

NAME: Final = "effects"

STEP: Final = "step"
ACQUIRE: Final = "acquire"
SYNC: Final = "sync"

ALONE: Final = "evidence(handler)"
EVIDENCE_INSIDE: Final = "wal(evidence(handler))"
WAL_INSIDE: Final = "evidence(wal(handler))"

_RUNS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an effect came to; ``number`` tells the first run from a later one."""

    status: str
    asked: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Shared: how wrappers are nested, what is cached, how often the step was carried out.

    ``begun`` is the hardened wrapper's durable note of a step that has begun;
    ``is_held`` its lock; ``cached_guard`` what it has cached of an acquire,
    beside what it has cached of the step.
    """

    nesting: str
    cached: Outcome | None = None
    cached_guard: Outcome | None = None
    runs_count: int = 0
    begun: bool = False
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller: what it asks for, how far it is, and what it was answered.

    ``was_reached`` says that the inner handler, or the log of a sync, took part
    in the answer.
    """

    place: str = "idle"
    asked: str | None = None
    outcome: Outcome | None = None
    was_reached: bool = False
    is_from_cache: bool = False


def _answer(world: World, caller: Caller, outcome: Outcome) -> tuple[World, Caller]:
    return world, replace(caller, place="answered", outcome=outcome)


def _asking(variant: str) -> Iterator[Action]:
    for asked in (STEP, ACQUIRE, SYNC):

        def guard(world: World, caller: Caller, asked: str = asked) -> bool:
            # Where wrappers are nested, only what they break is followed any further.
            interesting = {
                ALONE: (STEP, ACQUIRE, SYNC),
                EVIDENCE_INSIDE: (ACQUIRE,),
                WAL_INSIDE: (SYNC,),
            }[world.nesting]
            return caller.place == "idle" and asked in interesting

        def effect(world: World, caller: Caller, asked: str = asked) -> tuple[World, Caller]:
            return world, Caller("asking", asked)

        yield Action(f"asks for {asked}", ("EVID-02",), guard, effect)

    def can_retry(_world: World, caller: Caller) -> bool:
        outcome = caller.outcome
        return caller.place == "answered" and outcome is not None and outcome.status != "success"

    yield Action(
        "asks again",
        ("F11", "F29"),
        can_retry,
        lambda world, caller: (world, Caller("asking", caller.asked)),
    )
    yield Action(
        "has its answer",
        ("EVID-05",),
        lambda _world, caller: bool(caller.place == "answered"),
        lambda world, _caller: (world, Caller()),
    )


def _nested(variant: str) -> Iterator[Action]:
    """What the outer wrapper does with a request that it does not forward (F13)."""

    def outside(world: World, caller: Caller) -> bool:
        return caller.place == "asking" and world.nesting != ALONE

    def effect(world: World, caller: Caller) -> tuple[World, Caller]:
        asked = caller.asked or STEP
        if variant == HARDENED:
            return _answer(world, replace(caller, was_reached=True), Outcome("denied", asked))
        # By default every acquire is granted, and no handler but the log's serves a sync.
        status = "success" if asked == ACQUIRE else "failed"
        return _answer(world, caller, Outcome(status, asked))

    yield Action("the outer wrapper answers", ("SYNC-13", "EVID-09", "F13"), outside, effect)


def _looking_up(variant: str) -> Iterator[Action]:
    hardened = variant == HARDENED

    def begins(world: World, caller: Caller) -> bool:
        return caller.place == "asking" and world.nesting == ALONE

    def is_free(world: World, caller: Caller) -> bool:
        waits = hardened and caller.asked != SYNC and world.is_held
        return begins(world, caller) and not waits

    def can_read(world: World, caller: Caller) -> bool:
        # Hardened, a sync goes past the cache.
        return is_free(world, caller) and not (hardened and caller.asked == SYNC)

    def found(world: World, caller: Caller) -> Outcome | None:
        if not hardened:
            return world.cached
        return {STEP: world.cached, ACQUIRE: world.cached_guard}.get(caller.asked or STEP)

    def look_up(world: World, caller: Caller) -> tuple[World, Caller]:
        outcome = found(world, caller)
        if outcome is not None:
            return _answer(world, replace(caller, is_from_cache=True), outcome)
        if hardened and caller.asked == STEP and world.begun:
            # Nobody knows whether it happened, and it may not happen twice.
            return _answer(world, caller, Outcome("in doubt", STEP))
        held = hardened and caller.asked != SYNC
        # Hardened, that a step begins is noted durably before it does.
        begun = world.begun or (hardened and caller.asked == STEP)
        world = replace(world, is_held=world.is_held or held, begun=begun)
        return world, replace(caller, place="missed")

    yield Action("looks into the cache", ("EVID-03", "EVID-05"), is_free, look_up)
    yield Action(
        "cannot read the cache",
        ("EVID-04",),
        can_read,
        lambda world, caller: _answer(world, caller, Outcome("unavailable", caller.asked or STEP)),
    )


def _running() -> Iterator[Action]:
    def run(world: World, caller: Caller, status: str) -> tuple[World, Caller]:
        asked = caller.asked or STEP
        number = 0
        if asked == STEP and status == "success":
            number = min(world.runs_count + 1, _RUNS_MAX)
            world = replace(world, runs_count=number)
        return world, replace(
            caller, place="ran", outcome=Outcome(status, asked, number), was_reached=True
        )

    for status, text in (("success", "succeeds"), ("blocked", "blocks"), ("failed", "fails")):

        def effect(world: World, caller: Caller, status: str = status) -> tuple[World, Caller]:
            return run(world, caller, status)

        yield Action(
            f"the effect {text}",
            ("EVID-05",),
            lambda _world, caller: bool(caller.place == "missed"),
            effect,
        )


def _storing(variant: str) -> Iterator[Action]:
    hardened = variant == HARDENED

    def ran(_world: World, caller: Caller) -> bool:
        return caller.place == "ran"

    def succeeded(caller: Caller) -> bool:
        return caller.outcome is not None and caller.outcome.status == "success"

    def is_written(caller: Caller) -> bool:
        if not hardened:
            return True
        # Of a step that did not happen the note is taken back.
        return caller.asked == STEP or (caller.asked == ACQUIRE and succeeded(caller))

    def put(world: World, caller: Caller) -> tuple[World, Caller]:
        held = world.is_held and caller.asked == SYNC
        world = replace(world, is_held=held)
        if not hardened:
            world = replace(world, cached=caller.outcome)
        elif caller.asked == STEP:
            stored = caller.outcome if succeeded(caller) else None
            world = replace(world, cached=stored, begun=stored is not None)
        elif is_written(caller):
            world = replace(world, cached_guard=caller.outcome)
        return world, replace(caller, place="answered")

    def put_fails(world: World, caller: Caller) -> tuple[World, Caller]:
        held = world.is_held and caller.asked == SYNC
        return _answer(
            replace(world, is_held=held), caller, Outcome("unavailable", caller.asked or STEP)
        )

    yield Action("stores the outcome", ("EVID-05",), ran, put)
    yield Action(
        "cannot store the outcome",
        ("EVID-06", "F29"),
        lambda world, caller: ran(world, caller) and is_written(caller),
        put_fails,
    )


def _properties() -> Iterator[Property]:
    def answered(_world: World, caller: Caller) -> bool:
        return caller.place == "answered" and caller.outcome is not None

    def succeeded(world: World, caller: Caller) -> bool:
        outcome = caller.outcome
        return answered(world, caller) and outcome is not None and outcome.status == "success"

    yield Property(
        "blocked is asked again",
        ("F11", "OUT-02"),
        "nobody is told from the cache that an effect is blocked or has failed",
        lambda _world, caller: caller.outcome is None or caller.outcome.status == "success",
        lambda world, caller: answered(world, caller) and caller.is_from_cache,
    )
    yield Property(
        "at most once",
        ("F12", "F29", "EVID-08"),
        "a step is carried out at most once",
        lambda world, _caller: bool(world.runs_count <= 1),
        lambda world, _caller: bool(world.runs_count > 0),
    )
    yield Property(
        "own response",
        ("F21",),
        "who asks for one effect is not answered with another",
        lambda _world, caller: caller.outcome is None or caller.outcome.asked == caller.asked,
        succeeded,
    )
    yield Property(
        "a sync reaches the log",
        ("F22", "F13"),
        "a sync that succeeds has been carried out for the one who asked",
        lambda _world, caller: bool(caller.was_reached),
        lambda world, caller: succeeded(world, caller) and caller.asked == SYNC,
    )
    yield Property(
        "a sync is served",
        ("F13", "SYNC-01"),
        "a sync is answered by the log, whatever the order of the wrappers",
        lambda _world, caller: bool(caller.was_reached),
        lambda world, caller: (
            answered(world, caller) and caller.asked == SYNC and world.nesting == WAL_INSIDE
        ),
    )
    yield Property(
        "a guard is asked",
        ("F13", "SYNC-13"),
        "an answer to an acquire through two wrappers comes from the handler inside",
        lambda _world, caller: bool(caller.was_reached),
        lambda world, caller: (
            answered(world, caller) and caller.asked == ACQUIRE and world.nesting == EVIDENCE_INSIDE
        ),
    )


def _promises() -> Iterator[Progress]:
    def ended(_world: World, caller: Caller) -> bool:
        outcome = caller.outcome
        # What is in doubt needs a decision from outside; who is gone asks no more.
        has_ended = outcome is not None and outcome.status in ("success", "in doubt")
        return caller.place == "idle" or (caller.place == "answered" and has_ended)

    yield Progress(
        "a retry ends",
        ("F11", "EVID-05"),
        "who asks again and again for what can succeed is answered with a success at last",
        lambda world, caller: bool(caller.place == "asking" and world.nesting == ALONE),
        ended,
        weakly_fair=("asks again", "stores the outcome"),
        # Whoever waits for the lock gets it at last, and what is tried for ever succeeds at last.
        strongly_fair=("looks into the cache", "the effect succeeds"),
        # Where that cannot be stored, a step is in doubt, and an acquire is asked for again.
        finite=("cannot store the outcome",),
    )


def effects(variant: str) -> Model:
    """Return the model of effects and their cache; a slot is a caller."""

    def seen(world: World, caller: Caller) -> int | None:
        outcome = caller.outcome
        if caller.place != "answered" or caller.asked != STEP or outcome is None:
            return None
        return outcome.number if (outcome.status, outcome.asked) == ("success", STEP) else None

    return Model(
        NAME,
        variant,
        "callers of one evidence id, a cache, an effect that may block or fail, crashes",
        (World(ALONE), World(EVIDENCE_INSIDE), World(WAL_INSIDE)),
        lambda _index: Caller(),
        (
            *_asking(variant),
            *_nested(variant),
            *_looking_up(variant),
            *_running(),
            *_storing(variant),
        ),
        tuple(_properties()),
        (
            GlobalAction(
                "a crash",
                ("F29", "CACHE-08"),
                lambda world: bool(world.nesting == ALONE),
                lambda world: replace(world, is_held=False),
                lambda _world, _caller: Caller(),
            ),
        ),
        (
            PairProperty(
                "one outcome for all",
                ("F12",),
                "callers of one evidence id see one outcome of the step",
                seen,
                lambda left, right: left == right,
                lambda left, right: left is not None and right is not None,
            ),
        ),
        slots_default=2,
        promises=tuple(_promises()),
    )
