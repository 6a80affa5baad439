"""System calls that open files and change the entries of folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from conformance.crashes.events import Linked, Renamed, Resized, Unlinked
from conformance.crashes.processes import OpenFile
from conformance.crashes.recording import Scene
from conformance.crashes.system_calls import SystemCall, descriptor_of, flags_of
from conformance.crashes.trace_errors import UnknownCallError

__all__ = ["NAME_CALLS"]

_SYNC_FLAGS: Final = {"O_SYNC", "O_DSYNC", "O_RSYNC"}
_WRITING: Final = {"O_WRONLY", "O_RDWR"}


def _open(scene: Scene, call: SystemCall) -> None:
    _opened(scene, call, None, call.arguments[0], call.arguments[1])


def _open_at(scene: Scene, call: SystemCall) -> None:
    _opened(scene, call, call.arguments[0], call.arguments[1], call.arguments[2])


def _open_with_form(scene: Scene, call: SystemCall) -> None:
    form = call.arguments[2]
    flags = form.partition("flags=")[2].partition(",")[0].rstrip("}")
    _opened(scene, call, call.arguments[0], call.arguments[1], flags)


def _create(scene: Scene, call: SystemCall) -> None:
    _opened(scene, call, None, call.arguments[0], "O_CREAT|O_WRONLY|O_TRUNC")


def _opened(scene: Scene, call: SystemCall, folder: str | None, name: str, flags_text: str) -> None:
    flags = flags_of(flags_text)
    descriptor = descriptor_of(call.returned or f"{call.result}", call)
    # What was opened has the name that the kernel knows it by, links resolved.
    path = descriptor.path or scene.path(folder, name, call)
    opened = None
    inside = scene.inside(path)
    if inside is not None:
        scene.has_opened = True
        opened = OpenFile(
            _node(scene, call, inside, flags),
            scene.era,
            is_append="O_APPEND" in flags,
            is_synced=bool(_SYNC_FLAGS & flags),
            is_writable=bool(_WRITING & flags),
        )
    closed_on_execution = "O_CLOEXEC" in flags
    scene.table(call).put(descriptor.number, opened, closed_on_execution=closed_on_execution)


def _node(scene: Scene, call: SystemCall, inside: str, flags: frozenset[str]) -> int:
    """Return the file that was opened; one that is new is made, and one that was cut is cut."""
    disk = scene.disk
    if "O_TMPFILE" in flags:
        number = disk.new_number()
        disk.files[number] = bytearray()
        return number
    node = disk.find(inside)
    if node is None:
        if "O_CREAT" not in flags:
            raise UnknownCallError(call.text, "no call that was seen has made this file")
        folder, name = disk.parent(inside)
        node = disk.new_number()
        scene.add(Linked(folder, name, node))
    elif "O_TRUNC" in flags and disk.files.get(node):
        scene.add(Resized(node, 0))
    return node


def _rename(scene: Scene, call: SystemCall) -> None:
    old, new = (scene.path(None, each, call) for each in call.arguments[:2])
    _renamed(scene, call, old, new)


def _rename_at(scene: Scene, call: SystemCall) -> None:
    folder, name, new_folder, new_name, *flags = call.arguments
    if flags and {"RENAME_EXCHANGE", "RENAME_WHITEOUT"} & flags_of(flags[0]):
        raise UnknownCallError(call.text, "a rename of this kind")
    _renamed(scene, call, scene.path(folder, name, call), scene.path(new_folder, new_name, call))


def _renamed(scene: Scene, call: SystemCall, old: str, new: str) -> None:
    source, target = scene.place(old, call), scene.place(new, call)
    if source is None and target is None:
        return
    if source is None:
        raise UnknownCallError(call.text, "a file from outside of the folder")
    node = _entry(scene, call, source)
    if target is None:
        scene.add(Unlinked(*source, node))
        return
    replaced = scene.disk.folders[target[0]].get(target[1])
    if replaced != node:
        scene.add(Renamed(*source, *target, node, replaced))


def _entry(scene: Scene, call: SystemCall, place: tuple[int, str]) -> int:
    folder, name = place
    node = scene.disk.folders.get(folder, {}).get(name)
    if node is None:
        raise UnknownCallError(call.text, "no call that was seen has made this entry")
    return node


def _link(scene: Scene, call: SystemCall) -> None:
    old, new = (scene.path(None, each, call) for each in call.arguments[:2])
    _linked(scene, call, old, new)


def _link_at(scene: Scene, call: SystemCall) -> None:
    folder, name, new_folder, new_name, *_ = call.arguments
    new = scene.path(new_folder, new_name, call)
    if name == '""':
        # The file is the one behind the descriptor itself.
        opened = scene.opened(folder, call)
        _named(scene, call, opened, new)
        return
    _linked(scene, call, scene.path(folder, name, call), new)


def _linked(scene: Scene, call: SystemCall, old: str, new: str) -> None:
    opened = scene.own_descriptor(old, call)
    if opened is not None:
        _named(scene, call, opened, new)
        return
    target = scene.place(new, call)
    if target is None:
        return
    source = scene.place(old, call)
    if source is None:
        raise UnknownCallError(call.text, "a file from outside of the folder")
    scene.add(Linked(*target, _entry(scene, call, source), is_new=False))


def _named(scene: Scene, call: SystemCall, opened: OpenFile | None, new: str) -> None:
    target = scene.place(new, call)
    if target is None:
        return
    if opened is None or opened.era != scene.era:
        raise UnknownCallError(call.text, "a file from outside of the folder")
    scene.add(Linked(*target, opened.node, is_new=False))


def _unlink(scene: Scene, call: SystemCall) -> None:
    _removed(scene, call, scene.path(None, call.arguments[0], call))


def _unlink_at(scene: Scene, call: SystemCall) -> None:
    _removed(scene, call, scene.path(call.arguments[0], call.arguments[1], call))


def _removed(scene: Scene, call: SystemCall, path: str) -> None:
    if scene.inside(path) == "":
        raise UnknownCallError(call.text, "the folder itself was removed")
    place = scene.place(path, call)
    if place is not None:
        scene.add(Unlinked(*place, _entry(scene, call, place)))


def _make_folder(scene: Scene, call: SystemCall) -> None:
    _made_folder(scene, call, scene.path(None, call.arguments[0], call))


def _make_folder_at(scene: Scene, call: SystemCall) -> None:
    _made_folder(scene, call, scene.path(call.arguments[0], call.arguments[1], call))


def _made_folder(scene: Scene, call: SystemCall, path: str) -> None:
    if scene.inside(path) == "":
        return
    place = scene.place(path, call)
    if place is not None:
        scene.add(Linked(*place, scene.disk.new_number(), is_folder=True))


def _link_by_text(scene: Scene, call: SystemCall) -> None:
    *_, name = call.arguments
    folder = call.arguments[1] if call.name == "symlinkat" else None
    if scene.inside(scene.path(folder, name, call)) is not None:
        raise UnknownCallError(call.text, "a symbolic link inside of the folder")


def _make_node(scene: Scene, call: SystemCall) -> None:
    folder = call.arguments[0] if call.name == "mknodat" else None
    name = call.arguments[1] if call.name == "mknodat" else call.arguments[0]
    place = scene.place(scene.path(folder, name, call), call)
    if place is not None:
        raise UnknownCallError(call.text, "a special file inside of the folder")


NAME_CALLS: Final[Mapping[str, Callable[[Scene, SystemCall], None]]] = MappingProxyType(
    {
        "open": _open,
        "openat": _open_at,
        "openat2": _open_with_form,
        "creat": _create,
        "rename": _rename,
        "renameat": _rename_at,
        "renameat2": _rename_at,
        "link": _link,
        "linkat": _link_at,
        "unlink": _unlink,
        "unlinkat": _unlink_at,
        "rmdir": _unlink,
        "mkdir": _make_folder,
        "mkdirat": _make_folder_at,
        "symlink": _link_by_text,
        "symlinkat": _link_by_text,
        "mknod": _make_node,
        "mknodat": _make_node,
    }
)
"""By the names of the calls, what each does to the scene."""
