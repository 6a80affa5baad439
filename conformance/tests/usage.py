"""What a wrong use of the command line must look like, whatever the command."""

from __future__ import annotations

import pytest

from conformance.__main__ import main

__all__ = ["usage_error"]


def usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the complaint about wrong arguments: short, on its own, with the status of usage."""
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = int(str(ended.code))
    captured = capsys.readouterr()

    assert status == 2
    assert captured.out == ""
    assert len(captured.err.splitlines()) <= 2
    return captured.err
