"""Where the rows of a stream start, so that no export jobs are created for the years before."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_pardot.records.times import EARLIEST, Window, to_iso

if TYPE_CHECKING:
    from datetime import datetime

    from tap_pardot.sources.query_probe import QueryProbe
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")


@dataclass(frozen=True)
class RowsStart:
    """Shortens windows that start years before the account was created.

    Imported rows may be older than the account. So a query is asked once per stream whether there
    are rows before it. STATE stores the answer.

    Attributes:
        account_start: A day before the account was created, in UTC; None if Pardot does not report
            when it was.
        bookmark: The stream's bookmark.
        probe: Asks a query.
        stream: The stream, for the log.
    """

    account_start: datetime | None
    bookmark: Bookmark
    probe: QueryProbe
    stream: str

    def expected(self, window: Window) -> Window:
        """Return what :meth:`shortened` will probably return; makes no call."""
        start = self.bookmark.rows_start or self.account_start
        return window if start is None else _from(window, start)

    def shortened(self, window: Window) -> Window:
        """Return a window without the years before the account was created.

        Only windows that start at the earliest instant are shortened: no setting gives their start.

        Raises:
            TapPardotError: The whole run ends.
        """
        if window.start > EARLIEST or self.account_start is None:
            return window
        start = self.bookmark.rows_start
        if start is None:
            start = self.account_start if self._is_empty_before(self.account_start) else EARLIEST
            self.bookmark.note_rows_start(start)
        return _from(window, start)

    def _is_empty_before(self, moment: datetime) -> bool:
        if moment <= EARLIEST:
            return False
        is_empty = all(
            self.probe.is_empty(Window(EARLIEST, moment), deleted=each)
            for each in (False, True)
            if self.probe.can_return(deleted=each)
        )
        if is_empty:
            logger.info(
                "%s: exports begin at %s, a day before the account was created; a query has no "
                "rows before.",
                self.stream,
                to_iso(moment),
            )
        return is_empty


def _from(window: Window, start: datetime) -> Window:
    """Return a window that starts at the earliest instant from ``start`` on; others unchanged."""
    if window.start > EARLIEST:
        return window
    return Window(min(max(window.start, start), window.end), window.end)
