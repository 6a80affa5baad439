"""Build the distributions, and prove that the wheel is complete and works with nothing around it.

Usage: python .ci/check_package.py

They are built from a copy of the checkout, so that others may install from it at the same time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from running import UNHURRIED

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("conformance", "strategies", "telltale_spec")
# What others make in the checkout, also while it is copied.
NOT_COPIED = (
    *(".git", ".tox", ".venv", "build", "dist", "target", "node_modules", "*.egg-info"),
    *("__pycache__", ".*_cache", ".hypothesis", ".telltale"),
)
# Some need files that are shipped beside the modules.
COMMANDS = (
    ("--version",),
    ("requirements",),
    ("report", "--schema"),
    # Without NumPy: the plain engine has to be enough for these.
    ("model", "check", "handles", "visibility", "--hardened"),
    ("findings", "F6", "F32"),
    ("init", "java", "harness"),
    # A page, a crash and a codec; all shipped backends are judged from the checkout.
    (
        *("check", "--profile", "quick", "--html", "report.html", *UNHURRIED),
        *("--only", "WAL-08.power", "--only", "WIRE-01"),
    ),
)


def main() -> None:
    """Build one wheel and one source distribution, and check the wheel."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        wheel = _built(scratch)
        _check_contents(wheel)
        _check_use(wheel, scratch)
        print(f"{wheel.name}: complete, and works alone")


def _built(scratch: Path) -> Path:
    copy, dist_folder = scratch / "checkout", scratch / "dist"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    _run(copy, sys.executable, "-m", "build", "--outdir", str(dist_folder), ".")
    _only(dist_folder, "*.tar.gz")
    return _only(dist_folder, "*.whl")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "nothing"
        raise SystemExit(f"{folder}: expected one {pattern}, found {names}")
    return found[0]


def _check_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        problems = [f"{name} is a test" for name in names if "tests" in Path(name).parts]
        wanted = _source_files() | {f"{package}/py.typed" for package in PACKAGES}
        problems += [f"{name} is missing" for name in sorted(wanted.difference(names))]
        # The links among the templates were followed, by the source distribution too.
        problems += [
            f"{name} is another file"
            for name in sorted(wanted.intersection(names))
            if "harness_templates" in name and archive.read(name) != (ROOT / name).read_bytes()
        ]
    top = {Path(name).parts[0] for name in names}
    strangers = sorted(name for name in top - set(PACKAGES) if not name.endswith(".dist-info"))
    problems += [f"{name} does not belong here" for name in strangers]
    for text in ("LICENSE-APACHE", "LICENSE-MIT"):
        if not any(name.endswith(f"/{text}") for name in names):
            problems.append(f"{text} is missing")
    if problems:
        raise SystemExit(f"{wheel.name}: " + "; ".join(problems))


def _source_files() -> set[str]:
    """Return every file of the packages in the checkout, tests and caches left out."""
    paths = (path.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.*"))
    return {
        path.as_posix()
        for path in paths
        if (ROOT / path).is_file() and not {"tests", "__pycache__"}.intersection(path.parts)
    }


def _check_use(wheel: Path, scratch: Path) -> None:
    """Install the wheel in a clean environment and run its commands in an empty folder."""
    environment = scratch / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    empty_folder = scratch / "empty"
    empty_folder.mkdir()
    _run(empty_folder, str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel))
    for arguments in COMMANDS:
        _run(empty_folder, str(scripts / "telltale-conformance"), *arguments)


def _run(folder: Path, *command: str) -> None:
    print("$", Path(command[0]).name, *command[1:], flush=True)
    # A path variable of the caller would put the checkout in the place of the wheel.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    status = subprocess.run(command, cwd=folder, env=variables, check=False).returncode
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {status}")


if __name__ == "__main__":
    if len(sys.argv) != 1:
        raise SystemExit(__doc__)
    main()
