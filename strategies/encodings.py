"""Encodings of persisted artifacts: canonical, not canonical, corrupt and mutated.

Every encoding carries a label, the requirement that rules on it and, where it
is known, the verdict and the value, so that a failed check explains itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.accepted_forms import ACCEPTED_FORMS, Rewrite
from strategies.alphabets import COLLIDING, Alphabet
from strategies.artifacts import persisted_artifacts, unknown_version_artifacts
from strategies.cbor_forms import Form, form_at, form_of, render, replaced
from strategies.cbor_sites import sites
from strategies.exemplars import EXEMPLARS
from strategies.rejected_forms import REJECTED_FORMS
from strategies.values import values
from telltale_spec.errors import DomainError
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import encode
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.values import Value

__all__ = [
    "READABLE_VALUE_DEPTH_MAX",
    "LabelledBytes",
    "canonical_encodings",
    "corrupt_encodings",
    "mutated_encodings",
    "non_canonical_encodings",
    "respellings",
]

READABLE_VALUE_DEPTH_MAX: Final = 123
"""Deepest value that can be read back from a cached response, whatever it holds (DEC-28).

At 124 it depends on the innermost value: an endpoint opens two more containers.
"""

_MUTATIONS_MAX = 4


@dataclass(frozen=True, slots=True)
class LabelledBytes:
    """Hold an encoding with what is known about it.

    ``label`` says in words what is special about ``data``; ``requirement`` is
    the ID of what rules on it. ``acceptable`` is the verdict of a tolerant
    reader, ``None`` if it is not known; ``value`` is what an acceptable input
    decodes to.
    """

    label: str
    requirement: str
    data: bytes
    acceptable: bool | None
    value: PersistedDurabilityArtifact | None


def canonical_encodings(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[LabelledBytes]:
    """Describe the encodings that a conforming writer makes. Source: WIRE-01, ARTIFACT-06."""
    artifacts = persisted_artifacts(alphabet=alphabet)
    return artifacts.map(_canonical)


def non_canonical_encodings(
    *, alphabet: Alphabet = COLLIDING, requirement: str | None = None
) -> SearchStrategy[LabelledBytes]:
    """Describe encodings that a tolerant reader accepts and a strict one does not.

    Each departs from the canonical form at one place and decodes to the same
    value. ``requirement`` asks for the departures that one requirement rules
    on; an ID without any raises :class:`~telltale_spec.errors.DomainError`.
    Source: DEC-01..28, DEC-32.
    """
    kinds = _rewritings(ACCEPTED_FORMS, alphabet, acceptable=True)
    kinds.append(("DEC-26", _followed_by_bytes(alphabet)))
    return _selected("non_canonical_encodings", kinds, requirement)


def corrupt_encodings(
    *, alphabet: Alphabet = COLLIDING, requirement: str | None = None
) -> SearchStrategy[LabelledBytes]:
    """Describe inputs that every reader rejects.

    ``requirement`` asks for the corruptions that one requirement rules on; an
    ID without any raises :class:`~telltale_spec.errors.DomainError`. Source:
    DEC-03..31, DOM-03.
    """
    kinds = [
        ("DEC-30", _truncated(alphabet)),
        ("DEC-31", unknown_version_artifacts(alphabet=alphabet).map(_of_unknown_version)),
        ("DEC-28", _caches_of_deep_values(alphabet)),
    ]
    kinds += _rewritings(REJECTED_FORMS, alphabet, acceptable=False)
    return _selected("corrupt_encodings", kinds, requirement)


def mutated_encodings(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[LabelledBytes]:
    """Describe canonical encodings with a few bits, bytes or slices changed.

    Nothing is known of the verdict: a reader may accept or reject them, but
    only with a declared error. Source: DEC-29, F40.
    """

    @st.composite
    def mutated(draw: st.DrawFn) -> LabelledBytes:
        data = encode(draw(artifacts))
        for _ in range(draw(st.integers(1, _MUTATIONS_MAX))):
            mutate = draw(st.sampled_from(_MUTATIONS))
            data = mutate(draw, data)
        return LabelledBytes("mutated bytes", "DEC-29", data, None, None)

    artifacts = persisted_artifacts(alphabet=alphabet)
    return mutated()


def _canonical(artifact: PersistedDurabilityArtifact) -> LabelledBytes:
    return LabelledBytes("canonical form", "WIRE-01", encode(artifact), True, artifact)


def _rewritings(
    rewrites: Sequence[Rewrite], alphabet: Alphabet, *, acceptable: bool
) -> list[tuple[str, SearchStrategy[LabelledBytes]]]:
    return [
        (rewrite.requirement, _rewritten(rewrite, alphabet, acceptable)) for rewrite in rewrites
    ]


def _selected(
    strategy: str,
    kinds: Sequence[tuple[str, SearchStrategy[LabelledBytes]]],
    requirement: str | None,
) -> SearchStrategy[LabelledBytes]:
    def definition() -> SearchStrategy[LabelledBytes]:
        chosen = [encodings for ruled_by, encodings in kinds if requirement in (None, ruled_by)]
        if not chosen:
            expected = f"one of {', '.join(sorted({ruled_by for ruled_by, _ in kinds}))}"
            raise DomainError(strategy, "requirement", requirement, expected)
        return st.one_of(chosen)

    return st.deferred(definition)


def _rewritten(
    rewrite: Rewrite, alphabet: Alphabet, acceptable: bool
) -> SearchStrategy[LabelledBytes]:
    @st.composite
    def encodings(draw: st.DrawFn) -> LabelledBytes:
        artifact = draw(artifacts)
        for candidate in (artifact, *EXEMPLARS):
            whole = form_of(candidate.to_dict())
            found = list(respellings(rewrite, candidate, whole))
            if found:
                path, form = draw(st.sampled_from(found))
                data = render(replaced(whole, path, form))
                value = candidate if acceptable else None
                return LabelledBytes(rewrite.label, rewrite.requirement, data, acceptable, value)
        raise AssertionError(f"no exemplar has a place for: {rewrite.label}")

    artifacts = persisted_artifacts(alphabet=alphabet)
    return encodings()


def respellings(
    rewrite: Rewrite, artifact: PersistedDurabilityArtifact, whole: Form
) -> Iterator[tuple[tuple[int, ...], Form]]:
    """Yield each place that the rewrite changes, with its new form.

    ``whole`` is the canonical form of ``artifact``. Without Hypothesis this
    enumerates every spelling that one rewrite gives an artifact.
    """
    for site in sites(artifact):
        for form in rewrite.alternatives(site, form_at(whole, site.path)):
            yield site.path, form


def _followed_by_bytes(alphabet: Alphabet) -> SearchStrategy[LabelledBytes]:
    return st.builds(
        lambda artifact, tail: LabelledBytes(
            "trailing bytes", "DEC-26", encode(artifact) + tail, True, artifact
        ),
        persisted_artifacts(alphabet=alphabet),
        st.binary(min_size=1, max_size=8),
    )


def _truncated(alphabet: Alphabet) -> SearchStrategy[LabelledBytes]:
    @st.composite
    def encodings(draw: st.DrawFn) -> LabelledBytes:
        data = encode(draw(artifacts))
        kept_count = draw(st.integers(0, len(data) - 1))
        return LabelledBytes("truncated", "DEC-30", data[:kept_count], False, None)

    artifacts = persisted_artifacts(alphabet=alphabet)
    return encodings()


def _of_unknown_version(artifact: PersistedDurabilityArtifact) -> LabelledBytes:
    return LabelledBytes("unknown schema version", "DEC-31", encode(artifact), False, None)


def _caches_of_deep_values(alphabet: Alphabet) -> SearchStrategy[LabelledBytes]:
    deep = READABLE_VALUE_DEPTH_MAX + 2
    return values(alphabet=alphabet, min_depth=deep, max_depth=deep + 3).map(_cached_deep_value)


def _cached_deep_value(value: Value) -> LabelledBytes:
    outcome = EffectOutcome.success(AcquireResponse(value))
    cache = EvidenceOutcomeCacheArtifact((EvidenceOutcomeCacheEntry("e", "t", "t", outcome),))
    data = encode(PersistedDurabilityArtifact.evidence_outcome_cache(cache))
    return LabelledBytes("products nested too deep", "DEC-28", data, False, None)


_Mutation = Callable[[st.DrawFn, bytes], bytes]


def _flip_bit(draw: st.DrawFn, data: bytes) -> bytes:
    position, bit = _position(draw, data), draw(st.integers(0, 7))
    changed = bytes([byte ^ 1 << bit for byte in data[position : position + 1]])
    return data[:position] + changed + data[position + 1 :]


def _insert_byte(draw: st.DrawFn, data: bytes) -> bytes:
    position, byte = _position(draw, data), draw(st.integers(0, 255))
    return data[:position] + bytes([byte]) + data[position:]


def _delete_byte(draw: st.DrawFn, data: bytes) -> bytes:
    position = _position(draw, data)
    return data[:position] + data[position + 1 :]


def _splice(draw: st.DrawFn, data: bytes) -> bytes:
    """Overwrite one place with a slice from another."""
    start, target = _position(draw, data), _position(draw, data)
    piece = data[start : start + draw(st.integers(1, 16))]
    return data[:target] + piece + data[target + len(piece) :]


def _position(draw: st.DrawFn, data: bytes) -> int:
    return draw(st.integers(0, len(data)))


_MUTATIONS: Final[tuple[_Mutation, ...]] = (_flip_bit, _delete_byte, _insert_byte, _splice)
