"""``init``: what it writes starts and keeps the protocol, and what it must not touch stays."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.door.harness_folder import FolderError, template_files, write_harness
from conformance.tests.harness_scenario import (
    ROOT,
    converse,
    expected_conversation,
    operation_names,
    write_filled_in,
)

LANGUAGES = ("python", "rust", "go", "java", "node")
# The files that users fill in or change, of each language with a kit; all others are the kit's.
MINE = {
    "rust": {"Cargo.toml", "src/main.rs"},
    "go": {"go.mod", "harness.go"},
    "java": {"pom.xml", "src/main/java/harness/Main.java"},
    "node": {"package.json", "harness.js"},
}
TEMPLATES = ROOT / "conformance" / "harness_templates"

# Those that need no build; `.ci/check_harnesses.py` has the other two as well.
STARTED = {"python": (sys.executable, "harness.py"), "node": ("node", "harness.js")}


@pytest.fixture(params=STARTED)
def started(request: pytest.FixtureRequest) -> str:
    """Return a language whose harness can be started here."""
    language: str = request.param
    if shutil.which(STARTED[language][0]) is None:
        pytest.skip(f"{STARTED[language][0]} is not installed: its harness was not started")
    return language


@pytest.mark.parametrize("language", LANGUAGES)
def test_writes_the_files_to_the_letter_and_says_what_comes_next(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "harness of mine"
    assert main(["init", language, str(folder)]) == 0
    written = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert written == template_files(language)
    said = capsys.readouterr().out
    assert f"cd '{folder}'" in said
    assert "telltale-conformance smoke --command" in said
    assert "telltale-conformance check --command" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_ships_every_file_of_a_language(language: str) -> None:
    """Prove that no file in the repository is forgotten in the list of those that are written."""
    tracked = subprocess.run(
        ["git", "ls-files", "."],  # noqa: S607 - the git of whoever works here
        cwd=TEMPLATES / language,
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode != 0:
        pytest.skip("no git checkout: the list of files was not compared")
    assert sorted(template_files(language)) == sorted(tracked.stdout.split())


@pytest.mark.parametrize("language", MINE)
def test_the_protocol_of_a_language_is_its_kits(language: str, tmp_path: Path) -> None:
    """Prove that no protocol code is there twice, and that what is written is no link to ours."""
    names = set(template_files(language)) - MINE[language]
    assert names
    for name in names:
        path = TEMPLATES / language / name
        assert path.is_symlink()
        assert path.resolve(strict=True).is_relative_to(ROOT / "kits" / language)
    write_harness(language, tmp_path / "harness")
    assert not any(path.is_symlink() for path in (tmp_path / "harness").rglob("*"))


def test_fills_an_empty_folder_without_replacing_it(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    number = folder.stat().st_ino
    write_harness("rust", folder)
    assert folder.stat().st_ino == number
    assert sorted(path.name for path in folder.iterdir()) == ["Cargo.toml", "src"]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda place: (place.mkdir(), (place / "notes").write_text("mine")), "not empty"),
        (lambda place: place.write_text("mine"), "that is a file"),
        (lambda place: place.symlink_to(place.parent), "that is a link"),
    ],
)
def test_touches_nothing_that_is_there(
    prepare: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(prepare)
    prepare(tmp_path / "taken")
    before = sorted(tmp_path.rglob("*"))
    assert main(["init", "go", str(tmp_path / "taken")]) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_needs_the_folder_around_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "go", str(tmp_path / "absent" / "harness")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("exists", [True, False])
def test_leaves_nothing_half_written(
    exists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prove that a failure at the last file leaves no file and no folder behind."""
    folder = tmp_path / "harness"
    if exists:
        folder.mkdir()
    before = sorted(tmp_path.rglob("*"))
    rename = Path.rename

    def failing_rename(self: Path, target: Path) -> Path:
        # The last of three items of a folder that exists, the whole of one that does not.
        if target.name in ("protocol", "harness"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing_rename)
    with pytest.raises(FolderError, match="No space left on device"):
        write_harness("go", folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_starts_and_answers_every_operation(started: str, tmp_path: Path) -> None:
    """Prove that the handshake passes and that all the protocol names is answered unsupported."""
    write_harness(started, tmp_path)
    names = operation_names()
    assert len(names) > 30
    # The arguments of all operations together: each takes its own and ignores the rest.
    arguments = {
        "object": 1, "directory": str(tmp_path), "entry": {}, "tick": 2**64 - 1,
        "evidence_id": "", "inner": 2, "wal": 3, "cache": 4, "mode": {}, "resolver": 5,
        "resolver_form": "object", "objects": [], "request": {}, "role": "", "partner": "",
        "label": "", "labels": [], "state": [], "payload": None, "input": {}, "sid": 0,
        "layer": "", "evidence": None, "sync": {}, "checkpoint_tick": 0, "artifact": {},
        "bytes": "",
    }  # fmt: skip
    requests = [
        ({"id": number, "operation": name, **arguments}, 1)
        for number, name in enumerate(["hello", *names, "a.newer_one"])
    ]
    hello, *answers = converse(STARTED[started], tmp_path, requests)
    assert hello["id"] == 0
    assert hello["ok"]["protocol"] == "telltale-conformance.harness.v1"
    assert hello["ok"]["specification"] == "telltale.machine.durability.v1"
    assert set(hello["ok"]) == {
        "protocol", "specification", "name", "version", "capabilities", "rejection_mode",
        "durability_class", "concurrent_calls",
    }  # fmt: skip
    assert [answer["id"] for answer in answers] == list(range(1, len(requests)))
    for answer in answers:
        assert set(answer) == {"id", "unsupported"}
        assert answer["unsupported"]


def test_serves_calls_and_what_comes_in_the_middle(started: str, tmp_path: Path) -> None:
    """Prove nested requests, refusals, faults and exact integers, with one function filled in."""
    folder = tmp_path / "harness"
    write_filled_in(started, folder)
    messages, expected = expected_conversation()
    assert converse(STARTED[started], folder, messages) == expected


def test_python_harness_is_typed(tmp_path: Path) -> None:
    """Prove that a user's own strict type check finds nothing in our part."""
    write_harness("python", tmp_path)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"),
         "harness.py", "protocol.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if "No module named mypy" in checked.stderr:
        pytest.skip("mypy is not installed: the Python harness was not checked")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.nightly
def test_the_log_of_the_document_is_judged_as_it_says(tmp_path: Path) -> None:
    """Prove that what docs/harness.md fills in fails what it says, and nothing else."""
    folder = tmp_path / "harness"
    write_harness("python", folder)
    document = (ROOT / "docs" / "harness.md").read_text(encoding="utf-8")
    filled_in = document.split("```python\n")[1].split("```")[0]
    text = (folder / "harness.py").read_text(encoding="utf-8")
    before, table = text.split("# Every operation: ")
    (folder / "harness.py").write_text(f"{before}{filled_in}\n\n# {table}", encoding="utf-8")
    report = tmp_path / "report.json"
    command = shlex.join([sys.executable, str(folder / "harness.py")])
    assert main(["check", "--command", command, "--json", str(report)]) == 1
    (backend,) = json.loads(report.read_text())["backends"]
    failed = [each["requirement_id"] for each in backend["results"] if each["verdict"] == "fail"]
    assert failed == ["WAL-03"]
