"""The report as a badge: one line in SVG."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from conformance.records.results import Report, Verdict
from conformance.records.verdicts import ExitStatus, binds, exit_status
from conformance.report.summary import CONCLUSION_WORDS

__all__ = ["badge_svg"]

_LABEL: Final = "telltale durability"

_COLOURS: Final = {
    ExitStatus.CONFORMING: "#1a7f4b",
    ExitStatus.VIOLATION: "#b3261e",
    ExitStatus.INCONCLUSIVE: "#8a5a00",
    ExitStatus.BACKEND_FAULT: "#b3261e",
}

# Widths in units of the drawing at a font size of 11: letters are narrow or wide, the
# text is then stretched to the width that it was given, so that every font fits.
_NARROW: Final = frozenset("fijlrt /.,:()")
_NARROW_WIDTH: Final = 4.4
_WIDE_WIDTH: Final = 7.0
_PADDING_WIDTH: Final = 7

_DRAWING: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>
<g clip-path="url(#r)">
<rect width="{left}" height="20" fill="#2b3137"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="7" y="14" textLength="{label_width}">{label}</text>
<text x="{message_at}" y="14" textLength="{message_width}">{message}</text>
</g>
</svg>
"""


def badge_svg(report: Report, *, strict: bool = False) -> str:
    """Return a badge with the conclusion of the whole report and the figures behind it.

    The figures count what binds: how many requirements passed of those that
    were judged, over all backends.
    """
    status = exit_status(report, strict=strict)
    message = _message(report, status, strict)
    label_width, message_width = _width(_LABEL), _width(message)
    left = label_width + 2 * _PADDING_WIDTH
    right = message_width + 2 * _PADDING_WIDTH
    return _DRAWING.format(
        width=left + right,
        left=left,
        right=right,
        colour=_COLOURS[status],
        title=escape(f"{_LABEL}: {message}"),
        label=_LABEL,
        message=escape(message),
        label_width=label_width,
        message_width=message_width,
        message_at=left + _PADDING_WIDTH,
    )


def _message(report: Report, status: ExitStatus, strict: bool) -> str:
    binding = [
        result
        for backend in report.backends
        for result in backend.results
        if binds(result, strict=strict) and result.verdict is not Verdict.NOT_APPLICABLE
    ]
    words = CONCLUSION_WORDS[status]
    if not binding:
        return words
    passed = sum(result.verdict is Verdict.PASS for result in binding)
    return f"{words} {passed}/{len(binding)}"


def _width(text: str) -> int:
    return round(sum(_NARROW_WIDTH if each in _NARROW else _WIDE_WIDTH for each in text))
