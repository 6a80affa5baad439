"""One table says what exit statuses mean; help, text and documents agree with it."""

from __future__ import annotations

import pytest

from conformance.commands.arguments import EXIT_STATUS_TEXT
from conformance.engine.profiles import PROFILES
from conformance.exit_status import ExitStatus
from conformance.profile_names import PROFILE_NAMES


@pytest.mark.parametrize("status", ExitStatus, ids=lambda status: status.name)
def test_help_tells_every_status(status: ExitStatus) -> None:
    assert f"{int(status)} {status.words}" in EXIT_STATUS_TEXT


def test_every_profile_is_offered() -> None:
    assert tuple(PROFILES) == PROFILE_NAMES
