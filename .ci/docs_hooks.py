"""A hook of MkDocs: a page that loads something from another host is a warning, so strict fails."""

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
    # The theme would load the library of these diagrams: draw them as SVG.
    r"""|class=["'](?:language-)?mermaid\b"""
)


def on_post_page(output: str, *, page: Page, config: Any) -> str:  # noqa: ARG001
    """Return the page; warn of each thing that it would load from another host."""
    for found in _LOADED.findall(output):
        logger.warning("%s loads something from another host: %s", page.file.src_path, found)
    return output
