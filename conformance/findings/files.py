"""Findings about files and bytes: F9, F10, F17 to F19, F23, F24, F26, F27, F40 to F43."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import cbor2

from conformance.findings.demonstration import Demonstration
from conformance.findings.samples import cached, gate
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.effects import EffectOutcome, InvokeStepResponse, ReleaseResponse
from telltale_spec.wire.limits import MAX_PERSISTED_DURABILITY_BYTES
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.values import ProdValue, UnitValue, Value

__all__ = [
    "accepts_flipped_bits",
    "array_forms_move",
    "costs_more_memory_than_the_file",
    "deep_value_hides_the_cache",
    "grows_past_what_can_be_read",
    "half_written_file_is_the_end",
    "handles_lose_entries",
    "newer_file_is_rewritten",
    "rewrites_everything",
    "rewriting_changes_the_bytes",
    "stale_order_blocks_appends",
    "trailing_bytes_vanish",
    "unreachable_log_is_empty",
]

_RELEASED: Final = EffectOutcome.success(ReleaseResponse())


def _error_of(act: Callable[[], object]) -> str | None:
    """Return the text of the declared error that a call raises."""
    try:
        act()
    except DurabilityError as error:
        return str(error)
    return None


def _shortened(text: str | None) -> str:
    return "success" if text is None else text if len(text) <= 120 else f"{text[:120]}.."


def _bytes_of(entries: tuple[AgreementWalEntry, ...]) -> bytes:
    return PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact(entries)).to_cbor()


def grows_past_what_can_be_read(folder: Path) -> Demonstration:
    """F9: four appends of a quarter of the limit are acknowledged."""
    path = folder / "log"
    wal = FileAgreementWal(path)
    quarter = "x" * (MAX_PERSISTED_DURABILITY_BYTES // 4)
    # The first three in one go: what matters is the append that is one too many.
    path.write_bytes(_bytes_of(tuple(gate(tick, quarter) for tick in (1, 2, 3))))
    answer = _error_of(lambda: wal.append(gate(4, quarter)))
    loaded = _error_of(wal.load)
    return Demonstration.of(
        answer is None and loaded is not None,
        f"append a fourth entry of 16 MiB to a log of three: {_shortened(answer)}",
        f"load the log: {_shortened(loaded)}",
    )


def half_written_file_is_the_end(folder: Path) -> Demonstration:
    """F10: what a kill between truncation and write leaves."""
    path = folder / "log"
    wal = FileAgreementWal(path)
    wal.append(gate())
    path.write_bytes(b"")
    loaded, appended = _error_of(wal.load), _error_of(lambda: wal.append(gate(2)))
    return Demonstration.of(
        loaded is not None and appended is not None,
        "append an entry, then truncate the file as an append does before it writes, and stop",
        f"load the log: {_shortened(loaded)}",
        f"append an entry: {_shortened(appended)}",
    )


def trailing_bytes_vanish(folder: Path) -> Demonstration:
    """F17."""
    path = folder / "log"
    wal = FileAgreementWal(path)
    wal.append(gate())
    path.write_bytes(path.read_bytes() + b"important")
    count = len(wal.load().entries)
    wal.append(gate(2))
    is_gone = b"important" not in path.read_bytes()
    return Demonstration.of(
        count == 1 and is_gone,
        f"load a log whose file has nine bytes more at its end: {count} entry, no error",
        f"append an entry: the nine bytes are {'gone' if is_gone else 'still there'}",
    )


def stale_order_blocks_appends(folder: Path) -> Demonstration:
    """F18."""
    path = folder / "log"
    fallen = Escalation("a", AgreementLevel.PROVISIONAL, AgreementLevel.NONE, None, 1)
    path.write_bytes(_bytes_of((fallen,)))
    wal = FileAgreementWal(path)
    loaded, answer = len(wal.load().entries), _error_of(lambda: wal.append(gate(2, "b")))
    twice = EvidenceOutcomeCacheArtifact(
        (cached("e", _RELEASED), cached("e", EffectOutcome.blocked()))
    )
    cache_path = folder / "cache"
    PersistedDurabilityArtifact.evidence_outcome_cache(twice).write_to_path(cache_path)
    cache = FileEvidenceOutcomeCache(cache_path)
    cache.put(cached("other", _RELEASED))
    copies = [entry.evidence_id for entry in cache.load().entries].count("e")
    return Demonstration.of(
        loaded == 1 and answer is not None and copies == 2,
        f"load a file with an escalation that falls: {loaded} entry, no error",
        f"append a gate of another operation: {_shortened(answer)}",
        f"put another id into a cache file that has one twice: it has it {copies} times",
    )


def rewrites_everything(folder: Path) -> Demonstration:
    """F19: bytes written for one append, by the length of the log."""
    path = folder / "log"
    wal = FileAgreementWal(path)
    written = []
    for tick in range(1, 65):
        wal.append(gate(tick))
        written.append(path.stat().st_size)
    return Demonstration.of(
        written[-1] > 16 * written[0],
        f"append 64 equal gates: the first append writes {written[0]} bytes, "
        f"the last one {written[-1]}",
    )


def deep_value_hides_the_cache(folder: Path) -> Demonstration:
    """F23."""
    cache = FileEvidenceOutcomeCache(folder / "cache")
    cache.put(cached("a", _RELEASED))
    value: Value = UnitValue()
    for _ in range(125):
        value = ProdValue(value, UnitValue())
    put = _error_of(
        lambda: cache.put(cached("b", EffectOutcome.success(InvokeStepResponse((value,)))))
    )
    got = _error_of(lambda: cache.get("a"))
    return Demonstration.of(
        put is None and got is not None,
        f"put an outcome with a value of 125 levels beside another one: {_shortened(put)}",
        f"get the other one: {_shortened(got)}",
    )


def newer_file_is_rewritten(folder: Path) -> Demonstration:
    """F24."""
    path = folder / "log"
    tree = cbor2.loads(_bytes_of((gate(),)))
    tree["payload"]["payload"]["entries"][0]["priority"] = 7
    path.write_bytes(cbor2.dumps(tree))
    FileAgreementWal(path).append(gate(2))
    is_lost = "priority" not in cbor2.loads(path.read_bytes())["payload"]["payload"]["entries"][0]
    newer = {"schema_version": "telltale.machine.durability.v2", "payload": {"kind": "new"}}
    answer = _error_of(lambda: PersistedDurabilityArtifact.from_slice(cbor2.dumps(newer)))
    confuses = answer is not None and answer.startswith("decode persisted durability artifact: ")
    return Demonstration.of(
        is_lost and confuses,
        f"append to a log with a field of a later writer: the field is "
        f"{'gone' if is_lost else 'kept'}",
        f"read a later version with a payload of its own: {_shortened(answer)}",
    )


def unreachable_log_is_empty(folder: Path) -> Demonstration:
    """F26: the target of a link has gone."""
    path = folder / "link"
    wal = FileAgreementWal(path)
    path.symlink_to(folder / "mounted" / "log")
    (folder / "mounted").mkdir()
    wal.append(gate())
    (folder / "mounted").rename(folder / "unmounted")
    count = len(wal.load().entries)
    return Demonstration.of(
        count == 0,
        "append an entry to a log behind a link, then take the folder behind the link away",
        f"load the log: {count} entries, no error",
    )


def handles_lose_entries(folder: Path) -> Demonstration:
    """F27: one handle appends between the read and the write of another."""
    path = folder / "log"

    class Interrupted(FileAgreementWal):
        def load(self) -> AgreementWalArtifact:
            before = super().load()
            if not before.entries:
                FileAgreementWal(path).append(gate(1, "other"))
            return before

    Interrupted(path).append(gate(2, "own"))
    left = [entry.operation_id for entry in FileAgreementWal(path).load().entries]
    return Demonstration.of(
        left == ["own"],
        "append through one handle while another is between its read and its write",
        f"load the log, both appends acknowledged: entries of {', '.join(left)}",
    )


def accepts_flipped_bits(folder: Path) -> Demonstration:
    """F40: every single bit of a small log."""
    data = _bytes_of(
        (gate(), Escalation("o", AgreementLevel.NONE, AgreementLevel.SOFT_SAFE, "e", 2))
    )
    original = PersistedDurabilityArtifact.from_slice(data)
    other = 0
    for index in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[index // 8] ^= 1 << index % 8
        try:
            other += PersistedDurabilityArtifact.from_slice(bytes(flipped)) != original
        except DurabilityError:
            continue
    return Demonstration.of(
        other > 0,
        f"flip each of {8 * len(data)} bits of a log of two entries: {other} times another log "
        "is read without an error",
    )


def costs_more_memory_than_the_file(folder: Path) -> Demonstration:
    """F41: an unknown list of zeros, a sixtieth of the size that the limit allows."""
    tree = cbor2.loads(_bytes_of((gate(),)))
    tree["payload"]["payload"]["entries"][0]["unknown"] = [0] * 1_000_000
    data = cbor2.dumps(tree)
    tracemalloc.start()
    try:
        answer = _error_of(lambda: PersistedDurabilityArtifact.from_slice(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return Demonstration.of(
        peak > 16 * len(data),
        f"read {len(data)} bytes with an unknown list of a million zeros: {_shortened(answer)}, "
        f"{peak} bytes of memory at most",
        "the specification's own reader takes some 30 bytes for each of such a file; this one "
        "skips what it does not know",
    )


def rewriting_changes_the_bytes(folder: Path) -> Demonstration:
    """F42: an entry as an array is no form that other readers know."""
    path = folder / "log"
    entry = ["visibility_gate_crossing", "o", "coro:0", "provisional", 1]
    tree = cbor2.loads(_bytes_of(()))
    tree["payload"]["payload"]["entries"] = [entry]
    path.write_bytes(cbor2.dumps(tree))
    wal = FileAgreementWal(path)
    loaded = wal.load().entries
    before = path.read_bytes()
    wal.append(gate(2))
    kept = path.read_bytes()[: len(before) - 1].endswith(before[-20:-1])
    return Demonstration.of(
        loaded == (gate(),) and not kept,
        f"load a log whose entry is an array: {'the same gate as from a map' if loaded else '-'}",
        "append an entry: the first one is a map in the file now",
    )


def array_forms_move(folder: Path) -> Demonstration:
    """F43: a field more in front of the last one."""
    tree = cbor2.loads(_bytes_of(()))
    verdicts = []
    for entry in (
        ["visibility_gate_crossing", "o", "coro:0", "provisional", 1],
        ["visibility_gate_crossing", "o", "coro:0", "provisional", "reason", 1],
        {
            "kind": "visibility_gate_crossing",
            "operation_id": "o",
            "downstream_coroutine_id": "coro:0",
            "gate_level": "provisional",
            "reason": "reason",
            "tick": 1,
        },
    ):
        tree["payload"]["payload"]["entries"] = [entry]
        data = cbor2.dumps(tree)
        verdicts.append(_error_of(partial(PersistedDurabilityArtifact.from_slice, data)))
    return Demonstration.of(
        verdicts[0] is None and verdicts[1] is not None and verdicts[2] is None,
        f"read an entry as an array: {_shortened(verdicts[0])}",
        f"read it with a new field before the tick: {_shortened(verdicts[1])}",
        f"read the same as a map: {_shortened(verdicts[2])}",
    )
