"""A pytest plugin: one test a requirement for the backend named on the command line.

``pytest --telltale-backend package.module:factory`` adds the tests to whatever
else is collected, ``--telltale-command`` does the same for a harness. Without
either the plugin does nothing.
"""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from conformance.commands.arguments import natural, seconds, write_whole
from conformance.profile_names import PROFILE_NAMES

if TYPE_CHECKING:
    from conformance.backend import Backend
    from conformance.records.results import BackendReport, Report

__all__: list[str] = []

# What binds and is open, with the reasons.
_OPEN = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("telltale", "conformance of durable agreement backends")
    group.addoption(
        "--telltale-backend",
        metavar="TARGET",
        help="judge the backend of package.module:factory, one test a requirement",
    )
    group.addoption(
        "--telltale-command",
        metavar="COMMAND",
        help="judge the harness that this program is, one test a requirement",
    )
    group.addoption(
        "--telltale-json",
        type=Path,
        metavar="FILE",
        help="write the report as JSON too",
    )
    group.addoption(
        "--telltale-profile",
        default="ci",
        choices=PROFILE_NAMES,
        help="how much to try (default: ci)",
    )
    group.addoption(
        "--telltale-seed",
        type=natural,
        default=0,
        metavar="N",
        help="fixes every random choice (default: 0)",
    )
    group.addoption(
        "--telltale-time-limit",
        type=seconds,
        metavar="SECONDS",
        help="longest time by the clock for each suite, shrinking included "
        "(default: the profile's)",
    )


# First, so that what selects among the collected tests sees ours too.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one item for each requirement that the backend is held to."""
    target = config.getoption("--telltale-backend")
    command = config.getoption("--telltale-command")
    if target is None and command is None:
        return
    if target is not None and command is not None:
        raise pytest.UsageError("--telltale-backend and --telltale-command exclude each other")
    from conformance.errors import BackendFault, UsageError
    from conformance.run.terminal_text import visible

    # The harness lives as long as the run.
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    name = target or command
    try:
        collector = _ConformanceCollector.from_parent(
            session,
            name=name,
            nodeid=name,
            is_command=target is None,
            stack=stack,
        )
        items.extend(collector.collect())
    except (BackendFault, UsageError) as error:
        raise pytest.UsageError(visible(str(error))) from error


class _ConformanceCollector(pytest.Collector):
    """The requirements of one backend; the backend is judged once, by the first test."""

    def __init__(self, is_command: bool, stack: contextlib.ExitStack, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.is_command = is_command
        self.stack = stack

    def collect(self) -> list[pytest.Item]:
        """Return one test for each requirement of the suites that apply."""
        # First, so that a wrong target is told before the engine is loaded.
        backend = self.backend
        from conformance.machines.registry import SUITES

        applying = [suite for suite in SUITES if suite.applies(backend)]
        # Several suites can judge one requirement, which has one verdict.
        judged = dict.fromkeys(each for suite in applying for each in suite.requirement_ids)
        return [_RequirementItem.from_parent(self, name=each) for each in judged]

    @cached_property
    def backend(self) -> Backend:
        """The backend under test."""
        from dataclasses import replace

        from conformance.servers.process import server_of_environment

        # Before anything is made: a factory may ask its server at once.
        server = self.stack.enter_context(server_of_environment())
        return self._made if server is None else replace(self._made, server=server)

    @cached_property
    def _made(self) -> Backend:
        from conformance.engine.watch import CALL_SECONDS_MAX, CallWatch

        if self.is_command:
            from conformance.door.harness import harness_backend

            harness = harness_backend(self.name, call_seconds_max=CALL_SECONDS_MAX)
            return self.stack.enter_context(harness)
        from conformance.run.places import with_further_processes
        from conformance.run.targets import load_target

        with CallWatch() as watch:
            backend = load_target(self.name, watch)
        return self.stack.enter_context(with_further_processes(backend, self.name))

    @cached_property
    def report(self) -> BackendReport:
        """What the run found about the backend."""
        return self.run_report.backends[0]

    @cached_property
    def run_report(self) -> Report:
        """What the run found, without the secrets in its texts."""
        from conformance.door.protocol import HARNESS_GRACE_SECONDS
        from conformance.engine.profiles import profile
        from conformance.engine.watch import CALL_SECONDS_MAX
        from conformance.records.redaction import hidden_secrets, secrets_of
        from conformance.run.runner import run_check

        options = self.config.option
        # A harness has a limit of its own on every request, which says more when it is reached.
        grace_seconds = HARNESS_GRACE_SECONDS if self.is_command else 0.0
        report = run_check(
            [self.backend],
            profile(options.telltale_profile, options.telltale_time_limit),
            seed=options.telltale_seed,
            call_seconds_max=CALL_SECONDS_MAX + grace_seconds,
        )
        report = hidden_secrets(report, secrets_of(os.environ))
        if options.telltale_json is not None:
            write_whole(options.telltale_json, report.to_text())
        return report


class _RequirementFailure(Exception):  # noqa: N818 - pytest shows only its text
    """Carry the text of a failure past pytest's own traceback."""


class _RequirementItem(pytest.Item):
    """The verdict on one requirement as a test."""

    def runtest(self) -> None:
        """Pass, fail, skip or expectedly fail, as the verdict says.

        What is known is an expected failure, with a counterexample or without.
        What is open is skipped with its reason, and is never a pass: where it
        binds, the run ends with the status of failed tests.
        """
        from conformance.records.results import Verdict
        from conformance.report.text import counterexample_text

        collector = self.parent
        if not isinstance(collector, _ConformanceCollector):
            raise TypeError("a requirement belongs to a backend")
        if collector.report.fault is not None:
            raise _RequirementFailure(collector.report.fault)
        result = collector.report.result(self.name)
        if result is None:
            raise _RequirementFailure("the run gave no verdict on this requirement")
        for problem in collector.run_report.baseline_problems:
            if problem.identifier == self.name:
                raise _RequirementFailure(f"baseline, {self.name}: {problem.text}")
        found = result.counterexample
        text = "" if found is None else counterexample_text(found)
        match result.verdict:
            case Verdict.NOT_APPLICABLE:
                _skip(f"{self.name}: {result.reason}")
            case Verdict.EXPECTED_FAIL:
                pytest.xfail(f"{self.name} is known, {result.reason} {result.link}".rstrip())
            case Verdict.INCONCLUSIVE:
                if result.level == "MUST":
                    self.config.stash.setdefault(_OPEN, []).append(f"{self.name} ({result.reason})")
                _skip(f"{self.name} is open, {result.reason}")
            case Verdict.FAIL if result.level == "MUST":
                raise _RequirementFailure(text or f"{self.name} failed, {result.reason}")
            case Verdict.FAIL:
                _skip(f"only recommended: {text or result.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """Show the text of the failure and no engine frames."""
        if isinstance(excinfo.value, _RequirementFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[str, int, str]:
        """Name the test by backend and requirement."""
        backend = "" if self.parent is None else self.parent.name
        return backend, 0, f"{backend}: {self.name}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End a run with the status of failed tests where what binds is open: that is no pass."""
    if session.config.stash.get(_OPEN, []) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which requirements that bind are open."""
    found = config.stash.get(_OPEN, [])
    if found:
        text = f"telltale: open, which is not a pass: {', '.join(found)}"
        terminalreporter.write_line(text, yellow=True)


def _skip(reason: str) -> NoReturn:
    # At the place of the item: the line in this file tells nobody anything.
    raise pytest.skip.Exception(reason, _use_item_location=True)
