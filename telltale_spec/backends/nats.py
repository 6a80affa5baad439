"""A log and a cache on NATS JetStream, each in a stream of its own.

An escalation is published on the subject of its operation, with the sequence of the last message
there as JetStream's expected one: of two handles that both found the same last level one is
refused, and decides again. Everything else needs no order. In the cache each id has a subject that
keeps one message, so that a put replaces the old outcome and stands at the end in one step. Ids and
operations may be any text and subjects may not: a subject ends with a digest, and what is found
there has to name the id it was looked up by.

A message is acknowledged once it is stored, and stored once it is handed to the operating system:
the server syncs it when it is told to. Without ``sync_interval: always`` in its settings for
JetStream a loss of power takes what was acknowledged; its default is two minutes, and no client can
see which it is. Needs a server of version 2.11 or later and the extra ``nats``.

Handles are safe to use from several threads, and any number of handles and processes may use one
name. A stream that drops messages by age, count or size, is in memory, or is kept by several
servers, of which one that is behind may answer, is refused when it is opened.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, TypeVar

from telltale_spec.backends.database_handle import DatabaseHandle
from telltale_spec.backends.event_loop_thread import EventLoopThread
from telltale_spec.backends.nats_link import LIBRARY_ERRORS, Link, Message, Refused
from telltale_spec.backends.stored_records import (
    checked_entry,
    checked_id,
    checked_outcome,
    checked_tick,
    digest,
    stored_record,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    escalation_order_error,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

__all__ = ["NATSAgreementWal", "NATSEvidenceOutcomeCache"]

ResultType = TypeVar("ResultType")

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_SECONDS_MAX: Final = 10.0
_TRIES_MAX: Final = 100

_STREAM_NOT_FOUND: Final = 10059
_WRONG_LAST_SEQUENCE: Final = 10071

_SETTINGS: Final[dict[str, Any]] = {
    "storage": "file",
    "retention": "limits",
    "num_replicas": 1,
    "max_msgs": -1,
    "max_bytes": -1,
    "max_msg_size": -1,
    "deny_delete": True,
    "deny_purge": True,
    "allow_direct": True,
}

_WITHOUT: Final = (
    "max_age",
    "mirror",
    "sources",
    "no_ack",
    "sealed",
    "allow_rollup_hdrs",
    "allow_msg_ttl",
    "subject_transform",
)
"""Settings that would drop, move or refuse messages, or acknowledge none."""


class _NATSBackend(DatabaseHandle):
    """A stream, and the event loop on which its connection lives."""

    noun = "NATS stream"
    library_errors = LIBRARY_ERRORS
    kind: ClassVar[str]
    messages_per_subject: ClassVar[int]

    def __init__(
        self, address: str, name: str = "telltale", *, seconds_max: float = _SECONDS_MAX
    ) -> None:
        super().__init__(f"{name}_{self.kind}")
        if not _NAME.fullmatch(name):
            text = "a name has up to 200 letters, digits, `_` and `-`, as those of streams do"
            raise self._error("open", text)
        self._address = address
        self._seconds_max = seconds_max
        self._connecting = asyncio.Lock()
        self._link: Link | None = None
        self._thread = EventLoopThread(f"NATS {self.place}")
        try:
            self._wait("open", _nothing)
        except BaseException:
            self._thread.stop()
            raise

    def close(self) -> None:
        """Close the connection; every later operation raises ``DurabilityError``."""
        if self._thread.is_running:
            with self._declared_errors("close"):
                self._thread.wait_for(self._leave())
        self._thread.stop()

    def destroy(self) -> None:
        """Delete the stream with everything in it, by a connection of its own."""
        thread = EventLoopThread(f"NATS {self.place}")
        try:
            with self._declared_errors("destroy"):
                thread.wait_for(self._delete())
        finally:
            thread.stop()

    def _stream_settings(self) -> dict[str, Any]:
        own = {"name": self.place, "subjects": [f"{self.place}.>"]}
        return {**_SETTINGS, **own, "max_msgs_per_subject": self.messages_per_subject}

    def _wait(self, action: str, work: Callable[[Link], Awaitable[ResultType]]) -> ResultType:
        """Let the event loop do something with the connection, which is made if it is not there."""

        async def connected() -> ResultType:
            async with self._connecting:
                if self._link is None or not self._link.is_usable:
                    self._link = await self._connect()
                link = self._link
            return await work(link)

        with self._declared_errors(action):
            return self._thread.wait_for(connected())

    async def _connect(self) -> Link:
        """Connect, and look at what there is: the server may have lost some of it meanwhile."""
        link = await Link.connect(self._address, self._seconds_max)
        try:
            await self._check(link, makes=self._link is None)
        except BaseException:
            await link.close()
            raise
        return link

    async def _check(self, link: Link, *, makes: bool) -> None:
        """Raise ``DurabilityError`` if the stream loses messages, or has lost some.

        Only the first connection of a handle makes it: what is gone later must not come back empty.
        """
        wanted = self._stream_settings()
        try:
            answer = await link.ask(f"STREAM.INFO.{self.place}")
        except Refused as refused:
            if refused.code != _STREAM_NOT_FOUND or not makes:
                raise
            # Another handle may be first; with the same settings that is no difference.
            answer = await link.ask(f"STREAM.CREATE.{self.place}", wanted)
        found = answer["config"]
        odd = [name for name, value in wanted.items() if found.get(name) != value]
        odd += [name for name in _WITHOUT if found.get(name)]
        if found.get("persist_mode", "default") != "default":
            odd.append("persist_mode")
        if odd:
            text = ", ".join(f"{name} {found.get(name)!r}" for name in odd)
            raise self._error("open", f"the stream is there with settings of its own: {text}")
        if answer["state"].get("lost"):
            raise self._error("open", f"the server has lost some of it: {answer['state']['lost']}")

    async def _leave(self) -> None:
        if self._link is not None:
            await self._link.close()

    async def _delete(self) -> None:
        link = await Link.connect(self._address, self._seconds_max)
        try:
            await link.ask(f"STREAM.DELETE.{self.place}")
        except Refused as refused:
            if refused.code != _STREAM_NOT_FOUND:
                raise
        finally:
            await link.close()

    def _subject(self, key: bytes) -> str:
        return f"{self.place}.{self.kind}.{digest(key).hex()}"

    async def _publish(self, link: Link, subject: str, data: bytes, **more: str) -> None:
        # Should a subject belong to another stream, that one must not acknowledge.
        expected = {"Nats-Expected-Stream": self.place}
        await link.publish(subject, data, expected | more)

    async def _messages(self, link: Link) -> list[Message]:
        """Return every message, in order, up to one behind which there is none."""
        found, pending = await link.batch(self.place, 1)
        if not found:
            # What cannot be read is answered like what is not there.
            pending = (await link.ask(f"STREAM.INFO.{self.place}"))["state"]["messages"]
        while pending:
            batch, pending = await link.batch(self.place, found[-1].sequence + 1 if found else 1)
            if not batch:
                raise Refused("there are messages that cannot be read")
            found += batch
        return found


class NATSAgreementWal(_NATSBackend):
    """An agreement WAL in one stream; a rejected entry is not stored.

    ``address`` is a URL, such as ``nats://host:4222``, or several with commas between. Making one
    connects, and makes the stream where it does not exist; raises ``DurabilityError`` where that
    fails. A call waits for the server for ``seconds_max`` at most; one that fails for that may have
    been carried out. The server's ``max_payload``, of one MiB by default, limits an entry, and what
    is above is refused. The cost of an append does not depend on the length of the log, and a
    server keeps a little memory for each operation. Source: WAL-01..WAL-09, WAL-13, mode
    ``clean-reject`` of WAL-04.
    """

    kind = "log"
    messages_per_subject = -1

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry and return once the stream has acknowledged it.

        Raises :class:`~telltale_spec.errors.EscalationOrderError` and stores nothing if the entry
        is out of order, another ``DurabilityError`` if the server refuses (WAL-01, WAL-03).
        """
        data = checked_entry(entry, type(self).__name__)

        async def write(link: Link) -> None:
            if isinstance(entry, Escalation):
                await self._escalate(link, entry, data)
            else:
                await self._publish(link, f"{self.place}.entry", data)

        self._wait("write", write)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        checked_tick(tick)
        return tuple([entry for entry in self.load().entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log, or raise ``DurabilityError`` if any is missing (WAL-06, WAL-07)."""
        messages = self._wait("read", self._messages)
        for number, message in enumerate(messages, 1):
            if message.sequence != number:
                raise self._error("read", f"message {number} is missing")
        return AgreementWalArtifact(tuple([self._entry(message.data) for message in messages]))

    async def _escalate(self, link: Link, entry: Escalation, data: bytes) -> None:
        """Store an escalation in order, whoever else stores one of its operation meanwhile."""
        subject = self._subject(entry.operation_id.encode())
        for _ in range(_TRIES_MAX):
            last = await link.last(self.place, subject)
            level = None if last is None else self._level(last, entry.operation_id)
            if escalation_order_error(entry, level, 0) is not None:
                answer = await link.ask(f"STREAM.INFO.{self.place}")
                error = escalation_order_error(entry, level, answer["state"]["messages"])
                raise error or self._error("write", "an order error is gone")
            try:
                await self._publish_after(link, subject, data, 0 if last is None else last.sequence)
            except Refused as refused:
                if refused.code != _WRONG_LAST_SEQUENCE:
                    raise
            else:
                return
        raise self._error("write", f"others were first {_TRIES_MAX} times; nothing is stored")

    async def _publish_after(self, link: Link, subject: str, data: bytes, last: int) -> None:
        expected = {"Nats-Expected-Last-Subject-Sequence": str(last)}
        await self._publish(link, subject, data, **expected)

    def _level(self, message: Message, operation_id: str) -> AgreementLevel:
        entry = self._entry(message.data)
        if not isinstance(entry, Escalation) or entry.operation_id != operation_id:
            raise self._error("read", f"message {message.sequence} is at another's subject")
        return entry.new_level

    def _entry(self, data: bytes) -> AgreementWalEntry:
        return stored_record(AgreementWalEntry, data, type(self).__name__)


class NATSEvidenceOutcomeCache(_NATSBackend):
    """An evidence-outcome cache in one stream, in the order of CACHE-04.

    Opens and fails as :class:`NATSAgreementWal` does. Source: CACHE-01..08.
    """

    kind = "cache"
    messages_per_subject = 1

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        subject = self._subject(checked_id(evidence_id))
        found = self._wait("read", lambda link: link.last(self.place, subject))
        if found is None:
            return None
        entry = self._outcome(found.data)
        if entry.evidence_id != evidence_id:
            raise self._error("read", f"message {found.sequence} is at another's subject")
        return entry

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04)."""
        data = checked_outcome(entry, type(self).__name__)
        subject = self._subject(entry.evidence_id.encode())
        self._wait("write", lambda link: self._publish(link, subject, data))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache, as it was at one moment of the call (CACHE-06)."""
        last: dict[str, EvidenceOutcomeCacheEntry] = {}
        for message in self._wait("read", self._messages):
            entry = self._outcome(message.data)
            # One that was replaced while this was reading came before its successor.
            last.pop(entry.evidence_id, None)
            last[entry.evidence_id] = entry
        return EvidenceOutcomeCacheArtifact(tuple(last.values()))

    def _outcome(self, data: bytes) -> EvidenceOutcomeCacheEntry:
        return stored_record(EvidenceOutcomeCacheEntry, data, type(self).__name__)


async def _nothing(link: Link) -> None:
    """Do nothing with a connection: it is made, and that is all."""
