"""Short forms for Markdown, and the streams in the order of the pages."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from tap_pardot.streams import STREAMS, V5_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_pardot.streams.base import PardotStream

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"

NONE = "\N{EN DASH}"
"""What a cell without a value holds."""

ALL: tuple[type[PardotStream], ...] = tuple(
    sorted((*STREAMS, *V5_STREAMS), key=lambda each: each.name)
)
"""All streams, by name."""

BY_NAME = {stream.name: stream for stream in ALL}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown, without the last line end."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(_line(cells) for cells in lines)


def _line(cells: Sequence[str]) -> str:
    if set(cells) == {"---"}:
        return f"|{'|'.join(cells)}|"
    return f"| {' | '.join(cells)} |"


def code(*names: str) -> str:
    """Return names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


def prose(text: str | None) -> list[str]:
    """Return the paragraphs of a docstring in Markdown, a line each."""
    return [" ".join(each.split()).replace("``", "`") for each in (text or "").split("\n\n")]


def wrapped(block: str) -> str:
    """Return a block of Markdown with its lines wrapped; tables, code and titles as they are."""
    if block.startswith(("|", "```", "#")):
        return block
    lines = block.splitlines()
    return "\n".join(_wrapped_line(each) for each in lines)


def _wrapped_line(line: str) -> str:
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line, 110, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
