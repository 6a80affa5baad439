"""Encodings are accepted, rejected or unknown as their labels say."""

from __future__ import annotations

import cbor2
import pytest

import strategies
from strategies.accepted_forms import ACCEPTED_FORMS, Rewrite
from strategies.cbor_forms import form_at, form_of, render, replaced
from strategies.cbor_sites import Role, sites
from strategies.encodings import respellings
from strategies.exemplars import EXEMPLARS
from strategies.rejected_forms import REJECTED_FORMS
from strategies.tests.sampling import examples
from telltale_spec.errors import DurabilityError, NotCanonicalError
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import encode
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

# One in so many spellings of each exemplar is tried, and always the first.
STRIDE = 8


def _spellings(rewrite: Rewrite, artifact: PersistedDurabilityArtifact) -> list[bytes]:
    whole = form_of(artifact.to_dict())
    spellings = list(respellings(rewrite, artifact, whole))[::STRIDE]
    return [render(replaced(whole, path, form)) for path, form in spellings]


decode = PersistedDurabilityArtifact.from_slice


@pytest.mark.requirement("WIRE-01", "ARTIFACT-06")
def test_canonical_encodings_decode_to_their_value() -> None:
    for encoding in examples(strategies.canonical_encodings()):
        assert encoding.value == decode(encoding.data, strict=True)


@pytest.mark.parametrize("rewrite", ACCEPTED_FORMS, ids=lambda rewrite: rewrite.label)
def test_every_accepted_form_of_the_exemplars_keeps_its_value(rewrite: Rewrite) -> None:
    spelled = [(data, value) for value in EXEMPLARS for data in _spellings(rewrite, value)]

    assert spelled
    for data, value in spelled:
        assert value == decode(data), data.hex()
        with pytest.raises(NotCanonicalError):
            decode(data, strict=True)


@pytest.mark.parametrize("rewrite", REJECTED_FORMS, ids=lambda rewrite: rewrite.label)
def test_every_rejected_form_of_the_exemplars_is_refused(rewrite: Rewrite) -> None:
    spelled = [data for value in EXEMPLARS for data in _spellings(rewrite, value)]

    assert spelled
    for data in spelled:
        with pytest.raises(DurabilityError):
            decode(data)


@pytest.mark.requirement(*sorted({rewrite.requirement for rewrite in ACCEPTED_FORMS}), "DEC-26")
def test_non_canonical_encodings_are_accepted_with_their_value() -> None:
    labels = set()
    for encoding in examples(strategies.non_canonical_encodings(), count=120):
        labels.add(encoding.label)
        assert encoding.acceptable
        assert encoding.value is not None, encoding
        assert encode(encoding.value) != encoding.data, encoding
        assert encoding.value == decode(encoding.data), encoding

    assert labels <= {rewrite.label for rewrite in ACCEPTED_FORMS} | {"trailing bytes"}
    assert len(labels) > 12


@pytest.mark.requirement(
    *sorted({rewrite.requirement for rewrite in REJECTED_FORMS}), "DEC-30", "DEC-31"
)
def test_corrupt_encodings_are_rejected() -> None:
    labels = set()
    for encoding in examples(strategies.corrupt_encodings()):
        labels.add(encoding.label)
        assert encoding.acceptable is False
        with pytest.raises(DurabilityError):
            decode(encoding.data)

    assert labels <= {rewrite.label for rewrite in REJECTED_FORMS} | {
        "truncated",
        "unknown schema version",
        "products nested too deep",
    }
    assert len(labels) > 10


@pytest.mark.requirement("DEC-28")
def test_values_at_the_depth_limit_can_be_read_back() -> None:
    depth = strategies.READABLE_VALUE_DEPTH_MAX
    for value in examples(strategies.values(min_depth=depth, max_depth=depth), count=5):
        outcome = EffectOutcome.success(AcquireResponse(value))
        entry = EvidenceOutcomeCacheEntry("e", "t", "t", outcome)
        cache = EvidenceOutcomeCacheArtifact((entry,))
        artifact = PersistedDurabilityArtifact.evidence_outcome_cache(cache)

        assert artifact == decode(artifact.to_cbor())


@pytest.mark.requirement("DEC-29")
def test_mutated_encodings_raise_nothing_undeclared() -> None:
    verdicts = set()
    for encoding in examples(strategies.mutated_encodings(), count=60):
        assert encoding.acceptable is None
        try:
            decode(encoding.data)
        except DurabilityError:
            verdicts.add("rejected")
        else:
            verdicts.add("accepted")

    assert {"accepted", "rejected"} == verdicts


@pytest.mark.parametrize("requirement", sorted({item.requirement for item in ACCEPTED_FORMS}))
def test_one_requirement_can_be_asked_for(requirement: str) -> None:
    found = examples(strategies.non_canonical_encodings(requirement=requirement), count=3)

    assert {requirement} == {encoding.requirement for encoding in found}


def test_every_kind_of_position_occurs_in_the_exemplars() -> None:
    roles = {site.role for exemplar in EXEMPLARS for site in sites(exemplar)}

    assert set(Role) == roles


def test_forms_of_trees_are_canonical_and_sites_lead_to_them() -> None:
    for artifact in (*EXEMPLARS, *examples(strategies.persisted_artifacts(), count=30)):
        form = form_of(artifact.to_dict())

        assert encode(artifact) == render(form)
        for site in sites(artifact):
            cbor2.loads(render(form_at(form, site.path)))
