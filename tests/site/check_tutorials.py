"""Run every block of the tutorials, and compare what comes with what they say.

Not part of the plain test run, as it installs the project anew: `tox run -e site` runs it.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from examples.stores.conftest import missing
from examples.stores.servers import ServerMissingError
from tests.site.blocks import Command, WrittenFile, steps_of
from tests.site.session import Printed, Session, session

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs").glob("tutorial-*.md"))
# What a wheel is made of.
SOURCES = ("telltale_spec", "strategies", "conformance", "pyproject.toml", "README.md")
LICENSES = ("LICENSE-APACHE", "LICENSE-MIT")
_TIME = re.compile(r"\b\d+(\.\d+)?( ?s\b| seconds\b)( \(\d+:\d\d:\d\d\))?")
_PLACE = re.compile(r"\S+/site-packages/\S+:\d+")
_FETCHING = re.compile(r"PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE$|.*_proxy$", re.IGNORECASE)
_RULE = re.compile(r"={3,}")


@contextmanager
def built_wheels() -> Iterator[Path]:
    """Yield a folder with the wheel of this checkout, in which everybody may read."""
    with tempfile.TemporaryDirectory(prefix="tt-wheels-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for each in (*SOURCES, *LICENSES):
            source = ROOT / each
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "tests", ".*")
                shutil.copytree(source, folder / "source" / each, ignore=ignored)
            else:
                (folder / "source").mkdir(exist_ok=True)
                shutil.copy(source, folder / "source")
        words = ["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
        done = subprocess.run(
            [sys.executable, "-m", *words, str(folder / "source")],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.rmtree(folder / "source")
        yield folder


@contextmanager
def opened_shell(wheels: Path) -> Iterator[Session]:
    """Yield a shell in an empty folder, with nothing of this environment around."""
    # PostgreSQL refuses to run as root, and its sockets have short names.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="tt-tutorial-", dir="/tmp") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        with session(folder, _environment(folder, wheels), user) as opened:
            yield opened


@pytest.fixture(scope="module")
def wheels() -> Iterator[Path]:
    """Give the folder of the wheel."""
    with built_wheels() as folder:
        yield folder


@pytest.fixture
def shell(wheels: Path) -> Iterator[Session]:
    """Give a shell to one tutorial."""
    with opened_shell(wheels) as opened:
        yield opened


def _environment(folder: Path, wheels: Path) -> dict[str, str]:
    python = Path(sys.executable).resolve().parent
    servers = [str(each) for each in sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]]
    return {
        # How packages are fetched is set for this machine, and has to hold for the tutorial too.
        **{key: value for key, value in os.environ.items() if _FETCHING.match(key)},
        "PATH": os.pathsep.join([str(python), *servers, os.environ["PATH"]]),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        "PIP_FIND_LINKS": " ".join([str(wheels), os.environ.get("PIP_FIND_LINKS", "")]),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def plain(text: str) -> str:
    """Return what was printed, without what is another one each time."""
    for pattern, word in ((_RULE, "==="), (_TIME, "TIME"), (_PLACE, "PLACE")):
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def carried_out(document: Path, shell: Session) -> dict[Command, Printed]:
    """Write and run each step of a document; return what each command printed."""
    printed = {}
    for step in steps_of(document.read_text(encoding="utf-8")):
        if isinstance(step, WrittenFile):
            made = shell.run(f"mkdir -p {shlex.quote(str(Path(step.path).parent))}")
            assert made.status == 0, made.errors
            here = Path(shell.run("pwd").output)
            (here / step.path).write_text(step.text, encoding="utf-8")
        else:
            printed[step] = shell.run(step.words)
    return printed


def problems_of(printed: dict[Command, Printed]) -> Iterator[str]:
    """Yield what a text does not tell: other output, or a command that fails unmentioned."""
    commands = list(printed)
    for command, following in zip(commands, [*commands[1:], None], strict=True):
        done = printed[command]
        if done.status and (following is None or following.words != "echo $?"):
            yield (
                f"line {command.line}: `{command.words}` ends with {done.status}, and no"
                f" `echo $?` behind it says so\n{done.output}\n{done.errors}"
            )
        told, said = plain(command.output).splitlines(), plain(done.output).splitlines()
        if told != said:
            lines = difflib.unified_diff(told, said, "the text", "the command", lineterm="")
            yield "\n".join([f"line {command.line}: {command.words}", *lines, done.errors])


def workflow_commands(document: Path) -> list[str]:
    """Return what the workflow files of a document run."""
    files = [
        step
        for step in steps_of(document.read_text(encoding="utf-8"))
        if isinstance(step, WrittenFile) and step.path.startswith(".github/workflows/")
    ]
    return [
        step["run"]
        for file in files
        for job in yaml.safe_load(file.text)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]


def _needs_postgresql(shell: Session) -> None:
    """Leave a tutorial out where there is no PostgreSQL, and say so; in CI that is a failure."""
    if shell.run("command -v initdb pg_ctl postgres").status:
        missing(ServerMissingError("PostgreSQL is not installed: `apt-get install postgresql`"))


@pytest.mark.parametrize("document", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_as_it_stands(document: Path, shell: Session) -> None:
    """Its files, its commands, what they print, and what its workflow would run."""
    if "initdb" in document.read_text(encoding="utf-8"):
        _needs_postgresql(shell)
    assert list(problems_of(carried_out(document, shell))) == []
    for words in workflow_commands(document):
        done = shell.run(words)
        assert done.status == 0, f"{words}\n{done.output}\n{done.errors}"


def test_the_store_of_the_tutorial_is_the_example() -> None:
    """What is shown is the file that the checks of the stores run."""
    document = ROOT / "docs" / "tutorial-postgresql.md"
    shown = {
        step.path: step.text
        for step in steps_of(document.read_text(encoding="utf-8"))
        if isinstance(step, WrittenFile)
    }
    example = ROOT / "examples" / "stores" / "postgresql_store.py"

    assert shown["postgresql_store.py"] == example.read_text(encoding="utf-8")


def test_the_only_workflow_is_found() -> None:
    """It has commands, so that running them proves something."""
    found = [words for document in TUTORIALS for words in workflow_commands(document)]

    assert [words.split()[0] for words in found] == ["pip", "telltale-conformance"]
