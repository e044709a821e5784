"""A query that Pardot may answer only for one record of another object at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_pardot.api.codes import INVALID_PARAMETER, MISSING_PARAMETER
from tap_pardot.api.dialect import Filters
from tap_pardot.errors import StreamFailed
from tap_pardot.sources.base import Page, Source
from tap_pardot.sources.paging import by_id, row_id
from tap_pardot.sources.prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pardot.records.times import Window
    from tap_pardot.sources.paging import IdPage, QueryCalls
    from tap_pardot.sources.query import WholeQuery
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")

_REFUSED = frozenset({MISSING_PARAMETER, INVALID_PARAMETER})


class QueryOfEach(Source):
    """All rows of a query; where Pardot refuses that or gives none, those of each other record.

    Args:
        whole: Reads all rows together.
        calls: Requests the same rows.
        others: Requests the other records.
        parameter: The parameter for the id of another record.
        bookmark: The stream's; its cursor is one of all rows together.
        threads: How many requests are made at once.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        whole: WholeQuery,
        calls: QueryCalls,
        others: QueryCalls,
        parameter: str,
        bookmark: Bookmark,
        threads: int,
    ) -> None:
        self._whole = whole
        self._calls = calls
        self._others = others
        self._parameter = parameter
        self._bookmark = bookmark
        self._threads = threads

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield all pages; errors as of :class:`Source`."""
        has_rows = self._bookmark.cursor > 0
        try:
            for page in self._whole.pages(window):
                has_rows = True
                yield page
        except StreamFailed as error:
            if has_rows or error.code not in _REFUSED:
                raise
        if not has_rows:
            yield from self._pages_of_each()

    def _pages_of_each(self) -> Iterator[Page]:
        numbers = [row_id(row) for page in by_id(self._others, Filters()) for row in page.rows]
        logger.info(
            "%s: Pardot does not list them together: one call for each of %d %s.",
            self._calls.stream,
            len(numbers),
            self._others.endpoint.object,
        )
        for pages in prefetch(self._of_one, numbers, self._threads):
            for page in pages:
                yield Page(page.blocks, without_id=page.without_id)

    def _of_one(self, number: int) -> list[IdPage]:
        return [*by_id(self._calls, Filters(params={self._parameter: str(number)}))]
