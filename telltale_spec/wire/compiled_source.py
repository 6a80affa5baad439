"""A function written as text, for code that is derived from shapes and runs often.

Python pays for every step of a generic walk over fields and shapes. Where that is the whole cost,
the walk is done once for each record class, and what it would do is written down as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["FunctionSource"]


class FunctionSource:
    """The text of one function that grows line by line, and the values that it refers to."""

    def __init__(self, name: str, *parameters: str) -> None:
        self._name = name
        self._lines = [f"def {name}({', '.join(parameters)}):"]
        self._depth = 1
        self._namespace: dict[str, Any] = {}

    def value(self, value: Any) -> str:
        """Return the name under which the function sees ``value``."""
        name = f"value_{len(self._namespace)}"
        self._namespace[name] = value
        return name

    def line(self, text: str) -> None:
        """Add one line to the innermost block."""
        self._lines.append(f"{'    ' * self._depth}{text}")

    def first_line(self, text: str) -> None:
        """Add one line in front of all others."""
        self._lines.insert(1, f"    {text}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a line that ends in a colon; what is added inside ``with`` belongs to it."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def finish(self) -> Callable[..., Any]:
        """Return the function."""
        text = "\n".join(self._lines)
        # The text is made of our own shapes and names, never of input.
        exec(compile(text, f"<{self._name}>", "exec"), self._namespace)  # noqa: S102
        function: Callable[..., Any] = self._namespace[self._name]
        return function
