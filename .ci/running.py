"""Running the commands of a check, each shown before it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# A build is used for seconds, so time that a compiler spends on fast code is lost. Of `cargo build
# --release` all else stays as it is; Maven's own Java compiles once, with its first compiler alone.
QUICK_BUILDS = {
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "MAVEN_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}

# A busy machine must not leave a verdict open; one that is not never takes that long.
UNHURRIED = ("--time-limit", "300")


def conformance(command: str) -> tuple[str, ...]:
    """Return the words that start a command of ours."""
    return (sys.executable, "-m", "conformance", command)


def taken_whole(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Return whether all is judged, also what takes long, and the other arguments."""
    return "--whole" in arguments, [each for each in arguments if each != "--whole"]


def succeeds(command: Sequence[str], folder: Path) -> bool:
    """Say whether a command ends with status 0."""
    environment = {**QUICK_BUILDS, **os.environ}
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode == 0


def run(command: Sequence[str], folder: Path, *, expected: int = 0, **variables: str) -> None:
    """Run a command, and end this program where it ends with another status than expected."""
    print("$", *command, flush=True)
    environment = {**QUICK_BUILDS, **os.environ, **variables}
    status = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    if status != expected:
        raise SystemExit(f"{' '.join(command)}: exit status {status}, expected {expected}")
