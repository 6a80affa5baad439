"""The blocks of a tutorial: files to be written, and commands with what they print.

A block of the language ``console`` has commands behind ``$ ``, each followed by its output; a
backslash at the end of a line goes on with the command in the next one. Every other block names
the file that it is: `` ```python title="my_log.py" ``. There is no third kind, so that nothing in
a tutorial goes untried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BlockError", "Command", "WrittenFile", "retold", "steps_of"]

_OPENING = re.compile(r"^(?P<fence>`{3,})(?P<language>[\w-]*)(?: title=\"(?P<title>[^\"]+)\")?\s*$")
_PROMPT = "$ "


class BlockError(Exception):
    """Report a block that is neither a file nor a console, with its line in the document."""


@dataclass(frozen=True)
class WrittenFile:
    """A block that is a file, by its path from where the commands run."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command, and what the tutorial says that it prints.

    ``line`` is where it begins, ``output_line`` where its output does, counted from one.
    """

    line: int
    words: str
    output_line: int
    output_lines: tuple[str, ...]

    @property
    def output(self) -> str:
        """What it prints, without empty lines around it."""
        return "\n".join(self.output_lines).strip("\n")


def steps_of(document: str) -> list[WrittenFile | Command]:
    """Return files and commands of a document, in its order.

    Raises :class:`BlockError` for a block that could not be tried.
    """
    steps: list[WrittenFile | Command] = []
    for line, language, title, text in _blocks(document):
        if title is not None:
            steps.append(WrittenFile(line, title, text))
        elif language == "console":
            steps += _commands(line + 1, text)
        else:
            raise BlockError(f"line {line}: a block of `{language}` has no title and no commands")
    return steps


def retold(document: str, outputs: dict[int, str]) -> str:
    """Return a document with other outputs, each under the line on which its command begins."""
    lines = document.splitlines()
    for step in reversed(steps_of(document)):
        if isinstance(step, Command) and step.line in outputs:
            first = step.output_line - 1
            told = [line.rstrip() for line in outputs[step.line].splitlines()]
            lines[first : first + len(step.output_lines)] = told
    return "\n".join(lines) + "\n"


def _blocks(document: str) -> Iterator[tuple[int, str, str | None, str]]:
    """Yield line, language, title and text of each block."""
    lines = iter(enumerate(document.splitlines(keepends=True), 1))
    for number, line in lines:
        opening = _OPENING.match(line)
        if opening is None:
            if line.lstrip().startswith("```"):
                raise BlockError(f"line {number}: `{line.strip()}` does not begin a block")
            continue
        text = ""
        for _, inner in lines:
            if inner.rstrip() == opening["fence"]:
                break
            text += inner
        else:
            raise BlockError(f"line {number}: the block is not closed")
        yield number, opening["language"], opening["title"], text


def _commands(first_line: int, text: str) -> Iterator[Command]:
    """Yield the commands of a block that begins on a line."""
    lines = text.splitlines()
    if lines and not lines[0].startswith(_PROMPT):
        raise BlockError(f"line {first_line}: output without a command")
    index = 0
    while index < len(lines):
        start = index
        while lines[index].endswith("\\") and index + 1 < len(lines):
            index += 1
        index += 1
        words = "\n".join(lines[start:index]).removeprefix(_PROMPT)
        output_start = index
        while index < len(lines) and not lines[index].startswith(_PROMPT):
            index += 1
        output = tuple(lines[output_start:index])
        yield Command(first_line + start, words, first_line + output_start, output)
