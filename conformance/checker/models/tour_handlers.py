"""The bounded evidence handler and the bounded ``wal_sync`` whose every transition a tour takes.

A handler is seen by what its cache has of two ids, by what was done last, and by the kind of its
resolver; ``wal_sync`` by the level, the ticks of evidence, outcomes and gates of one operation in
the log, and by whether a call failed just before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from conformance.checker.model import FAITHFUL, HARDENED, Action, Model

__all__ = [
    "HANDLER_KEYS",
    "IN_DOUBT",
    "HandlerLetter",
    "Mending",
    "SyncLetter",
    "TourHandler",
    "TourSync",
    "handler_after",
    "handler_letters",
    "mending_of",
    "sync_after",
    "sync_appends",
    "sync_letters",
    "tour_handler",
    "tour_sync",
]

HANDLER_KEYS: Final = ("e", "f")
"""The evidence ids of the bounded handler."""

IN_DOUBT: Final = "in doubt"
_SUCCESS, _BLOCKED, _FAILED = "success", "blocked", "failed"
_UNKNOWN: Final = "what is the handler's own affair"


class TourHandler(NamedTuple):
    """A handler: the outcome cached of each id, what was done last, the kind of its resolver."""

    cached: tuple[str | None, ...] = (None,) * len(HANDLER_KEYS)
    last: str = "nothing"
    resolver: str = "an object"

    def outcome(self, key: str) -> str | None:
        """Return what is cached of an id."""
        return self.cached[HANDLER_KEYS.index(key)]

    def having(self, key: str, outcome: str | None, last: str) -> TourHandler:
        """Return the handler with another outcome of an id."""
        index = HANDLER_KEYS.index(key)
        cached = (*self.cached[:index], outcome, *self.cached[index + 1 :])
        return self._replace(cached=cached, last=last)


class HandlerLetter(NamedTuple):
    """One operation on a handler.

    ``outcome`` is that of the inner handler, or of what another one stores; ``fault`` is
    the call of the cache that fails, ``put, stored`` one that fails and stores.
    """

    kind: str
    key: str | None = None
    outcome: str = ""
    fault: str = ""

    @property
    def name(self) -> str:
        """What a reader sees."""
        fails = f", the cache's {self.fault} failing" if self.fault else ""
        whose = "without an id" if self.key is None else f'"{self.key}"'
        return {
            "handle": f"handle {whose}, {self.outcome} inside{fails}",
            "look_up": f"look up {whose}{fails}",
            "snapshot": f"take a snapshot{fails}",
            "foreign": f"somebody else stores {self.outcome} as {whose}",
            "restart": f"restart with {self.outcome} as resolver",
        }[self.kind]


class Mending(NamedTuple):
    """What a handler does better than specified, as far as the model can see it.

    ``successes_only`` is of F11, ``own_keys`` of F21, ``notes`` of F29; ``is_any`` says that
    anything is mended that changes how a handler is judged.
    """

    is_any: bool = False
    successes_only: bool = False
    own_keys: bool = False
    notes: bool = False


def handler_letters() -> tuple[HandlerLetter, ...]:
    """Return every operation on the bounded handler."""
    letters = [HandlerLetter("handle", None, _SUCCESS)]
    for key in HANDLER_KEYS:
        letters += [HandlerLetter("handle", key, each) for each in (_SUCCESS, _BLOCKED, _FAILED)]
        letters += [
            HandlerLetter("handle", key, outcome, fault)
            for outcome in (_SUCCESS, _BLOCKED)
            for fault in ("get", "put", "put, stored")
        ]
        letters += [HandlerLetter("look_up", key, fault=fault) for fault in ("", "get")]
        letters += [HandlerLetter("foreign", key, outcome) for outcome in (_SUCCESS, _BLOCKED)]
    letters += [HandlerLetter("snapshot", fault=fault) for fault in ("", "load")]
    letters += [
        HandlerLetter("restart", outcome=each) for each in ("an object", "a plain callable")
    ]
    return tuple(letters)


def handler_after(handler: TourHandler, letter: HandlerLetter, mending: Mending) -> TourHandler:
    """Return the handler behind an operation (EVID-02..07)."""
    if letter.kind == "restart":
        return handler._replace(last="a restart", resolver=letter.outcome)
    if letter.kind in ("look_up", "snapshot"):
        return handler._replace(last="a failed read" if letter.fault else "a read")
    if letter.key is None:
        return handler._replace(last="an answer from inside")
    known = handler.outcome(letter.key)
    if letter.kind == "foreign":
        if mending.successes_only and not mending.own_keys and letter.outcome != _SUCCESS:
            # It need not take such an outcome for one of its own.
            return handler._replace(last=_UNKNOWN)
        # Under a key that it does not share, a mended handler does not see it.
        outcome = known if mending.own_keys else letter.outcome
        return handler.having(letter.key, outcome, "a foreign put")
    if letter.fault == "get":
        return handler._replace(last="a failed read")
    if known == IN_DOUBT:
        return handler._replace(last=_UNKNOWN)
    if known is not None:
        return handler._replace(last="an answer from the cache")
    return _missed(handler, letter.key, letter, mending)


def _missed(handler: TourHandler, key: str, letter: HandlerLetter, mending: Mending) -> TourHandler:
    if letter.fault:
        kept = letter.outcome if letter.fault == "put, stored" else None
        if mending.notes or (mending.is_any and kept is not None):
            # Before the effect it may have noted, or failed to note, that it begins.
            kept = IN_DOUBT
        return handler.having(key, kept, "a failed put")
    if mending.successes_only and letter.outcome != _SUCCESS:
        # Of a failure nobody knows whether the effect has happened.
        doubtful = mending.notes and letter.outcome == _FAILED
        kept = IN_DOUBT if doubtful else None
        return handler.having(key, kept, "an answer from inside")
    return handler.having(key, letter.outcome, "an answer from inside")


def _may_be_stored(handler: TourHandler, letter: HandlerLetter, mending: Mending) -> bool:
    """Say whether it is known what follows where somebody else stores something.

    A doubt does not end by it, of which only the handler knows; and who has keys of its own
    may have kept there what is overwritten.
    """
    known = handler.outcome(letter.key or "")
    return known != IN_DOUBT and not (mending.own_keys and known is not None)


def tour_handler(mending: Mending) -> Model:
    """Return the bounded handler.

    What a handler that mends anything answers in doubt is its own affair, within what the
    judge allows; so nothing is done behind such an answer.
    """

    def actions() -> Iterator[Action]:
        for letter in handler_letters():

            def guard(_none: None, handler: TourHandler, letter: HandlerLetter = letter) -> bool:
                if handler.last == _UNKNOWN:
                    return False
                return letter.kind != "foreign" or _may_be_stored(handler, letter, mending)

            def effect(
                none: None, handler: TourHandler, letter: HandlerLetter = letter
            ) -> tuple[None, TourHandler]:
                return none, handler_after(handler, letter, mending)

            yield Action(letter.name, ("EVID-02", "EVID-05"), guard, effect)

    return Model(
        "bounded-handler",
        HARDENED if mending.is_any else FAITHFUL,
        "a handler by what is cached of two ids, the last operation and the kind of resolver",
        (None,),
        lambda _index: TourHandler(),
        tuple(actions()),
        (),
    )


class TourSync(NamedTuple):
    """The log of one operation: its rank, the ticks of what it has, whether a call failed last."""

    rank: int = 0
    evidence: tuple[int, ...] = ()
    outcomes: tuple[int, ...] = ()
    gates: tuple[int, ...] = ()
    last: str = "no failure"


class SyncLetter(NamedTuple):
    """One call of a handler of the log.

    A sync is of a state of a ``rank`` or, if that is ``None``, of none; ``is_whole`` are those
    with evidence and an outcome. ``fault`` counts the append that fails, from zero.
    """

    kind: str
    tick: int = 0
    rank: int | None = None
    is_whole: bool = False
    fault: int | None = None
    stores: bool = False

    @property
    def name(self) -> str:
        """What a reader sees."""
        if self.kind in ("snapshot", "failing snapshot"):
            return "take a snapshot" + (", the load failing" if self.kind != "snapshot" else "")
        what = "no state" if self.rank is None else f"level {self.rank}"
        whole = " with evidence and an outcome" if self.is_whole else ""
        text = f"{self.kind} {what}{whole} at tick {self.tick}"
        if self.fault is None:
            return text
        return f"{text}, append {self.fault} failing{' but stored' if self.stores else ''}"


_RANK_MAX: Final = 3
_WHOLE_APPENDS: Final = 4


def sync_letters() -> tuple[SyncLetter, ...]:
    """Return every call of the bounded ``wal_sync``."""
    letters = []
    for tick in (1, 2):
        letters += [SyncLetter("sync", tick, rank) for rank in (None, *range(_RANK_MAX + 1))]
        letters.append(SyncLetter("sync", tick, _RANK_MAX, is_whole=True))
    whole = SyncLetter("sync", 1, _RANK_MAX, is_whole=True)
    letters += [
        whole._replace(fault=fault, stores=stores)
        for fault in range(_WHOLE_APPENDS)
        for stores in (False, True)
    ]
    ways = ("sync through handle_effect", "sync while blocked", "sync while failing")
    letters += [whole._replace(kind=f"{way},") for way in ways]
    letters.append(whole._replace(kind="sync while the load fails,"))
    return (*letters, SyncLetter("snapshot"), SyncLetter("failing snapshot"))


def sync_appends(log: TourSync, letter: SyncLetter) -> tuple[TourSync, ...]:
    """Return the log behind each append of a sync, in their order (SYNC-04..08)."""
    logs = []
    if letter.is_whole and letter.tick not in log.evidence:
        log = log._replace(evidence=tuple(sorted((*log.evidence, letter.tick))))
        logs.append(log)
    if letter.rank is not None and letter.rank > log.rank:
        log = log._replace(rank=letter.rank)
        logs.append(log)
    if letter.is_whole and letter.tick not in log.outcomes:
        log = log._replace(outcomes=tuple(sorted((*log.outcomes, letter.tick))))
        logs.append(log)
    if letter.tick not in log.gates:
        logs.append(log._replace(gates=tuple(sorted((*log.gates, letter.tick)))))
    return tuple(logs)


def sync_after(log: TourSync, letter: SyncLetter) -> TourSync:
    """Return the log behind a call; a failing append ends a sync (SYNC-09)."""
    if letter.kind in ("sync while the load fails,", "failing snapshot"):
        return log._replace(last="a failure")
    if not letter.kind.startswith("sync") or letter.kind.endswith(("blocked,", "failing,")):
        return log._replace(last="no failure")
    logs = (log, *sync_appends(log, letter))
    if letter.fault is None:
        return logs[-1]._replace(last="no failure")
    return logs[letter.fault + letter.stores]._replace(last="a failure")


def tour_sync() -> Model:
    """Return the bounded ``wal_sync``."""

    def actions() -> Iterator[Action]:
        for letter in sync_letters():

            def guard(_none: None, log: TourSync, letter: SyncLetter = letter) -> bool:
                return letter.fault is None or letter.fault < len(sync_appends(log, letter))

            def effect(
                none: None, log: TourSync, letter: SyncLetter = letter
            ) -> tuple[None, TourSync]:
                return none, sync_after(log, letter)

            yield Action(letter.name, ("SYNC-04", "SYNC-09"), guard, effect)

    return Model(
        "bounded-sync",
        FAITHFUL,
        "wal_sync by level, ticks of evidence, outcomes and gates of one operation",
        (None,),
        lambda _index: TourSync(),
        tuple(actions()),
        (),
    )


def mending_of(findings: Collection[str]) -> Mending:
    """Return what declared findings mean to the model; F11, F21, F22 and F29 mean anything."""
    return Mending(
        bool({"F11", "F21", "F22", "F29"} & set(findings)),
        "F11" in findings,
        "F21" in findings,
        "F29" in findings,
    )
