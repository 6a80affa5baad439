"""The differential finds every kind of difference, loses none, and goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.backend import Codec
from conformance.differential.inputs import BATCH_INPUTS, Input, batch_inputs
from conformance.differential.readers import OwnReader, answer_of
from conformance.differential.run import (
    STATE_FORMAT,
    DifferentialState,
    read_state,
    run_differential,
)
from conformance.errors import BackendFault, UsageError
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.persisted import PersistedDurabilityArtifact as Artifact

ROOT = Path(__file__).resolve().parents[2]
INPUTS = [each for batch in range(2) for each in batch_inputs(0, batch)][:1_200]

READERS = """
from conformance import Backend
from conformance.tests.test_differential import RefusesOtherForms

def refuses():
    return Backend("refuses", codec=RefusesOtherForms())

def no_codec():
    return Backend("without", recovery=lambda *parts: None)

class Ends:
    def encode(self, artifact):
        return artifact.to_cbor()
    def decode(self, data):
        import os
        if len(data) < 94:
            os._exit(7)
        from conformance.differential.readers import OwnReader
        return OwnReader().decode(data)

def ends():
    return Backend("ends", codec=Ends())
"""


class RefusesOtherForms(OwnReader):
    def decode(self, data: bytes) -> Artifact:
        artifact = super().decode(data)
        if artifact.to_cbor() != data:
            raise DurabilityError("decode persisted durability artifact: not canonical")
        return artifact


class ReadsAnotherValue(OwnReader):
    def decode(self, data: bytes) -> Artifact:
        artifact = super().decode(data)
        wal = artifact.agreement_wal_artifact()
        if wal is None or len(wal.entries) < 2:
            return artifact
        return Artifact.agreement_wal(replace(wal, entries=wal.entries[:-1]))


class WritesAnotherByte(OwnReader):
    def encode(self, artifact: Artifact) -> bytes:
        return super().encode(artifact)[:-1] + b"\x00"


class CannotWrite(OwnReader):
    def encode(self, artifact: Artifact) -> bytes:
        raise RuntimeError("out of ink")


class SaysItInOtherWords(OwnReader):
    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DurabilityError as error:
            text = str(error)
            raise DurabilityError(text.replace("missing field", "no field")) from None


class SaysSomethingElse(OwnReader):
    def decode(self, data: bytes) -> Artifact:
        try:
            return super().decode(data)
        except DurabilityError:
            raise DurabilityError("no") from None


class Crashes(OwnReader):
    def decode(self, data: bytes) -> Artifact:
        if len(data) % 7 == 0:
            raise RecursionError("deep")
        return super().decode(data)


def compared(
    peer: Codec,
    state: DifferentialState | None = None,
    *,
    inputs_count: int = 600,
    disagreements_max: int = 10_000,
    on_batch: Callable[[DifferentialState], None] = lambda state: None,
    exact_texts: bool = True,
) -> DifferentialState:
    state = state or DifferentialState(STATE_FORMAT, 0, "peer", exact_texts)
    run_differential(
        state,
        peer,
        inputs_count=inputs_count,
        disagreements_max=disagreements_max,
        on_batch=on_batch,
    )
    return state


def test_the_inputs_of_a_seed_stay_the_same() -> None:
    """A state file goes on only with the same inputs: new ones need a new `STATE_FORMAT`."""
    digest = hashlib.sha256(b"".join(each.data for each in INPUTS)).hexdigest()
    assert (STATE_FORMAT, digest[:16]) == (
        "telltale-conformance.differential.v1",
        "536ea71eb18e68ab",
    )
    assert [each.number for each in INPUTS] == list(range(1_200))
    assert next(iter(batch_inputs(1, 0))).data != INPUTS[0].data


def test_the_inputs_reach_accepting_refusing_and_each_sort_of_error() -> None:
    answers = [answer_of(OwnReader(), each.data) for each in INPUTS]
    verdicts = Counter(answer.verdict for answer in answers)
    assert verdicts["accept"] > 200
    assert verdicts["reject"] > 200
    assert set(verdicts) == {"accept", "reject"}
    errors = " ".join(answer.error or "" for answer in answers)
    for sort in ("Io(", "Syntax(", "Semantic(", "RecursionLimitExceeded", "unsupported persisted"):
        assert sort in errors
    other_forms = [
        each
        for each, answer in zip(INPUTS, answers, strict=True)
        if answer.value is not None and answer.value != each.data.hex()
    ]
    assert len(other_forms) > 150


def test_a_reader_that_agrees_has_no_disagreements() -> None:
    state = compared(OwnReader())
    assert state.disagreements == []
    assert state.done_count == sum(state.verdicts.values()) == 600


@pytest.mark.parametrize(
    ("peer", "kind"),
    [
        (RefusesOtherForms(), "verdict"),
        (ReadsAnotherValue(), "value"),
        (WritesAnotherByte(), "bytes written for the value"),
        (CannotWrite(), "verdict"),
        (SaysItInOtherWords(), "error text"),
        (SaysSomethingElse(), "error text"),
        (Crashes(), "verdict"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, OwnReader) else "",
)
def test_each_kind_of_difference_is_found_and_written_down(peer: Codec, kind: str) -> None:
    state = compared(peer)
    assert {each.difference for each in state.disagreements} == {kind}
    by_number = {each.number: each.data.hex() for each in INPUTS}
    expected = [
        each.number
        for each in INPUTS[:600]
        if answer_of(OwnReader(), each.data) != answer_of(peer, each.data)
    ]
    assert [each.number for each in state.disagreements] == expected
    for each in state.disagreements:
        assert each.cbor == by_number[each.number]
        assert each.ours != each.peers


def test_without_the_promise_only_the_normative_part_of_a_text_counts() -> None:
    assert compared(SaysItInOtherWords(), exact_texts=False).disagreements == []
    assert compared(SaysSomethingElse(), exact_texts=False).disagreements


def test_a_run_in_pieces_is_the_run_in_one_piece() -> None:
    kept: list[str] = []
    pieces = DifferentialState(STATE_FORMAT, 0, "peer", exact_texts=True)
    for count in (1, 700, BATCH_INPUTS, 1_100):
        compared(
            RefusesOtherForms(),
            pieces,
            inputs_count=count,
            on_batch=lambda state: kept.append(state.to_text()),
        )
        # Through its file, as a second start of the program has it.
        pieces = read_state(kept[-1], pieces)
    whole = compared(RefusesOtherForms(), inputs_count=1_100)
    assert pieces == whole
    assert whole.disagreements


def test_a_run_ends_at_the_disagreements_that_are_wanted() -> None:
    state = compared(SaysSomethingElse(), disagreements_max=3)
    assert len(state.disagreements) == 3
    assert state.done_count == state.disagreements[-1].number + 1
    # A second start has nothing to add to that.
    assert compared(SaysSomethingElse(), replace(state), disagreements_max=3) == state


def test_a_peer_that_breaks_is_told_with_its_input_and_what_was_done_is_kept() -> None:
    class Breaks(OwnReader):
        def decode(self, data: bytes) -> Artifact:
            if data == INPUTS[1_034].data:
                raise BackendFault("peer", "it ended")
            return super().decode(data)

    kept: list[int] = []
    with pytest.raises(
        BackendFault, match=f"it ended\n  at input 1034 .*{INPUTS[1_034].data.hex()}"
    ):
        compared(Breaks(), inputs_count=1_100, on_batch=lambda state: kept.append(state.done_count))
    assert kept == [BATCH_INPUTS, 1_034]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"seed": 5}, "its seed is 5, this run's is 0"),
        ({"peer": "other 2"}, "its peer is 'other 2'"),
        ({"exact_texts": False}, "its comparison of whole error texts is False"),
        ({"format": "v0"}, "its format is 'v0'"),
    ],
)
def test_the_state_of_another_run_is_refused(change: dict[str, object], complaint: str) -> None:
    fresh = DifferentialState(STATE_FORMAT, 0, "peer", exact_texts=True)
    tree = {**json.loads(fresh.to_text()), **change}
    with pytest.raises(UsageError, match=complaint):
        read_state(json.dumps(tree), fresh)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"seed": 0}'])
def test_a_file_that_is_no_state_is_refused(text: str) -> None:
    fresh = DifferentialState(STATE_FORMAT, 0, "peer", exact_texts=True)
    with pytest.raises(UsageError, match="not the state of a differential run"):
        read_state(text, fresh)


# The command


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    (tmp_path / "other_readers.py").write_text(READERS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")

    def command(target: str) -> str:
        return shlex.join([sys.executable, "-m", "conformance", "serve", target])

    return command


def test_the_command_counts_and_goes_on_from_its_file(
    served: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    words = ["differential", "--command", served("functions"), "--state", str(state)]
    assert main([*words, "--inputs", "30"]) == 0
    assert "functions: 0 disagreements in 30 inputs, seed 0" in capsys.readouterr().out
    assert main([*words, "--inputs", "40"]) == 0
    output = capsys.readouterr().out
    assert "going on after 30 inputs" in output
    assert "0 disagreements in 40 inputs" in output
    assert json.loads(state.read_text())["done_count"] == 40
    assert main([*words, "--seed", "1"]) == 2
    complaint = capsys.readouterr().err
    assert (
        f"--state {state}: it belongs to another run: its seed is 0, this run's is 1" in complaint
    )


def test_the_command_writes_every_disagreement_and_returns_one(
    served: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    words = ["differential", "--command", served("other_readers:refuses"), "--inputs", "300"]
    assert main([*words, "--state", str(state)]) == 1
    output = capsys.readouterr().out
    written = json.loads(state.read_text())["disagreements"]
    expected = [each for each in INPUTS[:300] if _is_refused(each)]
    assert [each["cbor"] for each in written] == [each.data.hex() for each in expected]
    assert f"input {expected[0].number} (" in output
    assert "verdict differs" in output
    assert f"{len(expected)} disagreements in 300 inputs" in output
    assert "the normative part of error texts compared" in output
    assert main([*words, "--stop-after", "1"]) == 1
    assert "stopped at 1 disagreements" in capsys.readouterr().out


def _is_refused(each: Input) -> bool:
    return answer_of(OwnReader(), each.data) != answer_of(RefusesOtherForms(), each.data)


def test_a_harness_that_breaks_or_reads_nothing_is_not_compared(
    served: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["differential", "--inputs", "100", "--command"]
    assert main([*words, served("other_readers:ends")]) == 4
    assert "at input " in capsys.readouterr().err
    assert main([*words, served("other_readers:no_codec")]) == 4
    assert "it has no reader to compare with" in capsys.readouterr().err
    assert main([*words, "/no/such/program"]) == 4
    assert "cannot be started" in capsys.readouterr().err


def test_wrong_usage_has_its_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["differential", "--command", "true", "--state", str(tmp_path)]) == 2
    assert "that is a folder" in capsys.readouterr().err
    with pytest.raises(SystemExit) as raised:
        main(["differential"])
    assert raised.value.code == 2
