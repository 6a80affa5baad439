"""Storages that are closed and damaged then: some notice it or do without, and others do not."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    VisibilityGateCrossing,
)
from telltale_spec.wire.codec import decode, encode
from tests.zoo.crashes.files import (
    HEAD,
    contents,
    record,
    record_at,
    records,
    replace_file,
    whole_records,
)
from tests.zoo.crashes.right import SECTOR
from tests.zoo.crashes.storages import AppendFile, Storage

LENGTH = struct.Struct("<I")
SHORT_HEAD = struct.Struct("<II")


class Sealed(AppendFile):
    """Right: has beside it how many records there were at closing, with their hash."""

    # What was refused is not sealed: the next opening has to refuse it as well.
    is_whole = False

    @property
    def seal(self) -> Path:
        return self.directory / "seal"

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = self.read(data)
        kept = record_at(contents(self.seal), 0)
        if kept is not None and not self.has_sealed(payloads, *kept):
            raise OSError("the storage is not what it was when it was closed")
        self.is_whole = True
        return payloads, end

    def read(self, data: bytes) -> tuple[list[bytes], int]:
        return whole_records(data)

    def has_sealed(self, payloads: Sequence[bytes], count: int, digest: bytes) -> bool:
        return len(payloads) >= count and digest_of(payloads[:count]) == digest

    def close(self) -> None:
        if self.is_whole:
            replace_file(self.seal, record(len(self.payloads), digest_of(self.payloads)))
        super().close()


class SpendsItsSeal(Sealed):
    """Removes the seal once it has read it, so that damage is told by one opening alone."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        try:
            return super().parse(data)
        finally:
            self.seal.unlink(missing_ok=True)


def digest_of(payloads: Sequence[bytes]) -> bytes:
    return hashlib.sha256(records([*payloads])).digest()


