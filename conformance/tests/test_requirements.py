"""The registry is complete, well formed and in the order of the specification."""

from __future__ import annotations

import re

import pytest

from conformance.requirements import (
    FINDINGS,
    LAWS,
    REQUIREMENTS,
    Component,
    Level,
    Scope,
    Severity,
    UnknownRequirementError,
    _index,
    artifact,
    cache,
    decode,
    requirement,
    wal,
)
from conformance.requirements.kinds import Requirement

NUMBERS_OF_CHAPTER = {
    "DOM": range(1, 8),
    "ENT": range(1, 4),
    "ART-WAL": range(1, 7),
    "WAL": range(1, 14),
    "CACHE": range(1, 10),
    "SYNC": range(1, 16),
    "EVID": range(1, 11),
    "WIRE": range(1, 14),
    "DEC": range(33),
    "ARTIFACT": range(1, 7),
    "RECOV": range(1, 11),
    "FAULT": range(1, 4),
    "INSPECT": range(1, 4),
    "MONITOR": range(1, 5),
    "OUT": range(1, 3),
}


def _after_a_crash(chapter: str) -> tuple[str, ...]:
    kinds = (
        "kill",
        "server-kill",
        "kill-inside",
        "power",
        "recovery",
        "progress",
        "shown",
        "fsync-error",
    )
    return tuple(f"{chapter}.{kind}" for kind in (*kinds, "disk-full", "io-error"))


FOLLOWERS: dict[str, tuple[str, ...]] = {
    "WAL-01": ("WAL-01.handles", "WAL-01.parked", "WAL-01.threads"),
    "WAL-03": ("WAL-03.text",),
    "WAL-08": _after_a_crash("WAL-08"),
    # The number of what is asked of files at rest is not one of the specification.
    "WAL-13": ("WAL-13.accept", "WAL-15.bit-rot"),
    "CACHE-02": ("CACHE-02.handles", "CACHE-02.parked", "CACHE-02.threads"),
    "CACHE-08": _after_a_crash("CACHE-08"),
    "CACHE-09": ("CACHE-15.bit-rot",),
    "DEC-21": ("DEC-21a",),
    "DEC-29": ("DEC-29.text",),
}
SENTENCE = re.compile(r"[A-Z`][^\n]*[^.\s]\.")
SENTENCE_END_INSIDE = re.compile(r"[.!?]\s")


def every_id_in_order() -> list[str]:
    found = []
    for chapter, numbers in NUMBERS_OF_CHAPTER.items():
        for number in numbers:
            found.append(f"{chapter}-{number:02}")
            if found[-1] in FOLLOWERS:
                found.extend(FOLLOWERS[found[-1]])
    return found


def every_sentence() -> list[str]:
    return [
        *(row.sentence for row in REQUIREMENTS.values()),
        *(law.sentence for law in LAWS.values()),
        *(finding.sentence for finding in FINDINGS.values()),
    ]


def test_ids_are_complete_and_in_the_order_of_the_specification() -> None:
    assert list(REQUIREMENTS) == every_id_in_order()


def test_every_key_is_the_id_of_its_row() -> None:
    assert all(key == row.requirement_id for key, row in REQUIREMENTS.items())


def test_a_repeated_id_is_refused() -> None:
    with pytest.raises(ValueError, match="`WAL-01` is in the registry twice"):
        _index([*wal.ROWS, wal.ROWS[0]])


@pytest.mark.parametrize("sentence", every_sentence())
def test_every_text_is_one_sentence(sentence: str) -> None:
    assert SENTENCE.fullmatch(sentence)
    assert not SENTENCE_END_INSIDE.search(sentence[:-1])


def test_no_sentence_is_used_twice() -> None:
    sentences = every_sentence()
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize("row", REQUIREMENTS.values(), ids=lambda row: row.requirement_id)
def test_every_row_is_complete(row: Requirement) -> None:
    assert isinstance(row.level, Level)
    assert isinstance(row.scope, Scope)
    assert isinstance(row.component, Component)
    assert row.source
    assert row.source == row.source.strip()


def test_every_scope_and_component_is_in_use() -> None:
    assert {row.scope for row in REQUIREMENTS.values()} == set(Scope)
    assert {row.component for row in REQUIREMENTS.values()} == set(Component)
    assert {row.level for row in REQUIREMENTS.values()} == {Level.MUST, Level.SHOULD}


