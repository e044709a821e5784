"""Reads by query what exports refuse or leave out."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_pardot.api.dialect import Filters
from tap_pardot.errors import RequestTooLarge, StreamSkipped
from tap_pardot.records.times import Window
from tap_pardot.sources.base import Source
from tap_pardot.sources.cells import cells_of
from tap_pardot.sources.query_probe import QueryProbe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_pardot.sources.base import Page
    from tap_pardot.sources.export_jobs import ExportJobClient
    from tap_pardot.sources.paging import QueryCalls
    from tap_pardot.sources.query import SplittingQuery
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")

Cells = list[Any]


class SupplementQuery:
    """Reads rows by query, and yields them as the cells that an export would have.

    Args:
        query: Requests pages; None for an object without a query, which yields no rows.
        time: The column that windows are filtered by.
        on_repaired: Called with the field's name for each cell that was repaired.
    """

    def __init__(
        self, query: SplittingQuery | None, time: str, on_repaired: Callable[[str], None]
    ) -> None:
        self._query = query
        self._time = time
        self._on_repaired = on_repaired
        self.endpoint = None if query is None else query.calls.endpoint

    @property
    def has_recycle_bin(self) -> bool:
        """Whether the query can read the rows in the recycle bin."""
        return self.endpoint is not None and self.endpoint.deleted

    @property
    def lacks(self) -> frozenset[str]:
        """Columns that the query does not have."""
        return frozenset() if self.endpoint is None else self.endpoint.lacks

    def rows(self, window: Window, fields: Sequence[str], *, deleted: bool) -> Iterator[Cells]:
        """Yield the active or deleted rows of a window; arguments and errors as :meth:`pages`."""
        for cells, _ in self.pages(window, fields, deleted=deleted):
            yield from cells

    def pages(
        self, window: Window, fields: Sequence[str], *, deleted: bool, cursor: int = 0
    ) -> Iterator[tuple[list[Cells], int]]:
        """Yield the pages of a window, each with its largest id.

        If Pardot runs out of time, the window is read in parts and some rows are yielded again.
        The id is 0 then, because ids do not show what is written of the whole window.

        Args:
            window: The window.
            fields: The fields to read.
            deleted: Whether to read the deleted rows or the active ones.
            cursor: Rows up to this id are left out.

        Raises:
            TapPardotError: As of the query.
        """
        query, endpoint = self._query, self.endpoint
        if query is None or endpoint is None:
            return
        start = window.start
        while start < window.end:
            part = query.next_window(Window(start, window.end))
            filters = Filters(
                self._time,
                part.start,
                part.end,
                deleted=deleted if endpoint.deleted else None,
                fields=fields if endpoint.fields else (),
            )
            try:
                after = cursor if part == window else 0
                for page in query.pages(filters, after, window=part):
                    cells = [cells_of(row, fields, self._on_repaired) for row in page.rows]
                    yield cells, page.cursor if part == window else 0
            except RequestTooLarge as error:
                query.split(part, error)
            else:
                start = part.end


class NoQuery(Source):
    """The source of a stream without a query when the setting ``bulk_source`` is ``query``.

    Args:
        stream: The stream's name.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream

    @override
    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield nothing.

        Raises:
            StreamSkipped: Always.
        """
        raise StreamSkipped(
            f"Pardot has no query for {self._stream}: set bulk_source to auto or export to read "
            "them, or deselect the stream."
        )


class QueryInsteadOfExport(Source):
    """A query of a stream that can be exported too. It cancels the export jobs of earlier runs.

    Args:
        query: Reads the stream.
        jobs: Makes the calls for export jobs.
        bookmark: The stream's bookmark, which may store jobs of an earlier run.
    """

    def __init__(self, query: Source, jobs: ExportJobClient, bookmark: Bookmark) -> None:
        self._query = query
        self._jobs = jobs
        self._bookmark = bookmark

    @override
    def next_window(self, window: Window) -> Window:
        return self._query.next_window(window)

    @override
    def pages(self, window: Window | None) -> Iterator[Page]:
        """Cancel the jobs in STATE, then yield the pages of the query; errors as of the query."""
        if self._bookmark.jobs:
            self._jobs.discard(self._bookmark.jobs)
            self._bookmark.store_jobs([], [])
        yield from self._query.pages(window)

    @override
    def split(self, window: Window, error: RequestTooLarge) -> None:
        self._query.split(window, error)

    @override
    def close(self, window: Window | None) -> None:
        self._query.close(window)


class AnonymousVisitors:
    """Adds the anonymous visitors to a window, if exports leave them out.

    No document says whether exports have them (reference D.8.6). The exported rows are compared
    with the counts of two queries: all active visitors, and the identified ones. STATE stores the
    result (``limited``), so these two calls are made once.

    Args:
        calls: Requests pages of visitors.
        time: The column that windows are filtered by.
        bookmark: The stream's bookmark.
    """

    def __init__(self, calls: QueryCalls, time: str, bookmark: Bookmark) -> None:
        self._calls = calls
        self._time = time
        self._bookmark = bookmark
        self._has_counted = False

    def complete(
        self,
        window: Window,
        exported: Iterable[Page],
        by_query: Callable[[], Iterator[Page]],
        *,
        is_resumed: bool,
    ) -> Iterator[Page]:
        """Yield the pages of a window's exports and, if exports lack rows, those of a query.

        Args:
            window: The window.
            exported: The pages of its exports.
            by_query: Returns the pages of all active visitors.
            is_resumed: Whether an interrupted run has read some of the exports' files, so that
                the rows of this run cannot be compared with the counts.
        """
        counter = _Counter()
        for page in exported:
            is_deleted = page.values.get("is_deleted") is True
            yield page if is_deleted else replace(page, blocks=counter.counted(page.blocks))
        if self._are_missing(window, None if is_resumed else counter.number):
            yield from by_query()

    def _are_missing(self, window: Window, exported: int | None) -> bool:
        """Return whether exports leave out anonymous visitors; log and store it when found out.

        Args:
            window: The window.
            exported: How many active visitors its exports have; None if that is unknown.
        """
        known = self._bookmark.limited
        if known is not None or exported is None or self._has_counted:
            return bool(known)
        every = QueryProbe(self._calls, self._time).count(window, deleted=False)
        if not every:
            return False
        self._has_counted = True
        endpoint = self._calls.endpoint
        only = replace(endpoint, params={**endpoint.params, **(endpoint.identified or {})})
        probe = QueryProbe(replace(self._calls, endpoint=only), self._time)
        identified = probe.count(window, deleted=False)
        if identified is None or identified >= every:
            return False  # there are no anonymous visitors in this window
        limited = abs(exported - identified) < abs(exported - every)
        self._bookmark.note_limited(limited=limited)
        if limited:
            logger.warning(
                "%s: exports have %d of %d rows and leave out anonymous visitors: the "
                "active ones are also read by query.",
                self._calls.stream,
                exported,
                every,
            )
        return limited


class _Counter:
    def __init__(self) -> None:
        self.number = 0

    def counted(self, blocks: Iterable[Any]) -> Iterator[Any]:
        for columns in blocks:
            self.number += len(columns[0])
            yield columns
