"""Laws of the death of a server: what was acknowledged before is there after (I-08, I-14).

The suite kills the server that the backend keeps its storage on: between two calls, while a call
waits for it, or at some moment of many calls. It is started again on its data, and a new process
looks at what is there, so that nothing that a client remembered can stand in for what was lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.session import History, HistoryEnded, Raised, Returned
from conformance.engine.suite import LawSuite, TableLaw
from conformance.life_cycle import closing_of
from conformance.machines.asking import TRIES, opened_again
from conformance.machines.outages import Outage
from conformance.machines.server_parts import CACHE_PART, LOG_PART, Part
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import Reopen

__all__ = ["CACHE_SERVER_KILL_SUITE", "SERVER_MISSED", "WAL_SERVER_KILL_SUITE"]

SERVER_KILLED: Final = "server killed after something was acknowledged"
SERVER_MISSED: Final = "call that the absence of the server kept from being answered"

_READY_SECONDS_MAX: Final = 30.0
_POLL_SECONDS: Final = 0.05
_HELD_SECONDS: Final = 0.2
_HISTORIES_A_PLAN: Final = 5
_PLANS_MAX: Final = 60
# While a server dies at some moment, calls are made until it is gone.
_CALLS_MAX: Final = 400


@dataclass(frozen=True)
class _Plan:
    """How a server dies, and whether the handle that was open then is used afterwards."""

    text: str
    held: bool = False
    delay_seconds: float | None = None
    is_kept: bool = False


_PLANS: Final = (
    _Plan("between calls"),
    _Plan("while a call waits for it", held=True, delay_seconds=_HELD_SECONDS),
    _Plan("at some moment of many calls", delay_seconds=0.004),
    _Plan("between calls", is_kept=True),
    _Plan("at some moment of many calls", delay_seconds=0.011),
    _Plan("while a call waits for it", held=True, delay_seconds=_HELD_SECONDS, is_kept=True),
    _Plan("at some moment of many calls", delay_seconds=0.0023, is_kept=True),
    _Plan("between calls"),
)


def _numbers(histories: int) -> Iterable[int]:
    """Return the numbers of the attempts; each is a plan, with other moments the next time."""
    return range(min(max(histories // _HISTORIES_A_PLAN, len(_PLANS)), _PLANS_MAX))


class _Scene:
    """One storage, its server, and everything that was asked of it."""

    def __init__(self, history: History, part: Part, number: int) -> None:
        self.history = history
        self.part = part
        self.plan = _PLANS[number % len(_PLANS)]
        self.turn = number // len(_PLANS)
        self.directory = history.directory()
        self.beside = history.directory()
        self.calls: list[tuple[Any, bool]] = []
        self._values = part.values()

    def ask(self, handle: Any, outage: Outage | None = None) -> bool:
        """Have one more value stored; say whether that was acknowledged."""
        value = next(self._values)
        operation = self.part.storing(value)
        was_away = outage is not None and outage.is_away
        answer = self.history.call(
            operation_text(operation),
            partial(self.part.store, handle, value),
            operation=operation,
            undeclared=self.part.requirement_id,
        )
        acknowledged = isinstance(answer, Returned)
        self.calls.append((value, acknowledged))
        is_away = outage is not None and outage.is_away
        if outage is not None and (
            (isinstance(answer, Raised) and (was_away or outage.is_down.is_set()))
            or (was_away and not is_away)
        ):
            self.history.reach(SERVER_MISSED)
        return acknowledged

    def suffer(self, handle: Any) -> None:
        """Let the server be killed as the plan says, and be started again."""
        plan, history = self.plan, self.history
        server = history.session.backend.server
        if server is None:
            raise RuntimeError("this suite does not apply to a backend without a server")
        delay_seconds = (plan.delay_seconds or 0.0) * (1 + self.turn)
        history.note(f"the server is killed {plan.text}", "ok")
        with Outage(server, delay_seconds=delay_seconds, held=plan.held) as outage:
            if plan.delay_seconds is None:
                outage.await_down()
            for _ in range(_CALLS_MAX):
                if outage.is_down.is_set() or not self.ask(handle, outage):
                    break
            outage.await_down()
            self.ask(handle, outage)
            if any(acknowledged for _, acknowledged in self.calls):
                history.reach(SERVER_KILLED)
            if not plan.is_kept:
                self.leave(handle)
            problem = outage.end(history.session.watch.note_progress)
        history.note("the server is started again on its data", problem or "ok")
        history.check(
            self.part.requirement_id, not problem, "a server that serves its data again", problem
        )

    def leave(self, handle: Any) -> None:
        """Close a handle that its server left; that it complains is no wonder."""
        close = closing_of(handle)
        if close is not None:
            try:
                self.history.session.watch.limit(close)
            except Exception as error:
                self.history.note("close", f"refused: {type(error).__name__}")

    def use_again(self, handle: Any) -> None:
        """Use the handle that was open when the server died: it may have come back, or not."""
        for _ in range(TRIES):
            if self.ask(handle):
                break
        self.leave(handle)

    def look(self) -> None:
        """Open the storage in a new process, and find what has to be there."""
        reader = self._reader()
        requirement_id = self.part.requirement_id
        handle = opened_again(
            self.history, Reopen(), partial(self.part.made, reader, self.directory), requirement_id
        )
        self._judge(handle)
        # It has to go on as well.
        self.ask(handle)
        self._judge(handle)
        self.history.release(handle)

    def _judge(self, handle: Any) -> None:
        operation = self.part.loading
        for _ in range(TRIES):
            answer = self.history.call(
                operation_text(operation),
                handle.load,
                operation=operation,
                undeclared=self.part.requirement_id,
            )
            if isinstance(answer, Returned):
                break
        entries = getattr(answer.value, "entries", None) if isinstance(answer, Returned) else None
        refused = f"refused: {answer.message}" if isinstance(answer, Raised) else "no artifact"
        requirement_id = self.part.requirement_id
        self.history.check(requirement_id, entries is not None, "what was acknowledged", refused)
        self.history.check(
            requirement_id,
            self.part.is_possible(entries, self.calls),
            lambda: self.part.expected_text(self.calls),
            lambda: self.part.found_text(entries),
        )

    def _reader(self) -> Backend:
        """Return the backend in a new process, once a storage beside this one can be used there."""
        history = self.history
        backend = history.session.backend
        reader = backend
        if backend.elsewhere is not None:
            reader = history.start("a further process", partial(backend.elsewhere, 0))
        limit = time.monotonic() + _READY_SECONDS_MAX
        while True:
            if reader is not backend and reader.kill is not None:
                history.start("the process again", reader.kill)
            history.session.watch.note_progress()
            problem = self._problem_beside(reader)
            if not problem:
                return reader
            if time.monotonic() > limit:
                within = f"within {_READY_SECONDS_MAX:g} seconds"
                history.check(
                    self.part.requirement_id,
                    False,
                    f"a new storage on the server that was started again, {within}",
                    f"refused: {problem}",
                )
                raise HistoryEnded
            time.sleep(_POLL_SECONDS)

    def _problem_beside(self, reader: Backend) -> str:
        """Return what keeps another storage on the server from being used, or an empty text."""

        def use() -> None:
            handle = self.part.made(reader, self.beside)
            try:
                handle.load()
            finally:
                close = closing_of(handle)
                if close is not None:
                    close()

        try:
            self.history.session.watch.limit(use)
        except Exception as error:
            return str(error) or type(error).__name__
        return ""


def _judge(part: Part, history: History, number: int) -> None:
    """Store, kill the server, start it again, and find what was acknowledged."""
    scene = _Scene(history, part, number)
    make = partial(part.made, history.session.backend, scene.directory)
    handle = history.start(part.what, make)
    for _ in range(part.stored_before):
        scene.ask(handle)
    scene.suffer(handle)
    if scene.plan.is_kept:
        scene.use_again(handle)
    scene.look()


def _has(part: Part, backend: Backend) -> bool:
    return (
        part.factory(backend) is not None
        and backend.server is not None
        and Capability.SERVER_KILL in backend.capabilities
    )


def _why_not(backend: Backend) -> str:
    if Capability.SERVER_KILL not in backend.capabilities:
        return "the backend does not declare server-kill"
    if backend.server is None:
        return (
            "declared, and not tried: nothing says how its server is started; "
            "give --server COMMAND, or set TELLTALE_SERVER"
        )
    return "the backend does not have what is to survive"


def _judge_log(history: History, number: int) -> None:
    _judge(LOG_PART, history, number)


def _judge_cache(history: History, number: int) -> None:
    _judge(CACHE_PART, history, number)


WAL_SERVER_KILL_SUITE: Final = LawSuite(
    name="agreement WAL whose server can be killed",
    laws=(TableLaw("log after its server was killed", _numbers, _judge_log),),
    requirement_ids=(LOG_PART.requirement_id,),
    situations={
        SERVER_KILLED: (LOG_PART.requirement_id,),
        SERVER_MISSED: (LOG_PART.requirement_id,),
    },
    present=partial(_has, LOG_PART),
    crash_class=Capability.SERVER_KILL.value,
    absent=_why_not,
)

CACHE_SERVER_KILL_SUITE: Final = LawSuite(
    name="evidence cache whose server can be killed",
    laws=(TableLaw("cache after its server was killed", _numbers, _judge_cache),),
    requirement_ids=(CACHE_PART.requirement_id,),
    situations={
        SERVER_KILLED: (CACHE_PART.requirement_id,),
        SERVER_MISSED: (CACHE_PART.requirement_id,),
    },
    present=partial(_has, CACHE_PART),
    crash_class=Capability.SERVER_KILL.value,
    absent=_why_not,
)
