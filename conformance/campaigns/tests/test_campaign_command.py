"""The command from its arguments to its exit status, with real workers where it matters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.campaigns import plan as plans
from conformance.campaigns.store import Store
from conformance.campaigns.tests.fakes import campaign, group_lives, right
from conformance.campaigns.tests.test_campaign_schema import problems
from conformance.tests.usage import usage_error

TARGETS = """
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
class Right(InMemoryEvidenceOutcomeCache):
    pass
class Rare(InMemoryEvidenceOutcomeCache):
    def __init__(self, history):
        super().__init__()
        self.is_lossy = history.seed % 5 == 3
        self.puts = 0
    def put(self, entry):
        self.puts += 1
        if not self.is_lossy or self.puts != 3:
            super().put(entry)
class Talkative(InMemoryEvidenceOutcomeCache):
    def __init__(self, history):
        raise RuntimeError(f"no connection to {history.options['password']}")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of targets, in which a campaign has the two groups of a cache alone."""
    (tmp_path / "campaign_targets.py").write_text(TARGETS)
    monkeypatch.chdir(tmp_path)
    own = tuple(
        each
        for each in plans.groups()
        if each.name in ("evidence_cache", "evidence_cache, without chance")
    )
    assert len(own) == 2
    monkeypatch.setattr(plans, "groups", lambda *, tour: own)
    return tmp_path


def status_of(*words: str) -> int:
    return main(["campaign", "--jobs", "2", *words])


def test_a_right_backend_ends_conforming(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("campaign_targets:Right", "--units", "3", "--json", "report.json") == 0

    shown = capsys.readouterr()
    assert "campaign 1: 3 units on seeds 0 to 1" in shown.out
    assert "unseen (Good-Turing, 2 units by chance)" in shown.out
    assert shown.err == ""
    tree = json.loads((folder / ".telltale" / "campaign" / "campaign.json").read_text())
    assert tree["report"] == json.loads((folder / "report.json").read_text())
    assert problems(tree) == []


@pytest.mark.nightly
def test_a_failure_on_rare_seeds_is_found_by_the_next_campaign(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seeds 0 to 2 show nothing, the fourth does; it is tried again on the seed that it needs."""
    target = "campaign_targets:Rare"

    assert status_of(target, "--units", "4") == 0
    assert status_of(target, "--units", "2") == 1
    capsys.readouterr()
    assert status_of(target, "--units", "1") == 1

    shown = capsys.readouterr().out
    assert "still failing" in shown
    written = json.loads((folder / ".telltale" / "campaign" / "campaign.json").read_text())
    assert problems(written) == []
    assert "telltale-conformance replay .telltale/campaign/failures/campaign_targets_Rare-" in shown


@pytest.mark.nightly
def test_a_failure_on_rare_seeds_is_found_by_one_campaign(folder: Path) -> None:
    assert status_of("campaign_targets:Rare", "--units", "5") == 1
    assert list((folder / ".telltale").rglob("CACHE*.json"))


def test_no_secret_is_written(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither that of an option, in a text of the backend, nor that of a command."""
    words = ["campaign_targets:Talkative", "--target-option", "password=hunter22"]
    words += ["--command", "no-such-harness --token hunter33", "--units", "4"]

    try:
        assert status_of(*words) == 4
    finally:
        os.environ.pop("TELLTALE_TARGET_OPTION_PASSWORD", None)
    shown = capfd.readouterr()
    written = "".join(
        path.read_text() for path in (folder / ".telltale").rglob("*") if path.is_file()
    )
    for text in (shown.out, shown.err, written):
        assert "hunter" not in text
    assert "***" in written


@pytest.mark.parametrize("text", ["8", "8x", "h", "-1h", "0s", "1e3s", "", "８h"])
def test_a_time_that_is_none_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    complaint = usage_error(["campaign", "m:x", f"--for={text}"], capsys)

    assert f"expected a time such as 30s, 10m or 8h, got `{text}`" in complaint


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["m:x"], "give --for TIME, as in --for 8h, or --units N"),
        (["--units", "3"], "give a target"),
        (["m:x", "--units", "0"], "expected a whole number above 0, got `0`"),
        (["m:x", "--units", "3", "--jobs", "2", "--scheduler", "tcp://h:1"], "give one of them"),
        (["m:x", "--units", "3", "--capability", "wings"], "capability `wings`: expected one of"),
        (["m:x", "--units", "3", "--store", __file__], "that is no folder"),
    ],
)
def test_wrong_arguments_are_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in usage_error(["campaign", *words], capsys)


def test_a_store_that_is_in_use_or_newer_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign(tmp_path, right, 1)
    words = ["campaign", "m:x", "--units", "3", "--store", str(tmp_path)]

    with Store(tmp_path):
        assert "another campaign is at work on it" in usage_error(words, capsys)
    state = tmp_path / "state.json"
    state.write_text(state.read_text().replace("campaign-store.v1", "campaign-store.v9"))
    assert "written by a newer version" in usage_error(words, capsys)


def test_a_scheduler_that_does_not_answer_is_told_without_its_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install 'telltale-spec[campaign]'"
    )
    monkeypatch.setattr("conformance.campaigns.dask_executor._CONNECT_SECONDS_MAX", 1)
    words = ["campaign", "m:x", "--units", "3", "--store", str(tmp_path)]
    words += ["--scheduler", "tcp://me:hunter22@127.0.0.1:9"]

    assert main(words) == 2
    told = capsys.readouterr().err
    assert "cannot be reached" in told
    assert "hunter" not in told


def test_without_dask_the_extra_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["campaign", "m:x", "--units", "3", "--scheduler", "tcp://127.0.0.1:9"]

    told = usage_error([*words, "--store", str(tmp_path)], capsys)

    assert "pip install 'telltale-spec[campaign]'" in told


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_campaign_keeps_what_is_done(tmp_path: Path, number: signal.Signals) -> None:
    """It says how to go on, and ends all of its workers first."""
    words = [sys.executable, "-m", "conformance", "campaign", "--for", "1h", "--jobs", "2"]
    words += ["telltale_spec.backends.memory:InMemoryEvidenceOutcomeCache", "--store"]
    process = subprocess.Popen(
        [*words, str(tmp_path / "store")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    state = tmp_path / "store" / "state.json"
    limit = time.monotonic() + 300
    try:
        while not (state.exists() and json.loads(state.read_text())["done"]):
            assert time.monotonic() < limit, "no unit was done"
            time.sleep(0.1)
        process.send_signal(number)
        _, told = process.communicate(timeout=240)
    finally:
        # Where something went wrong it would go on for its hour, beside all other tests.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    assert process.returncode == 130, told
    assert "the same command goes on with them" in told
    assert "Traceback" not in told
    assert json.loads(state.read_text())["is_open"]
    while group_lives(process.pid):
        # What watches over resources ends by itself, a little later.
        assert time.monotonic() < limit, "a worker is still there"
        time.sleep(0.1)
