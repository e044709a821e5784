"""The base classes of streams that are queries.

=====================  =======================================================================
:class:`WindowStream`  a query with an ``updated`` filter, in windows of time
:class:`IdStream`      a query of rows that never change, on from the last id
:class:`WholeStream`   a query without an ``updated`` filter, whole each time
:class:`OffsetStream`  a query without an id filter
=====================  =======================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot.api.v4 import PAGE_SIZE
from tap_pardot.errors import RequestTooLarge
from tap_pardot.records.times import Window, clamp, first_half, to_iso, to_local
from tap_pardot.sources import legacy_query as query
from tap_pardot.streams.base import PardotStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, timedelta


class QueryStream(PardotStream):
    """Pages of a query, by id."""

    output: ClassVar[str | None] = None
    """The ``output`` parameter, where another than the default serves better (reference A.5)."""

    widest: timedelta | None = None
    """The longest window that Pardot has time for, once a longer one has failed."""

    page_size = PAGE_SIZE
    """Rows of a page; fewer, once Pardot had no time for as many where no window is."""

    def read_by_id(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the records after the cursor; STATE after each page."""
        yield from self._read_on(self.pages(params, self.bookmark.cursor))

    def read_window(self, window: Window, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the records of the open window after its cursor; STATE after each page.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the window can be halved.
        """
        yield from self._read_on(self.pages(params, self.bookmark.cursor, window))

    def _read_on(self, pages: Iterator[query.Page]) -> Iterator[dict[str, Any]]:
        for page in pages:
            yield from self.emit_page(page)
            self.bookmark.advance(page.cursor)
            self.save()

    def pages(
        self, params: Mapping[str, str], cursor: int = 0, window: Window | None = None
    ) -> Iterator[query.Page]:
        """Yield the pages after a cursor, smaller ones where Pardot runs out of time.

        Args:
            params: What to ask.
            cursor: Rows with ids up to this one are left out.
            window: The window in the parameters, where a shorter one can be asked for.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the window can be halved.
        """
        shorter = window is not None and first_half(window, self.run.zone) is not None
        while True:
            can_split = shorter or self.page_size > 1
            asked = self.with_output(params)
            try:
                for page in query.by_id(
                    self.source, asked, cursor, self.page_size, can_split=can_split
                ):
                    yield page
                    cursor = max(cursor, page.cursor)
            except RequestTooLarge as error:
                if shorter:
                    raise
                self.page_size //= 2
                self.logger.warning("%s: %s Rows of a page: %d.", self.name, error, self.page_size)
            else:
                return

    def halved(self, window: Window, error: RequestTooLarge) -> Window:
        """Return the first half of a window, and remember how long it is."""
        half = first_half(window, self.run.zone) or window
        self.widest = half.end - half.start
        self.logger.warning("%s: %s Windows of %s from now on.", self.name, error, self.widest)
        return half

    def begin_window(self, window: Window, cursor: int | None = None) -> Window:
        """Return the open window; of a new one, as much as Pardot has time for is opened."""
        if self.bookmark.window is None:
            window = self.fitting(window)
            self.bookmark.open(window, cursor)
        return window

    def fitting(self, window: Window) -> Window:
        """Return as much of a window as Pardot has time for."""
        return window if self.widest is None else clamp(window, self.widest, self.run.zone)

    def read_whole(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield all rows, on from where an interrupted run was; FULL_TABLE."""
        if not self.bookmark.is_whole:
            self.bookmark.open(None)
        yield from self.read_by_id(params)
        self.finish("all rows")

    def with_output(self, params: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters with ``output``, where the stream has one."""
        return {**params, **({} if self.output is None else {"output": self.output})}


class WindowStream(QueryStream):
    """A query with an ``updated`` filter: windows [bookmark, run's end).

    FULL_TABLE reads everything instead, each time.
    """

    filters_without_key = True

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the window that an interrupted run left open, then the one up to now."""
        if not self.incremental:
            yield from self.read_whole({})
            return
        zone, bookmark = self.run.zone, self.bookmark
        while window := self.window():
            window = self.begin_window(window)
            bounds = {"updated_after": window.after(zone), "updated_before": window.before(zone)}
            try:
                yield from self.read_window(window, bounds)
            except RequestTooLarge as error:
                bookmark.open(self.halved(window, error), bookmark.cursor)
                continue
            self.finish(f"up to {to_iso(window.end)}", to_iso(window.end))
            if window.end >= self.run.end:
                return


class WholeStream(QueryStream):
    """A query without an ``updated`` filter: everything, each time.

    Where rows tell when they changed, INCREMENTAL emits only those that have.
    """

    created_filter: ClassVar[bool] = True
    """Whether the object knows ``created_before`` (reference C.0)."""

    @property
    def valid_replication_keys(self) -> tuple[str, ...]:
        """The time of change, where rows have one."""
        return ("updated_at",) if "updated_at" in self.schema["properties"] else ()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all rows, or those that changed since the bookmark."""
        bounds: dict[str, str] = {}
        if self.run.ends_early and self.created_filter:
            bounds["created_before"] = to_local(self.run.end, self.run.zone)
        if not self.incremental:
            yield from self.read_whole(bounds)
            return
        window = self.window()
        if window is None:
            return
        if self.bookmark.window is None:
            self.bookmark.open(window)
        yield from self.read_by_id(bounds)
        self.finish(f"up to {to_iso(window.end)}", to_iso(window.end))

    def emit(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the records that the replication method asks for."""
        records = super().emit(rows)
        key, window = self.replication_key, self.bookmark.window
        if not self.incremental or key is None or window is None:
            return records
        start = to_iso(window.start)
        # Fixed-width UTC texts compare like instants; a row without a time is always sent.
        return (record for record in records if (record.get(key) or start) >= start)


class IdStream(QueryStream):
    """A query of rows that never change: on from the last id.

    The run's end bounds the window, so a row that is being written while a younger id is read
    already cannot be passed over. Ids are given when a row is made, and ``created_at`` may
    differ from that order: rows created since the last window but with an older id (dated into
    the future, or written late) are asked for by themselves, which is one call when there are
    none.
    """

    bookmark_is_id = True

    @property
    def reached(self) -> datetime | None:
        """The end of the last finished window; the bookmark itself is an id."""
        return self.bookmark.until

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the window that an interrupted run left open, then the one up to now."""
        bookmark, zone = self.bookmark, self.run.zone
        if not self.incremental:
            yield from self.read_whole({"created_before": to_local(self.run.end, zone)})
            return
        while window := self.window():
            last = int(bookmark.value or 0)
            bounds: dict[str, str] = {}
            goes_on = bookmark.until is not None and last > 0
            if not goes_on:
                bounds["created_after"] = window.after(zone)
            try:
                if bookmark.window is None and goes_on:
                    window = self.fitting(window)
                    yield from self.read_older_ids(window, last)
                window = self.begin_window(window, last or None)
                bounds["created_before"] = window.before(zone)
                yield from self.read_window(window, bounds)
            except RequestTooLarge as error:
                half = self.halved(window, error)
                if bookmark.window is not None:
                    bookmark.open(half, bookmark.cursor)
                continue
            last = max(last, bookmark.cursor)
            self.finish(f"up to id {last}", last, window.end)
            if window.end >= self.run.end:
                return

    def read_older_ids(self, window: Window, last: int) -> Iterator[dict[str, Any]]:
        """Yield the rows created in a window whose ids are not after the last one."""
        zone = self.run.zone
        bounds = {"created_after": window.after(zone), "created_before": window.before(zone)}
        for page in self.pages(bounds, window=window):
            rows = [row for row in page.rows if query.row_id(row) <= last]
            yield from self.emit_page(page._replace(rows=rows))
            if page.cursor > last:
                return


class OffsetStream(PardotStream):
    """A query without an id filter: by offset, with no upper bound.

    With an upper bound, a row that changes meanwhile would leave the range and shift the
    others out of sight; without one, rows can only enter it, and those are read again by the
    next window.
    """

    page_size: ClassVar[int]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows changed since the bookmark."""
        params: dict[str, str] = {}
        reached, value = "all rows", None
        if self.incremental:
            window = self.window()
            if window is None:
                return
            params["updated_after"] = window.after(self.run.zone)
            value = to_iso(window.end)
            reached = f"up to {value}"
        for page in query.by_offset(self.source, params, self.page_size):
            yield from self.emit_page(page)
        self.finish(reached, value)
