"""Build the harness of the published Rust crate and judge the crate through it.

Where there is no cargo, or no registry to get the crate from, nothing is judged: that is said last
and in capitals, and the exit status is 0, because it is no fault of ours. Everything else that goes
wrong is: a build that fails, a verdict or an answer that is not the reference's.

    python .ci/check_rust_harness.py [--whole] [PROFILE [INPUTS]]

Its backend in memory is judged, and with ``--whole`` the one in files, which writes all that it has
at every store and takes most of the time.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from running import UNHURRIED, taken_whole

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = ROOT / "examples" / "harness-rust"
PROGRAM: Final = PROJECT / "target" / "release" / "harness-rust"

# Cargo has one exit status for every error; these are its words for a registry out of reach.
UNREACHABLE_TEXTS: Final = (
    "could not connect",
    "could not resolve",
    "couldn't resolve",
    "curl failed",
    "download of config.json failed",
    "failed to download",
    "network failure",
    "spurious network error",
    "offline mode",
)
FETCH_SECONDS_MAX: Final = 120.0
BUILD_SECONDS_MAX: Final = 900.0
JUDGE_SECONDS_MAX: Final = 600.0


class NotJudged(Exception):  # noqa: N818 - no error of ours
    """The crate cannot be had here."""


def main() -> None:
    """Fetch, build, judge the backends, and compare the readers."""
    is_whole, given = taken_whole(sys.argv[1:])
    profile, inputs_count = (*given, *("quick", "2000")[len(given) :])
    try:
        _fetch()
    except NotJudged as reason:
        print(f"\nRUST HARNESS NOT JUDGED: {reason}")
        return
    if shutil.which("cargo-fmt") is None:
        print("the style of the harness is not checked: cargo-fmt is missing")
    else:
        _run("cargo", "fmt", "--check", seconds_max=BUILD_SECONDS_MAX, cwd=PROJECT)
    # Where the program is must not depend on anybody's settings.
    options = ("--release", "--locked", "--target-dir", str(PROGRAM.parents[1]))
    _run("cargo", "build", *options, seconds_max=BUILD_SECONDS_MAX, cwd=PROJECT)
    _run("cargo", "test", *options, seconds_max=BUILD_SECONDS_MAX, cwd=PROJECT)
    suite = (sys.executable, "-m", "conformance")
    memory, file = (shlex.join((str(PROGRAM), backend)) for backend in ("memory", "file"))
    judged = ("--command", memory, *(("--command", file) if is_whole else ()))
    _run(*suite, "check", *judged, "--profile", profile, *UNHURRIED)
    _run(*suite, "differential", "--command", memory, "--inputs", inputs_count)
    print("\nthe published Rust crate was built, judged and compared: no difference")


def _fetch() -> None:
    """Get the crates of the lock file, or raise :class:`NotJudged`."""
    if shutil.which("cargo") is None:
        raise NotJudged("cargo is missing")
    # Fail soon where there is no network: cargo waits long and tries again by itself.
    environment = {"CARGO_HTTP_TIMEOUT": "20", "CARGO_NET_RETRY": "1", **os.environ}
    words = ["cargo", "fetch", "--locked"]
    print(f"$ {shlex.join(words)}", flush=True)
    try:
        fetched = subprocess.run(
            words,
            cwd=PROJECT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=FETCH_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"the registry cannot be reached: nothing in {FETCH_SECONDS_MAX:g} seconds"
        raise NotJudged(reason) from None
    if fetched.returncode == 0:
        return
    text = fetched.stderr.strip()
    if any(each in text.lower() for each in UNREACHABLE_TEXTS):
        raise NotJudged(f"the registry cannot be reached: {' '.join(text.split())}")
    sys.exit(f"{text}\ncargo fetch failed with status {fetched.returncode}")


def _run(*words: str, seconds_max: float = JUDGE_SECONDS_MAX, cwd: Path = ROOT) -> None:
    """Run one command and end with a complaint if it fails."""
    print(f"\n$ {shlex.join(words)}", flush=True)
    try:
        status = subprocess.run(words, cwd=cwd, timeout=seconds_max, check=False).returncode
    except subprocess.TimeoutExpired:
        sys.exit(f"it took more than {seconds_max:g} seconds: {shlex.join(words)}")
    if status != 0:
        sys.exit(f"exit status {status}: {shlex.join(words)}")


if __name__ == "__main__":
    main()
