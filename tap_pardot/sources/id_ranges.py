"""Which ranges of ids the workers of a query read. Pure: no I/O, no threads.

The ids after the cursor are covered by a list of ranges in order. Ranges are not fixed in advance.
When a worker is free, it gets the beginning of the first range that has no worker: a few pages, as
estimated from the rows that were read until then. The newest id only helps to estimate: the last
range has no upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PAGES = 5
"""The most pages that a range is expected to fill. Longer ranges would hold more rows in memory;
shorter ones would have more pages that are not full."""
_MARGIN = 0.97
"""Part of its pages that a range is expected to fill, so that few ranges need another page."""
_REMEMBERED = 40
"""The last pages, from whose rows the density is estimated. Fewer may lie in one clump of ids."""
_MAX_OVERRUN = 2 * PAGES
"""Pages of a range after which its density is estimated from its own rows alone."""
_REMAINDER = 0.25
"""Pages that are not worth a range of their own: the range before them keeps them."""


@dataclass(eq=False)
class Range:
    """Ids that are read, or are to be read, by one worker.

    Its worker sets ``pages_read`` and ``has_failed``; all else is set by the plan.

    Attributes:
        after: The id before the first one.
        last: The last id; None for no bound.
        pages: How many pages its worker is to read; 0 while it has no worker.
        pages_read: How many pages its worker has read.
        overrun: How many pages were read of the range that this is the rest of.
        has_failed: Whether its worker has failed.
        is_dropped: Whether its worker is to stop, because the rows are not needed.
    """

    after: int
    last: int | None = None
    pages: int = 0
    pages_read: int = 0
    overrun: int = 0
    has_failed: bool = False
    is_dropped: bool = False


class Outcome(NamedTuple):
    """What a worker found out about a range.

    Attributes:
        cursor: The id up to which every row was read.
        rows: How many rows there are up to it.
        density: Ids per row, in all pages of the worker; the last one may reach beyond the range.
        beyond: The first id that was seen after the range, if one was.
        is_end: Whether no rows follow.
    """

    cursor: int
    rows: int
    density: float
    beyond: int | None = None
    is_end: bool = False


class RangePlan:
    """The ranges after a cursor, in order.

    Args:
        after: The cursor.
        newest: The newest id, as Pardot has reported it.
        density: Ids per row.
        size: Rows of a page.
        threads: How many ranges may have a worker, or hold rows, at a time.
    """

    def __init__(self, after: int, newest: int, density: float, size: int, threads: int) -> None:
        self.ranges = [Range(after)]
        self._newest = newest
        self._size = size
        self._threads = threads
        # The remembered rows, and the ids that they take.
        self._rows = float(size)
        self._ids = density * size

    @property
    def _density(self) -> float:
        """Ids per row."""
        return max(self._ids / self._rows, 1.0)

    def begin(self) -> Range | None:
        """Return the next range for a worker; None if none is to begin now."""
        if sum(each.pages > 0 for each in self.ranges) >= self._threads:
            return None
        for place, each in enumerate(self.ranges):
            if each.has_failed:  # the rows after it will not be yielded
                return None
            if not each.pages:
                return self._cut(place)
        return None

    def finish(self, outcome: Outcome) -> None:
        """Replace the first range by what its worker has left of it; drop all after the end."""
        done = self.ranges.pop(0)
        if outcome.is_end:
            self.drop()
            return
        self._remember(outcome.cursor - done.after, outcome.rows)
        if done.last is None or outcome.cursor < done.last:
            self._put_back(done, outcome)
        elif outcome.beyond is not None:
            self._skip(outcome.beyond)

    def drop(self) -> None:
        """Drop all ranges."""
        for each in self.ranges:
            each.is_dropped = True
        self.ranges.clear()

    def _remember(self, ids: int, rows: int) -> None:
        """Count rows and the ids that they take; the oldest ones count less."""
        self._ids += ids
        self._rows += rows
        part = min(_REMEMBERED * self._size / self._rows, 1.0)
        self._ids *= part
        self._rows *= part

    def _put_back(self, done: Range, outcome: Outcome) -> None:
        """Put what a worker has left of the first range in its place.

        If that seems to be far more than all workers have begun, the ranges after it are given up:
        they would occupy all workers but one until it is read.
        """
        rest = Range(outcome.cursor, done.last, overrun=done.overrun + done.pages_read)
        ids = (self._newest if rest.last is None else rest.last) - rest.after
        seems_long = ids / outcome.density / self._size > PAGES * self._threads
        if seems_long and rest.overrun >= _MAX_OVERRUN:
            self.drop()
            self._rows = float(self._size)
            self._ids = self._rows * outcome.density
            rest = Range(outcome.cursor)
        self.ranges.insert(0, rest)

    def _skip(self, beyond: int) -> None:
        """Take out the ids before one that is known to follow the range that is finished."""
        waiting = next((each for each in self.ranges if not each.pages), None)
        if waiting is None or waiting.after >= beyond - 1:
            return
        if waiting.last is not None and waiting.last < beyond:
            self.ranges.remove(waiting)
        else:
            self._remember(beyond - 1 - waiting.after, 0)
            waiting.after = beyond - 1

    def _cut(self, place: int) -> Range:
        """Cut as much off a range as a worker should read; return that."""
        each = self.ranges[place]
        pages = self._share()
        rows = pages * self._size
        # A range with as many ids as these pages have rows never needs more pages.
        rest = Range(each.after + max(rows, int(_MARGIN * rows * self._density)), each.last)
        if self._pages_of(rest) >= _REMAINDER:
            self.ranges.insert(place + 1, rest)
            each.last = rest.after
        each.pages = pages
        return each

    def _share(self) -> int:
        """Return how many pages a worker should read, so that all workers finish together."""
        # One more page, because a full one does not show that it is the last.
        left = 1 + sum(
            max(0, each.pages - each.pages_read) if each.pages else self._pages_of(each)
            for each in self.ranges
        )
        return min(max(int(left / self._threads), 1), PAGES)

    def _pages_of(self, each: Range) -> float:
        """Return the expected pages of a range."""
        last = self._newest if each.last is None else each.last
        return max(0, last - each.after) / self._density / self._size
