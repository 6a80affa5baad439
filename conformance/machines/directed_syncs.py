"""Directed cases for a WAL handler: what a sync must not mix up or look at, in every run.

Nothing here depends on a seed. The cases are in ``sync_cases``; each is a script of the acts that
the random machine has too, on a log that is a plain list. The last are walks of the bounded model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.backend import Backend
from conformance.engine.acts import Act, act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptedPart, ScriptSuite
from conformance.machines import sync_cases as cases
from conformance.machines.handler_walks import sync_walks
from conformance.machines.probes import ListWal
from conformance.machines.wal_sync_acts import WAL_SYNC_IDS, SyncActs
from conformance.rules.narration import operation_text
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.operations import Append
from telltale_spec.wire.agreement import AgreementWalEntry

__all__ = ["DIRECTED_SYNC_SUITE", "ScriptedSync"]


class ScriptedSync(SyncActs, ScriptedPart):
    """One plain log under handlers of every mode."""

    def prepare(self) -> None:
        """Make the log and the handlers around it; a script is tried whole or not at all."""
        super().prepare()
        self.offered = self.taken = 1

    def _new_log(self) -> AgreementWal:
        # The handler is judged here, so the backend's own log has no say.
        self._plain = ListWal()
        return self._plain

    @act("keep_rejected")
    def _keep_rejected(self, entry: AgreementWalEntry) -> None:
        """Let the log keep an entry that it has to reject, as the file log does (WAL-10)."""
        self._plain.keep_rejected(entry)
        text = f"{operation_text(Append(entry))} without the handler"
        self.history.note(text, "refused, and kept", Append(entry))
        self._refresh()

    def close(self) -> None:
        """Close the log."""
        self.release_log()


def _groups(act: Act) -> Sequence[str]:
    """Return what an act has in common with others: its name, and its operation."""
    values = act.form.bound(act.arguments, act.named).values()
    operations = [each.operation_id for each in values if hasattr(each, "operation_id")]
    return (act.form.name, *[f"operation {each}" for each in operations])


def _scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    yield from cases.scripts(ScriptedSync)
    yield from sync_walks(ScriptedSync, budget)


DIRECTED_SYNC_SUITE: Final = ScriptSuite(
    name="agreement WAL handler, directed cases",
    part=ScriptedSync,
    scripts=_scripts,
    requirement_ids=WAL_SYNC_IDS,
    situations={
        cases.TEXTS: ("SYNC-05",),
        cases.TICKS: ("SYNC-05",),
        cases.MANY: ("SYNC-04", "SYNC-05"),
        cases.LEVELS: ("SYNC-06", "SYNC-08"),
        cases.BEFORE: ("SYNC-06", "SYNC-07"),
        cases.IGNORED: ("SYNC-10",),
        cases.PROOFS: ("SYNC-06", "SYNC-07"),
        cases.ORDERS: ("SYNC-04",),
        cases.FAULTS: ("SYNC-09", "SYNC-15"),
        cases.MODES: ("SYNC-02",),
        cases.NAMES: ("SYNC-01",),
        cases.SNAPSHOTS: ("SYNC-11",),
        cases.ENVELOPES: ("SYNC-12",),
        cases.AGAIN: ("SYNC-05", "SYNC-15"),
        cases.RISEN: ("SYNC-06",),
        cases.KEPT: ("SYNC-06",),
        cases.FOREIGN: ("SYNC-04",),
        cases.GROWN: ("SYNC-05",),
        cases.FAILURES: ("SYNC-09",),
    },
    present=lambda backend: backend.agreement_wal_handler is not None,
    group_of=_groups,
    shares_time=False,
)
