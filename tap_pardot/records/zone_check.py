"""The check of the time zone against the local times that Pardot writes.

Pure: no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from tap_pardot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable


class TimezoneCheck:
    """Compares the run's time zone with the times of creation that Pardot writes.

    Args:
        zone: The zone of the settings, or else of the API user's record.
        stored: The part of STATE that holds the result of earlier runs, changed in place.
    """

    def __init__(self, zone: ZoneInfo, stored: dict[str, Any]) -> None:
        self._zone = zone
        self._stored = stored
        self.is_needed = stored.get("zone") != zone.key
        """Whether the zone is not confirmed yet, and no request is under way to confirm it."""

    @property
    def is_confirmed(self) -> bool:
        """Whether Pardot's own times, in this run or an earlier one, agree with the zone."""
        return self._stored.get("zone") == self._zone.key and bool(self._stored.get("confirmed"))

    def note(self, *, confirmed: bool) -> None:
        """Store that the zone is confirmed, or that Pardot shows no time that could confirm it."""
        self.is_needed = False
        self._stored.update({"zone": self._zone.key, "confirmed": confirmed})

    def check(self, created_at: str | None, instant: datetime | None) -> None:
        """Compare the local time at which a job was created with the instant of its creation.

        Raises:
            ConfigurationError: The zone makes another instant of the local time.
        """
        self._compare(created_at, instant)
        if created_at is not None and instant is not None:
            self.note(confirmed=True)

    def check_offsets(self, times: Iterable[Any]) -> None:
        """Compare times that carry the offset of the API user's zone.

        Values without an offset show nothing, and neither does ``Z``.

        Raises:
            ConfigurationError: The zone has another offset at one of the times.
        """
        moments = [moment for each in times if (moment := _with_offset(each)) is not None]
        for moment in moments:
            self._compare(moment.replace(tzinfo=None).isoformat(" "), moment)
        if moments:
            self.note(confirmed=True)

    def _compare(self, created_at: str | None, instant: datetime | None) -> None:
        """Compare a local time with its instant; errors as of :meth:`check`."""
        error = offset_error(created_at, instant, self._zone)
        if error is not None:
            likely = ", ".join(likely_zones(created_at, instant))
            raise ConfigurationError(
                f"Pardot's own times are {error.total_seconds() / 3600:+.4g} hours away from the "
                f"setting timezone ({self._zone.key}): set timezone to the zone in the API user's "
                f"Pardot settings{f', likely one like {likely}' if likely else ''}."
            )


def offset_error(
    created_at: str | None, instant: datetime | None, zone: ZoneInfo
) -> timedelta | None:
    """Return by how much ``zone`` misreads a job's local ``createdAt``.

    ``createdAt`` is in the zone of the user who asks (reference D.5).

    Args:
        created_at: The job's time of creation as Pardot writes it.
        instant: The instant of its creation.
        zone: The zone to read the time in.

    Returns:
        The difference. None where a time is missing, where the zone is right, or where the times
        are farther apart than two zones can be.
    """
    wall = _local(created_at)
    if wall is None or instant is None:
        return None
    # A local time in a repeated hour means two instants.
    errors = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) - instant for fold in (0, 1)]
    nearest = min(errors, key=abs)
    return nearest if _AGREEING < abs(nearest) < _FARTHEST else None


def likely_zones(created_at: str | None, instant: datetime | None, most: int = 3) -> list[str]:
    """Return the names of zones in which a job's ``createdAt`` is right, well-known ones first."""
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


def _with_offset(value: Any) -> datetime | None:
    """Return a time of version 5 as it is written; None if it has no offset in figures."""
    if not isinstance(value, str) or value.strip().upper().endswith("Z"):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


_AGREEING = timedelta(minutes=7)  # offsets of zones are 15 minutes apart
_FARTHEST = timedelta(hours=27)  # from 12 hours behind UTC to 14 before it
_WELL_KNOWN = (
    *("UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Helsinki", "Asia/Kolkata"),
    *("Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "America/Phoenix", "America/Sao_Paulo"),
)
