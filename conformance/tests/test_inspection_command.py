"""What the inspection of real files prints, and how it fails."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.commands.inspection import inspect_command
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome
from telltale_spec.wire.limits import MAX_PERSISTED_DURABILITY_BYTES
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryMetadata

NONE, SOFT_SAFE = AgreementLevel.NONE, AgreementLevel.SOFT_SAFE
EVIDENCE = AgreementEvidence(
    "e-1", "order-7", None, None, SOFT_SAFE, AgreementEvidenceKind.WITNESS, "r", True
)
ENTRIES: tuple[AgreementWalEntry, ...] = (
    EvidenceProduced(EVIDENCE, 1),
    Escalation("order-7", NONE, SOFT_SAFE, "e-1", 2),
    Finalization("order-8", FinalizationOutcome.TIMED_OUT, None, None, 3),
    VisibilityGateCrossing("order-7", "coro:0", SOFT_SAFE, 4),
)
OUT_OF_ORDER = (*ENTRIES, Escalation("order-7", SOFT_SAFE, NONE, None, 5))
ORDER_ERROR = "agreement WAL regression for `order-7`: SoftSafe -> None"
CACHE = EvidenceOutcomeCacheArtifact(
    (
        EvidenceOutcomeCacheEntry(
            "e-1",
            "Guard",
            "acquire",
            EffectOutcome.failed(EffectFailure.unavailable('no "disk"')),
        ),
    )
)
CACHE_BYTES = PersistedDurabilityArtifact.evidence_outcome_cache(CACHE).to_cbor()
METADATA_BYTES = PersistedDurabilityArtifact.recovery_metadata(DurableRecoveryMetadata()).to_cbor()
NOT_A_WAL = "persisted durability artifact contains {}, not an agreement WAL"
NOT_A_CACHE = "persisted durability artifact contains {}, not an evidence outcome cache"


def wal_bytes(*entries: AgreementWalEntry) -> bytes:
    return PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact(entries)).to_cbor()


@dataclass(frozen=True)
class Shown:
    """Exit status and output of one inspection."""

    status: int
    output: str


class Inspector:
    """Write files and inspect them."""

    def __init__(self, folder: Path) -> None:
        self.wal_path = folder / "wal.cbor"
        self.cache_path = folder / "cache.cbor"

    def __call__(
        self,
        wal: bytes | None,
        cache: bytes | None = None,
        checkpoint_tick: int | None = None,
        *,
        as_json: bool = False,
    ) -> Shown:
        for path, data in ((self.wal_path, wal), (self.cache_path, cache)):
            if data is not None:
                path.write_bytes(data)
        output = io.StringIO()
        status = inspect_command(
            self.wal_path,
            None if cache is None else self.cache_path,
            checkpoint_tick,
            Console(file=output, width=160),
            as_json=as_json,
        )
        return Shown(status, output.getvalue())


@pytest.fixture
def inspect(tmp_path: Path) -> Inspector:
    return Inspector(tmp_path)


def row_of(shown: Shown, *cells: str) -> bool:
    """Say whether one line of the output has all cells, in order."""
    for line in shown.output.splitlines():
        found = [cell.strip() for cell in line.strip("│┃").split("│")]
        if found == list(cells):
            return True
    return False


@pytest.mark.requirement("INSPECT-01", "INSPECT-02", "RECOV-05")
def test_a_valid_log_is_shown_row_by_row_with_its_recovery(inspect: Inspector) -> None:
    shown = inspect(wal_bytes(*ENTRIES), CACHE_BYTES)

    assert shown.status == 0
    assert row_of(
        shown, "1", "order-7", "evidence_produced", "Witness level=SoftSafe authoritative=true"
    )
    assert row_of(shown, "2", "order-7", "escalation", "None -> SoftSafe evidence=e-1")
    assert row_of(shown, "3", "order-8", "finalization", "TimedOut proof=- handle=-")
    assert row_of(
        shown, "4", "order-7", "visibility_gate_crossing", "downstream=coro:0 gate=SoftSafe"
    )
    status = 'Failure { failure: EffectFailure { kind: Unavailable, message: "no \\"disk\\"" } }'
    assert row_of(shown, "e-1", "Guard", "acquire", status)
    assert "the log is in order" in shown.output
    assert row_of(
        shown, "order-7", "soft_safe", "-", "resume_from_evidence_boundary", "crossed", '"e-1"'
    )
    assert row_of(shown, "order-8", "none", "timed_out", "preserve_terminal", "-", "-")
    for line in (
        "checkpoint tick: 0",
        "first tick of the suffix: 1",
        "last tick of the suffix: 4",
        'resumed operations: "order-7"',
        'terminal operations: "order-8"',
        'cached evidence: "e-1"',
    ):
        assert line in shown.output.splitlines()


@pytest.mark.requirement("RECOV-02", "RECOV-03")
def test_decisions_are_those_of_the_checkpoint(inspect: Inspector) -> None:
    shown = inspect(wal_bytes(*ENTRIES), checkpoint_tick=3)

    assert shown.status == 0
    assert "recovery from checkpoint 3" in shown.output
    assert row_of(shown, "order-7", "none", "-", "reexecute_from_scratch", "crossed", "-")
    assert "preserve_terminal" not in shown.output
    assert "first tick of the suffix: 4" in shown.output


def test_an_empty_log_and_no_cache_are_shown_as_such(inspect: Inspector) -> None:
    shown = inspect(wal_bytes())

    assert shown.status == 0
    assert shown.output.count("(none)") == 3
    assert "first tick of the suffix: -" in shown.output


@pytest.mark.requirement("RECOV-01")
def test_a_log_out_of_order_is_shown_with_its_error_and_without_decisions(
    inspect: Inspector,
) -> None:
    shown = inspect(wal_bytes(*OUT_OF_ORDER))

    assert shown.status == 1
    assert row_of(shown, "5", "order-7", "escalation", "SoftSafe -> None")
    assert f"the log is out of order: {ORDER_ERROR}" in shown.output
    assert "recovery from checkpoint" not in shown.output
    assert "checkpoint tick" not in shown.output


@pytest.mark.requirement("INSPECT-03")
def test_the_json_form_says_the_same(inspect: Inspector) -> None:
    shown = inspect(wal_bytes(*ENTRIES), CACHE_BYTES, as_json=True)
    tree: dict[str, Any] = json.loads(shown.output)

    assert shown.status == 0
    assert list(tree) == ["wal_entries", "evidence_cache_entries", "valid", "error", "recovery"]
    assert [row["tick"] for row in tree["wal_entries"]] == [1, 2, 3, 4]
    assert tree["evidence_cache_entries"][0]["evidence_id"] == "e-1"
    assert (tree["valid"], tree["error"]) == (True, None)
    assert tree["recovery"]["metadata"]["terminal_operation_ids"] == ["order-8"]
    assert [row["operation_id"] for row in tree["recovery"]["decisions"]] == ["order-7", "order-8"]


def test_the_json_form_of_a_log_out_of_order_has_no_recovery(inspect: Inspector) -> None:
    shown = inspect(wal_bytes(*OUT_OF_ORDER), as_json=True)
    tree: dict[str, Any] = json.loads(shown.output)

    assert shown.status == 1
    assert (tree["valid"], tree["error"], tree["recovery"]) == (False, ORDER_ERROR, None)
    assert len(tree["wal_entries"]) == 5


@pytest.mark.parametrize("as_json", [False, True])
def test_control_characters_never_reach_the_terminal(inspect: Inspector, as_json: bool) -> None:
    hostile = "a\x1b[2J\x00\n\u202eb\x85[red]"
    shown = inspect(wal_bytes(VisibilityGateCrossing(hostile, hostile, NONE, 1)), as_json=as_json)

    assert shown.status == 0
    assert not set("\x1b\x00\u202e\x85") & set(shown.output)
    if not as_json:
        assert "a\\u{1b}[2J\\u{0}\\n\\u{202e}b\\u{85}[red]" in shown.output


def test_a_control_character_in_an_order_error_is_escaped(inspect: Inspector) -> None:
    shown = inspect(wal_bytes(Escalation("\x1b[31m", SOFT_SAFE, NONE, None, 1)))

    assert shown.status == 1
    assert "\x1b" not in shown.output
    assert "for `\\u{1b}[31m`" in shown.output


def test_bytes_that_are_not_canonical_are_read_as_the_specification_reads_them(
    inspect: Inspector,
) -> None:
    shown = inspect(wal_bytes(*ENTRIES) + b"trailing")

    assert shown.status == 0
    assert "downstream=coro:0" in shown.output


@pytest.mark.requirement("ARTIFACT-05")
@pytest.mark.parametrize(
    ("wal", "cache", "message"),
    [
        (CACHE_BYTES, None, NOT_A_WAL.format("an evidence outcome cache payload")),
        (METADATA_BYTES, None, NOT_A_WAL.format("recovery metadata")),
        (wal_bytes(), wal_bytes(), NOT_A_CACHE.format("an agreement WAL payload")),
        (wal_bytes(), METADATA_BYTES, NOT_A_CACHE.format("recovery metadata")),
    ],
)
def test_a_wrong_kind_is_one_message(
    inspect: Inspector, wal: bytes, cache: bytes | None, message: str
) -> None:
    shown = inspect(wal, cache)
    path = inspect.wal_path if cache is None else inspect.cache_path

    assert shown == Shown(2, f"{path}: {message}\n")


@pytest.mark.requirement("DEC-29", "DEC-30", "DEC-31")
@pytest.mark.parametrize(
    ("change", "start"),
    [
        (lambda _: b"", "decode persisted durability artifact: Io("),
        (lambda data: data[:-1], "decode persisted durability artifact: Io("),
        (lambda _: b"\x1c", "decode persisted durability artifact: Syntax("),
        (lambda _: b"\x9f" * 300, "decode persisted durability artifact: "),
        (
            lambda data: data.replace(b".v1", b".v9"),
            "unsupported persisted durability schema version `telltale.machine.durability.v9`",
        ),
    ],
    ids=["empty", "truncated", "corrupt", "nested", "other version"],
)
def test_a_file_that_does_not_decode_is_one_message(
    inspect: Inspector, change: Callable[[bytes], bytes], start: str
) -> None:
    shown = inspect(change(wal_bytes(*ENTRIES)))

    assert shown.status == 2
    assert shown.output.startswith(f"{inspect.wal_path}: {start}")
    assert len(shown.output.splitlines()) == 1


@pytest.mark.requirement("DEC-27")
def test_an_oversized_file_is_one_message(inspect: Inspector) -> None:
    size_bytes = MAX_PERSISTED_DURABILITY_BYTES + 1
    with open(inspect.wal_path, "wb") as file:
        file.truncate(size_bytes)
    shown = inspect(None)

    expected = f"input is {size_bytes} bytes, max is {MAX_PERSISTED_DURABILITY_BYTES}"
    assert shown.status == 2
    assert shown.output == (
        f"{inspect.wal_path}: decode persisted durability artifact: {expected}\n"
    )


@pytest.mark.requirement("ARTIFACT-03")
def test_a_missing_file_is_one_message(inspect: Inspector) -> None:
    shown = inspect(None)

    assert shown.status == 2
    assert shown.output == (
        f"read persisted durability artifact {inspect.wal_path}: "
        "No such file or directory (os error 2)\n"
    )


def test_a_folder_in_place_of_a_file_is_one_message(inspect: Inspector) -> None:
    inspect.wal_path.mkdir()
    shown = inspect(None)

    assert shown.status == 2
    assert shown.output.startswith(f"read persisted durability artifact {inspect.wal_path}: ")
    assert len(shown.output.splitlines()) == 1


@pytest.mark.parametrize("checkpoint_tick", [-1, 2**64])
def test_an_impossible_checkpoint_is_one_message(inspect: Inspector, checkpoint_tick: int) -> None:
    shown = inspect(wal_bytes(*ENTRIES), checkpoint_tick=checkpoint_tick)

    assert shown.status == 2
    assert len(shown.output.splitlines()) == 1
    assert str(checkpoint_tick) in shown.output
