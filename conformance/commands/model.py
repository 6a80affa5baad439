"""``model``: search the models of the specification exhaustively."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import (
    CommandParser,
    complain,
    output_problem,
    positive,
    seconds,
    write_whole,
)
from conformance.commands.model_compare import add_compare, run_compare
from conformance.commands.model_page import add_page, write_search_page
from conformance.commands.model_progress import add_progress, run_progress
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.checker.model import Model
    from conformance.checker.results import SearchResult

__all__ = ["NAME", "add", "run"]

NAME: Final = "model"

_VIOLATED: Final = ExitStatus.VIOLATION
_INCONCLUSIVE: Final = ExitStatus.INCONCLUSIVE
_DAMAGED: Final = 4
_MEBIBYTE: Final = 2**20


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    model = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Search every state of a model within a bound. Where a random search says that "
        "it found no fault, this says that there is none within the bound, or gives a shortest way "
        "to one.",
    )
    actions = model.add_subparsers(dest="action", required=True, parser_class=CommandParser)
    actions.add_parser("list", help="list the models and their variants")
    check = actions.add_parser(
        "check",
        help="search models and judge their properties",
        epilog="exit status: 0 every property holds, or fails just where it is known to with "
        "--expected, 1 violated, 2 usage or a fault of a model, 3 inconclusive, "
        "4 a checkpoint that is damaged",
    )
    check.add_argument("model", nargs="*", help="all of them if none is named")
    _add_search(check)
    check.add_argument(
        "--expected",
        action="store_true",
        help="compare with the table of known verdicts instead: 0 if all are as expected",
    )
    check.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    add_page(check)
    trace = actions.add_parser("trace", help="show a shortest way to break a property")
    trace.add_argument("model")
    trace.add_argument("property")
    trace.add_argument("--json", type=Path, metavar="FILE", help="write the way here")
    trace.add_argument("--svg", type=Path, metavar="FILE", help="draw the way here")
    add_page(trace)
    _add_search(trace)
    export = actions.add_parser(
        "export", help="write a model for another checker, from the tables that ours uses"
    )
    export.add_argument("language", choices=("tla", "promela", "murphi"))
    export.add_argument("model")
    export.add_argument("folder", type=Path)
    export.add_argument("--bound", type=positive, metavar="SLOTS")
    _add_variant(export)
    _add_variant(add_compare(actions))
    _add_variant(add_progress(actions))


def _add_variant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hardened", action="store_true", help="the variant with the repaired rule"
    )
    parser.add_argument("--variant", help="any other variant; `model list` shows them")


def _add_search(parser: argparse.ArgumentParser) -> None:
    _add_variant(parser)
    parser.add_argument(
        "--bound", type=positive, metavar="SLOTS", help="number of slots (default: the model's own)"
    )
    parser.add_argument(
        "--engine",
        choices=("plain", "numpy", "compiled"),
        help="default: numpy if installed; compiled needs Numba",
    )
    parser.add_argument(
        "--symmetry", action="store_true", help="count states up to the order of their slots"
    )
    parser.add_argument(
        "--states-max",
        "--states",
        dest="states",
        type=positive,
        default=200_000_000,
        help="the most states (default: 200000000)",
    )
    parser.add_argument(
        "--seconds-max",
        "--seconds",
        dest="seconds",
        type=seconds,
        default=600.0,
        help="the longest time (default: 600)",
    )
    parser.add_argument(
        "--memory",
        type=positive,
        default=2_048,
        metavar="MEBIBYTES",
        help="the most memory for visited states (default: 2048)",
    )
    parser.add_argument(
        "--bytes-max", type=positive, metavar="BYTES", help="the same in bytes, in place of it"
    )
    parser.add_argument(
        "--spill",
        type=Path,
        metavar="FOLDER",
        help="go on here, on disk, where the visited states take more memory than they may",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FOLDER",
        help="keep what there is of a search that ends early, by its budget or interrupted",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the search in the folder of --checkpoint"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Run one of the actions."""
    from conformance.errors import CheckpointDamagedError

    if parsed.action == "list":
        return _list(console)
    problem = output_problem(parsed, "json", "html", "svg")
    if problem is not None:
        return complain(problem)
    if parsed.action == "export":
        return _export(parsed, console)
    if parsed.action == "compare":
        return run_compare(parsed, _named_variant(parsed), console)
    if parsed.action == "progress":
        return run_progress(parsed, _named_variant(parsed), console)
    try:
        return _trace(parsed, console) if parsed.action == "trace" else _check(parsed, console)
    except CheckpointDamagedError as error:
        return complain(str(error), _DAMAGED)


def _list(console: Console) -> int:
    from conformance.checker.models.registry import MODELS, build

    for entry in MODELS.values():
        for variant in entry.variants:
            model = build(entry.name, variant)
            console.print(f"{model.title}: {model.sentence}", soft_wrap=True)
            ids = sorted({each for claim in model.claims for each in claim.ids})
            console.print(
                f"  {len(model.steps)} actions, {len(model.claims)} properties: {', '.join(ids)}",
                soft_wrap=True,
            )
            for promise in model.promises:
                console.print(
                    f"  promises: {promise.sentence} ({', '.join(promise.ids)})", soft_wrap=True
                )
    return ExitStatus.CONFORMING


