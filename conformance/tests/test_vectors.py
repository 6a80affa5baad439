"""Vectors hold, broken vectors are noticed, and writing them gives the same bytes again."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.vector_kinds.decode import normative_prefix
from conformance.vector_kinds.line import Line, LineShapeError, compare
from conformance.vectors import (
    SHIPPED_LINES_PER_KIND,
    SHIPPED_VECTORS,
    VectorFolderError,
    VectorLineError,
    check_folder,
    vector_id,
    vectors_check_command,
    vectors_write_command,
    write_folder,
)

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT.parent / "shared" / "golden"
KINDS = (
    "wire",
    "decode",
    "identity",
    "validate",
    "recovery",
    "wal",
    "cache",
    "sync",
    "inspect",
    "fault",
)
SHIPPED_BYTES_MAX = 400_000


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, lines: list[Any]) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def shipped(kind: str) -> list[dict[str, Any]]:
    return lines_of(SHIPPED_VECTORS / f"{kind}.jsonl")


def first_shipped(kind: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(line for line in shipped(kind) if wanted(line))


def run_check(folder: Path) -> tuple[int, str]:
    output = io.StringIO()
    status = vectors_check_command(folder, Console(file=output, width=80))
    return status, output.getvalue()


@pytest.fixture
def golden() -> Path:
    if not GOLDEN.is_dir():
        reason = f"no golden vectors beside the checkout ({GOLDEN})"
        print(reason)
        pytest.skip(reason)
    return GOLDEN


def test_golden_vectors_hold(golden: Path) -> None:
    report = check_folder(golden)
    for file in report.files:
        print(file)

    assert {file.file_name for file in report.files} == {f"{kind}.jsonl" for kind in KINDS}
    for file in report.files:
        assert file.checked_count > 0
        assert file.failed_count == 0, str(file)
    assert report.passed


def test_golden_error_texts_are_exact(golden: Path) -> None:
    (decode,) = [file for file in check_folder(golden).files if file.file_name == "decode.jsonl"]

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


def flipped(text: str, position: int) -> str:
    """Return hex with one bit of one byte flipped."""
    data = bytearray.fromhex(text)
    data[position] ^= 1
    return data.hex()


def broken_lines() -> Iterator[Any]:
    """Yield a kind, a line with one untrue claim, and words of the difference."""

    def case(name: str, kind: str, line: dict[str, Any], *words: str) -> Any:
        return pytest.param(kind, line, words, id=name)

    wire = shipped("wire")[0]
    yield case("wire byte", "wire", {**wire, "cbor": flipped(wire["cbor"], -1)}, "the encoding")
    wire = first_shipped("wire", lambda line: line["type"] == "decision")
    value = {**wire["value"], "gate_crossed": not wire["value"]["gate_crossed"]}
    yield case("wire field", "wire", {**wire, "value": value}, "the encoding")
    value = {**wire["value"], "unknown": 1}
    yield case("wire decoding", "wire", {**wire, "value": value}, "the decoded bytes", "unknown")
    value = {**wire["value"], "level": "lofty"}
    yield case("wire domain", "wire", {**wire, "value": value}, "a value", "lofty")
    accepted = first_shipped("decode", lambda line: line["verdict"] == "accept")
    rejected = first_shipped("decode", lambda line: line["verdict"] == "reject")
    yield case(
        "decode verdict",
        "decode",
        {**rejected, "verdict": "accept", "reencoded": "a0", "error": None},
        "the verdict",
        "reject (",
    )
    yield case(
        "decode wrong reject",
        "decode",
        {**accepted, "verdict": "reject", "reencoded": None, "error": "decode"},
        "the verdict: expected reject, got accept",
    )
    reencoded = flipped(accepted["reencoded"], -1)
    yield case("decode value", "decode", {**accepted, "reencoded": reencoded}, "the value")
    yield case("decode error", "decode", {**rejected, "error": "oops"}, "the start of the error")
    line = shipped("identity")[0]
    yield case("identity", "identity", {**line, "identity": f"{line['identity']}0"}, "identity")
    line = first_shipped("validate", lambda line: line["error"])
    yield case("validate", "validate", {**line, "error": None}, "the order error: expected None")
    line = first_shipped("recovery", lambda line: line["plan"] and line["plan"]["decisions"])
    plan = json.loads(json.dumps(line["plan"]))
    plan["decisions"][0]["gate_crossed"] = 1
    yield case("recovery", "recovery", {**line, "plan": plan}, "plan.decisions[0].gate_crossed")
    line = first_shipped("wal", lambda line: line["file"])
    yield case("wal file", "wal", {**line, "file": flipped(line["file"], 9)}, "file: expected")
    yield case("wal results", "wal", {**line, "results": line["results"][1:]}, "results")
    line = shipped("cache")[0]
    results = [*line["results"], {"call": "reopen"}]
    yield case("cache", "cache", {**line, "results": results}, "the length of results")
    line = first_shipped("sync", lambda line: line["wal"])
    yield case("sync wal", "sync", {**line, "wal": line["wal"][:-1]}, "the length of wal")
    lengths = [line["lengths"][0] + 1, *line["lengths"][1:]]
    yield case("sync lengths", "sync", {**line, "lengths": lengths}, "lengths[0]")
    line = first_shipped("inspect", lambda line: line["report"]["wal_entries"])
    report = json.loads(json.dumps(line["report"]))
    report["wal_entries"][0]["detail"] += " "
    yield case("inspect", "inspect", {**line, "report": report}, "report.wal_entries[0].detail")
    line = first_shipped("fault", lambda line: line["history"])
    yield case("fault", "fault", {**line, "history": []}, "the length of history")


@pytest.mark.parametrize(("kind", "line", "words"), list(broken_lines()))
def test_an_untrue_vector_is_the_first_difference(
    tmp_path: Path, kind: str, line: dict[str, Any], words: tuple[str, ...]
) -> None:
    others = [other for other in shipped(kind) if other["id"] != line["id"]]
    write_lines(tmp_path / f"{kind}.jsonl", [others[0], line, *others[1:]])
    (file,) = check_folder(tmp_path).files

    assert (file.checked_count, file.failed_count) == (SHIPPED_LINES_PER_KIND, 1)
    assert file.first_difference_id == line["id"]
    assert all(word in str(file.first_difference) for word in words), str(file)
    status, output = run_check(tmp_path)
    assert status == 1
    assert f"first: {line['id']}, " in output
    assert "1 failed" in output.splitlines()[-1]


def test_another_wording_behind_the_prefix_is_counted_and_no_failure(tmp_path: Path) -> None:
    line = first_shipped("decode", lambda line: (line["error"] or "").startswith("decode "))
    prefix = normative_prefix(line["error"])
    write_lines(tmp_path / "decode.jsonl", [{**line, "error": f"{prefix}something else"}])
    (file,) = check_folder(tmp_path).files

    assert file.passed
    assert (file.exact_texts_count, file.texts_count) == (0, 1)
    assert "0 of 1 error texts exact" in str(file)


@pytest.mark.parametrize(
    ("error", "prefix"),
    [
        (
            "decode persisted durability artifact: Syntax(4)",
            "decode persisted durability artifact: ",
        ),
        (
            "unsupported persisted durability schema version `v2`",
            "unsupported persisted durability schema version ",
        ),
    ],
)
def test_the_normative_prefix_ends_where_the_cause_starts(error: str, prefix: str) -> None:
    assert normative_prefix(error) == prefix


GOOD_LINE = '{"id": "x", "entry": {}, "identity": ""}'


@pytest.mark.parametrize(
    ("file_name", "text", "line_number", "reason"),
    [
        ("identity.jsonl", "\n{", 2, "no JSON"),
        ("identity.jsonl", "[1]", 1, "no JSON object"),
        ("identity.jsonl", "\x00", 1, "no JSON"),
        ("identity.jsonl", "[" * 100_000, 1, "no JSON"),
        ("identity.jsonl", "{}", 1, "field `id` is missing"),
        ("identity.jsonl", '{"id": 3}', 1, "field `id` is not a text"),
        ("identity.jsonl", f"{GOOD_LINE}\n\n{GOOD_LINE}", 3, "id `x` is used twice"),
        ("identity.jsonl", '{"id": "x"}', 1, "field `entry` is missing"),
        ("wire.jsonl", '{"id": "x", "type": "wal_entry", "value": {}, "cbor": "z"}', 1, "not hex"),
        ("wire.jsonl", '{"id": "x", "type": "?", "value": {}, "cbor": ""}', 1, "type `?`"),
        ("decode.jsonl", '{"id": "x", "verdict": "maybe", "cbor": ""}', 1, "verdict `maybe`"),
        (
            "decode.jsonl",
            '{"id": "x", "verdict": "accept", "cbor": "", "reencoded": null, "error": null}',
            1,
            "has `reencoded`",
        ),
        ("wal.jsonl", '{"id": "x", "backend": "tape"}', 1, "backend `tape`"),
        (
            "wal.jsonl",
            '{"id": "x", "backend": "file", "steps": ["jump"], "results": [], "file": null}',
            1,
            "step `jump`",
        ),
        (
            "wal.jsonl",
            '{"id": "x", "backend": "file", "steps": [3], "results": [], "file": null}',
            1,
            "a step is",
        ),
        (
            "sync.jsonl",
            '{"id": "x", "mode": "odd", "message": null, "fail_at": null, "store_on_fail": false, '
            '"initial": [], "requests": [], "results": [], "lengths": [], "wal": []}',
            1,
            "mode `odd`",
        ),
    ],
)
def test_a_line_that_is_no_vector_is_an_error_with_its_place(
    tmp_path: Path, file_name: str, text: str, line_number: int, reason: str
) -> None:
    (tmp_path / file_name).write_text(text)
    with pytest.raises(VectorLineError) as caught:
        check_folder(tmp_path)

    assert caught.value.line_number == line_number
    assert caught.value.path == tmp_path / file_name
    assert reason in str(caught.value)
    assert run_check(tmp_path)[0] == 2


def test_bytes_that_are_no_text_are_an_error_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "wal.jsonl").write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(VectorLineError, match="line 1: no JSON"):
        check_folder(tmp_path)


def make_nothing(folder: Path) -> None:
    """Leave the folder missing."""


def make_file(folder: Path) -> None:
    folder.write_text("")


def make_empty(folder: Path) -> None:
    folder.mkdir()


def make_readme(folder: Path) -> None:
    folder.mkdir()
    (folder / "README.md").write_text("words")


def make_unknown(folder: Path) -> None:
    folder.mkdir()
    (folder / "wires.jsonl").write_text("{}")


def make_blank(folder: Path) -> None:
    folder.mkdir()
    (folder / "wire.jsonl").write_text("\n\n")


def make_folder_named_like_a_file(folder: Path) -> None:
    (folder / "wire.jsonl").mkdir(parents=True)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_nothing, "No such file or directory"),
        (make_file, "Not a directory"),
        (make_empty, "there is no .jsonl file here"),
        (make_readme, "there is no .jsonl file here"),
        (make_unknown, "`wires` is no kind"),
        (make_blank, "there is no vector in this file"),
        (make_folder_named_like_a_file, "Is a directory"),
    ],
)
def test_a_folder_without_vectors_is_never_success(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    folder = tmp_path / "vectors"
    make(folder)
    with pytest.raises(VectorFolderError, match=reason):
        check_folder(folder)
    status, output = run_check(folder)

    assert status == 2
    assert reason in output
    assert len(output.splitlines()) == 1


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


@pytest.mark.parametrize(
    ("expected", "actual", "what"),
    [
        (1, True, "it"),
        (1, 1.0, "it"),
        ({"a": 1}, {}, "it.a"),
        ({}, {"a": 1}, "the fields of it"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "the fields of it"),
        ([1, [2]], [1, [3]], "it[1][0]"),
        ([1], [1, 2], "the length of it"),
        (None, [], "it"),
    ],
)
def test_values_are_compared_more_strictly_than_python_does(
    expected: Any, actual: Any, what: str
) -> None:
    found = compare("it", expected, actual)

    assert found is not None
    assert found.what == what


def test_long_values_are_shortened_in_a_difference() -> None:
    found = compare("it", "a" * 5000, "b")

    assert found is not None
    assert len(str(found)) < 300
    assert "(5002 characters)" in str(found)


def test_equal_values_have_no_difference() -> None:
    value = {"a": [1, None, True, {"b": "c"}]}

    assert compare("it", value, json.loads(json.dumps(value))) is None


@pytest.mark.parametrize("value", [1, True, None, [], {}])
def test_fields_are_asked_for_by_form(value: Any) -> None:
    with pytest.raises(LineShapeError):
        Line({"field": value}).text("field")
