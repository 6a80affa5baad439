"""What MkDocs calls while it builds: the pages that are made, and the links that are turned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

# MkDocs loads this file by its path, and so without the packages beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from docs.building.catalogue import catalogue_pages, page_of_id
from docs.building.identifiers import linked
from docs.building.links import BrokenLinkError, rewritten
from docs.building.reference import public_names, reference_pages
from docs.building.sources import linked_pages

__all__ = [
    "on_config",
    "on_files",
    "on_page_content",
    "on_page_markdown",
    "on_post_page",
    "on_post_template",
]

_NAMELESS_SEARCH: Final = 'class="md-search" data-md-component="search" role="dialog"'
_REFERENCE: Final = "API reference"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give the pages of public names their place in the navigation."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and _REFERENCE in entry:
            entry[_REFERENCE] = [
                {package: [f"reference/{package}.md", *_module_entries(package)]}
                for package in entry[_REFERENCE]
            ]
    return config


def _module_entries(package: str) -> list[dict[str, str]]:
    return [
        {module.partition(".")[2]: f"reference/{module}.md"} for module in public_names(package)
    ]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every page that is made; a link to nothing ends the build."""
    documents = [f"docs/{each.src_uri}" for each in files.documentation_pages()]
    try:
        made = linked_pages(["README.md", "CHANGELOG.md", "ARCHITECTURE.md", *documents])
    except BrokenLinkError as error:
        raise PluginError(str(error)) from error
    for source, text in {**made, **catalogue_pages(), **reference_pages()}.items():
        files.append(File.generated(config, source, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a document to pages of the site; made pages have theirs already."""
    if page.file.generated_by is not None:
        return markdown
    return rewritten(markdown, f"docs/{page.file.src_uri}")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead from each id of a requirement or a finding to its page."""

    def url_of(identifier: str) -> str | None:
        source = page_of_id(identifier)
        if source is None or source == page.file.src_uri:
            return None
        target = files.get_file_from_path(source)
        if target is None:
            raise LookupError(f"{source}: the page of {identifier} was not made")
        return str(get_relative_url(target.url, page.url))

    return linked(html, url_of)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Give a name to the dialog of the search, which the theme leaves without one."""
    return _with_named_search(output)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Do the same on the page for what is not found, which comes from no document."""
    return _with_named_search(output_content)


def _with_named_search(html: str) -> str:
    return html.replace(_NAMELESS_SEARCH, f'{_NAMELESS_SEARCH} aria-label="Search"')
