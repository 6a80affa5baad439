"""A crash in words: the operations, the system calls, what survived, and what is on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.crashes.campaign import CrashSite
from conformance.crashes.conduct import Deed
from conformance.crashes.damage import Damage
from conformance.crashes.disk import Disk, Image
from conformance.crashes.events import (
    ROOT,
    Answered,
    Event,
    Linked,
    Renamed,
    Resized,
    Synced,
    SyncedAll,
    SyncFailed,
    Unlinked,
    Wrote,
)
from conformance.crashes.opener import AtRest
from conformance.crashes.persistence import CHANGES, Fill
from conformance.crashes.states import CrashClass, CrashState
from conformance.records.results import Step
from conformance.rules.long_texts import contents_text

__all__ = ["crash_steps", "damage_steps", "deed_steps", "event_text", "hexadecimal_lines"]

_ROW_BYTES = 16
_ROWS_MAX = 4


def crash_steps(site: CrashSite, state: CrashState) -> list[Step]:
    """Return the steps of a history up to a crash, with what became of each change."""
    return [*_deed_steps(site, state), *_event_steps(site, state), *_image_steps(site, state)]


def _deed_steps(site: CrashSite, state: CrashState) -> Iterator[Step]:
    answered = site.conducted.answered(state.point)
    yield from deed_steps(site.conducted.deeds[:answered])
    if answered < len(site.conducted.deeds):
        under_way = site.conducted.deeds[answered]
        yield Step(under_way.text, "not answered yet", _data(under_way.operation))


def deed_steps(deeds: Iterable[Deed], *, with_contents: bool = False) -> Iterator[Step]:
    """Yield what was done, and answered, as steps; of a load perhaps what it showed."""
    for deed in deeds:
        shown = with_contents and deed.loaded is not None
        answer = contents_text(deed.loaded or ()) if shown else deed.answer
        yield Step(deed.text, answer, _data(deed.operation))


def _data(operation: object) -> object:
    return operation.to_dict() if hasattr(operation, "to_dict") else None


def _event_steps(site: CrashSite, state: CrashState) -> Iterator[Step]:
    """Yield the calls of the operation that was crashed, and earlier ones that were lost."""
    events = site.model.events
    begin = max(
        (index + 1 for index in range(state.point) if isinstance(events[index], Answered)),
        default=0,
    )
    partial = {part.event for part in state.parts}
    names = _names(site)
    for index in range(state.point):
        event = events[index]
        if isinstance(event, Answered):
            continue
        if index >= begin or index in state.lost or index in partial:
            yield Step(f"call: {event_text(event, names)}", _fate(site, state, index))
    kill = state.crash_class is CrashClass.KILL_INSIDE
    what = "the process is killed" if kill else "the power goes"
    system = "" if kill else f", file system {site.model.file_system.value}"
    yield Step(f"crash: {what} here ({state.crash_class.value}{system})", "ok")
    if state.point < len(events) and not isinstance(events[state.point], Answered):
        yield Step(f"call: {event_text(events[state.point], names)}", "never made")


def _fate(site: CrashSite, state: CrashState, index: int) -> str:
    if not isinstance(site.model.events[index], CHANGES):
        return "done"
    if state.crash_class is CrashClass.KILL_INSIDE:
        return "survived, as the system lives on"
    left = [part for part in state.parts if part.event == index]
    if left:
        fills = {
            Fill.NOTHING: "",
            Fill.ZERO: ", and zeros where the rest would be",
            Fill.STALE: ", and old bytes where the rest would be",
        }
        ranges = " and ".join(f"{part.begin} to {part.end}" for part in left)
        return f"survived in part: its bytes {ranges}{fills[left[0].fill]}"
    if index in state.lost:
        return "lost"
    stable = site.model.is_stable(index, state.point)
    return "survived, as a sync had made it stable" if stable else "survived"


def _names(site: CrashSite) -> dict[int, str]:
    """Return a name for each file: the last one that it had."""
    names = {ROOT: "the folder"}
    disk = Disk.of(site.model.image)
    for folder, entries in disk.folders.items():
        names.update({node: name for name, node in entries.items() if folder >= ROOT})
    for event in site.model.events:
        match event:
            case Linked(_, name, node):
                names[node] = name
            case Renamed(_, _, _, name, node):
                names[node] = name
            case _:
                continue
    return names


def event_text(event: Event, names: dict[int, str]) -> str:
    """Return one event as an imperative phrase."""

    def name(node: int) -> str:
        return names.get(node, "a file without a name")

    match event:
        case Wrote(file, offset, data, is_synced):
            synced = ", synchronously" if is_synced else ""
            return f"write {len(data)} bytes at {offset} of {name(file)}{synced}"
        case Resized(file, size):
            return f"set the size of {name(file)} to {size}"
        case Linked(folder, entry, _, is_folder, is_new):
            kind = "folder" if is_folder else "entry"
            made = "make" if is_new else "add a name:"
            return f"{made} the {kind} {entry} in {name(folder)}"
        case Unlinked(folder, entry):
            return f"remove the entry {entry} of {name(folder)}"
        case Renamed(_, entry, _, new, _, replaced):
            over = "" if replaced is None else ", in place of what had that name"
            return f"rename {entry} to {new}{over}"
        case Synced(node):
            return f"sync {name(node)}"
        case SyncFailed(node):
            return f"sync {name(node)}, which fails"
        case SyncedAll():
            return "sync everything"
        case Answered(line):
            return f"answer {line.decode('utf-8', 'backslashreplace').strip()[:60]}"


def _image_steps(site: CrashSite, state: CrashState) -> Iterator[Step]:
    """Yield what is on disk beside what would be there without the crash."""
    found = dict(site.image(state).files)
    whole = dict(Image.of_events(site.model.image, site.model.events[: state.point]).files)
    for path in sorted(found.keys() | whole.keys()):
        if path not in found:
            if state.crash_class is CrashClass.KILL_INSIDE:
                continue
            yield Step(f"disk: {path}", "is not there")
            continue
        same = found[path] == whole.get(path)
        size = len(found[path])
        unit = "byte" if size == 1 else "bytes"
        yield Step(f"disk: {path}", f"{size} {unit}{'' if same else ', changed by the crash'}")
        if not same:
            for row in hexadecimal_lines(found[path], whole.get(path, b"")):
                yield Step(f"disk: {row}", "ok")


def damage_steps(rest: AtRest, damage: Damage) -> list[Step]:
    """Return the steps of a history up to a damage of its files, with the bytes beside the old."""
    steps = [Step(deed.text, deed.answer, _data(deed.operation)) for deed in rest.deeds]
    steps.append(Step(f"damage: {damage.text}", "ok"))
    whole = dict(rest.image.files).get(damage.path, b"")
    found = dict(damage.apply(rest.image).files).get(damage.path, b"")
    rows = hexadecimal_lines(found, whole, "before")
    return [*steps, *[Step(f"disk: {row}", "ok") for row in rows]]


def hexadecimal_lines(
    found: bytes, whole: bytes, otherwise: str = "without the crash"
) -> list[str]:
    """Return the first rows in which bytes differ: what is there, and what would be."""
    offsets = range(0, max(len(found), len(whole)), _ROW_BYTES)
    pairs = [
        (offset, found[offset : offset + _ROW_BYTES], whole[offset : offset + _ROW_BYTES])
        for offset in offsets
    ]
    differing = [pair for pair in pairs if pair[1] != pair[2]]
    rows = [
        f"{offset:6}: {_row(one)} | {otherwise}: {_row(other)}"
        for offset, one, other in differing[:_ROWS_MAX]
    ]
    more = len(differing) - len(rows)
    return [*rows, *([f"and {more} more rows of {_ROW_BYTES} bytes"] if more else [])]


def _row(data: bytes) -> str:
    if not data:
        return "(nothing)"
    seen = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{data.hex(' ')} {seen}"
