"""The page about the figures: made of them alone, so that it says nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.zoo.ablation.configurations import CRASHES, GROUPS, MEANINGS, ORDINARY, Configuration
from tests.zoo.ablation.figures import Figures, Row, rows
from tests.zoo.ablation.plot import Curve, plot
from tests.zoo.ablation.targets import judged_targets

__all__ = ["FIGURES", "claim", "page_text", "plots", "write_page"]

FIGURES: Final = Path(__file__).with_name("figures.json")
"""Where the figures are kept in the repository."""

_PLOTS: Final = {ORDINARY: "ablation.svg", CRASHES: "ablation-crashes.svg"}
_TITLES: Final = {ORDINARY: "The ordinary zoo", CRASHES: "The zoo of crashes"}
_SURVIVORS_MAX: Final = 40
_HEADINGS: Final = (
    "configuration",
    "runs",
    "killed",
    "per cent",
    "cut off",
    "median s",
    "95 of 100 within s",
    "median s, a miss counted as the limit",
    "length over the shortest",
)


def write_page(path: Path, figures: Figures) -> None:
    """Write the page, its plots in the folder ``assets`` beside it, and the figures."""
    FIGURES.write_text(figures.to_text(), encoding="utf-8")
    path.write_text(page_text(figures), encoding="utf-8")
    for name, drawing in plots(figures).items():
        (path.parent / "assets" / name).write_text(drawing, encoding="utf-8")


def page_text(figures: Figures) -> str:
    """Return the page as Markdown."""
    whole = figures.whole()
    return "\n".join([*_beginning(figures), *_sections(whole), *_targets(whole), ""])


def plots(figures: Figures) -> dict[str, str]:
    """Return the drawing of each group of which there are runs, by the name of its file."""
    whole = figures.whole()
    return {_PLOTS[group]: _plot(whole, group) for group in GROUPS if rows(whole, group)}


def claim(figures: Figures) -> str:
    """Return the sentence in which other documents give the figures."""
    found = {row.configuration: row for row in rows(figures.whole(), ORDINARY)}
    whole, plain = found.get(Configuration.WHOLE), found.get(Configuration.PLAIN)
    if whole is None or plain is None:
        return "What each part of the search finds is not measured yet."
    return (
        f"Within {figures.limit:g} seconds a run, on {_seeds_count_text(whole.seeds)}, the whole "
        f"search killed {100 * whole.share:.1f} % of them, and plain Hypothesis tests "
        f"{100 * plain.share:.1f} %."
    )


def _seeds_count_text(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"


def _beginning(figures: Figures) -> Iterator[str]:
    limit = f"{figures.limit:g}"
    counts = {group: len(names) for group, names in figures.systems.items()}
    yield f"""# What each part of the search finds

The systems of the [kill table](kill-table.md), each broken in one way, hunted with one part of the
search left out at a time, and by a plain Hypothesis test in place of all of it. There are
{counts[ORDINARY]} ordinary ones. {counts[CRASHES]} storages that only a crash, a failing call or
damage at rest shows to be broken ([crashes](crashes.md)) are a group of their own.

A run is one system, one configuration and one seed. Killed means that within {limit} seconds the
search has failed the system: of the ordinary ones, by the very requirement that it breaks; of those
of crashes, and by the plain tests, by anything at all. A run that takes longer is cut off and
counted as *not killed within the limit*, which does not say that it would never have been.

The time is that of a search for the one requirement, before its counterexample is made short, in a
process that has imported everything: the clock, less the time in which other processes had the
processor. The length is counted after that, where shrinking ended within {limit} seconds more: acts
of a history, or entries of the one value that breaks a law. In the tables it is the median of its
ratio to the shortest that any configuration found of that system, from any seed.

Measured by `python -m tests.zoo.ablation --page docs/ablation.md` with {figures.machine}.
Seeds: {_seeds_text(figures)}.

## The configurations

| configuration | what is searched |
|---|---|"""
    for configuration, meaning in MEANINGS.items():
        yield f"| {configuration.value} | {meaning} |"
    yield """
Where a configuration leaves nothing out of what hunts a system, its search is the whole one, and is
not made twice: the figures of the whole stand for it. The tours are of logs, caches, handlers and
recovery; of codecs and identities they have nothing to say, and that counts against them here.

