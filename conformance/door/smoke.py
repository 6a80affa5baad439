"""A first look at a harness: the handshake, one call of every operation, and the end.

What breaks the protocol is told with the line that came and what was expected; whether the backend
is right is not asked here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance.door.connection import Connection
from conformance.door.errors import ForeignFault
from conformance.door.handshake import Handshake
from conformance.door.probes import OperationProbe, probe_operations
from conformance.door.published import can_validate, schema_problems
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["SmokeReport", "smoke"]

# What a reader of JSON is most likely to get wrong: integers beyond doubles, and texts.
_HARD_TEXT: Final = 'caf\u00e9 \U0001f600 \x00 \n " \\ \u2028'
_HARD_ENTRY: Final = VisibilityGateCrossing(_HARD_TEXT, "c", AgreementLevel.NONE, U64_MAX)


@dataclass(frozen=True)
class SmokeReport:
    """What a harness answered; ``problems`` are what its author has to mend.

    ``messages_count`` is how many of its messages the published schema was asked about, or ``None``
    where the library for that is not installed.
    """

    handshake: Handshake
    probes: tuple[OperationProbe, ...]
    problems: tuple[str, ...]
    messages_count: int | None = None


def smoke(
    command: Sequence[str], *, call_seconds_max: float, starting_seconds_max: float
) -> SmokeReport:
    """Start a harness, ask for everything once and shut it down.

    Raises ``BackendFault`` for the first thing that breaks the protocol.
    """
    lines: list[tuple[bool, bytes]] = []
    connection = Connection(
        command,
        call_seconds_max=call_seconds_max,
        starting_seconds_max=starting_seconds_max,
        on_line=lambda is_ours, line: lines.append((is_ours, line)),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="telltale-conformance-") as directory:
            path = Path(directory).resolve()
            probes = probe_operations(connection, path)
            problems = [
                f"`{probe.operation}` of the simplest values ended with a {probe.answer}"
                for probe in probes
                if probe.answer.startswith("fault")
            ]
            problems += [
                f"`{probe.operation}` was refused without a text; an error says what is wrong"
                for probe in probes
                if probe.answer == "refused: "
            ]
            if _serves_logs(probes):
                problems += _hard_values(connection, path / "hard")
    finally:
        connection.close()
    messages_count = None
    if can_validate():
        problems += schema_problems(lines)
        messages_count = sum(not is_ours for is_ours, _ in lines)
    return SmokeReport(
        connection.handshake, tuple(probes), (*problems, *connection.notes), messages_count
    )


def _serves_logs(probes: Sequence[OperationProbe]) -> bool:
    logs = [probe for probe in probes if probe.operation.startswith("wal.")]
    return all(probe.supported for probe in logs)


def _hard_values(connection: Connection, directory: Path) -> list[str]:
    """Send the largest integer and an awkward text through a log and back."""
    directory.mkdir()
    number = connection.new_number()
    target: dict[str, Any] = {"object": number}
    try:
        connection.ask("wal.open", {**target, "directory": str(directory)})
        connection.ask("wal.append", {**target, "entry": _HARD_ENTRY})
        loaded = connection.ask("wal.load", target).entries
        connection.ask("wal.close", target)
    except (DurabilityError, ForeignFault) as error:
        return [f"an entry at tick 2^64-1 with an unusual text did not go through: {error}"]
    if loaded == (_HARD_ENTRY,):
        return []
    problems = []
    found = loaded[0] if len(loaded) == 1 else None
    if not isinstance(found, VisibilityGateCrossing):
        return [f"an entry that was appended came back as {loaded!r}"]
    if found.tick != U64_MAX:
        problems.append(
            f"the tick {U64_MAX} came back as {found.tick}: integers go through a double somewhere"
        )
    if found.operation_id != _HARD_TEXT:
        problems.append(f"the text {_HARD_TEXT!r} came back as {found.operation_id!r}")
    return problems
