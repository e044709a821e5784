"""Pages of a query: by id, or by offset.

Within a fixed window pages are requested by id, so no row is missed because others share its second
or because it changes meanwhile (reference F.1). Objects without an id filter are paged by offset.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.api.dialect import Rows
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.values import ConversionError, to_integer
from tap_pardot.sources.field_parts import page_of_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_pardot.api.dialect import Filters, Query, Request, Row
    from tap_pardot.api.protocols import QueryDialect
    from tap_pardot.sources.base import Call
    from tap_pardot.sources.requested_fields import RequestedFields

logger = logging.getLogger("tap-pardot")

UNSORTED = (
    "Pardot did not page through the rows by id, so some could be missed: run again, and report it "
    "with the stream's name if it happens again."
)
_MOVING = (
    "Rows kept moving while they were paged, so some could be missed: run again at a quieter hour, "
    "and report it with the stream's name if it happens again."
)
_MIN_PAGE_SIZE = 2
"""Rows of a page by offset, of which the first is one that was seen before."""
_MAX_READINGS = 10
"""How often a query is read from its start because rows moved."""


@dataclass(frozen=True)
class QueryCalls:
    """Requests single pages of one query.

    Attributes:
        call: Makes the calls.
        dialect: Builds the requests.
        endpoint: The query.
        stream: Names the stream in the log.
        fields: The fields to request; None where the API returns all.
        on_hidden: Called when Pardot has left out rows because of access rules.
    """

    call: Call
    dialect: QueryDialect
    endpoint: Query
    stream: str
    fields: RequestedFields | None = None
    on_hidden: Callable[[], None] = lambda: None

    @property
    def page_size(self) -> int:
        """Rows of a full page."""
        return self.endpoint.page_size or self.dialect.page_size

    def completed(self, filters: Filters) -> Filters:
        """Return the filters with the fields to request, unless they name some."""
        if self.fields is None or filters.fields:
            return filters
        return replace(filters, fields=self.fields.names)

    def page(
        self,
        filters: Filters,
        *,
        limit: int,
        cursor: int = 0,
        offset: int | None = None,
        can_split: bool = False,
    ) -> Rows:
        """Return one page.

        Where Pardot refuses a field, the request is repeated without it. Where it refuses the
        request's spelling and the dialect has another one, the request is repeated in that. Where
        one request cannot name all fields, the page takes several.

        Raises:
            RequestTooLarge: Pardot runs out of time, and ``can_split`` is set.
            RowsHidden: ``on_hidden`` raises it.
            TapPardotError: As the table in ``codes.py`` says.
        """

        def request(names: Sequence[str], after: int) -> Rows:
            part = replace(filters, fields=names) if names else filters
            return self._part(part, limit=limit, cursor=after, offset=offset, can_split=can_split)

        if self.fields is None or filters.fields:
            return request((), cursor)
        return page_of_parts(self.stream, self.fields, request, row_id, cursor=cursor, limit=limit)

    def _part(
        self, filters: Filters, *, limit: int, cursor: int, offset: int | None, can_split: bool
    ) -> Rows:
        """Return one page with the fields of the filters; errors as of the call."""
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
                rows = self.call(request)
            except StreamFailed as error:
                if self.dialect.adapt(self.endpoint, request, error):
                    continue
                if self.fields is None or not self._rejects(error, request, filters.fields):
                    raise
                filters = replace(filters, fields=self.fields.accepted(filters.fields))
            else:
                if rows.is_cut:
                    self.on_hidden()
                return rows

    def _rejects(
        self, error: StreamFailed, request: Request[Rows], requested: Sequence[str]
    ) -> bool:
        """Leave out the fields that a refusal names; return whether it names some.

        A refusal that names another parameter of the request is not one of a field.
        """
        others = request.params.keys() - {"fields"}
        if error.code not in self.dialect.field_codes or others & error.message_words:
            return False
        return self.fields is not None and self.fields.reject(error, requested)


class IdPage(NamedTuple):
    """Rows in the order of their ids.

    Attributes:
        rows: The rows that have a usable id.
        cursor: The largest id; 0 if there is none.
        without_id: How many rows have no usable id.
        is_sorted: Whether the rows came in this order.
    """

    rows: list[Row]
    cursor: int
    without_id: int
    is_sorted: bool

    @property
    def blocks(self) -> list[list[Row]]:
        """The rows as one block, or no block if there are none."""
        return [self.rows] if self.rows else []


class NextPage(NamedTuple):
    """A page that was requested by id, and what it says of the rows after it.

    Attributes:
        page: The page; None if there is no row.
        more: Whether rows follow it.
        left: How many, if Pardot counts them.
    """

    page: IdPage | None
    more: bool
    left: int | None


class IdPages:
    """Requests pages of a query after ids and checks them. Threads may share it.

    Args:
        calls: Asks for a page.
        filters: Which rows are wanted.
        size: Rows of a full page.
        can_split: Whether the caller can make a smaller request.
    """

    def __init__(
        self, calls: QueryCalls, filters: Filters, size: int, *, can_split: bool = False
    ) -> None:
        self.calls = calls
        self.filters = filters
        self.size = size
        self._can_split = can_split
        self._first_total: int | None = None
        self._has_rows = False

    def after(self, cursor: int) -> NextPage:
        """Return the page after an id.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
            StreamFailed: Pardot does not page by id, so that rows could be missed.
            TapPardotError: As the table in ``codes.py`` says.
        """
        rows, total, has_more, _ = self.calls.page(
            self.filters, limit=self.size, cursor=cursor, can_split=self._can_split
        )
        if self._first_total is None:
            self._first_total = total
        if not rows and has_more:
            # A page without rows that promises more is asked for once more.
            rows, total, has_more, _ = self.calls.page(
                self.filters, limit=self.size, cursor=cursor, can_split=self._can_split
            )
        if not rows:
            # A total that never changes counts all rows, not those still to come.
            if total and (total != self._first_total or not self._has_rows):
                raise StreamFailed(_miscounted(total, 0))
            return NextPage(None, more=False, left=0)
        self._has_rows = True
        page = page_of(rows)
        counted = total is not None and total > len(rows)
        more = len(rows) >= self.size or counted or has_more
        if more and not (page.cursor > cursor and page.is_sorted):
            raise StreamFailed(UNSORTED)
        return NextPage(page, more, None if total is None else total - len(rows))

    def read(self, cursor: int) -> Iterator[IdPage]:
        """Yield the pages after an id, until one is short; errors as of :meth:`after`."""
        more = True
        while more:
            page, more, _ = self.after(cursor)
            if page is not None:
                cursor = max(page.cursor, cursor)
                yield page


def by_id(
    calls: QueryCalls,
    filters: Filters,
    cursor: int = 0,
    size: int | None = None,
    *,
    can_split: bool = False,
) -> Iterator[IdPage]:
    """Yield the pages of a query after an id, one after the other, until one is short.

    Args:
        calls: Asks for a page.
        filters: Which rows are wanted.
        cursor: Rows with ids up to this one are left out.
        size: Rows of a full page; None for the dialect's own.
        can_split: Whether the caller can make a smaller request.

    Raises:
        TapPardotError: As of :meth:`IdPages.after`.
    """
    return IdPages(calls, filters, size or calls.page_size, can_split=can_split).read(cursor)


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
                ids = _ids(fresh)
                seen.update(ids)
                without_id += len(fresh) - len(ids)
                yield fresh
        except _RowsMoved:
            continue
        read = len(seen) + without_id
        if total is None or total <= read or (read and not counts):
            return
        if len(seen) == known:
            raise StreamFailed(_miscounted(total, read))
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
                    raise StreamFailed(UNSORTED)
                raise _RowsMoved
            if last is not None and last not in ids[: 1 + duplicates]:
                raise _RowsMoved
            yield Rows(rows if last is None else rows[ids.index(last) + 1 :], total)
            more = len(rows) >= self._size or (total is not None and offset + len(rows) < total)
            if not rows or not more or ids == before[-1:]:  # only the last row again: no more
                return
            if not (any(ids) and _is_sorted(rows)):
                raise StreamFailed(UNSORTED)
            duplicates = len(_ids(rows)) - len(set(_ids(rows)))
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


def page_of(rows: list[Row]) -> IdPage:
    """Return a page of rows in the order of their ids, without rows that have no usable id."""
    ids: list[Any] = [row.get("id") for row in rows]
    if ids and {*map(type, ids)} == {int} and min(ids) > 0:  # as nearly always
        in_order = sorted(ids)
        if ids == in_order:
            return IdPage(rows, in_order[-1], 0, is_sorted=True)
    usable = [row for row in rows if row_id(row) > 0]
    is_sorted = _is_sorted(usable)
    usable.sort(key=row_id)
    cursor = row_id(usable[-1]) if usable else 0
    return IdPage(usable, cursor, len(rows) - len(usable), is_sorted=is_sorted)


def _ids(rows: list[Row]) -> list[int]:
    return [number for row in rows if (number := row_id(row)) > 0]


def _is_sorted(rows: list[Row]) -> bool:
    return all(left <= right for left, right in pairwise(_ids(rows)))
