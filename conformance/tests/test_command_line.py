"""The command line as a new user and as a hostile backend meet it.

Every way to be wrong gives one clear message, the documented exit status and an
end in bounded time. Real processes run only where the process is the point.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.backend import Capability
from conformance.commands import COMMANDS
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault, TargetError
from conformance.records.results import BackendReport, Report, Verdict
from conformance.run.targets import load_target, redeclared
from conformance.tests.usage import usage_error
from telltale_spec.model.machine import RejectionMode

ROOT = Path(__file__).resolve().parents[2]

TARGETS = """
import os, re, signal, sys, threading, time
from tests.zoo.broken_wals import ListWal
from conformance import Backend, declares

NUMBER = 7

class Good(ListWal):
    pass

class Inclusive(ListWal):
    def read_since(self, tick):
        return [entry for entry in self.entries if entry.tick >= tick]

class NotEmpty(ListWal):
    def load(self):
        raise OSError(f"no {self.directory} for {object()}")
    def __init__(self, directory):
        super().__init__()
        self.directory = directory

def two_arguments(first, second):
    return ListWal()

def keyword(*, directory):
    return ListWal()

def sleeps():
    time.sleep(1000)

def spins():
    while True:
        pass

def locked():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

def stubborn():
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass

def regex():
    re.match(r"(a+)+$", "a" * 60 + "b")

def ends_hard():
    os._exit(7)

def ends():
    sys.exit(3)

def kills_itself():
    os.kill(os.getpid(), signal.SIGKILL)

def interrupts():
    raise KeyboardInterrupt

def raises():
    raise KeyError("no\\nsuch \\x1b[31m thing")

def nothing():
    return None

def mapping():
    return {}

def closes_everything():
    os.closerange(3, 1024)
    time.sleep(1000)

class HangsOnClose(ListWal):
    def close(self):
        time.sleep(1000)

class HangsAtThird(ListWal):
    def store(self, entry):
        if len(self.entries) == 2:
            time.sleep(1000)
        super().store(entry)

class RaisesOnAppend(ListWal):
    def append(self, entry):
        raise KeyError("lost")

class EndsOnAppend(ListWal):
    def append(self, entry):
        sys.exit(0)

class LoadsDicts(ListWal):
    def load(self):
        return [{}]

class Forks(ListWal):
    forked = False
    def __init__(self):
        super().__init__()
        if not Forks.forked:
            Forks.forked = True
            os.fork()

class Threads(ListWal):
    def __init__(self):
        super().__init__()
        threading.Thread(target=time.sleep, args=(1000,)).start()

class Noisy(ListWal):
    def __init__(self):
        super().__init__()
        print("noise" * 10_000)
        os.write(1, b"noise")

def breaks_the_suite():
    from conformance.engine.session import Session
    Session.new_history = None
    return ListWal()

@declares("reopen", rejection_mode="unknown-outcome")
class Declared(ListWal):
    pass

backend = Backend("named", agreement_wal=lambda directory: ListWal())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "targets.py").write_text(TARGETS)
    (tmp_path / "raising.py").write_text("raise RuntimeError('not today')")
    (tmp_path / "broken.py").write_text("def (:")
    (tmp_path / "ending.py").write_text("raise SystemExit(0)")
    (tmp_path / "importing.py").write_text("import no_such_driver")
    return tmp_path


def environment(**changes: str) -> dict[str, str]:
    names = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONHASHSEED")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "PYTHONPATH": str(ROOT), **changes}


def command(*arguments: str) -> list[str]:
    # Without the current folder on the path, as the installed script has it.
    return [sys.executable, "-P", "-m", "conformance", *arguments]


