"""The limit on a call: it ends loops, sleeps and locks, and touches nothing else."""

from __future__ import annotations

import pickle
import signal
import threading
import time
from collections.abc import Callable

import pytest

from conformance.engine.watch import CallLimitExceeded, CallWatch
from conformance.errors import BackendFault

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs alarms")


def spin() -> None:
    while True:
        pass


def wait_for_a_lock() -> None:
    lock = threading.Lock()
    with lock:
        lock.acquire()


def swallow_ordinary_errors() -> None:
    while True:
        try:
            time.sleep(60)
        except Exception as error:
            print(error)


@pytest.mark.parametrize(
    "call", [spin, wait_for_a_lock, swallow_ordinary_errors, lambda: time.sleep(60)]
)
def test_a_call_that_does_not_end_is_ended(call: Callable[[], None]) -> None:
    begun_at = time.monotonic()
    with CallWatch(0.2) as watch, pytest.raises(CallLimitExceeded):
        watch.limit(call)

    assert time.monotonic() - begun_at < 20


def test_the_interrupt_cannot_be_mistaken_for_an_error() -> None:
    assert not issubclass(CallLimitExceeded, Exception)


def test_what_a_call_returns_and_raises_goes_through() -> None:
    def fail() -> None:
        raise KeyError("own")

    with CallWatch() as watch:
        assert watch.limit(lambda: 7) == 7
        with pytest.raises(KeyError, match="own"):
            watch.limit(fail)
        with pytest.raises(KeyboardInterrupt):
            watch.limit(interrupt)

        assert watch.calls == 3
        assert watch.running_seconds() == 0


def interrupt() -> None:
    raise KeyboardInterrupt


def test_the_time_between_calls_is_not_limited() -> None:
    with CallWatch(0.2) as watch:
        watch.limit(lambda: None)
        time.sleep(0.5)
        watch.limit(lambda: None)


def test_each_call_has_the_whole_limit() -> None:
    with CallWatch(5.0) as watch:
        for _ in range(3):
            watch.limit(lambda: time.sleep(0.05))

            assert watch.running_seconds() == 0


def test_the_handler_of_the_process_comes_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with CallWatch():
        assert signal.getsignal(signal.SIGALRM) != before

    assert signal.getsignal(signal.SIGALRM) == before


def test_in_another_thread_nothing_is_interrupted() -> None:
    results: list[None] = []

    def judge() -> None:
        with CallWatch(0.1) as watch:
            results.append(watch.limit(lambda: time.sleep(0.4)))

    thread = threading.Thread(target=judge)
    thread.start()
    thread.join()

    assert results == [None]


def test_a_fault_can_be_sent_to_another_process() -> None:
    """With both of its fields, as the process that judges is not the one that tells."""
    fault = pickle.loads(pickle.dumps(BackendFault("mine", "it hangs")))

    assert (fault.backend_name, fault.message) == ("mine", "it hangs")
    assert str(fault) == "backend `mine`: it hangs"
