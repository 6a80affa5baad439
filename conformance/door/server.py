"""The harness's end, for a Python backend: requests in, answers out.

This is how ``telltale-conformance serve`` turns a Python target into a harness. One thread reads;
what may have to call the runner is served by another, so that the reader is always free to take the
answers of calls.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from conformance.backend import Backend, Capability
from conformance.door.errors import (
    ForeignFault,
    MessageError,
    MisfitError,
    UnsupportedError,
    foreign_fault,
)
from conformance.door.halfway import HalfwayCalls
from conformance.door.handshake import handshake_tree
from conformance.door.messages import encode_message, parse_line
from conformance.door.peers import (
    RemoteCache,
    RemoteHandler,
    RemoteResolver,
    RemoteWal,
    answered,
    argument_trees,
    argument_values,
    fitted,
)
from conformance.door.protocol import CALLS, OPERATIONS
from conformance.door.values import PlanParts, ResolverForm, checked
from conformance.life_cycle import closing_of, end_gone
from conformance.memory import memory_ceiling
from telltale_spec.errors import DomainError, DurabilityError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.shapes import Tree

__all__ = ["serve", "standard_streams"]

_SHARED: Final = ("wal.", "cache.")


def serve(backend: Backend, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Serve a backend until it is told to shut down or the input ends."""
    _Server(backend, incoming, outgoing).run()


