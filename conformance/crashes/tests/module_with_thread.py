"""A module that starts a thread, as one with a flusher for all of its logs may."""

from __future__ import annotations

import threading

from conformance.crashes.tests.forked_logs import AtHomeLog

_OVER = threading.Event()
threading.Thread(target=_OVER.wait, daemon=True).start()

make = AtHomeLog
