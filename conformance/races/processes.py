"""What the system tells of processes: whom they have started, their threads, and what these do."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

__all__ = ["is_idle", "processes_of", "threads_of", "waits_in"]

_RUNNING: Final = ("R", "D")


def _stat(path: Path) -> list[str]:
    """Return the fields behind a name, which may hold anything: the state, then the parent."""
    return path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def processes_of(root: int) -> list[int]:
    """Return the number of a process, and those of all that it has started, and theirs."""
    found = [root]
    for process_id in found:
        for thread_id in threads_of(process_id):
            # One that has ended has no children any more.
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{process_id}/task/{thread_id}/children")
                found += [int(each) for each in children.read_text(encoding="ascii").split()]
    return found


def threads_of(process_id: int) -> list[int]:
    """Return the numbers of the threads of a process; none of one that has ended."""
    with contextlib.suppress(OSError):
        return sorted(int(each.name) for each in Path(f"/proc/{process_id}/task").iterdir())
    return []


def is_idle(root: int) -> bool:
    """Say whether no thread of a process and of those below it is running."""
    for process_id in processes_of(root):
        for thread_id in threads_of(process_id):
            with contextlib.suppress(OSError):
                if _stat(Path(f"/proc/{process_id}/task/{thread_id}/stat"))[0] in _RUNNING:
                    return False
    return True


def waits_in(root: int) -> set[int]:
    """Return the numbers of the system calls in which threads of these processes wait."""
    found = set()
    for process_id in processes_of(root):
        for thread_id in threads_of(process_id):
            with contextlib.suppress(OSError):
                path = Path(f"/proc/{process_id}/task/{thread_id}/syscall")
                first = path.read_text(encoding="ascii").split()[0]
                if first.isdigit():
                    found.add(int(first))
    return found
