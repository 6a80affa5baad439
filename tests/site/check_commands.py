"""Carry out every command of the documents, and compare what comes with what they show.

Not part of the plain test run, as it takes a quarter of an hour: `tox run -e site` runs it.
Tutorials are carried out, step by step and whole, by `check_tutorials.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENTS: Final = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "kits").glob("*/README.md")),
)
_SECONDS_MAX: Final = 900.0
_SHOWN: Final = re.compile(r"^```(?:console|text)\n(\$ .*?)^```", re.MULTILINE | re.DOTALL)
_LEFT_OUT: Final = "..."
_BLOCK: Final = re.compile(r"^```(console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)

# What another check carries out, or what nobody can here: a part of the command, and why.
ELSEWHERE: Final = {
    "pip install": "the tutorials install the project",
    "pre-commit": "it fetches hooks from another host",
    "python3 -m venv": "the tutorials do",
    ".venv/bin/": "the tests of the project are these commands",
    "tox run": "this is one of its environments",
    "cargo build": ".ci/check_rust_harness.py and .ci/check_harnesses.py",
    "target/release/": ".ci/check_rust_harness.py and .ci/check_harnesses.py",
    "go build": ".ci/check_harnesses.py",
    "go mod": ".ci/check_harnesses.py",
    "mvn": ".ci/check_harnesses.py",
    "java ": ".ci/check_harnesses.py",
    "node ": ".ci/check_harnesses.py",
    "gdb": "a debugger waits for a person",
    "mkdocs": "tests/site/check_site.py builds the site",
    "tests.site.tell_again": "it would change the checkout",
    "--server": "examples/stores/check_server_kills.py",
    "--scheduler": "conformance/campaigns/tests/test_workers.py",
    "examples.stores.": "examples/stores/check_stores.py",
    "my_package.stores": "examples/stores/check_server_power_loss.py",
    "model compare": "the environment `checkers`",
    "benchmarks.targets": "the environment `bench`",
}
# What is shown, but has other figures on each machine.
MEASURED: Final = ("model compare", "bench")
# Less of the same, and what a reader puts in.
INSTEAD: Final = (
    ("--for 8h", "--for 60s"),
    ("--for 30m", "--for 60s"),
    ("--units 200 --jobs 4", "--for 60s --jobs 2"),
    ("vectors write FOLDER", "vectors write ANOTHER"),
    ("--profile ci", "--profile quick"),
    ("[TARGET]", "my_package.storage:MyWal"),
    ("FILE...", "WAL-05.json"),
    ("my_package:", "my_package.storage:"),
    ("init rust my-harness", "init rust new-harness-$RANDOM"),
    ("python3 harness.py", "./my-harness"),
    ("conformance bench", "conformance bench --size 100 --only append --no-check"),
    ("bench --size 100 --only append --no-check --from", "bench --from"),
    ("crash my_package.storage:MyWal", "crash examples.flushed_log:FlushedWal"),
)
# Commands that do not end with 0 here: a part of the command, and the exit status.
STATUS: Final[dict[str, tuple[int, ...]]] = {
    # What does not arise in so short a history is open.
    "check-history": (3,),
    # In memory, nothing survives.
    "--capability process-kill": (1,),
    # A finding of the specification is shown, and is one.
    "model progress": (1,),
    "model trace": (1,),
    # Two measurements of a busy machine differ.
    "--fail-past": (0, 1),
}

LOG: Final = re.search(
    r"^```python\n(# my_package/storage\.py\n.*?)^```",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
MORE: Final = """

def make_wal(directory):
    return MyWal(directory)


class Inclusive(MyWal):
    def read_since(self, tick):
        return [entry for entry in self.entries if entry.tick >= tick]
"""
# The mistakes of those whose failures are shown: `my_package`, and `my_package.storage`.
INCLUSIVE: Final = """
from my_package.storage import InMemory


class Inclusive(InMemory):
    def read_since(self, tick):
        return [entry for entry in self.entries if entry.tick >= tick]


def make_wal(directory):
    return Inclusive(directory)
"""
WRITTEN_WHEN_CLOSED: Final = """

import conformance
from telltale_spec import decode, encode

InMemory = MyWal


@conformance.declares(conformance.Capability.REOPEN, conformance.Capability.PROCESS_KILL)
class MyWal(InMemory):
    def __init__(self, directory):
        self.path = directory / "log"
        data = self.path.read_bytes() if self.path.exists() else None
        self.entries = [] if data is None else list(decode(AgreementWalArtifact, data).entries)

    def close(self):
        self.path.write_bytes(encode(self.load()))