def run(folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def checked(folder: Path, *targets: str, options: tuple[str, ...] = ()) -> tuple[int, Report]:
    """Judge targets of the module in one run; return its status and its report."""
    names = [f"targets:{target}" for target in targets]
    fixed = ("--json", "report.json", "--call-timeout", "1", "--jobs", "4")
    done = run(folder, "check", *names, *fixed, *options)

    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.returncode, Report.from_json((folder / "report.json").read_text())


@contextmanager
def imported_from(folder: Path) -> Iterator[None]:
    """Let targets in a folder be imported, and forget them again."""
    path = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sys.modules.pop("targets", None)
        try:
            yield
        finally:
            sys.modules.pop("targets", None)
            sys.path[:] = path


def fault(report: BackendReport) -> str:
    assert report.fault is not None
    assert report.results == []
    return report.fault


# What can be wrong with the arguments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", "--profile", "slow"], "--profile"),
        (["check", "--seed", "-1"], "-1"),
        (["check", "--seed", "x"], "expected an integer from 0 to 2^64-1, got `x`"),
        (["check", "--seed", "18446744073709551616"], "2^64-1"),
        (["check", "--call-timeout", "0"], "expected seconds above 0"),
        (["check", "--call-timeout", "nan"], "expected seconds above 0"),
        (["check", "--jobs", "0"], "expected a whole number above 0"),
        (["check", "--only", "WAL-3"], "did you mean WAL-"),
        (["check", "--only", "NOPE"], "there is no requirement `NOPE`"),
        (["check", "a:b", "--capability", "flight"], "reopen, ordered-cache, exact-messages"),
        (["check", "a:b", "--rejection-mode", "never"], "clean-reject, unknown-outcome"),
        (["check", "--capability", "reopen"], "need a target"),
        (["check", "--json", "no/such/folder.json"], "no such folder"),
        (["check", "--json", "."], "that is a folder"),
        (["check", "--no-such-option"], "--no-such-option"),
        (["judge"], "judge"),
        ([], "required"),
        (["requirements", "NOPE"], "no requirement begins with NOPE"),
    ],
)
def test_wrong_arguments_are_a_usage_error(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in usage_error(arguments, capsys)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("targets", "expected package.module:factory"),
        ("targets.py:Good", "there is no module `targets.py`; leave out the .py"),
        (":Good", "expected package.module:factory"),
        (".targets:Good", "expected package.module:factory"),
        ("no_such_module:make", "there is no module `no_such_module`"),
        ("targets:missing", "`targets` has no `missing`"),
        ("targets:Good.missing", "`targets` has no `Good.missing`"),
        ("targets:NUMBER", "is a int, neither a Backend nor callable"),
        ("targets:two_arguments", "needs the arguments first, second"),
        ("targets:keyword", "needs the arguments directory"),
    ],
)
def test_a_wrong_target_is_a_usage_error(folder: Path, target: str, expected: str) -> None:
    with imported_from(folder), CallWatch() as watch, pytest.raises(TargetError) as caught:
        load_target(target, watch)

    assert expected in str(caught.value)
    assert str(caught.value).startswith(f"target `{target}`: ")


def test_a_wrong_target_ends_the_run_with_one_line(folder: Path) -> None:
    done = run(folder, "check", "targets:Good", "targets:missing")

    assert done.returncode == 2
    *progress, last = done.stderr.splitlines()
    assert last == "telltale-conformance: target `targets:missing`: `targets` has no `missing`"
    assert all(line.startswith("judging targets:Good: ") for line in progress)


def test_a_module_that_does_not_import_is_a_backend_that_does_not_start(folder: Path) -> None:
    names = ("raising:make", "broken:make", "ending:make", "importing:make")
    done = run(folder, "check", *names, "--json", "report.json")
    report = Report.from_json((folder / "report.json").read_text())

    assert done.returncode == 4
    assert "Traceback" not in done.stdout + done.stderr
    assert [backend.name for backend in report.backends] == list(names)
    assert [backend.fault for backend in report.backends] == [
        "importing `raising` raised RuntimeError: not today",
        "importing `broken` raised SyntaxError: invalid syntax (broken.py, line 1)",
        "importing `ending` raised SystemExit: 0",
        "importing `importing` raised ModuleNotFoundError: No module named 'no_such_driver'",
    ]


