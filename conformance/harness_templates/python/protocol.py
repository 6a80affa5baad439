"""The protocol `telltale-conformance.harness.v1`; nothing here needs to be filled in.

The runner writes requests to our standard input and reads our answers, one JSON object a line.
While a request is served, `Runner.call` asks for the runner's own objects; a request that
arrives before the answer to a call is served first, by the same code once more.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

VERSION = "telltale-conformance.harness.v1"
SPECIFICATION = "telltale.machine.durability.v1"

# A function and the names of the arguments that it takes, in their order.
Operation = tuple[Callable[..., Any], tuple[str, ...]]


class Refused(Exception):  # noqa: N818 - the protocol's word
    """The declared error of a contract; the text is never empty."""


class Unsupported(Exception):  # noqa: N818 - the protocol's word
    """The operation is not served; its requirements are then not judged."""


class CalleeFault(Exception):  # noqa: N818 - the protocol's word
    """One of the runner's objects broke its contract, on purpose: let it pass through."""

    def __init__(self, call: int, kind: str, text: str) -> None:
        self.call = call
        self.kind = kind
        super().__init__(text)


class Runner:
    """The runner, at the other end of standard input and output."""

    def __init__(self) -> None:
        self._input = sys.stdin.buffer
        # Standard output is for messages only, so a stray print goes to standard error instead.
        self._output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self._operations: dict[str, Operation] = {}
        self._call_numbers = itertools.count(1)
        self._serving = 0  # the id of the request that is being served

    def serve(self, promises: Mapping[str, Any], operations: Mapping[str, Operation]) -> None:
        """Answer requests until the runner says `shutdown` or its end of the pipe is closed."""
        hello = {"protocol": VERSION, "specification": SPECIFICATION, **promises}
        self._operations = {
            "hello": (lambda: hello, ()),
            "shutdown": (lambda: None, ()),
            **operations,
        }
        while True:
            self._answer(self._read())

    def call(self, operation: str, **arguments: Any) -> Any:
        """Return what one of the runner's objects answers; `object` is among the arguments.

        Raises `Refused` for its declared error and `CalleeFault` for anything else.
        """
        number = next(self._call_numbers)
        self._write({"call": number, "during": self._serving, "operation": operation, **arguments})
        message = self._read()
        while "call" not in message:
            self._answer(message)
            message = self._read()
        if "refused" in message:
            raise Refused(message["refused"])
        if "fault" in message:
            raise CalleeFault(number, message["fault"]["kind"], message["fault"]["text"])
        return message["ok"]

    def _answer(self, request: dict[str, Any]) -> None:
        outer, self._serving = self._serving, request["id"]
        try:
            self._write({"id": request["id"], "ok": self._perform(request)})
        except Refused as refused:
            self._write({"id": request["id"], "refused": str(refused)})
        except Unsupported as unsupported:
            reason = str(unsupported) or f"{request['operation']} is not filled in"
            self._write({"id": request["id"], "unsupported": reason})
        except CalleeFault as error:
            fault = {"kind": error.kind, "text": str(error), "call": error.call}
            self._write({"id": request["id"], "fault": fault})
        except Exception as error:
            traceback.print_exc()
            fault = {"kind": type(error).__name__, "text": str(error)}
            self._write({"id": request["id"], "fault": fault})
        self._serving = outer
        if request["operation"] == "shutdown":
            raise SystemExit(0)

    def _perform(self, request: dict[str, Any]) -> Any:
        function, names = self._operations.get(request["operation"], (_unknown, ()))
        return function(*[request[name] for name in names])

    def _read(self) -> dict[str, Any]:
        line = self._input.readline()
        if not line:
            raise SystemExit(0)  # The runner has left.
        message: dict[str, Any] = json.loads(line)
        return message

    def _write(self, message: dict[str, Any]) -> None:
        # The text is whole before a byte of it is written. Integers are exact of any size.
        line = json.dumps(message, allow_nan=False, separators=(",", ":")) + "\n"
        self._output.write(line.encode())
        self._output.flush()


def _unknown() -> None:
    raise Unsupported("this harness does not know the operation")
