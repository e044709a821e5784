"""Diagrams of joins as SVG: a box per stream, a line from each column to the stream that it names.

The place of each box is declared; the lines follow from :mod:`tests.helpers.tables.joins`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tests.helpers.tables import catalogs
from tests.helpers.tables.joins import joins
from tests.helpers.tables.markup import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.helpers.tables.joins import Join

PLACES: dict[str, tuple[tuple[str, ...], ...]] = {
    "people": (
        ("visitor_page_views", "visits"),
        ("visitors", "visitor_activities", "external_activities"),
        ("prospects", "campaigns"),
        ("lifecycle_histories", "list_memberships", "opportunity_prospects", "prospect_accounts"),
        ("lifecycle_stages", "lists", "opportunities"),
    ),
    "emails": (
        ("prospects", "email_clicks", "visitor_activities"),
        ("emails", "email_stats", "list_email_lists"),
        ("list_emails", "lists"),
        ("email_templates",),
    ),
    "assets": (
        ("visitor_activities", "form_fields", "form_handler_fields"),
        ("landing_pages", "forms", "form_handlers", "files", "custom_redirects"),
        ("layout_templates", "campaigns"),
    ),
}
"""By diagram, the streams of each column of boxes, from left to right and from top to bottom."""

_WIDTH, _ROW, _HEAD = 216, 19, 24
_GAP_X, _GAP_Y, _MARGIN = 60, 22, 16
_LEFT = _MARGIN + _GAP_X // 2  # lines between boxes of the first column need room
_FONT = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
_COLORS = ("#1565c0", "#c62828", "#2e7d32", "#6a1b9a", "#ef6c00", "#00838f", "#5d4037", "#ad1457")


class Box(NamedTuple):
    """A stream at its place.

    Attributes:
        stream: Its name.
        column: The number of its column of boxes.
        x: The left edge.
        y: The upper edge.
        names: Its columns that are drawn: keys first.
    """

    stream: str
    column: int
    x: int
    y: int
    names: tuple[str, ...]

    @property
    def height(self) -> int:
        """The height of the box."""
        return _HEAD + _ROW * len(self.names) + 6

    def row_of(self, name: str) -> int:
        """Return the middle of the row of a column."""
        return self.y + _HEAD + _ROW * self.names.index(name) + _ROW // 2 + 2


def pages() -> dict[Path, Callable[[], str]]:
    """Return the function that draws each diagram, by its file."""
    return {DOCS / "modeling" / f"joins-{name}.svg": partial(diagram, name) for name in PLACES}


def lines(name: str) -> list[Join]:
    """Return the joins that a diagram shows: those between its streams."""
    shown = {stream for column in PLACES[name] for stream in column}
    return [each for each in joins() if {each.stream, each.references} <= shown]


def boxes(name: str) -> list[Box]:
    """Return the boxes of a diagram; each column of boxes is centered."""
    found = [[*_stacked(number, names, name)] for number, names in enumerate(PLACES[name])]
    height = max(column[-1].y + column[-1].height for column in found)
    return [
        box._replace(y=box.y + (height - column[-1].y - column[-1].height) // 2 + _MARGIN)
        for column in found
        for box in column
    ]


def _stacked(number: int, streams: Sequence[str], name: str) -> Iterator[Box]:
    y = 0
    for stream in streams:
        own = [each.column for each in lines(name) if each.stream == stream]
        names = tuple(dict.fromkeys([*catalogs.keys(stream), *own]))
        box = Box(stream, number, _LEFT + number * (_WIDTH + _GAP_X), y, names)
        yield box
        y += box.height + _GAP_Y


def diagram(name: str) -> str:
    """Return a diagram as SVG."""
    placed = {box.stream: box for box in boxes(name)}
    targets = [*dict.fromkeys(each.references for each in lines(name))]
    colors = {each: _COLORS[number % len(_COLORS)] for number, each in enumerate(targets)}
    width = max(box.x for box in placed.values()) + _WIDTH + _MARGIN
    height = max(box.y + box.height for box in placed.values()) + _MARGIN
    parts = [
        _open(width, height),
        f"<title>Joins of streams: {name}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_line(placed, each, colors[each.references]) for each in lines(name)),
        *(part for box in placed.values() for part in _drawn(box, colors)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _open(width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="{_FONT}" font-size="12">'
    )


def _line(placed: dict[str, Box], join: Join, color: str) -> str:
    """Return the line from a column to the head of the box that it names."""
    start, end = placed[join.stream], placed[join.references]
    y1, y2 = start.row_of(join.column), end.y + _HEAD // 2
    if start.column == end.column:
        x1 = x2 = start.x
        c1 = c2 = start.x - _GAP_X // 2
    elif start.column < end.column:
        x1, x2 = start.x + _WIDTH, end.x
        c1, c2 = x1 + _GAP_X, x2 - _GAP_X
    else:
        x1, x2 = start.x, end.x + _WIDTH
        c1, c2 = x1 - _GAP_X, x2 + _GAP_X
    return (
        f'<path d="M {x1} {y1} C {c1} {y1}, {c2} {y2}, {x2} {y2}" fill="none" '
        f'stroke="{color}" stroke-width="1.4"/>'
        f'<circle cx="{x2}" cy="{y2}" r="3.5" fill="{color}"/>'
    )


def _drawn(box: Box, colors: dict[str, str]) -> Iterator[str]:
    color = colors.get(box.stream, "#455a64")
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{box.height}" rx="4" '
        f'fill="#fafafa" stroke="{color}"/>'
    )
    yield (
        f'<path d="M {box.x} {box.y + _HEAD} v {4 - _HEAD} q 0 -4 4 -4 h {_WIDTH - 8} q 4 0 4 4 '
        f'v {_HEAD - 4} z" fill="{color}"/>'
    )
    yield (
        f'<text x="{box.x + 8}" y="{box.y + 16}" fill="#ffffff" font-weight="bold">'
        f"{box.stream}</text>"
    )
    if not catalogs.has(box.stream, 4):
        yield (
            f'<text x="{box.x + _WIDTH - 8}" y="{box.y + 16}" fill="#ffffff" font-size="10" '
            'text-anchor="end">version 5</text>'
        )
    keys = catalogs.keys(box.stream)
    for name in box.names:
        weight = ' font-weight="bold"' if name in keys else ""
        yield (
            f'<text x="{box.x + 8}" y="{box.row_of(name) + 4}" fill="#263238"{weight}>{name}</text>'
        )
