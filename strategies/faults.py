"""Faults of a backend: calls that fail and crashes, as plain data.

A fault names one call by its number, so that a test can fail in the middle of
a sync, where all entries have one tick (F28). Everything here shrinks towards
no fault at all.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies._arguments import require_at_least
from telltale_spec.errors import DomainError
from telltale_spec.wire.shapes import TEXT, U64

__all__ = [
    "BackendCall",
    "CallFault",
    "CallFaultProgram",
    "CrashPoint",
    "append_faults",
    "cache_fault_programs",
    "crash_points",
    "crash_programs",
    "get_faults",
    "load_faults",
    "put_faults",
    "wal_fault_programs",
]

_CALLS_COUNT = 8


class BackendCall(enum.Enum):
    """Name a method of a backend that can be made to fail."""

    APPEND = "append"
    LOAD = "load"
    GET = "get"
    PUT = "put"


_WRITES: Final = frozenset({BackendCall.APPEND, BackendCall.PUT})
_FAULT_KEYS: Final = ("call", "index", "stored", "message")


@dataclass(frozen=True, slots=True)
class CallFault:
    """Make one call of a backend fail.

    ``call_index`` counts the calls of that method from zero. With ``stored``
    the write takes effect before the call fails, so that its error does not
    mean that nothing happened; reads store nothing. ``text`` takes the place of
    the error's own text. Raises :class:`~telltale_spec.errors.DomainError` for a
    negative index or a stored read. Source: F20, F28, I-20, I-21.
    """

    call: BackendCall
    call_index: int
    stored: bool = False
    text: str | None = None

    def __post_init__(self) -> None:
        require_at_least("CallFault", "call_index", self.call_index, 0)
        if self.stored and self.call not in _WRITES:
            raise DomainError("CallFault", "stored", self.stored, "False for a read")

    @property
    def message(self) -> str:
        """Text of the error with which the call fails."""
        if self.text is not None:
            return self.text
        effect = "stored" if self.stored else "not stored"
        note = f" ({effect})" if self.call in _WRITES else ""
        return f"injected fault: {self.call.value} #{self.call_index}{note}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: call, index, whether it is stored, and the error's text."""
        return {
            "call": self.call.value,
            "index": self.call_index,
            "stored": self.stored,
            "message": self.message,
        }

    @classmethod
    def from_dict(cls, tree: Any) -> CallFault:
        """Return the fault of a JSON form, or raise :class:`DomainError`."""
        try:
            call, index, stored, text = (tree[each] for each in _FAULT_KEYS)
            named = BackendCall(call)
        except (KeyError, TypeError, ValueError):
            expected = f"a map of {', '.join(_FAULT_KEYS)}"
            raise DomainError("CallFault", "fault", tree, expected) from None
        TEXT.check(text, "CallFault", "message")
        return cls(named, U64.check(index, "CallFault", "index"), stored is True, text)


@dataclass(frozen=True, slots=True)
class CallFaultProgram:
    """Hold the faults of one run, at most one for each call, in the order of the calls."""

    faults: tuple[CallFault, ...] = ()

    def fault_at(self, call: BackendCall, call_index: int) -> CallFault | None:
        """Return the fault of the numbered call, or ``None`` if it goes well."""
        for fault in self.faults:
            if fault.call is call and fault.call_index == call_index:
                return fault
        return None


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """Name the place where a run is cut: an operation, and a durable step inside it.

    Both count from zero. Step 0 is before the operation has done anything.
    Source: WAL-08, CACHE-08, I-08, I-14.
    """

    operation_index: int
    step_index: int = 0


def append_faults(*, calls_count: int = _CALLS_COUNT) -> SearchStrategy[CallFault]:
    """Describe failures of one of the first ``calls_count`` appends, stored or not.

    Raises :class:`~telltale_spec.errors.DomainError` for a count below 1.
    Source: SYNC-09, I-20, I-21.
    """
    return _faults("append_faults", BackendCall.APPEND, calls_count)


def load_faults(*, calls_count: int = _CALLS_COUNT) -> SearchStrategy[CallFault]:
    """Describe failures of one of the first ``calls_count`` loads. Source: SYNC-09, I-22.

    Raises :class:`~telltale_spec.errors.DomainError` for a count below 1.
    """
    return _faults("load_faults", BackendCall.LOAD, calls_count)


