"""Pages of a query: by id, by offset, or by offset without any order.

Inside a fixed window pages follow each other by id, so a row can neither hide behind others of
its second nor move out of sight (reference F.1). Objects without an id filter are paged by
offset.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.api.codes import NO_SUCH_SORT
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.values import ConversionError, to_integer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pardot.api.dialect import Dialect, Filters, Query, Row, Rows
    from tap_pardot.sources.base import Call

logger = logging.getLogger("tap-pardot")

_UNSORTED = (
    "Pardot did not page through the rows by id, so some could be missed: run again, and report it "
    "with the stream's name if it stays so."
)
_MOVING = (
    "Rows kept moving while they were paged, so some could be missed: run again at a quieter hour, "
    "and report it with the stream's name if it stays so."
)
_FEWEST = 2
"""Rows of a page by offset, of which the first is one that was seen before."""
_MOST_READINGS = 10
"""How often rows may move while they are paged by offset."""


@dataclass(frozen=True)
class QueryCalls:
    """Asks for single pages of one query.

    Attributes:
        call: Makes the calls.
        dialect: Builds the requests.
        endpoint: The query.
        stream: Names the stream in the log.
    """

    call: Call
    dialect: Dialect
    endpoint: Query
    stream: str

    @property
    def page_size(self) -> int:
        """Rows of a full page."""
        return self.endpoint.page_size or self.dialect.page_size

    def page(
        self,
        filters: Filters,
        *,
        limit: int,
        cursor: int = 0,
        offset: int | None = None,
        can_split: bool = False,
    ) -> Rows:
        """Return one page. Where Pardot refuses the sort by id, it is asked without one.

        No document names a sort for clicks (reference C.7).
        """
        while True:
            request = self.dialect.query(
                self.endpoint,
                filters,
                limit=limit,
                cursor=cursor,
                offset=offset,
                can_split=can_split,
            )
            try:
                return self.call(request)
            except StreamFailed as error:
                if error.code != NO_SUCH_SORT or not self.dialect.sorts(self.endpoint):
                    raise
                self.dialect.forget_sort(self.endpoint)


class IdPage(NamedTuple):
    """Rows in the order of their ids, and the largest id."""

    rows: list[Row]
    cursor: int
    without_id: int


def by_id(
    calls: QueryCalls,
    filters: Filters,
    cursor: int = 0,
    size: int | None = None,
    *,
    can_split: bool = False,
) -> Iterator[IdPage]:
    """Yield the pages of a query after an id, until one is short.

    Args:
        calls: Asks for a page.
        filters: Which rows are wanted.
        cursor: Rows with ids up to this one are left out.
        size: Rows of a full page; None for the dialect's own.
        can_split: Whether the caller can make a smaller request.

    Raises:
        RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
        StreamFailed: Pardot does not page by id, so that rows could be missed.
        TapPardotError: As the table in ``codes.py`` says.
    """
    size = size or calls.page_size
    first_total: int | None = None
    read = 0
    while True:
        rows, total = calls.page(filters, limit=size, cursor=cursor, can_split=can_split)
        first_total = total if first_total is None else first_total
        if not rows:
            # A count that never changes does not count the rows still to come.
            if total and (total != first_total or not read):
                raise StreamFailed(_miscounted(total, 0))
            return
        page = _page(rows)
        more = len(rows) >= size or (total is not None and total > len(rows))
        if more and not (page.cursor > cursor and _is_sorted(rows)):
            raise StreamFailed(_UNSORTED)
        cursor = max(page.cursor, cursor)
        read += len(rows)
        yield page
        if not more:
            return


def by_offset(calls: QueryCalls, filters: Filters) -> Iterator[IdPage]:
    """Yield the pages of a query by offset, sorted by id, until one brings nothing new.

    Each page begins with the last row of the one before. When that row is not there, a row
    before it has left the range and moved the others forward: the page is asked for again
    further back. Where Pardot runs out of time, pages get smaller. Arguments and errors as for
    :func:`by_id`.
    """
    size = calls.page_size
    offset = 0
    anchor: int | None = None
    cursor = 0
    before: list[int] = []  # ids of the page before
    unmoved = 0  # how often that page came again
    longest = 0  # rows of the longest page: an undocumented limit may be ignored
    while True:
        try:
            rows, total = calls.page(filters, limit=size, offset=offset, can_split=size > _FEWEST)
        except RequestTooLarge as error:
            size = max(size // 2, _FEWEST)
            longest = min(longest, size)
            logger.warning("%s: %s Rows of a page: %d.", calls.stream, error, size)
            continue
        page = _page(rows)
        longest = max(longest, len(rows))
        more = len(rows) >= size or (total is not None and offset + len(rows) < total)
        if more and not _is_sorted(rows):
            raise StreamFailed(_UNSORTED)
        if anchor is not None and offset and anchor < min(_ids(rows), default=anchor + 1):
            offset = max(0, offset - max(1, longest // 2))
            continue
        new = [row for row in page.rows if row_id(row) > cursor]
        if new:
            yield IdPage(new, page.cursor, page.without_id)
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


def settled(calls: QueryCalls, filters: Filters, *, can_split: bool = False) -> Iterator[list[Row]]:
    """Yield the rows of a query that has nothing but an offset, each row once, in any order.

    Rows come in the order of their ids. Each page begins with the last row of the one before.
    Where another row stands there, or the total counts rows that were not seen, rows have been
    added or removed in front of the offset: the reading begins anew, for what is new. Rows
    without an id cannot be told apart, so a new reading brings them again.

    Raises:
        RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
        StreamFailed: The rows kept moving, offsets do not count, or rows that are counted do not
            come.
        TapPardotError: As the table in ``codes.py`` says.
    """
    size = calls.page_size
    seen: set[int] = set()
    for _ in range(_MOST_READINGS):
        before, without_id, offset = len(seen), 0, 0
        anchor: int | None = None
        while True:
            rows, total = calls.page(filters, limit=size, offset=offset, can_split=can_split)
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
            if not _is_sorted(rows):
                raise StreamFailed(_UNSORTED)
            anchor = row_id(rows[-1]) if len(rows) > 1 else None
            offset += max(1, len(rows) - 1)
        if moved:
            continue
        if total is None or total <= len(seen) + without_id:
            return
        if len(seen) == before:
            raise StreamFailed(_miscounted(total, len(seen) + without_id))
    raise StreamFailed(_MOVING)


def row_id(row: dict[str, Any]) -> int:
    """Return a row's id, or 0 if it has none that can be a key."""
    value = row.get("id")
    if type(value) is int:
        return value
    try:
        return to_integer(value) or 0
    except ConversionError:
        return 0


def _miscounted(total: int, sent: int) -> str:
    number = "none" if sent == 0 else f"only {sent}"
    return f"Pardot counts {total} rows but sends {number}: report it with the stream's name."


def _page(rows: list[Row]) -> IdPage:
    usable = [row for row in rows if row_id(row) > 0]
    usable.sort(key=row_id)
    return IdPage(usable, row_id(usable[-1]) if usable else 0, len(rows) - len(usable))


def _ids(rows: list[Row]) -> list[int]:
    return [number for row in rows if (number := row_id(row)) > 0]


def _is_sorted(rows: list[Row]) -> bool:
    return all(left <= right for left, right in pairwise(_ids(rows)))
