"""A module that opens a file for all that it makes, whose place forked processes would share."""

from __future__ import annotations

import os
from pathlib import Path

from conformance.crashes.tests.forked_logs import AtHomeLog

OPENED = os.open(Path(__file__), os.O_RDONLY)

make = AtHomeLog