# Backends that do not start or stop answering


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("sleeps", "the factory did not end within 0.3 seconds"),
        ("spins", "the factory did not end within 0.3 seconds"),
        ("locked", "the factory did not end within 0.3 seconds"),
        ("HangsOnClose", "closing a new HangsOnClose did not end within 0.3 seconds"),
        ("ends", "the factory raised SystemExit: 3"),
        ("raises", "the factory raised KeyError"),
        ("nothing", "the factory returned a NoneType, which is neither an agreement WAL"),
        ("mapping", "the factory returned a dict"),
    ],
)
def test_a_factory_that_gives_no_backend_says_why(folder: Path, target: str, expected: str) -> None:
    with imported_from(folder), CallWatch(0.3) as watch, pytest.raises(BackendFault) as caught:
        load_target(f"targets:{target}", watch)

    assert expected in caught.value.message


FAULTS = {
    "sleeps": "the factory did not end within 1 seconds",
    "ends": "the factory raised SystemExit: 3",
    # What no interrupt reaches is ended from outside.
    "stubborn": "one call did not end within",
    "regex": "no sign of life for 6 seconds (while trying the factory)",
    "ends_hard": "its process ended by itself with status 7 (while trying the factory)",
    "kills_itself": "its process was ended by SIGKILL",
    "interrupts": "the backend raised KeyboardInterrupt",
    "closes_everything": "(while trying the factory)",
    "HangsAtThird": "no answer within 1 seconds from: append",
}


def test_a_backend_that_cannot_be_judged_says_why_in_bounded_time(folder: Path) -> None:
    begun_at = time.monotonic()
    status, report = checked(folder, *FAULTS)

    assert status == 4
    assert time.monotonic() - begun_at < 100
    for backend, (name, expected) in zip(report.backends, FAULTS.items(), strict=True):
        assert expected in fault(backend), name
    # The way there is told, and what the backend declares is known by then.
    assert "operations, the last: " in fault(report.backends[-1])
    assert report.backends[-1].rejection_mode == "clean-reject"


def test_a_module_that_never_finishes_its_import_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sleeping.py").write_text("import time\ntime.sleep(1000)")
    monkeypatch.setattr("conformance.run.worker._IDLE_SECONDS_MAX", 7.0)
    monkeypatch.chdir(folder)

    assert main(["check", "sleeping:make", "--call-timeout", "1"]) == 4
    # A slow machine may not even have come to the import by then.
    assert "nothing happened for 7 seconds (while" in capsys.readouterr().out


# Backends that answer wrongly


def test_wrong_answers_are_violations(folder: Path) -> None:
    expected = {
        "RaisesOnAppend": ("WAL-09", "raised KeyError: 'lost'"),
        "EndsOnAppend": ("WAL-09", "raised SystemExit: 0"),
        "LoadsDicts": ("WAL-07", "a list: [{}]"),
    }
    only = ("--only", "WAL-07", "--only", "WAL-09")
    status, report = checked(folder, *expected, options=only)

    assert status == 1
    for backend, (requirement_id, actual) in zip(report.backends, expected.values(), strict=True):
        result = backend.result(requirement_id)
        assert result is not None
        assert result.verdict is Verdict.FAIL
        assert result.counterexample is not None
        assert actual in result.counterexample.actual


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_what_a_backend_starts_ends_with_the_run(folder: Path) -> None:
    """The output would not end before the last process that holds it."""
    status, report = checked(folder, "Forks", "Threads", options=("--only", "WAL-07"))

    assert status == 0
    assert [backend.fault for backend in report.backends] == [None, None]


