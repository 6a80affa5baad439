"""Carry out the runs that are missing, in a fixed order, in worker processes."""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.zoo.ablation.configurations import GROUPS, Configuration
from tests.zoo.ablation.kept import Run, RunKey

__all__ = ["Limits", "Worker", "planned", "run_all"]

# To import all and to fork takes longer on a machine that has much else to do.
_STARTING_SECONDS: Final = 120.0
# A run may take so many times its limits where the machine is busy.
_BUSY: Final = 10


@dataclass(frozen=True)
class Limits:
    """Seconds for a kill, and for the counterexample to be made short after it."""

    kill: float = 10.0
    shrinking: float = 10.0


def planned(
    groups_of: Sequence[tuple[str, str]], seeds: Iterable[int], done: Iterable[RunKey] = ()
) -> Iterator[RunKey]:
    """Yield the runs to make, given each system's key and group.

    A seed is whole over all groups, and a group over all configurations, before the next begins.
    """
    known = set(done)
    for seed in seeds:
        for group, configurations in GROUPS.items():
            for configuration in configurations:
                keys = [key for key, of in groups_of if of == group]
                runs = [(configuration, key, seed) for key in keys]
                yield from (run for run in runs if run not in known)


class Worker:
    """A process that measures runs of one configuration."""

    def __init__(self, configuration: Configuration, limits: Limits) -> None:
        self.configuration = configuration
        self.limits = limits
        self._started = False
        command = (
            *(sys.executable, "-m", "tests.zoo.ablation.worker", configuration.value),
            *(str(limits.kill), str(limits.shrinking)),
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # No result may depend on the order of a set.
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )

    def run(self, key: str, seed: int) -> Run:
        """Measure one run; raises :class:`RuntimeError` where no figures come."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("a worker without pipes")
        stdin.write(json.dumps({"system": key, "seed": seed}) + "\n")
        stdin.flush()
        seconds = _BUSY * (self.limits.kill + self.limits.shrinking) + _STARTING_SECONDS
        ready, _, _ = select.select([stdout], [], [], seconds)
        line = stdout.readline() if ready else ""
        if not line:
            raise RuntimeError(f"{self.configuration.value}, {key}, seed {seed}: no figures came")
        figures: dict[str, Any] = json.loads(line)
        return Run(self.configuration, key, seed, self.limits.kill, **figures)

    def close(self) -> None:
        """End the process, which has nothing to do any more."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(self.limits.kill)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def run_all(
    runs: Iterable[RunKey], limits: Limits, workers: int, on_run: Callable[[Run], None]
) -> list[str]:
    """Carry out runs in their order, so many at a time; return the errors that were ours.

    ``on_run`` gets each run as it ends, one at a time. A run that came to nothing by an error of
    ours is in no file, and is made again when the command is given again.
    """
    waiting: queue.Queue[RunKey] = queue.Queue()
    for run in runs:
        waiting.put(run)
    problems: list[str] = []
    lock = threading.Lock()

    def serve() -> None:
        worker: Worker | None = None
        try:
            while True:
                configuration, key, seed = waiting.get_nowait()
                if worker is None or worker.configuration is not configuration:
                    worker = _replaced(worker, configuration, limits)
                try:
                    made = worker.run(key, seed)
                except RuntimeError as error:
                    worker = _replaced(worker, configuration, limits)
                    with lock:
                        problems.append(str(error))
                    continue
                with lock:
                    on_run(made)
        except queue.Empty:
            return
        finally:
            if worker is not None:
                worker.close()

    threads = [threading.Thread(target=serve) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def _replaced(worker: Worker | None, configuration: Configuration, limits: Limits) -> Worker:
    if worker is not None:
        worker.close()
    return Worker(configuration, limits)
