"""What the answers of a log say of its requirements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from conformance.rules import events
from conformance.rules.blame import SinceLoad, broken_requirement, entries_without
from conformance.rules.events import OK, Event
from conformance.rules.findings import Findings
from conformance.rules.narration import difference_text, entries_text
from conformance.rules.worlds import TAIL_MAX, WORLDS_MAX, Entries, PossibleLogs, World
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import (
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.effects import Blocked, Success

__all__ = ["LogJudge"]

_REQUIREMENT_OF_KIND: Final = {
    EvidenceProduced: "SYNC-04",
    Escalation: "SYNC-06",
    Finalization: "SYNC-07",
    VisibilityGateCrossing: "SYNC-08",
}
_KEPT_BY_APPENDS: Final = ("WAL-01", "WAL-02")


class LogJudge:
    """One log, seen through its answers."""

    def __init__(
        self, findings: Findings, mode: RejectionMode, *, begins_empty: bool, reopens: bool
    ) -> None:
        self.findings = findings
        self.mode = mode
        self.reopens = reopens
        self.logs = PossibleLogs(mode, () if begins_empty else None)
        self.doubt = ""
        self._texts: set[str] = set()
        self._fresh = begins_empty
        # What happened since a load last told what the log holds.
        self._accepted = 0
        self._unsure = 0
        self._syncs = 0
        self._reopened = False
        self._refused: list[tuple[int, AgreementWalEntry]] = []
        self._rejected: list[AgreementWalEntry] = []

    def append(self, event: Event, entry: AgreementWalEntry) -> None:
        """Judge whether an append was rightly accepted or refused."""
        self._fresh = False
        worlds = self.logs.worlds
        outcomes = [self.logs.appended(world, entry) for world in worlds]
        match event.answer:
            case events.OK:
                self._accept(entry, outcomes)
            case events.REFUSED:
                self._refuse(event, entry, outcomes)
            case _:
                self._unsure += 1
                both = [world for _, after in outcomes for world in after]
                self._keep([*worlds, *both])

    def _accept(
        self, entry: AgreementWalEntry, outcomes: Sequence[tuple[str | None, list[World]]]
    ) -> None:
        self._accepted += 1
        accepting = [after for error, after in outcomes if error is None]
        if not outcomes:
            return
        self.findings.check(
            "WAL-03",
            bool(accepting),
            lambda: f"refused: {outcomes[0][0]}",
            lambda: "the append was accepted",
        )
        if not accepting:
            # It said that it stored the entry; what it did will be seen at the next load.
            before = list(self.logs.worlds)
            accepting = [[world, self.logs.stored(world, entry)] for world in before]
        self._keep([world for after in accepting for world in after])

    def _refuse(
        self,
        event: Event,
        entry: AgreementWalEntry,
        outcomes: Sequence[tuple[str | None, list[World]]],
    ) -> None:
        message = event.message
        self.findings.check_text(message)
        refusing = [(error, after) for error, after in outcomes if error is not None]
        if outcomes and not refusing:
            self._refuse_legal(entry, message)
            return
        self._texts.update(error for error, _ in refusing)
        self._rejected.append(entry)
        if not refusing:
            return
        self.findings.check("WAL-03", True, str, str)
        texts = [error for error, _ in refusing]
        if message:
            self.findings.check(
                "WAL-03.text",
                message in texts,
                lambda: f"refused: {texts[0]}",
                lambda: f"refused: {message}",
            )
        self._keep([world for _, after in refusing for world in after])

    def _refuse_legal(self, entry: AgreementWalEntry, message: str | None) -> None:
        # A disk may be full; but the text of an earlier refusal tells of a log that it wedged.
        self.findings.check(
            "WAL-04" if message in self._texts else "WAL-13.accept",
            False,
            lambda: "accepted",
            lambda: f"refused: {message or ''}",
        )
        if self.mode is RejectionMode.UNKNOWN_OUTCOME:
            self._unsure += 1
            before = list(self.logs.worlds)
            self._keep([*before, *(self.logs.stored(world, entry) for world in before)])
        else:
            self._refused.append((self.findings.line, entry))

    def sync(self, event: Event, request: WalSyncRequest) -> None:
        """Follow what a sync may have stored; a load shows whether it did."""
        self._fresh = False
        found: list[World] = []
        for world in self.logs.worlds:
            after = self.logs.synced(world, request)
            if event.answer == OK and isinstance(event.result, Blocked):
                found.append(world)
            elif event.answer == OK and isinstance(event.result, Success):
                found.append(after[-1])
            else:
                # A sync that fails leaves what it had stored by then.
                found.extend(after)
        self._syncs += 1
        self._keep(found)

    def read_since(self, event: Event, tick: int) -> None:
        """Judge the entries after a tick."""
        if event.answer != OK or not self.logs.worlds:
            return
        found: Entries = event.result
        answers = [(world, self.logs.since(world, tick)) for world in self.logs.worlds]
        matching = [world for world, answer in answers if answer == found]
        if matching:
            self.findings.check("WAL-05", True, str, str)
            self._keep(matching)
            return
        written = self._accepted or self._unsure or self._syncs or self._rejected
        settled = not (written or self._reopened)
        filtered = all(entry.tick > tick for entry in found)
        expected = answers[0][1]
        requirement_id = "WAL-05"
        if filtered and not settled:
            requirement_id = self._blamed(found, expected)
        self.findings.check(
            requirement_id,
            False,
            lambda: entries_text(expected),
            lambda: difference_text(found, expected),
        )

    def load(self, event: Event) -> None:
        """Judge the whole log, which tells which of the possible ones it is."""
        if event.answer != OK:
            self._unanswered(event)
            return
        found: Entries = event.result
        if not self.logs.worlds:
            self.logs.adopt(found)
            self._settle()
            return
        matching = [world for world in self.logs.worlds if self.logs.holds(world, found)]
        if matching:
            for requirement_id in self._put_to_the_test():
                self.findings.check(requirement_id, True, str, str)
            self._keep(matching)
        else:
            expected = self.logs.contents(self.logs.worlds[0])
            others = len(self.logs.worlds) - 1
            more = f" or one of {others} other logs" if others else ""
            self.findings.check(
                self._blamed(found, expected),
                False,
                lambda: f"{entries_text(expected)}{more}",
                lambda: difference_text(found, expected),
            )
            # From here on the log is judged by what it really holds.
            self.logs.adopt(found)
        self._settle()

    def _unanswered(self, event: Event) -> None:
        """Blame a load of a log that nobody has touched and that cannot be read."""
        if event.answer == events.REFUSED and self._fresh:
            self.findings.check(
                "WAL-07", False, lambda: "an empty log", lambda: f"refused: {event.message or ''}"
            )

    def reopen(self, event: Event) -> None:
        """Expect the same log again, where that is promised."""
        self._fresh = False
        if self.reopens:
            self._reopened = True
        else:
            self.logs.keep([])

    def _put_to_the_test(self) -> list[str]:
        """Return what a right load proves."""
        found = []
        if self._fresh:
            found.append("WAL-07")
        if self._reopened:
            found.append("WAL-08")
        if self._accepted:
            found += [*_KEPT_BY_APPENDS, "WAL-13", "WAL-13.accept"]
        if self._refused:
            found.append("WAL-13")
        if self._rejected:
            found.append(self._of_rejection)
        if self._syncs:
            found += [*_REQUIREMENT_OF_KIND.values(), "SYNC-05"]
        return found or ["WAL-06"]

    @property
    def _of_rejection(self) -> str:
        return "WAL-10" if self.mode is RejectionMode.KEEPS_REJECTED else "WAL-04"

    def _blamed(self, found: Entries, expected: Entries) -> str:
        """Return the requirement that a wrong log breaks."""
        if self._fresh:
            return "WAL-07"
        extra = entries_without(found, expected)
        stored = [line for line, entry in self._refused if entry in extra]
        for line in stored:
            # That it was refused is no fault of its own where it was stored all the same.
            self.findings.withdraw("WAL-13.accept", line)
        appended = bool(self._accepted or self._unsure)
        if self._syncs and not (appended or self._reopened or self._rejected or stored):
            return _blamed_for_sync(extra, entries_without(expected, found), expected)
        since = SinceLoad(
            # How many entries a sync stored is not told.
            settled=0 if self._syncs else max(0, len(expected) - self._accepted - self._unsure),
            appended=appended,
            reopened=self._reopened,
            refused=tuple([entry for _, entry in self._refused]),
            rejected=tuple(self._rejected),
            keeps_rejected=self.mode is RejectionMode.KEEPS_REJECTED,
        )
        return broken_requirement(found, expected, since)

    def _keep(self, worlds: Sequence[World]) -> None:
        if not self.logs.keep(worlds):
            self.doubt = self.doubt or (
                f"at line {self.findings.line} more than {WORLDS_MAX} logs were possible, or "
                f"several for more than {TAIL_MAX} entries"
            )

    def _settle(self) -> None:
        self._fresh = self._reopened = False
        self._accepted = self._unsure = self._syncs = 0
        self._refused.clear()
        self._rejected.clear()


def _blamed_for_sync(extra: Entries, missing: Entries, expected: Entries) -> str:
    """Return the requirement that a sync breaks, after which the log is not as expected."""
    identities = {entry.stable_identity() for entry in expected}
    if extra and all(entry.stable_identity() in identities for entry in extra):
        return "SYNC-05"
    first = (*missing, *extra)
    return _REQUIREMENT_OF_KIND.get(type(first[0]), "SYNC-04") if first else "SYNC-04"
