"""Make any call on the stored files fail once: an opening, a renaming, a write, in whichever way.

Which call fails is told by its number among all calls of its name, counted from the beginning of
the process: so files with names that differ from run to run can fail too. A fresh process counts
once without a fault, and the numbers hold for every fresh process after it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.crashes.conduct import Deed
from conformance.crashes.disk import Image
from conformance.crashes.recording import StoredCall
from conformance.crashes.strace import TracedHarness
from conformance.crashes.undertaking import Undertaking
from conformance.engine.scratch import storage_folder
from telltale_spec.model.operations import Append, PutOutcome

__all__ = ["OPENS", "FailingCall", "failing_calls", "writes_by_number"]

OPENS: Final = frozenset([0, 1])
"""Which deeds open a storage that holds something: the opening, and the load that follows it."""

# What a call of a name can fail with, the likeliest first.
_OPENING: Final = ("EMFILE", "EACCES", "ENOSPC")
_NAMING: Final = ("ENOSPC", "EACCES")
_WRITING: Final = ("EIO", "EINTR")
_ERRORS: Final = {
    **dict.fromkeys(("open", "openat", "openat2", "creat"), _OPENING),
    **dict.fromkeys(("rename", "renameat", "renameat2", "link", "linkat"), _NAMING),
    **dict.fromkeys(("mkdir", "mkdirat"), _NAMING),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), ("EACCES",)),
    **dict.fromkeys(("write", "writev", "pwrite64", "pwritev", "pwritev2"), _WRITING),
    **dict.fromkeys(("truncate", "ftruncate"), _WRITING),
    # A sync that fails with EIO is a class of its own; space may be looked for only by then.
    **dict.fromkeys(("fsync", "fdatasync"), ("ENOSPC",)),
}


@dataclass(frozen=True)
class FailingCall:
    """One call that is to fail: its name, its number, with what, and what it does as a label.

    ``number`` counts the calls of that name, of one thread, from the beginning of its process.
    """

    name: str
    number: int
    error: str
    label: str

    @property
    def text(self) -> str:
        """The fault in words."""
        place, _, error = self.label.rpartition(" with ")
        return f"{place} fails with {error}"


def failing_calls(history: Undertaking) -> tuple[FailingCall, ...]:
    """Return every call on a stored file that a history makes while it stores something.

    Calls of openings and of closings are left out: neither is an operation of the contract, so
    that they may fail in any words, and with the storage all else ends. Where the storage holds
    something at first, those of its opening and its first load are told instead: it may mend itself
    in them. Raises ``BackendFault`` for a harness that does not start and :class:`TraceError`.
    """
    deeds, calls = _followed(history)
    if history.image == Image():
        return tuple(_with_errors(_told(calls, _stores(deeds), "storing"), by_name=False))
    return tuple(_with_errors(_told(calls, OPENS, "opening"), by_name=True))


def writes_by_number(history: Undertaking, names: Sequence[str]) -> tuple[FailingCall, ...]:
    """Return the writes on stored files of a history, each to find no space, by their numbers.

    ``names`` are the system calls of all of them, in order, as another run of it made them; where
    this one makes others, nobody can tell which is which, and there are none. Raises
    ``BackendFault`` for a harness that does not start and :class:`TraceError`.
    """
    _, calls = _followed(history)
    writes = [call for call in calls if call.name in names]
    if [call.name for call in writes] != list(names):
        return ()
    return tuple(FailingCall(call.name, call.number, "ENOSPC", "") for call in writes)


def _followed(history: Undertaking) -> tuple[tuple[Deed, ...], Sequence[StoredCall]]:
    """Carry a history out in a fresh process and return its calls on stored files."""
    with storage_folder() as directory:
        harness = TracedHarness(history.launch, fork_server=history.fork_server)
        try:
            history.prepare(directory)
            harness.begin(directory, history.image)
            deeds = tuple(history.carried_out(harness.connection, directory))
            return deeds, harness.recorded().stored_calls
        finally:
            harness.end()


def _stores(deeds: Sequence[Deed]) -> frozenset[int]:
    """Return which of some deeds store something, from 0 on."""
    return frozenset(
        [
            index
            for index, deed in enumerate(deeds)
            if isinstance(deed.operation, Append | PutOutcome)
        ]
    )


def _told(
    calls: Iterable[StoredCall], deeds: Container[int], doing: str
) -> Iterator[tuple[StoredCall, str]]:
    """Yield each call of some deeds that can fail, with what it does there, said alike for all."""
    place = 0
    answered = -1
    for call in calls:
        place = place + 1 if call.answered == answered else 1
        answered = call.answered
        if call.name in _ERRORS and answered in deeds:
            yield call, f"call {place} of its {doing}, {call.name}"


def _with_errors(
    calls: Iterable[tuple[StoredCall, str]], *, by_name: bool
) -> Iterator[FailingCall]:
    """Yield each call with an error of its own turn, so that all kinds come up.

    The turns are those of a call at its place, which comes again with each storing. An opening has
    each place once, and so ``by_name`` those of the calls of one name.
    """
    turns: dict[str, int] = {}
    for call, label in calls:
        key = call.name if by_name else label
        turn = turns[key] = turns.get(key, -1) + 1
        errors = _ERRORS[call.name]
        error = errors[turn % len(errors)]
        yield FailingCall(call.name, call.number, error, f"{label} with {error}")
