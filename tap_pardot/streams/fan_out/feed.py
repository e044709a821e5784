"""A feed: a range of a parent's rows that is read for its children only and not emitted.

A feed has its own part of STATE, under the key ``feed`` of the parent's part: the window that is
being read, its cursor or export jobs, the ``end`` of the range, and the names of the ``children``
that it is read for. It does not move the parent's own bookmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.records.times import Window, clamp, parse_instant, to_iso, unambiguous_edge
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.sync.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from tap_pardot.streams.fan_out.child import Child


class Feed(Windows):
    """The windows of a feed.

    If an interrupted run has left a feed open that was read for all of these children, that feed
    is resumed.

    Args:
        parent: The parent's part of STATE.
        zone: The API user's zone; no window may start or end in a repeated hour of it.
        window: The range to read, if no feed is resumed.
        children: The children that it is read for.

    Attributes:
        bookmark: The bookmark of the feed.
        end: The end of the range.
    """

    def __init__(
        self, parent: dict[str, Any], zone: ZoneInfo, window: Window, children: Sequence[Child]
    ) -> None:
        if not isinstance(parent.get("feed"), dict):
            parent["feed"] = {}
        self._part: dict[str, Any] = parent["feed"]
        self.bookmark = Bookmark(self._part)
        self._zone = zone
        self._max_window: timedelta | None = None
        open_window = self.bookmark.window
        can_resume = open_window is not None and open_window.end > window.start
        if not (can_resume and all(child.is_covered_by(self._part) for child in children)):
            self.bookmark.begin_anew()
            self.bookmark.open(window)
            self._part["end"] = to_iso(window.end)
        # A child that is not listed here does not get the records from now on.
        self._part["children"] = sorted(child.name for child in children)
        end = self._part.get("end")
        self.end: datetime = window.end if open_window is None else open_window.end
        if end is not None:
            self.end = parse_instant(end)

    def __iter__(self) -> Iterator[Window]:
        """Yield the open window, until the whole range is read."""
        previous: Window | None = None
        while (current := self.bookmark.window) is not None:
            if (
                previous is not None
                and current.start == previous.start
                and current.end < previous.end
            ):
                # The source has split the window: later ones must not be longer.
                self._max_window = current.end - current.start
            previous = current
            yield current._replace(start=unambiguous_edge(current.start, self._zone))

    def close(self, window: Window | None) -> str:
        """Open the next window of the range, or close the feed; return "up to ..."."""
        if window is not None and window.end < self.end:
            rest = Window(window.end, self.end)
            if self._max_window is not None:
                rest = clamp(rest, self._max_window, self._zone)
            self.bookmark.open(rest)
        else:
            self.bookmark.close(None, None)
            self._part["end"] = None
        return f"up to {to_iso(self.end)}"
