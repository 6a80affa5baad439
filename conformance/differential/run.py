"""A run of the differential: count, compare, write down, and go on where an earlier run stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from dataclasses_json import DataClassJsonMixin

from conformance.backend import Codec
from conformance.differential.inputs import BATCH_INPUTS, Input, batch_inputs
from conformance.differential.readers import Answer, OwnReader, answer_of, difference
from conformance.errors import BackendFault, UsageError

__all__ = ["STATE_FORMAT", "DifferentialState", "Disagreement", "read_state", "run_differential"]

STATE_FORMAT: Final = "telltale-conformance.differential.v1"
"""Name of the form of a state file. Other inputs for the same seed are another form."""


@dataclass(frozen=True)
class Disagreement(DataClassJsonMixin):
    """One input that two readers do not agree about; ``cbor`` is in hexadecimal."""

    number: int
    origin: str
    difference: str
    cbor: str
    ours: Answer
    peers: Answer


@dataclass
class DifferentialState(DataClassJsonMixin):
    """How far a run has come, and every disagreement so far.

    ``verdicts`` counts our own reader's verdicts, to show what the inputs were.
    """

    format: str
    seed: int
    peer: str
    exact_texts: bool
    done_count: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)

    def to_text(self) -> str:
        """Return the state as the text of a file."""
        return self.to_json(indent=1, ensure_ascii=False) + "\n"


def read_state(text: str, expected: DifferentialState) -> DifferentialState:
    """Return the state of an earlier run, or raise :class:`UsageError` if it is of another one."""
    try:
        state = DifferentialState.from_json(text)
        found: dict[str, Any] = {name: getattr(state, name) for name in _SAME}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"not the state of a differential run: {error!r}") from error
    for name in _SAME:
        wanted = getattr(expected, name)
        if found[name] != wanted:
            raise UsageError(
                f"it belongs to another run: its {_SAME[name]} is {found[name]!r}, this run's is "
                f"{wanted!r}; name another file, or remove it to begin again"
            )
    return state


_SAME: Final = {
    "format": "format",
    "seed": "seed",
    "peer": "peer",
    "exact_texts": "comparison of whole error texts",
}


def run_differential(
    state: DifferentialState,
    peer: Codec,
    *,
    inputs_count: int,
    disagreements_max: int,
    on_batch: Callable[[DifferentialState], None],
) -> None:
    """Bring a run to ``inputs_count`` inputs, or to ``disagreements_max`` disagreements.

    ``on_batch`` is called when the state is worth keeping: after each batch, and at the end,
    whatever the end is. Raises ``BackendFault``, with the input named, for a peer that breaks.
    """
    own = OwnReader()
    verdicts = Counter(state.verdicts)
    kept_count = -1

    def keep() -> None:
        nonlocal kept_count
        if state.done_count != kept_count:
            kept_count = state.done_count
            state.verdicts = dict(sorted(verdicts.items()))
            on_batch(state)

    try:
        for each in _inputs_from(state.seed, state.done_count, inputs_count):
            if len(state.disagreements) >= disagreements_max:
                break
            ours, peers = answer_of(own, each.data), _peers_answer(peer, each)
            found = difference(ours, peers, exact_texts=state.exact_texts)
            if found is not None:
                state.disagreements.append(
                    Disagreement(each.number, each.origin, found, each.data.hex(), ours, peers)
                )
            verdicts[ours.verdict] += 1
            state.done_count = each.number + 1
            if state.done_count % BATCH_INPUTS == 0:
                keep()
    finally:
        keep()


def _inputs_from(seed: int, first: int, end: int) -> Iterator[Input]:
    for batch in range(first // BATCH_INPUTS, -(-end // BATCH_INPUTS)):
        for each in batch_inputs(seed, batch):
            if first <= each.number < end:
                yield each


def _peers_answer(peer: Codec, each: Input) -> Answer:
    try:
        return answer_of(peer, each.data)
    except BackendFault as fault:
        text = f"{fault.message}\n  at input {each.number} ({each.origin}): {each.data.hex()}"
        raise BackendFault(fault.backend_name, text) from fault
