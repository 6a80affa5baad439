"""Where replay files are kept: one a failure, in a folder for each backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.commands.arguments import write_whole
from conformance.errors import ReplayError
from conformance.records.replay_names import replay_folders, replay_name
from conformance.records.replays import Replay, read_replay, replay_of
from conformance.records.results import BackendReport

__all__ = ["load_replay", "write_replays"]


def write_replays(backends: Sequence[BackendReport], folder: Path) -> list[dict[str, Path]]:
    """Write a replay file for each failure; return the files of each backend by requirement.

    Nothing is made where nothing failed. Raises ``OSError`` where it cannot write.
    """
    written = []
    for backend, name in zip(backends, replay_folders(backends), strict=True):
        paths = {}
        for result in backend.results:
            if result.counterexample is not None:
                path = folder / name / replay_name(result.requirement_id)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, replay_of(backend, result.counterexample).to_text())
                paths[result.requirement_id] = path
        written.append(paths)
    return written


def load_replay(path: Path) -> Replay:
    """Return the replay in a file, or raise :class:`ReplayError`."""
    try:
        return read_replay(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ReplayError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ReplayError(str(path), "is no text in UTF-8") from None
