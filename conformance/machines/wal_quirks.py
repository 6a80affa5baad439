"""The known quirk of the specification's own log, shown by a short fixed history."""

from __future__ import annotations

from typing import Final

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.session import History, Raised, Returned
from conformance.rules.narration import entries_text, operation_text
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import Append, LoadLog
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
)

__all__ = ["WAL_QUIRKS"]

_REGRESSION: Final = Escalation("a", AgreementLevel.PROVISIONAL, AgreementLevel.NONE, None, 1)
_UNRELATED: Final = VisibilityGateCrossing("b", "c", AgreementLevel.NONE, 2)


def _keeps_rejected(backend: Backend) -> bool:
    declared = backend.rejection_mode is RejectionMode.KEEPS_REJECTED
    return declared and backend.agreement_wal is not None


def _shows_wedge(history: History) -> bool:
    """Say whether one refused entry is stored and makes an unrelated one be refused too."""
    factory = history.session.backend.agreement_wal
    if factory is None:
        return False
    directory = history.directory()
    log = history.start("the agreement WAL", lambda: factory(directory))
    try:
        refused = [_is_refused(history, log, entry) for entry in (_REGRESSION, _UNRELATED)]
        loaded = history.call(operation_text(LoadLog()), log.load, operation=LoadLog())
        if not isinstance(loaded, Returned) or not isinstance(loaded.value, AgreementWalArtifact):
            return False
        history.answer(entries_text(loaded.value.entries))
        return all(refused) and loaded.value.entries == (_REGRESSION, _UNRELATED)
    finally:
        history.release(log)


def _is_refused(history: History, log: AgreementWal, entry: AgreementWalEntry) -> bool:
    operation = Append(entry)
    answer = history.call(operation_text(operation), lambda: log.append(entry), operation=operation)
    return isinstance(answer, Raised)


WAL_QUIRKS: Final = (
    Quirk(
        "F1",
        "A refused entry stays in the log, and from then on every append is refused with "
        "the same error and stored all the same: one bad entry wedges the log.",
        _keeps_rejected,
        _shows_wedge,
    ),
)
