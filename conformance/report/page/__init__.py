"""The report as one page of HTML that needs nothing else: no network, no fonts, no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import partial
from importlib import resources
from typing import Any

from markupsafe import Markup, escape

from conformance.records.results import Report
from conformance.records.verdicts import exit_status
from conformance.report.page_view import (
    VERDICT_TITLES,
    address_of,
    backend_views,
    page_parts,
    page_rows,
    page_samples,
    quirk_views,
)
from conformance.report.summary import (
    CONCLUSION_WORDS,
    headline,
    headline_details,
    run_facts,
)
from conformance.run.terminal_text import visible

__all__ = ["html_page"]


def html_page(report: Report, *, strict: bool = False, documentation: str = "") -> str:
    """Return the page.

    ``documentation`` is the address at which the site of the documents stands; ids of
    requirements and findings lead to their pages there. Without one the id of a row is the
    address of its sentence on this page, and nothing leads elsewhere.

    Every text of the report is escaped, and a policy in the page lets it run
    no other script than its own and load nothing at all.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    # Whatever is put out is somebody's text: it is made visible, then escaped.
    environment = Environment(
        loader=FunctionLoader(_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["coded"] = _coded
    environment.globals["address_of"] = partial(address_of, documentation)
    # A drawing of ours, in which every text of others is escaped already.
    environment.filters["drawn"] = Markup
    style, script = _part("page.css"), _part("page.js")
    status = exit_status(report, strict=strict)
    rows = page_rows(report)
    return environment.get_template("page.html").render(
        report=report,
        facts=run_facts(report),
        status=status.name.lower(),
        conclusion=CONCLUSION_WORDS[status],
        headline=headline(report, strict=strict),
        details=headline_details(report, strict=strict),
        backends=backend_views(report, strict=strict),
        parts=page_parts(rows),
        rows=rows,
        samples=list(page_samples(report)),
        quirks=quirk_views(report),
        verdicts=list(VERDICT_TITLES.values()),
        # Our own files, and JSON in which nothing can end the element around it.
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
        data=Markup(_embedded_json(report.to_dict())),  # noqa: S704 - see there
    )


def _breakable(text: str) -> Markup:
    """Return a name that may be broken after its marks and before its capitals."""
    pieces = re.split(r"(?<=[.:/_-])|(?<=[a-z])(?=[A-Z])", visible(text))
    return Markup("<wbr>").join(map(escape, pieces))


def _coded(sentence: str) -> Markup:
    """Return a sentence with what it has in backticks set as code."""
    pieces = re.split(r"`([^`]*)`", visible(sentence))
    shown = (
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
    return Markup("").join(shown)


def _part(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _policy_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _embedded_json(tree: Any) -> str:
    """Return JSON that may stand inside of a script element: ASCII without any `<`, `>` or `&`."""
    text = json.dumps(tree, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
