"""How each finding is shown: by a quirk's history, by a demonstration, or not here and why."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from conformance.backend import Backend
from conformance.engine.watch import CallWatch
from conformance.findings import files, proofs, syncs
from conformance.findings.demonstration import Demonstration, Showing, Shown
from conformance.findings.log_files import LOG_FILE_DEMONSTRATIONS
from conformance.findings.parts import HARDENED_PARTS
from conformance.machines.registry import QUIRKS
from telltale_spec.hardened.agreement_wal import MENDED_BY_SYNC, HardenedAgreementWalHandler
from telltale_spec.hardened.evidence import (
    MENDED_BY_EVIDENCE,
    HardenedEvidencePersistenceHandler,
)
from telltale_spec.hardened.recovery import MENDED_BY_RECOVERY, HardenedRecoveryPlan

__all__ = [
    "DEMONSTRATIONS",
    "HARDENED_BACKEND",
    "HARDENED_DEMONSTRATIONS",
    "MENDED",
    "NOT_EXECUTABLE",
    "NOT_SHOWN",
    "demonstrate",
    "demonstrate_hardened",
    "demonstrate_on",
]

DEMONSTRATIONS: Final[dict[str, Showing]] = {
    "F9": files.grows_past_what_can_be_read,
    "F10": files.half_written_file_is_the_end,
    "F14": syncs.proof_by_substring,
    "F16": syncs.gaps_count_as_order,
    "F17": files.trailing_bytes_vanish,
    "F18": files.stale_order_blocks_appends,
    "F19": files.rewrites_everything,
    "F23": files.deep_value_hides_the_cache,
    "F24": files.newer_file_is_rewritten,
    "F26": files.unreachable_log_is_empty,
    "F27": files.handles_lose_entries,
    "F28": syncs.faults_go_by_tick,
    "F30": syncs.envelope_and_payload_disagree,
    "F31": syncs.wrong_response_counts_as_sync,
    "F32": proofs.monitors_see_too_little,
    "F33": proofs.sound_allows_running_again,
    "F34": proofs.formal_steps_leave_out_half,
    "F35": syncs.escalation_names_any_evidence,
    "F36": syncs.silent_fall,
    "F37": syncs.old_evidence_is_unlinked,
    "F40": files.accepts_flipped_bits,
    "F41": files.costs_more_memory_than_the_file,
    "F42": files.rewriting_changes_the_bytes,
    "F43": files.array_forms_move,
    "F45": syncs.label_holds_the_message,
    "F46": syncs.lock_cannot_be_taken_twice,
}
"""What shows a finding on the reference, where no quirk does."""

NOT_EXECUTABLE: Final[dict[str, str]] = {
    "F39": "how a run is resumed is the simulator's, and neither it nor the protocol machine is "
    "part of this implementation",
    "F44": "which operation a session's gate belongs to is decided in the protocol machine, which "
    "is not part of this implementation",
}
"""The findings that nothing here can show, with the reason."""


NOT_SHOWN: Final = frozenset({"F41"})
"""The findings that the reference is known not to show: its reader skips what it does not know."""


HARDENED_BACKEND: Final = Backend(
    "hardened",
    agreement_wal_handler=HardenedAgreementWalHandler,
    evidence_handler=HardenedEvidencePersistenceHandler,
    recovery=HardenedRecoveryPlan.from_checkpoint,
)
"""The hardened components that quirks are shown on."""

HARDENED_DEMONSTRATIONS: Final[dict[str, Showing]] = {
    "F14": partial(syncs.proof_by_substring, parts=HARDENED_PARTS),
    "F30": partial(syncs.envelope_and_payload_disagree, parts=HARDENED_PARTS),
    "F35": partial(syncs.escalation_names_any_evidence, parts=HARDENED_PARTS),
    "F36": partial(syncs.silent_fall, parts=HARDENED_PARTS),
    "F37": partial(syncs.old_evidence_is_unlinked, parts=HARDENED_PARTS),
    "F46": partial(syncs.lock_cannot_be_taken_twice, parts=HARDENED_PARTS),
    **LOG_FILE_DEMONSTRATIONS,
}
"""What tries a finding on a hardened component, where no quirk does."""

MENDED: Final = (
    MENDED_BY_SYNC | MENDED_BY_EVIDENCE | MENDED_BY_RECOVERY | LOG_FILE_DEMONSTRATIONS.keys()
)
"""The findings that a hardened component mends."""


def demonstrate_hardened(finding_id: str, folder: Path, watch: CallWatch) -> Demonstration:
    """Try a finding on every hardened component that could show it, in an empty folder."""
    if finding_id not in MENDED:
        return Demonstration(Shown.NOT_EXECUTABLE, ("no hardened component is about it",))
    if finding_id in HARDENED_DEMONSTRATIONS:
        folder.mkdir()
        return HARDENED_DEMONSTRATIONS[finding_id](folder)
    return _joined(list(_quirks(finding_id, HARDENED_BACKEND, watch)))


def _joined(tried: list[Demonstration]) -> Demonstration:
    """Return the first that shows, or else everything that was tried."""
    steps = [step for each in tried for step in each.steps]
    return next(
        (each for each in tried if each.shown is Shown.SHOWN), Demonstration.of(False, *steps)
    )


def demonstrate(
    finding_id: str, backends: tuple[Backend, ...], folder: Path, watch: CallWatch
) -> Demonstration:
    """Show a finding on the reference, in an empty folder.

    ``backends`` are the shipped ones; a finding with a quirk is shown by the
    first of them that it applies to.
    """
    if finding_id in NOT_EXECUTABLE:
        return Demonstration(Shown.NOT_EXECUTABLE, (NOT_EXECUTABLE[finding_id],))
    if finding_id in DEMONSTRATIONS:
        folder.mkdir()
        return DEMONSTRATIONS[finding_id](folder)
    shown = [each for backend in backends for each in _quirks(finding_id, backend, watch)]
    return next((each for each in shown if each.shown is Shown.SHOWN), shown[0])


def demonstrate_on(finding_id: str, backend: Backend, watch: CallWatch) -> Demonstration:
    """Show a finding on any backend; only what has a fixed history of its operations can be."""
    shown = list(_quirks(finding_id, backend, watch))
    if shown:
        return next((each for each in shown if each.shown is Shown.SHOWN), shown[0])
    if any(quirk.finding_id == finding_id for quirk in QUIRKS):
        reason = "the backend has no part, or declares nothing, that it could show on"
    else:
        reason = "there is no history of a backend's operations for it; see it on the reference"
    return Demonstration(Shown.NOT_EXECUTABLE, (reason,))


def _quirks(finding_id: str, backend: Backend, watch: CallWatch) -> Iterator[Demonstration]:
    for quirk in QUIRKS:
        if quirk.finding_id == finding_id and quirk.applies(backend):
            result = quirk.show(backend, watch)
            steps = [f"{step.text}: {step.answer}" for step in result.steps]
            yield Demonstration.of(result.shown, *steps)
