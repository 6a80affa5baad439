"""A search that was interrupted, in a folder: written whole or not at all, read with suspicion.

The folder has ``checkpoint.json`` and one file of arrays, which the former names
with its digest. A new file of arrays is written and synced beside the old one,
then ``checkpoint.json`` is replaced, then the old arrays are removed: whenever
the process or the machine stops, the folder has a whole checkpoint or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any, Final

import numpy
import numpy.typing

from conformance.checker.tables import Tables
from conformance.errors import CheckpointDamagedError, CheckpointError

__all__ = ["CHECKPOINT_FORMAT", "Checkpoint", "Identity", "Keeper", "identity_of"]

CHECKPOINT_FORMAT: Final = "telltale-conformance.checkpoint.v1"

_MANIFEST: Final = "checkpoint.json"
_CHUNK: Final = 1 << 20

Arrays = Mapping[str, numpy.typing.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which search a checkpoint is of; ``fingerprint`` is that of the model's tables."""

    model: str
    variant: str
    slots: int
    symmetry: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A search that has reached a level and not searched it yet.

    ``broken`` has the level and the packed state of each violation so far, and
    ``arrays`` the counts and the states that were visited.
    """

    level: int
    states_count: int
    global_counts: tuple[int, ...]
    broken: Mapping[str, tuple[int, int]]
    arrays: Arrays


def identity_of(tables: Tables, *, symmetry: bool) -> Identity:
    """Return what a search has to have in common with a checkpoint that it goes on with.

    The fingerprint is of all tables and of every value in them, so that it
    changes with whatever changes what a state is or where it leads.
    """
    digest = hashlib.sha256()
    parts = (
        tables.shared_values,
        tables.slot_values,
        tables.starts,
        [(name, sorted(moves.items())) for name, moves in tables.moves.items()],
        [
            (each.name, sorted(each.shared.items()), sorted(each.slots.items()))
            for each in tables.global_moves
        ],
        [(name, sorted(pairs)) for name, pairs in tables.applies.items()],
        [(name, sorted(pairs)) for name, pairs in tables.broken.items()],
        [
            (each.name, sorted(each.view_of.items()), sorted(each.applies), sorted(each.broken))
            for each in tables.pair_tables
        ],
    )
    for part in parts:
        digest.update(repr(part).encode())
    model = tables.model
    return Identity(
        model.name, model.variant, tables.slots_count, symmetry, digest.hexdigest()[:32]
    )


class Keeper:
    """Keeps the checkpoint of one search in a folder.

    Raises :class:`~conformance.errors.CheckpointError` for a folder that cannot
    be used: one that has a checkpoint already where none is to be resumed, or has
    none where one is.
    """

    def __init__(self, folder: Path, *, resume: bool) -> None:
        self.folder = folder
        self.resume = resume
        manifest = folder / _MANIFEST
        if folder.exists() and not folder.is_dir():
            raise CheckpointError(str(folder), "that is no folder")
        if resume and not manifest.exists():
            raise CheckpointError(str(folder), "there is no checkpoint in it to go on with")
        if not resume and manifest.exists():
            raise CheckpointError(
                str(folder), "it has a checkpoint; go on with it (--resume) or take another folder"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(str(folder), error.strerror or str(error)) from error

    def write(self, identity: Identity, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint by another one."""
        try:
            self._write(identity, checkpoint)
        except OSError as error:
            raise CheckpointError(str(self.folder), error.strerror or str(error)) from error

    def _write(self, identity: Identity, checkpoint: Checkpoint) -> None:
        partial = self.folder / f".arrays.{os.getpid()}.partial"
        arrays: dict[str, Any] = dict(checkpoint.arrays)
        try:
            with partial.open("wb") as file:
                numpy.savez(file, **arrays)
                _flush(file)
            digest = _digest(partial)
            name = f"arrays-{digest[:16]}.npz"
            partial.replace(self.folder / name)
        finally:
            partial.unlink(missing_ok=True)
        tree = {
            "format": CHECKPOINT_FORMAT,
            **asdict(identity),
            "level": checkpoint.level,
            "states": checkpoint.states_count,
            "global_counts": list(checkpoint.global_counts),
            "broken": {name: list(found) for name, found in checkpoint.broken.items()},
            "arrays": name,
            "digest": digest,
        }
        tree["own_digest"] = _own_digest(tree)
        partial = self.folder / f".{_MANIFEST}.{os.getpid()}.partial"
        try:
            with partial.open("w", encoding="utf-8") as text:
                text.write(json.dumps(tree, indent=2) + "\n")
                _flush(text)
            # The arrays have to be found under their name before anything names them.
            _sync_folder(self.folder)
            partial.replace(self.folder / _MANIFEST)
            _sync_folder(self.folder)
        finally:
            partial.unlink(missing_ok=True)
        for old in self.folder.glob("arrays-*.npz"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def read(self, identity: Identity) -> Checkpoint:
        """Return the checkpoint.

        Raises ``CheckpointError`` for one of another search or version, and
        :class:`~conformance.errors.CheckpointDamagedError` for one that cannot be
        what was written.
        """
        tree = self._tree()
        self._check_identity(tree, identity)
        if tree.get("own_digest") != _own_digest(tree):
            raise self._damaged(f"{_MANIFEST} is not as it was written")
        path = self.folder / str(tree.get("arrays"))
        if not path.is_file() or path.parent != self.folder:
            raise self._damaged(f"its arrays, `{tree.get('arrays')}`, are missing")
        if _digest(path) != tree.get("digest"):
            raise self._damaged(f"`{path.name}` is not as it was written")
        try:
            with numpy.load(path, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            return Checkpoint(
                int(tree["level"]),
                int(tree["states"]),
                tuple(int(each) for each in tree["global_counts"]),
                {name: (int(at), int(word)) for name, (at, word) in tree["broken"].items()},
                arrays,
            )
        except (KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from error

    def _tree(self) -> dict[str, Any]:
        try:
            tree = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(f"{_MANIFEST} cannot be read: {error}") from error
        if not isinstance(tree, dict):
            raise self._damaged(f"{_MANIFEST} holds a {type(tree).__name__}, not an object")
        return tree

    def _check_identity(self, tree: dict[str, Any], identity: Identity) -> None:
        if tree.get("format") != CHECKPOINT_FORMAT:
            raise CheckpointError(
                str(self.folder),
                f"its format is `{tree.get('format')}`, this version reads `{CHECKPOINT_FORMAT}`; "
                "begin anew in another folder",
            )
        for each in fields(identity):
            wanted, found = getattr(identity, each.name), tree.get(each.name)
            if found == wanted:
                continue
            if each.name == "fingerprint":
                raise CheckpointError(
                    str(self.folder),
                    f"the model has changed since (fingerprint {found}, now {wanted}); "
                    "begin anew in another folder",
                )
            raise CheckpointError(
                str(self.folder), f"its {each.name} is `{found}`, that of this search `{wanted}`"
            )

    def remove(self) -> None:
        """Take the checkpoint away, since the search is over."""
        (self.folder / _MANIFEST).unlink(missing_ok=True)
        for each in self.folder.glob("arrays-*.npz"):
            each.unlink(missing_ok=True)

    def _damaged(self, reason: str) -> CheckpointDamagedError:
        return CheckpointDamagedError(str(self.folder), reason)


def _flush(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # Where a folder cannot be opened or synced, replacing a file is all that can be had.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _own_digest(tree: Mapping[str, Any]) -> str:
    """Return the digest of everything in ``checkpoint.json`` but itself."""
    rest = {key: value for key, value in tree.items() if key != "own_digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
