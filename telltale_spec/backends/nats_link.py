"""One connection to a NATS server: requests that end, and batches of a stream's messages.

The library keeps what cannot be sent and sends it after it has connected again, so that a call
which has failed long ago still happens. Here a lost connection is given up with all that waits for
it, and the next call makes another one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from telltale_spec.errors import MissingExtraError

try:
    import nats.aio.client
    import nats.errors
except ImportError as error:
    raise MissingExtraError("nats", "nats") from error

__all__ = ["LIBRARY_ERRORS", "Link", "Message", "Refused"]

ResultType = TypeVar("ResultType")

_API: Final = "$JS.API"
_WAIT_SECONDS: Final = 0.05
_BATCHES_SINCE: Final = (2, 11)
_BATCH_MESSAGES_MAX: Final = 1_000
_BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
_END_OF_BATCH: Final = "204"
_NOT_FOUND: Final = "404"


class Refused(nats.errors.Error):  # type: ignore[misc, unused-ignore]
    """Carry what the server answers in place of a result; ``code`` is JetStream's ``err_code``."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


LIBRARY_ERRORS: Final = (
    nats.errors.Error,
    OSError,
    json.JSONDecodeError,
    concurrent.futures.CancelledError,
)
"""What a call can raise: the library's errors, the system's, and that of a handle at its end."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream, with its place in it."""

    subject: str
    sequence: int
    data: bytes


class Link:
    """A connection that is made once, and given up when it is lost or does not answer."""

    def __init__(self, client: Any, lost: asyncio.Event, seconds_max: float) -> None:
        self._client = client
        self._lost = lost
        self._seconds_max = seconds_max

    @classmethod
    async def connect(cls, address: str, seconds_max: float) -> Link:
        """Connect to one of the servers, given with commas between; raise where none can be used.

        Servers before 2.11 have no batches of messages and are refused.
        """
        lost = asyncio.Event()
        problems: list[Exception] = []

        async def on_closed() -> None:
            lost.set()

        async def on_error(error: Exception) -> None:
            problems.append(error)

        client: Any = nats.aio.client.Client()
        connecting = client.connect(
            address.split(","),
            allow_reconnect=False,
            # Each address is tried twice, and at once.
            max_reconnect_attempts=1,
            reconnect_time_wait=_WAIT_SECONDS,
            closed_cb=on_closed,
            error_cb=on_error,
        )
        try:
            await asyncio.wait_for(connecting, seconds_max)
        except nats.errors.NoServersError as error:
            raise Refused(f"no server answers: {problems[-1] if problems else ''}") from error
        except TimeoutError as error:
            await client.close()
            raise Refused(_silence_text(seconds_max)) from error
        except BaseException:
            await client.close()
            raise
        version = client.connected_server_version
        if (version.major, version.minor) < _BATCHES_SINCE:
            await client.close()
            raise Refused(f"the server is {version}; needed is 2.11 or later")
        return cls(client, lost, seconds_max)

    @property
    def is_usable(self) -> bool:
        """Say whether it is still connected."""
        return bool(self._client.is_connected)

    async def close(self) -> None:
        """Give it up; what waits for it fails."""
        await self._client.close()

    async def ask(self, name: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what JetStream answers to a request of its interface; raises :class:`Refused`."""
        data = b"" if body is None else json.dumps(body).encode()
        answer = await self._request(f"{_API}.{name}", data, None)
        return _result(answer.data)

    async def publish(self, subject: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Have one message stored, and return once the stream has acknowledged it.

        Raises :class:`Refused` where it was not stored, also for one above ``max_payload``, to
        which a server answers by ending the connection.
        """
        # The headers count as well, in the form in which they are sent.
        lines = ["NATS/1.0", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        size = len("\r\n".join(lines).encode()) + len(data)
        if size > self._client.max_payload:
            raise Refused(
                f"the message has {size} bytes, and the server takes {self._client.max_payload}: "
                "raise its max_payload"
            )
        _result((await self._request(subject, data, dict(headers))).data)

    async def last(self, stream: str, subject: str) -> Message | None:
        """Return the last message with exactly this subject, or ``None``."""
        answer = await self._request(f"{_API}.DIRECT.GET.{stream}.{subject}", b"", None)
        status = (answer.headers or {}).get("Status")
        if status == _NOT_FOUND:
            return None
        if status is not None:
            raise Refused(_status_text(answer))
        return _message(answer)

    async def batch(self, stream: str, first: int) -> tuple[list[Message], int]:
        """Return messages from a sequence on, in order, and how many are behind them.

        Raises :class:`Refused` where there is none, or one that was sent did not arrive.
        """
        found: list[Any] = []
        ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def take(message: Any) -> None:
            if "Status" not in (message.headers or {}):
                found.append(message)
            elif not ended.done():
                ended.set_result(message)

        inbox = self._client.new_inbox()
        body = {"seq": first, "batch": _BATCH_MESSAGES_MAX, "max_bytes": _BATCH_BYTES_MAX}
        subscription = await self._client.subscribe(inbox, cb=take)
        try:
            subject = f"{_API}.DIRECT.GET.{stream}"
            await self._client.publish(subject, json.dumps(body).encode(), reply=inbox)
            end = await self._limited(ended)
        finally:
            if self.is_usable:
                await subscription.unsubscribe()
        if end.headers["Status"] != _END_OF_BATCH:
            raise Refused(_status_text(end))
        _check_chain(found, end)
        return [_message(each) for each in found], int(end.headers["Nats-Num-Pending"])

    async def _request(self, subject: str, data: bytes, headers: Any) -> Any:
        return await self._limited(
            self._client.request(subject, data, timeout=self._seconds_max * 2, headers=headers)
        )

    async def _limited(self, work: Awaitable[ResultType]) -> ResultType:
        """Return what work gives, unless the connection is lost, or the time is over, before."""
        task = asyncio.ensure_future(work)
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            done, _ = await asyncio.wait(
                {task, lost}, timeout=self._seconds_max, return_when=asyncio.FIRST_COMPLETED
            )
            if task in done:
                return task.result()
            if lost not in done:
                # What is not sent yet must not be sent later.
                await self.close()
                raise Refused(_silence_text(self._seconds_max))
            raise nats.errors.ConnectionClosedError
        finally:
            task.cancel()
            lost.cancel()
            await asyncio.gather(task, lost, return_exceptions=True)


def _check_chain(messages: list[Any], end: Any) -> None:
    """Compare what came with what each message, and the end, name as sent before it."""
    last = "0"
    for message in (*messages, end):
        before = message.headers["Nats-Last-Sequence"]
        if before != last:
            raise Refused(f"message {before} was sent and did not arrive")
        last = message.headers.get("Nats-Sequence", last)


def _message(answer: Any) -> Message:
    headers = answer.headers
    return Message(headers["Nats-Subject"], int(headers["Nats-Sequence"]), answer.data)


def _silence_text(seconds_max: float) -> str:
    return f"the server does not answer within {seconds_max:g} seconds"


def _status_text(answer: Any) -> str:
    return f"the server answers {answer.headers['Status']} {answer.headers.get('Description', '')}"


def _result(data: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(data)
    problem = answer.get("error")
    if problem is not None:
        raise Refused(problem.get("description", "no reason"), problem.get("err_code", 0))
    return answer