def get_faults(*, calls_count: int = _CALLS_COUNT) -> SearchStrategy[CallFault]:
    """Describe failures of one of the first ``calls_count`` gets. Source: EVID-04, I-28.

    Raises :class:`~telltale_spec.errors.DomainError` for a count below 1.
    """
    return _faults("get_faults", BackendCall.GET, calls_count)


def put_faults(*, calls_count: int = _CALLS_COUNT) -> SearchStrategy[CallFault]:
    """Describe failures of one of the first ``calls_count`` puts, stored or not.

    Raises :class:`~telltale_spec.errors.DomainError` for a count below 1.
    Source: EVID-06, CACHE-07, I-12.
    """
    return _faults("put_faults", BackendCall.PUT, calls_count)


def wal_fault_programs(
    *, calls_count: int = _CALLS_COUNT, max_size: int = 3
) -> SearchStrategy[CallFaultProgram]:
    """Describe at most ``max_size`` faults of the appends and loads of one run.

    Raises :class:`~telltale_spec.errors.DomainError` for a ``calls_count``
    below 1 or a negative ``max_size``. Source: F28.
    """
    faults = append_faults(calls_count=calls_count) | load_faults(calls_count=calls_count)
    return _programs("wal_fault_programs", faults, max_size)


def cache_fault_programs(
    *, calls_count: int = _CALLS_COUNT, max_size: int = 3
) -> SearchStrategy[CallFaultProgram]:
    """Describe at most ``max_size`` faults of the gets, puts and loads of one run.

    Raises :class:`~telltale_spec.errors.DomainError` for a ``calls_count``
    below 1 or a negative ``max_size``. Source: F29.
    """
    faults = st.one_of(
        put_faults(calls_count=calls_count),
        get_faults(calls_count=calls_count),
        load_faults(calls_count=calls_count),
    )
    return _programs("cache_fault_programs", faults, max_size)


def crash_points(*, operations_count: int, steps_count: int = 1) -> SearchStrategy[CrashPoint]:
    """Describe places to cut a run of ``operations_count`` operations of some steps each.

    Raises :class:`~telltale_spec.errors.DomainError` for counts below 1.
    Source: WAL-08, CACHE-08.
    """

    def definition() -> SearchStrategy[CrashPoint]:
        require_at_least("crash_points", "operations_count", operations_count, 1)
        require_at_least("crash_points", "steps_count", steps_count, 1)
        return st.builds(
            CrashPoint,
            operation_index=st.integers(0, operations_count - 1),
            step_index=st.integers(0, steps_count - 1),
        )

    return st.deferred(definition)


def crash_programs(
    *, operations_count: int, steps_count: int = 1, max_size: int = 3
) -> SearchStrategy[tuple[CrashPoint, ...]]:
    """Describe at most ``max_size`` crashes of one run, at most one in each operation.

    They are in the order of the operations; see :func:`crash_points`. Raises
    :class:`~telltale_spec.errors.DomainError` for a negative ``max_size``.
    """

    def definition() -> SearchStrategy[tuple[CrashPoint, ...]]:
        require_at_least("crash_programs", "max_size", max_size, 0)
        points = crash_points(operations_count=operations_count, steps_count=steps_count)
        crashes = st.lists(points, max_size=max_size, unique_by=_operation_index)
        return crashes.map(_in_order_of_operations)

    return st.deferred(definition)


def _faults(strategy: str, call: BackendCall, calls_count: int) -> SearchStrategy[CallFault]:
    def definition() -> SearchStrategy[CallFault]:
        require_at_least(strategy, "calls_count", calls_count, 1)
        return st.builds(
            CallFault,
            call=st.just(call),
            call_index=st.integers(0, calls_count - 1),
            stored=st.booleans() if call in _WRITES else st.just(False),
        )

    return st.deferred(definition)


def _programs(
    strategy: str, faults: SearchStrategy[CallFault], max_size: int
) -> SearchStrategy[CallFaultProgram]:
    def definition() -> SearchStrategy[CallFaultProgram]:
        require_at_least(strategy, "max_size", max_size, 0)
        return st.lists(faults, max_size=max_size, unique_by=_called).map(_program)

    return st.deferred(definition)


def _called(fault: CallFault) -> tuple[str, int]:
    return fault.call.value, fault.call_index


def _program(faults: list[CallFault]) -> CallFaultProgram:
    return CallFaultProgram(tuple(sorted(faults, key=_called)))


def _operation_index(point: CrashPoint) -> int:
    return point.operation_index


def _in_order_of_operations(points: list[CrashPoint]) -> tuple[CrashPoint, ...]:
    return tuple(sorted(points, key=_operation_index))
