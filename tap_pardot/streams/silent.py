"""Parents that are read for their children only: their records are not emitted.

Such a reading has a part of STATE of its own, ``feed`` under the parent's: the window that is
being read, its cursor or jobs, and the ``children`` it is read for. The parent's own bookmark
stays where it is.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_pardot.records.times import Window, parse_instant, to_iso, unambiguous_edge
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.streams.activities import EmailClicks
from tap_pardot.streams.people import VisitorActivities, Visitors
from tap_pardot.streams.queries import QueryStream
from tap_pardot.streams.sales import Opportunities
from tap_pardot.sync.report import StreamResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_pardot.errors import TapPardotError
    from tap_pardot.streams.child import Child
    from tap_pardot.tap import TapPardot


class Silent(QueryStream):
    """Reads one window of a parent; a mixin before the parent's class.

    Args:
        tap: The tap.
        needed: The columns to read besides the keys.
    """

    def __init__(self, tap: TapPardot, needed: Sequence[str]) -> None:
        super().__init__(tap)
        self._needed = set(needed)
        self._line = StreamResult()

    @property
    def columns(self) -> list[str]:
        """The keys and what the children need."""
        wanted = {*self._needed, *self.primary_keys, self.replication_key}
        return [name for name in self.schema["properties"] if name in wanted]

    @property
    def line(self) -> StreamResult:
        """A line that nobody sees: the report is about selected streams."""
        return self._line

    def ended(self, error: TapPardotError) -> None:
        """Leave a failure to the children, but for one that ends the run."""
        self.tap.report.stop(error)

    @property
    def _kept(self) -> dict[str, Any]:
        state: dict[str, Any] = self.stream_state
        if not isinstance(state.get("feed"), dict):
            state["feed"] = {}
        feed: dict[str, Any] = state["feed"]
        return feed

    @cached_property
    def bookmark(self) -> Bookmark:
        """The part of STATE that is about this reading."""
        return Bookmark(self._kept)

    def begin(self, window: Window, children: list[Child]) -> None:
        """Open a window, unless one is open already that was read for all of these children."""
        left = self.bookmark.window
        goes_on = left is not None and left.end > window.start
        if not (goes_on and all(child.is_covered_by(self._kept) for child in children)):
            self.bookmark.begin_anew()
            self.bookmark.open(window)
            self._kept["end"] = to_iso(window.end)
        # Another one that it was read for so far is not handed what comes now.
        self._kept["children"] = sorted(child.name for child in children)

    @property
    def end(self) -> datetime:
        """The end of what is to be read, of which the open window may be a part only."""
        window, end = self.bookmark.window, self._kept.get("end")
        if end is not None:
            return parse_instant(end)
        return self.run.end if window is None else window.end

    @property
    def incremental(self) -> bool:
        """One window is read, whatever the catalog says of the parent."""
        return True

    def window(self) -> Window | None:
        """Return what is left of the open window; None at its end."""
        left = self.bookmark.window
        if left is None:
            return None
        return left._replace(start=unambiguous_edge(left.start, self.run.zone))

    def passed(self, window: Window) -> None:
        """Note that everything up to this window's end was handed over."""
        if window.end < self.end:
            self.bookmark.open(self.fitting(Window(window.end, self.end)))
        else:
            self.bookmark.close(None, None)
            self._kept["end"] = None

    def finish(self, reached: str, value: Any = None, until: datetime | None = None) -> None:  # noqa: ARG002
        """Close the window, and open what is left behind it."""
        window = self.bookmark.window
        if window is not None:
            self.passed(window)

    def submit(self) -> None:
        """Create the jobs of parents that are exported."""


class SilentActivities(Silent, VisitorActivities):
    """Visitor activities, for the e-mails they name."""

    submit = VisitorActivities.submit


class SilentClicks(Silent, EmailClicks):
    """E-mail clicks, for the e-mails they name."""


class SilentOpportunities(Silent, Opportunities):
    """Opportunities, for their prospects."""


class SilentVisitors(Silent, Visitors):
    """Visitors, for their visits."""

    submit = Visitors.submit


SILENT: dict[str, type[Silent]] = {
    stream.name: stream
    for stream in (SilentActivities, SilentClicks, SilentOpportunities, SilentVisitors)
}
"""By the name of a parent, what reads it silently."""
