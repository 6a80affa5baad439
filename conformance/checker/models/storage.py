"""``storage``: how a log is written to a file, and what each kind of crash leaves of it.

A slot is one log with its writer, who stores two entries one after the other.
The system shows what was written; the disk has what reached it, which happens
piece by piece at any time, and for certain where something is synced. The
variants are ways of writing. The shared value is the file system: ``ordered``
and ``ext4`` bring a new file's data to the disk before the renaming that makes
it visible, ``posix`` promises nothing. An empty or a torn file cannot be
opened as a log, but a torn end behind checksums can be cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from conformance.checker.model import FAITHFUL, HARDENED, Action, Model, Property

__all__ = ["STORAGE_VARIANTS", "Log", "storage"]

NAME: Final = "storage"

_ENTRIES_MAX: Final = 2
_FILE_SYSTEMS: Final = ("ordered", "ext4", "posix")
_UNREADABLE: Final = -1


@dataclass(frozen=True, slots=True)
class _Way:
    kind: str
    syncs_file: bool
    syncs_folder: bool
    sentence: str


_WAYS: Final = {
    FAITHFUL: _Way("overwrite", False, False, "truncate and write in place, no sync"),
    "overwrite-sync": _Way("overwrite", True, False, "truncate and write in place, then sync"),
    "rename": _Way("rename", False, False, "write a new file and rename it, no sync"),
    "rename-sync": _Way("rename", True, False, "write and sync a new file, then rename it"),
    "rename-sync-folder": _Way(
        "rename", True, True, "write and sync a new file, rename it, sync the folder"
    ),
    "append": _Way("append", False, False, "append entries with checksums, no sync"),
    HARDENED: _Way("append", True, False, "append entries with checksums, then sync"),
}

STORAGE_VARIANTS: Final = tuple(_WAYS)
"""The ways of writing; the faithful one is the specification's (ARTIFACT-04, F10)."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log. Contents are a number of entries, or -1 for a file that cannot be opened.

    ``place`` is how far the writer is with the next entry. Of a log that is
    written in place or at its end there are what is shown and what is on the
    disk. Of one that is renamed, ``files`` are the new files by number of
    entries, each ``unwritten``, ``part`` or ``all`` on the disk, and ``on_disk`` is
    which of them the name on the disk leads to. ``crash`` ends the story.
    """

    place: str = "idle"
    shown: int = 0
    on_disk: int = 0
    files: tuple[str, ...] = ("all", "absent", "absent")
    acknowledged_count: int = 0
    crash: str | None = None
    found: int = 0


def _with_file(log: Log, number: int, data: str) -> Log:
    files = (*log.files[:number], data, *log.files[number + 1 :])
    return replace(log, files=files)


def _at(place: str) -> Callable[[str, Log], bool]:
    return lambda _system, log: log.crash is None and log.place == place


def _can_begin(_system: str, log: Log) -> bool:
    return log.crash is None and log.place == "idle" and log.acknowledged_count < _ENTRIES_MAX


def _step(
    name: str, ids: tuple[str, ...], guard: Callable[[str, Log], bool], to: Callable[[Log], Log]
) -> Action:
    return Action(name, ids, guard, lambda system, log: (system, to(log)))


def _acknowledged(log: Log) -> Log:
    return replace(log, place="idle", acknowledged_count=log.acknowledged_count + 1)


def _in_place(way: _Way) -> Iterator[Action]:
    """Yield the steps of a log that is overwritten or appended to."""
    written = "unsynced" if way.syncs_file else "done"
    if way.kind == "overwrite":
        yield _step(
            "truncates the file",
            ("F10", "ARTIFACT-04"),
            _can_begin,
            lambda log: replace(log, place="truncated", shown=_UNREADABLE),
        )
        yield _step(
            "the disk gets the truncation or a part of the write",
            ("F10",),
            lambda _system, log: bool(log.crash is None and log.place != "idle"),
            lambda log: replace(log, on_disk=_UNREADABLE),
        )
    yield _step(
        "writes",
        ("ARTIFACT-04",),
        _at("truncated") if way.kind == "overwrite" else _can_begin,
        lambda log: replace(log, place=written, shown=log.acknowledged_count + 1),
    )
    yield _step(
        "the disk gets what is shown",
        ("WAL-08",),
        lambda _system, log: bool(log.crash is None and log.on_disk != log.shown),
        lambda log: replace(log, on_disk=log.shown),
    )
    if way.syncs_file:
        yield _step(
            "syncs the file",
            ("WAL-08",),
            _at("unsynced"),
            lambda log: replace(log, place="done", on_disk=log.shown),
        )


def _by_renaming(way: _Way) -> Iterator[Action]:
    """Yield the steps of a log that is written anew and renamed."""

    def next_number(log: Log) -> int:
        return log.acknowledged_count + 1

    yield _step(
        "writes a new file",
        ("WAL-08",),
        _can_begin,
        lambda log: replace(
            _with_file(log, next_number(log), "unwritten"),
            place="unsynced" if way.syncs_file else "written",
        ),
    )
    if way.syncs_file:
        yield _step(
            "syncs the new file",
            ("WAL-08",),
            _at("unsynced"),
            lambda log: replace(_with_file(log, next_number(log), "all"), place="written"),
        )
    yield _step(
        "renames the new file",
        ("WAL-08",),
        _at("written"),
        lambda log: replace(
            log, place="renamed" if way.syncs_folder else "done", shown=next_number(log)
        ),
    )
    if way.syncs_folder:
        yield _step(
            "syncs the folder",
            ("WAL-08",),
            _at("renamed"),
            lambda log: replace(log, place="done", on_disk=log.shown),
        )
    for number in range(1, _ENTRIES_MAX + 1):
        yield from _disk_gets_file(number, way)


def _disk_gets_file(number: int, way: _Way) -> Iterator[Action]:
    for data, before in (("part", ("unwritten",)), ("all", ("unwritten", "part"))):
        if way.syncs_file and data == "part":
            continue

        def can_arrive(_system: str, log: Log, before: tuple[str, ...] = before) -> bool:
            return log.crash is None and log.files[number] in before

        yield _step(
            f"the disk gets {data} of the file with {number} entries",
            ("WAL-08",),
            can_arrive,
            lambda log, data=data: _with_file(log, number, data),  # type: ignore[misc]
        )

    def can_be_named(system: str, log: Log) -> bool:
        is_ready = system == "posix" or log.files[number] == "all"
        return log.crash is None and log.on_disk < number <= log.shown and is_ready

    yield _step(
        f"the disk gets the renaming of the file with {number} entries",
        ("WAL-08",),
        can_be_named,
        lambda log: replace(log, on_disk=number),
    )


def _crashes(way: _Way) -> Iterator[Action]:
    def after_power(log: Log) -> int:
        if way.kind == "rename" and log.files[log.on_disk] != "all":
            return _UNREADABLE
        return log.on_disk

    yield _step(
        "the process is killed",
        ("WAL-08", "F10"),
        lambda _system, log: log.crash is None,
        lambda log: replace(log, crash="kill", found=log.shown),
    )
    yield _step(
        "the power fails",
        ("WAL-08", "F10"),
        lambda _system, log: log.crash is None,
        lambda log: replace(log, crash="power", found=after_power(log)),
    )


def _properties() -> Iterator[Property]:
    kinds = [("kill", "kill", None), *(("power", f"power, {each}", each) for each in _FILE_SYSTEMS)]
    for crash, title, system in kinds:

        def applies(
            found_system: str, log: Log, crash: str = crash, system: str | None = system
        ) -> bool:
            return log.crash == crash and system in (None, found_system)

        def applies_to_acknowledged(
            found_system: str, log: Log, crash: str = crash, system: str | None = system
        ) -> bool:
            in_question = log.crash == crash and system in (None, found_system)
            return in_question and log.acknowledged_count > 0

        yield Property(
            f"opens after {title}",
            ("F10", "WAL-08"),
            "the log can be opened after the crash",
            lambda _system, log: bool(log.found != _UNREADABLE),
            applies,
        )
        yield Property(
            f"keeps after {title}",
            ("F10", "WAL-08"),
            "every acknowledged entry is there after the crash",
            lambda _system, log: bool(log.found >= log.acknowledged_count),
            applies_to_acknowledged,
        )


def storage(variant: str) -> Model:
    """Return the model of a stored log; a slot is a log with its writer."""
    way = _WAYS[variant]
    steps = _by_renaming(way) if way.kind == "rename" else _in_place(way)
    return Model(
        NAME,
        variant,
        way.sentence,
        _FILE_SYSTEMS,
        lambda _index: Log(),
        (
            *steps,
            _step("acknowledges", ("WAL-01",), _at("done"), _acknowledged),
            *_crashes(way),
        ),
        tuple(_properties()),
    )
