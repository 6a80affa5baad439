"""Vectors hold, broken vectors are noticed, and writing them gives the same bytes again."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.tests.vector_files import KINDS, lines_of, run_check, shipped, write_lines
from conformance.vectors import (
    SHIPPED_LINES_PER_KIND,
    SHIPPED_VECTORS,
    VectorFolderError,
    VectorReport,
    check_folder,
    vector_id,
    vectors_write_command,
    write_folder,
)

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT.parent / "shared" / "golden"
SHIPPED_BYTES_MAX = 400_000


@pytest.fixture(scope="module")
def golden() -> VectorReport:
    if not GOLDEN.is_dir():
        reason = f"no golden vectors beside the checkout ({GOLDEN})"
        print(reason)
        pytest.skip(reason)
    return check_folder(GOLDEN)


def test_golden_vectors_hold(golden: VectorReport) -> None:
    print(golden)

    assert {file.file_name for file in golden.files} == {f"{kind}.jsonl" for kind in KINDS}
    for file in golden.files:
        assert file.checked_count > 0
        assert file.failed_count == 0, str(file)
    assert golden.passed


def test_golden_error_texts_are_exact(golden: VectorReport) -> None:
    (decode,) = [file for file in golden.files if file.file_name == "decode.jsonl"]

    assert decode.texts_count > 0
    assert decode.exact_texts_count == decode.texts_count


def test_shipped_vectors_hold() -> None:
    report = check_folder(SHIPPED_VECTORS)

    assert [file.file_name for file in report.files] == sorted(f"{kind}.jsonl" for kind in KINDS)
    assert {file.checked_count for file in report.files} == {SHIPPED_LINES_PER_KIND}
    assert report.passed, str(report)
    assert report.checked_count == 10 * SHIPPED_LINES_PER_KIND


def test_shipped_vectors_are_small() -> None:
    sizes = [path.stat().st_size for path in SHIPPED_VECTORS.iterdir()]

    assert sum(sizes) < SHIPPED_BYTES_MAX


def test_shipped_vectors_are_what_writing_gives(tmp_path: Path) -> None:
    """If this fails, the reference changed an answer: look at the difference before rewriting."""
    folder = tmp_path / "made"
    write_folder(folder)

    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in SHIPPED_VECTORS.iterdir()
    )
    for path in sorted(folder.iterdir()):
        assert path.read_bytes() == (SHIPPED_VECTORS / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("decode", lambda line: line["verdict"] == "accept"),
        ("decode", lambda line: line["verdict"] == "reject"),
        ("validate", lambda line: line["error"] and "reordered" in line["error"]),
        ("recovery", lambda line: line["plan"] is None),
        (
            "recovery",
            lambda line: line["plan"] and line["plan"]["metadata"]["terminal_operation_ids"],
        ),
        ("wal", lambda line: line["backend"] == "file" and line["file"]),
        ("wal", lambda line: any("err" in result for result in line["results"])),
        ("cache", lambda line: any(result.get("ok") for result in line["results"])),
        ("sync", lambda line: line["mode"] == "immediate" and line["fail_at"] is not None),
        ("sync", lambda line: line["mode"] == "blocked"),
        ("sync", lambda line: line["mode"] == "failure"),
        ("fault", lambda line: line["history"]),
    ],
)
def test_shipped_vectors_reach_the_interesting_cases(
    kind: str, wanted: Callable[[dict[str, Any]], bool]
) -> None:
    assert any(wanted(line) for line in shipped(kind))


def test_writing_depends_on_nothing_but_the_seed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from conformance.vectors import write_folder; "
        "write_folder(Path(sys.argv[1]), seed=3, per_kind=4)"
    )
    for hash_seed in ("0", "1"):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / hash_seed)],
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
    write_folder(tmp_path / "other", seed=4, per_kind=4)

    for kind in KINDS:
        first, second, other = (
            (tmp_path / name / f"{kind}.jsonl").read_bytes() for name in ("0", "1", "other")
        )
        assert first == second != other


@pytest.mark.parametrize("seed", range(1, 4))
def test_vectors_of_other_seeds_hold(tmp_path: Path, seed: int) -> None:
    write_folder(tmp_path / "made", seed=seed, per_kind=60)
    report = check_folder(tmp_path / "made")

    assert report.passed, str(report)
    assert report.checked_count == 600


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_says_what_the_line_says(kind: str) -> None:
    for line in shipped(kind):
        reordered = dict(reversed(line.items()))

        assert line["id"] == vector_id(kind, line) == vector_id(kind, reordered)


def test_more_lines_change_no_id(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", per_kind=SHIPPED_LINES_PER_KIND + 5)

    for kind in KINDS:
        more = lines_of(tmp_path / "made" / f"{kind}.jsonl")
        assert more[:SHIPPED_LINES_PER_KIND] == shipped(kind)


def test_reordered_lines_hold_as_well(tmp_path: Path) -> None:
    for kind in KINDS:
        write_lines(tmp_path / f"{kind}.jsonl", shipped(kind)[::-1])

    assert check_folder(tmp_path).passed


def test_other_files_beside_the_vectors_are_left_alone(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", per_kind=1)
    (tmp_path / "made" / "README.md").write_text("words")

    assert check_folder(tmp_path / "made").passed


def test_the_check_command_prints_a_line_a_file(tmp_path: Path) -> None:
    write_folder(tmp_path / "made", per_kind=2)
    status, output = run_check(tmp_path / "made")

    assert status == 0
    assert len(output.splitlines()) == 11
    assert output.splitlines()[0] == "cache.jsonl: 2 checked, 0 failed"
    assert output.splitlines()[-1] == "20 vectors checked, 0 failed"


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(VectorFolderError, match="exists already"):
        write_folder(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    write_folder(folder, per_kind=1)

    assert len(list(folder.iterdir())) == 10
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(VectorFolderError, match="No space left on device"):
        write_folder(tmp_path / "made", per_kind=1)

    assert list(tmp_path.iterdir()) == []


def test_at_least_one_vector_of_each_kind_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="per_kind: expected at least 1, got 0"):
        write_folder(tmp_path / "made", per_kind=0)


def test_the_write_command_writes_what_the_check_command_reads(tmp_path: Path) -> None:
    output = io.StringIO()
    console = Console(file=output, width=200)

    assert vectors_write_command(tmp_path / "deep" / "made", console) == 0
    assert "400 vectors of 10 kinds" in output.getvalue()
    assert run_check(tmp_path / "deep" / "made")[0] == 0
    assert vectors_write_command(tmp_path / "deep" / "made", console) == 2
    assert "exists already" in output.getvalue()