class _Server:
    def __init__(self, backend: Backend, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._backend = backend
        self._incoming = incoming
        self._outgoing = outgoing
        self._objects: dict[int, Any] = {}
        self._write_lock = threading.Lock()
        self._calls_count = 0
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._idle: list[_Worker] = []
        self._in_threads: tuple[str, ...] = ("handler.", "wal_handler.", "evidence_handler.")
        self._halfway: HalfwayCalls | None = None
        # Only who promises that threads may share a log or a cache is called by several.
        if Capability.THREADS in backend.capabilities:
            self._in_threads += _SHARED
            self._halfway = HalfwayCalls()

    def run(self) -> None:
        """Serve requests until the end."""
        # What was there before is nobody's garbage: looked through again for each object that has
        # no close, it takes more time than all the rest.
        gc.freeze()
        for line in self._incoming:
            message = parse_line(line.rstrip(b"\r\n"))
            if "call" in message:
                self._waiting.pop(message["call"]).put(message)
            elif message["operation"] == "shutdown":
                self._write({"id": message["id"], "ok": None})
                return
            elif message["operation"].startswith(self._in_threads):
                self._in_a_thread(message)
            else:
                self._answer(message)

    def _in_a_thread(self, message: dict[str, Any]) -> None:
        # A thread is idle again before its answer is out, so one is nearly always enough.
        worker = self._idle.pop() if self._idle else _Worker()
        halfway = self._halfway if message["operation"].startswith(_SHARED) else None
        storage = None if halfway is None else halfway.begin(message.get("object"))

        def done() -> None:
            if halfway is not None:
                halfway.end(storage)
            self._idle.append(worker)

        worker.take(lambda: self._answer(message, done))

    def _write(self, message: dict[str, Any]) -> None:
        with self._write_lock:
            self._outgoing.write(encode_message(message))
            self._outgoing.flush()

    # Answers

    def _answer(self, message: dict[str, Any], done: Callable[[], None] | None = None) -> None:
        answer: dict[str, Any] = {"id": message["id"]}
        try:
            answer["ok"] = self._value(message["operation"], message, message["id"])
        except DurabilityError as error:
            answer["refused"] = str(error)
        except UnsupportedError as error:
            answer["unsupported"] = error.why
        except MisfitError as error:
            kind = type(error.value).__name__
            answer["fault"] = {"kind": kind, "text": str(error), "returned": True}
        except _ChangedArguments as error:
            answer["fault"] = {"kind": "changed", "text": str(error), "changed": error.trees}
        except BaseException as error:
            answer["fault"] = {"kind": type(error).__name__, "text": _text_of(error)}
            if isinstance(error, ForeignFault) and error.call is not None:
                answer["fault"]["call"] = error.call
        if done is not None:
            done()
        self._write(answer)

    def _value(self, name: str, message: dict[str, Any], number: int) -> Tree:
        if name == "hello":
            return handshake_tree(self._backend)
        form = OPERATIONS.get(name)
        if form is None:
            raise UnsupportedError(name, "there is no such operation")
        values = argument_values(form, message, name)
        kind, _, method = name.partition(".")
        match method:
            case "open":
                # Nobody says here that a history has ended; its directory is taken away then.
                end_gone()
                self._open(kind, values)
            case "make":
                self._make(kind, values, number)
            case "drop":
                for dropped in values["objects"]:
                    self._forget(dropped)
            case "close":
                self._close(values["object"])
            case _ if "object" in values:
                return self._method(name, values, number)
            case _:
                return self._function(name, values)
        return None

    def _method(self, name: str, values: dict[str, Any], number: int) -> Tree:
        target = self._object(values["object"])
        if isinstance(target, _Handler):
            target.during.begin(number)
            target = target.handler
        before = argument_trees(name, values)
        ask: Callable[[], Tree] = partial(answered, name, target, values)
        try:
            if self._halfway is None or not name.startswith(_SHARED):
                return ask()
            return self._halfway.run(values["object"], name, ask)
        finally:
            after = argument_trees(name, values)
            if after != before:
                raise _ChangedArguments(after)

    def _object(self, number: int) -> Any:
        if number not in self._objects:
            raise MessageError(f"there is no object {number}")
        return self._objects[number]

    def _open(self, kind: str, values: dict[str, Any]) -> None:
        backend = self._backend
        factory = backend.agreement_wal if kind == "wal" else backend.evidence_cache
        if factory is None:
            raise UnsupportedError(f"{kind}.open", "the backend has none")
        directory = Path(values["directory"])
        self._objects[values["object"]] = factory(directory)
        if self._halfway is not None:
            self._halfway.opened(values["object"], (kind, directory))

    def _forget(self, number: int) -> None:
        self._objects.pop(number, None)
        if self._halfway is not None:
            self._halfway.forget(number)

    def _close(self, number: int) -> None:
        close = closing_of(self._object(number))
        self._forget(number)
        if close is not None:
            close()
        else:
            # The frames of an error that was raised in it may hold it, and whatever it has locked.
            gc.collect()

    def _make(self, kind: str, values: dict[str, Any], number: int) -> None:
        during = _During(number)

        def ask(name: str, arguments: dict[str, Any]) -> Any:
            return self._call(name, arguments, during.number)

        inner = RemoteHandler(ask, values["inner"])
        handler: Any
        if kind == "wal_handler":
            if self._backend.agreement_wal_handler is None:
                raise UnsupportedError("wal_handler.make", "the backend has none")
            wal = RemoteWal(ask, values["wal"])
            handler = self._backend.agreement_wal_handler(inner, wal, values["mode"])
        else:
            if self._backend.evidence_handler is None:
                raise UnsupportedError("evidence_handler.make", "the backend has none")
            resolver = RemoteResolver(ask, values["resolver"])
            plain = values["resolver_form"] is ResolverForm.CALLABLE
            given = resolver.evidence_id_for_request if plain else resolver
            cache = RemoteCache(ask, values["cache"])
            handler = self._backend.evidence_handler(inner, cache, given)
        self._objects[values["object"]] = _Handler(handler, during)

    def _function(self, name: str, values: dict[str, Any]) -> Tree:
        backend, form = self._backend, OPERATIONS[name]
        arguments = list(values.values())
        value: Any
        if name == "recovery.plan" and backend.recovery is not None:
            tick, wal, cache = arguments
            plan = backend.recovery(tick, None, wal, cache)
            if not isinstance(plan, DurableRecoveryPlan):
                raise MisfitError(plan)
            value = PlanParts(
                plan.metadata, tuple(plan.wal_suffix), plan.evidence_cache, tuple(plan.decisions)
            )
        elif name == "artifact.encode" and backend.codec is not None:
            value = backend.codec.encode(*arguments)
        elif name == "artifact.decode" and backend.codec is not None:
            (data,) = arguments
            with memory_ceiling(len(data)):
                value = backend.codec.decode(data)
        elif name == "entry.identity" and backend.identity is not None:
            value = backend.identity(*arguments)
        else:
            raise UnsupportedError(name, "the backend has none")
        return fitted(name, form, value)

    # Calls

    def _call(self, name: str, values: dict[str, Any], number: int) -> Any:
        """Call the runner while a request is served, and return the value of its answer."""
        form = CALLS[name]
        arguments = {key: shape.to_tree(values[key]) for key, shape in form.arguments.items()}
        box: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        with self._write_lock:
            self._calls_count += 1
            call = self._calls_count
            self._waiting[call] = box
            message = {"call": call, "during": number, "operation": name, **arguments}
            self._outgoing.write(encode_message(message))
            self._outgoing.flush()
        answer = box.get()
        if "refused" in answer:
            raise DurabilityError(answer["refused"])
        if "fault" in answer:
            fault = answer["fault"]
            raise foreign_fault(fault["kind"], fault["text"], call)
        try:
            return checked(form.value, answer["ok"], name, "value")
        except DomainError as error:
            raise MessageError(str(error)) from error


class _ChangedArguments(Exception):  # noqa: N818 - an observation, judged by the runner
    """The backend changed what it was given, which the runner has to do to its own too."""

    def __init__(self, trees: dict[str, Tree]) -> None:
        self.trees = trees
        super().__init__("the backend changed what it was given")


class _During:
    """The request that a thread serves; a thread of the handler's own counts to the latest."""

    def __init__(self, number: int) -> None:
        self._latest = number
        self._of_thread = threading.local()
        self._of_thread.number = number

    @property
    def number(self) -> int:
        """Number of the request that is served by this thread."""
        number: int = getattr(self._of_thread, "number", self._latest)
        return number

    def begin(self, number: int) -> None:
        """Note that this thread serves another request now."""
        self._latest = self._of_thread.number = number


@dataclass(frozen=True)
class _Handler:
    """A handler, and the requests during which it calls the runner."""

    handler: Any
    during: _During


class _Worker:
    """A thread that serves one request after the other."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="request", daemon=True).start()

    def take(self, work: Callable[[], None]) -> None:
        """Begin with a piece of work."""
        self._work.put(work)

    def _run(self) -> None:
        while True:
            self._work.get()()


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:
        return f"(its text raised {type(second).__name__})"


def standard_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Return standard input and output for messages alone.

    What a backend prints goes to standard error from then on.
    """
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    incoming = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    with contextlib.suppress(OSError), Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    return incoming, outgoing
