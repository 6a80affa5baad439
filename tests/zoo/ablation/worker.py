"""Measure runs of one configuration, one after the other, each in a fork of this process.

``python -m tests.zoo.ablation.worker CONFIGURATION SECONDS SHRINKING_SECONDS`` reads a system and a
seed from each line of its input, as JSON, and prints a line of figures for each.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from tests.zoo.ablation.configurations import GROUPS, Configuration
from tests.zoo.ablation.waiting import waited_seconds

__all__ = ["main", "measured"]

# How often a run is looked at, and what it may take by the clock where the machine is very busy.
_LOOK_SECONDS: Final = 0.1
_BUSY: Final = 10

# Who looks so often and is away for so long was stopped, and the run with it: by somebody who
# needed the machine, or because it was put to sleep. What was measured then is nothing.
_STOPPED_SECONDS: Final = 60.0

# A process that was killed is gone at once, but for what the system has to do.
_ENDING_SECONDS: Final = 10.0

Tell = Callable[[Mapping[str, Any]], None]


def measured(
    hunt: Callable[[Tell], None], seconds_max: float, shrinking_seconds_max: float
) -> dict[str, Any]:
    """Carry out a hunt in a fork; return what it told within the limits.

    The answer whether the system is killed has to come within ``seconds_max``, and the length
    within ``shrinking_seconds_max`` after it; then the fork is ended, with all that it started.
    What the fork waits for a processor does not count.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    scratch = Path(tempfile.mkdtemp(prefix="ablation-"))
    process = context.Process(target=_carried_out, args=(hunt, sender, scratch))
    process.start()
    sender.close()
    groups: set[int] = set()
    try:
        figures = _answer(receiver, "killed", seconds_max, process.pid or 0, groups)
        if figures is None:
            return {"killed": False, "seconds": seconds_max, "ended": "limit", "length": None}
        if figures["killed"] and figures["seconds"] > seconds_max:
            return {"killed": False, "seconds": seconds_max, "ended": "limit", "length": None}
        ended = "kill" if figures["killed"] else "search"
        shortened = {"length": None}
        if figures["killed"]:
            length = _answer(receiver, "length", shrinking_seconds_max, process.pid or 0, groups)
            shortened = length or shortened
        return {**figures, "ended": ended, **shortened}
    finally:
        _end(process, groups)
        receiver.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _answer(
    receiver: Connection, name: str, seconds: float, process_id: int, groups: set[int]
) -> dict[str, Any] | None:
    """Return the next message that has a name, or nothing where it does not come in time.

    What is told of groups of processes on the way is noted. Raises :class:`RuntimeError` where the
    fork ended without an answer, tells of an error of ours, or was stopped on the way.
    """
    began_at, waited = time.monotonic(), waited_seconds(process_id)
    looked_at = began_at
    while True:
        while True:
            is_told = receiver.poll(_LOOK_SECONDS)
            looked_before, looked_at = looked_at, time.monotonic()
            if looked_at - looked_before > _STOPPED_SECONDS:
                raise RuntimeError("a run was stopped and went on later, so it is to be made again")
            if is_told:
                break
            elapsed = looked_at - began_at
            own = elapsed - (waited_seconds(process_id) - waited)
            if own > seconds or elapsed > _BUSY * seconds:
                return None
        try:
            message: dict[str, Any] = receiver.recv()
        except EOFError:
            raise RuntimeError("a run ended without an answer") from None
        if "error" in message:
            raise RuntimeError(message["error"])
        if "group" in message:
            (groups.add if message["started"] else groups.discard)(message["group"])
        elif name in message:
            return message


def _end(process: multiprocessing.process.BaseProcess, groups: set[int]) -> None:
    """End a fork and the groups of processes that are left of it."""
    for group in (*groups, process.pid):
        try:
            os.killpg(group or 0, signal.SIGKILL) if group else None
        except (ProcessLookupError, PermissionError):
            # It has ended by itself, and its number may be somebody else's by now.
            continue
    process.kill()
    process.join(_ENDING_SECONDS)


def _carried_out(hunt: Callable[[Tell], None], sender: Connection, scratch: Path) -> None:
    """Be the fork: a group of its own, with a folder of its own, and no say in our output."""
    os.setsid()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ["TMPDIR"] = str(scratch)
    tempfile.tempdir = str(scratch)
    try:
        hunt(sender.send)
    except BaseException as error:
        sender.send({"error": f"{type(error).__name__}: {error}"})
        raise


def _hunt_of(configuration: Configuration, key: str, seed: int) -> Callable[[Tell], None]:
    """Return what a fork has to do for one run."""
    from tests.zoo.ablation.hunters import hunter_of
    from tests.zoo.ablation.systems import systems

    system = systems()[key]

    def hunt(tell: Tell) -> None:
        def on_process(process_id: int, started: bool) -> None:
            tell({"group": process_id, "started": started})

        hunter = hunter_of(system, configuration, on_process)
        began_at, waited = time.perf_counter(), waited_seconds(os.getpid())
        found = hunter(seed, minimise=False)
        elapsed = time.perf_counter() - began_at
        seconds = round(elapsed - (waited_seconds(os.getpid()) - waited), 3)
        tell({"killed": found.length is not None, "seconds": seconds, "problem": found.problem})
        if found.length is not None:
            tell({"length": hunter(seed, minimise=True).length})

    return hunt


def main(words: list[str]) -> int:
    """Serve runs until the input ends."""
    configuration = Configuration(words[0])
    seconds_max, shrinking_seconds_max = map(float, words[1:])
    if configuration is Configuration.WITHOUT_ALPHABETS:
        from tests.zoo.ablation.naive import install_naive_strategies

        install_naive_strategies()
    # All that is needed is imported before the first fork, so that no run pays for it.
    from conformance.engine.draws import prepare_engine
    from tests.zoo.ablation.hunters import hunter_of
    from tests.zoo.ablation.systems import systems

    prepare_engine()
    for system in systems().values():
        if configuration in GROUPS[system.group]:
            hunter_of(system, configuration)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        hunt = _hunt_of(configuration, asked["system"], asked["seed"])
        print(json.dumps(measured(hunt, seconds_max, shrinking_seconds_max)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
