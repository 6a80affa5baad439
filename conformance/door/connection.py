"""The runner's end: requests out, answers and calls in, and a limit on every wait.

Several threads may ask at once. Whoever waits reads for all: a message for another thread is put
aside for it. What breaks the protocol breaks the connection for everybody, with one text.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from conformance.door.child import (
    ChildEnded,
    ChildProcess,
    ChildSilent,
    LineTooLong,
    Start,
    end_text,
    started,
)
from conformance.door.errors import ForeignFault, MessageError, Misfit, UnsupportedError
from conformance.door.handshake import Handshake, handshake_of, hello_arguments
from conformance.door.messages import (
    encode_message,
    parse_line,
    shown_line,
)
from conformance.door.open_request import OpenRequest, OpenRequests
from conformance.door.peers import answered, argument_values, foreign_answer
from conformance.door.protocol import (
    CALLS,
    LINE_BYTES_MAX,
    OPERATIONS,
    REQUEST_BYTES_A_SECOND,
    SHUTDOWN_SECONDS_MAX,
    STARTING_SECONDS_MAX,
)
from conformance.door.values import checked
from conformance.errors import BackendFault
from telltale_spec.errors import DomainError, DurabilityError

__all__ = ["Connection", "OnProcess"]

OnProcess = Callable[[int, bool], None]
"""Gets the group of a child process when it starts (true) and when it has ended (false)."""

_SHUTDOWN_ID_TEXT: Final = "shutdown"


class Connection:
    """A harness that was started, and everything asked of it.

    Raises :class:`BackendFault` for a harness that does not start, breaks the
    protocol, ends or does not answer; from then on every request does.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        call_seconds_max: float,
        starting_seconds_max: float = STARTING_SECONDS_MAX,
        on_process: OnProcess = lambda process_id, started: None,
        on_line: Callable[[bool, bytes], None] | None = None,
        start: Start = started,
    ) -> None:
        self.command = tuple(command)
        self.name = " ".join(command)
        self.call_seconds_max = call_seconds_max
        self.supported: set[str] = set()
        self.notes: list[str] = []
        self._requests = OpenRequests()
        self._starting_seconds_max = starting_seconds_max
        self._on_process = on_process
        self._on_line = on_line
        self._start_process = start
        self._peers: dict[int, Connection] = {}
        self._lock = threading.Condition()
        self._write_lock = threading.Lock()
        self._objects_count = 0
        self._child: ChildProcess | None = None
        self._broken: BackendFault | None = None
        self.handshake = self._start()
        self.name = self.handshake.name

    # Life

    def _start(self) -> Handshake:
        self._objects: dict[int, Any] = {}
        self._dropped: deque[int] = deque()
        self._requests.forget()
        self._reading = False
        try:
            self._child = ChildProcess(self.command, self._start_process)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BackendFault(
                self.name, f"`{self.command[0]}` cannot be started: {reason}"
            ) from error
        self._on_process(self._child.process_id, True)
        request, tree = self._exchange("hello", hello_arguments(), self._starting_seconds_max)
        try:
            return handshake_of(tree)
        except MessageError as error:
            self._break(f"the handshake cannot be used: {error}{request.exchange_text}")

    def restart(self) -> None:
        """Kill the harness, start it again and shake hands; every object of it is gone."""
        self._kill()
        again = self._start()
        if again != self.handshake:
            self._break("after it was killed and started again it declares something else")

    def peer(self, number: int) -> Connection:
        """Return the connection to a further process of the same program; it is kept."""
        if number not in self._peers:
            self._peers[number] = Connection(
                self.command,
                call_seconds_max=self.call_seconds_max,
                starting_seconds_max=self._starting_seconds_max,
                on_process=self._on_process,
                start=self._start_process,
            )
        return self._peers[number]

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._on_process(self._child.process_id, False)
            self._child = None

    def close(self) -> None:
        """Shut the harness down; one that does not end by itself is killed, and a note is made."""
        for peer in self._peers.values():
            peer.close()
            self.notes.extend(peer.notes)
        self._peers.clear()
        if self._child is None:
            return
        child = self._child
        try:
            self._exchange(_SHUTDOWN_ID_TEXT, {}, SHUTDOWN_SECONDS_MAX)
            child.end_input()
            status = child.wait(SHUTDOWN_SECONDS_MAX)
            if status is None:
                text = f"the harness still ran {SHUTDOWN_SECONDS_MAX:g} seconds after `shutdown`"
                self.notes.append(f"{text} and was killed")
            elif status != 0:
                self.notes.append(f"after `shutdown` the harness {end_text(status)}")
        except (BackendFault, DurabilityError, ForeignFault, UnsupportedError) as error:
            self.notes.append(f"`shutdown` went wrong: {error}")
        finally:
            self._kill()

    @property
    def overtaken_count(self) -> int:
        """How often an answer came before that of an earlier request."""
        return self._requests.overtaken_count

    @property
    def output_name(self) -> str:
        """What the kernel calls the pipe that answers come through; empty for none."""
        return "" if self._child is None else self._child.output_name

    # Objects

    def new_number(self) -> int:
        """Return a number for an object of the harness."""
        with self._lock:
            self._objects_count += 1
            return self._objects_count

    def lend(self, thing: Any) -> int:
        """Return a number under which the harness can call an object of ours."""
        number = self.new_number()
        self._objects[number] = thing
        return number

    def forget(self, numbers: Sequence[int]) -> None:
        """Take back numbers of ours that were lent."""
        for number in numbers:
            self._objects.pop(number, None)

    # Asking

    def ask(self, operation: str, values: dict[str, Any]) -> Any:
        """Ask for one operation and return the value of its answer.

        Raises ``DurabilityError`` where it is refused, :class:`ForeignFault` for a
        fault, :class:`UnsupportedError`, and :class:`BackendFault` where no usable
        answer comes. What was decoded may be a value that cannot exist; that is a
        wrong reader, not a wrong message, and raises ``DomainError``.
        """
        form = OPERATIONS[operation]
        arguments = {name: shape.to_tree(values[name]) for name, shape in form.arguments.items()}
        request, tree = self._exchange(operation, arguments, self.call_seconds_max, values)
        if isinstance(tree, Misfit):
            return tree
        try:
            return checked(form.value, tree, operation, "value")
        except (DomainError, RecursionError) as error:
            if operation == "artifact.decode" and isinstance(tree, dict):
                raise
            text = f"the value of its answer to `{operation}` has another form: {error}"
            self._break(f"{text}{request.exchange_text}")

    def _exchange(
        self, operation: str, arguments: Any, seconds_max: float, given: Any = None
    ) -> tuple[OpenRequest, Any]:
        if self._broken is not None:
            raise self._broken
        with self._lock:
            request = self._requests.new(operation, arguments, given)
        line = request.line
        seconds_max += len(line) // REQUEST_BYTES_A_SECOND
        deadline = time.monotonic() + seconds_max
        self._write(line, deadline, request, seconds_max)
        while True:
            message = self._next_message(request, deadline, seconds_max)
            if "call" not in message or "id" in message:
                return request, self._answer(request, message)
            begun = time.monotonic()
            self._serve(request, message)
            deadline += time.monotonic() - begun

    def _write(
        self, line: bytes, deadline: float, what: str | OpenRequest, seconds_max: float
    ) -> None:
        if self._on_line is not None:
            self._on_line(True, line)
        if (child := self._child) is None:
            raise BackendFault(self.name, "the harness is not running")
        try:
            with self._write_lock:
                if isinstance(what, OpenRequest):
                    self._requests.send(what)
                child.write(line, deadline)
        except ChildSilent:
            text = f"it did not read `{what}` within {seconds_max:g} seconds"
            self._break(f"{text}; a harness reads until its input ends")
        except ChildEnded:
            self._break(f"it stopped reading before `{what}`; {self._end_of(child)}")

    # Answers and calls

    def _next_message(
        self, request: OpenRequest, deadline: float, seconds_max: float
    ) -> dict[str, Any]:
        """Return the next message for a request; read for others meanwhile."""
        while True:
            with self._lock:
                if self._broken is not None:
                    raise self._broken
                if request.messages:
                    return request.messages.popleft()
                if self._reading:
                    self._lock.wait(max(0.0, deadline - time.monotonic()))
                    if not request.messages and time.monotonic() > deadline:
                        self._silent(request, seconds_max)
                    continue
                self._reading = True
            try:
                self._read_one(request, deadline, seconds_max)
            finally:
                with self._lock:
                    self._reading = False
                    self._lock.notify_all()

    def _read_one(self, request: OpenRequest, deadline: float, seconds_max: float) -> None:
        child = self._child
        if child is None:
            raise self._broken or BackendFault(self.name, "the harness is not running")
        try:
            line = child.read_line(deadline)
        except ChildSilent:
            self._silent(request, seconds_max)
        except ChildEnded:
            self._break(f"{self._end_of(child)} before it answered {request.asked_text}")
        except LineTooLong:
            self._break(
                f"it wrote more than {LINE_BYTES_MAX >> 20} MiB without the end of a line, "
                f"or without being asked, after {request.asked_text}"
            )
        if self._on_line is not None:
            self._on_line(False, line)
        try:
            message = parse_line(line)
            receiver = self._requests.receiver(message, self._objects, self.supported)
        except MessageError as error:
            request.received = line
            self._break(f"{error}{request.exchange_text}")
        with self._lock:
            receiver.received = line
            receiver.messages.append(message)

    def _answer(self, request: OpenRequest, message: dict[str, Any]) -> Any:
        """Return the value of an answer, or raise what it says."""
        if request.operation == "hello" and "ok" not in message:
            self._break(f"it does not answer the handshake with `ok`{request.exchange_text}")
        if "unsupported" in message:
            raise UnsupportedError(request.operation, message["unsupported"])
        self.supported.add(request.operation)
        if "refused" in message:
            raise DurabilityError(message["refused"])
        if "fault" in message:
            fault = message["fault"]
            # What escaped from an object of ours comes back as the very thing that it was.
            original = request.raised.get(fault.get("call"))
            if original is not None:
                raise original
            return foreign_answer(request.operation, request.given, fault)
        return message["ok"]

    def _serve(self, request: OpenRequest, message: dict[str, Any]) -> None:
        """Answer one call of the harness with an object of ours."""
        call, name = message["call"], message["operation"]
        try:
            values = argument_values(CALLS[name], message, name)
        except (MessageError, RecursionError) as error:
            text = f"the arguments of its call {call} have another form: {error}"
            self._break(f"{text}{request.exchange_text}")
        answer: dict[str, Any] = {"call": call}
        try:
            answer["ok"] = answered(name, self._objects[values["object"]], values)
        except BackendFault:
            raise
        except Exception as error:
            # Only a log and a cache declare an error; a handler's method has a result for it.
            if isinstance(error, DurabilityError) and name.startswith(("wal.", "cache.")):
                answer["refused"] = str(error)
            else:
                request.raised[call] = error
                fault = {"kind": type(error).__name__, "text": str(error), "call": call}
                answer["fault"] = fault
        request.unanswered_call = None
        deadline = time.monotonic() + self.call_seconds_max
        what = f"the answer to its call {call}"
        self._write(encode_message(answer), deadline, what, self.call_seconds_max)

    # What is wrong

    def _silent(self, request: OpenRequest, seconds_max: float) -> NoReturn:
        unfinished = b"" if self._child is None else self._child.unfinished
        if unfinished:
            hint = f", but this without a line feed at its end: {shown_line(unfinished)}"
        else:
            hint = "" if self.supported else " (does it flush its output after every line?)"
        text = f"no answer within {seconds_max:g} seconds to {request.asked_text}{hint}"
        self._break(text)

    def _end_of(self, child: ChildProcess) -> str:
        status = child.settle()
        if status is None:
            return "it closed its standard output and goes on running"
        return f"it {end_text(status)}"

    def _break(self, text: str) -> NoReturn:
        """Give the harness up for good."""
        if self._broken is None:
            lines = [] if self._child is None else self._child.error_lines()
            told = "".join(f"\n  standard error: {line}" for line in lines)
            self._broken = BackendFault(self.name, f"the harness broke the protocol: {text}{told}")
            self._kill()
            with self._lock:
                self._lock.notify_all()
        raise self._broken
