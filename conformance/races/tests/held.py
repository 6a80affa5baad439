"""Hold a child at its first call on a file of a folder, say its number, and wait to be ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from conformance.races.tracing import Hold

CHILD = """
import os, sys, time
sys.stdin.readline()
if sys.argv[2] == "thread":
    import threading
    other = threading.Thread(target=lambda: open(sys.argv[1] + "/file", "w").close())
    other.start(); other.join()
elif sys.argv[2] == "fork":
    child = os.fork()
    if not child:
        open(sys.argv[1] + "/file", "w").close()
        os._exit(0)
    os.waitpid(child, 0)
else:
    open(sys.argv[1] + "/file", "w").close()
print("done", flush=True)
sys.stdin.readline()
"""


def started(directory: Path, how: str) -> subprocess.Popen[bytes]:
    """Start a child that waits for a line, and then makes a file."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", CHILD, str(directory), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )


def main(directory: Path, how: str) -> None:
    """Hold the child for ever, as far as it is up to us."""
    child = started(directory, how)
    is_held = threading.Event()
    hold = Hold(child.pid, directory, 1, is_held.set)
    assert child.stdin is not None
    child.stdin.write(b"\n")
    is_held.wait(20)
    print(child.pid, hold.calls, flush=True)
    try:
        threading.Event().wait(60)
    finally:
        hold.release()
        child.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
