"""Sources that are queries: windows of time, everything, new ids, offsets, one record.

=========================  ====================================================================
:class:`WindowQuery`       a query with a time filter, in windows
:class:`WholeQuery`        a query without one: everything, each time
:class:`AppendOnlyQuery`   a query of rows that never change: those after the last id
:class:`OffsetQuery`       a query without an id filter
:class:`SingleRecord`      one record, such as the account
=========================  ====================================================================

Where Pardot runs out of time, windows get shorter, and where they cannot, pages get smaller.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Filters
from tap_pardot.errors import RequestTooLarge
from tap_pardot.records.times import Window, clamp, first_half, to_iso
from tap_pardot.records.values import camel_case
from tap_pardot.sources.base import Page, Source, shorter_window
from tap_pardot.sources.id_workers import pages_by_id
from tap_pardot.sources.offset_paging import by_offset
from tap_pardot.sources.paging import page_of, row_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from tap_pardot.api.dialect import Record, Row
    from tap_pardot.api.protocols import LookupDialect
    from tap_pardot.sources.base import Call
    from tap_pardot.sources.paging import IdPage, QueryCalls
    from tap_pardot.sources.requested_fields import RequestedFields
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")


class SplittingQuery:
    """Pages of a query by id that get smaller, and windows that get shorter, when that is needed.

    Args:
        calls: Asks for a page.
        threads: The most requests at a time.
    """

    def __init__(self, calls: QueryCalls, threads: int = 1) -> None:
        self.calls = calls
        self._threads = threads
        self._page_size = calls.page_size
        self._max_window: timedelta | None = None

    @property
    def _zone(self) -> ZoneInfo:
        return self.calls.dialect.zone

    def pages(
        self, filters: Filters, cursor: int = 0, window: Window | None = None
    ) -> Iterator[IdPage]:
        """Yield the pages after a cursor.

        Args:
            filters: Which rows are wanted.
            cursor: Rows with ids up to this one are left out.
            window: The window of the filters, where the caller can ask for a shorter one.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the window can be shorter.
            TapPardotError: As of :meth:`IdPages.after`.
        """
        can_shorten = window is not None and first_half(window, self._zone) is not None
        smallest = self.calls.dialect.smallest_page
        while True:
            can_split = can_shorten or self._page_size > smallest
            try:
                for page in pages_by_id(
                    self.calls,
                    filters,
                    cursor,
                    self._page_size,
                    can_split=can_split,
                    threads=self._threads,
                ):
                    yield page
                    cursor = max(cursor, page.cursor)
            except RequestTooLarge as error:
                if can_shorten:
                    raise
                self._page_size = max(self._page_size // 2, smallest)
                logger.warning(
                    "%s: %s Rows of a page: %d.", self.calls.stream, error, self._page_size
                )
            else:
                return

    def next_window(self, window: Window) -> Window:
        """Return as much of a window as Pardot has time for."""
        if self._max_window is None:
            return window
        return clamp(window, self._max_window, self._zone)

    def split(self, window: Window, error: RequestTooLarge) -> Window:
        """Return the first half of a window; windows are no longer than that from now on."""
        half = shorter_window(self.calls.stream, window, self._zone, error)
        self._max_window = half.end - half.start
        return half


class WindowQuery(Source):
    """A query with a time filter.

    STATE stores the id cursor of the active rows, or of all rows where one query returns both.
    After an interruption the recycle bin is read from its start: it has few rows.

    Args:
        query: Asks for pages.
        bookmark: The stream's bookmark.
        is_full_table: Whether everything is read whatever has changed (FULL_TABLE).
        values: Returns the values of computed columns, for a value of ``deleted``.
        deleted_filters: Which rows to read, one after the other: the active ones (False), the
            deleted ones (True), or both together (None).
    """

    def __init__(
        self,
        query: SplittingQuery,
        bookmark: Bookmark,
        *,
        is_full_table: bool = False,
        values: Callable[[bool | None], dict[str, Any]] = lambda _: {},
        deleted_filters: Sequence[bool | None] = (False, True),
    ) -> None:
        self._query = query
        can_filter = query.calls.endpoint.deleted
        self._deleted_filters: Sequence[bool | None] = deleted_filters if can_filter else (None,)
        self._endpoint = query.calls.endpoint
        self._bookmark = bookmark
        self._is_full_table = is_full_table
        self._values = values

    def next_window(self, window: Window) -> Window:
        """Return as much of a window as Pardot has time for; an open one stays as it is."""
        return window if self._bookmark.window else self._query.next_window(window)

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of a window, active rows first; errors as of :class:`Source`."""
        self._bookmark.begin(window)
        for deleted in self._deleted_filters:
            yield from self._pages(window, self.filters(window, deleted))

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Open the first half of a window; the cursor does not change."""
        self._bookmark.open(self._query.split(window, error), self._bookmark.cursor)

    def filters(self, window: Window | None, deleted: bool | None) -> Filters:  # noqa: FBT001
        """Return the filters for the active or the deleted rows of a window."""
        return replace(self._bounds(window), deleted=deleted)

    def _bounds(self, window: Window | None) -> Filters:
        """Return the filter for a window.

        For FULL_TABLE there is no upper bound of ``updated_at``: a row that changes meanwhile
        would leave the window.
        """
        time = self._endpoint.time or "updated_at"
        if window is None:
            return Filters(time)
        if not self._is_full_table:
            return Filters(time, window.start, window.end)
        return Filters(time, end=window.end if time == "created_at" else None)

    def _pages(self, window: Window | None, filters: Filters) -> Iterator[Page]:
        has_cursor = not filters.deleted and self._is_open(window)
        cursor = self._bookmark.cursor if has_cursor else 0
        # FULL_TABLE reads everything as one query, of which only the pages can get smaller.
        window_to_split = None if self._is_full_table else window
        # A query that cannot return deleted rows returns the active ones.
        values = self._values(filters.deleted if self._endpoint.deleted else False)
        for page in self._query.pages(filters, cursor, window_to_split):
            save = partial(self._bookmark.advance, page.cursor)
            yield Page(
                page.blocks,
                values=values,
                without_id=page.without_id,
                save=save if has_cursor else None,
            )

    def _is_open(self, window: Window | None) -> bool:
        """Return whether the cursor in STATE belongs to this window, and not to a longer one."""
        stored = self._bookmark.window
        return window is None or (stored is not None and stored.end == window.end)


class WholeQuery(Source):
    """A query without a time filter: everything, each time.

    Where rows have a time of change, only those that changed in the window are emitted.

    Args:
        query: Asks for pages.
        bookmark: The stream's bookmark.
        end: Rows created from this instant on, in UTC, are left out; None for no bound.
    """

    def __init__(self, query: SplittingQuery, bookmark: Bookmark, end: datetime | None) -> None:
        self._query = query
        self._bookmark = bookmark
        self._end = end

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield all pages; errors as of :class:`Source`."""
        self._bookmark.begin(window)
        filters = Filters("created_at", end=self._end)
        start = None if window is None else to_iso(window.start)
        for page in self._query.pages(filters, self._bookmark.cursor):
            save = partial(self._bookmark.advance, page.cursor)
            yield Page(page.blocks, bounds=(start, None), without_id=page.without_id, save=save)


