"""Crash systems that everybody knows, and say what becomes of a log on each.

Usage: python -m tests.zoo.crashes.known_table [NAME ...] [--write FILE]

Needs Linux and strace. Prints a table in Markdown; with --write it takes the place of the one in
FILE. Exit status 1 if a system does not do what is expected of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from conformance.backend import Launch
from conformance.crashes.suites import CRASH_SUITES
from conformance.records.results import BackendReport, Verdict
from tests.zoo.crashes import known_systems
from tests.zoo.crashes.known_systems import KILL, POWER, SYSTEMS, Fate, System, absence
from tests.zoo.judging import judged

__all__ = ["fates_of", "main", "table_text"]

_KILLS, _LOSSES = CRASH_SUITES[:2]
_BEGIN: Final = "<!-- known systems: begin -->"
_END: Final = "<!-- known systems: end -->"
_KINDS: Final = (KILL, *POWER.values())


def fates_of(system: System, kinds: Sequence[str] = _KINDS) -> dict[str, Fate]:
    """Crash a log on a system and return what becomes of it in each kind of crash."""
    target = f"{known_systems.__name__}:{system.name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = replace(getattr(known_systems, system.name), launch=Launch(command))
    suites = {KILL: _KILLS}
    suites |= {POWER[each]: replace(_LOSSES, file_system=each) for each in POWER}
    return {
        kind: _fate(judged(backend, (suites[kind],), profile_name="quick", minimise=False))
        for kind in kinds
    }


def _fate(report: BackendReport) -> Fate:
    verdicts = {each.requirement_id.partition(".")[2]: each.verdict for each in report.results}
    failed = {ending for ending, verdict in verdicts.items() if verdict is Verdict.FAIL}
    if not report.crash_classes:
        return Fate.UNSEEN
    if failed & {"recovery", "progress"}:
        return Fate.BREAKS
    return Fate.LOSES if failed else Fate.KEEPS


def table_text(found: dict[str, dict[str, Fate]]) -> str:
    """Return the systems that were crashed as a table in Markdown."""
    lines = [
        f"| a log on | {' | '.join(_KINDS)} | why |",
        f"|{'---|' * (len(_KINDS) + 2)}",
    ]
    lines += [
        f"| {each.title} | {' | '.join(found[each.name][kind].value for kind in _KINDS)} "
        f"| {each.source} |"
        for each in SYSTEMS
        if each.name in found
    ]
    return "\n".join(lines)


def _write(path: Path, table: str) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise SystemExit(f"{path}: there is no `{_BEGIN}` with an end")
    path.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}", encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Print the table; return how many systems are not as expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [each.name for each in SYSTEMS]
    parser.add_argument("name", nargs="*", choices=[*names, []], help="crash these alone")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table in this file")
    parsed = parser.parse_args(words)
    found: dict[str, dict[str, Fate]] = {}
    wrong = 0
    for system in SYSTEMS:
        if parsed.name and system.name not in parsed.name:
            continue
        if absence(system):
            print(f"not tried: {system.name}: {absence(system)}", flush=True)
            continue
        found[system.name] = fates_of(system)
        differing = [
            f"{kind} {found[system.name][kind].value}, expected {fate.value}"
            for kind, fate in system.fates.items()
            if found[system.name][kind] is not fate
        ]
        wrong += bool(differing)
        shown = "; ".join(differing) or "as expected"
        print(f"{system.name}: {shown}", file=sys.stderr, flush=True)
    print(table_text(found))
    if parsed.write is not None:
        _write(parsed.write, table_text(found))
    return wrong


if __name__ == "__main__":
    raise SystemExit(min(main(sys.argv[1:]), 1))
