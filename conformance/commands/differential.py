"""``differential``: compare our reader of artifacts with another one, on many bytes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import (
    complain,
    file_problem,
    natural,
    positive,
    seconds,
    write_whole,
)
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.backend import Backend
    from conformance.commands.arguments import CommandParser
    from conformance.differential.readers import Answer
    from conformance.differential.run import DifferentialState, Disagreement

__all__ = ["NAME", "add", "run"]

NAME: Final = "differential"

_DISAGREEMENT: Final = ExitStatus.VIOLATION
_NOT_JUDGED: Final = ExitStatus.BACKEND_FAULT
_SHOWN_MAX: Final = 5
_SHOWN_EVERY: Final = 10_000
_SHOWN_HEXADECIMAL_MAX: Final = 400


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    differential = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Give the same bytes to the reference's reader and to that of a harness, and "
        "compare verdict, value and error text. The seed fixes the bytes. A difference is no "
        "verdict: some of the bytes are none that a reader in another language has to take. Error "
        "texts are compared whole where the harness declares exact-messages.",
        epilog="exit status: 0 no disagreement, 1 disagreement, 2 usage, 4 the harness broke",
    )
    differential.add_argument(
        "--command", dest="harness", required=True, metavar="COMMAND", help="the harness"
    )
    differential.add_argument(
        "--inputs", type=positive, default=100_000, help="how many in all (default: 100000)"
    )
    differential.add_argument("--seed", type=natural, default=0, help="fixes every input")
    differential.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep count and disagreements here, and go on from what is here",
    )
    differential.add_argument(
        "--stop-after",
        type=positive,
        default=1_000,
        metavar="COUNT",
        help="end the run at so many disagreements (default: 1000)",
    )
    differential.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one answer of the harness (default: 10)",
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Compare, say what differs and return the exit status."""
    from conformance.door.harness import harness_backend
    from conformance.errors import BackendFault

    problem = None if parsed.state is None else file_problem("--state", parsed.state)
    if problem is not None:
        return complain(problem)
    try:
        with harness_backend(parsed.harness, call_seconds_max=parsed.call_timeout) as backend:
            return _compare(parsed, backend, console)
    except BackendFault as fault:
        return complain(str(fault), _NOT_JUDGED)


def _compare(parsed: argparse.Namespace, backend: Backend, console: Console) -> int:
    from conformance.differential.run import run_differential
    from conformance.errors import UsageError

    if backend.codec is None:
        return complain(f"{backend.name}: it has no reader to compare with", _NOT_JUDGED)
    try:
        state = _state(parsed, backend)
    except UsageError as error:
        return complain(f"--state {parsed.state}: {error}")

    def keep(state: DifferentialState) -> None:
        if parsed.state is not None:
            write_whole(parsed.state, state.to_text())
        if state.done_count % _SHOWN_EVERY == 0:
            console.print(_count_text(state), soft_wrap=True)

    if state.done_count:
        console.print(f"going on after {state.done_count} inputs", soft_wrap=True)
    try:
        run_differential(
            state,
            backend.codec,
            inputs_count=parsed.inputs,
            disagreements_max=parsed.stop_after,
            on_batch=keep,
        )
    except OSError as error:
        return complain(f"--state {parsed.state}: {error.strerror}")
    return _report(parsed, state, backend, console)


def _state(parsed: argparse.Namespace, backend: Backend) -> DifferentialState:
    """Return the state to go on from, or that of a run that begins."""
    from conformance.backend import Capability
    from conformance.differential.run import STATE_FORMAT, DifferentialState, read_state
    from conformance.errors import UsageError

    fresh = DifferentialState(
        STATE_FORMAT,
        parsed.seed,
        f"{backend.name} {backend.version}".strip(),
        Capability.EXACT_MESSAGES in backend.capabilities,
    )
    if parsed.state is None or not parsed.state.exists():
        return fresh
    try:
        text = parsed.state.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"it cannot be read: {error}") from error
    return read_state(text, fresh)


def _report(
    parsed: argparse.Namespace, state: DifferentialState, backend: Backend, console: Console
) -> int:
    for each in state.disagreements[:_SHOWN_MAX]:
        console.print(_disagreement_text(each), soft_wrap=True)
    hidden = len(state.disagreements) - _SHOWN_MAX
    if hidden > 0:
        where = "FILE of --state" if parsed.state is None else str(parsed.state)
        console.print(f"and {hidden} more; all are in {where}", soft_wrap=True)
    if state.done_count < parsed.inputs:
        console.print(
            f"stopped at {len(state.disagreements)} disagreements, "
            f"{parsed.inputs - state.done_count} inputs were not compared",
            soft_wrap=True,
        )
    texts = "whole error texts" if state.exact_texts else "the normative part of error texts"
    console.print(
        f"{state.peer}: {len(state.disagreements)} disagreements in {state.done_count} inputs, "
        f"seed {state.seed}, {texts} compared",
        soft_wrap=True,
    )
    return _DISAGREEMENT if state.disagreements else ExitStatus.CONFORMING


def _count_text(state: DifferentialState) -> str:
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in state.verdicts.items())
    return f"{state.done_count} inputs ({verdicts}), {len(state.disagreements)} disagreements"


def _disagreement_text(each: Disagreement) -> str:
    data = each.cbor
    if len(data) > _SHOWN_HEXADECIMAL_MAX:
        data = f"{data[:_SHOWN_HEXADECIMAL_MAX]}... ({len(data) // 2} bytes)"
    return "\n".join(
        (
            f"input {each.number} ({each.origin}): {each.difference} differs",
            f"  bytes: {data}",
            f"  ours:  {_answer_text(each.ours)}",
            f"  peer:  {_answer_text(each.peers)}",
        )
    )


def _answer_text(answer: Answer) -> str:
    named = (("error", answer.error), ("value", answer.value), ("reencoded", answer.reencoded))
    return ", ".join([answer.verdict, *(f"{name} {text}" for name, text in named if text)])
