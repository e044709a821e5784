"""Time: instants and windows in UTC, and the local times of the API user's zone.

Pardot reads and writes local times without an offset, in the API user's zone (reference A.11), to
the second. Bounds are exclusive. In the hour that an autumn clock change repeats, a local time
means two instants, and the API does not say which. So the edges of windows stay out of such hours,
and a row's time inside of one is read as the earlier instant.

Pure: no I/O.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo
    from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
SHORTEST = timedelta(minutes=1)
"""The shortest window that is requested where Pardot runs out of time for a longer one."""
_FIRST_YEAR, _LAST_YEAR = 1900, 9998  # room for zones on both sides
EARLIEST = datetime(2007, 1, 1, tzinfo=UTC)
"""Where a run without ``start_date`` begins. Pardot was founded in 2007."""


def parse_instant(text: str) -> datetime:
    """Return the UTC instant, in whole seconds, of an ISO 8601 string (naive = UTC).

    Raises:
        ValueError: The string is not ISO 8601, or its year is beyond 1900 to 9998.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("year out of range")
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError("year out of range") from error


def to_iso(moment: datetime) -> str:
    """Return an instant as an ISO 8601 string in UTC of fixed width, as in records and STATE."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def to_local(moment: datetime, zone: ZoneInfo) -> str:
    """Return an instant as Pardot writes and reads it: ``YYYY-MM-DD HH:MM:SS`` in ``zone``."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")


