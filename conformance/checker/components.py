"""Strongly connected components of a graph: states that lead to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

__all__ = ["components"]


def components(edges: Mapping[int, Sequence[int]]) -> Iterator[frozenset[int]]:
    """Yield every component of a graph whose edges all lead to states that it has.

    A state by itself is one too. Tarjan's algorithm, without recursion, since ways may be long.
    """
    index_of: dict[int, int] = {}
    low: dict[int, int] = {}
    open_states: list[int] = []
    is_open: set[int] = set()
    for root in edges:
        if root in index_of:
            continue
        path = [(root, iter(edges[root]))]
        index_of[root] = low[root] = len(index_of)
        open_states.append(root)
        is_open.add(root)
        while path:
            state, rest = path[-1]
            target = next(rest, None)
            if target is not None:
                if target not in index_of:
                    index_of[target] = low[target] = len(index_of)
                    open_states.append(target)
                    is_open.add(target)
                    path.append((target, iter(edges[target])))
                elif target in is_open:
                    low[state] = min(low[state], index_of[target])
                continue
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[state])
            if low[state] == index_of[state]:
                found = set()
                while state not in found:
                    found.add(open_states.pop())
                is_open -= found
                yield frozenset(found)
