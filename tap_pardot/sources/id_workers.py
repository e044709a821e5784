"""Pages of a query by id, read by several workers in ranges of ids, yielded in order.

When the first page is full, the newest id is asked for beside the second one. When that is full
too, the rest is split into ranges (:mod:`tap_pardot.sources.id_ranges`). A worker pages through its
range by id and leaves out the rows after it, so a server that knows no upper bound of ids loses
nothing.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from concurrent.futures import wait
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tap_pardot.errors import ENDS_RUN, StreamFailed, TapPardotError
from tap_pardot.sources.id_ranges import Outcome, RangePlan
from tap_pardot.sources.paging import NOT_PAGED_BY_ID, IdPage, IdPages, page_of, row_id
from tap_pardot.sources.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pardot.api.dialect import Filters
    from tap_pardot.sources.id_ranges import Range
    from tap_pardot.sources.paging import QueryCalls

    _Results = SimpleQueue[IdPage | Outcome | BaseException]

_FEW_PAGES = 4
"""So few pages, by Pardot's count of the rows, are not worth the call for the newest id."""
_EXTRA_PAGES = 2
"""The most pages that a worker reads above its share, if they finish its range."""


def pages_by_id(  # noqa: PLR0913
    calls: QueryCalls,
    filters: Filters,
    cursor: int,
    size: int,
    *,
    can_split: bool,
    threads: int,
) -> Iterator[IdPage]:
    """Yield the pages of a query after an id, in order; errors as of :meth:`IdPages.after`.

    An error is raised when all pages before it are yielded. Once the generator is closed, no
    worker reads another page.

    Args:
        calls: Asks for a page.
        filters: Which rows are wanted.
        cursor: Rows with ids up to this one are left out.
        size: Rows of a full page.
        can_split: Whether the caller can make a smaller request.
        threads: The most requests at a time.
    """
    pages = IdPages(calls, filters, size, can_split=can_split)
    if threads == 1:
        yield from pages.read(cursor)
        return
    page, more, left = pages.after(cursor)
    if page is None:
        return
    yield page
    cursor = max(page.cursor, cursor)
    is_long = len(page.rows) >= size and (left is None or left > _FEW_PAGES * size)
    if more and is_long and calls.dialect.sorts(calls.endpoint):
        yield from _ByWorkers(pages, threads).read(cursor)
    elif more:
        yield from pages.read(cursor)


class _ByWorkers:
    """Reads a query by several workers, from an id on.

    Args:
        pages: Asks for a page and checks it.
        threads: How many workers.
    """

    def __init__(self, pages: IdPages, threads: int) -> None:
        self._pages = pages
        self._threads = threads
        self._workers = Workers(threads)
        self._results: dict[Range, _Results] = {}

    def read(self, cursor: int) -> Iterator[IdPage]:
        """Yield the pages after an id.

        Until a worker has the newest id, pages are read one after the other: at least one page, and
        all pages if Pardot does not report that id.

        Raises:
            TapPardotError: As of :meth:`IdPages.after`.
        """
        try:
            answer = self._workers.submit(self._newest)
            start, rows = cursor, 0
            while not rows or not answer.done():
                asked = time.monotonic()
                page, more, _ = self._pages.after(cursor)
                waited = time.monotonic() - asked
                if page is not None:
                    yield page
                    cursor = max(page.cursor, cursor)
                    rows += len(page.rows)
                if not more:
                    return
                # The answer gets as long again as the page took, before another page is read.
                wait([answer], waited)
            newest = answer.result()
            if newest <= cursor:
                yield from self._pages.read(cursor)
                return
            density = (cursor - start) / rows
            yield from self._in_order(
                RangePlan(cursor, newest, density, self._pages.size, self._threads)
            )
        finally:
            self._workers.close()

    def _newest(self) -> int:
        """Return the newest id; 0 if Pardot does not report it.

        Raises:
            TapPardotError: The whole run ends.
        """
        calls = self._pages.calls
        request = calls.dialect.newest(calls.endpoint, calls.completed(self._pages.filters))
        try:
            return page_of(calls.call(request).rows).cursor
        except ENDS_RUN:
            raise
        except TapPardotError:
            return 0

    def _in_order(self, plan: RangePlan) -> Iterator[IdPage]:
        """Yield the pages of all ranges; let workers begin with ranges as others are finished."""
        try:
            while plan.ranges:
                while each := plan.begin():
                    self._results[each] = SimpleQueue()
                    self._workers.submit(partial(self._work, each, self._results[each]))
                results = self._results.pop(plan.ranges[0])
                while isinstance(found := results.get(), IdPage):
                    yield found
                if isinstance(found, BaseException):
                    raise found
                plan.finish(found)
                for dropped in [each for each in self._results if each.is_dropped]:
                    del self._results[dropped]
        finally:
            plan.drop()

    def _work(self, each: Range, results: _Results) -> None:
        """Put the pages of a range into a queue, and last the outcome or an error."""
        try:
            results.put(self._read(each, results))
        except BaseException as error:  # noqa: BLE001 - raised by the reader
            each.has_failed = True
            results.put(error)

    def _read(self, each: Range, results: _Results) -> Outcome:
        cursor, rows, density = each.after, 0, 1.0
        while not each.is_dropped:
            page, more, _ = self._pages.after(cursor)
            each.pages_read += 1
            if page is not None and page.rows and row_id(page.rows[0]) <= cursor:
                raise StreamFailed(NOT_PAGED_BY_ID)
            if not more or page is None:
                if page is not None:
                    results.put(page)
                return Outcome(cursor, rows, density, is_end=True)
            cursor = page.cursor
            rows += len(page.rows)
            density = max((cursor - each.after) / rows, 1.0)
            if each.last is not None and cursor >= each.last:
                inside, beyond = _up_to(page, each.last)
                if inside.rows:
                    results.put(inside)
                rows -= len(page.rows) - len(inside.rows)
                return Outcome(each.last, rows, density, beyond)
            results.put(page)
            if each.pages_read >= each.pages and not self._is_nearly_read(each, cursor, density):
                break
        return Outcome(cursor, rows, density)

    def _is_nearly_read(self, each: Range, cursor: int, density: float) -> bool:
        """Return whether a worker should finish a range that is longer than its share."""
        if each.last is None or each.pages_read >= each.pages + _EXTRA_PAGES:
            return False
        return (each.last - cursor) / density <= self._pages.size


def _up_to(page: IdPage, last: int) -> tuple[IdPage, int | None]:
    """Return a page without the rows after an id, and the id of the first row left out."""
    number = bisect_right(page.rows, last, key=row_id)
    rows = page.rows[:number]
    beyond = row_id(page.rows[number]) if number < len(page.rows) else None
    return page._replace(rows=rows, cursor=row_id(rows[-1]) if rows else 0), beyond
