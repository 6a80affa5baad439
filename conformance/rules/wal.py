"""What the answers of a log say of its requirements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from conformance.rules import events
from conformance.rules.blame import (
    SYNC_REQUIREMENTS,
    SinceLoad,
    broken_by_sync,
    broken_requirement,
    entries_without,
)
from conformance.rules.events import OK, Event
from conformance.rules.findings import Findings
from conformance.rules.log_memory import Probes, RefusedEntry, SinceLook
from conformance.rules.long_texts import (
    contents_text,
    expected_load_text,
    found_load_text,
    mismatch_text,
)
from conformance.rules.worlds import TAIL_MAX, WORLDS_MAX, Entries, PossibleLogs, World
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.effects import Blocked, Success

__all__ = ["LogJudge"]

_KEPT_BY_APPENDS: Final = ("WAL-01", "WAL-02")


class LogJudge:
    """One log, seen through its answers."""

    def __init__(
        self,
        findings: Findings,
        mode: RejectionMode,
        *,
        begins_empty: bool,
        reopens: bool,
        probes: Probes | None = None,
    ) -> None:
        self.findings = findings
        self.mode = mode
        self.reopens = reopens
        self.probes = probes or Probes()
        self.logs = PossibleLogs(mode, () if begins_empty else None)
        self.doubt = ""
        self._texts: set[str] = set()
        self._fresh = begins_empty
        self._shown = 0
        self._since = SinceLook()

    @property
    def entries(self) -> Entries:
        """What the log holds, or may hold where that is not certain."""
        return self.logs.contents(self.logs.worlds[0]) if self.logs.worlds else ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be in the log."""
        return not any(map(self.logs.count, self.logs.worlds))

    def begin_with(self, entries: Entries) -> None:
        """Take it for known what the log holds, and judge what comes."""
        self.logs.adopt(entries)
        self._settle(())

    def refusal_of(self, entry: AgreementWalEntry) -> str | None:
        """Return the text with which an entry must be refused, or ``None`` for a lawful one."""
        texts = [self.logs.append_error(world, entry) for world in self.logs.worlds]
        return texts[0] if texts and None not in texts else None

    def may_read(self, tick: int, found: Entries) -> bool:
        """Say whether a read behind a tick may give this."""
        worlds = self.logs.worlds
        return not worlds or any(self.logs.since(world, tick) == found for world in worlds)

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
                self._since.written_since_opening = True
                self._since.unsure = True
                both = [world for _, after in outcomes for world in after]
                self._keep([*worlds, *both])

    def _accept(
        self, entry: AgreementWalEntry, outcomes: Sequence[tuple[str | None, list[World]]]
    ) -> None:
        self._since.written_since_opening = True
        self._since.accepted = True
        accepting = [after for error, after in outcomes if error is None]
        if outcomes and not accepting:
            self.findings.blame(
                "WAL-03",
                lambda: f"refused: {outcomes[0][0]}",
                lambda: "the append was accepted",
            )
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
        texts = [error for error, _ in refusing]
        self._texts.update(texts)
        self._since.rejected.append(entry)
        after_refusal = [world for _, after in refusing for world in after]
        if len(refusing) < len(outcomes) and message not in texts:
            # Where the entry was lawful a disk may have been full: nobody can tell which it was.
            pairs = zip(self.logs.worlds, outcomes, strict=True)
            lawful = [world for world, (error, _) in pairs if error is None]
            self._keep([*after_refusal, *self._after_refusal_of_legal(lawful, entry)])
            return
        if not refusing:
            return
        self.findings.hold("WAL-03")
        if message:
            self.findings.check(
                "WAL-03.text",
                message in texts,
                lambda: f"refused: {texts[0]}",
                lambda: f"refused: {message}",
            )
        self._keep(after_refusal)

    def _after_refusal_of_legal(
        self, worlds: Sequence[World], entry: AgreementWalEntry
    ) -> list[World]:
        if self.mode is not RejectionMode.UNKNOWN_OUTCOME:
            return list(worlds)
        self._since.unsure = True
        return [*worlds, *(self.logs.stored(world, entry) for world in worlds)]

    def _refuse_legal(self, entry: AgreementWalEntry, message: str | None) -> None:
        refused = RefusedEntry(entry, message, self.findings.place)
        if message in self._texts:
            # A disk may be full; but the text of an earlier refusal tells of a log that it wedged.
            self._blame_refusal(refused, "WAL-04")
        elif self.mode is RejectionMode.UNKNOWN_OUTCOME:
            self._blame_refusal(refused, "WAL-13.accept")
        else:
            self._since.refused.append(refused)
        self._keep(self._after_refusal_of_legal(self.logs.worlds, entry))

    def _blame_refusal(self, refused: RefusedEntry, requirement_id: str) -> None:
        self.findings.blame(
            requirement_id,
            lambda: "accepted",
            lambda: f"refused: {refused.message or ''}",
            at=refused.place,
        )

    def sync(self, event: Event, request: WalSyncRequest) -> None:
        """Follow what a sync may have stored; a load shows whether it did."""
        self._fresh = False
        self._since.written_since_opening = True
        found: list[World] = []
        proven: list[set[str]] = []
        for world in self.logs.worlds:
            after = self.logs.synced(world, request)
            if event.answer == OK and isinstance(event.result, Blocked):
                found.append(world)
            elif event.answer == OK and isinstance(event.result, Success):
                found.append(after[-1])
                proven.append(self._proven(world, after, request))
            else:
                # A sync that fails leaves what it had stored by then.
                found.extend(after)
        self._since.synced = True
        if proven:
            self._since.proven_by_syncs |= set.intersection(*proven)
        self._keep(found)

    def _proven(self, world: World, after: Sequence[World], request: WalSyncRequest) -> set[str]:
        """Return the requirements that a sync puts to the test by what it stores."""
        stored = after[-1].tail_entries()[world.tail_count :]
        proven = {SYNC_REQUIREMENTS[type(entry)] for entry in stored}
        if len(stored) < len(self.logs.proposed(world, request)):
            proven.add("SYNC-05")
        return proven

    def read_since(self, event: Event, tick: int) -> None:
        """Judge the entries after a tick."""
        if event.answer != OK or not self.logs.worlds:
            return
        found: Entries = event.result
        answers = [(world, self.logs.since(world, tick)) for world in self.logs.worlds]
        matching = [world for world, answer in answers if answer == found]
        if matching:
            self.findings.hold("WAL-05")
            self._keep(matching)
            return
        world, expected = answers[0]
        requirement_id = "WAL-05"
        if self._since.may_differ and all(entry.tick > tick for entry in found):
            requirement_id = self._blamed(found, self.logs.contents(world), tick)
        self.findings.blame(
            requirement_id,
            lambda: contents_text(expected),
            lambda: mismatch_text(found, expected),
        )

    def load(self, event: Event) -> None:
        """Judge the whole log, which tells which of the possible ones it is."""
        if event.answer != OK:
            self._unanswered(event)
            return
        found: Entries = event.result
        if not self.logs.worlds:
            self.logs.adopt(found)
            self._settle(())
            return
        matching = [world for world in self.logs.worlds if self.logs.holds(world, found)]
        if matching:
            for requirement_id in self._put_to_the_test():
                self.findings.hold(requirement_id)
            self._keep(matching)
            self._settle(())
        else:
            self._blame_load(found)
            # From here on the log is judged by what it really holds.
            expected = self.logs.contents(self.logs.worlds[0])
            self.logs.adopt(found)
            self._settle(entries_without(found, expected))

    def _blame_load(self, found: Entries) -> None:
        expected = self.logs.contents(self.logs.worlds[0])
        possible = [self.logs.contents(world) for world in self.logs.worlds[:2]]
        requirement_id = self._blamed(found, expected)
        self.findings.blame(
            requirement_id,
            lambda: expected_load_text(requirement_id, possible, len(self.logs.worlds)),
            lambda: found_load_text(requirement_id, found, expected),
        )

    def _unanswered(self, event: Event) -> None:
        """Blame a load of a log that nobody has touched and that cannot be read."""
        if event.answer == events.REFUSED and self._fresh:
            self.findings.blame(
                "WAL-07", lambda: "an empty log", lambda: f"refused: {event.message or ''}"
            )

    def reopen(self, event: Event) -> None:
        """Expect the same log again, where that is promised."""
        self._fresh = False
        if self.reopens:
            self._since.reopened, self._since.written_since_opening = True, False
            self._since.certain = min(map(self.logs.count, self.logs.worlds), default=0)
        else:
            self.logs.keep([])

    def _put_to_the_test(self) -> list[str]:
        """Return what a right load proves."""
        found = []
        if self._fresh:
            found.append("WAL-07")
        if self._since.reopened and self._since.certain:
            found.append("WAL-08")
        if self._since.accepted:
            found += [*_KEPT_BY_APPENDS, "WAL-13", "WAL-13.accept"]
        if self._since.refused:
            found.append("WAL-13")
        if self._since.rejected:
            found.append(self._of_rejection)
        found += sorted(self._since.proven_by_syncs)
        # Only what nothing could have changed is the same once more.
        return found or ([] if self._since.may_differ else ["WAL-06"])

    @property
    def _of_rejection(self) -> str:
        return "WAL-10" if self.mode is RejectionMode.KEEPS_REJECTED else "WAL-04"

    def _blamed(self, found: Entries, contents: Entries, tick: int | None = None) -> str:
        """Return the requirement that a log breaks which is not, or not read as, ``contents``.

        ``found`` is the whole log, or what is in it after a tick.
        """
        if self._fresh:
            return "WAL-07"

        def read(count: int | None = None) -> Entries:
            return tuple([each for each in contents[:count] if tick is None or each.tick > tick])

        expected, settled, reopened = (
            read(),
            len(read(self._shown)),
            self._since.reopened,
        )
        opened = read(self._since.certain)
        if reopened and self._since.written_since_opening and found[: len(opened)] == opened:
            # What was opened again was all there: what is wrong came later.
            settled, reopened = len(opened), False
        extra = entries_without(found, expected)
        stored = any(refused.entry in extra for refused in self._since.refused)
        appended = self._since.accepted or self._since.unsure
        is_kept = found[:settled] == expected[:settled]
        if (
            self._since.synced
            and is_kept
            and not (appended or reopened or self._since.rejected or stored)
        ):
            return broken_by_sync(extra, entries_without(expected, found), expected)
        since = SinceLoad(
            settled=settled,
            appended=appended or self._since.synced,
            reopened=reopened,
            refused=tuple([refused.entry for refused in self._since.refused]),
            rejected=tuple(self._since.rejected),
            keeps_rejected=self.mode is RejectionMode.KEEPS_REJECTED,
        )
        kept = self.probes.kept_without_reopening
        return broken_requirement(found, expected, since, kept_without_reopening=kept)

    def _keep(self, worlds: Sequence[World]) -> None:
        if not self.logs.keep(worlds):
            self.doubt = self.doubt or (
                f"at line {self.findings.line} more than {WORLDS_MAX} logs were possible, or "
                f"several for more than {TAIL_MAX} entries"
            )

    def settle(self) -> None:
        """Blame the refusals of lawful entries that no load has explained (WAL-13)."""
        self._blame_refusals(())
        self._since.refused.clear()

    def _blame_refusals(self, surplus: Entries) -> None:
        for refused in self._since.refused:
            # That it was refused is no fault of its own where it was stored all the same.
            if refused.entry not in surplus:
                after_effect = self.probes.is_after_effect(refused.entry)
                self._blame_refusal(refused, "WAL-04" if after_effect else "WAL-13.accept")

    def _settle(self, surplus: Entries) -> None:
        """Begin anew from what a load showed, with what it showed beyond what was expected."""
        self._blame_refusals(surplus)
        self._shown = self.logs.count(self.logs.worlds[0])
        self._fresh = False
        self._since = SinceLook()
