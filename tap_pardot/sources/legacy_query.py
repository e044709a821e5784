"""Source: the pages of a query resource.

Inside a fixed window pages follow each other by id (``id_greater_than``, ``sort_by=id``), so a
row can neither hide behind others of its second nor move out of sight (reference F.1). Objects
without an id filter are paged by offset.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.api.v4 import PAGE_SIZE
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.values import ConversionError, to_integer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_pardot.api.legacy import LegacyClient as Client

logger = logging.getLogger("tap-pardot")

_UNSORTED = (
    "Pardot did not page through the rows by id, so some could be missed: run again, and report it "
    "with the stream's name if it stays so."
)

_BY_ID = {"sort_by": "id", "sort_order": "ascending"}
_NO_SUCH_SORT = 19

_MOVING = (
    "Rows kept moving while they were paged, so some could be missed: run again at a quieter hour, "
    "and report it with the stream's name if it stays so."
)

_FEWEST = 2
"""Rows of a page by offset, of which the first is one that was seen before."""
_MOST_READINGS = 10
"""How often rows may move while they are paged by offset."""


class Source(NamedTuple):
    """What is asked: the object, and whom the calls are counted for."""

    client: Client
    stream: str
    pardot_object: str
    key: str


class Page(NamedTuple):
    """Rows in the order of their ids, and the largest id."""

    rows: list[dict[str, Any]]
    cursor: int
    without_id: int


def by_id(
    source: Source,
    params: Mapping[str, str],
    cursor: int = 0,
    size: int = PAGE_SIZE,
    *,
    can_split: bool = False,
) -> Iterator[Page]:
    """Yield the pages of a query after an id, until one is short.

    Args:
        source: What to ask.
        params: Filters that stay the same for all pages.
        cursor: Rows with ids up to this one are left out.
        size: Rows of a full page.
        can_split: Whether the caller can ask for less at once.

    Raises:
        RequestTooLarge: Pardot runs out of time, and the caller can ask for less.
        StreamFailed: Pardot does not page by id, so that rows could be missed.
        TapPardotError: As the table in ``errors.py`` says.
    """
    first_total: int | None = None
    read = 0
    while True:
        asked = {**params, "limit": str(size)}
        if source.pardot_object not in source.client.unsorted:
            asked |= _BY_ID
        if cursor:
            asked["id_greater_than"] = str(cursor)
        try:
            rows, total = source.client.query(
                source.stream, source.pardot_object, source.key, asked, can_split=can_split
            )
        except StreamFailed as error:
            if error.code != _NO_SUCH_SORT or "sort_by" not in asked:
                raise
            # No document names a sort for clicks (C.7). Whether they grow by id is seen below.
            source.client.unsorted.add(source.pardot_object)
            continue
        first_total = total if first_total is None else first_total
        if not rows:
            # A count that never changes is not one of the rows still to come.
            if total and (total != first_total or not read):
                raise StreamFailed(_counted(total, 0))
            return
        page = _page(rows)
        more = len(rows) >= size or (total is not None and total > len(rows))
        if more and not (page.cursor > cursor and _grows(rows)):
            raise StreamFailed(_UNSORTED)
        cursor = max(page.cursor, cursor)
        read += len(rows)
        yield page
        if not more:
            return


def by_offset(source: Source, params: Mapping[str, str], size: int) -> Iterator[Page]:
    """Yield the pages of a query by offset, sorted by id, until one brings nothing new.

    Each page begins with the last row of the one before. When that row is not there, a row
    before it has left the range and moved the others forward: the page is asked for again
    further back. Where Pardot runs out of time, pages get smaller. Arguments and errors as for
    :func:`by_id`.
    """
    offset = 0
    anchor: int | None = None
    cursor = 0
    before: list[int] = []  # ids of the page before
    unmoved = 0  # how often that page came again
    longest = 0  # rows of the longest page: an undocumented limit may be ignored
    while True:
        asked = {
            **params,
            **_BY_ID,
            "limit": str(size),
            "offset": str(offset),
        }
        try:
            rows, total = source.client.query(
                source.stream, source.pardot_object, source.key, asked, can_split=size > _FEWEST
            )
        except RequestTooLarge as error:
            size = max(size // 2, _FEWEST)
            longest = min(longest, size)
            logger.warning("%s: %s Rows of a page: %d.", source.stream, error, size)
            continue
        page = _page(rows)
        longest = max(longest, len(rows))
        more = len(rows) >= size or (total is not None and offset + len(rows) < total)
        if more and not _grows(rows):
            raise StreamFailed(_UNSORTED)
        if anchor is not None and offset and anchor < min(_ids(rows), default=anchor + 1):
            offset = max(0, offset - max(1, longest // 2))
            continue
        new = [row for row in page.rows if row_id(row) > cursor]
        if new:
            yield Page(new, page.cursor, page.without_id)
            cursor = page.cursor
        # A full page without new rows: as many have entered the range before the anchor. The same
        # page may come by that once more; when it does not move at all, offsets do not count.
        ids = _ids(rows)
        unmoved = unmoved + 1 if ids == before else 0
        if unmoved > 1 or (unmoved and rows and not more):
            raise StreamFailed(_UNSORTED)
        if not more or (not new and len(rows) < longest):
            return
        before, anchor = ids, cursor
        offset += max(1, len(rows) - 1)


def settled(
    source: Source, params: Mapping[str, str], size: int = PAGE_SIZE, *, can_split: bool = False
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a query that knows nothing but an offset, each row once, in any order.

    Rows come in the order of their ids. Each page begins with the last row of the one before;
    where another row stands there, or the total tells of rows that were not seen, rows have
    been added or removed in front of the offset: the reading begins anew, for what is new. Rows
    without an id cannot be told apart, so a new reading brings them again.

    Raises:
        RequestTooLarge: Pardot runs out of time, and the caller can ask for less (``can_split``).
        StreamFailed: The rows kept moving, offsets do not count, or rows that are counted do not
            come.
        TapPardotError: As the table in ``errors.py`` says.
    """
    seen: set[int] = set()
    for _ in range(_MOST_READINGS):
        before, without_id, offset = len(seen), 0, 0
        anchor: int | None = None
        while True:
            asked = {**params, "limit": str(size), "offset": str(offset)}
            rows, total = source.client.query(
                source.stream, source.pardot_object, source.key, asked, "POST", can_split=can_split
            )
            moved = anchor is not None and (not rows or row_id(rows[0]) != anchor)
            new = rows if anchor is None or moved else rows[1:]
            fresh = [row for row in new if row_id(row) not in seen]
            ids = _ids(fresh)
            seen.update(ids)
            without_id += len(fresh) - len(ids)
            yield fresh
            if moved or not rows:
                break
            if len(rows) < size and (total is None or offset + len(rows) >= total):
                break
            if not _grows(rows):
                raise StreamFailed(_UNSORTED)
            anchor = row_id(rows[-1]) if len(rows) > 1 else None
            offset += max(1, len(rows) - 1)
        if moved:
            continue
        if total is None or total <= len(seen) + without_id:
            return
        if len(seen) == before:
            raise StreamFailed(_counted(total, len(seen) + without_id))
    raise StreamFailed(_MOVING)


def _counted(total: int, sent: int) -> str:
    number = "none" if sent == 0 else f"only {sent}"
    return f"Pardot counts {total} rows but sends {number}: report it with the stream's name."


def _page(rows: list[dict[str, Any]]) -> Page:
    usable = [row for row in rows if row_id(row) > 0]
    usable.sort(key=row_id)
    return Page(usable, row_id(usable[-1]) if usable else 0, len(rows) - len(usable))


def _ids(rows: list[dict[str, Any]]) -> list[int]:
    return [number for row in rows if (number := row_id(row)) > 0]


def _grows(rows: list[dict[str, Any]]) -> bool:
    ids = _ids(rows)
    return all(left <= right for left, right in pairwise(ids))


def row_id(row: dict[str, Any]) -> int:
    """Return a row's id, or 0 if it has none that can be a key."""
    value = row.get("id")
    if type(value) is int:
        return value
    try:
        return to_integer(value) or 0
    except ConversionError:
        return 0
