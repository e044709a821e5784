"""Pardot's times: the local time of the API user, and what date parameters mean.

Answers contain local time without offset in the API user's zone, and date parameters are read in
the same zone (reference A.11). Both sides of an autumn clock change look the same.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = 86_400
# Every zone changes on a multiple of this since 1972, so an offset holds for a whole quarter.
QUARTER = 900

# GNU syntax as far as the reference saw it accepted (A.11); the rest of GNU's grammar is refused.
_STAMP = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?:\s+|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_AGO = re.compile(r"(?P<count>\d{1,6})\s+(?P<unit>second|minute|hour|day|week)s?\s+ago", re.ASCII)
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": DAY, "week": 7 * DAY}
# Times of version 5, both ways (reference of version 5, A.4): Z is refused.
_OFFSET_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}", re.ASCII)
_MAX_HOUR, _MAX_MINUTE, _MAX_SECOND = 24, 59, 60


class BadDateError(ValueError):
    """A date parameter is not GNU date syntax (error 7)."""


@cache
def _day(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


@cache
def _time_of_day(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    return f" {minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


class WallClock:
    """The local clock of the API user.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: The zone is not in the IANA database.
    """

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._offsets: dict[int, int] = {}

    def offset(self, instant: int) -> int:
        """Return local time minus UTC at an instant, both in seconds."""
        quarter = instant // QUARTER
        offset = self._offsets.get(quarter)
        if offset is None:
            at = datetime.fromtimestamp(quarter * QUARTER, self.zone)
            delta = at.utcoffset() or timedelta()
            offset = self._offsets[quarter] = int(delta.total_seconds())
        return offset

    def text(self, instant: int) -> str:
        """Return ``YYYY-MM-DD HH:MM:SS`` in local time (A.11)."""
        day, second = divmod(instant + self.offset(instant), DAY)
        return _day(day) + _time_of_day(second)

    def offset_text(self, instant: int) -> str:
        """Return ``YYYY-MM-DDTHH:MM:SS±HH:MM`` in local time, as version 5 writes times."""
        offset = self.offset(instant)
        hours, minutes = divmod(abs(offset) // 60, 60)
        sign = "-" if offset < 0 else "+"
        return f"{self.text(instant).replace(' ', 'T')}{sign}{hours:02}:{minutes:02}"

    def midnight(self, instant: int, days: int = 0) -> int:
        """Return the local midnight ``days`` after the day of ``instant``."""
        return self.instant_of((instant + self.offset(instant)) // DAY * DAY + days * DAY)

    def instant_of(self, wall: int, *, late: bool = False) -> int:
        """Return the instant of a local time, given as seconds since 1970-01-01 00:00 local time.

        A time inside a fold happens twice: the earlier one counts, unless ``late``. A time inside
        a gap never happens: it is read with the offset before the gap, so 02:30 is 03:30 [?].
        """
        naive = datetime.fromtimestamp(wall, UTC).replace(tzinfo=self.zone)
        first = naive.utcoffset() or timedelta()
        second = naive.replace(fold=1).utcoffset() or timedelta()
        chosen = second if late and second < first else first
        return wall - int(chosen.total_seconds())

    def read(self, text: str, *, now: int, late: bool = False, zone_suffix: str = "ignored") -> int:
        """Read a date parameter.

        Args:
            text: One of the words of A.11, or GNU date syntax as seen accepted.
            now: The server's present time, epoch seconds as the result.
            late: See `instant_of`.
            zone_suffix: ``ignored``: the rest counts as local time, the strict reading of A.11
                [?]; ``honoured``: GNU's meaning; ``refused``: error 7.

        Raises:
            BadDateError: No such syntax, or no such day or hour.
        """
        text = text.strip()
        word = self._word(text.lower(), now) if text[:1].isalpha() or "ago" in text else None
        if word is not None:
            return word
        found = _STAMP.fullmatch(text)
        if not found:
            raise BadDateError(text)
        wall = _wall(found)
        zone = found["zone"]
        if not zone or zone_suffix == "ignored":
            return self.instant_of(wall, late=late)
        if zone_suffix == "refused":
            raise BadDateError(text)
        return wall - _zone_offset(zone)

    def _word(self, word: str, now: int) -> int | None:
        """Return the start of a relative word; its boundaries are [?] in A.11."""
        first = date.fromisoformat(self.text(now)[:10]).replace(day=1)
        starts = {
            "now": now,
            "today": self.midnight(now),
            "yesterday": self.midnight(now, -1),
            "last_7_days": self.midnight(now, -7),
            "this_month": self._start_of(first),
            "last_month": self._start_of((first - timedelta(days=1)).replace(day=1)),
        }
        if word in starts:
            return starts[word]
        found = _AGO.fullmatch(word)
        if not found:
            return None
        seconds = int(found["count"]) * _UNITS[found["unit"]]
        # GNU counts days in local time and hours in elapsed time.
        if seconds % DAY == 0 and found["unit"] in {"day", "week"}:
            return self.instant_of(now + self.offset(now) - seconds)
        return now - seconds

    def _start_of(self, day: date) -> int:
        return self.instant_of(calendar.timegm(day.timetuple()))


def _wall(found: re.Match[str]) -> int:
    """Return the wall-clock seconds of a stamp; hours up to 24 (24:59:59 is in the docs, A.11)."""
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    if hour > _MAX_HOUR or minute > _MAX_MINUTE or second > _MAX_SECOND:
        raise BadDateError(found[0])
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError as bad:
        raise BadDateError(found[0]) from bad
    return calendar.timegm(day.timetuple()) + hour * 3600 + minute * 60 + second


def _zone_offset(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def read_offset_time(text: str) -> int:
    """Read a time with an offset as version 5 does; epoch seconds.

    Raises:
        BadDateError: Another form, with Z for example, or no such day or hour.
    """
    if not _OFFSET_TIME.fullmatch(text):
        raise BadDateError(text)
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as bad:
        raise BadDateError(text) from bad


def parse_instant(value: float | str) -> int:
    """Read an instant of the storage form.

    Args:
        value: Epoch seconds, or ISO 8601 text; text without an offset is UTC, never local.

    Raises:
        ValueError: The text is no ISO 8601 time.
    """
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    return int(value)
