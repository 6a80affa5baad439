"""A search that was interrupted goes on as if it had not been, or says why it cannot."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.checker.engines import ENGINES, check_model, is_installed
from conformance.checker.model import FAITHFUL, HARDENED, Model
from conformance.checker.models.registry import build
from conformance.checker.results import Budget, SearchResult
from conformance.errors import CheckpointDamagedError, CheckpointError, UsageError

pytest.importorskip("numpy", reason="the fast engines need NumPy")

from conformance.checker import vector
from conformance.checker.tests.test_engines import counts

FAST = tuple(each for each in ENGINES if each != "plain" and is_installed(each))

SEARCHES = (
    ("handles", FAITHFUL, 2, False),
    ("write-ahead", HARDENED, 2, True),
    ("effects", HARDENED, 2, False),
)


def _is_open(result: SearchResult) -> bool:
    return result.stopped_because is not None


def _in_steps(
    model: Model,
    slots_count: int,
    folder: Path,
    budgets: list[Budget],
    engines: tuple[str, ...],
    **options: Any,
) -> tuple[SearchResult, int]:
    """Search with one budget after the other, and at last without any."""
    times = 0
    result: SearchResult | None = None
    for budget, engine in zip([*budgets, Budget()], itertools.cycle(engines), strict=False):
        resume = times > 0
        result = check_model(
            model,
            slots_count,
            engine=engine,
            budget=budget,
            checkpoint=folder,
            resume=resume,
            **options,
        )
        if not _is_open(result):
            break
        times += 1
        assert "--resume" in (result.stopped_because or "")
    assert result is not None
    return result, times


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize(("name", "variant", "slots_count", "symmetry"), SEARCHES)
def test_a_search_in_parts_is_the_whole_search(
    name: str,
    variant: str,
    slots_count: int,
    symmetry: bool,
    engine: str,
    is_sparse: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = build(name, variant)
    if is_sparse:
        monkeypatch.setattr(vector, "_is_dense", lambda _states, _bytes: False)
    if symmetry and not model.symmetric:
        pytest.fail("this model has no symmetry to be tried")
    whole = check_model(model, slots_count, engine=engine, symmetry=symmetry)
    budgets = [Budget(states_max=max(1, whole.states_count * part // 7)) for part in (1, 3, 6)]
    result, times = _in_steps(
        model, slots_count, tmp_path / "kept", budgets, (engine,), symmetry=symmetry
    )

    assert counts(result) == counts(whole)
    assert times >= 2
    # The search is over, and what it left behind is gone.
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.skipif(len(FAST) < 2, reason="there is one fast engine only")
def test_engines_go_on_with_each_others_checkpoints(tmp_path: Path) -> None:
    model = build("write-ahead", HARDENED)
    budgets = [Budget(states_max=count) for count in (10, 1_000, 30_000)]
    result, times = _in_steps(model, 2, tmp_path, budgets, FAST)

    assert times == 3
    assert counts(result) == counts(check_model(model, 2, engine="numpy"))


def _clock_that_jumps_at(call: int) -> Callable[[], float]:
    ticks = itertools.count()
    return lambda: 1_000.0 if next(ticks) >= call else 0.0


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("call", [8, 41])
def test_time_that_runs_out_within_a_level_loses_that_level_only(
    call: int, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of a half level are not counted again."""
    monkeypatch.setattr(vector, "_CHUNK", 256)
    model = build("effects", FAITHFUL)
    whole = check_model(model, 2, engine=engine)
    budget = Budget(seconds_max=10.0, clock=_clock_that_jumps_at(call))
    result, times = _in_steps(model, 2, tmp_path, [budget], (engine,))

    assert times == 1
    assert counts(result) == counts(whole)


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("call", [1, 30, 77])
def test_an_interrupt_keeps_what_there_is(
    call: int, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector, "_CHUNK", 256)
    model = build("effects", FAITHFUL)
    whole = check_model(model, 2, engine=engine)
    advance, calls = vector.Search.advance, itertools.count(1)
    kind = _search_class(engine)
    own_advance = kind.advance

    def interrupted(self: vector.Search, words: vector.Words) -> dict[str, int]:
        found = own_advance(self, words)
        if next(calls) == call:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patch:
        patch.setattr(kind, "advance", interrupted)
        stopped = check_model(model, 2, engine=engine, checkpoint=tmp_path)
    assert "interrupted at level" in (stopped.stopped_because or "")
    result = check_model(model, 2, engine=engine, checkpoint=tmp_path, resume=True)

    assert vector.Search.advance is advance
    assert counts(result) == counts(whole)


def _search_class(engine: str) -> type[vector.Search]:
    if engine == "numpy":
        return vector.Search
    from conformance.checker.compiled import CompiledSearch

    return CompiledSearch


