"""Handles a STATE of singer-io's tap, of other settings or of another version.

Pure: no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import parse_instant, to_iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

VERSION = 1
"""The version of the STATE's shape. A STATE without a version has this shape too."""

OVERLAP = timedelta(minutes=1)
"""The part of another tap's sync that is read again."""

A_DAY = timedelta(days=1)

_SINGER_IO = {
    *("id", "updated_at", "last_updated", "sync_start_time"),
    *("offset", "parent_bookmark", "list_id"),
}


def is_singer_io(bookmark: Any) -> bool:
    """Whether a bookmark is of singer-io's tap, which stores columns of the last row by name."""
    return isinstance(bookmark, dict) and bool(bookmark) and _SINGER_IO.issuperset(bookmark)


def reached_by_singer_io(bookmark: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    """Return our bookmark for one of singer-io's tap; None for one without a time.

    Its times are local times of Pardot. One in the hour that a clock change repeats is read as the
    earlier instant.
    """
    text = bookmark.get("updated_at")
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return to_iso(moment.astimezone(UTC) - OVERLAP)
    except (ValueError, OverflowError):
        return None


def check_version(state: Mapping[str, Any]) -> None:
    """Refuse a STATE of another version.

    Raises:
        ConfigurationError: The version is not :data:`VERSION`.
    """
    version = state.get("version", VERSION)
    if version != VERSION:
        raise ConfigurationError(
            f"The STATE has version {version!r}, and this version of the tap reads version "
            f"{VERSION}: upgrade the tap, or pass the STATE that it wrote last."
        )


class StateOrigin(NamedTuple):
    """The settings that a STATE was written with.

    Attributes:
        business_unit: Setting ``pardot_business_unit_id``.
        timezone: The zone of the requests.
        start_date: Where streams without a bookmark start, as an ISO 8601 string in UTC.
    """

    business_unit: str
    timezone: str
    start_date: str

    def to_state(self) -> dict[str, str]:
        """Return the settings as STATE stores them."""
        return self._asdict()


def changes(before: Any, now: StateOrigin) -> list[str]:
    """Return a sentence for each setting that has changed since a STATE was written.

    Args:
        before: The settings in the STATE, as :meth:`StateOrigin.to_state` returned them. Anything
            else is ignored.
        now: The settings of this run.

    Raises:
        ConfigurationError: The STATE belongs to another business unit. Its rows would be mixed
            with those of this one, and its bookmarks would hide rows.
    """
    if not isinstance(before, dict):
        return []
    unit = before.get("business_unit")
    if isinstance(unit, str) and unit != now.business_unit:
        raise ConfigurationError(
            f"The STATE belongs to the business unit {unit}, not to {now.business_unit}: give "
            "each business unit a STATE of its own (Meltano: --state-id-suffix), or none to read "
            "everything."
        )
    found = []
    zone, start = before.get("timezone"), before.get("start_date")
    if isinstance(zone, str) and zone != now.timezone:
        found.append(
            f"The time zone was {zone} in earlier runs and is {now.timezone} now: the last day is "
            "read again. Rows read before keep their times, so run once with a full refresh if "
            "the earlier zone was wrong."
        )
    if isinstance(start, str) and _is_later(start, now.start_date):
        found.append(
            f"start_date was {start} in earlier runs and is {now.start_date} now: streams go on "
            "from their bookmarks. Run once with a full refresh to read what is older than the "
            "earlier start_date."
        )
    return found


def zone_changed(before: Any, now: StateOrigin) -> bool:
    """Whether earlier runs had another time zone."""
    zone = before.get("timezone") if isinstance(before, dict) else None
    return isinstance(zone, str) and zone != now.timezone


def _is_later(one: str, other: str) -> bool:
    try:
        return parse_instant(one) > parse_instant(other)
    except ValueError:
        return False
