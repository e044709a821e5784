"""Time: windows in UTC, and the API user's wall clock they are asked and answered in.

Pardot speaks local time without an offset, in the API user's zone (reference A.11), with a
grain of one second; bounds are exclusive. In the hour that an autumn clock change repeats, a
wall time means two instants and nothing in the API says which. So edges of windows stay out of
such hours, and a row's time inside one is read as the earlier of the two.

Pure functions, no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
SHORTEST = timedelta(minutes=1)
"""The shortest window that is asked for because a longer one takes Pardot too long."""
_FIRST_YEAR, _LAST_YEAR = 1900, 9998  # room for zones on both sides
EARLIEST = datetime(2007, 1, 1, tzinfo=UTC)
"""Where an account without ``start_date`` begins: Pardot was founded in 2007."""


def parse_instant(text: str) -> datetime:
    """Return the UTC instant, whole seconds, of an ISO 8601 text (naive = UTC).

    Raises:
        ValueError: If the text is not ISO 8601, or its instant cannot be written in UTC.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("beyond any account")
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def to_iso(moment: datetime) -> str:
    """Return a UTC instant as ISO 8601 text of fixed width, as in records and in STATE."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def to_local(moment: datetime, zone: ZoneInfo) -> str:
    """Return an instant as Pardot writes and reads it: ``YYYY-MM-DD HH:MM:SS`` in ``zone``."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")


def is_ambiguous(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the instant's wall time in ``zone`` names a second instant too."""
    wall = moment.astimezone(zone)
    twin = wall.replace(fold=1 - wall.fold)
    # Wall times of one zone compare as naive ones, so the comparison must be made in UTC.
    return twin.astimezone(UTC) != wall.astimezone(UTC)


def unambiguous_edge(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return ``moment`` in whole seconds or, if unfit, the last whole minute before it that is fit.

    Fit to be a window's edge means: neither it nor the second before it (which is what
    ``*_after`` is asked with) lies in a repeated hour, so that both sides read the same instant
    from the wall time.
    """
    edge = moment.replace(microsecond=0)
    while is_ambiguous(edge, zone) or is_ambiguous(edge - SECOND, zone):
        # Clocks change at whole minutes.
        edge = edge.replace(second=0) - timedelta(minutes=1)
    return edge


class Window(NamedTuple):
    """The instants [start, end), in UTC."""

    start: datetime
    end: datetime

    def after(self, zone: ZoneInfo) -> str:
        """The lower bound to ask with: exclusive in Pardot, so one second early."""
        return to_local(self.start - SECOND, zone)

    def before(self, zone: ZoneInfo) -> str:
        """The upper bound to ask with: exclusive in Pardot and here."""
        return to_local(self.end, zone)


def clamp(window: Window, longest: timedelta, zone: ZoneInfo) -> Window:
    """Return the beginning of a window, as long as wanted.

    Near a clock change that repeats an hour it is longer, because no edge can be inside
    (:func:`unambiguous_edge`).
    """
    while window.start + longest < window.end:
        edge = unambiguous_edge(window.start + longest, zone)
        if edge > window.start:
            return Window(window.start, edge)
        longest *= 2
    return window


def first_half(window: Window, zone: ZoneInfo) -> Window | None:
    """Return the first half of a window, a minute at least; None where it is not shorter."""
    # Rounded up: else a piece of a second would be left over at the end.
    middle = -((window.start - window.end) // SECOND // 2) * SECOND
    half = clamp(window, max(middle, SHORTEST), zone)
    return half if half.end < window.end else None


def utc_converter(zone: ZoneInfo) -> Callable[[str], str]:
    """Return a fast converter from Pardot's local times to UTC text.

    The converter takes ``YYYY-MM-DD HH:MM:SS`` (also with ``T``, with a fraction, without a
    time, or with an offset or ``Z``, which then counts) and returns ISO 8601 text in UTC of
    fixed width. A time that a clock change repeats is read as the earlier instant, one that it
    skips by the offset before the change. It raises :class:`ValueError` for anything else.
    """
    exact = partial(_exact, zone=zone)
    hour = lru_cache(maxsize=4096)(partial(_hour, zone=zone))
    # Zones whose offset is not whole hours take this way for every row.
    by_minute = lru_cache(maxsize=65536)(exact)

    def convert(text: str) -> str:
        if len(text) == 19 and text[10] in " T" and text[13] == ":" == text[16]:  # noqa: PLR2004
            minute, second = text[14:16], text[17:]
            if minute in _SIXTY and second in _SIXTY:
                prefix = hour(text[:13])
                if prefix is not None:
                    return f"{prefix}:{minute}:{second}+00:00"
                utc = by_minute(text[:17] + "00")
                if utc[17:19] == "00":  # local mean times of old have odd seconds
                    return f"{utc[:17]}{second}+00:00"
        return exact(text.strip())

    return convert


def _exact(text: str, zone: ZoneInfo) -> str:
    """Return any ISO 8601 text as UTC text; local time in ``zone`` unless it has an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def _hour(prefix: str, zone: ZoneInfo) -> str | None:
    """Return UTC ``YYYY-MM-DDTHH`` of a local ``YYYY-MM-DD HH``; None if it is not that simple."""
    first = datetime.fromisoformat(prefix + ":00:00").replace(tzinfo=zone)
    last = first.replace(minute=59, second=59, fold=1)
    offset = first.utcoffset()
    if offset != last.utcoffset() or offset is None or offset.seconds % 3600:
        return None
    return _exact(prefix + ":00:00", zone)[:13]


_SIXTY = frozenset(f"{n:02}" for n in range(60))
