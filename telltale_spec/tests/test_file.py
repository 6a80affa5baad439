"""The specification's file backends, their dangers included."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import pytest

from telltale_spec.backends.contract import AgreementWal, EvidenceOutcomeCache
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.errors import (
    ArtifactFileError,
    DecodeError,
    DurabilityError,
    EscalationOrderError,
    PayloadKindError,
)
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    cache,
    cached,
    escalation,
    gate,
    log,
)
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.values import ProdValue, UnitValue, Value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "artifact.cbor"


@pytest.mark.requirement("WAL-01", "WAL-05", "WAL-07", "WAL-08", "WAL-11", "ARTIFACT-04")
def test_wal_11_a_log_is_one_artifact_file(path: Path) -> None:
    wal = FileAgreementWal(path)
    assert isinstance(wal, AgreementWal)
    assert wal.path == path
    assert wal.load() == log()
    assert not path.exists()
    wal.append(gate(tick=0))
    wal.append(escalation())
    expected = log(gate(tick=0), escalation())
    assert wal.load() == FileAgreementWal(str(path)).load() == expected
    assert wal.read_since(0) == (escalation(),)
    assert path.read_bytes() == PersistedDurabilityArtifact.agreement_wal(expected).to_cbor()


@pytest.mark.requirement("WAL-03", "WAL-04", "F1")
def test_f1_a_rejected_entry_leaves_the_file_alone(path: Path) -> None:
    wal = FileAgreementWal(path)
    wal.append(escalation(new_level=SOFT_SAFE))
    before = path.read_bytes()
    with pytest.raises(EscalationOrderError, match="regression for `o`"):
        wal.append(escalation("o", SOFT_SAFE, NONE))
    assert path.read_bytes() == before
    wal.append(gate())


@pytest.mark.requirement("WAL-11")
def test_wal_11_copies_share_the_file(path: Path) -> None:
    wal = FileAgreementWal(path)
    copy.copy(wal).append(gate("a"))
    copy.deepcopy(wal).append(gate("b"))
    assert wal.load() == log(gate("a"), gate("b"))


@pytest.mark.requirement("WAL-11", "ARTIFACT-04")
def test_wal_11_no_folder_is_created(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "wal"
    wal = FileAgreementWal(target)
    assert wal.load() == log()
    with pytest.raises(ArtifactFileError) as caught:
        wal.append(gate())
    assert str(caught.value) == (
        f"write persisted durability artifact {target}: No such file or directory (os error 2)"
    )
    assert not target.parent.exists()


@pytest.mark.requirement("WAL-12", "ARTIFACT-03")
def test_a_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactFileError) as caught:
        FileAgreementWal(tmp_path).load()
    assert str(caught.value) == (
        f"read persisted durability artifact {tmp_path}: Is a directory (os error 21)"
    )


@pytest.mark.requirement("WAL-12", "ARTIFACT-05")
def test_wal_12_a_file_of_the_other_kind(path: Path) -> None:
    FileEvidenceOutcomeCache(path).put(cached())
    with pytest.raises(PayloadKindError) as caught:
        FileAgreementWal(path).append(gate())
    assert str(caught.value) == (
        "persisted durability artifact contains an evidence outcome cache payload, "
        "not an agreement WAL"
    )
    path.unlink()
    FileAgreementWal(path).append(gate())
    with pytest.raises(PayloadKindError) as caught:
        FileEvidenceOutcomeCache(path).get("e")
    assert str(caught.value) == (
        "persisted durability artifact contains an agreement WAL payload, "
        "not an evidence outcome cache"
    )


@pytest.mark.requirement("F10")
def test_f10_an_empty_file_is_an_error_and_not_an_empty_log(path: Path) -> None:
    path.touch()
    wal = FileAgreementWal(path)
    for operation in (wal.load, lambda: wal.append(gate())):
        with pytest.raises(DecodeError, match="decode persisted durability artifact"):
            operation()
    assert path.read_bytes() == b""


@pytest.mark.requirement("F17", "DEC-26")
def test_f17_trailing_bytes_are_ignored_and_vanish_at_the_next_append(path: Path) -> None:
    wal = FileAgreementWal(path)
    wal.append(gate("a"))
    path.write_bytes(path.read_bytes() + b"trailing")
    assert wal.load() == log(gate("a"))
    wal.append(gate("b"))
    assert b"trailing" not in path.read_bytes()


@pytest.mark.requirement("WAL-11", "F18")
def test_f18_a_regressing_log_is_served_but_refuses_every_append(path: Path) -> None:
    regressing = log(gate(tick=9), escalation("o", FINALIZED, NONE))
    PersistedDurabilityArtifact.agreement_wal(regressing).write_to_path(path)
    wal = FileAgreementWal(path)
    assert wal.load() == regressing
    assert wal.read_since(1) == (gate(tick=9),)
    with pytest.raises(EscalationOrderError, match="regression for `o`"):
        wal.append(gate("unrelated"))
    assert wal.load() == regressing


@pytest.mark.requirement("CACHE-05", "CACHE-09", "F18")
def test_f18_a_cache_file_may_hold_an_id_twice(path: Path) -> None:
    PersistedDurabilityArtifact.evidence_outcome_cache(cache("a", "b", "a")).write_to_path(path)
    outcomes = FileEvidenceOutcomeCache(path)
    outcomes.put(cached("c"))
    assert outcomes.load() == cache("a", "b", "a", "c")
    outcomes.put(cached("a"))
    assert outcomes.load() == cache("b", "c", "a")


@pytest.mark.requirement("CACHE-01", "CACHE-02", "CACHE-04", "CACHE-06", "CACHE-08", "CACHE-09")
def test_cache_09_a_cache_is_one_artifact_file(path: Path) -> None:
    outcomes = FileEvidenceOutcomeCache(path)
    assert isinstance(outcomes, EvidenceOutcomeCache)
    assert outcomes.path == path
    assert outcomes.get("a") is None
    assert outcomes.load() == cache()
    assert not path.exists()
    for evidence_id in ("a", "b", "a"):
        outcomes.put(cached(evidence_id))
    assert FileEvidenceOutcomeCache(path).load() == cache("b", "a")
    assert outcomes.get("b") == cached("b")
    expected = PersistedDurabilityArtifact.evidence_outcome_cache(cache("b", "a")).to_cbor()
    assert path.read_bytes() == expected


@pytest.mark.requirement("F26")
@pytest.mark.parametrize("kind", ["dangling link", "link loop", "below a plain file"])
def test_f26_a_file_that_cannot_be_seen_counts_as_empty(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    if kind == "dangling link":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "link loop":
        target.symlink_to(target)
    else:
        target.write_bytes(b"plain")
        target /= "wal"
    assert FileAgreementWal(target).load() == log()
    assert FileEvidenceOutcomeCache(target).load() == cache()


@pytest.mark.requirement("F26")
@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may search every folder")
def test_f26_a_folder_without_permission_hides_an_acknowledged_entry(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    wal = FileAgreementWal(folder / "wal")
    wal.append(gate())
    folder.chmod(0)
    try:
        assert wal.load() == log()
        with pytest.raises(ArtifactFileError, match=r"Permission denied \(os error 13\)"):
            wal.append(gate())
    finally:
        folder.chmod(0o700)


@pytest.mark.requirement("F26", "WAL-09")
def test_f26_permission_denied_while_looking_counts_as_empty(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileAgreementWal(path).append(gate())

    def denied(*arguments: object, **options: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", denied)
        loaded = FileAgreementWal(path).load()
    assert loaded == log()


@pytest.mark.requirement("WAL-09")
@pytest.mark.parametrize("impossible", ["a\0b", "a\ud800b", ""])
def test_a_path_that_no_file_can_have_gives_the_declared_error(impossible: str) -> None:
    assert FileAgreementWal(impossible).load() == log()
    with pytest.raises(DurabilityError, match=r"^write persisted durability artifact "):
        FileAgreementWal(impossible).append(gate())
    with pytest.raises(DurabilityError, match=r"^read persisted durability artifact "):
        PersistedDurabilityArtifact.from_path(impossible)


@pytest.mark.requirement("F27")
def test_f27_two_handles_lose_an_acknowledged_entry(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, fast = FileAgreementWal(path), FileAgreementWal(path)
    load = slow.load

    def load_then_be_overtaken() -> object:
        loaded = load()
        fast.append(gate("acknowledged"))
        return loaded

    monkeypatch.setattr(slow, "load", load_then_be_overtaken)
    slow.append(gate("slow"))
    assert fast.load() == log(gate("slow"))


@pytest.mark.requirement("F23")
def test_f23_one_value_nested_too_deep_makes_the_whole_cache_unreadable(path: Path) -> None:
    value: Value = UnitValue()
    for _ in range(125):
        value = ProdValue(value, UnitValue())
    outcomes = FileEvidenceOutcomeCache(path)
    outcomes.put(cached("fine"))
    outcomes.put(cached("deep", EffectOutcome.success(AcquireResponse(value))))
    with pytest.raises(DecodeError):
        outcomes.get("fine")


@pytest.mark.requirement("F9", "DEC-27")
def test_f9_a_log_over_the_size_limit_is_written_and_never_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("persisted", "limits"):
        monkeypatch.setattr(f"telltale_spec.wire.{module}.MAX_PERSISTED_DURABILITY_BYTES", 300)
    wal = FileAgreementWal(path)
    wal.append(gate("a" * 300))
    with pytest.raises(DecodeError, match="max is 300"):
        wal.append(gate())
    with pytest.raises(DecodeError, match="max is 300"):
        wal.load()


@pytest.mark.requirement("WAL-04", "F16")
def test_a_level_may_be_skipped_and_repeated(path: Path) -> None:
    wal = FileAgreementWal(path)
    wal.append(escalation(new_level=PROVISIONAL))
    wal.append(escalation("o", SOFT_SAFE, FINALIZED))
    wal.append(escalation("o", FINALIZED, FINALIZED))
    assert len(wal.load().entries) == 3
