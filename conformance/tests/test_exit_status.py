"""One table says what exit statuses mean; help, text and documents agree with it."""

from __future__ import annotations

import pytest

from conformance.commands.arguments import EXIT_STATUS_TEXT
from conformance.exit_status import ExitStatus


@pytest.mark.parametrize("status", ExitStatus, ids=lambda status: status.name)
def test_help_tells_every_status(status: ExitStatus) -> None:
    assert f"{int(status)} {status.words}" in EXIT_STATUS_TEXT
