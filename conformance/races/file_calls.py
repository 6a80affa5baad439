"""The system calls at which a process is held: those that change or look at something shared.

Only they can make a difference to another process. One that is not in the table (the closing of a
file, for one) is passed, and the process is held at the next one that is, with the same effect.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ARCHITECTURES", "Entered", "is_change", "shared_call_text"]

_TEXT_BYTES_MAX: Final = 4096
_HERE: Final = -100
_HEX: Final = 16

# Where a call names what it is on: the places of descriptors, of paths, and of pairs of both.
_Places = tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...]]


def _of_descriptors(*places: int) -> _Places:
    return places, (), ()


def _of_paths(*places: int) -> _Places:
    return (), places, ()


def _of_folders(*places: tuple[int, int]) -> _Places:
    return (), (), places


_PLACES: Final[Mapping[str, _Places]] = {
    **dict.fromkeys(
        (
            *("read", "pread64", "readv", "preadv", "preadv2"),
            *("write", "pwrite64", "writev", "pwritev", "pwritev2"),
            *("fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate"),
            *("fstat", "lseek", "flock", "fcntl", "getdents", "getdents64"),
            *("sendto", "recvfrom", "sendmsg", "recvmsg"),
        ),
        _of_descriptors(0),
    ),
    "sendfile": _of_descriptors(0, 1),
    "copy_file_range": _of_descriptors(0, 2),
    **dict.fromkeys(
        (
            *("open", "creat", "stat", "lstat", "access", "truncate"),
            *("mkdir", "rmdir", "unlink", "readlink"),
        ),
        _of_paths(0),
    ),
    "rename": _of_paths(0, 1),
    "link": _of_paths(0, 1),
    "symlink": _of_paths(1),
    **dict.fromkeys(
        (
            *("openat", "openat2", "newfstatat", "statx", "faccessat", "faccessat2"),
            *("mkdirat", "unlinkat"),
        ),
        _of_folders((0, 1)),
    ),
    **dict.fromkeys(("renameat", "renameat2", "linkat"), _of_folders((0, 1), (2, 3))),
    "symlinkat": _of_folders((1, 2)),
}

# What they do to others ends with the process that makes them, if they do anything at all.
_PASSING: Final = frozenset(
    (
        *("read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg"),
        *("fstat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2"),
        *("lseek", "getdents", "getdents64", "readlink", "flock", "fcntl"),
        *("fsync", "fdatasync", "sync_file_range"),
    )
)

_LOCK_COMMANDS: Final = {
    5: "F_GETLK",
    6: "F_SETLK",
    7: "F_SETLKW",
    36: "F_OFD_GETLK",
    37: "F_OFD_SETLK",
    38: "F_OFD_SETLKW",
}
_SEEK_END: Final = 2
_LENGTHS: Final = ("read", "pread64", "write", "pwrite64")


def _numbered(text: str) -> dict[int, str]:
    """Return the names in a text by the numbers in front of them."""
    words = text.split()
    return {int(number): name for number, name in zip(words[::2], words[1::2], strict=True)}


_X86_64: Final = _numbered(
    """
    0 read 1 write 2 open 4 stat 5 fstat 6 lstat 8 lseek 17 pread64 18 pwrite64 19 readv
    20 writev 21 access 40 sendfile 44 sendto 45 recvfrom 46 sendmsg 47 recvmsg 72 fcntl
    73 flock 74 fsync 75 fdatasync 76 truncate 77 ftruncate 78 getdents 82 rename 83 mkdir
    84 rmdir 85 creat 86 link 87 unlink 88 symlink 89 readlink 217 getdents64 257 openat
    258 mkdirat 262 newfstatat 263 unlinkat 264 renameat 265 linkat 266 symlinkat 269 faccessat
    277 sync_file_range 285 fallocate 295 preadv 296 pwritev 316 renameat2 326 copy_file_range
    327 preadv2 328 pwritev2 332 statx 437 openat2 439 faccessat2
    """
)
_GENERIC: Final = _numbered(
    """
    25 fcntl 32 flock 34 mkdirat 35 unlinkat 36 symlinkat 37 linkat 38 renameat 45 truncate
    46 ftruncate 47 fallocate 48 faccessat 56 openat 61 getdents64 62 lseek 63 read 64 write
    65 readv 66 writev 67 pread64 68 pwrite64 69 preadv 70 pwritev 71 sendfile 79 newfstatat
    80 fstat 82 fsync 83 fdatasync 84 sync_file_range 206 sendto 207 recvfrom 211 sendmsg
    212 recvmsg 276 renameat2 285 copy_file_range 286 preadv2 287 pwritev2 291 statx
    437 openat2 439 faccessat2
    """
)

ARCHITECTURES: Final[Mapping[int, Mapping[int, str]]] = {
    0xC000_003E: _X86_64,
    0xC000_00B7: _GENERIC,
    0xC000_00F3: _GENERIC,
}
"""Names of system calls by their numbers, for x86-64, arm64 and riscv64 in the kernel's words."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A system call that a thread has begun: its architecture, its number and its arguments."""

    thread_id: int
    architecture: int
    number: int
    arguments: tuple[int, ...]