def test_an_interrupt_without_a_checkpoint_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: vector.Search, words: vector.Words) -> dict[str, int]:
        raise KeyboardInterrupt

    monkeypatch.setattr(vector.Search, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check_model(build("handles", HARDENED), 2, engine="numpy")


def test_a_checkpoint_is_written_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed has the last of them."""
    ticks = itertools.count()
    written: list[str] = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        written.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    budget = Budget(seconds_max=1e9, clock=lambda: 20.0 * next(ticks))
    check_model(build("handles", FAITHFUL), 3, engine="numpy", budget=budget, checkpoint=tmp_path)

    assert written.count("checkpoint.json") > 2


def _interrupted(folder: Path) -> Path:
    """Leave a checkpoint of two handles in a folder."""
    check_model(
        build("handles", FAITHFUL),
        2,
        engine="numpy",
        budget=Budget(states_max=50),
        checkpoint=folder,
    )
    return folder


def test_a_write_that_fails_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupted(tmp_path)
    before = (tmp_path / "checkpoint.json").read_text()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(CheckpointError, match="No space left"):
            check_model(
                build("handles", FAITHFUL),
                2,
                engine="numpy",
                budget=Budget(states_max=100),
                checkpoint=tmp_path,
                resume=True,
            )
    assert (tmp_path / "checkpoint.json").read_text() == before
    assert not list(tmp_path.glob(".*"))
    result = check_model(
        build("handles", FAITHFUL), 2, engine="numpy", checkpoint=tmp_path, resume=True
    )
    assert result.states_count == 212


def _edited(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        file = folder / "checkpoint.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return edit


def _arrays(folder: Path) -> Path:
    (found,) = folder.glob("arrays-*.npz")
    return found


def _flip(folder: Path) -> None:
    data = bytearray(_arrays(folder).read_bytes())
    data[len(data) // 2] ^= 1
    _arrays(folder).write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("spoil", "status", "told"),
    [
        (_edited(format="telltale-conformance.checkpoint.v0"), 2, "its format is"),
        (_edited(model="effects"), 2, "its model is `effects`"),
        (_edited(variant="hardened"), 2, "its variant is `hardened`"),
        (_edited(slots=3), 2, "its slots is `3`"),
        (_edited(symmetry=True), 2, "its symmetry is `True`"),
        (_edited(fingerprint="0" * 32), 2, "the model has changed since"),
        (_edited(level=1), 4, "checkpoint.json is not as it was written"),
        (_edited(arrays="../elsewhere.npz"), 4, "checkpoint.json is not as it was written"),
        (lambda folder: (folder / "checkpoint.json").write_text("{"), 4, "cannot be read"),
        (lambda folder: (folder / "checkpoint.json").write_text("[]"), 4, "holds a list"),
        (lambda folder: _arrays(folder).unlink(), 4, "are missing"),
        (_flip, 4, "is not as it was written"),
        (lambda folder: (folder / "checkpoint.json").unlink(), 2, "there is no checkpoint in it"),
    ],
)
def test_what_is_no_checkpoint_of_this_search_is_told(
    spoil: Callable[[Path], object],
    status: int,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(_interrupted(tmp_path))

    arguments = ["model", "check", "handles", "--checkpoint", str(tmp_path), "--resume"]
    assert main(arguments) == status
    said = capsys.readouterr().err
    assert told in said
    assert str(tmp_path) in said


def test_wrong_usage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    kept = str(_interrupted(tmp_path / "kept"))
    for options, told in (
        (["--resume"], "needs the folder of a checkpoint"),
        (["--checkpoint", kept], "it has a checkpoint; go on with it (--resume)"),
        (["--checkpoint", str(file)], "that is no folder"),
        (["--checkpoint", str(file / "x")], "Not a directory"),
        (["--checkpoint", str(tmp_path / "new"), "--engine", "plain"], "keeps no checkpoint"),
        (["storage", "--checkpoint", str(tmp_path / "new")], "of one model, not of 2"),
    ):
        assert main(["model", "check", "handles", *options]) == 2
        assert told in capsys.readouterr().err


def test_the_command_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = ["--checkpoint", str(tmp_path / "kept")]
    assert main(["model", "check", "handles", "--hardened", *kept, "--states-max", "20"]) == 3
    assert f"go on with --checkpoint {tmp_path / 'kept'} --resume" in "".join(
        capsys.readouterr().out.split("\n")
    )
    assert main(["model", "check", "handles", "--hardened", *kept, "--resume"]) == 0
    assert "60 states" in capsys.readouterr().out
    assert main(["model", "check", "handles", "--hardened", "--bytes-max", "10"]) == 3


def test_arrays_that_do_not_fit_are_damage(tmp_path: Path) -> None:
    """Digests that are right do not make a checkpoint right."""
    import numpy

    from conformance.checker.checkpoints import Checkpoint, Keeper, identity_of
    from conformance.checker.tables import tabulate

    model = build("handles", FAITHFUL)
    identity = identity_of(tabulate(model, 2), symmetry=False)
    keeper = Keeper(tmp_path, resume=False)
    pairs = numpy.zeros(3, dtype=numpy.int64)
    keeper.write(identity, Checkpoint(0, 1, (), {}, {"pairs": pairs}))

    with pytest.raises(CheckpointDamagedError, match="pairs of shape"):
        check_model(model, 2, engine="numpy", checkpoint=tmp_path, resume=True)
    with pytest.raises(UsageError):
        check_model(model, 2, engine="plain", checkpoint=tmp_path, resume=True)
