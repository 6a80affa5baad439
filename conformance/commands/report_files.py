"""The options that write a report to files, each in a form of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands.arguments import complain, file_problem, write_whole

if TYPE_CHECKING:
    from conformance.records.results import Report

__all__ = [
    "add_file_options",
    "append_step_summary",
    "files_problem",
    "wanted_files",
    "write_files",
]

_STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_TERMINAL_BROWSERS: Final = ("www-browser", "links", "elinks", "lynx", "w3m")

OPENED_PAGE: Final = Path(".telltale") / "report.html"
"""Where the page is written that is only to be looked at."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """What the command line says about every form, and about the page alone."""

    strict: bool
    documentation: str = ""


def _json(report: Report, choices: _Choices) -> str:
    return report.to_text()


def _junit(report: Report, choices: _Choices) -> str:
    from conformance.report.junit import junit_xml

    return junit_xml(report, strict=choices.strict)


def _markdown(report: Report, choices: _Choices) -> str:
    from conformance.report.markdown import markdown_summary

    return markdown_summary(report, strict=choices.strict)


def _badge(report: Report, choices: _Choices) -> str:
    from conformance.report.badge import badge_svg

    return badge_svg(report, strict=choices.strict)


def _html(report: Report, choices: _Choices) -> str:
    from conformance.report.page import html_page

    return html_page(report, strict=choices.strict, documentation=choices.documentation)


_FORMS: Final[dict[str, tuple[str, Callable[[Report, _Choices], str]]]] = {
    "json": ("as JSON, from which all others can be made", _json),
    "junit": ("as JUnit XML, for a CI system", _junit),
    "markdown": ("as a Markdown summary", _markdown),
    "badge": ("as a badge in SVG", _badge),
    "html": ("as one page of HTML that needs no network", _html),
}


def add_file_options(parser: argparse.ArgumentParser, *, without: tuple[str, ...] = ()) -> None:
    """Add an option for each form of a report."""
    for name, (words, _) in _FORMS.items():
        if name not in without:
            text = f"write the report {words}"
            parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=text)
    parser.add_argument(
        "--documentation",
        metavar="URL",
        help="with --html: where the site of the documents stands, to which ids then lead",
    )
    parser.add_argument(
        "--open",
        action="store_true",
        help=f"show the page in a browser; without --html it is written to {OPENED_PAGE}",
    )


def wanted_files(parsed: argparse.Namespace) -> dict[str, Path]:
    """Return the files that were asked for, by the name of their form."""
    wanted = {name: getattr(parsed, name, None) for name in _FORMS}
    if parsed.open and wanted["html"] is None:
        wanted["html"] = OPENED_PAGE
    return {name: path for name, path in wanted.items() if path is not None}


def files_problem(parsed: argparse.Namespace) -> str | None:
    """Return why a file cannot be written, before a run is spent on it."""
    taken: dict[Path, str] = {}
    documentation = parsed.documentation
    if documentation is not None:
        from conformance.report.summary import web_link

        if not web_link(documentation):
            return f"--documentation {documentation}: expected an address with http or https"
        if "html" not in wanted_files(parsed):
            return f"--documentation {documentation}: only a page has links, so --html is missing"
    if parsed.open and parsed.html is None:
        try:
            OPENED_PAGE.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"--open: {OPENED_PAGE.parent} cannot be made: {error.strerror}"
    for name, path in wanted_files(parsed).items():
        problem = file_problem(f"--{name}", path)
        if problem is not None:
            return problem
        # Several forms may go to one device, as to /dev/null, but not to one file.
        whole = path.resolve()
        if whole in taken and not (path.exists() and not path.is_file()):
            return f"--{taken[whole]} and --{name} name the same file {path}"
        taken[whole] = name
    return None


def write_files(parsed: argparse.Namespace, report: Report) -> int | None:
    """Write every file that was asked for; return an exit status if one cannot be written."""
    status = None
    choices = _Choices(parsed.strict, parsed.documentation or "")
    for name, path in wanted_files(parsed).items():
        try:
            write_whole(path, _FORMS[name][1](report, choices))
        except OSError as error:
            status = complain(f"--{name} {path}: {error.strerror}")
    if status is None and parsed.open:
        _show(wanted_files(parsed)["html"])
    return status


def _show(page: Path) -> None:
    """Show a page in a browser, or say where it is; no verdict depends on that."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        browser = None
    # One that runs in the terminal would take it over, and the end of the run with it.
    if browser is None or getattr(browser, "name", "") in _TERMINAL_BROWSERS:
        complain(f"--open: there is no browser with a window here; the page is {page}")
    elif not browser.open(page.resolve().as_uri()):
        complain(f"--open: the browser did not start; the page is {page}")


def append_step_summary(report: Report, *, strict: bool) -> None:
    """Add the Markdown summary to the page of a CI step, where the environment names one.

    A page that cannot be written is complained of and changes no verdict.
    """
    named = os.environ.get(_STEP_SUMMARY)
    if not named:
        return
    try:
        with Path(named).open("a", encoding="utf-8") as page:
            page.write(_markdown(report, _Choices(strict)))
    except OSError as error:
        complain(f"the step summary {named} cannot be written: {error.strerror}")
