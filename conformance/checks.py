"""The checks as functions, for a suite inside the backend's own repository."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from conformance.backend import Backend
from conformance.door.harness import harness_backend
from conformance.door.protocol import HARNESS_GRACE_SECONDS
from conformance.engine.profiles import profile as profile_of
from conformance.engine.watch import CALL_SECONDS_MAX, CallWatch
from conformance.errors import BackendFault, UsageError
from conformance.records.replays import Outcome, Replay, ReplayResult, read_replay
from conformance.records.results import BackendReport, Report, Verdict
from conformance.records.verdicts import ExitStatus, binds, exit_status
from conformance.report.replay_text import replay_text
from conformance.report.text import counterexample_text
from conformance.run.places import importable_name, with_further_processes
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report, run_check
from conformance.run.targets import backend_of, declaration, load_target, redeclared
from conformance.servers.process import server_of_environment

__all__ = [
    "check_agreement_wal",
    "check_backend",
    "check_evidence_cache",
    "check_harness",
    "check_replay",
    "failure_text",
]


def check_agreement_wal(
    factory: Callable[..., Any],
    *,
    capabilities: tuple[str, ...] = (),
    rejection_mode: str = "clean-reject",
    profile: str = "ci",
    seed: int = 0,
    call_seconds_max: float = CALL_SECONDS_MAX,
) -> Report:
    """Assert that the logs of a factory conform.

    The factory takes no argument, or a directory for its storage. Returns the
    report; raises ``AssertionError`` with every counterexample for a log that
    does not conform or cannot be judged, and :class:`UsageError` for an unknown
    name of a capability, mode or profile.
    """
    with server_of_environment() as server:
        backend = _backend(factory, capabilities, rejection_mode, call_seconds_max)
        if backend.agreement_wal is None:
            _refuse(backend, "an agreement WAL")
        backend = replace(backend, server=server or backend.server)
        return _checked(backend, factory, profile, seed, call_seconds_max)


def check_evidence_cache(
    factory: Callable[..., Any],
    *,
    capabilities: tuple[str, ...] = (),
    profile: str = "ci",
    seed: int = 0,
    call_seconds_max: float = CALL_SECONDS_MAX,
) -> Report:
    """Assert that the caches of a factory conform; see :func:`check_agreement_wal`."""
    with server_of_environment() as server:
        backend = _backend(factory, capabilities, "clean-reject", call_seconds_max)
        if backend.evidence_cache is None:
            _refuse(backend, "an evidence cache")
        backend = replace(backend, server=server or backend.server)
        return _checked(backend, factory, profile, seed, call_seconds_max)


def _checked(
    backend: Backend,
    factory: Callable[..., Any],
    profile: str,
    seed: int,
    call_seconds_max: float,
) -> Report:
    """Judge the backend of a factory, in further processes too where they can import it."""
    name = importable_name(factory)
    with with_further_processes(backend, name, call_seconds_max=call_seconds_max) as placed:
        return check_backend(placed, profile=profile, seed=seed, call_seconds_max=call_seconds_max)


def check_backend(
    backend: Backend,
    *,
    profile: str = "ci",
    seed: int = 0,
    call_seconds_max: float = CALL_SECONDS_MAX,
) -> Report:
    """Assert that a whole backend conforms; see :func:`check_agreement_wal`."""
    report = run_check([backend], profile_of(profile), seed=seed, call_seconds_max=call_seconds_max)
    if exit_status(report) is not ExitStatus.CONFORMING:
        raise AssertionError(failure_text(report.backends[0]))
    return report


def check_harness(
    command: str,
    *,
    profile: str = "ci",
    seed: int = 0,
    call_seconds_max: float = CALL_SECONDS_MAX,
) -> Report:
    """Assert that the backend behind a harness conforms; see :func:`check_agreement_wal`.

    ``command`` is a program that speaks the protocol, with its arguments. It
    is started, judged, and shut down.
    """
    try:
        with (
            server_of_environment() as server,
            harness_backend(command, call_seconds_max=call_seconds_max) as backend,
        ):
            # Each request has its own limit; this one is for what has none.
            limit_seconds = call_seconds_max + HARNESS_GRACE_SECONDS
            return check_backend(
                replace(backend, server=server),
                profile=profile,
                seed=seed,
                call_seconds_max=limit_seconds,
            )
    except BackendFault as fault:
        raise AssertionError(str(fault)) from fault


def check_replay(
    replay: str | Replay,
    target: str | Backend | Callable[..., Any],
    *,
    capabilities: tuple[str, ...] | None = None,
    rejection_mode: str | None = None,
    mends: tuple[str, ...] | None = None,
    call_seconds_max: float = CALL_SECONDS_MAX,
) -> None:
    """Assert that a recorded failure is fixed.

    ``replay`` is one, or the text of its file; ``target`` is a backend, a factory,
    or the name of either as ``package.module:name``. What is declared here takes
    the place of what the backend declares. Raises ``AssertionError`` with the
    counterexample where it still fails, fails differently or cannot run, and
    :class:`UsageError` for a replay or a target that cannot be used.
    """
    known = read_replay(replay, "text") if isinstance(replay, str) else replay
    with CallWatch(call_seconds_max) as watch:
        try:
            backend = redeclared(_loaded(target, watch), capabilities, rejection_mode, mends)
            report = fault_report(backend, None)
            name = target if isinstance(target, str) else importable_name(target)
            with with_further_processes(backend, name, call_seconds_max=call_seconds_max) as placed:
                result = replayed_result(placed, known, watch)
        except BackendFault as fault:
            raise AssertionError(f"cannot run: {fault}") from fault
    outcome = ReplayResult.of(known, replace(report, results=[result]))
    if outcome.outcome is not Outcome.FIXED:
        raise AssertionError(replay_text(outcome))


def _loaded(target: str | Backend | Callable[..., Any], watch: CallWatch) -> Backend:
    if isinstance(target, Backend):
        return target
    if isinstance(target, str):
        return load_target(target, watch)
    return backend_of(target, getattr(target, "__qualname__", type(target).__qualname__), watch)


def failure_text(report: BackendReport) -> str:
    """Return everything that keeps a backend from conforming, as text."""
    parts = []
    if report.fault is not None:
        parts.append(f"{report.name} could not be judged: {report.fault}")
    for result in report.results:
        if not binds(result):
            continue
        head = f"{report.name}: {result.requirement_id} ({result.level})"
        if result.counterexample is not None:
            parts.append(f"{head} failed\n{counterexample_text(result.counterexample)}")
        elif result.verdict is Verdict.INCONCLUSIVE:
            parts.append(f"{head} is open, {result.reason}")
    return "\n\n".join(parts) or f"{report.name}: nothing that binds it was put to the test"


def _backend(
    factory: Callable[..., Any],
    capabilities: tuple[str, ...],
    rejection_mode: str,
    call_seconds_max: float,
) -> Backend:
    declared = declaration(capabilities, rejection_mode)
    name = getattr(factory, "__qualname__", type(factory).__qualname__)
    try:
        with CallWatch(call_seconds_max) as watch:
            return backend_of(factory, name, watch, declared)
    except BackendFault as fault:
        raise AssertionError(str(fault)) from fault


def _refuse(backend: Backend, wanted: str) -> NoReturn:
    raise UsageError(f"the factory `{backend.name}` does not make {wanted}")
