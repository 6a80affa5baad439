"""From lines of strace to events: every call that is followed, and every one that is not."""

from __future__ import annotations

import pytest

from conformance.crashes.disk import Image
from conformance.crashes.events import (
    Answered,
    Event,
    Linked,
    Renamed,
    Resized,
    Synced,
    SyncedAll,
    SyncFailed,
    Unlinked,
    Wrote,
)
from conformance.crashes.recorder import Recorder, recording_of
from conformance.crashes.system_calls import TraceReader
from conformance.crashes.tests.traces import OUTPUT, ROOT, line
from conformance.crashes.trace_errors import (
    CutOffTraceError,
    MalformedTraceError,
    UnknownCallError,
    UnseenStorageError,
)

MADE = 'openat(AT_FDCWD</>, "/store/log", O_RDWR|O_CREAT, 0600) = 3</store/log>'


def events(*texts: str, image: Image | None = None) -> list[Event]:
    """Return the events of calls of one process in the folder."""
    recorder = Recorder(OUTPUT)
    recorder.begin(ROOT, image or Image())
    for text in texts:
        recorder.take(line(text))
    recorder.check_seen()
    return recorder.recording.events


def after_making(*texts: str) -> list[Event]:
    """Return the events of calls after a new file was opened as descriptor 3."""
    return events(MADE, *texts)[1:]


def test_a_new_file_is_an_entry_of_its_folder() -> None:
    """Opening with O_CREAT links what was not there, and nothing else."""
    again = MADE.replace("= 3", "= 4")

    assert events(MADE, again) == [Linked(0, "log", 1)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (['write(3</store/log>, "abc", 3) = 3', 'write(3</store/log>, "de", 2) = 2'], (3, b"de")),
        (['write(3</store/log>, "abcdef", 6) = 4', 'write(3</store/log>, "x", 1) = 1'], (4, b"x")),
        (['pwrite64(3</store/log>, "ab", 2, 70) = 2'], (70, b"ab")),
        (
            ['writev(3</store/log>, [{iov_base="ab", iov_len=2}, {iov_base="c"}], 2) = 3'],
            (0, b"abc"),
        ),
        (['pwritev(3</store/log>, [{iov_base="ab", iov_len=2}], 1, 9) = 2'], (9, b"ab")),
        (
            ["lseek(3</store/log>, 40, SEEK_SET) = 40", 'write(3</store/log>, "a", 1) = 1'],
            (40, b"a"),
        ),
        (["read(0x3, 0x7f00, 0x8) = 0x6", 'write(3</store/log>, "a", 1) = 1'], (6, b"a")),
        (
            [
                "dup(3</store/log>) = 5</store/log>",
                'write(5</store/log>, "ab", 2) = 2',
                'write(3</store/log>, "c", 1) = 1',
            ],
            (2, b"c"),
        ),
        (
            [
                "fcntl(3</store/log>, F_DUPFD_CLOEXEC, 9) = 9</store/log>",
                'write(9</store/log>, "ab", 2) = 2',
            ],
            (0, b"ab"),
        ),
        (
            [
                'write(3</store/log>, "abc", 3) = 3',
                "fcntl(3</store/log>, F_SETFL, O_APPEND) = 0",
                "lseek(3</store/log>, 0, SEEK_SET) = 0",
                'write(3</store/log>, "d", 1) = 1',
            ],
            (3, b"d"),
        ),
        (
            [
                'write(3</store/log>, "abcd", 4) = 4',
                "copy_file_range(3</store/log>, [1], 3</store/log>, [10], 2, 0) = 2",
            ],
            (10, b"bc"),
        ),
        (
            [
                'write(3</store/log>, "abcd", 4) = 4',
                "sendfile(3</store/log>, 3</store/log>, [0] => [2], 2) = 2",
            ],
            (4, b"ab"),
        ),
    ],
)
def test_the_offset_is_that_of_the_opening(texts: list[str], expected: tuple[int, bytes]) -> None:
    """Writes, reads and seeks move one offset, shared by duplicates, and appends ignore it."""
    *_, last = after_making(*texts)

    assert isinstance(last, Wrote)
    assert (last.offset, last.data) == expected


def test_openings_of_one_file_have_offsets_of_their_own() -> None:
    """A second opening begins at the start, and one for appends goes to the end."""
    _, *written = events(
        MADE,
        'write(3</store/log>, "abc", 3) = 3',
        MADE.replace("= 3", "= 4"),
        MADE.replace("O_CREAT", "O_APPEND").replace("= 3", "= 5"),
        'write(4</store/log>, "x", 1) = 1',
        'write(5</store/log>, "y", 1) = 1',
    )

    assert [each.offset for each in written if isinstance(each, Wrote)] == [0, 0, 3]


