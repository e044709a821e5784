"""A source that completes the rows of another: a list, then one read for each row."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from tap_pardot.api.codes import UNKNOWN_RECORD
from tap_pardot.errors import StreamFailed, StreamSkipped
from tap_pardot.sources.base import Page, Source
from tap_pardot.sources.paging import row_id
from tap_pardot.sources.prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tap_pardot.api.dialect import Row
    from tap_pardot.errors import RequestTooLarge
    from tap_pardot.records.times import Window

    _Found = Row | StreamSkipped | None

logger = logging.getLogger("tap-pardot")

ROWS_PER_LIST = 100
"""The most rows of a page of the list. A killed run repeats the reads of one page."""

_ROWS_PER_PAGE = 20  # a body may be megabytes


class ReadEach(Source):
    """The rows of a list, each with what only a read by its id gives.

    A row that Pardot lists but does not give by its id keeps what the list says, and its record is
    without the other columns: nulls would overwrite what was read before.

    Args:
        name: The stream, for the log.
        listed: Reads the list. Its bookmark moves when all rows of a page are read.
        read: Returns what is read of an id; None if Pardot has no record with it.
        columns: The columns that only the read gives.
        threads: How many reads are made at once.
    """

    def __init__(
        self,
        name: str,
        listed: Source,
        read: Callable[[int], Row | None],
        columns: Collection[str],
        threads: int,
    ) -> None:
        self._name = name
        self._listed = listed
        self._read = read
        self._columns = frozenset(columns)
        self._threads = threads
        self._has_right = False
        self._missing = 0

    def next_window(self, window: Window) -> Window:
        """Return as much of a window as the list is read of at once."""
        return self._listed.next_window(window)

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Let the list read shorter windows; errors as of the list."""
        self._listed.split(window, error)

    def close(self, window: Window | None) -> None:
        """Log how many rows were not given by their ids."""
        self._listed.close(window)
        if self._missing:
            logger.info(
                "%s: Pardot does not give %d of the listed rows by id; their records are without "
                "%s.",
                self._name,
                self._missing,
                ", ".join(sorted(self._columns)),
            )
            self._missing = 0

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the rows of the list in their order.

        Raises:
            StreamSkipped: The account may not read the rows by their ids.
            TapPardotError: As of the list and of the client.
        """
        for page in self._listed.pages(window):
            rows = [row for block in page.blocks for row in block]
            found = zip(rows, prefetch(self._look_up, rows, self._threads), strict=True)
            while some := [*islice(found, _ROWS_PER_PAGE)]:
                yield from self._completed(page, some)
            yield replace(page, blocks=())

    def _look_up(self, row: Row) -> _Found:
        """Return what is read of a row; the refusal if it may not be read."""
        try:
            return self._read(row_id(row))
        except StreamSkipped as refusal:
            return refusal
        except StreamFailed as error:
            if error.code not in UNKNOWN_RECORD:
                raise
            return None

    def _completed(self, page: Page, some: Sequence[tuple[Row, _Found]]) -> Iterator[Page]:
        """Yield rows with what is read of them, those without it in pages of their own.

        Raises:
            StreamSkipped: None of them may be read, and none before.
        """
        refusals = [found for _, found in some if isinstance(found, StreamSkipped)]
        if len(refusals) == len(some) and not self._has_right:
            raise refusals[0]
        self._has_right = True
        for is_read, group in groupby(some, key=lambda each: isinstance(each[1], Mapping)):
            rows = [self._merged(row, found) for row, found in group]
            self._missing += 0 if is_read else len(rows)
            yield Page(
                [rows],
                values=page.values,
                bounds=page.bounds,
                lacks=frozenset() if is_read else self._columns,
            )

    def _merged(self, row: Row, found: Any) -> Row:
        """Return a row with what is read of it; what the list says comes first."""
        return {**found, **row} if isinstance(found, Mapping) else row
