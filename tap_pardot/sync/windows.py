"""The windows that a stream reads in a run, and the moves of its bookmark when they are closed."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_pardot.records.times import Window, parse_instant, to_iso, unambiguous_edge
from tap_pardot.sync.report import Status, StreamResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")


class Windows(ABC):
    """The windows of one reading of a stream."""

    @abstractmethod
    def __iter__(self) -> Iterator[Window | None]:
        """Yield the next window to read, until all are closed; None stands for all rows.

        A window that was not closed, because Pardot ran out of time, is yielded again, shorter.
        """

    @abstractmethod
    def close(self, window: Window | None) -> str:
        """Move the bookmark, because all rows of a window are written.

        Returns:
            How far the stream is read, for the report: "up to ...", "all rows".
        """


class Everything(Windows):
    """One reading of all rows, without a window. It resumes where an interrupted run stopped."""

    def __init__(self, bookmark: Bookmark) -> None:
        self._bookmark = bookmark

    def __iter__(self) -> Iterator[None]:
        """Yield None once."""
        yield None

    def close(self, window: Window | None) -> str:  # noqa: ARG002
        """Clear the cursor; return "all rows"."""
        self._bookmark.close(None, None)
        return "all rows"


class Incremental(Windows):
    """The window from the bookmark, or from ``start_date``, to the run's end.

    Args:
        name: The stream, for the log.
        bookmark: The stream's bookmark.
        key: The replication key.
        run: Where a stream without a bookmark starts, and where every window ends.
        ends_early: Whether ``end_date`` has set the end, so that a bookmark may be later.
        lookback: How far before the bookmark to start.
        grace: How far a bookmark may be after the run's end without a warning.
        zone: The API user's zone; no window may start or end in a repeated hour of it.
        result: Gets the report that there is nothing to read yet.
        once: Whether one window is enough, because the source always reads up to now.
    """

    def __init__(  # noqa: PLR0913
        self,
        name: str,
        bookmark: Bookmark,
        key: str | None,
        run: Window,
        *,
        ends_early: bool,
        lookback: timedelta,
        zone: ZoneInfo,
        result: StreamResult,
        once: bool = False,
        grace: timedelta = timedelta(),
    ) -> None:
        self._name = name
        self._bookmark = bookmark
        self._key = key
        self._run = run
        self._ends_early = ends_early
        self._lookback = lookback
        self._zone = zone
        self._result = result
        self._once = once
        self._grace = grace

    def __iter__(self) -> Iterator[Window]:
        """Yield the window that an interrupted run left open, then the one up to the run's end."""
        while (window := self._next()) is not None:
            yield window
            if self._is_finished:
                return

    @property
    def _is_finished(self) -> bool:
        """Whether all rows up to the run's end are written; a source may read shorter windows."""
        if self._bookmark.window is not None or not self._bookmark.moved:
            return False
        return self._once or (self.reached is not None and self.reached >= self._run.end)

    @property
    def reached(self) -> datetime | None:
        """The instant before which all rows are written; None in the first run."""
        value = self._bookmark.value
        return None if value is None else parse_instant(value)

    def _next(self) -> Window | None:
        """Return the open window, or else the one from the bookmark to the run's end.

        None if there is nothing to read.
        """
        open_window, reached = self._bookmark.window, self.reached
        latest = reached if open_window is None else open_window.end
        if latest is not None and latest > self._run.end and not self._ends_early:
            self._report_clock(latest)
            return None
        # The run that wrote STATE may have had another time zone, with other repeated hours.
        if open_window is not None:
            return open_window._replace(start=unambiguous_edge(open_window.start, self._zone))
        start = self._run.start
        if reached is not None:
            lookback = timedelta() if self._bookmark.moved else self._lookback
            start = unambiguous_edge(reached - lookback, self._zone)
        if start >= self._run.end:
            self._report_nothing()
            return None
        return Window(start, self._run.end)

    def _report_clock(self, latest: datetime) -> None:
        # Planning export jobs iterates over the windows too, so it may be logged already.
        if self._result.status is not Status.DONE and latest > self._run.end + self._grace:
            logger.warning(
                "%s: Pardot's clock is behind the bookmark %s; a later run reads the stream.",
                self._name,
                to_iso(latest),
            )
        self._report_nothing()

    def _report_nothing(self) -> None:
        self._result.mark_done(f"nothing to read before {to_iso(self._run.end)}")

    def close(self, window: Window | None) -> str:
        """Move the bookmark to the window's end, and return it as "up to ..."."""
        end = "" if window is None else to_iso(window.end)
        self._bookmark.close(self._key, end)
        return f"up to {end}"


class AppendOnly(Incremental):
    """The windows of a stream whose rows never change; the bookmark is the last id."""

    @property
    def reached(self) -> datetime | None:
        """The end of the last closed window; None in the first run."""
        return self._bookmark.until

    def close(self, window: Window | None) -> str:
        """Move the bookmark to the last id, store the window's end, and return "up to id ..."."""
        last = max(int(self._bookmark.value or 0), self._bookmark.cursor)
        self._bookmark.close(self._key, last, None if window is None else window.end)
        return f"up to id {last}"


class FullWindows(Windows):
    """All rows, read in windows. STATE stores the range that is still to be read.

    The range keeps its end over interrupted runs, so that they complete one and the same reading.

    Args:
        bookmark: The stream's bookmark.
        run: The window of all rows.
        zone: The API user's zone; no window may start or end in a repeated hour of it.
        result: Gets the report that there is nothing to read yet.
    """

    def __init__(
        self, bookmark: Bookmark, run: Window, zone: ZoneInfo, result: StreamResult
    ) -> None:
        self._bookmark = bookmark
        self._run = run
        self._zone = zone
        self._result = result

    def __iter__(self) -> Iterator[Window]:
        """Yield the range that is still to be read, until nothing is left of it."""
        if self._bookmark.window is None:
            if self._run.start >= self._run.end:
                self._result.mark_done(f"nothing to read before {to_iso(self._run.end)}")
                return
            self._bookmark.open(self._run)
        while (remaining := self._bookmark.window) is not None:
            yield remaining._replace(start=unambiguous_edge(remaining.start, self._zone))

    def close(self, window: Window | None) -> str:
        """Move the start of the remaining range to the window's end; return "up to ..."."""
        remaining = self._bookmark.window
        if window is None or remaining is None or window.end >= remaining.end:
            self._bookmark.close(None, None)
        else:
            self._bookmark.open(Window(window.end, remaining.end))
        return "all rows" if window is None else f"up to {to_iso(window.end)}"
