"""The windows of export jobs (reference D.1).

Pure: no I/O.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_pardot.records.times import (
    SECOND,
    Window,
    clamp,
    first_half,
    parse_instant,
    unambiguous_edge,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    StoredJob = dict[str, Any]

MAX_RANGE = timedelta(days=365)
"""The longest range of one job (D.1). It includes the second by which the lower bound is early."""

LIFETIME = timedelta(days=7)
"""How long Pardot stores the files of a job (D.1)."""


def is_collectable(stored: StoredJob, now: datetime) -> bool:
    """Return whether Pardot can still have the files of a stored job."""
    return now - parse_instant(stored["made"]) < LIFETIME


def windows(
    start: datetime, end: datetime, zone: ZoneInfo, max_length: timedelta | None = None
) -> Iterator[Window]:
    """Yield [start, end) as windows that one job can cover, oldest first.

    Args:
        start: The first instant.
        end: The instant after the last one.
        zone: The API user's zone.
        max_length: The longest window that is allowed, if Pardot ran out of time for a longer one.
    """
    while start < end:
        after = start - SECOND
        edge = min(end, after + MAX_RANGE)
        if max_length is not None:
            edge = clamp(Window(start, edge), max_length, zone).end
        # No document says whether a year is counted in local time or in UTC: both have to fit.
        while (excess := _local(edge, zone) - _local(after, zone) - MAX_RANGE) > timedelta():
            edge -= excess
        if edge < end:
            edge = unambiguous_edge(edge, zone)
        yield Window(start, edge)
        start = edge


def windows_after_stored(
    window: Window,
    stored: Iterable[StoredJob],
    zone: ZoneInfo,
    max_length: timedelta | None = None,
    grace: timedelta = timedelta(),
) -> Iterator[Window]:
    """Yield a window as the windows of stored jobs, then the rest of it as new windows.

    Args:
        window: The window.
        stored: The jobs.
        zone: The API user's zone.
        max_length: The longest new window; None for the longest that Pardot allows.
        grace: How far the last job may go beyond the window.
    """
    start = window.start
    ends = {parse_instant(each["start"]): parse_instant(each["end"]) for each in stored}
    while start in ends and start < ends[start] <= window.end + grace:
        yield Window(start, ends[start])
        start = ends[start]
    yield from windows(start, window.end, zone, max_length)


def length_after_expiry(
    stored: Iterable[StoredJob], zone: ZoneInfo, now: datetime
) -> timedelta | None:
    """Return the longest window to plan, if a job's files expired before all rows were written.

    A new job of the same window would start with the first row again, and expire again. So the
    window is halved, in each run that finds such a job, until it is read in time. None if no job
    expired like that.
    """
    for each in stored:
        is_begun = each["done"] or each.get("rows") or each.get("cursor")
        if is_begun and not is_collectable(each, now):
            whole = Window(parse_instant(each["start"]), parse_instant(each["end"]))
            half = first_half(whole, zone)
            return None if half is None else half.end - half.start
    return None


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
