"""A short conversation with a harness as ``init`` writes it, but for one function filled in.

It shows what every harness needs whatever its language: calls, a request in the middle of one,
refusals and faults that pass through, and integers that keep all their digits.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from conformance.door.harness_folder import write_harness

__all__ = ["converse", "expected_conversation", "operation_names", "write_filled_in"]

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
    "java": (
        "src/main/java/harness/Main.java",
        "walSnapshot(Request r, BigInteger object) throws Exception {\n"
        "        throw unsupported();",
        "walSnapshot(Request r, BigInteger object) throws Exception {\n"
        '        return r.call("wal.load", BigInteger.valueOf(9), java.util.Map.of());',
    ),
    "rust": (
        "src/main.rs",
        "fn wal_snapshot(&self, runner: &Runner, object: u64) -> Answer {\n        unsupported()",
        "fn wal_snapshot(&self, runner: &Runner, object: u64) -> Answer {\n"
        '        let log: Value = runner.call("wal.load", 9, serde_json::json!({}))?;\n'
        "        protocol::value(&log)",
    ),
}

_LOG: Final = {"entries": [{"tick": 2**64 - 1, "text": '9007199254740993 \\" \u2028'}]}
_FAULT: Final = {"kind": "OSError", "text": "no disk"}

# What the runner says, and what the harness says to it before the runner goes on.
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


def expected_conversation() -> tuple[list[tuple[dict[str, Any], int]], list[dict[str, Any]]]:
    """Return the messages of the conversation as :func:`converse` takes them, and what it gets."""
    messages = [(message, len(answers)) for message, answers in CONVERSATION]
    return messages, [answer for _, answers in CONVERSATION for answer in answers]


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
    command: Sequence[str], folder: Path, messages: Sequence[tuple[Mapping[str, Any], int]]
) -> list[dict[str, Any]]:
    """Return all that a harness says to these messages; it has to end with status 0 and silently.

    Each message comes with the number of lines that are waited for before the next one: nobody
    answers a call before it was made.
    """
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as harness,
    ):
        assert harness.stdin is not None
        assert harness.stdout is not None
        limit = threading.Timer(_SECONDS_MAX, harness.kill)
        limit.start()
        lines: list[bytes] = []
        for message, lines_count in messages:
            harness.stdin.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
            harness.stdin.flush()
            lines += [harness.stdout.readline() for _ in range(lines_count)]
        harness.stdin.close()
        lines += harness.stdout.readlines()
        status = harness.wait()
        limit.cancel()
        errors.seek(0)
        complaint = errors.read().decode(errors="replace")
    if status != 0 or complaint:
        raise AssertionError(f"{command}: exit status {status}, said: {complaint}")
    return [json.loads(line) for line in lines]
