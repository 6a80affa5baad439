"""No secret of a backend, a command or the environment is in anything that is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.backend import Capability
from conformance.crashes.persistence import FileSystem
from conformance.records.fingerprint import fingerprint_of
from conformance.records.promises import CAPABILITY_NAMES, FILE_SYSTEM_NAMES
from conformance.records.redaction import hidden_text, says_secret, secrets_of
from conformance.records.replays import read_replay
from strategies.accepted_forms import ACCEPTED_FORMS
from strategies.rejected_forms import REJECTED_FORMS

LOG = """
from tests.zoo.broken_wals import ListWal

class Log(ListWal):
    def append(self, entry):
        raise RuntimeError("postgresql://me:hunter22@host/db password=hunter23 of plain-value")
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://me:pa:ss@w@host/1", "redis://***@host/1"),
        ("DB_PASSWORD=abc serve", "DB_PASSWORD=*** serve"),
        ("serve --api-key abc --x 1", "serve --api-key *** --x 1"),
        ("--token=abc", "--token=***"),
        ("secret: 'a b', next", "secret: '***', next"),
        ('{"password": "abc"}', '{"password": "***"}'),
        ("error: pwd=abc", "error: pwd=***"),
        ("of plain-value.", "of ***."),
    ],
)
def test_what_says_that_it_is_secret_is_hidden_once(text: str, expected: str) -> None:
    hidden = hidden_text(text, ("plain-value",))

    assert hidden == expected
    assert hidden_text(hidden, ("plain-value",)) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "the factory raised KeyError: 'a'",
        "https://example.org/a@b",
        "ordering_key=3",
        "monkey=3 keyboard: x",
        "my.secret:Wal",
        'append gate none of "a" for "b:c" at tick 1',
        "--profile quick --seed 3",
    ],
)
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert hidden_text(text) == text


def test_only_long_values_of_telling_names_are_secrets() -> None:
    environment = {"A_TOKEN": "abcd", "B_KEY": "abc", "HOME": "/root/home", "PGPASSWORD": "longer"}

    assert secrets_of(environment) == ("longer", "abcd")
    assert says_secret("clientSecret")
    assert not says_secret("KeyError")


def test_a_fingerprint_does_not_depend_on_a_secret() -> None:
    """A file without the secret is still the file of the same failure."""
    first, second = (
        fingerprint_of("WAL-01", "suite", [], "a", f"password={each}") for each in ("one", "two")
    )

    assert first == second


def test_the_names_of_promises_are_those_of_the_enumeration() -> None:
    assert tuple(each.value for each in Capability) == CAPABILITY_NAMES
    assert tuple(each.value for each in FileSystem) == FILE_SYSTEM_NAMES


def test_no_output_of_a_run_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terminal, JSON, HTML, JUnit, Markdown, badge, replay files: none has the password."""
    (tmp_path / "secretive.py").write_text(LOG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_CREDENTIAL", "plain-value")
    forms = ("json", "html", "junit", "markdown", "badge")
    options = [word for form in forms for word in (f"--{form}", f"report.{form}")]
    status = main(["check", "secretive:Log", "--name", "the store", "--all", *options])
    output = capsys.readouterr()

    assert status == 1
    replays = list(tmp_path.glob(".telltale/replays/*/*.json"))
    assert replays
    texts = [output.out, output.err, *(each.read_text() for each in replays)]
    texts += [(tmp_path / f"report.{form}").read_text() for form in forms]
    for text in texts:
        for secret in ("hunter2", "plain-value"):
            assert secret not in text
    assert any("postgresql://***@host/db" in text for text in texts)
    # A file whose texts were changed is still one that can be carried out.
    for path in replays:
        read_replay(path.read_text(), str(path))
    (backend,) = json.loads((tmp_path / "report.json").read_text())["backends"]
    assert backend["name"] == "the store"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--name", "a"], "--name a: names one backend, and none are given"),
        (["m:a", "m:b", "--name", "a"], "--name a: names one backend, and 2 are given"),
        (["m:a", "--name", " "], "--name ` `: expected a name"),
    ],
)
def test_a_name_is_for_one_backend(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    assert expected in capsys.readouterr().err


def test_the_command_of_a_harness_that_does_not_start_is_hidden(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--command", "there-is-no-such --password hunter22"]) != 0
    output = capsys.readouterr()

    assert "hunter22" not in output.out + output.err
    assert "***" in output.out + output.err


def test_bytes_with_odd_keys_are_shown() -> None:
    """What is tried on a codec is no secret, whatever it is called."""
    for rewrite in (*ACCEPTED_FORMS, *REJECTED_FORMS):
        text = f"decode 3 bytes ({rewrite.label}) 0xa10101"

        assert hidden_text(text) == text


def test_the_folder_of_a_shell_is_no_secret() -> None:
    """A path below it is told whole; a password of the same name in an address is not."""
    folders = {"PWD": "/home/someone", "OLDPWD": "/home/someone/else"}

    assert secrets_of({**folders, "DB_PWD": "hunter2"}) == ("hunter2",)
    assert "hunter2" not in hidden_text("DRIVER=x;PWD=hunter2")
