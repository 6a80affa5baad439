"""Pages of the public names, a page for each module that defines some."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import Final

from docs.building.places import ROOT

__all__ = ["paths_of_public_names", "public_names", "reference_pages"]

# Where each package lists its public names.
_CONTENTS: Final = {
    "telltale_spec": "telltale_spec/__init__.pyi",
    "strategies": "strategies/__init__.py",
    "conformance": "conformance/__init__.pyi",
}


def reference_pages() -> dict[str, str]:
    """Return a page for each module with public names, and one a package, by their sources.

    What is under the directives is made by mkdocstrings.
    """
    pages = {}
    for package in _CONTENTS:
        modules = public_names(package)
        pages[f"reference/{package}.md"] = "\n".join(_package_page(package, modules))
        for module, names in modules.items():
            pages[f"reference/{module}.md"] = "\n".join(_module_page(module, names))
    return pages


def public_names(package: str) -> dict[str, list[str]]:
    """Return the public names of a package by the module that defines them, in their order."""
    tree = ast.parse((ROOT / _CONTENTS[package]).read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            module = f"{package}.{node.module}" if node.level else node.module
            if module.startswith(f"{package}."):
                names = [alias.asname or alias.name for alias in node.names]
                found.setdefault(module, []).extend(names)
    return found


@cache
def paths_of_public_names() -> dict[str, str]:
    """Return the dotted path of each public name, under the name alone."""
    return {
        name: f"{module}.{name}"
        for package in _CONTENTS
        for module, names in public_names(package).items()
        for name in names
    }


def _package_page(package: str, modules: dict[str, list[str]]) -> Iterator[str]:
    summary = ast.get_docstring(
        ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    )
    yield f"# {package}"
    yield ""
    yield (summary or "").partition("\n")[0]
    yield ""
    yield "| module | public names |"
    yield "|---|---|"
    for module, names in modules.items():
        listed = ", ".join(f"[`{name}`]({module}.md#{module}.{name})" for name in names)
        yield f"| [`{module}`]({module}.md) | {listed} |"
    yield ""


def _module_page(module: str, names: list[str]) -> Iterator[str]:
    yield "---"
    yield f'title: "{module}"'
    yield "---"
    yield ""
    yield f"::: {module}"
    yield "    options:"
    yield "      members:"
    yield from (f"        - {name}" for name in names)
    yield ""
