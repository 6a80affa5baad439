"""Properties of recovery, codec and identities, compared with the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.backend import Backend
from conformance.run.shipped import ReferenceCodec
from telltale_spec.errors import DurabilityError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from tests.zoo.ablation.plain.values import artifacts, caches, entries, logs, numbers

__all__ = ["Length", "PlainTest", "function_properties"]

PlainTest = Callable[[], None]


class Length:
    """How long the value was that was tried last; the last one of all is the shortest."""

    items: int = 1


def function_properties(backend: Backend, length: Length) -> Iterator[PlainTest]:
    """Yield the properties of what a backend has."""
    if backend.recovery is not None:
        yield _recovers_as_the_reference(backend.recovery, length)
    if backend.codec is not None:
        yield _writes_as_the_reference(backend.codec, length)
        yield _reads_as_the_reference(backend.codec, st.binary(), length)
        yield _reads_as_the_reference(backend.codec, _changed_encodings(), length)
    if backend.identity is not None:
        yield _names_as_the_reference(backend.identity, length)


def _recovers_as_the_reference(recovery: Any, length: Length) -> PlainTest:
    @given(numbers, logs, caches, st.none() | st.integers(0, 9))
    def test(
        tick: int,
        log: tuple[AgreementWalEntry, ...],
        cache: tuple[EvidenceOutcomeCacheEntry, ...],
        pick: int | None,
    ) -> None:
        length.items = max(1, len(log) + len(cache))
        if log and pick is not None:
            # Otherwise nearly everything would be before the checkpoint, or nearly nothing.
            tick = log[pick % len(log)].tick
        wal, held, machine = (
            AgreementWalArtifact(log),
            EvidenceOutcomeCacheArtifact(cache),
            object(),
        )
        expected = _answer(lambda: DurableRecoveryPlan.from_checkpoint(tick, machine, wal, held))
        actual = _answer(lambda: recovery(tick, machine, wal, held))
        assert actual == expected
        assert isinstance(actual, str) or actual.machine is machine

    return test


def _writes_as_the_reference(codec: Any, length: Length) -> PlainTest:
    reference = ReferenceCodec()

    @given(artifacts)
    def test(artifact: PersistedDurabilityArtifact) -> None:
        length.items = _items(artifact)
        data = codec.encode(artifact)
        assert data == reference.encode(artifact)
        assert codec.decode(data) == artifact

    return test


def _reads_as_the_reference(
    codec: Any, inputs: st.SearchStrategy[bytes], length: Length
) -> PlainTest:
    reference = ReferenceCodec()

    @given(inputs)
    def test(data: bytes) -> None:
        length.items = 1
        expected = _answer(lambda: reference.decode(data))
        actual = _answer(lambda: codec.decode(data))
        if isinstance(expected, str):
            # Which words a codec refuses with is its own affair.
            assert isinstance(actual, str)
        else:
            assert actual == expected

    return test


@st.composite
def _changed_encodings(draw: st.DrawFn) -> bytes:
    """Draw the bytes of an artifact that were cut, continued, or changed in one place."""
    data = ReferenceCodec().encode(draw(artifacts))
    place = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(("cut", "continued", "changed"))):
        case "cut":
            return data[:place]
        case "continued":
            return data + draw(st.binary(min_size=1))
        case _:
            return data[:place] + draw(st.binary(min_size=1, max_size=1)) + data[place + 1 :]


def _names_as_the_reference(identity: Any, length: Length) -> PlainTest:
    @given(entries)
    def test(entry: AgreementWalEntry) -> None:
        length.items = 1
        assert identity(entry) == entry.stable_identity()

    return test


def _answer(act: Callable[[], Any]) -> Any:
    """Return what a call returns, or the text of its declared error."""
    try:
        return act()
    except DurabilityError as error:
        return f"refused: {error}"


def _items(artifact: PersistedDurabilityArtifact) -> int:
    held = artifact.agreement_wal_artifact() or artifact.evidence_outcome_cache_artifact()
    return max(1, len(held.entries)) if held is not None else 1