"""
HARNESS: Final = f"""#!/bin/sh
exec {sys.executable} -m conformance serve my_package.storage:MyWal
"""


def commands_of(document: Path) -> Iterator[str]:
    """Yield the commands of the blocks of a document, each in one line."""
    for language, block in _BLOCK.findall(document.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            command = re.sub(r"\s+#\s.*", "", line.removeprefix("$ ")).strip()
            if command and not command.startswith("#"):
                yield re.sub(r"\s+", " ", command)


def rows() -> list[tuple[str, str]]:
    """Return every command of the documents once, each with the first one that has it."""
    found: dict[str, str] = {}
    for document in DOCUMENTS:
        if not document.name.startswith("tutorial"):
            for command in commands_of(document):
                found.setdefault(command, str(document.relative_to(ROOT)))
    return [(document, command) for command, document in found.items()]


def shown_of(document: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each command whose output a document shows, with the lines that are shown."""
    for block in _SHOWN.findall(document.read_text(encoding="utf-8")):
        for step in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, *lines = step.splitlines()
            shown = tuple(line.rstrip() for line in lines if line.strip() not in ("", _LEFT_OUT))
            if shown:
                yield re.sub(r"\s+", " ", command.partition(" # ")[0]).strip(), shown


def shown_rows() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return every command whose output is shown outside of the tutorials."""
    return [
        (str(document.relative_to(ROOT)), command, lines)
        for document in DOCUMENTS
        if not document.name.startswith("tutorial")
        for command, lines in shown_of(document)
        if not any(part in command for part in MEASURED)
    ]


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_SECONDS_MAX,
        check=False,
    )


def prepared(folder: Path, command: str) -> None:
    done = run(folder, command)
    assert done.returncode in (0, 1), f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with everything that the documents name."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "my_package").mkdir()
    assert LOG is not None
    (folder / "my_package" / "__init__.py").touch()
    (folder / "my_package" / "storage.py").write_text(LOG.group(1) + MORE, encoding="utf-8")
    (folder / "my-harness").write_text(HARNESS, encoding="utf-8")
    (folder / "my-harness").chmod(0o755)
    check = "telltale-conformance check my_package.storage:"
    prepared(folder, f"{check}MyWal --baseline known.toml --update-baseline --only WAL-05")
    prepared(folder, f"{check}MyWal --json report.json")
    for name in ("before.json", "after.json", "last-week.json", "more.json"):
        shutil.copy(folder / "report.json", folder / name)
    prepared(folder, f"{check}Inclusive --only WAL-05 --replays found")
    (found,) = (folder / "found").rglob("WAL-05*.json")
    shutil.copy(found, folder / "WAL-05.json")
    kept = folder / ".telltale" / "replays" / "my_package.storage_MyWal"
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copy(found, kept / "WAL-05.json")
    prepared(folder, "telltale-conformance vectors write FOLDER")
    prepared(
        folder,
        "telltale-conformance bench my_package.storage:MyWal --size 100 --only append "
        "--json old.json",
    )
    example = (ROOT / "docs" / "history.md").read_text(encoding="utf-8")
    lines = re.findall(r"^```json\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
    (folder / "run.jsonl").write_text("".join(lines[:2]), encoding="utf-8")
    _write_artifacts(folder)
    return folder


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the backends whose failures the documents show."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "my_package").mkdir()
    assert LOG is not None
    (folder / "my_package" / "__init__.py").write_text(INCLUSIVE, encoding="utf-8")
    storage = LOG.group(1) + WRITTEN_WHEN_CLOSED
    (folder / "my_package" / "storage.py").write_text(storage, encoding="utf-8")
    prepared(folder, "telltale-conformance init python unfilled")
    return folder


def _write_artifacts(folder: Path) -> None:
    FileAgreementWal(folder / "agreement.wal").append(
        VisibilityGateCrossing("operation", "coroutine", AgreementLevel.NONE, 7)
    )
    FileEvidenceOutcomeCache(folder / "evidence.cache").put(
        EvidenceOutcomeCacheEntry("evidence", "interface", "operation", EffectOutcome.blocked())
    )


def test_every_document_is_looked_through() -> None:
    assert len(rows()) > 60
    unused = [each for each in ELSEWHERE if not any(each in command for _, command in rows())]
    assert unused == []


@pytest.mark.parametrize(("document", "command"), rows(), ids=[row[1] for row in rows()])
def test_a_command_of_the_documents_does_what_it_is_for(
    document: str, command: str, made: Path
) -> None:
    for part, reason in ELSEWHERE.items():
        if part in command:
            pytest.skip(f"{document}: {reason}")
    for told, taken in INSTEAD:
        command = command.replace(told, taken)
    expected = next((status for part, status in STATUS.items() if part in command), (0,))

    done = run(made, command)

    assert done.returncode in expected, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("document", "command", "lines"), shown_rows(), ids=[row[1] for row in shown_rows()]
)
def test_what_the_documents_show_is_what_comes(
    document: str, command: str, lines: tuple[str, ...], shown: Path
) -> None:
    """Line by line, in order; what stands between them or behind one may be left out there."""
    harness = f"{sys.executable} unfilled/harness.py"
    command = command.replace("target/release/harness", f"'{harness}'")

    done = run(shown, command)

    printed = f"{done.stdout}{done.stderr}"
    told = iter(line.rstrip() for line in printed.splitlines())
    for line in lines:
        has_come = any(each.startswith(line) for each in told)
        assert has_come, f"{document}: not printed, or not in this order: {line}\n{printed}"


def test_what_is_shown_is_found() -> None:
    assert {document for document, _, _ in shown_rows()} >= {"README.md", "docs/harness.md"}
