"""Vectors that do not hold, lines that are no vectors, and folders without any."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.tests.vector_files import KINDS, first_shipped, run_check, shipped, write_lines
from conformance.vectors import (
    SHIPPED_LINES_PER_KIND,
    VectorFolderError,
    VectorLineError,
    check_folder,
)
from conformance.vectors.kinds.decode import normative_prefix
from conformance.vectors.kinds.line import Line, LineShapeError, compare


def flipped(text: str, position: int) -> str:
    """Return hex with one bit of one byte flipped."""
    data = bytearray.fromhex(text)
    data[position] ^= 1
    return data.hex()


def case(name: str, kind: str, line: dict[str, Any], *words: str) -> Any:
    """Return a line with one untrue claim and words of the difference that it makes."""
    return pytest.param(kind, line, words, id=name)


def broken_bytes() -> Iterator[Any]:
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


def broken_answers() -> Iterator[Any]:
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


@pytest.mark.parametrize(("kind", "line", "words"), [*broken_bytes(), *broken_answers()])
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


JUNK: tuple[Any, ...] = (None, 1, -1, 2**70, 1.5, True, "", [], {}, [1], {"a": 1}, {"Prod": [1]})


def every_place(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container in a JSON value with each key or index of it."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys if isinstance(tree, (dict, list)) else ():
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from every_place(tree[key])


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_with_junk_anywhere_is_a_failure_or_an_error_and_never_a_crash(
    tmp_path: Path, kind: str
) -> None:
    line = shipped(kind)[0]
    refused_count = 0
    for index in range(len(list(every_place(line)))):
        broken = json.loads(json.dumps(line))
        container, key = list(every_place(broken))[index]
        container[key] = JUNK[index % len(JUNK)]
        write_lines(tmp_path / f"{kind}.jsonl", [broken])
        refused_count += run_check(tmp_path)[0] != 0

    assert refused_count > 0


def test_control_characters_of_a_line_never_reach_the_terminal(tmp_path: Path) -> None:
    line = {**shipped("identity")[0], "id": "\x1b[2J", "identity": "\x1b]0;title\x07"}
    write_lines(tmp_path / "identity.jsonl", [line])
    status, output = run_check(tmp_path)

    assert status == 1
    assert "\x1b" not in output
    assert "first: \\u{1b}[2J, " in output


def test_a_value_nested_too_deep_is_a_failure(tmp_path: Path) -> None:
    value: Any = "Unit"
    for _ in range(280):
        value = {"Prod": [value, "Unit"]}
    write_lines(tmp_path / "wire.jsonl", [{"id": "x", "type": "value", "value": value, "cbor": ""}])

    assert run_check(tmp_path)[0] == 1


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
