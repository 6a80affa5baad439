"""Whether a log forbids what its levels forbid, and nothing else, whatever was refused before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from conformance.crashes.campaign import CrashSite
from conformance.crashes.conduct import Component, Deed
from conformance.crashes.oracle import Difference, Finding
from conformance.rules.narration import entries_text
from telltale_spec.model.machine import order_error

__all__ = ["level_findings", "wrong_levels"]

_OF_ORDER: Final = "reordered or regressed"


def level_findings(deeds: Sequence[Deed], *, is_known: bool = True) -> Iterator[Finding]:
    """Yield whether the levels of a log are those of what it holds, whatever was refused.

    With ``is_known`` the log is empty at first.
    """
    shown: tuple[Any, ...] = ()
    for deed in deeds:
        if deed.loaded is not None:
            shown, is_known = deed.loaded, True
            wrong = order_error(shown)
            text = "" if wrong is None else f"{wrong}, in {entries_text(shown)}"
            yield Finding(wrong is None, "a log whose levels do not fall", text)
        elif deed.entry is not None:
            # It may refuse for other reasons; these words say that a level forbids it.
            is_forbidden = _OF_ORDER in deed.answer and not deed.accepted
            if is_known:
                is_lawful = order_error((*shown, deed.entry)) is None
                wanted = f"{deed.text}: no level forbids it behind {entries_text(shown)}"
                actual = f"{deed.text}: {deed.answer}"
                yield Finding(not (is_lawful and is_forbidden), wanted, actual)
            shown = (*shown, deed.entry) if deed.accepted else shown
            # What was refused may be there all the same, until a load says more.
            is_known = is_known and deed.accepted


def wrong_levels(opening: CrashSite) -> Iterator[Difference]:
    """Yield what an opening has refused for a level that its log does not have."""
    if opening.component is Component.LOG:
        for finding in level_findings(opening.conducted.deeds, is_known=False):
            if not finding.holds:
                yield Difference(finding.expected, finding.actual)
