"""The folder of a campaign: whose it is, of which version, and that it is never half written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.campaigns.store import STORE_FORMAT, Store
from conformance.campaigns.tests.fakes import campaign, right
from conformance.errors import CampaignError


def changed(folder: Path, **fields: object) -> None:
    path = folder / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_newer_version_is_told_by_name(tmp_path: Path) -> None:
    campaign(tmp_path, right, 1)
    changed(tmp_path, format="telltale-conformance.campaign-store.v2")

    with pytest.raises(CampaignError, match=r"written by a newer version .*v2.* use that version"):
        Store(tmp_path)
    # And the lock is free again.
    changed(tmp_path, format=STORE_FORMAT)
    Store(tmp_path).close()


@pytest.mark.parametrize("text", ["", "[]", '{"format": "other"}', "{", '{"number": 1}'])
def test_a_damaged_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)

    with pytest.raises(CampaignError, match="is damaged"):
        Store(tmp_path)


def test_fields_that_are_missing_are_damage(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"format": STORE_FORMAT}))

    with pytest.raises(CampaignError, match="is damaged"):
        Store(tmp_path)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")

    with pytest.raises(CampaignError, match=r"it has `thesis.txt` and is no store"):
        Store(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CampaignError, match="that is no folder"):
        Store(tmp_path / "file")


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks on Windows")
def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from conformance.campaigns.store import Store\n"
        "store = Store(Path(sys.argv[1])); print('open', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(CampaignError, match="another campaign is at work on it"):
            Store(tmp_path)
    finally:
        holder.kill()
        holder.communicate(timeout=30)
    Store(tmp_path).close()


def test_what_was_written_by_half_is_removed(tmp_path: Path) -> None:
    campaign(tmp_path, right, 1)
    partial = tmp_path / ".state.json.123.partial"
    partial.write_text("{")

    with Store(tmp_path) as store:
        assert store.state is not None
    assert not partial.exists()


def test_a_write_that_fails_leaves_the_state_that_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path, right, 1)
    before = (tmp_path / "state.json").read_text()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with Store(tmp_path) as store:
        assert store.state is not None
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(CampaignError, match=r"state.json: No space left"):
            store.write_state(store.state)
    assert (tmp_path / "state.json").read_text() == before
    assert not list(tmp_path.glob(".*partial"))