def test_a_fault_of_the_suite_is_told_from_one_of_the_backend(folder: Path) -> None:
    done = run(folder, "check", "targets:breaks_the_suite")

    assert done.returncode == 5
    assert done.stderr.startswith("telltale-conformance: this is a fault of telltale-conformance")
    assert "TypeError" in done.stderr


# What is asked for


@pytest.mark.nightly
def test_without_a_target_the_shipped_backends_are_judged(folder: Path) -> None:
    done = run(folder, "check", "--only", "WAL-07", "--json", "report.json")
    report = Report.from_json((folder / "report.json").read_text())

    assert done.returncode == 0
    assert {"memory", "file", "sqlite"} <= {backend.name for backend in report.backends}


def test_nothing_that_binds_is_inconclusive_and_prints_do_not_mix_with_the_report(
    folder: Path,
) -> None:
    done = run(folder, "check", "targets:Noisy", "--only", "WAL-08")

    assert done.returncode == 3
    assert "targets:Noisy: inconclusive" in done.stdout
    assert "noise" not in done.stdout
    assert "noise" in done.stderr


def test_promises_are_read_from_the_target_and_from_the_options(folder: Path) -> None:
    with imported_from(folder), CallWatch() as watch:
        declared = load_target("targets:Declared", watch)
        named = load_target("targets:backend", watch)
    given = redeclared(declared, ("exact-messages",), None)

    assert [declared.name, named.name] == ["targets:Declared", "named"]
    assert [declared.capabilities, named.capabilities] == [{Capability.REOPEN}, set()]
    assert declared.rejection_mode is RejectionMode.UNKNOWN_OUTCOME
    assert given.capabilities == {Capability.EXACT_MESSAGES}
    # What is not given anew is kept.
    assert given.rejection_mode is RejectionMode.UNKNOWN_OUTCOME
    assert redeclared(named, (), "keeps-rejected").rejection_mode is RejectionMode.KEEPS_REJECTED


def test_what_nothing_judges_is_a_usage_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = BackendReport("b", [], "clean-reject", [], [], [])
    monkeypatch.setattr("conformance.run.worker.run_jobs", lambda jobs, **rest: [empty])

    assert main(["check", "targets:Good", "--only", "WAL-07"]) == 2
    assert "nothing judges WAL-07" in capsys.readouterr().err


# The report as a file


@pytest.mark.nightly
def test_equal_runs_write_equal_files(folder: Path) -> None:
    """Neither hashes nor addresses nor folders of this run are in a report."""
    texts = []
    for hash_seed in ("1", "2"):
        targets = ("targets:NotEmpty", "targets:Inclusive")
        only = ("--only", "WAL-05", "--only", "WAL-09")
        arguments = ("check", *targets, *only, "--json", "report.json")
        done = run(folder, *arguments, PYTHONHASHSEED=hash_seed)
        assert done.returncode == 1
        texts.append((folder / "report.json").read_bytes())

    assert texts[0] == texts[1]
    assert b"no <directory> for <object object at 0x...>" in texts[0]
    text = texts[0].decode()
    assert Report.from_json(text) == Report.from_dict(json.loads(text))
    assert Report.from_json(text).to_text() == text


