"""Running the commands of a check, each shown before it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def conformance(command: str) -> tuple[str, ...]:
    """Return the words that start a command of ours."""
    return (sys.executable, "-m", "conformance", command)


def succeeds(command: Sequence[str], folder: Path) -> bool:
    """Say whether a command ends with status 0."""
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def run(command: Sequence[str], folder: Path, *, expected: int = 0, **variables: str) -> None:
    """Run a command, and end this program where it ends with another status than expected."""
    print("$", *command, flush=True)
    environment = {**os.environ, **variables}
    status = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    if status != expected:
        raise SystemExit(f"{' '.join(command)}: exit status {status}, expected {expected}")
