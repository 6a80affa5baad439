"""Requests that are not answered yet, and what has come of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.door.errors import MessageError
from conformance.door.messages import answer_key, encode_message, shown_line
from conformance.door.protocol import CALLS

__all__ = ["OpenRequest", "OpenRequests"]


@dataclass
class OpenRequest:
    """One request of the runner; ``line`` is what was sent, ``received`` what came last for it."""

    number: int
    operation: str
    line: bytes
    given: dict[str, Any] | None = None
    received: bytes = b""
    messages: deque[dict[str, Any]] = field(default_factory=deque)
    unanswered_call: int | None = None
    place: int | None = None
    """Which one it was of all that were sent, as the harness reads them; nothing until then."""

    raised: dict[int, BaseException] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.operation

    def has_overtaken(self, others: Iterable[OpenRequest]) -> bool:
        """Say whether it was sent after another one that is still open."""
        places = [each.place for each in others if each.place is not None]
        return self.place is not None and any(place < self.place for place in places)

    @property
    def early_text(self) -> str:
        """What is wrong with an answer that came while a call of this request was open."""
        return (
            f"request {self.number} is answered before the answer to its call "
            f"{self.unanswered_call} was read"
        )

    @property
    def asked_text(self) -> str:
        """The line that was sent, for an error text."""
        return shown_line(self.line.rstrip(b"\n"))

    @property
    def exchange_text(self) -> str:
        """Both lines, as they end an error text."""
        received = shown_line(self.received)
        return f"\n  received: {received}\n  while waiting for the answer to {self.asked_text}"


class OpenRequests:
    """The requests of one connection that are open, and which message belongs to which."""

    def __init__(self) -> None:
        self.overtaken_count = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a harness that was started again knows of no request."""
        self._open: dict[int, OpenRequest] = {}
        self._asked_count = self._sent_count = self._calls_seen_max = 0

    def new(
        self, operation: str, arguments: Mapping[str, Any], given: dict[str, Any] | None
    ) -> OpenRequest:
        """Return a new request under the next number."""
        number = self._asked_count
        self._asked_count += 1
        line = encode_message({"id": number, "operation": operation, **arguments})
        request = self._open[number] = OpenRequest(number, operation, line, given)
        return request

    def send(self, request: OpenRequest) -> None:
        """Take down that a request is sent after all that were sent before."""
        request.place = self._sent_count
        self._sent_count += 1

    def receiver(
        self, message: dict[str, Any], objects: Container[object], supported: Container[str]
    ) -> OpenRequest:
        """Return the request that a message belongs to, or raise :class:`MessageError`.

        ``objects`` are the numbers of those that the harness may call, ``supported`` the operations
        that it answered before. An answered request is open no longer.
        """
        if "call" in message and "id" not in message:
            return self._caller(message, objects)
        if "id" not in message:
            raise MessageError("the message has neither an `id` (an answer) nor a `call`")
        number = message["id"]
        if type(number) is not int:
            raise MessageError(f"the `id` of an answer is the number of a request, not {number!r}")
        if (request := self._open.get(number)) is None:
            raise MessageError(_unknown_number_text(number, self._asked_count))
        if request.unanswered_call is not None:
            raise MessageError(request.early_text)
        if answer_key(message) == "unsupported" and request.operation in supported:
            raise MessageError(f"`{request.operation}` was supported before and is not any more")
        del self._open[number]
        others = list(self._open.values())  # At once, as other threads ask meanwhile.
        self.overtaken_count += request.has_overtaken(others)
        return request

    def _caller(self, message: dict[str, Any], objects: Container[object]) -> OpenRequest:
        call, during = message["call"], message.get("during")
        if type(call) is not int:
            raise MessageError(f"the number of a call is an integer, not {call!r}")
        if call <= self._calls_seen_max:
            raise MessageError(f"call {call} does not count up; the last one was at least as high")
        request = self._open.get(during) if type(during) is int else None
        if request is None:
            raise MessageError(f"call {call} is made during request {during!r}, which is not open")
        name = message.get("operation")
        if name not in CALLS:
            known = ", ".join(CALLS)
            raise MessageError(f"there is no operation {name!r} to call; there are {known}")
        if message.get("object") not in objects:
            raise MessageError(f"call {call} is for the object {message.get('object')!r}, unknown")
        self._calls_seen_max = call
        request.unanswered_call = call
        return request


def _unknown_number_text(number: int, asked_count: int) -> str:
    """Return what is wrong with an answer to a request that is not open."""
    if 0 <= number < asked_count:
        return f"request {number} was answered already"
    return f"there is no request {number}; the last one was {asked_count - 1}"
