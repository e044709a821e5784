"""Which windows a stream reads in a run, and what its bookmark says once they are out."""

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
        """Yield what to read next, until nothing is left; None for everything there is.

        A window that could not be read, and was made shorter in the bookmark, comes again.
        """

    @abstractmethod
    def close(self, window: Window | None) -> str:
        """Move the bookmark: all rows of the window are out. Return how far the stream is."""


class Everything(Windows):
    """One reading of all there is, on from where an interrupted run was."""

    def __init__(self, bookmark: Bookmark) -> None:
        self._bookmark = bookmark

    def __iter__(self) -> Iterator[None]:
        """Yield None once."""
        yield None

    def close(self, window: Window | None) -> str:  # noqa: ARG002
        """Forget the cursor."""
        self._bookmark.close(None, None)
        return "all rows"


class Incremental(Windows):
    """From the bookmark, or ``start_date``, to the run's end.

    Args:
        name: The stream, for the log.
        bookmark: The stream's.
        key: The replication key.
        run: Where a stream without a bookmark starts, and where every window ends.
        ends_early: Whether ``end_date`` set the end, so that a bookmark may lie behind it.
        lookback: How far before the bookmark to start.
        zone: The API user's zone, in which an edge must not be ambiguous.
        result: Where it is reported that nothing is to be read yet.
        once: Whether one window is enough, because each reading brings everything.
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

    def __iter__(self) -> Iterator[Window]:
        """Yield the window that an interrupted run left open, then the one up to the run's end."""
        while (window := self._next()) is not None:
            yield window
            if self._is_finished:
                return

    @property
    def _is_finished(self) -> bool:
        """Whether everything up to the run's end is out; a source may read less at a time."""
        if self._bookmark.window is not None or not self._bookmark.moved:
            return False
        return self._once or (self.reached is not None and self.reached >= self._run.end)

    @property
    def reached(self) -> datetime | None:
        """The instant before which everything is out, or None at the first run."""
        value = self._bookmark.value
        return None if value is None else parse_instant(value)

    def _next(self) -> Window | None:
        """Return the window left open, or else from the bookmark to the run's end."""
        left, reached = self._bookmark.window, self.reached
        latest = reached if left is None else left.end
        if latest is not None and latest > self._run.end and not self._ends_early:
            self._report_clock(latest)
            return None
        # The run that wrote STATE may have had another time zone, with other repeated hours.
        if left is not None:
            return left._replace(start=unambiguous_edge(left.start, self._zone))
        start = self._run.start
        if reached is not None:
            lookback = timedelta() if self._bookmark.moved else self._lookback
            start = unambiguous_edge(reached - lookback, self._zone)
        if start >= self._run.end:
            self._report_nothing()
            return None
        return Window(start, self._run.end)

    def _report_clock(self, latest: datetime) -> None:
        # Export jobs are planned before the stream's turn, so this can have been reported.
        if self._result.status is not Status.DONE:
            logger.warning(
                "%s: Pardot's clock is behind the bookmark %s; the stream waits for a later run.",
                self._name,
                to_iso(latest),
            )
        self._report_nothing()

    def _report_nothing(self) -> None:
        self._result.done(f"nothing to read before {to_iso(self._run.end)}")

    def close(self, window: Window | None) -> str:
        """Move the bookmark to the window's end."""
        end = "" if window is None else to_iso(window.end)
        self._bookmark.close(self._key, end)
        return f"up to {end}"


class AppendOnly(Incremental):
    """Windows of rows that never change; the bookmark is their last id."""

    @property
    def reached(self) -> datetime | None:
        """The end of the last finished window."""
        return self._bookmark.until

    def close(self, window: Window | None) -> str:
        """Move the bookmark to the last id, and note the window's end."""
        last = max(int(self._bookmark.value or 0), self._bookmark.cursor)
        self._bookmark.close(self._key, last, None if window is None else window.end)
        return f"up to id {last}"


class FullWindows(Windows):
    """Everything, in windows: STATE holds what is left, to the end that the reading began with.

    Args:
        bookmark: The stream's.
        run: The window of everything.
        zone: The API user's zone, in which an edge must not be ambiguous.
        result: Where it is reported that nothing is to be read yet.
    """

    def __init__(
        self, bookmark: Bookmark, run: Window, zone: ZoneInfo, result: StreamResult
    ) -> None:
        self._bookmark = bookmark
        self._run = run
        self._zone = zone
        self._result = result

    def __iter__(self) -> Iterator[Window]:
        """Yield what is left of the reading, until it is closed."""
        if self._bookmark.window is None:
            if self._run.start >= self._run.end:
                self._result.done(f"nothing to read before {to_iso(self._run.end)}")
                return
            self._bookmark.open(self._run)
        while (left := self._bookmark.window) is not None:
            yield left._replace(start=unambiguous_edge(left.start, self._zone))

    def close(self, window: Window | None) -> str:
        """Move the start of what is left to the window's end."""
        whole = self._bookmark.window
        if window is None or whole is None or window.end >= whole.end:
            self._bookmark.close(None, None)
        else:
            self._bookmark.open(Window(window.end, whole.end))
        return "all rows" if window is None else f"up to {to_iso(window.end)}"
