"""A log that forked processes would make wrong: it stores in the process that has imported it."""

from __future__ import annotations

import os
from pathlib import Path

from telltale_spec.wire.agreement import AgreementWalEntry
from tests.zoo.races.components import LogOn
from tests.zoo.races.storages import Numbered

_IMPORTED_BY = os.getpid()


class AtHomeLog(LogOn):
    """Right in the process that has imported it; any other one acknowledges and stores nothing."""

    def __init__(self, directory: Path) -> None:
        super().__init__(Numbered, directory)

    def append(self, entry: AgreementWalEntry) -> None:
        if os.getpid() == _IMPORTED_BY:
            super().append(entry)
