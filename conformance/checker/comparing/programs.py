"""Run one program of another checker: within a limit, and with nothing left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from conformance.errors import OtherCheckerError
from telltale_spec.operating_system import NEW_GROUP, NEW_GROUP_FLAGS, kill_group, signals_held

__all__ = ["run_program"]

_SAID: Final = "said.txt"
_SHOWN: Final = 600
_END_SECONDS: Final = 10.0
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def run_program(
    folder: Path, command: Sequence[str], *, seconds_max: float, statuses: Collection[int] = (0,)
) -> str:
    """Run a command in a folder and return what it prints.

    What it leaves is left in the folder, its temporary files too. It and all that it
    has started are killed after ``seconds_max``, and where we are interrupted meanwhile.
    Raises :class:`~conformance.errors.OtherCheckerError` where it cannot be started,
    takes longer, or ends with none of the ``statuses``.
    """
    said = folder / _SAID
    program = Path(command[0]).name
    with said.open("wb") as output, _ended_with_its_group() as started:
        try:
            # An interrupt in the middle of a start would leave a child that nobody knows.
            with signals_held(_ENDING):
                process = subprocess.Popen(  # noqa: S603 - a checker that the user installed
                    list(command),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=NEW_GROUP,
                    creationflags=NEW_GROUP_FLAGS,
                    env={**os.environ, "TMPDIR": str(folder)},
                )
                started.append(process)
        except OSError as error:
            raise OtherCheckerError(program, f"cannot be started: {error}") from error
        try:
            status = process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            reason = f"did not end within {seconds_max:g} seconds"
            raise OtherCheckerError(program, reason) from None
    text = said.read_text(encoding="utf-8", errors="backslashreplace")
    if status not in statuses:
        end = " ".join(text.split())[-_SHOWN:] or "nothing was printed"
        raise OtherCheckerError(program, f"ended with status {status}: {end}")
    return text


@contextlib.contextmanager
def _ended_with_its_group() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for process in started:
            # The group outlives the one that made it, if that left somebody behind.
            kill_group(process.pid)
            process.wait(_END_SECONDS)
