"""Build the kits, run their tests and their languages' linters, and judge the examples of each.

Of the two examples of a kit one has to conform, by every transition of the bounded models, and the
other has one mistake, for which it has to fail WAL-05. `check_harnesses.py` calls this for the
languages whose tools are here.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from running import UNHURRIED, conformance, run

KITS = Path(__file__).resolve().parents[1] / "kits"
MISTAKE = "WAL-05"


@dataclass(frozen=True)
class Kit:
    """The commands that check and build a kit in its folder, and those that start its examples.

    The latter have ``{folder}`` in place of that folder's path.
    """

    language: str
    commands: tuple[tuple[str, ...], ...]
    conforming: tuple[str, ...]
    inclusive: tuple[str, ...]


# Where the harness that `init rust` writes was built too, so that dependencies are built once.
CARGO_TARGET = "../../cargo-target"
CARGO_EXAMPLES = "{folder}/" + CARGO_TARGET + "/release/examples"
JAVAC = (
    "javac -Xlint:all -Werror -cp 'target/classes:target/lib/*' -d target/examples examples/*.java"
)
JAVA_PATH = "{folder}/target/examples:{folder}/target/classes:{folder}/target/lib/*"
# A harness lives for seconds: one compiler and one thread for garbage are enough.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", JAVA_PATH)
ALL_KITS = (
    Kit(
        "node",
        (
            ("sh", "-c", 'for file in */*.js; do node --check "$file" || exit 1; done'),
            ("node", "--test", "--test-reporter=dot"),
        ),
        ("node", "{folder}/examples/conforming.js"),
        ("node", "{folder}/examples/inclusive.js"),
    ),
    Kit(
        "go",
        (
            # gofmt has no exit status of its own: a difference is what it prints.
            ("sh", "-c", 'test -z "$(gofmt -l .)"'),
            ("go", "vet", "./..."),
            ("go", "test", "./..."),
            ("go", "build", "-o", "built/", "./examples/conforming", "./examples/inclusive"),
        ),
        ("{folder}/built/conforming",),
        ("{folder}/built/inclusive",),
    ),
    Kit(
        "rust",
        (
            ("cargo", "fmt", "--check"),
            (
                *("cargo", "clippy", "--release", "--quiet", "--all-targets"),
                *("--target-dir", CARGO_TARGET, "--", "--deny", "warnings"),
            ),
            # The examples are built with the tests.
            ("cargo", "test", "--release", "--quiet", "--target-dir", CARGO_TARGET),
        ),
        (f"{CARGO_EXAMPLES}/conforming",),
        (f"{CARGO_EXAMPLES}/inclusive",),
    ),
    Kit(
        "java",
        (
            ("mvn", "--quiet", "--batch-mode", "package"),
            ("sh", "-c", JAVAC),
        ),
        (*JAVA, "Conforming"),
        (*JAVA, "Inclusive"),
    ),
)


def check_kits(languages: Iterable[str], scratch: Path) -> None:
    """Check the kits of these languages; end the program if one of them is wrong."""
    kits = [kit for kit in ALL_KITS if kit.language in set(languages)]
    for kit in kits:
        folder = _folder(kit, scratch)
        # A copy, so that nothing of an earlier build is in it and nothing of this one is left.
        built = shutil.ignore_patterns("node_modules", "target")
        shutil.copytree(KITS / kit.language, folder, ignore=built)
        for command in kit.commands:
            run(command, folder)
    if not kits:
        return
    conforming = [_started(kit, kit.conforming, scratch) for kit in kits]
    run((*conformance("check"), "--tour", *UNHURRIED, *_options(conforming)), scratch)
    report = scratch / "mistakes.json"
    inclusive = [_started(kit, kit.inclusive, scratch) for kit in kits]
    judging = (*conformance("check"), "--only", MISTAKE, "--json", str(report))
    run((*judging, *_options(inclusive)), scratch, expected=1)
    _expect_the_mistake(report, [f"{kit.language}-kit-inclusive" for kit in kits])


def _folder(kit: Kit, scratch: Path) -> Path:
    return scratch / "kits" / kit.language


def _started(kit: Kit, command: tuple[str, ...], scratch: Path) -> str:
    return shlex.join(word.format(folder=_folder(kit, scratch)) for word in command)


def _options(commands: Iterable[str]) -> list[str]:
    return [word for command in commands for word in ("--command", command)]


def _expect_the_mistake(report: Path, names: list[str]) -> None:
    """End the program unless each of these backends failed what its mistake breaks."""
    backends = json.loads(report.read_text(encoding="utf-8"))["backends"]
    failed = {
        backend["name"]: [
            result["requirement_id"] for result in backend["results"] if result["verdict"] == "fail"
        ]
        for backend in backends
    }
    expected = {name: [MISTAKE] for name in names}
    if failed != expected:
        raise SystemExit(f"examples with a mistake: expected {expected}, but {failed} failed")
