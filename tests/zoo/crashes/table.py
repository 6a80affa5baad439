"""What must catch each broken storage of the zoo, as data; and the right ones, which nothing may.

``file_systems`` are those of the persistence model on which a storage must be caught; what it does
on the others is left open. What a crash leaves is either lost or changed, or it is refused: an
error at opening breaks ``recovery``, and an append that is not there afterwards ``progress``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.zoo.crashes import (
    asked_again,
    databases,
    faulty_appends,
    faulty_calls,
    faulty_files,
    faulty_sqlite,
    keyed_files,
    random_names,
    right,
    rotten,
    storages,
)
from tests.zoo.crashes.storages import Storage

LOG: Final = "log"
CACHE: Final = "cache"
PREFIX_OF: Final = {LOG: "WAL", CACHE: "CACHE"}

CRASH_CLASSES: Final = (
    "kill-inside",
    "power-prefix",
    "power-torn",
    "power-reordered",
    "power-zero",
    "power-stale",
    "power-entry",
    "fsync-error",
    "disk-full",
    "short-write",
    "io-error",
    "recovery-crash",
    "power-after-kill",
    "bit-rot",
    # Two handles and no crash at all.
    "race",
)
FILE_SYSTEMS: Final = ("posix", "ext4", "ordered")
REORDERING: Final = ("posix", "ext4")
POSIX: Final = ("posix",)


@dataclass(frozen=True)
class Broken:
    """A broken storage, under a log or a cache, and what must catch it."""

    component: str
    storage: type[Storage]
    crash_class: str
    requirement: str
    file_systems: tuple[str, ...] = FILE_SYSTEMS

    @property
    def name(self) -> str:
        return f"{self.storage.__name__}_{self.component}"


@dataclass(frozen=True)
class Right:
    """A right storage, and the crash classes that it does not promise to survive."""

    component: str
    storage: type[Storage]
    not_promised: tuple[str, ...] = ("bit-rot", "race")

    @property
    def name(self) -> str:
        return f"{self.storage.__name__}_{self.component}"


def _broken(
    component: str,
    storage: type[Storage],
    crash_class: str,
    ending: str,
    file_systems: tuple[str, ...] = FILE_SYSTEMS,
) -> Broken:
    number = {"bit-rot": 15, "handles": 1 if component == LOG else 2}.get(ending, 8)
    requirement = f"{PREFIX_OF[component]}-{number:02d}.{ending}"
    return Broken(component, storage, crash_class, requirement, file_systems)


_a, _f, _k, _s = faulty_appends, faulty_files, keyed_files, faulty_sqlite
_c, _d, _r = faulty_calls, databases, rotten
_q = asked_again

BROKEN: Final = (
    # Nothing is synced, or too late, or something else is.
    _broken(LOG, _a.NeverSyncs, "power-prefix", "power"),
    _broken(LOG, _a.SyncsAtClose, "power-prefix", "power"),
    _broken(LOG, _a.SyncsEverySecond, "power-prefix", "power"),
    _broken(LOG, _a.SyncsBeforeWriting, "power-prefix", "power"),
    _broken(LOG, _a.SyncsAnotherFile, "power-prefix", "power", REORDERING),
    _broken(LOG, _a.SyncsInBackground, "power-prefix", "power"),
    _broken(LOG, _a.MakesFileWithoutFolderSync, "power-entry", "power", POSIX),
    _broken(LOG, _f.SegmentNameNotSynced, "power-entry", "power", POSIX),
    _broken(LOG, _f.ForgetsThatAFileFailed, "fsync-error", "fsync-error"),
    _broken(LOG, _f.LongSegmentNameNotSynced, "power-entry", "power", POSIX),
    _broken(LOG, _f.SegmentNameSyncedLate, "power-entry", "power", POSIX),
    _broken(LOG, _f.IndexNotSynced, "power-prefix", "power"),
    _broken(LOG, _s.SqliteWalNormal, "power-prefix", "power"),
    _broken(LOG, _s.SqliteOff, "power-prefix", "power"),
    _broken(LOG, _s.SqliteRollbackFull, "power-prefix", "power"),
    # Its journal grows again in the place where it was cut off. Where old bytes show through, the
    # head of an earlier one is taken for its own, and the file is cut to the length in that.
    _broken(LOG, right.SqliteTruncateFull, "power-stale", "power", POSIX),
    # Nothing is written yet when it is acknowledged.
    _broken(LOG, _a.KeepsInBuffer, "kill-inside", "kill-inside"),
    _broken(LOG, _a.WritesOneBehind, "kill-inside", "kill-inside"),
    # A file is replaced.
    _broken(LOG, _f.EmptiesFirst, "kill-inside", "kill-inside"),
    _broken(LOG, _f.UnlinksBeforeRename, "kill-inside", "kill-inside"),
    _broken(LOG, _f.TakesTemporaryForNewest, "kill-inside", "kill-inside"),
    _broken(LOG, _f.StumblesOverOldTemporary, "kill-inside", "progress"),
    _broken(LOG, _f.WritesOverItself, "power-torn", "recovery", REORDERING),
    _broken(LOG, _f.RenamesWithoutFileSync, "power-reordered", "power", POSIX),
    _broken(LOG, _f.RenamesWithoutFolderSync, "power-prefix", "power"),
    _broken(LOG, _f.RenamesWithoutSync, "power-prefix", "power"),
    # Something in front says how much there is.
    _broken(LOG, _f.LengthInPlace, "power-reordered", "recovery", REORDERING),
    _broken(LOG, _f.CountBeforeData, "kill-inside", "recovery"),
    _broken(LOG, _f.IndexBeforeData, "kill-inside", "recovery"),
    _broken(LOG, _f.EndMarkMoved, "power-torn", "recovery", REORDERING),
    # What a crash cut off, at opening.
    _broken(LOG, _a.WritesHeadApart, "kill-inside", "recovery"),
    _broken(LOG, _a.KeepsTornTail, "power-torn", "progress", REORDERING),
    _broken(LOG, _a.RefusesTornTail, "power-torn", "recovery", REORDERING),
    _broken(LOG, _a.CutsOneTooMany, "power-torn", "power", REORDERING),
    _broken(LOG, _a.CutsEverything, "power-torn", "power", REORDERING),
    _broken(LOG, _a.CutsWholeSectors, "power-torn", "power", REORDERING),
    _broken(LOG, _a.NoChecksum, "power-zero", "recovery", REORDERING),
    _broken(LOG, _a.ChecksumOfHead, "power-torn", "recovery", REORDERING),
    _broken(LOG, _a.ChecksumThatZerosPass, "power-zero", "recovery", REORDERING),
    # What databases get wrong.
    _broken(LOG, _d.PageCopyNotSynced, "power-torn", "recovery", REORDERING),
    _broken(LOG, _d.JournalRemovedEarly, "power-prefix", "power"),
    _broken(LOG, _d.JournalNotChecked, "kill-inside", "kill-inside"),
    _broken(LOG, _d.HeaderFlipped, "power-reordered", "recovery", REORDERING),
    _broken(LOG, _d.RecycledWithoutGeneration, "power-stale", "power", REORDERING),
    _broken(LOG, _d.ChecksumsInAChain, "power-torn", "progress", REORDERING),
    _broken(LOG, _d.PointerBeforeSegment, "kill-inside", "kill-inside"),
    _broken(LOG, _d.CommitsBeforeData, "power-prefix", "recovery"),
    _broken(LOG, _d.SlotsFilledLater, "kill-inside", "recovery"),
    _broken(LOG, _d.SyncsClosedCopy, "power-prefix", "power"),
    _broken(LOG, _d.SyncsARange, "power-prefix", "power"),
    _broken(LOG, _d.SyncsFolderAbove, "power-prefix", "power"),
    _broken(LOG, _d.MendsByEmptying, "recovery-crash", "recovery", REORDERING),
    _broken(LOG, _d.LinkedIntoPlace, "kill-inside", "kill-inside"),
    _broken(CACHE, _d.SwappedByTwoRenames, "kill-inside", "kill-inside"),
    _broken(CACHE, _d.RemovedBeforePut, "kill-inside", "kill-inside"),
    # The opening itself.
    _broken(LOG, _a.ShowsBeforeSync, "power-after-kill", "shown"),
    _broken(LOG, _a.WritesAnewAtOpening, "recovery-crash", "recovery"),
    _broken(LOG, _f.IntentAppliedTwice, "kill-inside", "kill-inside"),
    _broken(LOG, _f.CheckpointDropsSuffix, "kill-inside", "kill-inside"),
    _broken(LOG, _f.CheckpointNotSynced, "power-reordered", "power", POSIX),
    _broken(LOG, _f.CheckpointAppliedTwice, "kill-inside", "kill-inside"),
    _broken(LOG, _a.BeginsAnewAfterDeath, "kill-inside", "kill-inside"),
    _broken(LOG, _a.CutsToNotedLength, "kill-inside", "kill-inside"),
    _broken(LOG, _a.StaleLockFile, "kill-inside", "recovery"),
    # Calls that fail.
    _broken(LOG, _a.SyncErrorIgnored, "fsync-error", "fsync-error"),
    _broken(LOG, _a.SyncErrorIgnoredLater, "fsync-error", "fsync-error"),
    _broken(LOG, _a.SyncErrorRetried, "fsync-error", "fsync-error", REORDERING),
    _broken(LOG, _a.SyncErrorForgotten, "fsync-error", "fsync-error"),
    _broken(LOG, _a.SyncErrorTrustedAtOpening, "fsync-error", "fsync-error", REORDERING),
    _broken(LOG, _a.FullDiskIgnored, "disk-full", "disk-full"),
    _broken(LOG, _a.FullDiskLeavesRest, "disk-full", "disk-full"),
    _broken(LOG, _a.FullDiskForEver, "disk-full", "disk-full"),
    _broken(LOG, random_names.IgnoresFullDiskAtRandom, "disk-full", "disk-full"),
    _broken(LOG, _a.ShortWriteIgnored, "short-write", "disk-full"),
    _broken(LOG, _a.ShortWriteFromStart, "short-write", "disk-full"),
    _broken(LOG, random_names.TakesAPartAtRandom, "short-write", "disk-full"),
    _broken(LOG, _d.ForgetsBeforeItIsUndone, "recovery-crash", "recovery"),
    _broken(LOG, _q.FindsItThere, "fsync-error", "fsync-error"),
    _broken(CACHE, _q.RemembersWhatFailed, "disk-full", "disk-full"),
    _broken(CACHE, _q.ShowsWhatItRefused, "disk-full", "disk-full"),
    _broken(CACHE, _q.SkipsWhatIsThere, "power-after-kill", "recovery"),
    _broken(LOG, _c.TakesUnreadableForEmpty, "io-error", "io-error"),
    _broken(LOG, _c.RenamesInVain, "io-error", "io-error"),
    _broken(LOG, _c.WritesAgainBehindIt, "io-error", "io-error"),
    _broken(LOG, _c.StepsAside, "io-error", "io-error"),
    # Damage at rest.
    _broken(LOG, _a.NoNumbers, "bit-rot", "bit-rot"),
    _broken(LOG, _r.NoChecksumAtRest, "bit-rot", "bit-rot"),
    _broken(LOG, _r.LengthNotChecked, "bit-rot", "bit-rot"),
    _broken(LOG, _r.ChecksTailAlone, "bit-rot", "bit-rot"),
    _broken(LOG, _r.CutsDamagedEnd, "bit-rot", "bit-rot"),
    _broken(LOG, _r.MarkNotChecked, "bit-rot", "bit-rot"),
    _broken(LOG, _r.MirroredLate, "bit-rot", "bit-rot"),
    _broken(LOG, _r.DiesOfDamage, "bit-rot", "bit-rot"),
    # Two writers.
    _broken(LOG, _a.NoLock, "race", "handles"),
    _broken(LOG, _a.LockLetGo, "race", "handles"),
    # Caches.
    _broken(CACHE, _a.NeverSyncs, "power-prefix", "power"),
    _broken(CACHE, _a.KeepsInBuffer, "kill-inside", "kill-inside"),
    _broken(CACHE, _a.StaleLockFile, "kill-inside", "recovery"),
    _broken(CACHE, _a.SyncErrorIgnored, "fsync-error", "fsync-error"),
    _broken(CACHE, _a.FullDiskIgnored, "disk-full", "disk-full"),
    _broken(CACHE, _c.TakesUnreadableForEmpty, "io-error", "io-error"),
    _broken(CACHE, _c.RenamesInVain, "io-error", "io-error"),
    _broken(CACHE, _a.RefusesTornTail, "power-torn", "recovery", REORDERING),
    _broken(CACHE, _a.WritesAnewAtOpening, "recovery-crash", "recovery"),
    _broken(CACHE, _f.EmptiesFirst, "kill-inside", "kill-inside"),
    _broken(CACHE, _f.UnlinksBeforeRename, "kill-inside", "kill-inside"),
    _broken(CACHE, _f.RenamesWithoutFileSync, "power-reordered", "power", POSIX),
    _broken(CACHE, _f.RenamesWithoutFolderSync, "power-prefix", "power"),
    _broken(CACHE, _k.FilePerKeyInPlace, "kill-inside", "kill-inside"),
    _broken(CACHE, _k.FilePerKeyRemovedFirst, "kill-inside", "kill-inside"),
    _broken(CACHE, _k.FilePerKeyNameNotSynced, "power-prefix", "power"),
    _broken(CACHE, _k.FilePerKeyNotSynced, "power-reordered", "power", POSIX),
    _broken(CACHE, _k.CompactsInPlace, "kill-inside", "kill-inside"),
    _broken(CACHE, _k.CompactsWithoutFileSync, "power-reordered", "power", POSIX),
    _broken(CACHE, _k.CompactsWithoutFolderSync, "power-entry", "power", REORDERING),
    _broken(CACHE, _k.CompactsAfterRemoving, "kill-inside", "kill-inside"),
    _broken(CACHE, _k.CompactsLateInPlace, "kill-inside", "kill-inside"),
    _broken(CACHE, _k.CompactsWithoutThePut, "kill-inside", "kill-inside"),
    _broken(CACHE, _r.ChecksTailAlone, "bit-rot", "bit-rot"),
    _broken(CACHE, _r.MirroredLate, "bit-rot", "bit-rot"),
)
"""Each shows its fault only in a crash."""

# These notice damage at rest too.
_BUT_FOR_RACES: Final = ("race",)
# After a failed sync SQLite promises nothing about what a new process finds; and what it finds
# after a kill it shows and does not sync.
_OF_SQLITE: Final = ("bit-rot", "race", "fsync-error", "power-after-kill")

RIGHT: Final = (
    Right(LOG, storages.AppendFile),
    Right(LOG, storages.WholeFile),
    Right(LOG, _f.Checkpointed),
    Right(LOG, _f.Segmented),
    Right(LOG, _f.LongSegments),
    Right(LOG, right.DataSynced),
    Right(LOG, right.TextLines),
    Right(LOG, right.Preallocated),
    Right(LOG, right.WrittenTwice),
    Right(LOG, right.TwoFilesInTurn),
    Right(LOG, right.FilePerRecord),
    Right(LOG, right.LinkedVersions),
    Right(LOG, right.CopiedPages),
    Right(LOG, right.NewestFirst),
    Right(LOG, _c.CleansUpFirst),
    Right(LOG, random_names.NamedAtRandom),
    Right(LOG, _q.WritesAgain),
    Right(LOG, _d.PageWrittenTwice),
    Right(LOG, _d.RollbackJournal),
    Right(LOG, _d.UndoesWhatIsTorn),
    Right(LOG, _d.Recycled),
    Right(LOG, _d.SyncsEverything),
    Right(LOG, _d.NamelessThenLinked),
    Right(LOG, _d.PayloadBeforeMark),
    Right(LOG, right.SqliteWalExtra, _OF_SQLITE),
    Right(LOG, right.SqliteWalFull, _OF_SQLITE),
    Right(LOG, right.SqliteRollbackExtra, _OF_SQLITE),
    Right(CACHE, storages.AppendFile),
    Right(CACHE, storages.WholeFile),
    Right(CACHE, _k.FilePerKey),
    Right(CACHE, _k.Compacted),
    Right(CACHE, _k.CompactsLate),
    Right(CACHE, right.TwoFilesInTurn),
    Right(CACHE, right.LinkedVersions),
    Right(CACHE, right.SqliteWalExtra, _OF_SQLITE),
    Right(LOG, _r.Sealed, _BUT_FOR_RACES),
    Right(LOG, _r.PaddedRecords, _BUT_FOR_RACES),
    Right(LOG, _r.Mirrored, _BUT_FOR_RACES),
    Right(CACHE, _r.Sealed, _BUT_FOR_RACES),
    Right(CACHE, _r.Mirrored, _BUT_FOR_RACES),
)
"""None may be failed for anything but what it does not promise."""
