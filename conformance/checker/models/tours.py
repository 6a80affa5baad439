"""The bounded log and the bounded cache whose every transition a tour takes on a backend.

A log is seen by the level that one operation was escalated to, the tick of its
last entry, and what was done last; a cache by its keys in order, which of two
outcomes each has, and what was done last. That is coarse enough to be taken
whole, and fine enough for what goes wrong in storage: order, ticks that stand,
fall or rise, refusals, entries that replace others, and opening anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from conformance.checker.model import FAITHFUL, Action, Model

__all__ = [
    "CACHE_KEYS",
    "CacheLetter",
    "LogLetter",
    "TourCache",
    "TourLog",
    "cache_letters",
    "is_refused",
    "log_after",
    "log_letters",
    "tour_cache",
    "tour_log",
]

_RANKS: Final = range(4)
_TICKS: Final = (1, 2)

CACHE_KEYS: Final = ("", "e", "f")
"""The keys of the bounded cache."""


class TourLog(NamedTuple):
    """A log: the last escalation's rank, the last entry's tick, what was done last."""

    rank: int | None = None
    tick: int | None = None
    last: str = "nothing"


class LogLetter(NamedTuple):
    """One operation on a log; ``previous`` and ``new`` are the ranks of an escalation."""

    kind: str
    tick: int = 0
    previous: int = 0
    new: int = 0

    @property
    def name(self) -> str:
        """What a reader sees."""
        if self.kind == "reopen":
            return "reopen"
        if self.kind == "escalation":
            return f"append escalation {self.previous} to {self.new} at tick {self.tick}"
        if self.kind == "read_since":
            return f"read since tick {self.tick}"
        return f"append {self.kind} at tick {self.tick}"


def log_letters(*, can_reopen: bool) -> tuple[LogLetter, ...]:
    """Return every operation on the bounded log."""
    letters = [
        LogLetter("escalation", tick, previous, new)
        for tick in _TICKS
        for previous in _RANKS
        for new in _RANKS
    ]
    letters += [LogLetter(kind, tick) for kind in ("evidence", "finalization") for tick in _TICKS]
    letters += [LogLetter("gate", tick) for tick in (0, *_TICKS)]
    letters += [LogLetter("read_since", tick) for tick in (0, 1)]
    return (*letters, *([LogLetter("reopen")] if can_reopen else ()))


def is_refused(log: TourLog, letter: LogLetter) -> bool:
    """Say whether an append has to be refused (ART-WAL-03, ART-WAL-04)."""
    if letter.kind != "escalation":
        return False
    return letter.new < letter.previous or letter.previous < (log.rank or 0)


def log_after(log: TourLog, letter: LogLetter) -> TourLog:
    """Return the log behind an operation; a refused append leaves it as it was."""
    if letter.kind == "read_since":
        return log
    if letter.kind == "reopen":
        return log._replace(last="an opening")
    if is_refused(log, letter):
        return log._replace(last="a refusal")
    rank = letter.new if letter.kind == "escalation" else log.rank
    return TourLog(rank, letter.tick, "an append")


def tour_log(*, can_reopen: bool, goes_on_after_refusal: bool) -> Model:
    """Return the bounded log; where a refusal leaves anything, nothing is done behind one."""

    def actions() -> Iterator[Action]:
        for letter in log_letters(can_reopen=can_reopen):

            def guard(_none: None, log: TourLog) -> bool:
                return goes_on_after_refusal or log.last != "a refusal"

            def effect(
                none: None, log: TourLog, letter: LogLetter = letter
            ) -> tuple[None, TourLog]:
                return none, log_after(log, letter)

            yield Action(letter.name, ("WAL-01", "WAL-03", "WAL-05", "WAL-08"), guard, effect)

    return Model(
        "bounded-log",
        FAITHFUL,
        "a log by last level, last tick and last operation",
        (None,),
        lambda _index: TourLog(),
        tuple(actions()),
        (),
    )


class TourCache(NamedTuple):
    """A cache: its keys in order with the outcome that each has, and what was done last."""

    entries: tuple[tuple[str, int], ...] = ()
    last: str = "nothing"


class CacheLetter(NamedTuple):
    """One operation on a cache."""

    kind: str
    key: str = ""
    outcome: int = 0

    @property
    def name(self) -> str:
        """What a reader sees."""
        if self.kind == "reopen":
            return "reopen"
        what = f"outcome {self.outcome} as" if self.kind == "put" else "the outcome of"
        return f'{self.kind} {what} "{self.key}"'


def cache_letters(*, can_reopen: bool) -> tuple[CacheLetter, ...]:
    """Return every operation on the bounded cache."""
    puts = [CacheLetter("put", key, outcome) for key in CACHE_KEYS for outcome in (1, 2)]
    gets = [CacheLetter("get", key) for key in CACHE_KEYS]
    return (*puts, *gets, *([CacheLetter("reopen")] if can_reopen else ()))


def _cache_after(cache: TourCache, letter: CacheLetter) -> TourCache:
    if letter.kind == "get":
        return cache
    if letter.kind == "reopen":
        return cache._replace(last="an opening")
    kept = tuple(entry for entry in cache.entries if entry[0] != letter.key)
    return TourCache((*kept, (letter.key, letter.outcome)), "a put")


def tour_cache(*, can_reopen: bool) -> Model:
    """Return the bounded cache."""

    def actions() -> Iterator[Action]:
        for letter in cache_letters(can_reopen=can_reopen):

            def effect(
                none: None, cache: TourCache, letter: CacheLetter = letter
            ) -> tuple[None, TourCache]:
                return none, _cache_after(cache, letter)

            yield Action(
                letter.name, ("CACHE-01", "CACHE-03", "CACHE-08"), lambda _n, _c: True, effect
            )

    return Model(
        "bounded-cache",
        FAITHFUL,
        "a cache by keys in order, their outcomes and the last operation",
        (None,),
        lambda _index: TourCache(),
        tuple(actions()),
        (),
    )
