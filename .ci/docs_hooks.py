"""Hooks of MkDocs: what a page would load from another host is a warning, an error if strict."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

logger = logging.getLogger("mkdocs.hooks.outside")

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'\s>]*"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|icon|preload|preconnect))[^>]*\bhref="""
    r"""["']?(?:https?:)?//[^"'\s>]*"""
)


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Return the page; warn of a diagram that only a library of another host can draw."""
    if re.search(r"^\s*```\s*mermaid", markdown, re.MULTILINE):
        logger.warning("%s has a mermaid diagram: draw it as SVG", page.file.src_path)
    return markdown


def on_post_page(output: str, *, page: Page, **_: Any) -> str:
    """Return the page; warn of each thing that it would load from another host."""
    for found in _LOADED.findall(output):
        logger.warning("%s loads something from another host: %s", page.file.src_path, found)
    return output
