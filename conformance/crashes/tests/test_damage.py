"""Damage as data: what is chosen, and what it does to files."""

from __future__ import annotations

import pytest

from conformance.crashes.conduct import Component, Problem
from conformance.crashes.damage import Damage, DamageKind, Record, changed_records, damages
from conformance.crashes.disk import Image
from conformance.crashes.opener import Shown, View, further
from conformance.crashes.oracle import Expected, difference_at_rest
from telltale_spec.tests.samples import gate

FLIPPED, ZEROED = DamageKind.FLIPPED_BIT, DamageKind.ZEROED_SECTOR
FILES = Image((("a", bytes(range(1, 201)) * 8), ("b", b"x"), ("empty", b""), ("zeros", bytes(600))))


@pytest.mark.requirement("WAL-15.bit-rot")
def test_every_region_is_met() -> None:
    """Both ends, every sector, both sides of each edge, and a record's first and last bytes."""
    record = Record("a", 700, 900)
    found = damages(FILES, [record], 0, 400)
    flipped = {each.offset for each in found if each.kind is FLIPPED and each.path == "a"}

    assert Damage("a", FLIPPED, 0, 0) in found
    assert Damage("a", FLIPPED, 1599, 7) in found
    assert Damage("b", FLIPPED, 0, 7) in found
    assert {each.offset for each in found if each.kind is ZEROED} == {0, 512, 1024, 1536}
    assert {511, 512, 1023, 1024, 1535, 1536} <= flipped
    assert {699, *range(700, 724), *range(896, 900)} <= flipped
    assert len(found) == len({*found}) <= 400
    assert "empty" not in {each.path for each in found}
    # Zeros that read as zeros are no damage.
    assert Damage("zeros", ZEROED, 0) not in found


@pytest.mark.requirement("WAL-15.bit-rot")
def test_every_bit_is_met_that_the_first_and_the_last_record_begin_with() -> None:
    """One bit of a mark may be all that counts, and no checksum covers it."""
    records = [Record("a", begin, begin + 100) for begin in (0, 100, 200, 300, 400)]
    found = damages(FILES, [*records, Record("gone", 0, 9)], 0, 60)

    for offset in (0, 100, 400):
        assert {Damage("a", FLIPPED, offset, bit) for bit in range(8)} <= {*found}


@pytest.mark.requirement("WAL-15.bit-rot")
def test_every_bit_of_the_ends_of_one_record_of_each_kind_is_met() -> None:
    """A mark may count in records of its kind alone, and in one of its bits."""
    kinds = ("gate", "evidence", "gate", "gate", "")
    records = [
        Record("a", 100 * number, 100 * number + 80, kind) for number, kind in enumerate(kinds)
    ]
    found = {*damages(FILES, [Record("a", 400, 500), *records], 0, 60)}

    for begin in (0, 100):
        for offset in (*range(begin, begin + 24), *range(begin + 76, begin + 80)):
            assert {Damage("a", FLIPPED, offset, bit) for bit in range(8)} <= found
    assert len(found) <= 60 + 2 * 28 * 8


@pytest.mark.requirement("WAL-15.bit-rot")
def test_few_bits_are_all_tried_and_no_damage_changes_nothing() -> None:
    small = Image((("s", b"\x01\x02"),))
    found = damages(small, [], 0, 1_000)

    assert len(found) == 17
    assert all(each.apply(small).digest != small.digest for each in found)


def test_the_count_is_kept_and_the_seed_decides() -> None:
    records = [Record("a", 0, 1600)]

    assert len(damages(FILES, records, 0, 5)) == 5
    assert damages(FILES, records, 1, 90) == damages(FILES, records, 1, 90)
    assert damages(FILES, records, 1, 90) != damages(FILES, records, 2, 90)


def test_a_damage_changes_its_place_alone() -> None:
    flipped = dict(Damage("a", FLIPPED, 3, 1).apply(FILES).files)
    zeroed = dict(Damage("a", ZEROED, 1536).apply(FILES).files)
    before = dict(FILES.files)

    assert flipped["a"][3] == before["a"][3] ^ 2
    assert (flipped["a"][:3], flipped["a"][4:]) == (before["a"][:3], before["a"][4:])
    assert zeroed["a"] == before["a"][:1536] + bytes(64)
    assert flipped["b"] == zeroed["b"] == before["b"]
    assert Damage("b", FLIPPED, 0).fits(FILES)
    assert not Damage("b", FLIPPED, 1).fits(FILES)
    assert not Damage("c", FLIPPED, 0).fits(FILES)


def test_records_are_what_an_operation_has_changed() -> None:
    before = Image((("a", b"one"), ("b", b"12345"), ("c", b"same")))
    after = Image((("a", b"onetwo"), ("b", b"1x3x5"), ("c", b"same"), ("d", b"new")))

    assert list(changed_records(before, after)) == [
        Record("a", 3, 6),
        Record("b", 1, 4),
        Record("d", 0, 3),
    ]


@pytest.mark.requirement("WAL-15.bit-rot")
def test_an_error_of_any_kind_is_one_and_silence_is_none() -> None:
    """Also at the second opening, and where only the further entry is refused."""
    entries = (gate("a"),)
    expected = Expected.exactly(Component.LOG, entries)
    right = (*entries, *further(Component.LOG, entries))
    refused, undeclared = Problem("refused: no"), Problem("raised X", is_declared=False)
    silent = Problem("it ended", is_answer=False)
    good = (
        Shown(refused),
        Shown(undeclared),
        Shown(entries, None, right),
        Shown(entries, refused, entries),
        Shown(entries, refused, right),
        Shown(entries, None, refused),
        Shown(entries, None, right, (View("read since tick 0", entries, entries),)),
        Shown(entries, None, right, (View("read since tick 0", entries, refused),)),
    )
    bad = (
        Shown(()),
        Shown((gate("b"),), None, right),
        Shown(silent),
        Shown(entries, None, silent),
        Shown(entries, None, entries),
        Shown(entries, refused, ()),
        Shown(entries, None, right, (View("read since tick 0", entries, ()),)),
        Shown(entries, None, right, (View("read since tick 0", entries, silent),)),
    )

    assert [difference_at_rest(expected, shown) for shown in good] == [None] * len(good)
    assert all(difference_at_rest(expected, shown) for shown in bad)
