"""System calls that change or sync what is in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from conformance.crashes.events import Answered, Resized, Synced, SyncedAll, SyncFailed, Wrote
from conformance.crashes.processes import OpenFile
from conformance.crashes.recording import Scene
from conformance.crashes.system_calls import (
    SystemCall,
    descriptor_of,
    flags_of,
    number_of,
    text_of,
    texts_of_vector,
)
from conformance.crashes.trace_errors import UnknownCallError

__all__ = ["CONTENT_CALLS"]

_SYNC_FLAGS: Final = {"RWF_DSYNC", "RWF_SYNC"}
_UNKNOWN_ALLOCATIONS: Final = {"FALLOC_FL_COLLAPSE_RANGE", "FALLOC_FL_INSERT_RANGE"}
_ZEROING: Final = {"FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_ZERO_RANGE"}
_COPIES_OF_RANGES: Final = ("FICLONE", "FICLONERANGE", "FIDEDUPERANGE")


def _written(
    scene: Scene, call: SystemCall, data: bytes, *, at: int | None = None, synced: bool = False
) -> None:
    count = call.result or 0
    if descriptor_of(call.arguments[0], call).path == scene.output:
        _answered(scene, data[:count])
        return
    opened = scene.opened(call.arguments[0], call)
    if opened is not None:
        _stored(scene, opened, data[:count], at=at, synced=synced)


def _answered(scene: Scene, data: bytes) -> None:
    *lines, scene.output_rest = (scene.output_rest + data).split(b"\n")
    for line in lines:
        scene.add(Answered(line + b"\n"))


def _stored(
    scene: Scene, opened: OpenFile, data: bytes, *, at: int | None = None, synced: bool = False
) -> None:
    offset = opened.offset if at is None else at
    if opened.is_append:
        offset = len(scene.disk.files[opened.node])
    if data:
        scene.add(Wrote(opened.node, offset, data, synced or opened.is_synced))
    if at is None:
        opened.offset = offset + len(data)


def _write(scene: Scene, call: SystemCall) -> None:
    _written(scene, call, text_of(call.arguments[1], call))


def _write_vector(scene: Scene, call: SystemCall) -> None:
    _written(scene, call, texts_of_vector(call.arguments[1], call))


def _write_at(scene: Scene, call: SystemCall) -> None:
    offset = number_of(call.arguments[3], call)
    _written(scene, call, text_of(call.arguments[1], call), at=offset)


def _write_vector_at(scene: Scene, call: SystemCall) -> None:
    offset = number_of(call.arguments[3], call)
    flags = flags_of(call.arguments[4]) if len(call.arguments) > 4 else frozenset()
    if "RWF_APPEND" in flags:
        raise UnknownCallError(call.text, "an append by the flag of one call")
    data = texts_of_vector(call.arguments[1], call)
    synced = bool(_SYNC_FLAGS & flags)
    _written(scene, call, data, at=None if offset == -1 else offset, synced=synced)


def _read(scene: Scene, call: SystemCall) -> None:
    opened = scene.opened(call.arguments[0], call)
    if opened is not None:
        opened.offset += call.result or 0


def _seek(scene: Scene, call: SystemCall) -> None:
    opened = scene.opened(call.arguments[0], call)
    if opened is not None and call.result is not None:
        opened.offset = call.result


def _copied(
    scene: Scene,
    call: SystemCall,
    source: tuple[str, str | None],
    target: tuple[str, str | None],
) -> None:
    """Copy bytes from one file to another within the kernel."""
    count = call.result or 0
    from_argument, from_offset = source
    to_argument, to_offset = target
    read, written = scene.opened(from_argument, call), scene.opened(to_argument, call)
    given = None if from_offset in (None, "NULL") else number_of(from_offset or "", call)
    if written is not None:
        if read is None:
            raise UnknownCallError(call.text, "bytes from a file outside of the folder")
        begin = read.offset if given is None else given
        data = bytes(scene.disk.files[read.node][begin : begin + count])
        at = None if to_offset in (None, "NULL") else number_of(to_offset or "", call)
        _stored(scene, written, data, at=at)
    if read is not None and given is None:
        read.offset += count


def _send_file(scene: Scene, call: SystemCall) -> None:
    target, source, offset, _ = call.arguments
    if descriptor_of(target, call).path == scene.output:
        raise UnknownCallError(call.text, "an answer that is sent from a file")
    _copied(scene, call, (source, offset), (target, None))


def _copy_range(scene: Scene, call: SystemCall) -> None:
    source, source_offset, target, target_offset, *_ = call.arguments
    _copied(scene, call, (source, source_offset), (target, target_offset))


def _splice(scene: Scene, call: SystemCall) -> None:
    target = call.arguments[2]
    if scene.opened(target, call) is not None or (descriptor_of(target, call).path == scene.output):
        raise UnknownCallError(call.text, "bytes from a pipe, which a trace does not show")


def _control(scene: Scene, call: SystemCall) -> None:
    if any(name in call.arguments[1] for name in _COPIES_OF_RANGES) and (
        scene.opened(call.arguments[0], call) is not None
    ):
        raise UnknownCallError(call.text, "blocks that two files share")


def _resize(scene: Scene, call: SystemCall) -> None:
    opened = scene.opened(call.arguments[0], call)
    if opened is not None:
        scene.add(Resized(opened.node, number_of(call.arguments[1], call)))


def _resize_named(scene: Scene, call: SystemCall) -> None:
    inside = scene.inside(scene.path(None, call.arguments[0], call))
    if inside is None:
        return
    node = scene.disk.find(inside)
    if node is None:
        raise UnknownCallError(call.text, "no call that was seen has made this file")
    scene.add(Resized(node, number_of(call.arguments[1], call)))


def _allocate(scene: Scene, call: SystemCall) -> None:
    opened = scene.opened(call.arguments[0], call)
    if opened is None:
        return
    flags = flags_of(call.arguments[1])
    if _UNKNOWN_ALLOCATIONS & flags:
        raise UnknownCallError(call.text, "ranges that move the rest of a file")
    offset, length = (number_of(each, call) for each in call.arguments[2:4])
    size = len(scene.disk.files[opened.node])
    keeps_size = "FALLOC_FL_KEEP_SIZE" in flags
    if _ZEROING & flags:
        end = min(size, offset + length) if keeps_size else offset + length
        if end > offset:
            scene.add(Wrote(opened.node, offset, bytes(end - offset)))
    elif not keeps_size and offset + length > size:
        scene.add(Resized(opened.node, offset + length))


def _sync(scene: Scene, call: SystemCall) -> None:
    opened = scene.opened(call.arguments[0], call)
    if opened is not None:
        made = SyncFailed if call.error else Synced
        scene.add(made(opened.node, scene.events_before(call)))


def _sync_all(scene: Scene, call: SystemCall) -> None:
    scene.add(SyncedAll(scene.events_before(call)))


def _sync_range(scene: Scene, call: SystemCall) -> None:
    """Do nothing: the manual promises nothing of it after a loss of power."""


def _map(scene: Scene, call: SystemCall) -> None:
    _, length, protection, flags, descriptor, _ = call.arguments
    if not {"MAP_SHARED", "MAP_SHARED_VALIDATE"} & flags_of(flags) or descriptor == "-1":
        return
    opened = scene.opened(descriptor, call)
    if opened is None or call.result is None:
        return
    if "PROT_WRITE" in flags_of(protection):
        scene.note_unseen(opened.node, "a writable shared mapping of")
    elif opened.is_writable:
        end = call.result + number_of(length, call)
        scene.mapped.append((call.result, end, scene.name_of(opened.node), opened.node))


def _protect(scene: Scene, call: SystemCall) -> None:
    if "PROT_WRITE" not in flags_of(call.arguments[2]):
        return
    begin = number_of(call.arguments[0], call)
    end = begin + number_of(call.arguments[1], call)
    for first, last, _, node in scene.mapped:
        if begin < last and first < end:
            scene.note_unseen(node, "a shared mapping that became writable of")


CONTENT_CALLS: Final[Mapping[str, Callable[[Scene, SystemCall], None]]] = MappingProxyType(
    {
        "write": _write,
        "writev": _write_vector,
        "pwrite64": _write_at,
        "pwritev": _write_vector_at,
        "pwritev2": _write_vector_at,
        "read": _read,
        "readv": _read,
        "lseek": _seek,
        "sendfile": _send_file,
        "copy_file_range": _copy_range,
        "splice": _splice,
        "ioctl": _control,
        "ftruncate": _resize,
        "truncate": _resize_named,
        "fallocate": _allocate,
        "fsync": _sync,
        "fdatasync": _sync,
        "syncfs": _sync_all,
        "sync": _sync_all,
        "sync_file_range": _sync_range,
        "mmap": _map,
        "mprotect": _protect,
    }
)
"""By the names of the calls, what each does to the scene."""
