"""Vectors: answers that were written down, checked against the reference and made from it.

A folder of vectors holds one file a kind, ``wire.jsonl`` to ``fault.jsonl``,
with one JSON object on a line. A vector made elsewhere tests the reference; a
vector made here carries the reference's answers to implementations in other
languages. Both are checked by the same code.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from conformance.exit_status import ExitStatus
from conformance.run.terminal_text import visible
from conformance.vectors.kinds.backends import CACHE, WAL
from conformance.vectors.kinds.decode import DECODE
from conformance.vectors.kinds.entries import IDENTITY, VALIDATE
from conformance.vectors.kinds.faults import FAULT
from conformance.vectors.kinds.line import (
    Difference,
    JsonObject,
    Line,
    LineOutcome,
    LineShapeError,
    VectorFolderError,
    VectorKind,
    VectorLineError,
)
from conformance.vectors.kinds.reports import INSPECT, RECOVERY
from conformance.vectors.kinds.syncs import SYNC
from conformance.vectors.kinds.value_source import ValueSource
from conformance.vectors.kinds.wire import WIRE
from telltale_spec.errors import DomainError

__all__ = [
    "SHIPPED_LINES_PER_KIND",
    "SHIPPED_VECTORS",
    "VectorFileResult",
    "VectorFolderError",
    "VectorLineError",
    "VectorReport",
    "check_folder",
    "vector_id",
    "vectors_check_command",
    "vectors_write_command",
    "write_folder",
]

SHIPPED_VECTORS: Final = Path(__file__).parents[1] / "shipped_vectors"
"""The vectors that come with this package."""

SHIPPED_LINES_PER_KIND: Final = 40
"""How many vectors of each kind come with this package."""

_KINDS: Final[Mapping[str, VectorKind]] = {
    kind.name: kind
    for kind in (WIRE, DECODE, IDENTITY, VALIDATE, RECOVERY, WAL, CACHE, SYNC, INSPECT, FAULT)
}
_SUFFIX: Final = ".jsonl"
_ID_DIGITS: Final = 12

EXIT_PASSED: Final = ExitStatus.CONFORMING
EXIT_FAILED: Final = ExitStatus.VIOLATION
EXIT_UNREADABLE: Final = ExitStatus.USAGE


@dataclass(frozen=True, slots=True)
class VectorFileResult:
    """What the check of one file says.

    ``exact_texts_count`` of ``texts_count`` error texts agree to the last
    character; only their start has to (DEC-29).
    """

    file_name: str
    checked_count: int
    failed_count: int
    texts_count: int
    exact_texts_count: int
    first_difference_id: str | None
    first_difference: Difference | None

    @property
    def passed(self) -> bool:
        """Say whether every line holds and there is at least one."""
        return self.checked_count > 0 and self.failed_count == 0

    def __str__(self) -> str:
        words = f"{self.file_name}: {self.checked_count} checked, {self.failed_count} failed"
        if self.texts_count:
            words += f", {self.exact_texts_count} of {self.texts_count} error texts exact"
        if self.first_difference is not None:
            words += f"; first: {self.first_difference_id}, {self.first_difference}"
        return words


@dataclass(frozen=True, slots=True)
class VectorReport:
    """What the check of a folder says, file by file in alphabetical order."""

    folder: Path
    files: tuple[VectorFileResult, ...]

    @property
    def checked_count(self) -> int:
        """Number of lines in all files."""
        return sum(file.checked_count for file in self.files)

    @property
    def failed_count(self) -> int:
        """Number of lines that do not hold."""
        return sum(file.failed_count for file in self.files)

    @property
    def passed(self) -> bool:
        """Say whether every line of every file holds and there is at least one."""
        return bool(self.files) and all(file.passed for file in self.files)

    def __str__(self) -> str:
        total = f"{self.checked_count} vectors checked, {self.failed_count} failed"
        return "\n".join([*map(str, self.files), total])


def check_folder(folder: Path) -> VectorReport:
    """Check every vector of a folder against the reference.

    Raises :class:`VectorFolderError` if the folder or a file in it cannot be
    read, is empty or has a name that is no kind, and its subclass
    :class:`VectorLineError` for a line that is no vector. Other files than
    ``*.jsonl`` are left alone.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX)
    except OSError as error:
        raise VectorFolderError(folder, _reason(error)) from error
    if not paths:
        raise VectorFolderError(folder, f"there is no {_SUFFIX} file here")
    unknown = [path for path in paths if path.stem not in _KINDS]
    if unknown:
        kinds = ", ".join(sorted(_KINDS))
        raise VectorFolderError(unknown[0], f"`{unknown[0].stem}` is no kind (kinds: {kinds})")
    return VectorReport(folder, tuple([_check_file(path) for path in paths]))