def shared_call_text(entered: Entered, directory: Path) -> str:
    """Return a call in words if others can notice it, and otherwise an empty text.

    It is one on a file below ``directory``, on a connection, or a lock on whatever file. The
    files are named as they are below the directory, which has to be resolved.
    """
    name = ARCHITECTURES.get(entered.architecture, {}).get(entered.number, "")
    if not name or (name == "fcntl" and entered.arguments[1] not in _LOCK_COMMANDS):
        return ""
    # Only where it asks for the end does a seek tell anything.
    if name == "lseek" and entered.arguments[2] != _SEEK_END:
        return ""
    found = [_inside(each, directory, name) for each in _targets(entered, name)]
    if not any(found):
        return ""
    details = [each or "a file elsewhere" for each in found]
    return f"{name}({', '.join([*details, *_more(entered, name)])})"


def is_change(text: str) -> bool:
    """Say whether a call, in words, may leave something that outlives the process that made it."""
    name, _, rest = text.partition("(")
    if name in ("open", "openat", "openat2"):
        # Only with one of these does an opening change anything; of some calls it is not known.
        return name != "openat" or "O_CREAT" in rest or "O_TRUNC" in rest
    return name not in _PASSING


def _more(entered: Entered, name: str) -> list[str]:
    arguments = entered.arguments
    if name == "fcntl":
        return [_LOCK_COMMANDS[arguments[1]]]
    if name in _LENGTHS:
        at = f" at {arguments[3]}" if name.startswith("p") else ""
        return [f"{arguments[2]} bytes{at}"]
    if name in ("ftruncate", "truncate"):
        return [f"{arguments[1]} bytes"]
    if name == "openat":
        words = {os.O_CREAT: "O_CREAT", os.O_EXCL: "O_EXCL", os.O_TRUNC: "O_TRUNC"}
        flags = [word for flag, word in words.items() if arguments[2] & flag]
        return ["|".join(flags)] if flags else []
    if name == "flock":
        kinds = {1: "LOCK_SH", 2: "LOCK_EX", 8: "LOCK_UN"}
        return [kinds.get(arguments[1] & ~4, str(arguments[1]))]
    return []


def _targets(entered: Entered, name: str) -> list[str]:
    """Return what a call is on: paths, or what the kernel calls things without one."""
    thread, arguments = entered.thread_id, entered.arguments
    descriptors, paths, folders = _PLACES[name]
    found = [_link(thread, f"fd/{_signed(arguments[place])}") for place in descriptors]
    found += [_path(thread, _HERE, arguments[place]) for place in paths]
    found += [
        _path(thread, _signed(arguments[folder]), arguments[place]) for folder, place in folders
    ]
    return found


def _signed(value: int) -> int:
    low = value & 0xFFFF_FFFF
    return low - (1 << 32) if low >> 31 else low


def _link(thread: int, name: str) -> str:
    # A number that nothing is open under is the backend's own error.
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{thread}/{name}").readlink())
    return ""


def _path(thread: int, folder: int, address: int) -> str:
    text = os.fsdecode(_string(thread, address)) if address else ""
    base = _link(thread, "cwd" if folder == _HERE else f"fd/{folder}")
    return os.path.normpath(Path(base, text)) if base or text.startswith("/") else ""


def _string(thread: int, address: int) -> bytes:
    """Return the text at an address, piece by piece, as the next page may not be there."""
    data = b""
    with contextlib.suppress(OSError), Path(f"/proc/{thread}/mem").open("rb", 0) as memory:
        while len(data) < _TEXT_BYTES_MAX:
            at = address + len(data)
            piece = os.pread(memory.fileno(), 256 - at % 256, at)
            if not piece or b"\0" in piece:
                return data + piece.partition(b"\0")[0]
            data += piece
    return data


def _inside(target: str, directory: Path, name: str) -> str:
    """Return how a thing is called if it is shared, and otherwise an empty text."""
    path = target.removesuffix(" (deleted)")
    if path == str(directory):
        return "the directory"
    if path.startswith(f"{directory}/"):
        return _plain(path[len(str(directory)) + 1 :])
    if target.startswith("socket:"):
        return "a connection"
    is_lock = name in ("flock", "fcntl")
    return f"a file elsewhere, {Path(path).name}" if is_lock and path.startswith("/") else ""


def _plain(name: str) -> str:
    """Return a name in which long numbers, which differ from run to run, are left out."""
    words = name.replace("-", ".").split(".")
    if any(len(word) >= _HEX and word.isalnum() for word in words):
        return "a file with a name of its own"
    return name