def is_ambiguous(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the instant's local time in ``zone`` means another instant too."""
    wall = moment.astimezone(zone)
    twin = wall.replace(fold=1 - wall.fold)
    # Two local times of one zone compare by their digits, so compare them in UTC.
    return twin.astimezone(UTC) != wall.astimezone(UTC)


def unambiguous_edge(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the last instant up to ``moment`` that a window may start or end at.

    It is ``moment`` in whole seconds, or else the last second of a minute before it. Neither the
    edge nor the second before it, which is the lower bound of a request, may lie in a repeated
    hour. So Pardot reads the same instant from the local time.
    """
    edge = moment.replace(microsecond=0)
    while is_ambiguous(edge, zone) or is_ambiguous(edge - SECOND, zone):
        edge = edge.replace(second=0) - SECOND  # clocks change at whole minutes
    return edge


class Window(NamedTuple):
    """The instants [start, end), in UTC."""

    start: datetime
    end: datetime

    def after(self, zone: ZoneInfo) -> str:
        """Return the lower bound of a request: Pardot excludes it, so it is one second early."""
        return to_local(self.start - SECOND, zone)

    def before(self, zone: ZoneInfo) -> str:
        """Return the upper bound of a request, which Pardot excludes as the window does."""
        return to_local(self.end, zone)


def clamp(window: Window, longest: timedelta, zone: ZoneInfo) -> Window:
    """Return the beginning of a window, no longer than ``longest``.

    It is longer where it would end in a repeated hour, in which no edge may lie
    (:func:`unambiguous_edge`).
    """
    while window.start + longest < window.end:
        edge = unambiguous_edge(window.start + longest, zone)
        if edge > window.start:
            return Window(window.start, edge)
        longest *= 2
    return window


def first_half(window: Window, zone: ZoneInfo) -> Window | None:
    """Return the first half of a window, or its first minute; None where neither is shorter."""
    # Rounded up, so that halving never leaves less than a second over at the end.
    middle = -((window.start - window.end) // SECOND // 2) * SECOND
    half = clamp(window, max(middle, SHORTEST), zone)
    return half if half.end < window.end else None


def utc_converter(zone: ZoneInfo) -> Callable[[str], str]:
    """Return a converter from Pardot's local times to ISO 8601 strings in UTC.

    The converter takes ``YYYY-MM-DD HH:MM:SS``, also with ``T``, with a fraction, without a time,
    or with an offset or ``Z``, which it respects. It returns strings of fixed width. It reads a
    time that a clock change repeats as the earlier instant, and a time that a clock change skips
    by the offset before the change. It raises :class:`ValueError` for anything else.
    """
    convert_column = utc_column_converter(zone)

    def convert(text: str) -> str:
        with suppress(ValueError):
            if (utc := convert_column([text])[0]) is not None:
                return utc
        return _exact(text.strip(), zone)

    return convert


def utc_column_converter(zone: ZoneInfo) -> Callable[[Sequence[str | None]], list[str | None]]:
    """Return a faster converter for a column of times ``YYYY-MM-DD HH:MM:SS``, also with ``T``.

    It returns what :func:`utc_converter` does, and None for an empty string or None. It raises
    :class:`ValueError` for a column with a time of another form, or one near a clock change.
    """
    offset = zone.utcoffset(_ANY_DAY) or timedelta()
    # In most zones an hour is an hour of UTC too, in India ten minutes are, in Nepal a minute.
    units = [unit for unit in _UNITS if not offset.seconds % unit.seconds]
    caches = [(unit.length, _Prefixes(zone, unit), _Rests(unit)) for unit in units]

    def convert(texts: Sequence[str | None]) -> list[str | None]:
        for n, prefixes, rests in caches:
            with suppress(ValueError):
                return [prefixes[text[:n]] + rests[text[n:]] if text else None for text in texts]
        raise ValueError("not times of the usual form and offset")

    return convert


class OffsetTimes:
    """Converts times that carry their offset, as version 5 writes them, to ISO 8601 in UTC."""

    def __init__(self) -> None:
        self._by_offset: dict[str, Callable[[str], str]] = {}

    def convert(self, text: str) -> str:
        """Return any ISO 8601 string with an offset or ``Z`` in UTC.

        Raises:
            ValueError: It is none, or has no offset.
        """
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return _in_utc(moment)

    def column(self, texts: Sequence[str | None]) -> list[str | None]:
        """Return the times ``YYYY-MM-DDTHH:MM:SS`` with an offset; None for "" and None.

        Raises:
            ValueError: One has another form.
        """
        known = self._by_offset
        try:
            return [known[text[_TO_SECONDS:]](text) if text else None for text in texts]
        except KeyError:
            for offset in {text[_TO_SECONDS:] for text in texts if text} - known.keys():
                if len(known) >= _MAX_OFFSETS:
                    raise ValueError("too many offsets") from None
                known[offset] = _of_offset(offset)
        return [known[text[_TO_SECONDS:]](text) if text else None for text in texts]


def _of_offset(text: str) -> Callable[[str], str]:
    """Return the converter of times with one offset, such as ``-04:00``.

    Raises:
        ValueError: It is no offset.
    """
    zone = datetime.fromisoformat(f"2024-01-01T00:00:00{text}").tzinfo
    if zone is None:
        raise ValueError("no offset")
    offset = zone.utcoffset(None) or timedelta()
    unit = next((each for each in _UNITS if not offset.seconds % each.seconds), None)
    if unit is None:
        raise ValueError("no whole minutes")
    prefixes, rests, length = _Prefixes(zone, unit), _Rests(unit), unit.length
    return lambda time: prefixes[time[:length]] + rests[time[length:_TO_SECONDS]]


class _Unit(NamedTuple):
    """A span of time: its seconds, and how long a string of a time up to it is."""

    seconds: int
    length: int


_UNITS = (
    _Unit(3600, len("YYYY-MM-DD HH")),
    _Unit(600, len("YYYY-MM-DD HH:M")),
    _Unit(60, len("YYYY-MM-DD HH:MM")),
)


class _Prefixes(dict[str, str]):
    """The beginnings of times in UTC by those of local times, for some thousand units."""

    def __init__(self, zone: tzinfo, unit: _Unit) -> None:
        super().__init__()
        self._zone = zone
        self._unit = unit

    def __missing__(self, prefix: str) -> str:
        if prefix[10:11] not in {" ", "T"} or len(prefix) != self._unit.length:
            raise ValueError("not a date and the beginning of a time")
        local = datetime.fromisoformat(prefix + _MIDNIGHT[self._unit.length :])
        last = local + timedelta(seconds=self._unit.seconds - 1)
        offset = self._zone.utcoffset(local)
        if offset is None or offset.seconds % self._unit.seconds:
            raise ValueError("no whole units between local time and UTC")
        if offset != self._zone.utcoffset(last.replace(fold=1)):
            raise ValueError("the offset changes")
        try:
            utc = (local - offset).isoformat()[: self._unit.length]
        except OverflowError as error:
            raise ValueError("year out of range") from error
        if len(self) >= _MAX_PREFIXES:
            self.clear()
        self[prefix] = utc
        return utc


class _Rests(dict[str, str]):
    """The ends of times in UTC by those of local times, in which no offset is: at most 3,600."""

    def __init__(self, unit: _Unit) -> None:
        super().__init__()
        self._hour = _MIDNIGHT[11 : unit.length]

    def __missing__(self, rest: str) -> str:
        hour, *others = (self._hour + rest).split(":")
        if hour != "00" or len(others) != 2 or not _SIXTY.issuperset(others):  # noqa: PLR2004
            raise ValueError("not minutes and seconds")
        self[rest] = utc = f"{rest}+00:00"
        return utc


def _exact(text: str, zone: ZoneInfo) -> str:
    """Return any ISO 8601 string in UTC; without an offset it is a local time of ``zone``."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return _in_utc(moment)


def _in_utc(moment: datetime) -> str:
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError as error:
        raise ValueError("year out of range") from error


_TO_SECONDS = len("YYYY-MM-DDTHH:MM:SS")
_MAX_OFFSETS = 64
_SIXTY = frozenset(f"{n:02}" for n in range(60))
_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a local time
_MIDNIGHT = "YYYY-MM-DD 00:00:00"
_MAX_PREFIXES = 16_384  # nearly two years of hours
