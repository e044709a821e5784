"""Pages of a query by offset, for objects without an id filter."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Rows
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.sources.paging import (
    NOT_PAGED_BY_OFFSET,
    in_id_order,
    miscounted,
    row_id,
    usable_ids,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pardot.api.dialect import Filters, Row
    from tap_pardot.sources.paging import QueryCalls

logger = logging.getLogger("tap-pardot")

_MOVING = (
    "Rows kept moving while they were paged, so some could be missed: run again at a quieter hour, "
    "and report it with the stream's name if it happens again."
)
_MIN_PAGE_SIZE = 2
"""Rows of a page by offset, of which the first is one that was seen before."""
_MAX_READINGS = 10
"""How often a query is read from its start because rows moved."""


class _RowsMoved(Exception):
    """Rows in front of the offset were added or removed between two pages."""


def by_offset(
    calls: QueryCalls, filters: Filters, *, can_split: bool = False, counts: bool = True
) -> Iterator[list[Row]]:
    """Yield the rows of a query by offset, also those without an id. Each row comes once.

    When rows are added or removed in front of the offset, the query is read again from the start
    for rows that are new. Rows without an id cannot be told apart, so reading again brings them
    again.

    Args:
        calls: Asks for a page.
        filters: Which rows are wanted.
        can_split: Whether the caller can make a smaller request. If not, pages get smaller.
        counts: Whether the total in the answers counts exactly these rows.

    Raises:
        RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
        StreamFailed: The rows kept moving, Pardot ignores the offset, or sends fewer rows than it
            counts.
        TapPardotError: As the table in ``codes.py`` says.
    """
    pages = _OffsetPages(calls, filters, can_split=can_split)
    seen: set[int] = set()
    for _ in range(_MAX_READINGS):
        known, without_id, total = len(seen), 0, None
        try:
            for page in pages.read():
                total = page.total
                fresh = [row for row in page.rows if row_id(row) not in seen]
                ids = usable_ids(fresh)
                seen.update(ids)
                without_id += len(fresh) - len(ids)
                yield fresh
        except _RowsMoved:
            continue
        read = len(seen) + without_id
        if total is None or total <= read or (read and not counts):
            return
        if len(seen) == known:
            raise StreamFailed(miscounted(total, read))
    raise StreamFailed(_MOVING)


class _OffsetPages:
    """Reads a query by offset from start to end.

    Each page begins with the last row of the one before. Another row in its place shows that
    rows have moved.
    """

    def __init__(self, calls: QueryCalls, filters: Filters, *, can_split: bool) -> None:
        self._calls = calls
        self._filters = filters
        self._can_split = can_split
        self._size = calls.page_size
        self._repeated = 0  # pages that came again at another offset

    def read(self) -> Iterator[Rows]:
        """Yield the rows of each page that follow those of the page before, and the total.

        Raises:
            _RowsMoved: Rows in front of the offset were added or removed.
            StreamFailed: The rows are not sorted, or Pardot ignores the offset.
            TapPardotError: As of :func:`by_offset`.
        """
        offset = duplicates = 0  # rows of the page before whose id came there already
        last: int | None = None
        before: list[int] = []
        while True:
            rows, total, _, _ = self._page(offset)
            ids = [row_id(row) for row in rows]
            if rows and ids == before:
                self._repeated += 1
                if self._repeated > 1:  # rows that are added can do it once
                    raise StreamFailed(NOT_PAGED_BY_OFFSET)
                raise _RowsMoved
            if last is not None and last not in ids[: 1 + duplicates]:
                raise _RowsMoved
            yield Rows(rows if last is None else rows[ids.index(last) + 1 :], total)
            more = len(rows) >= self._size or (total is not None and offset + len(rows) < total)
            if not rows or not more or ids == before[-1:]:  # only the last row again: no more
                return
            if not (any(ids) and in_id_order(rows)):
                raise StreamFailed(NOT_PAGED_BY_OFFSET)
            duplicates = len(usable_ids(rows)) - len(set(usable_ids(rows)))
            offset += max(1, len(rows) - 1 - duplicates)
            before, last = ids, ids[-1] if len(rows) > 1 else None

    def _page(self, offset: int) -> Rows:
        """Return a page; a smaller one where Pardot runs out of time."""
        while True:
            can_split = self._can_split or self._size > _MIN_PAGE_SIZE
            try:
                return self._calls.page(
                    self._filters, limit=self._size, offset=offset, can_split=can_split
                )
            except RequestTooLarge as error:
                if self._can_split:
                    raise
                self._size = max(self._size // 2, _MIN_PAGE_SIZE)
                logger.warning("%s: %s Rows of a page: %d.", self._calls.stream, error, self._size)
