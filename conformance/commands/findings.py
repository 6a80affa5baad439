"""``findings``: show each finding about the specification by running the reference."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain, output_problem, write_whole
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.backend import Backend
    from conformance.commands.arguments import CommandParser
    from conformance.engine.watch import CallWatch
    from conformance.findings.demonstration import Demonstration
    from conformance.requirements.kinds import Finding

__all__ = ["NAME", "add", "run"]

NAME: Final = "findings"

_UNEXPECTED: Final = ExitStatus.VIOLATION


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    findings = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Show each finding by running it on the reference, or on a backend of yours. "
        "A finding is the specification's own behaviour: nobody is failed by it.",
        epilog="exit status: 0 all were tried and the reference shows those that it is known to, "
        "1 it does not, or a hardened component shows what it mends, 2 usage, "
        "4 the target could not be judged",
    )
    findings.add_argument(
        "id_or_target",
        nargs="*",
        help="findings (all if none is named) and at most one target, package.module:factory",
    )
    findings.add_argument(
        "--command",
        dest="harness",
        metavar="COMMAND",
        help="show them on a harness in any language instead of a target",
    )
    findings.add_argument(
        "--hardened",
        action="store_true",
        help="try them on the hardened components that are shipped instead of a target",
    )
    findings.add_argument("--json", type=Path, metavar="FILE", help="write what was found here")
    findings.add_argument("--markdown", type=Path, metavar="FILE", help="write a page of it here")


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Show the findings and return the exit status."""
    import json

    from conformance.engine.watch import CallWatch
    from conformance.errors import BackendFault
    from conformance.findings.demonstration import Shown
    from conformance.findings.page import page_lines, text_lines
    from conformance.findings.registry import MENDED, NOT_SHOWN, demonstrate_hardened
    from conformance.requirements import FINDINGS

    problem = output_problem(parsed, "json", "markdown")
    if problem is not None:
        return complain(problem)
    ids = [each for each in parsed.id_or_target if ":" not in each]
    targets = [each for each in parsed.id_or_target if ":" in each]
    unknown = [each for each in ids if each not in FINDINGS]
    if unknown:
        return complain(f"there is no finding `{unknown[0]}`; they are F1 to F46")
    targets += [] if parsed.harness is None else [parsed.harness]
    if len(targets) + parsed.hardened > 1:
        return complain(f"{len(targets) + parsed.hardened} targets; findings are shown on one")
    target = targets[0] if targets else None
    rows = []
    try:
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(tempfile.TemporaryDirectory())
            watch = stack.enter_context(CallWatch())
            backend = _backend(parsed.harness, target, watch, stack)
            for finding_id in ids or FINDINGS:
                folder = Path(place) / finding_id
                if parsed.hardened:
                    found = demonstrate_hardened(finding_id, folder, watch)
                else:
                    found = _demonstration(finding_id, backend, folder, watch)
                rows.append((FINDINGS[finding_id], found))
                for line in text_lines(*rows[-1]):
                    console.print(line, soft_wrap=True)
    except BackendFault as fault:
        return complain(str(fault), ExitStatus.BACKEND_FAULT)
    if parsed.json is not None:
        named = "hardened" if parsed.hardened else target
        form = {"findings": [_json(*row) for row in rows], "target": named}
        write_whole(parsed.json, json.dumps(form, indent=2) + "\n")
    if parsed.markdown is not None:
        system = "the reference" if target is None else f"`{target}`"
        system = "the hardened components" if parsed.hardened else system
        write_whole(parsed.markdown, "\n".join(page_lines(rows, system)) + "\n")
    if parsed.hardened:
        shown = {finding.finding_id for finding, found in rows if found.shown is Shown.SHOWN}
        return _UNEXPECTED if shown & MENDED else ExitStatus.CONFORMING
    silent = [finding.finding_id for finding, found in rows if found.shown is Shown.NOT_SHOWN]
    unexpected = [each for each in silent if target is None and each not in NOT_SHOWN]
    return _UNEXPECTED if unexpected else ExitStatus.CONFORMING


def _backend(
    harness: str | None, target: str | None, watch: CallWatch, stack: contextlib.ExitStack
) -> Backend | None:
    """Return what the findings are shown on, or ``None`` for the reference."""
    from conformance.door.harness import harness_backend
    from conformance.engine.watch import CALL_SECONDS_MAX
    from conformance.run.targets import load_target

    if harness is not None:
        return stack.enter_context(harness_backend(harness, call_seconds_max=CALL_SECONDS_MAX))
    return None if target is None else load_target(target, watch)


def _demonstration(
    finding_id: str, backend: Backend | None, folder: Path, watch: CallWatch
) -> Demonstration:
    from conformance.findings.registry import demonstrate, demonstrate_on
    from conformance.run.shipped import SHIPPED_BACKENDS

    if backend is None:
        return demonstrate(finding_id, SHIPPED_BACKENDS, folder, watch)
    return demonstrate_on(finding_id, backend, watch)


def _json(finding: Finding, found: Demonstration) -> dict[str, Any]:
    from conformance.findings.sources import SOURCES

    return {
        "id": finding.finding_id,
        "severity": finding.severity.name.lower(),
        "sentence": finding.sentence,
        "source": SOURCES[finding.finding_id],
        "shown": found.shown.value,
        "steps": list(found.steps),
    }
