"""A harness that is wrong is told so: each in words of its own, with the line, and in bounded time.

The corpus is :mod:`conformance.tests.malformed_harnesses`; here it meets the two commands that a
user points at a harness.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.door import connection
from conformance.door.connection import Connection
from conformance.errors import BackendFault
from conformance.tests import malformed_harnesses
from conformance.tests.malformed_harnesses import MISBEHAVIOURS, Misbehaviour
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing

SCRIPT = Path(malformed_harnesses.__file__)

# Those that `shutdown` brings out are judged all the same.
ENDS = [each for each in MISBEHAVIOURS.values() if each.instead_of == "shutdown"]
# A line that is longer than a pipe shows this one, and neither command is sure to send one.
STOPS_READING = MISBEHAVIOURS["stops-reading"]
# And this one is not killed by either before it is judged.
CHANGES = MISBEHAVIOURS["changes-its-name-with-every-start"]
BROKEN = [each for each in MISBEHAVIOURS.values() if each not in (*ENDS, STOPS_READING, CHANGES)]
# A short limit on the start would be one on the start of Python, in a run that does much at once.
CHECKED = [each for each in BROKEN if not (each.waits and each.instead_of == "hello")]

# What comes of a command that starts no harness at all.
NOT_STARTED = {
    "absent": "cannot be started: No such file or directory",
    "not-executable": "cannot be started: Permission denied",
}


# The messages of docs/harness.md, each as the pieces that stand between its gaps.
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "harness.md").read_text()
DOCUMENTED = [
    [piece.strip(" ,;:") for piece in row.split("...")]
    for row in re.findall(r"^\| `(.+?)` \|", DOCUMENT.partition("## The messages")[2], re.MULTILINE)
]


def words_of(misbehaviour: Misbehaviour) -> list[str]:
    return [sys.executable, str(SCRIPT), misbehaviour.name]


def options_of(misbehaviour: Misbehaviour) -> list[str]:
    """Return the limits: short where only they end the wait, and the usual ones elsewhere."""
    if not misbehaviour.waits:
        return []
    starting = "1" if misbehaviour.instead_of == "hello" else "30"
    return ["--call-timeout", "1", "--starting-timeout", starting]


def check_text(misbehaviour: Misbehaviour, text: str) -> None:
    """Hold a text to what a user needs: what was wrong, and during which request."""
    assert misbehaviour.message in text
    assert "Traceback" not in text
    assert '{"id":' in text
    assert any(all(piece in text for piece in row) for row in DOCUMENTED)
    # Where a line came, it is shown.
    assert ("received: " in text) != misbehaviour.silent


def test_is_large_and_tells_all_apart() -> None:
    """Prove that no two misbehaviours are told in the same words."""
    messages = [each.message for each in MISBEHAVIOURS.values()] + list(NOT_STARTED.values())
    assert len(messages) >= 50
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize("misbehaviour", BROKEN, ids=lambda each: each.name)
def test_smoke_tells_what_is_wrong(
    misbehaviour: Misbehaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    command = shlex.join(words_of(misbehaviour))
    assert main(["smoke", "--command", command, *options_of(misbehaviour)]) == 4
    captured = capsys.readouterr()
    check_text(misbehaviour, captured.err)
    assert not captured.out


@pytest.fixture(scope="module")
def check_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what `check` says of every command, by its name: those that wait, then all others."""
    folder = tmp_path_factory.mktemp("check")
    (folder / "not-executable").write_text("no program")
    quick = {each.name: words_of(each) for each in CHECKED if not each.waits}
    quick |= {name: [str(folder / name)] for name in NOT_STARTED}
    waiting = {each.name: words_of(each) for each in CHECKED if each.waits}
    return {
        **faults_of(waiting, folder, "--call-timeout", "1"),
        **faults_of(quick, folder, "--jobs", "3"),
    }


def faults_of(commands: dict[str, list[str]], folder: Path, *options: str) -> dict[str, str]:
    report = folder / "report.json"
    arguments = [part for each in commands.values() for part in ("--command", shlex.join(each))]
    assert main(["check", *arguments, *options, "--json", str(report)]) == 4
    backends = json.loads(report.read_text())["backends"]
    return {name: backend["fault"] for name, backend in zip(commands, backends, strict=True)}


@pytest.mark.parametrize("misbehaviour", CHECKED, ids=lambda each: each.name)
def test_check_tells_what_is_wrong(
    misbehaviour: Misbehaviour, check_report: dict[str, str]
) -> None:
    check_text(misbehaviour, check_report[misbehaviour.name])