class AppendOnlyQuery(Source):
    """A query of rows that never change: those after the last id.

    A row that is still being written while a newer id is read is not missed, because the query ends
    with the window, which lies in the past. ``created_at`` may not follow the order of the ids, so
    rows with older ids that were created since the last window are requested separately: one call
    if there are none.

    Args:
        query: Asks for pages.
        bookmark: The stream's bookmark.
        end: When everything is read, rows created from this instant on, in UTC, are left out.
    """

    def __init__(self, query: SplittingQuery, bookmark: Bookmark, end: datetime) -> None:
        self._query = query
        self._bookmark = bookmark
        self._end = end
        self._time = query.calls.endpoint.time

    def next_window(self, window: Window) -> Window:
        """Return as much of a window as Pardot has time for; an open one stays as it is."""
        return window if self._bookmark.window else self._query.next_window(window)

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of a window, older ids first; errors as of :class:`Source`."""
        bookmark = self._bookmark
        if window is None:
            bookmark.begin(None)
            yield from self._pages(self._filters(None, self._end), None)
            return
        last = int(bookmark.value or 0)
        continues = bookmark.until is not None and last > 0
        if bookmark.window is None and continues and self._time is not None:
            yield from self._older_ids(window, last)
        bookmark.begin(window, last or None)
        start = None if continues else window.start
        yield from self._pages(self._filters(start, window.end), window)

    def _filters(self, start: datetime | None, end: datetime) -> Filters:
        """Return the filter for a window; no bounds where Pardot cannot filter by time."""
        return Filters() if self._time is None else Filters(self._time, start, end)

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Open the first half of a window, if one is open; the cursor does not change."""
        half = self._query.split(window, error)
        if self._bookmark.window is not None:
            self._bookmark.open(half, self._bookmark.cursor)

    def _pages(self, filters: Filters, window: Window | None) -> Iterator[Page]:
        for page in self._query.pages(filters, self._bookmark.cursor, window):
            save = partial(self._bookmark.advance, page.cursor)
            yield Page(page.blocks, without_id=page.without_id, save=save)

    def _older_ids(self, window: Window, last: int) -> Iterator[Page]:
        """Yield the rows created in a window whose ids are not after the last one."""
        filters = self._filters(window.start, window.end)
        for page in self._query.pages(filters, window=window):
            rows = [row for row in page.rows if row_id(row) <= last]
            yield Page([rows] if rows else (), without_id=page.without_id)
            if page.cursor > last:
                return


class OffsetQuery(Source):
    """A query without an id filter: by offset, with no upper bound.

    With an upper bound, a row that changes meanwhile would leave the range and shift the others
    out of sight. Without one, rows can only enter it, and those are read again by the next
    window.

    Args:
        calls: Asks for a page.
    """

    def __init__(self, calls: QueryCalls) -> None:
        self._calls = calls

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the rows changed since the window's start; errors as of :class:`Source`."""
        filters = Filters() if window is None else Filters(start=window.start)
        for rows in by_offset(self._calls, filters, counts=False):
            page = page_of(rows)
            yield Page(page.blocks, without_id=page.without_id)


class SingleRecord(Source):
    """One record, put together from the answer of each dialect.

    Args:
        call: Makes the calls.
        dialects: The dialects to ask. Where two give a field, the later one counts.
        endpoint: The record.
        fields: The fields to request.
    """

    def __init__(
        self,
        call: Call,
        dialects: Sequence[LookupDialect],
        endpoint: Record,
        fields: RequestedFields,
    ) -> None:
        self._call = call
        self._dialects = dialects
        self._endpoint = endpoint
        self._fields = fields

    def pages(self, window: Window | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the record; errors as of :class:`Source`."""
        row: Row = {}
        for dialect in self._dialects:
            later = self._fields.request(
                self._call, dialect.field_codes, partial(dialect.record, self._endpoint)
            )
            # A later dialect names the same field in camelCase, and writes times with an offset.
            row = {name: row[name] for name in row if camel_case(name) not in later} | later
        yield Page([[row]])
