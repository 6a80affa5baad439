"""The findings about files, tried on the log file that is shipped beside the reference's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.findings.demonstration import Demonstration, Showing
from conformance.findings.samples import gate
from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalEntry

__all__ = ["LOG_FILE_DEMONSTRATIONS"]


def _segment(path: Path) -> Path:
    (found,) = path.parent.glob(f"{path.name}.0*")
    return found


def _opened(path: Path) -> tuple[AgreementWalEntry, ...] | str:
    """Return the entries of a log, or why it cannot be opened or read."""
    try:
        with LogFileAgreementWal(path) as wal:
            return wal.load().entries
    except DurabilityError as error:
        return f"refused: {error}"


def _shown(found: tuple[AgreementWalEntry, ...] | str) -> str:
    return found if isinstance(found, str) else f"{len(found)} entries"


def _tail_is_cut(folder: Path) -> Demonstration:
    """F10: what any kill within the second append leaves."""
    path = folder / "log"
    with LogFileAgreementWal(path) as wal:
        wal.append(gate(1))
        first = _segment(path).stat().st_size
        wal.append(gate(2))
        # As it is while the handle is open: a kill leaves no trace of an orderly end.
        whole = _segment(path).read_bytes()
    # What an orderly end has noted there: how far the log had come.
    lock = path.with_name(f"{path.name}.lock")
    lost = 0
    for size in range(first, len(whole)):
        lock.write_bytes(b"")
        _segment(path).write_bytes(whole[:size])
        found = _opened(path)
        lost += isinstance(found, str) or found[:1] != (gate(1),)
    return Demonstration.of(
        lost > 0,
        f"append two entries, then cut the file at each of {len(whole) - first} places within "
        f"the second: the first one is lost {lost} times",
    )


def _append_costs_the_entry(folder: Path) -> Demonstration:
    """F19: bytes written for one append, by the length of the log."""
    path = folder / "log"
    sizes = [0]
    with LogFileAgreementWal(path) as wal:
        for tick in range(1, 65):
            wal.append(gate(tick))
            sizes.append(_segment(path).stat().st_size)
    first, last = sizes[1], sizes[-1] - sizes[-2]
    return Demonstration.of(
        last > first,
        f"append 64 equal gates: the first append adds {first} bytes to the file, the last {last}",
    )


def _second_handle_is_refused(folder: Path) -> Demonstration:
    """F27: a second handle while the first one is open."""
    path = folder / "log"
    with LogFileAgreementWal(path) as wal:
        wal.append(gate(1))
        found = _opened(path)
        wal.append(gate(2))
    left = _opened(path)
    return Demonstration.of(
        not isinstance(found, str) or left != (gate(1), gate(2)),
        f"open a second handle on a log that is open: {_shown(found).split(':')[0]}",
        f"close the first and load the log: {_shown(left)}",
    )


def _flipped_bits_are_told(folder: Path) -> Demonstration:
    """F40: every single bit of a small log."""
    path = folder / "log"
    with LogFileAgreementWal(path) as wal:
        wal.append(gate(1))
        wal.append(gate(2))
    data = _segment(path).read_bytes()
    other = 0
    for index in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[index // 8] ^= 1 << index % 8
        _segment(path).write_bytes(bytes(flipped))
        found = _opened(path)
        # What is refused or is a beginning of the log is no other value.
        other += not isinstance(found, str) and found != (gate(1), gate(2))[: len(found)]
    return Demonstration.of(
        other > 0,
        f"flip each of {8 * len(data)} bits of a log of two entries: {other} times another entry "
        "is read without an error",
    )


LOG_FILE_DEMONSTRATIONS: Final[dict[str, Showing]] = {
    "F10": _tail_is_cut,
    "F19": _append_costs_the_entry,
    "F27": _second_handle_is_refused,
    "F40": _flipped_bits_are_told,
}
"""What is tried on the log file for the findings about the file of the reference."""
