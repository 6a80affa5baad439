"""The protocol: its published schema, its document, and what both ends make of a line."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.backend import Capability, DurabilityClass
from conformance.door.connection import Connection
from conformance.door.errors import ForeignFault, MessageError, foreign_fault
from conformance.door.handshake import handshake_of, handshake_tree
from conformance.door.harness import command_words, harness_of
from conformance.door.messages import encode_message, parse_line, shown_line
from conformance.door.protocol import CALLS, OPERATIONS, PROTOCOL
from conformance.door.published import schema_problems
from conformance.door.schema import protocol_schema, schema_text
from conformance.door.smoke import smoke
from conformance.door.values import BYTES
from conformance.errors import UsageError
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from conformance.records.results import Verdict
from telltale_spec.errors import DomainError
from tests.zoo import door_targets
from tests.zoo.judging import judged

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = ROOT / "conformance" / "schemas" / "harness.v1.schema.json"
DOCUMENT = ROOT / "docs" / "protocol.md"


def served(target: str) -> list[str]:
    return [sys.executable, "-m", "conformance", "serve", f"{door_targets.__name__}:{target}"]


# The schema


def test_the_published_schema_is_the_one_of_the_tables() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()
    Draft202012Validator.check_schema(protocol_schema())


@pytest.fixture(scope="module")
def session() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The messages of a short session with the whole reference: the runner's and the harness's."""
    lines: dict[bool, list[dict[str, Any]]] = {True: [], False: []}

    def on_line(ours: bool, line: bytes) -> None:
        lines[ours].append(json.loads(line))

    connection = Connection(served("REFERENCE"), call_seconds_max=10.0, on_line=on_line)
    try:
        backend = harness_of(connection)
        suites = (WAL_HANDLER_SURFACE_SUITE, EVIDENCE_HANDLER_SURFACE_SUITE)
        judged(backend, suites, profile_name="quick")
    finally:
        connection.close()
    assert connection.notes == []
    return lines[True], lines[False]


def validator(name: str) -> Draft202012Validator:
    schema = protocol_schema()
    del schema["anyOf"]
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})


