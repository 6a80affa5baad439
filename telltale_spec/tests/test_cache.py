"""The cache as a value."""

from __future__ import annotations

import pytest

from telltale_spec.model.cache import put_entry
from telltale_spec.tests.samples import cache, cached
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact


@pytest.mark.requirement("CACHE-03", "CACHE-04")
def test_cache_04_a_replaced_entry_goes_to_the_end() -> None:
    again = cached("a", operation_name="again")
    assert put_entry(cache("a", "b").entries, again) == (cached("b"), again)
    assert put_entry((), again) == (again,)


@pytest.mark.requirement("CACHE-05", "F18")
def test_cache_05_duplicates_of_the_id_go_and_others_stay() -> None:
    entries = cache("a", "b", "a", "b").entries
    assert put_entry(entries, cached("a")) == cache("b", "b", "a").entries


@pytest.mark.requirement("CACHE-03")
def test_put_leaves_its_input_alone() -> None:
    entries = [cached("a")]
    put_entry(entries, cached("a"))
    assert entries == [cached("a")]


@pytest.mark.requirement("CACHE-01", "CACHE-05")
def test_cache_01_get_is_exact_and_returns_the_first() -> None:
    first, second = cached("a", operation_name="1"), cached("a", operation_name="2")
    artifact = EvidenceOutcomeCacheArtifact((first, second, cached("")))
    assert artifact.get("a") is first
    assert artifact.get("") == cached("")
    assert artifact.get("A") is None
    assert artifact.get("a ") is None