def test_threads_share_descriptors_and_children_copy_them() -> None:
    """A child's offset is its parent's, and what a child closes stays open in the parent."""
    recorder = Recorder(OUTPUT)
    recorder.begin(ROOT)
    for process_id, text in (
        (1, MADE),
        (1, "clone(child_stack=NULL, flags=SIGCHLD) = 2"),
        (2, 'write(3</store/log>, "abc", 3) = 3'),
        (2, "close(3</store/log>) = 0"),
        (1, 'write(3</store/log>, "d", 1) = 1'),
        (1, "clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD}, 88) = 3"),
        (3, 'openat(AT_FDCWD</>, "/store/other", O_WRONLY|O_CREAT, 0600) = 4</store/other>'),
        (1, 'write(4</store/other>, "e", 1) = 1'),
    ):
        recorder.take(line(text, process_id))

    offsets = [each.offset for each in recorder.recording.events if isinstance(each, Wrote)]
    assert offsets == [0, 3, 0]


def test_a_child_that_is_seen_before_its_maker_returns_has_the_makers_files() -> None:
    """As with vfork, whose call ends only after the child has done what it does."""
    recorder = Recorder(OUTPUT)
    recorder.begin(ROOT)
    for process_id, text in (
        (1, MADE),
        (1, "vfork( <unfinished ...>"),
        (2, 'write(3</store/log>, "abc", 3) = 3'),
        (1, "<... vfork resumed>) = 2"),
    ):
        recorder.take(line(text, process_id))

    assert recorder.recording.events[-1] == Wrote(1, 0, b"abc")


def test_what_is_closed_on_execution_is_closed() -> None:
    """A number that the next program gives to something else is not the log any more."""
    assert (
        events(
            MADE.replace("O_CREAT", "O_CREAT|O_CLOEXEC"),
            'execve("/bin/x", ["x"], 0x7f /* 3 vars */) = 0',
            'write(3<pipe:[9]>, "abc", 3) = 3',
        )[1:]
        == []
    )


def test_sizes() -> None:
    """Cuts, growth by allocation, and allocation that keeps the size."""
    assert after_making(
        "ftruncate(3</store/log>, 100) = 0",
        "fallocate(3</store/log>, 0, 50, 100) = 0",
        "fallocate(3</store/log>, FALLOC_FL_KEEP_SIZE, 0, 900) = 0",
        'truncate("/store/log", 5) = 0',
        MADE.replace("O_CREAT", "O_TRUNC").replace("= 3", "= 4"),
        "fallocate(4</store/log>, FALLOC_FL_ZERO_RANGE, 2, 3) = 0",
    ) == [Resized(1, 100), Resized(1, 150), Resized(1, 5), Resized(1, 0), Wrote(1, 2, bytes(3))]


def test_syncs() -> None:
    """Good syncs, failed ones, those of everything, and writes that are stable at once."""
    assert after_making(
        'write(3</store/log>, "a", 1) = 1',
        "fsync(3</store/log>) = 0",
        "fdatasync(3</store/log>) = -1 EIO (Input/output error) (INJECTED)",
        "sync() = 0",
        "sync_file_range(3</store/log>, 0, 0, 0) = 0",
        MADE.replace("O_CREAT", "O_DSYNC").replace("= 3", "= 4"),
        'write(4</store/log>, "b", 1) = 1',
        'pwritev2(3</store/log>, [{iov_base="c", iov_len=1}], 1, 0, RWF_DSYNC) = 1',
    ) == [
        Wrote(1, 0, b"a"),
        Synced(1, 2),
        SyncFailed(1, 3),
        SyncedAll(4),
        Wrote(1, 0, b"b", is_synced=True),
        Wrote(1, 0, b"c", is_synced=True),
    ]


def test_a_sync_covers_only_what_had_ended_when_it_began() -> None:
    """A write of another thread that ends during a sync is not covered by it."""
    recorder = Recorder(OUTPUT)
    recorder.begin(ROOT)
    for process_id, text in (
        (1, MADE),
        (1, "clone(flags=CLONE_FILES) = 2"),
        (1, 'write(3</store/log>, "a", 1) = 1'),
        (1, "fsync(3</store/log> <unfinished ...>"),
        (2, 'write(3</store/log>, "b", 1) = 1'),
        (1, "<... fsync resumed>) = 0"),
    ):
        recorder.take(line(text, process_id))

    assert recorder.recording.events[-1] == Synced(1, 2)


