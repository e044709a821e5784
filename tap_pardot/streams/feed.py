"""A range of a parent's rows that is read for its children only; nothing of it is emitted.

Such a reading has a part of STATE of its own, ``feed`` under the parent's: the window that is
being read, its cursor or jobs, the ``end`` of the range, and the ``children`` it is read for. The
parent's own bookmark stays where it is.
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

    from tap_pardot.streams.child import Child


class Feed(Windows):
    """The windows of a range.

    Args:
        parent: The parent's part of STATE.
        zone: The API user's zone, in which an edge must not be ambiguous.
        window: The range, unless an interrupted run left one that was read for these children.
        children: Those it is read for.
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
        left = self.bookmark.window
        goes_on = left is not None and left.end > window.start
        if not (goes_on and all(child.is_covered_by(self._part) for child in children)):
            self.bookmark.begin_anew()
            self.bookmark.open(window)
            self._part["end"] = to_iso(window.end)
        # Another child that it was read for so far does not get what comes now.
        self._part["children"] = sorted(child.name for child in children)
        end = self._part.get("end")
        self.end: datetime = window.end if left is None else left.end
        if end is not None:
            self.end = parse_instant(end)

    def __iter__(self) -> Iterator[Window]:
        """Yield what is left of the open window, until the range is through."""
        before: Window | None = None
        while (left := self.bookmark.window) is not None:
            if before is not None and left.start == before.start and left.end < before.end:
                self._max_window = left.end - left.start
            before = left
            yield left._replace(start=unambiguous_edge(left.start, self._zone))

    def close(self, window: Window | None) -> str:
        """Open what is left of the range, as much of it as Pardot has time for."""
        if window is not None and window.end < self.end:
            rest = Window(window.end, self.end)
            if self._max_window is not None:
                rest = clamp(rest, self._max_window, self._zone)
            self.bookmark.open(rest)
        else:
            self.bookmark.close(None, None)
            self._part["end"] = None
        return f"up to {to_iso(self.end)}"
