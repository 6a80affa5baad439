"""What a counterexample does not need is left out: acts, parts of acts, digits and letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.engine.acts import Act, ActForm
from conformance.engine.plainness import named_values
from conformance.engine.shortening import shortest_and_plainest
from conformance.engine.shrinking import shortened
from conformance.engine.smallness import with_smaller_values
from conformance.records.results import Counterexample, Step
from telltale_spec.wire.agreement import AgreementLevel, Escalation

NONE = AgreementLevel.NONE


class Machine:
    """What acts are done to."""


def add(self: Machine, entry: Escalation) -> None:
    """Add an entry."""


def add_twice(self: Machine, entry: Escalation, pause_ticks: int) -> None:
    """Add an entry again after a pause."""


def ask(self: Machine, evidence_ids: tuple[str, ...]) -> None:
    """Ask for some."""


ADD, ADD_TWICE, ASK = ActForm("add", add), ActForm("add_twice", add_twice), ActForm("ask", ask)


def entry(tick: int, operation_id: str = "a") -> Escalation:
    return Escalation(operation_id, NONE, NONE, None, tick)


def counterexample(acts: Sequence[Act], requirement_id: str = "WAL-01") -> Counterexample:
    steps = [Step(act.form.name, "ok") for act in acts]
    return Counterexample(requirement_id, "agreement WAL", steps, "", "", acts=list(acts))


def failing_if(
    condition: Callable[[list[dict[str, Any]]], bool],
) -> Callable[[Sequence[Act]], Counterexample | None]:
    def attempt(acts: Sequence[Act]) -> Counterexample | None:
        return counterexample(acts) if condition([named_values(act) for act in acts]) else None

    return attempt


def ticks(values: list[dict[str, Any]]) -> list[int]:
    return [each["entry"].tick for each in values if isinstance(each.get("entry"), Escalation)]


def ids(values: list[dict[str, Any]]) -> list[str]:
    return [
        each["entry"].operation_id for each in values if isinstance(each.get("entry"), Escalation)
    ]


def plainer(acts: Sequence[Act]) -> list[list[Act]]:
    return [[Act(ADD, (entry(1),)) for _ in acts]] if len(acts) < 2 else []


def test_what_breaks_earlier_when_it_is_made_plain_ends_there() -> None:
    """Acts that are made plain may fail before those behind them, which are then no part of it."""
    found = counterexample([Act(ADD, (entry(tick),)) for tick in (7, 8, 9)])

    def again(acts: Sequence[Act]) -> Counterexample | None:
        if 1 in ticks([named_values(act) for act in acts]):
            return counterexample(acts[:1])
        return counterexample(acts) if len(acts) == 3 else None

    shortest = shortened(found, again, group_of=lambda act: (), plainer=plainer)

    assert ticks([named_values(act) for act in shortest.acts]) == [1]


def test_what_fails_before_any_act_is_as_short_as_can_be() -> None:
    found = counterexample([Act(ADD, (entry(tick),)) for tick in (7, 8, 9)])

    def again(acts: Sequence[Act]) -> Counterexample | None:
        return counterexample([] if len(acts) < 3 else acts)

    shortest = shortened(found, again, group_of=lambda act: (), plainer=plainer)

    assert shortest.acts == []


def test_the_number_that_is_left_is_the_limit() -> None:
    found = counterexample([Act(ADD, (entry(2**64 - 1),))])

    smallest = with_smaller_values(found, failing_if(lambda values: ticks(values)[0] > 9_000))

    assert ticks([named_values(act) for act in smallest.acts]) == [9_001]


def test_the_text_that_is_left_is_what_matters() -> None:
    found = counterexample([Act(ADD, (entry(1, "many words, and \x00 among them"),))])

    smallest = with_smaller_values(found, failing_if(lambda values: "\x00" in ids(values)[0]))

    assert ids([named_values(act) for act in smallest.acts]) == ["\x00"]


def test_texts_that_have_to_resemble_each_other_become_shorter_together() -> None:
    found = counterexample([Act(ADD, (entry(1, text),)) for text in ("xx-proof", "xx-PROOF")])

    def folded(values: list[dict[str, Any]]) -> bool:
        one, other = ids(values)
        return one != other and one.casefold() == other.casefold()

    smallest = with_smaller_values(found, failing_if(folded))

    (one, other) = ids([named_values(act) for act in smallest.acts])
    assert (len(one), other) == (1, one.upper())


def test_a_simpler_act_takes_the_place_of_another() -> None:
    found = counterexample([Act(ADD_TWICE, (entry(7), 900))])
    attempt = failing_if(lambda values: bool(values) and "entry" in values[0])

    (act,) = shortest_and_plainest(found, attempt, (ADD, ADD_TWICE, ASK)).acts

    assert (act.form, named_values(act)) == (ADD, {"entry": entry(1)})


def test_one_act_of_many_that_matters_is_found_in_few_tries() -> None:
    acts = [Act(ADD, (entry(1, "b" if number == 700 else "a"),)) for number in range(1_000)]
    tries = 0

    def attempt(acts: Sequence[Act]) -> Counterexample | None:
        nonlocal tries
        tries += 1
        return failing_if(lambda values: "b" in ids(values))(acts)

    shortest = shortest_and_plainest(counterexample(acts), attempt, (ADD,))

    assert len(shortest.acts) == 1
    assert tries < 100


def test_of_several_items_those_are_left_that_matter() -> None:
    found = counterexample([Act(ASK, (("e", "f", "g", "f"),))])
    attempt = failing_if(lambda values: any("f" in each["evidence_ids"] for each in values))

    (act,) = shortest_and_plainest(found, attempt, (ASK,)).acts

    assert len(named_values(act)["evidence_ids"]) == 1


def test_a_failure_of_another_requirement_takes_nobodys_place() -> None:
    found = counterexample([Act(ADD, (entry(2**40),)), Act(ADD, (entry(2**40),))])

    def attempt(acts: Sequence[Act]) -> Counterexample | None:
        return counterexample(acts, "WAL-02")

    assert shortest_and_plainest(found, attempt, (ADD,)) is found
