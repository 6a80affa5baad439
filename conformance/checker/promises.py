"""What is known of promises that take time, and ways on which they are never kept."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.checker.results import Judgement, Step, Trace

__all__ = ["Lasso", "ProgressResult", "ProgressSearch"]


@dataclass(frozen=True, slots=True)
class Lasso:
    """A way from a beginning, and steps that lead from its end back to it.

    Without ``cycle`` nothing happens any more behind the way.
    """

    stem: Trace
    cycle: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ProgressResult:
    """One promise: what is known, in how many states it was owed, a way on which it never is paid.

    A stem is a shortest one to where it may stay owed; the cycle behind it is short, but whether
    it is a shortest one is not claimed.
    """

    name: str
    judgement: Judgement
    owed_count: int
    lasso: Lasso | None = None


@dataclass(frozen=True, slots=True)
class ProgressSearch:
    """What is known of all promises of a model.

    ``stopped_because`` is ``None`` where every state was reached.
    """

    model: str
    variant: str
    slots_count: int
    states_count: int
    promises: tuple[ProgressResult, ...]
    stopped_because: str | None
    seconds: float

    @property
    def judgement(self) -> Judgement:
        """Violated if any promise is, else inconclusive if anything was left out."""
        if any(each.judgement is Judgement.VIOLATED for each in self.promises):
            return Judgement.VIOLATED
        if self.stopped_because is not None:
            return Judgement.INCONCLUSIVE
        return Judgement.HOLDS

    def promise(self, name: str) -> ProgressResult:
        """Return the result of one promise; raises ``KeyError`` for an unknown name."""
        for each in self.promises:
            if each.name == name:
                return each
        raise KeyError(name)
