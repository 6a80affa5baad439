"""One connection to a NATS server: requests that end, and batches of a stream's messages.

The library keeps what cannot be sent and sends it after it has connected again, so that a call
which has failed long ago still happens. Here a lost connection is given up with all that waits for
it, and the next call makes another one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from telltale_spec.errors import MissingExtraError

try:
    import nats.aio.client
    import nats.errors
except ImportError as error:
    raise MissingExtraError("nats", "nats") from error

__all__ = ["LIBRARY_ERRORS", "Link", "Message", "Refused"]

_API: Final = "$JS.API"
_WAIT_SECONDS: Final = 0.05
_BATCHES_SINCE: Final = (2, 11)
_BATCH_MESSAGES_MAX: Final = 1_000
_BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
_END_OF_BATCH: Final = "204"
_NOT_FOUND: Final = "404"
_NOBODY: Final = "503"


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


class _Asked:
    """What was asked: its answers so far, and whether they end with a status of the server."""

    def __init__(self, is_batch: bool) -> None:
        self._is_batch = is_batch
        self._found: list[Any] = []
        self.answers: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    def take(self, message: Any) -> None:
        """Take one answer."""
        self._found.append(message)
        is_last = not self._is_batch or _status(message) is not None
        if is_last and not self.answers.done():
            self.answers.set_result(self._found)

    def fail(self, error: Exception) -> None:
        """Tell who waits that there will be none."""
        if not self.answers.done():
            self.answers.set_exception(error)


class Link:
    """A connection that is made once, and given up when it is lost or does not answer."""

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._client: Any = nats.aio.client.Client()
        self._problems: list[Exception] = []
        self._asked: dict[str, _Asked] = {}
        self._numbers = itertools.count()
        self._inbox = ""

    @classmethod
    async def connect(cls, address: str, seconds_max: float) -> Link:
        """Connect to one of the servers, given with commas between; raise where none can be used.

        Servers before 2.11 have no batches of messages and are refused.
        """
        link = cls(seconds_max)
        try:
            async with asyncio.timeout(seconds_max):
                await link._open(address.split(","))
        except nats.errors.NoServersError as error:
            reason = link._problems[-1] if link._problems else error
            raise Refused(f"no server answers: {reason}") from error
        except TimeoutError as error:
            await link.close()
            raise link._silence() from error
        except BaseException:
            await link.close()
            raise
        return link

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
        [answer] = await self._exchange(f"{_API}.{name}", data)
        return _result(answer)

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
        [answer] = await self._exchange(subject, data, headers)
        _result(answer)

    async def last(self, stream: str, subject: str) -> Message | None:
        """Return the last message with exactly this subject, or ``None``."""
        [answer] = await self._exchange(f"{_API}.DIRECT.GET.{stream}.{subject}", b"")
        status = _status(answer)
        if status == _NOT_FOUND:
            return None
        if status is not None:
            raise Refused(_status_text(answer))
        return _message(answer)

    async def batch(self, stream: str, first: int) -> tuple[list[Message], int]:
        """Return messages from a sequence on, in order, and how many are behind them.

        No message at all is no message that can be read: what is damaged is answered like what is
        not there. Raises :class:`Refused` where one that was sent did not arrive.
        """
        body = {"seq": first, "batch": _BATCH_MESSAGES_MAX, "max_bytes": _BATCH_BYTES_MAX}
        subject = f"{_API}.DIRECT.GET.{stream}"
        *found, end = await self._exchange(subject, json.dumps(body).encode(), is_batch=True)
        if _status(end) == _NOT_FOUND and not found:
            return [], 0
        if _status(end) != _END_OF_BATCH:
            raise Refused(_status_text(end))
        _check_chain(found, end)
        return [_message(each) for each in found], int(end.headers["Nats-Num-Pending"])

    async def _open(self, addresses: list[str]) -> None:
        await self._client.connect(
            addresses,
            allow_reconnect=False,
            # Each address is tried twice, and at once.
            max_reconnect_attempts=1,
            reconnect_time_wait=_WAIT_SECONDS,
            closed_cb=self._on_closed,
            error_cb=self._on_error,
        )
        version = self._client.connected_server_version
        if (version.major, version.minor) < _BATCHES_SINCE:
            raise Refused(f"the server is {version}; needed is 2.11 or later")
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_answer)

    async def _on_closed(self) -> None:
        for asked in self._asked.values():
            asked.fail(nats.errors.ConnectionClosedError())

    async def _on_error(self, error: Exception) -> None:
        self._problems.append(error)

    async def _on_answer(self, message: Any) -> None:
        asked = self._asked.get(message.subject.rpartition(".")[2])
        # An answer that comes too late finds nobody.
        if asked is not None:
            asked.take(message)

    async def _exchange(
        self,
        subject: str,
        data: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        is_batch: bool = False,
    ) -> list[Any]:
        """Send one message and return its answers, unless the connection is lost before."""
        number = str(next(self._numbers))
        asked = self._asked[number] = _Asked(is_batch)
        reply = f"{self._inbox}.{number}"
        try:
            async with asyncio.timeout(self._seconds_max):
                await self._client.publish(
                    subject, data, reply, None if not headers else {**headers}
                )
                answers = await asked.answers
        except TimeoutError as error:
            # What is not sent yet must not be sent later.
            await self.close()
            raise self._silence() from error
        finally:
            del self._asked[number]
            asked.answers.cancel()
        if _status(answers[-1]) == _NOBODY:
            raise Refused("nobody answers: the stream is gone, or there is no JetStream")
        return answers

    def _silence(self) -> Refused:
        return Refused(f"the server does not answer within {self._seconds_max:g} seconds")


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


def _status(answer: Any) -> str | None:
    """Return the status that an answer of the server itself has in place of a message."""
    status: str | None = (answer.headers or {}).get("Status")
    return status


def _status_text(answer: Any) -> str:
    return f"the server answers {answer.headers['Status']} {answer.headers.get('Description', '')}"


def _result(answer: Any) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(answer.data)
    problem = result.get("error")
    if problem is not None:
        raise Refused(problem.get("description", "no reason"), problem.get("err_code", 0))
    return result