def test_names() -> None:
    """Renames over a file, other names of one, folders, and what is removed."""
    assert after_making(
        'mkdir("/store/sub", 0700) = 0',
        'openat(AT_FDCWD</store>, "sub/new", O_WRONLY|O_CREAT, 0600) = 4</store/sub/new>',
        'rename("/store/sub/new", "/store/log") = 0',
        'link("/store/log", "/store/second") = 0',
        'openat(AT_FDCWD</>, "/store", O_RDONLY|O_DIRECTORY) = 5</store>',
        'renameat2(5</store>, "second", 5</store>, "third", RENAME_NOREPLACE) = 0',
        'unlinkat(5</store>, "third", 0) = 0',
        'rmdir("/store/sub") = 0',
        "fsync(5</store>) = 0",
        'unlink("/store/absent") = -1 ENOENT (No such file or directory)',
    ) == [
        Linked(0, "sub", 2, is_folder=True),
        Linked(2, "new", 3),
        Renamed(2, "new", 0, "log", 3, 1),
        Linked(0, "second", 3, is_new=False),
        Renamed(0, "second", 0, "third", 3, None),
        Unlinked(0, "third", 3),
        Unlinked(0, "sub", 2),
        Synced(0, 8),
    ]


def test_a_file_without_a_name_gets_one() -> None:
    """O_TMPFILE, and a link through the descriptor."""
    assert events(
        'openat(AT_FDCWD</>, "/store", O_WRONLY|O_TMPFILE, 0600) = 3</store/#12>(deleted)',
        'write(3</store/#12>(deleted), "ab", 2) = 2',
        'linkat(AT_FDCWD</>, "/proc/self/fd/3", AT_FDCWD</>, "/store/log", AT_SYMLINK_FOLLOW) = 0',
    ) == [Wrote(1, 0, b"ab"), Linked(0, "log", 1, is_new=False)]


def test_a_deleted_file_can_still_be_written() -> None:
    """It is the file that is followed, not its name."""
    *_, last = after_making(
        'unlink("/store/log") = 0', 'write(3</store/log>(deleted), "ab", 2) = 2'
    )

    assert last == Wrote(1, 0, b"ab")


def test_relative_names_follow_the_current_folder() -> None:
    """A change of folder is seen where the calls have no descriptor of it."""
    assert events('chdir("/store") = 0', 'mkdir("sub", 0700) = 0') == [
        Linked(0, "sub", 1, is_folder=True)
    ]


def test_answers_are_lines_of_standard_output() -> None:
    """A line may take several writes; it is answered once its end is written."""
    assert events(
        f'write(1<{OUTPUT}>, "one\ntw", 6) = 6',
        f'write(7<{OUTPUT}>, "o", 1) = 1',
        'write(2<pipe:[8]>, "told\n", 5) = 5',
        f'write(1<{OUTPUT}>, "\n", 1) = 1',
    ) == [Answered(b"one\n"), Answered(b"two\n")]


def test_an_image_that_was_there_is_known() -> None:
    """Files and folders of the beginning have numbers and contents."""
    image = Image(files=(("log", b"abc"), ("sub/x", b"y")), folders=("sub",))

    assert events(
        'openat(AT_FDCWD</>, "/store/log", O_WRONLY|O_APPEND) = 3</store/log>',
        'write(3</store/log>, "d", 1) = 1',
        'unlink("/store/sub/x") = 0',
        image=image,
    ) == [Wrote(2, 3, b"d"), Unlinked(1, "x", 3)]


def test_other_folders_are_none_of_ours() -> None:
    """Files elsewhere, also one whose path begins alike, make no events."""
    assert (
        events(
            'openat(AT_FDCWD</>, "/store2/log", O_RDWR|O_CREAT, 0600) = 3</store2/log>',
            'write(3</store2/log>, "abc", 3) = 3',
            'rename("/other/a", "/other/b") = 0',
        )
        == []
    )


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["mmap(NULL, 9, PROT_READ|PROT_WRITE, MAP_SHARED, 3</store/log>, 0) = 0x1000"], "`log`"),
        (
            [
                "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</store/log>, 0) = 0x1000",
                "mprotect(0x1000, 4096, PROT_READ|PROT_WRITE) = 0",
            ],
            "became writable of `log`",
        ),
        (["io_uring_setup(8, {flags=0}) = 4"], "io_uring"),
        (["io_submit(0x7f, 1, [{}]) = 1"], "io_submit"),
    ],
)
def test_what_cannot_be_seen_is_said(texts: list[str], told: str) -> None:
    """Writable shared mappings and requests that are no calls end a recording with their name."""
    with pytest.raises(UnseenStorageError, match=told):
        after_making(*texts)


@pytest.mark.parametrize(
    "text",
    [
        "mmap(NULL, 9, PROT_READ, MAP_SHARED, 3</store/log>, 0) = 0x1000",
        "mmap(NULL, 9, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</store/log>, 0) = 0x1000",
        "mmap(NULL, 9, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x1000",
        "io_uring_setup(8, {flags=0}) = -1 EPERM (Operation not permitted)",
    ],
)
def test_mappings_that_write_nothing_are_fine(text: str) -> None:
    """Read-only, private and anonymous mappings, and a ring that was refused."""
    assert after_making(text) == []