def test_only_the_report_and_the_replays_are_left_behind(folder: Path) -> None:
    temporary = folder / "temporary"
    temporary.mkdir()
    before = {*names_in(folder), "report.json", ".telltale"}
    arguments = ("check", "targets:stubborn", "targets:NotEmpty", "--call-timeout", "1")
    done = run(folder, *arguments, "--json", "report.json", TMPDIR=str(temporary))

    assert done.returncode == 4
    assert names_in(temporary) == set()
    assert names_in(folder) - {"__pycache__"} == before


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_replaced_whole_or_not_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = BackendReport("b", [], "clean-reject", [], [], [], "did not \udc80 start")
    monkeypatch.setattr("conformance.run.worker.run_jobs", lambda jobs, **rest: [empty])
    monkeypatch.chdir(folder)
    path = folder / "report.json"
    path.write_text("old")
    link = folder / "link.json"
    link.symlink_to(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
        assert main(["check", "a:b", "--json", "report.json"]) == 2
    assert "--json report.json: no space" in capsys.readouterr().err
    assert path.read_text() == "old"
    assert not list(folder.glob(".*partial"))

    assert main(["check", "a:b", "--json", "link.json"]) == 4
    assert link.is_symlink()
    assert Report.from_json(path.read_text()).backends == [empty]
    assert main(["check", "a:b", "--json", os.devnull]) == 4
    assert not Path(os.devnull).is_file()


# The terminal


def test_an_interrupt_ends_the_run_and_its_processes(folder: Path) -> None:
    (folder / "sleeping.py").write_text(
        "import os, time\nopen('started', 'w').write(str(os.getpid()))\ntime.sleep(1000)"
    )
    process = subprocess.Popen(
        command("check", "sleeping:make"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs things in the background makes them ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    started = folder / "started"
    wait_until(lambda: started.exists() and bool(started.read_text()))
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)

    assert process.returncode == 130
    assert errors == "telltale-conformance: interrupted\n"
    assert "Traceback" not in output
    wait_until(lambda: not is_running(int(started.read_text())))


def test_a_run_whose_parent_is_gone_ends(folder: Path) -> None:
    (folder / "sleeping.py").write_text(
        "import os, time\nopen('started', 'w').write(str(os.getpid()))\ntime.sleep(1000)"
    )
    process = subprocess.Popen(
        command("check", "sleeping:make"), cwd=folder, env=environment(), stderr=subprocess.DEVNULL
    )
    started = folder / "started"
    wait_until(lambda: started.exists() and bool(started.read_text()))
    process.kill()
    process.wait(20)

    wait_until(lambda: not is_running(int(started.read_text())))


def wait_until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    # Whoever inherited it may not have looked after it yet.
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("arguments", [["requirements"], ["--help"], ["--version"]])
def test_a_reader_who_leaves_is_no_error(arguments: list[str], folder: Path) -> None:
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()

    assert process.wait(60) == 0
    assert errors == b""


def test_a_reader_who_leaves_changes_no_verdict(folder: Path) -> None:
    words = command("check", "targets:Inclusive", "--only", "WAL-05")
    script = f"{' '.join(words)} | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script}"],  # noqa: S607
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    progress = "judging targets:Inclusive: "
    assert done.stderr
    assert all(line.startswith(progress) for line in done.stderr.splitlines())


def test_output_is_readable_anywhere(folder: Path) -> None:
    (folder / "odd.py").write_text(
        "from conformance import Backend\n"
        "def make():\n    raise KeyError('[red]\\x1b[31mé\\u202e\\udc80')\n"
    )
    done = run(folder, "check", "odd:make", PYTHONIOENCODING="ascii", NO_COLOR="1", COLUMNS="200")

    assert done.returncode == 4
    assert "\x1b" not in done.stdout
    # Escaped twice: by the exception's own repr, or by us.
    assert "[red]" in done.stdout
    assert "Traceback" not in done.stderr


def test_help_imports_nothing_that_a_page_of_help_does_not_need() -> None:
    """A page of help is there at once: no command, no record and no library is imported for it."""
    code = (
        "import sys\n"
        "from conformance.__main__ import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as ended:\n    assert not ended.code\n"
        "heavy = {'cbor2', 'dataclasses_json', 'hypothesis', 'pytest', 'rich', 'sqlite3'}\n"
        "commands = {each for each in sys.modules if each.startswith('conformance.commands.')}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
        "assert commands == {'conformance.commands.arguments'}, commands\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_named_and_explained_once(name: str) -> None:
    """The table that the help is made of names modules that call themselves so."""
    module = importlib.import_module(f"conformance.commands.{name.replace('-', '_')}")
    assert name == module.NAME
