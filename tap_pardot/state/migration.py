"""What a STATE was made with: another tap, other settings.

Pure functions, no I/O.
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
"""Of the shape of our STATE; one without a version is of this shape, too."""

OVERLAP = timedelta(minutes=1)
"""How much of what another tap has read is read again."""

A_DAY = timedelta(days=1)

_SINGER_IO = {
    *("id", "updated_at", "last_updated", "sync_start_time"),
    *("offset", "parent_bookmark", "list_id"),
}


def is_singer_io(bookmark: Any) -> bool:
    """Whether a stream's bookmark is one of singer-io's tap: the last row's columns by name."""
    return isinstance(bookmark, dict) and bool(bookmark) and _SINGER_IO.issuperset(bookmark)


def reached_by_singer_io(bookmark: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    """Return the instant from which to go on after singer-io's tap, as our bookmarks have it.

    Its times are local ones as Pardot writes them; in the hour that a clock change repeats the
    earlier instant is meant. None where the bookmark tells no time.
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
    """Refuse a STATE of a later version of this tap.

    Raises:
        ConfigurationError: It is one.
    """
    version = state.get("version", VERSION)
    if version != VERSION:
        raise ConfigurationError(
            f"The STATE has the shape {version!r}, and this version of the tap knows shape "
            f"{VERSION}: upgrade the tap, or pass the STATE that it wrote last."
        )


class StateOrigin(NamedTuple):
    """The settings that a STATE was made with.

    Attributes:
        business_unit: Setting ``pardot_business_unit_id``.
        timezone: The zone times were asked in.
        start_date: As UTC text.
    """

    business_unit: str
    timezone: str
    start_date: str

    def to_state(self) -> dict[str, str]:
        """Return this as STATE keeps it."""
        return self._asdict()


def changes(before: Any, now: StateOrigin) -> list[str]:
    """Return a sentence for each setting that has changed since a STATE was made.

    Args:
        before: What :meth:`StateOrigin.to_state` returned then; anything else says nothing.
        now: The settings of this run.

    Raises:
        ConfigurationError: It was made for another business unit, whose rows would be mixed
            with, and whose bookmarks would hide, those of this one.
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
            "read again; rows read before keep their times, so run once with a full refresh if "
            "the earlier zone was wrong."
        )
    if isinstance(start, str) and _is_later(start, now.start_date):
        found.append(
            f"start_date was {start} in earlier runs and is {now.start_date} now: streams go on "
            "from their bookmarks; what is older than the earlier start_date comes by a full "
            "refresh only."
        )
    return found


def zone_changed(before: Any, now: StateOrigin) -> bool:
    """Whether the times of earlier windows were asked in another zone."""
    zone = before.get("timezone") if isinstance(before, dict) else None
    return isinstance(zone, str) and zone != now.timezone


def _is_later(one: str, other: str) -> bool:
    try:
        return parse_instant(one) > parse_instant(other)
    except ValueError:
        return False