def test_capabilities_are_the_known_ones() -> None:
    assert {
        row.requirement_id: row.capability for row in REQUIREMENTS.values() if row.capability
    } == {
        "WAL-01.handles": "concurrent-handles",
        "WAL-01.parked": "concurrent-handles",
        "WAL-01.threads": "threads",
        "WAL-03.text": "exact-messages",
        "WAL-08": "reopen",
        "WAL-08.kill": "process-kill",
        "WAL-08.server-kill": "server-kill",
        "WAL-08.kill-inside": "process-kill",
        "WAL-08.power": "power-loss",
        "WAL-08.recovery": "process-kill",
        "WAL-08.progress": "process-kill",
        "WAL-08.fsync-error": "fault-tolerance",
        "WAL-08.disk-full": "fault-tolerance",
        "WAL-08.io-error": "fault-tolerance",
        "WAL-10": "keeps-rejected",
        "WAL-15.bit-rot": "bit-rot",
        "CACHE-02.handles": "concurrent-handles",
        "CACHE-02.parked": "concurrent-handles",
        "CACHE-02.threads": "threads",
        "CACHE-04": "ordered-cache",
        "CACHE-08": "reopen",
        "CACHE-08.kill": "process-kill",
        "CACHE-08.server-kill": "server-kill",
        "CACHE-08.kill-inside": "process-kill",
        "CACHE-08.power": "power-loss",
        "CACHE-08.recovery": "process-kill",
        "CACHE-08.progress": "process-kill",
        "CACHE-08.fsync-error": "fault-tolerance",
        "CACHE-08.disk-full": "fault-tolerance",
        "CACHE-08.io-error": "fault-tolerance",
        "CACHE-15.bit-rot": "bit-rot",
    }


@pytest.mark.parametrize(
    "requirement_id",
    [
        "WAL-03.text",
        "WAL-04",
        "WAL-13.accept",
        "CACHE-04",
        "WAL-15.bit-rot",
        "DEC-07",
        "DEC-29.text",
    ],
)
def test_recommendations_are_recommendations(requirement_id: str) -> None:
    assert requirement(requirement_id).level is Level.SHOULD


def test_backends_are_held_to_backend_requirements_only() -> None:
    assert {row.component for row in REQUIREMENTS.values() if row.scope is Scope.BACKEND} == {
        Component.AGREEMENT_WAL,
        Component.EVIDENCE_CACHE,
    }
    assert {row.component for row in (*decode.ROWS, *artifact.ROWS)} == {Component.CODEC}
    assert {row.component for row in cache.ROWS} == {Component.EVIDENCE_CACHE}


def test_requirement_finds_a_row() -> None:
    assert requirement("RECOV-05") is REQUIREMENTS["RECOV-05"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("WAL-3", "WAL-03"),
        ("wal-03", "WAL-03"),
        ("RECOVERY-05", "RECOV-05"),
        ("DEC-21b", "DEC-21a"),
    ],
)
def test_an_unknown_id_is_answered_with_near_matches(asked: str, meant: str) -> None:
    with pytest.raises(UnknownRequirementError) as caught:
        requirement(asked)
    assert caught.value.requirement_id == asked
    assert meant in caught.value.near_matches
    assert meant in str(caught.value)


def test_an_id_like_no_other_gets_no_suggestion() -> None:
    with pytest.raises(UnknownRequirementError) as caught:
        requirement("?")
    assert str(caught.value) == "there is no requirement `?`"


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        REQUIREMENTS["WAL-01"] = REQUIREMENTS["WAL-02"]  # type: ignore[index]


def test_laws_and_findings_are_numbered_without_gaps() -> None:
    assert list(LAWS) == [f"M-{number:02}" for number in range(1, 24)]
    assert list(FINDINGS) == [f"F{number}" for number in range(1, 47)]
    assert all(key == law.law_id for key, law in LAWS.items())
    assert all(key == finding.finding_id for key, finding in FINDINGS.items())


def test_critical_findings_are_the_known_ones() -> None:
    critical = [key for key, row in FINDINGS.items() if row.severity is Severity.CRITICAL]
    assert critical == ["F5", "F6", "F11", "F13", "F22"]
