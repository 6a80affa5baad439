"""A search on disk is the search in memory, and leaves nothing behind however it ends."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.checker.engines import ENGINES, check_model, is_installed
from conformance.checker.model import FAITHFUL, HARDENED
from conformance.checker.models.registry import build
from conformance.checker.results import Budget
from conformance.errors import UsageError

pytest.importorskip("numpy", reason="the fast engines need NumPy")

import numpy

from conformance.checker import spilled, vector
from conformance.checker.tests.test_engines import counts

FAST = tuple(each for each in ENGINES if each != "plain" and is_installed(each))

SEARCHES = (
    ("handles", FAITHFUL, 2, False),
    ("visibility", FAITHFUL, 2, False),
    ("storage", "rename", 1, False),
    ("recovery", FAITHFUL, 1, False),
    ("effects", FAITHFUL, 2, False),
    ("write-ahead", HARDENED, 2, True),
)
_TINY = Budget(bytes_max=4_096)


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize(("name", "variant", "slots_count", "symmetry"), SEARCHES)
@pytest.mark.by_day(6)
def test_a_search_on_disk_is_the_search_in_memory(
    name: str, variant: str, slots_count: int, symmetry: bool, engine: str, tmp_path: Path
) -> None:
    """Counts, verdicts and every trace are the same, with few bytes for hundreds of thousands."""
    model = build(name, variant)
    in_memory = check_model(model, slots_count, engine=engine, symmetry=symmetry)
    on_disk = check_model(
        model,
        slots_count,
        engine=engine,
        symmetry=symmetry,
        budget=Budget(bytes_max=256),
        spill=tmp_path / "spill",
    )

    assert counts(on_disk) == counts(in_memory)
    assert on_disk.stopped_because is None
    assert not (tmp_path / "spill").exists()


def test_it_is_the_disk_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[spilled.SpilledVisited] = []
    sizes: list[int] = []

    class Seen(spilled.SpilledVisited):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

        def next_level(self) -> Any:
            found = super().next_level()
            sizes.append(self.disk_bytes_count)
            return found

    monkeypatch.setattr(vector, "SpilledVisited", Seen)
    monkeypatch.setattr(spilled, "_RUNS_MAX", 2)
    model = build("effects", FAITHFUL)
    result = check_model(model, 2, engine="numpy", budget=_TINY, spill=tmp_path)

    assert len(made) == 1
    # The last level has no state, and every state is 8 bytes.
    assert sizes[-1] == result.states_count * 8 > 4_096
    assert made[0].bytes_count == 0
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_the_same_budget_is_inconclusive() -> None:
    result = check_model(build("effects", FAITHFUL), 2, engine="numpy", budget=_TINY)
    assert "the budget is 4096" in (result.stopped_because or "")


@pytest.mark.parametrize("engine", FAST)
def test_an_interrupt_keeps_a_checkpoint_that_any_search_goes_on_with(
    engine: str, tmp_path: Path
) -> None:
    model = build("effects", FAITHFUL)
    whole = check_model(model, 2, engine=engine)
    kept, spill = tmp_path / "kept", tmp_path / "spill"
    for part in (1, 2, 3):
        budget = Budget(states_max=whole.states_count * part // 5, bytes_max=256)
        stopped = check_model(
            model,
            2,
            engine=engine,
            budget=budget,
            checkpoint=kept,
            resume=part > 1,
            spill=spill,
        )
        assert "--resume" in (stopped.stopped_because or "")
        assert not spill.exists()
    rest = Budget(bytes_max=4_096)
    result = check_model(
        model, 2, engine=engine, budget=rest, checkpoint=kept, resume=True, spill=spill
    )

    assert counts(result) == counts(whole)
    assert list(kept.iterdir()) == []


def _full(*_arguments: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_has_words_of_its_own_and_is_inconclusive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spilled.SpilledVisited, "_write_run", _full)
    model = build("effects", FAITHFUL)
    result = check_model(
        model, 2, engine="numpy", budget=Budget(bytes_max=256), spill=tmp_path / "spill"
    )

    assert f"the disk of {tmp_path / 'spill'} is full" in (result.stopped_because or "")
    assert "larger one (level " in (result.stopped_because or "")
    assert not (tmp_path / "spill").exists()


def test_any_other_fault_of_the_disk_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(spilled.SpilledVisited, "_write_run", broken)
    with pytest.raises(OSError, match="Input/output"):
        check_model(
            build("effects", FAITHFUL),
            2,
            engine="numpy",
            budget=Budget(bytes_max=256),
            spill=tmp_path,
        )
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("", encoding="utf-8")
    model = build("handles", FAITHFUL)
    with pytest.raises(UsageError, match="--spill"):
        check_model(model, 2, engine="numpy", spill=place)
    with pytest.raises(UsageError, match="plain"):
        check_model(model, 2, engine="plain", spill=tmp_path)


def test_the_command_goes_on_where_memory_is_used_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["model", "check", "effects", "--hardened", "--bound", "2", "--bytes-max", "256"]
    assert main(options) == 3
    assert main([*options, "--spill", str(tmp_path / "spill")]) == 0
    assert "4216 states" in capsys.readouterr().out.replace(",", "")


@pytest.mark.parametrize("block", [1, 3, 1_000])
def test_a_merge_gives_each_word_once_and_ascending(block: int) -> None:
    chance = numpy.random.default_rng(5)
    sources = [numpy.unique(chance.integers(0, 300, size)) for size in (0, 1, 50, 200)]
    merged = numpy.concatenate(list(spilled._merged(sources, block)))

    assert merged.tolist() == numpy.unique(numpy.concatenate(sources)).tolist()


@pytest.mark.parametrize("size", [0, 1, 20, 290])
def test_what_a_level_has_is_left_out(size: int) -> None:
    chance = numpy.random.default_rng(7)
    words = numpy.unique(chance.integers(0, 300, 60))
    level = numpy.unique(chance.integers(0, 300, size))
    left = spilled._without(words, level)

    assert left.tolist() == [each for each in words.tolist() if each not in set(level.tolist())]
