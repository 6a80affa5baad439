"""``visibility``: what the monitors say of runs in which outputs are shown with and without a gate.

A slot is one output of one operation: whether its effect is cached, its
evidence and gate are logged, a successful sync was seen, and it was shown. The
monitors are those of MONITOR-01 and MONITOR-03; they see log, cache and
exchanges, but neither the order of exchanges nor what was shown. The hardened
monitors see both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from conformance.checker.model import HARDENED, Action, Model, Property

__all__ = ["Output", "visibility"]

NAME: Final = "visibility"


@dataclass(frozen=True, slots=True)
class Output:
    """One output.

    ``sync`` is when its successful sync was seen: ``before`` its gate (at its
    tick), long before it (``stale``), or ``behind`` it. ``shown`` is ``gated`` if
    the gate was logged by then, else ``bare``.
    """

    is_cached: bool = False
    has_evidence: bool = False
    has_gate: bool = False
    sync: str | None = None
    shown: str | None = None

    @property
    def is_honest(self) -> bool:
        """The run did nothing out of order so far."""
        return self.shown != "bare" and (not self.has_gate or self.sync == "before")


def _actions() -> Iterator[Action]:
    def action(
        name: str,
        ids: tuple[str, ...],
        guard: Callable[[Output], bool],
        effect: Callable[[Output], Output],
    ) -> Action:
        return Action(
            name,
            ids,
            lambda _none, output: guard(output),
            lambda none, output: (none, effect(output)),
        )

    yield action(
        "the effect is carried out and cached",
        ("EVID-05",),
        lambda output: not output.is_cached,
        lambda output: replace(output, is_cached=True),
    )
    yield action(
        "a sync stores evidence and gate",
        ("SYNC-04",),
        lambda output: not output.has_gate and output.sync is None,
        lambda output: replace(output, has_evidence=True, has_gate=True, sync="before"),
    )
    yield action(
        "a sync succeeds and stores nothing",
        ("F22", "F31"),
        lambda output: not output.has_gate and output.sync is None,
        lambda output: replace(output, sync="stale"),
    )
    yield action(
        "a gate is stored without a sync",
        ("MONITOR-01",),
        lambda output: not output.has_gate,
        lambda output: replace(output, has_gate=True),
    )
    yield action(
        "a sync is answered behind the gate",
        ("F32",),
        lambda output: output.has_gate and output.sync is None,
        lambda output: replace(output, sync="behind"),
    )
    yield action(
        "the output is shown",
        ("F13", "F32"),
        lambda output: output.shown is None,
        lambda output: replace(output, shown="gated" if output.has_gate else "bare"),
    )


def _write_ahead_monitor(output: Output) -> bool:
    """Say whether MONITOR-01 finds nothing: each gate has a successful sync, no later by tick."""
    return not output.has_gate or output.sync is not None


def _evidence_monitor(output: Output) -> bool:
    """Say whether MONITOR-03 finds nothing: what is cached has its evidence in the log."""
    return not output.is_cached or output.has_evidence


def _hardened_write_ahead_monitor(output: Output) -> bool:
    return output.shown != "bare" and (not output.has_gate or output.sync == "before")


def _hardened_evidence_monitor(output: Output) -> bool:
    # The cache is filled first; the log has to follow by the time of the gate.
    return not (output.is_cached and output.has_gate and output.sync == "before") or (
        output.has_evidence
    )


def visibility(variant: str) -> Model:
    """Return the model of outputs and monitors; a slot is an output."""
    hardened = variant == HARDENED
    write_ahead = _hardened_write_ahead_monitor if hardened else _write_ahead_monitor
    evidence = _hardened_evidence_monitor if hardened else _evidence_monitor

    return Model(
        NAME,
        variant,
        "outputs with and without gates, syncs before and behind them, and the monitors",
        (None,),
        lambda _index: Output(),
        tuple(_actions()),
        (
            Property(
                "a bare output is accused",
                ("MONITOR-01", "F32", "F13"),
                "an output that was shown without a gate does not pass the write-ahead monitor",
                lambda _none, output: not write_ahead(output),
                lambda _none, output: output.shown == "bare",
            ),
            Property(
                "a gate without its sync is accused",
                ("MONITOR-01", "F32"),
                "a gate without a sync of its own before it does not pass the write-ahead monitor",
                lambda _none, output: not write_ahead(output),
                lambda _none, output: bool(output.has_gate and output.sync != "before"),
            ),
            Property(
                "the honest pass the write-ahead monitor",
                ("MONITOR-01",),
                "a run that did nothing out of order passes the write-ahead monitor",
                lambda _none, output: write_ahead(output),
                lambda _none, output: bool(output.is_honest),
            ),
            Property(
                "the honest pass the evidence monitor",
                ("MONITOR-03", "F32"),
                "a run that did nothing out of order passes the evidence monitor",
                lambda _none, output: evidence(output),
                lambda _none, output: bool(output.is_honest),
            ),
        ),
    )