def _check_file(path: Path) -> VectorFileResult:
    kind = _KINDS[path.stem]
    ids: set[str] = set()
    failures: list[tuple[str, Difference]] = []
    exact_texts = []
    for line_number, line in _lines(path):
        try:
            line_id = line.text("id")
            if line_id in ids:
                raise LineShapeError(f"id `{line_id}` is used twice")
            outcome = _check_line(kind, line)
        except LineShapeError as error:
            raise VectorLineError(path, line_number, str(error)) from error
        ids.add(line_id)
        if outcome.difference is not None:
            failures.append((line_id, outcome.difference))
        if outcome.text_pair is not None:
            exact_texts.append(outcome.text_pair.is_exact)
    if not ids:
        raise VectorFolderError(path, "there is no vector in this file")
    first_id, first = failures[0] if failures else (None, None)
    return VectorFileResult(
        path.name, len(ids), len(failures), len(exact_texts), sum(exact_texts), first_id, first
    )


def _check_line(kind: VectorKind, line: Line) -> LineOutcome:
    try:
        return kind.check(line)
    except DomainError as error:
        # The line claims that a value exists which the reference refuses to build.
        return LineOutcome(Difference("a value", "one of the specification", str(error)))
    except RecursionError:
        return LineOutcome(Difference("a value", "one of the specification", "nested too deep"))


def _lines(path: Path) -> Iterator[tuple[int, Line]]:
    """Yield each line that is not blank with its number."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VectorFolderError(path, _reason(error)) from error
    for line_number, octets in enumerate(data.split(b"\n"), start=1):
        if not octets.strip():
            continue
        try:
            tree: Any = json.loads(octets)
        except (ValueError, RecursionError) as error:
            raise VectorLineError(path, line_number, f"no JSON ({error})") from error
        if not isinstance(tree, dict):
            raise VectorLineError(path, line_number, "no JSON object")
        yield line_number, Line(tree)


def vector_id(kind_name: str, fields: JsonObject) -> str:
    """Return the id of a vector, worked out from what it says.

    The digest is that of the line's JSON with sorted keys and without its id,
    so no other line and no order of lines has a say in it.
    """
    content = {key: value for key, value in fields.items() if key != "id"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{kind_name}-{hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]}"


def write_folder(folder: Path, *, seed: int = 0, per_kind: int = SHIPPED_LINES_PER_KIND) -> None:
    """Write vectors of our own making, ``per_kind`` of each of the ten kinds.

    The same seed gives the same bytes. The files are written beside ``folder``
    and moved there whole, so that nothing is ever half written. Raises
    :class:`VectorFolderError` if the folder is not empty or cannot be written,
    and ``ValueError`` for ``per_kind`` below one.
    """
    if per_kind < 1:
        raise ValueError(f"per_kind: expected at least 1, got {per_kind}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise VectorFolderError(folder, "exists already and is not an empty folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            made = Path(beside) / "vectors"
            made.mkdir()
            for kind in _KINDS.values():
                text = "".join(_made_lines(kind, seed, per_kind))
                (made / f"{kind.name}{_SUFFIX}").write_text(text, "utf-8", newline="\n")
            # Replaces an empty folder and fails for one that was filled meanwhile.
            made.replace(folder)
    except OSError as error:
        raise VectorFolderError(folder, _reason(error)) from error


def _made_lines(kind: VectorKind, seed: int, count: int) -> Iterator[str]:
    """Yield ``count`` lines that differ from each other."""
    source = ValueSource(f"{seed}:{kind.name}")
    seen: set[str] = set()
    while len(seen) < count:
        fields = kind.make(source)
        line_id = vector_id(kind.name, fields)
        if line_id not in seen:
            seen.add(line_id)
            line = {"id": line_id, **fields}
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def vectors_check_command(folder: Path, console: Console) -> int:
    """Check a folder, print a line a file, and return the exit status.

    0 if every vector holds, 1 if one does not, 2 if the folder cannot be read.
    """
    try:
        report = check_folder(folder)
    except VectorFolderError as error:
        console.print(Text(visible(str(error)), style="red"), soft_wrap=True)
        return EXIT_UNREADABLE
    for file in report.files:
        console.print(Text(visible(str(file)), style="" if file.passed else "red"), soft_wrap=True)
    console.print(Text(str(report).splitlines()[-1], style="bold"), soft_wrap=True)
    return EXIT_PASSED if report.passed else EXIT_FAILED


def vectors_write_command(folder: Path, console: Console) -> int:
    """Write vectors of our own making and return the exit status.

    0 if they were written, 2 if the folder is not empty or cannot be written.
    """
    try:
        write_folder(folder)
    except VectorFolderError as error:
        console.print(Text(visible(str(error)), style="red"), soft_wrap=True)
        return EXIT_UNREADABLE
    count = SHIPPED_LINES_PER_KIND * len(_KINDS)
    console.print(
        Text(f"{count} vectors of {len(_KINDS)} kinds written to {folder}"), soft_wrap=True
    )
    return EXIT_PASSED
