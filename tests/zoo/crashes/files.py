"""Plain steps on files, which the storages of the zoo put together, rightly or wrongly."""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from pathlib import Path

HEAD = struct.Struct("<4sIIQ")
MAGIC = b"\xffZoo"


class TakenBackError(OSError):
    """Say that a write failed and that nothing of it is left."""


def record(number: int, payload: bytes) -> bytes:
    """Return a record: magic, checksum, length and number, and the payload."""
    checksum = zlib.crc32(payload, number & 0xFFFFFFFF)
    return HEAD.pack(MAGIC, checksum, len(payload), number) + payload


def record_at(data: bytes, offset: int) -> tuple[int, bytes] | None:
    """Return number and payload of the whole record at ``offset``, or ``None``."""
    if len(data) - offset < HEAD.size:
        return None
    magic, checksum, size, number = HEAD.unpack_from(data, offset)
    payload = data[offset + HEAD.size : offset + HEAD.size + size]
    is_whole = magic == MAGIC and len(payload) == size
    is_right = is_whole and zlib.crc32(payload, number & 0xFFFFFFFF) == checksum
    return (number, payload) if is_right else None


def whole_records(data: bytes) -> tuple[list[bytes], int]:
    """Return the payloads of the whole records from the beginning on, and where they end."""
    payloads: list[bytes] = []
    end = 0
    while (found := record_at(data, end)) is not None and found[0] == len(payloads):
        payloads.append(found[1])
        end += HEAD.size + len(found[1])
    return payloads, end


def records(payloads: list[bytes]) -> bytes:
    return b"".join(record(number, payload) for number, payload in enumerate(payloads))


def write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of ``data``, going on after short writes."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], offset + written)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_file(path: Path, data: bytes) -> None:
    """Make or empty a file, fill and sync it; if that fails raise ``TakenBackError``."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except OSError as error:
        raise TakenBackError(error.errno, error.strerror) from error
    try:
        write_at(descriptor, data, 0)
        os.fsync(descriptor)
    except OSError as error:
        path.unlink()
        raise TakenBackError(error.errno, error.strerror) from error
    finally:
        os.close(descriptor)


def write_once(path: Path, data: bytes) -> None:
    """Fill and sync a file by one write, of which nobody looks how much it took."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        os.write(file, data)
        os.fsync(file)
    finally:
        os.close(file)


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of another one, whole and durably."""
    temporary = path.with_name(f"{path.name}.new")
    make_file(temporary, data)
    try:
        temporary.rename(path)
    except OSError as error:
        raise TakenBackError(error.errno, error.strerror) from error
    sync_folder(path.parent)


def contents(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def lock(path: Path) -> int:
    """Take a lock that ends with the process; raise ``BlockingIOError`` if it is held."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
