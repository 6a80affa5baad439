"""The folder of campaigns: written whole or not at all, by one campaign at a time.

``state.json`` says everything, ``failures/`` has the replay files, ``lock`` is held by the process
of a campaign for as long as it lives. A replay file is there before the state names it, so whenever
the process or the machine stops, the folder is as after some unit.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from conformance.campaigns.state import CampaignState
from conformance.errors import CampaignError, ReplayError
from conformance.records.replays import Replay, read_replay
from telltale_spec.operating_system import try_lock

__all__ = ["STORE_FORMAT", "Store"]

STORE_FORMAT: Final = "telltale-conformance.campaign-store.v1"

_FAMILY, _, _VERSION = STORE_FORMAT.rpartition(".v")
_STATE: Final = "state.json"
_LOCK: Final = "lock"
_REPORT: Final = "campaign.json"
_FAILURES: Final = "failures"
_PARTIAL: Final = ".partial"


class Store:
    """One folder of campaigns, while it is open; nobody else has it then.

    Raises :class:`~conformance.errors.CampaignError` for a folder that cannot be used: no store,
    one of a newer version, one that is damaged, or one that a campaign is at work on.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None
        if folder.exists() and not folder.is_dir():
            raise self._error("that is no folder")
        try:
            self._check_owned()
            (folder / _FAILURES).mkdir(parents=True, exist_ok=True)
            self._take_lock()
            for partial in folder.rglob(f".*{_PARTIAL}"):
                # What a process wrote at when it was killed.
                partial.unlink(missing_ok=True)
        except OSError as error:
            raise self._error(error.strerror or str(error)) from error
        try:
            self.state = self._read_state()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_owned(self) -> None:
        """Refuse a folder of something else, in which nothing must be written or removed."""
        names = {each.name for each in self.folder.iterdir()} if self.folder.exists() else set()
        foreign = sorted(each for each in names - {_LOCK, _FAILURES} if not each.endswith(_PARTIAL))
        if foreign and _STATE not in names:
            raise self._error(f"it has `{foreign[0]}` and is no store; take another folder")

    def _take_lock(self) -> None:
        # Not inherited by any child, so that it is free as soon as this process is gone.
        self._lock = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o644)
        if not try_lock(self._lock):
            os.close(self._lock)
            self._lock = None
            raise self._error(
                "another campaign is at work on it; wait for its end, or take another folder"
            )

    def close(self) -> None:
        """Give the folder up."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _read_state(self) -> CampaignState | None:
        path = self.folder / _STATE
        if not path.exists():
            return None
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(str(error)) from error
        self._check_format(tree)
        try:
            return CampaignState.from_dict(tree)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from error

    def _check_format(self, tree: Any) -> None:
        found = tree.get("format") if isinstance(tree, dict) else None
        if found == STORE_FORMAT:
            return
        family, _, version = str(found).rpartition(".v")
        if family == _FAMILY and version.isdigit() and int(version) > int(_VERSION):
            raise self._error(
                f"it was written by a newer version (format {found}, this one reads "
                f"{STORE_FORMAT}); use that version, or take another folder"
            )
        raise self._damaged(f"its format is `{found}`, expected {STORE_FORMAT}")

    def write_state(self, state: CampaignState) -> None:
        """Replace the state."""
        self._write(self.folder / _STATE, json.dumps(asdict(state), sort_keys=True) + "\n")

    def write_report(self, text: str) -> Path:
        """Replace the report of the last campaign; return its path."""
        path = self.folder / _REPORT
        self._write(path, text)
        return path

    def write_failure(self, name: str, replay: Replay) -> None:
        """Write the replay file of a failure."""
        path = self.failure_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, replay.to_text())
        _sync_folder(path.parent.parent)

    def remove_failure(self, name: str) -> None:
        """Remove the replay file of a failure."""
        self.failure_path(name).unlink(missing_ok=True)

    def failure_path(self, name: str) -> Path:
        """Return the path of the replay file of a failure."""
        return self.folder / _FAILURES / f"{name}.json"

    def names_of(self, fingerprint: str) -> list[str]:
        """Return the names of the failures that have this fingerprint and a replay file."""
        folder = self.folder / _FAILURES
        found = sorted(folder.glob(f"*/*-{fingerprint}.json")) if fingerprint else []
        return [path.relative_to(folder).as_posix().removesuffix(".json") for path in found]

    def read_failure(self, name: str) -> Replay | None:
        """Return the replay of a failure; ``None`` where somebody took its file away."""
        path = self.failure_path(name)
        try:
            return read_replay(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ReplayError(str(path), f"cannot be read: {error}") from error

    def _write(self, path: Path, text: str) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise self._error(f"{path.name}: {error.strerror or error}") from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)

    def _error(self, reason: str) -> CampaignError:
        return CampaignError(f"--store {self.folder}", reason)

    def _damaged(self, reason: str) -> CampaignError:
        return self._error(f"{_STATE} is damaged: {reason}; begin anew in another folder")


def _sync_folder(folder: Path) -> None:
    # Where a folder cannot be opened or synced, replacing a file is all that can be had.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
