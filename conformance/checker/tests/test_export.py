"""Exported models have the tables of our own search; where another checker is, it agrees."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.checker import export
from conformance.checker.engines import check_model
from conformance.checker.export import LANGUAGES, export_files, write_model
from conformance.checker.models.registry import build
from conformance.checker.tables import tabulate
from conformance.errors import ModelError


def _c_row(text: str, name: str) -> list[int]:
    found = re.search(rf"static const int {name}\[\] = \{{([^}}]*)\}};", text)
    assert found is not None
    return [int(each) for each in found[1].split(",")]


def _tla_row(text: str, name: str) -> list[int]:
    found = re.search(rf"^{name} == <<([^>]*)>>", text, re.MULTILINE)
    assert found is not None
    return [int(each) for each in found[1].split(",")]


def _murphi_value(text: str, function: str, pair: int) -> int:
    """Walk the nested choices of a function down to its value."""
    body = text.split(f"function {function}(")[1].split("begin\n")[1]
    lines = [line.strip() for line in body.splitlines()]
    place = 0
    while True:
        line = lines[place]
        if line.startswith("return"):
            return int(line.removeprefix("return ").removesuffix(";"))
        bound = int(line.split("<=")[1].split()[0])
        if pair <= bound:
            place += 1
            continue
        depth = 0
        while True:
            place += 1
            depth += lines[place].startswith("if")
            if lines[place] == "else" and depth == 0:
                place += 1
                break
            depth -= lines[place] == "end;"


@pytest.mark.parametrize("variant", ["faithful", "hardened"])
def test_every_language_has_the_same_tables(variant: str) -> None:
    """Read back from the text, each move is that of our tables."""
    tables = tabulate(build("write-ahead", variant), 1) if variant == "hardened" else None
    tables = tables or tabulate(build("handles", variant), 2)
    shared_count = len(tables.shared_values)
    pairs_count = shared_count * len(tables.slot_values)
    c_text = export_files("promela", tables)["model.h"]
    tla_text = export_files("tla", tables)["Exported.tla"]
    murphi_text = export_files("murphi", tables)["model.m"]
    for index, move in enumerate(tables.moves.values()):
        wanted = [-1] * pairs_count
        for (shared, slot), (new_shared, new_slot) in move.items():
            wanted[shared + shared_count * slot] = new_shared + shared_count * new_slot
        assert _c_row(c_text, f"move_{index}") == wanted
        assert _tla_row(tla_text, f"Move{index}") == wanted
        for pair in range(0, pairs_count, 7):
            value = _murphi_value(murphi_text, f"move_{index}", pair)
            assert value == (pairs_count if wanted[pair] < 0 else wanted[pair])


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_written_for_every_property(language: str, tmp_path: Path) -> None:
    model = build("visibility")
    paths = list(write_model(language, model, 1, tmp_path / "new"))
    files_each = 1 if language == "murphi" else 2

    assert len(paths) == files_each * (1 + len(model.properties))
    assert all(path.read_text().strip() for path in paths)


def test_what_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PAIRS_MAX", 10)
    with pytest.raises(ModelError, match="at most 10 are written out"):
        export_files("tla", tabulate(build("handles"), 2))


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _needs(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not compared: {', '.join(missing)} is not installed")


def test_spin_finds_the_same(tmp_path: Path) -> None:
    _needs("spin", "gcc")
    model = build("handles")
    result = check_model(model, 2, engine="plain")
    for name, text in export_files("promela", tabulate(model, 2)).items():
        (tmp_path / name).write_text(text)
    _run(tmp_path, "spin", "-a", "model.pml")
    _run(tmp_path, "gcc", "-w", "-DBFS", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c")
    said = _run(tmp_path, "./pan")

    assert f"{result.states_count} states, stored" in said
    assert f"depth reached {result.depth}," in said
    # The beginning counts as a transition there.
    assert f"{result.transitions_count + 1} transitions" in said


def test_rumur_finds_the_same(tmp_path: Path) -> None:
    _needs("rumur", "gcc")
    model = build("handles")
    result = check_model(model, 2, engine="plain")
    for name, text in export_files("murphi", tabulate(model, 2)).items():
        (tmp_path / name).write_text(text)
    options = ("--deadlock-detection", "off", "--threads", "1", "--output", "model.c")
    _run(tmp_path, "rumur", *options, "model.m")
    _run(
        tmp_path,
        "gcc",
        "-std=c11",
        "-w",
        "-mcx16",
        "-o",
        "model",
        "model.c",
        "-lpthread",
        "-latomic",
    )
    said = _run(tmp_path, "./model")

    assert f"{result.states_count} states, {result.transitions_count} rules fired" in said
