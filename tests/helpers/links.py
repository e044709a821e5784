"""Links between files of the repository, and the anchors of pages."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tests.helpers.docs import prose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
_TITLE = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
_INCLUDED = re.compile(r'^--8<-- "([^":]+)', re.MULTILINE)
_NO_LETTER = re.compile(r"[^\w\- ]")
_CODE = re.compile(r"`[^`\n]*`")


def broken_links(path: Path) -> Iterator[str]:
    """Yield each relative link of a page that leads to no file, or to no title of a page."""
    for link in _LINK.findall(_CODE.sub("", prose(path.read_text(encoding="utf-8")))):
        address, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = (path.parent / address).resolve() if address else path
        if not target.exists():
            yield f"{link} leads to no file"
        elif anchor and anchor not in _anchors(target):
            yield f"{link} leads to no title"


@cache
def _anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page's titles, as the site and as GitHub make them."""
    text = path.read_text(encoding="utf-8")
    root = next(each for each in path.parents if (each / "mkdocs.yml").exists())
    texts = [text, *((root / name).read_text(encoding="utf-8") for name in _INCLUDED.findall(text))]
    titles = [title for each in texts for title in _TITLE.findall(prose(each))]
    slugs = [_NO_LETTER.sub("", title.replace("`", "")).strip().lower() for title in titles]
    return frozenset(
        form for slug in slugs for form in (slug.replace(" ", "-"), re.sub(r"[-\s]+", "-", slug))
    )