def test_every_line_of_a_session_is_as_the_schema_says(
    session: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    ours, theirs = session
    for name, messages in (("runner_message", ours), ("harness_message", theirs)):
        checked = validator(name)
        for message in messages:
            assert checked.is_valid(message), message


def test_every_value_of_a_session_is_as_the_schema_says(
    session: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    ours, theirs = session
    asked = {message["id"]: message["operation"] for message in ours if "id" in message}
    seen = set()
    for message in theirs:
        operation = asked.get(message.get("id"), "")
        if "ok" in message and operation in OPERATIONS:
            seen.add(operation)
            schema = protocol_schema()["$defs"]["values"]["$defs"][operation]
            checked = Draft202012Validator({**protocol_schema(), "anyOf": [schema]})
            assert checked.is_valid(message["ok"]), (operation, message)
    # So the session says something about everything that can be asked.
    assert seen == set(OPERATIONS)


def test_the_schema_refuses_what_the_protocol_does_not_have() -> None:
    checked = validator("harness_message")

    assert checked.is_valid({"id": 1, "ok": None})
    assert not checked.is_valid({"id": 1})
    assert not checked.is_valid({"id": 1, "ok": None, "refused": "x"})
    assert not checked.is_valid({"call": 1, "during": 1, "operation": "wal.open", "object": 1})
    assert not validator("request").is_valid({"id": 1, "operation": "wal.append", "object": 1})


# The document


def test_the_document_names_every_operation_and_every_call() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    calls = text[text.index("## Calls") : text.index("## Threads")]

    assert [name for name in OPERATIONS if f"`{name}`" not in text] == []
    assert [name for name in CALLS if not name.startswith("handler.") and name not in calls] == []
    assert f"`{PROTOCOL}`" in text


def test_the_examples_of_the_document_are_messages() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    examples = [
        json.loads(line)
        for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]
    checked = Draft202012Validator(protocol_schema())

    assert len(examples) >= 4
    assert [each for each in examples if not checked.is_valid(each)] == []
    handshakes = [each["ok"] for each in examples if "ok" in each]
    assert [handshake_of(each).name for each in handshakes] == ["my-backend"]


# Lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"\xff{}", "is not UTF-8 (at byte 0)"),
        (b"  ", "the line is empty"),
        (b"ready", "is not JSON"),
        (b'{"id":1', "is not JSON"),
        (b'{"id":NaN}', "`NaN` is not JSON"),
        (b"[1]", "a JSON array, not an object"),
        (b"null", "a JSON null, not an object"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_no_message_is_told_why(line: bytes, expected: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_line(line)

    assert expected in str(caught.value)


def test_a_message_survives_its_line() -> None:
    message = {"id": 2**64 - 1, "text": "café \U0001f600 \x00\n"}
    line = encode_message(message)

    assert line.count(b"\n") == 1
    assert parse_line(line.rstrip(b"\n")) == message


def test_a_lone_surrogate_does_not_break_the_line() -> None:
    assert parse_line(encode_message({"refused": "\ud800"}).rstrip(b"\n")) == {"refused": "?"}


def test_a_long_line_is_shown_shortened() -> None:
    assert shown_line(b"x" * 1_000) == "x" * 200 + "... (1000 bytes)"


@pytest.mark.parametrize("text", ["AB", "0", "0g", "ab ", 7])
def test_only_lowercase_hexadecimal_is_bytes(text: object) -> None:
    with pytest.raises(DomainError, match="lowercase hexadecimal"):
        BYTES.from_tree(text)


def test_a_foreign_fault_has_the_name_that_it_had_there() -> None:
    fault = foreign_fault("panic\0", "it broke", call=3)

    assert (type(fault).__name__, str(fault), fault.call) == ("panic", "it broke", 3)


@pytest.mark.parametrize("command", ["", "  ", "'"])
def test_an_unusable_command_line_is_wrong_usage(command: str) -> None:
    with pytest.raises(UsageError):
        command_words(command)


# The handshake


def changed(**changes: Any) -> dict[str, Any]:
    return {**handshake_tree(door_targets.REFERENCE), **changes}


def test_a_served_backend_declares_what_it_declares() -> None:
    handshake = handshake_of(changed())

    assert handshake.name == "reference"
    assert handshake.version == "1.0"
    assert handshake.capabilities == door_targets.REFERENCE.capabilities
    assert handshake.durability_class is DurabilityClass.RESTART


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"protocol": "v0"}, "its `protocol` is `v0`"),
        ({"specification": "v2"}, "its `specification` is `v2`"),
        ({"name": ""}, "its `name` is empty"),
        ({"name": 7}, "its `name` is 7, not a text"),
        ({"version": None}, "its `version` is None, not a text"),
        ({"capabilities": "reopen"}, "not a list of names"),
        ({"capabilities": ["flies"]}, "its `capabilities` has 'flies'; there are reopen,"),
        ({"rejection_mode": "maybe"}, "its `rejection_mode` has 'maybe'"),
        ({"durability_class": "power"}, "needs the capability power-loss, process-kill"),
        ({"durability_class": "volatile"}, "its capabilities are those of `restart`"),
        ({"capabilities": ["process-kill"]}, "`process-kill` needs `reopen` too"),
        ({"concurrent_calls": 1}, "its `concurrent_calls` is 1, not true or false"),
    ],
)
def test_a_handshake_that_cannot_be_used_is_told_why(
    changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(MessageError) as caught:
        handshake_of(changed(**changes))

    assert expected in str(caught.value)


@pytest.mark.parametrize("declared", list(DurabilityClass))
def test_a_class_follows_from_its_capabilities(declared: DurabilityClass) -> None:
    backend = replace(door_targets.REFERENCE, capabilities=declared.capabilities)

    assert backend.durability_class is declared
    assert handshake_of(handshake_tree(backend)).durability_class is declared


def test_a_stronger_promise_without_the_weaker_is_no_class() -> None:
    backend = replace(door_targets.REFERENCE, capabilities=frozenset({Capability.PROCESS_KILL}))
    assert backend.durability_class is DurabilityClass.VOLATILE


# Sessions


def test_smoke_finds_everything_in_the_reference() -> None:
    report = smoke(served("REFERENCE"), call_seconds_max=10.0, starting_seconds_max=30.0)

    assert report.problems == ()
    assert report.messages_count is not None
    assert report.messages_count > len(OPERATIONS)
    assert [probe for probe in report.probes if not probe.supported] == []


def test_smoke_says_where_nobody_could_ask_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.door.smoke.can_validate", lambda: False)
    report = smoke(served("DEDUPLICATES"), call_seconds_max=10.0, starting_seconds_max=30.0)

    assert report.messages_count is None
    assert report.problems == ()


@pytest.mark.parametrize(
    ("operation", "message", "problem"),
    [
        ("wal.load", {"id": 1, "ok": {"entries": []}}, None),
        ("wal.load", {"id": 1, "ok": {"entries": None}}, "answer to `wal.load` at ['entries']: "),
        ("wal.load", {"id": 1, "ok": None, "refused": ""}, "answer to `wal.load` at the whole: "),
        ("wal.append", {"id": 1, "refused": 7}, "answer to `wal.append` at ['refused']: 7 is not"),
        ("hello", {"id": 1, "ok": {"name": ""}}, "answer to `hello` at the whole: "),
        ("wal.load", {"call": 1, "during": 1, "operation": "wal.load"}, "call at the whole: "),
    ],
)
def test_the_published_schema_gives_a_second_opinion(
    operation: str, message: dict[str, Any], problem: str | None
) -> None:
    asked = json.dumps({"id": 1, "operation": operation}).encode()
    problems = schema_problems([(True, asked), (False, json.dumps(message).encode())])

    assert bool(problems) == (problem is not None)
    assert problem is None or f"the published schema refuses its {problem}" in problems[0]


def test_what_a_harness_does_not_have_is_not_applicable() -> None:
    connection = Connection(served("DEDUPLICATES"), call_seconds_max=10.0)
    try:
        backend = harness_of(connection)
    finally:
        connection.close()

    assert backend.agreement_wal is not None
    missing = (backend.recovery, backend.codec, backend.identity, backend.agreement_wal_handler)
    assert missing == (None, None, None, None)
    # It lacks whole components, which is no surprise.
    assert backend.notes == ()


@pytest.mark.requirement("SYNC-03", "EVID-08")
def test_what_needs_calls_side_by_side_is_not_asked_of_a_harness_without_them() -> None:
    backend = replace(door_targets.REFERENCE, concurrent_calls=False)
    suites = (WAL_HANDLER_SURFACE_SUITE, EVIDENCE_HANDLER_SURFACE_SUITE)
    report = judged(backend, suites, profile_name="quick")

    verdicts = {result.requirement_id: result for result in report.results}
    for requirement_id in ("SYNC-03", "EVID-08"):
        assert verdicts[requirement_id].verdict is Verdict.NOT_APPLICABLE
        assert verdicts[requirement_id].reason == "the harness serves one call at a time"
    for requirement_id in ("SYNC-13", "EVID-09", "WAL-09"):
        assert verdicts[requirement_id].verdict is Verdict.PASS


def test_a_harness_that_is_killed_starts_again_on_the_same_storage() -> None:
    connection = Connection(served("SQLITE"), call_seconds_max=10.0)
    try:
        backend = harness_of(connection)
        assert backend.agreement_wal is not None
        assert backend.kill is not None
        with tempfile.TemporaryDirectory() as directory:
            before = backend.agreement_wal(Path(directory))
            backend.kill()
            after = backend.agreement_wal(Path(directory))
            assert after.load().entries == ()
            # What lived in the dead process cannot be asked any more.
            with pytest.raises(ForeignFault, match="there is no object"):
                before.load()
    finally:
        connection.close()


IMPOSSIBLE_READER = r"""
import json, sys

EMPTY = {"kind": "agreement_wal", "payload": {"entries": []}}
VERSION = "telltale.machine.durability.v1"
LATE = {"Timeout": {"site": "s", "duration": {"secs": 0, "nanos": 1000000000}}}
RESPONSE = {"kind": "topology_events", "events": [LATE]}
OUTCOME = {"status": {"status": "success"}, "response": RESPONSE}
ENTRY = {"evidence_id": "e", "interface_name": "i", "operation_name": "o", "outcome": OUTCOME}
CACHE = {"kind": "evidence_outcome_cache", "payload": {"entries": [ENTRY]}}
decoded_count = 0
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    match request["operation"]:
        case "hello":
            answer["ok"] = {
                "protocol": "telltale-conformance.harness.v1", "specification": VERSION,
                "name": "impossible", "version": "", "capabilities": [],
                "rejection_mode": "clean-reject", "durability_class": "volatile",
            }
        case "artifact.encode":
            answer["ok"] = ""
        case "artifact.decode":
            payload = CACHE if decoded_count else EMPTY
            decoded_count += 1
            answer["ok"] = {"schema_version": VERSION, "payload": payload}
        case "shutdown":
            answer["ok"] = None
        case _:
            answer["unsupported"] = "no"
    print(json.dumps(answer), flush=True)
    if request["operation"] == "shutdown":
        break
"""


@pytest.mark.requirement("DEC-29", "DOM-06")
def test_a_decoded_value_that_cannot_exist_fails_the_reader_and_not_the_protocol(
    tmp_path: Path,
) -> None:
    program = tmp_path / "harness.py"
    program.write_text(IMPOSSIBLE_READER)
    connection = Connection([sys.executable, str(program)], call_seconds_max=10.0)
    try:
        backend = harness_of(connection)
        report = judged(backend, (CODEC_SUITE,), profile_name="quick", only=("DEC-29",))
    finally:
        connection.close()

    (result,) = report.results
    assert result.counterexample is not None
    assert "raised DomainError: Duration.nanos" in result.counterexample.actual
