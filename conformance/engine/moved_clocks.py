"""Clocks that a backend's own modules read, set ahead or back for a while; nobody else sees that.

What has an age at which it goes, or an order by the time of day, shows it only after a day or when
a clock is set right. Nobody can wait for that, so the names by which the modules of a backend know
the clocks lead to ones of ours. Its libraries, the interpreter's own modules and the suite keep the
real ones, and so does what a module imports inside of a function.
"""

from __future__ import annotations

import datetime
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import telltale_spec.errors

__all__ = ["MovedClocks", "moved_clocks"]

_NANOSECONDS: Final = 1_000_000_000
_OTHERS: Final = tuple(
    str(path.resolve())
    for path in (
        Path(sysconfig.get_path("stdlib")),
        Path(sysconfig.get_path("purelib")),
        Path(__file__).parents[1],
        Path(str(telltale_spec.errors.__file__)).parent,
    )
)


class MovedClocks:
    """How far the clocks are from the real ones, in seconds.

    The time of day can be set to any other; a clock that counts from the start of the system goes
    ahead only.
    """

    def __init__(self) -> None:
        self.day_seconds = 0.0
        self.running_seconds = 0.0

    def move(self, seconds: float) -> None:
        """Set the clocks ahead, or back by what is negative."""
        self.day_seconds += seconds
        self.running_seconds += max(0.0, seconds)


@contextmanager
def moved_clocks(part: object) -> Iterator[MovedClocks]:
    """Yield the clocks of the modules that a part of a backend is made of; afterwards all is real.

    Those are the packages of its class and of those that it is derived from. As long as they are
    not moved, they show what the real ones do.
    """
    clocks = MovedClocks()
    instead = _instead(clocks)
    changed: list[tuple[dict[str, Any], str, Any]] = []
    try:
        modules = _modules_of(part)
        # A storage without a close gives up what it holds when nothing refers to it.
        del part
        for module in modules:
            names = vars(module)
            for name, value in list(names.items()):
                if id(value) in instead:
                    changed.append((names, name, value))
                    names[name] = instead[id(value)]
        yield clocks
    finally:
        for names, name, value in changed:
            names[name] = value


def _modules_of(part: object) -> list[ModuleType]:
    roots = {each.__module__.partition(".")[0] for each in type(part).__mro__ if _is_own(each)}
    return [
        module
        for name, module in list(sys.modules.items())
        if hasattr(module, "__dict__") and name.partition(".")[0] in roots
    ]


def _is_own(kind: type) -> bool:
    """Say whether a class is none of the interpreter's, of its libraries or of ours."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return file is not None and not str(Path(file).resolve()).startswith(_OTHERS)


def _instead(clocks: MovedClocks) -> dict[int, Any]:
    """Return what stands for each clock, by the identity of what modules have for it."""
    moved: dict[str, Callable[[], Any]] = {
        "time": lambda: time.time() + clocks.day_seconds,
        "time_ns": lambda: time.time_ns() + round(clocks.day_seconds * _NANOSECONDS),
        "monotonic": lambda: time.monotonic() + clocks.running_seconds,
        "monotonic_ns": lambda: time.monotonic_ns() + round(clocks.running_seconds * _NANOSECONDS),
    }
    found: dict[int, Any] = {id(getattr(time, name)): each for name, each in moved.items()}
    day, moment = _date(clocks), _datetime(clocks)
    found[id(datetime.date)] = day
    found[id(datetime.datetime)] = moment
    found[id(time)] = _Instead(time, moved)
    found[id(datetime)] = _Instead(datetime, {"date": day, "datetime": moment})
    return found


class _Instead(ModuleType):
    """A module of which some names are others."""

    def __init__(self, module: ModuleType, names: dict[str, Any]) -> None:
        super().__init__(module.__name__, module.__doc__)
        self.__dict__.update(names)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module"], name)


class _StandsFor(type):
    """A class that stands for another one: what it makes, and what it takes for its own."""

    real: type

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        return cls.real(*arguments, **named)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.real)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, cls.real)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.real, name)


def _date(clocks: MovedClocks) -> type:
    def today() -> datetime.date:
        return (datetime.datetime.now() + _days(clocks)).date()  # noqa: DTZ005 - as it is asked

    return _StandsFor("date", (), {"real": datetime.date, "today": staticmethod(today)})


def _datetime(clocks: MovedClocks) -> type:
    def now(tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return datetime.datetime.now(tz) + _days(clocks)

    def utcnow() -> datetime.datetime:
        return now(datetime.UTC).replace(tzinfo=None)

    names = {"now": now, "today": now, "utcnow": utcnow}
    methods = {name: staticmethod(each) for name, each in names.items()}
    return _StandsFor("datetime", (), {"real": datetime.datetime, **methods})


def _days(clocks: MovedClocks) -> datetime.timedelta:
    return datetime.timedelta(seconds=clocks.day_seconds)
