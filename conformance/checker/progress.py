"""Ways that never end, and whether everybody gets at last what is owed to him on them.

All reachable states are held as a graph, whose components are searched for a fair one in which
something stays owed for ever. A counterexample is a *lasso*: a way to a state, and a way from there
back to it that may be repeated without end; where that is empty, nothing happens any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from conformance.checker.calls import truth
from conformance.checker.components import components
from conformance.checker.model import Model, Progress
from conformance.checker.promises import Lasso, ProgressResult, ProgressSearch
from conformance.checker.results import Budget, Judgement, Step, Trace
from conformance.checker.tables import Tables, tabulate
from conformance.errors import ModelError

__all__ = ["check_progress"]

_BYTES_PER_TRANSITION: Final = 120
_CLOCK_EVERY: Final = 256

_Word: TypeAlias = tuple[int, tuple[int, ...]]
_Taken: TypeAlias = tuple[str, int | None]
"""An action and the slot that takes it; ``None`` is all of them."""


@dataclass
class _Graph:
    """Every reachable state with its edges: who takes which action, and where that leads."""

    words: list[_Word] = field(default_factory=list)
    edges: list[list[tuple[_Taken, int]]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


def check_progress(
    model: Model, slots_count: int | None = None, *, budget: Budget | None = None
) -> ProgressSearch:
    """Search every promise of a model for a fair way on which it is never paid.

    Raises :class:`~conformance.errors.ModelError` for a model without promises, for a promise that
    is never owed, and for what tabulation refuses.
    """
    budget = budget or Budget()
    begin = budget.clock()
    count = model.slots_default if slots_count is None else slots_count
    if not model.promises:
        raise ModelError(model.title, "it promises nothing that takes time")
    tables = tabulate(model, count)
    graph, stopped = _graph(tables, budget, begin)
    results = tuple(_result(tables, graph, each, stopped) for each in model.promises)
    return ProgressSearch(
        model.name,
        model.variant,
        count,
        len(graph.words),
        results,
        stopped,
        budget.clock() - begin,
    )


def _successors(tables: Tables, word: _Word) -> Iterator[tuple[_Taken, _Word]]:
    shared, slots = word
    for name, moves in tables.moves.items():
        for index, slot in enumerate(slots):
            target = moves.get((shared, slot))
            if target is not None:
                yield (name, index), (target[0], (*slots[:index], target[1], *slots[index + 1 :]))
    for table in tables.global_moves:
        after = table.shared.get(shared)
        moved = [table.slots.get((shared, slot)) for slot in slots]
        if after is not None and None not in moved:
            yield (table.name, None), (after, tuple(slot for slot in moved if slot is not None))


def _graph(tables: Tables, budget: Budget, begin: float) -> tuple[_Graph, str | None]:
    """Return all reachable states, and why there are no more of them, if there are."""
    graph = _Graph()
    number_of: dict[_Word, int] = {}
    edges_count = 0

    def number(word: _Word) -> int:
        found = number_of.setdefault(word, len(graph.words))
        if found == len(graph.words):
            graph.words.append(word)
        return found

    graph.starts = [number(start) for start in tables.starts]
    for index, word in enumerate(graph.words):
        if len(graph.words) > budget.states_max:
            return graph, (
                f"{len(graph.words)} states were reached, the budget is {budget.states_max}"
            )
        if edges_count * _BYTES_PER_TRANSITION > budget.bytes_max:
            return graph, f"transitions need more than the budget of {budget.bytes_max} bytes"
        if index % _CLOCK_EVERY == 0 and budget.clock() - begin > budget.seconds_max:
            return graph, f"the time ran out, the budget is {budget.seconds_max:g} seconds"
        edges = [(taken, number(target)) for taken, target in _successors(tables, word)]
        edges_count += len(edges)
        graph.edges.append(edges)
    return graph, None


def _result(
    tables: Tables, graph: _Graph, promise: Progress, stopped: str | None
) -> ProgressResult:
    model = tables.model
    # Where every slot begins alike, what befalls one of them can befall each.
    slots = range(1 if model.symmetric else tables.slots_count)
    owed_count = 0
    best: Lasso | None = None
    if stopped is None:
        for slot in slots:
            owing = _Owing(tables, graph, promise, slot)
            owed_count += len(owing.way_to)
            lasso = owing.lasso()
            if lasso is not None and (best is None or _length(lasso) < _length(best)):
                best = lasso
        if owed_count == 0:
            raise ModelError(
                model.title,
                f"promise `{promise.name}` is never owed with {tables.slots_count} slots; "
                "correct its condition or leave it out",
            )
    open_judgement = Judgement.HOLDS if stopped is None else Judgement.INCONCLUSIVE
    judgement = open_judgement if best is None else Judgement.VIOLATED
    return ProgressResult(promise.name, judgement, owed_count, best)


def _length(lasso: Lasso) -> tuple[int, int]:
    return len(lasso.stem.steps), len(lasso.cycle)


_Node: TypeAlias = tuple[int, bool]
"""A state, and whether the promise is owed on the way to it."""


class _Owing:
    """All states in which a promise is owed to one slot, and a shortest way to each."""

    def __init__(self, tables: Tables, graph: _Graph, promise: Progress, slot: int) -> None:
        self.tables = tables
        self.graph = graph
        self.fairness = _Fairness(tables, promise)
        self.finite = frozenset(promise.finite)
        self._parents: dict[_Node, tuple[_Node, _Taken] | None] = {}
        self.way_to: dict[int, int] = {}
        """The length of a shortest way to each state that owes."""
        self._walk(_Judged(tables, graph, promise, slot))

    def _walk(self, judged: _Judged) -> None:
        lengths: dict[_Node, int] = {}

        def reach(state: int, was_owed: bool, before: tuple[_Node, _Taken] | None) -> None:
            is_owed = not judged.paid(state) and (was_owed or judged.owed(state))
            node = (state, is_owed)
            if node in self._parents:
                return
            self._parents[node] = before
            lengths[node] = 0 if before is None else lengths[before[0]] + 1
            waiting.append(node)
            if is_owed:
                self.way_to[state] = lengths[node]

        waiting: list[_Node] = []
        for start in self.graph.starts:
            reach(start, False, None)
        for node in waiting:
            for taken, target in self.graph.edges[node[0]]:
                reach(target, node[1], (node, taken))

    def lasso(self) -> Lasso | None:
        """Return the lasso with the shortest stem, if there is any."""
        best: tuple[int, int, frozenset[int]] | None = None
        for found in self._fair_components(self.way_to.keys()):
            for state in found:
                if best is None or (self.way_to[state], state) < best[:2]:
                    best = (self.way_to[state], state, found)
        if best is None:
            return None
        _, entry, component = best
        cycle = self._cycle(entry, component)
        return Lasso(self._stem(entry), tuple(self._steps(cycle)))

    def _inner_edges(self, state: int, inside: Collection[int]) -> Iterator[tuple[_Taken, int]]:
        """Yield the edges that may be taken for ever within some states."""
        for taken, target in self.graph.edges[state]:
            if target in inside and taken[0] not in self.finite:
                yield taken, target

    def _fair_components(self, states: Collection[int]) -> Iterator[frozenset[int]]:
        waiting: list[Collection[int]] = [states]
        while waiting:
            inside = waiting.pop()
            edges = {
                state: [target for _, target in self._inner_edges(state, inside)]
                for state in inside
            }
            for component in components(edges):
                rest = self._unfair(component)
                if rest is None:
                    yield component
                elif rest:
                    waiting.append(rest)

    def _unfair(self, component: frozenset[int]) -> frozenset[int] | None:
        """Return what is left of a component that is not fair as a whole; ``None`` if it is."""
        taken = {each for state in component for each, _ in self._inner_edges(state, component)}
        if not taken:
            # Nothing but rest is left, which is fair where nobody has to act.
            (state,) = component
            return frozenset() if self._enabled(state) & self.fairness.all else None
        missing = self.fairness.weak - taken
        enabled_in = {state: self._enabled(state) for state in component}
        for each in missing:
            if all(each in enabled for enabled in enabled_in.values()):
                return frozenset()
        never = self.fairness.strong - taken
        kept = frozenset(state for state in component if not enabled_in[state] & never)
        return None if len(kept) == len(component) else kept

    def _stem(self, entry: int) -> Trace:
        node: _Node = (entry, True)
        path: list[tuple[_Taken, int]] = []
        while True:
            before = self._parents[node]
            if before is None:
                break
            path.append((before[1], node[0]))
            node = before[0]
        start = self.tables.state(*self.graph.words[node[0]])
        return Trace(start, tuple(self._steps(reversed(path))))

    def _steps(self, path: Iterable[tuple[_Taken, int]]) -> Iterator[Step]:
        for (action, slot), state in path:
            yield Step(action, slot, self.tables.state(*self.graph.words[state]))

    def _cycle(self, entry: int, component: frozenset[int]) -> list[tuple[_Taken, int]]:
        """Return a way from a state back to it that is fair to everybody who acts on it.

        It is the shortest one at first; where that is unfair to somebody it goes past what he is
        owed as well, from one such place to the nearest next one.
        """
        if not self._enabled(entry) & self.fairness.all:
            # Nobody has to act there.
            return []
        edges = {state: list(self._inner_edges(state, component)) for state in component}
        rests = {
            each: frozenset(state for state in component if each not in self._enabled(state))
            for each in self.fairness.all
        }
        owed: set[_Taken] = set()
        while True:
            path = self._round(entry, edges, rests, owed)
            unpaid = self._unpaid(path) - owed
            if not unpaid:
                return path
            owed |= unpaid

    def _enabled(self, state: int) -> set[_Taken]:
        return {each for each, _ in self.graph.edges[state]}

    def _unpaid(self, path: list[tuple[_Taken, int]]) -> set[_Taken]:
        """Return who is treated unfairly by a way that is repeated without end."""
        taken = {each for each, _ in path}
        enabled = [self._enabled(state) for _, state in path]
        always = self.fairness.weak.intersection(*enabled)
        sometimes = self.fairness.strong & set().union(*enabled)
        return set((always | sometimes) - taken)

    def _round(
        self,
        entry: int,
        edges: Mapping[int, list[tuple[_Taken, int]]],
        rests: Mapping[_Taken, Collection[int]],
        owed: Collection[_Taken],
    ) -> list[tuple[_Taken, int]]:
        left = {
            each: rests[each] if each not in self.fairness.strong else frozenset() for each in owed
        }
        path: list[tuple[_Taken, int]] = []
        at = entry
        while left:
            path += _shortest(edges, at, lambda taken, state: bool(_paid(left, taken, state)))
            for each in _paid(left, *path[-1]):
                del left[each]
            at = path[-1][1]
        if at != entry or not path:
            path += _shortest(edges, at, lambda _taken, state: state == entry)
        return path


def _paid(owed: Mapping[_Taken, Collection[int]], taken: _Taken, state: int) -> list[_Taken]:
    """Return to whom a step is fair: it is his, or he cannot act where it leads."""
    return [each for each, rests in owed.items() if taken == each or state in rests]


def _shortest(
    edges: Mapping[int, list[tuple[_Taken, int]]],
    begin: int,
    is_wanted: Callable[[_Taken, int], bool],
) -> list[tuple[_Taken, int]]:
    """Return a shortest way of at least one step whose last step is wanted; there is one."""
    parents: dict[int, tuple[int, _Taken]] = {}
    waiting = deque([begin])
    while waiting:
        state = waiting.popleft()
        for taken, target in edges[state]:
            if is_wanted(taken, target):
                path = [(taken, target)]
                while state != begin:
                    before, step = parents[state]
                    path.append((step, state))
                    state = before
                return path[::-1]
            if target not in parents and target != begin:
                parents[target] = (state, taken)
                waiting.append(target)
    raise AssertionError(f"no way from state {begin} within its component")


class _Fairness:
    """The actions of every slot that a promise assumes to be fair."""

    def __init__(self, tables: Tables, promise: Progress) -> None:
        everybody = range(tables.slots_count)
        global_names = {table.name for table in tables.global_moves}

        def each_of(names: Iterable[str]) -> frozenset[_Taken]:
            return frozenset(
                (name, slot)
                for name in names
                for slot in ((None,) if name in global_names else everybody)
            )

        self.weak = each_of(promise.weakly_fair)
        self.strong = each_of(promise.strongly_fair)
        self.all = self.weak | self.strong


class _Judged:
    """What a promise says of one slot of a state, each pair asked once."""

    def __init__(self, tables: Tables, graph: _Graph, promise: Progress, slot: int) -> None:
        self._tables = tables
        self._graph = graph
        self._promise = promise
        self._slot = slot
        self._known: dict[tuple[str, Hashable], bool] = {}

    def owed(self, state: int) -> bool:
        return self._ask("owed", state)

    def paid(self, state: int) -> bool:
        return self._ask("paid", state)

    def _ask(self, which: str, state: int) -> bool:
        shared, slots = self._graph.words[state]
        key = (which, (shared, slots[self._slot]))
        if key not in self._known:
            function = self._promise.owed if which == "owed" else self._promise.paid
            values = (
                self._tables.shared_values[shared],
                self._tables.slot_values[slots[self._slot]],
            )
            what = f"where promise `{self._promise.name}` is {which}"
            self._known[key] = truth(self._tables.model.title, what, function, *values)
        return self._known[key]
