"""Build the harnesses that `telltale-conformance init` writes, and talk to them.

Usage: python .ci/check_harness_templates.py

What cannot be built here, because a tool or a registry is missing, is said in capitals and is no
failure; what can be built has to work.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.harness_folder import write_harness
from conformance.tests.harness_scenario import CONVERSATION, converse, write_filled_in


@dataclass(frozen=True)
class Language:
    """How a harness is prepared, built, held to its language's style, and started."""

    name: str
    tool: str
    start: tuple[str, ...]
    # Fetches what is built from; when this fails, the registry is not there.
    fetch: tuple[str, ...] | None = None
    build: tuple[str, ...] | None = None
    style: tuple[tuple[str, ...], ...] = ()


LANGUAGES = (
    Language("python", sys.executable, (sys.executable, "harness.py")),
    Language("node", "node", ("node", "harness.js")),
    Language(
        "go",
        "go",
        ("./harness",),
        build=("go", "build", "-o", "harness", "."),
        # gofmt has no status of its own: a difference is what it prints.
        style=(("go", "vet", "."), ("sh", "-c", 'test -z "$(gofmt -l .)"')),
    ),
    Language(
        "rust",
        "cargo",
        ("target/release/harness",),
        fetch=("cargo", "fetch", "--quiet"),
        build=("cargo", "build", "--release", "--quiet"),
        style=(
            ("cargo", "fmt", "--check"),
            ("cargo", "clippy", "--release", "--quiet", "--", "--deny", "warnings"),
        ),
    ),
)


def main() -> None:
    """Check every language, and say at the end what was not."""
    missing = []
    with tempfile.TemporaryDirectory() as scratch:
        for language in LANGUAGES:
            reason = _check(language, Path(scratch))
            if reason is not None:
                missing.append(f"{language.name.upper()} HARNESS NOT CHECKED: {reason.upper()}")
            else:
                print(f"{language.name}: the harness builds and keeps the protocol", flush=True)
    for line in missing:
        print(line, flush=True)


def _check(language: Language, scratch: Path) -> str | None:
    """Return why a language could not be checked; end the program if its harness is wrong."""
    if shutil.which(language.tool) is None:
        return f"{language.tool} is not installed"
    folder = scratch / language.name
    write_harness(language.name, folder)
    if language.fetch is not None and not _succeeds(language.fetch, folder):
        return f"`{' '.join(language.fetch)}` failed, so its registry is not reachable"
    for command in language.style:
        _run(command, folder)
    # The one that is built is the one that can be talked to: with one function filled in.
    filled_in = scratch / f"{language.name}-filled-in"
    write_filled_in(language.name, filled_in)
    if language.build is not None:
        _run(language.build, filled_in, target=folder / "target")
    start = tuple(word.replace("target/", f"{folder}/target/") for word in language.start)
    said = converse(start, filled_in, [message for message, _ in CONVERSATION])
    expected = [answer for _, answers in CONVERSATION for answer in answers]
    if said != expected:
        raise SystemExit(f"{language.name}: expected {expected}, but the harness said {said}")
    return None


def _succeeds(command: Sequence[str], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def _run(command: Sequence[str], folder: Path, *, target: Path | None = None) -> None:
    print("$", *command, flush=True)
    variables = dict(os.environ)
    if target is not None:
        # One folder for the style check and the build, so that dependencies are built once.
        variables["CARGO_TARGET_DIR"] = str(target)
    status = subprocess.run(command, cwd=folder, env=variables, check=False).returncode
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {status}")


if __name__ == "__main__":
    main()
