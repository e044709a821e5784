"""Reads each range of a stream by query or by export, whichever needs fewer API calls.

The first page of the query shows how many rows there are. It is stored, so that the page is not
requested again if the query is chosen. The choice is made for active and for deleted rows
separately, because some queries cannot return deleted rows.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tap_pardot.errors import RequestTooLarge, StreamFailed, StreamSkipped
from tap_pardot.sources.base import Source
from tap_pardot.sources.costs import calls_by_query
from tap_pardot.sources.export_creation import KeysRejected
from tap_pardot.sources.query_probe import answer_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_pardot.api.dialect import Filters, Rows
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Page
    from tap_pardot.sources.costs import ExportCost
    from tap_pardot.sources.export import ExportSource
    from tap_pardot.sources.paging import QueryCalls
    from tap_pardot.sources.query import WindowQuery
    from tap_pardot.sources.query_probe import QueryProbe
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")

DeletedFilter = bool | None
"""The rows of one request: the active ones (False), the deleted ones (True), or both (None)."""

DeletedFilters = tuple[DeletedFilter, ...]
"""The filters by which the rows of a window are read, one after the other."""


def separated(filters: DeletedFilters) -> tuple[bool, ...]:
    """Return the filters that read the same rows, active and deleted ones apart."""
    return (False, True) if None in filters else tuple(each for each in filters if each is not None)


class ExportInstead(RequestTooLarge):
    """The query has cost as many calls as an export, or is refused; the window is exported.

    It is a :class:`RequestTooLarge` because a reading then calls :meth:`CheapestSource.split`.
    """


class FilterChoice(NamedTuple):
    """How the rows of a range that one filter returns are read.

    Attributes:
        by_export: Whether they are exported.
        reason: Why, for the log.
        has_rows: Whether the range is known to have such rows.
        most_calls: The calls after which an export would have been cheaper, if Pardot does not
            count the rows; None if it does.
    """

    by_export: bool
    reason: str
    has_rows: bool = False
    most_calls: int | None = None


@dataclass(frozen=True)
class Choice:
    """How a range is read.

    Attributes:
        range: The range, from the bookmark to the end of the run.
        by_filter: The choice by filter, for each filter of the stream.
    """

    range: Window
    by_filter: dict[DeletedFilter, FilterChoice]

    def deleted_filters(self, *, by_export: bool) -> DeletedFilters:
        """Return the filters of the rows that are exported, or that are queried."""
        return tuple(
            deleted for deleted, each in self.by_filter.items() if each.by_export is by_export
        )

    @property
    def most_calls(self) -> int | None:
        """The calls after which an export would have been cheaper; None if rows are counted."""
        limits = [
            each.most_calls for each in self.by_filter.values() if each.most_calls is not None
        ]
        return sum(limits) if limits else None


@dataclass(frozen=True)
class Chooser:
    """Chooses between query and export, by the number of calls.

    Attributes:
        query: The query, for the filters of its first page.
        first_calls: Requests pages that are stored, so that the query gets them without a call.
        probe: Asks the query whether a window has rows.
        counter: Counts the rows of a window; None if nothing can.
        export_cost: How many calls an export costs.
        bookmark: The stream's bookmark.
        lacks: The selected columns that the query does not have.
        is_full_table: Whether everything is read, so that all rows must be read the same way.
        must_answer: Whether a refusal of the query is raised, because another version of the API
            may read the stream.
    """

    query: WindowQuery
    first_calls: QueryCalls
    probe: QueryProbe
    counter: QueryProbe | None
    export_cost: ExportCost
    bookmark: Bookmark
    lacks: Sequence[str]
    is_full_table: bool
    must_answer: bool = False

    @property
    def stream(self) -> str:
        """The stream, for the log."""
        return self.calls.stream

    @property
    def calls(self) -> QueryCalls:
        """Requests pages of the query, which are not stored."""
        return self.probe.calls

    def choose(self, window: Window, filters: DeletedFilters) -> Choice:
        """Return how a range is read, and log it. A choice in STATE stays as it is.

        Raises:
            TapPardotError: The whole run ends, or the query must be answered and is refused.
        """
        found = {deleted: self._choose_for(window, deleted) for deleted in filters}
        exported = [deleted for deleted, each in found.items() if each.by_export]
        if self.is_full_table and exported:
            # A query of everything has no windows, an export has them.
            for deleted in found.keys() - exported:
                found[deleted] = found[exported[0]]
        choice = Choice(window, found)
        self._log(choice)
        return choice

    def _choose_for(self, window: Window, deleted: DeletedFilter) -> FilterChoice:
        fixed = self._fixed_choice(deleted)
        if fixed is not None:
            return fixed
        filters = self.query.filters(window, deleted if self.calls.endpoint.deleted else None)
        page = self._first_page(filters)
        if page is None:
            return FilterChoice(by_export=True, reason="Pardot does not answer the query")
        is_full = len(page.rows) >= self.calls.page_size or page.has_more
        if not is_full and (page.total or 0) <= len(page.rows):
            return FilterChoice(by_export=False, reason=f"{len(page.rows)} rows")
        return self._by_calls(window, page, deleted)

    def _first_page(self, filters: Filters) -> Rows | None:
        """Return the first page of the query; None if Pardot does not answer.

        Raises:
            TapPardotError: The whole run ends, or the query must be answered and is refused.
        """

        def request() -> Rows:
            return self.first_calls.page(filters, limit=self.calls.page_size, can_split=True)

        if not self.must_answer:
            return answer_or_none(request)
        try:
            return request()
        except RequestTooLarge:
            return None

    def _fixed_choice(self, deleted: DeletedFilter) -> FilterChoice | None:
        """Return the choice if no call is needed for it."""
        jobs = self.bookmark.jobs
        if any(deleted is None or job.get("deleted") in {deleted, None} for job in jobs):
            return FilterChoice(by_export=True, reason="an earlier run has created the export")
        if not self.probe.can_return(deleted=deleted):
            return FilterChoice(by_export=True, reason="a query cannot return them")
        if self.lacks:
            return FilterChoice(by_export=True, reason=f"only exports have {_some(self.lacks)}")
        if not deleted and self.bookmark.cursor:
            return FilterChoice(by_export=False, reason="an earlier run has begun the query")
        return None

    def _by_calls(self, window: Window, page: Rows, deleted: DeletedFilter) -> FilterChoice:
        rows = page.total
        if rows is None and self.counter is not None:
            rows = self.counter.count_all(window, separated((deleted,)))
        if rows is None:
            most = self.export_cost.calls(window, len(page.rows))
            reason = f"Pardot does not count the rows; at most {most} calls"
            return FilterChoice(by_export=False, reason=reason, has_rows=True, most_calls=most)
        queried = calls_by_query(rows, self.calls.page_size)
        exported = self.export_cost.calls(window, rows)
        reason = f"{rows} rows: {queried} calls by query, about {exported} by export"
        return FilterChoice(exported < queried, reason, has_rows=True)

    def _log(self, choice: Choice) -> None:
        names: dict[DeletedFilter, str] = {False: "active rows ", True: "deleted rows "}
        if len({*choice.by_filter.values()}) == 1:  # one sentence for all rows
            names = {}
        texts = [
            f"{names.get(deleted, '')}by {'export' if each.by_export else 'query'} ({each.reason})"
            for deleted, each in choice.by_filter.items()
        ]
        logger.info("%s: %s.", self.stream, "; ".join(dict.fromkeys(texts)))


def _some(columns: Sequence[str]) -> str:
    others = len(columns) - 1
    return columns[0] if not others else f"{columns[0]} and {others} other columns"


class CheapestSource(Source):
    """Reads each range by the source that needs fewer calls.

    If active or deleted rows are exported, all rows are read in the windows of the export jobs, so
    that the bookmark moves with each of them.

    Args:
        windows: The windows to read in this run.
        bookmark: The stream's bookmark.
        chooser: Chooses the source.
        deleted_filters: The filters by which the rows of a window are read.
        new_query: Returns the query with some of the filters; its second argument says whether
            workers may read pages ahead.
        new_export: Returns the source that exports the rows of some of the filters. Its second
            argument returns whether a window may have rows that a filter returns.
    """

    def __init__(  # noqa: PLR0913
        self,
        windows: Iterable[Window | None],
        bookmark: Bookmark,
        *,
        chooser: Chooser,
        deleted_filters: DeletedFilters,
        new_query: Callable[[DeletedFilters, bool], WindowQuery],
        new_export: Callable[
            [DeletedFilters, Callable[[Window, DeletedFilter], bool]], ExportSource
        ],
    ) -> None:
        self._windows = windows
        self._bookmark = bookmark
        self._chooser = chooser
        self._deleted_filters = deleted_filters
        self._new_query = new_query
        self._new_export = new_export
        self._choice: Choice | None = None
        self._query: WindowQuery | None = None
        self._export: ExportSource | None = None

    @override
    def submit(self) -> None:
        """Choose, and create the export jobs if there are any; errors as of the export."""
        window = next(iter(self._windows), None)
        if window is not None:
            self._use(self._chooser.choose(window, self._deleted_filters))

    def _use(self, choice: Choice) -> None:
        queried = choice.deleted_filters(by_export=False)
        exported = choice.deleted_filters(by_export=True)
        self._choice = choice
        # Pages read ahead are wasted where an export may take over.
        reads_ahead = choice.most_calls is None
        self._query = self._new_query(queried, reads_ahead) if queried else None
        self._export = self._new_export(exported, self._has_rows) if exported else None
        if self._export is None:
            return
        try:
            self._export.queue.fill(choice.range)
        except (StreamFailed, StreamSkipped) as error:
            if not self._chooser.must_answer or isinstance(error, KeysRejected):
                raise
            # The query of version 5 has answered and has all columns.
            logger.warning("%s: read by query, because of exports: %s", self._chooser.stream, error)
            by_query = FilterChoice(by_export=False, reason=error.message)
            self._use(Choice(choice.range, dict.fromkeys(choice.by_filter, by_query)))

    def _has_rows(self, window: Window, deleted: DeletedFilter) -> bool:
        """Return whether a window of export jobs may have rows; asks the query, if it can know.

        Raises:
            TapPardotError: The whole run ends.
        """
        chooser, choice = self._chooser, self._choice
        # A job or a query for both kinds of rows is judged by all filters of the stream.
        filters = self._deleted_filters
        if deleted is not None and None not in filters:
            filters = (deleted,)
        if choice is None or not all(chooser.probe.can_return(deleted=each) for each in filters):
            return True
        is_whole = window == chooser.export_cost.rows_start.expected(choice.range)
        if is_whole and any(choice.by_filter[each].has_rows for each in filters):
            return True
        return not all(chooser.probe.is_empty(window, deleted=each) for each in filters)

    @override
    def prepare(self) -> None:
        if self._export is not None:
            self._export.prepare()

    @override
    def next_window(self, window: Window) -> Window:
        """Return the window of the oldest jobs, or as much as a query can read at once.

        Outside the range of the last choice, the source is chosen anew.

        Raises:
            TapPardotError: As of :meth:`Chooser.choose` and of the export.
        """
        choice = self._choice
        if choice is None or not choice.range.start <= window.start < choice.range.end:
            self._use(self._chooser.choose(window, self._deleted_filters))
        return self._source.next_window(window)

    @property
    def _source(self) -> Source:
        """The source whose windows are read."""
        source = self._export or self._query
        if source is None:
            raise ValueError("no source was chosen")
        return source

    @override
    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of the query, then those of the export; errors as of both.

        Raises:
            ExportInstead: The query has cost as many calls as an export, or is refused.
        """
        if self._query is not None:
            yield from self._within_cost(self._query.pages(window))
        if self._export is not None:
            yield from self._export.pages(window)

    def _within_cost(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Yield the pages of the query.

        Raises:
            ExportInstead: They have cost as many calls as an export, or are refused.
        """
        most = None if self._choice is None else self._choice.most_calls
        for number, page in enumerate(self._unless_refused(pages)):
            if number == most:
                raise ExportInstead("Pardot does not count the rows, and there are many.")
            yield page

    def _unless_refused(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Yield the pages of the query.

        Raises:
            ExportInstead: Pardot refuses a query of version 5.
        """
        try:
            yield from pages
        except (StreamFailed, StreamSkipped) as error:
            if not self._chooser.must_answer:
                raise
            raise ExportInstead(error.message, error.code) from error

    @override
    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Read shorter windows, or export a window that has cost too many calls."""
        if not isinstance(error, ExportInstead):
            self._source.split(window, error)
            return
        logger.info("%s: %s The rows of the window are exported.", self._chooser.stream, error)
        self._bookmark.open(window)  # without a cursor
        by_export = FilterChoice(by_export=True, reason=error.message, has_rows=True)
        self._use(Choice(window, dict.fromkeys(self._deleted_filters, by_export)))

    @override
    def close(self, window: Window | None) -> None:
        if self._export is not None:
            self._export.close(window)
