"""Pages of a query: by id, or by offset.

Within a fixed window pages are requested by id, so no row is missed because others share its second
or because it changes meanwhile (reference F.1). Objects without an id filter are paged by offset.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.errors import StreamFailed
from tap_pardot.records.values import ConversionError, to_integer
from tap_pardot.sources.field_parts import page_of_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_pardot.api.dialect import Filters, Query, Request, Row, Rows
    from tap_pardot.api.protocols import QueryDialect
    from tap_pardot.sources.base import Call
    from tap_pardot.sources.requested_fields import RequestedFields

logger = logging.getLogger("tap-pardot")

_NOT_PAGED = (
    "Pardot did not page through the rows by {}, so some could be missed: run again, and report it "
    "with the stream's name if it happens again."
)
NOT_PAGED_BY_ID = _NOT_PAGED.format("id")
NOT_PAGED_BY_OFFSET = _NOT_PAGED.format("offset")
"""For pages by offset that repeat rows, or whose rows are not sorted."""


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
                raise StreamFailed(miscounted(total, 0))
            return NextPage(None, more=False, left=0)
        self._has_rows = True
        page = page_of(rows)
        counted = total is not None and total > len(rows)
        more = len(rows) >= self.size or counted or has_more
        if more and not (page.cursor > cursor and page.is_sorted):
            raise StreamFailed(NOT_PAGED_BY_ID)
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


def row_id(row: dict[str, Any]) -> int:
    """Return a row's id, or 0 if it has none that can be a key."""
    value = row.get("id")
    if type(value) is int:
        return value
    try:
        return to_integer(value) or 0
    except ConversionError:
        return 0


def miscounted(total: int, sent: int) -> str:
    """Return the sentence for an answer that counts more rows than come."""
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
    is_sorted = in_id_order(usable)
    usable.sort(key=row_id)
    cursor = row_id(usable[-1]) if usable else 0
    return IdPage(usable, cursor, len(rows) - len(usable), is_sorted=is_sorted)


def usable_ids(rows: list[Row]) -> list[int]:
    """Return the ids of the rows that have a usable one."""
    return [number for row in rows if (number := row_id(row)) > 0]


def in_id_order(rows: list[Row]) -> bool:
    """Return whether rows are in the order of their ids."""
    return all(left <= right for left, right in pairwise(usable_ids(rows)))
