"""A short conversation with a harness as ``init`` writes it, but for one function filled in.

It shows what every harness needs whatever its language: calls, a request in the middle of one,
refusals and faults that pass through, and integers that keep all their digits.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from conformance.door.harness_folder import write_harness

__all__ = ["CONVERSATION", "converse", "operation_names", "write_filled_in"]

ROOT: Final = Path(__file__).resolve().parents[2]

# Longest time for a whole conversation; far more than it takes.
_SECONDS_MAX: Final = 60

# Each language's file, the stub of `handler.wal_snapshot` in it, and what is put in its place: it
# asks the runner's object 9 for a log.
_FILLED_IN: Final[Mapping[str, tuple[str, str, str]]] = {
    "python": (
        "harness.py",
        '"""Return the log of a WAL handler: `{"entries": [...]}`."""\n    raise Unsupported',
        'return runner.call("wal.load", object=9)',
    ),
    "node": (
        "harness.js",
        "'handler.wal_snapshot': ({ object }, call) => unsupported()",
        "'handler.wal_snapshot': ({ object }, call) => call('wal.load', 9)",
    ),
    "go": (
        "harness.go",
        "func walSnapshot(r Request, object uint64) (any, error) {\n\treturn nil, errUnsupported",
        "func walSnapshot(r Request, object uint64) (any, error) {\n"
        '\treturn r.Call("wal.load", 9, nil)',
    ),
    "rust": (
        "src/main.rs",
        "fn wal_snapshot(&self, runner: &Runner, object: u64) -> Answer {\n        unsupported()",
        "fn wal_snapshot(&self, runner: &Runner, object: u64) -> Answer {\n"
        '        runner.call("wal.load", 9, Value::Null)',
    ),
}

_LOG: Final = {"entries": [{"tick": 2**64 - 1, "text": '9007199254740993 \\" \u2028'}]}
_FAULT: Final = {"kind": "OSError", "text": "no disk"}

# What the runner says, and what the harness says to it.
CONVERSATION: Final[tuple[tuple[dict[str, Any], list[dict[str, Any]]], ...]] = (
    (
        {"id": 1, "operation": "handler.wal_snapshot", "object": 5},
        [{"call": 1, "during": 1, "operation": "wal.load", "object": 9}],
    ),
    # A request in the middle of a call is served at once.
    (
        {"id": 2, "operation": "handler.wal_snapshot", "object": 5, "later": None},
        [{"call": 2, "during": 2, "operation": "wal.load", "object": 9}],
    ),
    ({"call": 2, "refused": "no"}, [{"id": 2, "refused": "no"}]),
    ({"call": 1, "ok": _LOG}, [{"id": 1, "ok": _LOG}]),
    (
        {"id": 3, "operation": "handler.wal_snapshot", "object": 5},
        [{"call": 3, "during": 3, "operation": "wal.load", "object": 9}],
    ),
    ({"call": 3, "fault": _FAULT}, [{"id": 3, "fault": {**_FAULT, "call": 3}}]),
    ({"id": 4, "operation": "shutdown"}, [{"id": 4, "ok": None}]),
)


def operation_names() -> list[str]:
    """Return every operation of the protocol document, but for the last one, ``shutdown``."""
    document = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    operations = document.split("## Operations", 1)[1].split("## Calls", 1)[0]
    return re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", operations, re.MULTILINE)


def write_filled_in(language: str, folder: Path) -> None:
    """Write the harness of a language with one function filled in."""
    write_harness(language, folder)
    name, stub, filled_in = _FILLED_IN[language]
    text = (folder / name).read_text(encoding="utf-8")
    if stub not in text:
        raise LookupError(f"{name} has no longer this stub: {stub}")
    (folder / name).write_text(text.replace(stub, filled_in), encoding="utf-8")


def converse(
    command: Sequence[str], folder: Path, messages: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return all that a harness says to these messages; it has to end with status 0 and silently.

    All messages are in its input from the start, which no harness can tell from a quick runner.
    """
    text = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages)
    ended = subprocess.run(
        command,
        cwd=folder,
        input=text.encode(),
        capture_output=True,
        timeout=_SECONDS_MAX,
        check=False,
    )
    complaint = ended.stderr.decode(errors="replace")
    if ended.returncode != 0 or complaint:
        raise AssertionError(f"{command}: exit status {ended.returncode}, said: {complaint}")
    return [json.loads(line) for line in ended.stdout.splitlines()]
