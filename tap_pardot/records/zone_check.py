"""Whether the time zone in the settings agrees with the local times that Pardot writes.

Pure: no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from tap_pardot.errors import ConfigurationError


class TimezoneCheck:
    """Holds the time zone against what Pardot's own times tell.

    Args:
        zone: What the settings say, or the API user's record.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.is_needed = True
        """Whether no answer has told yet, nor was asked for it."""

    def check(self, created_at: str | None, instant: datetime | None) -> None:
        """Compare the local time at which a job was created with the instant when that was.

        Raises:
            ConfigurationError: They contradict the zone.
        """
        off = offset_error(created_at, instant, self._zone)
        if off is not None:
            likely = ", ".join(likely_zones(created_at, instant))
            raise ConfigurationError(
                f"Pardot's own times are {off.total_seconds() / 3600:+.4g} hours away from the "
                f"setting timezone ({self._zone.key}): set timezone to the zone in the API user's "
                f"Pardot settings{f', likely one like {likely}' if likely else ''}."
            )
        if created_at is not None and instant is not None:
            self.is_needed = False


def offset_error(
    created_at: str | None, instant: datetime | None, zone: ZoneInfo
) -> timedelta | None:
    """Return how far ``zone`` is off, from a job's local ``createdAt`` and when it was created.

    Source: ``createdAt`` is in the zone of the user who asks (reference D.5). None when the
    answer does not tell, when the two agree, or when they are further apart than zones can be.
    """
    wall = _local(created_at)
    if wall is None or instant is None:
        return None
    sides = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) - instant for fold in (0, 1)]
    nearest = min(sides, key=abs)
    return nearest if _AGREEING < abs(nearest) < _FARTHEST else None


def likely_zones(created_at: str | None, instant: datetime | None, most: int = 3) -> list[str]:
    """Return names of zones in which a job's ``createdAt`` is right, the well-known ones first."""
    wall = _local(created_at)
    if wall is None or instant is None:
        return []
    found: list[str] = []
    for name in (*_WELL_KNOWN, *sorted(each for each in available_timezones() if "/" in each)):
        if name in found or name.startswith(("Etc/", "posix/", "right/")):
            continue
        try:
            here = instant.astimezone(ZoneInfo(name)).replace(tzinfo=None)
        except (KeyError, ValueError, OSError):  # no such zone on this machine
            continue
        if abs(here - wall) <= _AGREEING:
            found.append(name)
            if len(found) == most:
                break
    return found


def _local(text: str | None) -> datetime | None:
    try:
        wall = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
    return wall if wall is not None and wall.tzinfo is None else None


_AGREEING = timedelta(minutes=7)  # offsets of zones are 15 minutes apart
_FARTHEST = timedelta(hours=27)  # from 12 hours behind UTC to 14 before it
_WELL_KNOWN = (
    *("UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Helsinki", "Asia/Kolkata"),
    *("Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "America/Phoenix", "America/Sao_Paulo"),
)
