"""The words of a difference: every value that differs is seen, and shortened only where long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.rules.differences import difference_note, escaped, field_differences
from conformance.rules.long_texts import (
    contents_text,
    expected_load_text,
    found_load_text,
    mismatch_text,
    possible_text,
)
from conformance.rules.narration import (
    ascii_safe,
    difference_text,
    entries_text,
    entry_text,
    evidence_text,
    found_instead_text,
    found_text,
    operation_text,
    outcome_text,
    quoted,
    request_text,
    tick_text,
)
from conformance.tests.rules_drivers import FINALIZED, NONE, SOFT_SAFE, cached, gate, rise
from telltale_spec.model.operations import PutOutcome
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementState,
    AgreementWalEntry,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    ReceiveResponse,
)
from telltale_spec.wire.shapes import U64_MAX
from telltale_spec.wire.values import Endpoint, EndpointValue

EVIDENCE = AgreementEvidence(
    "e", "a", 1, "w", SOFT_SAFE, AgreementEvidenceKind.CERTIFICATE, "r", authoritative=True
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a b", "a b"),
        ("a b ", "a b\\x20"),
        ("  ", "\\x20\\x20"),
        (" a", " a"),
        ("a\0b", "a\\x00b"),
        ("\n\t\x7f", "\\n\\t\\x7f"),
        ("\u00a0", "\\xa0"),
        ("\u2003", "\\u2003"),
        ("\u200b", "\\u200b"),
        ("e\u0301", "e\\u0301"),
        ("\u0903\u20dd", "\\u0903\\u20dd"),
        ("\u2028", "\\u2028"),
        ("\U000e0001", "\\U000e0001"),
        ("é", "é"),
        ("日本", "日本"),
        # An escape that was written out is not taken for the character.
        ("\\x00", "\\\\x00"),
        ("a\\ ", "a\\\\\\x20"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", '""'),
        ("a\0", '"a\\x00"'),
        ("x" * 40, '"' + "x" * 40 + '"'),
        ("0123456789abcdefghi" + "x" * 22, '"0123456789abcdef"...(41 characters)'),
    ],
)
def test_a_long_text_is_shown_by_its_beginning_and_its_length(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_nothing_is_left_out_where_a_text_has_to_be_seen_whole() -> None:
    assert ascii_safe("x" * 50) == '"' + "x" * 50 + '"'


@pytest.mark.parametrize(
    ("tick", "text"), [(0, "0"), (U64_MAX - 1, "18446744073709551614"), (U64_MAX, "2^64-1")]
)
def test_the_largest_tick_has_a_name(tick: int, text: str) -> None:
    assert tick_text(tick) == text


@dataclass(frozen=True)
class Wide:
    """Many fields, of which some hold records themselves."""

    a: int = 1
    b: int = 1
    c: int = 1
    d: int = 1
    e: int = 1
    f: int = 1
    g: int = 1
    h: Any = None


class Wider(Wide):
    """No field more, and equal to none of the class that it is made of."""


SIX = [f"{name} is 2, expected 1" for name in "abcdef"]


def test_what_reads_like_what_was_expected_has_its_difference_told() -> None:
    def received(role: str) -> EvidenceOutcomeCacheEntry:
        response = ReceiveResponse((EndpointValue(Endpoint(1, role)),))
        return EvidenceOutcomeCacheEntry("e", "i", "o", EffectOutcome.success(response))

    alike, other = received("a"), cached("e", "n")

    assert found_text(alike) == found_text(received("b"))
    assert found_instead_text(alike, [received("b")]) == (
        f'{found_text(alike)} (outcome.response.state.0.endpoint.role is "a", expected "b")'
    )
    assert found_instead_text(alike, [other, None]) == found_text(alike)
    assert found_instead_text(None, [other]) == "nothing"


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        (Wide(), Wide(), []),
        (Wide(a=2), Wide(), ["a is 2, expected 1"]),
        (Wide(2, 2, 2, 2, 2, 2), Wide(), SIX),
        (Wide(2, 2, 2, 2, 2, 2, 2), Wide(), [*SIX, "1 more fields"]),
        (Wide(2, 2, 2, 2, 2, 2, 2, 2), Wide(), [*SIX, "2 more fields"]),
        (Wide(h=Wide(g=3)), Wide(h=Wide()), ["h.g is 3, expected 1"]),
        (Wide(h=Wide(h=Wide(a=2))), Wide(h=Wide(h=Wide())), ["h.h.a is 2, expected 1"]),
        (Wide(h=3), Wide(h="3"), ['h is 3, expected "3"']),
        (Wide(h=FINALIZED), Wide(h=NONE), ["h is finalized, expected none"]),
        (Wide(h=None), Wide(h=0), ["h is absent, expected 0"]),
        (Wide(h=True), Wide(h=[1]), ["h is True, expected [1]"]),
        (Wide(h=(1, Wide())), Wide(h=(1, Wide(a=2))), ["h.1.a is 1, expected 2"]),
        (Wide(h=(1,)), Wide(h=(1, 2)), ["h is (1,), expected (1, 2)"]),
        (1, 2, []),
        (Wide(), 2, []),
        (Wide(), Wider(), []),
        (Wider(), Wide(), ["it is a Wider, expected a Wide itself"]),
        (Wide(h=Wider()), Wide(h=Wide()), ["h is a Wider, expected a Wide itself"]),
    ],
)
def test_each_field_that_differs_is_named(found: Any, wanted: Any, expected: list[str]) -> None:
    assert field_differences(found, wanted) == expected


BEGINNING, END = "abcdefghijklmnopqrstuvwxyz01", "10zyxwvutsrqponmlkjihgfedcba"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 60, f'"{"x" * 60}"'),
        (f"{BEGINNING}-----{END}", f'"{BEGINNING}...{END}" (61 characters)'),
        # What counts is the length of what is shown.
        (
            f"{BEGINNING}\0{END}\0",
            f'"{BEGINNING}...{END[4:]}\\x00" (58 characters)',
        ),
    ],
)
def test_two_long_texts_are_told_apart_by_their_ends(text: str, shown: str) -> None:
    assert field_differences(Wide(h=text), Wide(h="y")) == [f'h is {shown}, expected "y"']


ONE, TWO, THREE = gate(1), gate(2), gate(3)


@pytest.mark.parametrize(
    ("actual", "expected", "note"),
    [
        ([], [], "0 entries, equal in every field"),
        ([ONE], [ONE], "1 entry, equal in every field"),
        ([ONE, TWO], [ONE, TWO], "2 entries, equal in every field"),
        ([ONE], [TWO], "entry 0 differs: tick is 1, expected 2"),
        ([ONE, TWO], [ONE, THREE], "entry 1 differs: tick is 2, expected 3"),
        ([ONE], [rise(NONE, NONE)], "entry 0 differs"),
        ([1], [2], "entry 0 differs"),
        ([ONE, TWO], [ONE], "2 entries instead of 1; entry 1 is too much"),
        ([ONE], [ONE, TWO, THREE], "1 entry instead of 3; entries 1 to 2 are missing"),
        (
            [ONE, TWO, THREE, ONE],
            [THREE, ONE],
            "4 entries instead of 2; entries 0 to 1 are too much",
        ),
        ([ONE, THREE], [ONE, TWO, THREE], "2 entries instead of 3; entry 1 is missing"),
        (
            [ONE, THREE],
            [ONE, TWO, TWO, THREE, THREE],
            "2 entries instead of 5; entries 1 to 3 are missing",
        ),
        ([], [ONE, TWO], "0 entries instead of 2"),
        ([ONE, TWO], [], "2 entries instead of 0"),
        ([ONE], [TWO, THREE], "1 entry instead of 2"),
        ([TWO, ONE], [ONE, TWO, THREE], "2 entries instead of 3"),
    ],
)  # fmt: skip
def test_the_place_of_a_difference_is_named(
    actual: list[Any], expected: list[Any], note: str
) -> None:
    assert difference_note(actual, expected) == note
    assert difference_text(actual, expected) == f"{entries_text(actual)} ({note})"


def test_sequences_of_any_kind_are_compared() -> None:
    assert difference_note((ONE,), [ONE, TWO]) == "1 entry instead of 2; entry 1 is missing"


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([1, 1], "[1; 1]"),
        ([1, 1, 1], "[3 times: 1]"),
        ([1, 1, 1, 2, 1], "[3 times: 1; 2; 1]"),
        ([None], "[None]"),
    ],
)
def test_equal_entries_in_a_row_are_told_once(entries: list[Any], text: str) -> None:
    assert entries_text(entries) == text


def test_a_finalization_tells_only_the_ids_that_it_has() -> None:
    end = Finalization("a", FinalizationOutcome.TIMED_OUT, None, "h", U64_MAX)

    assert entry_text(end) == 'finalization of "a" timed_out handle "h" at tick 2^64-1'
    assert entry_text(VisibilityGateCrossing("a", "c", FINALIZED, 3)) == (
        'gate finalized of "a" for "c" at tick 3'
    )
    strange: Any = SimpleNamespace(tick=1)
    assert entry_text(strange) == "namespace(tick=1)"


def test_authority_is_told_where_it_is_missing() -> None:
    assert evidence_text(EVIDENCE) == 'evidence "e" of "a" soft_safe certificate'
    assert evidence_text(replace(EVIDENCE, authoritative=False)) == (
        'evidence "e" of "a" soft_safe certificate (not authoritative)'
    )


def test_what_a_lookup_found_is_an_entry_or_nothing() -> None:
    assert found_text(None) == "nothing"
    assert found_text(cached("e", "i")) == 'evidence "e" = blocked of "i"."o"'
    assert operation_text(PutOutcome(cached("e", "i"))) == ('put evidence "e" = blocked of "i"."o"')


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (EffectOutcome.blocked(), "blocked"),
        (EffectOutcome.success(ChooseResponse("l")), "success with choose"),
        (
            EffectOutcome.failed(EffectFailure(EffectFailureKind.TIMEOUT, "late")),
            "failure (Timeout: late)",
        ),
    ],
)
def test_an_outcome_is_told_by_its_status_and_response(outcome: EffectOutcome, text: str) -> None:
    assert outcome_text(outcome) == text


STATE = AgreementState("a", None, None, "", SOFT_SAFE, None, (), None, None)


@pytest.mark.parametrize(
    ("state", "evidence", "rest"),
    [
        (None, (), "no state"),
        (STATE, (), 'state of "a" soft_safe'),
        (replace(STATE, evidence_ids=("x", "y")), (), 'state of "a" soft_safe evidence ["x", "y"]'),
        (
            replace(STATE, finalization=FinalizationOutcome.REJECTED),
            (),
            'state of "a" soft_safe rejected',
        ),
        (
            None,
            (EVIDENCE, replace(EVIDENCE, evidence_id="f")),
            'no state, with evidence "e" of "a" soft_safe certificate, '
            'evidence "f" of "a" soft_safe certificate',
        ),
    ],
)
def test_a_request_is_told_with_all_that_is_looked_at(
    state: AgreementState | None, evidence: tuple[AgreementEvidence, ...], rest: str
) -> None:
    request = WalSyncRequest("a", "c", FINALIZED, state, evidence, 7)

    assert request_text(request) == f'"a" for "c", gate finalized, tick 7, {rest}'


def _gates(count: int) -> list[AgreementWalEntry]:
    return [gate(tick) for tick in range(1, count + 1)]


def test_many_entries_are_told_by_their_number_and_their_ends() -> None:
    eight, nine = _gates(8), _gates(9)

    assert contents_text(eight) == entries_text(eight)
    assert contents_text(nine) == (
        f"9 entries, from {entries_text(nine[:1])} to {entries_text(nine[8:])}"
    )


def test_many_entries_that_differ_are_told_by_the_first_difference() -> None:
    eight, nine = _gates(8), _gates(9)
    other = [*nine[:4], gate(50), gate(60), *nine[6:]]

    assert mismatch_text(eight, eight[:7]) == difference_text(eight, eight[:7])
    assert mismatch_text(other, nine).endswith(
        f"at entry 4 there is {entries_text([gate(50)])}, expected {entries_text(nine[4:5])})"
    )
    assert mismatch_text(eight, nine).endswith(
        f"at entry 8 there is nothing, expected {entries_text(nine[8:])})"
    )
    assert mismatch_text(eight, nine).startswith(
        f"{contents_text(eight)} ({difference_note(eight, nine)}; "
    )


@pytest.mark.parametrize(
    ("requirement_id", "expected", "found"),
    [
        ("WAL-08", "what was acknowledged: ", ""),
        ("WAL-13", "refused and nothing stored: ", "refused, and the log holds "),
        ("WAL-01", "", ""),
    ],
)
def test_what_a_load_shows_is_told_by_its_requirement(
    requirement_id: str, expected: str, found: str
) -> None:
    one = _gates(1)

    assert expected_load_text(requirement_id, [one], 1) == f"{expected}{entries_text(one)}"
    assert found_load_text(requirement_id, [], one) == f"{found}{mismatch_text([], one)}"


def test_what_there_may_be_is_told_for_two_and_counted_for_more() -> None:
    one, two = _gates(1), _gates(2)
    text = entries_text(one)

    assert possible_text([one], 1, what="caches") == text
    assert possible_text([one, two], 2, what="caches") == f"{text} or {entries_text(two)}"
    assert possible_text([one], 3, what="caches") == f"{text} or one of 2 other caches"
