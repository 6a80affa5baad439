"""Build the harnesses of other languages, talk to them, and judge the backends among them.

Usage: python .ci/check_harnesses.py [--whole] [PROFILE]

These are the ones that `telltale-conformance init` writes, the kits (`check_kits.py`), and the
examples in JavaScript and Go. What cannot be built here, because a tool or a registry is missing,
is said at the end and in capitals, and is no failure; what can be built has to work. Of the example
in JavaScript the one in memory is judged, and with ``--whole`` the one in files too. The published
Rust crate has a check of its own, `.ci/check_rust_harness.py`.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from check_kits import check_kits
from running import UNHURRIED, conformance, run, succeeds, taken_whole

from conformance.door.harness_folder import write_harness
from conformance.tests.harness_scenario import (
    converse,
    expected_conversation,
    write_filled_in,
)

ROOT = Path(__file__).resolve().parents[1]
NODE_EXAMPLE = ROOT / "examples" / "harness-node" / "harness.mjs"
GO_EXAMPLE = ROOT / "examples" / "harness-go"


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


GO_BUILD = ("go", "build", "-o")
# gofmt has no exit status of its own: a difference is what it prints.
GO_STYLE = (("go", "vet", "./..."), ("sh", "-c", 'test -z "$(gofmt -l .)"'))
MAVEN = ("mvn", "--quiet", "--batch-mode")
LANGUAGES = (
    Language("python", sys.executable, (sys.executable, "harness.py")),
    Language("node", "node", ("node", "harness.js")),
    Language("go", "go", ("./harness",), build=(*GO_BUILD, "harness", "."), style=GO_STYLE),
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
    Language(
        "java",
        "mvn",
        ("java", "-jar", "target/harness.jar"),
        fetch=(*MAVEN, "dependency:resolve"),
        build=(*MAVEN, "package", "-Dmaven.compiler.failOnWarning=true"),
    ),
)


def main() -> None:
    """Check every language, then every example, and say at the end what was not checked."""
    is_whole, given = taken_whole(sys.argv[1:])
    (profile,) = given or ("quick",)
    missing = []
    checked = []
    with tempfile.TemporaryDirectory() as scratch:
        for language in LANGUAGES:
            reason = _check(language, Path(scratch))
            if reason is not None:
                missing.append(f"{language.name} harness and kit not checked: {reason}")
            else:
                checked.append(language.name)
                print(f"{language.name}: the harness builds and keeps the protocol", flush=True)
        check_kits(checked, Path(scratch))
        missing += _judge_examples(profile, Path(scratch), is_whole=is_whole)
    for line in missing:
        print(line.upper(), flush=True)


def _check(language: Language, scratch: Path) -> str | None:
    """Return why a language could not be checked; end the program if its harness is wrong."""
    if shutil.which(language.tool) is None:
        return f"{language.tool} is not installed"
    folder = scratch / language.name
    write_harness(language.name, folder)
    if language.fetch is not None and not succeeds(language.fetch, folder):
        return f"`{' '.join(language.fetch)}` failed, so its registry is not reachable"
    # One folder for all that cargo builds, the kit too, so that dependencies are built once.
    target = str(scratch / "cargo-target")
    for command in language.style:
        run(command, folder, CARGO_TARGET_DIR=target)
    # The one that is built is the one that can be talked to: with one function filled in.
    filled_in = scratch / f"{language.name}-filled-in"
    write_filled_in(language.name, filled_in)
    if language.build is not None:
        run(language.build, filled_in, CARGO_TARGET_DIR=target)
    start = tuple(word.replace("target/release", f"{target}/release") for word in language.start)
    messages, expected = expected_conversation()
    said = converse(start, filled_in, messages)
    if said != expected:
        raise SystemExit(f"{language.name}: expected {expected}, but the harness said {said}")
    run((*conformance("smoke"), "--command", shlex.join(start)), filled_in)
    return None


def _judge_examples(profile: str, scratch: Path, *, is_whole: bool) -> list[str]:
    """Judge the examples whose tools are here, and return what is missing for the others."""
    missing = []
    commands = []
    if shutil.which("node") is None:
        missing.append("example in JavaScript not judged: node is not installed")
    else:
        start = ["node", str(NODE_EXAMPLE)]
        commands += [shlex.join([*start, "--memory"]), *([shlex.join(start)] if is_whole else [])]
    if shutil.which("go") is None:
        missing.append("example in Go not judged: go is not installed")
    else:
        for command in GO_STYLE:
            run(command, GO_EXAMPLE)
        program = scratch / "go-example"
        run((*GO_BUILD, str(program), "."), GO_EXAMPLE)
        commands.append(str(program))
    if commands:
        options = [word for command in commands for word in ("--command", command)]
        run((*conformance("check"), "--profile", profile, *UNHURRIED, *options), scratch)
    return missing


if __name__ == "__main__":
    main()
