"""Harnesses that are wrong, each in one way: a corpus of how the protocol gets broken.

Started as a program with the name of a misbehaviour, this is that harness. It uses the standard
library alone, so that it starts quickly and fails by nothing but its misbehaviour. Where it does
not misbehave, it serves a log in memory and two handlers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

__all__ = ["MISBEHAVIOURS", "Misbehaviour"]

_HELLO: Final[dict[str, Any]] = {
    "protocol": "telltale-conformance.harness.v1",
    "specification": "telltale.machine.durability.v1",
    "name": "malformed",
    "version": "1",
    "capabilities": [],
    "rejection_mode": "clean-reject",
    "durability_class": "volatile",
    "concurrent_calls": False,
}


@dataclass(frozen=True)
class Misbehaviour:
    """One way to be wrong: what is done in the place of the answer to ``instead_of``.

    ``message`` is what a user must be told, beside the line and the request. ``waits`` says that
    only a limit on time shows it, ``silent`` that no whole line comes.
    """

    name: str
    instead_of: str
    message: str
    act: Callable[[Harness, dict[str, Any]], None]
    waits: bool = False
    silent: bool = False


MISBEHAVIOURS: Final[dict[str, Misbehaviour]] = {}


def _misbehaves(
    instead_of: str, message: str, *, waits: bool = False, silent: bool = False
) -> Callable[
    [Callable[[Harness, dict[str, Any]], None]], Callable[[Harness, dict[str, Any]], None]
]:
    """Register a function as a misbehaviour of its own name."""

    def register(
        act: Callable[[Harness, dict[str, Any]], None],
    ) -> Callable[[Harness, dict[str, Any]], None]:
        name = act.__name__.lstrip("_").replace("_", "-")
        MISBEHAVIOURS[name] = Misbehaviour(name, instead_of, message, act, waits, silent)
        return act

    return register


class Harness:
    """A log in memory and two handlers without any use, answered as the protocol wants it."""

    def __init__(self, misbehaviour: Misbehaviour) -> None:
        self.misbehaviour = misbehaviour
        self.lies: dict[str, Any] = {}
        self.entries: dict[int, list[Any]] = {}
        self.asked: set[str] = set()

    def run(self) -> None:
        """Serve requests, wrongly where the misbehaviour says so."""
        if self.misbehaviour.instead_of == "start":
            self.misbehaviour.act(self, {})
        while line := sys.stdin.buffer.readline():
            request = json.loads(line)
            if request["operation"] == self.misbehaviour.instead_of:
                self.misbehaviour.act(self, request)
            else:
                self.serve(request)

    def serve(self, request: dict[str, Any]) -> None:
        """Answer one request as it should be."""
        self.say({"id": request["id"], **self.answer(request)})
        self.asked.add(request["operation"])
        if request["operation"] == "shutdown":
            raise SystemExit(0)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the right answer to a request, without its id."""
        number = request.get("object", 0)
        entries = self.entries.setdefault(number, [])
        match request["operation"]:
            case "hello":
                return {"ok": {**_HELLO, **self.lies}}
            case "wal.append":
                entries.append(request["entry"])
                return {"ok": None}
            case "wal.read_since":
                return {"ok": [entry for entry in entries if entry["tick"] > request["tick"]]}
            case "wal.load":
                return {"ok": {"entries": entries}}
            case "handler.handler_identity":
                return {"ok": "malformed"}
            case "handler.supports_wal_sync":
                return {"ok": True}
            case (
                "shutdown" | "wal.open" | "wal.close" | "wal_handler.make"
                | "evidence_handler.make" | "handler.drop"
            ):  # fmt: skip
                return {"ok": None}
        return {"unsupported": "malformed harnesses serve little"}

    def say(self, message: Any) -> None:
        """Write a message."""
        self.write(json.dumps(message).encode() + b"\n")

    def write(self, data: bytes) -> None:
        """Write bytes at once."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def call(self, request: dict[str, Any], **fields: Any) -> None:
        """Call the runner during a request and wait for what comes."""
        operation = {"operation": "handler.handler_identity", "object": request.get("inner")}
        self.say({"call": 1, "during": request["id"], **operation, **fields})
        sys.stdin.buffer.readline()


def _wait() -> NoReturn:
    while True:
        time.sleep(1000)


# The start and the handshake


@_misbehaves("start", "ended with exit status 3", silent=True)
def exits_at_once(harness: Harness, request: dict[str, Any]) -> None:
    print("there is no configuration file", file=sys.stderr)
    raise SystemExit(3)


@_misbehaves("hello", "ended with exit status 0 before it answered", silent=True)
def ends_before_hello(harness: Harness, request: dict[str, Any]) -> None:
    raise SystemExit(0)


@_misbehaves("hello", "does it flush its output after every line?", waits=True, silent=True)
def never_answers_hello(harness: Harness, request: dict[str, Any]) -> None:
    _wait()


@_misbehaves("hello", "without a line feed at its end", waits=True, silent=True)
def forgets_the_line_feed(harness: Harness, request: dict[str, Any]) -> None:
    harness.write(json.dumps({"id": 0, **harness.answer(request)}).encode())
    _wait()


# Fields of the handshake that are not what they should be, and what is said of each.
_LIES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "speaks-another-version": (
        {"protocol": "telltale-conformance.harness.v2"},
        "this runner speaks `telltale-conformance.harness.v1` only",
    ),
    "implements-another-specification": (
        {"specification": "telltale.machine.durability.v9"},
        "this runner speaks `telltale.machine.durability.v1` only",
    ),
    "has-an-unknown-capability": (
        {"capabilities": ["time-travel"]},
        "its `capabilities` has 'time-travel'; there are reopen",
    ),
    "has-a-text-of-capabilities": (
        {"capabilities": "reopen"},
        "its `capabilities` are 'reopen', not a list of names",
    ),
    "has-an-unknown-rejection-mode": (
        {"rejection_mode": "sometimes"},
        "its `rejection_mode` has 'sometimes'; there are clean-reject",
    ),
    "has-a-class-without-its-capability": (
        {"durability_class": "process"},
        "is `process`, which needs the capability process-kill, reopen",
    ),
    "has-no-name": (
        {"name": ""},
        "its `name` is empty",
    ),
    "has-a-number-for-its-version": (
        {"version": 1},
        "its `version` is 1, not a text",
    ),
    "has-a-text-for-a-boolean": (
        {"concurrent_calls": "yes"},
        "its `concurrent_calls` is 'yes', not true or false",
    ),
}


def _lie(harness: Harness, request: dict[str, Any]) -> None:
    harness.lies, _ = _LIES[harness.misbehaviour.name]
    harness.serve(request)


MISBEHAVIOURS.update(
    {name: Misbehaviour(name, "hello", message, _lie) for name, (_, message) in _LIES.items()}
)


@_misbehaves("hello", "it does not answer the handshake with `ok`")
def does_not_support_hello(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": 0, "unsupported": "who are you?"})


@_misbehaves("hello", "after it was killed and started again it declares something else")
def changes_its_name_with_every_start(harness: Harness, request: dict[str, Any]) -> None:
    """Only a run that kills it shows it."""
    durable = {"capabilities": ["reopen", "process-kill"], "durability_class": "process"}
    harness.lies = {"name": f"process {os.getpid()}", **durable}
    harness.serve(request)


# Lines


@_misbehaves("hello", "the line is not JSON: Expecting value")
def prints_garbage(harness: Harness, request: dict[str, Any]) -> None:
    harness.write(b"listening on port 8080\n")


@_misbehaves("wal.open", "the line is empty")
def prints_a_blank_line(harness: Harness, request: dict[str, Any]) -> None:
    harness.write(b"\n")


@_misbehaves("hello", "begins with a byte order mark")
def begins_with_a_byte_order_mark(harness: Harness, request: dict[str, Any]) -> None:
    harness.write(b"\xef\xbb\xbf")
    harness.serve(request)


@_misbehaves("wal.append", "the line is not UTF-8 (at byte 19)")
def writes_invalid_utf8(harness: Harness, request: dict[str, Any]) -> None:
    harness.write(b'{"id":2,"refused":"\xff\xfe"}\n'.replace(b"2", str(request["id"]).encode()))


@_misbehaves("wal.append", "the line is a JSON array, not an object")
def answers_with_an_array(harness: Harness, request: dict[str, Any]) -> None:
    harness.say([request["id"], "ok", None])


@_misbehaves("wal.append", "`NaN` is not JSON")
def answers_with_nan(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": float("nan")})


@_misbehaves("wal.append", "the line is nested too deeply")
def nests_without_end(harness: Harness, request: dict[str, Any]) -> None:
    harness.write(b'{"id":%d,"ok":%s\n' % (request["id"], b"[" * 200_000))


@_misbehaves("hello", "it wrote more than 160 MiB without the end of a line", silent=True)
def writes_an_endless_line(harness: Harness, request: dict[str, Any]) -> None:
    while True:
        harness.write(b"x" * (1 << 20))


@_misbehaves("hello", "request 0 was answered already")
def floods_with_answers(harness: Harness, request: dict[str, Any]) -> None:
    while True:
        harness.serve(request)


# Answers


@_misbehaves("wal.append", "neither an `id` (an answer) nor a `call`")
def forgets_the_id(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"ok": None})


@_misbehaves("wal.append", "there is no request 999")
def answers_another_id(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": 999, "ok": None})


@_misbehaves("wal.append", "the `id` of an answer is the number of a request, not '")
def answers_an_id_of_text(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": str(request["id"]), "ok": None})


@_misbehaves("wal.open", "request 1 was answered already")
def answers_twice(harness: Harness, request: dict[str, Any]) -> None:
    harness.serve(request)
    harness.serve(request)


@_misbehaves("wal.append", "there is no request 3; the last one was 2")
def answers_the_next_request_first(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"] + 1, "ok": []})
    harness.serve(request)


@_misbehaves("wal.open", 'received: {"progress": "opened a log"}')
def writes_without_being_asked(harness: Harness, request: dict[str, Any]) -> None:
    harness.serve(request)
    harness.say({"progress": "opened a log"})


@_misbehaves("wal.append", "this one has `ok`, `refused`")
def answers_in_two_ways(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": None, "refused": "no"})


@_misbehaves("wal.append", "this one has none")
def answers_in_no_way(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"]})


@_misbehaves("wal.append", "`refused` is a text, not None")
def refuses_with_null(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "refused": None})


@_misbehaves("wal.append", "`fault` is an object with the texts `kind` and `text`")
def has_a_fault_of_text(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "fault": "out of memory"})


@_misbehaves("handler.drop", "`handler.handler_identity` was supported before")
def takes_its_support_back(harness: Harness, request: dict[str, Any]) -> None:
    harness.serve(request)
    # Make, and then the first method of the second handler.
    harness.serve(json.loads(sys.stdin.buffer.readline()))
    again = json.loads(sys.stdin.buffer.readline())
    harness.say({"id": again["id"], "unsupported": "not any more"})


# Values of another form


@_misbehaves("wal.append", "`wal.append` has another form: wal.append.value: expected null")
def returns_what_has_no_value(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": True})


@_misbehaves("wal.load", "`wal.load` has another form")
def loads_a_list(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": []})


@_misbehaves("wal.read_since", "`wal.read_since` has another form")
def reads_a_map(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": {"entries": []}})


@_misbehaves("handler.handler_identity", "`handler.handler_identity` has another form")
def is_called_by_a_number(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": 7})


@_misbehaves("handler.supports_wal_sync", "`handler.supports_wal_sync` has another form")
def says_yes_in_a_text(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": "yes"})


@_misbehaves("artifact.encode", "expected bytes in lowercase hexadecimal")
def writes_capitals_in_bytes(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": "A2FF"})


# The process


@_misbehaves("wal.append", "ended with exit status 7 before it answered", silent=True)
def exits_in_the_middle(harness: Harness, request: dict[str, Any]) -> None:
    raise SystemExit(7)


@_misbehaves("wal.append", "was ended by SIGSEGV before it answered", silent=True)
def crashes_in_the_middle(harness: Harness, request: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
    _wait()


@_misbehaves("wal.append", "no answer within 1 seconds to", waits=True, silent=True)
def hangs_in_the_middle(harness: Harness, request: dict[str, Any]) -> None:
    _wait()


@_misbehaves("wal.append", "it closed its standard output and goes on running", silent=True)
def closes_its_output(harness: Harness, request: dict[str, Any]) -> None:
    os.close(1)
    _wait()


@_misbehaves("wal.append", "it did not read `wal.append` within 1 seconds", waits=True)
def stops_reading(harness: Harness, request: dict[str, Any]) -> None:
    """Answer, and take no more; only a line that the pipe cannot hold shows it."""
    harness.serve(request)
    _wait()


@_misbehaves("shutdown", "the harness still ran", waits=True)
def ignores_shutdown(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": None})
    _wait()


@_misbehaves("shutdown", "after `shutdown` the harness ended with exit status 9")
def ends_badly(harness: Harness, request: dict[str, Any]) -> None:
    harness.say({"id": request["id"], "ok": None})
    raise SystemExit(9)


# Calls


@_misbehaves("wal_handler.make", "call 1 is for the object 999, unknown")
def calls_an_unknown_object(harness: Harness, request: dict[str, Any]) -> None:
    harness.call(request, object=999)


@_misbehaves("wal_handler.make", "there is no operation 'wal.truncate' to call")
def calls_an_unknown_operation(harness: Harness, request: dict[str, Any]) -> None:
    harness.call(request, operation="wal.truncate")


@_misbehaves("wal_handler.make", "call 1 does not count up")
def calls_with_a_used_number(harness: Harness, request: dict[str, Any]) -> None:
    harness.call(request)
    harness.call(request)


@_misbehaves("wal_handler.make", "during request 0, which is not open")
def calls_during_an_answered_request(harness: Harness, request: dict[str, Any]) -> None:
    harness.call(request, during=0)


@_misbehaves("wal_handler.make", "the number of a call is an integer, not 'one'")
def calls_with_a_name(harness: Harness, request: dict[str, Any]) -> None:
    harness.call(request, call="one")


@_misbehaves("wal_handler.make", "the arguments of its call 1 have another form")
def calls_without_arguments(harness: Harness, request: dict[str, Any]) -> None:
    harness.call(request, operation="handler.handle_send")


if __name__ == "__main__":
    Harness(MISBEHAVIOURS[sys.argv[1]]).run()