@pytest.mark.parametrize("name", NOT_STARTED)
def test_check_tells_why_nothing_starts(name: str, check_report: dict[str, str]) -> None:
    assert NOT_STARTED[name] in check_report[name]


@pytest.mark.parametrize("name", NOT_STARTED)
def test_smoke_tells_why_nothing_starts(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "not-executable").write_text("no program")
    assert main(["smoke", "--command", str(tmp_path / name)]) == 4
    assert NOT_STARTED[name] in capsys.readouterr().err


def test_the_last_lines_of_standard_error_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As many as are kept, a line without an end too, and none of those before."""
    script = tmp_path / "talks.py"
    script.write_text(
        "import sys\n"
        "sys.stderr.write(''.join(f'line {each}.\\n' for each in range(40)) + 'last words')\n"
    )
    assert main(["smoke", "--command", shlex.join([sys.executable, str(script)])]) == 4

    told = re.findall(r"^ *standard error: (.*)$", capsys.readouterr().err, re.MULTILINE)
    assert told == [*(f"line {each}." for each in range(9, 40)), "last words"]
    assert len(told) == 32


def test_tells_who_stops_reading() -> None:
    """Prove that a write has a limit too, with a line that no pipe holds."""
    asked = Connection(words_of(STOPS_READING), call_seconds_max=1)
    try:
        number = {"object": 1}
        small, large = (
            VisibilityGateCrossing("a" * size, "c", AgreementLevel.NONE, 1) for size in (1, 2**21)
        )
        asked.ask("wal.open", {**number, "directory": "/"})
        asked.ask("wal.append", {**number, "entry": small})
        with pytest.raises(BackendFault, match=STOPS_READING.message):
            asked.ask("wal.append", {**number, "entry": large})
    finally:
        asked.close()


def test_check_tells_who_changes_when_it_is_killed(tmp_path: Path) -> None:
    """Prove that a harness has to be the same one when it is started again."""
    faults = faults_of({CHANGES.name: words_of(CHANGES)}, tmp_path, "--only", "WAL-08.kill")
    assert CHANGES.message in faults[CHANGES.name]


@pytest.mark.parametrize("misbehaviour", ENDS, ids=lambda each: each.name)
def test_smoke_mentions_a_bad_end(
    misbehaviour: Misbehaviour,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Prove that all was asked, that the end is mentioned, and that nothing runs on."""
    monkeypatch.setattr(connection, "SHUTDOWN_SECONDS_MAX", 0.5)
    assert main(["smoke", "--command", shlex.join(words_of(misbehaviour))]) == 4
    said = capsys.readouterr().out
    assert misbehaviour.message in said
    assert "entry.identity" in said


@pytest.mark.nightly
def test_check_judges_in_spite_of_a_bad_end(tmp_path: Path) -> None:
    command = shlex.join(words_of(MISBEHAVIOURS["ends-badly"]))
    report = tmp_path / "report.json"
    assert main(["check", "--command", command, "--only", "WAL-01", "--json", str(report)]) == 0
    (backend,) = json.loads(report.read_text())["backends"]
    assert backend["fault"] is None
    assert any(MISBEHAVIOURS["ends-badly"].message in note for note in backend["notes"])


def test_smoke_mentions_a_refusal_without_a_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prove it with the one that `check` holds against the requirement and not the protocol."""
    harness = tmp_path / "harness.py"
    harness.write_text(
        SCRIPT.read_text().replace(
            'return {"ok": [entry for', 'return {"refused": ""} or {"ok": [entry for'
        )
    )
    name = "ends-badly"
    assert main(["smoke", "--command", shlex.join([sys.executable, str(harness), name])]) == 4
    assert "`wal.read_since` was refused without a text" in capsys.readouterr().out


def test_nothing_runs_long(capsys: pytest.CaptureFixture[str]) -> None:
    """Prove that a limit given by the user is the one that ends the wait."""
    command = shlex.join(words_of(MISBEHAVIOURS["hangs-in-the-middle"]))
    begun = time.monotonic()
    assert main(["smoke", "--command", command, "--call-timeout", "0.2"]) == 4
    # The usual limit is ten seconds; anything near the one that was asked for will do.
    assert time.monotonic() - begun < 9
    assert "no answer within 0.2 seconds" in capsys.readouterr().err