The parts overlap: what two of them find is still found without one. So a small loss
says that the other parts make up for one, and not that it finds little by itself."""


def _seeds_text(figures: Figures) -> str:
    """Return which seeds there are, and what is missing of them."""
    seeds = ", ".join(map(str, sorted({seed for _, _, seed in figures.runs}))) or "none"
    missing = [
        f"{configuration.value} on seed {seed} ({group} zoo, {count} systems missing)"
        for (group, configuration, seed), count in figures.missing().items()
    ]
    if not missing:
        return seeds
    return f"{seeds}. Not whole, and so left out of what follows: {'; '.join(missing)}"


def _sections(figures: Figures) -> Iterator[str]:
    for group in GROUPS:
        found = rows(figures, group)
        if not found:
            yield f"\n## {_TITLES[group]}\n\nNot measured yet."
            continue
        yield f"\n## {_TITLES[group]}\n"
        yield f"| {' | '.join(_HEADINGS)} |"
        yield f"|{'---|' * len(_HEADINGS)}"
        yield from map(_row_line, found)
        yield (
            f"\n![{_description(found, figures.limit)}](assets/{_PLOTS[group]})\n\n"
            "Medians and the 95 of 100 are over the kills of each configuration, so that one "
            "which\nkills only what is easy looks fast. The last but one is over all runs."
        )
        yield from _by_kind(figures, group, [row.configuration for row in found])
        yield from _survivors(figures, group)


def _row_line(row: Row) -> str:
    cells = (
        row.configuration.value,
        row.runs,
        row.kills,
        f"{100 * row.share:.1f}",
        row.cut_off,
        _shown(row.median, 2),
        _shown(row.p95, 2),
        _shown(row.of_each, 2),
        _shown(row.ratio, 2),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _shown(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _by_kind(
    figures: Figures, group: str, configurations: Sequence[Configuration]
) -> Iterator[str]:
    """Yield how many runs of each kind of system were kills, by configuration."""
    kinds = dict.fromkeys(kind for kind, _, _ in figures.systems[group])
    yield "\n### Killed, by kind\n"
    yield f"| kind | {' | '.join(each.value for each in configurations)} |"
    yield f"|---|{'---|' * len(configurations)}"
    for kind in kinds:
        cells = [_kills_text(figures, group, each, kind) for each in configurations]
        yield f"| {kind} | {' | '.join(cells)} |"


def _kills_text(figures: Figures, group: str, configuration: Configuration, kind: str) -> str:
    names = figures.systems[group]
    found = [
        run.seconds is not None
        for _, place, run in figures.measured(group, configuration)
        if names[place][0] == kind
    ]
    return f"{sum(found)}/{len(found)}" if found else "-"


def _survivors(figures: Figures, group: str) -> Iterator[str]:
    """Yield what the whole search did not kill from every seed."""
    names = figures.systems[group]
    alive: dict[int, list[str]] = {}
    for seed, place, run in figures.measured(group, Configuration.WHOLE):
        if run.seconds is None:
            how = "cut off" if run.is_cut_off else "searched to the end"
            alive.setdefault(place, []).append(f"seed {seed} {how}")
    if not alive:
        yield "\nThe whole search killed every system from every seed that was measured."
        return
    yield "\n### Not killed by the whole search within the limit\n"
    for place, texts in sorted(alive.items())[:_SURVIVORS_MAX]:
        kind, name, requirement_id = names[place]
        yield f"- {kind}: {name} ({requirement_id}): {', '.join(texts)}"
    if len(alive) > _SURVIVORS_MAX:
        yield f"- and {len(alive) - _SURVIVORS_MAX} more"


def _targets(figures: Figures) -> Iterator[str]:
    judged = judged_targets(figures)
    if not judged:
        return
    yield "\n## Against what we aim at\n"
    yield "Of the ordinary zoo, by the figures above.\n"
    yield "| target | measured | met |"
    yield "|---|---|---|"
    for each in judged:
        yield f"| {each.target} | {each.measured} | {'yes' if each.met else 'no'} |"


def _plot(figures: Figures, group: str) -> str:
    found = rows(figures, group)
    curves = [
        Curve(
            row.configuration.value,
            [
                run.seconds
                for _, _, run in figures.measured(group, row.configuration)
                if run.seconds is not None
            ],
            row.runs,
        )
        for row in found
    ]
    title = f"{_TITLES[group]}: share killed within so many seconds"
    return plot(title, _description(found, figures.limit), curves, figures.limit)


def _description(found: Sequence[Row], limit: float) -> str:
    ends = [f"{row.configuration.value} {100 * row.share:.0f} %" for row in found]
    return f"Share of runs killed within {limit:g} seconds: {', '.join(ends)}."