def test_files_that_are_made_again_are_left_out() -> None:
    """SQLite's shared memory is a mapping, and an image does without it."""
    recorder = Recorder(OUTPUT)
    recorder.begin(ROOT)
    for text in (
        'openat(AT_FDCWD</>, "/store/a-shm", O_RDWR|O_CREAT, 0600) = 3</store/a-shm>',
        "mmap(NULL, 9, PROT_READ|PROT_WRITE, MAP_SHARED, 3</store/a-shm>, 0) = 0x1000",
    ):
        recorder.take(line(text))
    recorder.check_seen()

    assert recorder.recording.left_out == ["a-shm"]


@pytest.mark.parametrize(
    "text",
    [
        'renameat2(AT_FDCWD</>, "/store/log", AT_FDCWD</>, "/store/b", RENAME_EXCHANGE) = 0',
        'rename("/other/a", "/store/b") = 0',
        'symlink("/store/log", "/store/b") = 0',
        'unlink("/store/b") = 0',
        "fallocate(3</store/log>, FALLOC_FL_COLLAPSE_RANGE, 0, 4096) = 0",
        "ioctl(3</store/log>, BTRFS_IOC_CLONE or FICLONE, 4) = 0",
        "splice(4<pipe:[9]>, NULL, 3</store/log>, NULL, 10, 0) = 10",
        'write(4</store/unopened>, "a", 1) = 1',
        'write(3</store/log>, "abc"..., 9) = 9',
        'openat(AT_FDCWD</>, "/store/unmade", O_RDONLY) = 4</store/unmade>',
        "quotactl(1, 2) = 0",
    ],
)
def test_a_call_of_unknown_effect_is_an_error(text: str) -> None:
    """Nothing that may have changed the files is passed over."""
    with pytest.raises(UnknownCallError):
        after_making(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "number of a process"),
        ("1 hello", "no call with a result"),
        ("1 <... write resumed>) = 3", "was not begun"),
        ("1 write(3, ", "no call with a result"),
    ],
)
def test_a_line_that_is_none_of_strace_is_an_error(text: str, reason: str) -> None:
    """The error says what is wrong and shows the line."""
    with pytest.raises(MalformedTraceError, match=reason):
        TraceReader().read(text)


@pytest.mark.parametrize("mark", ["???", "????"])
@pytest.mark.parametrize(
    "ending",
    [
        ["{mark}( <unfinished ...>"],
        ["{mark}( <unfinished ...>", "<... {mark} resumed> <unavailable>) = ?"],
        ["{mark}( <unfinished ...>", "<... futex resumed>) = ?"],
        ["{mark}( <unavailable>) = ?"],
    ],
    ids=["unfinished", "resumed", "resumed by an earlier name", "whole"],
)
def test_a_call_whose_thread_was_killed_as_it_entered_did_nothing(
    mark: str, ending: list[str]
) -> None:
    """Where a process ends, its other threads may be at the entry of a call without a name."""
    lines = [
        line(MADE),
        *(line(text.format(mark=mark), 2) for text in ending),
        "2  +++ exited with 0 +++",
        line('write(3</store/log>, "ab", 2) = 2'),
        "1  +++ exited with 0 +++",
    ]

    assert recording_of(lines, OUTPUT, ROOT).events == [
        Linked(0, "log", 1),
        Wrote(1, 0, b"ab"),
    ]


def test_a_thread_killed_at_entry_resumes_nothing_twice() -> None:
    """Only what was begun may be resumed, once."""
    reader = TraceReader()

    assert reader.read("1 ???( <unfinished ...>") is None
    assert reader.read("1 <... futex resumed>) = ?") is None
    with pytest.raises(MalformedTraceError, match="was not begun"):
        reader.read("1 <... futex resumed>) = ?")


def test_a_trace_that_is_cut_off_is_an_error() -> None:
    """A process that never ended means that strace did not write to the end."""
    whole = [line(MADE), "1  +++ exited with 0 +++"]

    assert recording_of(whole, OUTPUT, ROOT).events == [Linked(0, "log", 1)]
    with pytest.raises(CutOffTraceError, match="cut off"):
        recording_of(whole[:1], OUTPUT, ROOT)


def test_signals_and_calls_that_never_return_change_nothing() -> None:
    """A call that a kill ended has no known effect."""
    assert (
        after_making(
            "--- SIGCHLD {si_signo=SIGCHLD} ---",
            'write(3</store/log>, "abc", 3) = ?',
            "+++ killed by SIGKILL +++",
        )
        == []
    )
