"""Small questions to a query: how many rows a window has, and whether it has any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Filters
from tap_pardot.errors import Outage, RequestTooLarge, StreamFailed, StreamSkipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_pardot.api.dialect import Query, Rows
    from tap_pardot.records.times import Window
    from tap_pardot.sources.paging import QueryCalls


@dataclass(frozen=True)
class QueryProbe:
    """Asks a query about the active or the deleted rows of windows.

    Attributes:
        calls: Requests pages of the query.
        time: The column that windows are filtered by.
    """

    calls: QueryCalls
    time: str

    def can_return(self, *, deleted: bool | None) -> bool:
        """Return whether the query can return the deleted rows, or the active ones."""
        return self.calls.endpoint.deleted or not deleted

    def is_empty(self, window: Window, *, deleted: bool | None) -> bool:
        """Return whether a window certainly has no rows; makes one call.

        Raises:
            TapPardotError: The whole run ends.
        """
        rows = self._ask(window, self.calls.endpoint, deleted=deleted)
        return rows is not None and not rows.rows and not rows.total

    def count(self, window: Window, *, deleted: bool | None) -> int | None:
        """Return how many rows a window has; None if Pardot does not say. Makes one call.

        The output "bulk" has no count, so the default output is requested (reference A.5).

        Raises:
            TapPardotError: The whole run ends.
        """
        endpoint = replace(self.calls.endpoint, output=None)
        rows = self._ask(window, endpoint, deleted=deleted)
        return None if rows is None else rows.total

    def count_all(self, window: Window, filters: Sequence[bool]) -> int | None:
        """Return how many rows all filters together return; None if Pardot does not say.

        Makes one call for each filter that the query has; errors as of :meth:`count`.
        """
        found = [
            self.count(window, deleted=each) for each in filters if self.can_return(deleted=each)
        ]
        numbers = [number for number in found if number is not None]
        return sum(numbers) if numbers and len(numbers) == len(found) else None

    def _ask(self, window: Window, endpoint: Query, *, deleted: bool | None) -> Rows | None:
        filters = Filters(
            self.time,
            window.start,
            window.end,
            deleted=deleted if endpoint.deleted else None,
            fields=("id",) if endpoint.fields else (),
        )
        # One row is enough, whichever it is, so Pardot need not sort.
        calls = replace(self.calls, endpoint=replace(endpoint, sorted=False))
        return answer_or_none(lambda: calls.page(filters, limit=1, can_split=True))


def answer_or_none(request: Callable[[], Rows]) -> Rows | None:
    """Return the answer to a request; None if Pardot refuses it or runs out of time for it.

    Raises:
        TapPardotError: The whole run ends.
    """
    try:
        return request()
    except (StreamSkipped, StreamFailed, RequestTooLarge):
        return None
    except Outage as outage:
        if not outage.is_isolated:
            raise
        return None
