"""The page that ``model`` writes: what all of its searches have in common."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.commands.arguments import version, write_whole

if TYPE_CHECKING:
    from conformance.checker.model import Model
    from conformance.checker.promises import ProgressSearch
    from conformance.checker.results import SearchResult

__all__ = ["add_page", "write_progress_page", "write_search_page"]


def add_page(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page here, with every way drawn"
    )


def write_search_page(
    path: Path, results: Sequence[tuple[SearchResult, Model]], only: str | None = None
) -> None:
    """Write what searches found; ``only`` names the one property that was asked about."""
    from conformance.report.models.page import models_page, search_view

    views = [search_view(result, model, only) for result, model in results]
    write_whole(path, models_page(views, version=version()))


def write_progress_page(path: Path, results: Sequence[tuple[ProgressSearch, Model]]) -> None:
    """Write what searches for promises that are never kept found."""
    from conformance.report.models.page import models_page, progress_view

    views = [progress_view(search, model) for search, model in results]
    write_whole(path, models_page(views, version=version()))