class PaddedRecords(Sealed):
    """Right: fills records up to whole sectors with bytes that nobody reads."""

    def framed(self, number: int, payload: bytes) -> bytes:
        data = record(number, payload)
        return data + b"\xaa" * (-len(data) % SECTOR)

    def read(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = 0
        while (found := record_at(data, end)) is not None and found[0] == len(payloads):
            end += len(self.framed(*found))
            payloads.append(found[1])
        # Where the last filling is torn the record is whole, and is written again with all of it.
        return payloads, end


class Mirrored(Storage):
    """Right: has everything twice, and mends the copy that is damaged from the other one."""

    @property
    def copies(self) -> tuple[Path, Path]:
        return self.directory / "one", self.directory / "other"

    def recover(self) -> Sequence[bytes]:
        data = [contents(path) for path in self.copies]
        found = [record_at(each, 0) for each in data]
        whole = [each for each in found if each is not None]
        if any(data) and not whole:
            raise OSError("both copies are damaged")
        self.generation, stored = max(whole, default=(0, b""))
        for path in self.copies:
            replace_file(path, record(self.generation, stored))
        return whole_records(stored)[0]

    def store(self, payload: bytes) -> None:
        self.generation += 1
        data = record(self.generation, records([*self.payloads, payload]))
        for path in self.copies:
            replace_file(path, data)


class MirroredLate(Mirrored):
    """Writes the second copy at opening alone, and trusts it when the first one is damaged."""

    def store(self, payload: bytes) -> None:
        self.generation += 1
        data = record(self.generation, records([*self.payloads, payload]))
        replace_file(self.copies[0], data)


class NoChecksumAtRest(Sealed):
    """Knows how many records there have to be, and not what is in them."""

    def framed(self, number: int, payload: bytes) -> bytes:
        return LENGTH.pack(len(payload)) + payload

    def read(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = 0
        while end + LENGTH.size <= len(data):
            (size,) = LENGTH.unpack_from(data, end)
            if end + LENGTH.size + size > len(data):
                break
            payloads.append(data[end + LENGTH.size : end + LENGTH.size + size])
            end += LENGTH.size + size
        return payloads, end

    def has_sealed(self, payloads: Sequence[bytes], count: int, digest: bytes) -> bool:
        return len(payloads) >= count


class LengthNotChecked(AppendFile):
    """Has a checksum of the payload, and takes a length that is too long for a torn append."""

    def framed(self, number: int, payload: bytes) -> bytes:
        return SHORT_HEAD.pack(len(payload), zlib.crc32(payload, number + 1)) + payload

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = 0
        while end + SHORT_HEAD.size <= len(data):
            size, checksum = SHORT_HEAD.unpack_from(data, end)
            payload = data[end + SHORT_HEAD.size : end + SHORT_HEAD.size + size]
            if len(payload) < size:
                break
            if zlib.crc32(payload, len(payloads) + 1) != checksum:
                raise OSError(f"the record at byte {end} is damaged")
            payloads.append(payload)
            end += SHORT_HEAD.size + size
        return payloads, end


class MarkNotChecked(Sealed):
    """Has a mark in front of each record, outside of its checksum; one bit of it takes it away."""

    found_count = 0

    def framed(self, number: int, payload: bytes) -> bytes:
        return b"\0" + record(number, payload)

    def read(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = count = 0
        while (found := record_at(data, end + 1)) is not None and found[0] == count:
            if not data[end] & 1:
                payloads.append(found[1])
            end += len(self.framed(*found))
            count += 1
        self.found_count = count
        return payloads, end

    def has_sealed(self, payloads: Sequence[bytes], count: int, digest: bytes) -> bool:
        return self.found_count >= count


class ChecksTailAlone(AppendFile):
    """Looks at the checksum of the last record alone, which is what a crash can tear."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = last = 0
        while end + HEAD.size <= len(data):
            _, _, size, _ = HEAD.unpack_from(data, end)
            if end + HEAD.size + size > len(data):
                break
            payloads.append(data[end + HEAD.size : end + HEAD.size + size])
            last, end = end, end + HEAD.size + size
        if payloads and record_at(data, last) is None:
            raise OSError("the last record is damaged")
        return payloads, end


class CutsDamagedEnd(AppendFile):
    """Takes a damaged last record for a torn append, also when it was closed in between."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        payloads, end = super().parse(data)
        for offset in range(end + 1, len(data)):
            if record_at(data, offset) is not None:
                raise OSError(f"what is at byte {end} is damaged, and a record follows it")
        return payloads, end


class DiesOfDamage(Sealed):
    """Ends its process where it finds damage, so that nobody is told."""

    def parse(self, data: bytes) -> tuple[list[bytes], int]:
        try:
            return super().parse(data)
        except OSError:
            os._exit(3)


class GateLevelOutsideOfTheSum(Sealed):
    """Keeps the level of a gate in two bits of what is in front of its record, unchecked."""

    LEVELS = tuple(AgreementLevel)
    MAGIC = b"gate"
    SHIFT = 4

    def framed(self, number: int, payload: bytes) -> bytes:
        entry = decode(AgreementWalEntry, payload)
        level = entry.gate_level if isinstance(entry, VisibilityGateCrossing) else self.LEVELS[0]
        return (
            self.MAGIC + bytes([self.LEVELS.index(level) << self.SHIFT]) + record(number, payload)
        )

    def read(self, data: bytes) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        end = 0
        begin = len(self.MAGIC) + 1
        while (found := record_at(data, end + begin)) is not None and found[0] == len(payloads):
            mark, payload = data[end + begin - 1] >> self.SHIFT, found[1]
            end += begin + len(record(*found))
            entry = decode(AgreementWalEntry, payload)
            if isinstance(entry, VisibilityGateCrossing):
                payload = encode(replace(entry, gate_level=self.LEVELS[mark % len(self.LEVELS)]))
            payloads.append(payload)
        return payloads, end

    def has_sealed(self, payloads: Sequence[bytes], count: int, digest: bytes) -> bool:
        # The seal counts alone, so that what is in a record is for its own sum to tell.
        return len(payloads) >= count
