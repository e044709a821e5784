"""Pages whose columns are requested in parts, because one request cannot name all of them.

The parts of a page have the same window and cursor, and are joined by the rows' ids. A row that
one part lacks has changed between two requests, so it is in the next window.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Rows
from tap_pardot.errors import AddressTooLong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_pardot.api.dialect import Row
    from tap_pardot.sources.requested_fields import RequestedFields

logger = logging.getLogger("tap-pardot")


def page_of_parts(  # noqa: PLR0913
    stream: str,
    fields: RequestedFields,
    request: Callable[[Sequence[str], int], Rows],
    id_of: Callable[[Row], int],
    *,
    cursor: int,
    limit: int,
) -> Rows:
    """Return the page after an id, with all fields.

    Args:
        stream: The stream, for the log.
        fields: The fields to request.
        request: Returns the page after an id, with some fields.
        id_of: Returns the id of a row; 0 if it has none.
        cursor: The id.
        limit: Rows of a full page.

    Raises:
        AddressTooLong: A request of one field is too long.
        TapPardotError: As of the request.
    """
    while True:
        pages = _pages(stream, fields, request, cursor)
        if len(pages) == 1:
            return pages[0]
        found, end = joined(pages, id_of, limit)
        if found.rows or end is None:
            return found
        cursor = end


def _pages(
    stream: str, fields: RequestedFields, request: Callable[[Sequence[str], int], Rows], cursor: int
) -> list[Rows]:
    """Return the parts of a page; errors as of :func:`page_of_parts`."""
    while True:
        part: Sequence[str] = ()
        pages = []
        try:
            for part in fields.parts:
                pages.append(request(part, cursor))
        except AddressTooLong:
            if not fields.shorten(part):
                raise
            logger.info(
                "%s: one request cannot name all columns, so each page takes %d requests.",
                stream,
                len(fields.parts),
            )
        else:
            return pages


def joined(
    pages: Sequence[Rows], id_of: Callable[[Row], int], limit: int
) -> tuple[Rows, int | None]:
    """Return the rows that all parts of a page have, and the id up to which these are all rows.

    Rows that enter the window between two requests make a part end at a smaller id than another.
    The page ends where the first of its parts ends.

    Args:
        pages: The parts; rows are in the order of their ids.
        id_of: Returns the id of a row; 0 if it has none.
        limit: Rows of a full part.

    Returns:
        The page; and its last id, or None if no rows follow.
    """
    ends = [id_of(page.rows[-1]) for page in pages if page.rows and _has_more(page, limit)]
    end = min(ends, default=None)
    first, *others = (
        {id_of(row): row for row in page.rows if end is None or id_of(row) <= end} for page in pages
    )
    rows = []
    for number, row in first.items():
        if all(number in part for part in others):
            merged = dict(row)
            for part in others:
                merged |= part[number]
            rows.append(merged)
    has_more = any(page.has_more for page in pages) or end is not None
    is_cut = any(page.is_cut for page in pages)
    return Rows(rows, None, has_more, is_cut), end


def _has_more(page: Rows, limit: int) -> bool:
    return page.has_more or len(page.rows) >= limit
