"""What records cost over bare CBOR, and what an input in another form costs."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from conformance.bench.meter import Meter
from conformance.bench.workloads import wal
from telltale_spec import PersistedDurabilityArtifact

each_size = pytest.mark.parametrize("size", [1_000, 10_000, 100_000])


def reversed_maps(tree: Any) -> Any:
    """Return a tree whose every map lists its fields last to first: legal, but not canonical."""
    if isinstance(tree, dict):
        return {key: reversed_maps(tree[key]) for key in reversed(tree)}
    return [reversed_maps(item) for item in tree] if isinstance(tree, list) else tree


@each_size
def test_decode(meter: Meter, size: int) -> None:
    artifact = PersistedDurabilityArtifact.agreement_wal(wal(size))
    data = artifact.to_cbor()

    decoded = meter.read(
        "decode",
        size,
        lambda: PersistedDurabilityArtifact.from_slice(data),
        baseline="decode, cbor2 alone",
    )

    assert decoded == artifact


@each_size
def test_decode_with_cbor2_alone(meter: Meter, size: int) -> None:
    artifact = PersistedDurabilityArtifact.agreement_wal(wal(size))
    data = artifact.to_cbor()

    tree = meter.read("decode, cbor2 alone", size, lambda: cbor2.loads(data))

    assert tree == artifact.to_dict()


# The tolerant reader is Python all the way, so the largest size would take minutes.
@pytest.mark.parametrize("size", [1_000, 10_000])
def test_decode_of_another_form(meter: Meter, size: int) -> None:
    artifact = PersistedDurabilityArtifact.agreement_wal(wal(size))
    data = cbor2.dumps(reversed_maps(artifact.to_dict()))
    assert data != artifact.to_cbor()

    decoded = meter.read(
        "decode, not canonical",
        size,
        lambda: PersistedDurabilityArtifact.from_slice(data),
        baseline="decode, cbor2 alone",
    )

    assert decoded == artifact


@each_size
def test_encode(meter: Meter, size: int) -> None:
    artifact = PersistedDurabilityArtifact.agreement_wal(wal(size))

    data = meter.read("encode", size, artifact.to_cbor, baseline="encode, cbor2 alone")

    assert PersistedDurabilityArtifact.from_slice(data, strict=True) == artifact


@each_size
def test_encode_with_cbor2_alone(meter: Meter, size: int) -> None:
    artifact = PersistedDurabilityArtifact.agreement_wal(wal(size))
    tree = artifact.to_dict()

    data = meter.read("encode, cbor2 alone", size, lambda: cbor2.dumps(tree))

    assert data == artifact.to_cbor()
