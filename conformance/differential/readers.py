"""What a reader makes of bytes, and where two readers differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dataclasses_json import DataClassJsonMixin

from conformance.backend import Codec
from conformance.vectors.kinds.decode import normative_prefix
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["Answer", "OwnReader", "answer_of", "difference"]

_ACCEPT: Final = "accept"
_REJECT: Final = "reject"
_FAULT: Final = "fault"


@dataclass(frozen=True)
class Answer(DataClassJsonMixin):
    """A reader's answer: accept, reject, or a fault that no contract declares.

    ``value`` is the value in the canonical form of our writer, ``reencoded`` what the reader's own
    side writes for it, both in hexadecimal. ``error`` is the text of a reject or fault.
    """

    verdict: str
    value: str | None = None
    reencoded: str | None = None
    error: str | None = None


class OwnReader:
    """The reference's reader and writer."""

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        """Return the canonical bytes of an artifact."""
        return artifact.to_cbor()

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        """Return the artifact of bytes, or raise ``DurabilityError``."""
        return PersistedDurabilityArtifact.from_slice(data)


def answer_of(codec: Codec, data: bytes) -> Answer:
    """Return what a reader makes of bytes; ``BackendFault`` goes through."""
    try:
        artifact = codec.decode(data)
    except DurabilityError as error:
        return Answer(_REJECT, error=str(error))
    except Exception as error:
        return Answer(_FAULT, error=f"{type(error).__name__}: {error}")
    try:
        reencoded = codec.encode(artifact).hex()
    except Exception as error:
        return Answer(_FAULT, artifact.to_cbor().hex(), error=f"{type(error).__name__}: {error}")
    return Answer(_ACCEPT, artifact.to_cbor().hex(), reencoded)


def difference(ours: Answer, peers: Answer, *, exact_texts: bool) -> str | None:
    """Return what differs between two answers, or ``None``.

    Without ``exact_texts`` only the part of an error text that is normative counts (DEC-29).
    """
    if ours.verdict != peers.verdict:
        return "verdict"
    if ours.value != peers.value:
        return "value"
    if ours.reencoded != peers.reencoded:
        return "bytes written for the value"
    if ours.error is None or peers.error is None:
        return None if ours.error == peers.error else "error text"
    if exact_texts:
        return None if ours.error == peers.error else "error text"
    return None if peers.error.startswith(normative_prefix(ours.error)) else "error text"