def _variant(parsed: argparse.Namespace) -> str:
    from conformance.checker.model import FAITHFUL

    return _named_variant(parsed) or FAITHFUL


def _named_variant(parsed: argparse.Namespace) -> str | None:
    """Return the variant that was asked for, if any was."""
    from conformance.checker.model import HARDENED
    from conformance.errors import UsageError

    if parsed.hardened and parsed.variant not in (None, HARDENED):
        raise UsageError(f"--hardened and --variant {parsed.variant} ask for two variants")
    named: str | None = HARDENED if parsed.hardened else parsed.variant
    return named


def _engine(parsed: argparse.Namespace) -> str | None:
    """Return the engine that was asked for, or tell which one searches in its place."""
    from conformance.checker.engines import COMPILED, available_engine, is_installed

    if parsed.engine != COMPILED or is_installed(COMPILED):
        named: str | None = parsed.engine
        return named
    instead = available_engine()
    complain(
        f"engine `compiled` needs Numba (pip install 'telltale-spec[checker-fast]'); "
        f"`{instead}` searches instead, with the same answers",
        ExitStatus.CONFORMING,
    )
    return instead


def _search(parsed: argparse.Namespace, model: Model) -> SearchResult:
    from conformance.checker.engines import check_model
    from conformance.checker.results import Budget

    return check_model(
        model,
        parsed.bound,
        engine=_engine(parsed),
        symmetry=parsed.symmetry,
        budget=Budget(
            states_max=parsed.states,
            seconds_max=parsed.seconds,
            bytes_max=parsed.bytes_max or parsed.memory * _MEBIBYTE,
            clock=time.monotonic,
        ),
        checkpoint=parsed.checkpoint,
        resume=parsed.resume,
        spill=parsed.spill,
    )


def _check(parsed: argparse.Namespace, console: Console) -> int:
    import json

    from conformance.checker.expected import differences
    from conformance.checker.models.registry import MODELS, build
    from conformance.checker.report import result_json, result_lines
    from conformance.checker.results import Judgement
    from conformance.errors import UsageError

    wanted = [
        (name, variant)
        for name in parsed.model or MODELS
        for variant in (
            MODELS[name].variants if parsed.expected and name in MODELS else (_variant(parsed),)
        )
        if parsed.model or parsed.expected or variant in MODELS[name].variants
    ]
    if parsed.checkpoint is not None and len(wanted) != 1:
        raise UsageError(f"--checkpoint is for the search of one model, not of {len(wanted)}")
    results, unexpected = [], []
    for name, variant in wanted:
        model = build(name, variant)
        result = _search(parsed, model)
        results.append((result, model))
        for line in result_lines(result, model):
            console.print(line, soft_wrap=True)
        if parsed.expected:
            unexpected += list(differences(result))
    if parsed.json is not None:
        form = {"results": [result_json(result, model) for result, model in results]}
        write_whole(parsed.json, json.dumps(form, indent=2) + "\n")
    if parsed.html is not None:
        write_search_page(parsed.html, results)
    for line in unexpected:
        console.print(f"NOT AS EXPECTED: {line}", soft_wrap=True)
    judgements = {result.judgement for result, _ in results}
    if parsed.expected and Judgement.INCONCLUSIVE not in judgements:
        return _VIOLATED if unexpected else ExitStatus.CONFORMING
    if Judgement.VIOLATED in judgements and not parsed.expected:
        return _VIOLATED
    return _INCONCLUSIVE if Judgement.INCONCLUSIVE in judgements else ExitStatus.CONFORMING


def _trace(parsed: argparse.Namespace, console: Console) -> int:
    import json

    from conformance.checker.models.registry import build
    from conformance.checker.report import trace_json, trace_lines
    from conformance.checker.results import Judgement
    from conformance.errors import UsageError
    from conformance.report.models.drawing import trace_svg

    model = build(parsed.model, _variant(parsed))
    names = [claim.name for claim in model.claims]
    if parsed.property not in names:
        raise UsageError(
            f"{model.title} has no property `{parsed.property}`; it has {', '.join(names)}"
        )
    result = _search(parsed, model)
    found = result.property(parsed.property)
    if parsed.html is not None:
        write_search_page(parsed.html, [(result, model)], only=parsed.property)
    if found.trace is None:
        console.print(f"{found.judgement.value}: there is no way to show", soft_wrap=True)
        return ExitStatus.CONFORMING if found.judgement is Judgement.HOLDS else _INCONCLUSIVE
    for line in trace_lines(found.trace):
        console.print(line, soft_wrap=True)
    if parsed.json is not None:
        write_whole(parsed.json, json.dumps(trace_json(found.trace), indent=2) + "\n")
    if parsed.svg is not None:
        write_whole(parsed.svg, trace_svg(found.trace) + "\n")
    return _VIOLATED


def _export(parsed: argparse.Namespace, console: Console) -> int:
    from conformance.checker.export import write_model
    from conformance.checker.models.registry import build

    model = build(parsed.model, _variant(parsed))
    slots_count = parsed.bound or model.slots_default
    try:
        for path in write_model(parsed.language, model, slots_count, parsed.folder):
            console.print(f"written: {path}", soft_wrap=True)
    except OSError as error:
        return complain(f"folder `{parsed.folder}`: {error.strerror or error}")
    return ExitStatus.CONFORMING
