"""The report as one page of HTML that needs nothing else: no network, no fonts, no other file."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from conformance.records.results import Report
from conformance.records.verdicts import exit_status
from conformance.report.page.environment import page_environment, part, policy_hash
from conformance.report.page_view import (
    VERDICT_TITLES,
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

__all__ = ["html_page"]


def html_page(report: Report, *, strict: bool = False, documentation: str = "") -> str:
    """Return the page.

    ``documentation`` is the address at which the site of the documents stands; ids of
    requirements and findings lead to their pages there. Without one the id of a row is the
    address of its sentence on this page, and nothing leads elsewhere.

    Every text of the report is escaped, and a policy in the page lets it run
    no other script than its own and load nothing at all.
    """
    environment = page_environment(documentation)
    style, script = part("page.css"), part("page.js")
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
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
        data=Markup(_embedded_json(report.to_dict())),  # noqa: S704 - see there
    )


def _embedded_json(tree: Any) -> str:
    """Return JSON that may stand inside of a script element: ASCII without any `<`, `>` or `&`."""
    text = json.dumps(tree, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
