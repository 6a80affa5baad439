"""What pages are made with: templates of this folder, every text in them visible and escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from conformance.report.page_view import address_of
from conformance.run.terminal_text import visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page_environment", "part", "policy_hash"]


def page_environment(documentation: str = "") -> Environment:
    """Return the environment of the templates; ids lead to the site at ``documentation``."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    # Whatever is put out is somebody's text: it is made visible, then escaped.
    environment = Environment(
        loader=FunctionLoader(part),
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
    return environment


def part(name: str) -> str:
    """Return the text of a file of this folder."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """Return how the policy in a page names a style or a script that may be used."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


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
