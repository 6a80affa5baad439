"""Which blocks of a tutorial are tried, and which are refused."""

from __future__ import annotations

import pytest

from tests.site.blocks import BlockError, Command, WrittenFile, retold, steps_of
from tests.site.check_tutorials import plain, problems_of
from tests.site.session import Printed

DOCUMENT = """\
# A tutorial

```python title="a/b.py"
x = 1

```

Text with `code`.

```console
$ one \\
    two
first

last
$ three
```

````text title="c.md"
```console
$ not run
```
````
"""


def test_files_and_commands_are_found_in_order() -> None:
    assert steps_of(DOCUMENT) == [
        WrittenFile(3, "a/b.py", "x = 1\n\n"),
        Command(11, "one \\\n    two", 13, ("first", "", "last")),
        Command(16, "three", 17, ()),
        WrittenFile(19, "c.md", "```console\n$ not run\n```\n"),
    ]


def test_outputs_are_told_anew() -> None:
    changed = retold(DOCUMENT, {11: "only", 16: "a\nb"})

    assert "    two\nonly\n$ three\na\nb\n```\n" in changed
    assert retold(changed, {11: "first\n\nlast", 14: ""}) == DOCUMENT


@pytest.mark.parametrize(
    "block",
    [
        "```python\nx = 1\n```\n",
        "```\n$ ls\n```\n",
        "```console\noutput\n$ ls\n```\n",
        "```console\n$ ls\n",
        "```python title=a.py\n```\n",
        "   ```console\n   $ ls\n   ```\n",
    ],
)
def test_what_could_not_be_tried_is_refused(block: str) -> None:
    with pytest.raises(BlockError, match=r"line [12]"):
        steps_of(block)


def problems(output: str, *printed: tuple[str, str, int]) -> list[str]:
    """Return what is said of commands, the first of which should print a text."""
    commands = [
        Command(number, words, number, tuple((output if number == 1 else text).splitlines()))
        for number, (words, text, _) in enumerate(printed, 1)
    ]
    done = [Printed(text, "", status) for _, text, status in printed]
    return list(problems_of(dict(zip(commands, done, strict=True))))


def test_other_output_is_told() -> None:
    assert problems("a", ("ls", "a", 0)) == []
    (found,) = problems("a\nb", ("ls", "a\nc", 0))
    assert found.splitlines()[0] == "line 1: ls"
    assert "-b" in found.splitlines()
    assert "+c" in found.splitlines()


def test_times_and_places_are_not_compared() -> None:
    assert plain("1 passed in 3.21s") == plain("1 passed in 83.20s (0:01:23)")
    assert plain("=== 1 passed ===") == plain("====== 1 passed ======")
    assert plain("/a/site-packages/b.py:7: E") == plain("/c/d/site-packages/b.py:9: E")
    assert plain("12 passed") != plain("13 passed")


def test_a_failing_command_has_to_say_so() -> None:
    assert len(problems("", ("false", "", 1))) == 1
    assert len(problems("", ("false", "", 1), ("true", "", 0))) == 1
    assert problems("", ("false", "", 1), ("echo $?", "1", 0)) == []
