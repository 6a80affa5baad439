"""Reading, writing and checking vector files, shared by the tests of vectors."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance.vectors import SHIPPED_VECTORS, vectors_check_command

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
