"""The inner loops of the compiled engine: all that is done with one state, in machine code.

The arguments are arrays of integers and nothing else. Pairs are numbered as in
``vector``. What some states lead to is first worked out for as many of them as a
buffer holds, and then looked up in one go: a look-up waits for memory, and many
of them can wait at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numba

__all__ = ["advance", "count_states", "mark_new"]


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function compiled at its first call, and kept on disk where there is a place."""
    try:
        kept: Callable[..., Any] = numba.njit(cache=True)(function)
    except RuntimeError:
        # There is no folder to keep it in, so that every process compiles it anew.
        kept = numba.njit(function)
    return kept


def _ordered(word: Any, shared_count: Any, slot_count: Any, slots: Any) -> Any:
    """Return a word whose slots are in ascending order."""
    rest = word // shared_count
    shared = word - rest * shared_count
    for index in range(slots.size):
        higher = rest // slot_count
        slot = rest - higher * slot_count
        place = index
        while place > 0 and slots[place - 1] > slot:
            slots[place] = slots[place - 1]
            place -= 1
        slots[place] = slot
        rest = higher
    result = 0
    for index in range(slots.size - 1, -1, -1):
        result = result * slot_count + slots[index]
    return result * shared_count + shared


ordered: Final = _compiled(_ordered)


def _divided(word: Any, divisor: Any, inverse: Any) -> Any:
    """Return a quotient; ``inverse`` is that of the divisor, or 0 where words are too large.

    A multiplication and a correction take a fraction of the time of a division.
    """
    if inverse == 0.0:
        return word // divisor
    quotient = int(word * inverse)
    rest = word - quotient * divisor
    if rest < 0:
        return quotient - 1
    return quotient + 1 if rest >= divisor else quotient


divided: Final = _compiled(_divided)


def _advance(words: Any, sizes: Any, weights: Any, steps: Any, moves: Any, out: Any) -> Any:
    """Fill in what some states lead to; return how many states and how many words.

    Stops before a state whose successors might not fit.
    """
    shared_count, slot_count, shared_inverse, slot_inverse, symmetry, successors_max = sizes
    offsets, shared_steps, slot_steps = steps
    global_shared, global_slots, global_counts = moves
    pairs = weights.copy()
    slots = weights.copy()
    last = pairs.size - 1
    added = 0
    for number in range(words.size):
        if added + successors_max > out.size:
            return number, added
        begin = added
        word = words[number]
        rest = divided(word, shared_count, shared_inverse)
        shared = word - rest * shared_count
        for index in range(last + 1):
            higher = 0 if index == last else divided(rest, slot_count, slot_inverse)
            pair = shared + (rest - higher * slot_count) * shared_count
            rest = higher
            pairs[index] = pair
            weight = weights[index]
            for row in range(offsets[pair], offsets[pair + 1]):
                out[added] = word + shared_steps[row] + weight * slot_steps[row]
                added += 1
        for move in range(global_shared.shape[0]):
            target = global_shared[move, shared]
            enabled = target >= 0
            for index in range(last + 1):
                slot = global_slots[move, pairs[index]]
                enabled = enabled and slot >= 0
                target += weights[index] * slot
            if enabled:
                global_counts[move] += 1
                out[added] = target
                added += 1
        if symmetry:
            for index in range(begin, added):
                out[index] = ordered(out[index], shared_count, slot_count, slots)
    return words.size, added


def _mark_new(words: Any, marks: Any, mark: Any) -> Any:
    """Mark what has no mark yet and move it to the front; return how many there are."""
    new = 0
    for index in range(words.size):
        word = words[index]
        if marks[word] == 0:
            marks[word] = mark
            words[new] = word
            new += 1
    return new


def _count_states(
    words: Any,
    sizes: Any,
    weights: Any,
    pair_counts: Any,
    is_broken: Any,
    broken: Any,
    lowest: Any,
    views: Any,
    view_tables: Any,
    view_lowest: Any,
) -> None:
    """Count pairs and pairs of views; note the lowest word that breaks each property.

    ``is_broken`` says of each pair whether there is anything to be noted.
    """
    shared_count, slot_count, shared_inverse, slot_inverse, _symmetry, _successors_max = sizes
    views_counts, view_offsets, view_counts, view_broken = view_tables
    pairs = weights.copy()
    last = pairs.size - 1
    for number in range(words.size):
        word = words[number]
        rest = divided(word, shared_count, shared_inverse)
        shared = word - rest * shared_count
        for index in range(last + 1):
            higher = 0 if index == last else divided(rest, slot_count, slot_inverse)
            pair = shared + (rest - higher * slot_count) * shared_count
            rest = higher
            pairs[index] = pair
            pair_counts[pair] += 1
            if is_broken[pair]:
                for each in range(broken.shape[0]):
                    if broken[each, pair] and word < lowest[each]:
                        lowest[each] = word
        for each in range(views.shape[0]):
            for left in range(last + 1):
                row = view_offsets[each] + views[each, pairs[left]] * views_counts[each]
                for right in range(last + 1):
                    if left == right:
                        continue
                    place = row + views[each, pairs[right]]
                    view_counts[place] += 1
                    if view_broken[place] and word < view_lowest[each]:
                        view_lowest[each] = word


advance: Final = _compiled(_advance)
mark_new: Final = _compiled(_mark_new)
count_states: Final = _compiled(_count_states)
